/**
 * Migrations under faults: kills, invalid indexes, and waits behind a long read. The tests kill
 * `src/tools/migrate.ts up` as make runs it, from a copy of this package with its own migrations.
 */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { resolveBinary } from "dbmate";
import { loadConfig } from "../../src/config/load.ts";
import { ToolConnection } from "../../src/tools/connection.ts";
import { migrate, MigrationError, status } from "../../src/tools/migrations/migrator.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("migration faults", { timeout: 120_000 });
const admin = process.env.TEST_DATABASE_URL ?? "";
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), "netraven-test-"));
const copy = join(scratch, "package");
const migrationsDir = join(copy, "db", "migrations");
/** File with the process id of the copy's dbmate. */
const pidFile = join(scratch, "dbmate.pid");
const databases: string[] = [];
/** Cleanup of failed tests. */
const open = new Set<ToolConnection>();
const children = new Set<ChildProcess>();

const SITES = "20250101000000_create_sites.sql";
const SECOND = "20250102000000_second.sql";
const FIRST = {
  [SITES]: `-- migrate:up
create table sites (id integer);
-- migrate:down
drop table sites;
`,
};
/** Returns dbmate's sessions on the server, or only the waiting ones. */
const AT_WORK = `
select pid from pg_stat_activity
where datname = current_database() and application_name = 'netraven-db dbmate'`;
const WAITING = `${AT_WORK} and wait_event_type = 'Lock'`;

test.before(async () => {
  await cp(join(PROJECT, "src"), join(copy, "src"), { recursive: true });
  await cp(join(PROJECT, "package.json"), join(copy, "package.json"));
  const modules = join(copy, "node_modules");
  await mkdir(modules);
  for (const name of await readdir(join(PROJECT, "node_modules"))) {
    if (name === "dbmate" || name === "@dbmate") continue;
    await symlink(join(PROJECT, "node_modules", name), join(modules, name));
  }
  // A copy, so that it finds the binary beside itself.
  const dbmate = dirname(dirname(createRequire(import.meta.url).resolve("dbmate")));
  await cp(dbmate, join(modules, "dbmate"), { recursive: true });
  // Without links: the real binary must not be written over.
  const installed = await realpath(join(PROJECT, "node_modules"));
  const binary = join(modules, relative(installed, await realpath(resolveBinary())));
  assert.ok(binary.startsWith(modules), binary);
  await mkdir(dirname(binary), { recursive: true });
  await writeFile(binary, `#!/bin/sh\necho $$ > "${pidFile}"\nexec "${resolveBinary()}" "$@"\n`);
  await chmod(binary, 0o755);
  await put(FIRST);
  await migrate({ url: freshUrl(), migrationsDir });
});

test.after.each(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const one of open) await one.end();
  open.clear();
});

test.after(async () => {
  for (const name of databases) await sql(admin, `drop database if exists "${name}" with (force)`);
  await rm(scratch, { recursive: true, force: true });
});

async function connection(url: string): Promise<ToolConnection> {
  const one = await ToolConnection.open((await loadConfig({ url })).database, 10_000);
  open.add(one);
  return one;
}

async function sql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const one = await connection(url);
  try {
    return await one.ask(text);
  } finally {
    open.delete(one);
    await one.end();
  }
}

/** Waits until the query returns a row. */
async function row(url: string, text: string): Promise<void> {
  const one = await connection(url);
  await until(text, async () => (await one.ask(text)).length > 0, 30_000);
  open.delete(one);
  await one.end();
}

/** Replaces the copy's migrations with these files. */
async function put(files: Record<string, string>): Promise<void> {
  await rm(migrationsDir, { recursive: true, force: true });
  await mkdir(migrationsDir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(migrationsDir, name), text);
  }
}

/** A migration that runs outside a transaction. */
function alone(up: string): string {
  return `-- migrate:up transaction:false\n${up}\n-- migrate:down\n`;
}

/** Returns the URL of a database that does not exist yet. */
function freshUrl(): string {
  const url = new URL(admin);
  url.pathname = `/${process.env.TEST_TEMPLATE ?? "netraven_test"}_faults_${databases.length}`;
  databases.push(url.pathname.slice(1));
  return url.href;
}

