// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadConfig } from "../../src/config/load.ts";
import { ToolConnection } from "../../src/tools/connection.ts";
import { generate, GenerateError, verify } from "../../src/tools/generate.ts";
import { suite } from "../support/suite.ts";

const test = suite("generate");
const admin = process.env.TEST_DATABASE_URL ?? "";
const name = `${process.env.TEST_TEMPLATE ?? "netraven_test"}_generate`;
const url = Object.assign(new URL(admin), { pathname: `/${name}` }).href;
const root = fileURLToPath(new URL("../..", import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), "netraven-test-"));

async function sql(database: string, ...statements: string[]): Promise<void> {
  const connection = await ToolConnection.open(
    (await loadConfig({ url: database })).database,
    5_000,
  );
  for (const statement of statements) await connection.command(statement);
  await connection.end();
}

async function folder(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(scratch, "queries-"));
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, GenerateError);
    return (error as GenerateError).problems;
  }
  throw new Error("It did not fail");
}

const SITES = `-- Sites are places. Ends no comment: */ either.

/* @name SiteInsert */
-- Stores a site. Ends no comment: */ and goes on.
-- The second line.
-- :siteName The name, which is
--   unique.
-- .names[!] All of them.
-- Returns Site.
-- Writes sites.
insert into sites (site_name, state, facts)
values (:siteName!, :state!, :facts)
returning id, site_name, state, facts, names, seen_at, size;

/* @name SiteGet */
-- Returns Site.
-- Reads.
select size, seen_at, names, facts, state, site_name, id
from sites
where id = :id!;

/* @name SiteStateList */
-- :zones[?] Null for none.
-- .kind One of: large, small.
-- Reads.
select
  id,
  names,
  case when size > 9 then 'large' else 'small' end as "kind!"
from sites
where
  state = any(:states!::text[]::site_state[])
  and site_name = any(:zones!::text[]);

/* @name SiteList */
-- Reads.
select id, site_name as "title?", count(*) over () as "total!"
from sites
where
  id = any(:ids!::integer[] || array[:id!::integer])
  and (:states::site_state[] is null or state = any(:states))
  and (:since::timestamptz is null or seen_at > :since)
  and (:day::date is null or seen_at > :day);

/* @name SitePackedList */
-- What would write stands in texts, names and comments: 'delete'.
-- Reads.
select 'it''s an insert' as "update", ''::bytea as packed /* for share */
from sites;

/* @name SiteLock */
-- Internal: a step of siteWork.
-- Writes nothing, locks sites.
select id from sites for no key update;

/* @name SiteKeep */
-- Returns Site.
-- Internal: a step of siteWork and siteOther.
-- Writes sites.
update sites set site_name = :password!::text
returning id, site_name, state, facts, names, seen_at, size;

/* @name SiteWake */
-- Writes nothing, notifies.
select 1 as woken from pg_notify('sites', '');

/* @name SiteDeleteAll */
-- Deletes all sites. Writes a list of tables that goes on.
-- Writes sites,
-- site_tags.
delete from sites;
`;

/** Bodies of queries that may not declare themselves read-only. */
const ACTS: Readonly<Record<string, string>> = {
  Insert: "insert into sites (site_name, state) values ('a', 'open')",
  Update: "update sites set size = 1",
  Merge: "merge into sites using sites as s on sites.id = s.id when matched then delete",
  With: "with gone as (delete from sites returning id) select id from gone",
  ForUpdate: "select id from sites for\n  update",
  ForNoKeyUpdate: "select id from sites for no key update skip locked",
  ForShare: "select id from sites for share",
  ForKeyShare: "select id from sites for key share",
  Notify: "select 1 as x from pg_notify('a', 'b')",
  Nextval: "select nextval('sites_id_seq') as x",
  Advisory: "select 1 as x from pg_advisory_xact_lock(1)",
};

