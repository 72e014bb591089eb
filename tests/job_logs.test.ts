/** Job logs: storing lines one by one and in bulk, reading them in order, counting them. */
import * as assert from "uvu/assert";
import {
  type ConstraintError,
  jobDelete,
  jobLogDelete,
  jobLogGet,
  jobLogInsert,
  jobLogInsertMany,
  type JobLogLevel,
  type JobLogLine,
  jobLogList,
  jobLogListByDevice,
  jobLogListByTime,
  jobLogStats,
  jobLogWarningList,
  ParameterError,
} from "netraven-db";
import { jobLogTail, jobLogWrite } from "../src/generated/internal/job_logs.ts";
import { addDevice, addJob, clear, count, databaseNow, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("job_logs");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const LINE = ["deviceId", "id", "jobId", "level", "message", "timestamp"];

function second(second: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, second));
}

/** Returns all rows of the query, page by page. */
async function pages(
  query: typeof jobLogList | typeof jobLogTail,
  params: { jobId: number },
  limit: number,
): Promise<JobLogLine[]> {
  const seen: JobLogLine[] = [];
  for (;;) {
    const last = seen.at(-1);
    const after = { afterTimestamp: last?.timestamp, afterId: last?.id };
    const page = await query.run({ ...params, ...after, limit }, db);
    seen.push(...page);
    if (page.length < limit) return seen;
  }
}

test("JobLogInsert stores a line, of level info and now unless told", async () => {
  const { id: jobId, deviceId } = await addJob(db);
  const message = "line 'with' \"odd\" \\ text %_ 👩‍💻\n\u001b[0m";
  const before = await databaseNow(db);

  const plain = await jobLogInsert.one({ jobId, message }, db);
  const told = await jobLogInsert.one(
    { jobId, message: "", level: "error", timestamp: second(7) },
    db,
  );

  assert.equal(plain, { id: plain.id, jobId, level: "info", message, timestamp: plain.timestamp });
  assert.ok(plain.timestamp >= before && plain.timestamp <= await databaseNow(db));
  assert.equal([told.level, told.timestamp], ["error", second(7)]);
  for (const line of [plain, told]) {
    const { id, timestamp } = line;
    assert.equal(await jobLogGet.one({ timestamp, id }, db), { ...line, deviceId });
  }
  const { timestamp } = plain;
  assert.is(await jobLogGet.first({ timestamp, id: -1 }, db), undefined);
});

test("JobLogInsert refuses an unknown job, an unknown level and a NUL character", async () => {
  const { id: jobId } = await addJob(db);

  const job = await rejection(jobLogInsert.run({ jobId: -1, message: "x" }, db));
  const level = await rejection(
    jobLogInsert.run({ jobId, message: "x", level: "loud" as "info" }, db),
  );
  const nul = await rejection(jobLogInsert.run({ jobId, message: "a\u0000" }, db));

  assert.is((job as ConstraintError).constraint, "job_logs_job_id_fkey");
  assert.is((job as ConstraintError).kind, "foreign_key");
  assert.is((level as ParameterError).field, "level");
  assert.instance(nul, ParameterError);
  assert.is((nul as ParameterError).field, "message");
  assert.is(await count(db, "job_logs"), 0);
});

test("JobLogInsertMany stores lines by position and keeps the order of equal times", async () => {
  const a = (await addJob(db)).id;
  const b = (await addJob(db)).id;

  const { inserted } = await jobLogInsertMany.one({
    jobIds: [a, b, a, a, a],
    messages: ["third", "other", "first", "fourth", "second"],
    levels: ["warning", "debug", null, "critical", "error"],
    timestamps: [second(2), second(1), second(1), second(2), second(1)],
  }, db);

  assert.is(inserted, 5);
  const lines = await jobLogList.run({ jobId: a, limit: 10 }, db);
  assert.equal(lines.map(({ message, level, timestamp }) => [message, level, timestamp]), [
    ["first", "info", second(1)],
    ["second", "error", second(1)],
    ["third", "warning", second(2)],
    ["fourth", "critical", second(2)],
  ]);
  const [other] = await jobLogList.run({ jobId: b, limit: 10 }, db);
  assert.equal([other?.message, other?.level], ["other", "debug"]);
});

