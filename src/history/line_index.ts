/**
 * The index of lines: for each version what it changed, which lines came in, and which ones ended.
 * It is made from the texts, as a version is saved or all of a device at once.
 */
import { type BlameRun, nextBlame } from "./line_origins.ts";
import { linesOf } from "./text.ts";
import {
  configIndexClear,
  configIndexWrite,
  configLineInsert,
  configTextList,
} from "../generated/config_lines.ts";
import { encodeChanges } from "./line_changes.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** A version as far as the next one needs it. */
export interface IndexedVersion {
  readonly text: string;
  readonly runs: readonly BlameRun[];
}

/** Lines that came in, as a row of the index holds them. */
export interface LinePart {
  /** From 1. */
  readonly part: number;
  /** Their numbers in the version, as a multirange. */
  readonly numbers: string;
  readonly text: string;
}

/** Lines that ended. */
export interface EndedLines {
  /** The version that they had come in with, and their numbers there, as a multirange. */
  readonly id: number;
  readonly numbers: string;
}

/** What a version adds to the index. */
export interface IndexEntry {
  /** Lines that the version before lacks, and those that only it has. */
  readonly added: number;
  readonly removed: number;
  readonly changes: Uint8Array;
  readonly parts: readonly LinePart[];
  readonly ended: readonly EndedLines[];
  /** Where its lines came in: 0 stands for the version itself. */
  readonly runs: readonly BlameRun[];
}

/**
 * Characters of a row of the index, which a search reads as a whole: a long row has nearly every
 * trigram, and is looked into in vain. A long version gets longer rows all the same: what the trigrams
 * of all its rows cost is what makes the save of a large configuration slow.
 */
const ROW_SIZE = { least: 2_000, most: 64_000 };
/** Rows of a long version. */
const ROWS = 32;
/** Characters of the rows that one statement adds: it must end before its deadline. */
const STATEMENT_SIZE = 4_000_000;

/** What the version of this text adds to the index, after the one before it. */
export async function indexEntry(
  text: string,
  before: IndexedVersion | undefined,
): Promise<IndexEntry> {
  const lines = linesOf(text);
  const changes = await diffLines(before === undefined ? [] : linesOf(before.text), lines);
  const { runs, ended } = nextBlame(before?.runs ?? [], changes, 0);
  const begun: NumberedLine[] = [];
  let [at, removed] = [0, 0];
  for (const { kind, count } of changes) {
    if (kind === "removed") {
      removed += count;
      continue;
    }
    for (let i = at; kind === "added" && i < at + count; i++) {
      // A carriage return at the end belongs to the line's end.
      begun.push({ number: i + 1, text: lines[i]!.replace(/\r$/, "") });
    }
    at += count;
  }
  return {
    added: begun.length,
    removed,
    changes: encodeChanges(changes),
    parts: [...partsOf(begun)],
    ended: endsOf(ended),
    runs,
  };
}

interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** Lines as rows of the index. */
function* partsOf(lines: readonly NumberedLine[]): Iterable<LinePart> {
  const whole = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  const most = Math.min(Math.max(whole / ROWS, ROW_SIZE.least), ROW_SIZE.most);
  let part = 1;
  let from = 0;
  let size = 0;
  for (const [i, { text }] of lines.entries()) {
    size += text.length + 1;
    const next = lines[i + 1];
    if (next !== undefined && size + next.text.length <= most) continue;
    const some = lines.slice(from, i + 1);
    yield {
      part: part++,
      numbers: multirange(some.map(({ number }) => ({ line: number, lines: 1 }))),
      text: some.map(({ text }) => text).join("\n"),
    };
    from = i + 1;
    size = 0;
  }
}

/** Runs that ended, by the version that they had come in with. */
function endsOf(ended: readonly BlameRun[]): EndedLines[] {
  const byId = new Map<number, BlameRun[]>();
  for (const run of ended) {
    const runs = byId.get(run.configurationId);
    if (runs === undefined) byId.set(run.configurationId, [run]);
    else runs.push(run);
  }
  return [...byId].map(([id, runs]) => ({ id, numbers: multirange(runs) }));
}

/** Numbers of lines as PostgreSQL writes them: `{[1,4),[7,8)}`. */
function multirange(runs: readonly { readonly line: number; readonly lines: number }[]): string {
  const ranges: [number, number][] = [];
  for (const { line, lines } of runs) {
    const last = ranges.at(-1);
    if (last?.[1] === line) last[1] += lines;
    else ranges.push([line, line + lines]);
  }
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join()}}`;
}

/** The first rows, as many as one statement takes, and the others. */
export function firstParts<Part extends LinePart>(parts: readonly Part[]): [Part[], Part[]] {
  let size = 0;
  const end = parts.findIndex(({ text }) => (size += text.length) > STATEMENT_SIZE);
  // One row is never too much.
  const taken = end === -1 ? parts.length : Math.max(end, 1);
  return [parts.slice(0, taken), parts.slice(taken)];
}

/** Adds what was too much for the statement that the version came with. */
export async function addParts(
  db: Queryable,
  version: { readonly deviceId: number; readonly id: number },
  parts: readonly LinePart[],
  options: CallOptions = {},
): Promise<void> {
  for (let left = parts; left.length > 0;) {
    const [some, others] = firstParts(left);
    await configLineInsert.run({ ...version, ...partColumns(some) }, db, options);
    left = others;
  }
}

/** Rows of lines as the arrays of a statement. */
export function partColumns(parts: readonly LinePart[]): {
  partNumbers: number[];
  lineNumbers: string[];
  lineTexts: string[];
} {
  return {
    partNumbers: parts.map(({ part }) => part),
    lineNumbers: parts.map(({ numbers }) => numbers),
    lineTexts: parts.map(({ text }) => text),
  };
}

/** Ends as the arrays of a statement. */
export function endColumns(
  ended: readonly EndedLines[],
): { endIds: number[]; endNumbers: string[] } {
  return { endIds: ended.map(({ id }) => id), endNumbers: ended.map(({ numbers }) => numbers) };
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
  let before: IndexedVersion & { id: number } | undefined;
  let versions = 0;
  for (let afterRetrievedAt: Date | undefined, afterId: number | undefined;;) {
    const [version] = await configTextList.run(
      { deviceId, afterRetrievedAt, afterId, limit: 1 },
      db,
      options,
    );
    if (version === undefined) return versions;
    const { id, configData: text } = version;
    const { added, removed, changes, parts, ended, runs } = await indexEntry(text, before);
    const [some, others] = firstParts(parts);
    const written = { id, previousId: before?.id, added, removed, changes };
    const arrays = { ...partColumns(some), ...endColumns(ended) };
    await configIndexWrite.run({ ...written, ...arrays }, db, options);
    await addParts(db, { deviceId, id }, others, options);
    before = {
      id,
      text,
      runs: runs.map((run) => run.configurationId === 0 ? { ...run, configurationId: id } : run),
    };
    afterRetrievedAt = version.retrievedAt;
    afterId = id;
    versions++;
  }
}
