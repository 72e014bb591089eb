/** Facts that the text of a statement reveals before it runs. */
import * as assert from "uvu/assert";
import { connect } from "netraven-db";
import { traitsOf } from "../src/connection/statement_text.ts";
import { createDatabase } from "./support/database.ts";
import { suite } from "./support/suite.ts";

const test = suite("statement text");

const READS = [
  "select 1",
  "SELECT id FROM devices WHERE id = $1",
  "-- DeviceGet\nselect hostname from devices",
  "with given (id, name) as (select 1, 'insert into x'), other (a) as materialized (select now()) select count(*) from given, other",
  "with recursive tree (id) as (select 1 union all select id + 1 from tree where id < 3) select * from tree",
  "values (1), (2)",
  "table tags",
  "show server_version",
  "select cast(x as numeric(10, 2)), x::varchar(3) from (values (1)) as given (x)",
  'select "update" from "delete"',
  "select $$ insert into x $$ as text, 'it''s a delete', E'\\' update'",
  "select coalesce(max(id), 0), array(select 1), row(1, 2), id in (1, 2) from devices group by (id)",
  "select * from unnest($1::integer[]) with ordinality as given (id, place) order by (id)",
  "select extract(epoch from now()), pg_catalog.lower('A')",
];
const WRITES = [
  "insert into tags (name) values ('a')",
  "update tags set name = 'a'",
  "with gone as (delete from tags returning id) select * from gone",
  "select write_note(1)",
  "select public.job_logs_add(array[1])",
  'select "f"(1)',
  "with a as (select write_note(1)) select * from a",
  "select nextval('x')",
  "select pg_notify('a', 'b')",
  "select id from jobs for update",
  "select id from jobs for no key update skip locked",
  "select 1 as a into b",
  "do $$ begin end $$",
  "call p()",
  "truncate tags",
  "explain analyze delete from tags",
  "merge into tags using tags as o on false when not matched then do nothing",
  "",
];

test("traitsOf() tells what surely only reads", () => {
  for (const text of READS) assert.is(traitsOf(text).reads, true, text);
  for (const text of WRITES) assert.is(traitsOf(text).reads, false, text);
});

const CONTROL: [text: string, control: string | undefined][] = [
  ["begin", "begin"],
  ["BEGIN WORK", "begin"],
  [";\n; Begin", "begin"],
  ["/* a /* b */ c */ -- d\n commit;", "commit"],
  ["end", "end"],
  ["abort transaction", "abort"],
  ["rollback", "rollback"],
  ["rollback and chain", "rollback"],
  ["rollback work", "rollback"],
  ["start transaction", "start transaction"],
  ["start /* x */\n transaction", "start transaction"],
  ["prepare transaction 'x'", "prepare transaction"],
  ["rollback to savepoint a", undefined],
  ["rollback work to a", undefined],
  ["rollback transaction to savepoint a", undefined],
  ["rollback prepared 'x'", undefined],
  ["commit prepared 'x'", undefined],
  ["prepare x as select 1", undefined],
  ["savepoint a", undefined],
  ["select 'begin'", undefined],
  ["beginning", undefined],
  ["do $$ begin commit; end $$", undefined],
  ["-- begin", undefined],
];

test("traitsOf() tells what begins or ends a transaction", () => {
  for (const [text, control] of CONTROL) assert.is(traitsOf(text).control, control, text);
});

test("traitsOf() tells what leaves something behind in its session", () => {
  for (
    const text of [
      "set x = 1",
      "reset all",
      "set session x = 1",
      "set time zone 'UTC'",
      "listen a",
      "prepare x as select 1",
      "deallocate x",
      "discard temp",
      "load 'x'",
      "declare c cursor with hold for select 1",
      "create temp table a ()",
      "create temporary view a as select 1",
      "create table pg_temp.a ()",
      'create table "pg_temp".a ()',
      'select pg_catalog."pg_advisory_lock"(1)',
      "select pg_try_advisory_lock(1, 2)",
      "select set_config('a', 'b', false)",
    ]
  ) assert.is(traitsOf(text).stateful, true, text);
  for (
    const text of [
      "select 1",
      "set local x = 1",
      "set transaction read only",
      "set constraints all immediate",
      "declare c cursor for select 1",
      "select pg_advisory_xact_lock(1)",
      "update settings set temperature = 1",
      "select 'set x = 1; listen a; pg_advisory_lock'",
    ]
  ) assert.is(traitsOf(text).stateful, false, text);
});

test("traitsOf() never calls a text a read that the server refuses in a read-only transaction", async () => {
  const database = await createDatabase();
  const db = await connect({ url: database.url, logging: { level: "silent" } });
  try {
    for (const text of READS) {
      if (text.includes("$1") || text.includes('"delete"')) continue;
      await db.transaction((tx) => tx.query(text), { readOnly: true });
    }
  } finally {
    await db.close();
    await database.drop();
  }
});

test("traitsOf() remembers no more texts than it should", () => {
  const before = traitsOf("select 1");
  for (let i = 0; i < 2_500; i++) traitsOf(`select ${i + 10}`);
  assert.equal(traitsOf("select 1"), before);
});

test.run();
