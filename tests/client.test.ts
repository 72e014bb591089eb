/** Tests connect, query, stream, ping, stats and close. */
// Runs on the first server: it tests the client, whatever the server's version.
import { inspect } from "node:util";
import * as net from "node:net";
import * as assert from "uvu/assert";
import {
  ConfigError,
  connect,
  ConnectionError,
  ConstraintError,
  type DatabaseError,
  deviceGet,
  deviceInsert,
  deviceList,
  jobInsert,
  NotFoundError,
  ParameterError,
  QueryError,
  tagGetByName,
  tagInsert,
  tagList,
  TimeoutError,
} from "netraven-db";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("client");
const lines: string[] = [];
const logger = {
  debug: (line: string) => lines.push(`debug ${line}`),
  info: (line: string) => lines.push(`info ${line}`),
  warn: (line: string) => lines.push(`warn ${line}`),
  error: (line: string) => lines.push(`error ${line}`),
};
const { db, database } = await testDatabase(test, {
  pool: { size: 3 },
  timeouts: { acquire: 2000, statement: 5000 },
  logging: { level: "debug", slowQuery: 200 },
  logger,
});

/** A target that no error may read, with a password that must not show. */
function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

test("connect() runs the ten lines of the README", async () => {
  const created = await db.transaction(async (tx) => {
    const device = await deviceInsert.one(
      { hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" },
      tx,
    );
    await jobInsert.run({ deviceId: device.id }, tx);
    return device;
  });
  const device = await deviceGet.first({ id: created.id }, db);

  assert.is(device?.hostname, "sw1");
  assert.is(device?.ipAddress, "10.0.0.1");
  assert.is(await deviceGet.first({ id: 999_999 }, db), undefined);
});

test("connect() closes by itself at the end of an await using", async () => {
  const own = await connect({ url: database.url });
  await own[Symbol.asyncDispose]();

  const error = await rejection(own.query("select 1"));
  assert.instance(error, ConnectionError);
  assert.is((error as ConnectionError).reason, "closed");
});

const canary = "c4n4ry-p4ssw0rd";
const failures: [string, (url: URL) => void, string][] = [
  ["a wrong password", (url) => url.password = canary, "authentication"],
  ["an unknown role", (url) => {
    url.username = "nobody_of_that_name";
    url.password = canary;
  }, "authentication"],
  ["a missing database", (url) => url.pathname = "/not_there", "missing_database"],
  ["TLS that the server lacks", (url) => url.searchParams.set("sslmode", "require"), "tls"],
];
for (const [what, change, reason] of failures) {
  test(`connect() tells ${what} at once, without the password`, async () => {
    const started = performance.now();

    const error = await rejection(connect({ url: urlWith(change) }));

    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, reason);
    assert.is((error as ConnectionError).sent, false);
    assert.ok(performance.now() - started < 8000);
    const shown = `${error.message} ${inspect(error, { depth: 9, showHidden: true })} ${
      JSON.stringify(error)
    }`;
    assert.not.match(shown, new RegExp(canary));
    assert.ok(!shown.includes(new URL(database.url).password));
  });
}

test("connect() tries again, within its deadline, a server that refuses", async () => {
  const port = await freePort();
  const started = performance.now();

  const error = await rejection(connect({
    url: `postgres://someone:${canary}@127.0.0.1:${port}/x`,
    timeouts: { acquire: 500 },
  }));

  assert.instance(error, ConnectionError);
  assert.is((error as ConnectionError).reason, "refused");
  assert.ok(performance.now() - started >= 450);
  assert.not.match(inspect(error), new RegExp(canary));
});

test("connect() gives up at its deadline on a server that says nothing", async () => {
  const silent = net.createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as net.AddressInfo;

  const error = await rejection(connect({
    url: `postgres://someone@127.0.0.1:${port}/x?sslmode=disable`,
    timeouts: { connect: 300 },
  }));

  assert.instance(error, TimeoutError);
  assert.is((error as TimeoutError).kind, "connect");
  await new Promise((resolve) => silent.close(resolve));
});

