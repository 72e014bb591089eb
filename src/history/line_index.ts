/**
 * The line index records the changes of each version, and the lines that it added and removed. It is
 * built from the texts: for one version when it is saved, or for all versions of a device.
 */
import { type BlameRun, nextBlame } from "./line_origins.ts";
import { linesOf } from "./text.ts";
import {
  configIndexClear,
  configIndexWrite,
  configLineInsert,
  configTextList,
} from "../generated/internal/config_lines.ts";
import { encodeChanges } from "./line_changes.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** The fields of a version that the index of the next version needs. */
export interface IndexedVersion {
  readonly text: string;
  readonly runs: readonly BlameRun[];
}

/** Added lines, as one row of the index. */
export interface LineChunk {
  /** Number of the chunk in its version, from 1. */
  readonly chunk: number;
  /** Line numbers in the version, as a multirange. */
  readonly numbers: string;
  readonly text: string;
}

/** Removed lines that the same version had added. */
export interface RemovedLines {
  /** Version that had added the lines. */
  readonly id: number;
  /** Line numbers in that version, as a multirange. */
  readonly numbers: string;
}

/** Index entry of a version. */
export interface IndexEntry {
  /** Number of lines that the version adds to, and removes from, the previous version. */
  readonly added: number;
  readonly removed: number;
  readonly changes: Uint8Array;
  readonly chunks: readonly LineChunk[];
  readonly removedLines: readonly RemovedLines[];
  /** Origins of the lines. Id 0 stands for the version itself. */
  readonly runs: readonly BlameRun[];
}

/**
 * Limits of a chunk. A search reads whole chunks: a long chunk contains nearly every trigram and
 * matches in vain. A long version gets longer chunks nevertheless, because the trigrams of all chunks
 * determine the cost of saving it.
 */
const MIN_CHUNK_CHARACTERS = 2_000;
const MAX_CHUNK_CHARACTERS = 64_000;
/** Target number of chunks of a long version. */
const LONG_VERSION_CHUNKS = 32;
/** Limit of one statement, which must end before its deadline. */
const MAX_STATEMENT_CHARACTERS = 4_000_000;

/** Builds the index entry of a text that follows the version `before`. */
export async function indexEntry(
  text: string,
  before: IndexedVersion | undefined,
): Promise<IndexEntry> {
  const lines = linesOf(text);
  const changes = await diffLines(before === undefined ? [] : linesOf(before.text), lines);
  const { runs, removed: removedRuns } = nextBlame(before?.runs ?? [], changes, 0);
  const addedLines: NumberedLine[] = [];
  let [index, removed] = [0, 0];
  for (const { kind, count } of changes) {
    if (kind === "removed") {
      removed += count;
      continue;
    }
    for (let i = index; kind === "added" && i < index + count; i++) {
      // A carriage return at the end is part of the line break.
      addedLines.push({ number: i + 1, text: lines[i]!.replace(/\r$/, "") });
    }
    index += count;
  }
  return {
    added: addedLines.length,
    removed,
    changes: encodeChanges(changes),
    chunks: [...chunksOf(addedLines)],
    removedLines: removedLinesOf(removedRuns),
    runs,
  };
}

interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** Splits lines into chunks. */
function* chunksOf(lines: readonly NumberedLine[]): Iterable<LineChunk> {
  const total = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  const target = Math.max(total / LONG_VERSION_CHUNKS, MIN_CHUNK_CHARACTERS);
  const maxSize = Math.min(target, MAX_CHUNK_CHARACTERS);
  let chunk = 1;
  let from = 0;
  let size = 0;
  for (const [i, { text }] of lines.entries()) {
    size += text.length + 1;
    const next = lines[i + 1];
    if (next !== undefined && size + next.text.length <= maxSize) continue;
    const chunkLines = lines.slice(from, i + 1);
    yield {
      chunk: chunk++,
      numbers: multirange(chunkLines.map(({ number }) => ({ line: number, lines: 1 }))),
      text: chunkLines.map(({ text }) => text).join("\n"),
    };
    from = i + 1;
    size = 0;
  }
}

/** Groups removed runs by the version that had added them. */
function removedLinesOf(removed: readonly BlameRun[]): RemovedLines[] {
  const byId = new Map<number, BlameRun[]>();
  for (const run of removed) {
    const runs = byId.get(run.configurationId);
    if (runs === undefined) byId.set(run.configurationId, [run]);
    else runs.push(run);
  }
  return [...byId].map(([id, runs]) => ({ id, numbers: multirange(runs) }));
}

/** Formats line numbers as a PostgreSQL multirange: `{[1,4),[7,8)}`. */
function multirange(runs: readonly { readonly line: number; readonly lines: number }[]): string {
  const ranges: [number, number][] = [];
  for (const { line, lines } of runs) {
    const last = ranges.at(-1);
    if (last?.[1] === line) last[1] += lines;
    else ranges.push([line, line + lines]);
  }
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join()}}`;
}

/** Splits chunks into those of one statement, at least one, and the rest. */
export function splitChunks<Chunk extends LineChunk>(
  chunks: readonly Chunk[],
): [Chunk[], Chunk[]] {
  let size = 0;
  const end = chunks.findIndex(({ text }) => (size += text.length) > MAX_STATEMENT_CHARACTERS);
  const count = end === -1 ? chunks.length : Math.max(end, 1);
  return [chunks.slice(0, count), chunks.slice(count)];
}

/** Adds the chunks that exceed the statement that stored the version. */
export async function addChunks(
  db: Queryable,
  version: { readonly deviceId: number; readonly id: number },
  chunks: readonly LineChunk[],
  options: CallOptions = {},
): Promise<void> {
  for (let left = chunks; left.length > 0;) {
    const [first, rest] = splitChunks(left);
    await configLineInsert.run({ ...version, ...chunkColumns(first) }, db, options);
    left = rest;
  }
}

/** Converts chunks to the array parameters of a query. */
export function chunkColumns(chunks: readonly LineChunk[]): {
  partNumbers: number[];
  lineNumbers: string[];
  lineTexts: string[];
} {
  return {
    partNumbers: chunks.map(({ chunk }) => chunk),
    lineNumbers: chunks.map(({ numbers }) => numbers),
    lineTexts: chunks.map(({ text }) => text),
  };
}

/** Converts removed lines to the array parameters of a query. */
export function removedColumns(
  removed: readonly RemovedLines[],
): { endIds: number[]; endNumbers: string[] } {
  return { endIds: removed.map(({ id }) => id), endNumbers: removed.map(({ numbers }) => numbers) };
}

/**
 * Rebuilds the index of a device from the texts of its versions. The transaction must hold
 * DeviceStateLock.
 *
 * @returns The number of versions.
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
    const entry = await indexEntry(text, before);
    const { added, removed, changes, runs } = entry;
    const [first, rest] = splitChunks(entry.chunks);
    const written = { id, previousId: before?.id, added, removed, changes };
    const arrays = { ...chunkColumns(first), ...removedColumns(entry.removedLines) };
    await configIndexWrite.run({ ...written, ...arrays }, db, options);
    await addChunks(db, { deviceId, id }, rest, options);
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
