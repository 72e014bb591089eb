/** The health check of `make check`: one clear line, a correct exit code, never the password. */
// Runs once: it tests a tool of the project.
import { spawn } from "node:child_process";
import * as net from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connect, type Database } from "netraven-db";
import { describe, main } from "../../src/tools/check.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createDatabase, createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { startServer } from "../support/server.ts";
import { suite } from "../support/suite.ts";
import { runTool } from "../support/tool.ts";

const test = suite("check", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const CANARY = "c4n4ry-p4ssw0rd";
let database: TestDatabase;

test.before.each(async () => {
  database = await createDatabase();
});

test.after.each(async () => {
  await database.drop();
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly seconds: number;
}

async function check(url: string, ...args: string[]): Promise<Omit<Outcome, "seconds">> {
  const { code, output } = await runTool(main, { DATABASE_URL: url }, args);
  return { code, out: output };
}

/** The same as a process of its own. */
function checkAsProcess(url: string, ...args: string[]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...NODE_ARGS, "src/tools/check.ts", ...args], {
      cwd: PROJECT,
      env: { ...process.env, DATABASE_URL: url },
    });
    let out = "";
    child.stdout.on("data", (chunk) => out += chunk);
    child.stderr.on("data", (chunk) => out += chunk);
    child.on("close", (code) => {
      resolve({ code, out: out.trim(), seconds: (performance.now() - started) / 1000 });
    });
  });
}

