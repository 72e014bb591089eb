/**
 * Works on jobs until SIGTERM. Each job takes some milliseconds and records its run in the table `worked`;
 * one in fifty blocks the process for longer than a lease. Prints `ready`.
 * `tests/tools/job_storm.test.ts` runs it on both runtimes and kills it.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, work } from "netraven-db";

// A clock that is wrong by hours: only the server's time counts.
const { now } = Date;
Date.now = () => now() + Number(process.env["TEST_WORKER_SKEW"]);
const lease = Number(process.env["TEST_WORKER_LEASE"]);
const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  pool: { size: 4 },
  logging: { level: "silent" },
});

work({ concurrency: 8, lease, poll: 200, backoff: 50 }, async (job) => {
  await sleep(Math.random() * 30);
  if (job.attempt === 1 && job.id % 50 === 0) {
    for (const until = performance.now() + lease * 1.5; performance.now() < until;);
  }
  await db.query("insert into worked (job_id, attempt) values ($1, $2)", [job.id, job.attempt]);
}, db);
process.on("SIGTERM", () => void db.close({ drain: 10_000 }));
console.log("ready");
