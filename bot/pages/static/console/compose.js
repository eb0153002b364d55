// Where one writes: grows with the text, Enter sends, "/" and "@" suggest, photos and files go along.

import { $, avatar, fill, h, icon } from "./dom.js";
import { Trouble, post, upload } from "./net.js";
import { chat as chatOf, log, queue, settle, store, take } from "./store.js";
import { toast } from "./sheets.js";
import * as talk from "./talk.js";

const RETRIES = 4;
const ACCEPT = "image/png,image/jpeg,image/gif,image/webp,.csv,.txt,.json,.pdf,.xls,.xlsx,.gz,.zip";
const LONGEST_SIDE = 1600;
let text, popup, sendButton, picks = [], chosen = 0, onSent = () => {};

export function prepare(hooks) {
  onSent = hooks.sent;
  popup = h("div.popup", { id: "popup", role: "listbox", "aria-label": "建议", hidden: true });
  text = h("textarea.input", {
    id: "input", rows: "1", "aria-label": "输入消息", enterkeyhint: "send", role: "combobox", "aria-expanded": "false", "aria-controls": "popup",
    oninput: changed, onkeydown: key, onpaste: paste, onblur: () => setTimeout(close, 120), onclick: suggest,
  });
  const picker = h("input", { type: "file", accept: ACCEPT, multiple: true, hidden: true, id: "picker", onchange: () => { attach([...picker.files]); picker.value = ""; } });
  sendButton = h("button.send", { type: "submit", "aria-label": "发送", disabled: true }, icon("send"));
  fill($("composer"), popup, h("button.icon-button", { type: "button", "aria-label": "命令", onclick: () => { if (!text.value) text.value = "/"; text.focus(); changed(); } }, icon("slash")),
    h("button.icon-button", { type: "button", "aria-label": "发图片或文件", onclick: () => picker.click() }, icon("plus")), picker, text, sendButton);
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  const pane = document.querySelector(".talk");
  pane.addEventListener("dragover", (event) => event.preventDefault());
  pane.addEventListener("drop", (event) => { event.preventDefault(); attach([...event.dataTransfer.files]); });
}

const draftName = () => `xiaodan.draft.${store.epoch}.${store.me}.${store.open}`;

/** Another conversation is on screen: its own draft comes back. */
export function opened() {
  const one = chatOf(store.open);
  $("composer").hidden = !one;
  text.placeholder = one && one.kind === "direct" ? "私下问小单…" : "发消息，问单号也行";
  let draft = "";
  try { draft = sessionStorage.getItem(draftName()) || ""; } catch { /* no storage, no drafts */ }
  put(draft, false);
}

export function put(value, focus = true) {
  text.value = value;
  if (focus) { text.focus(); text.setSelectionRange(value.length, value.length); }
  changed();
}

function changed() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
  sendButton.disabled = !text.value.trim();
  try { sessionStorage.setItem(draftName(), text.value); } catch { /* no storage, no drafts */ }
  suggest();
}

// --- suggestions ---

function suggest() {
  const before = text.value.slice(0, text.selectionStart);
  const slash = /^[/、]([^\s]*)$/.exec(text.value), at = /@([^\s@]{0,12})$/.exec(before);
  if (slash) {
    picks = store.commands.filter((it) => it.name.includes(slash[1]) || it.hint.includes(slash[1])).map((it) => ({
      label: it.name, hint: it.hint, whole: !it.fill.endsWith(" "), use: () => put(it.fill),
    }));
  } else if (at) {
    picks = [store.bot, ...store.people.values()].filter((it) => it.id !== store.me && it.name.includes(at[1])).slice(0, 8).map((it) => ({
      label: it.name, hint: it.role, face: it,
      use: () => put(`${before.slice(0, at.index)}@${it.name} ${text.value.slice(text.selectionStart)}`),
    }));
  } else picks = [];
  chosen = 0;
  paint();
}

function paint() {
  popup.hidden = picks.length === 0;
  text.setAttribute("aria-expanded", String(picks.length > 0));
  fill(popup, picks.map((pick, index) => h("div.pick" + (index === chosen ? ".chosen" : ""), {
    id: `pick-${index}`, role: "option", "aria-selected": String(index === chosen),
    onmousedown: (event) => { event.preventDefault(); pick.use(); },
  }, pick.face ? avatar(pick.face, ".small") : null, h("b", {}, pick.label), h("small", {}, pick.hint))));
  if (picks.length) text.setAttribute("aria-activedescendant", `pick-${chosen}`); else text.removeAttribute("aria-activedescendant");
  popup.children[chosen]?.scrollIntoView({ block: "nearest" });
}

function close() { picks = []; paint(); }