/** Returns the URL of a new database with the table `sites`, and adds the second file as pending. */
async function siteUrl(second?: string): Promise<string> {
  const url = freshUrl();
  await sql(admin, `create database "${databases.at(-1)}" template "${databases[0]}"`);
  await put(second === undefined ? FIRST : { ...FIRST, [SECOND]: second });
  return url;
}

/** Runs `make migrate` in a separate process. */
function up(url: string) {
  const script = join(copy, "src", "tools", "migrate.ts");
  const child = spawn(process.execPath, [...NODE_ARGS, script, "up"], {
    cwd: PROJECT,
    // A killed one leaves its folder behind.
    env: { ...process.env, DATABASE_URL: url, TMPDIR: scratch, TEST_PROJECT_COPY: copy },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const run = {
    child,
    output: "",
    ended: new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal }));
    }),
  };
  child.stdout.on("data", (text) => run.output += text);
  child.stderr.on("data", (text) => run.output += text);
  return run;
}

/** Kills the migrator, its dbmate or both once dbmate waits for a lock, and waits for their end. */
async function killHalfWay(
  url: string,
  who: string,
): Promise<{ code: number | null; output: string }> {
  await rm(pidFile, { force: true });
  const run = up(url);
  await row(url, WAITING);
  if (who !== "dbmate") {
    run.child.kill("SIGKILL");
    await run.ended;
  }
  if (who !== "the migrator") process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
  const { code, signal } = await run.ended;
  assert.is(signal, who === "dbmate" ? null : "SIGKILL", run.output);
  return { code, output: run.output };
}

/** Runs the next migration while the server still works for the killed one, and ends that with `release`. */
async function nextRun(
  url: string,
  release: () => Promise<void>,
): Promise<{ code: number | null; output: string }> {
  const run = up(url);
  const waits = /Waiting for another migrator: server process \d+ \(netraven-db dbmate\)/;
  let over = false;
  void run.ended.then(() => over = true);
  await until("the next run waits", () => over || waits.test(run.output), 30_000);
  await release();
  const { code } = await run.ended;
  assert.match(run.output, waits);
  return { code, output: run.output };
}

/** Migrates in this process. */
async function run(
  url: string,
  options: { lockTimeout?: number; maxAttempts?: number; log?: (line: string) => void } = {},
) {
  const lines: string[] = [];
  const log = (line: string) => {
    lines.push(line);
    options.log?.(line);
  };
  const result = await migrate({ url, migrationsDir, ...options, log });
  return { result, lines };
}

async function failure(work: Promise<unknown>): Promise<MigrationError> {
  const error = await rejection(work);
  assert.instance(error, MigrationError, String(error));
  return error as MigrationError;
}

/** Starts a transaction that holds its locks until `end`. */
async function holder(url: string, text: string): Promise<ToolConnection> {
  const one = await connection(url);
  await one.command("begin");
  await one.command(text);
  return one;
}

async function end(one: ToolConnection): Promise<void> {
  open.delete(one);
  await one.end();
}

/** Makes an index invalid: its build or reindex times out behind a writer. */
async function breakIndex(url: string, table: string, statement: string): Promise<void> {
  const writer = await holder(url, `lock table ${table} in row exclusive mode`);
  const builder = await connection(url);
  await builder.command("set lock_timeout = 50");
  await rejection(builder.command(statement));
  await end(builder);
  await end(writer);
}

/** Returns `name` or `name invalid` of every index of the tables. */
async function indexes(url: string): Promise<string[]> {
  const rows = await sql(
    url,
    `select indexrelid::regclass::text || case when indisvalid then '' else ' invalid' end as name
     from pg_index
     join pg_class c on c.oid = indexrelid
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and c.relname !~ '^schema_'
     order by 1`,
  );
  return rows.map(({ name }) => String(name));
}

async function applied(url: string): Promise<number> {
  const { applied, pending, edited } = await status({ url, migrationsDir });
  assert.equal(edited, []);
  assert.is(applied.length + pending.length, 2);
  return applied.length;
}

// --- Kills

// Without a limit, so that it waits for the test on a busy machine.
const TRANSACTION = `-- migrate:up
set local lock_timeout = 0;
create table racks (id integer);
insert into sites values (1);
select pg_advisory_xact_lock(77);
-- migrate:down
`;

