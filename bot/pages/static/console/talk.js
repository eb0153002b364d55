// The conversation on screen: history, live changes in place, unread line, scrolling that never jumps under the reader.

import { $, avatar, fill, h, icon } from "./dom.js";
import { dayOf, exact, left, stamp, urgency } from "./clock.js";
import { fetchHistory } from "./net.js";
import { row } from "./message.js";
import { chat as chatOf, log, ordered, store, titleOf } from "./store.js";
import { showMembers } from "./sheets.js";

const RUN = 3 * 60_000, GAP = 5 * 60_000;
let hooks = { read() {}, back() {}, suggest() {}, retry() {}, rework() {} };
let newSince = 0, newCount = 0, thinking = 0;

export function prepare(given) {
  hooks = given;
  const box = $("log");
  box.addEventListener("scroll", () => {
    if (atEnd()) seen();
    if (box.scrollTop < 80) older();
  }, { passive: true });
  $("newer").addEventListener("click", () => { toEnd(true); seen(); });
  const stay = () => { if (sticky) toEnd(); };
  new ResizeObserver(stay).observe(box);
  box.addEventListener("load", stay, true); // pictures and letters that arrive late push the end down
  document.fonts.addEventListener("loadingdone", stay);
}

let sticky = true;
export function atEnd() {
  const box = $("log");
  sticky = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  return sticky;
}

