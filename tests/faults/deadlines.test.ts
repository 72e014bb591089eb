/** A silent or refusing network: every wait ends at its deadline and names the wait. */
// Runs on the first server: it tests the client behind a network that fails.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { CommitUnknownError, connect, ConnectionError, TimeoutError } from "netraven-db";
import { LONG } from "../support/effort.ts";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("deadlines");
/** Milliseconds that a call may exceed its deadline on a busy machine. Without a deadline it would never end. */
const SLACK = 15_000;
const MAX = 4;
/** Long enough for the work of a test on a busy machine. */
const CONNECT = 1_200;
const ACQUIRE = 2_000;
const STATEMENT = 800;
const ROUNDS = LONG ? 40 : 16;
let scene: Scene;

test.before.each(async () => {
  scene = await openScene({
    pool: { size: MAX },
    timeouts: { connect: CONNECT, acquire: ACQUIRE, statement: STATEMENT, transaction: 6_000 },
  });
});

test.after.each(async () => {
  await scene.assertRecovered();
  await scene.close();
});

/** Returns the error of a call, and asserts that it takes as long as its deadline. */
async function endsAfter(deadline: number, work: () => Promise<unknown>): Promise<Error> {
  const started = performance.now();
  const error = await rejection(work());
  const took = performance.now() - started;
  assert.ok(took >= deadline - 20, `ended after ${took} ms, before its ${deadline} ms`);
  assert.ok(took < deadline + SLACK, `ended after ${took} ms, not its ${deadline} ms`);
  return error;
}

function assertTimeout(error: unknown, kind: TimeoutError["kind"], sent: boolean): void {
  assert.instance(error, TimeoutError, String(error));
  assert.equal(
    { kind: (error as TimeoutError).kind, sent: (error as TimeoutError).sent },
    { kind, sent },
  );
}

/** Uses every connection, so that the pool opens all of them. */
async function warm(): Promise<void> {
  await Promise.all(
    Array.from({ length: MAX }, () => scene.db.query("select pg_sleep(0.05)")),
  );
}

async function isSleeping(): Promise<boolean> {
  return (await scene.sessions()).some(({ state, query }) =>
    state === "active" && query.includes("pg_sleep")
  );
}

test("query() ends at its deadline when the network falls silent during the statement", async () => {
  const error = await endsAfter(STATEMENT, async () => {
    const running = scene.calls.write(
      1,
      STATEMENT,
      () =>
        scene.db.query("insert into written select 1 from pg_sleep(0.2)", [], { name: "Insert" }),
    );
    await until("it runs", isSleeping);
    scene.proxy.stall();
    const end = await running;
    if (end.status === "rejected") throw end.reason;
  });

  assertTimeout(error, "statement", true);
  assert.match(error.message, /Insert/);
});

test("query() ends at its deadline on a connection that fell silent while idle", async () => {
  await warm();
  scene.proxy.stall();

  const errors = await Promise.all(
    Array.from({ length: MAX }, () => endsAfter(STATEMENT, () => scene.db.query("select 1"))),
  );

  errors.forEach((error) => assertTimeout(error, "statement", true));
});

test("query() keeps a deadline of its own, the wait for a connection included", async () => {
  await warm();
  scene.proxy.stall();
  const others = Promise.allSettled(
    Array.from({ length: MAX }, () => scene.db.query("select 1")),
  );

  const error = await endsAfter(150, () => scene.db.query("select 1", [], { timeout: 150 }));

  assertTimeout(error, "acquire", false);
  await others;
});

test("transaction() ends at its statement's deadline when the network falls silent between two", async () => {
  const end = await scene.calls.write(1, STATEMENT, () =>
    scene.db.transaction(async (tx) => {
      await tx.query("insert into written values (1)");
      scene.proxy.stall();
      await tx.query("insert into written values (1)", [], { name: "Second" });
    }), { commit: true });

  assertTimeout(end.status === "rejected" && end.reason, "statement", true);
});

test("transaction() ends at its own deadline when the network falls silent between two", async () => {
  const error = await endsAfter(300, async () => {
    const end = await scene.calls.write(1, 300, () =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        scene.proxy.stall();
        await tx.query("insert into written values (1)");
      }, { timeout: 300 }), { commit: true });
    if (end.status === "rejected") throw end.reason;
  });

  assertTimeout(error, "transaction", true);
});

test("transaction() ends at its own deadline when the network falls silent before it begins", async () => {
  await scene.db.query("select 1");
  scene.proxy.stall();

  const error = await endsAfter(200, () =>
    scene.db.transaction(async (tx) => {
      await tx.query("insert into written values (1)");
    }, { timeout: 200 }));

  // No statement of the caller has left the process.
  assertTimeout(error, "transaction", false);
});

