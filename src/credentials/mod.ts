/** The public functions of this folder. The first call loads their implementation. */
import type * as Functions from "./functions.ts";

let loaded: Promise<typeof Functions> | undefined;
const load = () => loaded ??= import("./functions.ts");

/**
 * Creates a credential with an encrypted password.
 *
 * @param db A database, or a transaction to join.
 * @returns The credential without the password.
 * @throws {ParameterError} the password contains a NUL character or a lone surrogate.
 * @throws {VaultError} no key ring is configured, or its keys do not match the database.
 * @throws {ConstraintError | QueryError | ConnectionError | TimeoutError}
 * @example
 * const made = await credentialCreate({ username: "admin", password: "swordfish", tagNames: ["leaf"] }, db);
 * console.log(made.id, made.tags);
 */
export const credentialCreate: typeof Functions.credentialCreate = async (...args) =>
  (await load()).credentialCreate(...args);

/**
 * Replaces the password of a credential and ends its lockouts.
 *
 * @param db A database, or a transaction to join.
 * @throws {NotFoundError} the credential does not exist.
 * @throws as `credentialCreate`.
 * @example
 * const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);
 * await credentialSetPassword({ id, password: "trout" }, db);
 */
export const credentialSetPassword: typeof Functions.credentialSetPassword = async (...args) =>
  (await load()).credentialSetPassword(...args);

/**
 * Decrypts the password of a credential for immediate use, and records who asked for it and why. The
 * audit record is committed before the decryption. `db` must be a database, because a transaction
 * could roll the record back.
 *
 * @throws {NotFoundError} the credential does not exist.
 * @throws {ParameterError} `by` or `reason` is missing or empty.
 * @throws {VaultError} no key ring is configured, its keys do not match the database, or the password
 *   does not decrypt, which leaves an audit record, too.
 * @throws {QueryError | ConnectionError | TimeoutError}
 * @example
 * const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);
 * const { username, password } = await credentialReveal({ id, by: "worker-7", reason: "backup of sw1" }, db);
 * console.log(username, password, password.reveal()); // admin [redacted] swordfish
 */
export const credentialReveal: typeof Functions.credentialReveal = async (...args) =>
  (await load()).credentialReveal(...args);

/**
 * Reads the system settings `credential_lockout_failures` and `credential_lockout_seconds` for
 * `credentialMatch` and `credentialMatchMany`. They default to 3 failures and 900 seconds.
 *
 * @throws {ConfigError} a setting is not a whole number from 0.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const [best] = await credentialMatch.run({ deviceId: device.id, ...await credentialGuard(db) }, db);
 * console.log(best?.id);
 */
export const credentialGuard: typeof Functions.credentialGuard = async (...args) =>
  (await load()).credentialGuard(...args);

/**
 * Re-encrypts every value with the active key, in batches. Optimistic locking keeps a value that
 * somebody changes meanwhile. The rotation ends after two passes in a row that found no value; after
 * an interruption the next run continues.
 *
 * @throws {VaultError} no key ring is configured, or it lacks a key of a value.
 * @throws {ConnectionError | TimeoutError} run it again.
 * @example
 * await credentialCreate({ username: "admin", password: "swordfish" }, db);
 * const { rotated, unopened } = await keysRotate({}, db, { onProgress: ({ rotated }) => console.log(rotated) });
 * console.log(rotated, unopened.length);
 */
export const keysRotate: typeof Functions.keysRotate = async (...args) =>
  (await load()).keysRotate(...args);

/**
 * Checks every key and decrypts every encrypted value.
 *
 * @throws {VaultError} no key ring is configured.
 * @throws {ConfigError | ConnectionError | TimeoutError}
 * @example
 * const { problem, opened, unopened } = await keysCheck(db);
 * console.log(problem?.message ?? "the keys fit", opened, unopened.length);
 */
export const keysCheck: typeof Functions.keysCheck = async (...args) =>
  (await load()).keysCheck(...args);

/**
 * Returns how many rows each key encrypts, and the credentials with an unencrypted password.
 *
 * @throws {VaultError} no key ring is configured.
 * @throws {ConfigError | ConnectionError | TimeoutError}
 * @example
 * const { keys, unsealed } = await keysStatus(db);
 * for (const { keyId, active, rows, retiredAt } of keys) console.log(keyId, active, rows, retiredAt);
 * console.log(unsealed.length);
 */
export const keysStatus: typeof Functions.keysStatus = async (...args) =>
  (await load()).keysStatus(...args);

/**
 * Retires a key that encrypts no row any more. A foreign key prevents the retirement of a key in use.
 *
 * @returns The time of the retirement, which may be an earlier call's.
 * @throws {VaultError} reason `key_in_use`: the key encrypts rows, or it is the active key.
 * @throws {NotFoundError} the key is not registered in the database.
 * @throws {QueryError | ConnectionError | TimeoutError}
 * @example
 * const rotated = await keysRotate({}, db); // from the older keys of the ring to the active one
 * const { keys } = await keysStatus(db);
 * for (const { keyId } of keys) {
 *   if (keyId !== rotated.keyId) await keysRetire({ keyId }, db);
 * }
 */
export const keysRetire: typeof Functions.keysRetire = async (...args) =>
  (await load()).keysRetire(...args);

/**
 * Generates a key of 32 random bytes.
 *
 * @param options `file`: new file for the key, readable only by its owner.
 * @returns The key in base64, as a file or a variable holds it. Keep it secret.
 * @throws {ConfigError} the file already exists, or cannot be written.
 * @example
 * const key = await keysGenerate();
 * console.log(key.length); // 44
 */
export const keysGenerate: typeof Functions.keysGenerate = async (...args) =>
  (await load()).keysGenerate(...args);
