/**
 * A socket that nobody may connect to.
 */

import { createServer } from "node:net";
import type { Server } from "node:net";

export class Listener {
  connections = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on("connection", (socket) => {
      this.connections += 1;
      socket.destroy();
    });
  }

  static async start(): Promise<Listener> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Listener(server, (server.address() as { port: number }).port);
  }

  stop(): void {
    this.server.close();
  }
}
