/**
 * Puts the parts together, and gives each command its place.
 */

import { Announcer } from "./announcer";
import { copyAnswer, copyCodeBlock, insertAnswer, openAnswer } from "./answerActions";
import { Answerers } from "./answerers";
import { Asking, registerCodeActions } from "./asking";
import { BuiltinModel } from "./builtinModel";
import { registerChat } from "./chat";
import { CodeNotes } from "./codeNotes";
import { renewConfigSchema, setUpConfigSchema } from "./configSchema";
import type { Conversation } from "./conversation";
import type { Surroundings } from "./surroundings";
import { ChoicePicker } from "./choicePicker";
import { ConversationList } from "./conversationList";
import { Conversations } from "./conversations";
import type { Target } from "./conversations";
import { Edits } from "./edits";
import { ExtensionMode, commands, layers, onSettingsChanged, window, workspace } from "./editor";
import type { CancellationToken, CommentReply, ExtensionContext, LogOutputChannel, Uri } from "./editor";
import { FirstMinute, welcome } from "./firstMinute";
import { GoToAnswer } from "./goToAnswer";
import { FollowUps } from "./followUps";
import { History } from "./history";
import { Overrides } from "./overrides";
import { ownPrompt } from "./ownPrompts";
import { Places } from "./places";
import { Profiles } from "./profilePicker";
import { Proposals } from "./proposal";
import type { ExecParams, ExecResult } from "./protocol";
import { Reports } from "./reports";
import { changed } from "./room";
import { Secrets } from "./secrets";
import { Selecting } from "./selecting";
import { Server } from "./server";
import { thinkingShowOf } from "./settings";
import { StatusBar, activeResource } from "./statusBar";
import { TaskChanges } from "./taskChanges";
import { ThinkingChannel } from "./thinking";
import { ThinkingDocuments } from "./thinkingDocument";
import { runTurn } from "./turn";
import type { TurnListener } from "./turn";
import { Unseen } from "./unseen";

/** Starts the extension; the tests, and nobody else, get hold of its parts. */
export function activate(context: ExtensionContext): Extension | undefined {
  const extension = new Extension(context);
  return context.extensionMode === ExtensionMode.Test ? extension : undefined;
}

/** Everything that lives as long as the extension does. */
export class Extension {
  readonly log: LogOutputChannel = window.createOutputChannel("Codex", { log: true });
  readonly server: Server;
  readonly conversations = new Conversations();
  readonly secrets: Secrets;
  readonly overrides: Overrides;
  readonly profiles: Profiles;
  private readonly choices: ChoicePicker;
  private readonly builtin: BuiltinModel;
  private readonly thinking = new ThinkingChannel();
  private readonly thinkingDocuments = new ThinkingDocuments();
  private readonly proposals: Proposals;
  private readonly answerers: Answerers;
  private readonly notes = new CodeNotes();
  private readonly reports: Reports;
  private readonly statusBar: StatusBar;
  private readonly unseen = new Unseen(this.conversations);
  private readonly announcer = new Announcer();
  private readonly history: History;
  private readonly taskChanges: TaskChanges;

