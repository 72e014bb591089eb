/** Connection logs: storing sessions, listing them without their text, reading one. */
import * as assert from "uvu/assert";
import {
  connectionLogDelete,
  connectionLogGet,
  connectionLogInsert,
  connectionLogInsertMany,
  connectionLogList,
  connectionLogListByJob,
  type ConnectionLogSummary,
  type ConstraintError,
  deviceDelete,
  jobDelete,
  ParameterError,
} from "netraven-db";
import { addDevice, addJob, clear, count, databaseNow, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("connection_logs");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const LISTED = ["deviceId", "id", "jobId", "size", "timestamp"];

function second(second: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second));
}

async function newJob(deviceId?: number): Promise<{ jobId: number; deviceId: number }> {
  const job = await addJob(db, deviceId === undefined ? {} : { deviceId });
  return { jobId: job.id, deviceId: job.deviceId };
}

test("ConnectionLogInsert stores a session, now unless told, and returns it without its text", async () => {
  const job = await newJob();
  const log = "login: admin\r\nPassword: ********\r\n\u001b[0mü'\"\\ 👩‍💻";
  const before = await databaseNow(db);

  const plain = await connectionLogInsert.one({ ...job, log }, db);
  const told = await connectionLogInsert.one({ ...job, log: "", timestamp: second(3) }, db);

  const { id, timestamp, size } = plain;
  assert.equal(plain, { id, ...job, timestamp, size });
  assert.is(size, new TextEncoder().encode(log).length);
  assert.ok(timestamp >= before && timestamp <= await databaseNow(db));
  assert.equal([told.timestamp, told.size], [second(3), 0]);
  const { deviceId } = job;
  assert.equal(await connectionLogGet.one({ deviceId, timestamp, id }, db), {
    id,
    ...job,
    timestamp,
    log,
  });
  assert.is(await connectionLogGet.first({ deviceId: -1, timestamp, id }, db), undefined);
});

test("ConnectionLogInsert tells an unknown job from an unknown device, and refuses NUL", async () => {
  const job = await newJob();

  const noJob = await rejection(connectionLogInsert.run({ ...job, jobId: -1, log: "secret" }, db));
  const noDevice = await rejection(
    connectionLogInsert.run({ ...job, deviceId: -1, log: "secret" }, db),
  );
  const nul = await rejection(connectionLogInsert.run({ ...job, log: "a\u0000" }, db));

  assert.is((noJob as ConstraintError).constraint, "connection_logs_job_id_fkey");
  assert.is((noDevice as ConstraintError).constraint, "connection_logs_device_id_fkey");
  assert.instance(nul, ParameterError);
  assert.is((nul as ParameterError).field, "log");
  for (const error of [noJob, noDevice]) {
    assert.not.match(`${error.stack} ${JSON.stringify(error)}`, "secret");
  }
  assert.is(await count(db, "connection_logs"), 0);
});

test("ConnectionLogInsertMany stores sessions by position, in their order", async () => {
  const a = await newJob();
  const b = await newJob();

  const { inserted } = await connectionLogInsertMany.one({
    jobIds: [a.jobId, b.jobId, a.jobId],
    deviceIds: [a.deviceId, b.deviceId, a.deviceId],
    logs: ["one", "other", "three"],
    timestamps: [second(1), null, second(1)],
  }, db);
  const untimed = await connectionLogInsertMany.one({
    jobIds: [b.jobId],
    deviceIds: [b.deviceId],
    logs: ["now"],
  }, db);
  const none = await connectionLogInsertMany.one({ jobIds: [], deviceIds: [], logs: [] }, db);

  assert.equal([inserted, untimed.inserted, none.inserted], [3, 1, 0]);
  const rows = await connectionLogList.run({ deviceId: a.deviceId, limit: 10 }, db);
  const logs = await Promise.all(rows.map((row) => connectionLogGet.one(row, db)));
  assert.equal(logs.map(({ log }) => log), ["three", "one"]);
  assert.is((await connectionLogList.run({ deviceId: b.deviceId, limit: 10 }, db)).length, 2);
});

test("ConnectionLogInsertMany stores all or nothing", async () => {
  const { jobId, deviceId } = await newJob();

  const error = await rejection(connectionLogInsertMany.run({
    jobIds: [jobId, jobId],
    deviceIds: [deviceId, -1],
    logs: ["one", "two"],
  }, db));

  assert.is((error as ConstraintError).constraint, "connection_logs_device_id_fkey");
  assert.is(await count(db, "connection_logs"), 0);
});

