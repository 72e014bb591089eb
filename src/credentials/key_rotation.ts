/**
 * Re-encrypts every encrypted column with the active key while other processes read and write, and
 * retires old keys. Serves `make keys-rotate`, `keys-check`, `keys-status` and `keys-retire`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { passwordPlace } from "./credentials.ts";
import { ConstraintError, NotFoundError, VaultError } from "../errors.ts";
import {
  credentialReseal,
  credentialResealList,
  credentialUnsealedList,
} from "../generated/internal/credentials.ts";
import { encryptionKeyList, encryptionKeyRetire } from "../generated/internal/encryption_keys.ts";
import { keyProblem, type KeyState, vaultOf } from "./key_states.ts";
import type { CallOptions, Queryable } from "../query.ts";
import type { Session } from "../session.ts";
import type { SealedPlace, Vault } from "../vault/vault.ts";

/** An encrypted value. */
interface SealedRow {
  readonly id: number;
  readonly uuid: string;
  readonly keyId: string;
  readonly sealed: string;
}

/** An encrypted column, with queries that list and replace its values. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** Lists the values that other keys than `keyId` encrypted, by id. */
  list(
    page: { keyId: string; afterId: number; limit: number },
    db: Queryable,
    options: CallOptions,
  ): Promise<SealedRow[]>;
  /** Replaces values that have not changed since they were read. Returns the changed rows. */
  reseal(
    values: { ids: number[]; sealed: string[]; resealed: string[] },
    db: Queryable,
    options: CallOptions,
  ): Promise<{ id: number }[]>;
  place(row: SealedRow): SealedPlace;
}

/** Every encrypted column of the schema. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [{
  table: "credentials",
  column: "password",
  list: (page, db, options) => credentialResealList.run(page, db, options),
  reseal: (values, db, options) => credentialReseal.run(values, db, options),
  place: ({ uuid, id }) => passwordPlace(uuid, id),
}];

/** A value that no loaded key decrypts. */
export interface UnopenedValue {
  readonly table: string;
  readonly column: string;
  readonly id: number;
  readonly keyId: string;
}

/** Progress of a rotation. */
export interface RotationProgress {
  /** Number of values re-encrypted so far. */
  readonly rotated: number;
  /** Number of the pass, from 1. Each pass visits all remaining rows. */
  readonly pass: number;
}

/** Parameters of `keysRotate`. */
export interface KeysRotateParams {
  /** Rows of one statement. Defaults to 500. */
  readonly batch?: number | undefined;
}

/** Options of `keysRotate`. */
export interface KeysRotateOptions {
  /** Called after every batch. */
  readonly onProgress?: ((progress: RotationProgress) => void) | undefined;
  /** Ends the rotation between two batches. Completed batches stay. */
  readonly signal?: AbortSignal | undefined;
}

/** Result of `keysRotate`. */
export interface KeysRotateResult extends RotationProgress {
  /** Active key, which now encrypts every value except those in `unopened`. */
  readonly keyId: string;
  /** Values that could not be decrypted and stayed as they are. */
  readonly unopened: readonly UnopenedValue[];
}

/** Result of `keysCheck`. */
export interface KeysCheckResult {
  readonly keys: readonly KeyState[];
  /** Number of values that decrypt. */
  readonly opened: number;
  readonly unopened: readonly UnopenedValue[];
  /** Problem with the keys; undefined if there is none. */
  readonly problem: VaultError | undefined;
}

/** Result of `keysStatus`. */
export interface KeysStatusResult {
  readonly keys: readonly KeyState[];
  /** Ids of credentials whose password is not encrypted, at most a hundred. */
  readonly unsealed: readonly number[];
}

/** No key has this name, so the values of all other keys are all values. */
const NO_KEY = "";
const PAGE_ROWS = 500;
/** Pause after a pass that changed nothing because other transactions lock the remaining rows. */
const RETRY_PAUSE_MS = 200;

/** Implements `keysRotate` of `credentials/mod.ts`. */
export async function keysRotate(
  { batch = PAGE_ROWS }: KeysRotateParams,
  db: Session,
  { onProgress, signal }: KeysRotateOptions = {},
): Promise<KeysRotateResult> {
  const vault = await vaultOf(db).ready({ signal });
  const unopened = new Map<string, UnopenedValue>();
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
    if (left > 0 && rotated === before) {
      await sleep(RETRY_PAUSE_MS, undefined, signal && { signal });
    }
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
  unopened: Map<string, UnopenedValue>,
): Promise<{ ids: number[]; sealed: string[]; resealed: string[] }> {
  const given = { ids: [] as number[], sealed: [] as string[], resealed: [] as string[] };
  await Promise.all(rows.map(async (row) => {
    const place = column.place(row);
    const secret = await vault.open(place, row.sealed).catch((error) => ignoreUnopened(error));
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

/** Ignores a value that does not decrypt. Every other error ends the rotation. */
function ignoreUnopened(error: unknown): undefined {
  if (error instanceof VaultError && error.reason === "does_not_open") return undefined;
  throw error;
}

/** Implements `keysCheck` of `credentials/mod.ts`. */
export async function keysCheck(db: Session, options: CallOptions = {}): Promise<KeysCheckResult> {
  const vault = await vaultOf(db).load(options);
  const keys = await vaultOf(db).states(options);
  const wrong = new Set(
    keys.filter(({ problem }) => problem === "wrong").map(({ keyId }) => keyId),
  );
  const unopened: UnopenedValue[] = [];
  let opened = 0;
  for (const column of SEALED_COLUMNS) {
    for await (const rows of pages(column, NO_KEY, PAGE_ROWS, db, options.signal)) {
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

/** Implements `keysStatus` of `credentials/mod.ts`. */
export async function keysStatus(
  db: Session,
  options: CallOptions = {},
): Promise<KeysStatusResult> {
  const keys = await vaultOf(db).states(options);
  const unsealed = await credentialUnsealedList.run({ limit: 100 }, db, options);
  return { keys, unsealed: unsealed.map(({ id }) => id) };
}

/** Implements `keysRetire` of `credentials/mod.ts`. */
export async function keysRetire(
  { keyId }: { readonly keyId: string },
  db: Session,
  options: CallOptions = {},
): Promise<Date> {
  const cannot = `Cannot retire key "${keyId}"`;
  if (vaultOf(db).configured && (await vaultOf(db).load(options)).active === keyId) {
    const message = `${cannot}: it is the active key; activate another key first`;
    throw new VaultError("key_in_use", message, [{ keyId }]);
  }
  try {
    const retired = await encryptionKeyRetire.first({ keyId }, db, options);
    if (retired !== undefined) return retired.retiredAt;
  } catch (error) {
    if (!(error instanceof ConstraintError && error.kind === "foreign_key")) throw error;
    const rows = (await known(db, keyId, options))?.credentials ?? 0;
    const message = `${cannot}: it encrypts ${rows} rows; run "make keys-rotate" first`;
    throw new VaultError("key_in_use", message, [{ keyId, rows }]);
  }
  const retiredAt = (await known(db, keyId, options))?.retiredAt;
  if (retiredAt) return retiredAt;
  throw new NotFoundError(`${cannot}: the database does not know it`);
}

async function known(db: Session, keyId: string, options: CallOptions) {
  const keys = await encryptionKeyList.run(undefined, db, options);
  return keys.find((key) => key.keyId === keyId);
}
