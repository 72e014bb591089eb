/**
 * The errors that a caller can act on. No message and no field holds a parameter,
 * a row or a password: the layer drops the server's texts about values. Misuse
 * (an argument of a wrong type) throws the built-in classes.
 */

/** The base class of this layer's errors, with a stable `code`. */
export class DatabaseError extends Error {
  override readonly name: string = "DatabaseError";
  /** A stable identifier for `switch`. Most classes have one; `QueryError` has several. */
  readonly code: string;
  /** The five-character SQLSTATE, if the server reported the error. */
  readonly sqlState?: string;
  /** The generated query's name, such as `DeviceInsert`. */
  readonly query?: string;

  constructor(code: string, message: string, context: ErrorContext = {}) {
    super(message);
    this.code = code;
    if (context.sqlState !== undefined) this.sqlState = context.sqlState;
    if (context.query !== undefined) this.query = context.query;
  }
}

/** The origin of an error. */
export interface ErrorContext {
  query?: string | undefined;
  sqlState?: string | undefined;
}

/** The kind of a constraint. */
export type ConstraintKind = "unique" | "foreign_key" | "check" | "not_null" | "exclusion";

/** A statement violated a constraint; the server stored nothing of it. */
export class ConstraintError extends DatabaseError {
  override readonly name = "ConstraintError";
  readonly kind: ConstraintKind;
  /** The constraint's name, such as `devices_hostname_key`; empty for `not_null`. */
  readonly constraint: string;
  readonly table: string;
  /** The key's columns, or the column that must not be null; empty if the server does not report them. */
  readonly columns: readonly string[];

  constructor(
    rule: { kind: ConstraintKind; constraint: string; table: string; columns: readonly string[] },
    context: ErrorContext = {},
  ) {
    const on = `${rule.table}${rule.columns.length > 0 ? ` (${rule.columns.join(", ")})` : ""}`;
    const sentence = {
      unique: `A row with this key already exists in ${on}`,
      foreign_key: `A row of ${on} would refer to a missing row`,
      check: `A value is not allowed in ${on}`,
      not_null: `A value is missing in ${on}`,
      exclusion: `A row of ${on} conflicts with another row`,
    }[rule.kind];
    super(
      "CONSTRAINT",
      rule.constraint ? `${sentence}: constraint "${rule.constraint}"` : sentence,
      context,
    );
    this.kind = rule.kind;
    this.constraint = rule.constraint;
    this.table = rule.table;
    this.columns = rule.columns;
  }
}

/** The server refused a statement, and the reason is not a constraint; see `sqlState`. */
export class QueryError extends DatabaseError {
  override readonly name = "QueryError";
  /**
   * @param code `STALE_PLAN` if a table changed under a prepared statement in a transaction,
   *   `TRANSACTION_CONTROL` if a statement itself begins or ends a transaction.
   */
  constructor(
    message: string,
    context: ErrorContext = {},
    code: "QUERY" | "STALE_PLAN" | "TRANSACTION_CONTROL" = "QUERY",
  ) {
    super(code, message, context);
  }
}

/** A parameter is invalid; the statement did not run. If `sqlState` is set, the server refused it. */
export class ParameterError extends DatabaseError {
  override readonly name = "ParameterError";
  /** The parameter's name, or `$1`, `$2`… in a statement without names. */
  readonly field: string;
  /** Index of the invalid array element; the index of the row if arrays are the columns of many rows. */
  readonly index?: number;
  constructor(
    field: string,
    problem: string,
    context: ErrorContext & { index?: number | undefined } = {},
  ) {
    const of = context.query === undefined ? "" : ` of ${context.query}`;
    const at = context.index === undefined ? "" : ` (element ${context.index})`;
    super("PARAMETER", `Parameter "${field}"${at}${of} ${problem}`, context);
    this.field = field;
    if (context.index !== undefined) this.index = context.index;
  }
}

/** A row does not exist. */
export class NotFoundError extends DatabaseError {
  override readonly name = "NotFoundError";
  constructor(message: string, context: ErrorContext = {}) {
    super("NOT_FOUND", message, context);
  }
}

