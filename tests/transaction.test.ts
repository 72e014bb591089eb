/** Transactions: atomic, each on its own connection, and unusable after their end. */
import * as assert from "uvu/assert";
import {
  connect,
  ConstraintError,
  type Database,
  DatabaseError,
  ParameterError,
  QueryError,
  TimeoutError,
  type Transaction,
  transactionStatus,
} from "netraven-db";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("transaction");
const { db, database } = await testDatabase(test, { pool: { size: 4 } });

test.before(async () => {
  await db.query("create table notes (id integer primary key, text text not null)");
});

test.before.each(async () => {
  await db.query("truncate notes");
});

async function ids(): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>("select id from notes order by id");
  return rows.map(({ id }) => id);
}

function note(tx: Pick<Database, "query">, id: number): Promise<unknown> {
  return tx.query("insert into notes values ($1, 'text')", [id]);
}

test("transaction() commits and returns what the callback returns", async () => {
  const result = await db.transaction(async (tx) => {
    await note(tx, 1);
    await note(tx, 2);
    return "done";
  });

  assert.is(result, "done");
  assert.equal(await ids(), [1, 2]);
});

test("transaction() rolls back and rethrows what the callback throws", async () => {
  const boom = new Error("boom");

  const error = await rejection(db.transaction(async (tx) => {
    await note(tx, 1);
    throw boom;
  }));

  assert.is(error, boom);
  assert.equal(await ids(), []);
  assert.is(db.stats().discarded, 0);
});

test("transaction() rejects with the failure that its callback hid", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    await note(tx, 1);
    await note(tx, 1).catch(() => {});
    return "hidden";
  }));

  assert.instance(error, ConstraintError);
  assert.equal(await ids(), []);
});

test("transaction() rejects with the failure of a statement that nobody awaited", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    await note(tx, 1);
    void note(tx, 1);
  }));

  assert.instance(error, ConstraintError);
  assert.equal(await ids(), []);
});

test("transaction() runs concurrent statements in their order", async () => {
  await db.transaction(async (tx) => {
    const seen = await Promise.all([
      tx.query<{ n: number }>("select count(*) as n from notes"),
      note(tx, 1),
      tx.query<{ n: number }>("select count(*) as n from notes"),
    ]);
    assert.equal([seen[0].rows[0]?.n, seen[2].rows[0]?.n], [0, 1]);
  });
});

test("transaction() refuses its handle after the end, and sends nothing", async () => {
  let kept: Transaction | undefined;
  await db.transaction(async (tx) => {
    kept = tx;
  });

  for (const use of [() => note(kept!, 1), () => kept!.transaction(async () => {})]) {
    const error = await rejection(use());
    assert.instance(error, DatabaseError);
    assert.is((error as DatabaseError).code, "TRANSACTION_OVER");
  }
  assert.equal(await ids(), []);
});

test("transaction() undoes a nested part alone when it fails", async () => {
  await db.transaction(async (tx) => {
    await note(tx, 1);
    const error = await rejection(tx.transaction(async (part) => {
      await note(part, 2);
      await note(part, 1);
    }));
    assert.instance(error, ConstraintError);
    await tx.transaction(async (part) => {
      await note(part, 3);
      await part.transaction((inner) => note(inner, 4));
    });
  });

  assert.equal(await ids(), [1, 3, 4]);
});

test("transaction() refuses the outer handle while a nested part runs", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    await tx.transaction(async () => {
      await note(tx, 1);
    });
  }));

  assert.is((error as DatabaseError).code, "TRANSACTION_NESTED");
  assert.equal(await ids(), []);
});

test("transaction() refuses the handle of a nested part that has ended", async () => {
  const error = await rejection(db.transaction(async (tx) => {
    let kept: Transaction | undefined;
    await tx.transaction(async (part) => {
      kept = part;
    });
    await note(kept!, 1);
  }));

  assert.is((error as DatabaseError).code, "TRANSACTION_OVER");
});

