/** Compares two versions. */
import { linesOf } from "./text.ts";
import { NotFoundError } from "../errors.ts";
import { configPairGet } from "../generated/internal/device_configurations.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** Consecutive lines with the same change. */
export interface DiffOperation {
  readonly kind: "same" | "removed" | "added";
  readonly lines: readonly string[];
  /** Number of the first line in version A, from 1; for added lines, of the line that follows them. */
  readonly lineA: number;
  /** Number of the first line in version B, from 1; for removed lines, of the line that follows them. */
  readonly lineB: number;
}

/** Parameters of `configDiff`. */
export interface ConfigDiffParams {
  /** Id of the older version. */
  readonly idA: number;
  /** Id of the newer version. */
  readonly idB: number;
}

/** Result of `configDiff`. */
export interface ConfigDiff {
  /** Changes in the order of the lines. Removed lines come before the added lines that replace them. */
  readonly operations: readonly DiffOperation[];
  readonly added: number;
  readonly removed: number;
  /** Returns a unified diff for `patch`; empty if the versions are equal. */
  unified(options?: { context?: number }): Promise<string>;
}

/** Implements `configDiff` of `history/mod.ts`. */
export async function configDiff(
  { idA, idB }: ConfigDiffParams,
  db: Queryable,
  options: CallOptions = {},
): Promise<ConfigDiff> {
  const rows = await configPairGet.run({ idA, idB }, db, options);
  const find = (id: number) => {
    const row = rows.find((row) => row.id === id);
    if (row !== undefined) return row;
    throw new NotFoundError(`Configuration ${id} does not exist`, { query: "ConfigDiff" });
  };
  const [a, b] = [find(idA), find(idB)];
  const [before, after] = [linesOf(a.configData), linesOf(b.configData)];
  const operations: DiffOperation[] = [];
  const counts = { same: 0, added: 0, removed: 0 };
  let [atA, atB] = [0, 0];
  for (const { kind, count } of await diffLines(before, after)) {
    const lines = kind === "removed"
      ? before.slice(atA, atA + count)
      : after.slice(atB, atB + count);
    operations.push({ kind, lines, lineA: atA + 1, lineB: atB + 1 });
    counts[kind] += count;
    if (kind !== "added") atA += count;
    if (kind !== "removed") atB += count;
  }
  const { added, removed } = counts;
  return {
    operations,
    added,
    removed,
    async unified({ context = 3 } = {}) {
      if (a.configData === b.configData) return "";
      const { createTwoFilesPatch } = await import("diff");
      const [nameA, nameB] = [a, b].map(({ id }) => `configuration ${id}`) as [string, string];
      const [timeA, timeB] = [a, b].map(({ retrievedAt }) => retrievedAt.toISOString());
      return createTwoFilesPatch(
        nameA,
        nameB,
        a.configData,
        b.configData,
        timeA,
        timeB,
        { context },
      );
    },
  };
}
