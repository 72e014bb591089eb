/** Polls for due schedules. */
import { Nap, timerTime } from "../nap.ts";
import type { Queryable } from "../query.ts";
import type { Core, DatabaseSession } from "../session.ts";
import type { Logger } from "../telemetry/logger.ts";
import { codeOf } from "../telemetry/trace.ts";
import { scheduleRunDue } from "./mod.ts";
import { RunningLoops } from "./running_loops.ts";

/** Parameters of `runScheduler`. */
export interface SchedulerParams {
  /** Poll interval in milliseconds, which is also the maximum delay of a run. Defaults to 5,000. */
  readonly poll?: number | undefined;
}

const POLL_INTERVAL_MS = 5_000;

/**
 * Turns schedules into jobs when they are due. Several processes may run a scheduler at the same
 * time: each run happens once. The scheduler ends with `stop` or when the database closes.
 *
 * @throws {ParameterError} a parameter is out of range.
 * @throws {ConnectionError} the database is closed.
 * @example
 * const scheduler = runScheduler({ poll: 1_000 }, db);
 * await scheduler.stop();
 */
export function runScheduler(
  { poll = POLL_INTERVAL_MS }: SchedulerParams,
  db: DatabaseSession,
): Scheduler {
  const interval = timerTime("poll", poll);
  const running = db.attached(schedulers);
  const { logger } = running.core;
  return running.start((onStop) => new Scheduler(running.core.db, logger, interval, onStop));
}

function schedulers(core: Core): RunningLoops<Scheduler> {
  return new RunningLoops(core);
}

/** A running scheduler, created by `runScheduler`. */
export class Scheduler {
  readonly #nap = new Nap(true);
  readonly #loop: Promise<void>;
  readonly #onStop: () => void;
  #stopped = false;

  constructor(db: Queryable, logger: Logger, poll: number, onStop: () => void) {
    this.#onStop = onStop;
    this.#loop = this.#run(db, logger, poll);
  }

  /**
   * Stops the scheduler after the current poll.
   *
   * @example
   * const scheduler = runScheduler({}, db);
   * await scheduler.stop();
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#nap.wake();
    await this.#loop;
    this.#onStop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(db: Queryable, logger: Logger, poll: number): Promise<void> {
    while (!this.#stopped) {
      try {
        for (const { id, jobs, enabled } of await scheduleRunDue(db)) {
          logger.debug(`Schedule ${id} created ${jobs} jobs`);
          if (!enabled) logger.warn(`Schedule ${id} has no next time and is disabled`);
        }
      } catch (error) {
        logger.warn(`The scheduler could not run schedules (${codeOf(error)}) and tries again`);
      }
      if (!this.#stopped) await this.#nap.sleep(poll);
    }
  }
}