for (const who of ["the migrator", "dbmate", "the migrator and dbmate"]) {
  test(`migrate applies a file in a transaction whole and once, when ${who} was killed half way`, async () => {
    const url = await siteUrl(TRANSACTION);
    const lock = await connection(url);
    await lock.ask("select pg_advisory_lock(77)");

    const killed = await killHalfWay(url, who);
    const next = await nextRun(url, () => end(lock));

    if (who === "dbmate") {
      assert.is(killed.code, 1);
      assert.match(
        killed.output,
        /^Migration "20250102000000_second\.sql" failed: The signal SIGKILL ended dbmate early; .*the next run waits/m,
      );
    }
    assert.is(next.code, 0, next.output);
    // An orphaned dbmate runs to its end; a killed dbmate leaves nothing.
    assert.match(next.output, `Applied ${who === "the migrator" ? 0 : 1} migrations, 2 in total`);
    const [count] = await sql(url, "select count(*)::integer as n from sites");
    assert.is(count?.n, 1);
    assert.equal(await sql(url, "select from racks"), []);
    assert.is(await applied(url), 2);
  });

  test(`migrate goes on from an index that the server finished, when ${who} was killed half way`, async () => {
    const url = await siteUrl(alone("create index concurrently Sites_ID on sites(id); -- Serves."));
    const writer = await holder(url, "insert into sites values (1)");

    const killed = await killHalfWay(url, who);
    const next = await nextRun(url, () => end(writer));

    assert.is(killed.code, who === "dbmate" ? 1 : null);
    assert.is(next.code, 0, next.output);
    if (who !== "the migrator") {
      assert.match(
        next.output,
        'Recorded: "20250102000000_second.sql" was already applied: index public.sites_id is valid',
      );
    }
    assert.equal(await indexes(url), ["sites_id"]);
    assert.is(await applied(url), 2);
  });
}

test("migrate says what to compare and to note, when the server finished what may be another index", async () => {
  const url = await siteUrl(
    alone("create index concurrently sites_id on sites (id) where id > 5;"),
  );
  const writer = await holder(url, "insert into sites values (1)");
  await killHalfWay(url, "the migrator and dbmate");

  const next = await nextRun(url, () => end(writer));

  assert.is(next.code, 1);
  assert.match(
    next.output,
    /^Migration "20250102000000_second\.sql" failed: relation "sites_id" already exists \(42P07\); the existing index is "CREATE INDEX sites_id ON public\.sites .*WHERE \(id > 5\)"; .*a killed run may have applied it/m,
  );
  const [advice = ""] = /insert into public\.schema_migrations [^;]*/.exec(next.output) ?? [];
  await sql(url, advice);
  const last = up(url);
  assert.is((await last.ended).code, 0, last.output);
  assert.equal(await indexes(url), ["sites_id"]);
  assert.is(await applied(url), 2);
});

test("migrate builds the index again, when the server died with the migrator", async () => {
  const url = await siteUrl(alone("create index concurrently sites_id on sites (id);"));
  const writer = await holder(url, "insert into sites values (1)");
  await killHalfWay(url, "the migrator and dbmate");
  await sql(url, `select pg_terminate_backend(pid, 10000) from (${AT_WORK}) at_work`);
  await end(writer);
  assert.equal(await indexes(url), ["sites_id invalid"]);

  const next = up(url);

  assert.is((await next.ended).code, 0, next.output);
  assert.match(
    next.output,
    'Repaired: dropped index public.sites_id, which "20250102000000_second.sql" had left invalid and builds again',
  );
  assert.equal(await indexes(url), ["sites_id"]);
});

test("migrate finds the edit, when a file was edited after its migrator was killed", async () => {
  const url = await siteUrl(TRANSACTION);
  const lock = await connection(url);
  await lock.ask("select pg_advisory_lock(77)");
  await killHalfWay(url, "the migrator");
  await put({ ...FIRST, [SECOND]: `${TRANSACTION}drop table racks;\n` });

  const next = await nextRun(url, () => end(lock));

  assert.is(next.code, 1);
  assert.match(
    next.output,
    'Migration "20250102000000_second.sql" changed after the migration was applied',
  );
});

