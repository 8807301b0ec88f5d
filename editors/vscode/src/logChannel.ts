/**
 * The log as the language client wants one: its lines, and the server's, at their own levels.
 */

import type { LogOutputChannel, OutputChannel } from "./editor";

/** "[Error - 12:12:29 PM] Server process exited": level and time are the log's to write. */
const PREFIX = /^\[(Trace|Debug|Info|Warn|Error) *- [^\]]*\] ?/;

export function logChannel(log: LogOutputChannel): OutputChannel {
  const write = (text: string): void => {
    const line = text.trimEnd();
    if (line === "") return;
    const level = PREFIX.exec(line)?.[1]?.toLowerCase() as
      "trace" | "debug" | "info" | "warn" | "error" | undefined;
    log[level ?? "info"](line.replace(PREFIX, ""));
  };
  const channel: Omit<OutputChannel, "show"> = {
    name: log.name,
    append: write,
    appendLine: write,
    replace: write,
    clear: () => log.clear(),
    hide: () => log.hide(),
    dispose: () => undefined, // the log outlives the client
  };
  return Object.assign(channel, { show: () => log.show(true) });
}
