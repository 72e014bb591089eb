/** The worker's loop: claiming, polling, storing outcomes, and stopping. */
import * as assert from "uvu/assert";
import {
  type ClaimedJob,
  connect,
  ConnectionError,
  jobAttemptList,
  jobCancel,
  JobFailure,
  jobGet,
  type JobHandler,
  jobInsertMany,
  JobLost,
  ParameterError,
  runScheduler,
  work,
  type Worker,
  type WorkParams,
} from "netraven-db";
import { addDevice, addJob, clear } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("worker");
/** Milliseconds, which makes a heartbeat every 200 ms. */
const LEASE = 600;
const { db, database } = await testDatabase(test, { pool: { size: 2 } });
let workers: Worker[];

test.before.each(async () => {
  workers = [];
  await clear(db);
});

test.after.each(async () => {
  await Promise.all(workers.map((worker) => worker.stop({ grace: 0 })));
});

/** Starts a worker with a poll interval longer than the test, and stops it after the test. */
function start(handler: JobHandler, options: WorkParams = {}): Worker {
  const worker = work({ poll: 60_000, backoff: 1, ...options }, handler, db);
  workers.push(worker);
  return worker;
}

async function status(id: number): Promise<string> {
  return (await jobGet.one({ id }, db)).status;
}

async function attempts(jobId: number): Promise<(string | null)[][]> {
  const rows = await jobAttemptList.run({ jobId, limit: 10 }, db);
  return rows.map(({ outcome, errorClass, errorMessage }) => [outcome, errorClass, errorMessage]);
}

