/** Jobs: queueing them one by one and in bulk, listing them, and the latest job of a device. */
import * as assert from "uvu/assert";
import {
  connectionLogInsert,
  ConstraintError,
  deviceList,
  deviceStateGet,
  type Job,
  jobDelete,
  jobGet,
  jobInsert,
  jobInsertMany,
  jobLatestByDevice,
  jobList,
  jobListByDevice,
  jobLogInsert,
  type ParameterError,
} from "netraven-db";
import { addDevice, addJob, clear, count, databaseNow, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("jobs");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

/** Asserts that they contain no claim token. */
const JOB = [
  "attempt",
  "cancelRequestedAt",
  "claimedBy",
  "completedAt",
  "deviceId",
  "errorClass",
  "errorMessage",
  "failures",
  "id",
  "jobType",
  "leaseUntil",
  "maxAttempts",
  "priority",
  "scheduledFor",
  "startedAt",
  "status",
];

function hour(hour: number): Date {
  return new Date(Date.UTC(2026, 0, 1, hour));
}

async function latestJob(deviceId: number): Promise<number | null | undefined> {
  return (await deviceStateGet.first({ deviceId }, db))?.jobId;
}

async function finish(id: number, status: "succeeded" | "failed" | "cancelled"): Promise<void> {
  await db.query(
    "update jobs set status = $2, started_at = now(), completed_at = now() where id = $1",
    [id, status],
  );
}

async function run(id: number): Promise<void> {
  await db.query(
    `update jobs set status = 'running', started_at = now(), claimed_by = 'worker',
       claim_token = gen_random_uuid(), lease_until = now(), attempt = 1 where id = $1`,
    [id],
  );
}

test("JobInsert queues a job for now, and notes it as the device's latest", async () => {
  const { id: deviceId } = await addDevice(db);
  const before = await databaseNow(db);

  const job = await jobInsert.one({ deviceId }, db);

  const { id, scheduledFor } = job;
  assert.equal(job, { id, deviceId, status: "queued", scheduledFor });
  assert.ok(scheduledFor >= before && scheduledFor <= await databaseNow(db));
  assert.is(await latestJob(deviceId), id);
  assert.equal(await jobGet.one({ id }, db), {
    ...job,
    startedAt: null,
    completedAt: null,
    claimedBy: null,
    leaseUntil: null,
    attempt: 0,
    jobType: "backup",
    priority: 0,
    failures: 0,
    maxAttempts: 3,
    cancelRequestedAt: null,
    errorClass: null,
    errorMessage: null,
  });
});

test("JobInsert and JobInsertMany take a type that is a word", async () => {
  const { id: deviceId } = await addDevice(db);

  const { id } = await jobInsert.one({ deviceId, jobType: "discovery" }, db);
  const [many] = await jobInsertMany.run({ deviceIds: [deviceId], jobType: "discovery" }, db);
  const wrong = await rejection(jobInsert.run({ deviceId, jobType: "No word" }, db));

  const types = [id, many!.id!].map(async (id) => (await jobGet.one({ id }, db)).jobType);
  assert.equal(await Promise.all(types), ["discovery", "discovery"]);
  assert.is((wrong as ConstraintError).constraint, "job_type_is_a_word");
});

test("JobInsert notes the job that was made last, not the one scheduled last", async () => {
  const { id: deviceId } = await addDevice(db);
  await addJob(db, { deviceId, scheduledFor: hour(9) });

  const later = await addJob(db, { deviceId, scheduledFor: hour(1) });

  assert.equal(later.scheduledFor, hour(1));
  assert.is(await latestJob(deviceId), later.id);
});

test("JobInsert refuses an unknown device and leaves nothing", async () => {
  const error = await rejection(jobInsert.run({ deviceId: -1 }, db));

  assert.instance(error, ConstraintError);
  assert.is((error as ConstraintError).kind, "foreign_key");
  assert.match((error as ConstraintError).constraint, /^(jobs|device_states)_device_id_fkey$/);
  assert.is(await count(db, "jobs"), 0);
});

test("JobInsert from many callers at once leaves the highest as the latest", async () => {
  for (let round = 0; round < 10; round++) {
    const { id: deviceId } = await addDevice(db);

    const jobs = await Promise.all(Array.from({ length: 8 }, () => addJob(db, { deviceId })));

    assert.is(await latestJob(deviceId), Math.max(...jobs.map(({ id }) => id)));
  }
});

test("JobInsertMany says for each row what happened, in the order given", async () => {
  const a = (await addDevice(db)).id;
  const b = (await addDevice(db)).id;
  const before = await databaseNow(db);

  const rows = await jobInsertMany.run({
    deviceIds: [b, -1, a, b, a],
    scheduledFor: [hour(5), hour(5), null, hour(3)],
  }, db);

  const after = await databaseNow(db);
  assert.equal(rows.map(({ index }) => index), [0, 1, 2, 3, 4]);
  assert.equal(rows.map(({ deviceId }) => deviceId), [b, -1, a, b, a]);
  const outcomes = ["created", "missing", "created", "created", "created"];
  assert.equal(rows.map(({ outcome }) => outcome), outcomes);
  assert.equal(fields(rows[0]), ["deviceId", "id", "index", "outcome", "scheduledFor", "status"]);
  assert.equal([rows[1]?.id, rows[1]?.status, rows[1]?.scheduledFor], [null, null, null]);
  assert.equal([rows[0]?.scheduledFor, rows[3]?.scheduledFor], [hour(5), hour(3)]);
  for (const row of [rows[2]!, rows[4]!]) {
    assert.ok(row.scheduledFor! >= before && row.scheduledFor! <= after);
  }
  for (const { id, deviceId, scheduledFor } of rows.filter(({ id }) => id !== null)) {
    const job = await jobGet.one({ id: id! }, db);
    assert.equal([job.deviceId, job.scheduledFor, job.status], [deviceId, scheduledFor, "queued"]);
  }
  assert.equal([await latestJob(a), await latestJob(b)], [rows[4]?.id, rows[3]?.id]);
  assert.is(await count(db, "jobs"), 4);
});

test("JobInsertMany takes zero rows, no times, and no device that exists", async () => {
  const { id } = await addDevice(db);

  assert.equal(await jobInsertMany.run({ deviceIds: [] }, db), []);
  assert.equal((await jobInsertMany.run({ deviceIds: [-1, -2] }, db)).length, 2);
  assert.is(await count(db, "jobs"), 0);
  const [row] = await jobInsertMany.run({ deviceIds: [id] }, db);
  assert.is(row?.outcome, "created");
});

test("JobInsertMany gives each of 2,000 rows its own job, in its order", async () => {
  const devices: number[] = [];
  for (let i = 0; i < 20; i++) devices.push((await addDevice(db)).id);
  const numbers = Array.from({ length: 2000 }, (_, i) => i);
  const deviceIds = numbers.map((i) => i % 50 === 0 ? -1 : devices[(i * 7) % 20]!);
  const scheduledFor = numbers.map((i) => new Date(hour(0).getTime() + (i * 7919) % 2000));

  const rows = await jobInsertMany.run({ deviceIds, scheduledFor }, db);

  const { rows: jobs } = await db.query<{ id: number; deviceId: number; scheduledFor: Date }>(
    "select id, device_id, scheduled_for from jobs order by id",
  );
  const created = rows.filter(({ outcome }) => outcome === "created");
  assert.equal(
    created.map(({ id, deviceId, scheduledFor }) => ({ id: id!, deviceId, scheduledFor })),
    jobs.map(({ id, deviceId, scheduledFor }) => ({ id, deviceId, scheduledFor })),
  );
  assert.equal(created.map(({ index }) => index), numbers.filter((i) => i % 50 !== 0));
  assert.ok(created.every(({ index, scheduledFor: at }) => +at! === +scheduledFor[index]!));
});

test("JobInsertMany from two callers at once, in opposite orders, blocks neither", async () => {
  const deviceIds = await Promise.all(
    Array.from({ length: 30 }, async () => (await addDevice(db)).id),
  );

  for (let round = 0; round < 10; round++) {
    await Promise.all([deviceIds, deviceIds.toReversed(), deviceIds, deviceIds.toReversed()]
      .map((deviceIds) => jobInsertMany.run({ deviceIds }, db)));
  }

  const latest = await jobLatestByDevice.run({ deviceIds }, db);
  const { rows } = await db.query<{ id: number }>(
    "select max(id) as id from jobs group by device_id order by device_id",
  );
  assert.equal(latest.map(({ id }) => id), rows.map(({ id }) => id));
});

test("JobGet returns all but the claim token", async () => {
  const { id } = await addJob(db);
  await run(id);

  const job = await jobGet.one({ id }, db);

  assert.equal(fields(job), JOB);
  assert.equal([job.status, job.claimedBy, job.attempt], ["running", "worker", 1]);
  assert.is(await jobGet.first({ id: -1 }, db), undefined);
});

test("JobList filters by status, device and time, alone and together", async () => {
  const a = (await addDevice(db)).id;
  const b = (await addDevice(db)).id;
  const ids: number[] = [];
  for (const [i, deviceId] of [a, b, a, b, a].entries()) {
    ids.push((await addJob(db, { deviceId, scheduledFor: hour(i) })).id);
  }
  await finish(ids[1]!, "failed");
  await finish(ids[2]!, "succeeded");
  await run(ids[3]!);
  const list = async (filters: object) => {
    const rows = await jobList.run({ ...filters, limit: 100 }, db);
    return rows.map(({ id }) => ids.indexOf(id));
  };

  assert.equal(await list({}), [4, 3, 2, 1, 0]);
  assert.equal(await list({ statuses: ["queued"] }), [4, 0]);
  assert.equal(await list({ statuses: ["failed", "succeeded"] }), [2, 1]);
  assert.equal(await list({ statuses: ["cancelled"] }), []);
  assert.equal(await list({ statuses: [] }), []);
  assert.equal(await list({ deviceId: a }), [4, 2, 0]);
  assert.equal(await list({ deviceId: -1 }), []);
  assert.equal(await list({ scheduledFrom: hour(2) }), [4, 3, 2]);
  assert.equal(await list({ scheduledUntil: hour(2) }), [1, 0]);
  assert.equal(await list({ scheduledFrom: hour(1), scheduledUntil: hour(3) }), [2, 1]);
  assert.equal(
    await list({
      statuses: ["queued", "succeeded"],
      deviceId: a,
      scheduledFrom: hour(1),
      scheduledUntil: hour(4),
    }),
    [2],
  );
  const unknown = await rejection(list({ statuses: ["unheard of"] }));
  assert.is((unknown as ParameterError).field, "statuses");
  assert.is((unknown as ParameterError).index, 0);
});

test("JobList pages over jobs that share a time, latest first, each exactly once", async () => {
  const { id: deviceId } = await addDevice(db);
  const expected: [number, number][] = [];
  for (let i = 0; i < 40; i++) {
    const { id, scheduledFor } = await addJob(db, { deviceId, scheduledFor: hour(i % 3) });
    expected.push([+scheduledFor, id]);
  }
  expected.sort(([t, a], [u, b]) => u - t || b - a);

  for (const limit of [1, 7, 40]) {
    const seen: [number, number][] = [];
    let last: Job | undefined;
    for (;;) {
      const after = { afterScheduledFor: last?.scheduledFor, afterId: last?.id };
      const page = await jobList.run({ ...after, limit }, db);
      for (const row of page) assert.equal(fields(row), JOB);
      seen.push(...page.map((row): [number, number] => [+row.scheduledFor, row.id]));
      if (page.length < limit) break;
      last = page.at(-1);
    }

    assert.equal(seen, expected);
  }
});

test("JobListByDevice pages over the jobs of one device, the last made first", async () => {
  const { id: deviceId } = await addDevice(db);
  const ids: number[] = [];
  for (let i = 0; i < 7; i++) {
    ids.unshift((await addJob(db, { deviceId, scheduledFor: hour(20 - i) })).id);
    await addJob(db);
  }

  const first = await jobListByDevice.run({ deviceId, limit: 4 }, db);
  const rest = await jobListByDevice.run({ deviceId, afterId: first.at(-1)!.id, limit: 4 }, db);

  assert.equal([...first, ...rest].map(({ id }) => id), ids);
  assert.equal(fields(first[0]), JOB);
  assert.equal(await jobListByDevice.run({ deviceId: -1, limit: 4 }, db), []);
});

test("JobLatestByDevice gives each device's last job, by device", async () => {
  const a = await addJob(db);
  await addJob(db);
  const c = await addJob(db);
  const c2 = await addJob(db, { deviceId: c.deviceId });
  const none = (await addDevice(db)).id;
  await finish(c2.id, "cancelled");

  const rows = await jobLatestByDevice.run({
    deviceIds: [c.deviceId, none, a.deviceId, -1, a.deviceId],
  }, db);

  assert.equal(rows.map(({ deviceId, id, status }) => [deviceId, id, status]), [
    [a.deviceId, a.id, "queued"],
    [c.deviceId, c2.id, "cancelled"],
  ]);
  assert.equal(fields(rows[0]), JOB);
  assert.equal(await jobLatestByDevice.run({ deviceIds: [] }, db), []);
});

test("JobDelete deletes the job, and nothing else", async () => {
  const job = await addJob(db);
  const other = await addJob(db);
  for (const { id: jobId, deviceId } of [job, other]) {
    await jobLogInsert.run({ jobId, message: "line" }, db);
    await connectionLogInsert.run({ jobId, deviceId, log: "session" }, db);
  }

  const deleted = await jobDelete.one({ id: job.id }, db);

  assert.equal(deleted, { ...job, startedAt: null, completedAt: null });
  const left = ["devices", "jobs", "job_logs", "connection_logs"];
  assert.equal(await Promise.all(left.map((table) => count(db, table))), [2, 1, 2, 2]);
  assert.equal(await jobDelete.run({ id: job.id }, db), []);
});

test("JobDelete puts the job before into the latest one's place", async () => {
  const { id: deviceId } = await addDevice(db);
  await addJob(db, { deviceId });
  const first = await addJob(db, { deviceId });
  await addJob(db);
  const second = await addJob(db, { deviceId });
  const third = await addJob(db, { deviceId });
  await finish(first.id, "failed");

  await jobDelete.one({ id: second.id }, db);
  assert.is(await latestJob(deviceId), third.id);
  await jobDelete.one({ id: third.id }, db);
  assert.is(await latestJob(deviceId), first.id);
  const listed = await deviceList.run({ limit: 10 }, db);
  assert.is(listed.find(({ id }) => id === deviceId)?.latestJobStatus, "failed");
  for (const { id } of await jobListByDevice.run({ deviceId, limit: 10 }, db)) {
    await jobDelete.one({ id }, db);
  }
  assert.is(await latestJob(deviceId), null);
});

test("Jobs are refused that run without a claim or end without a time", async () => {
  const { id } = await addJob(db);
  const broken = async (change: string) => {
    const error = await rejection(db.query(`update jobs set ${change} where id = $1`, [id]));
    return [(error as ConstraintError).constraint, (error as ConstraintError).kind];
  };

  assert.equal(await broken("status = 'running'"), ["claimed_when_running", "check"]);
  assert.equal(await broken("status = 'failed'"), ["completed_when_finished", "check"]);
  assert.equal(await broken("completed_at = now()"), ["completed_when_finished", "check"]);
  assert.equal(await broken("attempt = -1"), ["attempt_is_not_negative", "check"]);
});

test.run();