/** The problem, the files, and the expected message. */
const BAD: [string, Record<string, string>, RegExp][] = [
  [
    "a query is invalid",
    {
      "invalid.sql":
        "/* @name InvalidFirst */\nselect id from sites;\n/* @name InvalidGet */\nselect nope from sites;\n",
    },
    /^invalid\.sql:3: InvalidGet: column "nope" does not exist$/,
  ],
  [
    "a message holds both kinds of quotes",
    { "quotes.sql": "/* @name QuoteGet */\nselect 'it''s'::integer as \"x\";\n" },
    /^quotes\.sql:1: QuoteGet: invalid input syntax for type integer: "it's"$/,
  ],
  [
    "a column has no name",
    { "anonymous.sql": "/* @name AnonymousGet */\nselect 1 + 1;\n" },
    /^anonymous\.sql:1: AnonymousGet: a column has no name/,
  ],
  [
    "a file does not open with a sentence",
    { "prose.sql": "/* @name ProseGet */\n-- Reads.\nselect id from sites;\n" },
    /^prose\.sql:1: the file does not open with a sentence about its table, after --$/,
  ],
  [
    "prose stands between the file's sentence and the first block",
    { "between.sql": "-- Sites.\n\n-- More.\n/* @name BetweenGet */\nselect id from sites;\n" },
    /^between\.sql:3: before the first query: Parse error: extraneous input/,
  ],
  [
    "prose stands inside a block",
    { "inside.sql": "/* @name InsideGet\n   gets one */\nselect id from sites;\n" },
    /^inside\.sql:3: InsideGet: Parse error/,
  ],
  [
    "a comment stands after the last query",
    { "after.sql": "/* @name AfterGet */\nselect id from sites;\n-- the end\n" },
    /^after\.sql:3: AfterGet: Parse error/,
  ],
  [
    "a block holds two statements",
    { "two.sql": "/* @name TwoGet */\nselect id from sites; select 2 as x;\n" },
    /^two\.sql:2: TwoGet: Parse error/,
  ],
  [
    "a statement has no semicolon",
    { "open.sql": "/* @name OpenGet */\nselect id from sites\n" },
    /^open\.sql:3: OpenGet: Parse error: missing ';'/,
  ],
  [
    "a name is a word of JavaScript",
    { "word.sql": "/* @name Delete */\nselect id from sites;\n" },
    /^word\.sql:1: Delete: "delete" is a reserved word of JavaScript/,
  ],
  [
    "a name is not written as pgtyped writes it",
    { "case.sql": "/* @name CaseGetByID */\nselect id from sites;\n" },
    /^case\.sql:1: CaseGetByID: pgtyped calls the query CaseGetById/,
  ],
  [
    "a name is in lower case",
    { "lower.sql": "/* @name lowerGet */\nselect id from sites;\n" },
    /^lower\.sql:1: lowerGet: write the name as DeviceGet$/,
  ],
  [
    "a name comes twice in a file",
    {
      "twice.sql":
        "/* @name TwiceGet */\nselect id from sites;\n/* @name TwiceGet */\nselect 1 as x;\n",
    },
    /^twice\.sql:3: TwiceGet: twice\.sql:1 has the same name$/,
  ],
  [
    "a name comes in two files",
    {
      "x_one.sql": "/* @name BothGet */\nselect id from sites;\n",
      "x_two.sql": "/* @name BothGet */\nselect id from sites;\n",
    },
    /^x_two\.sql:1: BothGet: x_one\.sql:1 has the same name$/,
  ],
  [
    "a parameter is a list to spread",
    {
      "spread.sql":
        "/*\n  @name SpreadGet\n  @param ids -> (...)\n*/\nselect id from sites where id in :ids;\n",
    },
    /^spread\.sql:1: SpreadGet: parameter "ids": pgtyped.s lists are not allowed/,
  ],
  [
    "a parameter is a pick",
    {
      "pick.sql":
        "/*\n  @name PickGet\n  @param site -> (id, name)\n*/\nselect id from sites where (id, site_name) = :site;\n",
    },
    /^pick\.sql:3: PickGet: @param site: pgtyped.s lists are not allowed/,
  ],
  [
    "a contract says that it reads, and the statement writes",
    {
      "reads.sql": "/* @name ReadsDelete */\n-- Deletes.\n-- Reads.\ndelete from sites;\n",
    },
    /^reads\.sql:1: ReadsDelete: its contract says "Reads\.", but the statement writes, locks or notifies$/,
  ],
  [
    "a contract says both that it reads and that it writes",
    {
      "both.sql": "/* @name BothList */\n-- Writes sites.\n-- Reads.\nselect id from sites;\n",
    },
    /^both\.sql:1: BothList: its contract says more than once whether the query writes$/,
  ],
  [
    "a contract does not say whether the query writes",
    {
      "neither.sql":
        "/* @name NeitherList */\n-- Lists. Reads.\n-- Writes a list.\nselect id from sites;\n",
    },
    /^neither\.sql:1: NeitherList: its contract does not say whether the query writes: end it with "Reads\." or "Writes table, table\."$/,
  ],
  [
    "a query has no contract",
    { "bare.sql": "/* @name BareList */\nselect id from sites;\n" },
    /^bare\.sql:1: BareList: its contract does not say whether the query writes/,
  ],
  [
    "a contract goes on after it says that the query reads",
    { "goes.sql": "/* @name GoesList */\n-- Reads.\n-- By id.\nselect id from sites;\n" },
    /^goes\.sql:1: GoesList: its contract does not end with "Reads\." or "Writes table, table\.", but with "Reads\. By id\."$/,
  ],
  [
    "a contract goes on after it says what the query writes",
    { "rest.sql": "/* @name RestDelete */\n-- Writes sites.\n-- All.\ndelete from sites;\n" },
    /^rest\.sql:1: RestDelete: its contract does not end with .*, but with "Writes sites\. All\."$/,
  ],
  [
    "a contract says that it writes nothing, and not what it does",
    {
      "nothing.sql":
        "/* @name NothingLock */\n-- Writes nothing.\nselect id from sites for update;\n",
    },
    /^nothing\.sql:1: NothingLock: its contract does not end with .*, but with "Writes nothing\."$/,
  ],
  ...Object.entries(ACTS).map(([act, text]): typeof BAD[number] => [
    `a contract says that it reads, and the statement does: ${text.replace(/\s+/g, " ")}`,
    { [`act_${act.toLowerCase()}.sql`]: `/* @name Act${act} */\n-- Reads.\n${text};\n` },
    new RegExp(`: Act${act}: its contract says "Reads\\.", but the statement writes`),
  ]),
  ...([
    [
      "a line on a parameter names none",
      "ParamGet",
      "-- :idd One.\n-- Reads.\nselect size from sites where id = :id",
      /: ParamGet: ":idd" of its contract is not a parameter$/,
    ],
    [
      "a line on a column names none",
      "ColumnGet",
      "-- .site_name One.\n-- Reads.\nselect site_name from sites",
      /: ColumnGet: "\.site_name" of its contract is not a column$/,
    ],
    [
      "elements are marked of what is no array",
      "ElementGet",
      "-- .size[!]\n-- Reads.\nselect size from sites",
      /: ElementGet: "\.size" of its contract is not an array$/,
    ],
    [
      "labels are those of a number",
      "NumberGet",
      "-- .size One of: large.\n-- Reads.\nselect size, 'large' as x from sites",
      /: NumberGet: "\.size" of its contract is not text, so it has no labels$/,
    ],
    [
      "a column is said to be one of what its statement does not give",
      "LabelsGet",
      "-- .kind One of: large, tiny.\n-- Reads.\nselect 'large' as \"kind!\"",
      /: LabelsGet: "\.kind" is one of tiny: neither its statement nor a function contains them$/,
    ],
    [
      "prose follows what a contract returns",
      "LateGet",
      "-- Returns Late.\n-- Late prose.\n-- Reads.\nselect 7 as late",
      /: LateGet: "Late prose\." comes too late in its contract/,
    ],
    [
      "a contract says twice what a parameter is",
      "OnceGet",
      "-- :id One.\n-- :id Two.\n-- Reads.\nselect 8 as once from sites where id = :id",
      /: OnceGet: its contract has more than one line on ":id"$/,
    ],
    [
      "a contract does not say whose step it is",
      "WhoseGet",
      "-- Internal.\n-- Reads.\nselect 9 as whose",
      /: WhoseGet: its contract does not name the function that uses it/,
    ],
    [
      "a query without columns returns something",
      "VoidDelete",
      "-- Returns Gone.\n-- Writes sites.\ndelete from sites",
      /: VoidDelete: its contract says "Returns Gone\.", but the statement returns nothing$/,
    ],
    [
      "a type has the name of an enum",
      "EnumGet",
      "-- Returns SiteState.\n-- Reads.\nselect 1 as one, state from sites",
      /^enumget\.sql:2: EnumGet: another type has the name "SiteState"$/,
    ],
  ] as const).map(([what, name, text, message]): typeof BAD[number] => [
    what,
    { [`${name.toLowerCase()}.sql`]: `-- A file.\n/* @name ${name} */\n${text};\n` },
    message,
  ]),
  [
    "two queries have the same row, and it has no name",
    {
      "same.sql":
        "/* @name SameGet */\n-- Reads.\nselect 1 as a, 'x' as b;\n/* @name SameList */\n-- Reads.\nselect 'y' as b, 2 as a;\n",
    },
    /^same\.sql:4: SameList: same\.sql:1: SameGet has the same rows: name them in both, "Returns …\."$/,
  ],
  [
    "two queries have the same row, and one does not name it",
    {
      "named.sql":
        "/* @name NamedGet */\n-- Reads.\nselect 1 as c;\n/* @name NamedList */\n-- Returns Named.\n-- Reads.\nselect 2 as c;\n",
    },
    /^named\.sql:1: NamedGet: named\.sql:4: NamedList has the same rows: write "Returns Named\."$/,
  ],
  [
    "one name is that of two rows",
    {
      "n_one.sql": "/* @name NOneGet */\n-- Returns Two.\n-- Reads.\nselect 1 as d, 2 as e;\n",
      "n_two.sql": "/* @name NTwoGet */\n-- Returns Two.\n-- Reads.\nselect 1 as d, 'x' as e;\n",
    },
    /^n_two\.sql:1: NTwoGet: its rows differ from Two of n_one\.sql:1: NOneGet: it has e: string \| null, it lacks e: number \| null$/,
  ],
  [
    "two queries say what one column is",
    {
      "c_one.sql":
        "/* @name COneGet */\n-- .names[!]\n-- Returns Names.\n-- Reads.\nselect names from sites;\n/* @name CTwoGet */\n-- .names[?]\n-- Returns Names.\n-- Reads.\nselect names from sites;\n",
    },
    /^c_one\.sql:6: CTwoGet: c_one\.sql:1: COneGet already documents "\.names" of the type$/,
  ],
  [
    "a file has the name of a folder",
    { "internal.sql": "/* @name InternalGet */\n-- Reads.\nselect 1 as f;\n" },
    /^internal\.sql: a folder of src\/generated has this name$/,
  ],
  [
    "an emoji stands before a parameter",
    {
      "emoji.sql":
        "/* @name EmojiGet */\nselect id from sites where site_name = '😀' and id = :id  ;\n",
    },
    /^emoji\.sql:1: EmojiGet: /,
  ],
  [
    "the end of a slice is read as a parameter",
    { "slice.sql": '/* @name SliceGet */\nselect names[:n] as "x" from sites;\n' },
    /^slice\.sql:1: SliceGet: "\[:n" is read as a parameter/,
  ],
  ["a file has no query", { "empty.sql": "\n" }, /^empty\.sql: the file has no \/\* @name/],
  [
    "a file's name is odd",
    { "Odd-name.sql": "/* @name OddGet */\nselect id from sites;\n" },
    /^Odd-name\.sql: the file's name/,
  ],
  [
    "a column has no name in camelCase",
    { "camel.sql": "/* @name CamelGet */\nselect 1 as foo_2, 2 as a__b;\n" },
    /^camel\.sql:1: CamelGet: column "foo_2" is not in camelCase: write as "foo2"$/,
  ],
  [
    "a column comes twice",
    { "again.sql": "/* @name AgainGet */\nselect id, size as id from sites;\n" },
    /^again\.sql:1: AgainGet: column "id" occurs twice$/,
  ],
  [
    "a type is not known",
    { "type.sql": "/* @name TypeGet */\nselect '1,2,3,4'::box as b;\n" },
    /^type\.sql:1: TypeGet: column "b": pgtyped does not know its type/,
  ],
  [
    "a column is void",
    { "void.sql": "/* @name VoidGet */\nselect pg_notify('a', :x!);\n" },
    /^void\.sql:1: VoidGet: column "pg_notify" is void/,
  ],
  [
    "the label of an enum breaks the module",
    { "label.sql": "/* @name LabelGet */\nselect 'it''s'::odd_state as x;\n" },
    /^label\.sql: the module of pgtyped is not TypeScript: .*it's/,
  ],
];

