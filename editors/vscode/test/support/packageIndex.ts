/** A package index on loopback: the wheels of a folder, one of which can be held back in the middle. */

import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

export class PackageIndex {
  private holding: { prefix: string; held: () => void; left: () => void } | undefined;

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {
    server.on("request", (request, response) => this.answer(request, response));
  }

  static async start(folder: string): Promise<PackageIndex> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new PackageIndex(server, folder);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/simple`;
  }

  /** Sends half of the next wheel whose name begins so, and no more; `left` resolves when the client has gone. */
  hold(prefix: string): { held: Promise<void>; left: Promise<void> } {
    const signals = { held: (): void => undefined, left: (): void => undefined };
    const held = new Promise<void>((resolve) => (signals.held = resolve));
    const left = new Promise<void>((resolve) => (signals.left = resolve));
    this.holding = { prefix, held: () => signals.held(), left: () => signals.left() };
    return { held, left };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer({ url = "" }: IncomingMessage, response: ServerResponse): void {
    const [, kind, name = ""] = url.split("/");
    if (kind === "simple") {
      const wanted = readdirSync(this.folder).filter((wheel) => projectOf(wheel) === name);
      response.setHeader("Content-Type", "text/html");
      response.end(wanted.map((wheel) => `<a href="/wheels/${wheel}">${wheel}</a>`).join("\n"));
      return;
    }
    const file = path.join(this.folder, path.basename(name));
    const { size } = statSync(file);
    response.setHeader("Content-Length", size);
    if (this.holding === undefined || !path.basename(file).startsWith(this.holding.prefix)) {
      createReadStream(file).pipe(response);
      return;
    }
    const { held, left } = this.holding;
    this.holding = undefined;
    response.once("close", left);
    const half = createReadStream(file, { end: Math.floor(size / 2) });
    half.once("end", held);
    half.pipe(response, { end: false });
  }
}

function projectOf(wheel: string): string {
  return (wheel.split("-", 1)[0] ?? "").replaceAll("_", "-");
}
