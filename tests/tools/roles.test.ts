/** The migration that makes the roles, and `make roles`: with several databases, back, and again. */
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { migrate, rollback, status } from "../../src/tools/migrate.ts";
import { ROLES } from "../../src/tools/roles.ts";
import { startThrowaway, type Throwaway } from "../../src/tools/postgres/throwaway.ts";
import { suite } from "../support/suite.ts";

const test = suite("make roles", { timeout: 120_000 });
const NAME = "create_roles";
const bin = process.env["TEST_SERVER_BIN"];
let server: Throwaway;

test.before.each(async () => {
  server = await startThrowaway(bin === undefined ? {} : { bin });
});

test.after.each(() => server.stop());

/** A superuser's or `netraven_migrator`'s URL of a database. */
function urlOf(database: string, login?: { user: string; password: string }): string {
  const url = new URL(server.superuserUrl);
  if (login !== undefined) [url.username, url.password] = [login.user, login.password];
  url.pathname = `/${database}`;
  return url.href;
}

/** The first column. */
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

/** What is granted in a database, apart from the owner's own. */
function grants(url: string): Promise<unknown[]> {
  return list(
    url,
    `select concat_ws(' ', relname, attname, grantee::regrole, privilege_type)
    from pg_class
    left join pg_attribute on attrelid = pg_class.oid and attacl is not null
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

/** `make roles`, in a process of its own. */
function makeRoles(url: string): Promise<{ code: unknown; output: string }> {
  return run({ DATABASE_URL: url }, "roles");
}

async function run(
  env: Record<string, string>,
  tool: string,
  ...args: string[]
): Promise<{ code: unknown; output: string }> {
  const script = fileURLToPath(new URL(`../../src/tools/${tool}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  child.stderr.on("data", (text) => output += text);
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, output: output.trim() };
}

test("the migration makes the roles once, when three databases are migrated at once", async () => {
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

test("the migration can be taken back: public has what it had, and the roles have nothing", async () => {
  const url = urlOf("one", await makeMigrator("createdb createrole"));
  await migrate({ url });
  const version = (await status({ url })).applied.find(({ name }) => name === NAME)!.version;
  const before = await grants(url);

  while ((await status({ url })).applied.at(-1)!.version >= version) await rollback({ url });

  const nothing = await grants(url);
  await migrate({ url });
  assert.equal(
    nothing.filter((line) =>
      !/^(devices_matching|system_settings_\w+) - EXECUTE$/.test(String(line))
    ),
    ["database - CONNECT", "database - TEMPORARY", "schema - USAGE"],
  );
  assert.is(nothing.length, 3 + 4, "and public may execute the four functions");
  assert.equal(await grants(url), before);
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
  assert.match(alone.output, /^The roles are missing .* all stays with netraven_migrator\n✅/);
  assert.equal(none.filter((line) => /netraven_(app|worker)/.test(String(line))), []);
  assert.is(code, 0, output);
  assert.match(
    output,
    "somebody else has to: alter role netraven_app set search_path to public, pg_temp",
  );
  assert.ok((await grants(url)).includes("job_logs netraven_app INSERT"));
  // What is left is what an administrator is told to run.
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
  assert.match(refused.output, /the login may not: give the owner's URL as DATABASE_MIGRATION_URL/);
  assert.is(down.code, 0, down.output);
  assert.is(up.code, 0, up.output);
  assert.match(up.output, "Applied 1 migrations");
  assert.match(up.output, "split: netraven_app, and netraven_migrator owns the tables");
});

test("make roles says what to do, when the roles' migration is not applied", async () => {
  const { code, output } = await makeRoles(server.url);

  assert.is(code, 1);
  assert.is(output, "❌ The roles' migration is missing; run: make migrate");
});

test.run();
