/**
 * Reads log rows in a separate process and prints its peak memory:
 *
 *     node --expose-gc memory.js stream|run <rows>
 */
import process from "node:process";
import { connect, jobLogList } from "netraven-db";

/** Megabytes above the level after the connect. */
export interface Memory {
  readonly how: string;
  readonly rows: number;
  /** Reachable objects. */
  readonly heap: number;
  /** Resident set of the process. */
  readonly rss: number;
  readonly seconds: number;
}

const [how = "", limit = ""] = process.argv.slice(2);
const rows = Number(limit);
const gc = (globalThis as unknown as { gc(): void }).gc;
const db = await connect({
  url: process.env["BENCH_URL"],
  pool: { size: 1 },
  logging: { slowQuery: 60_000 },
});
// The cost of the first use does not count.
await jobLogList.run({ jobId: 1, limit: 1 }, db);
gc();
const before = process.memoryUsage();
const most = { heap: 0, rss: 0 };
const look = () => {
  most.rss = Math.max(most.rss, process.memoryUsage.rss() - before.rss);
  gc();
  most.heap = Math.max(most.heap, process.memoryUsage().heapUsed - before.heapUsed);
};

const started = performance.now();
let count = 0;
if (how === "stream") {
  for await (const _row of jobLogList.stream({ jobId: 1, limit: rows }, db)) {
    if (++count % (rows / 10) === 0) look();
  }
} else {
  const list = await jobLogList.run({ jobId: 1, limit: rows }, db);
  look();
  count = list.length;
}
const seconds = (performance.now() - started) / 1000;
if (count !== rows) throw new Error(`Read ${count} rows of ${rows}`);

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20 * 10) / 10;
const result: Memory = {
  how,
  rows,
  heap: megabytes(most.heap),
  rss: megabytes(most.rss),
  seconds,
};
console.log(JSON.stringify(result));
await db.close();
