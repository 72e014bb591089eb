/**
 * The index of lines: for each version which lines came in, which ones ended, and where each of
 * its lines came in. It is made from the texts, as a version is saved or all of a device at once.
 */
import { type BlameRun, decodeBlame, encodeBlame } from "./blame.ts";
import { linesOf } from "./config_text.ts";
import { configIndexClear, configIndexWrite, configTextList } from "./generated/config_lines.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "./query.ts";

/** A version as far as the next one needs it. */
export interface IndexedVersion {
  readonly id: number;
  readonly text: string;
  readonly blame: Uint8Array;
}

/** What a version adds to the index; the arrays go together by position. */
export interface IndexEntry {
  readonly added: number;
  readonly removed: number;
  readonly blame: Uint8Array;
  /** Number of the first line of each run that came in, and its text. */
  readonly addedLines: number[];
  readonly addedTexts: string[];
  /** The runs that ended: the version they had come in with, the first line there, how many. */
  readonly endedIds: number[];
  readonly endedLines: number[];
  readonly endedCounts: number[];
}

/**
 * Characters of a row of the index, which a search reads as a whole. A long run gets longer rows: what
 * the trigrams of all its rows cost is what makes the save of a large configuration slow.
 */
const ROW_SIZE = { least: 8_000, most: 64_000 };
/** Rows of a long run. */
const ROWS = 32;

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
      taken.push({ ...run, line: run.line + this.#used, lines: part });
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

/** What the version of this text adds to the index, after the one before it. */
export async function indexEntry(
  text: string,
  before: IndexedVersion | undefined,
): Promise<IndexEntry> {
  const old = before === undefined ? [] : linesOf(before.text);
  const lines = linesOf(text);
  const known = new Runs(before === undefined ? [] : decodeBlame(before.blame, before.id));
  const runs: BlameRun[] = [];
  const ended: BlameRun[] = [];
  const addedLines: number[] = [];
  const addedTexts: string[] = [];
  let at = 0;
  let added = 0;
  let removed = 0;
  for (const { kind, count } of await diffLines(old, lines)) {
    if (kind === "removed") {
      ended.push(...known.take(count));
      removed += count;
      continue;
    }
    if (kind === "same") {
      for (const run of known.take(count)) push(runs, run);
    } else {
      push(runs, { configurationId: 0, line: at + 1, lines: count });
      for (const [line, rows] of rowsOf(lines.slice(at, at + count), at + 1)) {
        addedLines.push(line);
        addedTexts.push(rows);
      }
      added += count;
    }
    at += count;
  }
  return {
    added,
    removed,
    blame: encodeBlame(runs),
    addedLines,
    addedTexts,
    endedIds: ended.map(({ configurationId }) => configurationId),
    endedLines: ended.map(({ line }) => line),
    endedCounts: ended.map(({ lines }) => lines),
  };
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

/** Lines as rows of the index: the number of the first one, and the text. */
function* rowsOf(lines: readonly string[], first: number): Iterable<[number, string]> {
  const whole = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const most = Math.min(Math.max(whole / ROWS, ROW_SIZE.least), ROW_SIZE.most);
  let row: string[] = [];
  let size = 0;
  let start = first;
  for (const [i, line] of lines.entries()) {
    if (row.length > 0 && size + line.length > most) {
      yield [start, row.join("\n")];
      row = [];
      size = 0;
      start = first + i;
    }
    // A carriage return at the end belongs to the line's end.
    row.push(line.endsWith("\r") ? line.slice(0, -1) : line);
    size += line.length + 1;
  }
  if (row.length > 0) yield [start, row.join("\n")];
}

/**
 * Makes the index of a device anew from the texts of its versions. For a transaction that holds
 * DeviceStateLock.
 *
 * @returns How many versions there are.
 */
export async function reindexDevice(
  db: Queryable,
  deviceId: number,
  options: CallOptions = {},
): Promise<number> {
  await configIndexClear.run({ deviceId }, db, options);
  let before: IndexedVersion | undefined;
  let versions = 0;
  for (let afterRetrievedAt: Date | undefined, afterId: number | undefined;;) {
    const [version] = await configTextList.run(
      { deviceId, afterRetrievedAt, afterId, limit: 1 },
      db,
      options,
    );
    if (version === undefined) return versions;
    const { id, configData: text } = version;
    const entry = await indexEntry(text, before);
    await configIndexWrite.run({ id, ...entry }, db, options);
    before = { id, text, blame: entry.blame };
    afterRetrievedAt = version.retrievedAt;
    afterId = id;
    versions++;
  }
}
