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

/** How long to wait for a template that another test is cloning, in milliseconds. */
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
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      try {
        await sql.unsafe(`create database ${name} template ${template}${where}`);
        break;
      } catch (error) {
        const busy = (error as { code?: string }).code === "55006";
        if (!busy || Date.now() > deadline) throw error;
        await sleep(20 + Math.random() * 30);
      }
    }
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
  await asAdmin(server, (sql) => sql.unsafe(`drop database if exists ${name} with (force)`));
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
