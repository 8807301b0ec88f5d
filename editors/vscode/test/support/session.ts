/**
 * Everything one file of screen tests needs, started before its tests and ended after them.
 */

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { CodeServer } from "./codeServer";
import type { Options } from "./codeServer";
import { ensureHost } from "./host";
import { ModelServer } from "./modelServer";
import { Workbench } from "./workbench";
import { Sandbox } from "./workspace";

interface Opened {
  readonly open: string;
  readonly files: readonly string[];
  readonly env?: Options["env"];
}

export interface Plan extends Options {
  /** How many fake model servers. */
  readonly models?: number;
  /** Writes the workspace; gives what to open and which files of it. */
  prepare(session: Session): Opened | Promise<Opened>;
}

export class Session {
  readonly sandbox = new Sandbox();
  readonly models: ModelServer[] = [];
  private parts: { server: CodeServer; window: Workbench } | undefined;

  get model(): ModelServer {
    return this.models[0]!;
  }

  get window(): Workbench {
    return this.parts!.window;
  }

  get server(): CodeServer {
    return this.parts!.server;
  }

  async start(plan: Plan): Promise<void> {
    const host = ensureHost();
    for (let n = 0; n < (plan.models ?? 1); n += 1) this.models.push(await ModelServer.start());
    const { open, files, env } = await plan.prepare(this);
    const vsix = process.env.CODEX_TEST_VSIX;
    if (vsix === undefined) throw new Error("CODEX_TEST_VSIX names no VSIX; run `npm run test:screen`");
    const server = await CodeServer.start(host, this.sandbox, vsix, { ...plan, ...(env && { env }) });
    const window = await Workbench.open(host.chromium, server.url(open, files));
    this.parts = { server, window };
  }

  async stop(): Promise<void> {
    await this.parts?.window.close();
    this.parts?.server.stop();
    for (const model of this.models) model.stop();
    this.sandbox.remove();
  }

  /** What our extension, the extension host and the server wrote, for a test that failed. */
  logs(): string {
    const found = filesBelow(path.join(this.sandbox.userData, "logs"));
    const ours = found.filter((file) => /codex|remoteexthost\.log/i.test(file));
    return ours.map((file) => `--- ${file}\n${readFileSync(file, "utf8").slice(-6000)}`).join("\n");
  }
}

/** A session for the tests of this file. */
export function session(plan: Plan): Session {
  const one = new Session();
  before(() => one.start(plan));
  after(() => one.stop());
  return one;
}

/** A test that leaves a picture of the screen, and the logs, when it fails. */
export function screenTest(one: Session, name: string, body: () => Promise<void>): void {
  test(name, async () => {
    try {
      await body();
    } catch (error) {
      await one.window.shot(`failed-${name.replace(/\W+/g, "-").slice(0, 60)}`);
      process.stderr.write(one.logs());
      throw error;
    }
  });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    return statSync(file).isDirectory() ? filesBelow(file) : [file];
  });
}
