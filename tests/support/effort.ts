/**
 * How much the tests of faults and of random input do. `TEST_LONG=1` asks for much more than a usual run;
 * `TEST_SEED=<number>` repeats the run whose failure printed that seed. `tests/run.ts` hands both on,
 * and Deno may read them because of their prefix.
 */
import process from "node:process";

/** Whether there is time. */
export const LONG: boolean = process.env["TEST_LONG"] === "1";

/** The longest that a test of such a file may take, in milliseconds. */
export const PATIENCE: number = LONG ? 1_200_000 : 60_000;

const FACTOR = 20;

/**
 * What fast-check is to do.
 *
 * @param usual How many inputs to try where time is short.
 */
export function effort(usual: number): { numRuns: number; seed?: number } {
  const numRuns = LONG ? usual * FACTOR : usual;
  const seed = process.env["TEST_SEED"];
  return seed ? { numRuns, seed: Number(seed) } : { numRuns };
}
