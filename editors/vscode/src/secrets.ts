/**
 * API keys: in VS Code's secret storage, each for one provider at one address, handed over when the server asks.
 */

import { window } from "./editor";
import type { SecretStorage } from "./editor";
import type { ProfilesResult } from "./protocol";

export interface KeyHolder {
  readonly provider: string;
  readonly origin: string;
}

/** A key for one provider is never given for another address than the one it was entered for. */
export function secretName({ provider, origin }: KeyHolder): string {
  return `codex.key ${JSON.stringify([provider, origin])}`;
}

/** The providers of the profiles, each address once. */
export function keyHolders({ profiles }: ProfilesResult): KeyHolder[] {
  const holders = new Map(
    profiles.map(({ provider, origin }) => [secretName({ provider, origin }), { provider, origin }]),
  );
  return [...holders.values()].filter(({ origin }) => origin !== "");
}

export class Secrets {
  constructor(private readonly storage: SecretStorage) {}

  async get(provider: string, origin: string): Promise<string | undefined> {
    return this.storage.get(secretName({ provider, origin }));
  }

  /** Asks for a key, and for whose it is unless that is known; true if one that was there before has been changed. */
  async enter(profiles: ProfilesResult, provider?: string): Promise<boolean> {
    const holders = keyHolders(profiles);
    const its = holders.filter((holder) => holder.provider === provider);
    const holder = its.length === 1 ? its[0] : await pickHolder(holders);
    if (holder === undefined) return false;
    const key = await window.showInputBox({
      title: `API key for ${holder.provider}`,
      prompt: `Sent to ${holder.origin} and nowhere else. Kept in VS Code's secret storage; leave empty to remove it.`,
      password: true,
      ignoreFocusOut: true,
    });
    if (key === undefined) return false;
    return this.store(holder, key.trim());
  }

  /** Keeps a key, or removes it where it is empty; true if one that was there before has been changed. */
  async store(holder: KeyHolder, key: string): Promise<boolean> {
    const name = secretName(holder);
    const before = await this.storage.get(name);
    if (key === "") await this.storage.delete(name);
    else await this.storage.store(name, key);
    return before !== undefined && before !== key;
  }
}

async function pickHolder(holders: readonly KeyHolder[]): Promise<KeyHolder | undefined> {
  const items = holders.map((holder) => ({ label: holder.provider, description: holder.origin, holder }));
  return (await window.showQuickPick(items, { placeHolder: "Whose API key?" }))?.holder;
}