test("connect() refuses a URL of another database", async () => {
  const error = await rejection(connect({ url: `mysql://user:${canary}@host/x` }));

  assert.instance(error, ConfigError);
  assert.match(error.message, /postgres:\/\//);
  assert.not.match(inspect(error), new RegExp(canary));
});

test("one() throws NotFoundError for no row and TOO_MANY_ROWS for several", async () => {
  await tagInsert.one({ name: "one" }, db);
  await tagInsert.one({ name: "two" }, db);

  const none = await rejection(tagGetByName.one({ name: "zero" }, db));
  const several = await rejection(tagList.one({ limit: 10 }, db));

  assert.instance(none, NotFoundError);
  assert.is((none as NotFoundError).query, "TagGetByName");
  assert.is((several as DatabaseError).code, "TOO_MANY_ROWS");
});

test("run() names a parameter that is missing, and sends nothing", async () => {
  lines.length = 0;
  const wrong = {} as { id: number };

  const error = await rejection(deviceGet.run(wrong, db));

  assert.instance(error, ParameterError);
  assert.is((error as ParameterError).field, "id");
  assert.is((error as ParameterError).query, "DeviceGet");
  assert.equal(lines, []);
});

test("run() names a parameter that does not fit, first and later alike", async () => {
  for (let round = 0; round < 4; round++) {
    for (const id of [1.5, 2 ** 31, NaN, "1" as unknown as number]) {
      const error = await rejection(deviceGet.run({ id }, db));
      assert.instance(error, ParameterError);
      assert.is((error as ParameterError).field, "id");
    }
    assert.is(await deviceGet.first({ id: 999_999 }, db), undefined);
  }
});

test("run() has a stack that leads to the caller", async () => {
  const error = await rejection(async function theCaller() {
    await db.query("select nothing_there");
  }());

  assert.match(error.stack ?? "", /theCaller/);
});

test("query() tells a broken constraint by kind, name, table and columns, without values", async () => {
  await tagInsert.one({ name: canary }, db);
  const unique = await rejection(tagInsert.one({ name: canary }, db)) as ConstraintError;
  const foreign = await rejection(jobInsert.run({ deviceId: 999_999 }, db)) as ConstraintError;
  const missing = await rejection(
    db.query("insert into tags (name) values (null)"),
  ) as ConstraintError;
  const check = await rejection(tagInsert.one({ name: "" }, db)) as ConstraintError;

  for (const error of [unique, foreign, missing, check]) assert.instance(error, ConstraintError);
  assert.equal([unique.kind, unique.constraint, unique.table, unique.columns], [
    "unique",
    "tags_name_key",
    "tags",
    ["name"],
  ]);
  assert.equal([foreign.kind, foreign.constraint, foreign.columns], [
    "foreign_key",
    "jobs_device_id_fkey",
    ["device_id"],
  ]);
  assert.equal([missing.kind, missing.table, missing.columns], ["not_null", "tags", ["name"]]);
  assert.equal([check.kind, check.constraint], ["check", "name_has_1_to_255_characters"]);
  assert.is(unique.sqlState, "23505");
  assert.is(unique.query, "TagInsert");
  assert.not.match(inspect(unique, { depth: 9, showHidden: true }), new RegExp(canary));
});

test("query() never repeats a value that the server's message holds", async () => {
  const statements: [string, unknown[]][] = [
    [`select '${canary}'::integer`, []],
    ["select $1::text::integer", [canary]],
    ["select $1::text::inet", [canary]],
    ["select $1::text::job_status", [canary]],
    ["select $1::text::timestamptz", [canary]],
    [`select 1 from '${canary}'`, []],
    [`do $$ begin raise exception '${canary}'; end $$`, []],
  ];

  for (const [text, values] of statements) {
    const error = await rejection(db.query(text, values));

    assert.instance(error, values.length === 0 ? QueryError : ParameterError, text);
    assert.not.match(
      `${error.stack} ${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`,
      new RegExp(canary),
      text,
    );
  }
});

test("query() says which table or column is not there", async () => {
  assert.match((await rejection(db.query("select 1 from nowhere"))).message, /"nowhere"/);
  assert.match((await rejection(db.query("select nothing from tags"))).message, /"nothing"/);
});

test("query() rejects at its deadline, discards the connection, and stops the server", async () => {
  const before = db.stats().discarded;
  const started = performance.now();

  const error = await rejection(
    db.query("select pg_sleep(60)", [], { timeout: 150, name: "Sleeper" }),
  );

  assert.instance(error, TimeoutError);
  assert.is((error as TimeoutError).kind, "statement");
  assert.is((error as TimeoutError).sent, true);
  assert.match(error.message, /Sleeper/);
  assert.ok(performance.now() - started < 8000);
  assert.is(db.stats().discarded, before + 1);
  await nothingSleeps();
});

test("query() and transaction() refuse a timeout that is none", async () => {
  for (const timeout of [0, -1, NaN]) {
    for (
      const call of [
        () => db.query("select 1", [], { timeout }),
        () => db.transaction(async () => {}, { timeout }),
        () => db.ping({ timeout }),
        () => deviceGet.run({ id: 1 }, db, { timeout }),
      ]
    ) {
      const error = await rejection(call());
      assert.instance(error, ParameterError);
      assert.is((error as ParameterError).field, "timeout");
    }
  }
});

test("query() rejects with the signal's reason, before and while it runs", async () => {
  const reason = new Error("no longer wanted");
  const early = await rejection(db.query("select 1", [], { signal: AbortSignal.abort(reason) }));
  const controller = new AbortController();
  const late = rejection(db.query("select pg_sleep(60)", [], { signal: controller.signal }));
  await until("it sleeps", async () => await sleepers() === 1);
  controller.abort(reason);

  assert.is(early, reason);
  assert.is(await late, reason);
  await nothingSleeps();
});

test("query() leaves no listener on a signal that outlives it", async () => {
  const controller = new AbortController();
  const discarded = db.stats().discarded;

  for (let i = 0; i < 20; i++) await db.query("select 1", [], { signal: controller.signal });
  controller.abort();

  assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
  assert.is(db.stats().discarded, discarded);
});

test("query() tells who holds the pool when none comes free", async () => {
  const own = await connect({
    url: database.url,
    pool: { size: 1, queue: 2 },
    timeouts: { acquire: 200 },
  });
  const enough = new AbortController();
  const holding = { name: "TheHolder", signal: enough.signal };
  const holder = rejection(own.query("select pg_sleep(60)", [], holding));

  const waiting = [rejection(own.query("select 1")), rejection(own.query("select 2"))];
  const refused = await rejection(own.query("select 3"));
  const [first] = await Promise.all(waiting);

  assert.instance(refused, TimeoutError);
  assert.match(
    refused.message,
    /queue for connections is full and refuses .*1 of 1 in use, 2 waiting; longest: TheHolder for [\d.]+ s$/,
  );
  assert.instance(first, TimeoutError);
  assert.is((first as TimeoutError).kind, "acquire");
  assert.match(first!.message, /within 200 ms.*TheHolder for/);
  enough.abort();
  await holder;
  assert.equal((await own.query("select 1 as one")).rows, [{ one: 1 }]);
  await own.close();
});

test("query() from inside a transaction that holds the last connection is found and named", async () => {
  const own = await connect({ url: database.url, pool: { size: 2 }, timeouts: { acquire: 300 } });
  let free = () => {};
  const held = new Promise<void>((resolve) => free = resolve);
  const other = own.transaction(async (tx) => {
    await tx.query("select 1");
    await held;
  }, { name: "Other" });

  const error = await rejection(own.transaction(async (tx) => {
    await tx.query("select 1");
    await own.query("select 2", [], { name: "Inner" });
  }, { name: "Outer" }));

  assert.instance(error, TimeoutError);
  assert.is((error as TimeoutError).kind, "acquire");
  assert.match(
    error.message,
    /^No connection became available for Inner within 300 ms: 2 of 2 in use/,
  );
  assert.match(error.message, /transaction Outer for [\d.]+ s, without a statement for [\d.]+ s/);
  assert.match(error.message, /transaction Other for/);
  assert.match(error.message, /inside a transaction.*use the callback's handle$/);
  free();
  await other;
  await own.close();
});

test("query() does not suspect a transaction whose statement runs", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 }, timeouts: { acquire: 200 } });
  const enough = new AbortController();
  const options = { name: "Sleeper", signal: enough.signal };
  const holder = rejection(own.transaction((tx) => tx.query("select pg_sleep(60)"), options));

  const error = await rejection(own.query("select 1"));

  assert.match(error.message, /longest: transaction Sleeper for [\d.]+ s$/);
  enough.abort();
  await holder;
  await own.close();
});

