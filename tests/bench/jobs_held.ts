/**
 * The effect of a long transaction on a queue, whose dead rows cannot be vacuumed. Prints the rates as a line
 * of JSON. `BENCH_HELD` contains its `HeldOptions` as JSON.
 */
import process from "node:process";
import { connect } from "netraven-db";
import { openOurs } from "./jobs_peers.ts";

/** Parameters of the measurement. */
export interface HeldOptions {
  /** URL of a migrated database. */
  readonly url: string;
  /** Seconds of a window, and number of windows during the transaction. */
  readonly window: number;
  readonly windows: number;
}

/** Jobs per second that were claimed and completed in a window. */
export interface HeldRate {
  readonly when: string;
  readonly rate: number;
  /** Megabytes of the index for claims. */
  readonly index: number;
}

const BATCH = 100;
/** Jobs of one insert. */
const QUEUED = 2_000;
/** Maximum milliseconds of a transaction. */
const LONG = 600_000;

async function main({ url, window, windows }: HeldOptions): Promise<HeldRate[]> {
  const queue = await openOurs(url);
  const db = await connect({ url, pool: { size: 2 }, logging: { level: "silent" } });
  const rates: HeldRate[] = [];
  /** Counts the time of claims and completions, but not of inserts. */
  const measure = async (when: string, seconds: number) => {
    let [done, time] = [0, 0];
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end) {
      await queue.fill(QUEUED);
      const drained = await queue.drain(BATCH, 1);
      done += drained.done;
      time += drained.milliseconds;
    }
    const { rows } = await db.query<{ index: number }>(
      "select pg_relation_size('jobs_due_idx') / 1e6::float8 as index",
    );
    rates.push({ when, rate: done / time * 1_000, index: rows[0]!.index });
  };
  await measure("warm up", window / 2);
  await measure("before", window);
  await db.transaction(async (tx) => {
    await tx.query("select pg_current_xact_id(), count(*) from jobs");
    for (let i = 0; i < windows; i++) {
      await measure(`open for ${i * window} to ${(i + 1) * window} s`, window);
    }
  }, { timeout: LONG, isolation: "repeatable read" });
  await measure("ended", window);
  await db.query("vacuum jobs", [], { timeout: LONG });
  await measure("ended, and vacuumed", window);
  await db.close();
  await queue.close();
  return rates.slice(1);
}

console.log(JSON.stringify(await main(JSON.parse(process.env["BENCH_HELD"]!) as HeldOptions)));
process.exit(0);
