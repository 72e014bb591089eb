/** The log of a job: batches in order, without secrets, and bounded while the database does not answer. */
import * as assert from "uvu/assert";
import {
  connect,
  JobFailure,
  jobGet,
  type JobLog,
  jobLog,
  jobLogList,
  jobLogStats,
  logWriterStats,
  ParameterError,
  Secret,
  work,
} from "netraven-db";
import { addJob, clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("job log");
const { db, database } = await testDatabase(test, { pool: { size: 2 } });

test.before.each(() => clear(db));

async function messages(jobId: number): Promise<string[]> {
  const lines = await jobLogList.run({ jobId, limit: 10_000 }, db);
  return lines.map(({ message }) => message);
}

test("jobLog() stores lines of each level, in their order, with the time they were written", async () => {
  const { id } = await addJob(db);
  const log = jobLog({ jobId: id }, db);
  const before = await databaseNow(db);
  const levels = ["debug", "info", "warning", "error", "critical"] as const;

  for (const level of levels) log[level](`one of ${level}`);
  await until("half a second has passed", async () => {
    return (await databaseNow(db)).getTime() - before.getTime() > 500;
  });
  log.write("info", "half a second later");
  await log.flush();

  const lines = await jobLogList.run({ jobId: id, limit: 10 }, db);
  assert.equal(lines.map(({ level, message }) => [level, message]), [
    ...levels.map((level) => [level, `one of ${level}`]),
    ["info", "half a second later"],
  ]);
  const [first, last] = [lines[0]!.timestamp.getTime(), lines.at(-1)!.timestamp.getTime()];
  assert.ok(last - first >= 400, `${last - first}`);
  assert.ok(last <= (await databaseNow(db)).getTime());
  const stats = await jobLogStats.run({ jobId: id }, db);
  assert.equal(stats.map(({ level, count }) => [level, count]), [
    ["debug", 1],
    ["info", 2],
    ["warning", 1],
    ["error", 1],
    ["critical", 1],
  ]);
});

test("jobLog() stores by itself, soon, and 20,000 lines of many jobs in the order of each", async () => {
  const jobs = await Promise.all(Array.from({ length: 20 }, () => addJob(db)));
  const logs = jobs.map(({ id }) => jobLog({ jobId: id }, db));

  for (let i = 0; i < 20_000; i++) logs[i % 20]!.info(String(i));

  await until("all are stored", async () => await count(db, "job_logs") === 20_000);
  for (const [i, { id }] of jobs.entries()) {
    const expected = Array.from({ length: 1_000 }, (_, n) => String(20 * n + i));
    assert.equal(await messages(id), expected);
  }
  assert.is(logWriterStats(db).waiting, 0);
});

test("jobLog() keeps what it was told where the caller's transaction is undone", async () => {
  const { id } = await addJob(db);
  const log = jobLog({ jobId: id }, db);

  await rejection(db.transaction(async (tx) => {
    await tx.query("select");
    log.error("This failed");
    await log.flush();
    throw new Error("undone");
  }));

  assert.equal(await messages(id), ["This failed"]);
});

test("jobLog() hides the secrets it knows, however they are written", async () => {
  const { id } = await addJob(db);
  const secret = 'sword"fish/ä$1';
  const log = jobLog({ jobId: id, secrets: [new Secret(secret), "", "hunter"] }, db);

  log.info(`plain ${secret}.`);
  log.info(JSON.stringify({ password: secret }));
  log.info(`https://admin:${encodeURIComponent(secret)}@example.org`);
  log.info(Buffer.from(secret).toString("base64"));
  log.info("hunter hunter2 hunt");
  log.hide("hunter2");
  log.info("hunter hunter2 hunt");
  await log.flush();

  assert.equal(await messages(id), [
    "plain [redacted].",
    '{"password":"[redacted]"}',
    "https://admin:[redacted]@example.org",
    "[redacted]",
    "[redacted] [redacted]2 hunt",
    "[redacted] [redacted] hunt",
  ]);
  assert.is(log.redact(`session ${secret}`), "session [redacted]");
});

test("jobLog() takes any text: NUL, halves of pairs, and lines of a megabyte, which are cut", async () => {
  const { id } = await addJob(db);
  const log = jobLog({ jobId: id }, db);

  log.info("a\0b\ud800c");
  log.info("x".repeat(1_000_000));
  log.info("");
  await log.flush();

  const [odd, long, empty] = await messages(id);
  assert.is(odd, "a\ufffdb\ufffdc");
  assert.is(long!.slice(65_535), "x… (934464 characters more)");
  assert.is(empty, "");
});

test("A line of a job that is gone is left out, and stands in nobody's way", async () => {
  const { id } = await addJob(db);

  jobLog({ jobId: -1 }, db).info("of no job");
  const log = jobLog({ jobId: id }, db);
  log.info("of a job");
  await log.flush();

  assert.equal(await messages(id), ["of a job"]);
  assert.is(await count(db, "job_logs"), 1);
});

test("work() gives its handler a log, whose lines are there before the job has ended", async () => {
  const fails = await addJob(db);
  const seen: { log?: JobLog } = {};
  const worker = work({ poll: 60_000 }, (job, { log }) => {
    seen.log = log;
    log.hide("swordfish");
    log.info(`Job ${job.id} with swordfish`);
    return Promise.reject(new JobFailure("LoginError", "swordfish was refused", { retry: false }));
  }, db);
  await until("it has failed", async () => {
    return (await jobGet.one({ id: fails.id }, db)).status === "failed";
  });

  const lines = await messages(fails.id);

  assert.equal(lines, [`Job ${fails.id} with [redacted]`]);
  assert.is((await jobGet.one({ id: fails.id }, db)).errorMessage, "[redacted] was refused");
  await worker.stop();
});

test("close() stores what waits, and forgets the writer; later lines are counted as dropped", async () => {
  const { id } = await addJob(db);
  const other = await connect({
    url: database.url,
    logging: { level: "silent" },
    jobLog: { delay: 60_000 },
  });
  const log = jobLog({ jobId: id }, other);
  for (let i = 0; i < 100; i++) log.info(String(i));
  assert.equal(await messages(id), [], "it waits");
  const writers = await count(db, "log_writers");

  await other.close();

  assert.is((await messages(id)).length, 100);
  assert.is(await count(db, "log_writers"), writers);
  log.info("too late");
  assert.is(logWriterStats(other).dropped, 1);
});

test("connect() refuses a sink that cannot work", async () => {
  const bad = [{ bytes: 10 }, { full: "wait" as "drop" }, { delay: -1 }, { bytes: NaN }];
  for (const jobLog of bad) {
    assert.instance(await rejection(connect({ url: database.url, jobLog })), ParameterError);
  }
});

test.run();
