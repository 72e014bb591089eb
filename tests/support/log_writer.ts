/**
 * Writes lines of a job that wait for a minute, and lives until it gets SIGTERM: with a handler of its
 * own for it or without. `tests/tools/graceful_stop.test.ts` runs it on both runtimes.
 */
import process from "node:process";
import { connect } from "netraven-db";

const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  logging: { level: "silent" },
  jobLog: { delay: 60_000 },
});
// Two of them, as a program may have.
const other = await connect({
  url: process.env["TEST_WORKER_URL"],
  logging: { level: "silent" },
  jobLog: { delay: 60_000 },
});
const id = Number(process.env["TEST_JOB"]);
const logs = [db.jobLog({ id }), other.jobLog({ id })];
for (let i = 0; i < 500; i++) logs[i % 2]!.info(String(i));
if (process.env["TEST_HANDLES"] === "yes") {
  process.on(
    "SIGTERM",
    () => void Promise.all([db.close(), other.close()]).then(() => process.exit(7)),
  );
}
setInterval(() => {}, 60_000);
console.log("stored 0");