test("query() serves callers in the order they came", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 } });
  const order: number[] = [];

  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    await own.query("select 1");
    order.push(i);
  }));

  assert.equal(order, Array.from({ length: 200 }, (_, i) => i));
  await own.close();
});

test("query() does not let quick callers wait for a slow one", async () => {
  const enough = new AbortController();
  let ended = false;
  const slow = rejection(db.query("select pg_sleep(20)", [], { signal: enough.signal }))
    .finally(() => ended = true);

  await Promise.all(Array.from({ length: 64 }, () => db.query("select 1")));

  assert.is(ended, false, "the slow one came first");
  enough.abort();
  await slow;
});

test("query() logs name, rows and time at debug, and warns of slow ones, never of values", async () => {
  lines.length = 0;
  await tagGetByName.run({ name: canary }, db);
  await db.query("select pg_sleep(0.25), $1::text", [canary], { name: "Slow" });
  await rejection(db.query("select 1/0", [], { name: "Broken" }));

  assert.match(lines[0]!, /^debug TagGetByName: 1 row in \d+\.\d\d ms$/);
  assert.match(lines[1]!, /^warn Slow query: Slow: 1 row in \d+\.\d\d ms$/);
  assert.match(lines[2]!, /^debug Broken: failed in/);
  assert.not.match(lines.join(), new RegExp(canary));
});

