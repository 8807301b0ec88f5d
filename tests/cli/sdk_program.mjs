// A program on the official TypeScript SDK of Codex, whose `codexPathOverride` points at codex-ls.
// argv: the SDK's module, the codex-ls command, a working folder. Prints one JSON object.
import { pathToFileURL } from "node:url";

const [sdk, codexPath, folder] = process.argv.slice(2);
const { Codex } = await import(pathToFileURL(sdk).href);
const codex = new Codex({ codexPathOverride: codexPath, apiKey: "sk-test-1234567890" });
const options = { workingDirectory: folder, skipGitRepoCheck: true, sandboxMode: "read-only" };
const told = {};

const thread = codex.startThread(options);
told.run = await thread.run("2 + 2?");
told.id = thread.id;

const { events } = await thread.runStreamed("and 1 more?");
told.streamed = [];
for await (const event of events) told.streamed.push(event);

const resumed = codex.resumeThread(thread.id, options);
told.resumed = (await resumed.run("and how did we get here?")).finalResponse;
told.resumedId = resumed.id;

const controller = new AbortController();
try {
  const stopped = await resumed.runStreamed("count to a million", { signal: controller.signal });
  for await (const event of stopped.events) {
    if (event.type === "item.delta") controller.abort();
  }
  told.abort = "was not aborted";
} catch (error) {
  told.abort = error.name;
}
told.afterAbort = (await resumed.run("still there?")).finalResponse;

const schema = { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] };
const turn = await codex.startThread(options).run("2 + 2, as JSON", { outputSchema: schema });
told.schema = JSON.parse(turn.finalResponse);

try {
  await codex.startThread(options).run("this one fails");
  told.failure = "did not fail";
} catch (error) {
  told.failure = error.message;
}

console.log(JSON.stringify(told));
