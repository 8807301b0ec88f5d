/** What the extension tells and asks in message boxes, without a screen: every message is kept, and answered. */

import type * as vscode from "vscode";

export interface Told {
  readonly message: string;
  readonly buttons: readonly string[];
  /** What a box that waits for its answer says below. */
  readonly detail?: string;
}

type Kind = "showErrorMessage" | "showWarningMessage" | "showInformationMessage";
const KINDS: readonly Kind[] = ["showErrorMessage", "showWarningMessage", "showInformationMessage"];

/** Keeps what is told while `body` runs; the button that `answer` names is pressed, if there is such a one. */
export async function listening(
  window: typeof vscode.window,
  body: (told: readonly Told[]) => Promise<void>,
  answer?: string,
): Promise<Told[]> {
  const told: Told[] = [];
  const real = KINDS.map((kind) => [kind, window[kind]] as const);
  const hear = (message: string, ...rest: unknown[]): Promise<string | undefined> => {
    const buttons = rest.filter((item): item is string => typeof item === "string");
    const [detail] = rest.flatMap((item) => (item as { detail?: string }).detail ?? []);
    told.push({ message, buttons, ...(detail !== undefined && { detail }) });
    return Promise.resolve(buttons.find((button) => button === answer));
  };
  for (const kind of KINDS) Object.assign(window, { [kind]: hear });
  try {
    await body(told);
  } finally {
    Object.assign(window, Object.fromEntries(real));
  }
  return told;
}
