/**
 * Clones the template that `tests/run.ts` built from the migrations. A clone takes about 25 ms and shares no
 * rows with other tests.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";

/** A clone of the template. */
export interface TestDatabase {
  /** URL with the password of the server's test role, which owns it. */
  readonly url: string;
  readonly name: string;
  /** Drops it, also with open sessions. */
  drop(): Promise<void>;
}

/** The server's database `postgres`, as a role with CREATEDB that is not a superuser. */
export const adminUrl: string = given("TEST_DATABASE_URL");

/** An odd time zone, which reveals queries that depend on the session's time zone. */
export const TIME_ZONE = "Asia/Kathmandu";

/** Milliseconds to wait for another process that uses a database. */
const PATIENCE = 30_000;

/** Another server than the runner's. */
export interface Place {
  /** Its database `postgres`, as a role with CREATEDB. */
  readonly url: string;
  /** Template; an empty database if there is none. */
  readonly template?: string | undefined;
  /** Tablespace. */
  readonly tablespace?: string | undefined;
}

/**
 * Clones the migrated template. The caller drops the clone.
 *
 * @param place Another server, with other templates.
 */
export async function createDatabase(place?: Place): Promise<TestDatabase> {
  const { url, template = "template0", tablespace }: Place = place ??
    { url: adminUrl, template: given("TEST_TEMPLATE") };
  const where = tablespace === undefined ? "" : ` tablespace ${tablespace}`;
  const name = newName();
  await asAdmin(url, async (sql) => {
    // The server's usual way writes each page to its journal first.
    const create = `create database ${name} template ${template} strategy file_copy${where}`;
    await patiently("55006", () => sql.unsafe(create));
    // A clone does not inherit the settings of the template.
    await sql.unsafe(`alter database ${name} set timezone to '${TIME_ZONE}'`);
  });
  return { url: urlOf(url, name), name, drop: () => dropDatabase(url, name) };
}

/** Creates an empty database without the schema. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase({ url: adminUrl });
}

/** Folder of real device configurations beside the project, if it exists. */
export function sharedData(): string | undefined {
  const folder = fileURLToPath(new URL("../../../shared/data", import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The runner drops databases with this prefix if a killed test leaves them. */
function newName(): string {
  return `${given("TEST_TEMPLATE")}_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

async function dropDatabase(server: string, name: string): Promise<void> {
  const drop = `drop database if exists ${name} with (force)`;
  await asAdmin(server, (sql) => patiently("42501", () => sql.unsafe(drop)));
}

/** Retries while the server refuses with the code: autovacuum may temporarily use the database. */
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
