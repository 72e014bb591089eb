/** Following the log of a job. */
import * as assert from "uvu/assert";
import {
  connect,
  jobLog,
  jobLogInsert,
  jobLogInsertMany,
  type JobLogLine,
  NotFoundError,
  tail,
  type TailParams,
} from "netraven-db";
import { addDevice, addJob, clear } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("log tail");
const { db, database } = await testDatabase(test, { pool: { size: 3 } });

test.before.each(() => clear(db));

/** Reads in the background until it is stopped. */
function follow(jobId: number, options: Partial<TailParams> = {}) {
  const controller = new AbortController();
  const lines: JobLogLine[] = [];
  const end = (async () => {
    const { signal } = controller;
    // The poll interval is longer than the test.
    for await (const line of tail({ jobId, poll: 60_000, ...options }, db, { signal })) {
      lines.push(line);
    }
  })();
  const stop = async () => {
    controller.abort(new Error("enough"));
    assert.is((await rejection(end)).message, "enough");
  };
  return { lines, stop, messages: () => lines.map(({ message }) => message) };
}

/** Whether a session listens for lines. */
async function listeners(): Promise<number> {
  const { rows } = await db.query(
    `select from pg_stat_activity
    where datname = current_database() and query = 'listen netraven_job_logs'`,
  );
  return rows.length;
}

test("tail() gives what is there, and then each line as it is stored", async () => {
  const { id: jobId } = await addJob(db);
  const other = await addJob(db);
  await jobLogInsertMany.run({ jobIds: [jobId, jobId], messages: ["one", "two"] }, db);
  const tail = follow(jobId);
  await until("it has begun", () => tail.lines.length === 2);
  await until("it listens", async () => await listeners() === 1);

  await jobLogInsert.run({ jobId, message: "three", level: "error" }, db);
  await jobLogInsert.run({ jobId: other.id, message: "another's" }, db);
  await until("it comes", () => tail.lines.length === 3);
  const log = jobLog({ jobId: jobId }, db);
  for (let i = 0; i < 2_000; i++) log.info(String(i));
  await until("all come", () => tail.lines.length === 2_003);

  assert.equal(tail.messages().slice(0, 3), ["one", "two", "three"]);
  assert.equal(tail.messages().slice(3), Array.from({ length: 2_000 }, (_, i) => String(i)));
  await tail.stop();
});

test("tail() begins after a line, and leaves out levels below", async () => {
  const { id: jobId } = await addJob(db);
  await jobLogInsertMany.run({
    jobIds: [jobId, jobId, jobId, jobId],
    messages: ["a", "b", "c", "d"],
    levels: ["error", "info", "debug", "critical"],
  }, db);
  const all = follow(jobId);
  await until("all are there", () => all.lines.length === 4);

  const after = follow(jobId, { after: all.lines[1]! });
  const loud = follow(jobId, { minLevel: "error" });

  await until("the rest is there", () => after.lines.length === 2);
  await until("the loud are there", () => loud.lines.length === 2);
  assert.equal([after.messages(), loud.messages()], [["c", "d"], ["a", "d"]]);
  await until("one listens for all", async () => await listeners() === 1);
  for (const tail of [all, after, loud]) await tail.stop();
  await until("nobody listens any more", async () => await listeners() === 0);
});

test("tail() ends with its loop, and knows a job that is not there", async () => {
  const { id: jobId } = await addJob(db, { deviceId: (await addDevice(db)).id });
  await jobLogInsertMany.run({ jobIds: [jobId, jobId], messages: ["one", "two"] }, db);

  const seen = [];
  for await (const { message } of tail({ jobId }, db)) {
    seen.push(message);
    break;
  }

  assert.equal(seen, ["one"]);
  const none = tail({ jobId: -1 }, db)[Symbol.asyncIterator]().next();
  assert.instance(await rejection(none), NotFoundError);
  await until("nobody listens any more", async () => await listeners() === 0);
});

test("close() ends those that read", async () => {
  const { id: jobId } = await addJob(db);
  const other = await connect({ url: database.url, logging: { level: "silent" } });
  const end = rejection((async () => {
    for await (const _ of tail({ jobId, poll: 60_000 }, other));
  })());
  await until("it listens", async () => await listeners() === 1);

  await other.close();

  assert.match((await end).message, "closed");
});

test.run();
