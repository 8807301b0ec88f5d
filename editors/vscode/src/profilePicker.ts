/**
 * Choosing a profile: what the server knows of each, and where the choice is written.
 */

import { isSet } from "./choice";
import type { Choice } from "./choice";
import {
  ConfigurationTarget,
  EventEmitter,
  QuickPickItemKind,
  ThemeIcon,
  folderOf,
  layers,
  setProfile,
  window,
  workspace,
} from "./editor";
import type { Disposable, QuickPickItem, Uri } from "./editor";
import type { Overrides } from "./overrides";
import { modelAndEffort, profileItems } from "./profileItems";
import { PROFILES } from "./protocol";
import type { ProfileSummary, ProfilesResult } from "./protocol";
import type { Server } from "./server";
import { profileOf } from "./settings";
import { BACK, step } from "./steps";
import type { Step } from "./steps";

/** The profiles as the server last told them, per workspace folder. */
export class Profiles implements Disposable {
  private readonly known = new Map<string, ProfilesResult>();
  private readonly emitter = new EventEmitter<void>();
  /** Resolves when the server has told, or failed to tell, what holds since the last change. */
  settled: Promise<void> = Promise.resolve();
  readonly onChange = this.emitter.event;

  constructor(private readonly server: Server) {}

  /** Asks the server; throws what `Server.running` throws. */
  async load(resource?: Uri): Promise<ProfilesResult> {
    const client = await this.server.running();
    const params = resource === undefined ? {} : { textDocument: { uri: resource.toString() } };
    const result = await client.sendRequest<ProfilesResult>(PROFILES, params);
    this.known.set(key(resource), result);
    this.emitter.fire();
    return result;
  }

  last(resource?: Uri): ProfilesResult | undefined {
    return this.known.get(key(resource));
  }

  activeName(resource?: Uri): string {
    return this.last(resource)?.active ?? "";
  }

  /** What the server last told of a profile. */
  summary(name: string | undefined, resource?: Uri): ProfileSummary | undefined {
    return this.last(resource)?.profiles.find((one) => one.name === name);
  }

  /**
   * Nothing that was told before a change is believed after it; what is looked at is asked for anew, once the server
   * has heard of the change.
   */
  async refresh(resource?: Uri, heard: Promise<void> = Promise.resolve()): Promise<void> {
    for (const other of this.known.keys()) if (other !== key(resource)) this.known.delete(other);
    const loaded = heard.then(() => this.load(resource));
    this.settled = loaded.then(
      () => undefined,
      () => undefined,
    );
    await loaded;
  }

  dispose(): void {
    this.emitter.dispose();
  }
}

function key(resource?: Uri): string {
  return (resource && folderOf(resource)?.uri.toString()) ?? "";
}

export interface ProfilePick {
  readonly profile: string;
  /** The profile's model or effort is to be chosen, too. */
  readonly tuned?: boolean;
  /** What was chosen for it is to be taken back. */
  readonly reset?: boolean;
}

type ProfileRow = QuickPickItem & ProfilePick;

interface Wanted extends Pick<Step<ProfileRow>, "placeHolder" | "at"> {
  readonly title?: string;
  readonly resource: Uri | undefined;
  /** Offers to choose model and effort, which are these now, and, by a button, those of every other profile. */
  readonly tunes?: Choice;
  /** Offers to take back what was chosen of them. */
  readonly resets?: boolean;
}

const TUNE = { iconPath: new ThemeIcon("settings-gear"), tooltip: "Model and Effort..." };

/** Lets the user pick one of the profiles; undefined if they don't. Throws what `Profiles.load` throws. */
export async function pickProfile(
  profiles: Profiles,
  overrides: Overrides,
  { title = "", resource, tunes, resets = false, ...plan }: Wanted,
): Promise<ProfilePick | undefined> {
  const result = await profiles.load(resource);
  const [problem] = result.problems;
  if (result.profiles.length === 0)
    throw new Error(problem?.message ?? `No profiles in ${result.configPath}.`);
  const rows = profileItems(result, (name) => overrides.of(name));
  const more = tunes === undefined ? [] : tuningRows(result, tunes, resets);
  const picked = await step<ProfileRow>({
    ...plan,
    title,
    fill: (picker) => {
      picker.matchOnDescription = true;
      picker.matchOnDetail = true;
      picker.items = [
        ...rows.map((row) => (tunes === undefined ? row : { ...row, buttons: [TUNE] })),
        ...more,
      ];
      return undefined;
    },
    press: ({ profile, label, ...row }) => ({ ...row, label, profile, tuned: true }),
  });
  return picked === BACK ? undefined : picked;
}

/** The rows about the model and the effort of the profile that answers. */
function tuningRows({ profiles }: ProfilesResult, choice: Choice, resets: boolean): ProfileRow[] {
  const profile = profiles.find(({ name }) => name === choice.profile);
  if (profile === undefined) return [];
  const { name, model } = profile;
  const back = {
    label: "$(discard) As in the Profile Again",
    description: model,
    profile: name,
    reset: true,
  };
  return [
    { label: name, kind: QuickPickItemKind.Separator, profile: name },
    {
      label: "$(settings) Model and Effort...",
      description: modelAndEffort(profile, choice),
      profile: name,
      tuned: true,
    },
    ...(resets && isSet(choice) ? [back] : []),
  ];
}

interface Place extends QuickPickItem {
  readonly target: ConfigurationTarget;
}

/** Writes a profile where the user wants it. */
export async function chooseProfile(profile: string, resource: Uri | undefined): Promise<void> {
  const target = await placeFor(resource);
  if (target === undefined) return;
  await setProfile(profile, target, resource);
  const effective = profileOf(layers("profile", resource), workspace.isTrusted);
  if (effective !== profile) {
    const why = workspace.isTrusted ? "a narrower setting is stronger" : "the workspace is not trusted";
    void window.showWarningMessage(`${effective || "The default"} still answers here: ${why}.`);
  }
}

/** Asked only where there is a choice. */
async function placeFor(resource: Uri | undefined): Promise<ConfigurationTarget | undefined> {
  const folder = resource && folderOf(resource);
  const count = workspace.workspaceFolders?.length ?? 0;
  if (count === 0 || !workspace.isTrusted) return ConfigurationTarget.Global;
  const places: Place[] = [
    {
      label: "This workspace",
      description: "in the workspace's settings",
      target: ConfigurationTarget.Workspace,
    },
    ...(folder && count > 1
      ? [
          {
            label: `The folder ${folder.name}`,
            description: "in its settings",
            target: ConfigurationTarget.WorkspaceFolder,
          },
        ]
      : []),
    { label: "All my workspaces", description: "in the user settings", target: ConfigurationTarget.Global },
  ];
  return (await window.showQuickPick(places, { placeHolder: "Where should it answer?" }))?.target;
}
