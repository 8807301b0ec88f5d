/**
 * The report of Check Setup as Markdown. Pure.
 */

import type { DoctorCheck, DoctorResult } from "./protocol";
import { plain } from "./wording";

const SIGNS: Readonly<Record<DoctorCheck["status"], string>> = {
  ok: "✅",
  warning: "⚠️",
  failed: "❌",
  skipped: "➖",
};

const RANK: Readonly<Record<DoctorCheck["status"], number>> = { failed: 0, warning: 1, ok: 2, skipped: 2 };

export interface Surface {
  readonly server: string;
  readonly side: string;
  readonly version: string;
}

export function doctorReport({ checks }: DoctorResult, { server, side, version }: Surface): string {
  const failed = checks.filter(({ status }) => status === "failed").length;
  const verdict =
    failed === 0 ? "Everything needed is there." : `${failed} of ${checks.length} checks failed.`;
  // What is to be done stands first; the others keep their order.
  const ordered = [...checks].sort((one, other) => RANK[one.status] - RANK[other.status]);
  const rows = ordered.map(({ status, title, detail, hint }) => {
    const next = hint === undefined ? "" : `\n  - ${plain(hint)}`;
    return `- ${SIGNS[status]} **${plain(title)}**: ${plain(detail)}${next}`;
  });
  const about = `VS Code ${version}, on ${side}. Server: ${server}. No key or header is in this report.`;
  return ["# Codex: Check Setup", verdict, rows.join("\n"), plain(about), ""].join("\n\n");
}
