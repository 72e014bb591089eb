/** Accepts a quarantined configuration into the history. */
import type { Session } from "../session.ts";
import { checkSaves, lockStates, store } from "./store.ts";
import { configBytes } from "./text.ts";
import { ConflictError, DatabaseError, NotFoundError, ParameterError } from "../errors.ts";
import { configQuarantineGet, type QuarantinedConfig } from "../generated/config_quarantine.ts";
import type { Json } from "../json.ts";
import type { CallOptions } from "../query.ts";

/** Parameters of `configRelease`. */
export interface ConfigReleaseParams {
  /** Id from `configSave` with `quarantined`, or from `configQuarantineList`. */
  readonly id: number;
  /** Person who decided. */
  readonly by: string;
}

/** A person has decided, so no check applies. */
const NO_POLICY = {
  noise: null,
  endMarker: null,
  minShare: 0,
  flappingTimes: 0,
  flappingSeconds: 0,
};

/** Implements `configRelease` of `history/mod.ts`. */
export async function configRelease(
  { id, by }: ConfigReleaseParams,
  db: Session,
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
    // Somebody else may have decided before the lock was granted.
    const quarantined = await configQuarantineGet.first({ id }, tx) ?? missing(id);
    const latestAt = state?.verifiedAt ?? new Date(0);
    if (latestAt > quarantined.verifiedAt) {
      const message = `Configuration ${id} is not the latest that device ${deviceId} sent`;
      throw new ConflictError(message, { query });
    }
    const { configData: text, raw, contentHash: hash, verifiedAt, verifiedCount } = quarantined;
    // The latest version has a greater id, so only a later time can order this version after it.
    const minTime = Math.max(latestAt.getTime(), (state?.retrievedAt?.getTime() ?? 0) + 1);
    const retrievedAt = new Date(Math.max(minTime, quarantined.retrievedAt.getTime()));
    const params = { deviceId, retrievedAt, metadata: withDecision(quarantined, by), guard: false };
    const bytes = configBytes(quarantined);
    const input = { index: 0, params, deviceId, text, raw, bytes, hash };
    const released = { id, verifiedAt, verifiedCount };
    const checked = await checkSaves(tx, [{ ...input, released }], () => NO_POLICY);
    const [outcome] = await store(tx, checked);
    if (outcome?.[1] instanceof DatabaseError) throw outcome[1];
  }, { ...options, name: query });
}

function withDecision({ metadata, reasons }: QuarantinedConfig, by: string): Json {
  const before = typeof metadata === "object" && !Array.isArray(metadata) ? metadata : { metadata };
  return { ...before, quarantine: { reasons, releasedBy: by } };
}

function missing(id: number): never {
  const message = `Configuration ${id} is not in quarantine`;
  throw new NotFoundError(message, { query: "ConfigRelease" });
}
