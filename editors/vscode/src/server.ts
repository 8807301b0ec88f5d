/**
 * The language server's life: started on the first need, restarted once when it dies, told about trust.
 */

import { State } from "vscode-languageclient/node";
import { CodexClient } from "./client";
import { EventEmitter, side, userSetting, window, workspace } from "./editor";
import type { Disposable, ExtensionContext, LogOutputChannel } from "./editor";
import { CannotStart, findLaunch } from "./launch";
import { DID_CHANGE_TRUST } from "./protocol";

/** A second death within this time is not answered with another restart. */
const GIVE_UP_MS = 3 * 60_000;

/** How long a server that is asked to stop may take. */
const STOP_MS = 5000;

export type ServerState = "stopped" | "starting" | "running" | "failed";

export class Server implements Disposable {
  private client: CodexClient | undefined;
  private starting: Promise<CodexClient> | undefined;
  /** Starts and stops, one after the other: a stop in the middle of a start would leave its process behind. */
  private line: Promise<unknown> = Promise.resolve();
  /** Gives up the start that is under way: a program that never answers must not keep a better one from starting. */
  private abandon: () => void = () => undefined;
  private diedAt: number | undefined;
  private state: ServerState = "stopped";
  private readonly emitter = new EventEmitter<ServerState>();
  readonly onState = this.emitter.event;
  private readonly profiles = new EventEmitter<void>();
  /** config.toml, or a file of a profile, has changed. */
  readonly onProfiles = this.profiles.event;
  /** What runs: "bundled server, Python 3.12.1". */
  what = "";

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
    private readonly secret: (provider: string, origin: string) => Promise<string | undefined>,
  ) {
    context.subscriptions.push(
      workspace.onDidGrantWorkspaceTrust(() => {
        void this.client?.sendNotification(DID_CHANGE_TRUST, { trusted: true });
      }),
    );
  }

  get current(): ServerState {
    return this.state;
  }

  /** The running client; starts it if need be. Throws `CannotStart`, with what to do. */
  running(): Promise<CodexClient> {
    if (this.starting) return this.starting;
    const starting = this.inLine(() => this.start()).catch((error: unknown) => {
      if (this.starting === starting) this.starting = undefined;
      this.become("failed");
      throw error;
    });
    this.starting = starting;
    return starting;
  }

  /** Resolves when the server has been told that it should ask for its settings again. */
  async settingsChanged(): Promise<void> {
    if (this.client?.isRunning()) {
      await this.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  }

  async restart(): Promise<void> {
    this.diedAt = undefined;
    await this.stop();
    await this.running();
  }

  stop(): Promise<void> {
    this.starting = undefined;
    this.abandon();
    return this.inLine(async () => {
      const { client } = this;
      this.client = undefined;
      // One that does not end in time is killed by the client; another can start meanwhile.
      const stopped = client?.state === State.Running ? client.stop(STOP_MS) : Promise.resolve();
      await stopped.catch((error: unknown) => this.log.warn(String(error)));
      await client?.dispose(0).catch(() => undefined);
      this.become("stopped");
    });
  }

  dispose(): Promise<void> {
    return this.stop();
  }

  private inLine<T>(step: () => Promise<T>): Promise<T> {
    const done = this.line.then(step);
    this.line = done.catch(() => undefined);
    return done;
  }

  private async start(): Promise<CodexClient> {
    this.become("starting");
    const launch = await findLaunch(this.context);
    this.what = launch.what;
    this.log.info(`Starting ${launch.what} on ${side()}`);
    const client = new CodexClient(launch, this.log, {
      secret: this.secret,
      died: () => this.died(),
      profilesChanged: () => this.profiles.fire(),
    });
    client.onDidChangeState(({ newState }) => {
      if (client !== this.client) return;
      if (newState === State.Running) this.become("running");
      if (newState === State.Starting) this.become("starting");
    });
    this.client = client;
    const started = client.start();
    const abandoned = new Promise<never>((_, reject) => {
      this.abandon = () => reject(new Error("it was stopped before it had started"));
    });
    try {
      await Promise.race([started, abandoned]);
    } catch (error) {
      this.client = undefined;
      started.then(
        () => void client.stop(), // it came too late
        () => undefined,
      );
      this.log.error(`The server did not start: ${String(error)}`);
      throw new CannotStart(
        `The codex-ls server did not start on ${side()} (${launch.what}).`,
        "The Codex log has the reason.",
        userSetting("server.path") === "" ? undefined : "server.path",
      );
    }
    return client;
  }

  /** The server process is gone. True: start another one. */
  private died(): boolean {
    const again = this.diedAt !== undefined && Date.now() - this.diedAt < GIVE_UP_MS;
    this.diedAt = Date.now();
    if (this.state !== "running") return false; // `start` says what is wrong
    if (again) {
      this.client = undefined;
      this.starting = undefined;
      this.become("failed");
      void this.tell(
        "The codex-ls server stopped again, and was not restarted. The text on the screen is kept.",
      );
    } else {
      void this.tell("The codex-ls server stopped, and was restarted. The text on the screen is kept.");
    }
    return !again;
  }

  private async tell(message: string): Promise<void> {
    const chosen = await window.showErrorMessage(message, "Restart Server", "Show Log");
    if (chosen === "Show Log") this.log.show();
    if (chosen === "Restart Server") await this.restart();
  }

  private become(state: ServerState): void {
    if (state === this.state) return;
    this.state = state;
    this.emitter.fire(state);
  }
}
