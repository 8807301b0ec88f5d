/**
 * What is asked in a conversation that is there: a reply, the last question again, the rest of an answer.
 */

import { canContinue, isUnfinished } from "./answer";
import type { Answerers } from "./answerers";
import type { ChoicePicker } from "./choicePicker";
import type { Conversation } from "./conversation";
import type { Conversations } from "./conversations";
import { window } from "./editor";
import type { CommentReply, Uri } from "./editor";
import type { Overrides } from "./overrides";
import { pickProfile } from "./profilePicker";
import type { Profiles } from "./profilePicker";
import { asked } from "./question";
import type { Asked, Question, Turn } from "./question";
import { lspRange } from "./subject";
import type { Surroundings } from "./surroundings";

/** A question without who is shown to answer it. */
type Put = Omit<Question, "name" | "isLocal" | "expected">;

export class FollowUps {
  constructor(
    private readonly conversations: Conversations,
    private readonly profiles: Profiles,
    private readonly overrides: Overrides,
    private readonly answerers: Answerers,
    private readonly choices: ChoicePicker,
    private readonly surroundings: (resource: Uri) => Surroundings,
  ) {}

  /** The last question of a conversation once more, answered by another profile, model or effort, in a new thread. */
  async again(argument: unknown): Promise<void> {
    const target = this.conversations.target(argument);
    if (target === undefined) return;
    const { turn, conversation } = target;
    const resource = conversation.thread.uri;
    const before = { profile: this.answerers.chosen(resource), ...turn.question.choice };
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
      : await this.answerers.usual(resource, profile);
    if (choice === undefined) return;
    conversation.pinned = choice;
    await this.go(conversation, { ...this.once(turn), choice: { ...choice, profile } }, { anew: true });
  }

  /** The question of a failed or stopped answer once more, in its place. */
  async askAgain(argument: unknown): Promise<void> {
    const target = this.conversations.target(argument);
    if (target === undefined) return;
    const { turn, conversation } = target;
    if (conversation.last !== turn || !isUnfinished(turn.answer)) {
      const why = conversation.isRunning ? "The question is being answered." : "This question is answered.";
      void window.showInformationMessage(`${why} Codex: Ask Again With... asks it in a new conversation.`);
      return;
    }
    const { turnId } = turn.answer;
    const again = { ...this.once(turn), ...(turnId !== undefined && { replaces: turnId }) };
    await this.go(conversation, again, { instead: turn });
  }

  /** The rest of an answer that was cut off. */
  async continue(argument: unknown): Promise<void> {
    const target = this.conversations.target(argument);
    if (target === undefined) return;
    const { turn, conversation } = target;
    if (conversation.last !== turn || !canContinue(turn.answer)) {
      void window.showInformationMessage(
        "This answer was not cut off. Type in its Reply box to ask for more.",
      );
      return;
    }
    await this.follow(conversation, { text: "Continue.", prompt: "", intent: "continue" });
  }

  async reply({ thread, text }: CommentReply): Promise<void> {
    const conversation = this.conversations.target(thread)?.conversation;
    if (conversation === undefined || text.trim() === "") return;
    await this.follow(conversation, asked(text));
  }

  private async follow(conversation: Conversation, question: Asked): Promise<void> {
    const { thread } = conversation;
    const first = conversation.turns[0];
    if (first === undefined) return;
    // The thread has the code already; the profile is named, so that the document need not go along to tell it.
    const choice = conversation.pinned ?? (await this.answerers.usual(thread.uri));
    const profile = choice.profile ?? this.answerers.chosen(thread.uri);
    const { textDocument } = first.question.context;
    const isKnown = profile !== "";
    await this.go(conversation, {
      ...question,
      ...(first.question.mode && { mode: first.question.mode }),
      context: isKnown || !textDocument ? {} : { textDocument },
      choice: { ...choice, ...(isKnown && { profile }) },
    });
  }

  /** The code of an answer could not be used: asks, in the same conversation, for all of it. */
  async whole(conversation: Conversation, turn: Turn, prompt: string): Promise<void> {
    const { choice } = turn.question;
    const { textDocument, range } = this.once(turn).context;
    if (textDocument === undefined || range === undefined) return;
    const question = {
      text: prompt,
      prompt,
      intent: "edit",
      context: { textDocument, range },
      choice,
    } as const;
    await this.go(conversation, question);
  }

  /** The question of a turn with the place that it is about now. */
  private once({ question, about }: Turn): Put {
    const { text, prompt, intent, mode, context, choice } = question;
    const range = about && { range: lspRange(about.span) };
    return { text, prompt, intent, ...(mode && { mode }), context: { ...context, ...range }, choice };
  }

  /** Goes on with a conversation. */
  private async go(
    conversation: Conversation,
    question: Put,
    how: { anew?: boolean; instead?: Turn } = {},
  ): Promise<void> {
    const { uri } = conversation.thread;
    void this.surroundings(uri).revealThinking();
    await conversation.ask({ ...question, ...this.answerers.shown(uri, question.choice) }, how);
  }
}
