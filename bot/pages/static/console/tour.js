// The guided tour: a few steps fed by the server, remembered per installation, out of the way when folded.

import { $, fill, h, icon } from "./dom.js";
import { store, person } from "./store.js";

const name = (what) => `xiaodan.tour.${store.epoch}.${what}`;
const read = (what, other) => { try { return JSON.parse(localStorage.getItem(name(what))) ?? other; } catch { return other; } };
const write = (what, value) => { try { localStorage.setItem(name(what), JSON.stringify(value)); } catch { /* not remembered then */ } };
let act = () => {}, trying = null;

export function prepare(onTry) { act = onTry; }

const done = () => new Set(read("done", []));

function mark(id, on = true) {
  const all = done();
  if (on) all.add(id); else all.delete(id);
  write("done", [...all]);
  draw();
}

/** Something was sent: if it came from a step's 试一下, or is that step's sentence typed by hand, the step is done. */
export function sent(said) {
  const typed = store.tour.find((step) => step.try && step.try === said.replace(/^@小单\s*/, ""));
  const id = trying ?? typed?.id;
  if (id) mark(id);
  trying = null;
}

export function draw() {
  const steps = store.tour, finished = done(), folded = read("folded", false);
  $("tour").hidden = steps.length === 0;
  fill($("tour-entry"));
  if (!steps.length) return;
  const count = steps.filter((step) => finished.has(step.id)).length, next = steps.find((step) => !finished.has(step.id));
  const heading = next ? (folded ? `下一步：${next.title}` : "三分钟上手") : "都试过了，随便问";
  const fold = () => { write("folded", !folded); draw(); };
  fill($("tour"),
    h("button.tour-head", { type: "button", "aria-expanded": String(!folded), onclick: fold },
      icon("flag"), h("b", {}, "导览"), h("span.tour-count", {}, `${count}/${steps.length}`), h("span.tour-next", {}, heading), icon(folded ? "down" : "up")),
    folded ? null : h("ol.tour-steps", {}, steps.map((step) => stepRow(step, finished.has(step.id), step === next))));
  fill($("tour-entry"), h("button.tour-entry", { type: "button", onclick: () => { write("folded", false); draw(); run(next || steps[0], true); } },
    icon("flag"), h("span", {}, next ? `导览 ${count}/${steps.length} · ${next.title}` : "导览已走完"), icon("open")));
}

function stepRow(step, isDone, isNext) {
  const who = step.as && step.as !== store.me && store.people.has(step.as) ? `以${person(step.as).role}${person(step.as).name}的身份` : "";
  return h("li.step" + (isDone ? ".done" : "") + (isNext ? ".next" : ""), { "data-step": step.id },
    h("button.step-mark", { type: "button", "aria-label": isDone ? `「${step.title}」已完成，点一下重做` : `把「${step.title}」标为完成`, onclick: () => mark(step.id, !isDone) }, isDone ? icon("check") : null),
    h("div.step-text", {}, h("b", {}, step.title), isDone && !isNext ? null : h("p", {}, step.text, step.try ? h("code", { dir: "auto" }, step.try) : null)),
    h("button.button.small" + (isNext ? ".primary" : ""), { type: "button", title: who || null, onclick: () => run(step) }, step.try ? "试一下" : "去看看"));
}

/** Go where the step plays: person, conversation, text in the composer. */
async function run(step, look = false) {
  trying = step.try ? step.id : null;
  await act(look ? { ...step, try: "" } : step);
  if (!step.try && !look) mark(step.id);
}
