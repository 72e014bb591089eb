/** Storing new versions, in a transaction, under the locks of their devices' states. */
import { Buffer } from "node:buffer";
import { blameOf } from "./line_origins.ts";
import { type QuarantineReason, suspicions } from "./guard.ts";
import {
  addParts,
  endColumns,
  firstParts,
  type IndexEntry,
  indexEntry,
  partColumns,
  reindexDevice,
} from "./line_index.ts";
import type { SavePolicy } from "./policy.ts";
import type { ConfigSave, ConfigSaved } from "./save.ts";
import type { ConfigText } from "./text.ts";
import { type DatabaseError, NotFoundError, ParameterError } from "../errors.ts";
import {
  configBaseList,
  type ConfigBaseListResult,
  configInsert,
  configNoiseList,
  configVerifyMany,
} from "../generated/device_configurations.ts";
import { configQuarantineInsert } from "../generated/config_quarantine.ts";
import { deviceStateEnsure, deviceStateLock } from "../generated/device_states.ts";
import { pack } from "./packed.ts";
import { nullable } from "../connection/parameters.ts";
import type { Transaction } from "../connection/transaction.ts";

/** Something to save, read and hashed. */
export interface Given extends ConfigText {
  /** Of it in what the caller gave. */
  readonly place: number;
  readonly save: ConfigSave;
  readonly deviceId: number;
  /** What it keeps, where it comes out of quarantine. */
  readonly released?: Released;
}

/** What was known of a version while it was in quarantine. */
export interface Released {
  readonly id: number;
  readonly verifiedAt: Date;
  readonly verifiedCount: number;
}

/** Something to save, and what the database holds of the device. */
export interface Judged extends Given {
  readonly base: ConfigBaseListResult;
  readonly reasons: readonly QuarantineReason[];
}

/** Those whose text is not the one there was: in a transaction, under the locks of their states. */
export async function saveChanged(
  tx: Transaction,
  batch: readonly Given[],
  policyOf: (given: Given) => SavePolicy,
): Promise<Map<number, ConfigSaved | DatabaseError>> {
  const outcomes = new Map<number, ConfigSaved | DatabaseError>();
  const states = await lockStates(tx, batch.map(({ deviceId }) => deviceId));
  const raced: Given[] = [];
  const rest: Given[] = [];
  for (const given of batch) {
    const state = states.get(given.deviceId);
    if (state === undefined) outcomes.set(given.place, noDevice(given));
    // Somebody may have stored the same text since the first look.
    else if (Buffer.compare(state.contentHash ?? EMPTY, given.hash) === 0) raced.push(given);
    else rest.push(given);
  }
  const { quiet, suspicious, fresh } = await judge(tx, rest, policyOf);
  const verified = [...raced, ...quiet].map((given) => ({
    ...given,
    hash: states.get(given.deviceId)!.contentHash!,
  }));
  if (verified.length > 0) {
    await configVerifyMany.run(hashes(verified), tx);
    for (const { place, deviceId } of verified) {
      outcomes.set(place, unchanged(states.get(deviceId)!.configurationId!));
    }
  }
  for (const [place, outcome] of await quarantine(tx, suspicious)) outcomes.set(place, outcome);
  for (const [place, outcome] of await store(tx, fresh)) outcomes.set(place, outcome);
  return outcomes;
}

const EMPTY = new Uint8Array();

/** The states of the devices that exist, locked. */
export async function lockStates(tx: Transaction, deviceIds: readonly number[]) {
  let states = await deviceStateLock.run({ deviceIds }, tx);
  if (states.length < deviceIds.length) {
    await deviceStateEnsure.run({ deviceIds }, tx);
    states = await deviceStateLock.run({ deviceIds }, tx);
  }
  return new Map(states.map((state) => [state.deviceId, state]));
}

/** What differs in noise alone, what looks like no whole configuration, and what is to be stored. */
async function judge(
  tx: Transaction,
  batch: readonly Given[],
  policyOf: (given: Given) => SavePolicy,
): Promise<{ quiet: Judged[]; suspicious: Judged[]; fresh: Judged[] }> {
  const quiet: Judged[] = [];
  const suspicious: Judged[] = [];
  const fresh: Judged[] = [];
  const all = await judged(tx, batch, policyOf);
  const sameButNoise = await noiseOnly(tx, all, policyOf);
  for (const given of all) {
    if (sameButNoise.has(given.deviceId)) quiet.push(given);
    else if (given.reasons.length > 0) suspicious.push(given);
    else fresh.push(given);
  }
  return { quiet, suspicious, fresh };
}

/** Devices of which nothing changed but lines of noise. */
async function noiseOnly(
  tx: Transaction,
  batch: readonly Judged[],
  policyOf: (given: Given) => SavePolicy,
): Promise<ReadonlySet<number>> {
  const noisy = batch.filter((given) => given.base.id !== null && policyOf(given).noise !== null);
  if (noisy.length === 0) return new Set();
  const rows = await configNoiseList.run({
    deviceIds: noisy.map(({ deviceId }) => deviceId),
    textsBefore: noisy.map(({ base }) => base.configData!),
    textsAfter: noisy.map(({ text }) => text),
    noises: noisy.map((given) => policyOf(given).noise!),
  }, tx);
  return new Set(rows.map(({ deviceId }) => deviceId));
}

