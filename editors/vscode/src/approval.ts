/**
 * The question whether a model may do something: all of what would happen, and no answer that is assumed.
 */

import { window } from "./editor";
import type { ApproveParams, ApproveResult, Decision } from "./protocol";

const ANSWERS: readonly [string, Decision][] = [
  ["Yes", "accept"],
  ["Yes, from Now On", "acceptForSession"],
  ["No", "decline"],
  ["Stop", "cancel"],
];

/** The title of the question, and all of what would happen. */
export function questionOf({ kind, changes, command, cwd, reason }: ApproveParams): [string, string] {
  const details = [
    ...(changes ?? []).map(({ diff }) => diff),
    ...(command === undefined ? [] : [command, `in ${cwd ?? "?"}`]),
    ...(reason === undefined ? [] : [`Reason given: ${reason.replace(/\s+/g, " ")}`]),
  ];
  switch (kind) {
    case "edit":
      return ["Codex wants to change files.", details.join("\n\n")];
    case "command":
      return ["Codex wants to run a command.", details.join("\n\n")];
    case "escalate":
      return [
        "Codex wants to run a command without a sandbox. It could change all of your files.",
        details.join("\n\n"),
      ];
  }
}

/** Answers `codex/approve`: whoever closes the question has declined. */
export async function approve(params: ApproveParams): Promise<ApproveResult> {
  const [title, detail] = questionOf(params);
  const titles = ANSWERS.map(([word]) => word);
  const chosen = await window.showWarningMessage(title, { modal: true, detail }, ...titles);
  return { decision: ANSWERS.find(([word]) => word === chosen)?.[1] ?? "decline" };
}
