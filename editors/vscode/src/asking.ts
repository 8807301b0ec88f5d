/**
 * The ways to ask: from the palette, about a selection, about a problem, again with another profile, in reply.
 */

import { choiceFrom, isSet, who } from "./choice";
import type { Choice } from "./choice";
import type { ChoicePicker } from "./choicePicker";
import type { Question, Surroundings } from "./conversation";
import type { Conversations } from "./conversations";
import { CodeAction, CodeActionKind, Range, languages, layers, window, workspace } from "./editor";
import type { CommentReply, Diagnostic, Disposable, TextEditor, Uri } from "./editor";
import type { Overrides } from "./overrides";
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
    private readonly overrides: Overrides,
    private readonly choices: ChoicePicker,
    private readonly surroundings: (resource?: Uri) => Surroundings,
  ) {}

  /** Asks what the user types, or `prompt`, about the selection, else about the file. */
  async ask(prompt?: string): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { uri } = subject.document;
    const choosing = this.usual(uri);
    // The box to type in waits for no server: its title has what was known before.
    const question = prompt ?? (await this.question(subject, this.lastKnown(uri)));
    if (question !== undefined) await this.about(subject, question, editor, await choosing);
  }

  /**
   * Asks with a model and an effort for this conversation: those that the user picks, or those in `argument`, which
   * is how a shortcut asks (`{ "effort": "high" }`).
   */
  async askWith(argument: unknown): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { uri } = subject.document;
    const given = choiceFrom(argument);
    const choice = given
      ? { ...(await this.usual(uri, given.profile)), ...given }
      : await this.choices.choose({ title: "Ask", resource: uri });
    if (choice === undefined) return;
    const prompt = promptIn(argument) ?? (await this.question(subject, choice));
    const isNamed = given === undefined || given.profile !== undefined;
    if (prompt !== undefined) await this.about(subject, prompt, editor, choice, { isPinned: true, isNamed });
  }

  async explain(): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { document } = editor;
    const line = document.lineAt(subject.range.start.line).range;
    const wanted = subject.range.isEmpty ? { ...subject, range: line } : subject;
    await this.about(wanted, EXPLAIN, editor, await this.usual(document.uri));
  }

  async fix(diagnostic?: Diagnostic): Promise<void> {
    const editor = window.activeTextEditor;
    const subject = editor && problemAt(editor, diagnostic);
    if (subject) await this.about(subject, FIX, editor, await this.usual(subject.document.uri));
    else void window.showInformationMessage("There is no problem at the cursor.");
  }

  /** The last question of a conversation once more, answered by another profile, model or effort, in a new thread. */
  async again(argument: unknown): Promise<void> {
    const target = this.conversations.target(argument);
    if (target === undefined) return;
    const { turn, conversation } = target;
    const resource = conversation.thread.uri;
    const before = { profile: this.chosen(resource), ...turn.question.choice };
    const picked = await pickProfile(this.profiles, this.overrides, {
      placeHolder: "Who should answer?",
      resource,
      tunes: before,
    });
    if (picked === undefined) return;
    const { profile } = picked;
    const from = profile === before.profile ? { from: before } : {};
    const choice = picked.tuned
      ? await this.choices.choose({ title: "Ask again", resource, profile, ...from })
      : await this.usual(resource, profile);
    if (choice === undefined) return;
    conversation.pinned = choice;
    const { prompt, context } = turn.question;
    await conversation.ask({ prompt, context, choice, name: profile }, { anew: true });
  }

  async reply({ thread, text }: CommentReply): Promise<void> {
    const conversation = this.conversations.target(thread)?.conversation;
    const first = conversation?.turns[0];
    if (conversation === undefined || first === undefined || text.trim() === "") return;
    // The thread has the code already; the profile is named, so that the document need not go along to tell it.
    const choice = conversation.pinned ?? (await this.usual(thread.uri));
    const profile = choice.profile ?? this.chosen(thread.uri);
    const { textDocument } = first.question.context;
    const known = profile !== "";
    await conversation.ask({
      prompt: text,
      name: known ? profile : "Codex",
      context: known || !textDocument ? {} : { textDocument },
      choice: { ...choice, ...(known && { profile }) },
    });
  }

  private async question(subject: Subject, choice: Choice): Promise<string | undefined> {
    const name = choice.profile ?? this.name(subject.document.uri);
    const typed = await window.showInputBox({
      title: `Ask ${who(name, choice)}`,
      prompt: `About ${describe(subject)}`,
      placeHolder: "What do you want to know?",
      ignoreFocusOut: true,
    });
    return typed === undefined || typed.trim() === "" ? undefined : typed;
  }

  /** `isPinned`: the choice holds for the whole conversation; `isNamed`: the user named the profile. */
  private async about(
    subject: Subject,
    prompt: string,
    editor: TextEditor,
    choice: Choice,
    { isPinned = false, isNamed = false } = {},
  ): Promise<void> {
    const { document, range } = subject;
    const name = choice.profile ?? this.name(document.uri);
    const at = new Range(range.start.line, 0, range.end.line, document.lineAt(range.end.line).text.length);
    const surroundings = this.surroundings(document.uri);
    const conversation = this.conversations.create(document, at, range, prompt, surroundings);
    if (isPinned) conversation.pinned = choice;
    editor.revealRange(at);
    const question: Question = {
      prompt,
      name,
      context: contextOf(subject),
      choice,
      ...(!isNamed && this.remark(document.uri)),
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
   * notebook's cell, or a document that is no file, it does not know the folder. So does the model and the effort
   * that the user chose for that profile, and with them its name: they are for no other one.
   */
  private async usual(resource: Uri, named?: string): Promise<Choice> {
    const set = named ?? this.fromSettings(resource);
    if (set !== "") return { profile: set, ...this.overrides.of(set) };
    if (!this.overrides.any) return {};
    // Asked anew: config.toml may select another profile by now.
    const told = await this.profiles.load(resource).catch(() => undefined);
    return this.overridden(told?.active ?? "");
  }

  /** The same, as far as it is known without the server. */
  private lastKnown(resource: Uri): Choice {
    const set = this.fromSettings(resource);
    if (set !== "") return { profile: set, ...this.overrides.of(set) };
    return this.overridden(this.profiles.activeName(resource));
  }

  /** What was chosen for the profile that config.toml selects; without that it goes unnamed. */
  private overridden(active: string): Choice {
    const override = this.overrides.of(active);
    return isSet(override) ? { profile: active, ...override } : {};
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
    const set = this.fromSettings(resource);
    return set === "" ? this.profiles.activeName(resource) : set;
  }

  /** The profile that the settings choose for a document, as far as they are believed; else empty. */
  private fromSettings(resource: Uri): string {
    return profileOf(layers("profile", resource), workspace.isTrusted);
  }
}

/** The question in a command's argument. */
function promptIn(argument: unknown): string | undefined {
  const { prompt } = (argument ?? {}) as { prompt?: unknown };
  return typeof prompt === "string" && prompt.trim() !== "" ? prompt : undefined;
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