for (
  const [what, before, file, says] of [
    [
      "a type's value",
      "create type colour as enum ('red', 'green')",
      "alter type colour add value 'green';",
      /already exists \(42710\); .*insert into public\.schema_migrations/,
    ],
    [
      "an index that was dropped",
      "select 1",
      "drop index concurrently sites_id;",
      /does not exist \(42704\); .*insert into public\.schema_migrations/,
    ],
  ] as [string, string, string, RegExp][]
) {
  test(`migrate() says that a killed run may have applied it, when a file finds ${what}`, async () => {
    const url = await siteUrl(alone(file));
    await sql(url, before);

    const error = await failure(run(url));

    assert.match(error.message, says);
    assert.is(await applied(url), 1);
  });
}

for (
  const [what, standing] of [
    ["has other columns", "create index sites_id on sites (id, id)"],
    ["is unique", "create unique index sites_id on sites (id)"],
    ["is of another kind", "create index sites_id on sites using hash (id)"],
    ["is partial", "create index sites_id on sites (id) where id > 5"],
    ["is on another table", "create index sites_id on racks (id)"],
    ["is a table", "create table sites_id (id integer)"],
  ] as [string, string][]
) {
  test(`migrate() takes nothing for what the file builds, when what has its name ${what}`, async () => {
    const url = await siteUrl(alone("create index concurrently sites_id on sites (id);"));
    await sql(url, "create table racks (id integer)");
    await sql(url, standing);

    const error = await failure(run(url));

    assert.is(error.sqlState, "42P07");
    assert.match(error.message, "compare the database with the file");
    assert.is(await applied(url), 1);
  });
}

// --- Invalid indexes

for (
  const [what, table, index, statement] of [
    ["as it is", "sites", "sites_id", "create index concurrently sites_id on sites (id)"],
    [
      "if it does not exist",
      "sites",
      "sites_id",
      "create unique index concurrently if not exists sites_id on public.sites (id)",
    ],
    [
      "in quotes",
      '"Odd".racks',
      '"Odd"."Racks id"',
      'create index concurrently\n  -- A comment.\n  "Racks id" on only "Odd".racks (id)',
    ],
    [
      "in capitals",
      "sites",
      "sites_id",
      "CREATE INDEX CONCURRENTLY Sites_Id ON Public.Sites (ID)",
    ],
    [
      "under a name too long",
      "sites",
      "s".repeat(63),
      `create index concurrently ${"s".repeat(70)} on sites (id)`,
    ],
  ] as [string, string, string, string][]
) {
  test(`migrate() drops an invalid index and builds it again, when the file builds it ${what}`, async () => {
    const url = await siteUrl(alone(`${statement};`));
    await sql(url, 'create schema "Odd"');
    await sql(url, 'create table "Odd".racks (id integer)');
    await breakIndex(url, table, statement);
    assert.equal(await indexes(url), [`${index} invalid`]);

    const { lines } = await run(url);

    assert.equal(await indexes(url), [index]);
    const repairs = lines.filter((line) => line.startsWith("Repaired: "));
    assert.is(repairs.length, 1);
    assert.match(repairs.join(), `which "${SECOND}" had left invalid and builds again`);
    assert.equal(lines.filter((line) => line.startsWith("Invalid: ")), []);
  });
}

test("migrate() fails, says so, and repairs it the next time, when rows are not unique", async () => {
  const url = await siteUrl(alone("create unique index concurrently sites_id on sites (id);"));
  await sql(url, "insert into sites values (1), (1)");

  const error = await failure(run(url));
  await sql(url, "truncate sites");
  const { lines } = await run(url);

  assert.match(error.message, `Migration "${SECOND}" failed: could not create unique index`);
  assert.match(
    error.message,
    "it left public.sites_id invalid: the next `make migrate` repairs them",
  );
  assert.match(lines.join("\n"), "Repaired: dropped index public.sites_id, which");
  assert.equal(await indexes(url), ["sites_id"]);
});

test("migrate() names every other invalid index once and leaves it alone, when no file builds it", async () => {
  const second = alone(
    "create index concurrently sites_id on sites (id); -- Not sites_more, and not racks_id.",
  );
  const url = await siteUrl(second);
  await sql(url, "create table racks (id integer)");
  await sql(url, "create schema odd");
  await sql(url, "create table odd.sites (id integer)");
  await breakIndex(url, "sites", "create index concurrently sites_more on sites (id)");
  await breakIndex(url, "racks", "create index concurrently racks_id on racks (id)");
  await breakIndex(url, "odd.sites", "create index concurrently sites_id on odd.sites (id)");
  // The index is not broken; it lacks an index on each partition.
  await sql(url, "create table parted (id integer) partition by range (id)");
  await sql(url, "create table parted_low partition of parted for values from (0) to (9)");
  await sql(url, "create index parted_id on only parted (id)");

  const first = await run(url);
  const again = await run(url);

  const left = ["odd.sites_id", "racks_id", "sites_more"];
  assert.equal(
    await indexes(url),
    [...left.map((name) => `${name} invalid`), "parted_id invalid", "sites_id"].sort(),
  );
  for (const { lines } of [first, again]) {
    const named = lines.filter((line) => line.startsWith("Invalid: ")).map((line) =>
      /index (?:public\.)?(\S+)/.exec(line)?.[1]
    );
    assert.equal(named.sort(), left);
    assert.is(lines.some((line) => line.startsWith("Repaired")), false);
  }
});

