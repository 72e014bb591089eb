/** AbortSignal: every wait ends at once with the signal's reason and leaves nothing behind. */
// Runs on the first server: it tests the client, whatever the server's version.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";
import { until } from "../support/until.ts";

const test = suite("abort");
const MAX = 2;
/** All deadlines are far away: only the signal can end a call in time. */
const FAR = 20_000;
let scene: Scene;

test.before.each(async () => {
  scene = await openScene({
    pool: { size: MAX },
    timeouts: { connect: FAR, acquire: FAR, statement: FAR, transaction: FAR },
  });
});

test.after.each(async () => {
  await scene.assertRecovered();
  await scene.close();
});

/** Makes a call, aborts it once `ready`, and asserts that it ends at once with the signal's reason. */
async function abortedWhen(
  ready: () => Promise<unknown>,
  work: (signal: AbortSignal) => Promise<unknown>,
  write?: number,
): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  const call = () => work(controller.signal);
  const running = write === undefined
    ? scene.calls.run("aborted", FAR, call)
    : scene.calls.write(write, FAR, call, { commit: true });
  await ready();

  controller.abort(reason);
  const started = performance.now();
  const end = await Promise.race([running, sleep(8_000, undefined, { ref: false })]);
  const took = performance.now() - started;

  assert.ok(end !== undefined, `still waiting ${Math.round(took)} ms after the abort`);
  assert.is((end as PromiseRejectedResult).reason, reason);
}

async function isRunning(): Promise<boolean> {
  return (await scene.sessions()).some(({ state, query }) =>
    state === "active" && /pg_sleep|fetch/.test(query)
  );
}

function runs(): Promise<void> {
  return until("the server runs it", isRunning);
}

function isStopped(): Promise<void> {
  return until("the server has stopped it", async () => !await isRunning());
}

/** Keeps every connection busy until the caller calls the returned function. */
function occupy(): () => Promise<void> {
  let free: () => void;
  const freed = new Promise<void>((resolve) => free = resolve);
  const holders = Array.from({ length: MAX }, () =>
    scene.db.transaction(async (tx) => {
      await tx.query("select 1");
      await freed;
    }));
  return async () => {
    free();
    await Promise.all(holders);
  };
}

test("query() ends at an abort while it waits for a connection", async () => {
  const free = occupy();

  await abortedWhen(
    () => until("it waits", () => scene.db.stats().waiting === 1 && scene.db.stats().busy === MAX),
    (signal) => scene.db.query("select 1", [], { signal }),
  );

  assert.is(scene.db.stats().waiting, 0);
  await free();
});

test("query() ends at an abort while its connection is being made in a black hole", async () => {
  scene.proxy.stall();
  scene.proxy.reset();
  await until("the pool has noticed", () => scene.db.stats().size === 0);

  await abortedWhen(
    () => until("it waits", () => scene.db.stats().waiting === 1),
    (signal) => scene.db.query("select 1", [], { signal }),
  );
});

test("query() ends at an abort during its statement, which the server stops", async () => {
  await abortedWhen(
    runs,
    (signal) => scene.db.query("select pg_sleep(60)", [], { signal }),
  );

  await isStopped();
});

test("query() ends at an abort when the network has fallen silent", async () => {
  await scene.db.query("select 1");
  scene.proxy.stall();

  await abortedWhen(
    () => sleep(50),
    (signal) => scene.db.query("select 1", [], { signal }),
  );
});

test("transaction() ends at an abort while it waits for a connection", async () => {
  const free = occupy();

  await abortedWhen(
    () => until("it waits", () => scene.db.stats().waiting === 1 && scene.db.stats().busy === MAX),
    (signal) =>
      scene.db.transaction((tx) => tx.query("insert into written values (1)"), { signal }),
    1,
  );

  await free();
});

test("transaction() ends at an abort when the network is silent at its begin", async () => {
  await scene.db.query("select 1");
  scene.proxy.stall();

  await abortedWhen(
    () => sleep(50),
    (signal) =>
      scene.db.transaction((tx) => tx.query("insert into written values (1)"), { signal }),
    1,
  );
});

test("transaction() ends at an abort during its statement, which the server stops", async () => {
  await abortedWhen(
    runs,
    (signal) =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        await tx.query("select pg_sleep(60)");
      }, { signal }),
    1,
  );

  await isStopped();
});

test("transaction() ends at an abort while its callback waits for something else", async () => {
  let inserted = false;

  await abortedWhen(
    () => until("it waits", () => inserted),
    (signal) =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        inserted = true;
        await new Promise(() => {});
      }, { signal }),
    1,
  );
});

test("transaction() ends at an abort when the network has fallen silent between two statements", async () => {
  await abortedWhen(
    () => sleep(200),
    (signal) =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        scene.proxy.stall();
        await tx.query("insert into written values (1)");
      }, { signal }),
    1,
  );
});

test("stream() ends at an abort during a fetch, which the server stops", async () => {
  await abortedWhen(runs, async (signal) => {
    const text = "select n, pg_sleep(60 * (n / 20)) from generate_series(1, 1000) as n";
    for await (const _ of scene.db.stream(text, [], { signal, batch: 10 }));
  });

  await isStopped();
});

test("stream() ends at an abort between two fetches", async () => {
  let seen = 0;

  await abortedWhen(
    () => until("it streams", () => seen > 20),
    async (signal) => {
      const text = "select n from generate_series(1, 1000000) as n";
      for await (const _ of scene.db.stream(text, [], { signal, batch: 10 })) {
        if (++seen % 10 === 0) await sleep(1);
      }
    },
  );
});

test("stream() ends at an abort when the network is silent at its begin", async () => {
  await scene.db.query("select 1");
  scene.proxy.stall();

  await abortedWhen(() => sleep(50), async (signal) => {
    for await (const _ of scene.db.stream("select 1", [], { signal }));
  });
});

test("ping() ends at an abort when the network has fallen silent", async () => {
  await scene.db.query("select 1");
  scene.proxy.stall();

  await abortedWhen(() => sleep(50), (signal) => scene.db.ping({ signal }));
});

test.run();
