/**
 * Saving what devices sent. Free of races without an advisory lock: the one narrow row of
 * `device_states` decides, by compare-and-set for a text that did not change, and under its row
 * lock for one that did.
 */
import { budget } from "../budget.ts";
import type { QuarantineReason } from "./guard.ts";
import { type SavePolicy, savePolicy } from "./policy.ts";
import { type Given, hashes, noDevice, saveChanged, unchanged } from "./store.ts";
import { type ConfigText, configText } from "./text.ts";
import { ConstraintError, DatabaseError, ParameterError } from "../errors.ts";
import { configVerify, configVerifyMany } from "../generated/device_configurations.ts";
import type { Json } from "../json.ts";
import type { CallOptions, Queryable } from "../query.ts";
import type { Settings } from "../settings/settings.ts";
import type { Transaction, TransactionOptions } from "../connection/transaction.ts";

/** A database, or a transaction whose savepoint then holds the save. */
export interface Session extends Queryable {
  readonly settings: Pick<Settings, "get">;
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
  /** False: stored as a version even if it looks like no whole configuration. */
  readonly guard?: boolean | undefined;
}

/** What `configSave` did. */
export interface ConfigSaved {
  /** The version that holds the text now; where it is quarantined, what `configQuarantineGet` finds. */
  readonly id: number;
  /** False: the text was the latest already, but for noise, or is quarantined. */
  readonly changed: boolean;
  /** The version that was the latest before; equal to `id` where that holds the text; null at the first save. */
  readonly previousId: number | null;
  /** Lines that the version before lacks. */
  readonly added: number;
  /** Lines that only the version before has. */
  readonly removed: number;
  /** Why it is no version and waits for a person; null where all is well. */
  readonly quarantined: readonly QuarantineReason[] | null;
}

/** Devices that are saved in one transaction, and about how many characters. */
const BATCH = { devices: 200, size: 8_000_000 };
/** A transaction of more characters than this gets more time than the configuration gives: milliseconds. */
const LARGE = { size: 1_000_000, least: 60_000, perMillion: 10_000 };
/** How often a batch begins anew because a device of it was deleted meanwhile. */
const ATTEMPTS = 5;

/** How the saving of each entry ended. */
type Outcomes = (ConfigSaved | DatabaseError)[];

/**
 * Stores a device's configuration, unless it is the latest already.
 *
 * Two workers that save the same device at once end as if one came after the other: never two
 * versions of one text in a row. Lines that change by themselves, by the system setting
 * `config_noise_<device type>`, make no version. What looks like no whole configuration, by the
 * settings `config_guard_…` and `config_end_<device type>`, is quarantined: see `quarantined`.
 *
 * @param db A database, or a transaction that the save shall be part of.
 * @throws {ParameterError} the text holds a lone surrogate; there is neither text nor bytes, or
 *   both; `retrievedAt` is before the latest version's.
 * @throws {NotFoundError} there is no such device.
 * @throws {ConfigError} one of the settings is not what it has to be.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} may be called again: the
 *   second call finds the text unchanged where the first one stored it.
 * @example
 * const device = await deviceInsert.one({ hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" }, db);
 * const saved = await configSave(db, { deviceId: device.id, text: "hostname sw1\n" });
 * console.log(saved.id, saved.changed, saved.previousId);
 */
export async function configSave(
  db: Session,
  save: ConfigSave,
  options: CallOptions = {},
): Promise<ConfigSaved> {
  const [outcome] = await configSaveMany(db, [save], options);
  if (outcome instanceof DatabaseError) throw outcome;
  return outcome!;
}

/**
 * Stores the configurations of many devices: those that did not change in one round trip for all of
 * them, the others in a few more, however many they are. A device that stands there several times is
 * saved several times, in that order. Two hundred devices, or eight million characters, are one
 * transaction; what was stored stays when a later one fails.
 *
 * @returns For each entry, at its place, what `configSave` returns, or the error that it would throw
 *   for this entry.
 * @throws {ConfigError | ConnectionError | TimeoutError | CommitUnknownError} as `configSave`.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const outcomes = await configSaveMany(db, [
 *   { deviceId: device.id, text: "hostname example\n" },
 *   { deviceId: -1, text: "hostname nobody\n" },
 * ]);
 * for (const outcome of outcomes) {
 *   console.log(outcome instanceof DatabaseError ? outcome.message : outcome.changed);
 * }
 */
