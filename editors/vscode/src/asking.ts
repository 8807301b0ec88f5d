/**
 * The ways to ask: from the palette, about a selection, about a problem, again with another profile, in reply.
 */

import type { Question, Surroundings } from "./conversation";
import type { Conversations } from "./conversations";
import { CodeAction, CodeActionKind, Range, languages, layers, window, workspace } from "./editor";
import type { CommentReply, Diagnostic, Disposable, TextEditor, Uri } from "./editor";
import { pickProfile } from "./profilePicker";
import type { Profiles } from "./profilePicker";
import { profileOf, waitsForTrust } from "./settings";
import { contextOf, describe, isSubject, problemAt, subjectOf } from "./subject";
import type { Subject } from "./subject";

const EXPLAIN = "Explain this code: what it does, and what is surprising about it.";
const FIX =
  "Fix the problem that is reported here. Say in one sentence what was wrong, then give the corrected code alone.";

export class Asking {
  constructor(
    private readonly conversations: Conversations,
    private readonly profiles: Profiles,
    private readonly surroundings: (resource?: Uri) => Surroundings,
  ) {}

  /** Asks what the user types, or `prompt`, about the selection, else about the file. */
  async ask(prompt?: string): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const question = prompt ?? (await this.question(subject));
    if (question !== undefined) await this.about(subject, question, editor);
  }

  async explain(): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { document } = editor;
    const line = document.lineAt(subject.range.start.line).range;
    await this.about(subject.range.isEmpty ? { ...subject, range: line } : subject, EXPLAIN, editor);
  }

  async fix(diagnostic?: Diagnostic): Promise<void> {
    const editor = window.activeTextEditor;
    const subject = editor && problemAt(editor, diagnostic);
    if (subject) await this.about(subject, FIX, editor);
    else void window.showInformationMessage("There is no problem at the cursor.");
  }

  /** The last question of a conversation once more, answered by another profile, in a thread of its own. */
  async again(argument: unknown): Promise<void> {
    const target = this.conversations.target(argument);
    if (target === undefined) return;
    const profile = await pickProfile(this.profiles, target.conversation.thread.uri, "Who should answer?");
    if (profile === undefined) return;
    const { turn, conversation } = target;
    conversation.pinned = profile;
    await conversation.ask({ ...turn.question, profile, name: profile }, { anew: true });
  }

  async reply({ thread, text }: CommentReply): Promise<void> {
    const conversation = this.conversations.target(thread)?.conversation;
    const first = conversation?.turns[0];
    if (conversation === undefined || first === undefined || text.trim() === "") return;
    // The thread has the code already; the profile is named, so that the document need not go along to tell it.
    const profile = conversation.pinned ?? this.chosen(thread.uri);
    const { textDocument } = first.question.context;
    const known = profile !== "";
    await conversation.ask({
      prompt: text,
      name: known ? profile : "Codex",
      context: known || !textDocument ? {} : { textDocument },
      ...(known && { profile }),
    });
  }

  private async question(subject: Subject): Promise<string | undefined> {
    const who = this.name(subject.document.uri);
    const typed = await window.showInputBox({
      title: `Ask ${who}`,
      prompt: `About ${describe(subject)}`,
      placeHolder: "What do you want to know?",
      ignoreFocusOut: true,
    });
    return typed === undefined || typed.trim() === "" ? undefined : typed;
  }

  private async about(subject: Subject, prompt: string, editor: TextEditor): Promise<void> {
    const { document, range } = subject;
    const name = this.name(document.uri);
    const at = new Range(range.start.line, 0, range.end.line, document.lineAt(range.end.line).text.length);
    const surroundings = this.surroundings(document.uri);
    const conversation = this.conversations.create(document, at, range, prompt, surroundings);
    editor.revealRange(at);
    const question: Question = {
      prompt,
      name,
      context: contextOf(subject),
      ...this.setProfile(document.uri),
      ...this.remark(document.uri),
    };
    await conversation.ask(question);
  }

  /** The active editor; without one, an empty document for the answer to stand in. */
  private async editor(): Promise<TextEditor> {
    const active = window.activeTextEditor;
    if (active !== undefined && isSubject(active.document)) return active;
    return window.showTextDocument(await workspace.openTextDocument({ language: "markdown", content: "" }));
  }

  /**
   * What the settings choose goes with the request: in Restricted Mode the server believes no setting, and of a
   * notebook's cell, or a document that is no file, it does not know the folder.
   */
  private setProfile(resource: Uri): { profile?: string } {
    const set = profileOf(layers("profile", resource), workspace.isTrusted);
    return set === "" ? {} : { profile: set };
  }

  /** In Restricted Mode the user's own profile answers, and that is said where the workspace wanted another. */
  private remark(resource: Uri): { remark?: string } {
    if (workspace.isTrusted || !waitsForTrust(layers("profile", resource))) return {};
    return {
      remark:
        "Restricted Mode: your own profile answered; the one this workspace asks for waits for your trust.",
    };
  }

  private name(resource: Uri): string {
    const chosen = this.chosen(resource);
    return chosen === "" ? "Codex" : chosen;
  }

  /** The profile that the settings choose for a document, else the server's; empty while neither is known. */
  private chosen(resource: Uri): string {
    const set = profileOf(layers("profile", resource), workspace.isTrusted);
    return set === "" ? this.profiles.activeName(resource) : set;
  }
}

/** Offers to ask about a selection, and to fix or explain each problem, where VS Code lists its fixes. */
export function registerCodeActions(): Disposable {
  const provideCodeActions = (
    _document: unknown,
    range: Range,
    context: { diagnostics: readonly Diagnostic[] },
  ): CodeAction[] => {
    const fixes = context.diagnostics.map((diagnostic) => {
      const action = new CodeAction(`Fix with Codex: ${diagnostic.message}`, CodeActionKind.QuickFix);
      action.diagnostics = [diagnostic];
      action.command = { command: "codex.fix", title: action.title, arguments: [diagnostic] };
      return action;
    });
    if (range.isEmpty) return fixes;
    const ask = new CodeAction("Ask Codex About Selection", CodeActionKind.Refactor);
    ask.command = { command: "codex.askSelection", title: ask.title };
    return [...fixes, ask];
  };
  const providedCodeActionKinds = [CodeActionKind.QuickFix, CodeActionKind.Refactor];
  return languages.registerCodeActionsProvider("*", { provideCodeActions }, { providedCodeActionKinds });
}
