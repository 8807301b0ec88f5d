/**
 * Read-only documents that this extension shows: thinking, proposed edits, files before a task, the report of Check Setup.
 */

import { EventEmitter, Uri, window, workspace } from "./editor";
import type { Disposable } from "./editor";

export type Scheme = "codex-thinking" | "codex-proposal" | "codex-report" | "codex-before";

/** A document whose text is asked for when it is shown, and again after `changed`. */
export class ReadOnlyDocuments implements Disposable {
  private readonly texts = new Map<string, () => string>();
  private readonly emitter = new EventEmitter<Uri>();
  private readonly registered: Disposable[];
  private count = 0;

  constructor(private readonly scheme: Scheme) {
    this.registered = [
      workspace.registerTextDocumentContentProvider(scheme, {
        onDidChange: this.emitter.event,
        provideTextDocumentContent: (uri) => this.texts.get(uri.toString())?.() ?? "",
      }),
      workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === scheme) this.texts.delete(uri.toString());
      }),
    ];
  }

  /** The address of a new document; `name` gives its title and, by its extension, its language. */
  add(name: string, text: () => string): Uri {
    this.count += 1;
    const uri = Uri.from({
      scheme: this.scheme,
      path: `/${this.count}/${name.replace(/[\\/?#:*"<>|\s]+/g, " ")}`,
    });
    this.texts.set(uri.toString(), text);
    return uri;
  }

  isOpen(uri: Uri): boolean {
    return workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
  }

  changed(uri: Uri): void {
    this.emitter.fire(uri);
  }

  async show(uri: Uri): Promise<void> {
    const document = await workspace.openTextDocument(uri);
    await window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    for (const one of [...this.registered, this.emitter]) one.dispose();
  }
}
