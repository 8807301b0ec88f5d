/**
 * The JSON Schema of config.toml in Taplo's language server, which VS Code's TOML extension and other editors run: it
 * validates, completes and explains.
 */

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import taploLsp from "@taplo/lsp";
import type { RpcMessage, TaploLsp } from "@taplo/lsp";
import { tomlPattern } from "../../src/paths";

const SCHEMA = path.resolve("../../schema/codex-config.schema.json");
const TEXT = `#:schema ./config.schema.json
model = "gpt-oss-20b"
model_context_window = "many"

[model_providers.lab]
base_url = "http://127.0.0.1:1234/v1"
`;

/** Taplo, with the user's settings if there are any. */
class Taplo {
  constructor(private readonly settings: unknown = null) {}

  private readonly waiting = new Map<number, (result: unknown) => void>();
  private readonly heard: ((message: RpcMessage) => void)[] = [];
  private server: TaploLsp | undefined;
  private ids = 0;

  async start(folder: string): Promise<void> {
    const quiet = (bytes: Uint8Array): Promise<number> => Promise.resolve(bytes.length);
    this.server = await taploLsp.TaploLsp.initialize(
      {
        now: () => new Date(),
        envVar: () => undefined,
        envVars: () => [],
        stdErrAtty: () => false,
        stdin: () => Promise.resolve(new Uint8Array()),
        stdout: quiet,
        stderr: quiet,
        glob: () => [],
        readFile: (file) => Promise.resolve(readFileSync(file)),
        writeFile: () => Promise.reject(new Error("read-only")),
        // Its workspace for files outside of the folders has a URL that is no file's.
        urlToFilePath: (url) => (url.startsWith("file:") ? fileURLToPath(url) : "/"),
        isAbsolute: (file) => path.isAbsolute(file),
        cwd: () => folder,
        findConfigFile: () => undefined,
      },
      { onMessage: (message) => this.take(message) },
    );
    const root = pathToFileURL(folder).href;
    await this.request("initialize", {
      processId: null,
      rootUri: root,
      capabilities: {},
      workspaceFolders: [{ uri: root, name: "home" }],
    });
    this.notify("initialized", {});
  }

  request(method: string, params: unknown): Promise<unknown> {
    const id = (this.ids += 1);
    const answer = new Promise<unknown>((done) => this.waiting.set(id, done));
    this.server!.send({ jsonrpc: "2.0", id, method, params });
    return answer;
  }

  notify(method: string, params: unknown): void {
    this.server!.send({ jsonrpc: "2.0", method, params });
  }

  /** The next notification that `is` accepts. */
  next(is: (message: RpcMessage) => boolean): Promise<RpcMessage> {
    return new Promise((done) => this.heard.push((message) => is(message) && done(message)));
  }

  stop(): void {
    this.server?.dispose();
  }

  private take(message: RpcMessage): void {
    if (message.method === undefined) this.waiting.get(message.id as number)?.(message.result);
    else if (message.id !== undefined)
      // It asks for its configuration.
      this.server!.send({ jsonrpc: "2.0", id: message.id, result: [this.settings] });
    else for (const hear of this.heard) hear(message);
  }
}

describe("a TOML editor", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "codex-taplo-"));
  const document = { uri: pathToFileURL(path.join(folder, "config.toml")).href };
  const taplo = new Taplo();
  before(async () => {
    copyFileSync(SCHEMA, path.join(folder, "config.schema.json"));
    writeFileSync(path.join(folder, "config.toml"), TEXT);
    await taplo.start(folder);
  });
  after(() => {
    taplo.stop();
    rmSync(folder, { recursive: true });
  });

  test("marks a value of the wrong type", async () => {
    const marked = taplo.next(
      ({ method, params }) =>
        method === "textDocument/publishDiagnostics" && JSON.stringify(params).includes("not of type"),
    );
    taplo.notify("textDocument/didOpen", {
      textDocument: { ...document, languageId: "toml", version: 1, text: TEXT },
    });
    const { diagnostics } = (await marked).params as {
      diagnostics: { message: string; range: { start: { line: number } } }[];
    };
    assert.deepEqual(
      diagnostics.filter(({ message }) => message.includes("type")).map(({ range }) => range.start.line),
      [2],
    );
  });

  test("completes a key", async () => {
    const text = TEXT.replace("\n\n", "\nsandbox_\n\n");
    taplo.notify("textDocument/didChange", {
      textDocument: { ...document, version: 2 },
      contentChanges: [{ text }],
    });
    const at = { textDocument: document, position: { line: 3, character: 8 } };
    const items = (await taplo.request("textDocument/completion", at)) as { label: string }[];
    assert.ok(
      items.some(({ label }) => label === "sandbox_mode"),
      items.map(({ label }) => label).join(),
    );
  });

  test("explains a key", async () => {
    const at = { textDocument: document, position: { line: 2, character: 4 } };
    const hover = (await taplo.request("textDocument/hover", at)) as { contents: { value: string } };
    assert.match(hover.contents.value, /window/i);
  });
});

describe("a TOML editor with the schema in the user's settings", () => {
  // A space, and characters that mean something in a regular expression.
  const folder = mkdtempSync(path.join(tmpdir(), "codex (taplo) +"));
  const stored = path.join(folder, "config.schema.json");
  const associations = { [tomlPattern(`file://${folder}`)]: pathToFileURL(stored).href };
  const taplo = new Taplo({ schema: { enabled: true, associations, catalogs: [] } });
  const text = 'model_context_window = "many"\n';
  before(async () => {
    copyFileSync(SCHEMA, stored);
    await taplo.start(path.join(folder, "elsewhere"));
  });
  after(() => {
    taplo.stop();
    rmSync(folder, { recursive: true });
  });

  function uriOf(name: string): string {
    return pathToFileURL(path.join(folder, name)).href;
  }

  test("checks config.toml, which is in none of its folders", async () => {
    const uri = uriOf("config.toml");
    const marked = taplo.next(
      ({ method, params }) =>
        method === "textDocument/publishDiagnostics" && JSON.stringify(params).includes("not of type"),
    );
    taplo.notify("textDocument/didOpen", { textDocument: { uri, languageId: "toml", version: 1, text } });
    assert.equal(((await marked).params as { uri: string }).uri, uri);
  });

  for (const [name, isOurs] of [
    ["config.toml", true],
    ["work.config.toml", true],
    ["myconfig.toml", false],
    ["config.toml.bak", false],
    ["deeper/config.toml", false],
  ] as const) {
    test(`takes ${name} for ${isOurs ? "one of Codex" : "another file"}`, async () => {
      const found = await taplo.request("taplo/associatedSchema", { documentUri: uriOf(name) });
      const { schema } = found as { schema: { url: string } | null };
      assert.equal(schema?.url, isOurs ? pathToFileURL(stored).href : undefined);
    });
  }
});
