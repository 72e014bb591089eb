/**
 * The index of lines: for each version which lines came in, which ones ended, and where each of
 * its lines came in. It is made from the texts, as a version is saved or all of a device at once.
 */
import { type BlameRun, decodeBlame, encodeBlame } from "./blame.ts";
import { linesOf } from "./config_text.ts";
import {
  configIndexClear,
  configIndexWrite,
  configLineInsert,
  configTextList,
} from "./generated/config_lines.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "./query.ts";

/** A version as far as the next one needs it. */
export interface IndexedVersion {
  readonly id: number;
  readonly text: string;
  readonly blame: Uint8Array;
}

/** Lines as a row of the index holds them: the number of the first one, and the text. */
export interface LineRow {
  readonly line: number;
  readonly text: string;
}

/** What a version adds to the index. */
export interface IndexEntry {
  /** Lines that the version before lacks, and those that only it has. */
  readonly added: number;
  readonly removed: number;
  readonly blame: Uint8Array;
  /** The lines that came in. */
  readonly begun: readonly LineRow[];
  /** The runs that ended, by where they had come in. */
  readonly ended: readonly BlameRun[];
}

/**
 * Characters of a row of the index, which a search reads as a whole. A long run gets longer rows: what
 * the trigrams of all its rows cost is what makes the save of a large configuration slow.
 */
const ROW_SIZE = { least: 8_000, most: 64_000 };
/** Rows of a long run. */
const ROWS = 32;
/** Characters of the rows that one statement adds: it must end before its deadline. */
const STATEMENT_SIZE = 4_000_000;

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
  const begun: LineRow[] = [];
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
      for (const row of rowsOf(lines.slice(at, at + count), at + 1)) begun.push(row);
      added += count;
    }
    at += count;
  }
  return { added, removed, blame: encodeBlame(runs), begun, ended };
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

/** The first rows, as many as one statement takes, and the others. */
export function firstRows<Row extends LineRow>(rows: readonly Row[]): [Row[], Row[]] {
  let size = 0;
  const end = rows.findIndex(({ text }) => (size += text.length) > STATEMENT_SIZE);
  // One row is never too much.
  const taken = end === -1 ? rows.length : Math.max(end, 1);
  return [rows.slice(0, taken), rows.slice(taken)];
}

/** Adds what was too much for the statement that the version came with. */
export async function addRows(
  db: Queryable,
  version: { readonly deviceId: number; readonly id: number },
  rows: readonly LineRow[],
  options: CallOptions = {},
): Promise<void> {
  for (let left = rows; left.length > 0;) {
    const [some, others] = firstRows(left);
    await configLineInsert.run({ ...version, ...columns(some) }, db, options);
    left = others;
  }
}

/** Rows as the arrays of a statement. */
export function columns(rows: readonly LineRow[]): { lineNumbers: number[]; lineTexts: string[] } {
  return { lineNumbers: rows.map(({ line }) => line), lineTexts: rows.map(({ text }) => text) };
}

/** Runs that ended as the arrays of a statement. */
export function endColumns(
  ended: readonly BlameRun[],
): { endIds: number[]; endNumbers: number[]; endCounts: number[] } {
  return {
    endIds: ended.map(({ configurationId }) => configurationId),
    endNumbers: ended.map(({ line }) => line),
    endCounts: ended.map(({ lines }) => lines),
  };
}

/** Lines as rows of the index. */
function* rowsOf(lines: readonly string[], first: number): Iterable<LineRow> {
  const whole = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const most = Math.min(Math.max(whole / ROWS, ROW_SIZE.least), ROW_SIZE.most);
  let row: string[] = [];
  let size = 0;
  let start = first;
  for (const [i, line] of lines.entries()) {
    if (row.length > 0 && size + line.length > most) {
      yield { line: start, text: row.join("\n") };
      row = [];
      size = 0;
      start = first + i;
    }
    // A carriage return at the end belongs to the line's end.
    row.push(line.endsWith("\r") ? line.slice(0, -1) : line);
    size += line.length + 1;
  }
  if (row.length > 0) yield { line: start, text: row.join("\n") };
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
    const { added, removed, blame, begun, ended } = await indexEntry(text, before);
    const [some, others] = firstRows(begun);
    const counts = { id, previousId: before?.id, added, removed, blame };
    await configIndexWrite.run({ ...counts, ...columns(some), ...endColumns(ended) }, db, options);
    await addRows(db, { deviceId, id }, others, options);
    before = { id, text, blame };
    afterRetrievedAt = version.retrievedAt;
    afterId = id;
    versions++;
  }
}
