/** The workers, or the schedulers, of a database: they stop when it closes. */
import { ConnectionError } from "../errors.ts";
import type { Attachment, Core } from "../session.ts";

interface Loop {
  stop(options: { grace: number }): Promise<void>;
}

/** Loops of one kind. */
export class RunningLoops<L extends Loop> implements Attachment {
  readonly core: Core;
  readonly #running = new Set<L>();
  #stopped = false;

  constructor(core: Core) {
    this.core = core;
  }

  /**
   * Starts a loop.
   *
   * @param start Starts it; the loop calls `onStop` at its end.
   * @throws {ConnectionError} the database is closed.
   */
  start(start: (onStop: () => void) => L): L {
    if (this.#stopped) throw new ConnectionError("closed", "The database is closed");
    const loop = start(() => this.#running.delete(loop));
    this.#running.add(loop);
    return loop;
  }

  async stop(drain: number): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running].map((loop) => loop.stop({ grace: drain })));
  }
}
