/**
 * Packs what is not packed, and makes the index of lines anew from the texts, device by device: `make reindex`. Others may work
 * meanwhile; a run that was ended is taken up by the next one.
 *
 *     node --import tsx src/tools/reindex.ts [--all]
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { connect, type Database } from "../client.ts";
import { reindexDevice } from "../history/line_index.ts";
import { configBytes } from "../history/text.ts";
import { DatabaseError } from "../errors.ts";
import { configPack, configUnindexedList, configUnpackedList } from "../generated/config_lines.ts";
import { configLatestList } from "../generated/device_configurations.ts";
import { deviceStateLock } from "../generated/device_states.ts";
import { pack } from "../history/packed.ts";
import type { Queryable } from "../query.ts";

/** How far it has come. */
export interface ReindexProgress {
  readonly devices: number;
  readonly versions: number;
}

/** The longest that one device may take, in milliseconds: some have thousands of versions. */
const DEVICE = 600_000;
const PAGE = 500;

/**
 * Indexes the devices that are not, or all.
 *
 * @param options `all`: also those that are indexed; `onProgress` is told after every device.
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
    const page = { afterDeviceId, limit: PAGE };
    const rows = all
      ? await configLatestList.run(page, db)
      : await configUnindexedList.run(page, db);
    for (const { deviceId } of rows) {
      versions += await db.transaction(async (tx) => {
        await deviceStateLock.first({ deviceIds: [deviceId] }, tx);
        await packDevice(tx, deviceId);
        return await reindexDevice(tx, deviceId);
      }, { name: "ConfigReindex", timeout: DEVICE });
      devices++;
      onProgress?.({ devices, versions });
    }
    if (rows.length < PAGE) return { devices, versions };
    afterDeviceId = rows.at(-1)!.deviceId;
  }
}

/** Packs the versions of before there was packing. */
async function packDevice(db: Queryable, deviceId: number): Promise<void> {
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
  let next = performance.now() + 1000;
  const onProgress = ({ devices, versions }: ReindexProgress) => {
    if (performance.now() < next) return;
    next = performance.now() + 1000;
    console.log(`${versions} versions of ${devices} devices`);
  };
  try {
    await using db = await connect();
    const { devices, versions } = await reindex(db, { all: args.includes("--all"), onProgress });
    console.log(`✅ Indexed ${versions} versions of ${devices} devices`);
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    console.error(`❌ ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2));
}
