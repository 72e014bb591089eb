/** Follows the log of a job. */
import { NotFoundError } from "../errors.ts";
import { jobLogTail } from "../generated/internal/job_logs.ts";
import type { JobLogLine } from "../generated/job_logs.ts";
import { jobGet } from "../generated/jobs.ts";
import { type Level, LEVELS } from "./buffer.ts";
import { Nap, timerTime } from "../nap.ts";
import type { Attachment, Core, DatabaseSession, Subscription } from "../session.ts";

/** Parameters of `tail`. */
export interface TailParams {
  readonly jobId: number;
  /** Last line that the caller has read. Defaults to the beginning of the log. */
  readonly after?: Pick<JobLogLine, "timestamp" | "id"> | undefined;
  /** Minimum level of the lines. Defaults to `debug`. */
  readonly minLevel?: Level | undefined;
  /** Poll interval in milliseconds while no notification arrives. Defaults to 2,000. */
  readonly poll?: number | undefined;
}

/** Options of `tail`. */
export interface TailOptions {
  /** Ends the loop, which throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const CHANNEL = "netraven_job_logs";
const POLL_INTERVAL_MS = 2_000;
/** Lines of one round trip. */
const PAGE_LINES = 500;
/** Minimum pause between two reads of a busy log. */
const DEBOUNCE_MS = 25;

/** Does what `tail` of `logs/mod.ts` says. */
export function tail(
  params: TailParams,
  db: DatabaseSession,
  options: TailOptions = {},
): AsyncGenerator<JobLogLine, void> {
  return db.attached(logTails).read(params, options);
}

function logTails(core: Core): LogTails {
  return new LogTails(core);
}

/** Wakes the readers of a device when it has new lines. All readers share one listener. */
class LogTails implements Attachment {
  readonly #core: Core;
  readonly #readers = new Map<() => void, string>();
  #listener: Subscription | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  async *read(
    { jobId, after, minLevel = "debug", poll: given = POLL_INTERVAL_MS }: TailParams,
    { signal }: TailOptions,
  ): AsyncGenerator<JobLogLine, void> {
    const { db } = this.#core;
    const poll = timerTime("poll", given);
    const minIndex = LEVELS.indexOf(minLevel);
    signal?.throwIfAborted();
    const job = await jobGet.first({ id: jobId }, db, { signal });
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
          { jobId, afterTimestamp: last?.timestamp, afterId: last?.id, limit: PAGE_LINES },
          db,
          { signal },
        );
        for (const line of lines) {
          last = line;
          if (LEVELS.indexOf(line.level) >= minIndex) yield line;
          signal?.throwIfAborted();
        }
        if (lines.length === PAGE_LINES) continue;
        await nap.sleep(called ? DEBOUNCE_MS : poll);
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      await this.#remove(wake);
    }
  }

  /** Wakes all readers; their next query rejects because the database is closed. */
  async close(): Promise<void> {
    await this.#listener?.close();
    for (const wake of this.#readers.keys()) wake();
  }

  #add(wake: () => void, deviceId: string): void {
    this.#readers.set(wake, deviceId);
    if (this.#listener !== undefined) return;
    this.#listener = this.#core.listener(CHANNEL, {
      heard: (payload) => this.#wake(payload),
      // PostgreSQL keeps no notification for a listener that is not connected.
      listens: () => this.#wake(""),
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

  /** @param payload Ids of devices, separated by commas; empty for all devices. */
  #wake(payload: string): void {
    const devices = payload === "" ? undefined : new Set(payload.split(","));
    for (const [wake, deviceId] of this.#readers) {
      if (devices?.has(deviceId) ?? true) wake();
    }
  }
}
