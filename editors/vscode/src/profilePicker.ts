/**
 * Choosing a profile: what the server knows of each, and where the choice is written.
 */

import { ConfigurationTarget, EventEmitter, folderOf, layers, setProfile, window, workspace } from "./editor";
import type { Disposable, QuickPickItem, Uri } from "./editor";
import { profileItems } from "./profileItems";
import { PROFILES } from "./protocol";
import type { ProfilesResult } from "./protocol";
import type { Server } from "./server";
import { profileOf } from "./settings";

/** The profiles as the server last told them, per workspace folder. */
export class Profiles implements Disposable {
  private readonly known = new Map<string, ProfilesResult>();
  private readonly emitter = new EventEmitter<void>();
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

  /** Nothing that was told before a change of settings is believed after it. */
  forget(): void {
    this.known.clear();
    this.emitter.fire();
  }

  dispose(): void {
    this.emitter.dispose();
  }
}

function key(resource?: Uri): string {
  return (resource && folderOf(resource)?.uri.toString()) ?? "";
}

/** Lets the user pick one of the profiles; undefined if they don't. */
export async function pickProfile(
  profiles: Profiles,
  resource: Uri | undefined,
  placeHolder: string,
): Promise<string | undefined> {
  const loading = profiles.load(resource);
  const items = loading.then((result) => {
    const [problem] = result.problems;
    if (result.profiles.length === 0)
      throw new Error(problem?.message ?? `No profiles in ${result.configPath}.`);
    return profileItems(result);
  });
  await items;
  const options = { placeHolder, matchOnDescription: true, matchOnDetail: true };
  return (await window.showQuickPick(items, options))?.profile;
}

interface Place extends QuickPickItem {
  readonly target: ConfigurationTarget;
}

/** Picks a profile and writes it where the user wants it. */
export async function selectProfile(profiles: Profiles, resource: Uri | undefined): Promise<void> {
  const profile = await pickProfile(profiles, resource, "Which profile should answer?");
  if (profile !== undefined) await chooseProfile(profile, resource);
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
