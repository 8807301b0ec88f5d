/**
 * Completion, validation and hover in config.toml, by Even Better TOML with the bundled JSON Schema.
 *
 * That extension takes a schema from a URL, and from another extension only a public one. So the schema is copied to
 * this extension's own storage, whose path stays the same with every update, and the user's settings name it.
 */

import { ConfigurationTarget, Uri, commands, extensions, window, workspace } from "./editor";
import type { ExtensionContext } from "./editor";
import { tomlPattern } from "./paths";

const TOML = "tamasfe.even-better-toml";
const SECTION = "evenBetterToml.schema";
const NAME = "codex-config.schema.json";

/** Adds the schema to the user's settings, after a yes, for the config.toml and the profiles beside it. */
export async function setUpConfigSchema(context: ExtensionContext, configPath: string): Promise<void> {
  if (extensions.getExtension(TOML) === undefined) {
    const install = "Show the Extension";
    const chosen = await window.showInformationMessage(
      "Completion in config.toml needs the extension Even Better TOML. Install it, then run this command again.",
      install,
    );
    if (chosen === install) await commands.executeCommand("workbench.extensions.search", `@id:${TOML}`);
    return;
  }
  const pattern = tomlPattern(Uri.joinPath(Uri.file(configPath), "..").toString(true));
  const schema = await copySchema(context);
  const known = associations();
  if (known[pattern] === schema) {
    void window.showInformationMessage("Completion for config.toml is already set up.");
    return;
  }
  const add = "Add to User Settings";
  const chosen = await window.showInformationMessage(
    "Add the schema of config.toml to your user settings?",
    { modal: true, detail: `${SECTION}.associations: ${configPath}, and the *.config.toml beside it.` },
    add,
  );
  if (chosen !== add) return;
  await workspace
    .getConfiguration(SECTION)
    .update("associations", { ...known, [pattern]: schema }, ConfigurationTarget.Global);
}

/** Renews the copy if the user's settings name it: an update may have brought another schema. */
export async function renewConfigSchema(context: ExtensionContext): Promise<void> {
  if (Object.values(associations()).includes(storedSchema(context).toString())) await copySchema(context);
}

/** What the user's own settings say; a workspace has no part in it. */
function associations(): Readonly<Record<string, unknown>> {
  const found = workspace.getConfiguration(SECTION).inspect<Record<string, unknown>>("associations");
  return found?.globalValue ?? {};
}

function storedSchema({ globalStorageUri }: ExtensionContext): Uri {
  return Uri.joinPath(globalStorageUri, NAME);
}

async function copySchema(context: ExtensionContext): Promise<string> {
  const stored = storedSchema(context);
  await workspace.fs.createDirectory(context.globalStorageUri);
  await workspace.fs.copy(Uri.joinPath(context.extensionUri, "out", NAME), stored, { overwrite: true });
  return stored.toString();
}
