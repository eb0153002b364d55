// Commands in, answers and events out, one JSON object a line.
import { createInterface } from "node:readline";

export const say = (event, told = {}) => process.stdout.write(JSON.stringify({ event, ...told }) + "\n");

export function serve(commands) {
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const asked = JSON.parse(line);
    let told;
    try {
      told = { id: asked.id, answer: (await commands[asked.do](asked)) ?? null };
    } catch (wrong) {
      const plain = wrong instanceof Error ? { message: wrong.message } : wrong;
      told = { id: asked.id, error: plain };
    }
    process.stdout.write(JSON.stringify(told) + "\n");
  });
}
