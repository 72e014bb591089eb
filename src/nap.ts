/** A sleep that can be cut short. */
import { setTimeout as after } from "node:timers";
import { ParameterError } from "./errors.ts";

const NOTHING = () => {};

/** One sleeper at a time. */
export class Nap {
  readonly #holds: boolean;
  #wake: () => void = NOTHING;

  /** @param holds Whether a sleep holds the process open. */
  constructor(holds = false) {
    this.#holds = holds;
  }

  /** @param time Milliseconds, or until it is woken. */
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

  /** Ends the sleep, where there is one. */
  wake(): void {
    this.#wake();
  }
}

/** The most milliseconds that a timer takes. */
const MOST = 2 ** 31 - 1;

/**
 * Milliseconds as a timer takes them.
 *
 * @throws {ParameterError} they are not, by `field`.
 */
export function timerTime(field: string, value: number): number {
  if (value > 0 && value <= MOST) return value;
  throw new ParameterError(field, `must be a number, more than 0 and at most ${MOST}`);
}
