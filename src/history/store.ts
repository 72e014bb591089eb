/** Stores new versions in a transaction that locks the states of their devices. */
import { Buffer } from "node:buffer";
import { blameOf } from "./line_origins.ts";
import { type QuarantineReason, suspicions } from "./guard.ts";
import {
  addChunks,
  chunkColumns,
  type IndexEntry,
  indexEntry,
  reindexDevice,
  removedColumns,
  splitChunks,
} from "./line_index.ts";
import type { SavePolicy } from "./policy.ts";
import type { Json } from "../json.ts";
import type { ConfigText } from "./text.ts";
import { type DatabaseError, NotFoundError, ParameterError } from "../errors.ts";
import { configQuarantineInsert } from "../generated/internal/config_quarantine.ts";
import {
  configBaseList,
  type ConfigBaseListRow,
  configInsert,
  configNoiseList,
  configVerifyMany,
} from "../generated/internal/device_configurations.ts";
import { deviceStateEnsure, deviceStateLock } from "../generated/internal/device_states.ts";
import { pack } from "../connection/packed.ts";
import type { Transaction } from "../session.ts";

/** Parameters of `configSave`. */
export interface ConfigSaveParams {
  readonly deviceId: number;
  /** Configuration as the device sent it. Excludes `bytes`. */
  readonly text?: string | undefined;
  /** Configuration as bytes, which need not be UTF-8 and may contain NUL. Excludes `text`. */
  readonly bytes?: Uint8Array | undefined;
  /** Any data to store with a new version. */
  readonly metadata?: Json | undefined;
  /** Time when it was read from the device, for a new version. Defaults to now. */
  readonly retrievedAt?: Date | undefined;
  /** False to store a version even if it looks incomplete. Defaults to true. */
  readonly guard?: boolean | undefined;
}

/** Result of `configSave`. */
export interface ConfigSaveResult {
  /** Id of the version with this configuration, or of the quarantined configuration. */
  readonly id: number;
  /** True if a new version was stored; false if only ignored lines differ or it is quarantined. */
  readonly changed: boolean;
  /**
   * Id of the latest version before the save, which equals `id` if nothing changed; null at the first
   * save.
   */
  readonly previousId: number | null;
  /** Number of lines that the previous version lacks. */
  readonly added: number;
  /** Number of lines that only the previous version contains. */
  readonly removed: number;
  /** Reasons of the quarantine; null if the configuration is not quarantined. */
  readonly quarantined: readonly QuarantineReason[] | null;
}

/** A valid entry with its hash. */
export interface PendingSave extends ConfigText {
  /** Index of the entry in the caller's array. */
  readonly index: number;
  readonly params: ConfigSaveParams;
  readonly deviceId: number;
  /** Values to keep if the configuration is released from quarantine. */
  readonly released?: QuarantineState;
}

/** Values of a quarantined configuration that its version keeps. */
export interface QuarantineState {
  readonly id: number;
  readonly verifiedAt: Date;
  readonly verifiedCount: number;
}

/** An entry with the state of its device and the reasons for a quarantine. */
export interface CheckedSave extends PendingSave {
  readonly base: ConfigBaseListRow;
  readonly reasons: readonly QuarantineReason[];
}

/** Saves changed configurations. Locks the states of their devices. */
export async function saveChanged(
  tx: Transaction,
  batch: readonly PendingSave[],
  policyOf: (save: PendingSave) => SavePolicy,
): Promise<Map<number, ConfigSaveResult | DatabaseError>> {
  const outcomes = new Map<number, ConfigSaveResult | DatabaseError>();
  const states = await lockStates(tx, batch.map(({ deviceId }) => deviceId));
  const raced: PendingSave[] = [];
  const rest: PendingSave[] = [];
  for (const save of batch) {
    const state = states.get(save.deviceId);
    if (state === undefined) outcomes.set(save.index, noDevice(save));
    // Another process may have stored the same configuration before the lock was granted.
    else if (Buffer.compare(state.contentHash ?? EMPTY, save.hash) === 0) raced.push(save);
    else rest.push(save);
  }
  const { ignorable, suspicious, storable } = await classify(tx, rest, policyOf);
  const verified = [...raced, ...ignorable].map((save) => ({
    ...save,
    hash: states.get(save.deviceId)!.contentHash!,
  }));
  if (verified.length > 0) {
    await configVerifyMany.run(hashes(verified), tx);
    for (const { index, deviceId } of verified) {
      outcomes.set(index, unchanged(states.get(deviceId)!.configurationId!));
    }
  }
  for (const [index, outcome] of await quarantine(tx, suspicious)) outcomes.set(index, outcome);
  for (const [index, outcome] of await store(tx, storable)) outcomes.set(index, outcome);
  return outcomes;
}

