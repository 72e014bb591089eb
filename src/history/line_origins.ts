/**
 * Finds the version that added each line, from the changes of all versions and without their texts.
 */
import { decodeChanges } from "./line_changes.ts";
import type { LineChange } from "./line_diff.ts";

/** Lines that are consecutive in a version and in the version that added them. */
export interface BlameRun {
  /** Version that added the lines. */
  readonly configurationId: number;
  /** Number of the first line in that version, from 1. */
  readonly line: number;
  /** Number of lines. */
  readonly lines: number;
}

/** Versions of a device with their changes, oldest first. Both arrays have the same order. */
export interface ChangeHistory {
  readonly ids: readonly number[];
  readonly changes: readonly Uint8Array[];
}

/** Returns the origins of the lines of the last version. */
export function blameOf({ ids, changes }: ChangeHistory): BlameRun[] {
  let runs: BlameRun[] = [];
  for (const [i, id] of ids.entries()) runs = nextBlame(runs, decodeChanges(changes[i]!), id).runs;
  return runs;
}

/**
 * Calculates the runs of a version from the runs of the previous one.
 *
 * @returns The runs of the version, and the removed runs.
 */
export function nextBlame(
  before: readonly BlameRun[],
  changes: readonly LineChange[],
  id: number,
): { runs: BlameRun[]; removed: BlameRun[] } {
  const known = new RunReader(before);
  const runs: BlameRun[] = [];
  const removed: BlameRun[] = [];
  let line = 1;
  for (const { kind, count } of changes) {
    if (kind === "removed") {
      removed.push(...known.take(count));
      continue;
    }
    if (kind === "same") {
      // Only the first run can continue the last one: the others are separate in the version before.
      const [first, ...others] = known.take(count);
      push(runs, first!);
      for (const run of others) runs.push(run);
    } else {
      push(runs, { configurationId: id, line, lines: count });
    }
    line += count;
  }
  return { runs, removed };
}

/** Reads runs by number of lines. */
class RunReader {
  readonly #runs: readonly BlameRun[];
  #index = 0;
  /** Lines of the current run that were read. */
  #used = 0;

  constructor(runs: readonly BlameRun[]) {
    this.#runs = runs;
  }

  take(lines: number): BlameRun[] {
    const taken: BlameRun[] = [];
    while (lines > 0) {
      const run = this.#runs[this.#index];
      if (run === undefined) throw new Error("The line index does not match its text");
      const count = Math.min(lines, run.lines - this.#used);
      const whole = count === run.lines;
      taken.push(whole ? run : { ...run, line: run.line + this.#used, lines: count });
      this.#used += count;
      lines -= count;
      if (this.#used === run.lines) {
        this.#index++;
        this.#used = 0;
      }
    }
    return taken;
  }
}

/** Appends a run, or extends the last run if the new one continues it. */
function push(runs: BlameRun[], run: BlameRun): void {
  const last = runs.at(-1);
  const continues = last?.configurationId === run.configurationId &&
    last.line + last.lines === run.line;
  if (last !== undefined && continues) {
    runs[runs.length - 1] = { ...last, lines: last.lines + run.lines };
  } else {
    runs.push(run);
  }
}
