/**
 * The box that a question is typed into. Its title says who will answer, and follows config.toml while it is open.
 */

import { window } from "./editor";
import type { Disposable, Event } from "./editor";

interface Box {
  /** What the title says now. */
  readonly title: () => string;
  readonly prompt: string;
  /** The title may be another one now. */
  readonly onChange: Event<void>;
}

/** What the user types; undefined if they go away, or type nothing. */
export async function typedQuestion({ title, prompt, onChange }: Box): Promise<string | undefined> {
  const box = window.createInputBox();
  box.title = title();
  box.prompt = prompt;
  box.placeholder = "What do you want to know?";
  box.ignoreFocusOut = true;
  const listening: Disposable[] = [];
  try {
    return await new Promise((resolve) => {
      listening.push(
        onChange(() => (box.title = title())),
        box.onDidAccept(() => {
          if (box.value.trim() !== "") resolve(box.value);
        }),
        box.onDidHide(() => resolve(undefined)),
      );
      box.show();
    });
  } finally {
    for (const one of listening) one.dispose();
    box.dispose();
  }
}
