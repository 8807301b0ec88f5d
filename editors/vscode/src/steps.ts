/**
 * One step of a choice that has several: a list that is shown at once, may change while it is open, and may lead back.
 */

import { QuickInputButtons, window } from "./editor";
import type { QuickInputButton, QuickPick, QuickPickItem } from "./editor";

/** The user wants the step before this one. */
export const BACK = Symbol("back");

export interface Step<Item extends QuickPickItem> {
  readonly title: string;
  readonly placeHolder: string;
  /** Which step of how many; absent where there is but one. */
  readonly at?: { readonly step: number; readonly of: number };
  readonly canGoBack?: boolean;
  /** Fills the list; what it gives back ends with the list. */
  fill(picker: QuickPick<Item>): (() => void) | undefined;
  /** Whether a row that the user takes is the choice; the default is yes. */
  takes?(item: Item): boolean;
  /** A row's button was pressed: the choice, or undefined. */
  press?(item: Item, button: QuickInputButton): Item | undefined;
}

/** Shows the list until the user takes a row, goes back, or away (undefined). */
export async function step<Item extends QuickPickItem>(
  plan: Step<Item>,
): Promise<Item | typeof BACK | undefined> {
  const picker = window.createQuickPick<Item>();
  picker.title = plan.title;
  picker.placeholder = plan.placeHolder;
  picker.step = plan.at?.step;
  picker.totalSteps = plan.at?.of;
  picker.ignoreFocusOut = plan.at !== undefined;
  if (plan.canGoBack) picker.buttons = [QuickInputButtons.Back];
  const end = plan.fill(picker);
  try {
    return await new Promise((resolve) => {
      picker.onDidTriggerButton(() => resolve(BACK));
      picker.onDidTriggerItemButton(({ item, button }) => {
        const pressed = plan.press?.(item, button);
        if (pressed) resolve(pressed);
      });
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        if (item && (plan.takes?.(item) ?? true)) resolve(item);
      });
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
  } finally {
    end?.();
    picker.dispose();
  }
}
