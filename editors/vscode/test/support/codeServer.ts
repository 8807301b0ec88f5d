/**
 * A running VS Code with our VSIX installed, the way a user gets it.
 */

import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import type { Host } from "./host";
import type { Sandbox } from "./workspace";

const QUIET = {
  "workbench.startupEditor": "none",
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "update.mode": "none",
  "workbench.enableExperiments": false,
  "workbench.reduceMotion": "on",
  "git.enabled": false,
  "files.hotExit": "off",
  "files.autoSave": "off",
  "window.commandCenter": false,
  "editor.minimap.enabled": false,
};

export interface Options {
  /** VS Code's own default settings, as a new user has them, in place of the quiet ones. */
  readonly defaults?: boolean;
  readonly settings?: object;
  /** Settings of machine scope: programs and folders. */
  readonly machine?: object;
  /** Ask for trust as a user's VS Code does: the workspace starts in Restricted Mode. */
  readonly restricted?: boolean;
  readonly extraArgs?: readonly string[];
  /** What VS Code finds in its environment; undefined is not there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export class CodeServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly log: string,
  ) {
    process.once("exit", () => this.stop());
  }

  static async start(
    host: Host,
    sandbox: Sandbox,
    vsix: string | undefined,
    options: Options = {},
  ): Promise<CodeServer> {
    const { settings = {}, machine = {}, restricted = false, extraArgs = [], defaults = false } = options;
    const user = { ...(defaults ? {} : QUIET), ...settings };
    sandbox.write("user-data/User/settings.json", JSON.stringify(user, null, 2));
    // Machine settings of a window with a remote side, as this one is, live on that side.
    sandbox.write("user-data/Machine/settings.json", JSON.stringify({ ...python(), ...machine }));
    const folders = ["--user-data-dir", sandbox.userData, "--extensions-dir", sandbox.extensions];
    const env = environment(sandbox, options.env);
    if (vsix !== undefined) {
      const install = [host.codeServer, ...folders, "--install-extension", vsix];
      execFileSync(host.node, install, { env, stdio: "ignore" });
    }
    const port = await freePort();
    const log = path.join(sandbox.root, "code-server.log");
    const trust = restricted ? [] : ["--disable-workspace-trust"];
    const quiet = [
      "--auth",
      "none",
      "--disable-telemetry",
      "--disable-update-check",
      "--disable-getting-started-override",
    ];
    const args = [
      host.codeServer,
      ...folders,
      ...quiet,
      ...trust,
      "--bind-addr",
      `127.0.0.1:${port}`,
      ...extraArgs,
    ];
    const output = openSync(log, "w");
    const child = spawn(host.node, args, { env, detached: true, stdio: ["ignore", output, output] });
    const server = new CodeServer(child, port, log);
    await server.healthy();
    return server;
  }

  /** The address that opens `folder` (or a .code-workspace file) with these files. */
  url(
    folder: string,
    files: readonly string[] = [],
    extra: readonly (readonly [string, string])[] = [],
  ): string {
    const query = folder.endsWith(".code-workspace") ? "workspace" : "folder";
    const opened = files.map((file) => ["openFile", `vscode-remote://127.0.0.1:${this.port}${file}`]);
    const payload = JSON.stringify([...opened, ["skipWelcome", "true"], ...extra]);
    return `http://127.0.0.1:${this.port}/?${query}=${folder}&payload=${encodeURIComponent(payload)}`;
  }

  /** Ends the server with everything it started. */
  stop(): void {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      return;
    try {
      process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }

  private async healthy(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const response = await fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`code-server did not start; its log is ${this.log}`);
  }
}

/** The Python under test: what the extension finds by itself, unless `CODEX_TEST_PYTHON` names one. */
function python(): object {
  const chosen = process.env.CODEX_TEST_PYTHON;
  return chosen === undefined ? {} : { "codex.python.interpreter": chosen };
}

function environment(sandbox: Sandbox, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: sandbox.home,
    XDG_RUNTIME_DIR: sandbox.runtime,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...extra,
  };
  const unwanted = new Set(["PORT", "CODEX_HOME", "OPENAI_API_KEY", "CODEX_API_KEY", "NODE_OPTIONS"]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !unwanted.has(name)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
