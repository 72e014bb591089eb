/**
 * A server that stops, is killed, freezes or refuses connections: acknowledged writes are present, nothing
 * hangs, and the pool recovers.
 */
// Runs on the first server: it tests the client when a server goes away.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  type Database,
  TimeoutError,
} from "netraven-db";
import { LONG } from "../support/effort.ts";
import { type Calls, openScene, type Scene, type SceneOptions } from "../support/invariants.ts";
import { startLoad } from "../support/load.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { suite } from "../support/suite.ts";
import { tellFigures } from "../support/summary.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("server", { timeout: LONG ? 280_000 : 180_000 });
const TEMPLATE = "netraven_template";
/** Milliseconds that a call may exceed its deadline on a busy machine. */
const SLACK = 15_000;
/** Milliseconds after a start in which the pool must recover. An idle machine needs less than 5,000. */
const RECOVERY = 60_000;
/** Long enough to outlast a restart. */
const PATIENT = {
  pool: { size: 8 },
  timeouts: { connect: 5_000, acquire: 15_000, statement: 5_000, transaction: 20_000 },
};
/** Maximum duration of a call with these timeouts: a wait and a statement. */
const PATIENCE = 21_000;
const ROUNDS = LONG ? 8 : 1;

let server: TestServer;
let scene: Scene;
/** Whether the test is still running. A failed test must not affect the next ones. */
let isOpen = false;
const sum = { answered: 0, rejected: 0, rows: 0, unknown: 0, replaced: 0, hung: 0, recovery: 0 };

test.before(async () => {
  server = await startServer({ template: TEMPLATE });
});

test.after.each(async () => {
  if (!isOpen) return;
  isOpen = false;
  await server.start();
  await scene.close();
});

test.after(async () => {
  tellFigures(
    `${sum.answered} answered, ${sum.rejected} rejected, ${sum.rows} acknowledged rows found, ` +
      `${sum.unknown} of unknown outcome, ${sum.replaced} connections replaced, ${sum.hung} hung; ` +
      `worked again at most ${sum.recovery} ms after the call for a start`,
  );
  await server.remove();
});

/** Opens the scene of a test on the file's server. */
async function open(options: ConnectOptions, where: SceneOptions = {}): Promise<Scene> {
  scene = await openScene(options, { place: { url: server.url }, ...where });
  isOpen = true;
  return scene;
}

/** Checks the invariants and closes the scene. */
async function close(): Promise<void> {
  await scene.assertRecovered();
  count(scene.calls);
  sum.replaced += scene.db.stats().discarded;
  isOpen = false;
  await scene.close();
}

function count(calls: Calls): void {
  const { answered, rejected, late, pending } = calls.figures;
  sum.hung += late + pending;
  sum.answered += answered;
  sum.rejected += rejected;
  sum.rows += calls.ids("stored").length;
  sum.unknown += calls.ids("unknown").length;
}

