/**
 * Moves every sealed column to the active key while others read and write, and gives up the
 * old one. The faces of it are `make keys-rotate`, `keys-check`, `keys-status`, `keys-retire`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../client.ts";
import { passwordPlace } from "./credentials.ts";
import { ConstraintError, NotFoundError, VaultError } from "../errors.ts";
import {
  credentialReseal,
  credentialResealList,
  credentialUnsealedList,
} from "../generated/credentials.ts";
import { encryptionKeyList, encryptionKeyRetire } from "../generated/encryption_keys.ts";
import { keyProblem, type KeyState } from "../vault/key_states.ts";
import type { CallOptions, Queryable } from "../query.ts";
import type { SealedPlace, Vault } from "../vault/vault.ts";

/** A value as it is sealed now. */
interface SealedRow {
  readonly id: number;
  readonly uuid: string;
  readonly keyId: string;
  readonly sealed: string;
}

/** A column whose values are sealed: how to list them, and how to put others in their place. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** By id, those that another key than `keyId` sealed. */
  list(
    page: { keyId: string; afterId: number; limit: number },
    db: Queryable,
    options: CallOptions,
  ): Promise<SealedRow[]>;
  /** Where the value is still the one that was read; gives the rows that were changed. */
  reseal(
    values: { ids: number[]; sealed: string[]; resealed: string[] },
    db: Queryable,
    options: CallOptions,
  ): Promise<{ id: number }[]>;
  place(row: SealedRow): SealedPlace;
}

/** Every sealed column of the schema. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [{
  table: "credentials",
  column: "password",
  list: (page, db, options) => credentialResealList.run(page, db, options),
  reseal: (values, db, options) => credentialReseal.run(values, db, options),
  place: ({ uuid, id }) => passwordPlace(uuid, id),
}];

/** A value that no loaded key opens where it stands. */
export interface Unopened {
  readonly table: string;
  readonly column: string;
  readonly id: number;
  readonly keyId: string;
}

/** How far a rotation has come. */
export interface RotationProgress {
  /** Values sealed anew so far. */
  readonly rotated: number;
  /** Counted from 1; a pass goes over all rows that are left. */
  readonly pass: number;
}

/** What `keysRotate` takes. */
export interface KeysRotateOptions {
  /** Rows in one statement; 500 unless told. */
  readonly batch?: number | undefined;
  /** Is told after every batch. */
  readonly onProgress?: ((progress: RotationProgress) => void) | undefined;
  /** Ends it between two batches; what is done stays done. */
  readonly signal?: AbortSignal | undefined;
}

/** What `keysRotate` did. */
export interface KeysRotated extends RotationProgress {
  /** The key that seals everything now, but for what is `unopened`. */
  readonly keyId: string;
  /** Values that were left as they are. */
  readonly unopened: readonly Unopened[];
}

/** What `keysCheck` found. */
export interface KeysChecked {
  readonly keys: readonly KeyState[];
  /** Values that opened. */
  readonly opened: number;
  readonly unopened: readonly Unopened[];
  /** What is wrong with the keys; undefined where nothing is. */
  readonly problem: VaultError | undefined;
}

/** What `keysStatus` tells. */
export interface KeysStatus {
  readonly keys: readonly KeyState[];
  /** The ids of credentials with a password from before there were keys; at most a hundred. */
  readonly unsealed: readonly number[];
}

/** No key has this name: what other keys sealed is everything. */
const NO_KEY = "";
/** Milliseconds after a pass that changed nothing, because others hold the rows that are left. */
const PAUSE = 200;

/**
 * Seals everything anew with the active key, in batches, by compare-and-set: a value that
 * somebody changes meanwhile stays theirs. It goes over what is left until twice in a row
 * nothing was; a run that was killed is taken up by the next one.
 *
 * @throws {VaultError} there is no key ring, or it lacks a key; a value came with a key that is
 *   not loaded.
 * @throws {ConnectionError | TimeoutError} run it again.
 * @example
 * await credentialCreate(db, { username: "admin", password: "swordfish" });
 * const { rotated, unopened } = await keysRotate(db, { onProgress: ({ rotated }) => console.log(rotated) });
 * console.log(rotated, unopened.length);
 */
export async function keysRotate(
  db: Database,
  { batch = 500, onProgress, signal }: KeysRotateOptions = {},
): Promise<KeysRotated> {
  const vault = await db.vault.ready({ signal });
  const unopened = new Map<string, Unopened>();
  let rotated = 0;
  let pass = 0;
  for (let quiet = 0; quiet < 2;) {
    pass++;
    let left = 0;
    const before = rotated;
    for (const column of SEALED_COLUMNS) {
      for await (const rows of pages(column, vault.active, batch, db, signal)) {
        const resealed = await resealAll(column, rows, vault, unopened);
        left += resealed.ids.length;
        const changed = await column.reseal(resealed, db, { signal });
        rotated += changed.length;
        onProgress?.({ rotated, pass });
      }
    }
    quiet = left === 0 ? quiet + 1 : 0;
    if (left > 0 && rotated === before) await sleep(PAUSE, undefined, signal && { signal });
  }
  return { keyId: vault.active, rotated, pass, unopened: [...unopened.values()] };
}

