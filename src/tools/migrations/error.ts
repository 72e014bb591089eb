import { DatabaseError, type ErrorContext } from "../../errors.ts";

/** Why a migration, or another tool of the schema, failed. */
export type MigrationProblem =
  /** A file of the folder is not a valid migration. */
  | "FILE"
  /** The file of an applied migration has changed. */
  | "EDITED"
  /** The file of an applied migration is missing. */
  | "MISSING"
  /** A pending file is older than an applied migration. */
  | "ORDER"
  /** The database has migrations that this code does not know. */
  | "NEWER"
  /** The database does not exist, and the role may not create it. */
  | "CREATE_DATABASE"
  /** Another migrator did not finish in time. */
  | "LOCK_TIMEOUT"
  /** The connection that holds the migration lock was lost. */
  | "LOCK_LOST"
  /** A statement of a migration failed. */
  | "STATEMENT"
  /** dbmate failed without a server error. */
  | "DBMATE";

/** A migration cannot be read, applied or rolled back. The message names the file. */
export class MigrationError extends DatabaseError {
  override readonly name = "MigrationError";
  declare readonly code: MigrationProblem;
  constructor(code: MigrationProblem, message: string, context: ErrorContext = {}) {
    super(code, message, context);
  }
}