let problems: readonly string[] = [];
let good = "";
let migrationsDir = "";
let schemaFile = "";
const out = join(scratch, "src", "generated");

test.before(async () => {
  await sql(admin, `create database "${name}"`);
  await sql(
    url,
    "create type site_state as enum ('open', 'closed')",
    "create type odd_state as enum ('it''s')",
    `create table sites (
      id integer generated always as identity primary key, site_name text not null,
      state site_state not null, facts jsonb, names text[], seen_at timestamptz, size bigint not null default 0)`,
    "comment on column sites.site_name is 'Says */ something.'",
  );
  good = await folder({ "sites.sql": SITES.replaceAll("\n", "\r\n") });
  const bad = await folder(Object.assign({}, ...BAD.map(([, files]) => files)));
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "old.ts"), "// as it was\n");
  problems = await problemsOf(generate({ queriesDir: bad, outDir: out, url }));
  migrationsDir = await folder({
    "20250101000000_create_sites.sql": "-- migrate:up\n-- migrate:down\n",
  });
  schemaFile = join(scratch, "schema.sql");
  await writeFile(schemaFile, "-- PostgreSQL 99, pg_dump 99.\n    ('20250101000000');\n");
});

test.after(async () => {
  await sql(admin, `drop database if exists "${name}" with (force)`);
  await rm(scratch, { recursive: true, force: true });
});

