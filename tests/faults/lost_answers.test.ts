/** Lost or truncated answers: the error reports the truth, and nothing runs twice. */
// Runs on the first server: it tests the client behind a network that fails.
import * as assert from "uvu/assert";
import { CommitUnknownError, ConnectionError, transactionStatus } from "netraven-db";
import { LONG } from "../support/effort.ts";
import { openScene, type Scene } from "../support/invariants.ts";
import type { Cut } from "../support/proxy.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("lost answers");
const MAX = 4;
const DEADLINE = 8_000;
const ROUNDS = LONG ? 10 : 4;
const INSERT = "insert into written values ($1)";
let scene: Scene;

test.before(async () => {
  scene = await openScene({
    pool: { size: MAX },
    timeouts: { connect: 4_000, acquire: 6_000, statement: 2_500, transaction: 6_000 },
  });
});

test.before.each(async () => {
  await scene.witness.query("truncate written");
  scene.calls.forget();
});

test.after.each(async () => {
  await scene.assertRecovered();
});

test.after(async () => {
  await scene.close();
});

let lastId = 0;

/** Uses every connection, so that the pool opens all of them and each has the plan of the statement. */
async function warm(text: string): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await Promise.all(
      Array.from({ length: MAX }, async () => {
        await scene.db.transaction(async (tx) => {
          await tx.query(text, [-1]);
          await tx.query("select pg_sleep(0.02)");
          await tx.query("delete from written where id = -1");
        });
      }),
    );
  }
}

for (const how of ["reset", "close"] as const satisfies Cut[]) {
  test(`query() gives the whole answer or rejects as sent when it is cut anywhere by a ${how}`, async () => {
    const { db, proxy, calls } = scene;
    const text = "select n, repeat('x', 5) as text from generate_series(1, $1::integer) as n";
    proxy.reset();
    await until("the pool has noticed", () => proxy.links.length === 0);
    const whole = (await db.query(text, [3])).rows;
    const before = proxy.links[0]!.fromServer;
    await db.query(text, [3]);
    const size = proxy.links[0]!.fromServer - before;

    const outcomes = { whole: 0, rejected: 0 };
    // Every position at both ends, where messages are short, and some in between.
    const places = Array.from({ length: size + 1 }, (_, bytes) => bytes)
      .filter((bytes) => bytes < 8 || size - bytes < 12 || bytes % (LONG ? 9 : 25) === 0);
    for (const bytes of places) {
      // The only connection knows the statement.
      await db.query(text, [3]);
      proxy.cutAfter(bytes, how);
      const end = await calls.run(`cut after ${bytes}`, DEADLINE, () => db.query(text, [3]));
      if (end.status === "fulfilled") {
        outcomes.whole++;
        assert.equal(end.value.rows, whole);
        assert.is(bytes, size, `${bytes} of ${size} bytes were taken for the whole answer`);
      } else {
        outcomes.rejected++;
        assert.instance(end.reason, ConnectionError);
        assert.is((end.reason as ConnectionError).sent, true, `after ${bytes} bytes`);
      }
      await until("the pool has noticed", () => proxy.links.length === 0);
    }
    // If the end of the connection is noticed before the last step of the answer, the answer counts as lost.
    assert.ok(outcomes.whole <= 1);
    assert.ok(outcomes.rejected > 15);
  });
}

test("query() puts an answer together that comes byte by byte", async () => {
  scene.proxy.fragment(1);

  const { rows } = await scene.db.query("select 'EEE' as e, 1 as one");

  assert.equal(rows, [{ e: "EEE", one: 1 }]);
});

test("query() answers after all its idle connections were reset", async () => {
  for (let round = 0; round < 5; round++) {
    await warm(INSERT);
    scene.proxy.reset();
    await until("the pool has noticed", () => scene.db.stats().size === 0);

    const end = await scene.calls.run("read", DEADLINE, () => scene.db.query("select 1"));

    assert.is(end.status, "fulfilled");
  }
});

/**
 * Resets connections and makes a call in the same turn, before the pool can notice. Some runtimes report
 * the reset before the call's bytes are written, some after.
 */
async function afterReset<T>(reset: () => number, work: () => Promise<T>): Promise<T> {
  const { discarded } = scene.db.stats();
  let count = 0;
  const call = new Promise<T>((resolve, reject) => {
    setTimeout(() => {
      count = reset();
      work().then(resolve, reject);
    }, 1);
  });
  const [end] = await Promise.allSettled([call]);
  await until("the pool has noticed", () => scene.db.stats().discarded >= discarded + count);
  if (end.status === "rejected") throw end.reason;
  return end.value;
}

/** Counts calls that were answered, rejected as sent, and rejected as not sent. */
class Outcomes {
  answered = 0;
  sent = 0;
  unsent = 0;

  add(end: PromiseSettledResult<unknown>): void {
    if (end.status === "fulfilled") return void this.answered++;
    assert.instance(end.reason, ConnectionError);
    if ((end.reason as ConnectionError).sent) this.sent++;
    else this.unsent++;
  }

  toString(): string {
    return `${this.answered} answered, ${this.sent} rejected as sent, ${this.unsent} as not sent`;
  }
}