test("JobLogInsertMany takes lines without levels and times, and zero lines", async () => {
  const { id: jobId } = await addJob(db);
  const before = await databaseNow(db);

  const { inserted } = await jobLogInsertMany.one({
    jobIds: [jobId, jobId],
    messages: ["one", "two"],
    timestamps: [null, second(0)],
  }, db);
  const bare = await jobLogInsertMany.one({ jobIds: [jobId], messages: ["three"] }, db);
  const none = await jobLogInsertMany.one({ jobIds: [], messages: [] }, db);

  assert.equal([inserted, bare.inserted, none.inserted], [2, 1, 0]);
  const lines = await jobLogList.run({ jobId, limit: 10 }, db);
  assert.equal(lines.map(({ message }) => message), ["two", "one", "three"]);
  assert.ok(lines.every(({ level }) => level === "info"));
  assert.ok(lines.slice(1).every(({ timestamp }) => timestamp >= before));
});

test("JobLogInsertMany stores all or nothing", async () => {
  const { id: jobId } = await addJob(db);
  const messages = ["one", "two"];

  const unknown = await rejection(jobLogInsertMany.run({ jobIds: [jobId, -1], messages }, db));
  const level = await rejection(
    jobLogInsertMany.run(
      { jobIds: [jobId, jobId], messages, levels: ["info", "loud"] as never },
      db,
    ),
  );

  assert.is((unknown as ConstraintError).constraint, "job_logs_job_id_fkey");
  assert.is((level as ParameterError).field, "levels");
  assert.is((level as ParameterError).index, 1);
  assert.is(await count(db, "job_logs"), 0);
});

test("JobLogInsertMany stores 20,000 lines in one call, in their order", async () => {
  const { id: jobId } = await addJob(db);
  const messages = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);

  await jobLogInsertMany.run({ jobIds: messages.map(() => jobId), messages }, db);

  const seen = await pages(jobLogTail, { jobId }, 7_000);
  assert.equal(seen.map(({ message }) => message), messages);
});

test("JobLogList and JobLogTail page over lines that share a time, each exactly once", async () => {
  const { id: jobId } = await addJob(db);
  const other = await addJob(db);
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  await jobLogInsertMany.run({
    jobIds: numbers.flatMap(() => [jobId, other.id]),
    messages: numbers.flatMap((i) => [`line ${i}`, "other"]),
    timestamps: numbers.flatMap((i) => [second(i % 3), second(i % 3)]),
  }, db);
  const expected = numbers.toSorted((a, b) => a % 3 - b % 3 || a - b).map((i) => `line ${i}`);

  for (const query of [jobLogList, jobLogTail]) {
    for (const limit of [1, 7, 20, 100]) {
      const seen = await pages(query, { jobId }, limit);

      assert.equal(seen.map(({ message }) => message), expected);
      assert.equal(fields(seen[0]), LINE);
    }
  }
});

test("JobLogTail gives what came after the last line read", async () => {
  const { id: jobId } = await addJob(db);
  await jobLogInsert.run({ jobId, message: "one", timestamp: second(1) }, db);
  const [last] = await jobLogTail.run({ jobId, limit: 10 }, db);
  const after = { afterTimestamp: last!.timestamp, afterId: last!.id };

  assert.equal(await jobLogTail.run({ jobId, ...after, limit: 10 }, db), []);
  await jobLogInsert.run({ jobId, message: "same time", timestamp: second(1) }, db);
  await jobLogInsert.run({ jobId, message: "later", timestamp: second(2) }, db);
  const more = await jobLogTail.run({ jobId, ...after, limit: 10 }, db);

  assert.equal(more.map(({ message }) => message), ["same time", "later"]);
});

