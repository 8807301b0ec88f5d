/**
 * The ways to ask something new: from the palette, about a selection, about a problem.
 */

import { label } from "./label";
import type { Answerers } from "./answerers";
import { choiceFrom, placed, who } from "./choice";
import type { Choice } from "./choice";
import type { ChoicePicker } from "./choicePicker";
import type { Surroundings } from "./surroundings";
import type { Conversations } from "./conversations";
import { CodeAction, CodeActionKind, Range, languages, window, workspace } from "./editor";
import type { Diagnostic, Disposable, TextEditor, Uri } from "./editor";
import type { Profiles } from "./profilePicker";
import { asked, begun } from "./question";
import type { Asked } from "./question";
import { typedQuestion } from "./questionBox";
import { giveWay, makeRoom, showHead, viewOf } from "./room";
import { contextOf, describe, isSubject, linesOf, problemAt, subjectOf } from "./subject";
import type { Subject } from "./subject";

export class Asking {
  constructor(
    private readonly conversations: Conversations,
    private readonly profiles: Profiles,
    private readonly answerers: Answerers,
    private readonly choices: ChoicePicker,
    private readonly surroundings: (resource: Uri) => Surroundings,
  ) {}

  /** Asks what the user types, or `prompt`, about the selection, else about the file. */
  async ask(prompt?: string): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { uri } = subject.document;
    const usual = (): Choice => this.answerers.lastKnown(uri);
    // The box to type in waits for no server: its title has what is known, and what comes to be.
    const knowing = this.answerers.usual(uri);
    const question = prompt ?? (await this.typed(subject, usual));
    await knowing;
    if (question !== undefined) await this.about(subject, asked(question), editor, usual());
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
      ? { ...(await this.answerers.usual(uri, given.profile)), ...given }
      : await this.choices.choose({ title: "Ask", resource: uri });
    if (choice === undefined) return;
    const prompt = promptIn(argument) ?? (await this.typed(subject, () => choice));
    const isNamed = given === undefined || given.profile !== undefined;
    if (prompt !== undefined)
      await this.about(subject, asked(prompt), editor, choice, { isPinned: true, isNamed });
  }

  /** Has what the user types, or `task`, done in the workspace, as far as config.toml and the user allow. */
  async do(task?: string): Promise<void> {
    const editor = await this.editor();
    const subject = subjectOf(editor);
    const { uri } = subject.document;
    const knowing = this.answerers.usual(uri);
    const prompt = task ?? (await this.typed(subject, () => this.answerers.lastKnown(uri), "Do with"));
    const choice = await knowing;
    if (prompt !== undefined) await this.about(subject, { ...asked(prompt), mode: "agent" }, editor, choice);
  }

  /** Has the selection explained, or the block around the cursor. */
  async explain(): Promise<void> {
    const editor = await this.editor();
    const question = { text: "Explain this.", prompt: "", intent: "explain" } as const;
    await this.about(subjectOf(editor), question, editor, await this.answerers.usual(editor.document.uri));
  }

  async fix(diagnostic?: Diagnostic): Promise<void> {
    const editor = window.activeTextEditor;
    const subject = editor && problemAt(editor, diagnostic);
    if (editor === undefined || subject === undefined) {
      void window.showInformationMessage("There is no problem at the cursor.");
      return;
    }
    const [problem] = subject.diagnostics;
    const question = { text: `Fix: ${problem?.message ?? "this"}`, prompt: "", intent: "fix" } as const;
    await this.about(subject, question, editor, await this.answerers.usual(subject.document.uri));
  }

  private async typed(subject: Subject, choice: () => Choice, verb = "Ask"): Promise<string | undefined> {
    const title = (): string => {
      const { name, isLocal } = this.answerers.shown(subject.document.uri, choice());
      return `${verb} ${placed(who(name, choice()), isLocal)}`;
    };
    const { document, range } = subject;
    const prepared = this.conversations.prepare(document, linesOf(document, range));
    const prompt = `About ${describe(subject)}`;
    const text = await typedQuestion({ title, prompt, onChange: this.profiles.onChange });
    if (text === undefined) prepared.dispose();
    return text;
  }

  /** `isPinned`: the choice holds for the whole conversation; `isNamed`: the user named the profile. */
  private async about(
    subject: Subject,
    question: Asked,
    editor: TextEditor,
    choice: Choice,
    { isPinned = false, isNamed = false } = {},
  ): Promise<void> {
    const { document, range } = subject;
    const { uri } = document;
    const shown = this.answerers.shown(uri, choice);
    const at = linesOf(document, range);
    const isOurs = question.intent === "ask";
    const surroundings = this.surroundings(uri);
    const now = Date.now();
    surroundings.note.show(uri, at.end.line, label(begun({ ...shown, choice }, now), now));
    if (!this.conversations.isAnyIn(editor)) await giveWay(editor);
    await surroundings.revealThinking(editor);
    const view = viewOf(editor, this.conversations.isAnyIn(editor));
    const conversation = this.conversations.create({
      document,
      at,
      about: isOurs ? range : new Range(range.start, range.start),
      question: question.text,
      surroundings,
    });
    if (isPinned) conversation.pinned = choice;
    const answered = conversation.ask({
      ...question,
      ...shown,
      context: contextOf(subject),
      choice,
      ...(!isNamed && this.answerers.remark(uri)),
    });
    let room = makeRoom(view, at.end.line);
    const moving = conversation.onPlaced(({ end }) => {
      room = room.then(() => makeRoom(view, end.line));
    });
    await answered;
    moving.dispose();
    await showHead(await room);
  }

  /** The active editor; without one, an empty document for the answer to stand in. */
  private async editor(): Promise<TextEditor> {
    const active = window.activeTextEditor;
    if (active !== undefined && isSubject(active.document)) return active;
    return window.showTextDocument(await workspace.openTextDocument({ language: "markdown", content: "" }));
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
