/**
 * What goes wrong, told with the next step as a button, and what Check Setup finds.
 */

import { doctorReport } from "./doctor";
import { ReadOnlyDocuments } from "./documents";
import { ProgressLocation, Uri, commands, env, side, version, window, workspace } from "./editor";
import type { Disposable, LogOutputChannel } from "./editor";
import { CannotStart } from "./launch";
import { commandOf } from "./nextSteps";
import type { Step } from "./nextSteps";
import { DOCTOR } from "./protocol";
import type { DoctorResult, ProfilesResult } from "./protocol";
import type { Server } from "./server";
import type { TurnFailed } from "./turn";

const LOG: Step = { title: "Show Log", command: "codex.showLog" };
const START: Step = { title: "Getting Started", command: "codex.gettingStarted" };

export class Reports implements Disposable {
  private readonly documents = new ReadOnlyDocuments("codex-report");

  constructor(
    private readonly server: Server,
    private readonly log: LogOutputChannel,
  ) {}

  /** A command failed: one message, with the hint and what to do. */
  async tell(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(message);
    const hint = error instanceof CannotStart ? ` ${error.hint}` : "";
    const steps = error instanceof CannotStart ? [wayOut(error), LOG] : [LOG];
    await this.offer(message + hint, steps);
  }

  /** A turn failed; its answer says why, this offers the way out where there is one. */
  async offerHelp({ message, data }: TurnFailed): Promise<void> {
    if (data.nextStep) await this.offer(message, [commandOf(data.nextStep)]);
  }

  async checkSetup(): Promise<void> {
    const client = await this.server.running();
    if (!client.offers(DOCTOR)) throw new Error("This codex-ls can't check the setup; a newer one can.");
    const title = "Codex: checking the setup";
    const result = await window.withProgress({ location: ProgressLocation.Window, title }, () =>
      client.sendRequest<DoctorResult>(DOCTOR, { discover: true }),
    );
    const report = doctorReport(result, { server: this.server.what, side: side(), version });
    await this.documents.show(this.documents.add("Check Setup.md", () => report));
  }

  /** config.toml in an editor; a new one, unsaved, where there is none. */
  async openConfig({ configPath }: ProfilesResult): Promise<void> {
    const uri = Uri.file(configPath);
    const exists = await workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    await window.showTextDocument(exists ? uri : uri.with({ scheme: "untitled" }));
  }

  dispose(): void {
    this.documents.dispose();
  }

  private async offer(message: string, steps: readonly Step[]): Promise<void> {
    const chosen = await window.showErrorMessage(message, ...steps.map(({ title }) => title));
    const step = steps.find(({ title }) => title === chosen);
    if (step) await commands.executeCommand(step.command, step.argument);
  }
}

/** The setting that is wrong, where it is one; else the first steps. */
function wayOut({ setting }: CannotStart): Step {
  if (setting === undefined) return START;
  const query = `codex.${setting}`;
  // A setting of machine scope is, on a remote, one of that machine.
  return env.remoteName === undefined
    ? { title: "Open Settings", command: "workbench.action.openSettings", argument: query }
    : { title: "Open Remote Settings", command: "workbench.action.openRemoteSettings", argument: { query } };
}
