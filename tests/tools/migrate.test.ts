// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config/load.ts";
import { ToolConnection } from "../../src/tools/connection.ts";
import {
  migrate,
  type MigrateOptions,
  MigrationError,
  rollback,
  status,
} from "../../src/tools/migrations/migrator.ts";
import { newMigration } from "../../src/tools/migrations/files.ts";
import { startThrowaway, type Throwaway } from "../../src/tools/postgres/throwaway.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { suite } from "../support/suite.ts";

const test = suite("migrate");
const admin = process.env.TEST_DATABASE_URL ?? "";
const scratch = await mkdtemp(join(tmpdir(), "netraven-test-"));
const databases: string[] = [];

/** Returns the URL of a database that does not exist yet. */
function freshUrl(): string {
  const url = new URL(admin);
  url.pathname = `/${process.env.TEST_TEMPLATE ?? "netraven_test"}_migrate_${databases.length}`;
  databases.push(url.pathname.slice(1));
  return url.href;
}

async function connection(url: string): Promise<ToolConnection> {
  return await ToolConnection.open((await loadConfig({ url })).database, 5_000);
}

async function sql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const one = await connection(url);
  try {
    return await one.ask(text);
  } finally {
    await one.end();
  }
}

const UP = "-- migrate:up\n";
const DOWN = "\n-- migrate:down\n";

/** Creates a folder with the files, each as `up|down` or as the whole text. */
async function folder(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(scratch, "migrations-"));
  for (const [name, text] of Object.entries(files)) {
    const [up = "", down] = text.split("|");
    await writeFile(join(path, name), down === undefined ? text : `${UP}${up}${DOWN}${down}\n`);
  }
  return path;
}

const TWO = {
  "20250101000000_create_sites.sql": "create table sites (id integer);|drop table sites;",
  "20250102000000_create_racks.sql": "create table racks (id integer);|drop table racks;",
};
const THIRD = "20250103000000_create_units.sql";
const UNITS = "create table units (id integer);|drop table units;";

async function failure(work: Promise<unknown>): Promise<MigrationError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, MigrationError);
    return error as MigrationError;
  }
  throw new Error("It did not fail");
}

