/** Turns the result of a handler into the outcome of an attempt. */
import { DatabaseError } from "../errors.ts";

/** Why a worker has lost a job. */
export type JobLossReason = "cancelled" | "lease" | "stopped";

/** Abort reason of a handler's signal. */
export class JobLost extends DatabaseError {
  override readonly name = "JobLost";
  /**
   * `cancelled`: somebody cancelled the job. `lease`: another worker may hold it. `stopped`: the
   * worker stops.
   */
  readonly reason: JobLossReason;

  constructor(reason: JobLossReason) {
    const message = {
      cancelled: "Somebody cancelled the job",
      lease: "The worker lost the lease of the job: another worker may hold it",
      stopped: "The worker stops and requeues the job",
    }[reason];
    super("JOB_LOST", message);
    this.reason = reason;
  }
}

/**
 * A handler throws this to classify the failure of its job. The database stores class and message:
 * they must not contain secrets.
 *
 * @example
 * const failure = new JobFailure("AuthenticationError", "No credential fits", { retry: false });
 * console.log(failure.errorClass);
 */
export class JobFailure extends Error {
  override readonly name = "JobFailure";
  /** Class of the failure, such as `AuthenticationError`. */
  readonly errorClass: string;
  /** False if another attempt would fail as well. */
  readonly retry: boolean;

  constructor(
    errorClass: string,
    message: string,
    { retry = true, cause }: { retry?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.errorClass = errorClass;
    this.retry = retry;
  }
}

/** Outcome of an attempt. */
export interface AttemptOutcome {
  readonly outcome: "succeeded" | "partial" | "failed" | "cancelled" | "released";
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  /** Seconds until the next attempt after a failure; null if there is none. */
  readonly retrySeconds: number | null;
}

/** The worker requeues the job, which does not count as a failure. */
export const RELEASED: AttemptOutcome = {
  outcome: "released",
  errorClass: null,
  errorMessage: null,
  retrySeconds: null,
};
const MAX_MESSAGE_CHARACTERS = 2_000;

/**
 * Runs a handler and returns the outcome.
 *
 * @param backoff Delay of the first retry in milliseconds. It doubles with each failure up to `maxBackoff`.
 * @param redact Removes secrets from the error message.
 */
export async function runAttempt(
  handle: () => Promise<"partial" | void>,
  { failures }: { readonly failures: number },
  { backoff, maxBackoff }: { readonly backoff: number; readonly maxBackoff: number },
  redact: (text: string) => string,
): Promise<AttemptOutcome> {
  try {
    const outcome = await handle() === "partial" ? "partial" : "succeeded";
    return { outcome, errorClass: null, errorMessage: null, retrySeconds: null };
  } catch (error) {
    const retry = !(error instanceof JobFailure) || error.retry;
    const wait = Math.min(backoff * 2 ** failures, maxBackoff) / 1000;
    return { outcome: "failed", ...described(error, redact), retrySeconds: retry ? wait : null };
  }
}

/** Adjusts the outcome of a job that the worker has lost. A success stays a success. */
export function outcomeAfterLoss(
  attempt: AttemptOutcome,
  reason: JobLossReason | undefined,
): AttemptOutcome {
  if (attempt.outcome !== "failed") return attempt;
  if (reason === "stopped") return RELEASED;
  return reason === "cancelled" ? { ...attempt, outcome: "cancelled" } : attempt;
}

function described(
  error: unknown,
  redact: (text: string) => string,
): { errorClass: string; errorMessage: string } {
  if (!(error instanceof Error)) return { errorClass: typeof error, errorMessage: "" };
  try {
    const errorClass = error instanceof JobFailure ? error.errorClass : error.name;
    return { errorClass: storable(errorClass), errorMessage: storable(redact(error.message)) };
  } catch {
    // The getters of an error may throw.
    return { errorClass: "Error", errorMessage: "" };
  }
}

/** Replaces what PostgreSQL refuses as text, and truncates it. */
function storable(text: unknown): string {
  return String(text).slice(0, MAX_MESSAGE_CHARACTERS).replace(/\0|\p{Surrogate}/gu, "\u{FFFD}");
}