/** Rejects with the signal's reason when it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

test("work() does what waits and what comes, and stores how it ended", async () => {
  const waits = await addJob(db);
  const seen: ClaimedJob[] = [];
  start((job) => {
    seen.push(job);
    return Promise.resolve(job.id === waits.id ? undefined : "partial");
  });
  await until("the first is done", async () => await status(waits.id) === "succeeded");

  const comes = await addJob(db);

  await until("the second is done", async () => await status(comes.id) === "partial");
  assert.equal(seen.map(({ id, deviceId }) => [id, deviceId]), [
    [waits.id, waits.deviceId],
    [comes.id, comes.deviceId],
  ]);
  assert.equal(await attempts(comes.id), [["partial", null, null]]);
});

test("work() hears once of many jobs, and does no more at a time than it was told", async () => {
  const devices = await Promise.all(Array.from({ length: 40 }, () => addDevice(db)));
  let [now, most, done] = [0, 0, 0];
  const worker = start(async () => {
    now++;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    done++;
  }, { concurrency: 4 });

  await jobInsertMany.run({ deviceIds: devices.map(({ id }) => id) }, db);

  await until("all are done", () => done === 40);
  assert.is(most, 4);
  await until("none runs", () => worker.running === 0);
  await until("all have ended", async () => {
    const { rows } = await db.query("select 1 from jobs where status <> 'succeeded'");
    return rows.length === 0;
  });
});

test("Jobs of one device follow each other at once", async () => {
  const { id: deviceId } = await addDevice(db);
  await jobInsertMany.run({ deviceIds: Array.from({ length: 300 }, () => deviceId) }, db);
  let done = 0;
  // The poll interval is longer than the test.
  start(() => Promise.resolve(void done++));

  await until("all are done", () => done === 300);
});

test("work() holds no connection while a handler runs", async () => {
  await addJob(db);
  await addJob(db);
  const stats: number[] = [];
  let go: () => void = () => {};
  const wait = new Promise<void>((resolve) => go = resolve);
  const worker = start(async () => {
    await until("nothing is busy", () => db.stats().busy === 0);
    stats.push(db.stats().busy);
    await wait;
  });
  await until("both run", () => worker.running === 2 && stats.length === 2);
  // The worker polls now and then, which is temporary; a held connection of a handler would stay.
  await until("no session is at work, nor in a transaction", async () => {
    const { rows } = await db.query<{ state: string }>(
      "select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    return rows.every(({ state }) => state === "idle");
  });
  go();
});

test("What a handler throws fails the attempt, which is made again until it is the last", async () => {
  const { id } = await addJob(db);
  let runs = 0;
  start(() => {
    runs++;
    throw new TypeError(`no ${runs}\0`);
  }, { poll: 20 });

  await until("it has failed", async () => await status(id) === "failed", 20_000);

  assert.is(runs, 3);
  assert.equal(
    await attempts(id),
    [1, 2, 3].map((i) => ["failed", "TypeError", `no ${i}\u{FFFD}`]),
  );
});

test("A JobFailure names its class, and says that no other attempt would do better", async () => {
  const { id } = await addJob(db);
  start(() => Promise.reject(new JobFailure("AuthenticationError", "refused", { retry: false })));

  await until("it has failed", async () => await status(id) === "failed");

  assert.equal(await attempts(id), [["failed", "AuthenticationError", "refused"]]);
});

test("Whatever a handler throws is stored, and the worker goes on", async () => {
  const unreadable = new Error("x");
  Object.defineProperty(unreadable, "message", {
    get() {
      throw new Error("not this");
    },
  });
  const thrown: unknown[] = [
    undefined,
    null,
    7,
    "text",
    unreadable,
    new Error("\ud800".repeat(3_000)),
  ];
  start((job) => {
    // deno-lint-ignore no-throw-literal
    throw thrown[jobs.findIndex(({ id }) => id === job.id)];
  });
  const jobs: { id: number }[] = [];
  const device = await addDevice(db);
  for (const _ of thrown) {
    const { rows } = await db.query<{ id: number }>(
      "insert into jobs (device_id, max_attempts) values ($1, 1) returning id",
      [device.id],
    );
    jobs.push(rows[0]!);
  }
  await addJob(db);
  for (const { id } of jobs) {
    await until("it has failed", async () => await status(id) === "failed");
  }
  const kinds = [];
  for (const { id } of jobs) kinds.push((await attempts(id))[0]![1]);
  assert.equal(kinds, ["undefined", "object", "number", "string", "Error", "Error"]);
});

test("A handler whose job is cancelled sees it at the next heartbeat", async () => {
  const { id } = await addJob(db);
  let reason: unknown;
  const worker = start(async (_, { signal }) => {
    reason = await rejection(aborted(signal));
    throw reason;
  }, { lease: LEASE });
  await until("it runs", () => worker.running === 1);

  await jobCancel.run({ ids: [id] }, db);

  await until("it is cancelled", async () => await status(id) === "cancelled");
  assert.instance(reason, JobLost);
  assert.is((reason as JobLost).reason, "cancelled");
  assert.equal((await attempts(id)).map(([outcome]) => outcome), ["cancelled"]);
});

test("A handler that was done before it saw the wish to cancel has succeeded", async () => {
  const { id } = await addJob(db);
  const worker = start(async (_, { signal }) => void await rejection(aborted(signal)), {
    lease: LEASE,
  });
  await until("it runs", () => worker.running === 1);

  await jobCancel.run({ ids: [id] }, db);

  await until("it has ended", async () => await status(id) === "succeeded");
});

test("Leases are prolonged for as long as a handler runs", async () => {
  const { id } = await addJob(db);
  const other = await connect({ url: database.url, logging: { level: "silent" } });
  const started = performance.now();
  // Long enough that a busy machine sends every heartbeat in time.
  const lease = 4 * LEASE;
  start(async (_, { signal }) => {
    // Two leases, beside another worker that would claim an expired job.
    await until("it is long", () => signal.aborted || performance.now() - started > 2 * lease);
  }, { lease });
  let stolen = 0;
  const rival = work({ lease, poll: 50 }, () => {
    stolen++;
    return Promise.resolve();
  }, other);
  await until("it is done", async () => await status(id) === "succeeded");
  await rival.stop();
  await other.close();
  assert.is(stolen, 0);
  assert.equal((await attempts(id)).map(([outcome]) => outcome), ["succeeded"]);
});

test("A handler whose lease was taken away is told, and what it does counts for nothing", async () => {
  const { id } = await addJob(db);
  let reason: JobLost | undefined;
  const worker = start(async (_, { signal }) => {
    reason = await rejection(aborted(signal)) as JobLost;
  }, { lease: LEASE });
  await until("it runs", () => worker.running === 1);

  await db.query(
    "update jobs set claim_token = gen_random_uuid(), lease_until = now() + interval '1 hour'",
  );

  await until("it was told", () => reason !== undefined);
  assert.is(reason!.reason, "lease");
  await until("it has ended", () => worker.running === 0);
  await worker.stop();
  assert.is(await status(id), "running");
  assert.equal(await attempts(id), []);
});

test("stop() waits for what runs, and takes nothing more", async () => {
  const first = await addJob(db);
  let go: () => void = () => {};
  const worker = start(() => new Promise<void>((resolve) => go = resolve));
  await until("it runs", () => worker.running === 1);

  const stopped = worker.stop();
  const second = await addJob(db);
  go();
  await stopped;

  assert.equal([await status(first.id), await status(second.id)], ["succeeded", "queued"]);
});

test("stop() gives back what does not end in time, once its handler has ended", async () => {
  const { id } = await addJob(db);
  let reason: JobLost | undefined;
  const worker = start(async (_, { signal }) => {
    reason = await rejection(aborted(signal)) as JobLost;
    throw reason;
  });
  await until("it runs", () => worker.running === 1);

  await worker.stop({ grace: 1 });

  assert.is(reason?.reason, "stopped");
  assert.is(await status(id), "queued");
  assert.equal(await attempts(id), [["released", null, null]]);
  assert.is((await jobGet.one({ id }, db)).failures, 0);
});

test("stop() gives back what was taken by the statement that stored the last end", async () => {
  const [first, second] = [await addJob(db), await addJob(db)];
  const other = await connect({ url: database.url, logging: { level: "silent" } });
  const ids: number[] = [];
  let go: () => void = () => {};
  const worker = start(({ id }) => {
    ids.push(id);
    return new Promise<void>((resolve) => go = resolve);
  }, { concurrency: 1 });
  await until("it runs", () => worker.running === 1);

  let stopped: Promise<void> | undefined;
  await other.transaction(async (tx) => {
    await tx.query("select 1 from jobs where id = $1 for update", [first.id]);
    go();
    await until("its end waits", async () => {
      const { rows } = await tx.query("select 1 from pg_locks where not granted");
      return rows.length > 0;
    });
    stopped = worker.stop();
  });
  await stopped;
  await other.close();

  assert.equal(ids, [first.id]);
  assert.equal([await status(first.id), await status(second.id)], ["succeeded", "queued"]);
  assert.equal(await attempts(second.id), [["released", null, null]]);
});

test("A signal that is asked for late is aborted where the job is lost already", async () => {
  await addJob(db);
  let reason: unknown;
  const worker = start(async (_, context) => {
    await db.query(
      "update jobs set claim_token = gen_random_uuid(), lease_until = now() + interval '1 hour'",
    );
    const began = performance.now();
    await until("a heartbeat has come", () => performance.now() - began > LEASE);
    if (context.signal.aborted) reason = context.signal.reason;
  }, { lease: LEASE });

  await until("it was told", () => reason !== undefined);
  assert.instance(reason, JobLost);
  await worker.stop();
});

test("close() stops the workers, and the end of what runs is stored", async () => {
  const { id } = await addJob(db);
  const own = await connect({ url: database.url, logging: { level: "silent" } });
  let runs = false;
  work({}, async () => {
    runs = true;
    await own.query("select pg_sleep(0.1)");
  }, own);
  await until("it runs", () => runs);

  await own.close();

  assert.is(await status(id), "succeeded");
});

test("work() and runScheduler() refuse a database that is closed, and leave nothing running", async () => {
  for (const before of [true, false]) {
    const own = await connect({ url: database.url, logging: { level: "silent" } });
    if (before) {
      await Promise.all([work({}, async () => {}, own).stop(), runScheduler({}, own).stop()]);
    }
    await own.close();

    for (const start of [() => work({}, async () => {}, own), () => runScheduler({}, own)]) {
      try {
        start();
        assert.unreachable("it started");
      } catch (error) {
        assert.instance(error, ConnectionError);
        assert.is((error as ConnectionError).reason, "closed");
      }
    }
  }
});

test("work() refuses options that are out of range, by name", () => {
  for (const name of ["concurrency", "lease", "poll", "backoff", "maxBackoff"] as const) {
    for (const value of [0, -1, NaN, Infinity, 2 ** 31]) {
      try {
        workers.push(work({ [name]: value }, () => Promise.resolve(), db));
      } catch (error) {
        assert.instance(error, ParameterError);
        assert.is((error as ParameterError).field, name);
        continue;
      }
      assert.unreachable(`${name}: ${value}`);
    }
  }
});

test.run();
