/**
 * A database of one's own: a clone of the template that `tests/run.ts` built from the migrations. It
 * takes about 25 ms, and no test sees another one's rows.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";

/** A clone of the template. */
export interface TestDatabase {
  /** Its URL, with the password of the server's test role, who owns it. */
  readonly url: string;
  readonly name: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** The server's database `postgres`, as a role that may create databases and is no superuser. */
export const adminUrl: string = given("TEST_DATABASE_URL");

/** An odd one, so that a query that leans on the session's time zone is found out. */
export const TIME_ZONE = "Asia/Kathmandu";

/** How long to wait for what another one is doing with a database, in milliseconds. */
const PATIENCE = 30_000;

/** Where another server than the runner's is asked for a database. */
export interface Place {
  /** The server's database `postgres`, as a role that may create databases. */
  readonly url: string;
  /** What is cloned; an empty database where there is no template. */
  readonly template?: string | undefined;
  /** Where it stores everything. */
  readonly tablespace?: string | undefined;
}

/**
 * Clones the migrated template; to be dropped at the end.
 *
 * @param place Another server, with other templates.
 */
export async function createDatabase(place?: Place): Promise<TestDatabase> {
  const { url, template = "template0", tablespace }: Place = place ??
    { url: adminUrl, template: given("TEST_TEMPLATE") };
  const where = tablespace === undefined ? "" : ` tablespace ${tablespace}`;
  const name = newName();
  await asAdmin(url, async (sql) => {
    const create = `create database ${name} template ${template}${where}`;
    await patiently("55006", () => sql.unsafe(create));
    // A clone does not take over what belongs to the template by name.
    await sql.unsafe(`alter database ${name} set timezone to '${TIME_ZONE}'`);
  });
  return { url: urlOf(url, name), name, drop: () => dropDatabase(url, name) };
}

/** Makes an empty database, without the schema. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase({ url: adminUrl });
}

/** The folder of real device configurations beside the project, where there is one. */
export function sharedData(): string | undefined {
  const folder = fileURLToPath(new URL("../../../shared/data", import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The runner removes what begins with the template's name, should a killed test leave it. */
function newName(): string {
  return `${given("TEST_TEMPLATE")}_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

async function dropDatabase(server: string, name: string): Promise<void> {
  const drop = `drop database if exists ${name} with (force)`;
  await asAdmin(server, (sql) => patiently("42501", () => sql.unsafe(drop)));
}

/** Tries again while the server refuses with the code: it may be autovacuum that is in the way, which ends. */
async function patiently(code: string, work: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE;;) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== code || Date.now() > deadline) throw error;
      await sleep(20 + Math.random() * 30);
    }
  }
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin<T>(server: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(server, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function given(variable: string): string {
  const value = process.env[variable];
  if (value) return value;
  throw new Error(`${variable} is not set: run the tests by make test, or by tests/run.ts`);
}
