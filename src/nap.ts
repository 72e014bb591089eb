/** A sleep that can be cut short. */
import { setTimeout as after } from "node:timers";

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