/** A shell script instead of dbmate. */
async function fakeDbmate(script: string): Promise<string> {
  const path = join(await mkdtemp(join(scratch, "bin-")), "dbmate");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Starts a migrator in a separate process. */
function migrator(options: MigrateOptions) {
  const source = new URL("../../src/tools/migrations/migrator.ts", import.meta.url).href;
  const code = `import { migrate } from ${JSON.stringify(source)};
console.log(JSON.stringify(await migrate({ ...${JSON.stringify(options)}, log: console.log })));`;
  const args = [...NODE_ARGS, "--input-type=module", "--eval", code];
  // A killed one leaves its folder behind.
  const env = { ...process.env, TMPDIR: scratch };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  child.stderr.on("data", (text) => output += text);
  const ended = new Promise<{ status: number | null; output: string }>((resolve) => {
    child.on("close", (status) => resolve({ status, output }));
  });
  return { child, ended };
}

/** Waits until the query returns a row, and returns it. */
async function row(url: string, text: string): Promise<Record<string, unknown>> {
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    const [found] = await sql(url, text);
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new Error(`No row came: ${text}`);
}

/** A separate server, because the role of the tests lacks CREATEROLE. */
let own: Promise<Throwaway> | undefined;

/** Creates a role on it, and returns its URL of a database that does not exist. */
async function roleUrl(role: string, password: string, rights: string): Promise<string> {
  const { url, superuserUrl } = await (own ??= startThrowaway());
  await sql(superuserUrl, `create role ${role} login ${rights} password '${password}'`);
  const encoded = encodeURIComponent(password);
  return Object.assign(new URL(url), { username: role, password: encoded, pathname: `/${role}` })
    .href;
}

test.after(async () => {
  await (await own)?.stop();
  for (const name of databases) await sql(admin, `drop database if exists "${name}" with (force)`);
  await rm(scratch, { recursive: true, force: true });
});

test("migrate() creates the database and applies every file in order, when nothing is there", async () => {
  const url = freshUrl();
  const lines: string[] = [];

  const result = await migrate({
    url,
    migrationsDir: await folder(TWO),
    log: (line) => lines.push(line),
  });

  assert.equal(result.done.map(({ name }) => name), ["create_sites", "create_racks"]);
  assert.is(result.total, 2);
  const tables = await sql(
    url,
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  );
  assert.equal(tables.map(({ name }) => name), [
    "racks",
    "schema_checksums",
    "schema_migrations",
    "sites",
  ]);
  assert.match(lines.join("\n"), /Applied: 20250102000000_create_racks\.sql/);
});

test("migrate() comments its own tables and columns", async () => {
  const url = freshUrl();

  await migrate({ url, migrationsDir: await folder({}) });

  const bare = await sql(
    url,
    `select attrelid::regclass::text as name, attname
     from pg_attribute
     where attrelid in ('schema_migrations'::regclass, 'schema_checksums'::regclass) and attnum > 0
       and (col_description(attrelid, attnum) is null or obj_description(attrelid, 'pg_class') is null)`,
  );
  assert.equal(bare, []);
});

test("migrate() does nothing, when all is applied", async () => {
  const options = { url: freshUrl(), migrationsDir: await folder(TWO) };
  await migrate(options);

  const result = await migrate(options);

  assert.equal(result, { done: [], total: 2 });
});

test("migrate() takes a file with CRLF for the same, when it was applied with LF", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const crlf = Object.fromEntries(
    Object.entries(TWO).map(([name, text]) => {
      const [up, down] = text.split("|");
      return [name, `${UP}${up}${DOWN}${down}\n`.replaceAll("\n", "\r\n")];
    }),
  );

  const result = await migrate({ url, migrationsDir: await folder(crlf) });

  assert.equal(result, { done: [], total: 2 });
});

test("migrate() names the file and applies nothing, when an applied file was edited", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const edited = {
    ...TWO,
    "20250101000000_create_sites.sql": "create table sites (id bigint);|drop table sites;",
    [THIRD]: UNITS,
  };
  const migrationsDir = await folder(edited);

  const error = await failure(migrate({ url, migrationsDir }));

  assert.is(error.code, "EDITED");
  assert.match(
    error.message,
    '"20250101000000_create_sites.sql" changed after the migration was applied',
  );
  const state = await status({ url, migrationsDir });
  assert.equal(state.edited.map(({ name }) => name), ["create_sites"]);
  assert.equal(state.applied.map(({ name }) => name), ["create_racks"]);
  assert.equal(state.pending.map(({ name }) => name), ["create_units"]);
});

test("migrate() names the file and applies nothing, when an applied file is gone", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const migrationsDir = await folder({
    "20250102000000_create_racks.sql": TWO["20250102000000_create_racks.sql"],
    [THIRD]: UNITS,
  });

  const error = await failure(migrate({ url, migrationsDir }));

  assert.is(error.code, "MISSING");
  assert.match(
    error.message,
    '"20250101000000_create_sites.sql" is applied, but the file is missing',
  );
  assert.equal((await status({ url, migrationsDir })).pending.map(({ name }) => name), [
    "create_units",
  ]);
});

test("migrate() says that the database is newer, when it has what no file is as new as", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder({ ...TWO, [THIRD]: UNITS }) });
  const migrationsDir = await folder(TWO);

  const error = await failure(migrate({ url, migrationsDir }));

  assert.is(error.code, "NEWER");
  assert.match(
    error.message,
    /The database is newer than this code: .*"20250103000000_create_units\.sql"/,
  );
  const state = await status({ url, migrationsDir });
  assert.equal(state.newer, [{ version: "20250103000000", name: "create_units" }]);
  assert.equal(state.missing, []);
});

