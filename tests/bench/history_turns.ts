/**
 * Alternates any number of implementations, so that other load on the machine affects all of them. Slow ones
 * run in the first rounds only.
 */
import { median, quantile } from "./compare.ts";

/** An implementation to measure. */
export interface Work {
  /** Runs it once. Returns the size of its answer. */
  (): Promise<number>;
}

/** Results of one implementation. */
export interface Taken {
  /** Milliseconds of a call: the median and the quartiles. */
  readonly time: number;
  readonly quartiles: readonly [number, number];
  readonly rounds: number;
  /** Size of the answer. */
  readonly answer: number;
  /** Milliseconds of a call in each turn. */
  readonly times: readonly number[];
}

/** Duration of the measurement. */
export interface TurnEffort {
  /** Approximate milliseconds of rounds, in addition to the first rounds. */
  readonly measure: number;
  /** Milliseconds of a turn. A slower implementation runs once. */
  readonly turn: number;
  /** Minimum number of rounds, in which slow implementations run as well. */
  readonly rounds: number;
  /** Milliseconds from which a call counts as slow. */
  readonly slow: number;
}

/** Measures each implementation. */
export async function takeTurns<Name extends string>(
  works: Readonly<Partial<Record<Name, Work>>>,
  { measure, turn, rounds, slow }: TurnEffort,
): Promise<Partial<Record<Name, Taken>>> {
  const names = Object.keys(works) as Name[];
  const states = new Map<Name, { calls: number; slow: boolean; times: number[]; answer: number }>();
  for (const name of names) {
    // The first call compiles code and fills caches for the next ones.
    let { time, answer } = await call(works[name]!);
    if (time <= slow) ({ time, answer } = await call(works[name]!));
    const calls = Math.max(1, Math.round(turn / time));
    states.set(name, { calls, slow: time > slow, times: [], answer });
  }
  const end = performance.now() + measure;
  for (let round = 0; round < rounds || performance.now() < end; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]!;
      const state = states.get(name)!;
      if (state.slow && round >= rounds) continue;
      const started = performance.now();
      for (let call = 0; call < state.calls; call++) {
        const answer = await works[name]!();
        if (answer !== state.answer) throw new Error(`${name}: the answers differ`);
      }
      state.times.push((performance.now() - started) / state.calls);
    }
  }
  const taken: Partial<Record<Name, Taken>> = {};
  for (const [name, { times, answer }] of states) {
    taken[name] = {
      time: median(times),
      quartiles: [quantile(times, 0.25), quantile(times, 0.75)],
      rounds: times.length,
      answer,
      times,
    };
  }
  return taken;
}

async function call(work: Work): Promise<{ time: number; answer: number }> {
  const started = performance.now();
  const answer = await work();
  return { time: performance.now() - started, answer };
}

/** Ratio of one to the other by round: the median and the quartiles. */
export interface Ratio {
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
}

/** Uses the rounds in which both ran. */
export function ratioOf(one: Taken, other: Taken): Ratio {
  const rounds = Math.min(one.rounds, other.rounds);
  const ratios = one.times.slice(0, rounds).map((time, i) => time / other.times[i]!);
  return {
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}
