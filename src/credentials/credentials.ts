/** Passwords of credentials: sealed before they leave the process, opened after they came. */
import { budget } from "../budget.ts";
import type { Database } from "../client.ts";
import type { Session } from "../history/save.ts";
import { ConstraintError, NotFoundError, ParameterError, VaultError } from "../errors.ts";
import {
  credentialGet,
  credentialInsert,
  type CredentialInsertResult,
  credentialPasswordSet,
  credentialSecretGet,
} from "../generated/credentials.ts";
import type { DatabaseVault } from "../vault/key_states.ts";
import type { CallOptions } from "../query.ts";
import { Secret } from "../vault/secret.ts";
import { isCount, settingOr } from "../settings/schema.ts";
import { OpenTransaction } from "../connection/transaction.ts";
import type { SealedPlace } from "../vault/vault.ts";

/** A database, or a transaction of one. */
export interface VaultSession extends Session {
  readonly vault: DatabaseVault;
}

/** What `credentialCreate` takes. */
export interface CredentialCreate {
  readonly username: string;
  /** In the clear; it is sealed here. */
  readonly password: string | Secret;
  /** Lower is tried first; 100 unless told. */
  readonly priority?: number | undefined;
  /** Tags that do not exist are made. */
  readonly tagNames?: readonly string[] | undefined;
}

/** What `credentialReveal` notes in `credential_reveals`. */
export interface RevealNote {
  /** Who asks: a person or a service. */
  readonly by: string;
  /** Why, such as a ticket or a job. */
  readonly reason: string;
}

/** A credential that can be logged in with. */
export interface RevealedCredential {
  readonly id: number;
  readonly username: string;
  readonly password: Secret;
}

/** What `credentialMatch` and `credentialMatchMany` leave out. */
export interface CredentialGuard {
  /** So many failures in a row on a device; with 0 nothing is left out. */
  readonly lockoutFailures: number;
  /** For so long after the last of them. */
  readonly lockoutSeconds: number;
}

const RETIRED = "credentials_key_id_key_live_fkey";

/** Where the password of a credential stands. */
export function passwordPlace(uuid: string, id?: number): SealedPlace {
  const label = id === undefined ? "a new credential" : `credential ${id}`;
  return { table: "credentials", column: "password", uuid, label };
}

/**
 * Makes a credential with a sealed password.
 *
 * @param db A database, or a transaction that it shall be part of.
 * @returns The credential, without the password.
 * @throws {ParameterError} the password holds a NUL character or a lone surrogate.
 * @throws {VaultError} there is no key ring, or its keys do not fit the database.
 * @throws {ConstraintError | QueryError | ConnectionError | TimeoutError}
 * @example
 * const made = await credentialCreate(db, { username: "admin", password: "swordfish", tagNames: ["leaf"] });
 * console.log(made.id, made.tags);
 */
export async function credentialCreate(
  db: VaultSession,
  { username, password, priority, tagNames }: CredentialCreate,
  options: CallOptions = {},
): Promise<CredentialInsertResult> {
  const query = "CredentialCreate";
  const secret = secretOf(password, query);
  const left = budget(options);
  const vault = await db.vault.ready(left());
  const uuid = crypto.randomUUID();
  const sealed = await vault.seal(passwordPlace(uuid), secret);
  const tags = tagNames === undefined ? undefined : [...tagNames];
  const params = { uuid, username, password: sealed, priority, tagNames: tags };
  return await unlessRetired(vault.active, () => credentialInsert.one(params, db, left()));
}

/**
 * Replaces the password of a credential. Devices where the old one had failed too often may be
 * tried at once.
 *
 * @param db A database, or a transaction that it shall be part of.
 * @throws {NotFoundError} there is no such credential.
 * @throws as `credentialCreate`.
 * @example
 * const { id } = await credentialCreate(db, { username: "admin", password: "swordfish" });
 * await credentialSetPassword(db, id, "trout");
 */
