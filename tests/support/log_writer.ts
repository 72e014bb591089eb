/**
 * Writes lines of a job that wait for a minute, and lives until SIGTERM, with or without a handler for it.
 * `tests/tools/graceful_stop.test.ts` runs it on both runtimes.
 */
import process from "node:process";
import { connect, jobLog } from "netraven-db";

const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  logging: { level: "silent" },
  jobLog: { delay: 60_000 },
});
// Two connections, as a program may have.
const other = await connect({
  url: process.env["TEST_WORKER_URL"],
  logging: { level: "silent" },
  jobLog: { delay: 60_000 },
});
const id = Number(process.env["TEST_JOB"]);
const logs = [jobLog({ jobId: id }, db), jobLog({ jobId: id }, other)];
for (let i = 0; i < 500; i++) logs[i % 2]!.info(String(i));
if (process.env["TEST_HANDLES"] === "yes") {
  process.on(
    "SIGTERM",
    () => void Promise.all([db.close(), other.close()]).then(() => process.exit(7)),
  );
}
setInterval(() => {}, 60_000);
console.log("stored 0");