test("query() replaces a connection before a thousand texts stay prepared on the server", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
  let most = 0;

  for (let i = 0; i < 1200; i++) await own.query(`select $1::integer as n${i}`, [i]);
  const { rows } = await own.query<{ n: number }>(
    "select count(*) as n from pg_prepared_statements",
  );
  most = Math.max(most, rows[0]!.n);

  assert.ok(most < 1000, `${most} statements`);
  await own.close();
});

test("query() refuses COPY, and the pool goes on", async () => {
  const error = await rejection(db.query("copy tags to stdout"));

  assert.instance(error, ConnectionError);
  assert.match(error.message, /COPY is not supported/);
  assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
});

test("query() names the parameter that is one too many", async () => {
  const values = Array.from({ length: 65_534 }, () => 1);

  const error = await rejection(db.query("select $1::integer", values));

  assert.instance(error, ParameterError);
  assert.is((error as ParameterError).field, "$65534");
});

test("stream() gives all rows in batches and its connection back", async () => {
  let sum = 0;
  for await (
    const { n } of db.stream<{ n: number }>("select generate_series(1, $1::integer) as n", [2500], {
      batch: 100,
    })
  ) {
    sum += n;
  }

  assert.is(sum, 2500 * 2501 / 2);
  assert.is(db.stats().busy, 0);
});

test("stream() gives its connection back when the loop is left or throws", async () => {
  for await (const _ of tagList.stream({ limit: 100 }, db, { batch: 1 })) break;
  const error = await rejection((async () => {
    for await (const _ of tagList.stream({ limit: 100 }, db)) throw new Error("mine");
  })());
  const refused = await rejection((async () => {
    for await (const _ of db.stream("select 1/0")) assert.unreachable();
  })());

  assert.is(error.message, "mine");
  assert.instance(refused, QueryError);
  assert.is(db.stats().busy, 0);
  assert.is(db.stats().size, db.stats().idle);
});

test("stream() keeps the types and names of a list", async () => {
  const listed = await deviceList.run({ limit: 10 }, db);
  const streamed = [];
  for await (const row of deviceList.stream({ limit: 10 }, db)) streamed.push(row);

  assert.equal(streamed, listed);
});

