/**
 * A worker: takes jobs, hands them to a function of the caller's, keeps their leases and reports how
 * they ended. It holds no connection and no transaction while that function runs.
 */
import { setImmediate } from "node:timers/promises";
import { ParameterError } from "../errors.ts";
import { jobHeartbeat, jobReap } from "../generated/job_claims.ts";
import { type ClaimedJob, jobClaim, type JobTurn, jobTurn } from "./claim.ts";
import { endAfter, type JobEnd, jobEnd, type JobLossReason, JobLost, RELEASED } from "./outcome.ts";
import type { JobLog } from "../logs/job_log.ts";
import { Listener } from "../connection/listener.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Nap, timerTime } from "../nap.ts";
import { nullable } from "../connection/parameters.ts";
import type { Queryable } from "../query.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";
import { codeOf } from "../telemetry/trace.ts";

/** What a handler gets beside the job. */
export interface JobContext {
  /** Aborted where the job is not this worker's to go on with; its reason is a `JobLost`. */
  readonly signal: AbortSignal;
  /** Takes lines of the job; they are stored before its end is. */
  readonly log: JobLog;
}

/**
 * Does a job, and may do it again: after a crash, a lost lease, a failure. What it throws fails the
 * attempt, by a `JobFailure` with a class of its own.
 */
export type JobHandler = (job: ClaimedJob, context: JobContext) => Promise<"partial" | void>;

/** What `work` takes. */
export interface WorkOptions {
  /** The most jobs at a time; 10 unless told. */
  readonly concurrency?: number | undefined;
  /** Milliseconds until a job that is heard no more of is somebody else's; 60,000 unless told. */
  readonly lease?: number | undefined;
  /**
   * Milliseconds between two looks at the queue where no notification comes, and so the most that a
   * job of a later time or a retry starts late; 5,000 unless told.
   */
  readonly poll?: number | undefined;
  /** Milliseconds until a failed job's first retry, twice as many until the next; 30,000 unless told. */
  readonly backOff?: number | undefined;
  /** The most milliseconds until a retry; an hour unless told. */
  readonly mostBackOff?: number | undefined;
  /** Who works, for people to read; made up unless told. */
  readonly worker?: string | undefined;
}

/** What a worker needs of the database. */
interface Sources {
  readonly db: Queryable;
  readonly listen: (onNotify: OnNotify) => Promise<Connection>;
  readonly logger: Logger;
  readonly log: (jobId: number) => JobLog;
}

/** A job whose end is not stored yet. */
interface Held {
  readonly job: ClaimedJob;
  /** Undefined until the handler asks for its signal: most do not, and it costs a quarter of all a job does here. */
  controller: AbortController | undefined;
  /** Why it is not this worker's any more. */
  lost: JobLossReason | undefined;
  /** Of this process's clock: until then the lease counts, whatever the server's clock says. */
  until: number;
}

/** An attempt that has ended, as far as this worker is concerned. */
interface Ended {
  readonly held: Held;
  readonly end: JobEnd;
  /** It was sent before, and no answer came. */
  doubtful: boolean;
}

const CHANNEL = "netraven_jobs";
/** Heartbeats in a lease. */
const BEATS = 3;
/** Milliseconds between two looks at the queue that notifications ask for in vain. */
const DEBOUNCE = 25;
/** Milliseconds until the database is asked again after it failed. */
const PAUSE = 1_000;
/** Ends that one statement stores. */
const STORE = 1_000;
/** Claims that one statement takes away. */
const REAP = 1_000;
/** Milliseconds that handlers are given to end once they were told that the worker stops. */
const LAST = 5_000;
/** Jobs that a worker may take at a time. */
const CONCURRENCY = 10_000;
const NOTHING = () => {};

/** Takes jobs until it is stopped. Made by `db.work`. */
export class Worker {
  readonly #sources: Sources;
  readonly #handler: JobHandler;
  readonly #options: Required<{ [Name in keyof WorkOptions]: NonNullable<WorkOptions[Name]> }>;
  readonly #listener: Listener;
  readonly #loops: readonly Promise<void>[];
  readonly #held = new Map<number, Held>();
  readonly #ended: Ended[] = [];
  readonly #queue = new Nap(true);
  readonly #beat = new Nap();
  readonly #reaper = new Nap();
  #running = 0;
  #called = false;
  /** A statement takes jobs at this moment. */
  #taking = false;
  #storing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopped = false;
  #idle = NOTHING;