function key(event) {
  if (event.isComposing || event.keyCode === 229) return; // an input method is still choosing characters
  if (picks.length) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); chosen = (chosen + step + picks.length) % picks.length; paint(); return; }
    if (event.key === "Tab" || event.key === "Enter") {
      const pick = picks[chosen];
      // "/待办" typed to its end is meant as it stands: Enter sends it. "/查单" still wants to know which.
      if (event.key === "Tab" || !pick.whole || text.value.slice(1) !== pick.label) { event.preventDefault(); pick.use(); return; }
    }
    if (event.key === "Escape") { event.preventDefault(); close(); return; }
  }
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
}

// --- sending ---

function submit() {
  const typed = text.value.trim(), said = typed.replace(/^[/、](?=\S)/, "");
  const command = said !== typed || store.commands.some((it) => said === it.name || said.startsWith(it.fill));
  if (!said || !store.open) return;
  if ([...said].length > store.limits.text) { toast(`太长了（上限 ${store.limits.text} 字）。分几条发，或者存成 txt 当文件发。`, { tone: "bad" }); return; }
  const item = queue(store.open, said, [], command);
  put("");
  talk.drawPending();
  talk.toEnd();
  onSent(item);
  deliver(item);
}

/** Send one waiting item; the same id on every try, so the room and the bot take it once. */
export async function deliver(item) {
  if (item.busy) return;
  item.busy = true;
  item.state = "sending";
  repaint(item);
  try {
    for (const one of item.attachments.filter((a) => a.blob && !a.id)) {
      Object.assign(one, await upload(item.me, item.chat, one.name, one.blob));
    }
    const answer = await post({ type: "message", as: item.me, chat: item.chat, id: item.clientId, text: item.text, command: item.command, attachments: item.attachments.map((a) => a.id) });
    if (item.me === store.me) {
      const kind = take(answer.message);
      settle(item.id);
      if (kind) talk.live(answer.message, kind); else repaint(item);
      const replied = [...log(item.chat).messages.values()].some((one) => !one.from && one.seq > answer.message.seq);
      if (item.chat === store.open && log(item.chat).loaded && !replied && expects(item)) talk.think();
    }
  } catch (trouble) {
    item.tries++;
    item.state = "failed";
    item.error = trouble instanceof Trouble ? trouble.message : "没有发出去。";
    item.again = trouble instanceof Trouble && trouble.kind === "network";
    if (item.again && item.tries <= RETRIES) {
      item.state = "sending";
      setTimeout(() => deliver(item), 700 * 2 ** item.tries);
    } else if (item.again) item.error = "没有发出去，连上后会自动再发。";
  } finally {
    item.busy = false;
    repaint(item);
  }
}

/** In a group people also talk to each other; the three dots only show when the bot is likely to answer. */
const expects = (item) => item.command || item.chat.startsWith("@") || item.text.includes("@" + store.bot.name) || /\d{4}|[?？吗呢]/.test(item.text);

function repaint(item) { if (item.chat === store.open) talk.drawPending(); }

/** The connection is back: everything that only the network held up goes out again, in order. */
export async function flush() {
  for (const item of [...store.pending]) if (item.again || item.state === "sending") await deliver(item);
}

export function retry(item) { item.tries = 0; deliver(item); }

/** Take a refused message back into the composer. */
export function rework(item) { settle(item.id); talk.drawPending(); put(item.text); }

// --- photos and files ---

function paste(event) {
  const files = [...(event.clipboardData || {}).files || []];
  if (files.length) { event.preventDefault(); attach(files); }
}

async function attach(files) {
  if (!files.length || !store.open) return;
  const attachments = [];
  for (const file of files.slice(0, 9)) {
    const image = file.type.startsWith("image/");
    const blob = image ? await smaller(file) : file;
    const limit = image ? store.limits.image : store.limits.file;
    if (blob.size > limit) { toast(`「${file.name.slice(0, 40)}」太大了（上限 ${Math.floor(limit / 1_048_576)} MB）。`, { tone: "bad" }); continue; }
    attachments.push({ kind: image ? "image" : "file", name: file.name || "图片.png", size: blob.size, blob, url: URL.createObjectURL(blob), alt: "" });
  }
  if (!attachments.length) return;
  const item = queue(store.open, text.value.trim(), attachments);
  put("", false);
  talk.drawPending();
  talk.toEnd();
  onSent(item);
  deliver(item);
}

/** A phone's photo is drawn again at a sane size: quick to send, and without the place where it was taken. */
async function smaller(file) {
  if (file.type === "image/gif") return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const type = file.type === "image/png" && file.size < 500_000 ? "image/png" : "image/jpeg";
    return (await new Promise((done) => canvas.toBlob(done, type, 0.85))) || file;
  } catch { return file; } // not readable here: the server judges it by its bytes
}
