/** Finds the version that added each line. */
import { blameOf, type ChangeHistory } from "./line_origins.ts";
import { reindexDevice } from "./line_index.ts";
import type { Session } from "../session.ts";
import { linesOf } from "./text.ts";
import { NotFoundError } from "../errors.ts";
import {
  configBlameGet,
  type ConfigBlameGetRow,
  configTimeList,
} from "../generated/internal/device_configurations.ts";
import { deviceStateLock } from "../generated/internal/device_states.ts";
import type { CallOptions } from "../query.ts";

/** A line of a version. */
export interface BlamedLine {
  /** Line number, from 1. */
  readonly line: number;
  readonly text: string;
  /** Version that added the line. All versions since then contain it. */
  readonly configurationId: number;
  /** Time when that version was first read from the device. */
  readonly since: Date;
}

/** Implements `configBlame` of `history/mod.ts`. */
export async function configBlame(
  { id }: { readonly id: number },
  db: Session,
  options: CallOptions = {},
): Promise<BlamedLine[]> {
  const version = await configBlameGet.first({ id }, db, options) ?? missing(id);
  const history = historyOf(version) ?? await indexed(db, version, options);
  const runs = blameOf(history);
  const ids = [...new Set(runs.map(({ configurationId }) => configurationId))];
  const times = new Map<number, Date>();
  for (const origin of await configTimeList.run({ ids }, db, options)) {
    times.set(origin.id, origin.retrievedAt);
  }
  const lines = linesOf(version.configData);
  const blamed: BlamedLine[] = [];
  for (const { configurationId, lines: count } of runs) {
    const since = times.get(configurationId) ?? version.retrievedAt;
    for (let i = 0; i < count; i++) {
      const line = blamed.length + 1;
      blamed.push({ line, text: lines[line - 1]!, configurationId, since });
    }
  }
  return blamed;
}

/** Returns the changes of all versions; undefined if one is not indexed. */
function historyOf(
  { versionIds, changes }: ConfigBlameGetRow,
): ChangeHistory | undefined {
  const known = changes.filter((change) => change !== null);
  return known.length < changes.length ? undefined : { ids: versionIds, changes: known };
}

/** Indexes a device with versions that are older than the index. */
async function indexed(
  db: Session,
  { id, deviceId }: ConfigBlameGetRow,
  options: CallOptions,
): Promise<ChangeHistory> {
  return await db.transaction(async (tx) => {
    await deviceStateLock.first({ deviceIds: [deviceId] }, tx);
    await reindexDevice(tx, deviceId);
    const version = await configBlameGet.first({ id }, tx) ?? missing(id);
    return historyOf(version)!;
  }, { ...options, name: "ConfigReindex" });
}

function missing(id: number): never {
  throw new NotFoundError(`Configuration ${id} does not exist`, { query: "ConfigBlame" });
}
