/**
 * Checks the keys of this process against the database: every key in use must be loaded, and must be
 * the key that encrypted the rows. The check runs once, at the first encryption or decryption; nothing
 * else waits for it.
 */
import { DatabaseError, QueryError, VaultError, type VaultKey } from "../errors.ts";
import {
  type EncryptionKey,
  encryptionKeyInsert,
  encryptionKeyList,
} from "../generated/internal/encryption_keys.ts";
import type { CallOptions, Queryable } from "../query.ts";
import type { Core, Session } from "../session.ts";
import type { KeyRingConfig } from "../vault/key_ring.ts";
import { within } from "../deadline.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { KeyProvider, SealedPlace, Vault } from "../vault/vault.ts";

/** State of a key in the key ring and in the database. */
export interface KeyState {
  readonly keyId: string;
  /** Whether the process encrypts with this key. */
  readonly active: boolean;
  /** Whether the key ring contains this key. */
  readonly loaded: boolean;
  /** Time of its registration in the database; undefined if it is not registered. */
  readonly createdAt: Date | undefined;
  readonly retiredAt: Date | undefined;
  /** Number of rows encrypted with this key. */
  readonly rows: number;
  /**
   * `missing`: rows need the key and the ring lacks it. `wrong`: the ring holds another key under this
   * name. `retired`: the active key of the ring is retired.
   */
  readonly problem: "missing" | "wrong" | "retired" | undefined;
}

/** Each key encrypts this text once. The result identifies another key of the same name. */
const CHECK_TEXT = "netraven-db";
const CHECK_PLACE: SealedPlace = {
  table: "encryption_keys",
  column: "check_value",
  uuid: "00000000-0000-0000-0000-000000000000",
};

/** Compares the ring with the database without changing it. Returns the keys, oldest first. */
export async function keyStates(
  vault: Vault,
  db: Queryable,
  options?: CallOptions,
): Promise<KeyState[]> {
  const known = await encryptionKeyList.run(undefined, db, options);
  const states: KeyState[] = [];
  for (const row of known) states.push(await stateOf(row, vault));
  const listed = new Set(known.map(({ keyId }) => keyId));
  for (const keyId of vault.keyIds.filter((keyId) => !listed.has(keyId))) {
    const active = keyId === vault.active;
    const never = { createdAt: undefined, retiredAt: undefined, rows: 0, problem: undefined };
    states.push({ keyId, active, loaded: true, ...never });
  }
  return states;
}

async function stateOf(row: EncryptionKey, vault: Vault): Promise<KeyState> {
  const { keyId, createdAt, credentials: rows } = row;
  const active = keyId === vault.active;
  const loaded = vault.has(keyId);
  const retiredAt = row.retiredAt ?? undefined;
  let problem: KeyState["problem"];
  if (!loaded && rows > 0) problem = "missing";
  else if (loaded && !await opensCheck(vault, row.checkValue)) problem = "wrong";
  else if (active && retiredAt !== undefined) problem = "retired";
  return { keyId, active, loaded, createdAt, retiredAt, rows, problem };
}