for (
  const [what, statement] of [
    ["reindexes the index", "reindex index concurrently sites_id"],
    ["reindexes the table", "reindex (verbose) table concurrently public.sites"],
    ["builds the index", "create index concurrently if not exists sites_id on sites (id)"],
  ] as [string, string][]
) {
  test(`migrate() drops what a broken reindex left, when the file ${what}`, async () => {
    const url = await siteUrl(alone(`${statement};`));
    await sql(url, "create index sites_id on sites (id)");
    await breakIndex(url, "sites", "reindex index concurrently sites_id");
    await breakIndex(url, "sites", "reindex index concurrently sites_id");
    assert.equal(await indexes(url), [
      "sites_id",
      "sites_id_ccnew invalid",
      "sites_id_ccnew1 invalid",
    ]);

    const { lines } = await run(url);

    assert.equal(await indexes(url), ["sites_id"]);
    assert.match(
      lines.join("\n"),
      `Repaired: dropped index public.sites_id_ccnew1, which a reindex had left invalid, before "${SECOND}"`,
    );
  });
}

for (
  const statement of ["drop index concurrently sites_id", "reindex index concurrently sites_id"]
) {
  test(`migrate() leaves an invalid index to the file, when the file says ${statement.slice(0, 7).trim()}`, async () => {
    const url = await siteUrl(alone(`${statement};`));
    await breakIndex(url, "sites", "create index concurrently sites_id on sites (id)");

    const { result, lines } = await run(url);

    assert.is(result.total, 2);
    assert.equal(await indexes(url), statement.startsWith("drop") ? [] : ["sites_id"]);
    assert.not.match(lines.join("\n"), "Repaired");
  });
}

test("migrate() waits and keeps the index, when somebody is building it right now", async () => {
  const url = await siteUrl(
    alone("create index concurrently if not exists sites_id on sites (id);"),
  );
  const writer = await holder(url, "lock table sites in row exclusive mode");
  const builder = await connection(url);
  const build = builder.command("create index concurrently sites_id on sites (id)", 60_000);
  await row(
    url,
    "select from pg_index where indexrelid = to_regclass('sites_id') and not indisvalid",
  );
  const [before] = await sql(url, "select 'sites_id'::regclass::oid::integer as oid");

  const error = await failure(run(url, { lockTimeout: 100, maxAttempts: 2 }));
  const waits = await run(url, {
    lockTimeout: 100,
    maxAttempts: 1000,
    log: (line) => line.includes("retrying (attempt 1 of") && void end(writer),
  });
  await build;

  assert.is(error.sqlState, "55P03");
  assert.match(
    error.message,
    /^Migration "20250102000000_second\.sql" \(repair\) failed: Index public\.sites_id is invalid, and server process \d+ locks its table/,
  );
  assert.is(waits.result.total, 2);
  assert.equal(await indexes(url), ["sites_id"]);
  assert.equal(await sql(url, "select 'sites_id'::regclass::oid::integer as oid"), [before]);
});

test("migrate() tries the repair again, when a long read keeps it from its lock", async () => {
  const url = await siteUrl(alone("create index concurrently sites_id on sites (id);"));
  await breakIndex(url, "sites", "create index concurrently sites_id on sites (id)");
  const reader = await holder(url, "select from sites");

  const error = await failure(run(url, { lockTimeout: 100, maxAttempts: 2 }));
  const { lines } = await run(url, {
    lockTimeout: 100,
    maxAttempts: 1000,
    log: (line) => line.includes("retrying (attempt 1 of") && void end(reader),
  });

  assert.is(error.sqlState, "55P03");
  assert.match(error.message, /"20250102000000_second\.sql" \(repair\) failed: .*pg_stat_activity/);
  assert.match(
    lines.join("\n"),
    `Migration "${SECOND}" (repair) did not get its locks within 100 ms; retrying`,
  );
  assert.equal(await indexes(url), ["sites_id"]);
});

