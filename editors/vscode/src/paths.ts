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
