/**
 * A worker claims jobs, calls a handler for each, renews their leases and stores their outcomes. It
 * holds no connection and no transaction while a handler runs.
 */
import { setImmediate } from "node:timers/promises";
import { ParameterError } from "../errors.ts";
import { jobHeartbeat, jobReap } from "../generated/job_claims.ts";
import {
  type ClaimedJob,
  jobClaim,
  jobFinishAndClaim,
  type JobFinishAndClaimResult,
} from "./claim.ts";
import {
  type AttemptOutcome,
  type JobLossReason,
  JobLost,
  outcomeAfterLoss,
  RELEASED,
  runAttempt,
} from "./outcome.ts";
import { type JobLog, jobLog } from "../logs/job_log.ts";
import { Nap, timerTime } from "../nap.ts";
import { RunningLoops } from "./running_loops.ts";
import type { Core, DatabaseSession, Subscription } from "../session.ts";
import { codeOf } from "../telemetry/trace.ts";

/** Second argument of a handler. */
export interface JobContext {
  /** Aborted when the worker loses the job. The reason is a `JobLost`. */
  readonly signal: AbortSignal;
  /** Log of the job. Its lines are stored before the outcome. */
  readonly log: JobLog;
}

/**
 * Runs a job. It must be idempotent, because the worker repeats a job after a crash, a lost lease or a
 * failure. An error that it throws fails the attempt; a `JobFailure` sets the error class.
 */
export type JobHandler = (job: ClaimedJob, context: JobContext) => Promise<"partial" | void>;

/** Parameters of `work`. */
export interface WorkParams {
  /** Maximum number of jobs that run at a time. Defaults to 10. */
  readonly concurrency?: number | undefined;
  /**
   * Lease in milliseconds. Without a heartbeat the job becomes claimable when it expires. Defaults to
   * 60,000.
   */
  readonly lease?: number | undefined;
  /**
   * Poll interval in milliseconds while no notification arrives, which is also the maximum delay of
   * retries and of jobs that are scheduled for later. Defaults to 5,000.
   */
  readonly poll?: number | undefined;
  /** Delay of the first retry in milliseconds. It doubles with each failure. Defaults to 30,000. */
  readonly backoff?: number | undefined;
  /** Maximum delay of a retry in milliseconds. Defaults to 3,600,000, an hour. */
  readonly maxBackoff?: number | undefined;
  /** Name of the worker for people to read. Defaults to a random name. */
  readonly worker?: string | undefined;
}

/** A job whose outcome is not stored yet. */
interface ActiveJob {
  readonly job: ClaimedJob;
  /** Created when the handler reads its signal, because it costs a quarter of the worker's time per job. */
  controller: AbortController | undefined;
  /** Why the worker has lost the job. */
  lost: JobLossReason | undefined;
  /** Expiry of the lease by this process's clock (`performance.now()`). */
  leaseEnd: number;
}

/** An attempt whose handler has returned. */
interface FinishedAttempt {
  readonly held: ActiveJob;
  readonly outcome: AttemptOutcome;
  /** True if an earlier statement sent the outcome and got no answer. */
  doubtful: boolean;
}

const CHANNEL = "netraven_jobs";
const HEARTBEATS_PER_LEASE = 3;
/** Pause after a notification that brought no job. */
const DEBOUNCE_MS = 25;
/** Pause after a database error. */
const RETRY_PAUSE_MS = 1_000;
/** Outcomes that one statement stores. */
const STORE_BATCH_OUTCOMES = 1_000;
/** Expired claims that one statement revokes. */
const REAP_BATCH_JOBS = 1_000;
/** Time that handlers have to return after `stop` has aborted their signals. */
const ABORT_GRACE_MS = 5_000;
const MAX_CONCURRENCY_JOBS = 10_000;
const NOTHING = () => {};