  constructor(private readonly context: ExtensionContext) {
    this.secrets = new Secrets(context.secrets);
    this.server = new Server(context, this.log, (provider, origin) => this.secrets.get(provider, origin));
    this.profiles = new Profiles(this.server);
    this.builtin = new BuiltinModel(context, this.server, this.profiles);
    this.overrides = new Overrides(context.workspaceState);
    this.choices = new ChoicePicker(this.server, this.profiles, this.overrides);
    this.reports = new Reports(this.server, this.log);
    this.statusBar = new StatusBar(this.server, this.profiles, this.overrides, this.conversations);
    this.answerers = new Answerers(
      this.profiles,
      this.overrides,
      new FirstMinute(this.server, this.profiles, this.builtin),
    );
    const around = (resource: Uri): Surroundings => this.surroundings(resource);
    const { conversations, profiles, answerers, choices } = this;
    const asking = new Asking(conversations, profiles, answerers, choices, around);
    const further = new FollowUps(conversations, profiles, this.overrides, answerers, choices, around);
    this.history = new History(
      this.server,
      this.conversations,
      new Places(context.workspaceState),
      this.profiles,
      this.log,
      around,
    );
    const edits = new Edits(this.server, (...whole) => further.whole(...whole));
    this.proposals = new Proposals(edits);
    this.taskChanges = new TaskChanges(this.server);
    const chat = registerChat(this.server, this.profiles, {
      answerers: this.answerers,
      run: (...turn) => this.run(...turn),
      show: (resource) => this.thinkingShow(resource),
      thinking: (heading) => this.thinking.turn(heading),
    });
    context.subscriptions.push(
      ...[this.log, this.server, this.conversations, this.profiles, this.overrides, this.thinking],
      ...[this.thinkingDocuments, this.proposals, this.notes, this.reports, this.statusBar, this.unseen],
      ...[this.history, this.taskChanges, this.announcer, registerCodeActions(), ...chat],
      onSettingsChanged(() => void this.settingsChanged()),
      this.server.onProfiles(() => void this.profilesChanged()),
      this.server.onState((state) => {
        // Of what happened while no server ran, none has told.
        if (state === "running" && this.profiles.last(activeResource())) void this.profilesChanged();
      }),
      window.onDidChangeActiveTextEditor(() => this.refreshProfiles()),
    );
    this.registerAsking(asking, further);
    this.registerAnswers(edits);
    this.registerHistory();
    this.registerSetup();
    this.refreshProfiles();
    welcome(context.globalState, this.profiles).catch((error: unknown) => this.log.warn(String(error)));
  }

  private registerAsking(asking: Asking, further: FollowUps): void {
    this.command("codex.ask", (prompt) => asking.ask(typeof prompt === "string" ? prompt : undefined));
    this.command("codex.askSelection", (prompt) =>
      asking.ask(typeof prompt === "string" ? prompt : undefined),
    );
    this.command("codex.askWith", (argument) => asking.askWith(argument));
    this.command("codex.askPrompt", async () => {
      const prompt = await ownPrompt(this.server);
      if (prompt !== undefined) await asking.ask(prompt);
    });
    this.command("codex.do", (task) => asking.do(typeof task === "string" ? task : undefined));
    this.onTarget("codex.undoTask", (target) => this.taskChanges.undo(target));
    this.onTarget("codex.reviewTask", (target) => this.taskChanges.review(target));
    this.command("codex.explain", () => asking.explain());
    this.command("codex.fix", (diagnostic) => asking.fix(diagnostic as Parameters<Asking["fix"]>[0]));
    this.command("codex.reply", (reply) => further.reply(reply as CommentReply));
    this.command("codex.askAgain", (argument) => further.askAgain(argument));
    this.command("codex.askAgainWith", (argument) => further.again(argument));
    this.command("codex.continue", (argument) => further.continue(argument));
    this.command("codex.stop", (argument) => this.stop(argument));
  }

  private registerAnswers(edits: Edits): void {
    this.onTarget("codex.copyAnswer", copyAnswer);
    this.onTarget("codex.copyCodeBlock", (target) => copyCodeBlock(target, edits));
    this.onTarget("codex.insertAnswer", (target) => insertAnswer(target, edits));
    this.onTarget("codex.openAnswer", openAnswer);
    this.onTarget("codex.replaceSelection", (target) => this.proposals.show(target));
    this.onTarget("codex.showThinking", ({ conversation }) => {
      return this.thinkingDocuments.show(conversation, this.thinkingShow(conversation.thread.uri));
    });
    this.onTarget("codex.closeAnswer", ({ conversation }) => {
      this.thinkingDocuments.forget(conversation);
      this.history.changed();
      return this.conversations.close(conversation).then(() => this.unseen.update());
    });
    this.command("codex.acceptEdit", () => this.proposals.accept());
    this.command("codex.rejectEdit", () => this.proposals.reject());
  }

  private registerHistory(): void {
    const list = new ConversationList(this.server, this.history);
    this.command("codex.conversations", () => list.pick(activeResource()));
    const going = new GoToAnswer(this.conversations, this.history, this.unseen);
    this.command("codex.goToAnswer", () => going.next());
  }

