/**
 * Where each line of a version came in: runs of lines that follow one another in the version they
 * came in with. Kept as bytes, a few for each run: first the versions (how many, then each as its
 * distance from the one before), then the runs (place in that list, line, lines), all of them
 * unsigned LEB128 numbers. Version 0 is the version itself.
 */

/** Lines that follow one another in a version, and did so in the one they came in with. */
export interface BlameRun {
  /** The version that they came in with. */
  readonly configurationId: number;
  /** Number of the first of them there, from 1. */
  readonly line: number;
  readonly lines: number;
}

/** @param own The version's own id, where it is known already. */
export function encodeBlame(runs: readonly BlameRun[], own = 0): Uint8Array {
  const idOf = ({ configurationId }: BlameRun) => configurationId === own ? 0 : configurationId;
  const ids = [...new Set(runs.map(idOf))].sort((a, b) => a - b);
  const places = new Map(ids.map((id, place) => [id, place]));
  const numbers = [
    ids.length,
    ...ids.map((id, i) => id - (ids[i - 1] ?? 0)),
    ...runs.flatMap((run) => [places.get(idOf(run))!, run.line, run.lines]),
  ];
  const bytes: number[] = [];
  for (let number of numbers) {
    while (number >= 128) {
      bytes.push(number % 128 + 128);
      number = Math.floor(number / 128);
    }
    bytes.push(number);
  }
  return Uint8Array.from(bytes);
}

/** @param own The version's own id. */
export function decodeBlame(bytes: Uint8Array, own: number): BlameRun[] {
  const numbers: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes) {
    number += (byte % 128) * scale;
    scale *= 128;
    if (byte < 128) {
      numbers.push(number);
      number = 0;
      scale = 1;
    }
  }
  const count = numbers[0] ?? 0;
  const ids: number[] = [];
  for (let i = 1; i <= count; i++) ids.push(numbers[i]! + (ids.at(-1) ?? 0));
  const runs: BlameRun[] = [];
  for (let i = count + 1; i + 2 < numbers.length; i += 3) {
    const id = ids[numbers[i]!]!;
    runs.push({
      configurationId: id === 0 ? own : id,
      line: numbers[i + 1]!,
      lines: numbers[i + 2]!,
    });
  }
  return runs;
}
