/**
 * Collects the lines of all jobs and stores them in batches, in order and exactly once. A dedicated
 * connection stores them, so a rollback of the caller's transaction does not lose them.
 */
import process from "node:process";
import { jobLogWrite, jobLogWriterDelete } from "../generated/internal/job_logs.ts";
import { type DroppedCounts, LEVELS, type Line, LogQueue } from "./buffer.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Nap } from "../nap.ts";
import type { Attachment, BesideConnection, Core, JobLogOptions, Session } from "../session.ts";
import { codeOf } from "../telemetry/trace.ts";

/** Statistics of the log writer. */
export interface LogWriterStats {
  /** Lines that wait to be stored, and their memory in bytes. */
  readonly waiting: number;
  readonly bytes: number;
  /** Stored and dropped lines since the start. */
  readonly stored: number;
  readonly dropped: number;
}

/** Maximum lines and bytes of one statement. */
const BATCH_LINES = 4_000;
const BATCH_BYTES = 2 * 1024 * 1024;
const QUEUE_BYTES = 16 * 1024 * 1024;
const WRITE_DELAY_MS = 100;
/** Pause after a database error. */
const RETRY_PAUSE_MS = 1_000;
const DELETE_WRITER_TIMEOUT_MS = 1_000;
/** Maximum time of the last flush after SIGTERM. */
const SIGTERM_FLUSH_MS = 5_000;
const WARNING_INDEX = LEVELS.indexOf("warning");
const DONE = Promise.resolve();

/** Minimum time of the last flush when the database closes. */
const MIN_CLOSE_FLUSH_MS = 1_000;

/**
 * Returns how many lines of jobs wait to be stored, were stored and were dropped.
 *
 * @example
 * console.log(logWriterStats(db).waiting);
 */
export function logWriterStats(db: Session): LogWriterStats {
  return logWriterOf(db).stats();
}

/** Returns the log writer of a database, which all its sessions share. */
export function logWriterOf(db: Session): LogWriter {
  return db.attached(logWriter);
}

function logWriter({ beside, logger, jobLog }: Core): LogWriter {
  return new LogWriter(beside, logger, jobLog);
}

/** Stores the lines of all jobs of a database. */
export class LogWriter implements Attachment {
  readonly #open: () => BesideConnection;
  readonly #logger: Logger;
  readonly #queue: LogQueue;
  readonly #blockAt: number;
  readonly #delay: number;
  readonly #writer = crypto.randomUUID();
  readonly #started = performance.now();
  readonly #nap = new Nap(true);
  readonly #pause = new Nap(true);
  #connection: BesideConnection | undefined;
  /** The batch that was sent and not confirmed. */
  #sent:
    | { readonly batch: number; readonly lines: readonly Line[]; readonly upTo: number }
    | undefined;
  /** Total of lines that entered the queue, and of lines that were stored or dropped. */
  #pushed = 0;
  #settled = 0;
  readonly #flushes = new Set<{ readonly upTo: number; readonly nap: Nap }>();
  #batch = 0;
  #stored = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #closed = false;
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(open: () => BesideConnection, logger: Logger, options: JobLogOptions = {}) {
    const { bytes = QUEUE_BYTES, full = "drop", delay = WRITE_DELAY_MS } = options;
    this.#open = open;
    this.#logger = logger;
    this.#queue = new LogQueue(full === "block" ? 2 * bytes : bytes);
    this.#blockAt = full === "block" ? bytes : Infinity;
    this.#delay = delay;
  }

  stats(): LogWriterStats {
    const sent = this.#sent?.lines.length ?? 0;
    return {
      waiting: this.#queue.length + sent,
      bytes: this.#queue.bytes,
      stored: this.#stored,
      dropped: this.#dropped,
    };
  }

