/**
 * Where lines of jobs go: they are gathered, and stored in batches over a connection of their own, so
 * that they outlive a transaction that is rolled back. One at a time, in their order, each once.
 */
import process from "node:process";
import { ParameterError } from "../errors.ts";
import { jobLogWrite, jobLogWriterDelete } from "../generated/job_logs.ts";
import { type Dropped, LEVELS, type Line, LogQueue } from "./buffer.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Nap } from "../nap.ts";
import type { Queryable } from "../query.ts";
import { codeOf } from "../telemetry/trace.ts";

/** How lines of jobs are gathered; `connect` takes it. */
export interface JobLogOptions {
  /** The most bytes that waiting lines may take; 16 MiB unless told. */
  readonly bytes?: number | undefined;
  /**
   * What happens where they would take more. `drop`, unless told: lines of the lowest levels go, the
   * oldest first, are counted, and the job's log says how many. `block`: the promises of new lines wait
   * until there is room; lines whose callers do not wait are dropped at twice the bytes.
   */
  readonly full?: "drop" | "block" | undefined;
  /** Milliseconds that the first line of a batch waits for others; 100 unless told. */
  readonly delay?: number | undefined;
}

/** The sink at this moment. */
export interface JobLogStats {
  /** Lines that wait to be stored, and bytes that they take. */
  readonly waiting: number;
  readonly bytes: number;
  /** Lines since the start that the database took, and that were dropped. */
  readonly stored: number;
  readonly dropped: number;
}

/** A connection of the sink's own. */
export interface SinkConnection extends Queryable {
  ready(): Promise<void>;
  close(options: { drain: number }): Promise<void>;
}

/** Lines and bytes of one statement. */
const BATCH = 4_000;
const BATCH_BYTES = 2 * 1024 * 1024;
const BYTES = 16 * 1024 * 1024;
const DELAY = 100;
/** Milliseconds until the database is asked again after it failed. */
const PAUSE = 1_000;
/** Milliseconds that lines are given when the process is told to end. */
const LAST = 5_000;
const WARNING = LEVELS.indexOf("warning");
const DONE = Promise.resolve();

/** Gathers lines of all jobs of a process. */
export class LogSink {
  readonly #open: () => SinkConnection;
  readonly #logger: Logger;
  readonly #queue: LogQueue;
  readonly #blockAt: number;
  readonly #delay: number;
  readonly #writer = crypto.randomUUID();
  readonly #started = performance.now();
  readonly #nap = new Nap(true);
  readonly #pause = new Nap(true);
  #connection: SinkConnection | undefined;
  /** Sent, and not known to be stored. */
  #sent:
    | { readonly batch: number; readonly lines: readonly Line[]; readonly upTo: number }
    | undefined;
  /** Lines that were ever put into the queue, and how many of these are stored or dropped. */
  #pushed = 0;
  #settled = 0;
  readonly #flushes = new Set<{ readonly upTo: number; readonly nap: Nap }>();
  #batch = 0;
  #stored = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #closed = false;
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(open: () => SinkConnection, logger: Logger, options: JobLogOptions = {}) {
    const { bytes = BYTES, full = "drop", delay = DELAY } = options;
    if (!(bytes >= 1_000)) throw new ParameterError("bytes", "must be 1,000 at least");
    if (full !== "drop" && full !== "block") {
      throw new ParameterError("full", 'must be "drop" or "block"');
    }
    if (!(delay >= 0 && delay < 2 ** 31)) {
      throw new ParameterError("delay", "must be milliseconds, from 0");
    }
    this.#open = open;
    this.#logger = logger;
    this.#queue = new LogQueue(full === "block" ? 2 * bytes : bytes);
    this.#blockAt = full === "block" ? bytes : Infinity;
    this.#delay = delay;
  }

  stats(): JobLogStats {
    const sent = this.#sent?.lines.length ?? 0;
    return {
      waiting: this.#queue.length + sent,
      bytes: this.#queue.bytes,
      stored: this.#stored,
      dropped: this.#dropped,
    };
  }