test("ping() tells the round trip in milliseconds", async () => {
  const took = await db.ping();

  assert.ok(took > 0 && took < 5000);
});

test("close() serves those who wait already", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 } });
  const calls = Array.from(
    { length: 20 },
    (_, i) => own.query<{ i: number }>("select $1::integer as i", [i]),
  );

  const closing = own.close({ drain: 10_000 });
  const refused = await rejection(own.transaction((tx) => tx.query("select 1")));

  assert.is((refused as ConnectionError).reason, "closed");
  assert.equal((await Promise.all(calls)).map(({ rows }) => rows[0]?.i), calls.map((_, i) => i));
  await closing;
  await own.close();
  assert.is(own.stats().size, 0);
});

test("close() rejects at the end of its patience what still waits", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 } });
  const running = rejection(own.transaction((tx) => tx.query("select pg_sleep(60)")));
  const waiting = rejection(own.query("select 1"));

  await own.close({ drain: 100 });

  for (const error of [await running, await waiting]) {
    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, "closed");
  }
  await nothingSleeps();
});

test("stats() tells the slowest queries by name, with calls, failures and times", async () => {
  const own = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
  await own.query("select pg_sleep(0.3)", [], { name: "Slow" });
  for (let i = 0; i < 3; i++) await own.query("select 1", [], { name: "Quick" });
  await rejection(own.query("select 1 / $1::integer", [0], { name: "Quick" }));
  for (let i = 0; i < 2_000; i++) await own.query("select 1", [], { name: `Made up ${i}` });

  const { slowest } = own.stats();

  assert.is(slowest.length, 10);
  const slow = slowest.find(({ name }) => name === "Slow");
  assert.equal({ calls: slow?.calls, failed: slow?.failed }, { calls: 1, failed: 0 });
  assert.ok(slow!.mean >= 299 && slow!.longest === slow!.mean);
  const times = slowest.map(({ longest }) => longest);
  assert.equal(times, [...times].sort((a, b) => b - a));
  await own.close();
});

test("query() refuses a parameter beyond the limit, by name, and the connection goes on", async () => {
  const own = await connect({
    url: database.url,
    pool: { size: 1 },
    limits: { parameterBytes: 1_000 },
  });
  const { discarded } = own.stats();
  // The first use asks the server for the types; later ones know them.
  for (let round = 0; round < 2; round++) {
    for (const value of ["é".repeat(501), "x".repeat(1_001)]) {
      const error = await rejection(own.query("select $1::text as t", [value], { fields: ["t"] }));

      assert.instance(error, ParameterError);
      assert.is((error as ParameterError).field, "t");
      assert.match(error.message, /larger than 1000 bytes.*database\.limits\.parameter_bytes/);
    }
    for (const value of [["x".repeat(600), "y".repeat(600)], { a: "x".repeat(1_000) }]) {
      const type = Array.isArray(value) ? "text[]" : "jsonb";
      const error = await rejection(own.query(`select 1, $1::${type}`, [value]));

      assert.instance(error, ParameterError);
    }
    const { rows } = await own.query("select $1::text as t", ["é".repeat(500)]);
    assert.equal(rows, [{ t: "é".repeat(500) }]);
  }
  assert.is(own.stats().discarded, discarded);
  await own.close();
});

test("close() lets running work end, refuses new work, then cuts", async () => {
  const own = await connect({ url: database.url, pool: { size: 2 } });
  const quick = own.query<{ n: number }>("select 1 as n from pg_sleep(0.3)");
  const endless = rejection(own.query("select pg_sleep(60)"));
  const closing = own.close({ drain: 2_000 });
  const refused = await rejection(own.query("select 1"));

  assert.is((refused as ConnectionError).reason, "closed");
  assert.equal((await quick).rows, [{ n: 1 }]);
  assert.instance(await endless, ConnectionError);
  await closing;
  assert.is(own.stats().size, 0);
  await nothingSleeps();
});

async function sleepers(): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
  );
  return rows[0]!.n;
}

async function nothingSleeps(): Promise<void> {
  await until("nothing sleeps on the server", async () => await sleepers() === 0);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.run();