for (const [what, , message] of BAD) {
  test(`generate() names file and query, when ${what}`, () => {
    assert.ok(problems.some((line) => message.test(line)), problems.join("\n"));
  });
}

test("generate() writes nothing, when one query of one file is wrong", async () => {
  assert.equal(await readdir(out), ["old.ts"]);
});

test("generate() fails, when there is no file", async () => {
  const found = await problemsOf(generate({ queriesDir: await folder({}), outDir: out, url }));

  assert.match(found.join(), "the folder has no .sql file");
});

test("generate() passes on what pgtyped says, when its configuration is bad or the server is away", async () => {
  const configFile = join(scratch, "pgtyped.json");
  await writeFile(configFile, JSON.stringify({ transforms: [{ mode: "sequel" }] }));
  const away = "postgres://nobody:x@127.0.0.1:1/nothing";

  const config = await problemsOf(generate({ queriesDir: good, outDir: out, url, configFile }));
  const server = await problemsOf(generate({ queriesDir: good, outDir: out, url: away }));

  assert.match(config.join(), /^sites\.sql: pgtyped wrote no module: Failed to parse config file/);
  assert.match(server.join(), /^sites\.sql: pgtyped wrote no module: .*ECONNREFUSED/);
});

let made: Promise<string[]> | undefined;

