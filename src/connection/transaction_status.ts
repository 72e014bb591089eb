/** Looks up transactions whose commit was not acknowledged. */
import { ParameterError } from "../errors.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** A transaction's outcome. `in progress`: the server may not have noticed the lost connection yet. */
export type TransactionStatus = "committed" | "aborted" | "in progress" | "forgotten";

/**
 * Looks up a transaction whose `commit` was not acknowledged.
 *
 * @param params `id`: the `transactionId` of a CommitUnknownError.
 * @returns The outcome. `in progress`: call again later; the server may not have noticed the lost
 *   connection yet. `forgotten`: the transaction is too old for the server to remember.
 * @throws {ParameterError} the id is not a transaction id.
 * @throws {QueryError} the server has not assigned the id yet.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const { rows } = await db.query<{ id: string }>("select pg_current_xact_id()::text as id");
 * console.log(await transactionStatus({ id: rows[0]!.id }, db)); // "committed"
 */
export async function transactionStatus(
  { id }: { readonly id: string },
  db: Queryable,
  options: CallOptions = {},
): Promise<TransactionStatus> {
  // PostgreSQL 15 accepts any text as an id.
  if (!/^[1-9]\d*$/.test(id)) {
    throw new ParameterError("id", "is not a transaction id", { query: "TransactionStatus" });
  }
  const { rows } = await db.query<{ status: Exclude<TransactionStatus, "forgotten"> | null }>(
    "select pg_xact_status($1::text::xid8) as status",
    [id],
    { ...options, name: "TransactionStatus", reads: true },
  );
  return rows[0]?.status ?? "forgotten";
}
