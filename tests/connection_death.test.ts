/**
 * Connections that die: no uncaught error (the suite counts them), no hang, no half transaction, and no
 * error for other callers. The pool works afterwards.
 */
// Runs on the first server: it tests the client, whatever the server's version.
import * as assert from "uvu/assert";
import { connect, ConnectionError, type Database, type DatabaseError } from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("connection death");
const MAX = 4;
let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Database;
/** Another pool of the same role, which terminates sessions of the first one. */
let killer: Database;

test.before(async () => {
  database = await createDatabase();
  killer = await connect({ url: `${database.url}?application_name=killer`, pool: { size: 2 } });
  await killer.query("create table pairs (pair integer, half integer, primary key (pair, half))");
});

test.before.each(async () => {
  await killer.query("truncate pairs");
  db = await connect({
    url: `${database.url}?application_name=victim`,
    pool: { size: MAX },
    logging: { level: "silent" },
  });
});

test.after.each(async () => {
  // Whatever happened, every connection works again and none leaks.
  const answers = await Promise.all(
    Array.from(
      { length: MAX * 3 },
      (_, i) => db.query<{ i: number }>("select $1::integer as i", [i]),
    ),
  );
  assert.equal(answers.map(({ rows }) => rows[0]?.i), Array.from({ length: MAX * 3 }, (_, i) => i));
  assert.ok(db.stats().size <= MAX);
  await db.close();
  await until("no session is left", async () => (await victims()).length === 0);
});

test.after(async () => {
  await killer.close();
  await database.drop();
});

async function victims(): Promise<number[]> {
  const { rows } = await killer.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and application_name = 'victim'",
  );
  return rows.map(({ pid }) => pid);
}

async function kill(pids: readonly number[]): Promise<void> {
  await killer.query("select pg_terminate_backend(pid) from unnest($1::integer[]) as pid", [pids]);
}

async function pidOf(run: Pick<Database, "query">): Promise<number> {
  return (await run.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;
}

/** Terminates a session and waits until the server has removed it. */
async function killAndWait(pid: number): Promise<void> {
  await kill([pid]);
  await until("the session is gone", async () => !(await victims()).includes(pid));
}

test("query() answers after its idle connection was killed", async () => {
  for (let round = 0; round < 20; round++) {
    await killAndWait(await pidOf(db));

    assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
  }
});

test("query() answers or rejects at once when its connection is killed in the same tick", async () => {
  for (let round = 0; round < 30; round++) {
    const pid = await pidOf(db);

    const [answer] = await Promise.allSettled([db.query("select 1 as one"), kill([pid])]);

    if (answer.status === "rejected") assert.instance(answer.reason, ConnectionError);
    await until("the session is gone", async () => !(await victims()).includes(pid));
    await until("the pool has noticed", () => db.stats().discarded > round);
    assert.equal((await db.query("select 2 as two")).rows, [{ two: 2 }]);
  }
});

test("query() rejects as sent when its connection is killed during the statement", async () => {
  const sleeping = rejection(db.query("select pg_sleep(30)", [], { name: "Sleep" }));
  await until("the statement runs", async () => {
    const { rows } = await killer.query(
      "select from pg_stat_activity where datname = current_database() and application_name = 'victim' and wait_event = 'PgSleep'",
    );
    return rows.length === 1;
  });

  await kill(await victims());
  const error = await sleeping;

  assert.instance(error, ConnectionError);
  assert.is((error as ConnectionError).sent, true);
  assert.is(error.message, "The server ended the connection (Sleep)");
  assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
});

test("transaction() rejects and stores nothing when killed between its statements", async () => {
  for (let round = 0; round < 10; round++) {
    const error = await rejection(db.transaction(async (tx) => {
      await tx.query("insert into pairs values ($1, 1)", [round]);
      await killAndWait(await pidOf(tx));
      await tx.query("insert into pairs values ($1, 2)", [round]);
    }));

    assert.instance(error, ConnectionError);
  }

  assert.equal((await killer.query("select * from pairs")).rows, []);
});

test("transaction() rejects and stores nothing when killed during a statement", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    await tx.query("insert into pairs values (1, 1)");
    const pid = await pidOf(tx);
    const sleeping = tx.query("select pg_sleep(30)");
    await kill([pid]);
    await sleeping;
  }));

  assert.instance(error, ConnectionError);
  assert.equal((await killer.query("select * from pairs")).rows, []);
});

test("transaction() refuses, unsent, what follows a death that the callback hid", async () => {
  let second: unknown;
  const error = await rejection(db.transaction(async (tx) => {
    await tx.query("insert into pairs values (1, 1)");
    await killAndWait(await pidOf(tx));
    await tx.query("insert into pairs values (1, 2)").catch(() => {});
    await tx.query("insert into pairs values (1, 3)").catch((caught) => second = caught);
  }));

  await until("the callback has ended", () => second !== undefined);
  assert.instance(error, ConnectionError);
  assert.match((second as DatabaseError).message, /lost before the commit|transaction is over/i);
  assert.equal((await killer.query("select * from pairs")).rows, []);
});

test("transaction() rejects when killed while its callback waits for something else", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    await tx.query("insert into pairs values (1, 1)");
    await kill([await pidOf(tx)]);
    await new Promise(() => {});
  }));

  assert.instance(error, ConnectionError);
  assert.match(error.message, /the server stored nothing of/);
});

test("transaction() begins on another connection when the idle one was killed", async () => {
  await killAndWait(await pidOf(db));

  await db.transaction(async (tx) => {
    await tx.query("insert into pairs values (1, 1)");
  });

  assert.equal((await killer.query("select * from pairs")).rows, [{ pair: 1, half: 1 }]);
});

test("stream() rejects when killed between its batches", async () => {
  const seen: number[] = [];
  const error = await rejection((async () => {
    const rows = db.stream<{ n: number }>("select generate_series(1, 1000) as n", [], {
      batch: 10,
    });
    for await (const { n } of rows) {
      seen.push(n);
      if (n === 25) await kill(await victims());
    }
  })());

  assert.instance(error, ConnectionError);
  assert.equal(seen.slice(-1), [30]);
});

test("transaction() stores all or nothing in a storm of kills", async () => {
  const acknowledged: number[] = [];
  const rejected: number[] = [];
  let running = true;
  let next = 0;
  const workers = Array.from({ length: MAX * 2 }, async () => {
    while (running) {
      const pair = next++;
      try {
        await db.transaction(async (tx) => {
          await tx.query("insert into pairs values ($1, 1)", [pair]);
          await tx.query("insert into pairs values ($1, 2)", [pair]);
        });
        acknowledged.push(pair);
      } catch {
        rejected.push(pair);
      }
    }
  });
  const deadline = performance.now() + 3000;
  let kills = 0;
  while (performance.now() < deadline) {
    const pids = await victims();
    await kill(pids.slice(0, 1 + kills % 2));
    kills += pids.length > 0 ? 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  running = false;
  await Promise.all(workers);

  const { rows } = await killer.query<{ pair: number; halves: number }>(
    "select pair, count(*) as halves from pairs group by pair",
  );
  const stored = new Set(rows.map(({ pair }) => pair));
  assert.ok(kills > 10, `only ${kills} kills`);
  assert.ok(acknowledged.length > 10 && rejected.length > 0);
  assert.equal(rows.filter(({ halves }) => halves !== 2), [], "half transactions");
  assert.equal(acknowledged.filter((pair) => !stored.has(pair)), [], "acknowledged and lost");
});

test.run();
