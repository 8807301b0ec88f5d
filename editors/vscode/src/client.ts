/**
 * The language client: what it announces, what it answers, and what it does not let through.
 *
 * The server is told the outcome of the settings, as `settings.ts` judges them, and nothing else of the
 * configuration. Its commands and code actions, meant for editors without an extension, are not registered:
 * this extension has its own.
 */

import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import type { DynamicFeature, LanguageClientOptions, StaticFeature } from "vscode-languageclient/node";
import { approve } from "./approval";
import { Uri, layers, workspace } from "./editor";
import type { LogOutputChannel } from "./editor";
import { logChannel } from "./logChannel";
import type { Launch } from "./launch";
import { APPROVE, DID_CHANGE_PROFILES, PROTOCOL_VERSION, SECRET } from "./protocol";
import type { SecretParams, SecretResult } from "./protocol";
import { localOnlyOf, profileOf, thinkingShowOf } from "./settings";
import { isSubject } from "./subject";

const SERVED_ELSEWHERE = new Set(["workspace/executeCommand", "textDocument/codeAction"]);

interface Offer {
  readonly codex?: { readonly methods?: readonly string[] };
}

export interface ClientEvents {
  secret(provider: string, origin: string): Promise<string | undefined>;
  /** config.toml, or a file of a profile, has changed. */
  profilesChanged(): void;
  /** The server's process ended by itself. True: start it again. */
  died(): boolean;
}

export class CodexClient extends LanguageClient {
  constructor(launch: Launch, log: LogOutputChannel, events: ClientEvents) {
    const { command, program, cwd, env } = launch;
    super(
      "codex",
      "Codex",
      { command, args: [...program, "serve"], options: { cwd, env } },
      options(log, events),
    );
    this.registerFeature(new Announcement());
    this.onRequest(SECRET, async ({ provider, origin }: SecretParams): Promise<SecretResult> => {
      const value = await events.secret(provider, origin);
      return value === undefined ? {} : { value };
    });
    this.onRequest(APPROVE, approve);
    this.onNotification(DID_CHANGE_PROFILES, () => events.profilesChanged());
  }

  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if ("registrationType" in feature && SERVED_ELSEWHERE.has(feature.registrationType.method)) return;
    super.registerFeature(feature);
  }

  /** Whether the server that runs knows this request. */
  offers(method: string): boolean {
    const experimental = this.initializeResult?.capabilities.experimental as Offer | undefined;
    return experimental?.codex?.methods?.includes(method) ?? false;
  }

  /** Into the log; what a person should know, `Server` says in its own words. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Says at the start that we speak `codex/*`, and whether the workspace is trusted. */
class Announcement implements StaticFeature {
  fillClientCapabilities(capabilities: { experimental?: unknown }): void {
    const others = capabilities.experimental as Record<string, unknown> | undefined;
    const codex = {
      protocolVersion: PROTOCOL_VERSION,
      secret: true,
      approve: true,
      didChangeProfiles: true,
    };
    capabilities.experimental = { ...others, codex };
  }
  fillInitializeParams(params: { initializationOptions?: unknown }): void {
    params.initializationOptions = { codex: { trusted: workspace.isTrusted } };
  }
  initialize(): void {
    // Nothing to register.
  }
  getState(): { kind: "static" } {
    return { kind: "static" };
  }
  clear(): void {
    // Nothing to forget.
  }
}

/** The section `codex` for one resource, as the server may know it. */
function settingsFor(resource?: string): object {
  const scope = resource === undefined ? undefined : Uri.parse(resource);
  const profile = profileOf(layers("profile", scope), workspace.isTrusted);
  return {
    ...(profile !== "" && { profile }),
    localOnly: localOnlyOf(layers("localOnly", scope)),
    thinking: { show: thinkingShowOf(layers("thinking.show", scope)) },
  };
}

function options(log: LogOutputChannel, events: ClientEvents): LanguageClientOptions {
  return {
    documentSelector: [{ language: "*" }],
    outputChannel: logChannel(log),
    traceOutputChannel: logChannel(log),
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({
        action: events.died() ? CloseAction.Restart : CloseAction.DoNotRestart,
        handled: true,
      }),
    },
    middleware: {
      // Whatever is in an editor can be asked about, a cell or the left side of a diff too.
      didOpen: (document, next) => (isSubject(document) ? next(document) : Promise.resolve()),
      didChange: (change, next) => (isSubject(change.document) ? next(change) : Promise.resolve()),
      didClose: (document, next) => (isSubject(document) ? next(document) : Promise.resolve()),
      workspace: {
        configuration: ({ items }) =>
          items.map(({ section, scopeUri }) => (section === "codex" ? settingsFor(scopeUri) : null)),
        didChangeConfiguration: (_sections, next) => next(undefined),
      },
    },
  };
}
