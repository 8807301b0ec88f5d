/**
 * The first question where nothing is configured: what answers on this machine is offered, one key has the server write
 * a profile for it, and the question is asked.
 */

import type { BuiltinModel } from "./builtinModel";
import { commands } from "./editor";
import type { Memento, QuickPickItem, Uri } from "./editor";
import { firstItems } from "./firstItems";
import type { FirstItem } from "./firstItems";
import type { Profiles } from "./profilePicker";
import { ADD_PROFILE, DISCOVER } from "./protocol";
import type { AddProfileParams, AddProfileResult, DiscoverResult } from "./protocol";
import type { Server } from "./server";
import { activeResource } from "./statusBar";
import { BACK, step } from "./steps";
import { isBuiltInMissing } from "./turn";
import type { TurnFailed } from "./turn";

type Row = QuickPickItem & FirstItem;

const WELCOMED = "welcomed";

export class FirstMinute {
  constructor(
    private readonly server: Server,
    private readonly profiles: Profiles,
    private readonly builtin: BuiltinModel,
  ) {}

  /**
   * The profile to ask after a question that failed because nothing is set up: what the user picks, once it is there.
   * Undefined where something is configured, or the user picks nothing.
   */
  async profile({ data }: TurnFailed, resource: Uri): Promise<string | undefined> {
    if (!isBuiltInMissing(data) || this.profiles.last(resource)?.source !== "default") return undefined;
    const client = await this.server.running();
    if (!client.offers(DISCOVER)) return undefined;
    const picked = await step<Row>({
      title: "Nothing is configured yet. Who should answer?",
      placeHolder: "Looking for model servers on this machine...",
      fill: (picker) => {
        picker.ignoreFocusOut = true;
        picker.busy = true;
        const looking = client.sendRequest<DiscoverResult>(DISCOVER, {});
        void looking.then((result) => {
          picker.items = firstItems(result);
          picker.placeholder = "Enter takes the first one, and your question is asked";
          picker.busy = false;
        });
        return undefined;
      },
    });
    if (picked === undefined || picked === BACK) return undefined;
    const { server, builtIn } = picked;
    if (server) return this.add(server);
    if (builtIn !== undefined)
      return (await this.builtin.fetchFor(builtIn)) ? this.profiles.activeName(resource) : undefined;
    await commands.executeCommand("codex.gettingStarted");
    return undefined;
  }

  private async add(params: AddProfileParams): Promise<string> {
    const client = await this.server.running();
    const { profile } = await client.sendRequest<AddProfileResult>(ADD_PROFILE, params);
    return profile;
  }
}

/** Opens Getting Started the first time that the extension runs, unless something is configured already. */
export async function welcome(state: Memento, profiles: Profiles): Promise<void> {
  if (state.get(WELCOMED) === true) return;
  const { source } = profiles.last(activeResource()) ?? (await profiles.load(activeResource()));
  await state.update(WELCOMED, true);
  if (source === "default") await commands.executeCommand("codex.gettingStarted");
}
