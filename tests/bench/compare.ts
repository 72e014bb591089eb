/**
 * Compares two implementations in alternating turns of a few milliseconds, so that other load on the machine
 * affects both. Each side runs in a separate process, as for its users: in a shared process each would pay
 * for the other's garbage, timers and compiled code.
 */

/** Result of one turn. */
export interface Turn {
  /** Milliseconds of a call, including garbage collection. */
  readonly time: number;
  /** Milliseconds of user CPU time of a call in all threads; 0 if unknown. */
  readonly cpu: number;
}

/** One side, ready to work. */
export interface Contestant {
  /** Runs a number of calls. */
  turn(calls: number): Promise<Turn>;
  end(): Promise<void>;
}

/** Results of the layer and of the bare driver. */
export interface Comparison {
  readonly name: string;
  /** Milliseconds of an operation: the median of the turns. */
  readonly ours: number;
  readonly raw: number;
  /** Ratio of the layer to the bare driver by round: median and quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  readonly rounds: number;
  /** Milliseconds of user CPU time of an operation, over all rounds. */
  readonly cpu: { readonly ours: number; readonly raw: number } | undefined;
  /** Maximum ratio. */
  readonly goal: number | undefined;
}

/** Duration and granularity of the measurement. */
export interface Effort {
  /** Number of restarts of both sides, because two connections of the same kind may differ by a few percent. */
  readonly starts: number;
  /** Milliseconds of each side's warm-up. */
  readonly warmUp: number;
  /** Milliseconds of rounds after each start. */
  readonly measure: number;
  /** Approximate milliseconds of one side's turn. */
  readonly turn: number;
  /** Minimum number of rounds after each start. */
  readonly rounds: number;
}

/** Returns a quantile of the numbers, interpolated between neighbours. */
export function quantile(numbers: readonly number[], at: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  return low + (high - low) * (place % 1);
}

/** Returns the median. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/**
 * Alternates both sides. The first side changes from round to round.
 *
 * @param open Starts a side.
 * @param options `operations`: operations of a call. Defaults to 1.
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

/** Warms a side up. Returns the milliseconds of a call afterwards. */
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