  constructor(sources: Sources, options: WorkOptions, handler: JobHandler) {
    this.#sources = sources;
    this.#handler = handler;
    this.#options = {
      concurrency: whole("concurrency", options.concurrency ?? 10),
      lease: timerTime("lease", options.lease ?? 60_000),
      poll: timerTime("poll", options.poll ?? 5_000),
      backOff: timerTime("backOff", options.backOff ?? 30_000),
      mostBackOff: timerTime("mostBackOff", options.mostBackOff ?? 3_600_000),
      worker: options.worker ?? `worker ${crypto.randomUUID().slice(0, 8)}`,
    };
    this.#listener = new Listener(CHANNEL, sources.listen, {
      heard: () => this.#call(),
      // What was said while nobody listened is lost.
      listens: () => (this.#call(), true),
    });
    this.#loops = [this.#claims(), this.#heartbeats(), this.#reaps(), this.#listener.run()];
  }

  /** Jobs that run at this moment. */
  get running(): number {
    return this.#running;
  }

  /**
   * Takes no more jobs and waits for those that run. What has not ended by then is aborted and given
   * back to the queue once its handler has ended, which counts as no failure.
   *
   * @param options `grace`: milliseconds until that; 30,000 unless told.
   * @example
   * const worker = db.work({ concurrency: 4 }, async (job) => console.log(job.deviceId));
   * await worker.stop({ grace: 1_000 });
   */
  stop({ grace = 30_000 }: { grace?: number } = {}): Promise<void> {
    return this.#stopping ??= this.#stop(grace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(grace: number): Promise<void> {
    this.#queue.wake();
    await this.#loops[0];
    await this.#ends(grace);
    for (const held of this.#held.values()) this.#lose(held, "stopped");
    await this.#ends(LAST);
    await Promise.race([this.#storing, new Nap().sleep(LAST)]);
    this.#stopped = true;
    this.#beat.wake();
    this.#reaper.wake();
    await this.#listener.close();
    await Promise.all(this.#loops);
  }

  /** Waits until no handler runs, so long at most. */
  async #ends(most: number): Promise<void> {
    if (this.#running === 0) return;
    const nap = new Nap(true);
    this.#idle = () => nap.wake();
    await nap.sleep(most);
  }

  /** There may be a job. */
  #call(): void {
    this.#called = true;
    this.#queue.wake();
  }

  /** So many jobs may be taken. */
  get #room(): number {
    const { concurrency } = this.#options;
    // What has ended waits to be stored: no more of it than may run, or it would have no end.
    return Math.min(concurrency - this.#running, 2 * concurrency - this.#held.size);
  }

  async #claims(): Promise<void> {
    const { worker, lease, poll } = this.#options;
    while (this.#stopping === undefined) {
      const limit = this.#room;
      // What has just ended is stored by a statement that takes the next ones, too.
      if (limit <= 0 || this.#taking) {
        await this.#queue.sleep(poll);
        continue;
      }
      this.#called = false;
      this.#taking = true;
      const sent = performance.now();
      let jobs: ClaimedJob[];
      try {
        jobs = await jobClaim(this.#sources.db, { worker, limit, lease });
      } catch (error) {
        this.#taking = false;
        this.#warn("No jobs could be taken", error);
        await this.#queue.sleep(PAUSE);
        continue;
      }
      this.#taking = false;
      this.#start(jobs, sent);
      if (jobs.length > 0 || this.#stopping !== undefined) continue;
      if (this.#called) await new Nap(true).sleep(DEBOUNCE);
      else await this.#queue.sleep(poll);
    }
  }

  /**
   * @param sent When they were asked for.
   * @param gone True: the worker stops, and gives them back.
   */
  #start(jobs: readonly ClaimedJob[], sent: number, gone = false): void {
    const until = sent + this.#options.lease;
    for (const job of jobs) {
      const held: Held = { job, controller: undefined, lost: undefined, until };
      this.#held.set(job.id, held);
      if (gone) this.#ended.push({ held, end: RELEASED, doubtful: false });
      else void this.#run(held);
    }
  }

  async #run(held: Held): Promise<void> {
    const { job } = held;
    const { log: open } = this.#sources;
    let log: JobLog | undefined;
    // Made when they are asked for.
    const context = {
      get log() {
        return log ??= open(job.id);
      },
      get signal() {
        return signalOf(held);
      },
    };
    this.#running++;
    const handle = async () => await this.#handler(job, context);
    const end = await jobEnd(handle, job, this.#options, (text) => log?.redact(text) ?? text);
    await log?.flush();
    this.#running--;
    this.#queue.wake();
    if (held.lost === "lease") {
      this.#log("ended after its lease was lost", job);
    } else {
      this.#ended.push({ held, end: endAfter(end, held.lost), doubtful: false });
      this.#storing ??= this.#store();
    }
    if (this.#running === 0) this.#idle();
  }

  /** Stores how attempts ended, all that have meanwhile in one statement, which takes the next ones. */
  async #store(): Promise<void> {
    do {
      const takes = !this.#taking && this.#stopping === undefined;
      this.#taking ||= takes;
      // What ends at the same moment goes together.
      await setImmediate();
      await this.#storeBatch(this.#ended.splice(0, STORE), takes);
    } while (this.#ended.length > 0);
    // At once: what ended before a promise told of it would not be stored.
    this.#storing = undefined;
  }

  /** @param takes Whether it may take jobs as well; they are this worker's to take then. */
  async #storeBatch(batch: readonly Ended[], takes: boolean): Promise<void> {
    const sent = performance.now();
    try {
      const { answers, jobs } = await this.#send(batch, takes);
      for (const [i, answer] of answers.entries()) {
        const ended = batch[i]!;
        // The statement without an answer may still have been under way when this one began.
        if (answer === "stale" && ended.doubtful) {
          ended.doubtful = false;
          this.#ended.push(ended);
          continue;
        }
        if (answer === "stale") this.#log("ended after its claim was taken away", ended.held.job);
        this.#forget(ended.held);
      }
      if (takes) this.#taking = false;
      this.#start(jobs, sent, this.#stopping !== undefined);
      // There is room, and another job of one of the devices may have waited for this.
      this.#call();
    } catch (error) {
      if (takes) this.#taking = false;
      this.#warn("Ends of jobs could not be stored", error);
      for (const ended of batch) {
        ended.doubtful = true;
        if (performance.now() < ended.held.until) this.#ended.push(ended);
        else this.#forget(ended.held);
      }
      this.#call();
      await new Nap(true).sleep(PAUSE);
    }
  }

  async #send(batch: readonly Ended[], takes: boolean): Promise<JobTurn> {
    const { worker, lease } = this.#options;
    const limit = takes && this.#stopping === undefined ? Math.max(0, this.#room) : 0;
    const ends = {
      ids: batch.map(({ held }) => held.job.id),
      claimTokens: batch.map(({ held }) => held.job.claimToken),
      outcomes: batch.map(({ end }) => end.outcome),
      errorClasses: nullable(batch.map(({ end }) => end.errorClass)),
      errorMessages: nullable(batch.map(({ end }) => end.errorMessage)),
      retrySeconds: nullable(batch.map(({ end }) => end.retrySeconds)),
    };
    return await jobTurn(this.#sources.db, ends, { worker, limit, lease });
  }

  /** Prolongs the leases of what runs, and tells handlers what they have lost. */
  async #heartbeats(): Promise<void> {
    const { lease } = this.#options;
    while (!this.#stopped) {
      await this.#beat.sleep(lease / BEATS);
      this.#loseLate();
      const all = [...this.#held.values()];
      if (all.length === 0) continue;
      const sent = performance.now();
      try {
        const answers = await jobHeartbeat.run(
          {
            ids: all.map(({ job }) => job.id),
            claimTokens: all.map(({ job }) => job.claimToken),
            leaseSeconds: lease / 1000,
          },
          this.#sources.db,
          { timeout: lease / BEATS },
        );
        for (const [i, { held, cancelRequested }] of answers.entries()) {
          all[i]!.until = sent + lease;
          if (!held) this.#lose(all[i]!, "lease");
          else if (cancelRequested) this.#lose(all[i]!, "cancelled");
        }
      } catch (error) {
        this.#warn("A heartbeat failed", error);
        this.#loseLate();
      }
    }
  }

  #loseLate(): void {
    for (const held of this.#held.values()) {
      if (performance.now() >= held.until) this.#lose(held, "lease");
    }
  }

  #lose(held: Held, reason: JobLossReason): void {
    if (reason === "lease") this.#forget(held);
    if (held.lost !== undefined) return;
    held.lost = reason;
    held.controller?.abort(new JobLost(reason));
  }

  #forget({ job }: Held): void {
    if (this.#held.get(job.id)?.job.claimToken === job.claimToken) this.#held.delete(job.id);
  }

  /** Takes away what other workers have left; each worker does, so that any of them is enough. */
  async #reaps(): Promise<void> {
    const { lease, backOff, mostBackOff } = this.#options;
    while (!this.#stopped) {
      try {
        const reaped = await jobReap.run({
          backOffSeconds: backOff / 1000,
          mostSeconds: mostBackOff / 1000,
          limit: REAP,
        }, this.#sources.db);
        for (const job of reaped) this.#log(`outlived its lease and is ${job.status}`, job);
      } catch (error) {
        this.#warn("Leases could not be looked at", error);
      }
      // Not all workers at the same moment.
      if (!this.#stopped) await this.#reaper.sleep(lease * (0.5 + Math.random() / 2));
    }
  }

  #warn(what: string, error: unknown): void {
    this.#sources.logger.warn(`${what} (${codeOf(error)}); trying again`);
  }

  #log(what: string, { id, attempt }: { id: number; attempt: number }): void {
    this.#sources.logger.warn(`Job ${id}, attempt ${attempt}, ${what}`);
  }
}

function signalOf(held: Held): AbortSignal {
  if (held.controller === undefined) {
    held.controller = new AbortController();
    if (held.lost !== undefined) held.controller.abort(new JobLost(held.lost));
  }
  return held.controller.signal;
}

function whole(field: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= CONCURRENCY) return value;
  throw new ParameterError(field, `must be a whole number from 1 to ${CONCURRENCY}`);
}
