// @wecom/aibot-node-sdk as a client of the emulated long connection.
import { createRequire } from "node:module";
import { say, serve } from "./lines.mjs";

const { WSClient } = createRequire(import.meta.url)("@wecom/aibot-node-sdk");
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const heard = ["message", "message.text", "message.mixed", "message.image", "message.voice", "event",
  "event.enter_chat", "event.template_card_event", "event.feedback_event", "event.disconnected_event"];
let client;

serve({
  connect: ({ url, bot, secret, ...options }) => {
    client = new WSClient({ botId: bot, secret, wsUrl: url, logger: quiet, reconnectInterval: 30, ...options.options });
    if (options.ackTimeout) client.wsManager.replyAckTimeout = options.ackTimeout;
    for (const name of heard) client.on(name, (frame) => say(name, { frame }));
    for (const name of ["connected", "authenticated"]) client.on(name, () => say(name));
    client.on("disconnected", (reason) => say("disconnected", { reason }));
    client.on("reconnecting", (attempt) => say("reconnecting", { attempt }));
    client.on("error", (wrong) => say("error", { message: wrong.message }));
    client.connect();
  },
  connected: () => client.isConnected,
  stream: ({ frame, stream, content, finish }) => client.replyStream(frame, stream, content, finish),
  stream_with_card: ({ frame, stream, content, card }) =>
    client.replyStreamWithCard(frame, stream, content, true, { templateCard: card }),
  card: ({ frame, card }) => client.replyTemplateCard(frame, card),
  update: ({ frame, card, users }) => client.updateTemplateCard(frame, card, users),
  welcome: ({ frame, text }) => client.replyWelcome(frame, { msgtype: "text", text: { content: text } }),
  send: ({ chat, body }) => client.sendMessage(chat, body),
  upload: ({ content, kind, filename }) =>
    client.uploadMedia(Buffer.from(content, "base64"), { type: kind, filename }),
  reply_media: ({ frame, kind, media }) => client.replyMedia(frame, kind, media),
  send_media: ({ chat, kind, media }) => client.sendMediaMessage(chat, kind, media),
  download: async ({ url, key }) => (await client.downloadFile(url, key)).buffer.toString("base64"),
});