export async function configSaveMany(
  db: Session,
  saves: readonly ConfigSave[],
  options: CallOptions = {},
): Promise<(ConfigSaved | DatabaseError)[]> {
  const outcomes: Outcomes = [];
  const left = budget(options);
  for (const batch of batches(saves, outcomes)) await saveBatch(db, batch, outcomes, left);
  return outcomes;
}

/** Entries that are saved together: no device twice. What cannot be stored is an error at its place. */
function* batches(saves: readonly ConfigSave[], outcomes: Outcomes): Iterable<Given[]> {
  let batch = new Map<number, Given>();
  let size = 0;
  for (const [place, save] of saves.entries()) {
    const { deviceId } = save;
    let text: ConfigText;
    try {
      text = textOf(save);
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      outcomes[place] = error;
      continue;
    }
    const full = batch.size === BATCH.devices || size + text.text.length > BATCH.size;
    if (batch.size > 0 && (full || batch.has(deviceId))) {
      yield [...batch.values()];
      batch = new Map();
      size = 0;
    }
    batch.set(deviceId, { ...text, place, save, deviceId });
    size += text.text.length;
  }
  if (batch.size > 0) yield [...batch.values()];
}

function textOf({ text, bytes }: ConfigSave): ConfigText {
  if ((text === undefined) === (bytes === undefined)) {
    throw new ParameterError("text", "and bytes: give one of them", { query: "ConfigSave" });
  }
  return text === undefined
    ? configText(bytes!, "bytes", "ConfigSave")
    : configText(text, "text", "ConfigSave");
}

async function saveBatch(
  db: Session,
  batch: readonly Given[],
  outcomes: Outcomes,
  left: () => CallOptions,
): Promise<void> {
  // The usual case, in one round trip: what was read is what is stored. For one device there is a
  // statement that costs the server half.
  const [only] = batch;
  if (only !== undefined && batch.length === 1) {
    const { deviceId, hash: contentHash, place } = only;
    const verified = await configVerify.first({ deviceId, contentHash }, db, left());
    if (verified !== undefined) {
      outcomes[place] = unchanged(verified.id);
      return;
    }
  }
  for (let attempt = 1;; attempt++) {
    const rows = await configVerifyMany.run(hashes(batch), db, left());
    const found = new Map(rows.map((row) => [row.deviceId, row]));
    const rest: Given[] = [];
    for (const given of batch) {
      const row = found.get(given.deviceId);
      if (row === undefined) outcomes[given.place] = noDevice(given);
      else if (row.verifiedId === null) rest.push(given);
      else outcomes[given.place] = unchanged(row.verifiedId);
    }
    if (rest.length === 0) return;
    const policies = new Map<string, SavePolicy>();
    for (const { deviceId } of rest) {
      const { deviceType } = found.get(deviceId)!;
      if (policies.has(deviceType)) continue;
      policies.set(deviceType, await savePolicy(db, deviceType, left()));
    }
    const policyOf = ({ deviceId }: Given) => policies.get(found.get(deviceId)!.deviceType)!;
    try {
      const stored = await db.transaction(
        (tx) => saveChanged(tx, rest, policyOf),
        { ...patience(rest, left()), name: "ConfigSave" },
      );
      for (const [place, outcome] of stored) outcomes[place] = outcome;
      return;
    } catch (error) {
      // A device went while its state was made: the others shall be saved all the same.
      const gone = error instanceof ConstraintError &&
        error.constraint === "device_states_device_id_fkey";
      if (!gone || attempt === ATTEMPTS) throw error;
    }
  }
}

/** More time for more text, unless the caller said how much. */
function patience(batch: readonly Given[], options: CallOptions): CallOptions {
  const size = batch.reduce((sum, { text }) => sum + text.length, 0);
  if (options.timeout !== undefined || size < LARGE.size) return options;
  return { ...options, timeout: LARGE.least + size / 1_000_000 * LARGE.perMillion };
}
