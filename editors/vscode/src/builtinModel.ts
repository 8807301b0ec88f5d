/**
 * Get the Built-in Model: its engine if it is not there, its file through the server, then the offer to use it.
 *
 * Nothing is downloaded without a yes to a question that names the sizes. Cancelling ends the download at once; the
 * next one goes on from what had come.
 */

import { randomUUID } from "node:crypto";
import { WorkDoneProgress } from "vscode-languageclient/node";
import type { CodexClient } from "./client";
import { ProgressLocation, userSetting, window } from "./editor";
import type { CancellationToken, ExtensionContext, Progress } from "./editor";
import { EngineFailed, engineRequirement, hasEngine, installEngine } from "./engine";
import type { Engine } from "./engine";
import { ENGINE_MB, megabytes } from "./firstItems";
import { CannotStart, engineEnvironment, findLaunch } from "./launch";
import { chooseProfile } from "./profilePicker";
import type { Profiles } from "./profilePicker";
import { BUILT_IN, MODELS, MODEL_PULL } from "./protocol";
import type { ModelPullParams, ModelPullResult, ModelsResult, ServedModel } from "./protocol";
import type { Server } from "./server";
import { activeResource } from "./statusBar";

/** The model of the profile that is there without any config.toml. */
const DEFAULT: ServedModel = { name: "qwen2.5-coder-1.5b" };

export class BuiltinModel {
  constructor(
    private readonly context: ExtensionContext,
    private readonly server: Server,
    private readonly profiles: Profiles,
  ) {}

  /** Fetches what is missing after asking. A shortcut may name another of the built-in models. */
  async get(argument?: unknown): Promise<void> {
    const model = await this.model(typeof argument === "string" ? argument : DEFAULT.name);
    const engine = await this.missingEngine();
    if (!(await consents(model, engine !== undefined))) return;
    if (await this.fetched(model, engine)) await this.offer(model);
  }

  /**
   * Fetches what is missing of this model for a question that waits for it; the user has said yes to what was told of
   * it. Whether it is there now.
   */
  async fetchFor(name: string): Promise<boolean> {
    return this.fetched(await this.model(name), await this.missingEngine());
  }

  private fetched(model: ServedModel, engine: Engine | undefined): Promise<boolean> {
    const options = { location: ProgressLocation.Notification, title: "Codex", cancellable: true };
    return Promise.resolve(
      window.withProgress(options, (progress, token) => this.fetch(model, engine, progress, token)),
    );
  }

  private async model(name: string): Promise<ServedModel> {
    const client = await this.server.running();
    const { models } = await client.sendRequest<ModelsResult>(MODELS, { profile: BUILT_IN });
    return models.find((one) => one.name === name) ?? DEFAULT;
  }

  /** What to install; undefined where the server's Python has the engine, or the user's own codex-ls sees to it. */
  private async missingEngine(): Promise<Engine | undefined> {
    if (userSetting("server.path") !== "") return undefined;
    const { command: python } = await findLaunch(this.context);
    if (await hasEngine(python)) return undefined;
    const requirement = await engineRequirement(this.context.asAbsolutePath("bundled"));
    if (userSetting("python.interpreter") !== "")
      throw new CannotStart(
        "The Python that codex.python.interpreter names does not have the built-in model's engine.",
        `Clear that setting, or run: ${python} -m pip install "${requirement}"`,
        "python.interpreter",
      );
    return { python, folder: engineEnvironment(this.context.globalStorageUri.fsPath), requirement };
  }

  private async fetch(
    model: ServedModel,
    engine: Engine | undefined,
    progress: Progress<{ message: string; increment?: number }>,
    token: CancellationToken,
  ): Promise<boolean> {
    try {
      if (engine) {
        if (!(await installEngine(engine, (message) => progress.report({ message }), token))) return false;
        await this.server.restart(); // by the Python that has the engine
      }
      await pull(await this.server.running(), model, progress, token);
      return true;
    } catch (error) {
      if (token.isCancellationRequested) return false;
      throw error instanceof EngineFailed
        ? new CannotStart(error.message, "Codex: Check Setup says what there is.")
        : error;
    }
  }

  /** Says that it is there, and lets it be chosen where a profile names it. */
  private async offer({ name }: ServedModel): Promise<void> {
    const resource = activeResource();
    const { active, profiles } = await this.profiles.load(resource);
    const its = profiles.filter(({ provider, model }) => provider === BUILT_IN && model === name);
    const [first] = its;
    const ready = "The built-in model is ready.";
    if (first === undefined || its.some((profile) => profile.name === active)) {
      void window.showInformationMessage(first ? `${ready} It answers the next question.` : ready);
    } else if ((await window.showInformationMessage(ready, "Use It")) === "Use It") {
      await chooseProfile(first.name, resource);
    }
  }
}

/** One question before anything is downloaded. */
async function consents({ name, size, loaded }: ServedModel, needsEngine: boolean): Promise<boolean> {
  if (!needsEngine && loaded === true) return true;
  const bytes = size === undefined ? "" : ` (${megabytes(size)} MB)`;
  const detail = [
    ...(needsEngine
      ? [`The engine, llama.cpp (about ${ENGINE_MB} MB), comes from your Python package index.`]
      : []),
    loaded === true
      ? `The model, ${name}, is here already.`
      : `The model, ${name}${bytes}, comes from its public sources and is checked by its checksum.`,
    "Both stay on this machine, and so does everything you ask it.",
  ];
  const options = { modal: true, detail: detail.join("\n") };
  return (await window.showInformationMessage("Fetch the built-in model?", options, "Fetch")) === "Fetch";
}

/** `codex/modelPull`, its progress shown; rejects when it is cancelled. */
async function pull(
  client: CodexClient,
  { name }: ServedModel,
  progress: Progress<{ message: string; increment?: number }>,
  token: CancellationToken,
): Promise<void> {
  const params = { name, workDoneToken: randomUUID() } satisfies ModelPullParams;
  let shown = 0;
  const listening = client.onProgress(WorkDoneProgress.type, params.workDoneToken, (value) => {
    if (value.kind !== "report") return;
    const { message = "", percentage = shown } = value;
    progress.report({ message, increment: Math.max(0, percentage - shown) });
    shown = Math.max(shown, percentage);
  });
  try {
    await client.sendRequest<ModelPullResult>(MODEL_PULL, params, token);
  } finally {
    listening.dispose();
  }
}