async function opensCheck(vault: Vault, checkValue: string): Promise<boolean> {
  try {
    return (await vault.open(CHECK_PLACE, checkValue)).reveal() === CHECK_TEXT;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

/**
 * Registers new keys of the ring in the database.
 *
 * @returns Whether it registered any.
 */
async function registerKeys(
  states: readonly KeyState[],
  vault: Vault,
  db: Queryable,
): Promise<boolean> {
  const keyIds = states.filter(({ createdAt }) => createdAt === undefined)
    .map(({ keyId }) => keyId);
  if (keyIds.length === 0) return false;
  const checkValues: string[] = [];
  for (const keyId of keyIds) checkValues.push(await vault.seal(CHECK_PLACE, CHECK_TEXT, keyId));
  try {
    await encryptionKeyInsert.run({ keyIds, checkValues }, db);
    return true;
  } catch (error) {
    // A read-only role or server needs keys for decryption only, which requires no registration.
    const readsOnly = error instanceof QueryError &&
      (error.sqlState === "42501" || error.sqlState === "25006");
    if (readsOnly) return false;
    throw error;
  }
}

/** Returns the worst problem of the keys as an error; undefined if there is none. */
export function keyProblem(states: readonly KeyState[]): VaultError | undefined {
  const named = (problem: KeyState["problem"]): VaultKey[] =>
    states.filter((state) => state.problem === problem)
      .map(({ keyId, rows }) => ({ keyId, rows }));
  const list = (keys: readonly VaultKey[]) =>
    keys.map(({ keyId, rows }) => `"${keyId}" (${rows} rows)`).join(", ");
  const wrong = named("wrong");
  if (wrong.length > 0) {
    const message = `The key ring holds other keys under the names of keys in use: ${list(wrong)}`;
    return new VaultError("wrong_key", message, wrong);
  }
  const missing = named("missing");
  if (missing.length > 0) {
    const message = `The key ring lacks keys that encrypted rows need: ${list(missing)}`;
    return new VaultError("missing_keys", message, missing);
  }
  const [retired] = named("retired");
  if (retired === undefined) return undefined;
  const message = `The active key "${retired.keyId}" is retired: activate another key`;
  return new VaultError("retired_key", message, [retired]);
}

/**
 * Returns the keys of a database or of its transaction. Their first use compares them with the
 * database.
 *
 * @example
 * const vault = vaultOf(db);
 * console.log(vault.configured, (await vault.ready()).active);
 */
export function vaultOf(db: Session): DatabaseVault {
  return db.attached(databaseVault);
}

function databaseVault({ db, config, keys, logger }: Core): DatabaseVault {
  return new DatabaseVault(db, keys ?? config.vault, config.database.timeouts.statement, logger);
}

/** Loads the cryptography together with the keys. */
async function loadVault(source: KeyProvider | KeyRingConfig): Promise<Vault> {
  const { Vault } = await import("../vault/vault.ts");
  if ("key" in source) return await Vault.load(source);
  const { keyRing } = await import("../vault/key_ring.ts");
  return await Vault.load(keyRing(source));
}

/** Logs the problem of the configured keys, if there is one. */
export async function warnOfKeys(db: Session, options: CallOptions): Promise<void> {
  const vault = vaultOf(db);
  if (!vault.configured) return;
  try {
    await vault.ready(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Without the schema there are no rows to encrypt.
    if (error instanceof DatabaseError && error.sqlState === "42P01") return;
    // The error of a custom provider may contain more than a log should.
    const problem = error instanceof DatabaseError ? error.message : "the key provider failed";
    vault.logger.warn(`The vault cannot encrypt or decrypt credentials: ${problem}`);
  }
}

/** The checked keys of a database, created by `vaultOf`. */
export class DatabaseVault {
  /** @internal */
  readonly logger: Logger;
  readonly #db: Queryable;
  readonly #source: KeyProvider | KeyRingConfig | undefined;
  readonly #defaultTimeout: number;
  #loaded: Promise<Vault> | undefined;
  #ready: Promise<Vault> | undefined;

  /** @param defaultTimeout Milliseconds that a call without `timeout` waits for the keys. */
  constructor(
    db: Queryable,
    source: KeyProvider | KeyRingConfig | undefined,
    defaultTimeout: number,
    logger: Logger,
  ) {
    this.logger = logger;
    this.#db = db;
    this.#source = source;
    this.#defaultTimeout = defaultTimeout;
  }

  /** Whether a key ring is configured. */
  get configured(): boolean {
    return this.#source !== undefined;
  }

  /**
   * Returns the vault after every key in use was found in the ring and has decrypted its check value.
   * The next call repeats a failed check.
   *
   * @throws {VaultError} no key ring is configured; keys are missing, wrong or retired: `keys` lists
   *   them with the number of rows that each one encrypts.
   * @throws {ConfigError} a key cannot be read.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * const vault = await vaultOf(db).ready();
   * console.log(vault.active, vault.keyIds);
   */
  ready(options?: CallOptions): Promise<Vault> {
    this.#ready ??= this.#check().catch((error) => {
      this.#ready = undefined;
      throw error;
    });
    return within(this.#ready, "The keys were not checked", this.#bounded(options));
  }

  /**
   * Returns the keys without checking them against the database.
   *
   * @throws {VaultError | ConfigError} as `ready`.
   */
  load(options?: CallOptions): Promise<Vault> {
    return within(this.#load(), "The keys were not read", this.#bounded(options));
  }

  /**
   * Returns every key of the ring and of the database, oldest first.
   *
   * @throws {VaultError | ConfigError | ConnectionError | TimeoutError}
   * @example
   * for (const { keyId, active, rows, problem } of await vaultOf(db).states()) {
   *   console.log(keyId, active, rows, problem);
   * }
   */
  async states(options?: CallOptions): Promise<KeyState[]> {
    return await keyStates(await this.load(options), this.#db, options);
  }

  /** Adds the default timeout, because a key provider may never answer. */
  #bounded({ signal, timeout = this.#defaultTimeout }: CallOptions = {}): CallOptions {
    return { signal, timeout };
  }

  #load(): Promise<Vault> {
    const source = this.#source;
    if (source === undefined) {
      const message =
        'No key ring is configured: add "vault:" to the configuration, or pass "keys" to connect()';
      return Promise.reject(new VaultError("no_keys", message));
    }
    this.#loaded ??= loadVault(source).catch((error) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #check(): Promise<Vault> {
    const vault = await this.#load();
    let states = await keyStates(vault, this.#db);
    // Another process may have registered another key under this name first, so read them again.
    if (await registerKeys(states, vault, this.#db)) states = await keyStates(vault, this.#db);
    const problem = keyProblem(states);
    if (problem !== undefined) throw problem;
    return vault;
  }
}
