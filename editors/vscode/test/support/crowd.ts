/** Limits of time on a machine that others use too. */

import { availableParallelism, loadavg } from "node:os";

/** Whether many more programs want to run than there are processors for them and for us. */
export function isCrowded(): boolean {
  const [load = 0] = loadavg();
  return load > 2 * availableParallelism();
}

/** The best of up to three measurements: what others do to the machine only ever adds to it. */
export async function best(limitMs: number, measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && least > limitMs; attempt += 1)
    least = Math.min(least, await measure());
  return least;
}
