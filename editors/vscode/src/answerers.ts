/**
 * Who answers a question: what the settings and the user chose, what the user is told, and what happens where it is
 * somebody else by the time the question arrives.
 */

import { isSet, placed } from "./choice";
import type { Choice } from "./choice";
import type { FirstMinute } from "./firstMinute";
import type { Question, Shown } from "./question";
import { layers, window, workspace } from "./editor";
import type { Uri } from "./editor";
import type { Overrides } from "./overrides";
import type { Profiles } from "./profilePicker";
import { profileOf, waitsForTrust } from "./settings";
import type { TurnFailed } from "./turn";

export class Answerers {
  constructor(
    private readonly profiles: Profiles,
    private readonly overrides: Overrides,
    private readonly first: FirstMinute,
  ) {}

  /**
   * What the settings choose goes with the request: in Restricted Mode the server believes no setting, and of a
   * notebook's cell, or a document that is no file, it does not know the folder. So does the model and the effort
   * that the user chose for that profile, and with them its name: they are for no other one.
   */
  async usual(resource: Uri, named?: string): Promise<Choice> {
    await this.profiles.settled;
    const isKnown = named !== undefined || this.fromSettings(resource) !== "" || this.profiles.last(resource);
    // Whose choice it is can't be told before the server has said which profile config.toml selects.
    if (!isKnown && this.overrides.any) await this.profiles.load(resource).catch(() => undefined);
    return this.lastKnown(resource, named);
  }

  /** The same, as far as it is known without the server. */
  lastKnown(resource: Uri, named?: string): Choice {
    const set = named ?? this.fromSettings(resource);
    if (set !== "") return { profile: set, ...this.overrides.of(set) };
    return this.overridden(this.profiles.activeName(resource));
  }

  /** Who the user is told will answer. */
  shown(resource: Uri, choice: Choice): Shown {
    const name = choice.profile ?? this.chosen(resource);
    const known = this.profiles.last(resource);
    if (name === "") return { name: "Codex", ...(known && { expected: { profile: "" } }) };
    const summary = known?.profiles.find((one) => one.name === name);
    return {
      name,
      ...(summary && { isLocal: summary.isLocal }),
      expected: { profile: name, ...(summary && { origin: summary.origin }) },
    };
  }

  /** In Restricted Mode the user's own profile answers, and that is said where the workspace wanted another. */
  remark(resource: Uri): { remark?: string } {
    if (workspace.isTrusted || !waitsForTrust(layers("profile", resource))) return {};
    return {
      remark:
        "Restricted Mode: your own profile answered; the one this workspace asks for waits for your trust.",
    };
  }

  /** A question that reached nobody, for somebody whom the user chooses now; undefined where that is no help. */
  async reconsidered(question: Question, error: TurnFailed, resource: Uri): Promise<Question | undefined> {
    if (error.data.kind === "profileChanged") return this.otherwise(question, error, resource);
    const profile = await this.first.profile(error, resource);
    if (profile === undefined) return undefined;
    await this.profiles.load(resource);
    const choice = { profile };
    return { ...question, ...this.shown(resource, choice), choice };
  }

  /** Nothing was sent, since another profile or address would have been asked than was shown: the user decides. */
  private async otherwise(
    question: Question,
    { data }: TurnFailed,
    resource: Uri,
  ): Promise<Question | undefined> {
    const { profiles, active = "" } = await this.profiles.load(resource);
    const name = data.profile ?? active;
    const summary = profiles.find((one) => one.name === name);
    const isSame = name === question.expected?.profile;
    const who = placed(name === "" ? "the settings at its top" : name, summary?.isLocal);
    const now = isSame ? `sends ${who} to ${summary?.origin ?? "another address"}` : `selects ${who}`;
    const ask = `Ask ${name === "" ? "Anyway" : name}`;
    const detail = [
      `The question was meant for ${placed(question.name, question.isLocal)}. Nothing was sent.`,
      ...(summary ? [`${summary.model} on ${summary.origin || "the built-in server"}`] : []),
    ].join("\n");
    const chosen = await window.showWarningMessage(
      `config.toml now ${now}. ${ask}?`,
      { modal: true, detail },
      ask,
    );
    if (chosen !== ask) return undefined;
    const choice = isSame ? question.choice : this.overridden(name);
    return { ...question, ...this.shown(resource, { ...choice, profile: name }), choice };
  }

  /** The profile that the settings choose for a document, else the server's; empty while neither is known. */
  chosen(resource: Uri): string {
    const set = this.fromSettings(resource);
    return set === "" ? this.profiles.activeName(resource) : set;
  }

  /** What was chosen for the profile that config.toml selects; without that it goes unnamed. */
  private overridden(active: string): Choice {
    const override = this.overrides.of(active);
    return isSet(override) ? { profile: active, ...override } : {};
  }

  /** The profile that the settings choose for a document, as far as they are believed; else empty. */
  private fromSettings(resource: Uri): string {
    return profileOf(layers("profile", resource), workspace.isTrusted);
  }
}
