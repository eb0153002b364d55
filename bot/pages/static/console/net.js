// Talking to the server: requests, and the live feed that resumes where it broke off.

import { now } from "./clock.js";

export class Trouble extends Error {
  /** @param kind "network" (try again), "session" (open a new one), "no" (the sentence is the answer) */
  constructor(kind, sentence) { super(sentence); this.kind = kind; }
}

async function ask(path, options = {}) {
  let answer;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), options.patience || 15_000);
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", signal: stop.signal, ...options });
    if (answer.ok) return await answer.json();
  } catch { throw new Trouble("network", "网络不通，正在重试…"); } finally { clearTimeout(timer); }
  let sentence = "";
  try { sentence = (await answer.json()).error || ""; } catch { /* an empty answer carries no sentence */ }
  if (answer.status === 401 || (answer.status === 403 && !sentence) || sentence.startsWith("登录过期")) {
    throw new Trouble("session", "登录过期了，刷新页面再试。");
  }
  if (answer.status >= 500) throw new Trouble("network", sentence || "服务正在恢复，稍等…");
  throw new Trouble("no", sentence || "这条没有被接受，刷新页面再试。");
}

/** A new session cookie comes with the page itself. */
export async function renewSession() {
  let answer;
  try { answer = await fetch("/", { credentials: "same-origin", cache: "no-store" }); } catch { return false; }
  return answer.ok;
}

async function withSession(work) {
  try { return await work(); } catch (trouble) {
    if (trouble.kind !== "session" || !(await renewSession())) throw trouble;
    return work();
  }
}

const query = (values) => new URLSearchParams(values).toString();

export const fetchState = (me) => withSession(() => ask(`/console/api/state?${query({ as: me || "" })}`));
export const fetchHistory = (me, chat, before) =>
  withSession(() => ask(`/console/api/history?${query({ as: me, chat, before: before || "" })}`));
export const post = (payload) =>
  withSession(() => ask("/chat/console", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(payload) }));
export const upload = (me, chat, name, blob) =>
  withSession(() => ask(`/console/api/upload?${query({ as: me, chat, name })}`, {
    method: "POST", headers: { "content-type": "application/octet-stream" }, body: blob, patience: 60_000,
  }));
export const mediaUrl = (me, id) => `/console/media/${encodeURIComponent(id)}?${query({ as: me })}`;

/** One id per intent: every retry of it carries the same one. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return now().toString(36) + "-" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** The live connection of one person. Emits: news(frame), up(), down(), reset(). */
export class Feed {
  constructor(handlers) { this.handlers = handlers; this.tries = 0; this.stopped = true; }

  start(me, epoch, rev) {
    this.stop();
    Object.assign(this, { me, epoch, rev, stopped: false, tries: 0 });
    this.open();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    if (this.socket) { const old = this.socket; this.socket = null; old.close(); }
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/console/feed?${query({ as: this.me, after: this.rev, epoch: this.epoch })}`);
    this.socket = socket;
    socket.onmessage = (event) => { if (socket === this.socket) this.take(JSON.parse(event.data)); };
    socket.onclose = async (event) => {
      if (socket !== this.socket || this.stopped) return;
      this.handlers.down();
      if (event.code === 4401) await renewSession();
      this.later();
    };
  }

  take(frame) {
    clearTimeout(this.silence);
    // The server speaks at least every 15 s; a phone that slept keeps a dead socket that never closes by itself.
    this.silence = setTimeout(() => this.socket && this.socket.close(), 40_000);
    if (frame.t === "reset") { this.stop(); this.handlers.reset(); return; }
    this.tries = 0;
    this.handlers.up(frame);
    if (frame.t === "news") { this.rev = frame.rev; this.handlers.news(frame); }
  }

  later() {
    clearTimeout(this.timer);
    const wait = Math.min(5_000, 250 * 2 ** this.tries++) * (0.7 + Math.random() * 0.6);
    this.timer = setTimeout(() => { if (!this.stopped) this.open(); }, wait);
  }

  /** The network came back, or the tab was looked at again: no need to wait. */
  hurry() {
    if (this.stopped || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    this.tries = 0;
    clearTimeout(this.timer);
    this.open();
  }

  read(chat, seq) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ chat, read: seq }));
  }
}