test("transaction() honours isolation and readOnly", async () => {
  const level = await db.transaction(async (tx) => {
    const { rows } = await tx.query<{ level: string }>(
      "select current_setting('transaction_isolation') as level",
    );
    return rows[0]?.level;
  }, { isolation: "serializable" });
  const error = await rejection(db.transaction((tx) => note(tx, 1), { readOnly: true }));

  assert.is(level, "serializable");
  assert.instance(error, QueryError);
  assert.is((error as QueryError).sqlState, "25006");
});

test("transaction() refuses an isolation level that there is not, unsent", async () => {
  const wrong = { isolation: "serializable; drop table notes" } as unknown as {
    isolation: "serializable";
  };

  const error = await rejection(db.transaction(async () => {}, wrong));

  assert.instance(error, TypeError);
  assert.equal(await ids(), []);
});

/** Two transactions that read what the other one writes. */
async function skew(
  retry: number,
): Promise<{ calls: number; outcomes: PromiseSettledResult<void>[] }> {
  let calls = 0;
  let reads = 0;
  let arrive: () => void;
  const bothRead = new Promise<void>((resolve) => arrive = resolve);
  const one = (id: number) =>
    db.transaction(async (tx) => {
      calls++;
      await tx.query("select count(*) from notes");
      // Counted after the read: a transaction that has only begun may read after the other's commit.
      if (++reads === 2) arrive();
      await bothRead;
      await note(tx, id);
    }, { isolation: "serializable", retry });
  const outcomes = await Promise.allSettled([one(1), one(2)]);
  return { calls, outcomes };
}

test("transaction() runs again after a serialization failure when asked", async () => {
  const { calls, outcomes } = await skew(5);

  assert.equal(outcomes.map(({ status }) => status), ["fulfilled", "fulfilled"]);
  assert.ok(calls >= 3);
  assert.equal(await ids(), [1, 2]);
});

test("transaction() does not run again unless asked", async () => {
  const { calls, outcomes } = await skew(0);
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");

  assert.is(calls, 2);
  assert.is(failed.length, 1);
  assert.is((failed[0] as PromiseRejectedResult).reason.sqlState, "40001");
});

test("transaction() runs again after a deadlock when asked", async () => {
  await note(db, 1);
  await note(db, 2);
  let calls = 0;
  let arrive: () => void;
  const bothLocked = new Promise<void>((resolve) => arrive = resolve);
  const lock = (tx: Transaction, id: number) =>
    tx.query("update notes set text = 'new' where id = $1", [id]);

  await Promise.all([[1, 2], [2, 1]].map(([first, second]) =>
    db.transaction(async (tx) => {
      await lock(tx, first!);
      if (++calls === 2) arrive();
      await bothLocked;
      await lock(tx, second!);
    }, { retry: 3 })
  ));

  assert.ok(calls >= 3);
});

test("transaction() runs again after a table changed under its statement, when asked", async () => {
  await db.query("create table changing (a integer)");
  const own = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
  const read = "select * from changing";
  await own.query(read);
  let calls = 0;
  const work = async (tx: Transaction) => {
    calls++;
    return (await tx.query(read)).rows;
  };

  await db.query("alter table changing add column b integer");
  const error = await rejection(own.transaction(work));
  await own.query(read);
  await db.query("alter table changing add column c integer");
  calls = 0;
  await own.transaction(work, { retry: 1 });

  assert.is((error as DatabaseError).code, "STALE_PLAN");
  assert.is(calls, 2);
  await own.close();
  await db.query("drop table changing");
});

test("query() runs again by itself after a table changed under it, outside a transaction", async () => {
  await db.query("create table changing (a integer)");
  await db.query("select * from changing");
  await db.query("alter table changing add column b integer");

  for (let i = 0; i < 8; i++) assert.equal((await db.query("select * from changing")).rows, []);
  await db.query("drop table changing");
});

test("transaction() rejects at its deadline, and the server stops what it ran", async () => {
  const started = performance.now();
  const error = await rejection(db.transaction(async (tx) => {
    await note(tx, 1);
    await tx.query("select pg_sleep(60)", [], { name: "Sleeper" });
  }, { timeout: 300 }));

  assert.instance(error, TimeoutError);
  assert.is((error as TimeoutError).kind, "transaction");
  assert.ok(performance.now() - started < 10_000);
  await until("nothing sleeps on the server", async () => {
    const { rows } = await db.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    );
    return rows.length === 0;
  });
  assert.equal(await ids(), []);
});

