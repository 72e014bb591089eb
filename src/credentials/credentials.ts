/** Encrypts passwords before they leave the process, and decrypts them after they are read. */
import { budget } from "../deadline.ts";
import type { DatabaseSession, Session } from "../session.ts";
import { ConstraintError, NotFoundError, ParameterError, VaultError } from "../errors.ts";
import { credentialGet } from "../generated/credentials.ts";
import {
  type CredentialCreated,
  credentialInsert,
  credentialPasswordSet,
  credentialSecretGet,
} from "../generated/internal/credentials.ts";
import { vaultOf } from "./key_states.ts";
import type { CallOptions } from "../query.ts";
import { Secret } from "../vault/secret.ts";
import { isCount, settingOr } from "../settings/schema.ts";
import { OpenTransaction } from "../connection/transaction.ts";
import type { SealedPlace } from "../vault/vault.ts";

/** Parameters of `credentialCreate`. */
export interface CredentialCreateParams {
  readonly username: string;
  /** Plaintext password, which this function encrypts. */
  readonly password: string | Secret;
  /** Credentials with a lower value are tried first. Defaults to 100. */
  readonly priority?: number | undefined;
  /** Tags of the credential. Missing ones are created. */
  readonly tagNames?: readonly string[] | undefined;
}

/** Parameters of `credentialSetPassword`. */
export interface CredentialSetPasswordParams {
  readonly id: number;
  /** Plaintext password, which this function encrypts. */
  readonly password: string | Secret;
}

/** Parameters of `credentialReveal`, which it records in `credential_reveals`. */
export interface CredentialRevealParams {
  readonly id: number;
  /** Person or service that reads the password. */
  readonly by: string;
  /** Reason, such as a ticket or a job. */
  readonly reason: string;
}

/** A credential with its decrypted password. */
export interface RevealedCredential {
  readonly id: number;
  readonly username: string;
  readonly password: Secret;
}

/** Lockout parameters of `credentialMatch` and `credentialMatchMany`. */
export interface CredentialGuard {
  /** Consecutive failures on a device that lock a credential out there; 0 disables the lockout. */
  readonly lockoutFailures: number;
  /** Duration of the lockout in seconds, from the last failure. */
  readonly lockoutSeconds: number;
}

/** Foreign key from a password to an encryption key that is not retired. */
const LIVE_KEY_CONSTRAINT = "credentials_key_id_key_live_fkey";

/** Identifies the encrypted password of a credential. */
export function passwordPlace(uuid: string, id?: number): SealedPlace {
  const label = id === undefined ? "a new credential" : `credential ${id}`;
  return { table: "credentials", column: "password", uuid, label };
}

/** Implements `credentialCreate` of `credentials/mod.ts`. */
export async function credentialCreate(
  { username, password, priority, tagNames }: CredentialCreateParams,
  db: Session,
  options: CallOptions = {},
): Promise<CredentialCreated> {
  const query = "CredentialCreate";
  const secret = secretOf(password, query);
  const left = budget(options);
  const vault = await vaultOf(db).ready(left());
  const uuid = crypto.randomUUID();
  const sealed = await vault.seal(passwordPlace(uuid), secret);
  const tags = tagNames === undefined ? undefined : [...tagNames];
  const params = { uuid, username, password: sealed, priority, tagNames: tags };
  return await withLiveKey(vault.active, () => credentialInsert.one(params, db, left()));
}

/** Implements `credentialSetPassword` of `credentials/mod.ts`. */
export async function credentialSetPassword(
  { id, password }: CredentialSetPasswordParams,
  db: Session,
  options: CallOptions = {},
): Promise<void> {
  const query = "CredentialSetPassword";
  const secret = secretOf(password, query);
  const left = budget(options);
  const vault = await vaultOf(db).ready(left());
  const known = await credentialGet.first({ id }, db, left());
  if (known === undefined) throw missing(id, query);
  const sealed = await vault.seal(passwordPlace(known.uuid, id), secret);
  const changed = await withLiveKey(
    vault.active,
    () => credentialPasswordSet.first({ id, password: sealed }, db, left()),
  );
  if (changed === undefined) throw missing(id, query);
}

/** Implements `credentialReveal` of `credentials/mod.ts`. */
export async function credentialReveal(
  { id, by, reason }: CredentialRevealParams,
  db: DatabaseSession,
  options: CallOptions = {},
): Promise<RevealedCredential> {
  const query = "CredentialReveal";
  if ((db as unknown) instanceof OpenTransaction) {
    const message =
      "credentialReveal needs the database, because a rollback would undo its audit record";
    throw new TypeError(message);
  }
  for (const [field, value] of Object.entries({ by, reason })) {
    if (typeof value !== "string" || value.trim() === "") {
      throw new ParameterError(field, "is missing or empty", { query });
    }
  }
  const left = budget(options);
  const vault = await vaultOf(db).ready(left());
  const found = await credentialSecretGet.first({ id, by, reason }, db, left());
  if (found === undefined) throw missing(id, query);
  const { uuid, username, password } = found;
  return { id, username, password: await vault.open(passwordPlace(uuid, id), password) };
}

/** Implements `credentialGuard` of `credentials/mod.ts`. */
export async function credentialGuard(
  { settings }: Pick<Session, "settings">,
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

/** Turns the rejection of the active key by the database into a `VaultError`. */
async function withLiveKey<T>(keyId: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ConstraintError && error.constraint === LIVE_KEY_CONSTRAINT)) {
      throw error;
    }
    const message = `The active key "${keyId}" is retired or not registered: ` +
      "activate another key, or connect once as a role that may register keys";
    throw new VaultError("retired_key", message, [{ keyId }]);
  }
}

function missing(id: number, query: string): NotFoundError {
  return new NotFoundError(`Credential ${id} does not exist`, { query });
}
