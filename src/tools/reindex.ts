/**
 * Compresses uncompressed configurations and rebuilds the line index, device by device: `make reindex`.
 * Other work continues meanwhile; the next run continues an interrupted run.
 *
 *     node --import tsx src/tools/reindex.ts [--all]
 */
import { connect, type Database } from "../client.ts";
import { reindexDevice } from "../history/line_index.ts";
import { configBytes } from "../history/text.ts";
import { configLatestList } from "../generated/device_configurations.ts";
import {
  configPack,
  configUnindexedList,
  configUnpackedList,
} from "../generated/internal/config_lines.ts";
import { deviceStateLock } from "../generated/internal/device_states.ts";
import { pack } from "../connection/packed.ts";
import type { Queryable } from "../query.ts";
import { everySecond, orFailure, runCommand } from "./command.ts";

/** The progress of `reindex`. */
export interface ReindexProgress {
  readonly devices: number;
  readonly versions: number;
}

/** Maximum time for one device, which may have thousands of versions. */
const DEVICE_TIMEOUT_MS = 600_000;
const PAGE_SIZE = 500;

/**
 * Indexes the devices without a line index.
 *
 * @param options `all`: rebuilds the index of every device. `onProgress`: called after each device.
 */
export async function reindex(
  db: Database,
  { all = false, onProgress }: {
    all?: boolean;
    onProgress?: (progress: ReindexProgress) => void;
  } = {},
): Promise<ReindexProgress> {
  let devices = 0;
  let versions = 0;
  for (let afterDeviceId = 0;;) {
    const page = { afterDeviceId, limit: PAGE_SIZE };
    const rows = all
      ? await configLatestList.run(page, db)
      : await configUnindexedList.run(page, db);
    for (const { deviceId } of rows) {
      versions += await db.transaction(async (tx) => {
        await deviceStateLock.first({ deviceIds: [deviceId] }, tx);
        await compressDevice(tx, deviceId);
        return await reindexDevice(tx, deviceId);
      }, { name: "ConfigReindex", timeout: DEVICE_TIMEOUT_MS });
      devices++;
      onProgress?.({ devices, versions });
    }
    if (rows.length < PAGE_SIZE) return { devices, versions };
    afterDeviceId = rows.at(-1)!.deviceId;
  }
}

/** Compresses the device's uncompressed versions. */
async function compressDevice(db: Queryable, deviceId: number): Promise<void> {
  for (let afterId = 0;;) {
    const [version] = await configUnpackedList.run({ deviceId, afterId, limit: 1 }, db);
    if (version === undefined) return;
    const { id, configData, raw } = version;
    const packed = await pack(configBytes({ configData: configData ?? "", raw }));
    await configPack.run({ id, packed }, db);
    afterId = id;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const onProgress = everySecond(
    console.log,
    ({ devices, versions }: ReindexProgress) => `${versions} versions of ${devices} devices`,
  );
  return await orFailure(async () => {
    await using db = await connect();
    const { devices, versions } = await reindex(db, { all: args.includes("--all"), onProgress });
    console.log(`✅ Indexed ${versions} versions of ${devices} devices`);
    return 0;
  });
}

runCommand(import.meta.url, main);
