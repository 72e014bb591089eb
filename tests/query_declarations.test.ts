/** Each query file correctly declares what its queries write, which step owns them, and their parameters. */
// Runs on Node: it compares files with what the server says.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import * as netraven from "netraven-db";
import {
  DatabaseError,
  type Device,
  deviceGet,
  jobFinish,
  jobInsertMany,
  jobList,
  jobLogGet,
  type JobLogLevel,
  type JobLogLine,
  type Queryable,
  tagEnsure,
} from "netraven-db";
import {
  describeAll,
  type Described,
  everyQuery,
  exportedQueries,
  type Field,
} from "./support/every_query.ts";
import { envelope } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";

const test = suite("query declarations");
const QUERIES = fileURLToPath(new URL("../queries", import.meta.url));
const READ_ONLY = "25006";
const { db } = await testDatabase(test);
let described: Described[];

test.before(async () => {
  described = await describeAll(db);
});

/** The declarations of each query, by its name. */
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

/** Whether the query declares itself read-only to its database. */
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

/** Strings with a fixed set of values. */
const CHOSEN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  DeviceInsertMany: { ipAddresses: ["10.0.0.1"], tagNames: null },
  JobLogInsertMany: { levels: ["info"] },
  LogPartitionMake: { period: "week", ahead: 60 },
};

function paramsOf(name: string, fields: readonly Field[]): Record<string, unknown> {
  const values = Object.fromEntries(fields.map((field) => [field.name, valueOf(field)]));
  return { ...values, ...CHOSEN[name] };
}

/** One value of each type; lists have one element. */
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
    const { writes, locks } = namedIn(line);
    for (const table of [...writes, ...locks]) {
      assert.ok(tables.has(table), `${name}: there is no table ${table}`);
    }
  }
});

/** The tables of a declaration. */
function namedIn(line: string): { writes: string[]; locks: string[] } {
  const parts = /^Writes ([^.]*)\.$/.exec(line)?.[1]?.split(/,\s+/) ?? [];
  const does = /^(nothing|notifies|locks .*)$/;
  return {
    writes: parts.filter((part) => !does.test(part)),
    locks: parts.flatMap((part) => /^locks (.*)$/.exec(part)?.[1] ?? []),
  };
}

/** Functions and views that a query may use and that have a text of their own, by name. */
interface Routine {
  readonly name: string;
  readonly isVolatile: boolean;
  /** Empty for functions of the server. */
  readonly body: string;
}

async function readRoutines(): Promise<Map<string, Routine>> {
  const { rows } = await db.query<Routine>(`
    select
      proname::text as name,
      bool_or(provolatile = 'v') as "isVolatile",
      coalesce(
        string_agg(coalesce(pg_get_function_sqlbody(oid), prosrc), ' ')
          filter (where pronamespace = 'public'::regnamespace),
        ''
      ) as body
    from pg_proc
    where pronamespace in ('public'::regnamespace, 'pg_catalog'::regnamespace)
    group by proname
    union all
    select relname::text, false, pg_get_viewdef(oid)
    from pg_class
    where
      relkind = 'v'
      and relnamespace = 'public'::regnamespace`);
  return new Map(rows.map((row) => [row.name, row]));
}

/** The text without comments, literals and quoted names, with single spaces. */
function bare(text: string): string {
  return text.replace(/--.*|'(?:[^']|'')*'|"[^"]*"/g, " ").replace(/\s+/g, " ").toLowerCase();
}

