/** Shared parts of the commands: entry point, failures, progress. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { DatabaseError } from "../errors.ts";

/** Takes a line of output. */
export type Log = (line: string) => void;

/** The exit code for wrong arguments. */
export const MISUSE = 2;
const FAILURE = 1;
const PROGRESS_INTERVAL_MS = 1_000;
/** SQLSTATEs of a table and a function that do not exist. */
const NO_SCHEMA: ReadonlySet<string | undefined> = new Set(["42P01", "42883"]);

/**
 * Runs a command if its module is the program that was started, and sets the exit code.
 *
 * @param module `import.meta.url` of the module.
 * @param main Takes the arguments and returns the exit code.
 */
export function runCommand(
  module: string,
  main: (args: readonly string[]) => Promise<number>,
): void {
  const started = process.argv[1];
  if (!started || realpathSync(resolve(started)) !== fileURLToPath(module)) return;
  void main(process.argv.slice(2)).then((code) => process.exitCode = code);
}

/**
 * Prints the error of a failed command in one line.
 *
 * @returns The exit code: that of `act`, or 1.
 * @throws any error other than a DatabaseError: it is a bug.
 */
export async function orFailure(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const message = NO_SCHEMA.has(error.sqlState)
      ? "The schema is missing; run: make migrate"
      : error.message;
    console.error(`❌ ${message}`);
    return FAILURE;
  }
}

/** Prints progress, at most one line per second. */
export function everySecond<T>(log: Log, line: (progress: T) => string): (progress: T) => void {
  let next = performance.now() + PROGRESS_INTERVAL_MS;
  return (progress) => {
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS_INTERVAL_MS;
    log(line(progress));
  };
}
