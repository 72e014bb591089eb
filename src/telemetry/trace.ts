/**
 * Publishes events on `node:diagnostics_channel`: names, durations and codes, never
 * a value. Without a subscriber, an event costs one check of a flag.
 */
import { channel } from "node:diagnostics_channel";
import { DatabaseError } from "../errors.ts";

/** A statement succeeded or failed. Published on `netraven-db:query`. */
export interface QueryTrace {
  /** The generated query's name; undefined for a statement without one. */
  readonly name: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  /** Rows found or changed; undefined if the statement failed. */
  readonly rows: number | undefined;
  /** The error's `code`; undefined if the statement succeeded. */
  readonly error: string | undefined;
}

/** A transaction ended. Published on `netraven-db:transaction`. */
export interface TransactionTrace {
  /** The option `name` of `transaction`. */
  readonly name: string | undefined;
  /** Milliseconds from `begin` to the server's answer to `commit` or `rollback`. */
  readonly duration: number;
  readonly outcome: "committed" | "rolled back" | "lost" | "unknown";
  /** Number of the callback's run, from 1. */
  readonly attempt: number;
}

/** A caller got a connection, or failed to get one. Published on `netraven-db:acquire`. */
export interface AcquireTrace {
  /** The name of the caller's statement or transaction. */
  readonly name: string;
  /** Milliseconds of the wait. */
  readonly duration: number;
  /** The error's `code`; undefined if the caller got a connection. */
  readonly error: string | undefined;
}

/** A connection was opened, discarded, or closed in an orderly way. Published on `netraven-db:connection`. */
export interface ConnectionTrace {
  readonly event: "opened" | "discarded" | "closed";
  /** The cause of `discarded`: a ConnectionError's reason or a TimeoutError's kind. */
  readonly reason: string | undefined;
}

/** Returns the `error` of a trace: a DatabaseError's code, or `ABORTED` for any other error. */
export function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof DatabaseError ? error.code : "ABORTED";
}

/** The diagnostics channels, by event. */
export const traces = {
  query: channel("netraven-db:query"),
  transaction: channel("netraven-db:transaction"),
  acquire: channel("netraven-db:acquire"),
  connection: channel("netraven-db:connection"),
};
