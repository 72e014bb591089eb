/**
 * Measures two ways of doing the same thing in turns of a few milliseconds, so that whatever else
 * the machine does meanwhile falls on both. Each side works in a process of its own, as it would for
 * its users: in a shared one, each would pay for the other's garbage, timers and compiled code.
 */

/** What one turn took. */
export interface Turn {
  /** Milliseconds a call, garbage collection included. */
  readonly time: number;
  /** Milliseconds of user CPU time a call, all threads together; 0 where it is not known. */
  readonly cpu: number;
}

/** One side, ready to work. */
export interface Contestant {
  /** Works so many calls. */
  turn(calls: number): Promise<Turn>;
  end(): Promise<void>;
}

/** What the layer and the bare driver took. */
export interface Comparison {
  readonly name: string;
  /** Milliseconds an operation: the median of the turns. */
  readonly ours: number;
  readonly raw: number;
  /** Ours to raw, round by round: the median, and the quartiles around it. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  readonly rounds: number;
  /** Milliseconds of user CPU time an operation, over all rounds. */
  readonly cpu: { readonly ours: number; readonly raw: number } | undefined;
  /** The ratio must not be above it. */
  readonly goal: number | undefined;
}

/** How long and how finely to measure. */
export interface Effort {
  /** How often both sides begin anew: two connections of the same kind may differ by a few percent. */
  readonly starts: number;
  /** Milliseconds for each side's warm-up. */
  readonly warmUp: number;
  /** Milliseconds of rounds after each start. */
  readonly measure: number;
  /** Milliseconds for one side's turn, about. */
  readonly turn: number;
  /** Rounds after each start at the least, whatever time they take. */
  readonly rounds: number;
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

/**
 * Lets both sides take turns; the one that goes first changes from round to round.
 *
 * @param open Starts a side.
 * @param options `operations`: how many a call is, 1 unless told.
 */
export async function compare(
  name: string,
  open: (side: "ours" | "raw") => Promise<Contestant>,
  effort: Effort,
  { operations = 1, goal }: { operations?: number; goal?: number | undefined } = {},
): Promise<Comparison> {
  const times = { ours: [] as number[], raw: [] as number[] };
  let calls = 0;
  const cpu = { ours: 0, raw: 0 };
  for (let start = 0; start < effort.starts; start++) {
    const sides = { ours: await open("ours"), raw: await open("raw") };
    try {
      const one = Math.min(await warmUp(sides.ours, effort), await warmUp(sides.raw, effort));
      const each = one === 0 ? 1 : Math.max(1, Math.round(effort.turn / one));
      const end = performance.now() + effort.measure;
      for (let round = 0; round < effort.rounds || performance.now() < end; round++) {
        for (const side of round % 2 === 0 ? ["ours", "raw"] as const : ["raw", "ours"] as const) {
          const turn = await sides[side].turn(each);
          times[side].push(turn.time / operations);
          cpu[side] += turn.cpu * each / operations;
        }
        calls += each;
      }
    } finally {
      await sides.ours.end();
      await sides.raw.end();
    }
  }

  const ratios = times.ours.map((time, i) => time / times.raw[i]!);
  return {
    name,
    ours: median(times.ours),
    raw: median(times.raw),
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    rounds: ratios.length,
    cpu: cpu.ours === 0 ? undefined : { ours: cpu.ours / calls, raw: cpu.raw / calls },
    goal,
  };
}

/** Lets a side settle. Returns what a call takes then, in milliseconds. */
async function warmUp(side: Contestant, effort: Effort): Promise<number> {
  let time = 0;
  let calls = 1;
  const end = performance.now() + effort.warmUp;
  while (performance.now() < end) {
    ({ time } = await side.turn(calls));
    if (time * calls < effort.turn) calls *= 2;
  }
  return time;
}
