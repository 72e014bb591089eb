/**
 * Writes and checks `db/schema.sql`, the schema as it is, for review. dbmate's
 * dump needs a `pg_dump` of at least the server's major version; the bundled
 * server comes without one, so a pair is looked for on the machine.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseDatabaseUrl } from "../../config/url.ts";
import { runDbmate } from "./dbmate.ts";
import { migrate } from "../migrate.ts";
import { MIGRATIONS, readMigrations } from "./files.ts";
import { startThrowaway } from "../postgres/throwaway.ts";

/** `db/schema.sql` of this package. */
export const SCHEMA: string = fileURLToPath(new URL("../../../db/schema.sql", import.meta.url));

/** Which files; default: those of this package. */
export interface SchemaOptions {
  readonly migrationsDir?: string;
  readonly schemaFile?: string;
  readonly log?: (line: string) => void;
}

/** A server and a `pg_dump` that fit. */
interface Pair {
  /** The server's binaries; undefined: the bundled server. */
  readonly bin: string | undefined;
  readonly server: number;
  /** The folder of `pg_dump`. */
  readonly dumpBin: string;
  readonly dump: number;
}

const BUNDLED = 18;
const DEBIAN = "/usr/lib/postgresql";
const HEADER = /^-- PostgreSQL (\d+), pg_dump (\d+)\.$/m;

/**
 * Writes the schema file from a fresh server that is migrated from the folder.
 *
 * @returns False where no server and `pg_dump` that fit are installed; the log says so.
 */
export async function writeSchema(options: SchemaOptions = {}): Promise<boolean> {
  const { schemaFile = SCHEMA, log = () => {} } = options;
  const shown = relative(process.cwd(), schemaFile);
  const [pair] = await findPairs();
  if (pair === undefined) {
    log(
      `Cannot write ${schemaFile}: no pg_dump is installed that fits a server; install PostgreSQL's client`,
    );
    return false;
  }
  await writeFile(schemaFile, await dumpSchema(pair, options));
  log(`Wrote: ${shown} (PostgreSQL ${pair.server}, pg_dump ${pair.dump})`);
  return true;
}

/**
 * Compares the schema file with the migrations: in full where the server and the
 * `pg_dump` that wrote it are installed, else by the versions at its end.
 *
 * @returns A line for each thing that is wrong; empty when all is well.
 */
export async function verifySchema(options: SchemaOptions = {}): Promise<string[]> {
  const { migrationsDir = MIGRATIONS, schemaFile = SCHEMA, log = () => {} } = options;
  const shown = relative(process.cwd(), schemaFile);
  const text = await readFile(schemaFile, "utf8").catch(() => undefined);
  if (text === undefined) return [`${shown} is missing: run \`make schema\``];

  const versions = [...text.matchAll(/^ {4}\('(\d+)'\)[,;]$/gm)].map((match) => match[1]).join();
  const files = (await readMigrations(migrationsDir)).map(({ version }) => version).join();
  if (versions !== files) {
    return [`${shown} does not list the migrations that are there: run \`make schema\``];
  }
  const [, server, dump] = HEADER.exec(text) ?? [];
  const pair = (await findPairs()).find((candidate) =>
    candidate.server === Number(server) && candidate.dump === Number(dump)
  );
  if (pair === undefined) {
    log(
      `${shown}: only its versions were compared; PostgreSQL ${server} and pg_dump ${dump}, ` +
        "which wrote it, are not installed",
    );
    return [];
  }
  const expected = await dumpSchema(pair, options);
  return text === expected ? [] : [`${shown} is stale: run \`make schema\``];
}

async function dumpSchema(
  pair: Pair,
  { migrationsDir = MIGRATIONS }: SchemaOptions,
): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "netraven-schema-"));
  const server = await startThrowaway(pair.bin === undefined ? {} : { bin: pair.bin });
  try {
    // A database of its own, since only its owner may make tables in `public`.
    const url = Object.assign(new URL(server.url), { pathname: "/schema" }).href;
    await migrate({ url, migrationsDir });
    const file = join(work, "schema.sql");
    await runDbmate(["--schema-file", file, "dump"], {
      target: parseDatabaseUrl(url),
      migrationsDir,
      log: () => {},
      path: pair.dumpBin,
    });
    return canonical(await readFile(file, "utf8"), pair);
  } finally {
    await server.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** Without what differs between two runs, two minor versions or two machines. */
function canonical(dump: string, pair: Pair): string {
  const body = dump
    .replace(/^\\(un)?restrict .*\n/gm, "")
    .replace(/^-- Dumped (from|by) .*\n/gm, "")
    // Written since version 17; older servers do not know it.
    .replace(/^SET transaction_timeout = .*\n/m, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
  return [
    "-- The schema as the migrations make it. Written by make schema; do not edit.",
    `-- PostgreSQL ${pair.server}, pg_dump ${pair.dump}.`,
    "",
    `${body}\n`,
  ].join("\n");
}

/** The pairs on this machine; the bundled server first, then the newest. */
async function findPairs(): Promise<Pair[]> {
  const debian = (await readdir(DEBIAN).catch(() => [] as string[])).map((name) =>
    join(DEBIAN, name, "bin")
  );
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...debian];
  const pairs: Pair[] = [];
  for (const dumpBin of new Set(folders.filter((folder) => folder !== ""))) {
    const dump = await majorOf(join(dumpBin, "pg_dump"));
    if (dump === undefined) continue;
    if (dump >= BUNDLED) pairs.push({ bin: undefined, server: BUNDLED, dumpBin, dump });
    const server = await majorOf(join(dumpBin, "postgres"));
    if (server !== undefined && dump >= server) pairs.push({ bin: dumpBin, server, dumpBin, dump });
  }
  const rank = (pair: Pair) => pair.server * 1000 + pair.dump + (pair.bin === undefined ? 1e6 : 0);
  return pairs.sort((a, b) => rank(b) - rank(a));
}

async function majorOf(binary: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ["--version"], { timeout: 5_000 });
    return Number(/(\d+)(\.\d+|devel|beta\d+|rc\d+)/.exec(stdout)?.[1]) || undefined;
  } catch {
    return undefined;
  }
}