test("transaction() tells the server's three timeouts apart, and stores nothing", async () => {
  const kinds: unknown[] = [];
  const work: ((tx: Transaction) => Promise<unknown>)[] = [
    async (tx) => {
      await tx.query("set local statement_timeout = '50ms'");
      await tx.query("select pg_sleep(60)");
    },
    async (tx) => {
      await tx.query("set local lock_timeout = '50ms'");
      await db.transaction(async (other) => {
        await other.query("lock table locked");
        await tx.query("select from locked");
      });
    },
    async (tx) => {
      await tx.query("set local idle_in_transaction_session_timeout = '50ms'");
      await new Promise(() => {});
    },
    async (tx) => {
      await tx.query("set local idle_in_transaction_session_timeout = '50ms'");
      const { discarded } = db.stats();
      await until("its connection is lost", () => db.stats().discarded > discarded);
      await tx.query("select 1");
    },
  ];
  await db.query("create table locked ()");

  for (const callback of work) {
    const error = await rejection(db.transaction(async (tx) => {
      await note(tx, 1);
      await callback(tx);
    }));
    assert.instance(error, TimeoutError);
    kinds.push((error as TimeoutError).kind);
  }

  assert.equal(kinds, ["statement", "lock", "idle_in_transaction", "idle_in_transaction"]);
  assert.equal(await ids(), []);
  await db.query("drop table locked");
});

test("transaction() ends at an abort while it waits to run again", async () => {
  const controller = new AbortController();
  const reason = new Error("the caller went home");
  let runs = 0;

  const error = await rejection(db.transaction(async (tx) => {
    // The pauses grow: the abort happens during one of them.
    if (++runs === 6) setTimeout(() => controller.abort(reason), 1);
    await tx.query("do $$ begin raise exception using errcode = '40001'; end $$");
  }, { signal: controller.signal, retry: 1_000 }));

  assert.is(error, reason);
});

test("transaction() rejects with the signal's reason, and stores nothing", async () => {
  const controller = new AbortController();
  const reason = new Error("the caller went home");

  const error = await rejection(db.transaction(async (tx) => {
    await note(tx, 1);
    controller.abort(reason);
    await note(tx, 2);
  }, { signal: controller.signal }));

  assert.is(error, reason);
  assert.equal(await ids(), []);
});

test("transactionStatus() tells committed, aborted and in progress apart", async () => {
  const idOf = async (tx: Transaction) => {
    const { rows } = await tx.query<{ id: string }>("select pg_current_xact_id()::text as id");
    return rows[0]!.id;
  };
  let running: string | undefined;
  let aborted: string | undefined;
  const committed = await db.transaction(async (tx) => {
    const id = await idOf(tx);
    running = await transactionStatus({ id }, db);
    return id;
  });
  await rejection(db.transaction(async (tx) => {
    aborted = await idOf(tx);
    throw new Error("undo");
  }));

  assert.is(running, "in progress");
  assert.is(await transactionStatus({ id: committed }, db), "committed");
  assert.is(await transactionStatus({ id: aborted! }, db), "aborted");
  assert.instance(await rejection(transactionStatus({ id: "no id" }, db)), ParameterError);
  assert.instance(await rejection(transactionStatus({ id: "999999999999" }, db)), QueryError);
});

test("stream() in a transaction sees what the transaction wrote", async () => {
  await db.transaction(async (tx) => {
    for (const id of [1, 2, 3, 4, 5]) await note(tx, id);
    const seen: number[] = [];
    for await (
      const { id } of tx.stream<{ id: number }>("select id from notes order by id", [], {
        batch: 2,
      })
    ) {
      seen.push(id);
      if (seen.length === 4) break;
    }
    await note(tx, 6);
    assert.equal(seen, [1, 2, 3, 4]);
  });

  assert.equal(await ids(), [1, 2, 3, 4, 5, 6]);
});

test.run();
