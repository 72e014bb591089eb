/** Log maintenance: future partitions exist, expired ones go, and no writer is blocked. */
import * as assert from "uvu/assert";
import {
  ConfigError,
  connect,
  connectionLogInsert,
  type Database,
  deviceDelete,
  jobDelete,
  jobLogInsertMany,
  jobLogListByTime,
  logPartitionList,
  logsDelete,
  type LogsDeleteResult,
  maintain,
  QueryError,
} from "netraven-db";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { addDevice, addJob, count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("log maintenance");
let database: TestDatabase;
let db: Database;

test.before.each(async () => {
  database = await createDatabase();
  db = await connect({ url: database.url, pool: { size: 4 }, logging: { level: "silent" } });
});

test.after.each(async () => {
  await db.close();
  await database.drop();
});

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * 86_400_000);
}

/** Creates lines and a session of this age in days. */
async function addLogs(days: number, jobType = "backup"): Promise<number> {
  const { id: deviceId } = await addDevice(db);
  const { rows } = await db.query<{ id: number }>(
    "insert into jobs (device_id, job_type) values ($1, $2) returning id",
    [deviceId, jobType],
  );
  const jobId = rows[0]!.id;
  const levels = ["debug", "info", "error"] as const;
  await jobLogInsertMany.run({
    jobIds: levels.map(() => jobId),
    levels,
    messages: levels.map((level) => `${jobType} ${level} ${days}`),
    timestamps: levels.map(() => daysAgo(days)),
  }, db);
  await connectionLogInsert.run({ jobId, deviceId, log: "x", timestamp: daysAgo(days) }, db);
  return jobId;
}

async function parts(state?: string): Promise<string[]> {
  const rows = await logPartitionList.run(undefined, db);
  return rows.filter((row) => state === undefined || row.state === state)
    .map(({ partitionName }) => partitionName);
}

async function lines(): Promise<string[]> {
  const rows = await jobLogListByTime.run({ limit: 1_000 }, db);
  return rows.map(({ message }) => message).sort();
}

test("maintain() makes the parts to come, and drops those that settings do not keep", async () => {
  for (const days of [0, 20, 60, 200]) await addLogs(days);
  const before = await parts();
  await db.settings.set("log_retention_days", 90);
  await db.settings.set("job_log_retention_days", 30);

  const dry = await maintain({ dryRun: true }, db);
  const untouched = await parts();
  const done = await maintain({}, db);
  const again = await maintain({}, db);

  assert.equal(untouched, before);
  assert.equal(dry, done);
  assert.is(done.made.length, 4, "two weeks ahead of each table");
  assert.is(done.dropped.filter((name) => name.startsWith("job_logs_")).length, 2);
  assert.is(done.dropped.filter((name) => name.startsWith("connection_logs_")).length, 1);
  assert.equal(done.left, []);
  assert.equal(again, { made: [], dropped: [], left: [], lines: 0, sessions: 0 });
  assert.equal(
    await parts(),
    [...before, ...done.made].filter((name) => !done.dropped.includes(name)).sort(),
  );
  assert.is((await lines()).length, 6);
  assert.is(await count(db, "connection_logs"), 3);
});

test("maintain() keeps everything where no setting says how long, and takes months", async () => {
  await addLogs(300);
  await db.settings.set("log_partition_period", "month");

  const { made, dropped } = await maintain({}, db);

  assert.equal(dropped, []);
  assert.ok(made.length >= 6, `${made}`);
  assert.is((await lines()).length, 3);
});

test("maintain() deletes lines before their part, by level and by the type of their job", async () => {
  for (const days of [1, 10, 20]) {
    await addLogs(days);
    await addLogs(days, "discovery");
  }
  await db.settings.set("log_retention_days", 365);
  await db.settings.set("log_level_retention_days_debug", 5);
  await db.settings.set("log_level_retention_days_error", 500);
  await db.settings.set("log_type_retention_days_discovery", 15);

  const dry = await maintain({ dryRun: true }, db);
  const all = (await lines()).length;
  const done = await maintain({}, db);

  assert.is(all, 18);
  assert.equal([dry.lines, dry.sessions], [7, 1], "debug and discovery both cover one line");
  assert.equal([done.lines, done.sessions], [6, 1]);
  assert.equal(await lines(), [
    "backup debug 1",
    "backup error 1",
    "backup error 10",
    "backup error 20",
    "backup info 1",
    "backup info 10",
    "backup info 20",
    "discovery debug 1",
    "discovery error 1",
    "discovery error 10",
    "discovery info 1",
    "discovery info 10",
  ]);
  assert.is(await count(db, "connection_logs"), 5);
});

test("maintain() deletes in batches, as many as there are", async () => {
  const { id: jobId } = await addJob(db);
  await db.query(
    `select job_logs_add(
      array_agg($1::integer),
      array_agg(case when i % 2 = 0 then 'debug' else 'info' end::log_level),
      array_agg('line'::text),
      array_agg(date_trunc('milliseconds', now() - interval '40 days')),
      false
    ) from generate_series(1, 24000) as i`,
    [jobId],
  );
  await db.settings.set("log_level_retention_days_debug", 30);
  const told: number[] = [];

  const { lines } = await maintain({}, db, {
    onProgress: (done) => done.step === "delete" && told.push(done.lines),
  });

  assert.is(lines, 12_000);
  assert.equal(told, [5_000, 10_000, 12_000]);
  assert.is(await count(db, "job_logs"), 12_000);
});

