/**
 * One side of a comparison of reads in a separate process: on Node compiled, with the built package; on Deno
 * as source, with the sources.
 *
 *     side.ts <JSON of SideOptions>
 *
 * It reads a number of calls per line from its input, makes them, and answers with a `Turn` as JSON. The first
 * line is the result of the first call, which proves that both sides do the same.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { connect, deviceGet, deviceList, jobLogList } from "netraven-db";
import type { Turn } from "./compare.ts";
import { DEVICES } from "./load.ts";
import { openRaw, statementOf } from "./raw.ts";

/** Parameters of the reads. */
export interface SideOptions {
  readonly side: "ours" | "raw";
  readonly what: "point" | "page" | "rows";
  /** Number of concurrent readers. */
  readonly readers: number;
  /** Reads of each reader in a call, one after another. */
  readonly reads: number;
  readonly connections: number;
  /** The bare driver's `max_pipeline`; 0 sends one statement at a time on each connection. */
  readonly pipeline?: number;
}

const options = JSON.parse(process.argv[2]!) as SideOptions;
const { side, what, readers, reads, connections, pipeline } = options;
const url = process.env["BENCH_URL"]!;
const PAGE = { limit: 100, afterHostname: "switch-02500" };
/** Id of the job with all the lines. */
const ROWS = { jobId: 1, limit: 10_000 };

let id = 0;
const nextId = () => id++ % DEVICES + 1;

async function openOurs(): Promise<() => Promise<unknown>> {
  const db = await connect({
    url,
    pool: { size: connections },
    logging: { level: "warn", slowQuery: 60_000 },
  });
  if (what === "page") return () => deviceList.run(PAGE, db);
  if (what === "rows") return () => jobLogList.run(ROWS, db);
  return () => deviceGet.first({ id: nextId() }, db);
}

async function openBare(): Promise<() => Promise<unknown>> {
  const sql = openRaw(url, {
    max: connections,
    ...(pipeline === undefined ? {} : { max_pipeline: pipeline }),
  });
  const prepare = { prepare: true };
  if (what !== "point") {
    const { text, values } = what === "page"
      ? await statementOf(deviceList, PAGE)
      : await statementOf(jobLogList, ROWS);
    return () => sql.unsafe(text, values as string[], prepare);
  }
  const { text } = await statementOf(deviceGet, { id: 1 });
  return async () => (await sql.unsafe(text, [nextId()], prepare))[0];
}

const read = side === "ours" ? await openOurs() : await openBare();
const reader = async () => {
  for (let i = 0; i < reads; i++) await read();
};
const call = readers * reads === 1
  ? read
  : () => Promise.all(Array.from({ length: readers }, () => reader()));

console.log(JSON.stringify(await read()));
for await (const line of createInterface({ input: process.stdin })) {
  const calls = Number(line);
  const before = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < calls; i++) await call();
  const time = (performance.now() - started) / calls;
  const turn: Turn = { time, cpu: process.cpuUsage(before).user / 1000 / calls };
  console.log(JSON.stringify(turn));
}
process.exit();
