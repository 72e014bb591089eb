/**
 * Measures two ways of doing the same thing in one process, in turns of a few milliseconds, so that
 * whatever else the machine does meanwhile falls on both.
 */
import process from "node:process";

/** Does it once. */
export type Side = () => Promise<unknown>;

/** What the layer and the bare driver took. */
export interface Comparison {
  readonly name: string;
  /** Milliseconds an operation: the median within a turn, and of the turns. */
  readonly ours: number;
  readonly raw: number;
  /** Ours to raw, round by round: the median, and the quartiles around it. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  readonly rounds: number;
  /**
   * Milliseconds of this process's own CPU time (user) an operation, over all rounds; it holds
   * what a median does not show, such as the collection of garbage.
   */
  readonly cpu?: { readonly ours: number; readonly raw: number } | undefined;
  /** The ratio must not be above it. */
  readonly goal?: number | undefined;
}

/** How long and how finely to measure. */
export interface Effort {
  /** Milliseconds for the warm-up of both sides. */
  readonly warmUp: number;
  /** Milliseconds for all rounds. */
  readonly measure: number;
  /** Milliseconds for one side's turn, about. */
  readonly turn: number;
  /** Rounds at the least, whatever time they take. */
  readonly rounds: number;
}

/** What a comparison may say besides. */
export interface ComparisonOptions {
  /** How many operations a call of a side is; 1 unless told. */
  readonly operations?: number;
  readonly goal?: number;
  /** False: the work is done by other processes. */
  readonly cpu?: boolean;
}

/** The quantile of the numbers, between neighbours where it falls between them. */
export function quantile(numbers: readonly number[], at: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  return low + (high - low) * (place % 1);
}

/** The number in the middle. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** Lets both sides take turns; the one that goes first changes from round to round. */
export async function compare(
  name: string,
  ours: Side,
  raw: Side,
  effort: Effort,
  { operations = 1, goal, cpu = true }: ComparisonOptions = {},
): Promise<Comparison> {
  const calls = await warmUp(ours, raw, effort);
  const turns = { ours: [] as number[], raw: [] as number[] };
  const used = { ours: 0, raw: 0 };
  const turn = async (side: "ours" | "raw") => {
    const call = side === "ours" ? ours : raw;
    const times: number[] = [];
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) {
      const started = performance.now();
      await call();
      times.push((performance.now() - started) / operations);
    }
    used[side] += process.cpuUsage(before).user;
    turns[side].push(median(times));
  };

  const end = performance.now() + effort.measure;
  for (let round = 0; round < effort.rounds || performance.now() < end; round++) {
    await turn(round % 2 === 0 ? "ours" : "raw");
    await turn(round % 2 === 0 ? "raw" : "ours");
  }

  const rounds = turns.ours.length;
  const ratios = turns.ours.map((time, i) => time / turns.raw[i]!);
  const each = (microseconds: number) => microseconds / 1000 / (rounds * calls * operations);
  return {
    name,
    ours: median(turns.ours),
    raw: median(turns.raw),
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    rounds,
    cpu: cpu ? { ours: each(used.ours), raw: each(used.raw) } : undefined,
    goal,
  };
}

/** Lets both sides settle, and finds how many calls make a turn of the length asked for. */
async function warmUp(ours: Side, raw: Side, effort: Effort): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + effort.warmUp;
  do {
    await ours();
    const started = performance.now();
    await raw();
    times.push(performance.now() - started);
  } while (performance.now() < end);
  return Math.max(1, Math.round(effort.turn / median(times)));
}
