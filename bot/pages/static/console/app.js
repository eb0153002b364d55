// Wiring: which person, which conversation, and what happens when news comes in.

import { $, ensureChinese, fill } from "./dom.js";
import { sync } from "./clock.js";
import { Feed, fetchState } from "./net.js";
import { adopt, chat, person, preview, store, take, titleOf } from "./store.js";
import * as compose from "./compose.js";
import * as list from "./list.js";
import * as press from "./press.js";
import * as sheets from "./sheets.js";
import * as talk from "./talk.js";
import * as tour from "./tour.js";

const narrow = matchMedia("(max-width: 759px)");
const app = $("app");
let downTimer = 0, wasDown = false, lastRead = {};

const feed = new Feed({
  news,
  up(frame) {
    sync(frame.now);
    clearTimeout(downTimer);
    if (wasDown) { wasDown = false; banner("已恢复", "good"); setTimeout(() => banner(""), 1_500); compose.flush(); }
    app.dataset.live = "yes";
  },
  down() {
    app.dataset.live = "no";
    clearTimeout(downTimer);
    // A blink of the network is nobody's business.
    downTimer = setTimeout(() => { wasDown = true; banner("断开，正在重连…", "bad"); }, 700);
    wasDown = wasDown || store.pending.length > 0;
  },
  reset: () => enter(store.me),
});

function banner(text, tone = "") {
  $("banner").hidden = !text;
  $("banner").dataset.tone = tone;
  fill($("banner"), text);
}

/** Become a person: state, list, feed; and back to the conversation in the address, if there is one. */
async function enter(id, chatId = null) {
  feed.stop();
  let state;
  try { state = await fetchState(id); } catch (trouble) {
    if (trouble.kind === "session") { banner(trouble.message, "bad"); return; }
    banner("连不上，正在重试…", "bad");
    setTimeout(() => enter(id, chatId), 1_500);
    return;
  }
  banner("");
  adopt(state);
  lastRead = {};
  remember();
  const wanted = chatId ?? decodeURIComponent(location.hash.slice(1));
  store.open = "";
  list.drawMe(switchPerson);
  tour.draw();
  feed.start(store.me, store.epoch, state.rev);
  app.dataset.ready = "yes";
  const first = chat(wanted) || (narrow.matches ? null : store.chats[0]);
  if (first) await show(first.id, true); else home();
  compose.flush();
}

/** Each tab keeps its own person in its address, so a reload stays who it was. */
function remember() {
  const url = new URL(location.href);
  url.searchParams.set("as", store.me);
  history.replaceState(history.state, "", url);
}

async function show(id, replace = false) {
  if (location.hash.slice(1) !== encodeURIComponent(id)) history[replace ? "replaceState" : "pushState"]({ chat: id }, "", `#${encodeURIComponent(id)}`);
  app.dataset.view = "talk";
  const ready = talk.open(id);
  compose.opened();
  list.drawList(show);
  await ready;
  if (!narrow.matches) $("input").focus({ preventScroll: true });
}

function home() {
  store.open = "";
  app.dataset.view = "list";
  talk.head();
  compose.opened();
  list.drawList(show);
}

addEventListener("popstate", () => {
  const id = decodeURIComponent(location.hash.slice(1));
  if (chat(id)) show(id, true); else home();
});

async function switchPerson() {
  const id = await sheets.choosePerson();
  if (id && id !== store.me) { await enter(id, narrow.matches ? "" : store.open); sheets.toast(`现在你是 ${person(id).name}（${person(id).role}）`, { seconds: 3 }); }
}

/** A frame from the feed: messages in order of revision, and what is unread now. */
function news(frame) {
  let unknown = false;
  for (const message of frame.messages) {
    if (!chat(message.chat)) { unknown = true; continue; }
    const kind = take(message);
    press.answered(message);
    if (!kind) continue;
    talk.live(message, kind);
    if (kind === "new" && message.private && !message.edited) notice(message);
  }
  store.unread = frame.unread;
  if (unknown || Object.keys(frame.unread).some((id) => !chat(id))) refreshChats();
  talk.drawPending();
  list.drawList(show);
}

/** Somebody opened a new group while we were looking. */
async function refreshChats() {
  try {
    const state = await fetchState(store.me);
    store.chats = state.chats;
    store.unread = state.unread;
    list.drawList(show);
  } catch { /* the next frame asks again */ }
}

/** A private notice must not drown in a busy group. */
function notice(message) {
  const where = chat(message.chat);
  if (message.chat === store.open && document.visibilityState === "visible" && talk.atEnd()) {
    sheets.toast(`仅你可见：${preview(message.body).slice(0, 60)}`, { seconds: 3 });
    return;
  }
  sheets.toast(`${titleOf(where)} · 仅你可见：${preview(message.body).slice(0, 60)}`, { tap: () => show(message.chat) });
}

sheets.prepare();
press.prepare((id) => talk.replace(id));
talk.prepare({
  read(id, seq) {
    if (app.dataset.view !== "talk" && narrow.matches) return;
    const mark = Math.max(seq, 0), known = Math.max(lastRead[id] || 0, (store.unread[id] || {}).read || 0);
    if (mark > known) { lastRead[id] = mark; feed.read(id, mark); }
  },
  back() { history.replaceState({}, "", location.pathname + location.search); home(); },
  suggest: (text) => compose.put(text),
  retry: (item) => compose.retry(item),
  rework: (item) => compose.rework(item),
});
compose.prepare({ sent: (item) => tour.sent(item.text) });
tour.prepare(async (step) => {
  if (step.as && store.mayBe.includes(step.as) && step.as !== store.me) await enter(step.as, step.chat || "");
  const where = chat(step.chat) || chat(store.open) || store.chats[0];
  if (where && where.id !== store.open) await show(where.id);
  if (step.try) compose.put(step.try);
});
addEventListener("online", () => feed.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  feed.hurry();
  if (store.open) talk.markSeen();
});
setInterval(() => { talk.tick(); }, 1_000);
setInterval(() => { list.tick(); }, 20_000);
ensureChinese();
enter(new URL(location.href).searchParams.get("as") || "");
