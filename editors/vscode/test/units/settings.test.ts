import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import type { Override } from "../../src/choice";
import { profileItems, statusText } from "../../src/profileItems";
import type { ProfilesResult } from "../../src/protocol";
import { findPython, versionOf } from "../../src/python";
import { localOnlyOf, profileOf, thinkingShowOf, waitsForTrust } from "../../src/settings";

describe("settings", () => {
  test("the nearest layer names the profile", () => {
    assert.equal(profileOf({ user: "u", workspace: "w", folder: "f" }, true), "f");
    assert.equal(profileOf({ user: "u", workspace: "w" }, true), "w");
    assert.equal(profileOf({ default: "", user: "u", workspace: " " }, true), "u");
    assert.equal(profileOf({ default: "" }, true), "");
  });
  test("in Restricted Mode only the user's own layer does", () => {
    const found = { user: "u", workspace: "w", folder: "f" };
    assert.equal(profileOf(found, false), "u");
    assert.ok(waitsForTrust(found));
    assert.ok(!waitsForTrust({ user: "u" }));
  });
  test("what is no name is not one", () => {
    assert.equal(profileOf({ user: "u", workspace: { name: "w" }, folder: 3 }, true), "u");
  });
  test("any layer turns the lock on, none turns it off", () => {
    assert.ok(localOnlyOf({ user: true, workspace: false, folder: false }));
    assert.ok(localOnlyOf({ default: false, folder: true }));
    assert.ok(!localOnlyOf({ default: false, user: false, workspace: "true" }));
  });
  test("nonsense about thinking is passed over", () => {
    assert.equal(thinkingShowOf({ default: "full", user: "hidden", workspace: "everything" }), "hidden");
    assert.equal(thinkingShowOf({}), "full");
  });
});

describe("finding Python", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "codex-python-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = (name: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o755);
    return file;
  };
  const old = program("old/python3");
  const good = program("good/python3");
  const newest = program("more/python3.13");
  const chosen = program("venv/bin/python");
  const versions = new Map([
    [old, "3.9.2"],
    [good, "3.11.4"],
    [newest, "3.13.0"],
    [chosen, "3.12.1"],
  ]);
  const ask = (file: string): Promise<string | undefined> => Promise.resolve(versions.get(file));
  const at = (...names: string[]): string =>
    names.map((name) => path.join(folder, name)).join(path.delimiter);
  const base = {
    setting: "",
    searchPath: at("old", "good", "more"),
    untrustedFolders: [],
    versions: ["3.13", "3.12", "3.11"],
  };

  test("the newest name on PATH comes first", async () => {
    assert.deepEqual(await findPython(base, ask), { path: newest, version: "3.13.0" });
  });
  test("one that is too old is passed over", async () => {
    const found = await findPython({ ...base, searchPath: at("old", "good") }, ask);
    assert.deepEqual(found, { path: good, version: "3.11.4" });
  });
  test("the Python extension's choice comes before PATH, our own environment before both", async () => {
    assert.deepEqual(await findPython({ ...base, extension: chosen }, ask), {
      path: chosen,
      version: "3.12.1",
    });
    const found = await findPython({ ...base, own: good, extension: chosen }, ask);
    assert.deepEqual(found, { path: good, version: "3.11.4" });
  });
  test("the user's setting is the only one tried", async () => {
    assert.deepEqual(await findPython({ ...base, setting: good }, ask), { path: good, version: "3.11.4" });
    assert.match(
      (await findPython({ ...base, setting: old }, ask)) as string,
      /old\/python3 is Python 3\.9\.2/,
    );
    assert.match((await findPython({ ...base, setting: "python3" }, ask)) as string, /does not run/);
  });
  test("nothing from a workspace's folder or a relative PATH is run", async () => {
    const searchPath = `.${path.delimiter}${at("more")}${path.delimiter}${at("old")}`;
    const found = await findPython(
      { ...base, searchPath, untrustedFolders: [path.join(folder, "more")] },
      ask,
    );
    assert.equal(found, "Python 3.9.2 was found; the server requires Python 3.11 to 3.13.");
  });
  test("none at all is said", async () => {
    const found = await findPython({ ...base, searchPath: "" }, ask);
    assert.equal(found, "No Python was found; the server requires Python 3.11 to 3.13.");
  });
  test("one that nothing compiled was bundled for is passed over", async () => {
    const found = await findPython({ ...base, versions: ["3.12", "3.11"] }, ask);
    assert.deepEqual(found, { path: good, version: "3.11.4" });
    assert.match(
      (await findPython({ ...base, setting: newest, versions: ["3.12", "3.11"] }, ask)) as string,
      /python3\.13 is Python 3\.13\.0; the server requires Python 3\.11 to 3\.12\.$/,
    );
  });
  test("a program that is no Python has no version", async () => {
    assert.equal(await versionOf(good), undefined);
  });
});

