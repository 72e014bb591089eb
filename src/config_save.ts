/**
 * Saving what a device sent. Free of races without an advisory lock: the one
 * narrow row of `device_states` decides, by compare-and-set for a text that did
 * not change, and under its row lock for one that did.
 */
import { indexEntry, reindexDevice } from "./config_index.ts";
import { configText } from "./config_text.ts";
import { ParameterError } from "./errors.ts";
import {
  configIndexBaseGet,
  type ConfigIndexBaseGetResult,
  configIndexWrite,
} from "./generated/config_lines.ts";
import { configInsert, configVerify } from "./generated/device_configurations.ts";
import {
  deviceStateEnsure,
  deviceStateLock,
  type DeviceStateLockResult,
} from "./generated/device_states.ts";
import type { Json } from "./json.ts";
import type { CallOptions, Queryable } from "./query.ts";
import type { Transaction, TransactionOptions } from "./transaction.ts";

/** A database, or a transaction whose savepoint then holds the save. */
export interface Session extends Queryable {
  transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
}

/** What `configSave` takes. */
export interface ConfigSave {
  readonly deviceId: number;
  /** The configuration, as the device sent it; this or `bytes`. */
  readonly text?: string | undefined;
  /** The same as bytes, whatever they are: NUL and what is no UTF-8 are kept. */
  readonly bytes?: Uint8Array | undefined;
  /** Whatever should be kept beside a new version. */
  readonly metadata?: Json | undefined;
  /** When it was read from the device; now unless told. Only a new version keeps it. */
  readonly retrievedAt?: Date | undefined;
}

/** What `configSave` did. */
export interface ConfigSaved {
  /** The version that holds the text now. */
  readonly id: number;
  /** False: the text was the latest already, and only its `verified_at` moved. */
  readonly changed: boolean;
  /** The version that was the latest before; equal to `id` where nothing changed; null at the first save. */
  readonly previousId: number | null;
  /** Lines that the version before lacks. */
  readonly added: number;
  /** Lines that only the version before has. */
  readonly removed: number;
}

/**
 * Stores a device's configuration, unless it is the latest already.
 *
 * Two workers that save the same device at once end as if one came after the
 * other: never two versions of one text in a row.
 *
 * @param db A database, or a transaction that the save shall be part of.
 * @throws {ParameterError} the text holds a lone surrogate; there is neither text nor bytes, or
 *   both; `retrievedAt` is before the latest version's.
 * @throws {ConstraintError} there is no such device.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} may be called again: the
 *   second call finds the text unchanged where the first one stored it.
 * @example
 * const device = await deviceInsert.one({ hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" }, db);
 * const saved = await configSave(db, { deviceId: device.id, text: "hostname sw1\n" });
 * console.log(saved.id, saved.changed, saved.previousId);
 */
export async function configSave(
  db: Session,
  { deviceId, text: given, bytes, metadata, retrievedAt }: ConfigSave,
  options: CallOptions = {},
): Promise<ConfigSaved> {
  if ((given === undefined) === (bytes === undefined)) {
    throw new ParameterError("text", "and bytes: give one of them", { query: "ConfigSave" });
  }
  const sent = given ?? bytes ?? "";
  const field = given === undefined ? "bytes" : "text";
  const { text, raw, hash: contentHash } = configText(sent, field, "ConfigSave");

  // The usual case, in one round trip: what was read is what is stored.
  const verified = await configVerify.first({ deviceId, contentHash }, db, options);
  if (verified !== undefined) return unchanged(verified.id);

  return await db.transaction(async (tx) => {
    // Again where the device was deleted in between: if it is gone for good, this says so.
    let state: DeviceStateLockResult | undefined;
    while (state === undefined) {
      await deviceStateEnsure.run({ deviceId }, tx);
      state = await deviceStateLock.first({ deviceId }, tx);
    }
    // Somebody may have stored the same text since the first look.
    const raced = await configVerify.first({ deviceId, contentHash }, tx);
    if (raced !== undefined) return unchanged(raced.id);
    const before = await configIndexBaseGet.first({ deviceId }, tx);
    const inserted = await configInsert.first(
      { deviceId, configData: text, raw, contentHash, metadata, retrievedAt },
      tx,
    );
    if (inserted === undefined) {
      const late = "is before the latest version; import versions oldest first";
      throw new ParameterError("retrievedAt", late, { query: "ConfigSave" });
    }
    const { id } = inserted;
    const { added, removed } = await addToIndex(tx, { id, deviceId, text }, before);
    return { id, changed: true, previousId: state.configurationId, added, removed };
  }, { ...options, name: "ConfigSave" });
}

function unchanged(id: number): ConfigSaved {
  return { id, changed: false, previousId: id, added: 0, removed: 0 };
}

/** Indexes a new version; where the one before is not, all of the device. */
async function addToIndex(
  tx: Transaction,
  { id, deviceId, text }: { id: number; deviceId: number; text: string },
  before: ConfigIndexBaseGetResult | undefined,
): Promise<{ added: number; removed: number }> {
  if (before?.blame === null) {
    await reindexDevice(tx, deviceId);
    const { added, removed } = await configIndexBaseGet.one({ deviceId }, tx);
    return { added: added ?? 0, removed: removed ?? 0 };
  }
  const entry = await indexEntry(
    text,
    before && { id: before.id, text: before.configData, blame: before.blame },
  );
  await configIndexWrite.run({ id, ...entry }, tx);
  return entry;
}
