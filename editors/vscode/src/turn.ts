/**
 * One `codex/exec` or `codex/chat`: its events as they arrive, then its result.
 */

import { randomUUID } from "node:crypto";
import { ProgressType } from "vscode-languageclient/node";
import type { BaseLanguageClient } from "vscode-languageclient/node";
import type { CancellationToken } from "./editor";
import { BUILT_IN, CHAT, EXEC } from "./protocol";
import type {
  ChatParams,
  ChatResult,
  ErrorData,
  ExecParams,
  ExecResult,
  ProgressValue,
  TurnEvent,
} from "./protocol";

export interface TurnListener {
  event(event: TurnEvent): void;
  /** What the server says for people: "Answering, 41 tokens/s". */
  status(message: string): void;
}

/** The request failed; `data` is what the server told about it, empty when the server itself went away. */
export class TurnFailed extends Error {
  constructor(
    message: string,
    readonly data: Partial<ErrorData>,
    readonly serverLost: boolean,
  ) {
    super(message);
  }
}

const PROGRESS = new ProgressType<ProgressValue>();
/** -32803: the turn failed, and the server says why. */
const REQUEST_FAILED = -32803;
const INVALID_PARAMS = -32602;

/** Runs a turn to its end; cancelling `token` stops it, and the result then has what had arrived. */
export function runTurn(
  client: BaseLanguageClient,
  params: ExecParams,
  listener: TurnListener,
  token: CancellationToken,
): Promise<ExecResult> {
  return request(client, EXEC, params, listener, token);
}

/** The same with the messages and the tools of VS Code's chat, whose calls are in the result. */
export function runChat(
  client: BaseLanguageClient,
  params: ChatParams,
  listener: TurnListener,
  token: CancellationToken,
): Promise<ChatResult> {
  return request(client, CHAT, params, listener, token);
}

async function request<R>(
  client: BaseLanguageClient,
  method: string,
  params: object,
  listener: TurnListener,
  token: CancellationToken,
): Promise<R> {
  const partialResultToken = randomUUID();
  const workDoneToken = randomUUID();
  const listening = [
    client.onProgress(PROGRESS, partialResultToken, ({ codex }) => {
      if (codex) listener.event(codex);
    }),
    client.onProgress(PROGRESS, workDoneToken, ({ message }) => {
      if (message !== undefined) listener.status(message);
    }),
  ];
  try {
    return await client.sendRequest<R>(method, { ...params, partialResultToken, workDoneToken }, token);
  } catch (error) {
    throw failure(error);
  } finally {
    for (const one of listening) one.dispose();
  }
}

function failure(error: unknown): TurnFailed {
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: Partial<ErrorData> };
  const told = code === REQUEST_FAILED || code === INVALID_PARAMS;
  return new TurnFailed(
    typeof message === "string" ? message : String(error),
    told && data ? data : {},
    !told,
  );
}

/** Whether the question was sent to nobody, so that another one can still answer it. */
export function reachedNobody(data: Partial<ErrorData>): boolean {
  return data.kind === "profileChanged" || isBuiltInMissing(data);
}

/** Whether the built-in engine, or its model, is not on this machine. */
export function isBuiltInMissing({ kind, provider }: Partial<ErrorData>): boolean {
  return kind === "notFound" && provider === BUILT_IN;
}