test("query() reads again what could not be sent when its idle connection was reset", async () => {
  const { db, proxy, calls } = scene;
  const outcomes = new Outcomes();
  for (let round = 0; round < ROUNDS; round++) {
    await warm(INSERT);
    // The pool lends the most recently returned connection next.
    const { rows } = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
    const session = (await scene.sessions()).find(({ pid }) => pid === rows[0]!.pid);
    const link = proxy.links.find(({ serverSees }) => serverSees === session!.clientPort)!;
    const reset = () => {
      link.cut("reset");
      return 1;
    };

    outcomes.add(
      await calls.run("read", DEADLINE, () => afterReset(reset, () => db.query("select 1"))),
    );
  }

  console.log(`one connection reset, reads: ${outcomes}`);
  assert.is(outcomes.unsent, 0, "an unsent read is not told");
});

test("query() reads again what could not be sent when all idle connections were reset", async () => {
  const { db, proxy, calls } = scene;
  const outcomes = new Outcomes();
  for (let round = 0; round < ROUNDS; round++) {
    await warm(INSERT);

    outcomes.add(
      await calls.run(
        "read",
        DEADLINE,
        () => afterReset(() => proxy.reset(), () => db.query("select 1")),
      ),
    );
  }

  console.log(`all connections reset, reads: ${outcomes}`);
  assert.is(outcomes.unsent, 0, "an unsent read is not told");
});

test("query() leaves nothing running on the server when its connection is reset", async () => {
  const { db, proxy, calls } = scene;
  const timeout = { timeout: 20_000 };
  const text = "insert into written select $1 from pg_sleep(60)";
  const running = calls.write(++lastId, 20_000, () => db.query(text, [lastId], timeout));
  const isSleeping = async () =>
    (await scene.sessions()).some(({ state, query }) =>
      state === "active" && query.includes("pg_sleep(60)")
    );
  await until("it runs", isSleeping);

  proxy.reset();
  const end = await running;

  assert.instance(end.status === "rejected" && end.reason, ConnectionError);
  // The server checks every few seconds whether the client still waits for the answer.
  await until("the server has stopped it", async () => !await isSleeping(), 20_000);
});

test("query() never writes twice when its idle connection was reset, and says whether it was sent", async () => {
  const { db, proxy, calls } = scene;
  const outcomes = new Outcomes();
  for (let round = 0; round < ROUNDS; round++) {
    await warm(INSERT);
    const id = ++lastId;

    outcomes.add(
      await calls.write(
        id,
        DEADLINE,
        () => afterReset(() => proxy.reset(), () => db.query(INSERT, [id])),
      ),
    );
  }

  console.log(`all connections reset, writes: ${outcomes}`);
  assert.is(outcomes.answered, 0);
});

test("transaction() begins on another connection when all idle ones were reset", async () => {
  const { db, proxy, calls } = scene;
  const outcomes = new Outcomes();
  for (let round = 0; round < ROUNDS; round++) {
    await warm(INSERT);
    const id = ++lastId;
    const insert = () => db.transaction((tx) => tx.query(INSERT, [id]));

    outcomes.add(
      await calls.write(id, DEADLINE, () => afterReset(() => proxy.reset(), insert), {
        commit: true,
      }),
    );
  }

  console.log(`all connections reset, transactions: ${outcomes}`);
  assert.is(outcomes.answered, ROUNDS, "nothing of the callers' was sent");
});

/** A transaction of one statement, which the commit follows directly. */
async function writeOnce(id: number): Promise<unknown> {
  const end = await scene.calls.write(id, DEADLINE, () =>
    scene.db.transaction(async (tx) => {
      await tx.query("insert into written values ($1)", [id]);
    }), { commit: true });
  return end.status === "rejected" ? end.reason : undefined;
}

for (const how of ["reset", "close", "stall"] as const satisfies Cut[]) {
  // A silent network makes the caller wait for the whole deadline.
  const rounds = how === "stall" && !LONG ? 1 : 3;

  test(`transaction() does not know its outcome when the answer to its commit is lost by a ${how}`, async () => {
    const { db, proxy } = scene;
    for (let round = 0; round < rounds; round++) {
      const id = ++lastId;
      proxy.loseCommit("answer", how);
      const error = await writeOnce(id);
      proxy.pass();

      assert.instance(error, CommitUnknownError);
      const { transactionId } = error as CommitUnknownError;
      assert.type(transactionId, "string", "it can be looked up");
      assert.is(await transactionStatus({ id: transactionId! }, db), "committed");
      assert.ok((await scene.written()).includes(id));
    }
  });

  test(`transaction() does not know its outcome when its commit is lost by a ${how}`, async () => {
    const { db, proxy } = scene;
    for (let round = 0; round < rounds; round++) {
      const id = ++lastId;
      proxy.loseCommit("commit", how);
      const error = await writeOnce(id);
      const { transactionId } = error as CommitUnknownError;
      assert.instance(error, CommitUnknownError);
      assert.type(transactionId, "string", "it can be looked up");
      // Uses another connection, because for the server a stalled one is still in its transaction.
      const early = await transactionStatus({ id: transactionId! }, scene.witness);
      proxy.pass();

      assert.match(early, how === "stall" ? /^in progress$/ : /^(in progress|aborted)$/);
      await until(
        "it is aborted",
        async () => await transactionStatus({ id: transactionId! }, db) === "aborted",
      );
      assert.not((await scene.written()).includes(id));
    }
  });
}

test("transaction() that only read says that it was lost, not that its outcome is unknown", async () => {
  scene.proxy.loseCommit("answer");

  const error = await rejection(scene.db.transaction(async (tx) => {
    await tx.query("select 1", [], { reads: true });
  }));

  assert.instance(error, ConnectionError);
});

test.run();