test("maintain() stops no writer, and may run in two places at once", async () => {
  for (const days of [100, 110, 120, 130]) await addLogs(days);
  await db.settings.set("log_retention_days", 30);
  const { id: jobId } = await addJob(db);
  const running = { writes: 0, longest: 0, stopped: false };
  const writers = [1, 2].map(async () => {
    while (!running.stopped) {
      const started = performance.now();
      await jobLogInsertMany.run({ jobIds: [jobId], messages: ["x"] }, db);
      running.longest = Math.max(running.longest, performance.now() - started);
      running.writes++;
    }
  });
  await until("they write", () => running.writes > 10);

  const both = await Promise.all([maintain({}, db), maintain({}, db)]);
  running.stopped = true;
  await Promise.all(writers);
  await maintain({}, db);

  const dropped = both.flatMap((one) => one.dropped);
  assert.is(new Set(dropped).size, dropped.length, "each part by one of them");
  assert.is((await parts()).length, 2 * 3);
  assert.is(await count(db, `job_logs where job_id = ${jobId}`), running.writes);
});

test("maintain() waits no longer than told for who looks at the logs, and goes on the next time", async () => {
  await addLogs(100);
  await addLogs(200);
  await db.settings.set("log_retention_days", 30);
  const { id: jobId } = await addJob(db);
  const write = () => jobLogInsertMany.run({ jobIds: [jobId], messages: ["x"] }, db);
  await write();
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  let looks = false;
  const reader = db.transaction(async (tx) => {
    await tx.query("select count(*) from job_logs");
    looks = true;
    await released;
  });
  await until("somebody looks", () => looks);

  const first = await maintain({ patience: 1_500 }, db);
  const detaching = await parts("detaching");
  await write();
  release();
  await reader;
  const second = await maintain({}, db);

  // The table allows one at a time: the other one waits.
  assert.equal(first.left.map(({ code }) => code), ["TIMEOUT", "QUERY"]);
  assert.equal(detaching, [first.left[0]!.partition]);
  assert.equal(second.left, []);
  assert.ok(second.dropped.includes(detaching[0]!));
  assert.is((await parts()).length, 2 * 3);
});

test("maintain() drops what a run that was ended has left detached", async () => {
  await addLogs(100);
  await db.settings.set("log_retention_days", 30);
  const [old] = (await parts()).filter((name) => name.startsWith("job_logs_"));
  await db.query(`alter table job_logs detach partition ${old}`);
  assert.equal(await parts("detached"), [old!]);

  const { dropped } = await maintain({}, db);

  assert.ok(dropped.includes(old!));
  assert.equal(await parts("detached"), []);
});

test("maintain() tells of settings that are wrong, with their keys", async () => {
  for (
    const [key, value] of [
      ["log_retention_days", 0],
      ["log_retention_days", "30"],
      ["log_partition_period", "day"],
      ["log_level_retention_days_debug", -1],
      ["log_level_retention_days_loud", 3],
      ["log_type_retention_days_backup", 1.5],
    ] as const
  ) {
    await db.settings.set(key, value);
    const error = await rejection(maintain({}, db));
    assert.instance(error, ConfigError);
    assert.is((error as ConfigError).path, `settings.${key}`);
    await db.settings.delete(key);
  }
  assert.equal(await parts(), []);
});

test("logsDelete() deletes the logs of a device that is gone in batches, and of no other", async () => {
  const kept = await addLogs(1);
  const { id: jobId, deviceId } = await addJob(db);
  await jobLogInsertMany.run({
    jobIds: Array.from({ length: 2_500 }, () => jobId),
    messages: Array.from({ length: 2_500 }, (_, i) => String(i)),
  }, db);
  await connectionLogInsert.run({ jobId, deviceId, log: "x" }, db);

  const early = await rejection(logsDelete({ deviceId }, db));
  await deviceDelete.run({ id: deviceId }, db);
  const told: LogsDeleteResult[] = [];
  const onProgress = (deleted: LogsDeleteResult) => void told.push(deleted);
  const deleted = await logsDelete({ deviceId, batch: 1_000 }, db, { onProgress });

  assert.is((early as QueryError).sqlState, "55006");
  assert.equal(deleted, { lines: 2_500, sessions: 1 });
  assert.equal(told.map(({ lines }) => lines), [1_000, 2_000, 2_500]);
  assert.is(await count(db, "job_logs"), 3);
  assert.is(await count(db, `job_logs where job_id = ${kept}`), 3);
  assert.is(await count(db, "connection_logs"), 1);
});

test("logsDelete() deletes the logs of one job that is gone", async () => {
  const { id: deviceId } = await addDevice(db);
  const jobs = [await addJob(db, { deviceId }), await addJob(db, { deviceId })];
  const jobIds = jobs.map(({ id }) => id);
  await jobLogInsertMany.run({ jobIds, messages: ["gone", "stays"] }, db);

  const early = await rejection(logsDelete({ deviceId, jobId: jobIds[0] }, db));
  await jobDelete.run({ id: jobIds[0]! }, db);
  const deleted = await logsDelete({ deviceId, jobId: jobIds[0] }, db);

  assert.instance(early, QueryError);
  assert.equal(deleted, { lines: 1, sessions: 0 });
  assert.equal(await lines(), ["stays"]);
});

test.run();
