/**
 * Whether the keys of this process fit the database: every key in use is loaded, and is
 * the key that sealed. Asked once by whoever seals or opens first; nothing else waits for it.
 */
import { QueryError, VaultError, type VaultKey } from "../errors.ts";
import {
  encryptionKeyInsert,
  encryptionKeyList,
  type EncryptionKeyListResult,
} from "../generated/encryption_keys.ts";
import type { CallOptions, Queryable } from "../query.ts";
import { within } from "../shared_wait.ts";
import { type KeyProvider, type SealedPlace, Vault } from "./vault.ts";

/** A key, in the ring or in the database, and how the two agree. */
export interface KeyState {
  readonly keyId: string;
  /** Whether it seals. */
  readonly active: boolean;
  /** Whether the ring has it. */
  readonly loaded: boolean;
  /** Undefined where no process has come with it yet. */
  readonly createdAt: Date | undefined;
  readonly retiredAt: Date | undefined;
  /** How many rows are sealed with it. */
  readonly rows: number;
  /**
   * `missing`: rows need it and the ring lacks it. `wrong`: the ring's key is not the one of
   * that name. `retired`: the ring would seal with it.
   */
  readonly problem: "missing" | "wrong" | "retired" | undefined;
}

/** What each key seals once, so that another key of its name is found out. */
const CHECK_TEXT = "netraven-db";
const CHECK_PLACE: SealedPlace = {
  table: "encryption_keys",
  column: "check_value",
  uuid: "00000000-0000-0000-0000-000000000000",
};

/** Compares the ring with the database; changes nothing. The oldest key comes first. */
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

async function stateOf(row: EncryptionKeyListResult, vault: Vault): Promise<KeyState> {
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
 * Notes the ring's new keys in the database.
 *
 * @returns Whether there were any.
 */
async function noteKeys(
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
    // A role or a server that only reads can open, which is all that it needs.
    const readsOnly = error instanceof QueryError &&
      (error.sqlState === "42501" || error.sqlState === "25006");
    if (readsOnly) return false;
    throw error;
  }
}

/** What is wrong with the keys, in one error; undefined where nothing is. */
export function keyProblem(states: readonly KeyState[]): VaultError | undefined {
  const named = (problem: KeyState["problem"]): VaultKey[] =>
    states.filter((state) => state.problem === problem)
      .map(({ keyId, rows }) => ({ keyId, rows }));
  const list = (keys: readonly VaultKey[]) =>
    keys.map(({ keyId, rows }) => `"${keyId}" (${rows} rows)`).join(", ");
  const wrong = named("wrong");
  if (wrong.length > 0) {
    const message = `The key ring holds another key of the same name than the one that sealed: ${
      list(wrong)
    }`;
    return new VaultError("wrong_key", message, wrong);
  }
  const missing = named("missing");
  if (missing.length > 0) {
    const message = `The key ring lacks keys that rows are sealed with: ${list(missing)}`;
    return new VaultError("missing_keys", message, missing);
  }
  const [retired] = named("retired");
  if (retired === undefined) return undefined;
  const message = `The active key "${retired.keyId}" is retired: make another one active`;
  return new VaultError("retired_key", message, [retired]);
}

/** The vault of a database: `db.vault`. Made by `connect`. */
export class DatabaseVault {
  readonly #db: Queryable;
  readonly #provider: KeyProvider | undefined;
  readonly #patience: number;
  #loaded: Promise<Vault> | undefined;
  #ready: Promise<Vault> | undefined;

  /** @param patience Milliseconds that a call waits for the keys where it has no timeout of its own. */
  constructor(db: Queryable, provider: KeyProvider | undefined, patience: number) {
    this.#db = db;
    this.#provider = provider;
    this.#patience = patience;
  }

  /** Whether there is a key ring. */
  get configured(): boolean {
    return this.#provider !== undefined;
  }

  /**
   * The vault, once every key in use was found in the ring and opened its check value.
   * What was found wrong is looked at again by the next call.
   *
   * @throws {VaultError} there is no key ring; keys are missing, wrong or retired: `keys` lists
   *   them, with the number of rows that each one seals.
   * @throws {ConfigError} a key cannot be read.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * const vault = await db.vault.ready();
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
   * The keys without a look into the database.
   *
   * @throws {VaultError | ConfigError} as `ready`.
   */
  load(options?: CallOptions): Promise<Vault> {
    return within(this.#load(), "The keys were not read", this.#bounded(options));
  }

  /**
   * Every key of the ring and of the database, the oldest first.
   *
   * @throws {VaultError | ConfigError | ConnectionError | TimeoutError}
   * @example
   * for (const { keyId, active, rows, problem } of await db.vault.states()) {
   *   console.log(keyId, active, rows, problem);
   * }
   */
  async states(options?: CallOptions): Promise<KeyState[]> {
    return await keyStates(await this.load(options), this.#db, options);
  }

  /** A provider may never answer. */
  #bounded({ signal, timeout = this.#patience }: CallOptions = {}): CallOptions {
    return { signal, timeout };
  }

  #load(): Promise<Vault> {
    if (this.#provider === undefined) {
      const message =
        "There is no key ring: write vault: into the configuration, or give connect({ keys })";
      return Promise.reject(new VaultError("no_keys", message));
    }
    this.#loaded ??= Vault.load(this.#provider).catch((error) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #check(): Promise<Vault> {
    const vault = await this.#load();
    let states = await keyStates(vault, this.#db);
    // Read again: another process may have come first with another key of that name.
    if (await noteKeys(states, vault, this.#db)) states = await keyStates(vault, this.#db);
    const problem = keyProblem(states);
    if (problem !== undefined) throw problem;
    return vault;
  }
}