  private registerSetup(): void {
    const selecting = new Selecting(this.profiles, this.overrides, this.choices);
    this.command("codex.selectProfile", () => selecting.profile(activeResource()));
    this.command("codex.selectModel", () => selecting.model(activeResource()));
    this.command("codex.setApiKey", async (provider) => {
      const profiles = await this.profiles.load(activeResource());
      const whose = typeof provider === "string" ? provider : undefined;
      if (await this.secrets.enter(profiles, whose)) await this.server.restart();
    });
    this.command("codex.checkSetup", () => this.reports.checkSetup());
    this.command("codex.restartServer", () => this.server.restart());
    this.command("codex.getBuiltinModel", (name) => this.builtin.get(name));
    this.command("codex.openConfig", async () => {
      await this.reports.openConfig(await this.profiles.load(activeResource()));
    });
    this.command("codex.setUpConfigSchema", async () => {
      const { configPath } = await this.profiles.load(activeResource());
      await setUpConfigSchema(this.context, configPath);
    });
    void renewConfigSchema(this.context).catch((error: unknown) => this.log.warn(String(error)));
    this.command("codex.gettingStarted", () => {
      return commands.executeCommand(
        "workbench.action.openWalkthrough",
        `${this.context.extension.id}#start`,
      );
    });
    this.command("codex.showThinkingChannel", () => this.thinking.reveal());
    this.command("codex.showLog", () => this.log.show());
  }

  /** A command whose failure is told to the user, with the next step as a button. */
  private command(id: string, action: (argument?: unknown) => unknown): void {
    const guarded = async (argument?: unknown): Promise<unknown> => {
      try {
        return await action(argument);
      } catch (error) {
        await this.reports.tell(error);
        return undefined;
      }
    };
    this.context.subscriptions.push(commands.registerCommand(id, guarded));
  }

  private onTarget(id: string, action: (target: Target) => unknown): void {
    this.command(id, (argument) => {
      const target = this.conversations.target(argument);
      return target && action(target);
    });
  }

  private stop(argument: unknown): void {
    const pointed = this.conversations.target(argument)?.conversation;
    const running = pointed?.isRunning ? pointed : this.conversations.running.at(-1);
    running?.stop();
  }

  private async run(
    params: ExecParams,
    listener: TurnListener,
    token: CancellationToken,
  ): Promise<ExecResult> {
    return runTurn(await this.server.running(), params, listener, token);
  }

  private surroundings(resource: Uri): Surroundings {
    const show = this.thinkingShow(resource);
    return {
      show,
      note: this.notes.note(),
      run: (...turn) => this.run(...turn),
      revealThinking: async (editor) => {
        if (workspace.getConfiguration("codex").get("thinking.reveal") !== "onAsk") return;
        if (this.thinking.isVisible) return;
        if (editor) await changed(editor, () => this.thinking.reveal());
        else this.thinking.reveal();
      },
      thinking: (heading) => this.thinking.turn(heading),
      changed: (conversation) => this.changed(conversation),
      reconsidered: (...question) => this.answerers.reconsidered(...question, resource),
      failed: (error) => void this.reports.offerHelp(error),
    };
  }

  private changed(conversation: Conversation): void {
    this.thinkingDocuments.changed(conversation);
    this.statusBar.update();
    this.unseen.changed(conversation);
    this.announcer.changed(conversation);
    this.history.changed();
    void this.conversations.tellContext();
  }

  private thinkingShow(resource?: Uri): ReturnType<typeof thinkingShowOf> {
    return thinkingShowOf(layers("thinking.show", resource));
  }

  private async settingsChanged(): Promise<void> {
    await this.profilesChanged(this.server.settingsChanged());
  }

  /** Somebody else may answer now: everything that says who is asked for anew, once the server has `heard` of it. */
  private async profilesChanged(heard?: Promise<void>): Promise<void> {
    const refreshed = this.profiles.refresh(activeResource(), heard);
    await refreshed.catch((error: unknown) => this.log.warn(String(error)));
  }

  /** What the status bar shows comes from the server; that it can't start is said when something is asked. */
  private refreshProfiles(): void {
    const resource = activeResource();
    if (this.profiles.last(resource)) return;
    this.profiles.load(resource).catch((error: unknown) => this.log.warn(String(error)));
  }
}
