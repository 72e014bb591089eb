/** Idle connections: the pool closes them in time and detects the ones that a firewall has dropped. */
// Runs on the first server: it tests the client, whatever the server's version.
import * as assert from "uvu/assert";
import { connect, type Database } from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { type Proxy, startProxy } from "./support/proxy.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("idle connections");
const SIZE = 6;
let database: Awaited<ReturnType<typeof createDatabase>>;
let proxy: Proxy;
let db: Database;

test.before(async () => {
  database = await createDatabase();
  const owner = await connect({ url: database.url });
  await owner.query("create table notes (id integer)");
  await owner.close();
  proxy = await startProxy(database.url);
});

test.after.each(async () => {
  proxy.pass();
  await db.close({ drain: 0 });
});

test.after(async () => {
  await proxy.close();
  await database.drop();
});

/** Opens a pool with all its connections idle. */
async function full(more: object = {}): Promise<void> {
  db = await connect({
    url: proxy.url("idle"),
    timeouts: { statement: 60_000, acquire: 60_000, connect: 60_000 },
    logging: { level: "silent" },
    ...more,
    pool: { size: SIZE, ...(more as { pool?: object }).pool },
  });
  await Promise.all(Array.from({ length: SIZE }, () => db.query("select pg_sleep(0.1)")));
  await until("all connections are idle", () => db.stats().idle === SIZE);
}

/** The firewall silently drops every existing connection; new ones pass. */
function forget(): void {
  for (const link of proxy.links) link.cut("stall");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

for (
  const [what, call] of [
    ["a read", (db: Database) => db.query("select 1 as one")],
    ["a write", (db: Database) => db.query("insert into notes values (1)")],
    [
      "a transaction",
      (db: Database) => db.transaction((tx) => tx.query("insert into notes values (1)")),
    ],
  ] as const
) {
  test(`${what} finds a new connection where all that were idle for long are half-open`, async () => {
    await full();
    await pause(700);
    forget();
    const started = performance.now();

    for (let i = 0; i < SIZE * 2; i++) await call(db);

    // One probe gets no answer, which takes no deadline of a minute.
    assert.ok(performance.now() - started < 30_000);
    assert.ok(db.stats().discarded >= SIZE);
  });
}

test("query() loses one deadline at most, where connections were in use just before they went half-open", async () => {
  await full();
  await Promise.all(Array.from({ length: SIZE }, () => db.query("select pg_sleep(0.1)")));
  forget();
  let late = 0;

  for (let i = 0; i < SIZE * 2; i++) {
    await db.query("insert into notes values (1)", [], { timeout: 3_000 }).catch(() => late++);
  }

  assert.ok(late <= 1, `${late} calls were late`);
});

test("query() keeps the connections that answer, however long they were idle", async () => {
  await full();
  await pause(700);

  await Promise.all(Array.from({ length: SIZE }, () => db.query("select pg_sleep(0.05)")));

  assert.is(db.stats().discarded, 0);
  assert.is(db.stats().size, SIZE);
});

test("pool.idleTimeout closes what nobody uses", async () => {
  await full({ pool: { idleTimeout: 300 } });
  const started = performance.now();

  await until("all connections are closed", () => db.stats().size === 0);

  assert.ok(performance.now() - started >= 100);
  await until("their sessions have ended", () => proxy.links.length === 0);
  assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
});

test("pool.maxLifetime replaces a connection that is in use all the time", async () => {
  await full({ pool: { maxLifetime: 400 } });
  const pids = new Set<number>();

  await until("another connection is used", async () => {
    const { rows } = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
    pids.add(rows[0]!.pid);
    return pids.size > SIZE;
  });

  assert.is(db.stats().discarded, 0);
});

test("query() takes an answer that arrived while the event loop stood still for longer than its deadline", async () => {
  db = await connect({
    url: database.url,
    pool: { size: 2 },
    timeouts: { statement: 300, acquire: 300, transaction: 300 },
    logging: { level: "silent" },
  });
  const standStill = (milliseconds: number) => {
    for (const until = performance.now() + milliseconds; performance.now() < until;);
  };

  for (let i = 0; i < 3; i++) {
    const reading = db.query("select $1::integer as i", [i]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    standStill(500);
    assert.equal((await reading).rows, [{ i }]);

    const writing = db.transaction(async (tx) => {
      await tx.query("insert into notes values ($1)", [1_000 + i]);
      setTimeout(() => standStill(500), 0);
    });
    await writing;
  }

  const { rows } = await db.query("select count(*)::integer as count from notes where id >= 1000");
  assert.equal(rows, [{ count: 3 }]);
});

test("query() still ends at its deadline where nothing arrives", async () => {
  await full();
  proxy.stall();

  const error = await rejection(db.query("select 1", [], { timeout: 300 }));

  assert.is(error.name, "TimeoutError");
});

test.run();
