// One message as it is drawn: bubble, card, pictures, files, quick answers. All content becomes text nodes.

import { avatar, h, icon, withMarks } from "./dom.js";
import { exact, left, time, urgency } from "./clock.js";
import { mediaUrl } from "./net.js";
import { press } from "./press.js";
import { person, store } from "./store.js";
import { showPicture } from "./sheets.js";

const FOLD = 900;         // characters, or …
const FOLD_LINES = 18;    // … lines, after which a text is folded
const opened = new Set(); // messages somebody unfolded

/** Text with the names of people set off; my own name stands out. */
export function withMentions(text) {
  if (!text.includes("@")) return withMarks(text);
  const names = [...store.people.values(), store.bot].map((one) => one.name).filter(Boolean).sort((a, b) => b.length - a.length);
  const found = [];
  let rest = text;
  for (;;) {
    let at = -1, name = "";
    for (const one of names) {
      const where = rest.indexOf("@" + one);
      if (where >= 0 && (at < 0 || where < at)) { at = where; name = one; }
    }
    if (at < 0) break;
    found.push(withMarks(rest.slice(0, at)), mention(name));
    rest = rest.slice(at + name.length + 1);
  }
  return [...found, withMarks(rest)];
}

const mention = (name) => h("span.mention" + (name === person(store.me).name ? ".self" : ""), {}, "@" + name);

/** Whom a message calls, unless its text already does. */
const calls = (ids, text = "") => ids.filter((id) => !text.includes("@" + person(id).name)).map((id) => [mention(person(id).name), " "]);

function textBubble(message, lead) {
  const { text } = message.body;
  const long = (text.length > FOLD || text.split("\n").length > FOLD_LINES) && !opened.has(message.id);
  const bubble = h("div.bubble", { dir: "auto" }, lead, withMentions(text));
  if (!long) return bubble;
  bubble.classList.add("folded");
  const more = h("button.unfold", { type: "button", onclick: () => { opened.add(message.id); bubble.classList.remove("folded"); more.remove(); } }, "展开全文", icon("down"));
  return h("div.fold", {}, bubble, more);
}

function buttonOf(message, button) {
  const mark = store.pressing.get(message.id), waiting = mark && mark.button === button.id;
  return h(`button.button.${button.style}`, {
    type: "button", disabled: Boolean(mark), "aria-busy": waiting ? "true" : null, "data-button": button.id,
    title: button.command ? `也可以直接输入：${button.command}` : null, onclick: () => press(message, button),
  }, waiting ? h("span.spinner", { "aria-hidden": "true" }) : null, h("span", { dir: "auto" }, button.label));
}

const TONES = { good: "正常", watch: "留意", bad: "紧急", info: "", done: "已结束" };

function card(message) {
  const { card: it, mention: called } = message.body;
  const due = it.due && it.tone !== "done"
    ? h("span.due", { "data-due": it.due, "data-urgency": urgency(it.due) }, icon("clock"), h("span.due-text", {}, left(it.due))) : null;
  const links = it.links.map((link) => link.url
    ? h("a.link", { href: link.url, target: "_blank", rel: "noopener" }, h("span", { dir: "auto" }, link.label), icon("open"))
    : h("span.link.dead", { dir: "auto" }, link.label));
  return h("article.card", { "data-tone": it.tone, "aria-label": [TONES[it.tone], it.title, it.number].filter(Boolean).join(" ") },
    h("header.card-head", {}, h("h3", { dir: "auto" }, withMarks(it.title)), it.number ? h("span.card-number", {}, it.number) : null),
    called.length ? h("p.card-call", {}, calls(called)) : null,
    it.lines.length ? h("div.card-lines", {}, it.lines.map((line) => h("p", { dir: "auto" }, withMentions(line)))) : null,
    it.buttons.length ? h("div.card-buttons", {}, it.buttons.map((button) => buttonOf(message, button))) : null,
    links.length ? h("div.card-links", {}, links) : null,
    it.footer || due || message.edited
      ? h("footer.card-foot", {}, h("span.foot-text", { dir: "auto" }, it.footer), due,
          message.edited ? h("span.edited", { title: exact(message.edited) }, `已更新 ${time(message.edited)}`) : null) : null);
}

function pictureOf(picture) {
  const url = picture.url || mediaUrl(store.me, picture.id), alt = picture.alt || picture.name;
  const sized = picture.width && picture.height;
  const image = h("img", { src: url, alt, loading: "lazy", decoding: "async", ...(sized ? { width: picture.width, height: picture.height } : {}) });
  image.addEventListener("error", () => frame.classList.add("broken"), { once: true });
  const frame = h("button.picture" + (sized ? "" : ".square"), { type: "button", "aria-label": `看大图：${alt}`, onclick: () => showPicture(url, picture.alt || "") }, image);
  return frame;
}

export function weight(bytes) {
  return bytes >= 1_048_576 ? `${(bytes / 1_048_576).toFixed(1)} MB` : bytes >= 1024 ? `${Math.round(bytes / 1024)} KB` : `${bytes} B`;
}

const fileOf = (file) =>
  h("a.file", { href: file.url || mediaUrl(store.me, file.id), download: file.name },
    h("span.file-icon", {}, icon("file")), h("span.file-text", {}, h("b", { dir: "auto" }, file.name), h("small", {}, weight(file.size))));

/** Everything inside one message, in reading order. */
function contents(message) {
  const { body } = message, parts = [];
  const lead = body.card || message.from ? null : calls(body.mention, body.text);
  if (body.card) parts.push(card(message));
  else if (body.text || (lead && lead.length)) parts.push(textBubble(message, lead));
  if (body.pictures.length) parts.push(h("div.pictures", {}, body.pictures.map(pictureOf)));
  for (const file of body.files) parts.push(fileOf(file));
  if (body.choices.length) parts.push(h("div.choices", {}, body.choices.map((button) => buttonOf(message, button))));
  if (message.edited && !body.card) parts.push(h("span.edited", { title: exact(message.edited) }, `已更新 ${time(message.edited)}`));
  return parts;
}

/** The row of one message. `first` opens a run of the same author and shows face and name. */
export function row(message, { first, state = "", error = "", retry = null, rework = null }) {
  const mine = message.from === store.me, author = person(message.from);
  const status = state === "sending" ? h("span.sending", { role: "img", "aria-label": "正在发送" }, h("span.spinner"))
    : state === "failed" ? h("button.failed", { type: "button", "aria-label": `没有发出去：${error} 点一下重试`, onclick: retry }, icon("alert")) : null;
  return h(`div.row${mine ? ".mine" : ""}${first ? ".first" : ""}${message.private ? ".private" : ""}`, { "data-id": message.id, "data-seq": message.seq || "", "data-rev": message.rev || "" },
    first ? avatar(author) : h("span.avatar.gap"),
    h("div.stack", {},
      first && !mine ? h("div.who", {}, h("b", { dir: "auto" }, author.name), h("span.role", {}, author.role || "")) : null,
      message.private ? h("div.only-me", {}, icon("eye"), "仅你可见") : null,
      contents(message),
      state === "failed" ? h("div.failed-text", {}, error, rework ? h("button.inline", { type: "button", onclick: rework }, "改一改") : null) : null),
    status, h("span.sr", {}, `${author.name} ${message.at ? exact(message.at) : ""}`));
}
