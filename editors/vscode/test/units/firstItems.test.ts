import assert from "node:assert/strict";
import { test } from "node:test";
import { firstItems } from "../../src/firstItems";
import type { DiscoverResult } from "../../src/protocol";

const BUILT_IN = { name: "qwen2.5-coder-1.5b", loaded: false, size: 1_117_320_768 };
const NOTHING: DiscoverResult = { servers: [], builtIn: BUILT_IN, configFolder: "/home/me/.codex" };

test("what answers here comes first, one row a model, with what a yes writes", () => {
  const servers = [
    {
      title: "Ollama 0.13.5",
      origin: "http://localhost:11434",
      models: [{ name: "qwen3:8b", loaded: true }, { name: "gpt-oss:20b" }],
    },
  ];
  const [first, second, builtIn] = firstItems({ ...NOTHING, servers });
  assert.deepEqual(first, {
    label: "$(device-desktop) qwen3:8b",
    description: "Ollama 0.13.5 · loaded",
    detail: "http://localhost:11434 · writes a profile into /home/me/.codex",
    server: { origin: "http://localhost:11434", model: "qwen3:8b" },
  });
  assert.equal(second?.description, "Ollama 0.13.5");
  assert.equal(builtIn?.builtIn, BUILT_IN.name);
});

test("without a server the built-in model is first, with everything that it downloads", () => {
  const [first, second, ...more] = firstItems(NOTHING);
  assert.equal(first?.description, "downloads 1,117 MB, and its engine (34 MB) if that is missing");
  assert.match(second?.label ?? "", /Set Up by Hand/);
  assert.deepEqual(more, []);
  const [here] = firstItems({ ...NOTHING, builtIn: { ...BUILT_IN, loaded: true } });
  assert.equal(here?.description, "is here; downloads its engine (34 MB) if that is missing");
});

test("of a server with many models the first six are offered", () => {
  const models = Array.from({ length: 40 }, (_, n) => ({ name: `m${n}` }));
  const found = firstItems({
    ...NOTHING,
    servers: [{ title: "x", origin: "http://localhost:1234", models }],
  });
  assert.equal(found.filter(({ server }) => server).length, 6);
});
