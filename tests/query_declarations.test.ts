/** A query file says of each query whether it writes, and the server agrees. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connect, type Database, DatabaseError, type Queryable } from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { describeAll, type Described, type Field } from "./support/every_query.ts";
import { envelope } from "./support/factories.ts";
import { suite } from "./support/suite.ts";

const test = suite("query declarations");
const QUERIES = fileURLToPath(new URL("../queries", import.meta.url));
const READ_ONLY = "25006";
let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Database;
let described: Described[];

test.before(async () => {
  database = await createDatabase();
  db = await connect({ url: database.url, logging: { level: "silent" } });
  described = await describeAll(db);
});

test.after(async () => {
  await db.close();
  await database.drop();
});

/** What each query declares, by its name. */
async function declarations(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of await readdir(QUERIES)) {
    const text = await readFile(join(QUERIES, file), "utf8");
    for (const [, name, contract] of text.matchAll(/@name (\w+) \*\/\n((?:--.*\n)*)/g)) {
      const lines = contract!.replaceAll(/^-- ?/gm, "");
      found.set(name!, /(?:^|\n)((?:Reads|Writes [a-z_, \n]+)\.)\n$/.exec(lines)?.[1] ?? "");
    }
  }
  return found;
}

/** Whether the query tells its database that it reads. */
async function saysReads({ query, fields }: Described): Promise<boolean | undefined> {
  let reads: boolean | undefined;
  const listener: Queryable = {
    query: (_text, _values, options) => {
      reads = options?.reads;
      return Promise.resolve({ rows: [], rowCount: 0 });
    },
    stream: () => {
      throw new Error("Not a stream");
    },
  };
  await query.run(paramsOf(query.name, fields), listener);
  return reads;
}

/** Texts that have to be one of a few. */
const CHOSEN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  DeviceInsertMany: { ipAddresses: ["10.0.0.1"], tagNames: null },
  JobLogInsertMany: { levels: ["info"] },
  LogPartitionMake: { period: "week", ahead: 60 },
};

function paramsOf(name: string, fields: readonly Field[]): Record<string, unknown> {
  const values = Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
  return { ...values, ...CHOSEN[name] };
}

/** One value of each type; a list has one. */
const VALUES: Readonly<Record<string, unknown>> = {
  "bigint": 1,
  "boolean": true,
  "bytea": new Uint8Array(32),
  "character varying": "a",
  "double precision": 1,
  "inet": "10.0.0.1",
  "integer": 1,
  "json": {},
  "jsonb": {},
  "numeric": 1,
  "real": 1,
  "smallint": 1,
  "text": "a",
  "timestamp with time zone": new Date("2026-11-01T00:00:00Z"),
  "uuid": "00000000-0000-4000-8000-000000000000",
};

function valueOf({ name, type, labels, sealed }: Field): unknown {
  const element = type.replace("[]", "");
  const value = sealed ? envelope() : labels[0] ?? VALUES[element];
  assert.is.not(value, undefined, `${name}: there is no value of the type ${element}`);
  return type.endsWith("[]") ? [value] : value;
}

test("Every query says as the last line of its contract whether it reads, or what it writes", async () => {
  const declared = await declarations();

  const without = [...declared].filter(([, line]) => line === "").map(([name]) => name);
  assert.equal(without, []);
  for (const one of described) {
    const line = declared.get(one.query.name);
    assert.is(await saysReads(one), line === "Reads.", `${one.query.name}: ${line}`);
  }
});

test("Every query names tables that exist", async () => {
  const { rows } = await db.query<{ table: string }>(
    "select relname::text as table from pg_class where relkind in ('r', 'p')",
  );
  const tables = new Set(rows.map(({ table }) => table));
  for (const [name, line] of await declarations()) {
    if (line === "Reads.") continue;
    const named = line.replace(/^Writes |\.$/g, "").split(/,\s*/).filter((word) =>
      !/^(nothing|locks .*)$/.test(word)
    );
    for (const table of named) assert.ok(tables.has(table), `${name}: there is no table ${table}`);
  }
});

test("A read-only transaction takes the queries that say that they read, and refuses the others", async () => {
  const wrong: string[] = [];
  const notes: string[] = [];
  let whole = 0;
  for (const one of described) {
    const { query, fields } = one;
    const run = db.transaction((tx) => query.run(paramsOf(query.name, fields), tx), {
      readOnly: true,
    });
    const error = await run.then(() => undefined, (error: Error) => error);
    if (error === undefined) whole++;
    else if (await saysReads(one)) notes.push(`${query.name}: ${error.message}`);
    const refused = error instanceof DatabaseError && error.sqlState === READ_ONLY;
    const reads = await saysReads(one);
    if (reads && refused) wrong.push(`${query.name} says that it reads, and writes`);
    if (!reads && !refused) {
      wrong.push(`${query.name} says that it writes, and only reads: ${error?.message}`);
    }
  }
  assert.equal(wrong, []);
  const reading = (await Promise.all(described.map(saysReads))).filter((reads) => reads).length;
  assert.ok(whole > reading * 0.9, `${whole} of ${reading} ran to their end: ${notes}`);
});

test.run();