export async function credentialSetPassword(
  db: VaultSession,
  id: number,
  password: string | Secret,
  options: CallOptions = {},
): Promise<void> {
  const query = "CredentialSetPassword";
  const secret = secretOf(password, query);
  const left = budget(options);
  const vault = await db.vault.ready(left());
  const known = await credentialGet.first({ id }, db, left());
  if (known === undefined) throw missing(id, query);
  const sealed = await vault.seal(passwordPlace(known.uuid, id), secret);
  const changed = await unlessRetired(
    vault.active,
    () => credentialPasswordSet.first({ id, password: sealed }, db, left()),
  );
  if (changed === undefined) throw missing(id, query);
}

/**
 * Opens the password of a credential, for the moment of use, and notes who asked for it and why.
 * The note is committed before the password is opened, so it takes a database: that of a
 * transaction could be rolled back.
 *
 * @throws {NotFoundError} there is no such credential.
 * @throws {ParameterError} `by` or `reason` is missing or empty.
 * @throws {VaultError} there is no key ring, its keys do not fit the database, or the password
 *   does not open; the last is noted all the same.
 * @throws {QueryError | ConnectionError | TimeoutError}
 * @example
 * const { id } = await credentialCreate(db, { username: "admin", password: "swordfish" });
 * const { username, password } = await credentialReveal(db, id, { by: "worker-7", reason: "backup of sw1" });
 * console.log(username, password, password.reveal()); // admin [redacted] swordfish
 */
export async function credentialReveal(
  db: Database,
  id: number,
  { by, reason }: RevealNote,
  options: CallOptions = {},
): Promise<RevealedCredential> {
  const query = "CredentialReveal";
  if ((db as unknown) instanceof OpenTransaction) {
    throw new TypeError("A reveal takes the database: in a transaction its note could be undone");
  }
  for (const [field, value] of Object.entries({ by, reason })) {
    if (typeof value !== "string" || value.trim() === "") {
      throw new ParameterError(field, "is missing or empty", { query });
    }
  }
  const left = budget(options);
  const vault = await db.vault.ready(left());
  const found = await credentialSecretGet.first({ id, by, reason }, db, left());
  if (found === undefined) throw missing(id, query);
  const { uuid, username, password } = found;
  return { id, username, password: await vault.open(passwordPlace(uuid, id), password) };
}

/**
 * What the system settings `credential_lockout_failures` and `credential_lockout_seconds` say,
 * for `credentialMatch` and `credentialMatchMany`: 3 failures and 900 seconds where they say
 * nothing.
 *
 * @throws {ConfigError} a setting is no whole number from 0.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const [best] = await credentialMatch.run({ deviceId: device.id, ...await credentialGuard(db) }, db);
 * console.log(best?.id);
 */
export async function credentialGuard(
  { settings }: Pick<Database, "settings">,
  options: CallOptions = {},
): Promise<CredentialGuard> {
  return {
    lockoutFailures: await settings.get(
      "credential_lockout_failures",
      settingOr(3, isCount),
      options,
    ),
    lockoutSeconds: await settings.get(
      "credential_lockout_seconds",
      settingOr(900, isCount),
      options,
    ),
  };
}

function secretOf(password: string | Secret, query: string): Secret {
  if (password instanceof Secret) return password;
  try {
    return new Secret(password);
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    const problem = error.message.replace(/^Parameter "secret" /, "");
    throw new ParameterError("password", problem, { query });
  }
}

/** Seals nothing with a key that somebody retired since this process looked. */
async function unlessRetired<T>(keyId: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ConstraintError && error.constraint === RETIRED)) throw error;
    const message = `The active key "${keyId}" is retired, or was never noted: ` +
      "make another one active, or start once as a role that may note it";
    throw new VaultError("retired_key", message, [{ keyId }]);
  }
}

function missing(id: number, query: string): NotFoundError {
  return new NotFoundError(`Credential ${id} does not exist`, { query });
}