export function toEnd(smooth = false) {
  const box = $("log");
  box.scrollTo({ top: box.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  sticky = true;
}

/** Put a conversation on screen; its unread line is where this person stopped reading. */
export async function open(chatId) {
  store.open = chatId;
  newCount = 0;
  thinking = 0;
  newSince = (store.unread[chatId] || {}).n ? store.unread[chatId].read : 0;
  head();
  const entry = log(chatId);
  if (!entry.loaded) {
    fill($("log"), h("div.hint", {}, h("span.spinner"), "正在打开…"));
    if (!(await load(chatId, null)) || store.open !== chatId) return;
  }
  draw();
  const line = $("log").querySelector(".unread-line");
  if (line) line.scrollIntoView({ block: "start" }); else toEnd();
  if (atEnd()) toEnd();
  // Pictures without known size may still grow; settle once more after layout.
  requestAnimationFrame(() => { if (sticky) toEnd(); seen(); });
}

async function load(chatId, before) {
  const entry = log(chatId);
  if (entry.busy) return false;
  entry.busy = true;
  try {
    const page = await fetchHistory(store.me, chatId, before);
    for (const message of page.messages) {
      const known = entry.messages.get(message.id);
      if (!known || known.rev < message.rev) entry.messages.set(message.id, message);
    }
    const oldest = page.messages.length ? page.messages[0].seq : 0;
    // What came live before the first page may be older than it (an edit): without its neighbours it would leave a hole.
    if (!entry.loaded && page.more) for (const [id, one] of entry.messages) if (one.seq < oldest) entry.messages.delete(id);
    entry.loaded = true;
    entry.more = page.more;
    return true;
  } catch (trouble) {
    if (store.open === chatId && !entry.loaded) {
      fill($("log"), h("div.hint", {}, trouble.message, h("button.inline", { type: "button", onclick: () => open(chatId) }, "再试一次")));
    }
    return false;
  } finally { entry.busy = false; }
}

async function older() {
  const chatId = store.open, entry = log(chatId), box = $("log");
  if (!entry.loaded || !entry.more || entry.busy) return;
  const oldest = ordered(chatId)[0];
  const fromEnd = box.scrollHeight - box.scrollTop;
  if (!oldest || !(await load(chatId, oldest.seq)) || store.open !== chatId) return;
  draw();
  box.scrollTop = box.scrollHeight - fromEnd;
}

export function head() {
  const one = chatOf(store.open);
  if (!one) { fill($("talk-head")); return; }
  const group = one.kind !== "direct";
  const count = (one.members.length || store.people.size) + 1;
  fill($("talk-head"),
    h("button.icon-button.back", { type: "button", "aria-label": "回到会话列表", onclick: () => hooks.back() }, icon("back")),
    h("div.talk-title", {}, h("h1", { dir: "auto" }, titleOf(one)), h("small", {}, group ? `${count} 人${one.topic ? " · " + one.topic : ""}` : "只有你和小单能看到")),
    group ? h("button.icon-button", { type: "button", "aria-label": "看成员", onclick: () => showMembers(one) }, icon("people")) : null);
}

/** Draw the whole conversation. Cheap enough (a few hundred rows), and never called for a single change. */
export function draw() {
  const chatId = store.open, entry = log(chatId), rows = [];
  let last = null;
  if (entry.more) rows.push(h("div.hint", {}, h("span.spinner"), "更早的消息"));
  for (const message of ordered(chatId)) {
    rows.push(...before(message, last));
    rows.push(row(message, { first: starts(message, last) }));
    last = message;
  }
  fill($("log"), rows);
  if (!last && !pendingHere().length) $("log").append(empty());
  drawPending();
  paintNewer();
}

function before(message, last) {
  const found = [];
  if (newSince && message.seq > newSince && (!last || last.seq <= newSince) && message.from !== store.me) {
    found.push(h("div.unread-line", { role: "separator" }, h("span", {}, "以下是新消息")));
  }
  if (!last || dayOf(last.at) !== dayOf(message.at) || message.at - last.at > GAP) {
    found.unshift(h("div.stamp", { "data-at": message.at, title: exact(message.at) }, stamp(message.at)));
  }
  return found;
}

const starts = (message, last) =>
  !last || last.from !== message.from || message.private !== last.private || message.at - last.at > RUN || dayOf(last.at) !== dayOf(message.at);

function empty() {
  const one = chatOf(store.open);
  return h("div.empty", {}, avatar(store.bot, ".big"),
    h("p", {}, one && one.kind === "direct" ? "在这里单独问小单，只有你能看到。" : "还没有消息。小单在群里，直接问就行。"),
    h("div.choices", {}, store.commands.slice(0, 3).map((it) => h("button.button", { type: "button", onclick: () => hooks.suggest(it.fill) }, it.name))));
}

/** A message came in live: new at the end, or changed in place. */
export function live(message, kind) {
  if (message.chat !== store.open || !log(message.chat).loaded) return;
  const wasEnd = sticky;
  if (kind === "changed") replace(message.id, true);
  else {
    const all = ordered(store.open), at = all.findIndex((one) => one.id === message.id);
    if (at !== all.length - 1) draw();
    else {
      const last = all[at - 1] || null;
      $("log").querySelector(".empty")?.remove();
      $("log").querySelectorAll(".row.pending, .thinking").forEach((old) => old.remove());
      if (!newSince && !wasEnd && message.from !== store.me) newSince = last ? last.seq : 0;
      $("log").append(...before(message, last).filter((it) => wasEnd ? !it.classList.contains("unread-line") : true), row(message, { first: starts(message, last) }));
      if (!message.from) thinking = 0;
      drawPending();
    }
    if (!wasEnd && message.from !== store.me) newCount++;
  }
  if (wasEnd || message.from === store.me) toEnd();
  paintNewer();
  if (atEnd()) seen();
}

/** Redraw one row where it stands, keeping the keyboard focus on the same button. */
export function replace(id, changed = false) {
  const message = log(store.open).messages.get(id), old = $("log").querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (!message || !old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.button : null;
  const fresh = row(message, { first: old.classList.contains("first") });
  if (changed) fresh.classList.add("changed");
  old.replaceWith(fresh);
  if (focused) (fresh.querySelector(`[data-button="${CSS.escape(focused)}"]`) || $("log")).focus({ preventScroll: true });
}

const pendingHere = () => store.pending.filter((item) => item.chat === store.open);

/** What is not accepted yet stands below everything else. */
export function drawPending() {
  $("log").querySelectorAll(".row.pending, .thinking").forEach((old) => old.remove());
  for (const item of pendingHere()) {
    const message = {
      id: item.id, chat: item.chat, from: item.me, at: item.at, body: {
        text: item.text, card: null, choices: [], mention: [],
        pictures: item.attachments.filter((a) => a.kind === "image"), files: item.attachments.filter((a) => a.kind !== "image"),
      },
    };
    const drawn = row(message, { first: true, state: item.state, error: item.error, retry: () => hooks.retry(item), rework: () => hooks.rework(item) });
    drawn.classList.add("pending");
    $("log").append(drawn);
  }
  if (thinking > Date.now()) {
    $("log").append(h("div.row.first.thinking", { "aria-hidden": "true" }, avatar(store.bot), h("div.stack", {}, h("div.bubble", {}, h("span.dots", {}, h("i"), h("i"), h("i"))))));
  }
}

/** The bot was asked something: three dots until it answers, for at most eight seconds. */
export function think() {
  thinking = Date.now() + 8_000;
  drawPending();
  if (sticky) toEnd();
  setTimeout(() => { if (thinking && thinking <= Date.now()) drawPending(); }, 8_100);
}

function seen() {
  const all = ordered(store.open), last = all[all.length - 1];
  newCount = 0;
  paintNewer();
  if (last && document.visibilityState === "visible") hooks.read(store.open, last.seq);
}

export { seen as markSeen };

function paintNewer() {
  $("newer").hidden = newCount === 0;
  fill($("newer"), icon("down"), `${newCount} 条新消息`);
}

/** Clocks on screen: "刚刚" grows old, due times run down. */
export function tick() {
  for (const one of $("log").querySelectorAll(".stamp")) one.textContent = stamp(+one.dataset.at);
  for (const one of $("log").querySelectorAll("[data-due]")) {
    one.querySelector(".due-text").textContent = left(+one.dataset.due);
    one.dataset.urgency = urgency(+one.dataset.due);
  }
}