test("JobLogList filters by level, time and literal text, alone and together", async () => {
  const { id: jobId } = await addJob(db);
  const lines: [JobLogLevel, string, number][] = [
    ["debug", "Connecting to 10.0.0.1", 0],
    ["info", "100% done", 1],
    ["warning", "a_b ÄRGER", 2],
    ["error", 'It\'s "broken" \\ gone', 3],
    ["critical", "CONNECTING failed", 4],
  ];
  await jobLogInsertMany.run({
    jobIds: lines.map(() => jobId),
    levels: lines.map(([level]) => level),
    messages: lines.map(([, message]) => message),
    timestamps: lines.map(([, , at]) => second(at)),
  }, db);
  const list = async (filters: object) => {
    const rows = await jobLogList.run({ jobId, ...filters, limit: 100 }, db);
    return rows.map(({ message }) => lines.findIndex(([, text]) => text === message));
  };

  assert.equal(await list({}), [0, 1, 2, 3, 4]);
  assert.equal(await list({ minLevel: "debug" }), [0, 1, 2, 3, 4]);
  assert.equal(await list({ minLevel: "warning" }), [2, 3, 4]);
  assert.equal(await list({ minLevel: "critical" }), [4]);
  assert.equal(await list({ from: second(2) }), [2, 3, 4]);
  assert.equal(await list({ until: second(2) }), [0, 1]);
  assert.equal(await list({ from: second(1), until: second(3) }), [1, 2]);
  assert.equal(await list({ text: "connecting" }), [0, 4]);
  assert.equal(await list({ text: "%" }), [1]);
  assert.equal(await list({ text: "_" }), [2]);
  assert.equal(await list({ text: "'" }), [3]);
  assert.equal(await list({ text: "\\" }), [3]);
  assert.equal(await list({ text: '"BROKEN"' }), [3]);
  assert.equal(await list({ text: "10.0.0.1" }), [0]);
  assert.equal(await list({ text: "10.0.0.12" }), []);
  assert.equal(await list({ text: "" }), [0, 1, 2, 3, 4]);
  assert.equal(
    await list({ minLevel: "info", from: second(0), until: second(5), text: "connecting" }),
    [4],
  );
});

test("JobLogStats counts by level, the least first, with the first and last time", async () => {
  const { id: jobId } = await addJob(db);
  const other = await addJob(db);
  await jobLogInsert.run({ jobId: other.id, message: "x", level: "critical" }, db);
  await jobLogInsertMany.run({
    jobIds: [jobId, jobId, jobId, jobId],
    levels: ["error", "debug", "error", "error"],
    messages: ["a", "b", "c", "d"],
    timestamps: [second(5), second(9), second(2), second(3)],
  }, db);

  assert.equal(await jobLogStats.run({ jobId }, db), [
    { level: "debug", count: 1, firstAt: second(9), lastAt: second(9) },
    { level: "error", count: 3, firstAt: second(2), lastAt: second(5) },
  ]);
  assert.equal(await jobLogStats.run({ jobId: -1 }, db), []);
});

test("JobLogDelete deletes the lines of a job, those before a time where one is given", async () => {
  const { id: jobId } = await addJob(db);
  const other = await addJob(db);
  await jobLogInsertMany.run({
    jobIds: [jobId, jobId, jobId, other.id],
    messages: ["a", "b", "c", "other"],
    timestamps: [second(1), second(2), second(3), second(1)],
  }, db);

  const before = await jobLogDelete.one({ jobId, before: second(2) }, db);
  const left = await jobLogList.run({ jobId, limit: 10 }, db);
  const all = await jobLogDelete.one({ jobId }, db);
  const none = await jobLogDelete.one({ jobId }, db);

  assert.equal(left.map(({ message }) => message), ["b", "c"]);
  assert.equal([before.deleted, all.deleted, none.deleted], [1, 2, 0]);
  assert.is(await count(db, "job_logs"), 1);
});

test("Lines outlive their job, in the log of its device", async () => {
  const { id: jobId, deviceId } = await addJob(db);
  await jobLogInsert.run({ jobId, message: "x" }, db);

  await jobDelete.run({ id: jobId }, db);

  assert.equal(await jobLogList.run({ jobId, limit: 10 }, db), []);
  const lines = await jobLogListByDevice.run({ deviceId, limit: 10 }, db);
  assert.equal(lines.map((line) => [line.jobId, line.message]), [[jobId, "x"]]);
});

