/**
 * Runs a transaction's callback between `begin` and the end of the transaction. The
 * run ends with the callback, or earlier: at the deadline, at an abort, or when the
 * connection is lost while the callback waits for something else.
 */
import { atDeadline } from "../deadline.ts";
import { CommitUnknownError, ConnectionError, TimeoutError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { TransactionTrace } from "../telemetry/trace.ts";
import type { Transaction } from "../session.ts";
import { lostTransaction, type OpenTransaction } from "./transaction.ts";

const NOTHING = () => {};

/** The limits of a run, and the receiver of its outcome. */
interface RunOptions {
  /** The transaction's deadline on `performance.now()`. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly report: (outcome: TransactionTrace["outcome"]) => void;
}

/**
 * Runs the callback, then commits or rolls back. The connection stays with the caller.
 *
 * @throws the callback's error, the reason that ended it early, or the error of `commit`.
 */
export async function runCallback<T>(
  connection: Connection,
  tx: OpenTransaction,
  callback: (tx: Transaction) => Promise<T>,
  { until, signal, report }: RunOptions,
): Promise<T> {
  let interrupt: (reason: unknown) => void = NOTHING;
  const interrupted = new Promise<never>((_, reject) => interrupt = reject);
  interrupted.catch(NOTHING);
  const expire = () => {
    const reason = lateTransaction(true);
    interrupt(reason);
    connection.abandon(reason);
  };
  const abort = () => {
    interrupt(signal?.reason);
    connection.abandon(
      new ConnectionError("closed", "The connection was discarded after an abort"),
    );
  };
  const stopWaiting = atDeadline(until, expire);
  signal?.addEventListener("abort", abort);
  // Between two statements, a callback does not notice a lost connection. During a
  // statement, the callback's own error is more precise, so it goes first.
  connection.onLoss = (death) => setTimeout(() => interrupt(lostTransaction(death)), 0);
  const settle = () => {
    // From here on, deadline and signal would only make the commit's outcome unknown.
    stopWaiting();
    signal?.removeEventListener("abort", abort);
    connection.onLoss = undefined;
  };
  try {
    if (signal?.aborted) abort();
    const work = async () => {
      const result = await callback(tx);
      await tx.end();
      return result;
    };
    const result = await Promise.race([work(), interrupted]);
    settle();
    await tx.commit();
    report("committed");
    return result;
  } catch (error) {
    await tx.cancel();
    settle();
    await tx.rollback();
    if (error instanceof CommitUnknownError) report("unknown");
    else report(connection.death === undefined ? "rolled back" : "lost");
    throw error;
  }
}

/** @param sent Whether any statement of the caller has left this process. */
export function lateTransaction(sent: boolean): TimeoutError {
  return new TimeoutError("transaction", "The transaction did not end in time", { sent });
}
