/**
 * The failures a caller can act on. No message and no field ever holds a
 * parameter, a row or a password: what the server says about values stays with
 * the server. Misuse (a wrong type of argument) throws the built-in classes.
 */

/** What every error of this layer is: a stable `code`, and the query's name where there is one. */
export class DatabaseError extends Error {
  override readonly name: string = "DatabaseError";
  /** Stable, for `switch`; one per class, or per reason where a class has several. */
  readonly code: string;
  /** The five-character SQLSTATE, where the server spoke. */
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

/** What is known about where an error came from. */
export interface ErrorContext {
  query?: string | undefined;
  sqlState?: string | undefined;
}

/** Which rule of the schema a statement broke. */
export type ConstraintKind = "unique" | "foreign_key" | "check" | "not_null" | "exclusion";

/** A statement broke a rule of the schema; nothing of it was stored. */
export class ConstraintError extends DatabaseError {
  override readonly name = "ConstraintError";
  readonly kind: ConstraintKind;
  /** The constraint's name, such as `devices_hostname_key`; empty for `not null`. */
  readonly constraint: string;
  readonly table: string;
  /** The columns of the key, or the column that may not be null; empty where the server does not tell. */
  readonly columns: readonly string[];

  constructor(
    rule: { kind: ConstraintKind; constraint: string; table: string; columns: readonly string[] },
    context: ErrorContext = {},
  ) {
    const on = `${rule.table}${rule.columns.length > 0 ? ` (${rule.columns.join(", ")})` : ""}`;
    const what = {
      unique: `A row with this key already exists in ${on}`,
      foreign_key: `A row of ${on} would refer to, or leave behind a reference to, a missing row`,
      check: `A value is not allowed in ${on}`,
      not_null: `A value is missing in ${on}`,
      exclusion: `A row of ${on} is in conflict with another`,
    }[rule.kind];
    super(
      "CONSTRAINT",
      rule.constraint ? `${what}: constraint "${rule.constraint}"` : what,
      context,
    );
    this.kind = rule.kind;
    this.constraint = rule.constraint;
    this.table = rule.table;
    this.columns = rule.columns;
  }
}

/** The server refused a statement for a reason that is no constraint; see `sqlState`. */
export class QueryError extends DatabaseError {
  override readonly name = "QueryError";
  /**
   * @param code `STALE_PLAN` where a table changed under a prepared statement in a transaction,
   *   `TRANSACTION_CONTROL` for a statement that begins or ends a transaction by itself.
   */
  constructor(
    message: string,
    context: ErrorContext = {},
    code: "QUERY" | "STALE_PLAN" | "TRANSACTION_CONTROL" = "QUERY",
  ) {
    super(code, message, context);
  }
}

/** A parameter does not fit; the statement did not run. With an `sqlState` it was the server that refused it. */
export class ParameterError extends DatabaseError {
  override readonly name = "ParameterError";
  /** The parameter's name, or `$1`, `$2`… in a statement without names. */
  readonly field: string;
  /** Which element of an array does not fit, from 0: the row, where arrays are the columns of many rows. */
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

/** `one` found no row. */
export class NotFoundError extends DatabaseError {
  override readonly name = "NotFoundError";
  constructor(message: string, context: ErrorContext = {}) {
    super("NOT_FOUND", message, context);
  }
}

/** Somebody else changed the row first: read it again, then decide. */
export class ConflictError extends DatabaseError {
  override readonly name = "ConflictError";
  constructor(message: string, context: ErrorContext = {}) {
    super("CONFLICT", message, context);
  }
}

/** Why there is no connection (any more). */
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

/** The connection could not be made, or was lost while a statement ran. */
export class ConnectionError extends DatabaseError {
  override readonly name = "ConnectionError";
  readonly reason: ConnectionReason;
  /** False: the statement never left this process, and may safely be run again. True: it may have run. */
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

/** Which wait came to its end. */
export type TimeoutKind =
  | "connect"
  | "acquire"
  | "statement"
  | "transaction"
  | "lock"
  | "idle_in_transaction";

/** A wait came to its deadline. The connection was thrown away and the server asked to stop. */
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

/** The connection was lost between sending `commit` and its answer: it may or may not have happened. */
export class CommitUnknownError extends DatabaseError {
  override readonly name = "CommitUnknownError";
  /** The server's transaction id (`xid8`), where it was known before `commit`. */
  readonly transactionId: string | undefined;
  constructor(transactionId?: string, context: ErrorContext = {}) {
    super(
      "COMMIT_UNKNOWN",
      "Cannot tell whether the transaction was committed: the connection was lost before the answer came",
      context,
    );
    this.transactionId = transactionId;
  }
}

/** Why nothing can be sealed or opened. */
export type VaultReason =
  | "no_keys"
  | "bad_key"
  | "missing_keys"
  | "wrong_key"
  | "retired_key"
  | "key_in_use"
  | "not_sealed"
  | "does_not_open";

/** A key that a `VaultError` is about. */
export interface VaultKey {
  readonly keyId: string;
  /** How many rows are sealed with it, where that was counted. */
  readonly rows?: number;
}

/** A secret cannot be sealed or opened; everything else of the layer works. */
export class VaultError extends DatabaseError {
  override readonly name = "VaultError";
  readonly reason: VaultReason;
  /** The keys that it is about. */
  readonly keys: readonly VaultKey[];
  constructor(reason: VaultReason, message: string, keys: readonly VaultKey[] = []) {
    super("VAULT", message);
    this.reason = reason;
    this.keys = keys;
  }
}

/** The configuration is wrong; the message says where and what to write instead. */
export class ConfigError extends DatabaseError {
  override readonly name = "ConfigError";
  readonly file?: string;
  /** The key path, such as `database.pool.size`. */
  readonly path?: string;
  /** Counted from 1. */
  readonly line?: number;
  constructor(message: string, place: { file?: string; path?: string; line?: number } = {}) {
    const at = place.file === undefined
      ? ""
      : `${place.file}${place.line === undefined ? "" : `:${place.line}`}: `;
    const key = place.path ? `${place.path}: ` : "";
    super("CONFIG", `${at}${key}${message}`);
    if (place.file !== undefined) this.file = place.file;
    if (place.path !== undefined) this.path = place.path;
    if (place.line !== undefined) this.line = place.line;
  }
}
