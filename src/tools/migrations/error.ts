import { DatabaseError, type ErrorContext } from "../../errors.ts";

/** Why the schema could not be moved, or a tool of the schema could not do its work. */
export type MigrationProblem =
  /** A file of the folder is not a migration as it should be. */
  | "FILE"
  /** A file changed after it was applied. */
  | "EDITED"
  /** A file is gone although it was applied. */
  | "MISSING"
  /** A pending file is older than one that was applied. */
  | "ORDER"
  /** The database has migrations that this code does not know. */
  | "NEWER"
  /** The database is not there and may not be made by this role. */
  | "CREATE_DATABASE"
  /** Another migrator did not finish in time. */
  | "LOCK_TIMEOUT"
  /** The connection that holds the migration lock is gone. */
  | "LOCK_LOST"
  /** A statement of a migration failed. */
  | "STATEMENT"
  /** dbmate did not run to its end. */
  | "DBMATE";

/** A migration cannot be read, applied or taken back; the message names the file. */
export class MigrationError extends DatabaseError {
  override readonly name = "MigrationError";
  declare readonly code: MigrationProblem;
  constructor(code: MigrationProblem, message: string, context: ErrorContext = {}) {
    super(code, message, context);
  }
}
