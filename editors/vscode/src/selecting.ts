/**
 * Who answers from now on: the profile, which is a setting, and the model and effort that the user wants of it in
 * this workspace, which are not.
 */

import type { ChoicePicker } from "./choicePicker";
import { layers, workspace } from "./editor";
import type { Uri } from "./editor";
import type { Overrides } from "./overrides";
import { chooseProfile, pickProfile } from "./profilePicker";
import type { Profiles } from "./profilePicker";
import { profileOf } from "./settings";

export class Selecting {
  constructor(
    private readonly profiles: Profiles,
    private readonly overrides: Overrides,
    private readonly choices: ChoicePicker,
  ) {}

  /** Picks a profile and writes it where the user wants it; leads on to its model and effort. */
  async profile(resource: Uri | undefined): Promise<void> {
    const active = await this.active(resource);
    const picked = await pickProfile(this.profiles, this.overrides, {
      placeHolder: "Which profile should answer?",
      resource,
      tunes: { profile: active, ...this.overrides.of(active) },
      resets: true,
    });
    if (picked?.reset) await this.overrides.set(picked.profile, {});
    else if (picked?.tuned) await this.model(resource, picked.profile);
    else if (picked) await chooseProfile(picked.profile, resource);
  }

  /** Picks model and effort for a profile, the active one if none is given, in this workspace. */
  async model(resource: Uri | undefined, profile?: string): Promise<void> {
    const name = profile ?? (await this.active(resource));
    const choice = await this.choices.choose({ title: "In this workspace", resource, profile: name });
    if (choice) await this.overrides.set(choice.profile, choice);
  }

  /** The profile that answers as things stand; empty if there is none. */
  private async active(resource: Uri | undefined): Promise<string> {
    const set = profileOf(layers("profile", resource), workspace.isTrusted);
    const { active = "" } = await this.profiles.load(resource);
    return set === "" ? active : set;
  }
}