/** Generates the valid module with environment variables that pgtyped treats as flags. */
function generateGood(): Promise<string[]> {
  const traps = {
    URI: "postgres://x@127.0.0.1:1/x",
    FILE: "no.sql",
    WATCH: "true",
    PGHOST: "127.0.0.2",
  };
  if (made !== undefined) return made;
  Object.assign(process.env, traps);
  return made = generate({ queriesDir: good, outDir: out, url }).finally(() => {
    for (const variable of Object.keys(traps)) delete process.env[variable];
  });
}

test("generate() listens to no variable of the caller's, and removes what is left over", async () => {
  const changed = await generateGood();

  assert.equal(changed, ["sites.ts", "internal/sites.ts", "old.ts"]);
  assert.equal((await readdir(out)).sort(), ["internal", "sites.ts"]);
  assert.equal(await readdir(join(out, "internal")), ["sites.ts"]);
});

test("generate() writes the project's own module: class, types, contract", async () => {
  await generateGood();

  const text = await readFile(join(out, "sites.ts"), "utf8");

  for (
    const part of [
      "// Generated from queries/sites.sql by make generate. Do not edit.\n/**\n * Sites are places. Ends no comment: *\\/ either.\n *\n * @module\n */\n",
      'import { unpackRow } from "../connection/packed.ts";\nimport type { Json } from "../json.ts";\nimport { Query, type QueryIR } from "../query.ts";\n',
      'export type SiteState = "closed" | "open";\n',
      "  facts?: Json | null | undefined;\n  /** The name, which is unique. */\n  siteName: string;\n  state: SiteState;\n",
      "/** A row of `SiteInsert`, `SiteGet`, `SiteKeep`. */\nexport interface Site {\n",
      "  /** Says *\\/ something. */\n  siteName: string;\n",
      "  day?: Date | string | null | undefined;\n  id: number;\n  ids: readonly number[];\n",
      "  states?: readonly SiteState[] | null | undefined;\n",
      "  states: readonly SiteState[];\n  /** Null for none. */\n  zones: readonly (string | null)[];\n",
      '  id: number;\n  kind: "large" | "small";\n  names: (string | null)[] | null;\n',
      "  title: string | null;\n  total: number;\n",
      "  /** All of them. */\n  names: string[] | null;\n  seenAt: Date | null;\n",
      "  size: number;\n  state: SiteState;\n",
      "/**\n * Stores a site. Ends no comment: *\\/ and goes on.\n * The second line.\n * Writes sites.\n */\nexport const siteInsert",
      'export const siteInsert: Query<SiteInsertParams, Site> = new Query("SiteInsert", siteInsertIR);\n',
      "/** Reads. */\nexport const siteGet: Query<SiteGetParams, Site> = ",
      "export const siteList: Query<SiteListParams, SiteListRow> = ",
      'new Query("SiteList", siteListIR, { reads: true });\n',
      'new Query("SitePackedList", sitePackedListIR, { unpack: unpackRow<SitePackedListRow>, reads: true });\n',
      'new Query("SiteWake", siteWakeIR);\n',
      'export const siteDeleteAll: Query<void, void> = new Query("SiteDeleteAll", siteDeleteAllIR);\n',
      " * Writes sites,\n * site_tags.\n */\n",
    ]
  ) assert.ok(text.includes(part), `${part}\n--- is not in ---\n${text}`);
  assert.not.match(text, /pgtyped|PreparedQuery|export type (Json|site_state|\w+Array)|: any/);
  assert.not.match(text, /SiteLock|siteKeep|\* (select|delete from) |:siteName The name/);
});

