/** Bounded queue of log lines that wait to be stored. */

/** Levels of the enum `log_level`, lowest first. */
export const LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof LEVELS)[number];

/** A waiting line. */
export interface Line {
  readonly jobId: number;
  /** Index in `LEVELS`. */
  readonly level: number;
  readonly message: string;
  /** Time of the line, in milliseconds of `performance.now()`. */
  readonly at: number;
}

/** Number of dropped lines of each level, in the order of `LEVELS`. */
export type DroppedCounts = readonly number[];

/** Memory of a line without its characters. */
const LINE_OVERHEAD_BYTES = 96;
/** A full queue drops this fraction of its lines at once, so that not every push scans all lines. */
const DROPPED_FRACTION = 1 / 8;

/** First in, first out. A full queue drops lines of the lowest level first. */
export class LogQueue {
  readonly #maxBytes: number;
  #lines: Line[] = [];
  /** Index of the first waiting line in `#lines`. */
  #head = 0;
  #bytes = 0;
  readonly #dropped = new Map<number, number[]>();

  /** @param maxBytes Maximum memory of waiting lines, in bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#lines.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line. A full queue drops lines of the lowest levels, perhaps this one. */
  push(line: Line): void {
    this.#lines.push(line);
    this.#bytes += size(line);
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }

  /** Removes and returns the first lines, within both limits but at least one. */
  take(maxLines: number, maxBytes: number): Line[] {
    let end = this.#head;
    let sum = 0;
    while (end < this.#lines.length && end - this.#head < maxLines) {
      sum += size(this.#lines[end]!);
      if (sum > maxBytes && end > this.#head) break;
      end++;
    }
    const taken = this.#lines.slice(this.#head, end);
    this.#head = end;
    for (const line of taken) this.#bytes -= size(line);
    if (this.#head === this.#lines.length) {
      this.#lines = [];
      this.#head = 0;
    } else if (this.#head > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Returns the counts of dropped lines since the last call, by job. */
  takeDropped(): ReadonlyMap<number, DroppedCounts> {
    const dropped = new Map(this.#dropped);
    this.#dropped.clear();
    return dropped;
  }

  #makeRoom(): void {
    const room = this.#maxBytes * (1 - DROPPED_FRACTION);
    const kept = this.#lines.slice(this.#head);
    const sizes = LEVELS.map(() => 0);
    for (const line of kept) sizes[line.level]! += size(line);
    // Bytes to drop of each level, lowest level first.
    let excess = this.#bytes - room;
    const toDrop = sizes.map((bytes) => {
      const dropped = Math.min(bytes, Math.max(0, excess));
      excess -= dropped;
      return dropped;
    });
    this.#head = 0;
    this.#lines = kept.filter((line) => {
      if (toDrop[line.level]! <= 0) return true;
      toDrop[line.level]! -= size(line);
      this.#bytes -= size(line);
      this.#count(line);
      return false;
    });
  }

  #count({ jobId, level }: Line): void {
    let counts = this.#dropped.get(jobId);
    if (counts === undefined) this.#dropped.set(jobId, counts = LEVELS.map(() => 0));
    counts[level]!++;
  }
}

function size({ message }: Line): number {
  return LINE_OVERHEAD_BYTES + 2 * message.length;
}
