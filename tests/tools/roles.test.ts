/** Roles from a migrator and from `make roles`: with several databases, after a rollback, and repeated. */
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { migrate, rollback } from "../../src/tools/migrations/migrator.ts";
import { ROLES } from "../../src/tools/migrations/roles.ts";
import { startThrowaway, type Throwaway } from "../../src/tools/postgres/throwaway.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { suite } from "../support/suite.ts";

const test = suite("make roles", { timeout: 120_000 });
const bin = process.env["TEST_SERVER_BIN"];
let server: Throwaway;

test.before.each(async () => {
  server = await startThrowaway(bin === undefined ? {} : { bin });
});

test.after.each(() => server.stop());

/** Returns the URL of a database for a superuser or `netraven_migrator`. */
function urlOf(database: string, login?: { user: string; password: string }): string {
  const url = new URL(server.superuserUrl);
  if (login !== undefined) [url.username, url.password] = [login.user, login.password];
  url.pathname = `/${database}`;
  return url.href;
}

/** Returns the first column. */
async function list(url: string, text: string): Promise<unknown[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return (await sql.unsafe(text)).map((row) => Object.values(row)[0]);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function makeMigrator(may: string): Promise<{ user: string; password: string }> {
  const login = { user: "netraven_migrator", password: randomBytes(12).toString("hex") };
  await list(
    server.superuserUrl,
    `create role ${login.user} login ${may} password '${login.password}'`,
  );
  return login;
}

/** Returns the privileges in a database, except the owner's. */
function grants(url: string): Promise<unknown[]> {
  return list(
    url,
    `select concat_ws(' ', relname, attname, grantee::regrole, privilege_type)
    from pg_class
    -- PostgreSQL 15 keeps the rights to a column that was dropped, which are rights to nothing.
    left join pg_attribute on attrelid = pg_class.oid and attacl is not null and not attisdropped
    cross join aclexplode(coalesce(attacl, relacl)) as granted
    where relnamespace = 'public'::regnamespace and grantee <> relowner
    union all
    select concat_ws(' ', proname, grantee::regrole, privilege_type)
    from pg_proc
    cross join aclexplode(coalesce(proacl, acldefault('f', proowner))) as granted
    where pronamespace = 'public'::regnamespace and grantee <> proowner
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    union all
    select concat_ws(' ', 'schema', grantee::regrole, privilege_type)
    from pg_namespace
    cross join aclexplode(nspacl) as granted
    where nspname = 'public' and grantee <> nspowner
    union all
    select concat_ws(' ', 'database', grantee::regrole, privilege_type)
    from pg_database
    cross join aclexplode(coalesce(datacl, acldefault('d', datdba))) as granted
    where datname = current_database() and grantee <> datdba
    order by 1`,
  );
}

/** Runs `make roles` in a separate process. */
function makeRoles(url: string): Promise<{ code: unknown; output: string }> {
  return run({ DATABASE_URL: url }, "roles");
}

async function run(
  env: Record<string, string>,
  tool: string,
  ...args: string[]
): Promise<{ code: unknown; output: string }> {
  const script = fileURLToPath(new URL(`../../src/tools/${tool}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...NODE_ARGS, script, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  child.stderr.on("data", (text) => output += text);
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, output: output.trim() };
}

test("migrate() makes the roles once, when three databases are migrated at once", async () => {
  const login = await makeMigrator("createdb createrole");
  const urls = ["one", "two", "three"].map((name) => urlOf(name, login));

  const results = await Promise.all(urls.map((url) => migrate({ url })));

  assert.equal(new Set(results.map(({ total }) => total)).size, 1);
  const made = await list(
    server.superuserUrl,
    "select rolname from pg_roles where rolname ~ '^netraven_'",
  );
  assert.equal(made.toSorted(), [...ROLES, "netraven_test"].toSorted());
  const [first, second, third] = await Promise.all(urls.map(grants));
  assert.ok(first!.length > 100);
  assert.equal([second, third], [first, first]);
});

test("rollbacks leave the roles what they may do with what is left, and public nothing", async () => {
  const url = urlOf("one", await makeMigrator("createdb createrole"));
  const { total } = await migrate({ url });
  const before = await grants(url);

  for (let left = total; left > 0; left--) await rollback({ url });

  const after = await grants(url);
  await migrate({ url });
  const books = ["schema_checksums", "schema_migrations"];
  assert.equal(
    after.map(String).sort(),
    ROLES.slice(1).flatMap((role) => [
      `database ${role} CONNECT`,
      `schema ${role} USAGE`,
      ...books.map((book) => `${book} ${role} SELECT`),
    ]).sort(),
  );
  assert.equal(await grants(url), before);
});

test("make roles gives the rights after a plain run of dbmate", async () => {
  const url = urlOf("one", await makeMigrator("createdb createrole"));
  await migrate({ url });
  const before = await grants(url);
  await list(url, "drop table schema_checksums");
  await list(url, "grant delete on job_logs to netraven_app");

  const { code, output } = await makeRoles(url);

  assert.is(code, 0, output);
  assert.equal(
    await grants(url),
    before.filter((line) => !String(line).startsWith("schema_checksums")),
  );
});

test("make roles gives the rights to roles that were made after the migrations", async () => {
  const login = await makeMigrator("createdb");
  const url = urlOf("one", login);
  await migrate({ url });
  const alone = await makeRoles(url);
  const none = await grants(url);
  for (const role of ROLES.slice(1)) await list(server.superuserUrl, `create role ${role} login`);

  const { code, output } = await makeRoles(url);

  assert.is(alone.code, 0, alone.output);
  assert.match(
    alone.output,
    /^The roles are missing .* netraven_migrator keeps all privileges\n✅/,
  );
  assert.equal(none.filter((line) => /netraven_(app|worker)/.test(String(line))), []);
  assert.is(code, 0, output);
  assert.match(
    output,
    "run as an administrator: alter role netraven_app set search_path to public, pg_temp",
  );
  assert.ok((await grants(url)).includes("job_logs netraven_app INSERT"));
  // The rest is for an administrator to run.
  const left = output.match(/alter role .*/g) ?? [];
  for (const statement of left) await list(server.superuserUrl, statement);
  const again = await makeRoles(url);
  assert.is(left.length, 4 * 4);
  assert.match(again.output, /^✅/);
});

test("make migrate and rollback log in as the owner and probe as the client, and say who is needed", async () => {
  const owner = urlOf("one", await makeMigrator("createdb createrole"));
  await migrate({ url: owner });
  const login = { user: "netraven_app", password: randomBytes(12).toString("hex") };
  await list(owner, `alter role ${login.user} password '${login.password}'`);
  const client = urlOf("one", login);

  const refused = await run({ DATABASE_URL: client }, "migrate", "rollback");
  const env = { DATABASE_URL: client, DATABASE_MIGRATION_URL: owner };
  const down = await run(env, "migrate", "rollback");
  const up = await run(env, "migrate", "up");

  assert.is(refused.code, 1);
  assert.match(
    refused.output,
    /set DATABASE_MIGRATION_URL or database.migration_url to the owner's URL/,
  );
  assert.is(down.code, 0, down.output);
  assert.is(up.code, 0, up.output);
  assert.match(up.output, "Applied 1 migrations");
  assert.match(up.output, "split: netraven_app, and netraven_migrator owns the tables");
});

test("make roles says what to do, when the migrations are not applied", async () => {
  const url = urlOf("postgres", await makeMigrator("createrole"));

  const { code, output } = await makeRoles(url);

  assert.is(code, 1);
  assert.match(output, /\n❌ "roles.sql" failed at "grant .*; run: make migrate$/);
});

test.run();