test("migrate() refuses by name, when a pending file is older than an applied one", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const migrationsDir = await folder({ ...TWO, "20250101120000_create_late.sql": UNITS });

  const error = await failure(migrate({ url, migrationsDir }));

  assert.is(error.code, "ORDER");
  assert.match(error.message, /"20250101120000_create_late\.sql" is older than .*newer timestamp/);
});

for (
  const [what, files, message] of [
    [
      "without a down block",
      { "20250101000000_a.sql": `${UP}select 1;` },
      'has no "-- migrate:down" line',
    ],
    ["without an up block", { "20250101000000_a.sql": DOWN }, 'has no "-- migrate:up" line'],
    [
      "with its blocks reversed",
      { "20250101000000_a.sql": `-- migrate:down\n${UP}` },
      'has "-- migrate:down" before',
    ],
    [
      "with two up blocks",
      { "20250101000000_a.sql": `${UP}${UP}${DOWN}` },
      'has 2 "-- migrate:up" lines',
    ],
    [
      "with a statement before its blocks",
      { "20250101000000_a.sql": `select 1;\n${UP}${DOWN}` },
      "has a statement before",
    ],
    ["with a bad name", { "2025_a.sql": "|" }, "is not named <14 digits>_<verb_noun>.sql"],
    [
      "with another's version",
      { "20250101000000_a.sql": "|", "20250101000000_b.sql": "|" },
      'has the same version as "20250101000000_a.sql"',
    ],
  ] as [string, Record<string, string>, string][]
) {
  test(`migrate() names the file before it connects, when there is one ${what}`, async () => {
    const migrationsDir = await folder(files);

    const error = await failure(
      migrate({ url: "postgres://nobody:x@127.0.0.1:1/nothing", migrationsDir }),
    );

    assert.is(error.code, "FILE");
    const name = Object.keys(files).at(-1)!;
    assert.match(error.message, `Migration "${name}" ${message}`);
  });
}

test("migrate() names the file and tells no row, when a statement fails", async () => {
  const url = freshUrl();
  const bad =
    "create table keys (k text unique); insert into keys values ('s3cret'), ('s3cret');|drop table keys;";
  const migrationsDir = await folder({ ...TWO, "20250103000000_create_keys.sql": bad });
  const lines: string[] = [];

  const error = await failure(migrate({ url, migrationsDir, log: (line) => lines.push(line) }));

  assert.is(error.code, "STATEMENT");
  assert.is(error.sqlState, "23505");
  assert.match(
    error.message,
    /"20250103000000_create_keys\.sql" failed: duplicate key value violates .*"keys_k_key"/,
  );
  assert.not.match(`${error.message}${lines.join("\n")}`, "s3cret");
  assert.not.match(lines.join("\n"), "Applied: 20250103000000");
  assert.is((await status({ url, migrationsDir })).applied.length, 2);
});

test("migrate() names an index that a failed file left invalid", async () => {
  const url = freshUrl();
  const migrationsDir = await folder({
    "20250101000000_create_keys.sql":
      "create table keys (k text); insert into keys values ('a'), ('a');|drop table keys;",
    "20250102000000_index_keys.sql":
      "-- migrate:up transaction:false\ncreate unique index concurrently keys_k on keys (k);\n-- migrate:down\n",
  });

  const error = await failure(migrate({ url, migrationsDir }));

  assert.match(
    error.message,
    "it left public.keys_k invalid: the next `make migrate` repairs them",
  );
});

test("migrate() adopts and reports, when a file was applied without a note", async () => {
  const options = { url: freshUrl(), migrationsDir: await folder(TWO) };
  await migrate(options);
  await sql(options.url, "delete from schema_checksums where version = '20250102000000'");
  const lines: string[] = [];

  const result = await migrate({ ...options, log: (line) => lines.push(line) });

  assert.equal(result, { done: [], total: 2 });
  assert.equal(lines, [
    "Adopted: recorded the checksum of 20250102000000_create_racks.sql, which was applied without one",
  ]);
  const [count] = await sql(options.url, "select count(*)::integer as n from schema_checksums");
  assert.is(count?.n, 2);
});

