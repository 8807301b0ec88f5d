import assert from "node:assert/strict";
import * as vscode from "vscode";
import { VENDOR } from "../../src/chatModels";
import { closeAll, extension, model, root, until } from "./world";

/** The API of 1.104 as these tests use it: the typings are those of 1.90. */
interface Api {
  readonly lm: {
    selectChatModels(by: object): Promise<Model[]>;
    registerLanguageModelChatProvider?: unknown;
  };
  readonly LanguageModelChatMessage: {
    User(content: unknown): object;
    Assistant(content: unknown): object;
  };
  readonly LanguageModelTextPart: new (value: string) => { value: string };
  readonly LanguageModelToolCallPart: new (callId: string, name: string, input: object) => Call;
  readonly LanguageModelToolResultPart: new (callId: string, content: object[]) => object;
}
interface Call {
  readonly callId: string;
  readonly name: string;
  readonly input: object;
}
interface Model {
  readonly id: string;
  readonly family: string;
  readonly maxInputTokens: number;
  sendRequest(
    messages: object[],
    options: object,
    token?: vscode.CancellationToken,
  ): Promise<{ stream: AsyncIterable<object> }>;
  countTokens(text: string): Promise<number>;
}

const api = vscode as unknown as Api;
const User = (content: unknown): object => api.LanguageModelChatMessage.User(content);
const Assistant = (content: unknown): object => api.LanguageModelChatMessage.Assistant(content);
const TOOL = {
  name: "read",
  description: "Reads a file.",
  inputSchema: { type: "object", properties: { path: { type: "string" } } },
};
const CALL = { index: 0, id: "abc", function: { name: "read", arguments: '{"path": "a"}' } };

async function chosen(id: string): Promise<Model> {
  const [found] = await api.lm.selectChatModels({ vendor: VENDOR, id });
  return found!;
}

async function all(parts: AsyncIterable<object>): Promise<object[]> {
  const found: object[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

suite("the profiles as language models", () => {
  setup(async function () {
    if (api.lm.registerLanguageModelChatProvider === undefined) this.skip(); // before 1.104
    await closeAll();
  });

  test("are all there, and no model server is asked for that", async () => {
    const models = await api.lm.selectChatModels({ vendor: VENDOR });
    assert.deepEqual(models.map(({ id }) => id).sort(), ["first", "keyed", "nowhere", "second"]);
    const window = new Map(models.map(({ id, maxInputTokens }) => [id, maxInputTokens]));
    assert.equal((await chosen("first")).family, "model-one");
    assert.equal(window.get("nowhere"), 32_768 - 8_192); // not known yet
    assert.deepEqual((await model(0).log()).requests, []);
    assert.deepEqual((await model(1).log()).requests, []);
    assert.equal(await (await chosen("first")).countTokens("four words of text"), 5);
  });

  test("stream an answer, and get the whole conversation as it is", async () => {
    await model(1).answer({ reasoning: ["hm"], content: ["a", { gate: "half" }, "2"] });
    const messages = [User("q1"), Assistant("a1"), User("q2")];
    const { stream } = await (await chosen("second")).sendRequest(messages, {});
    const parts = stream[Symbol.asyncIterator]();
    const next = async (): Promise<object> => (await parts.next()).value as object;
    let first = await next();
    while (!(first instanceof api.LanguageModelTextPart)) first = await next(); // thinking, where it has a part
    assert.equal(first.value, "a");
    await model(1).open("half");
    assert.equal(((await next()) as { value: string }).value, "2");
    assert.equal((await parts.next()).done, true);
    const { json } = await model(1).turn(0);
    assert.deepEqual(
      json!.messages.map(({ role, content }) => [role, content]),
      [
        ["user", "q1"],
        ["assistant", "a1"],
        ["user", "q2"],
      ],
    );
  });

  test("call the tools that they are given, and get the results", async () => {
    await model(0).script({
      answers: [
        { chat: { content: ["Look."], tool_calls: [CALL], finish_reason: "tool_calls" } },
        { chat: { content: ["It says hello."] } },
      ],
    });
    const first = await chosen("first");
    const question = User("What is in a?");
    const called = await all((await first.sendRequest([question], { tools: [TOOL] })).stream);
    const call = called.at(-1) as Call;
    assert.ok(call instanceof api.LanguageModelToolCallPart);
    assert.deepEqual([call.callId, call.name, call.input], ["abc", "read", { path: "a" }]);
    const result = new api.LanguageModelToolResultPart("abc", [new api.LanguageModelTextPart("hello")]);
    const messages = [question, Assistant([new api.LanguageModelTextPart("Look."), call]), User([result])];
    const said = await all((await first.sendRequest(messages, { tools: [TOOL], toolMode: 2 })).stream);
    assert.deepEqual(
      said.map((part) => (part as { value: string }).value),
      ["It says hello."],
    );
    const sent = (await model(0).turn(0)).json as unknown as { tools: object[] };
    assert.deepEqual(sent.tools, [
      {
        type: "function",
        function: { name: TOOL.name, description: TOOL.description, parameters: TOOL.inputSchema },
      },
    ]);
    const then = (await model(0).turn(1)).json as unknown as { messages: object[]; tool_choice: string };
    assert.equal(then.tool_choice, "required");
    assert.deepEqual(then.messages.slice(1), [
      {
        role: "assistant",
        content: "Look.",
        tool_calls: [{ id: "abc", type: "function", function: { name: "read", arguments: '{"path":"a"}' } }],
      },
      { role: "tool", tool_call_id: "abc", content: "hello" },
    ]);
  });

  test("free the model when the request is cancelled", async () => {
    await model(0).answer({ content: ["a", { gate: "never" }] });
    const source = new vscode.CancellationTokenSource();
    const { stream } = await (await chosen("first")).sendRequest([User("q")], {}, source.token);
    await stream[Symbol.asyncIterator]().next();
    source.cancel();
    assert.ok((await model(0).hungUp(0)) >= 0);
  });

  test("say what failed, with the next step", async () => {
    const failing = (await chosen("keyed")).sendRequest([User("q")], {}).then(({ stream }) => all(stream));
    await assert.rejects(failing, (error: Error) => {
      const cause = error.cause instanceof Error ? error.cause : error;
      assert.match(cause.message, /CODEX_TEST_KEY_THAT_IS_UNSET/);
      return true;
    });
  });

  test("change with config.toml", async () => {
    const file = vscode.Uri.file(`${root()}/home/.codex/config.toml`);
    const before = await vscode.workspace.fs.readFile(file);
    const more =
      '\n[profiles.third]\nmodel = "model-three"\nmodel_provider = "second-server"\nmodel_context_window = 4096\n';
    await vscode.workspace.fs.writeFile(file, Buffer.concat([before, Buffer.from(more)]));
    try {
      await until("the new model", async () => ((await chosen("third")) as Model | undefined) !== undefined);
      assert.equal((await chosen("third")).maxInputTokens, 4096 - 1024);
    } finally {
      await vscode.workspace.fs.writeFile(file, before);
      await until("the old profiles", async () => {
        await extension().profiles.refresh();
        return !extension()
          .profiles.last()
          ?.profiles.some(({ name }) => name === "third");
      });
    }
  });
});
