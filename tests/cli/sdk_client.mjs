// A program written for the official SDK. One JSON line in on the command line, one out:
// {"sdk": path, "codex": {...}, "thread": {...}, "input": ..., "turn": {...}, "abortOn": type}
import { pathToFileURL } from "node:url";

const task = JSON.parse(process.argv[2]);
const { Codex } = await import(pathToFileURL(task.sdk).href);
const thread = new Codex(task.codex).startThread(task.thread);
const abort = new AbortController();
const turnOptions = { ...task.turn, signal: abort.signal };

let result;
try {
  if (task.streamed) {
    const events = [];
    const streamed = await thread.runStreamed(task.input, turnOptions);
    for await (const event of streamed.events) {
      events.push(event);
      if (event.type === task.abortOn) abort.abort();
    }
    result = { events };
  } else {
    result = { turn: await thread.run(task.input, turnOptions), threadId: thread.id };
  }
} catch (error) {
  result = { error: String(error.message) };
}
process.stdout.write(JSON.stringify(result));