function changed(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

async function as(work: (db: Database) => Promise<unknown>): Promise<void> {
  const db = await connect({ url: database.url });
  await work(db);
  await db.close();
}

test("check says what it is connected to, and exits 0", async () => {
  const { code, out } = await checkAsProcess(database.url);

  assert.is(code, 0);
  assert.match(out, /^✅ Database connection successful\n/);
  assert.match(out, /server +PostgreSQL 1\d/);
  assert.match(out, new RegExp(`database +${database.name} \\(`));
  assert.match(out, /role +\w+/);
  assert.match(out, /TLS +off/);
  assert.match(out, /round trip +[\d.]+ ms/);
  assert.match(out, /migrations +\d+ applied, 0 pending/);
  assert.match(out, /roles +single: (\w+) owns the tables/);
  assert.not.match(out, new RegExp(new URL(database.url).password));
});

test("check --json says the same for a monitor", async () => {
  const { code, out } = await check(database.url, "--json");
  const report = JSON.parse(out);

  assert.is(code, 0);
  assert.is(report.ok, true);
  assert.is(report.database, database.name);
  assert.is(report.tls, null);
  assert.is(report.migrations.pending, 0);
  assert.equal(report.roles, { setup: "single", owner: new URL(database.url).username });
  assert.type(report.roundTripMs, "number");
});

test("check warns of a transaction that has been open for long", async () => {
  const db = await connect({ url: database.url, logging: { level: "silent" } });
  const report = await db.transaction(async (tx) => {
    await tx.query("select pg_sleep(1.1)");
    assert.ok(db.stats().oldestTransaction! >= 1_000);
    return JSON.parse((await check(database.url, "--json")).out);
  });
  assert.is(db.stats().oldestTransaction, undefined);
  await db.close();

  assert.ok(report.oldestTransaction.seconds >= 1);
  assert.type(report.oldestTransaction.pid, "number");
  assert.not.match(describe(report), "open for");
  const old = { ...report, oldestTransaction: { pid: 7, seconds: 75 } };
  assert.match(describe(old), /A transaction has been open for 75 s \(pid 7\).*end it$/);
});

test("check says which roles it found, as each of them", async () => {
  const server = await startServer({ template: "netraven_check", roles: true });
  try {
    const { netraven_migrator: owner = "", ...clients } = server.urls;
    const root = Object.assign(new URL(server.superuserUrl), { pathname: "/netraven_check" }).href;

    for (const [role, url] of Object.entries(clients)) {
      const { code, out } = await check(url);

      assert.is(code, 0, out);
      assert.match(out, `roles       split: ${role}, and netraven_migrator owns the tables`);
    }
    const json = JSON.parse((await check(clients["netraven_app"]!, "--json")).out);
    assert.equal(json.roles, { setup: "split", owner: "netraven_migrator" });
    assert.match((await check(owner)).out, "roles       single: netraven_migrator owns the tables");
    assert.match(
      (await check(root)).out,
      "roles       single: postgres has all privileges of netraven_migrator, who owns the tables",
    );
  } finally {
    await server.remove();
  }
});

test("check says how a role that a migration made comes to a password", async () => {
  const { code, out } = await check(changed((url) => {
    url.username = "netraven_worker";
    url.password = CANARY;
  }));

  assert.is(code, 1);
  assert.match(
    out,
    /^❌ .* create netraven_worker without a password: .*\\password netraven_worker in make psql$/,
  );
});

const failures: [string, (url: URL) => void, string, RegExp][] = [
  [
    "an unknown host",
    (url) => url.hostname = "no-such-host.invalid",
    "unknown_host",
    /host name is unknown.*correct the host/,
  ],
  [
    "a refused connection",
    (url) => url.port = "1",
    "refused",
    /the port refuses connections.*start the server/,
  ],
  [
    "a wrong password",
    (url) => url.password = CANARY,
    "authentication",
    /password is wrong.*correct/,
  ],
  [
    "a missing database",
    (url) => url.pathname = "/not_there",
    "missing_database",
    /does not exist; run: make migrate/,
  ],
  [
    "a server without TLS",
    (url) => url.searchParams.set("sslmode", "require"),
    "tls",
    /does not offer TLS/,
  ],
  [
    "a wrong scheme",
    (url) => url.href = url.href.replace("postgres:", "postgresql+psycopg2:"),
    "configuration",
    /postgres:\/\//,
  ],
  [
    "a wrong parameter",
    (url) => url.searchParams.set("schema", "x"),
    "configuration",
    /"?schema"?/,
  ],
];
for (const [what, change, problem, line] of failures) {
  test(`check tells ${what} in one line, and exits 1`, async () => {
    const url = changed(change);

    const text = await check(url);
    const json = await check(url, "--json");

    assert.is(text.code, 1);
    assert.match(text.out, /^❌ [^\n]+$/);
    assert.match(text.out, line);
    assert.is(json.code, 1);
    assert.is(JSON.parse(json.out).problem, problem);
    for (const secret of [CANARY, new URL(database.url).password]) {
      assert.not.ok((text.out + json.out).includes(secret));
    }
  });
}

test("check stops within 5 s when the server does not answer", async () => {
  const silent = net.createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as net.AddressInfo;

  const { code, out, seconds } = await checkAsProcess(changed((url) => url.port = String(port)));

  assert.is(code, 1);
  assert.match(out, /^❌ .*no answer within/);
  // The start of Node on a busy machine does not count.
  assert.ok(seconds < 30, `${seconds} s`);
  await new Promise((resolve) => silent.close(resolve));
});

test("check tells pending migrations", async () => {
  const empty = await createEmptyDatabase();

  const { code, out } = await check(empty.url);

  assert.is(code, 1);
  assert.match(out, /^❌ (\d+) of \1 migrations are pending; run: make migrate$/);
  await empty.drop();
});

test("check tells a schema that is newer than the code", async () => {
  await as((db) => db.query("insert into schema_migrations values ('29991231000000')"));

  const { code, out } = await check(database.url);

  assert.is(code, 1);
  assert.match(out, /newer than this code.*29991231000000.*update this code/);
});

test("check tells a migration that was edited or is missing", async () => {
  await as(async (db) => {
    await db.query(
      "update schema_checksums set checksum = repeat('0', 64) where version = (select min(version) from schema_checksums)",
    );
  });
  const edited = await check(database.url);
  await as((db) => db.query("insert into schema_migrations values ('20200101000000')"));
  const missing = await check(database.url);

  assert.is(edited.code, 1);
  assert.match(edited.out, /The file of an applied migration has changed: \d{14}_create_tags/);
  assert.is(missing.code, 1);
  assert.match(missing.out, /has no file: 20200101000000/);
});

test("check tells a server that is too old", async () => {
  // No such server is available: this database reports another version.
  await as(async (db) => {
    await db.query("create schema old");
    await db.query(`create function old.current_setting(name text) returns text language sql as $$
      select case name
        when 'server_version' then '14.9'
        when 'server_version_num' then '140009'
        else pg_catalog.current_setting(name)
      end $$`);
    await db.query(`alter database ${database.name} set search_path = old, pg_catalog, public`);
  });

  const { code, out } = await check(database.url);

  assert.is(code, 1);
  assert.match(out, /^❌ The server is PostgreSQL 14\.9; use PostgreSQL 15 or newer$/);
});

test.run();
