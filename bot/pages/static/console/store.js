// What this tab knows: people, conversations, loaded messages, and what is still on its way out.

import { newId } from "./net.js";
import { now, sync } from "./clock.js";

export const store = {
  me: "", epoch: "", people: new Map(), mayBe: [], bot: { id: "", name: "小单", role: "助手" }, mode: "demo",
  chats: [], unread: {}, commands: [], tour: [], limits: { text: 4000, image: 5e6, file: 1e7 },
  open: "",                 // the conversation on screen
  logs: new Map(),          // chat id -> {messages: Map(id -> message), more, loaded}
  pending: [],              // messages not yet accepted, oldest first
  pressing: new Map(),      // message id -> {button, mark}: a press that waits for its answer
};

export function adopt(state) {
  sync(state.now);
  Object.assign(store, {
    me: state.me, epoch: state.epoch, mayBe: state.may_be, mode: state.mode, chats: state.chats, unread: state.unread,
    commands: state.commands, tour: state.tour, limits: state.limits, logs: new Map(), pressing: new Map(),
  });
  store.bot = { id: "", name: state.bot.name, role: "助手" };
  store.people = new Map(state.people.map((person) => [person.id, person]));
  store.pending = recall();
}

export const person = (id) => (id ? store.people.get(id) || { id, name: "已离开的同事", role: "" } : store.bot);
export const myself = () => person(store.me);
export const chat = (id) => store.chats.find((one) => one.id === id);
export const titleOf = (one) => (one.kind === "direct" ? store.bot.name : one.title);

export function log(id) {
  if (!store.logs.has(id)) store.logs.set(id, { messages: new Map(), more: true, loaded: false });
  return store.logs.get(id);
}

export const ordered = (id) => [...log(id).messages.values()].sort((a, b) => a.seq - b.seq);

/** Take a message in: "new", "changed" or "" (nothing this tab shows). Older versions never replace newer ones. */
export function take(message) {
  const where = chat(message.chat), entry = log(message.chat);
  if (where && (!where.last || message.seq >= where.last.seq)) {
    where.last = { from: message.from, at: message.at, text: preview(message.body), seq: message.seq };
  }
  const known = entry.messages.get(message.id);
  settle(message.id);
  if (known && known.rev >= message.rev) return "";
  if (!known && entry.loaded && entry.more) {
    const oldest = Math.min(...[...entry.messages.values()].map((one) => one.seq));
    if (message.seq < oldest) return "";     // a change to something further up that is not loaded yet
  }
  entry.messages.set(message.id, message);
  return known ? "changed" : "new";
}

export function preview(body) {
  if (body.card) return `${body.card.title} ${body.card.number}`.trim();
  if (body.text) return body.text.replace(/\s+/g, " ").slice(0, 80);
  return body.pictures.length ? "[图片]" : body.files.length ? "[文件]" : "";
}

// --- what is on its way out; survives a reload of the tab ---

const boxName = () => `xiaodan.outbox.${store.epoch}.${store.me}`;

export function queue(chatId, text, attachments = [], command = false) {
  const id = newId();
  const item = { id: `${store.me}:${id}`, clientId: id, me: store.me, chat: chatId, at: now(), text, command, attachments, state: "sending", tries: 0 };
  store.pending.push(item);
  remember();
  return item;
}

export function settle(id) {
  const before = store.pending.length;
  store.pending = store.pending.filter((item) => item.id !== id);
  if (store.pending.length !== before) remember();
}

function remember() {
  const kept = store.pending.map(({ attachments, ...item }) => ({ ...item, attachments: attachments.map(({ url, ...a }) => a) }));
  try { sessionStorage.setItem(boxName(), JSON.stringify(kept)); } catch { /* private mode: only a reload would miss it */ }
}

function recall() {
  try { return JSON.parse(sessionStorage.getItem(boxName()) || "[]"); } catch { return []; }
}
