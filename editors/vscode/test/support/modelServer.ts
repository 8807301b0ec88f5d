/**
 * The fake model server of the repository's own test suite, driven over HTTP (tests/support/model_control.py).
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

export const REPOSITORY = path.resolve(process.cwd(), "../..");

/** A piece of text, or what happens between two: `{ gate: "name" }` holds the stream until it is opened. */
export type Piece =
  string | { gate: string } | { repeat: string; times: number } | { cut: string } | { pauseMs: number };

export interface Chat {
  reasoning?: Piece[];
  content?: Piece[];
  finish_reason?: string;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: { model: string; reasoning_effort?: string; messages: { role: string; content: string }[] };
}

export class ModelServer {
  private constructor(
    private readonly child: ChildProcess | undefined,
    readonly origin: string,
  ) {}

  /** One that another process has started. */
  static at(origin: string): ModelServer {
    return new ModelServer(undefined, origin);
  }

  static async start(port = 0): Promise<ModelServer> {
    const args = ["-m", "tests.support.model_server", "--port", String(port), "--with-stdin"];
    const child = spawn(process.env.PYTHON ?? "python3", args, {
      cwd: REPOSITORY,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const first = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`the fake model server ended with ${code}`)));
    });
    return new ModelServer(child, (JSON.parse(first) as { origin: string }).origin);
  }

  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  /** The next answers, one for each request. */
  async answer(...chats: Chat[]): Promise<void> {
    await this.post("answers", { answers: chats.map((chat) => ({ chat })) });
  }

  async script(scenario: object): Promise<void> {
    await this.post("answers", scenario);
  }

  async open(gate: string): Promise<void> {
    await this.post(`gates/${gate}/open`);
  }

  async reached(gate: string): Promise<void> {
    await this.get(`gates/${gate}/reached`);
  }

  /** The n-th model request, once it has arrived. */
  async turn(n: number): Promise<Seen> {
    return (await this.get(`turns/${n}`)) as Seen;
  }

  /** Milliseconds from the n-th request's arrival to its client hanging up. */
  async hungUp(n: number): Promise<number> {
    return ((await this.get(`turns/${n}/hung-up`)) as { afterMs: number }).afterMs;
  }

  async log(): Promise<{ requests: Seen[]; connections: number; unexpected: number }> {
    return (await this.get("log")) as { requests: Seen[]; connections: number; unexpected: number };
  }

  async reset(): Promise<void> {
    await this.post("reset");
  }

  stop(): void {
    this.child?.removeAllListeners("exit");
    this.child?.stdin?.end();
    this.child?.kill();
  }

  private async get(what: string): Promise<unknown> {
    return this.checked(await fetch(`${this.origin}/control/${what}`));
  }

  private async post(what: string, body?: object): Promise<void> {
    const init = { method: "POST", ...(body && { body: JSON.stringify(body) }) };
    await this.checked(await fetch(`${this.origin}/control/${what}`, init));
  }

  private async checked(response: Response): Promise<unknown> {
    const text = await response.text();
    if (!response.ok) throw new Error(`model server: ${response.status} ${text}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }
}
