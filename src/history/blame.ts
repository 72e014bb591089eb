/** Where each line of a version came in. */
import { blameOf, type ChangeHistory } from "./line_origins.ts";
import { reindexDevice } from "./line_index.ts";
import type { Session } from "./save.ts";
import { linesOf } from "./text.ts";
import { NotFoundError } from "../errors.ts";
import {
  configBlameGet,
  type ConfigBlameGetResult,
  configTimeList,
} from "../generated/device_configurations.ts";
import { deviceStateLock } from "../generated/device_states.ts";
import type { CallOptions } from "../query.ts";

/** A line of a version. */
export interface BlamedLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** The version that it came in with, and has stood in since. */
  readonly configurationId: number;
  /** When that one was first read. */
  readonly since: Date;
}

/**
 * Tells of every line of a version with which version it came in.
 *
 * @param id The version.
 * @throws {NotFoundError} there is no such version.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave(db, { deviceId: device.id, text: "hostname example\nntp server 192.0.2.1\n" });
 * const { id } = await configSave(db, { deviceId: device.id, text: "hostname example\nntp server 192.0.2.2\n" });
 * for (const { line, text, since } of await configBlame(db, id)) console.log(line, text, since);
 */
export async function configBlame(
  db: Session,
  id: number,
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

/** What the versions changed, where all of them are indexed. */
function historyOf(
  { versionIds, changes }: ConfigBlameGetResult,
): ChangeHistory | undefined {
  return (changes as unknown[]).includes(null) ? undefined : { ids: versionIds, changes };
}

/** Versions from before there was an index: all of the device is indexed. */
async function indexed(
  db: Session,
  { id, deviceId }: ConfigBlameGetResult,
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
