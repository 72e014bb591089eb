/** Encodes the changes from one version to the next in a few bytes. */
import type { LineChange } from "./line_diff.ts";

const KINDS = ["same", "removed", "added"] as const;

/** Encodes each change as a number in unsigned LEB128: its count times 3, plus the index of its kind. */
export function encodeChanges(changes: readonly LineChange[]): Uint8Array {
  const bytes: number[] = [];
  for (const { kind, count } of changes) {
    let number = count * KINDS.length + KINDS.indexOf(kind);
    while (number >= 128) {
      bytes.push(number % 128 + 128);
      number = Math.floor(number / 128);
    }
    bytes.push(number);
  }
  return Uint8Array.from(bytes);
}

/** Decodes the result of `encodeChanges`. */
export function decodeChanges(bytes: Uint8Array): LineChange[] {
  const changes: LineChange[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes) {
    number += (byte % 128) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    const kind = KINDS[number % KINDS.length]!;
    changes.push({ kind, count: Math.floor(number / KINDS.length) });
    number = 0;
    scale = 1;
  }
  return changes;
}
