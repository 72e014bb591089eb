/**
 * Alternates job queues: the rate of claimed and completed jobs, and the latency of a start. Prints the
 * results as a line of JSON. `BENCH_JOBS` contains its `JobsOptions` as JSON.
 */
import process from "node:process";
import { median, quantile } from "./compare.ts";
import { type JobQueue, openBoss, openGraphile, openOurs, openWork } from "./jobs_peers.ts";

/** Parameters of the measurement. */
export interface JobsOptions {
  /** Folder of the installed peers. */
  readonly peers: string;
  /** Two migrated databases for this layer, and empty ones for the others. */
  readonly urls: Readonly<Record<"ours" | "work" | "graphile" | "boss", string>>;
  readonly jobs: { readonly batched: number; readonly single: number; readonly latency: number };
  readonly rounds: number;
}

/** Results of a queue: medians of the rounds. */
export interface JobRate {
  readonly what: string;
  readonly queue: string;
  /** Jobs per second, or milliseconds until a start. */
  readonly value: number;
  readonly quartiles: readonly [number, number];
}

/** A slow queue gets this fraction of the jobs, which is to its advantage. */
const SLOW = 10;

async function main({ peers, urls, jobs, rounds }: JobsOptions): Promise<JobRate[]> {
  const queues = [
    await openOurs(urls.ours),
    await openWork(urls.work),
    await openGraphile(urls.graphile, peers),
    await openBoss(urls.boss, peers),
  ];
  const cases = [
    { what: "batches of 100, 1 worker", batch: 100, loops: 1, count: jobs.batched },
    { what: "batches of 100, 4 workers", batch: 100, loops: 4, count: jobs.batched },
    { what: "one by one, 1 worker", batch: 1, loops: 1, count: jobs.single },
    { what: "one by one, 4 workers", batch: 1, loops: 4, count: jobs.single },
  ];
  const rates: JobRate[] = [];
  for (const { what, batch, loops, count } of cases) {
    console.error(`jobs: ${what}`);
    const taken = new Map<JobQueue, number[]>(queues.map((queue) => [queue, []]));
    for (let round = 0; round < rounds; round++) {
      for (const queue of queues) {
        const queued = queue.slow ? Math.ceil(count / SLOW) : count;
        await queue.fill(queued);
        const { done, milliseconds } = await queue.drain(batch, loops);
        if (done !== queued) throw new Error(`${queue.name}: ${done} of ${queued} jobs`);
        taken.get(queue)!.push(done / (milliseconds / 1000));
      }
    }
    for (const [queue, values] of taken) rates.push(rate(what, queue, values));
  }
  console.error("jobs: latency");
  for (const queue of queues) {
    const times = await queue.latencies?.(jobs.latency);
    if (times !== undefined) rates.push(rate("from insert to start", queue, times));
  }
  for (const queue of queues) await queue.close();
  return rates;
}

function rate(what: string, { name }: JobQueue, values: number[]): JobRate {
  return {
    what,
    queue: name,
    value: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
  };
}

console.log(JSON.stringify(await main(JSON.parse(process.env["BENCH_JOBS"]!) as JobsOptions)));
process.exit(0);
