/** Benchmark suite of the history: its databases, its tables, its picture. */
import { existsSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { migrate } from "../../src/tools/migrations/migrator.ts";
import { startThrowaway } from "../../src/tools/postgres/throwaway.ts";
import type { HistoryOptions, HistoryResults } from "./history.ts";
import { drawHistory } from "./history_picture.ts";
import { type Installed, PROJECT, runJson } from "./installed.ts";

const FABRIC = join(PROJECT, "../shared/data/fabric");
const PICTURE = join(PROJECT, "tests/bench/history.svg");

/**
 * Settings in addition to those of throwaway servers: the memory of a small server, and the WAL size of a
 * production one. Like theirs, its commits do not wait for the disk, whose speed depends on other load.
 */
const SETTINGS = {
  max_connections: "100",
  wal_level: "replica",
  shared_buffers: "512MB",
  max_wal_size: "4GB",
};

const FULL: Omit<HistoryOptions, "fabric" | "fleets" | "firewalls"> & Sizes = {
  sites: [1, 4, 40],
  compared: [4, 40],
  estate: { firewalls: 20, versions: 20, lines: [2_000, 12_000], change: 0.1 },
  questions: { measure: 2_000, turn: 10, rounds: 3, slow: 500 },
  saves: { rounds: 7, turn: 600, warmUp: 3_000 },
  firewallSaves: { rounds: 5, turn: 600, warmUp: 2_000 },
};
const QUICK: typeof FULL = {
  sites: [1, 2],
  compared: [1, 2],
  estate: { firewalls: 4, versions: 6, lines: [1_000, 3_000], change: 0.1 },
  questions: { measure: 150, turn: 5, rounds: 3, slow: 500 },
  saves: { rounds: 3, turn: 300, warmUp: 1_500 },
  firewallSaves: { rounds: 3, turn: 300, warmUp: 1_000 },
};

interface Sizes {
  readonly sites: readonly number[];
  readonly estate: HistoryOptions["firewalls"]["estate"];
}

/** Results of the suite, and its server. */
export interface HistoryPart {
  readonly results: HistoryResults;
  /** Version, such as `18.4`. */
  readonly version: string;
}

/** Whether the necessary data exists. */
export function hasHistoryData(): boolean {
  return existsSync(FABRIC);
}

/**
 * Measures on a temporary server, or on the server of `BENCH_DATABASE_URL`, from which it removes all its
 * databases. A quick run draws no picture.
 */
export async function measureHistory(
  installed: Installed,
  { quick }: { quick: boolean },
): Promise<HistoryPart> {
  const { sites, estate, ...effort } = quick ? QUICK : FULL;
  const given = process.env["BENCH_DATABASE_URL"];
  const server = given === undefined ? await startThrowaway({ settings: SETTINGS }) : undefined;
  const sql = postgres(given ?? server!.url, { max: 1, onnotice: () => {} });
  const made: string[] = [];
  // The first one is migrated and stays empty; the others are copies of it.
  const database = async (): Promise<string> => {
    const name = `netraven_bench_${crypto.randomUUID().slice(0, 8)}`;
    const own = new URL(given ?? server!.url);
    own.pathname = `/${name}`;
    const [template] = made;
    if (template !== undefined) await sql.unsafe(`create database ${name} template ${template}`);
    made.push(name);
    if (template === undefined) await migrate({ url: own.href });
    return own.href;
  };
  try {
    await linkDiff(installed);
    const fleets = [];
    await database();
    for (const count of sites) fleets.push({ sites: count, url: await database() });
    const firewalls = { estate, url: await database() };
    const options: HistoryOptions = { ...effort, fabric: FABRIC, fleets, firewalls };
    const results = await runJson<HistoryResults>(installed, "history.ts", {
      BENCH_HISTORY: JSON.stringify(options),
    });
    const [row] = await sql.unsafe("show server_version");
    if (!quick) await writeFile(PICTURE, drawHistory(results));
    return { results, version: String(row?.["server_version"]) };
  } finally {
    if (server === undefined) {
      for (const name of made) await sql.unsafe(`drop database if exists ${name} with (force)`);
    }
    await sql.end();
    await server?.stop();
  }
}

/** Additional modules that a save loads, compared with a read. */
async function linkDiff({ folder }: Installed): Promise<void> {
  const link = join(folder, "node_modules/diff");
  if (!existsSync(link)) await symlink(join(PROJECT, "node_modules/diff"), link);
}
