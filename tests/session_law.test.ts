/** The traces of a statement in its session: no other caller meets them. */
import * as assert from "uvu/assert";
import {
  CommitUnknownError,
  connect,
  type Database,
  type DatabaseError,
  deviceInsert,
  jobInsert,
  jobLogInsert,
  QueryError,
  transactionStatus,
} from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { startProxy } from "./support/proxy.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("session law");
let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Database;

test.before(async () => {
  database = await createDatabase();
  db = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
  await db.query("create table notes (id integer primary key)");
  await db.query(`
    create function write_note(id integer) returns void
    language sql as 'insert into notes values (id)'`);
});

test.before.each(async () => {
  await db.query("truncate notes");
});

test.after(async () => {
  await db.close();
  await database.drop();
});

async function ids(): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>("select id from notes order by id");
  return rows.map(({ id }) => id);
}

async function pid(): Promise<number> {
  return (await db.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;
}

const BEGINNINGS = [
  "begin",
  "BEGIN;",
  "start transaction read only",
  "  -- a comment\n begin isolation level serializable",
  "/* one /* in another */ */;; begin",
];

for (const text of BEGINNINGS) {
  test(`query() refuses ${JSON.stringify(text)}, and the next caller's insert is stored`, async () => {
    const error = await rejection(db.query(text)) as DatabaseError;
    await db.query("insert into notes values (1)");

    assert.instance(error, QueryError);
    assert.is(error.code, "TRANSACTION_CONTROL");
    await db.close();
    db = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
    assert.equal(await ids(), [1]);
  });
}

test("query() refuses every other command that ends a transaction", async () => {
  for (const text of ["commit", "end", "rollback", "abort", "prepare transaction 'x'"]) {
    assert.is((await rejection(db.query(text)) as DatabaseError).code, "TRANSACTION_CONTROL");
  }
});

const STATE: [text: string, seen: string][] = [
  ["set work_mem = '5MB'", "select current_setting('work_mem') = '5MB' as seen"],
  [
    "select set_config('netraven.x', 'y', false)",
    "select coalesce(current_setting('netraven.x', true), '') = 'y' as seen",
  ],
  [
    "set session characteristics as transaction read only",
    "select current_setting('default_transaction_read_only') = 'on' as seen",
  ],
  ["listen somewhere", "select exists (select from pg_listening_channels()) as seen"],
  [
    "prepare mine as select 1",
    "select exists (select from pg_prepared_statements where name = 'mine') as seen",
  ],
  [
    "select pg_advisory_lock(42)",
    "select exists (select from pg_locks where locktype = 'advisory') as seen",
  ],
  [
    "create temporary table mine (a integer)",
    "select to_regclass('pg_temp.mine') is not null as seen",
  ],
  [
    "create temp view mine as select 1 as a",
    "select to_regclass('pg_temp.mine') is not null as seen",
  ],
  ["select 1 as a into temp mine", "select to_regclass('pg_temp.mine') is not null as seen"],
  ["set role none", "select false as seen"],
  ["discard all", "select false as seen"],
  ["deallocate all", "select false as seen"],
  [
    "do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); end $$",
    "select current_setting('TimeZone') = 'Asia/Tokyo' as seen",
  ],
];

for (const [text, look] of STATE) {
  for (const inside of [false, true]) {
    test(`${text}: nothing is left of it for the next caller, ${inside ? "in a transaction" : "alone"}`, async () => {
      const before = await pid();
      const run = inside ? db.transaction((tx) => tx.query(text)) : db.query(text);
      // It cannot run in a transaction, and reports that.
      const refused = await run.then(
        () => false,
        (error: DatabaseError) => error.sqlState === "25001",
      );

      const { rows } = await db.query<{ seen: boolean }>(look);

      assert.is(rows[0]!.seen, false);
      if (!refused) assert.is.not(await pid(), before);
    });
  }
}

test("transaction() keeps its connection for what ends with it", async () => {
  const before = await pid();

  await db.transaction(async (tx) => {
    await tx.query("set transaction isolation level serializable");
    await tx.query("set local work_mem = '5MB'");
    await tx.query("set constraints all deferred");
    await tx.query("select pg_advisory_xact_lock(42)");
    for await (const _ of tx.stream("select generate_series(1, 3)")) { /* a cursor */ }
  });

  assert.is(await pid(), before);
});

for (
  const text of [
    "rollback",
    "commit",
    "end",
    "abort and chain",
    "/* x */ commit and chain",
    "prepare transaction 'mine'",
  ]
) {
  test(`transaction() stores nothing, and says so, when its callback sends ${text}`, async () => {
    const said: DatabaseError[] = [];

    const error = await rejection(db.transaction(async (tx) => {
      await tx.query("insert into notes values (1)");
      said.push(await rejection(tx.query(text)) as DatabaseError);
      said.push(await rejection(tx.query("insert into notes values (2)")) as DatabaseError);
      said.push(await rejection(tx.transaction(() => Promise.resolve())) as DatabaseError);
    })) as DatabaseError;

    assert.equal([error, ...said].map(({ code }) => code), Array(4).fill("TRANSACTION_CONTROL"));
    assert.equal(await ids(), []);
  });
}

test("transaction() stores what came before and after a caller's own savepoint", async () => {
  await db.transaction(async (tx) => {
    await tx.query("insert into notes values (1)");
    await tx.query("savepoint mine");
    await tx.query("insert into notes values (2)");
    await tx.query("rollback to savepoint mine");
    await tx.query("rollback to mine");
    await tx.query("release savepoint mine");
    await tx.query("insert into notes values (3)");
  });

  assert.equal(await ids(), [1, 3]);
});

test("transaction() waits for a part that nobody awaited", async () => {
  let part: Promise<unknown> | undefined;

  await db.transaction(async (tx) => {
    await tx.query("insert into notes values (1)");
    part = tx.transaction(async (inner) => {
      await inner.query("insert into notes values (2)");
      await new Promise((resolve) => setTimeout(resolve, 30));
      await inner.query("insert into notes values (3)");
      void inner.transaction(async (innermost) => {
        await innermost.query("insert into notes values (4)");
      });
    });
  });

  await part;
  assert.equal(await ids(), [1, 2, 3, 4]);
});

test("transaction() stores nothing when a part that nobody awaited fails", async () => {
  for (
    const fail of [
      (): Promise<unknown> => Promise.reject(new Error("broken")),
      (inner: Pick<Database, "query">) => inner.query("insert into notes values (2)"),
    ]
  ) {
    let message = "";

    const error = await rejection(db.transaction(async (tx) => {
      await tx.query("insert into notes values (1)");
      // Only the transaction receives it.
      void tx.transaction(async (inner) => {
        await inner.query("insert into notes values (2)");
        await new Promise((resolve) => setTimeout(resolve, 20));
        await fail(inner).catch((reason: Error) => {
          message = reason.message;
          throw reason;
        });
      });
    }));

    assert.is(error.message, message);
    assert.equal(await ids(), []);
  }
});

test("transaction() refuses what a part would send after its callback has failed", async () => {
  let late: DatabaseError | undefined;

  const error = await rejection(db.transaction(async (tx) => {
    void tx.transaction(async (inner) => {
      await inner.query("insert into notes values (1)");
      await new Promise((resolve) => setTimeout(resolve, 30));
      late = await rejection(inner.query("insert into notes values (2)")) as DatabaseError;
    }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw new Error("broken");
  }));

  assert.is(error.message, "broken");
  await until("the part has heard of it", () => late !== undefined);
  assert.is(late?.code, "TRANSACTION_OVER");
  assert.equal(await ids(), []);
});

test("transaction() knows that a function may write, when the answer to its commit is lost", async () => {
  const proxy = await startProxy(database.url);
  const far = await connect({ url: proxy.url("far"), logging: { level: "silent" } });
  try {
    const device = await deviceInsert.one({
      hostname: "sw1",
      ipAddress: "10.0.0.1",
      deviceType: "x",
    }, far);
    const job = await jobInsert.one({ deviceId: device.id }, far);
    const works = [
      (tx: Pick<Database, "query">) => tx.query("select write_note(1)"),
      (tx: Pick<Database, "query">) => tx.query("with a as (select write_note(2)) select * from a"),
    ];
    for (const work of works) {
      proxy.loseCommit("answer");
      const error = await rejection(far.transaction(work));

      assert.instance(error, CommitUnknownError);
      assert.type((error as CommitUnknownError).transactionId, "string");
    }
    proxy.loseCommit("answer");
    const error = await rejection(
      far.transaction((tx) => jobLogInsert.one({ jobId: job.id, message: "hello" }, tx)),
    );
    assert.instance(error, CommitUnknownError);
    assert.is(
      await transactionStatus({ id: (error as CommitUnknownError).transactionId! }, db),
      "committed",
    );
  } finally {
    await far.close({ drain: 0 });
    await proxy.close();
  }
});

test.run();