/** [expected list, query, sessions] */
const LISTS = [
  ["ConnectionLogList", connectionLogList, "deviceId"],
  ["ConnectionLogListByJob", connectionLogListByJob, "jobId"],
] as const;

for (const [name, query, key] of LISTS) {
  test(`${name} pages over sessions that share a time, latest first, each exactly once`, async () => {
    const own = await newJob();
    const others = [await newJob(), await newJob()];
    const numbers = Array.from({ length: 40 }, (_, i) => i);
    const jobs = numbers.flatMap(() => [own, ...others]);
    await connectionLogInsertMany.run({
      jobIds: jobs.map(({ jobId }) => jobId),
      deviceIds: jobs.map(({ deviceId }) => deviceId),
      logs: jobs.map((_, i) => "x".repeat(i / 3)),
      timestamps: jobs.map((_, i) => second(Math.floor(i / 3) % 3)),
    }, db);
    const expected = numbers.toSorted((a, b) => b % 3 - a % 3 || b - a);

    for (const limit of [1, 7, 20, 100]) {
      const seen: ConnectionLogSummary[] = [];
      for (;;) {
        const last = seen.at(-1);
        const after = { afterTimestamp: last?.timestamp, afterId: last?.id };
        const page = await query.run({ ...own, ...after, limit }, db);
        seen.push(...page);
        if (page.length < limit) break;
      }

      assert.equal(seen.map(({ size }) => size), expected);
      assert.equal(fields(seen[0]), LISTED);
      assert.ok(seen.every((row) => row[key] === own[key]));
    }
  });
}

test("ConnectionLogList and ConnectionLogListByJob tell device and job apart", async () => {
  const { id: deviceId } = await addDevice(db);
  const first = await newJob(deviceId);
  const second = await newJob(deviceId);
  for (const job of [first, second]) await connectionLogInsert.run({ ...job, log: "x" }, db);

  const byDevice = await connectionLogList.run({ deviceId, limit: 10 }, db);
  const byJob = await connectionLogListByJob.run({ jobId: first.jobId, limit: 10 }, db);

  assert.equal(byDevice.map(({ jobId }) => jobId), [second.jobId, first.jobId]);
  assert.equal(byJob.map(({ jobId }) => jobId), [first.jobId]);
  assert.equal(fields(byDevice[0]), LISTED);
  assert.equal(await connectionLogList.run({ deviceId: -1, limit: 10 }, db), []);
  assert.equal(await connectionLogListByJob.run({ jobId: -1, limit: 10 }, db), []);
});

test("ConnectionLogDelete deletes one session", async () => {
  const job = await newJob();
  const kept = await connectionLogInsert.one({ ...job, log: "kept", timestamp: second(1) }, db);
  const { size: _, ...gone } = await connectionLogInsert.one(
    { ...job, log: "gone", timestamp: second(1) },
    db,
  );

  assert.equal(await connectionLogDelete.one(gone, db), gone);

  const rows = await connectionLogList.run({ deviceId: job.deviceId, limit: 10 }, db);
  assert.equal(rows, [kept]);
  assert.equal(await connectionLogDelete.run(gone, db), []);
});

test("Sessions outlive their job and their device", async () => {
  const [a, b] = [await newJob(), await newJob()];
  for (const job of [a, b]) await connectionLogInsert.run({ ...job, log: "x" }, db);

  await jobDelete.run({ id: a.jobId }, db);
  await deviceDelete.run({ id: b.deviceId }, db);

  for (const { deviceId, jobId } of [a, b]) {
    const [session] = await connectionLogList.run({ deviceId, limit: 10 }, db);
    assert.is(session!.jobId, jobId);
    assert.is((await connectionLogListByJob.run({ jobId, limit: 10 }, db)).length, 1);
  }
});

test("Sessions are compressed, by lz4 where the server has it, and listed without being read", async () => {
  const job = await newJob();
  const log = "interface GigabitEthernet0/1 is up, line protocol is up\r\n".repeat(2_000);
  await connectionLogInsert.run({ ...job, log }, db);

  const { rows } = await db.query<{ bytes: number; method: string; lz4: boolean }>(`
    select
      pg_column_size(log)::integer as bytes,
      pg_column_compression(log) as method,
      (
        select 'lz4' = any(enumvals)
        from pg_settings
        where name = 'default_toast_compression'
      ) as lz4
    from connection_logs`);
  const [session] = await connectionLogList.run({ deviceId: job.deviceId, limit: 1 }, db);

  assert.is(rows[0]!.method, rows[0]!.lz4 ? "lz4" : "pglz");
  assert.ok(rows[0]!.bytes < log.length / 20, `${rows[0]!.bytes}`);
  assert.is(session!.size, log.length);
});

test.run();
