/** Limits of a statement in a pooled session, and the errors of statements that break them. */
import { QueryError } from "../errors.ts";
import type { ServerError } from "./sqlstate.ts";
import type { StatementTraits } from "./statement_text.ts";

const STATEFUL_TAGS: ReadonlySet<string> = new Set([
  "DEALLOCATE",
  "DEALLOCATE ALL",
  "DISCARD ALL",
  "DISCARD PLANS",
  "DISCARD SEQUENCES",
  "DISCARD TEMP",
  "LISTEN",
  "LOAD",
  "PREPARE",
  "UNLISTEN",
]);

/** Whether a statement changed its session, by its text or by its command tag. */
export function isStateful(tag: string, traits: StatementTraits | undefined): boolean {
  return traits !== undefined && (traits.stateful || STATEFUL_TAGS.has(tag));
}

/**
 * Whether a statement failed because its prepared form is out of date: its row changed, a table or
 * column was replaced, a type is gone, or the server, or a pooler, forgot it. Such an error comes
 * before the statement runs.
 */
export function isStale({ code, routine }: ServerError): boolean {
  if (code === "0A000") return routine === "RevalidateCachedQuery";
  return code === "26000" || code === "XX000" || (code.startsWith("42") && code !== "42501");
}

export function stalePlan(query: string | undefined, sqlState: string): QueryError {
  const of = query === undefined ? "" : ` in ${query}`;
  const message = `A table changed under a prepared statement${of}; run the transaction again`;
  return new QueryError(message, { query, sqlState }, "STALE_PLAN");
}

export function controlRefused(control: string, query: string | undefined): QueryError {
  const message =
    `The command "${control}" was not sent: use transaction(), which begins and ends transactions itself`;
  return new QueryError(message, { query }, "TRANSACTION_CONTROL");
}

export function transactionLeft(query: string | undefined): QueryError {
  const of = query === undefined ? "A statement" : query;
  const message = `${of} left a transaction open, which was rolled back: use transaction()`;
  return new QueryError(message, { query }, "TRANSACTION_CONTROL");
}
