/**
 * Choosing who answers a question, and with which model and effort: a list each, the keyboard is enough.
 *
 * The list of models is there at once and grows when the profile's server has told what it has; what it doesn't
 * tell can be typed. That it can't tell is a row of the list, and stands in nobody's way.
 */

import { overrideFrom } from "./choice";
import type { Choice, Override } from "./choice";
import { effortItems, modelItems } from "./choiceItems";
import type { EffortItem, ModelItem } from "./choiceItems";
import { CancellationTokenSource, QuickPickItemKind } from "./editor";
import type { CancellationToken, QuickPick, QuickPickItem, Uri } from "./editor";
import type { Overrides } from "./overrides";
import { pickProfile } from "./profilePicker";
import type { Profiles } from "./profilePicker";
import { MODELS } from "./protocol";
import type { ModelsResult, ProfileSummary, ServedModel } from "./protocol";
import type { Server } from "./server";
import { BACK, step } from "./steps";

export interface Wanted {
  readonly title: string;
  readonly resource: Uri | undefined;
  /** The profile that is to answer; absent: it is chosen first. */
  readonly profile?: string;
  /** What is in force before the choice; absent: what was chosen for the profile in this workspace. */
  readonly from?: Override;
}

interface Steps {
  readonly title: string;
  readonly profile: ProfileSummary;
  readonly from: Override;
  /** How many steps come before these. */
  readonly before: number;
}

type ModelRow = ModelItem & QuickPickItem;

export class ChoicePicker {
  constructor(
    private readonly server: Server,
    private readonly profiles: Profiles,
    private readonly overrides: Overrides,
  ) {}

  /** The choice, whole: what is absent of it is as in the profile. Undefined if the user goes away. */
  async choose(wanted: Wanted): Promise<(Choice & { profile: string }) | undefined> {
    const { title, resource, profile } = wanted;
    const { profiles } = this.profiles.last(resource) ?? (await this.profiles.load(resource));
    const given = profiles.find(({ name }) => name === profile);
    for (;;) {
      const name = given?.name ?? (await this.profile(title, resource));
      if (name === undefined) return undefined;
      const summary = given ?? this.profiles.last(resource)?.profiles.find((one) => one.name === name);
      if (summary === undefined) return undefined;
      const from = wanted.from ?? this.overrides.of(name);
      const override = await this.override({ title, profile: summary, from, before: given ? 0 : 1 });
      if (override === undefined) return undefined;
      if (override !== BACK) return { profile: name, ...override };
    }
  }

  private async profile(title: string, resource: Uri | undefined): Promise<string | undefined> {
    const placeHolder = "Who should answer?";
    const at = { step: 1, of: 3 };
    return (await pickProfile(this.profiles, this.overrides, { title, placeHolder, resource, at }))?.profile;
  }

  private async override(steps: Steps): Promise<Override | typeof BACK | undefined> {
    let chosen = steps.from;
    for (;;) {
      const model = await this.model(steps, chosen);
      if (model === undefined || model === BACK) return model;
      chosen = overrideFrom({ ...model, effort: chosen.effort });
      const effort = await this.effort(steps, chosen);
      if (effort !== BACK) return effort && overrideFrom({ ...model, ...effort });
    }
  }

  private async model(
    { title, profile, before }: Steps,
    chosen: Override,
  ): Promise<Override | typeof BACK | undefined> {
    const source = new CancellationTokenSource();
    const list = new ModelList(profile, chosen.model, () => this.served(profile.name, source.token));
    const row = await step<ModelRow>({
      title: `${title}: the model of ${profile.name}`,
      placeHolder: "Which model? Pick one, or type a name",
      at: { step: before + 1, of: before + 2 },
      canGoBack: before > 0,
      fill: (picker) => {
        list.fill(picker);
        return () => source.cancel();
      },
      takes: (item) => list.takes(item),
    });
    if (row === undefined || row === BACK) return row;
    return overrideFrom(row.picks);
  }

  private async effort(
    { title, profile, before }: Steps,
    chosen: Override,
  ): Promise<Override | typeof BACK | undefined> {
    const items = effortItems(chosen);
    const row = await step<EffortItem>({
      title: `${title}: the effort of ${chosen.model ?? profile.model}`,
      placeHolder: "How much should it think?",
      at: { step: before + 2, of: before + 2 },
      canGoBack: true,
      fill: (picker) => {
        picker.items = items;
        picker.activeItems = items.filter(({ picks }) => picks.effort === chosen.effort);
        return undefined;
      },
    });
    return row === undefined || row === BACK ? row : row.picks;
  }

  /** What a profile's server has. */
  private async served(profile: string, token: CancellationToken): Promise<readonly ServedModel[]> {
    const client = await this.server.running();
    if (!client.offers(MODELS)) throw new Error("This codex-ls can't list models; a newer one can.");
    return (await client.sendRequest<ModelsResult>(MODELS, { profile }, token)).models;
  }
}

/** The rows of the list of models while it is open. */
class ModelList {
  private picker: QuickPick<ModelRow> | undefined;
  private served: readonly ServedModel[] | string | undefined;
  private typed = "";

  constructor(
    private readonly profile: ProfileSummary,
    private readonly chosen: string | undefined,
    private readonly ask: () => Promise<readonly ServedModel[]>,
  ) {}

  fill(picker: QuickPick<ModelRow>): void {
    this.picker = picker;
    picker.matchOnDetail = false;
    picker.onDidChangeValue((value) => {
      this.typed = value;
      this.show();
    });
    void this.list();
  }

  /** The row for another try starts it, and chooses nothing. */
  takes({ picks }: ModelRow): boolean {
    if (picks === "list again") void this.list();
    return picks !== "list again";
  }

  private async list(): Promise<void> {
    this.served = undefined;
    this.show();
    this.served = await this.ask().catch(reason);
    this.show();
  }

  private show(): void {
    const { picker, profile, chosen, typed, served } = this;
    if (picker === undefined) return;
    const [before] = picker.activeItems;
    picker.busy = served === undefined;
    picker.items = modelItems({ profile, chosen, typed, served }).map((item) =>
      item.picks === "heading" ? { ...item, kind: QuickPickItemKind.Separator } : item,
    );
    if (typed !== "") return;
    const wanted = before === undefined ? { model: chosen } : before.picks;
    picker.activeItems = picker.items.filter(({ picks }) => modelOf(picks) === modelOf(wanted)).slice(0, 1);
  }
}

/** The model that a row picks; of a row that picks none, what kind of row it is. */
function modelOf(picks: ModelRow["picks"] | { readonly model: string | undefined }): string {
  return typeof picks === "string" ? `$(${picks})` : (picks.model ?? "");
}

function reason(error: unknown): string {
  const { message, data } = error as { message?: unknown; data?: { hint?: unknown } };
  const said = typeof message === "string" ? message : String(error);
  return typeof data?.hint === "string" ? `${said} ${data.hint}` : said;
}
