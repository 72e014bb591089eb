/** Reading the log of a job as it grows. */
import { NotFoundError } from "../errors.ts";
import { jobLogTail, type JobLogTailResult } from "../generated/job_logs.ts";
import { jobGet } from "../generated/jobs.ts";
import { Listener } from "../connection/listener.ts";
import { type Level, LEVELS } from "./buffer.ts";
import { Nap, timerTime } from "../nap.ts";
import type { Queryable } from "../query.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";

/** A line, as `jobLogTail` gives it. */
export type JobLogLine = JobLogTailResult;

/** What `tail` takes. */
export interface TailOptions {
  /** The last line that is known; from the first unless told. */
  readonly after?: Pick<JobLogLine, "timestamp" | "id"> | undefined;
  /** Lines below it are left out. */
  readonly minLevel?: Level | undefined;
  /** Milliseconds between two looks where no notification comes; 2,000 unless told. */
  readonly poll?: number | undefined;
  /** Ends the loop, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const CHANNEL = "netraven_job_logs";
const POLL = 2_000;
/** Lines of one round trip. */
const PAGE = 500;
/** Milliseconds between two looks at a log that is written all the time. */
const DEBOUNCE = 25;

/** Wakes those who read, by the device that lines came from; one listener for all of them. */
export class LogTails {
  readonly #db: Queryable;
  readonly #open: (onNotify: OnNotify) => Promise<Connection>;
  readonly #readers = new Map<() => void, string>();
  #listener: Listener | undefined;

  constructor(db: Queryable, open: (onNotify: OnNotify) => Promise<Connection>) {
    this.#db = db;
    this.#open = open;
  }

  async *read(jobId: number, options: TailOptions): AsyncGenerator<JobLogLine, void> {
    const { after, minLevel = "debug", signal } = options;
    const poll = timerTime("poll", options.poll ?? POLL);
    const least = LEVELS.indexOf(minLevel);
    signal?.throwIfAborted();
    const job = await jobGet.first({ id: jobId }, this.#db, { signal });
    if (job === undefined) {
      throw new NotFoundError(`Job ${jobId} does not exist`, { query: "JobLogTail" });
    }
    const nap = new Nap(true);
    let called = false;
    const wake = () => {
      called = true;
      nap.wake();
    };
    signal?.addEventListener("abort", wake);
    this.#add(wake, String(job.deviceId));
    try {
      let last = after;
      for (;;) {
        called = false;
        const lines = await jobLogTail.run(
          { jobId, afterTimestamp: last?.timestamp, afterId: last?.id, limit: PAGE },
          this.#db,
          { signal },
        );
        for (const line of lines) {
          last = line;
          if (LEVELS.indexOf(line.level) >= least) yield line;
          signal?.throwIfAborted();
        }
        if (lines.length === PAGE) continue;
        await nap.sleep(called ? DEBOUNCE : poll);
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      await this.#remove(wake);
    }
  }

  /** Wakes all, which find the database closed. */
  async close(): Promise<void> {
    await this.#listener?.close();
    for (const wake of this.#readers.keys()) wake();
  }

  #add(wake: () => void, deviceId: string): void {
    this.#readers.set(wake, deviceId);
    if (this.#listener !== undefined) return;
    this.#listener = new Listener(CHANNEL, this.#open, {
      heard: (payload) => this.#wake(payload),
      // What was said while nobody listened is lost.
      listens: () => (this.#wake(""), true),
    });
    void this.#listener.run();
  }

  async #remove(wake: () => void): Promise<void> {
    this.#readers.delete(wake);
    if (this.#readers.size > 0) return;
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  /** @param payload Ids of devices; none stands for all. */
  #wake(payload: string): void {
    const devices = payload === "" ? undefined : new Set(payload.split(","));
    for (const [wake, deviceId] of this.#readers) {
      if (devices?.has(deviceId) ?? true) wake();
    }
  }
}