  /** Queues a line. The promise settles when the queue has room for another one. */
  write(jobId: number, level: number, message: string): Promise<void> {
    if (this.#closed) {
      this.#dropped++;
      return DONE;
    }
    this.#push({ jobId, level, message, at: performance.now() });
    this.#writing ??= this.#write();
    if (this.#queue.length >= BATCH_LINES) this.#nap.wake();
    if (this.#queue.bytes <= this.#blockAt) return DONE;
    if (this.#room === undefined) {
      let resolve = () => {};
      const promise = new Promise<void>((resolved) => resolve = resolved);
      this.#room = { promise, resolve };
    }
    return this.#room.promise;
  }

  /** Stores the waiting lines without delay, and waits for them at most `timeout` milliseconds. */
  async flush(timeout: number): Promise<void> {
    if (this.#settled === this.#pushed) return;
    const flush = { upTo: this.#pushed, nap: new Nap(true) };
    this.#flushes.add(flush);
    const end = flush.nap.sleep(timeout);
    this.#nap.wake();
    await end;
    this.#flushes.delete(flush);
  }

  /** Flushes for `timeout` milliseconds, but at least a second, and accepts no more lines. */
  async close(timeout: number): Promise<void> {
    await this.flush(Math.max(timeout, MIN_CLOSE_FLUSH_MS));
    this.#closed = true;
    this.#nap.wake();
    this.#pause.wake();
    forget(this);
    const { waiting } = this.stats();
    if (waiting > 0) {
      this.#logger.error(`The log writer could not store ${waiting} lines of job logs`);
    } else if (this.#batch > 0) await this.#deleteWriter();
    await this.#connection?.close({ drain: 0 });
    await this.#writing;
  }

  /** Stores batches until the queue is empty. */
  async #write(): Promise<void> {
    if (this.#connection === undefined) {
      this.#connection = this.#open();
      listenFor(this);
    }
    while (!this.#closed) {
      if (this.#sent === undefined) {
        const urgent = this.#flushes.size > 0 || this.#queue.length >= BATCH_LINES;
        if (!urgent) await this.#nap.sleep(this.#delay);
        this.#logDropped();
        const lines = this.#queue.take(BATCH_LINES, BATCH_BYTES);
        this.#sent = { batch: ++this.#batch, lines, upTo: this.#pushed - this.#queue.length };
      }
      try {
        // The statement contains the current time, so the connection must be ready to send it.
        await this.#connection.ready();
        await this.#send(this.#sent.batch, this.#sent.lines);
        this.#stored += this.#sent.lines.length;
        this.#settle(this.#sent.upTo);
        this.#sent = undefined;
        if (this.#queue.bytes <= this.#blockAt) this.#makeRoom();
        if (this.#queue.length === 0) break;
      } catch (error) {
        const code = codeOf(error);
        this.#logger.warn(
          `The log writer could not store lines of job logs (${code}) and tries again`,
        );
        if (!this.#closed) await this.#pause.sleep(RETRY_PAUSE_MS);
      }
    }
    this.#makeRoom();
    // In the same tick as the loop's end: otherwise nobody stores a line that arrives in between.
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
      // The column holds whole milliseconds; lines of the same millisecond keep their order.
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

  /** Writes the number of dropped lines into the log of each job that lost some. */
  #logDropped(): void {
    for (const [jobId, dropped] of this.#queue.takeDropped()) {
      const lines = dropped.reduce((sum, count) => sum + count, 0);
      this.#dropped += lines;
      const message = `The log writer dropped ${lines} lines here: ${described(dropped)}`;
      this.#push({ jobId, level: WARNING_INDEX, message, at: performance.now() });
    }
  }

  async #deleteWriter(): Promise<void> {
    const options = { timeout: DELETE_WRITER_TIMEOUT_MS };
    // If this fails, maintenance deletes the row later.
    await jobLogWriterDelete.run({ writer: this.#writer }, this.#connection!, options)
      .catch(() => {});
  }
}

/** Writers with a connection. They share one SIGTERM listener. */
const open = new Set<LogWriter>();

function listenFor(writer: LogWriter): void {
  if (open.size === 0) process.on("SIGTERM", onTerm);
  open.add(writer);
}

function forget(writer: LogWriter): void {
  open.delete(writer);
  if (open.size === 0) process.off("SIGTERM", onTerm);
}

/** Flushes, and ends the process unless it has another SIGTERM listener, which then ends it. */
async function onTerm(): Promise<void> {
  const alone = process.listenerCount("SIGTERM") === 1;
  await Promise.all([...open].map((writer) => writer.flush(SIGTERM_FLUSH_MS)));
  if (alone) process.exit(143);
}

function described(dropped: DroppedCounts): string {
  return LEVELS.flatMap((level, i) => dropped[i] === 0 ? [] : `${dropped[i]} ${level}`).join(", ");
}
