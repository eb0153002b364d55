// @wecom/crypto, as it is.
import { createRequire } from "node:module";
import { serve } from "./lines.mjs";

const { decrypt, encrypt, getSignature } = createRequire(import.meta.url)("@wecom/crypto");

serve({
  sign: ({ token, timestamp, nonce, sealed }) => getSignature(token, timestamp, nonce, sealed),
  open: ({ key, sealed }) => {
    const { message, id } = decrypt(key, sealed);
    return { message, id };
  },
  seal: ({ key, message, receiver }) => encrypt(key, message, receiver),
});
