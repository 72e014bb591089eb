/** Benchmark suite of the jobs: its server, the peers, its table. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { migrate } from "../../src/tools/migrations/migrator.ts";
import { startThrowaway } from "../../src/tools/postgres/throwaway.ts";
import { type Installed, PROJECT, runJson } from "./installed.ts";
import type { JobRate, JobsOptions } from "./jobs.ts";
import type { HeldOptions, HeldRate } from "./jobs_held.ts";

/** Results for jobs. */
export interface JobFigures {
  readonly rates: readonly JobRate[];
  readonly held: readonly HeldRate[];
}

const PEERS = join(PROJECT, "tests/bench/peers");

/** Measures on a temporary server whose commits do not wait for the disk, for any queue. */
export async function measureJobs(
  installed: Installed,
  { quick }: { quick: boolean },
): Promise<JobFigures> {
  if (!existsSync(join(PEERS, "node_modules"))) {
    await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: PEERS });
  }
  const server = await startThrowaway({
    settings: { max_connections: "100", shared_buffers: "256MB", max_wal_size: "4GB" },
  });
  try {
    const sql = postgres(server.url, { max: 1, onnotice: () => {} });
    const url = async (name: string) => {
      await sql.unsafe(`create database ${name}`);
      return Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
    };
    const held = await url("held");
    await migrate({ url: held });
    const urls = {
      ours: await url("ours"),
      work: await url("work"),
      graphile: await url("graphile"),
      boss: await url("boss"),
    };
    await sql.end();
    await migrate({ url: urls.ours });
    await migrate({ url: urls.work });
    const options: JobsOptions = {
      peers: PEERS,
      urls,
      jobs: quick
        ? { batched: 1_000, single: 200, latency: 20 }
        : { batched: 20_000, single: 2_000, latency: 40 },
      rounds: quick ? 2 : 5,
    };
    const open: HeldOptions = { url: held, window: quick ? 1 : 10, windows: quick ? 2 : 6 };
    const run = <Result>(file: string, name: string, what: JobsOptions | HeldOptions) =>
      runJson<Result>(installed, file, { [name]: JSON.stringify(what) });
    return {
      rates: await run<JobRate[]>("jobs.ts", "BENCH_JOBS", options),
      held: await run<HeldRate[]>("jobs_held.ts", "BENCH_HELD", open),
    };
  } finally {
    await server.stop();
  }
}

/** Compares the queues, and measures this layer's during a long transaction. */
export function jobTables({ rates, held }: JobFigures): string {
  return `${rateTable(rates)}\n\n${heldTable(held)}`;
}

function heldTable(held: readonly HeldRate[]): string {
  const lines = held.map(({ when, rate, index }) =>
    `| ${when} | ${Math.round(rate).toLocaleString("en")} | ${index.toFixed(1)} MB |`
  );
  return [
    "| a transaction | jobs a second, in batches of 100 | the queue's index |",
    "|---|---|---|",
    ...lines,
  ].join("\n");
}

/** A row for each measurement, a column for each queue. */
function rateTable(rates: readonly JobRate[]): string {
  const queues = [...new Set(rates.map(({ queue }) => queue))];
  const lines = [...new Set(rates.map(({ what }) => what))].map((what) => {
    const cells = queues.map((queue) => {
      const rate = rates.find((rate) => rate.what === what && rate.queue === queue);
      return rate === undefined ? "" : cell(rate);
    });
    return `| ${[what, ...cells].join(" | ")} |`;
  });
  const head = `| jobs | ${queues.join(" | ")} |`;
  return [head, `|${"---|".repeat(queues.length + 1)}`, ...lines].join("\n");
}

function cell({ what, value, quartiles }: JobRate): string {
  const [low, high] = quartiles;
  if (what.startsWith("from")) {
    return `${value.toFixed(1)} ms (${low.toFixed(1)} to ${high.toFixed(1)})`;
  }
  const whole = (rate: number) => Math.round(rate).toLocaleString("en");
  return `${whole(value)}/s (${whole(low)} to ${whole(high)})`;
}
