/** Claims jobs under a token that only the claimant knows. */
import { ConnectionError, ConstraintError, DatabaseError } from "../errors.ts";
import { type HeldJob, jobHeldList, jobTake } from "../generated/internal/job_claims.ts";
import { jobFinish, type JobFinishParams } from "../generated/job_claims.ts";
import { Nap } from "../nap.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** Parameters of `jobClaim`. */
export interface JobClaimParams {
  /** Name of the worker for people to read, such as a host name and a process id. */
  readonly worker: string;
  /** Maximum number of jobs to claim. */
  readonly limit: number;
  /** Lease in milliseconds. Without a heartbeat another worker may claim the jobs when it expires. */
  readonly lease: number;
}

/** A job that this worker has claimed. */
export interface ClaimedJob extends HeldJob {
  /** Fencing token of the claim. Heartbeats and outcomes need it. */
  readonly claimToken: string;
}

/** Attempts before a race with other workers becomes an error. */
const MAX_CLAIM_ATTEMPTS = 10;
/** Each attempt lengthens the maximum random pause before the next one by this. */
const RETRY_PAUSE_STEP_MS = 10;
/** Two workers that claim jobs of the same two devices in opposite order deadlock. */
const DEADLOCK_SQLSTATE = "40P01";

/**
 * Claims due jobs for this worker alone until their leases expire: the highest priority first, then
 * the earliest. A device runs one job at a time.
 *
 * @returns The jobs with the token that their heartbeats and outcomes need; empty if no job is due.
 * @throws {ParameterError | ConnectionError | TimeoutError | QueryError}
 * @example
 * const jobs = await jobClaim({ worker: "worker-1", limit: 10, lease: 60_000 }, db);
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
  { worker, limit, lease }: JobClaimParams,
  db: Queryable,
  options: CallOptions = {},
): Promise<ClaimedJob[]> {
  const claim = { worker, limit, claimToken: crypto.randomUUID(), leaseSeconds: lease / 1000 };
  for (let attempt = 1;; attempt++) {
    try {
      return withToken(await jobTake.run(claim, db, options), claim);
    } catch (error) {
      // Another worker claimed a job of one of the devices meanwhile; this statement claimed none.
      if (isRace(error) && attempt < MAX_CLAIM_ATTEMPTS) {
        await new Nap(true).sleep(Math.random() * RETRY_PAUSE_STEP_MS * attempt);
        continue;
      }
      // Only the answer may be lost: the token finds the jobs that the statement claimed.
      if (error instanceof ConnectionError && error.sent) {
        const taken = await jobHeldList.run(claim, db, options).catch(() => []);
        if (taken.length > 0) return withToken(taken, claim);
      }
      throw error;
    }
  }
}

/** Result of `jobFinishAndClaim`. */
export interface JobFinishAndClaimResult {
  /** Answers of `jobFinish`, in the order of the outcomes. */
  readonly answers: readonly string[];
  readonly jobs: readonly ClaimedJob[];
}

/**
 * Stores outcomes and claims jobs in one round trip, which halves the cost of a job that runs alone.
 *
 * @returns The answers and the claimed jobs, also if the answer to a statement that claimed jobs is lost.
 * @throws as `jobFinish`.
 */
export async function jobFinishAndClaim(
  outcomes: JobFinishParams,
  { worker, limit, lease }: JobClaimParams,
  db: Queryable,
): Promise<JobFinishAndClaimResult> {
  const claim = { worker, limit, claimToken: crypto.randomUUID(), leaseSeconds: lease / 1000 };
  try {
    if (limit > 0) {
      const rows = await jobFinish.run({ ...outcomes, ...claim }, db);
      return {
        answers: rows.filter(({ isTaken }) => !isTaken).map(({ answer }) => answer!),
        jobs: withToken(rows.filter(({ isTaken }) => isTaken) as HeldJob[], claim),
      };
    }
  } catch (error) {
    if (error instanceof ConnectionError && error.sent) {
      const taken = await jobHeldList.run(claim, db).catch(() => []);
      // The same statement stored the outcomes.
      if (taken.length > 0) {
        return { answers: outcomes.ids.map(() => "accepted"), jobs: withToken(taken, claim) };
      }
    }
    if (!isRace(error)) throw error;
  }
  return { answers: (await jobFinish.run(outcomes, db)).map(({ answer }) => answer!), jobs: [] };
}

/** Adds the token here, because the server need not send it back. */
function withToken(jobs: HeldJob[], { claimToken }: { claimToken: string }): ClaimedJob[] {
  return jobs.map((job) => Object.assign(job, { claimToken }));
}

function isRace(error: unknown): boolean {
  if (error instanceof ConstraintError) return error.constraint === "jobs_one_runs_per_device";
  return error instanceof DatabaseError && error.sqlState === DEADLOCK_SQLSTATE;
}
