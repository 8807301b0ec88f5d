/** Opens a window whose extension host runs the tests of this folder, and passes on what they say. */

import { readdirSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { CodeServer } from "../support/codeServer";
import { ensureHost } from "../support/host";
import { ModelServer } from "../support/modelServer";
import { FLAGS } from "../support/workbench";
import { SAMPLE, Sandbox } from "../support/workspace";

const EXTENSION = path.resolve(import.meta.dirname, "../../..");
const OLDEST = process.env.CODEX_TEST_VSCODE === "oldest";

const host = ensureHost();
const sandbox = new Sandbox();
const models = [await ModelServer.start(), await ModelServer.start()];
const [first, second] = models as [ModelServer, ModelServer];
sandbox.config([
  { name: "first", baseUrl: first.baseUrl, model: "model-one" },
  { name: "second", baseUrl: second.baseUrl, model: "model-two" },
  { name: "nowhere", baseUrl: "http://127.0.0.1:1/v1", model: "model-none" },
  { name: "keyed", baseUrl: second.baseUrl, model: "model-two", envKey: "CODEX_TEST_KEY_THAT_IS_UNSET" },
]);
sandbox.write("one/prices.py", SAMPLE);
sandbox.write("two/prices.py", SAMPLE);
// The settings of Even Better TOML, which is not on npm: only a registered setting can be written.
sandbox.write(
  "extensions/tamasfe.even-better-toml-0.0.0/package.json",
  JSON.stringify({
    name: "even-better-toml",
    publisher: "tamasfe",
    version: "0.0.0",
    engines: { vscode: "^1.90.0" },
    contributes: {
      configuration: {
        properties: { "evenBetterToml.schema.associations": { type: "object", scope: "resource" } },
      },
    },
  }),
);
const workspace = sandbox.write(
  "both.code-workspace",
  JSON.stringify({ folders: [{ path: "one" }, { path: "two" }] }),
);
const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.js"));
const server = await CodeServer.start(host, sandbox, undefined, {
  extraArgs: OLDEST ? [] : ["--vscode-option", "enable-smoke-test-driver"],
  env: {
    CODEX_TEST_FILES: tests.join(","),
    CODEX_TEST_MODELS: models.map(({ origin }) => origin).join(","),
    CODEX_TEST_ROOT: sandbox.root,
  },
});
const remote = `vscode-remote://127.0.0.1:${server.port}`;
const url = server.url(
  workspace,
  [],
  [
    ["extensionDevelopmentPath", `${remote}${EXTENSION}`],
    ["extensionTestsPath", `${remote}${path.join(import.meta.dirname, "index.js")}`],
  ],
);
// A page that a test has changed counts as one from elsewhere, which may not call this machine.
const args = [...FLAGS, ...(OLDEST ? ["--disable-features=LocalNetworkAccessChecks"] : [])];
const browser = await chromium.launch({ executablePath: host.chromium, args });
const page = await browser.newPage({
  viewport: { width: 1280, height: 800 },
  permissions: ["clipboard-read", "clipboard-write"],
});
/** However long all of them take, each has its limit, and says how it went. */
const silence = setTimeout(() => {
  process.stderr.write("The window says nothing any more.\n");
  process.exit(2);
}, 120_000);
const ended = new Promise<number>((resolve) => {
  void page.exposeFunction("codeAutomationExit", resolve);
});
if (OLDEST) {
  // That release has the driver for tests, but no flag for it: the page says what its window may do.
  await page.route(/\/\?workspace=/, async (route) => {
    const response = await route.fetch();
    const options = "&quot;developmentOptions&quot;:{";
    const driver = `${options}&quot;enableSmokeTestDriver&quot;:true,`;
    await route.fulfill({ response, body: (await response.text()).replace(options, driver) });
  });
}
await page.exposeFunction("codeAutomationLog", (_type: string, args: unknown[]) => {
  const text = args.map(String).join(" ");
  if (!text.startsWith("[test] ")) return;
  process.stdout.write(`${text.slice(7)}\n`);
  silence.refresh();
});
await page.goto(url);
process.exitCode = await ended;
clearTimeout(silence);
await browser.close();
server.stop();
for (const model of models) model.stop();
sandbox.remove();
