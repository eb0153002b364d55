// Times as people say them, in the team's zone, by the server's clock (a demo day may run faster than the wall).

const ZONE = "Asia/Shanghai";
const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const MINUTE = 60_000, DAY = 86_400_000;
const WEEK = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];
let offset = 0;

export function sync(serverNow) { offset = serverNow - Date.now(); }
export function now() { return Date.now() + offset; }

function split(at) {
  const found = {};
  for (const part of parts.formatToParts(at)) found[part.type] = part.value;
  found.day0 = Date.UTC(+found.year, +found.month - 1, +found.day) / DAY;
  return found;
}

const cut = (at) => { const p = split(at); return { ...p, time: `${p.hour}:${p.minute}` }; };

export function dayOf(at) { return split(at).day0; }

/** 今天 14:05 · 昨天 09:12 · 周三 18:20 · 11月3日 10:00 */
export function stamp(at) {
  const p = cut(at), today = dayOf(now()), ago = today - p.day0;
  if (Math.abs(now() - at) < MINUTE) return "刚刚";
  if (ago === 0) return `今天 ${p.time}`;
  if (ago === 1) return `昨天 ${p.time}`;
  if (ago > 1 && ago < 7) return `${WEEK[new Date(p.day0 * DAY).getUTCDay()]} ${p.time}`;
  const year = split(now()).year === p.year ? "" : `${p.year}年`;
  return `${year}${+p.month}月${+p.day}日 ${p.time}`;
}

/** The short form at the edge of a list: 14:05 · 昨天 · 11/3 */
export function edge(at) {
  const p = cut(at), ago = dayOf(now()) - p.day0;
  if (Math.abs(now() - at) < MINUTE) return "刚刚";
  return ago === 0 ? p.time : ago === 1 ? "昨天" : `${+p.month}/${+p.day}`;
}

export function time(at) { return cut(at).time; }

export function exact(at) { const p = cut(at); return `${p.year}-${p.month}-${p.day} ${p.time}`; }

/** 剩 7 小时 40 分 · 剩 45 秒 · 已超 12 分钟 */
export function left(due) {
  const gap = due - now(), over = gap < 0, seconds = Math.round(Math.abs(gap) / 1000);
  const word = over ? "已超 " : "剩 ";
  if (seconds < 90) return over && seconds === 0 ? "到时间了" : `${word}${seconds} 秒`;
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days >= 2) return `${word}${days} 天 ${hours % 24} 小时`;
  if (hours >= 1) return `${word}${hours} 小时 ${minutes % 60} 分`;
  return `${word}${minutes} 分钟`;
}

/** How pressing a due time is: calm, soon (an hour), now (ten minutes), over. */
export function urgency(due) {
  const gap = due - now();
  return gap < 0 ? "over" : gap < 10 * MINUTE ? "now" : gap < 60 * MINUTE ? "soon" : "calm";
}
