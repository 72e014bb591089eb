/** What changed between two versions. */
import { linesOf } from "./text.ts";
import { NotFoundError } from "../errors.ts";
import { configPairGet } from "../generated/device_configurations.ts";
import { diffLines } from "./line_diff.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** Lines that follow one another with the same fate. */
export interface DiffOperation {
  readonly kind: "same" | "removed" | "added";
  readonly lines: readonly string[];
  /** Number of the first of them in either version, from 1; where the next one would stand, in the other. */
  readonly lineA: number;
  readonly lineB: number;
}

/** How two versions differ. */
export interface ConfigDiff {
  /** In the order of the lines; what is removed comes before what is added in its place. */
  readonly operations: readonly DiffOperation[];
  readonly added: number;
  readonly removed: number;
  /** The same as a unified diff, for `patch`; empty where nothing differs. */
  unified(options?: { context?: number }): Promise<string>;
}

/**
 * Compares two versions, of one device or of two.
 *
 * @param idA The version that is taken for the older one.
 * @throws {NotFoundError} there is no such version.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const first = await configSave(db, { deviceId: device.id, text: "hostname a\n" });
 * const second = await configSave(db, { deviceId: device.id, text: "hostname b\n" });
 * const diff = await configDiff(db, first.id, second.id);
 * console.log(diff.added, diff.removed, await diff.unified());
 */
export async function configDiff(
  db: Queryable,
  idA: number,
  idB: number,
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
