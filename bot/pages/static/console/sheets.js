// What lies over the conversation for a moment: questions before a click, the list of people, a picture, a toast.

import { $, append, avatar, fill, h, icon } from "./dom.js";
import { myself, person, store } from "./store.js";

function show(dialog, ...content) {
  fill(dialog, ...content);
  if (!dialog.open) dialog.showModal();
}

/** Tapping beside a dialog closes it, like everywhere on a phone. */
export function prepare() {
  for (const dialog of [$("sheet"), $("viewer")]) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
}

/** Ask before a click is sent: resolves to the answer, or null when the person thought better of it. */
export function askFirst(label, style, ask) {
  const dialog = $("sheet");
  return new Promise((resolve) => {
    let answer = null;
    const confirm = h("button.button" + (style === "danger" ? ".danger.solid" : ".primary"), { type: "submit", disabled: ask.required }, label.replace(/[….]+$/, ""));
    const ready = (value) => { confirm.disabled = ask.required && !value.trim(); };
    const field = ask.options.length
      ? h("div.options", { role: "radiogroup", "aria-label": ask.prompt }, ask.options.map((option) =>
          h("label.option", {}, h("input", { type: "radio", name: "answer", value: option, onchange: () => ready(option) }), h("span", { dir: "auto" }, option))))
      : h("textarea.field", { name: "answer", rows: "3", maxlength: "500", "aria-label": ask.prompt, placeholder: "写一句，同事会看到", autofocus: true,
          oninput: (event) => ready(event.target.value) });
    const form = h("form.sheet-body", {
      method: "dialog",
      onsubmit: (event) => {
        event.preventDefault();
        answer = String(new FormData(form).get("answer") || "");
        dialog.close();
      },
    }, h("h2", { dir: "auto" }, ask.prompt), field,
      h("div.sheet-actions", {}, h("button.button", { type: "button", onclick: () => dialog.close() }, "取消"), confirm));
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    show(dialog, form);
  });
}

/** "我是…": resolves to the person chosen, or null. */
export function choosePerson() {
  const dialog = $("sheet");
  return new Promise((resolve) => {
    let chosen = null;
    const rows = store.mayBe.map((id) => {
      const one = person(id), mine = id === store.me;
      return h("div.person" + (mine ? ".mine" : ""), {},
        h("button.person-pick", { type: "button", "aria-current": mine ? "true" : null, "data-person": id, onclick: () => { chosen = id; dialog.close(); } },
          avatar(one), h("span.person-text", {}, h("b", { dir: "auto" }, one.name), h("small", {}, one.role)), mine ? icon("check") : null),
        h("a.person-tab", { href: `/?as=${encodeURIComponent(id)}`, target: "_blank", rel: "noopener", "aria-label": `在新标签页里当${one.name}`, title: "在新标签页打开" }, icon("open")));
    });
    dialog.addEventListener("close", () => resolve(chosen), { once: true });
    show(dialog, h("div.sheet-body", {}, h("h2", {}, "我是…"),
      h("p.sheet-note", {}, store.mode === "demo" ? "演示里可以当任何人。每个人看到的按钮、私密消息和未读都不一样；开几个标签页就能同时当几个人。" : "用自己的登录链接登录过的人。"),
      h("div.people", {}, rows)));
  });
}

export function showMembers(chat) {
  const list = chat.members.length ? chat.members.map(person) : [...store.people.values()];
  show($("sheet"), h("div.sheet-body", {}, h("h2", {}, `成员 ${list.length + 1}`),
    h("div.people", {}, [store.bot, ...list].map((one) => h("div.person", {}, h("div.person-pick", {}, avatar(one),
      h("span.person-text", {}, h("b", { dir: "auto" }, one.name), h("small", {}, one.id === myself().id ? `${one.role} · 我` : one.role))))))));
}

/** A picture over the whole screen; a tap on it switches between fitting the screen and its own size. */
export function showPicture(url, alt) {
  const dialog = $("viewer");
  const picture = h("img", { src: url, alt, onclick: () => picture.classList.toggle("full") });
  show(dialog, h("div.viewer-room", { onclick: (event) => { if (event.target !== picture) dialog.close(); } }, picture),
    alt ? h("p.viewer-alt", { dir: "auto" }, alt) : null,
    h("button.viewer-close", { type: "button", "aria-label": "关闭图片", onclick: () => dialog.close() }, icon("close")));
}

/** A short notice that goes away by itself. `tap` makes it a button. */
export function toast(text, { tone = "info", tap = null, seconds = 5 } = {}) {
  const row = h(tap ? "button.toast" : "div.toast", { "data-tone": tone, type: tap ? "button" : null, dir: "auto" });
  append(row, [text]);
  const away = () => { row.classList.add("going"); setTimeout(() => row.remove(), 250); };
  row.addEventListener("click", () => { away(); if (tap) tap(); });
  while ($("toasts").children.length >= 3) $("toasts").firstChild.remove();
  $("toasts").append(row);
  setTimeout(away, seconds * 1000);
}