const EMPTY = new Uint8Array();

/** Locks and returns the states of the devices that exist. */
export async function lockStates(tx: Transaction, deviceIds: readonly number[]) {
  let states = await deviceStateLock.run({ deviceIds }, tx);
  if (states.length < deviceIds.length) {
    await deviceStateEnsure.run({ deviceIds }, tx);
    states = await deviceStateLock.run({ deviceIds }, tx);
  }
  return new Map(states.map((state) => [state.deviceId, state]));
}

/** Separates entries that differ only in ignored lines, suspicious entries, and entries to store. */
async function classify(
  tx: Transaction,
  batch: readonly PendingSave[],
  policyOf: (save: PendingSave) => SavePolicy,
): Promise<{ ignorable: CheckedSave[]; suspicious: CheckedSave[]; storable: CheckedSave[] }> {
  const ignorable: CheckedSave[] = [];
  const suspicious: CheckedSave[] = [];
  const storable: CheckedSave[] = [];
  const all = await checkSaves(tx, batch, policyOf);
  const noiseOnly = await noiseOnlyDevices(tx, all, policyOf);
  for (const save of all) {
    if (noiseOnly.has(save.deviceId)) ignorable.push(save);
    else if (save.reasons.length > 0) suspicious.push(save);
    else storable.push(save);
  }
  return { ignorable, suspicious, storable };
}

/** Returns the devices whose configuration differs only in ignored lines. */
async function noiseOnlyDevices(
  tx: Transaction,
  batch: readonly CheckedSave[],
  policyOf: (save: PendingSave) => SavePolicy,
): Promise<ReadonlySet<number>> {
  const noisy = batch.filter((save) => save.base.id !== null && policyOf(save).noise !== null);
  if (noisy.length === 0) return new Set();
  const rows = await configNoiseList.run({
    deviceIds: noisy.map(({ deviceId }) => deviceId),
    textsBefore: noisy.map(({ base }) => base.configData!),
    textsAfter: noisy.map(({ text }) => text),
    noises: noisy.map((save) => policyOf(save).noise!),
  }, tx);
  return new Set(rows.map(({ deviceId }) => deviceId));
}

/** Adds the state of each device and the reasons for a quarantine. */
export async function checkSaves(
  tx: Transaction,
  batch: readonly PendingSave[],
  policyOf: (save: PendingSave) => SavePolicy,
): Promise<CheckedSave[]> {
  if (batch.length === 0) return [];
  const policies = batch.map(policyOf);
  const list = () =>
    configBaseList.run({
      ...hashes(batch),
      lastLines: batch.map(({ text }) => lastLine(text)),
      endMarkers: policies.map(({ endMarker }) => endMarker),
      flappingSeconds: policies[0]!.flappingSeconds,
    }, tx);
  let bases = await list();
  const unindexed = bases.filter(({ changes }) => changes.includes(null));
  for (const { deviceId } of unindexed) await reindexDevice(tx, deviceId);
  if (unindexed.length > 0) bases = await list();
  const baseOf = new Map(bases.map((base) => [base.deviceId, base]));
  return batch.map((save, i) => {
    const base = baseOf.get(save.deviceId)!;
    const reasons = save.params.guard === false
      ? []
      : suspicions({ text: save.text, size: save.bytes.length }, base, policies[i]!);
    return { ...save, base, reasons };
  });
}

