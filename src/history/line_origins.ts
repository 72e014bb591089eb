/**
 * Where each line of a version came in: runs of lines that follow one another in the version they
 * came in with. Found from what each version changed, from the first one on, without a text.
 */
import { decodeChanges } from "./line_changes.ts";
import type { LineChange } from "./line_diff.ts";

/** Lines that follow one another in a version, and did so in the one they came in with. */
export interface BlameRun {
  /** The version that they came in with. */
  readonly configurationId: number;
  /** Number of the first of them there, from 1. */
  readonly line: number;
  readonly lines: number;
}

/** What each version of a device changed, oldest first; the arrays go together by position. */
export interface ChangeHistory {
  readonly ids: readonly number[];
  readonly changes: readonly Uint8Array[];
}

/** Where the lines of the last of these versions came in. */
export function blameOf({ ids, changes }: ChangeHistory): BlameRun[] {
  let runs: BlameRun[] = [];
  for (const [i, id] of ids.entries()) runs = nextBlame(runs, decodeChanges(changes[i]!), id).runs;
  return runs;
}

/**
 * The blame of a version, from that of the one before it.
 *
 * @returns Its runs, and those that ended.
 */
export function nextBlame(
  before: readonly BlameRun[],
  changes: readonly LineChange[],
  id: number,
): { runs: BlameRun[]; ended: BlameRun[] } {
  const known = new Runs(before);
  const runs: BlameRun[] = [];
  const ended: BlameRun[] = [];
  let line = 1;
  for (const { kind, count } of changes) {
    if (kind === "removed") {
      ended.push(...known.take(count));
      continue;
    }
    if (kind === "same") {
      // Only the first can go on from the last one there: the others did not from their neighbours.
      const [first, ...others] = known.take(count);
      push(runs, first!);
      for (const run of others) runs.push(run);
    } else {
      push(runs, { configurationId: id, line, lines: count });
    }
    line += count;
  }
  return { runs, ended };
}

/** Takes runs off the front of a list, as many lines as are asked for. */
class Runs {
  readonly #runs: readonly BlameRun[];
  #at = 0;
  #used = 0;

  constructor(runs: readonly BlameRun[]) {
    this.#runs = runs;
  }

  take(lines: number): BlameRun[] {
    const taken: BlameRun[] = [];
    while (lines > 0) {
      const run = this.#runs[this.#at];
      if (run === undefined) throw new Error("The index of lines does not fit its text");
      const part = Math.min(lines, run.lines - this.#used);
      const whole = part === run.lines;
      taken.push(whole ? run : { ...run, line: run.line + this.#used, lines: part });
      this.#used += part;
      lines -= part;
      if (this.#used === run.lines) {
        this.#at++;
        this.#used = 0;
      }
    }
    return taken;
  }
}

/** Adds a run, as part of the last one where it goes on from there. */
function push(runs: BlameRun[], run: BlameRun): void {
  const last = runs.at(-1);
  const goesOn = last?.configurationId === run.configurationId &&
    last.line + last.lines === run.line;
  if (last !== undefined && goesOn) {
    runs[runs.length - 1] = { ...last, lines: last.lines + run.lines };
  } else {
    runs.push(run);
  }
}