/** With what the database knows of the devices, and what is suspicious. */
export async function judged(
  tx: Transaction,
  batch: readonly Given[],
  policyOf: (given: Given) => SavePolicy,
): Promise<Judged[]> {
  if (batch.length === 0) return [];
  const policies = batch.map(policyOf);
  const list = () =>
    configBaseList.run({
      ...hashes(batch),
      lastLines: batch.map(({ text }) => lastLine(text)),
      endMarkers: nullable(policies.map(({ endMarker }) => endMarker)),
      flappingSeconds: policies[0]!.flappingSeconds,
    }, tx);
  let bases = await list();
  const unindexed = bases.filter(({ changes }) => (changes as unknown[]).includes(null));
  for (const { deviceId } of unindexed) await reindexDevice(tx, deviceId);
  if (unindexed.length > 0) bases = await list();
  const baseOf = new Map(bases.map((base) => [base.deviceId, base]));
  return batch.map((given, i) => {
    const base = baseOf.get(given.deviceId)!;
    const reasons = given.save.guard === false
      ? []
      : suspicions({ text: given.text, size: given.bytes.length }, base, policies[i]!);
    return { ...given, base, reasons };
  });
}

async function quarantine(
  tx: Transaction,
  batch: readonly Judged[],
): Promise<[number, ConfigSaved][]> {
  if (batch.length === 0) return [];
  const rows = await configQuarantineInsert.run(
    {
      ...notes(batch),
      configDatas: batch.map(({ text }) => text),
      raws: nullable(batch.map(({ raw }) => raw)),
      reasons: batch.map(({ reasons }) => reasons.join()),
    },
    tx,
  );
  const ids = new Map(rows.map(({ deviceId, id }) => [deviceId, id]));
  return batch.map(({ place, deviceId, base, reasons }) => [
    place,
    { ...unchanged(ids.get(deviceId)!), previousId: base.id, quarantined: reasons },
  ]);
}

/** Stores new versions with their index. */
export async function store(
  tx: Transaction,
  batch: readonly Judged[],
): Promise<[number, ConfigSaved | DatabaseError][]> {
  if (batch.length === 0) return [];
  const entries: IndexEntry[] = [];
  for (const { text, base } of batch) {
    const before = base.id === null
      ? undefined
      : { text: base.configData!, runs: blameOf({ ids: base.versionIds, changes: base.changes }) };
    entries.push(await indexEntry(text, before));
  }
  const partsOf = ({ parts }: IndexEntry, i: number) =>
    parts.map((part) => ({ ...part, deviceId: batch[i]!.deviceId }));
  const [some, others] = firstParts(entries.flatMap(partsOf));
  const ended = entries.flatMap(({ ended }) => ended);
  const rows = await configInsert.run({
    ...notes(batch),
    packed: await Promise.all(batch.map(({ bytes }) => pack(bytes))),
    sizes: batch.map(({ bytes }) => bytes.length),
    ids: nullable(batch.map(({ released }) => released?.id ?? null)),
    verifiedAts: nullable(batch.map(({ released }) => released?.verifiedAt ?? null)),
    verifiedCounts: nullable(batch.map(({ released }) => released?.verifiedCount ?? null)),
    changes: entries.map(({ changes }) => changes),
    added: entries.map(({ added }) => added),
    removed: entries.map(({ removed }) => removed),
    partDeviceIds: some.map(({ deviceId }) => deviceId),
    ...partColumns(some),
    endDeviceIds: entries.flatMap(({ ended }, i) => ended.map(() => batch[i]!.deviceId)),
    ...endColumns(ended),
  }, tx);
  const stored = new Map(rows.map((row) => [row.deviceId, row]));
  const outcomes: [number, ConfigSaved | DatabaseError][] = [];
  for (const [i, { place, deviceId }] of batch.entries()) {
    const row = stored.get(deviceId);
    if (row === undefined) {
      const late = "is before the latest version; import versions oldest first";
      const error = new ParameterError("retrievedAt", late, { query: "ConfigSave" });
      outcomes.push([place, error]);
      continue;
    }
    const { id, previousId } = row;
    await addParts(tx, { deviceId, id }, others.filter((part) => part.deviceId === deviceId));
    const { added, removed } = entries[i]!;
    outcomes.push([place, { id, changed: true, previousId, added, removed, quarantined: null }]);
  }
  return outcomes;
}

export function hashes(
  batch: readonly Given[],
): { deviceIds: number[]; contentHashes: Uint8Array[] } {
  return {
    deviceIds: batch.map(({ deviceId }) => deviceId),
    contentHashes: batch.map(({ hash }) => hash),
  };
}

function notes(batch: readonly Given[]) {
  return {
    ...hashes(batch),
    metadatas: nullable(batch.map(({ save }) => save.metadata ?? null)),
    retrievedAts: nullable(batch.map(({ save }) => save.retrievedAt ?? null)),
  };
}

function lastLine(text: string): string {
  return text.slice(text.trimEnd().lastIndexOf("\n") + 1).trimEnd();
}

export function unchanged(id: number): ConfigSaved {
  return { id, changed: false, previousId: id, added: 0, removed: 0, quarantined: null };
}

export function noDevice({ deviceId }: Given): NotFoundError {
  return new NotFoundError(`Device ${deviceId} does not exist`, { query: "ConfigSave" });
}
