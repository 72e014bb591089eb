/** Compares two texts by lines. */

/** Consecutive lines with the same change. */
export interface LineChange {
  readonly kind: "same" | "removed" | "added";
  readonly count: number;
}

/** Limit of the search for the shortest diff, whose cost grows with the square of the changed lines. */
const MAX_CHANGED_LINES = 4_000;

/**
 * Returns the shortest diff. If it exceeds the limit, all lines between the common beginning and the
 * common end count as removed and added.
 */
export async function diffLines(
  before: readonly string[],
  after: readonly string[],
): Promise<LineChange[]> {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]
  ) end++;
  return joined([
    { kind: "same", count: start },
    ...await diffMiddle(
      before.slice(start, before.length - end),
      after.slice(start, after.length - end),
    ),
    { kind: "same", count: end },
  ]);
}

async function diffMiddle(
  before: readonly string[],
  after: readonly string[],
): Promise<LineChange[]> {
  const replaced: LineChange[] = [
    { kind: "removed", count: before.length },
    { kind: "added", count: after.length },
  ];
  if (before.length === 0 || after.length === 0) return replaced;
  // Numbers compare faster than lines with a common prefix.
  const numbers = new Map<string, number>();
  const numbered = (lines: readonly string[]) =>
    lines.map((line) => {
      const known = numbers.get(line) ?? numbers.size;
      if (known === numbers.size) numbers.set(line, known);
      return known;
    });
  // Loads this package on demand, because it has more files than the whole layer.
  const { diffArrays } = await import("diff");
  const changes = diffArrays(numbered(before), numbered(after), {
    maxEditLength: MAX_CHANGED_LINES,
  });
  return changes?.map(({ added, removed, count }) => ({
    kind: added ? "added" : removed ? "removed" : "same",
    count,
  })) ?? replaced;
}

/** Drops empty changes and merges consecutive changes of the same kind. */
function joined(changes: readonly LineChange[]): LineChange[] {
  const all: LineChange[] = [];
  for (const change of changes) {
    if (change.count === 0) continue;
    const last = all.at(-1);
    if (last?.kind === change.kind) {
      all[all.length - 1] = { kind: last.kind, count: last.count + change.count };
    } else {
      all.push(change);
    }
  }
  return all;
}
