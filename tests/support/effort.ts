/**
 * Effort of the fault and property-based tests. `TEST_LONG=1` multiplies it; `TEST_SEED=<number>` repeats a
 * failed run with its printed seed. `tests/run.ts` passes both on, and their prefix allows Deno to read
 * them.
 */
import process from "node:process";

/** Whether to run the long tests. */
export const LONG: boolean = process.env["TEST_LONG"] === "1";

/** Maximum duration of a test of such a file, in milliseconds. */
export const PATIENCE: number = LONG ? 1_200_000 : 180_000;

const FACTOR = 20;

/**
 * Parameters of fast-check.
 *
 * @param usual Number of inputs in a usual run.
 */
export function effort(usual: number): { numRuns: number; seed?: number } {
  const numRuns = LONG ? usual * FACTOR : usual;
  const seed = process.env["TEST_SEED"];
  return seed ? { numRuns, seed: Number(seed) } : { numRuns };
}
