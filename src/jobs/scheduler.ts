/** A scheduler's loop: looks for schedules that are due, again and again. */
import type { Logger } from "../telemetry/logger.ts";
import { Nap, timerTime } from "../nap.ts";
import type { Queryable } from "../query.ts";
import { scheduleRunDue } from "./schedule.ts";
import { codeOf } from "../telemetry/trace.ts";

/** What `schedule` takes. */
export interface SchedulerOptions {
  /** Milliseconds between two looks, and so the most that a run is late; 5,000 unless told. */
  readonly poll?: number | undefined;
}

/** Made by `db.schedule`. */
export class Scheduler {
  readonly #nap = new Nap(true);
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(db: Queryable, logger: Logger, { poll = 5_000 }: SchedulerOptions) {
    this.#loop = this.#run(db, logger, timerTime("poll", poll));
  }

  /**
   * Ends it, after the look that is under way.
   *
   * @example
   * const scheduler = db.schedule();
   * await scheduler.stop();
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#nap.wake();
    await this.#loop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(db: Queryable, logger: Logger, poll: number): Promise<void> {
    while (!this.#stopped) {
      try {
        for (const { id, jobs, enabled } of await scheduleRunDue(db)) {
          logger.debug(`Schedule ${id}: ${jobs} jobs`);
          if (!enabled) logger.warn(`Schedule ${id} has no next time and is disabled`);
        }
      } catch (error) {
        logger.warn(`Schedules could not be run (${codeOf(error)}); trying again`);
      }
      if (!this.#stopped) await this.#nap.sleep(poll);
    }
  }
}