test("generate() writes steps of other functions into a folder of their own", async () => {
  await generateGood();

  const text = await readFile(join(out, "internal", "sites.ts"), "utf8");

  for (
    const part of [
      "// Generated from queries/sites.sql by make generate. Do not edit.\n",
      'import { Query, type QueryIR } from "../../query.ts";\nimport { sealedProblem } from "../../vault/envelope.ts";\nimport type { Site } from "../sites.ts";\n',
      " * Internal: a step of siteWork.\n * Writes nothing, locks sites.\n */\n",
      'export const siteLock: Query<void, SiteLockRow> = new Query("SiteLock", siteLockIR);\n',
      'export const siteKeep: Query<SiteKeepParams, Site> = new Query("SiteKeep", siteKeepIR, { checks: { password: sealedProblem } });\n',
    ]
  ) assert.ok(text.includes(part), `${part}\n--- is not in ---\n${text}`);
  assert.not.match(text, /siteGet|interface Site \{/);
});

test("generate() writes modules that the compiler takes, with parameters left out or undefined", async () => {
  await generateGood();
  const src = join(scratch, "src");
  for (const file of ["query.ts", "json.ts", "connection/packed.ts", "vault/envelope.ts"]) {
    await mkdir(dirname(join(src, file)), { recursive: true });
    await writeFile(join(src, file), `export * from ${JSON.stringify(join(root, "src", file))};\n`);
  }
  await writeFile(
    join(src, "use.ts"),
    `import { siteLock } from "./generated/internal/sites.ts";
import {
  type Site,
  siteDeleteAll,
  siteGet,
  siteInsert,
  siteList,
  siteStateList,
} from "./generated/sites.ts";
import type { Queryable } from "./query.ts";
export async function use(db: Queryable): Promise<void> {
  await siteList.run({ id: 1, ids: [1, 2] as const, since: undefined, states: null }, db);
  const site: Site = await siteInsert.one({ siteName: "a", state: "open", facts: { a: [1, null] } }, db);
  const title: string = site.siteName;
  // @ts-expect-error: the column is nullable
  const names: string[] = site.names;
  // @ts-expect-error: the enum has no such label
  await siteInsert.run({ siteName: title, state: "opened" }, db);
  // @ts-expect-error: the enum has no such label either
  await siteStateList.run({ states: ["opened"], zones: [] }, db);
  const [found] = await siteStateList.run({ states: ["open"], zones: ["a", null] }, db);
  const kind: "large" | "small" = found!.kind;
  // @ts-expect-error: only two values are valid
  const other: "tiny" = found!.kind;
  // @ts-expect-error: elements are nullable
  const all: string[] = found!.names ?? [];
  const same: Site = await siteGet.one({ id: 1 }, db);
  await siteDeleteAll.run(undefined, db);
  await siteLock.run(undefined, db);
  void [names, kind, other, all, same];
}
`,
  );
  const config = join(scratch, "tsconfig.json");
  const typeRoots = [join(root, "node_modules/@types")];
  const compilerOptions = { typeRoots, paths: {} };
  await writeFile(
    config,
    JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: ["src"] }),
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");

  await writeFile(join(scratch, "package.json"), '{ "type": "module" }');

  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", config], {
    cwd: scratch,
  })
    .catch((error: { stdout: string }) => error);

  const lines = stdout.split("\n").filter((line) => /^(src\/|error)/.test(line));
  assert.equal(lines, []);
});