  /** @returns Settles when there is room for another line. */
  write(jobId: number, level: number, message: string): Promise<void> {
    if (this.#closed) {
      this.#dropped++;
      return DONE;
    }
    this.#push({ jobId, level, message, at: performance.now() });
    this.#writing ??= this.#write();
    if (this.#queue.length >= BATCH) this.#nap.wake();
    if (this.#queue.bytes <= this.#blockAt) return DONE;
    if (this.#room === undefined) {
      let resolve = () => {};
      const promise = new Promise<void>((resolved) => resolve = resolved);
      this.#room = { promise, resolve };
    }
    return this.#room.promise;
  }

  /** Stores what waits, now. Settles when that is stored, or after so many milliseconds. */
  async flush(most: number): Promise<void> {
    if (this.#settled === this.#pushed) return;
    const flush = { upTo: this.#pushed, nap: new Nap(true) };
    this.#flushes.add(flush);
    const end = flush.nap.sleep(most);
    this.#nap.wake();
    await end;
    this.#flushes.delete(flush);
  }

  /** Stores what waits, if so many milliseconds are enough, and takes no more. */
  async close(most: number): Promise<void> {
    await this.flush(most);
    this.#closed = true;
    this.#nap.wake();
    this.#pause.wake();
    forget(this);
    const { waiting } = this.stats();
    if (waiting > 0) this.#logger.error(`${waiting} lines of job logs could not be stored`);
    else if (this.#batch > 0) await this.#deleteWriter();
    await this.#connection?.close({ drain: 0 });
    await this.#writing;
  }

  /** Ends when nothing waits any more. */
  async #write(): Promise<void> {
    if (this.#connection === undefined) {
      this.#connection = this.#open();
      listenFor(this);
    }
    while (!this.#closed) {
      if (this.#sent === undefined) {
        const urgent = this.#flushes.size > 0 || this.#queue.length >= BATCH;
        if (!urgent) await this.#nap.sleep(this.#delay);
        this.#tellDropped();
        const lines = this.#queue.take(BATCH, BATCH_BYTES);
        this.#sent = { batch: ++this.#batch, lines, upTo: this.#pushed - this.#queue.length };
      }
      try {
        // What is sent says when, as if it arrived at once.
        await this.#connection.ready();
        await this.#send(this.#sent.batch, this.#sent.lines);
        this.#stored += this.#sent.lines.length;
        this.#settle(this.#sent.upTo);
        this.#sent = undefined;
        if (this.#queue.bytes <= this.#blockAt) this.#makeRoom();
        if (this.#queue.length === 0) break;
      } catch (error) {
        this.#logger.warn(`Lines of job logs could not be stored (${codeOf(error)}); trying again`);
        if (!this.#closed) await this.#pause.sleep(PAUSE);
      }
    }
    this.#makeRoom();
    // At once: a line that came before a promise told of it would wait for ever.
    this.#writing = undefined;
  }

  async #send(batch: number, lines: readonly Line[]): Promise<void> {
    await jobLogWrite.run({
      writer: this.#writer,
      batch,
      now: performance.now() - this.#started,
      jobIds: lines.map(({ jobId }) => jobId),
      levels: lines.map(({ level }) => LEVELS[level]!),
      messages: lines.map(({ message }) => message),
      // Whole milliseconds, as they are stored; lines of the same one keep their order.
      times: lines.map(({ at }) => Math.round(at - this.#started)),
    }, this.#connection!);
  }

  #push(line: Line): void {
    this.#queue.push(line);
    this.#pushed++;
  }

  #settle(upTo: number): void {
    this.#settled = upTo;
    for (const flush of this.#flushes) {
      if (flush.upTo <= upTo) flush.nap.wake();
    }
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** In the log of each job that lost lines. */
  #tellDropped(): void {
    for (const [jobId, dropped] of this.#queue.takeDropped()) {
      const lines = dropped.reduce((sum, count) => sum + count, 0);
      this.#dropped += lines;
      const message = `${lines} lines were dropped here: ${described(dropped)}`;
      this.#push({ jobId, level: WARNING, message, at: performance.now() });
    }
  }

  async #deleteWriter(): Promise<void> {
    const options = { timeout: PAUSE };
    // Maintenance forgets it otherwise.
    await jobLogWriterDelete.run({ writer: this.#writer }, this.#connection!, options)
      .catch(() => {});
  }
}

/** Sinks that have written; one listener for all of them. */
const open = new Set<LogSink>();

function listenFor(sink: LogSink): void {
  if (open.size === 0) process.on("SIGTERM", onTerm);
  open.add(sink);
}

function forget(sink: LogSink): void {
  open.delete(sink);
  if (open.size === 0) process.off("SIGTERM", onTerm);
}

/** Whoever listens as well ends the process; where nobody does, it ends as it would have. */
async function onTerm(): Promise<void> {
  const alone = process.listenerCount("SIGTERM") === 1;
  await Promise.all([...open].map((sink) => sink.flush(LAST)));
  if (alone) process.exit(143);
}

function described(dropped: Dropped): string {
  return LEVELS.flatMap((level, i) => dropped[i] === 0 ? [] : `${dropped[i]} ${level}`).join(", ");
}