async function* pages(
  column: SealedColumn,
  keyId: string,
  limit: number,
  db: Queryable,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<SealedRow[]> {
  for (let afterId = 0;;) {
    signal?.throwIfAborted();
    const rows = await column.list({ keyId, afterId, limit }, db, { signal });
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    afterId = rows.at(-1)!.id;
  }
}

async function resealAll(
  column: SealedColumn,
  rows: readonly SealedRow[],
  vault: Vault,
  unopened: Map<string, Unopened>,
): Promise<{ ids: number[]; sealed: string[]; resealed: string[] }> {
  const given = { ids: [] as number[], sealed: [] as string[], resealed: [] as string[] };
  await Promise.all(rows.map(async (row) => {
    const place = column.place(row);
    const secret = await vault.open(place, row.sealed).catch((error) => noteUnopened(error));
    const key = `${column.table}.${column.column} ${row.id}`;
    if (secret === undefined) {
      const { id, keyId } = row;
      unopened.set(key, { table: column.table, column: column.column, id, keyId });
      return;
    }
    unopened.delete(key);
    const resealed = await vault.seal(place, secret);
    given.ids.push(row.id);
    given.sealed.push(row.sealed);
    given.resealed.push(resealed);
  }));
  return given;
}

/** Passes over what does not open; a key that is missing altogether ends it. */
function noteUnopened(error: unknown): undefined {
  if (error instanceof VaultError && error.reason === "does_not_open") return undefined;
  throw error;
}

/**
 * Looks at every key, and opens every sealed value where it stands.
 *
 * @throws {VaultError} there is no key ring.
 * @throws {ConfigError | ConnectionError | TimeoutError}
 * @example
 * const { problem, opened, unopened } = await keysCheck(db);
 * console.log(problem?.message ?? "the keys fit", opened, unopened.length);
 */
export async function keysCheck(db: Database, options: CallOptions = {}): Promise<KeysChecked> {
  const vault = await db.vault.load(options);
  const keys = await db.vault.states(options);
  const wrong = new Set(
    keys.filter(({ problem }) => problem === "wrong").map(({ keyId }) => keyId),
  );
  const unopened: Unopened[] = [];
  let opened = 0;
  for (const column of SEALED_COLUMNS) {
    for await (const rows of pages(column, NO_KEY, 500, db, options.signal)) {
      await Promise.all(rows.map(async (row) => {
        const { id, keyId } = row;
        const opens = vault.has(keyId) && !wrong.has(keyId) &&
          await vault.open(column.place(row), row.sealed).then(() => true, () => false);
        if (opens) opened++;
        else unopened.push({ table: column.table, column: column.column, id, keyId });
      }));
    }
  }
  unopened.sort((a, b) => a.id - b.id);
  return { keys, opened, unopened, problem: keyProblem(keys) };
}

/**
 * Tells of every key how many rows it seals, and what is sealed with none.
 *
 * @throws {VaultError} there is no key ring.
 * @throws {ConfigError | ConnectionError | TimeoutError}
 * @example
 * const { keys, unsealed } = await keysStatus(db);
 * for (const { keyId, active, rows, retiredAt } of keys) console.log(keyId, active, rows, retiredAt);
 * console.log(unsealed.length);
 */
export async function keysStatus(db: Database, options: CallOptions = {}): Promise<KeysStatus> {
  const keys = await db.vault.states(options);
  const unsealed = await credentialUnsealedList.run({ limit: 100 }, db, options);
  return { keys, unsealed: unsealed.map(({ id }) => id) };
}

/**
 * Gives up a key that seals nothing any more. A reference in the database makes it impossible
 * for one that does, whoever tries.
 *
 * @returns When it was retired; earlier, where that had been done before.
 * @throws {VaultError} reason `key_in_use`: rows are sealed with it, or it is the active one.
 * @throws {NotFoundError} no process ever came with such a key.
 * @throws {QueryError | ConnectionError | TimeoutError}
 * @example
 * const rotated = await keysRotate(db); // from the older keys of the ring to the active one
 * const { keys } = await keysStatus(db);
 * for (const { keyId } of keys) {
 *   if (keyId !== rotated.keyId) await keysRetire(db, keyId);
 * }
 */
export async function keysRetire(
  db: Database,
  keyId: string,
  options: CallOptions = {},
): Promise<Date> {
  const cannot = `Cannot retire key "${keyId}"`;
  if (db.vault.configured && (await db.vault.load(options)).active === keyId) {
    const message = `${cannot}: it is the active one; make another one active first`;
    throw new VaultError("key_in_use", message, [{ keyId }]);
  }
  try {
    const retired = await encryptionKeyRetire.first({ keyId }, db, options);
    if (retired !== undefined) return retired.retiredAt;
  } catch (error) {
    if (!(error instanceof ConstraintError && error.kind === "foreign_key")) throw error;
    const rows = (await known(db, keyId, options))?.credentials ?? 0;
    const message = `${cannot}: ${rows} rows are sealed with it; run: make keys-rotate`;
    throw new VaultError("key_in_use", message, [{ keyId, rows }]);
  }
  const retiredAt = (await known(db, keyId, options))?.retiredAt;
  if (retiredAt) return retiredAt;
  throw new NotFoundError(`${cannot}: the database does not know it`);
}

async function known(db: Database, keyId: string, options: CallOptions) {
  const keys = await encryptionKeyList.run(undefined, db, options);
  return keys.find((key) => key.keyId === keyId);
}