/** Functions that the text calls, and views that it names. */
function usedIn(text: string, routines: ReadonlyMap<string, Routine>): Routine[] {
  return [...bare(text).matchAll(/\b([a-z_][a-z_0-9]*)\b( ?\()?/g)].flatMap(([, name, call]) => {
    const routine = routines.get(name!);
    const isView = routine?.body.trimStart().toLowerCase().startsWith("select ") ?? false;
    return routine !== undefined && (call !== undefined || isView) ? [routine] : [];
  });
}

/** The given functions and views, and all that their bodies use. */
function withInner(
  used: readonly Routine[],
  routines: ReadonlyMap<string, Routine>,
): Set<Routine> {
  const all = new Set(used);
  for (const { body } of all) for (const inner of usedIn(body, routines)) all.add(inner);
  return all;
}

/** Tables that the text writes, directly or by a function, in the order of the text. */
function writtenBy(text: string, routines: ReadonlyMap<string, Routine>): string[] {
  const write =
    /\b(?:insert into|delete from|merge into|(?<!for |key |do )update)(?: only)? ([a-z_]+)|\b([a-z_]+) ?\(/g;
  const tables = [...bare(text).matchAll(write)].flatMap(([, table, called]) => {
    if (table !== undefined) return [table];
    const body = routines.get(called!)?.body ?? "";
    return body === "" ? [] : writtenBy(body, routines);
  });
  return [...new Set(tables)];
}

/** Its function creates partitions of them by `execute` with a generated text. */
const WRITTEN_UNSEEN: Readonly<Record<string, readonly string[]>> = {
  LogPartitionMake: ["job_logs", "connection_logs"],
};

test("Every query names the tables that it writes, by itself or by a function, in their order", async () => {
  const routines = await readRoutines();
  const declared = await declarations();
  const differing: string[] = [];
  for (const { query, text } of described) {
    const line = declared.get(query.name)!;
    const written = WRITTEN_UNSEEN[query.name] ?? writtenBy(text, routines);
    if (namedIn(line).writes.join() !== written.join()) {
      differing.push(`${query.name} says "${line}" and writes: ${written.join(", ")}`);
    }
  }
  assert.equal(differing, []);
});

test("No query that reads calls what may write, notify or lock, however deep", async () => {
  // A read-only transaction allows notifications and advisory locks, and an empty table skips the functions
  // that are called for each row.
  const routines = await readRoutines();
  const harmful =
    /\b(insert|update|delete|merge|truncate|execute|lock|pg_notify|nextval|pg_(try_)?advisory\w*)\b/;
  const wrong: string[] = [];
  const caught = new Set<string>();
  for (const one of described) {
    for (const routine of withInner(usedIn(one.text, routines), routines)) {
      if (!routine.isVolatile && !harmful.test(bare(routine.body))) continue;
      if (await saysReads(one)) wrong.push(`${one.query.name} calls ${routine.name}`);
      else caught.add(routine.name);
    }
  }
  assert.equal(wrong, []);
  // Without this check the test might find no problem at all.
  for (
    const name of [
      "connection_logs_add",
      "job_logs_add",
      "log_delete",
      "log_partition_make",
      "log_partitions_make",
      "nextval",
      "pg_notify",
    ]
  ) assert.ok(caught.has(name), `${name} is not seen in the queries that write`);
});

test("A read-only transaction takes the queries that say that they read, and refuses the others", async () => {
  const declared = await declarations();
  const wrong: string[] = [];
  const notes: string[] = [];
  let reading = 0;
  for (const { query, fields } of described) {
    const run = db.transaction((tx) => query.run(paramsOf(query.name, fields), tx), {
      readOnly: true,
    });
    const error = await run.then(() => undefined, (error: Error) => error);
    const refused = error instanceof DatabaseError && error.sqlState === READ_ONLY;
    const line = declared.get(query.name)!;
    if (line === "Reads.") {
      reading++;
      if (refused) wrong.push(`${query.name} says that it reads, and writes`);
      else if (error !== undefined) notes.push(`${query.name}: ${error.message}`);
    } else if (!refused && line !== "Writes nothing, notifies.") {
      wrong.push(`${query.name} says that it writes, and only reads: ${error?.message}`);
    }
  }
  assert.equal(wrong, []);
  const whole = reading - notes.length;
  assert.ok(whole > reading * 0.9, `${whole} of ${reading} ran to their end: ${notes}`);
});

test("A query that is a step of others is not exported, and those whose step it is are there", async () => {
  const made = await readFile(join(QUERIES, "..", "Makefile"), "utf8");
  const isThere = (name: string) => {
    if (name.startsWith("make ")) return made.includes(`\n${name.slice(5)}: `);
    const [root, ...path] = name.split(".");
    if (root !== "db") return path.length === 0 && Object.hasOwn(netraven, name);
    const owner = path.slice(0, -1).reduce((value: any, key) => value[key], db);
    return path.at(-1)! in owner;
  };
  const internal = new Set<string>();
  for (const file of await readdir(QUERIES)) {
    const text = await readFile(join(QUERIES, file), "utf8");
    for (
      const [, name, users] of text.matchAll(
        /@name (\w+) \*\/\n(?:--.*\n)*?-- Internal: a step of (.*)\.\n/g,
      )
    ) {
      internal.add(name!);
      for (const user of users!.split(/, | and /)) assert.ok(isThere(user), `${name}: ${user}`);
    }
  }

  const exported = exportedQueries().map(({ name }) => name);
  const all = everyQuery().map(({ name }) => name);

  assert.equal(exported.filter((name) => internal.has(name)), []);
  assert.is(new Set(all).size, exported.length + internal.size);
  assert.is(all.length, exported.length + internal.size);
});

test("No name of the root hides that of a query module", async () => {
  const src = join(QUERIES, "..", "src");
  const namesOf = (text: string) =>
    [...text.matchAll(/^export (?:const|interface|type) (\w+)/gm)].map(([, name]) => name!);
  const modules = (await readdir(join(src, "generated"))).filter((file) => file.endsWith(".ts"));
  const texts = await Promise.all(
    modules.map((file) => readFile(join(src, "generated", file), "utf8")),
  );
  const generated = new Set(texts.flatMap(namesOf));
  const root = await readFile(join(src, "mod.ts"), "utf8");
  const own = [...root.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
    list!.split(",").map((name) => name.trim().replace(/^(type )?(\w+ as )?/, "")).filter(Boolean)
  );

  const hidden = own.filter((name) => generated.has(name));

  // JobLogLevel is the level of a line; LogLevel is that of the library's own log.
  assert.equal(hidden, ["LogLevel"]);
});

test("Types refuse what the database refuses, and no more", async () => {
  const none = { ids: [], claimTokens: [], errorClasses: [], errorMessages: [], retrySeconds: [] };
  // Never called: `make lint` checks it.
  const refused = () => [
    // @ts-expect-error: this status does not exist
    jobList.run({ statuses: ["no such status"], limit: 1 }, db),
    // @ts-expect-error: this outcome does not exist
    jobFinish.run({ ...none, outcomes: ["expired"] }, db),
    // @ts-expect-error: this level does not exist
    jobLogGet.one({ id: 1, timestamp: new Date() }, db).then(({ level }) => level === "loud"),
    // @ts-expect-error: each array element is one device
    jobInsertMany.run({ deviceIds: [null] }, db),
  ];

  const [tag] = await tagEnsure.run({ names: ["typed"], types: [null] }, db);
  const line: JobLogLine | undefined = await jobLogGet.first({ id: 1, timestamp: new Date() }, db);
  const level: JobLogLevel = line?.level ?? "info";
  const device: Device | undefined = await deviceGet.first({ id: 1 }, db);
  const names: string[] = device?.tags ?? [];

  assert.is(tag?.type, "custom");
  assert.equal([line, level, names, refused.length], [undefined, "info", [], 0]);
});

test.run();
