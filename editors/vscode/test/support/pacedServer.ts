/**
 * A model server at a steady pace: every piece has its time, counted from the first, so that a late one makes no other
 * late; and it notes when each was handed to the kernel, on the clock that the window has, too.
 */

import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";

export interface PacedAnswer {
  readonly tokensPerSecond: number;
  /** How long nothing comes after the request. */
  readonly silentMs?: number;
  readonly reasoning?: readonly string[];
  readonly content: readonly string[];
}

export interface Request {
  readonly arrivedAt: number;
  readonly body: { model: string; messages: { role: string; content: string }[] };
  /** When the first byte of the thinking, or of the answer, was written; epoch milliseconds. */
  firstReasoningAt?: number;
  firstContentAt?: number;
  /** When the last piece was written. */
  endedAt?: number;
}

export class PacedServer {
  readonly requests: Request[] = [];
  private answers: PacedAnswer[] = [];

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on("request", (request, response) => {
      let text = "";
      request.on("data", (piece: Buffer) => (text += piece.toString()));
      request.on("end", () => {
        const next = request.method === "POST" ? this.answers.shift() : undefined;
        if (next === undefined) {
          response.writeHead(404).end();
          return;
        }
        const seen: Request = { arrivedAt: Date.now(), body: JSON.parse(text) as Request["body"] };
        this.requests.push(seen);
        void write(response, next, seen);
      });
    });
  }

  static async start(): Promise<PacedServer> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new PacedServer(server, (server.address() as { port: number }).port);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** The next answers, one for each request, in place of those that nobody has asked for. */
  answer(...answers: PacedAnswer[]): void {
    this.answers = answers;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function write(response: ServerResponse, answer: PacedAnswer, seen: Request): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  if (answer.silentMs !== undefined) await pause(answer.silentMs);
  const start = performance.now();
  const gap = 1000 / answer.tokensPerSecond;
  const pieces = [
    ...(answer.reasoning ?? []).map((text) => ({ reasoning_content: text })),
    ...answer.content.map((text) => ({ content: text })),
  ];
  for (const [n, delta] of pieces.entries()) {
    const early = start + n * gap - performance.now();
    if (early > 0) await pause(early);
    if (response.destroyed) return;
    response.write(chunk({ delta }));
    if ("content" in delta) seen.firstContentAt ??= Date.now();
    else seen.firstReasoningAt ??= Date.now();
  }
  seen.endedAt = Date.now();
  response.end(`${chunk({ delta: {}, finish_reason: "stop" })}data: [DONE]\n\n`);
}

function chunk(choice: object): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, ...choice }] })}\n\n`;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
