/** A sleep that can be interrupted. */
import { setTimeout as after } from "node:timers";
import { ParameterError } from "./errors.ts";

const NOTHING = () => {};

/** A timer for one sleeper at a time. */
export class Nap {
  readonly #holds: boolean;
  #wake: () => void = NOTHING;

  /** @param holds Whether a sleep keeps the process alive. Defaults to false. */
  constructor(holds = false) {
    this.#holds = holds;
  }

  /**
   * Sleeps until `wake` is called.
   *
   * @param time Maximum milliseconds.
   */
  sleep(time: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = after(resolve, time);
      if (!this.#holds) timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the current sleep, if there is one. */
  wake(): void {
    this.#wake();
  }
}

/** The longest delay that a timer accepts. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns the milliseconds if a timer accepts them.
 *
 * @param field The parameter's name, for the error.
 * @throws {ParameterError} a timer does not accept them.
 */
export function timerTime(field: string, value: number): number {
  if (value > 0 && value <= MAX_TIMER_MS) return value;
  throw new ParameterError(field, `must be a number greater than 0 and at most ${MAX_TIMER_MS}`);
}
