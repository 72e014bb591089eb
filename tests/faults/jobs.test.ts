/** A worker on a failing network: it gives up jobs that it may have lost, and stores completed outcomes. */
// Runs on the first server: it tests the client behind a network that fails.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import {
  ConnectionError,
  jobAttemptList,
  jobClaim,
  jobGet,
  type JobLost,
  jobReap,
  TimeoutError,
  work,
  type Worker,
} from "netraven-db";
import { addJob } from "../support/factories.ts";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("jobs under faults");
/** Milliseconds. */
const LEASE = 1_500;
let scene: Scene;
let worker: Worker | undefined;

test.before.each(async () => {
  worker = undefined;
  scene = await openScene({
    pool: { size: 2 },
    timeouts: { connect: 500, acquire: 500, statement: 500, transaction: 1_000 },
  });
});

test.after.each(async () => {
  scene.proxy.pass();
  await scene.proxy.listen();
  await worker?.stop({ grace: 0 });
  await scene.assertRecovered();
  await scene.close();
});

async function outcomes(jobId: number): Promise<string[]> {
  const rows = await jobAttemptList.run({ jobId, limit: 100 }, scene.witness);
  return rows.map(({ outcome }) => outcome);
}

test("A handler is told before anybody else can have its job, where the network is silent", async () => {
  const { id } = await addJob(scene.witness);
  let lost: { reason: JobLost; stillHeld: boolean } | undefined;
  worker = work({ lease: LEASE, poll: 100 }, async (job, { signal }) => {
    if (job.attempt > 1) return;
    await until("it is told", () => signal.aborted);
    const { leaseUntil } = await jobGet.one({ id }, scene.witness);
    const { rows } = await scene.witness.query<{ now: Date }>("select now() as now");
    // By the server's clock, which the worker never reads.
    lost = { reason: signal.reason as JobLost, stillHeld: leaseUntil! > rows[0]!.now };
  }, scene.db);
  await until("it runs", () => worker!.running === 1);
  await sleep(LEASE);

  scene.proxy.stall();

  await until("it was told", () => lost !== undefined);
  assert.is(lost!.reason.reason, "lease");
  const take = { backoffSeconds: 0, maxBackoffSeconds: 0, limit: 10 };
  await until(
    "somebody takes it away",
    async () => (await jobReap.run(take, scene.witness)).length === 1,
  );
  scene.proxy.pass();
  scene.proxy.reset();
  await until(
    "it is done",
    async () => (await jobGet.one({ id }, scene.witness)).status === "succeeded",
  );
  assert.equal(await outcomes(id), ["expired", "succeeded"]);
  console.log(`told while the lease still counted: ${lost!.stillHeld}`);
});

test("Every job is done and its end counts once, while connections are reset again and again", async () => {
  const jobs = await Promise.all(Array.from({ length: 60 }, () => addJob(scene.witness)));
  const runs = new Map<number, number>();
  worker = work({ lease: LEASE, poll: 100, backoff: 1 }, async ({ id }) => {
    runs.set(id, (runs.get(id) ?? 0) + 1);
    await sleep(10);
  }, scene.db);
  const done = async () => {
    const { rows } = await scene.witness.query("select 1 from jobs where completed_at is null");
    return rows.length === 0;
  };
  for (let i = 0; i < 40 && !await done(); i++) {
    scene.proxy.reset();
    await sleep(50);
  }

  await until("all are done", done);

  for (const { id } of jobs) {
    assert.is((await jobGet.one({ id }, scene.witness)).status, "succeeded");
    assert.is((await outcomes(id)).filter((outcome) => outcome === "succeeded").length, 1);
    assert.ok(runs.get(id)! >= 1);
  }
});

test("jobClaim() gives what it took where only the answer was lost", async () => {
  const claim = () => jobClaim({ worker: "w", limit: 5, lease: 60_000 }, scene.db);
  assert.equal(await claim(), []);
  const made = [await addJob(scene.witness), await addJob(scene.witness)];
  scene.proxy.cutAfter(1);

  const jobs = await claim();

  assert.equal(jobs.map(({ id, attempt }) => [id, attempt]), made.map(({ id }) => [id, 1]));
  assert.is(new Set(jobs.map(({ claimToken }) => claimToken)).size, 1);
  assert.ok(scene.db.stats().discarded > 0);
});

test("jobClaim() rejects where its statement was lost as well", async () => {
  const claim = () => jobClaim({ worker: "w", limit: 5, lease: 60_000 }, scene.db);
  assert.equal(await claim(), []);
  const { id } = await addJob(scene.witness);
  await scene.proxy.refuse();
  scene.proxy.reset();

  const error = await rejection(claim());

  assert.ok(error instanceof ConnectionError || error instanceof TimeoutError);
  assert.is((await jobGet.one({ id }, scene.witness)).status, "queued");
});

test("An end is stored once its server is back, within the lease", async () => {
  const { id } = await addJob(scene.witness);
  let go: () => void = () => {};
  worker = work(
    { lease: 20_000, poll: 100 },
    () => new Promise<void>((resolve) => go = resolve),
    scene.db,
  );
  await until("it runs", () => worker!.running === 1);
  await scene.proxy.refuse();
  scene.proxy.reset();
  go();
  await until("it has ended", () => worker!.running === 0);
  await sleep(300);

  await scene.proxy.listen();

  await until(
    "it is stored",
    async () => (await jobGet.one({ id }, scene.witness)).status === "succeeded",
  );
  assert.equal(await outcomes(id), ["succeeded"]);
});

test.run();