test("JobLogListByDevice pages over the jobs of a device, the last first", async () => {
  const { id: deviceId } = await addDevice(db);
  const jobs = [await addJob(db, { deviceId }), await addJob(db), await addJob(db, { deviceId })];
  const numbers = Array.from({ length: 30 }, (_, i) => i);
  await jobLogInsertMany.run({
    jobIds: numbers.map((i) => jobs[i % 3]!.id),
    messages: numbers.map(String),
    levels: numbers.map((i) => (i % 2 === 0 ? "info" : "error")),
    // The newest job ran first.
    timestamps: numbers.map((i) => second(100 - 10 * (i % 3) + Math.floor(i / 9))),
  }, db);
  const of = (job: number) => numbers.filter((i) => i % 3 === job).reverse();
  const expected = [...of(2), ...of(0)];

  const all = async (limit: number, filters: object = {}) => {
    const seen: JobLogLine[] = [];
    for (;;) {
      const last = seen.at(-1);
      const after = last &&
        { afterJobId: last.jobId, afterTimestamp: last.timestamp, afterId: last.id };
      const page = await jobLogListByDevice.run({ deviceId, ...filters, ...after, limit }, db);
      seen.push(...page);
      if (page.length < limit) return seen.map(({ message }) => Number(message));
    }
  };

  for (const limit of [1, 7, 50]) assert.equal(await all(limit), expected);
  assert.equal(await all(3, { minLevel: "error" }), expected.filter((i) => i % 2 === 1));
  assert.equal(await all(3, { from: second(100) }), of(0));
  assert.equal(await all(3, { until: second(100) }), of(2));
});

test("JobLogListByTime and JobLogWarningList page over all devices, the latest first", async () => {
  const jobs = [await addJob(db), await addJob(db)];
  const levels = ["debug", "info", "warning", "error", "critical"] as const;
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  await jobLogInsertMany.run({
    jobIds: numbers.map((i) => jobs[i % 2]!.id),
    messages: numbers.map(String),
    levels: numbers.map((i) => levels[i % 5]!),
    timestamps: numbers.map((i) => second(Math.floor(i / 4))),
  }, db);
  const latest = numbers.toReversed();

  const all = async (query: typeof jobLogWarningList, limit: number, filters: object = {}) => {
    const seen: JobLogLine[] = [];
    for (;;) {
      const last = seen.at(-1);
      const after = last && { afterTimestamp: last.timestamp, afterId: last.id };
      const page = await query.run({ ...filters, ...after, limit }, db);
      seen.push(...page);
      if (page.length < limit) return seen.map(({ message }) => Number(message));
    }
  };

  for (const limit of [1, 7, 100]) {
    assert.equal(await all(jobLogListByTime, limit), latest);
    assert.equal(await all(jobLogWarningList, limit), latest.filter((i) => i % 5 >= 2));
  }
  const between = { from: second(3), until: second(6) };
  assert.equal(await all(jobLogListByTime, 5, between), latest.filter((i) => i >= 12 && i < 24));
  assert.equal(
    await all(jobLogWarningList, 5, { ...between, minLevel: "error" }),
    latest.filter((i) => i >= 12 && i < 24 && i % 5 >= 3),
  );
});

test("JobLogStats counts what was reported, also what was deleted since", async () => {
  const { id: jobId } = await addJob(db);
  await jobLogInsertMany.run({ jobIds: [jobId, jobId], messages: ["a", "b"] }, db);
  await jobLogDelete.run({ jobId }, db);
  await jobLogInsert.run({ jobId, message: "c" }, db);

  const stats = await jobLogStats.run({ jobId }, db);

  assert.equal(stats.map(({ level, count }) => [level, count]), [["info", 3]]);
});

test("JobLogWrite stores each batch of a writer once, in its order, without lines of lost jobs", async () => {
  const { id: jobId } = await addJob(db);
  const writer = crypto.randomUUID();
  const write = (batch: number, messages: string[], jobIds = messages.map(() => jobId)) =>
    jobLogWrite.run({
      writer,
      batch,
      now: 5_000,
      jobIds,
      levels: messages.map(() => "info"),
      messages,
      times: messages.map((_, i) => 1_000 * batch + i),
    }, db);
  const before = (await databaseNow(db)).getTime();

  const answers = [
    await write(1, ["one", "two"]),
    await write(1, ["one", "two"]),
    await write(2, ["three", "of no job"], [jobId, -1]),
    await write(1, ["one", "two"]),
  ];

  assert.equal(answers, [[{ stored: 2 }], [], [{ stored: 1 }], []]);
  const lines = await jobLogList.run({ jobId, limit: 10 }, db);
  assert.equal(lines.map(({ message }) => message), ["one", "two", "three"]);
  const [one, two, three] = lines.map(({ timestamp }) => timestamp.getTime()) as [
    number,
    number,
    number,
  ];
  assert.equal([two - one, three - one], [1, 1_000], "the writer's own clock counts");
  const age = before - one;
  assert.ok(age > 3_000 && age <= 4_001, `${age}`);
});

test.run();