test("transaction() does not know its outcome when the network falls silent at the commit", async () => {
  let id: string | undefined;
  const error = await endsAfter(STATEMENT, async () => {
    const end = await scene.calls.write(1, STATEMENT, () =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        const { rows } = await tx.query<{ id: string }>("select pg_current_xact_id()::text as id");
        id = rows[0]!.id;
        // The layer's query for the transaction id follows each write: this answer comes after its.
        await tx.query("select 1", [], { reads: true });
        scene.proxy.stall();
      }), { commit: true });
    if (end.status === "rejected") throw end.reason;
  });

  assert.instance(error, CommitUnknownError);
  assert.is((error as CommitUnknownError).transactionId, id);
});

test("connect() ends at its deadline in a black hole", async () => {
  scene.proxy.stall();

  const error = await endsAfter(
    300,
    () => connect({ url: scene.proxy.url("newcomer"), timeouts: { connect: 300 } }),
  );

  assertTimeout(error, "connect", false);
  assert.not.match(error.message, new RegExp(new URL(scene.proxy.url("")).password));
});

/** A pool without a connection, on a server that answers no new one. */
async function blackHole(): Promise<void> {
  scene.proxy.stall();
  scene.proxy.reset();
  await until("the pool has noticed", () => scene.db.stats().size === 0);
}

test("query() ends at the deadline of connecting when every new connection is a black hole", async () => {
  await blackHole();

  const error = await endsAfter(CONNECT, () => scene.db.query("select 1"));

  assertTimeout(error, "connect", false);
});

test("query() and transaction() end at their own deadline when every new connection is a black hole", async () => {
  await blackHole();

  const calls = [
    () => scene.db.query("select 1", [], { timeout: 200 }),
    () => scene.db.transaction((tx) => tx.query("select 1"), { timeout: 200 }),
    () => scene.db.ping({ timeout: 200 }),
  ];

  for (const call of calls) {
    const error = await endsAfter(200, call);

    assert.instance(error, TimeoutError);
    assert.is((error as TimeoutError).sent, false);
    // Both deadlines are at the same time.
    assert.match((error as TimeoutError).kind, /^(acquire|connect)$/);
  }
});

test("query() is not told the failure of an attempt that began before it came", async () => {
  await blackHole();
  const early = endsAfter(CONNECT, () => scene.db.query("select 1"));
  await sleep(CONNECT / 2);

  const late = scene.calls.run("late", ACQUIRE, () => scene.db.query("select 2 as two"));
  assertTimeout(await early, "connect", false);
  // The second attempt gets its answer now.
  scene.proxy.pass();
  const end = await late;

  assert.is(end.status, "fulfilled", end.status === "rejected" ? String(end.reason) : "");
});

test("query() leaves its neighbours alone when its deadline cancels it on the server", async () => {
  const { db, proxy, calls } = scene;
  // The cancel request arrives while the statement ends and the next connection works.
  proxy.delay(3);
  let timeouts = 0;
  let running = true;
  const innocents = Array.from({ length: 2 }, async (_, caller) => {
    for (let i = 0; running; i++) {
      const end = await calls.run(
        `innocent ${caller}.${i}`,
        5_000,
        () => db.query("select pg_sleep(0.01)"),
      );
      if (end.status === "rejected") throw end.reason;
    }
  });
  for (let round = 0; round < ROUNDS; round++) {
    // Some statements end long before their deadline, most of them at it.
    const seconds = round % 4 === 0 ? 30 : 0.02;
    const end = await calls.run(
      "victim",
      400,
      () => db.query(`select pg_sleep(${seconds})`, [], { timeout: 25 + round % 3 }),
    );
    if (end.status === "rejected") {
      // The wait for a connection counts as well, and new connections are slow here.
      assert.instance(end.reason, TimeoutError);
      timeouts++;
    }
  }
  running = false;
  await Promise.all(innocents);

  assert.ok(timeouts >= ROUNDS / 4, `only ${timeouts} timeouts`);
  proxy.pass();
  await until("nothing sleeps on the server", async () => !await isSleeping());
});

test("query() waits for a server that is back within its deadline", async () => {
  await warm();
  await scene.proxy.refuse();
  scene.proxy.reset();
  await until("the pool has noticed", () => scene.db.stats().size === 0);

  const waiting = Array.from(
    { length: 20 },
    (_, i) =>
      scene.calls.write(i, ACQUIRE, () => scene.db.query("insert into written values ($1)", [i])),
  );
  await sleep(400);
  await scene.proxy.listen();
  const ends = await Promise.all(waiting);

  assert.equal(ends.filter(({ status }) => status === "rejected"), []);
});

test("query() says at its deadline that the server refuses, and that nothing was sent", async () => {
  await warm();
  await scene.proxy.refuse();
  scene.proxy.reset();
  await until("the pool has noticed", () => scene.db.stats().size === 0);

  const errors = await Promise.all(
    Array.from({ length: 20 }, () => endsAfter(ACQUIRE, () => scene.db.query("select 1"))),
  );

  for (const error of errors) {
    assert.instance(error, ConnectionError);
    const { reason, sent } = error as ConnectionError;
    assert.equal({ reason, sent }, { reason: "refused", sent: false });
  }
});

test.run();