test("migrate() lets one work and one wait, when two begin at once", async () => {
  const url = freshUrl();
  const migrationsDir = await folder({
    ...TWO,
    "20250103000000_fill_sites.sql": "insert into sites select 1 from pg_sleep(0.5);|",
    "20250104000000_index_sites.sql":
      "-- migrate:up transaction:false\ncreate index concurrently sites_id on sites (id);\n-- migrate:down transaction:false\ndrop index concurrently sites_id;\n",
  });

  const both = await Promise.all([
    migrator({ url, migrationsDir }).ended,
    migrator({ url, migrationsDir }).ended,
  ]);

  assert.equal(
    both.map(({ status }) => status),
    [0, 0],
    both.map(({ output }) => output).join("\n"),
  );
  assert.is(
    both.filter(({ output }) =>
      /Waiting for another migrator: server process \d+ \(netraven-db migrate\)/.test(output)
    ).length,
    1,
  );
  assert.is(both.filter(({ output }) => output.includes('"done":[]')).length, 1);
  const [count] = await sql(url, "select count(*)::integer as n from sites");
  assert.is(count?.n, 1);
});

test("migrate() waits for what a killed migrator left running, then goes on from there", async () => {
  const url = freshUrl();
  const migrationsDir = await folder({
    ...TWO,
    "20250103000000_fill_sites.sql": "insert into sites select 1 from pg_sleep(2);|",
  });
  await sql(admin, `create database "${databases.at(-1)}"`);
  const killed = migrator({ url, migrationsDir });
  await row(
    url,
    "select 1 from pg_stat_activity where datname = current_database() and application_name = 'netraven-db dbmate' and query like '%pg_sleep(2)%'",
  );
  killed.child.kill("SIGKILL");
  await killed.ended;
  const lines: string[] = [];

  await migrate({ url, migrationsDir, log: (line) => lines.push(line) });

  assert.match(
    lines.join("\n"),
    /Waiting for another migrator: server process \d+ \(netraven-db dbmate\)/,
  );
  const [count] = await sql(url, "select count(*)::integer as n from sites");
  assert.is(count?.n, 1);
});

test("migrate() stops and says so, when the connection with the lock dies", async () => {
  const url = freshUrl();
  const migrationsDir = await folder({
    "20250101000000_sleep.sql": "select pg_sleep(1);|",
    "20250102000000_create_sites.sql": UNITS,
  });
  await sql(admin, `create database "${databases.at(-1)}"`);
  const work = failure(migrate({ url, migrationsDir }));
  const { pid } = await row(
    url,
    `select a.pid from pg_stat_activity a
    where datname = current_database() and application_name = 'netraven-db migrate'
      and exists (select 1 from pg_stat_activity where query like '%pg_sleep(1)%' and datname = a.datname and pid <> pg_backend_pid())`,
  );
  await sql(admin, `select pg_terminate_backend(${pid})`);

  const error = await work;

  assert.is(error.code, "LOCK_LOST");
  assert.equal((await status({ url, migrationsDir })).applied, []);
});

test("migrate() gives up and says who is in the way, when the other migrator takes too long", async () => {
  const url = freshUrl();
  const migrationsDir = await folder({});
  await migrate({ url, migrationsDir });
  const holder = await connection(url);
  await holder.ask("select pg_advisory_lock(1852142706, 1)");
  const lines: string[] = [];

  const error = await failure(
    migrate({ url, migrationsDir, wait: 300, log: (line) => lines.push(line) }),
  );
  await holder.end();

  assert.is(error.code, "LOCK_TIMEOUT");
  assert.match(error.message, /did not finish within 0\.3 s: server process \d+/);
  assert.is(lines.length, 1);
});

test("migrate() tries again, when a file cannot get its locks in time", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const migrationsDir = await folder({
    ...TWO,
    "20250103000000_widen_sites.sql": "alter table sites add name text;|",
  });
  const reader = await connection(url);
  await reader.command("begin");
  await reader.command("lock table sites in access share mode");
  const lines: string[] = [];

  const result = await migrate({
    url,
    migrationsDir,
    lockTimeout: 100,
    log: (line) => {
      lines.push(line);
      if (line.includes("retrying")) void reader.end();
    },
  });

  assert.is(result.total, 3);
  assert.match(
    lines.join("\n"),
    '"20250103000000_widen_sites.sql" did not get its locks within 100 ms; retrying',
  );
});

