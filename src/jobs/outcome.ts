/** How an attempt at a job ends, by what its handler does. */
import { DatabaseError } from "../errors.ts";

/** Why a job is not its worker's any more. */
export type JobLossReason = "cancelled" | "lease" | "stopped";

/** The reason that a handler's signal is aborted with. */
export class JobLost extends DatabaseError {
  override readonly name = "JobLost";
  /** `cancelled`: by somebody. `lease`: another worker may have it. `stopped`: the worker stops. */
  readonly reason: JobLossReason;

  constructor(reason: JobLossReason) {
    const what = {
      cancelled: "The job was cancelled",
      lease: "The lease of the job was lost: another worker may have it",
      stopped: "The worker stops and gives the job back",
    }[reason];
    super("JOB_LOST", what);
    this.reason = reason;
  }
}

/**
 * What a handler throws to say how its job failed. Class and message are stored: they must hold nothing
 * that is secret.
 *
 * @example
 * const failure = new JobFailure("AuthenticationError", "No credential fits", { retry: false });
 * console.log(failure.errorClass);
 */
export class JobFailure extends Error {
  override readonly name = "JobFailure";
  /** What kind of thing went wrong, such as `AuthenticationError`. */
  readonly errorClass: string;
  /** False: another attempt would do no better. */
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

/** How an attempt ended. */
export interface JobEnd {
  readonly outcome: "succeeded" | "partial" | "failed" | "cancelled" | "released";
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  /** Null where a failure is to have no other attempt. */
  readonly retrySeconds: number | null;
}

/** The job is given back for now: that is no failure of its. */
export const RELEASED: JobEnd = {
  outcome: "released",
  errorClass: null,
  errorMessage: null,
  retrySeconds: null,
};
/** Characters of a message that are kept. */
const MESSAGE = 2_000;

/**
 * Runs a handler to its end.
 *
 * @param backOff Milliseconds until the first retry, twice as many until the next, up to `mostBackOff`.
 * @param redact Takes secrets out of what went wrong.
 */
export async function jobEnd(
  handle: () => Promise<"partial" | void>,
  { failures }: { readonly failures: number },
  { backOff, mostBackOff }: { readonly backOff: number; readonly mostBackOff: number },
  redact: (text: string) => string,
): Promise<JobEnd> {
  try {
    const outcome = await handle() === "partial" ? "partial" : "succeeded";
    return { outcome, errorClass: null, errorMessage: null, retrySeconds: null };
  } catch (error) {
    const retry = !(error instanceof JobFailure) || error.retry;
    const wait = Math.min(backOff * 2 ** failures, mostBackOff) / 1000;
    return { outcome: "failed", ...described(error, redact), retrySeconds: retry ? wait : null };
  }
}

/**
 * An end as it counts where the job was taken from its handler: what was done all the same is done.
 */
export function endAfter(end: JobEnd, reason: JobLossReason | undefined): JobEnd {
  if (end.outcome !== "failed") return end;
  if (reason === "stopped") return RELEASED;
  return reason === "cancelled" ? { ...end, outcome: "cancelled" } : end;
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
    // An error that cannot be read is one all the same.
    return { errorClass: "Error", errorMessage: "" };
  }
}

/** What the database takes as text. */
function storable(text: unknown): string {
  return String(text).slice(0, MESSAGE).replace(/\0|\p{Surrogate}/gu, "\u{FFFD}");
}
