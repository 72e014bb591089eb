/**
 * Saves configurations. The narrow row of a device in `device_states` prevents races without an
 * advisory lock: a compare-and-set confirms an unchanged configuration, and the row lock protects the
 * save of a changed one.
 */
import { budget } from "../deadline.ts";
import { type SavePolicy, savePolicy } from "./policy.ts";
import {
  type ConfigSaveParams,
  type ConfigSaveResult,
  hashes,
  noDevice,
  type PendingSave,
  saveChanged,
  unchanged,
} from "./store.ts";
import { type ConfigText, configText } from "./text.ts";
import { ConstraintError, DatabaseError, ParameterError } from "../errors.ts";
import { configVerify, configVerifyMany } from "../generated/internal/device_configurations.ts";
import type { CallOptions } from "../query.ts";
import type { Session } from "../session.ts";

/** Approximate limits of one transaction. */
const MAX_BATCH_DEVICES = 200;
const MAX_BATCH_CHARACTERS = 8_000_000;
/** A transaction with more characters gets a longer timeout than the configured one. */
const LARGE_BATCH_CHARACTERS = 1_000_000;
const LARGE_BATCH_TIMEOUT_MS = 60_000;
const TIMEOUT_MS_PER_MILLION_CHARACTERS = 10_000;
/** Attempts for a batch while other processes delete devices of it. */
const MAX_BATCH_ATTEMPTS = 5;

/** Result of each entry. */
type Outcomes = (ConfigSaveResult | DatabaseError)[];

/** Implements `configSave` of `history/mod.ts`. */
export async function configSave(
  save: ConfigSaveParams,
  db: Session,
  options: CallOptions = {},
): Promise<ConfigSaveResult> {
  const [outcome] = await configSaveMany([save], db, options);
  if (outcome instanceof DatabaseError) throw outcome;
  return outcome!;
}

/** Implements `configSaveMany` of `history/mod.ts`. */
export async function configSaveMany(
  saves: readonly ConfigSaveParams[],
  db: Session,
  options: CallOptions = {},
): Promise<(ConfigSaveResult | DatabaseError)[]> {
  const outcomes: Outcomes = [];
  const left = budget(options);
  for (const batch of batches(saves, outcomes)) await saveBatch(db, batch, outcomes, left);
  return outcomes;
}

/** Groups entries into batches with distinct devices. An invalid entry becomes an error at its index. */
function* batches(saves: readonly ConfigSaveParams[], outcomes: Outcomes): Iterable<PendingSave[]> {
  let batch = new Map<number, PendingSave>();
  let size = 0;
  for (const [index, params] of saves.entries()) {
    const { deviceId } = params;
    let text: ConfigText;
    try {
      text = textOf(params);
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      outcomes[index] = error;
      continue;
    }
    const full = batch.size === MAX_BATCH_DEVICES ||
      size + text.text.length > MAX_BATCH_CHARACTERS;
    if (batch.size > 0 && (full || batch.has(deviceId))) {
      yield [...batch.values()];
      batch = new Map();
      size = 0;
    }
    batch.set(deviceId, { ...text, index, params, deviceId });
    size += text.text.length;
  }
  if (batch.size > 0) yield [...batch.values()];
}

function textOf({ text, bytes }: ConfigSaveParams): ConfigText {
  if ((text === undefined) === (bytes === undefined)) {
    const problem = 'must be given if "bytes" is not, and not with it';
    throw new ParameterError("text", problem, { query: "ConfigSave" });
  }
  return text === undefined
    ? configText(bytes!, "bytes", "ConfigSave")
    : configText(text, "text", "ConfigSave");
}

async function saveBatch(
  db: Session,
  batch: readonly PendingSave[],
  outcomes: Outcomes,
  left: () => CallOptions,
): Promise<void> {
  // Usually the configuration has not changed, which takes one round trip. A separate statement for
  // one device halves the cost on the server.
  const [only] = batch;
  if (only !== undefined && batch.length === 1) {
    const { deviceId, hash: contentHash, index } = only;
    const verified = await configVerify.first({ deviceId, contentHash }, db, left());
    if (verified !== undefined) {
      outcomes[index] = unchanged(verified.id);
      return;
    }
  }
  for (let attempt = 1;; attempt++) {
    const rows = await configVerifyMany.run(hashes(batch), db, left());
    const found = new Map(rows.map((row) => [row.deviceId, row]));
    const rest: PendingSave[] = [];
    for (const save of batch) {
      const row = found.get(save.deviceId);
      if (row === undefined) outcomes[save.index] = noDevice(save);
      else if (row.verifiedId === null) rest.push(save);
      else outcomes[save.index] = unchanged(row.verifiedId);
    }
    if (rest.length === 0) return;
    const policies = new Map<string, SavePolicy>();
    for (const { deviceId } of rest) {
      const { deviceType } = found.get(deviceId)!;
      if (policies.has(deviceType)) continue;
      policies.set(deviceType, await savePolicy(db, deviceType, left()));
    }
    const policyOf = ({ deviceId }: PendingSave) => policies.get(found.get(deviceId)!.deviceType)!;
    try {
      const stored = await db.transaction(
        (tx) => saveChanged(tx, rest, policyOf),
        { ...withTimeout(rest, left()), name: "ConfigSave" },
      );
      for (const [index, outcome] of stored) outcomes[index] = outcome;
      return;
    } catch (error) {
      // Another process deleted a device of the batch: the next attempt saves the others.
      const deleted = error instanceof ConstraintError &&
        error.constraint === "device_states_device_id_fkey";
      if (!deleted || attempt === MAX_BATCH_ATTEMPTS) throw error;
    }
  }
}

/** Extends the timeout for a large batch, unless the caller has set one. */
function withTimeout(batch: readonly PendingSave[], options: CallOptions): CallOptions {
  const size = batch.reduce((sum, { text }) => sum + text.length, 0);
  if (options.timeout !== undefined || size < LARGE_BATCH_CHARACTERS) return options;
  const perCharacter = TIMEOUT_MS_PER_MILLION_CHARACTERS / 1_000_000;
  return { ...options, timeout: LARGE_BATCH_TIMEOUT_MS + size * perCharacter };
}
