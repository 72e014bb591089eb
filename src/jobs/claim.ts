/** Taking jobs, with a token that nobody else can know. */
import { ConnectionError, ConstraintError, DatabaseError } from "../errors.ts";
import {
  jobFinish,
  type JobFinishParams,
  jobHeldList,
  jobTake,
  type JobTakeResult,
} from "../generated/job_claims.ts";
import { Nap } from "../nap.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** What `jobClaim` takes. */
export interface JobClaim {
  /** Who works, for people to read: a host's name and a process id, say. */
  readonly worker: string;
  /** The most jobs to take. */
  readonly limit: number;
  /** Milliseconds until somebody else may take them away, unless a heartbeat comes. */
  readonly lease: number;
}

/** A job that is held: what the worker knows of it. */
export interface ClaimedJob extends JobTakeResult {
  /** Secret of the claim; each answer needs it. */
  readonly claimToken: string;
}

/** How often another worker may get in between before it is the caller's turn to try again. */
const TRIES = 10;
/** Milliseconds of the longest pause before the second try; others get theirs. */
const PAUSE = 10;
/** Two that took jobs of the same two devices, in another order, waited for each other. */
const DEADLOCK = "40P01";

/**
 * Takes jobs that are due, each held by this worker alone until its lease ends: the highest priority
 * first, then the earliest. A device has one job running at a time.
 *
 * @returns The jobs, none where nothing is due; with the token that their heartbeats and their ends need.
 * @throws {ParameterError | ConnectionError | TimeoutError | QueryError}
 * @example
 * const jobs = await jobClaim(db, { worker: "worker-1", limit: 10, lease: 60_000 });
 * await jobFinish.run({
 *   ids: jobs.map(({ id }) => id),
 *   claimTokens: jobs.map(({ claimToken }) => claimToken),
 *   outcomes: jobs.map(() => "succeeded"),
 *   errorClasses: jobs.map(() => null),
 *   errorMessages: jobs.map(() => null),
 *   retrySeconds: jobs.map(() => null),
 * }, db);
 */
export async function jobClaim(
  db: Queryable,
  { worker, limit, lease }: JobClaim,
  options: CallOptions = {},
): Promise<ClaimedJob[]> {
  const claim = { worker, limit, claimToken: crypto.randomUUID(), leaseSeconds: lease / 1000 };
  for (let tries = 1;; tries++) {
    try {
      return held(await jobTake.run(claim, db, options), claim);
    } catch (error) {
      // Somebody took another job of one of the devices meanwhile; nothing was taken here.
      if (isRace(error) && tries < TRIES) {
        await new Nap(true).sleep(Math.random() * PAUSE * tries);
        continue;
      }
      // The answer was lost, and perhaps nothing else: the token tells.
      if (error instanceof ConnectionError && error.sent) {
        const taken = await jobHeldList.run(claim, db, options).catch(() => []);
        if (taken.length > 0) return held(taken, claim);
      }
      throw error;
    }
  }
}

/** What `jobTurn` gives. */
export interface JobTurn {
  /** As `jobFinish` gives them, in the order of the ends. */
  readonly answers: readonly string[];
  readonly jobs: readonly ClaimedJob[];
}

/**
 * Ends attempts, and takes jobs in the same round trip: one by one, that is half of what a job costs.
 *
 * @throws as `jobFinish`. Where only the answer was lost and jobs were taken, it gives them.
 */
export async function jobTurn(
  db: Queryable,
  ends: JobFinishParams,
  { worker, limit, lease }: JobClaim,
): Promise<JobTurn> {
  const claim = { worker, limit, claimToken: crypto.randomUUID(), leaseSeconds: lease / 1000 };
  try {
    if (limit > 0) {
      const rows = await jobFinish.run({ ...ends, ...claim }, db);
      const taken = rows.splice(ends.ids.length);
      return {
        answers: rows.map(({ answer }) => answer!),
        jobs: held(taken as JobTakeResult[], claim),
      };
    }
  } catch (error) {
    if (error instanceof ConnectionError && error.sent) {
      const taken = await jobHeldList.run(claim, db).catch(() => []);
      // The ends were stored with them.
      if (taken.length > 0) {
        return { answers: ends.ids.map(() => "accepted"), jobs: held(taken, claim) };
      }
    }
    if (!isRace(error)) throw error;
  }
  return { answers: (await jobFinish.run(ends, db)).map(({ answer }) => answer!), jobs: [] };
}

/** The token is the caller's, and need not come back. */
function held(jobs: JobTakeResult[], { claimToken }: { claimToken: string }): ClaimedJob[] {
  return jobs.map((job) => Object.assign(job, { claimToken }));
}

function isRace(error: unknown): boolean {
  if (error instanceof ConstraintError) return error.constraint === "jobs_one_runs_per_device";
  return error instanceof DatabaseError && error.sqlState === DEADLOCK;
}
