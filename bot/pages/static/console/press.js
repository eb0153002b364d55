// Pressing a button: ask if the button wants an answer first, send once, wait for what comes of it.

import { Trouble, newId, post } from "./net.js";
import { store } from "./store.js";
import { askFirst, toast } from "./sheets.js";

const PATIENCE = 12_000;
const RETRIES = [800, 2_000, 4_000];
let redraw = () => {};

export function prepare(onChange) { redraw = onChange; }

/** Run one press. While it waits the whole card is locked, so a second finger sends nothing. */
export async function press(message, button) {
  if (store.pressing.has(message.id)) return;
  let values = {};
  if (button.ask) {
    const answer = await askFirst(button.label, button.style, button.ask);
    if (answer === null || store.pressing.has(message.id)) return;
    values = { [button.ask.name]: answer };
  }
  const mark = { button: button.id, chat: message.chat, rev: message.rev, timer: 0 };
  store.pressing.set(message.id, mark);
  redraw(message.id);
  try {
    await send({ type: "click", as: store.me, id: newId(), message: message.id, button: button.id, values });
    mark.timer = setTimeout(() => {
      if (release(message.id, mark)) toast("还在处理，结果出来后卡片会自己更新。");
    }, PATIENCE);
  } catch (trouble) {
    release(message.id, mark);
    toast(trouble.kind === "network" ? "没有发出去，网络恢复后再点一次。" : trouble.message, { tone: "bad" });
  }
}

/** The same click is tried again with the same id: the server counts it once. */
async function send(payload) {
  for (let attempt = 0; ; attempt++) {
    try { return await post(payload); } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.kind !== "network" || attempt >= RETRIES.length) throw trouble;
      await new Promise((done) => setTimeout(done, RETRIES[attempt]));
    }
  }
}

function release(id, mark) {
  if (store.pressing.get(id) !== mark) return false;
  clearTimeout(mark.timer);
  store.pressing.delete(id);
  redraw(id);
  return true;
}

/** A message came: if it is the card itself in a newer version, or the bot's answer in that chat, the wait is over. */
export function answered(message) {
  for (const [id, mark] of [...store.pressing]) {
    if (message.id === id ? message.rev > mark.rev : !message.from && message.chat === mark.chat && message.seq > mark.rev) release(id, mark);
  }
}
