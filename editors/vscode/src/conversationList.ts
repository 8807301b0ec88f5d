/**
 * `Codex: Conversations...`: what the server keeps, this folder's first, searched by the server in all that was said.
 */

import { QuickPickItemKind } from "./editor";
import type { QuickPick, QuickPickItem, Uri } from "./editor";
import { goTo } from "./goToAnswer";
import type { History } from "./history";
import { threadRows } from "./pastTurns";
import type { ThreadRow } from "./pastTurns";
import { THREADS } from "./protocol";
import type { ThreadSummary, ThreadsParams, ThreadsResult } from "./protocol";
import type { Server } from "./server";
import { BACK, step } from "./steps";

/** The server is asked when the typing rests. */
const REST_MS = 150;

interface Row extends QuickPickItem {
  /** Absent on a row that only says something. */
  readonly thread?: ThreadSummary;
}

export class ConversationList {
  constructor(
    private readonly server: Server,
    private readonly history: History,
  ) {}

  async pick(resource?: Uri): Promise<void> {
    const picked = await step<Row>({
      title: "Conversations",
      placeHolder: "Search in questions and answers",
      fill: (picker) => this.fill(picker, resource),
      takes: ({ thread }) => thread !== undefined,
    });
    if (picked === undefined || picked === BACK || picked.thread === undefined) return;
    const { threadId, title } = picked.thread;
    const conversation = await this.history.open(threadId, title);
    if (conversation) await goTo(conversation);
  }

  /** Fills the list, and again for what is typed. An answer that comes too late is not shown. */
  private fill(picker: QuickPick<Row>, resource?: Uri): () => void {
    let resting: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    const load = async (): Promise<void> => {
      asked += 1;
      const mine = asked;
      picker.busy = true;
      const items = await this.rows(picker.value, resource).catch((error: unknown) => [said(error)]);
      if (mine !== asked) return;
      picker.items = items;
      picker.busy = false;
    };
    const listening = picker.onDidChangeValue(() => {
      clearTimeout(resting);
      resting = setTimeout(() => void load(), REST_MS);
    });
    void load();
    return () => {
      asked += 1;
      clearTimeout(resting);
      listening.dispose();
    };
  }

  private async rows(search: string, resource?: Uri): Promise<Row[]> {
    const client = await this.server.running();
    const params: ThreadsParams = {
      ...(search.trim() !== "" && { search }),
      ...(resource && { textDocument: { uri: resource.toString() } }),
    };
    const { threads } = await client.sendRequest<ThreadsResult>(THREADS, params);
    const { here, others } = threadRows(threads, new Date());
    if (threads.length === 0)
      return [note(search === "" ? "There are no conversations yet." : "No conversation has these words.")];
    return [
      ...(here.length > 0 ? [separator("in this folder"), ...here.map(row)] : []),
      ...(others.length > 0 ? [separator(here.length > 0 ? "elsewhere" : ""), ...others.map(row)] : []),
    ];
  }
}

/** The server has searched already, in more than the row says. */
function row(found: ThreadRow): Row {
  return { ...found, alwaysShow: true };
}

function separator(label: string): Row {
  return { label, kind: QuickPickItemKind.Separator };
}

function note(label: string): Row {
  return { label, alwaysShow: true };
}

function said(error: unknown): Row {
  return note(`$(error) ${error instanceof Error ? error.message : String(error)}`);
}