/**
 * Claims due jobs, at most `concurrency` at a time, and calls the handler for each. One worker at a
 * time holds a job, its outcome counts once, and it runs at least once. The worker claims a job as
 * soon as it is queued and renews its lease while the handler runs, which needs no dedicated
 * connection. The worker ends with `stop` or when the database closes.
 *
 * @param handler Its result or its error ends the attempt; see `JobHandler`.
 * @throws {ParameterError} a parameter is out of range.
 * @throws {ConnectionError} the database is closed.
 * @example
 * const worker = work({ concurrency: 20, lease: 60_000 }, async (job, { signal, log }) => {
 *   log.info("Logging in");
 *   signal.throwIfAborted();
 *   await configSave({ deviceId: job.deviceId, text: "hostname example\n" }, db);
 * }, db);
 * await worker.stop();
 */
export function work(params: WorkParams, handler: JobHandler, db: DatabaseSession): Worker {
  const running = db.attached(workers);
  return running.start((onStop) => new Worker(running.core, params, handler, onStop));
}

function workers(core: Core): RunningLoops<Worker> {
  return new RunningLoops(core);
}

/** A running worker, created by `work`. */
export class Worker {
  readonly #core: Core;
  readonly #handler: JobHandler;
  readonly #options: Required<{ [Name in keyof WorkParams]: NonNullable<WorkParams[Name]> }>;
  readonly #listener: Subscription;
  readonly #onStop: () => void;
  readonly #loops: readonly Promise<void>[];
  readonly #held = new Map<number, ActiveJob>();
  readonly #finished: FinishedAttempt[] = [];
  readonly #queue = new Nap(true);
  readonly #beat = new Nap();
  readonly #reaper = new Nap();
  #running = 0;
  #called = false;
  /** True while a statement claims jobs. */
  #claiming = false;
  #storing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopped = false;
  #idle = NOTHING;