test("migrate() waits for the drop that a killed migrator had sent", async () => {
  const url = await siteUrl(alone("create index concurrently sites_id on sites (id);"));
  const config = (await loadConfig({ url })).database;
  const repair = await ToolConnection.open(config, 10_000, "netraven-db repair");
  open.add(repair);

  const { lines } = await run(url, {
    log: (line) => line.startsWith("Waiting") && void end(repair),
  });

  assert.match(
    lines.join(),
    /^Waiting for another migrator: server process \d+ \(netraven-db repair\)/,
  );
});

// --- Behind a long read

test("migrate() keeps other readers waiting for the lock timeout and no longer, then tries again", async () => {
  const url = await siteUrl("-- migrate:up\nalter table sites add name text;\n-- migrate:down\n");
  const long = await holder(url, "select from sites");
  const other = await connection(url);
  let turns = 0;
  const migration = run(url, {
    lockTimeout: 1_000,
    maxAttempts: 1000,
    log: (line) => line.includes("retrying") && turns++,
  });

  for (let i = 0; i < 2; i++) {
    await row(
      url,
      `${AT_WORK} and pid in (
      select pid from pg_locks where mode = 'AccessExclusiveLock' and not granted)`,
    );
    // It waits behind the migration, which waits behind the long read. The deadline is generous.
    await other.ask("select from sites", [], 15_000);
  }
  assert.equal(await long.ask("select 1 as one"), [{ one: 1 }]);
  await end(long);
  const { result } = await migration;

  assert.ok(turns >= 1);
  assert.is(result.total, 2);
  assert.equal(await sql(url, "select name from sites"), []);
});

test("migrate() does not wait behind a long read for ever, when the file runs outside a transaction", async () => {
  const url = await siteUrl(alone("alter table sites add name text; -- Not concurrently."));
  const long = await holder(url, "select from sites");

  const error = await failure(run(url, { lockTimeout: 100 }));
  await end(long);

  assert.is(error.sqlState, "55P03");
  assert.match(error.message, /"20250102000000_second\.sql" failed: .*pg_stat_activity/);
});

// --- Exit codes

for (
  const [what, files, says] of [
    [
      "an applied file was edited",
      { [SITES]: `${FIRST[SITES]}-- More.\n` },
      /^Migration "20250101000000_create_sites\.sql" changed after the migration was applied/,
    ],
    [
      "an applied file is gone",
      { [SECOND]: "-- migrate:up\n-- migrate:down\n" },
      /^Migration "20250101000000_create_sites\.sql" is applied, but the file is missing/,
    ],
    ["the database is newer", {}, /^The database is newer than this code: /],
    [
      "a pending file is older than an applied one",
      { ...FIRST, "20240101000000_late.sql": "-- migrate:up\n-- migrate:down\n" },
      /^Migration "20240101000000_late\.sql" is older than /,
    ],
  ] as [string, Record<string, string>, RegExp][]
) {
  test(`main() ends with 1 and one line, when ${what}`, async () => {
    const url = await siteUrl();
    await put(files);

    const run = up(url);

    assert.is((await run.ended).code, 1);
    assert.match(run.output, says);
    assert.is(run.output.trim().split("\n").length, 1, run.output);
  });
}

test("main() ends with 0 twice, when two begin at once", async () => {
  const url = await siteUrl(TRANSACTION);
  const lock = await connection(url);
  await lock.ask("select pg_advisory_lock(77)");

  const both = [up(url), up(url)];
  // The limit applies to the lock, and not to the work of dbmate without it.
  const waits = /^Waiting for another migrator: server process \d+ \(netraven-db migrate\)/m;
  await until("one waits", () => both.some(({ output }) => waits.test(output)), 30_000);
  await end(lock);
  const codes = await Promise.all(both.map(async ({ ended }) => (await ended).code));

  assert.equal(codes, [0, 0], both.map(({ output }) => output).join("\n"));
  const [count] = await sql(url, "select count(*)::integer as n from sites");
  assert.is(count?.n, 1);
});

test.run();