const RESULT: ProfilesResult = {
  active: "local",
  source: "config",
  configPath: "/home/u/.codex/config.toml",
  problems: [],
  profiles: [
    {
      name: "cloud",
      model: "gpt-5",
      provider: "openai",
      wireApi: "chat",
      origin: "https://api.openai.com",
      isLocal: false,
      problems: [{ kind: "missingCredential", message: "OPENAI_API_KEY is not set." }],
    },
    {
      name: "local",
      model: "gpt-oss-20b",
      provider: "lm",
      wireApi: "chat",
      origin: "http://localhost:1234",
      isLocal: true,
      problems: [],
    },
  ],
};

describe("profiles", () => {
  test("the picker shows where each one runs and what is wrong", () => {
    assert.deepEqual(profileItems(RESULT), [
      {
        label: "$(check) local",
        description: "$(device-desktop) local · gpt-oss-20b",
        detail: "http://localhost:1234",
        profile: "local",
      },
      {
        label: "cloud",
        description: "$(cloud) cloud · gpt-5",
        detail: "https://api.openai.com · $(warning) OPENAI_API_KEY is not set.",
        profile: "cloud",
      },
    ]);
  });
  const state = {
    server: "running",
    chosen: "",
    result: RESULT,
    overrideOf: () => ({}),
    restricted: false,
    side: "this machine",
  } as const;
  test("the status bar names the active one", () => {
    assert.deepEqual(statusText(state), {
      text: "$(device-desktop) local",
      spoken: "Codex: local, local",
      tooltip: [
        "Profile: local",
        "gpt-oss-20b on http://localhost:1234, local",
        "The server runs on this machine.",
        "Click to choose a profile.",
      ].join("\n"),
      isError: false,
    });
    assert.equal(statusText({ ...state, chosen: "cloud" }).text, "$(cloud) cloud");
  });
  test("the status bar tells what was chosen over the profile's own", () => {
    const overrideOf = (name: string): Override =>
      name === "local" ? { model: "qwen3-8b", effort: "high" } : {};
    const { text, spoken, tooltip } = statusText({ ...state, overrideOf });
    assert.equal(text, "$(device-desktop) local · qwen3-8b · effort high");
    assert.equal(spoken, "Codex: local · qwen3-8b · effort high, local");
    assert.match(
      tooltip,
      /^Model: qwen3-8b, which you chose for this workspace\.\nEffort: high, which you chose/m,
    );
    assert.equal(statusText({ ...state, overrideOf, chosen: "cloud" }).text, "$(cloud) cloud");
    assert.deepEqual(
      profileItems(RESULT, overrideOf).map(({ description }) => description),
      ["$(device-desktop) local · qwen3-8b · effort high (chosen here)", "$(cloud) cloud · gpt-5"],
    );
  });
  test("a name that no profile has is an error, and no other profile", () => {
    const { text, isError, tooltip } = statusText({ ...state, chosen: "nope" });
    assert.deepEqual([text, isError], ["$(error) nope", true]);
    assert.match(tooltip, /There is no profile "nope"/);
  });
  test("what is happening goes before the name, a server that is down before everything", () => {
    const happening = "local, thinking 2.0 s";
    assert.equal(statusText({ ...state, happening }).text, "$(loading~spin) local, thinking 2.0 s");
    assert.deepEqual(statusText({ ...state, server: "failed", happening }).isError, true);
  });
  test("Restricted Mode is said where it makes a difference", () => {
    assert.match(statusText({ ...state, restricted: true }).tooltip, /Restricted Mode/);
  });
});
