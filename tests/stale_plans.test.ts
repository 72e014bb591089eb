/**
 * The schema changes under running clients: connections with a cached plan return the same as new
 * connections, and never another value.
 */
import * as assert from "uvu/assert";
import { connect, type Database, type DatabaseError, ParameterError } from "netraven-db";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("stale plans");
const SIZE = 3;
const { db, database } = await testDatabase(test, { pool: { size: SIZE } });
let owner: Database;

test.before(async () => {
  owner = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
});

test.before.each(async () => {
  await owner.query("drop table if exists things, moved");
  await owner.query("drop type if exists mood");
  await owner.query("create type mood as enum ('calm', 'loud')");
  await owner.query(
    "create table things (id integer, small smallint, name text, value jsonb, mood mood)",
  );
});

test.after(async () => {
  await owner.close();
});

/** Runs it twice on every connection of the pool at once, so that each has its plan. */
async function everywhere(run: (tx: Pick<Database, "query">) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await Promise.all(Array.from({ length: SIZE }, () =>
      db.transaction(async (tx) => {
        await run(tx);
        await tx.query("select pg_sleep(0.02)");
      }, { retry: 2 })));
  }
}

const INSERT = "insert into things (id, name, value) values ($1, $2, $3) returning id, name, value";

const CHANGES = [
  "alter table things alter column name type varchar(40)",
  "alter table things add column more integer",
  "alter table things drop column small",
  "alter table things alter column id type bigint",
  "alter table things alter column value type json",
  "alter table things rename to moved; create table things (like moved)",
];

for (const change of CHANGES) {
  test(`query() stores and gives the same values after ${change}`, async () => {
    const value = { hosts: ["a", "b"], number: 1.5, none: null };
    const given = [7, "seven", value];
    await everywhere((tx) => tx.query(INSERT, given));
    await everywhere((tx) => tx.query("select * from things where id = $1", [7]));
    for (const statement of change.split(";")) await owner.query(statement);

    for (let i = 0; i < SIZE * 2; i++) {
      const { rows } = await db.query(INSERT, given);
      assert.equal(rows, [{ id: 7, name: "seven", value }]);
      const read = await db.query<{ name: string }>("select * from things where id = $1", [7]);
      assert.ok(read.rows.every(({ name }) => name === "seven"));
    }

    const { rows } = await owner.query(
      "select distinct json_typeof(value::json) as type from things",
    );
    assert.equal(rows, [{ type: "object" }]);
  });
}

test("query() stores the same JSON after the server forgot its statements", async () => {
  const value = { hosts: ["a"] };
  for (let i = 0; i < SIZE * 3; i++) {
    await everywhere((tx) => tx.query(INSERT, [i, "x", value]));
    await db.query("deallocate all");
    await db.query(INSERT, [i, "x", value]);
  }

  const { rows } = await owner.query("select distinct jsonb_typeof(value) as type from things");
  assert.equal(rows, [{ type: "object" }]);
});

test("transaction() says once that a plan is stale, which retry knows", async () => {
  const read = "select * from things where id = $1";
  await everywhere((tx) => tx.query(read, [1]));
  await owner.query("alter table things add column more integer");

  const error = await rejection(db.transaction((tx) => tx.query(read, [1]))) as DatabaseError;
  await db.transaction((tx) => tx.query(read, [1]));

  assert.is(error.code, "STALE_PLAN");
  await everywhere((tx) => tx.query(read, [1]));
  await owner.query("alter table things drop column more");
  let runs = 0;
  await db.transaction((tx) => (runs++, tx.query(read, [1])), { retry: 1 });
  assert.is(runs, 2);
});

test("query() takes values that fit a widened column, on connections that knew the narrow one", async () => {
  const insert = "insert into things (id, small) values ($1, $2)";
  await everywhere((tx) => tx.query(insert, [1, 2]));
  // The limit on large values still applies.
  for (let i = 0; i < 3; i++) {
    const error = await rejection(db.query(insert, [1, 70_000]));
    assert.instance(error, ParameterError);
    assert.is((error as ParameterError).field, "$2");
  }
  await owner.query(
    "alter table things alter column id type bigint, alter column small type integer",
  );

  for (let i = 0; i < SIZE * 2; i++) await db.query(insert, [3_000_000_000 + i, 70_000]);
  await db.transaction((tx) => tx.query(insert, [4_000_000_000, 70_000]));

  const { rows } = await owner.query(
    "select id from things where small = 70000 order by id desc limit 1",
  );
  assert.equal(rows, [{ id: 4_000_000_000 }]);
});

test("query() takes a text where a number was, on connections that knew the number", async () => {
  const insert = "insert into things (small) values ($1) returning small";
  await everywhere((tx) => tx.query(insert, [2]));
  await owner.query("alter table things alter column small type text");

  for (let i = 0; i < SIZE * 2; i++) {
    assert.equal((await db.query(insert, ["two"])).rows, [{ small: "two" }]);
  }
});

test("query() goes on after an enum was made anew", async () => {
  const insert = "insert into things (mood) values ($1) returning mood";
  await everywhere((tx) => tx.query(insert, ["calm"]));
  await owner.transaction(async (tx) => {
    await tx.query("alter table things alter column mood type text");
    await tx.query("drop type mood");
    await tx.query("create type mood as enum ('calm', 'quiet')");
    await tx.query("alter table things alter column mood type mood using mood::mood");
  });

  for (let i = 0; i < SIZE * 2; i++) {
    assert.equal((await db.query(insert, ["quiet"])).rows, [{ mood: "quiet" }]);
  }
});

test("query() says what is wrong when its table is gone, and works when it is back", async () => {
  const read = "select id from things";
  await everywhere((tx) => tx.query(read));
  await owner.query("drop table things");
  const discarded = db.stats().discarded;

  for (let i = 0; i < 5; i++) {
    assert.is((await rejection(db.query(read)) as DatabaseError).sqlState, "42P01");
  }

  assert.is(db.stats().discarded, discarded);
  await owner.query("create table things (id integer)");
  assert.equal((await db.query(read)).rows, []);
});

test.run();
