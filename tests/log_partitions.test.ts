/** Partitions of the logs: missing ones are created, and concurrent creation causes no error. */
import * as assert from "uvu/assert";
import {
  connect,
  connectionLogInsert,
  ConstraintError,
  type Database,
  jobLogInsert,
  jobLogInsertMany,
  jobLogList,
  logPartitionList,
} from "netraven-db";
import { logPartitionMake } from "../src/generated/internal/log_partitions.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { addJob, clear, count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("log_partitions");
let database: TestDatabase;
let db: Database;

test.before.each(async () => {
  database = await createDatabase();
  db = await connect({ url: database.url, pool: { size: 8 }, logging: { level: "silent" } });
});

test.after.each(async () => {
  await db.close();
  await database.drop();
});

/** A day of 2026, at noon in UTC. */
function day(month: number, day: number): Date {
  return new Date(Date.UTC(2026, month - 1, day, 12));
}

async function parts(): Promise<string[]> {
  const rows = await logPartitionList.run(undefined, db);
  return rows.map(({ partitionName, state, fromAt, untilAt }) => {
    assert.is(state, "attached");
    const date = (time: Date | null) => time?.toISOString().replace("T00:00:00.000Z", "");
    return `${partitionName} ${date(fromAt)} ${date(untilAt)}`;
  });
}

test("Lines make the parts that are missing, each a week from Monday in UTC", async () => {
  const { id: jobId, deviceId } = await addJob(db);

  await jobLogInsertMany.run({
    jobIds: [jobId, jobId, jobId],
    messages: ["a", "b", "c"],
    timestamps: [day(3, 31), day(1, 1), day(4, 1)],
  }, db);
  await connectionLogInsert.run({ jobId, deviceId, log: "x", timestamp: day(4, 6) }, db);

  assert.equal(await parts(), [
    "connection_logs_20260406 2026-04-06 2026-04-13",
    "job_logs_20251229 2025-12-29 2026-01-05",
    "job_logs_20260330 2026-03-30 2026-04-06",
  ]);
  const lines = await jobLogList.run({ jobId, limit: 10 }, db);
  assert.equal(lines.map(({ message }) => message), ["b", "a", "c"]);
});

test("A part is made within a transaction, and is gone with it", async () => {
  const { id: jobId } = await addJob(db);

  await rejection(db.transaction(async (tx) => {
    await jobLogInsert.run({ jobId, message: "a", timestamp: day(3, 31) }, tx);
    assert.is((await jobLogList.run({ jobId, limit: 10 }, tx)).length, 1);
    throw new Error("undone");
  }));

  assert.equal(await parts(), []);
});

test("Many who miss the same part at once make it once, and store all they have", async () => {
  const { id: jobId } = await addJob(db);

  // Several partitions at once, so that sessions read the list while another one is attached.
  await Promise.all(Array.from({ length: 40 }, (_, i) =>
    jobLogInsertMany.run({
      jobIds: [jobId, jobId],
      messages: ["a", "b"],
      timestamps: [day(1 + i % 4, 15), day(1 + i % 3, 15)],
    }, db)));

  // A session with an empty cache: see log_partition_make.
  await using fresh = await connect({ url: database.url, logging: { level: "silent" } });
  assert.is(await count(fresh, "job_logs"), 80);
  assert.is((await parts()).length, 4);
});

test("Parts of another length fit between those that are there", async () => {
  const { id: jobId } = await addJob(db);
  const add = (timestamp: Date) => jobLogInsert.run({ jobId, message: "x", timestamp }, db);
  const month = (at: Date) =>
    db.query("select log_partition_make('job_logs', $1::timestamptz, 'month')", [at]);

  await add(day(4, 30));
  await month(day(5, 20));
  await month(day(3, 3));
  await add(day(6, 10));
  await add(day(4, 2));

  assert.equal(await parts(), [
    "job_logs_20260301 2026-03-01 2026-04-01",
    "job_logs_20260401 2026-04-01 2026-04-27",
    "job_logs_20260427 2026-04-27 2026-05-04",
    "job_logs_20260504 2026-05-04 2026-06-01",
    "job_logs_20260601 2026-06-01 2026-07-01",
  ]);
});

test("LogPartitionMake makes the parts of now and of the periods to come, once", async () => {
  const make = async (period: "week" | "month") =>
    (await logPartitionMake.run({ period, ahead: 2 }, db)).map(({ made }) => made);

  const [first, second] = await Promise.all([make("week"), make("week")]);
  const again = await make("week");
  const months = await make("month");

  const made = [...first!, ...second!].sort();
  assert.is(made.length, 6);
  assert.is(new Set(made).size, 6);
  assert.equal(again, []);
  assert.ok(months.length >= 2 && months.length <= 6, `${months}`);
  const list = await logPartitionList.run(undefined, db);
  for (const table of ["job_logs", "connection_logs"]) {
    const own = list.filter(({ tableName }) => tableName === table);
    for (const [i, { fromAt }] of own.entries()) {
      // The partitions follow one another without a gap.
      if (i > 0) assert.equal(fromAt, own[i - 1]!.untilAt);
    }
    const { rows } = await db.query<{ now: Date }>("select now() as now");
    assert.ok(own[0]!.fromAt! <= rows[0]!.now && own[0]!.untilAt! > rows[0]!.now);
  }
});

test("A time that no log has is refused by name, and makes no part", async () => {
  const { id: jobId, deviceId } = await addJob(db);
  for (const timestamp of [new Date("1999-01-01"), new Date("2999-01-01")]) {
    const line = await rejection(jobLogInsert.run({ jobId, message: "x", timestamp }, db));
    const session = await rejection(
      connectionLogInsert.run({ jobId, deviceId, log: "x", timestamp }, db),
    );
    for (const error of [line, session]) {
      assert.instance(error, ConstraintError);
      assert.is((error as ConstraintError).constraint, "log_time_is_plausible");
    }
  }
  assert.equal(await parts(), []);
  await clear(db);
});

test.run();
