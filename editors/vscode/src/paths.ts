/**
 * What can be told of a file from its path alone.
 */

import * as path from "node:path";

const STEERING = /(^|\/)(\.vscode|\.git|\.codex|\.github|\.idea)(\/|$)|\.code-workspace$/i;

/** Whether a path is one that programs take orders from. */
export function isSteering(file: string): boolean {
  return STEERING.test(file.replaceAll("\\", "/"));
}

/** Whether `inner` is `outer` or below it. */
export function isWithin(inner: string, outer: string): boolean {
  const way = path.relative(outer, inner);
  return way === "" || (!way.startsWith(`..${path.sep}`) && way !== ".." && !path.isAbsolute(way));
}

/**
 * What Even Better TOML compares with a document's percent-decoded URI: config.toml and NAME.config.toml in the folder
 * with this URI. It is a regular expression of Rust, which rejects the escape of a character that has no meaning.
 */
export function tomlPattern(folderUri: string): string {
  return `^${folderUri.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}/([^/]+\\.)?config\\.toml$`;
}
