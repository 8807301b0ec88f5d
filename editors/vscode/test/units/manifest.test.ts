/** package.json promises nothing that the code does not keep, and the code takes no API that 1.90 does not have. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

interface Manifest {
  readonly engines: { readonly vscode: string };
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
    }[];
    readonly menus: Readonly<
      Record<string, readonly { readonly command?: string; readonly when?: string }[]>
    >;
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly mac: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string }>> };
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly description: string;
        readonly media: { readonly markdown: string };
      }[];
    }[];
  };
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const { commands, menus, keybindings, configuration, walkthroughs } = manifest.contributes;
const known = new Set(commands.map(({ command }) => command));

test("the types are those of the oldest VS Code that is promised", () => {
  const types = JSON.parse(readFileSync("node_modules/@types/vscode/package.json", "utf8")) as {
    version: string;
  };
  assert.equal(`^${types.version}`, manifest.engines.vscode);
});

test("every command is there once, with a category, and the code registers it and no other", () => {
  assert.equal(known.size, commands.length);
  for (const { command, category } of commands) assert.equal(category, "Codex", command);
  const source = readFileSync("src/extension.ts", "utf8");
  const registered = [...source.matchAll(/this\.(?:command|onTarget)\(\s*"(codex\.\w+)"/g)].map(
    ([, id]) => id!,
  );
  assert.deepEqual(registered.sort(), [...known].sort());
});

test("menus, shortcuts and walkthroughs name commands that there are", () => {
  const named = [
    ...Object.values(menus).flatMap((items) => items.flatMap(({ command }) => command ?? [])),
    ...keybindings.map(({ command }) => command),
    ...walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ description }) => [...description.matchAll(/command:([\w.]+)/g)].map(([, id]) => id!)),
    ),
  ];
  for (const command of named) assert.ok(known.has(command), command);
});

test("what acts on an answer is offered where there is one", () => {
  const actions = [
    "copyAnswer",
    "copyCodeBlock",
    "askAgain",
    "continue",
    "insertAnswer",
    "replaceSelection",
    "openAnswer",
    "closeAnswer",
    "showThinking",
  ];
  const palette = new Map(menus.commandPalette!.map(({ command, when }) => [command, when]));
  for (const action of [...actions, "askAgainWith"])
    assert.equal(palette.get(`codex.${action}`), "codex.answered", action);
});

test("a setting of machine scope is restricted, and no other names a host, a command or a folder", () => {
  const restricted = new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations);
  const scopes = Object.entries(configuration.properties).map(([name, { scope }]) => ({ name, scope }));
  for (const { name, scope } of scopes) {
    if (scope === "machine") assert.ok(restricted.has(name), name);
    else assert.doesNotMatch(name, /path|home|interpreter|url|host|key/i, name);
  }
});

test("no setting names a model or an effort: a workspace's file would be read for it", () => {
  for (const name of Object.keys(configuration.properties)) assert.doesNotMatch(name, /model|effort/i);
});

test("pictures and pages that are shown are there", () => {
  const readme = readFileSync("README.md", "utf8");
  const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file]) => file!);
  assert.ok(pictures.length >= 4);
  const pages = walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown));
  for (const file of [...pictures, ...pages]) assert.ok(existsSync(file), file);
  const shots = readdirSync("media/screenshots").map((name) => path.posix.join("media/screenshots", name));
  assert.deepEqual(shots.sort(), [...new Set(pictures)].sort());
});

test("every setting stands in the README", () => {
  const readme = readFileSync("README.md", "utf8");
  for (const name of Object.keys(configuration.properties)) assert.ok(readme.includes(`\`${name}\``), name);
});