/** Opens a second client with other options while the callback runs. */
async function as<T>(options: ConnectOptions, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await connect({ logging: { level: "silent" }, ...options });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

function asSuperuser(statement: string): Promise<unknown> {
  return as({ url: server.superuserUrl }, (db) => db.query(statement));
}

/** Returns the same URL for another role or database. */
function changed(url: string, change: { user?: string; password?: string; database?: string }) {
  const other = new URL(url);
  if (change.user !== undefined) other.username = change.user;
  if (change.password !== undefined) other.password = change.password;
  if (change.database !== undefined) other.pathname = `/${change.database}`;
  return other.href;
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** Asserts the class and the message of an error. */
function assertError<T extends Error>(
  error: unknown,
  kind: new (...parameters: never[]) => T,
  said: { readonly [key in keyof T]?: unknown },
): void {
  assert.instance(error, kind, String(error));
  for (const [key, value] of Object.entries(said)) {
    assert.is((error as T)[key as keyof T], value, `${key} of ${error}`);
  }
}

// --- Stop and start

/** Three kinds of calls while no server runs. */
function latecomers(firstId: number): Promise<PromiseSettledResult<unknown>[]> {
  const { db, calls } = scene;
  return Promise.all([
    calls.run("late read", PATIENCE, () => db.query("select 1")),
    calls.write(
      firstId,
      PATIENCE,
      () => db.query("insert into written values ($1)", [firstId]),
    ),
    calls.write(firstId + 1, PATIENCE, () =>
      db.transaction(async (tx) => {
        await tx.query("insert into written values ($1)", [firstId + 1]);
      }), { commit: true }),
  ]);
}

const ENDS: readonly { readonly how: string; end(): Promise<unknown> }[] = [
  { how: "is stopped by a fast shutdown", end: () => server.shutdown("fast") },
  { how: "is stopped by an immediate shutdown", end: () => server.shutdown("immediate") },
  { how: "is killed", end: () => server.crash() },
];

for (const { how, end } of ENDS) {
  test(`query() and transaction() lose nothing and go on, when the server ${how} under load and starts`, async () => {
    await open(PATIENT, { direct: true });
    const load = await startLoad(scene, { deadline: PATIENCE });

    for (let round = 0; round < ROUNDS; round++) {
      const before = scene.calls.figures.answered;
      await until("the load runs", () => scene.calls.figures.answered > before + 300);
      await until("on every connection", () => scene.db.stats().size === PATIENT.pool.size);
      await end();
      // Beyond the ids of the load, including those that it writes in two steps.
      const late = latecomers(1_000_000_002 - 6 * round);
      await until("they wait", () => scene.db.stats().waiting > 32);
      const started = performance.now();
      await server.start();
      const ends = await late;
      const took = Math.round(performance.now() - started);

      const failed = ends.filter(({ status }) => status === "rejected");
      assert.equal(failed, [], "waited inside their deadline, and were not served");
      assert.ok(took < RECOVERY, `worked again only after ${took} ms`);
      sum.recovery = Math.max(sum.recovery, took);
      await until("the load runs", () => scene.calls.figures.answered > before + 600);
    }
    await load.end();

    assert.ok(scene.db.stats().discarded >= PATIENT.pool.size, "the connections were lost");
    await load.assertWhole();
    await close();
  });
}

test("query() and transaction() lose nothing and go on, when a backend is killed under load", async () => {
  await open(PATIENT, { direct: true });
  const load = await startLoad(scene, { deadline: PATIENCE });

  for (let round = 0; round < (LONG ? 20 : 2); round++) {
    const before = scene.calls.figures.answered;
    await until("the load runs", () => scene.calls.figures.answered > before + 300);
    // Callers that met the starting server retry after a while.
    await until("on every connection", () => scene.db.stats().size === PATIENT.pool.size);
    const { discarded } = scene.db.stats();
    // A killed backend may leave shared memory inconsistent, so the server ends all backends.
    const [victim] = await scene.sessions();
    await server.kill(victim!.pid);
    const killed = performance.now();
    await until("all are lost", () => scene.db.stats().discarded >= discarded + 8);
    const { answered } = scene.calls.figures;
    await until("calls are answered", () => scene.calls.figures.answered > answered + 32, RECOVERY);
    sum.recovery = Math.max(sum.recovery, Math.round(performance.now() - killed));
  }
  await load.end();

  await scene.assertRecovered();
  await load.assertWhole();
  await close();
});

test("connect() is refused as starting_up and tries again, while the server waits for its sessions to shut down", async () => {
  await open({ ...PATIENT, pool: { size: 1 } }, { direct: true });
  const { db, url } = scene;
  await db.query("select 1");
  const ended = server.shutdown("smart");

  let error: Error | undefined;
  await until("newcomers are refused", async () => {
    error = await connect({ url, timeouts: { acquire: 200 }, logging: { level: "silent" } })
      .then((newcomer) => newcomer.close(), (error) => error);
    return error !== undefined;
  });
  const patient = connect({ url, ...PATIENT, logging: { level: "silent" } });
  patient.catch(() => {});
  const { rows } = await db.query("select 1 as one");
  await Promise.all([db.close(), scene.witness.close()]);
  await ended;
  await server.start();
  await using newcomer = await patient;
  const answer = await newcomer.query("select 1 as one");

  assertError(error, ConnectionError, { reason: "starting_up", sqlState: "57P03", sent: false });
  assert.equal(rows, [{ one: 1 }], "a session that stands is served");
  assert.equal(answer.rows, [{ one: 1 }]);
  isOpen = false;
  await scene.proxy.close();
});

test("query() and transaction() reject in time and unsent, when the server is away for longer than they wait", async () => {
  const acquire = 1_000;
  await open({ pool: { size: 4 }, timeouts: { ...PATIENT.timeouts, acquire } }, { direct: true });
  const { db, calls } = scene;
  await Promise.all([1, 2, 3, 4].map(() => db.query("select pg_sleep(0.01)")));
  await server.shutdown();
  await until("the pool has noticed", () => db.stats().size === 0);

  const started = performance.now();
  const ends = await Promise.all([
    calls.run("read", acquire, () => db.query("select 1")),
    calls.write(1, acquire, () => db.query("insert into written values (1)")),
    calls.write(2, acquire, () =>
      db.transaction(async (tx) => {
        await tx.query("insert into written values (2)");
      }), { commit: true }),
    calls.run("stream", acquire, async () => {
      for await (const _ of db.stream("select 1"));
    }),
    calls.run("ping", acquire, () => db.ping()),
  ]);
  const took = performance.now() - started;

  for (const end of ends) {
    const error = end.status === "rejected" ? end.reason : undefined;
    assertError(error, ConnectionError, { sent: false });
    assert.match(error.reason, /^(refused|starting_up)$/);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
  }
  assert.ok(took > acquire - 50 && took < acquire + SLACK, `${took} ms`);
  assert.equal(calls.ids("not stored"), [1, 2]);
  await server.start();
  await close();
});

test("settings.get() keeps what it knows and is current soon, when the server is away for 3 s", async () => {
  await open(PATIENT, { place: { url: server.url, template: TEMPLATE }, direct: true });
  const { db, witness } = scene;
  await witness.settings.set("a", 1);
  assert.is(await db.settings.get("a"), 1);
  await until("it listens", () => db.settings.freshness().mode === "listening", 15_000);
  let seen = 1;
  let running = true;
  const reading = (async () => {
    while (running) {
      const value = await db.settings.get("a") as number;
      if (value < seen) throw new Error(`Went back from ${seen} to ${value}`);
      seen = value;
      await sleep(1);
    }
  })();
  reading.catch(() => {});

  await server.shutdown();
  const stopped = performance.now();
  await until("it knows", () => db.settings.freshness().mode === "polling");
  await until("3 s have passed", () => performance.now() - stopped > 3_000);
  const away = db.settings.freshness();
  const known = await db.settings.get("a");
  await server.start();
  const started = performance.now();
  await until("the witness is back", () => witness.ping().then(() => true, () => false));
  await witness.settings.set("a", 2);
  await until("the write is seen", () => seen === 2, RECOVERY);
  const took = Math.round(performance.now() - started);
  await until("it listens", () => db.settings.freshness().mode === "listening", RECOVERY);
  const back = db.settings.freshness();
  running = false;
  await reading;

  assert.is(known, 1);
  assert.is(away.mode, "polling");
  assert.ok(away.age >= 3_000, `said to be known ${away.age} ms ago`);
  assert.ok(back.age < SLACK, `said to be known ${back.age} ms ago`);
  tellFigures(`settings: current ${took} ms after the server's start`);
  await close();
});

// --- Freeze

const QUICK = {
  pool: { size: 2 },
  timeouts: { connect: 1_000, acquire: 2_000, statement: 700, transaction: 5_000 },
};

/** Returns the backend that runs a statement like this. */
async function backendOf(query: RegExp): Promise<number> {
  let pid: number | undefined;
  await until(`a backend runs ${query}`, async () => {
    pid = (await scene.sessions()).find((session) => query.test(session.query))?.pid;
    return pid !== undefined;
  });
  return pid!;
}

/** Asserts that other callers are served beside a frozen one, and that its backend ends. */
async function assertAlone(pid: number): Promise<void> {
  const { rows } = await scene.db.query<{ one: number }>("select 1 as one");
  assert.equal(rows, [{ one: 1 }], "others are served");
  assert.is(scene.db.stats().discarded, 1, "only one connection was discarded");
  await server.thaw(pid);
  await until(
    "its session is gone",
    async () => (await scene.sessions()).every((session) => session.pid !== pid),
  );
}

test("query() ends at its deadline, when its backend is frozen during the statement", async () => {
  await open(QUICK, { direct: true });
  const running = scene.calls.write(
    1,
    QUICK.timeouts.statement,
    () => scene.db.query("insert into written select 1 from pg_sleep(0.4)"),
  );
  const pid = await backendOf(/pg_sleep/);
  await server.freeze(pid);

  const end = await running;

  assertError(end.status === "rejected" && end.reason, TimeoutError, {
    kind: "statement",
    sent: true,
  });
  await assertAlone(pid);
  await close();
});

test("query() ends at its deadline, when its backend was frozen while idle", async () => {
  await open(QUICK, { direct: true });
  await scene.db.query("select 'marked'");
  const pid = await backendOf(/marked/);
  await server.freeze(pid);

  const end = await scene.calls.write(
    1,
    QUICK.timeouts.statement,
    () => scene.db.query("insert into written values (1)"),
  );

  assertError(end.status === "rejected" && end.reason, TimeoutError, {
    kind: "statement",
    sent: true,
  });
  await assertAlone(pid);
  await close();
});

test("transaction() ends at its statement's deadline and stores nothing, when its backend is frozen", async () => {
  await open(QUICK, { direct: true });
  let pid = 0;

  const end = await scene.calls.write(
    1,
    QUICK.timeouts.transaction,
    () =>
      scene.db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        pid = (await tx.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;
        await server.freeze(pid);
        await tx.query("insert into written values (1)");
      }),
    { commit: true },
  );

  assertError(end.status === "rejected" && end.reason, TimeoutError, {
    kind: "statement",
    sent: true,
  });
  await assertAlone(pid);
  assert.equal(await scene.written(), []);
  await close();
});

test("connect() ends at its deadline and names the host, when the postmaster is frozen", async () => {
  await open(QUICK, { direct: true });
  await Promise.all([1, 2].map(() => scene.db.query("select pg_sleep(0.05)")));
  await server.freeze();

  const started = performance.now();
  const error = await rejection(connect({ url: scene.url, ...QUICK }));
  const took = performance.now() - started;
  const existing = await Promise.all([1, 2].map(() => scene.db.query("select pg_sleep(0.01)")));

  assertError(error, TimeoutError, { kind: "connect", sent: false });
  assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
  assert.not.match(error.message, new RegExp(new URL(scene.url).password));
  const { connect: deadline } = QUICK.timeouts;
  assert.ok(took > deadline - 50 && took < deadline + SLACK, `${took} ms`);
  assert.is(existing.length, 2);
  assert.is(scene.db.stats().discarded, 0);
  await server.thaw();
  await close();
});

// --- Refusal

/** Returns the result of a connection attempt through the proxy, and how many attempts reached the server. */
async function attempt(url: string): Promise<{ error: Error; attempts: number; took: number }> {
  const before = scene.proxy.accepted;
  const started = performance.now();
  const error = await rejection(connect({ url, timeouts: PATIENT.timeouts }));
  return {
    error,
    attempts: scene.proxy.accepted - before,
    took: performance.now() - started,
  };
}

test("connect() is told at once and tries once, when password, role or database are wrong", async () => {
  await open(QUICK);
  const name = `deaf_${databaseOf(scene.url)}`.slice(0, 60);
  await asSuperuser(`create role ${name} nologin password 'secret'`);
  const authentication = "authentication" as const;
  const cases = [
    { change: { password: "guess" }, sqlState: "28P01", reason: authentication },
    { change: { user: name, password: "secret" }, sqlState: "28000", reason: authentication },
    { change: { user: "nobody_of_this_name" }, sqlState: "28P01", reason: authentication },
    { change: { database: "nowhere" }, sqlState: "3D000", reason: "missing_database" as const },
  ];

  for (const { change, sqlState, reason } of cases) {
    const url = changed(scene.url, change);
    const { error, attempts, took } = await attempt(url);

    assertError(error, ConnectionError, { sqlState, reason, sent: false });
    assert.not.match(error.message, new RegExp(new URL(url).password));
    assert.is(attempts, 1, sqlState);
    assert.ok(took < PATIENT.timeouts.acquire / 2, `told after ${took} ms`);
  }
  await asSuperuser(`drop role ${name}`);
  await close();
});

test("query() is told at once and tries once, when the password has been changed", async () => {
  await open({ ...PATIENT, pool: { size: 1 } });
  const { username, password } = new URL(scene.url);
  await asSuperuser(`alter role ${username} password 'another'`);
  scene.proxy.reset();
  await until("the pool has noticed", () => scene.db.stats().size === 0);
  const before = scene.proxy.accepted;

  const end = await scene.calls.run("refused", 1_000, () => scene.db.query("select 1"));
  const attempts = scene.proxy.accepted - before;
  await asSuperuser(`alter role ${username} password '${password}'`);

  assertError(end.status === "rejected" && end.reason, ConnectionError, {
    sqlState: "28P01",
    sent: false,
  });
  assert.is(attempts, 1);
  await close();
});

/** Connects to a full server, which gets room after three attempts. */
async function assertWaitsForRoom(url: string, makeRoom: () => Promise<unknown>): Promise<void> {
  const before = scene.proxy.accepted;
  const coming = connect({ url, timeouts: PATIENT.timeouts, logging: { level: "silent" } });
  coming.catch(() => {});
  await until("it has tried again", () => scene.proxy.accepted >= before + 3);
  await makeRoom();
  const db = await coming;
  await db.query("select 1");
  await db.close();
}

test("connect() waits for room, when the database has no connection left", async () => {
  await open(QUICK);
  const name = databaseOf(scene.url);
  await as({ url: server.url }, async (owner) => {
    await owner.query(`alter database ${name} connection limit 1`);

    await assertWaitsForRoom(
      scene.url,
      () => owner.query(`alter database ${name} connection limit -1`),
    );
  });
  await close();
});

test("connect() waits for room, when the role has no connection left, and says so in the end", async () => {
  await open(QUICK);
  const name = `guest_${databaseOf(scene.url)}`.slice(0, 60);
  await asSuperuser(`create role ${name} login password 'secret' connection limit 1`);
  const url = changed(scene.url, { user: name, password: "secret" });
  const first = await connect({ url, logging: { level: "silent" } });

  const before = scene.proxy.accepted;
  const error = await rejection(connect({ url, timeouts: { acquire: 500 } }));
  const attempts = scene.proxy.accepted - before;
  await assertWaitsForRoom(url, () => first.close());

  assertError(error, ConnectionError, {
    sqlState: "53300",
    reason: "too_many_connections",
    sent: false,
  });
  assert.ok(attempts > 1, `${attempts} attempts`);
  await until(
    "its session is gone",
    () => asSuperuser(`drop role ${name}`).then(() => true, () => false),
  );
  await close();
});

// --- The server's own deadlines

test("query() tells the server's statement_timeout and lock_timeout apart", async () => {
  await open(PATIENT);
  await as({ url: server.url }, async (owner) => {
    const name = databaseOf(scene.url);
    await owner.query(`alter database ${name} set statement_timeout = '300ms'`);
    await owner.query(`alter database ${name} set lock_timeout = '100ms'`);
  });

  await as({ url: scene.url, ...PATIENT }, async (db) => {
    const slow = await rejection(db.query("select pg_sleep(30)"));
    const locked = await scene.witness.transaction(async (tx) => {
      await tx.query("lock table written");
      return await rejection(db.query("insert into written values (1)"));
    });

    assertError(slow, TimeoutError, { kind: "statement", sqlState: "57014", sent: true });
    assertError(locked, TimeoutError, { kind: "lock", sqlState: "55P03", sent: true });
    assert.is(db.stats().discarded, 0, "the server has ended the statement, not the connection");
  });
  await close();
});

// Fails today: the connection treats the server's farewell as a lost connection and ignores its SQLSTATE.
test("transaction() rejects as idle_in_transaction, when the server's deadline ends it between two statements", async () => {
  await open(PATIENT);
  await as({ url: server.url }, async (owner) => {
    const name = databaseOf(scene.url);
    await owner.query(`alter database ${name} set idle_in_transaction_session_timeout = '200ms'`);
  });

  await as({ url: scene.url, ...PATIENT }, async (db) => {
    const end = await scene.calls.write(1, PATIENCE, () =>
      db.transaction(async (tx) => {
        await tx.query("insert into written values (1)");
        await until("the server has ended it", async () => {
          const sessions = await scene.sessions();
          return sessions.every(({ state }) => state !== "idle in transaction");
        });
        await tx.query("insert into written values (1)");
      }), { commit: true });
    const after = await db.query("select 1 as one");

    assertError(end.status === "rejected" && end.reason, TimeoutError, {
      kind: "idle_in_transaction",
      sqlState: "25P03",
    });
    assert.equal(after.rows, [{ one: 1 }]);
  });
  await close();
});

test.run();
