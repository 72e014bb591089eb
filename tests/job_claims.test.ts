/** Claims: one worker holds a job, its outcome counts once, and a late answer changes nothing. */
import * as assert from "uvu/assert";
import {
  type ClaimedJob,
  ConnectionError,
  ConstraintError,
  jobAttemptList,
  jobCancel,
  jobClaim,
  jobFinish,
  type JobFinishParams,
  jobGet,
  jobHeartbeat,
  jobInsert,
  jobReap,
  ParameterError,
  type Queryable,
} from "netraven-db";
import { jobFinishAndClaim } from "../src/jobs/claim.ts";
import { addDevice, addJob, clear, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("job claims");
const LEASE = 60_000;
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

function claim(limit = 10, lease = LEASE): Promise<ClaimedJob[]> {
  return jobClaim({ worker: "w1", limit, lease }, db);
}

/** Returns outcomes as array parameters of the query. By default no attempt has an error. */
async function finish(
  job: Pick<ClaimedJob, "id" | "claimToken">,
  outcome: JobFinishParams["outcomes"][number],
  { errorClass = null, retrySeconds = null, on = db }: {
    errorClass?: string | null;
    retrySeconds?: number | null;
    on?: Queryable;
  } = {},
): Promise<[string, string | null]> {
  const { answer, status } = await jobFinish.one({
    ids: [job.id],
    claimTokens: [job.claimToken],
    outcomes: [outcome],
    errorClasses: [errorClass],
    errorMessages: [errorClass && "It went wrong"],
    retrySeconds: [retrySeconds],
  }, on);
  return [answer!, status];
}

async function heartbeat(job: ClaimedJob): Promise<[boolean, boolean]> {
  const { held, cancelRequested } = await jobHeartbeat.one(
    { ids: [job.id], claimTokens: [job.claimToken], leaseSeconds: 60 },
    db,
  );
  return [held, cancelRequested];
}

function reap(backoffSeconds = 0): Promise<{ id: number; attempt: number; status: string }[]> {
  return jobReap.run({ backoffSeconds, maxBackoffSeconds: 3600, limit: 100 }, db);
}

/** Expires the lease of a job. */
async function outlive(job: ClaimedJob): Promise<void> {
  await db.query("update jobs set lease_until = now() - interval '1 second' where id = $1", [
    job.id,
  ]);
}

async function attempts(jobId: number): Promise<(string | null)[][]> {
  const rows = await jobAttemptList.run({ jobId, limit: 10 }, db);
  return rows.map(({ outcome, errorClass }) => [outcome, errorClass]);
}

test("jobClaim() takes what is due, the highest priority first and then the earliest", async () => {
  const now = (await databaseNow(db)).getTime();
  const add = async (seconds: number, priority: number) => {
    const { id: deviceId } = await addDevice(db);
    const scheduledFor = new Date(now + seconds * 1000);
    return (await jobInsert.one({ deviceId, scheduledFor, priority }, db)).id;
  };
  const late = await add(-10, 0);
  const early = await add(-20, 0);
  const urgent = await add(-5, 7);
  const low = await add(-30, -1);
  await add(60, 9);

  const taken = [];
  for (let i = 0; i < 5; i++) taken.push(...(await claim(1)).map(({ id }) => id));

  assert.equal(taken, [urgent, early, late, low]);
});

test("jobClaim() takes what is due at this very moment, rounded up as it may be", async () => {
  await addJob(db);

  for (let i = 0; i < 20; i++) {
    await db.transaction(async (tx) => {
      await tx.query("update jobs set scheduled_for = now()");
      const jobs = await jobClaim({ worker: "w1", limit: 1, lease: LEASE }, tx);
      assert.is(jobs.length, 1);
      assert.equal(await finish(jobs[0]!, "released", { on: tx }), ["accepted", "queued"]);
    });
  }
});

test("jobClaim() gives a token and a lease, and what the worker needs", async () => {
  const { id, deviceId } = await addJob(db);
  const before = await databaseNow(db);

  const [job] = await claim();

  assert.is(job!.id, id);
  assert.is(job!.deviceId, deviceId);
  assert.match(job!.claimToken, /^[0-9a-f-]{36}$/);
  assert.equal([job!.attempt, job!.failures, job!.maxAttempts], [1, 0, 3]);
  const row = await jobGet.one({ id }, db);
  const lease = row.leaseUntil!.getTime() - before.getTime();
  assert.ok(lease >= LEASE && lease < LEASE + 30_000, `${lease}`);
  assert.equal([row.status, row.claimedBy, row.attempt], ["running", "w1", 1]);
  assert.ok(row.startedAt! >= before);
  assert.equal(await claim(), []);
});

test("jobClaim() lets one job of a device run, whoever asks", async () => {
  const { id: deviceId } = await addDevice(db);
  const first = await addJob(db, { deviceId });
  const second = await addJob(db, { deviceId });

  const [job, ...others] = await claim();
  assert.is(job!.id, first.id);
  assert.equal(others, []);
  assert.equal(await claim(), []);
  await finish(job!, "succeeded");
  assert.equal((await claim()).map(({ id }) => id), [second.id]);

  const third = await addJob(db, { deviceId });
  const error = await rejection(
    db.query(
      "update jobs set status = 'running', started_at = now(), claimed_by = 'x', claim_token = gen_random_uuid(), lease_until = now() where id = $1",
      [third.id],
    ),
  );
  assert.instance(error, ConstraintError);
  assert.is((error as ConstraintError).constraint, "jobs_one_runs_per_device");
});

test("jobClaim() gives no job twice and no device two, however many ask at once", async () => {
  const devices = await Promise.all(Array.from({ length: 12 }, () => addDevice(db)));
  const made: number[] = [];
  for (let i = 0; i < 5; i++) {
    for (const { id: deviceId } of devices) made.push((await addJob(db, { deviceId })).id);
  }
  const done: number[] = [];
  const running = new Set<number>();
  const worker = async (name: string) => {
    for (let idle = 0; idle < 3;) {
      const jobs = await jobClaim({ worker: name, limit: 4, lease: LEASE }, db);
      idle = jobs.length === 0 && done.length === made.length ? idle + 1 : 0;
      for (const { deviceId } of jobs) {
        assert.not.ok(running.has(deviceId), `device ${deviceId} runs twice`);
        running.add(deviceId);
      }
      for (const job of jobs) {
        running.delete(job.deviceId);
        assert.equal(await finish(job, "succeeded"), ["accepted", "succeeded"]);
        done.push(job.id);
      }
    }
  };

  await Promise.all(["a", "b", "c", "d", "e", "f"].map(worker));

  assert.equal(done.sort((a, b) => a - b), made);
});

test("JobFinish ends an attempt once, with what went wrong; the same answer again is known", async () => {
  const cases = [["succeeded", null], ["partial", "SomeInterfaces"], ["failed", "SshError"], [
    "cancelled",
    null,
  ]] as const;
  for (const [outcome, errorClass] of cases) {
    const { id } = await addJob(db);
    const [job] = await claim();

    assert.equal(await finish(job!, outcome, { errorClass }), ["accepted", outcome]);
    assert.equal(await finish(job!, "failed"), ["repeated", outcome]);

    const row = await jobGet.one({ id }, db);
    assert.equal([row.status, row.leaseUntil], [outcome, null]);
    assert.ok(row.completedAt! >= row.startedAt!);
    assert.equal(await attempts(id), [[outcome, errorClass]]);
  }
});

test("What a worker says with a stale token changes nothing and is told so", async () => {
  const { id } = await addJob(db);
  const [old] = await claim();
  await outlive(old!);
  assert.equal(await reap(), [{ id, attempt: 1, status: "queued" }]);

  assert.equal(await finish(old!, "succeeded"), ["stale", "queued"]);
  assert.equal(await finish(old!, "released"), ["stale", "queued"]);
  assert.equal(await heartbeat(old!), [false, false]);

  const [job] = await claim();
  assert.is(job!.attempt, 2);
  assert.equal(await finish(old!, "succeeded"), ["stale", "running"]);
  assert.equal(await finish(old!, "released"), ["stale", "running"]);
  assert.equal(await heartbeat(old!), [false, false]);
  assert.equal(await heartbeat(job!), [true, false]);
  const nobody = { id, claimToken: crypto.randomUUID() };
  assert.equal(await finish(nobody, "succeeded"), ["stale", "running"]);
  assert.equal(await finish({ ...nobody, id: 2 ** 31 - 1 }, "failed"), ["stale", null]);
  assert.equal(await finish(job!, "succeeded"), ["accepted", "succeeded"]);
  assert.equal(await attempts(id), [["expired", null], ["succeeded", null]]);
});

test("JobHeartbeat prolongs the lease; without one the job goes back, each time later", async () => {
  const { id } = await addJob(db);
  const [job] = await claim(1, 1_000);
  const { leaseUntil } = await jobGet.one({ id }, db);
  assert.equal(await heartbeat(job!), [true, false]);
  const row = await jobGet.one({ id }, db);
  assert.ok(row.leaseUntil!.getTime() - leaseUntil!.getTime() > 30_000);
  assert.equal(await reap(), []);

  await outlive(job!);
  assert.equal(await heartbeat(job!), [true, false], "nobody has taken it away");
  await outlive(job!);
  const now = await databaseNow(db);
  await reap(100);
  const back = await jobGet.one({ id }, db);
  assert.equal([back.status, back.failures, back.leaseUntil], ["queued", 1, null]);
  const wait = back.scheduledFor.getTime() - now.getTime();
  assert.ok(wait >= 100_000 && wait < 160_000, `${wait}`);

  await db.query("update jobs set scheduled_for = now()");
  const [second] = await claim();
  await outlive(second!);
  const later = await databaseNow(db);
  await reap(100);
  const twice = (await jobGet.one({ id }, db)).scheduledFor.getTime() - later.getTime();
  assert.ok(twice >= 200_000 && twice < 260_000, `${twice}`);

  await db.query("update jobs set scheduled_for = now()");
  const [last] = await claim();
  await outlive(last!);
  assert.equal(await reap(100), [{ id, attempt: 3, status: "failed" }]);
  const failed = await jobGet.one({ id }, db);
  assert.equal([failed.status, failed.failures], ["failed", 3]);
  assert.ok(failed.completedAt !== null);
  assert.equal(await claim(), []);
  assert.equal(await finish(last!, "succeeded"), ["stale", "failed"]);
});

test("A failure that may be tried again goes back to the queue while attempts are left", async () => {
  const { id: deviceId } = await addDevice(db);
  const { id } = await jobInsert.one({ deviceId, maxAttempts: 2 }, db);
  const [first] = await claim();

  assert.equal(await finish(first!, "failed", { errorClass: "SshError", retrySeconds: 0 }), [
    "accepted",
    "queued",
  ]);
  assert.equal(await finish(first!, "failed"), ["stale", "queued"]);
  const { startedAt } = await jobGet.one({ id }, db);
  const [second] = await claim();
  assert.equal([second!.id, second!.attempt, second!.failures], [id, 2, 1]);
  assert.ok((await jobGet.one({ id }, db)).startedAt! >= startedAt!);
  assert.equal(await finish(second!, "failed", { errorClass: "SshError", retrySeconds: 0 }), [
    "accepted",
    "failed",
  ]);
  assert.equal(await attempts(id), [["failed", "SshError"], ["failed", "SshError"]]);
});

test("JobFinish gives a job back without a failure, for now or for later", async () => {
  const { id } = await addJob(db);
  for (let attempt = 1; attempt <= 4; attempt++) {
    const [job] = await claim();
    assert.is(job!.attempt, attempt);
    assert.equal(await finish(job!, "released"), ["accepted", "queued"]);
    assert.equal(await finish(job!, "released"), ["stale", "queued"]);
  }
  assert.is((await jobGet.one({ id }, db)).failures, 0);
  const [job] = await claim();
  await finish(job!, "released", { retrySeconds: 60 });
  assert.equal(await claim(), []);
  assert.is((await attempts(id)).length, 5);
});

test("JobFinish with a limit ends attempts and takes the next jobs, of other devices", async () => {
  const first = await addJob(db);
  const same = await addJob(db, { deviceId: first.deviceId });
  const others = [await addJob(db), await addJob(db), await addJob(db)];
  const [job] = await claim(1);
  const claimToken = crypto.randomUUID();
  const turn = (limit: number) =>
    jobFinish.run({
      ids: [2 ** 31 - 1, job!.id],
      claimTokens: [job!.claimToken, job!.claimToken],
      outcomes: ["failed", "succeeded"],
      errorClasses: [null, null],
      errorMessages: [null, null],
      retrySeconds: [null, null],
      worker: "w2",
      limit,
      claimToken,
      leaseSeconds: 60,
    }, db);

  const rows = await turn(2);

  assert.equal(rows.map(({ id, answer, status }) => [id, answer, status]), [
    [2 ** 31 - 1, "stale", null],
    [first.id, "accepted", "succeeded"],
    [others[0]!.id, null, null],
    [others[1]!.id, null, null],
  ]);
  const { deviceId, attempt, failures, maxAttempts } = rows[2]!;
  assert.equal([deviceId, attempt, failures, maxAttempts], [others[0]!.deviceId, 1, 0, 3]);
  const taken = await jobGet.one({ id: others[0]!.id }, db);
  assert.equal([taken.status, taken.claimedBy], ["running", "w2"]);
  assert.equal(await finish({ id: taken.id, claimToken }, "succeeded"), ["accepted", "succeeded"]);

  const again = await turn(9);

  assert.equal(again.map(({ id, answer }) => [id, answer]), [
    [2 ** 31 - 1, "stale"],
    [first.id, "repeated"],
    [same.id, null],
    [others[2]!.id, null],
  ]);
});

/** A database that runs statements but answers the first one with an error. */
function failingOnce(error: Error, { runs }: { runs: boolean }): Queryable {
  let failed = false;
  return {
    stream: (...call) => db.stream(...call),
    query: async (...call) => {
      if (failed) return await db.query(...call);
      failed = true;
      if (runs) await db.query(...call);
      throw error;
    },
  };
}

function ended(job: ClaimedJob): Parameters<typeof jobFinishAndClaim>[0] {
  return {
    ids: [job.id],
    claimTokens: [job.claimToken],
    outcomes: ["succeeded"],
    errorClasses: [null],
    errorMessages: [null],
    retrySeconds: [null],
  };
}

test("jobFinishAndClaim() knows by its token what it took, where only the answer was lost", async () => {
  const [first, next] = [await addJob(db), await addJob(db)];
  const [job] = await claim(1);
  const lost = new ConnectionError("lost", "Lost", { sent: true });

  const turn = await jobFinishAndClaim(
    ended(job!),
    { worker: "w1", limit: 5, lease: LEASE },
    failingOnce(lost, { runs: true }),
  );

  assert.equal(turn.answers, ["accepted"]);
  assert.equal(turn.jobs.map(({ id }) => id), [next.id]);
  assert.is((await jobGet.one({ id: first.id }, db)).status, "succeeded");
  assert.equal(await finish(turn.jobs[0]!, "succeeded"), ["accepted", "succeeded"]);
});

test("jobFinishAndClaim() ends jobs alone, where another worker was first to take the next ones", async () => {
  const [first, next] = [await addJob(db), await addJob(db)];
  const [job] = await claim(1);
  const rule = { kind: "unique", table: "jobs", columns: ["device_id"] } as const;
  const race = new ConstraintError({ ...rule, constraint: "jobs_one_runs_per_device" });
  const options = { worker: "w1", limit: 5, lease: LEASE };

  const turn = await jobFinishAndClaim(ended(job!), options, failingOnce(race, { runs: false }));
  const other = new ConnectionError("lost", "Lost", { sent: false });
  const unsent = await rejection(
    jobFinishAndClaim(ended(job!), options, failingOnce(other, { runs: false })),
  );

  assert.equal(turn, { answers: ["accepted"], jobs: [] });
  assert.is((await jobGet.one({ id: first.id }, db)).status, "succeeded");
  assert.is((await jobGet.one({ id: next.id }, db)).status, "queued");
  assert.is(unsent, other);
});

test("JobCancel ends what waits, marks what runs, and leaves what has ended", async () => {
  const waits = await addJob(db);
  const [cancelled] = await jobCancel.run({ ids: [waits.id] }, db);
  assert.equal(cancelled, { id: waits.id, answer: "cancelled" });
  assert.is((await jobGet.one({ id: waits.id }, db)).status, "cancelled");
  assert.equal(await claim(), []);

  const { id } = await addJob(db);
  const [job] = await claim();
  const ids = [2 ** 31 - 1, id, waits.id];
  const answers = await jobCancel.run({ ids }, db);
  assert.equal(answers.map(({ answer }) => answer), ["missing", "requested", "ended"]);
  assert.equal(await heartbeat(job!), [true, true]);
  assert.equal(await finish(job!, "failed", { errorClass: "X", retrySeconds: 0 }), [
    "accepted",
    "failed",
  ]);

  for (const end of ["release", "reap"] as const) {
    const next = await addJob(db);
    const [running] = await claim();
    await jobCancel.run({ ids: [next.id] }, db);
    await outlive(running!);
    if (end === "release") {
      assert.equal(await finish(running!, "released"), ["accepted", "cancelled"]);
      assert.equal(await finish(running!, "released"), ["repeated", "cancelled"]);
    }
    if (end === "reap") assert.equal((await reap()).map(({ status }) => status), ["cancelled"]);
    assert.is((await jobGet.one({ id: next.id }, db)).status, "cancelled");
  }
});

test("A job that went back to the queue and is claimed again begins without the wish to cancel", async () => {
  const { id } = await addJob(db);
  const [job] = await claim();
  await finish(job!, "failed", { errorClass: "X", retrySeconds: 0 });
  const [again] = await claim();
  assert.equal(await heartbeat(again!), [true, false]);
  assert.is(again!.id, id);
});

test("An outcome that is none is refused, and nothing has changed", async () => {
  await addJob(db);
  const [job] = await claim();
  for (const outcome of ["queued", "expired", "running", ""]) {
    assert.instance(await rejection(finish(job!, outcome as never)), ParameterError, outcome);
  }
  assert.equal(await heartbeat(job!), [true, false]);
});

test("jobClaim() takes as many as it was told, with another token each time", async () => {
  for (let i = 0; i < 5; i++) await addJob(db);
  const tokens = new Set<string>();
  const sizes = [];
  for (const limit of [0, 1, 3, 10]) {
    const jobs = await claim(limit);
    sizes.push(jobs.length);
    for (const { claimToken } of jobs) tokens.add(claimToken);
  }
  assert.equal(sizes, [0, 1, 3, 1]);
  assert.is(tokens.size, 3);
});

test.run();
