import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newAnswer, reduce } from "../../src/answer";
import { label } from "../../src/label";
import { choiceFrom, overrideFrom, who } from "../../src/choice";
import { effortItems, modelItems } from "../../src/choiceItems";
import type { ModelChoice } from "../../src/choiceItems";
import { EFFORTS } from "../../src/protocol";
import type { ProfileSummary } from "../../src/protocol";

describe("a choice", () => {
  test("is told in words that fit into a label", () => {
    assert.equal(who("local"), "local");
    assert.equal(who("local", { effort: "low" }), "local · effort low");
    assert.equal(who("local", { model: "qwen3-8b", effort: "high" }), "local · qwen3-8b · effort high");
    assert.equal(who("local", { model: `a-publisher/${"m".repeat(30)}` }), `local · ${"m".repeat(30)}`);
    assert.equal(who("local", { model: "m".repeat(40) }), `local · ${"m".repeat(31)}…`);
  });

  test("takes from a stored value, or an argument, what makes sense of it", () => {
    assert.deepEqual(overrideFrom({ model: " qwen3-8b ", effort: "high", more: 1 }), {
      model: "qwen3-8b",
      effort: "high",
    });
    for (const nonsense of [
      undefined,
      null,
      "high",
      3,
      [],
      { model: " ", effort: "extreme" },
      { model: 3 },
    ]) {
      assert.deepEqual(overrideFrom(nonsense), {});
      assert.equal(choiceFrom(nonsense), undefined);
    }
    assert.deepEqual(choiceFrom({ profile: "cloud", effort: "low" }), { profile: "cloud", effort: "low" });
    assert.deepEqual(choiceFrom({ profile: { name: "cloud" }, model: "m" }), { model: "m" });
  });

  test("stands in the label from the question on, and stays when the profile has answered", () => {
    const asked = newAnswer("Codex", 0, { override: { effort: "high" } });
    assert.equal(label(asked, 0), "Codex · effort high, connecting");
    const begin = {
      type: "begin",
      threadId: "t",
      turnId: "u",
      seq: 0,
      provider: "lm",
      isLocal: true,
    } as const;
    const begun = reduce(asked, { ...begin, model: "gpt-oss-20b", profile: "local" }, 0);
    assert.equal(label(begun, 0), "local · effort high (local), connecting");
  });
});

const PROFILE: ProfileSummary = {
  name: "local",
  model: "gpt-oss-20b",
  provider: "lm",
  wireApi: "chat",
  origin: "http://localhost:1234",
  isLocal: true,
  problems: [],
};
const OWN = { label: "As in the profile", description: "gpt-oss-20b", picks: {} };
const TICKED = { ...OWN, label: "$(check) As in the profile" };

describe("the list of models", () => {
  const base: ModelChoice = { profile: PROFILE, chosen: undefined, typed: "", served: undefined };

  test("begins with the profile's own, before the server has said anything", () => {
    assert.deepEqual(modelItems(base), [TICKED]);
    assert.deepEqual(modelItems({ ...base, chosen: "qwen3-8b" }), [
      OWN,
      { label: "$(check) qwen3-8b", description: "", picks: { model: "qwen3-8b" } },
    ]);
  });

  test("has what the server has: loaded ones first, with what it tells of them", () => {
    const served = [
      { name: "small", loaded: false, size: 4_200_000_000 },
      { name: "big", loaded: true, contextWindow: 32768 },
      { name: "other" },
    ];
    assert.deepEqual(modelItems({ ...base, served, chosen: "small" }), [
      OWN,
      { label: "on http://localhost:1234", picks: "heading" },
      {
        label: "big",
        description: "$(circle-filled) loaded · window of 32,768 tokens",
        picks: { model: "big" },
      },
      {
        label: "$(check) small",
        description: "$(circle-outline) not loaded · 4.2 GB",
        picks: { model: "small" },
      },
      { label: "other", description: "", picks: { model: "other" } },
    ]);
  });

  test("says of a built-in model whether it has been fetched", () => {
    const profile = { ...PROFILE, provider: "embedded", origin: "" };
    const served = [{ name: "tiny", loaded: false }];
    assert.deepEqual(modelItems({ ...base, profile, served }).slice(1), [
      { label: "on the built-in server", picks: "heading" },
      { label: "tiny", description: "$(circle-outline) not fetched", picks: { model: "tiny" } },
    ]);
  });

  test("takes a name that is typed, below what matches it, and not twice", () => {
    const served = [{ name: "qwen3-8b" }];
    const typed = modelItems({ ...base, served, typed: " qwen3 " }).at(-1);
    assert.deepEqual(typed, {
      label: "$(edit)",
      description: "qwen3 (as typed)",
      alwaysShow: true,
      picks: { model: "qwen3" },
    });
    assert.equal(modelItems({ ...base, served, typed: "qwen3-8b" }).at(-1)?.label, "qwen3-8b");
  });

  test("says in its place that the server could not be asked, and leaves all the rest to choose", () => {
    const items = modelItems({
      ...base,
      served: "Connection refused: nothing listens at http://x.",
      typed: "mine",
    });
    assert.deepEqual(items.slice(0, 1), [TICKED]);
    assert.deepEqual(items[1]?.picks, { model: "mine" });
    assert.deepEqual(items.slice(2), [
      {
        label: "$(warning)",
        description: "the server's models could not be listed; Enter tries again",
        detail: "Connection refused: nothing listens at http://x.",
        alwaysShow: true,
        picks: "list again",
      },
    ]);
  });
});

test("the list of efforts has the protocol's, behind the profile's own", () => {
  const items = effortItems({ effort: "low" });
  assert.deepEqual(
    items.map(({ picks }) => picks),
    [{}, ...EFFORTS.map((effort) => ({ effort }))],
  );
  assert.deepEqual(
    items.map(({ label }) => label),
    ["As in the profile", "none", "minimal", "$(check) low", "medium", "high"],
  );
  assert.equal(effortItems({})[0]?.label, "$(check) As in the profile");
});
