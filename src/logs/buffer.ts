/** Lines that wait to be stored, in their order, and never more than fit. */

/** The levels of `log_level`, the least first. */
export const LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof LEVELS)[number];

/** A line that waits. */
export interface Line {
  readonly jobId: number;
  /** Its place in `LEVELS`. */
  readonly level: number;
  readonly message: string;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

/** How many lines of each level were dropped, in the order of `LEVELS`. */
export type Dropped = readonly number[];

/** What a line takes beside its characters. */
const LINE = 96;
/** What is dropped at once, so that not each line looks at all the others: this part of the room. */
const PART = 8;

/** First in, first out; where it is full, the least lines go first. */
export class LogQueue {
  readonly #most: number;
  #lines: Line[] = [];
  /** Where the queue begins in `#lines`. */
  #head = 0;
  #bytes = 0;
  readonly #dropped = new Map<number, number[]>();

  /** @param most Bytes that waiting lines may take. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#lines.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line; where there is no room, lines of the lowest levels go, perhaps this one. */
  push(line: Line): void {
    this.#lines.push(line);
    this.#bytes += size(line);
    if (this.#bytes > this.#most) this.#makeRoom();
  }

  /** Takes the first lines out, so many and of so many bytes at most, one at least. */
  take(lines: number, bytes: number): Line[] {
    let end = this.#head;
    let sum = 0;
    while (end < this.#lines.length && end - this.#head < lines) {
      sum += size(this.#lines[end]!);
      if (sum > bytes && end > this.#head) break;
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

  /** What was dropped since the last call, by job. */
  takeDropped(): ReadonlyMap<number, Dropped> {
    const dropped = new Map(this.#dropped);
    this.#dropped.clear();
    return dropped;
  }

  #makeRoom(): void {
    const room = this.#most - this.#most / PART;
    const kept = this.#lines.slice(this.#head);
    const sizes = LEVELS.map(() => 0);
    for (const line of kept) sizes[line.level]! += size(line);
    // Of each level so many bytes go, the lowest first, until the rest has room.
    let excess = this.#bytes - room;
    const going = sizes.map((bytes) => {
      const part = Math.min(bytes, Math.max(0, excess));
      excess -= part;
      return part;
    });
    this.#head = 0;
    this.#lines = kept.filter((line) => {
      if (going[line.level]! <= 0) return true;
      going[line.level]! -= size(line);
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
  return LINE + 2 * message.length;
}
