/** Letting what was quarantined into the history. */
import type { Session } from "./save.ts";
import { judged, lockStates, store } from "./store.ts";
import { configBytes } from "./text.ts";
import { ConflictError, DatabaseError, NotFoundError, ParameterError } from "../errors.ts";
import {
  configQuarantineGet,
  type ConfigQuarantineGetResult,
} from "../generated/config_quarantine.ts";
import type { Json } from "../json.ts";
import type { CallOptions } from "../query.ts";

/** Nothing is noise or suspicious any more: a person has looked. */
const NO_POLICY = {
  noise: null,
  endMarker: null,
  leastShare: 0,
  flappingTimes: 0,
  flappingSeconds: 0,
};

/**
 * Makes what was quarantined the latest version of its device. It keeps its id and its times, and its
 * metadata says in `quarantine` why it was there and who released it.
 *
 * @param id What `configSave` returned with `quarantined`, or `configQuarantineList`.
 * @param decision `by`: who decided.
 * @throws {NotFoundError} it is not in quarantine.
 * @throws {ConflictError} the device has sent its latest version again since, so that this one would
 *   not be the latest: it may be dropped with `configQuarantineDrop`.
 * @throws {ParameterError} `by` is missing.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const saved = await configSave(db, { deviceId: device.id, text: "" });
 * if (saved.quarantined) console.log(saved.quarantined); // ["empty"]
 * await configRelease(db, saved.id, { by: "alice" });
 * console.log((await configLatestGet.one({ deviceId: device.id }, db)).id === saved.id);
 */
export async function configRelease(
  db: Session,
  id: number,
  { by }: { readonly by: string },
  options: CallOptions = {},
): Promise<void> {
  const query = "ConfigRelease";
  if (typeof by !== "string" || by.trim() === "") {
    throw new ParameterError("by", "is missing or empty", { query });
  }
  await db.transaction(async (tx) => {
    const known = await configQuarantineGet.first({ id }, tx) ?? missing(id);
    const { deviceId } = known;
    const state = (await lockStates(tx, [deviceId])).get(deviceId);
    // Somebody may have decided meanwhile.
    const quarantined = await configQuarantineGet.first({ id }, tx) ?? missing(id);
    const latestAt = state?.verifiedAt ?? new Date(0);
    if (latestAt > quarantined.verifiedAt) {
      const message = `Configuration ${id} is not the last one that device ${deviceId} sent`;
      throw new ConflictError(message, { query });
    }
    const { configData: text, raw, contentHash: hash, verifiedAt, verifiedCount } = quarantined;
    // After the latest one, which has a greater id: its time alone can tell that this came later.
    const least = Math.max(latestAt.getTime(), (state?.retrievedAt?.getTime() ?? 0) + 1);
    const retrievedAt = new Date(Math.max(least, quarantined.retrievedAt.getTime()));
    const save = { deviceId, retrievedAt, metadata: noted(quarantined, by), guard: false };
    const bytes = configBytes(quarantined);
    const given = { place: 0, save, deviceId, text, raw, bytes, hash };
    const released = { id, verifiedAt, verifiedCount };
    const [outcome] = await store(tx, await judged(tx, [{ ...given, released }], () => NO_POLICY));
    if (outcome?.[1] instanceof DatabaseError) throw outcome[1];
  }, { ...options, name: query });
}

function noted({ metadata, reasons }: ConfigQuarantineGetResult, by: string): Json {
  const before = typeof metadata === "object" && !Array.isArray(metadata) ? metadata : { metadata };
  return { ...before, quarantine: { reasons, releasedBy: by } };
}

function missing(id: number): never {
  const message = `Configuration ${id} is not in quarantine`;
  throw new NotFoundError(message, { query: "ConfigRelease" });
}
