/**
 * What happens, for whoever subscribes, on `node:diagnostics_channel`: names,
 * durations and codes, never a value. Without a subscriber it costs a look at a
 * flag.
 */
import { channel } from "node:diagnostics_channel";
import { DatabaseError } from "../errors.ts";

/** A statement was answered, or failed. On `netraven-db:query`. */
export interface QueryTrace {
  /** The generated query's name; undefined for a statement without one. */
  readonly name: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  /** Rows found or changed; undefined where it failed. */
  readonly rows: number | undefined;
  /** The error's `code`; undefined where it was answered. */
  readonly error: string | undefined;
}

/** A transaction ended. On `netraven-db:transaction`. */
export interface TransactionTrace {
  /** As given to `transaction`. */
  readonly name: string | undefined;
  /** Milliseconds from `begin` to the answer to `commit` or `rollback`. */
  readonly duration: number;
  readonly outcome: "committed" | "rolled back" | "lost" | "unknown";
  /** 1 for the first run of the callback. */
  readonly attempt: number;
}

/** A caller got a connection, or none. On `netraven-db:acquire`. */
export interface AcquireTrace {
  /** Whose statement it is for. */
  readonly name: string;
  /** Milliseconds waited. */
  readonly duration: number;
  /** The error's `code`; undefined where a connection was had. */
  readonly error: string | undefined;
}

/** A connection was made, was thrown away, or was closed in peace. On `netraven-db:connection`. */
export interface ConnectionTrace {
  readonly event: "opened" | "discarded" | "closed";
  /** Why it was discarded: a ConnectionError's reason or a TimeoutError's kind. */
  readonly reason: string | undefined;
}

/** The `error` of a trace: a DatabaseError's code, or that a signal or a callback ended it. */
export function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof DatabaseError ? error.code : "ABORTED";
}

/** The channels, by what is told on them. */
export const traces = {
  query: channel("netraven-db:query"),
  transaction: channel("netraven-db:transaction"),
  acquire: channel("netraven-db:acquire"),
  connection: channel("netraven-db:connection"),
};
