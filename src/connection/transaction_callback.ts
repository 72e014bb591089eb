/**
 * One run of a transaction's callback, between its `begin` and its end. It ends
 * with the callback, or before: at the deadline, at an abort, or when the
 * connection is lost while the callback waits for something else.
 */
import { atDeadline } from "../deadline.ts";
import { CommitUnknownError, ConnectionError, TimeoutError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { TransactionTrace } from "../telemetry/trace.ts";
import { lostTransaction, type OpenTransaction, type Transaction } from "./transaction.ts";

const NOTHING = () => {};

/** What may end it, and who is told how it ended. */
interface Ends {
  /** `performance.now()` at its deadline. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly tell: (outcome: TransactionTrace["outcome"]) => void;
}

/**
 * Runs the callback, then commits or rolls back. The connection stays with the caller.
 *
 * @throws what the callback throws; what ended it before; what `commit` throws.
 */
export async function runCallback<T>(
  connection: Connection,
  tx: OpenTransaction,
  callback: (tx: Transaction) => Promise<T>,
  { until, signal, tell }: Ends,
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
  // A callback between two statements never notices a lost connection. One that
  // awaits a statement tells more about it, and so has its turn first.
  connection.onLoss = (death) => setTimeout(() => interrupt(lostTransaction(death)), 0);
  const settle = () => {
    // From here on, deadline and signal would only make the outcome unknown.
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
    tell("committed");
    return result;
  } catch (error) {
    await tx.cancel();
    settle();
    await tx.rollback();
    if (error instanceof CommitUnknownError) tell("unknown");
    else tell(connection.death === undefined ? "rolled back" : "lost");
    throw error;
  }
}

/** @param sent Whether anything of the caller's has left this process. */
export function lateTransaction(sent: boolean): TimeoutError {
  return new TimeoutError("transaction", "The transaction did not end in time", { sent });
}
