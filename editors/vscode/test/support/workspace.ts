/**
 * A folder for one test: a home with a config.toml, a workspace, and VS Code's own folders.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface ProfileSpec {
  readonly name: string;
  readonly baseUrl: string;
  readonly model: string;
  readonly envKey?: string;
}

export const SAMPLE = `def total(prices):
    result = 0
    for price in prices:
        result += price
    return result


def mean(prices):
    return total(prices) / len(prices)
`;

/** A temporary folder that goes away with `remove`. */
export class Sandbox {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), "codex-vscode-")));
  readonly home = this.folder("home");
  readonly userData = this.folder("user-data");
  readonly extensions = this.folder("extensions");
  /** Sockets: VS Code leaves them behind when it is killed. */
  readonly runtime = this.folder("run");

  folder(...parts: string[]): string {
    const folder = path.join(this.root, ...parts);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  write(file: string, text: string): string {
    const target = path.join(this.root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
    return target;
  }

  /** `~/.codex/config.toml` with one provider a profile; the first profile is the default. */
  config(profiles: readonly ProfileSpec[], extra = ""): void {
    const [first] = profiles;
    const tables = profiles.map(({ name, baseUrl, model, envKey }) => {
      const key = envKey === undefined ? "" : `env_key = "${envKey}"\n`;
      const provider = `[model_providers.${name}-server]\nname = "${name}"\nbase_url = "${baseUrl}"\n${key}`;
      return `${provider}\n[profiles.${name}]\nmodel = "${model}"\nmodel_provider = "${name}-server"\n`;
    });
    this.write("home/.codex/config.toml", `${extra}profile = "${first?.name ?? ""}"\n\n${tables.join("\n")}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
