/**
 * A process that works on jobs until it gets SIGTERM: each takes some milliseconds and notes in the table
 * `worked` that it ran; one in fifty keeps the process busy for longer than a lease. Says `ready`.
 * `tests/tools/job_storm.test.ts` runs it on both runtimes, and kills it.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "netraven-db";

// A clock that is off by hours: whose time counts is the server's.
const { now } = Date;
Date.now = () => now() + Number(process.env["TEST_WORKER_SKEW"]);
const lease = Number(process.env["TEST_WORKER_LEASE"]);
const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  pool: { size: 4 },
  logging: { level: "silent" },
});

db.work({ concurrency: 8, lease, poll: 200, backOff: 50 }, async (job) => {
  await sleep(Math.random() * 30);
  if (job.attempt === 1 && job.id % 50 === 0) {
    for (const until = performance.now() + lease * 1.5; performance.now() < until;);
  }
  await db.query("insert into worked (job_id, attempt) values ($1, $2)", [job.id, job.attempt]);
});
process.on("SIGTERM", () => void db.close({ drain: 10_000 }));
console.log("ready");
