// The left column: who I am, and every conversation with its last line and what I have not read.

import { $, avatar, fill, h, icon, withMarks } from "./dom.js";
import { edge, exact } from "./clock.js";
import { chat, myself, person, store, titleOf } from "./store.js";

const HUES = ["#3370ff", "#e8743b", "#0f9d8a", "#8a55d7", "#d6447c", "#b5820b", "#4b7f2a", "#5b6b82"];

/** A group's square: its first letter on a colour of its own. */
function face(one) {
  if (one.kind === "direct") return avatar(store.bot, ".large");
  const letter = [...one.title].find((c) => /\p{L}|\p{N}/u.test(c)) || "群";
  const groups = store.chats.filter((it) => it.kind !== "direct");
  return h("span.avatar.large.group", { "aria-hidden": "true", style: { "--colour": HUES[Math.max(0, groups.indexOf(one)) % HUES.length] } }, letter);
}

export function drawMe(onSwitch) {
  const me = myself();
  fill($("me"), avatar(me), h("span.me-text", {}, h("b", { dir: "auto" }, me.name), h("small", {}, me.role)),
    h("button.switch", { type: "button", id: "switch", "aria-label": `我是${me.name}，换一个人`, onclick: onSwitch }, icon("swap"), "我是…"));
}

export function drawList(onOpen) {
  const rows = [...store.chats].sort((a, b) => (b.last ? b.last.seq : 0) - (a.last ? a.last.seq : 0)).map((one) => {
    const { n = 0, at_me: atMe = 0 } = store.unread[one.id] || {}, last = one.last;
    const who = last && one.kind !== "direct" ? (last.from === store.me ? "我：" : `${person(last.from).name}：`) : "";
    const here = one.id === store.open;
    return h("button.chat" + (here ? ".here" : ""), {
      type: "button", "data-chat": one.id, "aria-current": here ? "true" : null,
      "aria-label": `${titleOf(one)}${n ? `，${n} 条未读` : ""}${atMe ? "，有人@我" : ""}`, onclick: () => onOpen(one.id),
    }, face(one), h("span.chat-text", {},
      h("span.chat-top", {}, h("b", { dir: "auto" }, titleOf(one)), last ? h("time", { "data-edge": last.at, title: exact(last.at) }, edge(last.at)) : null),
      h("span.chat-bottom", {}, h("span.chat-last", { dir: "auto" }, atMe ? h("span.at-me", {}, "[有人@我] ") : null, last ? [who, withMarks(last.text)] : "还没有消息"),
        n ? h("span.badge", { "data-unread": n, "aria-hidden": "true" }, n > 99 ? "99+" : String(n)) : null)));
  });
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.chat : null;
  fill($("chats"), rows);
  if (focused) $("chats").querySelector(`[data-chat="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const total = store.chats.reduce((sum, one) => sum + (one.id === store.open ? 0 : (store.unread[one.id] || {}).n || 0), 0);
  const here = chat(store.open);
  document.title = `${total ? `(${total > 99 ? "99+" : total}) ` : ""}${here ? titleOf(here) : "小单"} · ${myself().name}`;
}

export function tick() {
  for (const one of $("chats").querySelectorAll("[data-edge]")) one.textContent = edge(+one.dataset.edge);
}