  constructor(core: Core, options: WorkParams, handler: JobHandler, onStop: () => void) {
    this.#core = core;
    this.#onStop = onStop;
    this.#handler = handler;
    this.#options = {
      concurrency: wholeNumber("concurrency", options.concurrency ?? 10),
      lease: timerTime("lease", options.lease ?? 60_000),
      poll: timerTime("poll", options.poll ?? 5_000),
      backoff: timerTime("backoff", options.backoff ?? 30_000),
      maxBackoff: timerTime("maxBackoff", options.maxBackoff ?? 3_600_000),
      worker: options.worker ?? `worker ${crypto.randomUUID().slice(0, 8)}`,
    };
    this.#listener = core.listener(CHANNEL, {
      heard: () => this.#call(),
      // PostgreSQL keeps no notification for a listener that is not connected.
      listens: () => this.#call(),
    });
    this.#loops = [this.#claims(), this.#heartbeats(), this.#reaps(), this.#listener.run()];
  }

  /** Number of jobs that are running. */
  get running(): number {
    return this.#running;
  }

  /**
   * Claims no more jobs and waits for the running ones. After `grace` it aborts the rest and requeues
   * each job when its handler returns, which does not count as a failure.
   *
   * @param options `grace`: milliseconds that running jobs have. Defaults to 30,000.
   * @example
   * const worker = work({ concurrency: 4 }, async (job) => console.log(job.deviceId), db);
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
    await this.#ends(ABORT_GRACE_MS);
    await Promise.race([this.#storing, new Nap().sleep(ABORT_GRACE_MS)]);
    this.#stopped = true;
    this.#beat.wake();
    this.#reaper.wake();
    await this.#listener.close();
    await Promise.all(this.#loops);
    this.#onStop();
  }

  /** Waits until no handler runs, at most `timeout` milliseconds. */
  async #ends(timeout: number): Promise<void> {
    if (this.#running === 0) return;
    const nap = new Nap(true);
    this.#idle = () => nap.wake();
    await nap.sleep(timeout);
  }

  /** Polls at once, because a job may be due. */
  #call(): void {
    this.#called = true;
    this.#queue.wake();
  }

  /** Number of jobs that the worker may claim. */
  get #room(): number {
    const { concurrency } = this.#options;
    // The second limit bounds the outcomes that wait to be stored.
    return Math.min(concurrency - this.#running, 2 * concurrency - this.#held.size);
  }

  async #claims(): Promise<void> {
    const { worker, lease, poll } = this.#options;
    while (this.#stopping === undefined) {
      const limit = this.#room;
      // The statement that stores outcomes claims the next jobs, too.
      if (limit <= 0 || this.#claiming) {
        await this.#queue.sleep(poll);
        continue;
      }
      this.#called = false;
      this.#claiming = true;
      const sent = performance.now();
      let jobs: ClaimedJob[];
      try {
        jobs = await jobClaim({ worker, limit, lease }, this.#core.db);
      } catch (error) {
        this.#claiming = false;
        this.#warn("claim jobs", error);
        await this.#queue.sleep(RETRY_PAUSE_MS);
        continue;
      }
      this.#claiming = false;
      this.#start(jobs, sent);
      if (jobs.length > 0 || this.#stopping !== undefined) continue;
      if (this.#called) await new Nap(true).sleep(DEBOUNCE_MS);
      else await this.#queue.sleep(poll);
    }
  }

  /**
   * @param sent Start of the statement that claimed the jobs (`performance.now()`).
   * @param release True if the worker stops and requeues the jobs.
   */
  #start(jobs: readonly ClaimedJob[], sent: number, release = false): void {
    const leaseEnd = sent + this.#options.lease;
    for (const job of jobs) {
      const held: ActiveJob = { job, controller: undefined, lost: undefined, leaseEnd };
      this.#held.set(job.id, held);
      if (release) this.#finished.push({ held, outcome: RELEASED, doubtful: false });
      else void this.#run(held);
    }
  }

  async #run(held: ActiveJob): Promise<void> {
    const { job } = held;
    const { db } = this.#core;
    let log: JobLog | undefined;
    // Both are created when the handler reads them.
    const context = {
      get log() {
        return log ??= jobLog({ jobId: job.id }, db);
      },
      get signal() {
        return signalOf(held);
      },
    };
    this.#running++;
    const handle = async () => await this.#handler(job, context);
    const redact = (text: string) => log?.redact(text) ?? text;
    const outcome = await runAttempt(handle, job, this.#options, redact);
    await log?.flush();
    this.#running--;
    this.#queue.wake();
    if (held.lost === "lease") {
      this.#log("the handler returned after the lease was lost", job);
    } else {
      const attempt = { held, outcome: outcomeAfterLoss(outcome, held.lost), doubtful: false };
      this.#finished.push(attempt);
      this.#storing ??= this.#store();
    }
    if (this.#running === 0) this.#idle();
  }

  /** Stores outcomes in batches. The same statement claims the next jobs. */
  async #store(): Promise<void> {
    do {
      const claims = !this.#claiming && this.#stopping === undefined;
      this.#claiming ||= claims;
      // Outcomes of the same moment form one batch.
      await setImmediate();
      await this.#storeBatch(this.#finished.splice(0, STORE_BATCH_OUTCOMES), claims);
    } while (this.#finished.length > 0);
    // In the same tick as the check above: otherwise nobody stores an outcome that arrives in between.
    this.#storing = undefined;
  }

  /** @param claims True if the statement also claims jobs; `#claiming` is set then. */
  async #storeBatch(batch: readonly FinishedAttempt[], claims: boolean): Promise<void> {
    const sent = performance.now();
    try {
      const { answers, jobs } = await this.#send(batch, claims);
      for (const [i, answer] of answers.entries()) {
        const attempt = batch[i]!;
        // The statement without an answer may still have been running when this one began.
        if (answer === "stale" && attempt.doubtful) {
          attempt.doubtful = false;
          this.#finished.push(attempt);
          continue;
        }
        if (answer === "stale") {
          this.#log("the handler returned after the claim was revoked", attempt.held.job);
        }
        this.#forget(attempt.held);
      }
      if (claims) this.#claiming = false;
      this.#start(jobs, sent, this.#stopping !== undefined);
      // The worker has room, and another job of one of the devices may be claimable now.
      this.#call();
    } catch (error) {
      if (claims) this.#claiming = false;
      this.#warn("store outcomes of jobs", error);
      for (const attempt of batch) {
        attempt.doubtful = true;
        if (performance.now() < attempt.held.leaseEnd) this.#finished.push(attempt);
        else this.#forget(attempt.held);
      }
      this.#call();
      await new Nap(true).sleep(RETRY_PAUSE_MS);
    }
  }

  async #send(
    batch: readonly FinishedAttempt[],
    claims: boolean,
  ): Promise<JobFinishAndClaimResult> {
    const { worker, lease } = this.#options;
    const limit = claims && this.#stopping === undefined ? Math.max(0, this.#room) : 0;
    const outcomes = {
      ids: batch.map(({ held }) => held.job.id),
      claimTokens: batch.map(({ held }) => held.job.claimToken),
      outcomes: batch.map(({ outcome }) => outcome.outcome),
      errorClasses: batch.map(({ outcome }) => outcome.errorClass),
      errorMessages: batch.map(({ outcome }) => outcome.errorMessage),
      retrySeconds: batch.map(({ outcome }) => outcome.retrySeconds),
    };
    return await jobFinishAndClaim(outcomes, { worker, limit, lease }, this.#core.db);
  }

  /** Renews the leases of held jobs and aborts the handlers of lost ones. */
  async #heartbeats(): Promise<void> {
    const { lease } = this.#options;
    while (!this.#stopped) {
      await this.#beat.sleep(lease / HEARTBEATS_PER_LEASE);
      this.#loseExpired();
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
          this.#core.db,
          { timeout: lease / HEARTBEATS_PER_LEASE },
        );
        for (const [i, { held, cancelRequested }] of answers.entries()) {
          all[i]!.leaseEnd = sent + lease;
          if (!held) this.#lose(all[i]!, "lease");
          else if (cancelRequested) this.#lose(all[i]!, "cancelled");
        }
      } catch (error) {
        this.#warn("renew leases", error);
        this.#loseExpired();
      }
    }
  }

  #loseExpired(): void {
    for (const held of this.#held.values()) {
      if (performance.now() >= held.leaseEnd) this.#lose(held, "lease");
    }
  }

  #lose(held: ActiveJob, reason: JobLossReason): void {
    if (reason === "lease") this.#forget(held);
    if (held.lost !== undefined) return;
    held.lost = reason;
    held.controller?.abort(new JobLost(reason));
  }

  #forget({ job }: ActiveJob): void {
    if (this.#held.get(job.id)?.job.claimToken === job.claimToken) this.#held.delete(job.id);
  }

  /** Revokes expired claims of any worker. Every worker reaps, so one running worker is enough. */
  async #reaps(): Promise<void> {
    const { lease, backoff, maxBackoff } = this.#options;
    while (!this.#stopped) {
      try {
        const reaped = await jobReap.run({
          backoffSeconds: backoff / 1000,
          maxBackoffSeconds: maxBackoff / 1000,
          limit: REAP_BATCH_JOBS,
        }, this.#core.db);
        for (const job of reaped) this.#log(`the lease expired and the job is ${job.status}`, job);
      } catch (error) {
        this.#warn("revoke expired claims", error);
      }
      // The random pause spreads the reaps of several workers.
      if (!this.#stopped) await this.#reaper.sleep(lease * (0.5 + Math.random() / 2));
    }
  }

  #warn(action: string, error: unknown): void {
    this.#core.logger.warn(`The worker could not ${action} (${codeOf(error)}) and tries again`);
  }

  #log(event: string, { id, attempt }: { id: number; attempt: number }): void {
    this.#core.logger.warn(`Job ${id}, attempt ${attempt}: ${event}`);
  }
}

function signalOf(held: ActiveJob): AbortSignal {
  if (held.controller === undefined) {
    held.controller = new AbortController();
    if (held.lost !== undefined) held.controller.abort(new JobLost(held.lost));
  }
  return held.controller.signal;
}

function wholeNumber(field: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= MAX_CONCURRENCY_JOBS) return value;
  throw new ParameterError(field, `must be a whole number from 1 to ${MAX_CONCURRENCY_JOBS}`);
}
