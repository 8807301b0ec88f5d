/**
 * Model and effort that the user chose for a profile, in this workspace, until taken back.
 *
 * They are kept in VS Code's own storage, not in a settings file: nothing that comes with a repository can put one
 * there. Each belongs to one profile, so that a workspace which names another one takes none along.
 */

import { isSet, overrideFrom } from "./choice";
import type { Override } from "./choice";
import { EventEmitter } from "./editor";
import type { Disposable, Memento } from "./editor";

const KEY = "overrides";

export class Overrides implements Disposable {
  private readonly emitter = new EventEmitter<void>();
  readonly onChange = this.emitter.event;

  constructor(private readonly storage: Memento) {}

  /** What is chosen for a profile; empty where it is as config.toml has it. */
  of(profile: string): Override {
    return this.all().get(profile) ?? {};
  }

  /** Whether anything is chosen for any profile. */
  get any(): boolean {
    return this.all().size > 0;
  }

  /** An empty override takes back what was chosen. */
  async set(profile: string, override: Override): Promise<void> {
    const all = this.all();
    all.delete(profile);
    const kept = overrideFrom(override);
    if (isSet(kept)) all.set(profile, kept);
    await this.storage.update(KEY, all.size === 0 ? undefined : [...all]);
    this.emitter.fire();
  }

  dispose(): void {
    this.emitter.dispose();
  }

  private all(): Map<string, Override> {
    const stored = this.storage.get<unknown>(KEY);
    const entries = (Array.isArray(stored) ? stored : []).flatMap((entry): [string, Override][] => {
      const [profile, override] = Array.isArray(entry) ? (entry as unknown[]) : [];
      const found = overrideFrom(override);
      return typeof profile === "string" && isSet(found) ? [[profile, found]] : [];
    });
    return new Map(entries);
  }
}