async function quarantine(
  tx: Transaction,
  batch: readonly CheckedSave[],
): Promise<[number, ConfigSaveResult][]> {
  if (batch.length === 0) return [];
  const rows = await configQuarantineInsert.run(
    {
      ...commonColumns(batch),
      configDatas: batch.map(({ text }) => text),
      raws: batch.map(({ raw }) => raw),
      reasons: batch.map(({ reasons }) => reasons.join()),
    },
    tx,
  );
  const ids = new Map(rows.map(({ deviceId, id }) => [deviceId, id]));
  return batch.map(({ index, deviceId, base, reasons }) => [
    index,
    { ...unchanged(ids.get(deviceId)!), previousId: base.id, quarantined: reasons },
  ]);
}

/** Stores new versions with their index. */
export async function store(
  tx: Transaction,
  batch: readonly CheckedSave[],
): Promise<[number, ConfigSaveResult | DatabaseError][]> {
  if (batch.length === 0) return [];
  const entries: IndexEntry[] = [];
  for (const { text, base } of batch) {
    const before = base.id === null ? undefined : {
      text: base.configData!,
      runs: blameOf({ ids: base.versionIds, changes: base.changes as Uint8Array[] }),
    };
    entries.push(await indexEntry(text, before));
  }
  const chunksOf = ({ chunks }: IndexEntry, i: number) =>
    chunks.map((chunk) => ({ ...chunk, deviceId: batch[i]!.deviceId }));
  const [first, rest] = splitChunks(entries.flatMap(chunksOf));
  const removedLines = entries.flatMap(({ removedLines }) => removedLines);
  const rows = await configInsert.run({
    ...commonColumns(batch),
    packed: await Promise.all(batch.map(({ bytes }) => pack(bytes))),
    sizes: batch.map(({ bytes }) => bytes.length),
    ids: batch.map(({ released }) => released?.id ?? null),
    verifiedAts: batch.map(({ released }) => released?.verifiedAt ?? null),
    verifiedCounts: batch.map(({ released }) => released?.verifiedCount ?? null),
    changes: entries.map(({ changes }) => changes),
    added: entries.map(({ added }) => added),
    removed: entries.map(({ removed }) => removed),
    partDeviceIds: first.map(({ deviceId }) => deviceId),
    ...chunkColumns(first),
    endDeviceIds: entries.flatMap(({ removedLines }, i) =>
      removedLines.map(() => batch[i]!.deviceId)
    ),
    ...removedColumns(removedLines),
  }, tx);
  const stored = new Map(rows.map((row) => [row.deviceId, row]));
  const outcomes: [number, ConfigSaveResult | DatabaseError][] = [];
  for (const [i, { index, deviceId }] of batch.entries()) {
    const row = stored.get(deviceId);
    if (row === undefined) {
      const problem = "must not be before the latest version: import versions oldest first";
      const error = new ParameterError("retrievedAt", problem, { query: "ConfigSave" });
      outcomes.push([index, error]);
      continue;
    }
    const { id, previousId } = row;
    await addChunks(tx, { deviceId, id }, rest.filter((chunk) => chunk.deviceId === deviceId));
    const { added, removed } = entries[i]!;
    outcomes.push([index, { id, changed: true, previousId, added, removed, quarantined: null }]);
  }
  return outcomes;
}

export function hashes(
  batch: readonly PendingSave[],
): { deviceIds: number[]; contentHashes: Uint8Array[] } {
  return {
    deviceIds: batch.map(({ deviceId }) => deviceId),
    contentHashes: batch.map(({ hash }) => hash),
  };
}

function commonColumns(batch: readonly PendingSave[]) {
  return {
    ...hashes(batch),
    metadatas: batch.map(({ params }) => params.metadata ?? null),
    retrievedAts: batch.map(({ params }) => params.retrievedAt ?? null),
  };
}

function lastLine(text: string): string {
  return text.slice(text.trimEnd().lastIndexOf("\n") + 1).trimEnd();
}

export function unchanged(id: number): ConfigSaveResult {
  return { id, changed: false, previousId: id, added: 0, removed: 0, quarantined: null };
}

export function noDevice({ deviceId }: PendingSave): NotFoundError {
  return new NotFoundError(`Device ${deviceId} does not exist`, { query: "ConfigSave" });
}