test("verify() is content with what generate() wrote", async () => {
  await generateGood();

  await verify({ queriesDir: good, outDir: out, url, migrationsDir, schemaFile });
});

test("verify() writes nothing and names every file that is stale, missing or left over", async () => {
  await generateGood();
  const copy = join(scratch, "copy");
  await cp(out, copy, { recursive: true });
  await writeFile(join(copy, "left.ts"), "");
  await writeFile(join(copy, "sites.ts"), "// edited\n");
  const queriesDir = await folder({
    "sites.sql": SITES,
    "zones.sql": "-- Zones.\n/* @name ZoneGet */\n-- Reads.\nselect 1 as x;\n",
  });
  const more = await folder({
    "20250101000000_a.sql": "-- migrate:up\n-- migrate:down\n",
    "20250102000000_b.sql": "-- migrate:up\n-- migrate:down\n",
  });
  const before = await readdir(copy);

  const found = await problemsOf(
    verify({ queriesDir, outDir: copy, url, migrationsDir: more, schemaFile }),
  );

  assert.is(found.length, 4, found.join("\n"));
  assert.match(
    found.join("\n"),
    /sites\.ts is stale[\s\S]*zones\.ts is missing[\s\S]*left\.ts is left over[\s\S]*schema\.sql does not list the migrations/,
  );
  assert.equal(await readdir(copy), before);
  assert.is(await readFile(join(copy, "sites.ts"), "utf8"), "// edited\n");
});

test.run();