/** Another writer changed the row first. Read it again, then decide. */
export class ConflictError extends DatabaseError {
  override readonly name = "ConflictError";
  constructor(message: string, context: ErrorContext = {}) {
    super("CONFLICT", message, context);
  }
}

/** Why a connection failed. */
export type ConnectionReason =
  | "unknown_host"
  | "refused"
  | "unreachable"
  | "forbidden"
  | "tls"
  | "authentication"
  | "untrusted"
  | "missing_database"
  | "too_many_connections"
  | "starting_up"
  | "protocol"
  | "lost"
  | "closed";

/** A connection could not be opened, or was lost while a statement ran. */
export class ConnectionError extends DatabaseError {
  override readonly name = "ConnectionError";
  readonly reason: ConnectionReason;
  /** False: the statement never left this process and can safely be retried. True: it may have run. */
  readonly sent: boolean;
  constructor(
    reason: ConnectionReason,
    message: string,
    context: ErrorContext & { sent?: boolean } = {},
  ) {
    super("CONNECTION", message, context);
    this.reason = reason;
    this.sent = context.sent ?? false;
  }
}

/** The deadline that was exceeded. */
export type TimeoutKind =
  | "connect"
  | "acquire"
  | "statement"
  | "transaction"
  | "lock"
  | "idle_in_transaction";

/** A wait exceeded its deadline. The layer discarded the connection and sent a cancel request. */
export class TimeoutError extends DatabaseError {
  override readonly name = "TimeoutError";
  readonly kind: TimeoutKind;
  /** False: the statement never left this process. True: it may have run. */
  readonly sent: boolean;
  constructor(kind: TimeoutKind, message: string, context: ErrorContext & { sent?: boolean } = {}) {
    super("TIMEOUT", message, context);
    this.kind = kind;
    this.sent = context.sent ?? false;
  }
}

/** The connection was lost between `commit` and the server's answer: the commit may have happened. */
export class CommitUnknownError extends DatabaseError {
  override readonly name = "CommitUnknownError";
  /** The server's transaction id (`xid8`), if it was known before `commit`. */
  readonly transactionId: string | undefined;
  constructor(transactionId?: string, context: ErrorContext = {}) {
    super(
      "COMMIT_UNKNOWN",
      "Cannot tell whether the transaction was committed: the connection was lost before the server answered",
      context,
    );
    this.transactionId = transactionId;
  }
}

/** Why a secret cannot be sealed or opened. */
export type VaultReason =
  | "no_keys"
  | "bad_key"
  | "missing_keys"
  | "wrong_key"
  | "retired_key"
  | "key_in_use"
  | "not_sealed"
  | "does_not_open";

/** A key that a `VaultError` names. */
export interface VaultKey {
  readonly keyId: string;
  /** The number of rows that are sealed with it, if the function counted them. */
  readonly rows?: number;
}

/** A secret cannot be sealed or opened. Functions that need no keys still work. */
export class VaultError extends DatabaseError {
  override readonly name = "VaultError";
  readonly reason: VaultReason;
  /** The keys that caused the error. */
  readonly keys: readonly VaultKey[];
  constructor(reason: VaultReason, message: string, keys: readonly VaultKey[] = []) {
    super("VAULT", message);
    this.reason = reason;
    this.keys = keys;
  }
}

/** The configuration is invalid. The message names the location and the correction. */
export class ConfigError extends DatabaseError {
  override readonly name = "ConfigError";
  readonly file?: string;
  /** The key path, such as `database.pool.size`. */
  readonly path?: string;
  /** Line number, from 1. */
  readonly line?: number;
  constructor(message: string, location: { file?: string; path?: string; line?: number } = {}) {
    const at = location.file === undefined
      ? ""
      : `${location.file}${location.line === undefined ? "" : `:${location.line}`}: `;
    const key = location.path ? `${location.path}: ` : "";
    super("CONFIG", `${at}${key}${message}`);
    if (location.file !== undefined) this.file = location.file;
    if (location.path !== undefined) this.path = location.path;
    if (location.line !== undefined) this.line = location.line;
  }
}
