/**
 * Converts the server's errors. The server's texts may contain values
 * (`Key (password)=(…)`, `invalid input syntax …: "…"`), so an error has only the
 * SQLSTATE, the names of objects, and a sentence of this layer.
 */
import {
  ConnectionError,
  ConstraintError,
  type ConstraintKind,
  type DatabaseError,
  type ErrorContext,
  QueryError,
  TimeoutError,
} from "../errors.ts";

/** An ErrorResponse. */
export interface ServerError {
  readonly code: string;
  /** `ERROR`, or `FATAL` or `PANIC`, which end the session. */
  readonly severity: string;
  readonly message?: string;
  readonly detail?: string;
  /** The context of the error, such as the parameter. */
  readonly where?: string;
  readonly routine?: string;
  readonly constraint_name?: string;
  readonly table_name?: string;
  readonly column_name?: string;
}

const CONSTRAINTS: Readonly<Record<string, ConstraintKind>> = {
  "23502": "not_null",
  "23503": "foreign_key",
  "23505": "unique",
  "23514": "check",
  "23P01": "exclusion",
};

// The conditions of PostgreSQL's appendix A, as sentences.
const SENTENCES: Readonly<Record<string, string>> = {
  "08P01": "The number of parameters does not match the statement",
  "0A000": "The statement uses a feature that the server does not support",
  "21000": "The statement touches a row twice, or a subquery returned several rows",
  "22001": "A text is longer than its column",
  "22003": "A number is out of its type's range",
  "22007": "A date or time is malformed",
  "22008": "A date or time is out of range",
  "22012": "The statement divides by zero",
  "22021": "A text is not valid in the server's encoding",
  "22023": "A parameter's value is not allowed",
  "22P02": "A value does not match the syntax of its type",
  "22P05": "A text holds a character that the server cannot store",
  "25006": "The transaction is read only",
  "25P02": "The transaction has already failed and refuses further statements",
  "40001": "The transaction conflicts with a concurrent transaction; run it again",
  "40P01": "The server ended the transaction to resolve a deadlock; run it again",
  "42501": "The role lacks a privilege",
  "42601": "The statement is not valid SQL",
  "42703": "The statement names a column that does not exist",
  "42883": "The statement names a function or operator that does not exist",
  "42P01": "The statement names a table that does not exist",
  "42P18": "The type of a parameter is ambiguous; write a cast",
  "53100": "The server's disk is full",
  "53200": "The server is out of memory",
  "54000": "The statement exceeds a limit of the server",
  "55006": "The object is in use",
  "57014": "The statement was cancelled",
  "P0001": "A function of the schema raised an error",
};

// These messages quote only the statement's text, which comes from query files.
const SAFE_MESSAGES: ReadonlySet<string> = new Set(["42P01", "42703", "42883", "42501"]);

/** Converts an ErrorResponse to an error of this layer. */
export function serverError(error: ServerError, query: string | undefined): DatabaseError {
  const sqlState = error.code;
  const context: ErrorContext = { query, sqlState };
  const kind = CONSTRAINTS[sqlState];
  if (kind !== undefined) {
    const rule = {
      kind,
      constraint: error.constraint_name ?? "",
      table: error.table_name ?? "",
      columns: error.column_name === undefined ? keyColumns(error.detail) : [error.column_name],
    };
    return new ConstraintError(rule, context);
  }
  const of = query === undefined ? "" : ` in ${query}`;
  const sent = { ...context, sent: true };
  if (sqlState === "57014" && error.routine === "ProcessInterrupts" && timedOut(error)) {
    return new TimeoutError(
      "statement",
      `The server's statement_timeout ended a statement${of}`,
      sent,
    );
  }
  if (sqlState === "55P03") {
    return new TimeoutError("lock", `The lock timeout ended a statement${of}`, sent);
  }
  if (sqlState === "25P03") {
    const message = "The server ended a transaction that was idle for too long";
    return new TimeoutError("idle_in_transaction", message, sent);
  }
  if (sqlState === "25P04") {
    const message = "The server's transaction_timeout ended the transaction";
    return new TimeoutError("transaction", message, sent);
  }
  if (/^(08(?!P01)|57P0[1245])/.test(sqlState)) {
    return new ConnectionError("lost", `The server ended the connection${of}`, sent);
  }
  const sentence = SENTENCES[sqlState] ??
    `The server refused the statement with SQLSTATE ${sqlState}`;
  const detail = SAFE_MESSAGES.has(sqlState) ? `: ${oneLine(error.message ?? "")}` : "";
  return new QueryError(`${sentence}${of}${detail}`, context);
}

/** Converts an ErrorResponse to the startup message. */
export function startupError(error: ServerError, where: string): ConnectionError {
  const context = { sqlState: error.code };
  switch (error.code) {
    case "28P01":
      return new ConnectionError(
        "authentication",
        `${where}: the password is wrong, or the role does not exist`,
        context,
      );
    case "28000":
      return new ConnectionError(
        "authentication",
        `${where}: the server's pg_hba.conf or the role does not allow the login`,
        context,
      );
    case "3D000":
      return new ConnectionError(
        "missing_database",
        `${where}: the database does not exist`,
        context,
      );
    case "53300":
      return new ConnectionError(
        "too_many_connections",
        `${where}: the server or the role has no connection left`,
        context,
      );
    case "57P03":
      return new ConnectionError(
        "starting_up",
        `${where}: the server is starting up or shutting down`,
        context,
      );
    case "57P01":
    case "57P02":
      return new ConnectionError("lost", `${where}: the server is shutting down`, context);
    default:
      return new ConnectionError(
        "protocol",
        `${where}: the server refused with SQLSTATE ${error.code}`,
        context,
      );
  }
}

/** Shortens a message to one line, since a name in it may be long or contain anything. */
function oneLine(message: string): string {
  return message.slice(0, 300).replace(/[\p{C}\p{Z}]+/gu, " ");
}

// pg_cancel_backend and statement_timeout share SQLSTATE and routine;
// only the message, in the server's language, distinguishes them.
function timedOut(error: ServerError): boolean {
  return /timeout|Zeitüberschreitung|délai|tiempo/i.test(error.message ?? "");
}

/** Returns the column names of `Key (a, b)=(…)`, in any language, without the values. */
function keyColumns(detail: string | undefined): string[] {
  const names = /\(([^()]*)\)=\(/.exec(detail ?? "")?.[1]?.split(", ") ?? [];
  return names.every((name) => /^\w+$/.test(name)) ? names : [];
}