test("migrate() says what to look at, when a file never gets its locks", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const migrationsDir = await folder({
    ...TWO,
    "20250103000000_widen_sites.sql": "alter table sites add name text;|",
  });
  const reader = await connection(url);
  await reader.command("begin");
  await reader.command("lock table sites in access share mode");

  const error = await failure(migrate({ url, migrationsDir, lockTimeout: 50, maxAttempts: 2 }));
  await reader.end();

  assert.is(error.sqlState, "55P03");
  assert.match(error.message, /"20250103000000_widen_sites\.sql" failed: .*pg_stat_activity/);
});

test("migrate() fails, when dbmate dies by a signal or cannot start", async () => {
  const options = { url: freshUrl(), migrationsDir: await folder(TWO) };

  const killed = await failure(migrate({ ...options, binary: await fakeDbmate("kill -9 $$") }));
  const absent = await failure(migrate({ ...options, binary: "/nonexistent/dbmate" }));
  const liar = await failure(migrate({ ...options, binary: await fakeDbmate("exit 0") }));

  assert.match(
    killed.message,
    /"20250101000000_create_sites\.sql" failed: The signal SIGKILL ended dbmate/,
  );
  assert.match(absent.message, "Cannot start dbmate: ENOENT");
  assert.match(liar.message, 'dbmate did not apply "20250101000000_create_sites.sql"');
});

test("migrate() gives dbmate the URL by environment and nothing else, and hides the password", async () => {
  const url = await roleUrl("careful", "p@ss w+rd", "createdb");
  const migrationsDir = await folder(TWO);
  const seen = join(scratch, "seen");
  const binary = await fakeDbmate(
    `(echo "$@"; env) > ${seen}; echo "at $DATABASE_URL"; echo "Error: $DATABASE_URL" >&2; exit 2`,
  );
  process.env.PGOPTIONS = "-c work_mem=64kB";
  process.env.DBMATE_STRICT = "false";
  const lines: string[] = [];

  const error = await failure(
    migrate({ url, migrationsDir, binary, log: (line) => lines.push(line) }),
  );
  delete process.env.PGOPTIONS;
  delete process.env.DBMATE_STRICT;
  const result = await migrate({ url, migrationsDir });

  assert.is(result.total, 2, "the real dbmate reads the password as it was meant");
  const [args = "", ...environment] = (await readFile(seen, "utf8")).trim().split("\n");
  assert.not.match(args, "p@ss");
  assert.not.match(args, "p%40ss");
  const names = environment.map((line) => line.split("=")[0]).filter((name) =>
    name !== "PWD" && name !== "_" && name !== "SHLVL"
  );
  assert.equal(names.sort(), ["DATABASE_URL", "PATH"]);
  assert.not.match([...lines, error.message].join("\n"), /p@ss|p%40ss/);
});

test("migrate() says who can help, when the role may not create the database", async () => {
  const url = await roleUrl("weak", "weak", "nocreatedb");

  const error = await failure(migrate({ url, migrationsDir: await folder(TWO) }));

  assert.is(error.code, "CREATE_DATABASE");
  assert.match(error.message, 'Database "weak" does not exist, and role "weak" may not create it');
});

test("rollback() takes back the newest file and its note", async () => {
  const options = { url: freshUrl(), migrationsDir: await folder(TWO) };
  await migrate(options);

  const result = await rollback(options);

  assert.equal(result, { done: [{ version: "20250102000000", name: "create_racks" }], total: 1 });
  const [state] = await sql(
    options.url,
    "select to_regclass('racks') is null as gone, count(*)::integer as notes from schema_checksums",
  );
  assert.equal({ ...state }, { gone: true, notes: 1 });
});

test("rollback() refuses and takes back nothing, when the newest file is gone or edited", async () => {
  const url = freshUrl();
  await migrate({ url, migrationsDir: await folder(TWO) });
  const [older, newer] = Object.entries(TWO);
  const gone = await folder(Object.fromEntries([older!]));
  const edited = await folder({ ...TWO, [newer![0]]: `${newer![1]} -- more` });

  const errors = [
    await failure(rollback({ url, migrationsDir: gone })),
    await failure(rollback({ url, migrationsDir: edited })),
  ];

  assert.equal(errors.map(({ code }) => code), ["NEWER", "EDITED"]);
  assert.is((await status({ url, migrationsDir: await folder(TWO) })).applied.length, 2);
});

test("rollback() does nothing, when nothing is applied", async () => {
  const options = { url: freshUrl(), migrationsDir: await folder({}) };
  await migrate(options);

  const result = await rollback(options);

  assert.equal(result, { done: [], total: 0 });
});

test("status() tells all as pending and makes nothing, when the database is empty", async () => {
  const url = freshUrl();
  await sql(admin, `create database "${databases.at(-1)}"`);

  const state = await status({ url, migrationsDir: await folder(TWO) });

  assert.is(state.pending.length, 2);
  const [made] = await sql(url, "select to_regclass('schema_migrations') as name");
  assert.is(made?.name, null);
});

test("newMigration() writes a file that is newer than every other", async () => {
  const path = await folder({ "29990101000000_far.sql": "|" });

  const made = await newMigration("add_site", path);

  assert.is(made, join(path, "29990101000001_add_site.sql"));
  assert.match(await readFile(made, "utf8"), /^-- migrate:up\n[\s\S]*^-- migrate:down\n/m);
});

test("newMigration() refuses a name that is not in lower case", async () => {
  const path = await folder({});

  for (const name of ["AddSite", "add-site", "../x", ""]) {
    let message = "";
    await newMigration(name, path).catch((error: Error) => message = error.message);
    assert.match(message, "is not in lower case");
  }
  assert.equal(await readdir(path), []);
});

/** Runs the command line in a separate process. */
async function command(url: string, ...args: string[]): Promise<{ code: unknown; output: string }> {
  const script = fileURLToPath(new URL("../../src/tools/migrate.ts", import.meta.url));
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, [...NODE_ARGS, script, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  child.stderr.on("data", (text) => output += text);
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, output: output.trim() };
}

test("main() applies, shows and takes back the migrations of this package", async () => {
  const url = freshUrl();

  const up = await command(url, "up");
  const down = await command(url, "rollback");
  const shown = await command(url, "status");

  assert.equal(
    [up.code, down.code, shown.code],
    [0, 0, 0],
    `${up.output}${down.output}${shown.output}`,
  );
  assert.match(up.output, /Applied: \d{14}_\w+\.sql/);
  assert.match(down.output, /Rolled back: \d{14}_\w+\.sql/);
  assert.match(
    shown.output,
    /^applied {2}\d{14} \w+\n[\s\S]*\npending {2}\d{14} \w+\n\d+ applied, 1 pending$/,
  );
});

for (
  const [what, args, code, says] of [
    ["nothing is asked", [], 2, "Usage: migrate up"],
    ["a word is unknown", ["upp"], 2, "Usage: migrate up"],
    ["the name of a new file is bad", ["new", "Add-Site"], 2, "is not in lower case"],
    ["there is a word too many", ["up", "now"], 2, "Usage: migrate up"],
    ["the server refuses", ["up"], 1, "Cannot connect to nobody@127.0.0.1:1/nothing"],
  ] as [string, string[], number, string][]
) {
  test(`main() ends with ${code} and one line, when ${what}`, async () => {
    const url = "postgres://nobody:s3cret@127.0.0.1:1/nothing";

    const { code: ended, output } = await command(url, ...args);

    assert.is(ended, code, output);
    assert.match(output, says);
    assert.is(output.split("\n").length, 1, output);
    assert.not.match(output, "s3cret");
  });
}

test.run();
