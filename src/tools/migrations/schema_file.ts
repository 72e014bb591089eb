/**
 * Writes and checks `db/schema.sql`, the current schema, for review, and its picture in
 * `db/README.md`. dbmate's dump needs a `pg_dump` of at least the server's major version. The
 * bundled server has no `pg_dump`, so this module searches the machine for a matching pair.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseDatabaseUrl } from "../../config/url.ts";
import { ToolConnection } from "../connection.ts";
import { runDbmate } from "./dbmate.ts";
import { migrate } from "./migrator.ts";
import { MIGRATIONS, readMigrations } from "./files.ts";
import { drawSchema, placePicture } from "./schema_picture.ts";
import { startThrowaway } from "../postgres/throwaway.ts";

/** `db/schema.sql` of this package. */
export const SCHEMA: string = fileURLToPath(new URL("../../../db/schema.sql", import.meta.url));

/** The files. They default to those of this package. */
export interface SchemaOptions {
  readonly migrationsDir?: string;
  readonly schemaFile?: string;
  readonly log?: (line: string) => void;
}

/** The dump, and its picture. */
interface Schema {
  readonly dump: string;
  readonly picture: string;
}

/** A server and a matching `pg_dump`. */
interface Pair {
  /** The folder of the server's programs; undefined for the bundled server. */
  readonly bin: string | undefined;
  readonly server: number;
  /** The folder of `pg_dump`. */
  readonly dumpBin: string;
  readonly dump: number;
}

const BUNDLED_VERSION = 18;
const CONNECT_TIMEOUT_MS = 10_000;
const DEBIAN_FOLDER = "/usr/lib/postgresql";
const HEADER = /^-- PostgreSQL (\d+), pg_dump (\d+)\.$/m;

/**
 * Writes the schema file from a fresh server that is migrated from the folder, and the picture into
 * the README.md beside it, if there is one.
 *
 * @returns False if no matching server and `pg_dump` are installed, which the log says.
 */
export async function writeSchema(options: SchemaOptions = {}): Promise<boolean> {
  const { schemaFile = SCHEMA, log = () => {} } = options;
  const shown = relative(process.cwd(), schemaFile);
  const [pair] = await findPairs();
  if (pair === undefined) {
    log(
      `Cannot write ${schemaFile}: no installed pg_dump matches a server; install PostgreSQL's client`,
    );
    return false;
  }
  const { dump, picture } = await readSchema(pair, options);
  await writeFile(schemaFile, dump);
  log(`Wrote: ${shown} (PostgreSQL ${pair.server}, pg_dump ${pair.dump})`);
  const document = await readDocument(schemaFile);
  const drawn = document && placePicture(document.text, picture);
  if (document !== undefined && drawn !== undefined && drawn !== document.text) {
    await writeFile(document.file, drawn);
    log(`Wrote: ${relative(process.cwd(), document.file)}`);
  }
  return true;
}

/**
 * Compares the schema file and its picture with the migrations: in full if the server and the
 * `pg_dump` that wrote the file are installed, else by the versions at its end.
 *
 * @returns A line for each problem.
 */
export async function verifySchema(options: SchemaOptions = {}): Promise<string[]> {
  const { migrationsDir = MIGRATIONS, schemaFile = SCHEMA, log = () => {} } = options;
  const shown = relative(process.cwd(), schemaFile);
  const text = await readFile(schemaFile, "utf8").catch(() => undefined);
  if (text === undefined) return [`${shown} is missing: run \`make schema\``];

  const versions = [...text.matchAll(/^ {4}\('(\d+)'\)[,;]$/gm)].map((match) => match[1]).join();
  const files = (await readMigrations(migrationsDir)).map(({ version }) => version).join();
  if (versions !== files) {
    return [`${shown} does not list the migrations of the folder: run \`make schema\``];
  }
  const [, server, dump] = HEADER.exec(text) ?? [];
  const pair = (await findPairs()).find((candidate) =>
    candidate.server === Number(server) && candidate.dump === Number(dump)
  );
  if (pair === undefined) {
    log(
      `${shown}: compared only the versions; PostgreSQL ${server} and pg_dump ${dump}, ` +
        "which wrote it, are not installed",
    );
    return [];
  }
  const expected = await readSchema(pair, options);
  const problems = text === expected.dump ? [] : [`${shown} is stale: run \`make schema\``];
  const document = await readDocument(schemaFile);
  if (document === undefined) return problems;
  const place = relative(process.cwd(), document.file);
  const drawn = placePicture(document.text, expected.picture);
  if (drawn === undefined) problems.push(`${place} has no place for the picture of the schema`);
  else if (drawn !== document.text) problems.push(`${place} is stale: run \`make schema\``);
  return problems;
}

/** The README.md beside the schema file. */
async function readDocument(
  schemaFile: string,
): Promise<{ readonly file: string; readonly text: string } | undefined> {
  const file = join(dirname(schemaFile), "README.md");
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : { file, text };
}

async function readSchema(
  pair: Pair,
  { migrationsDir = MIGRATIONS }: SchemaOptions,
): Promise<Schema> {
  const work = await mkdtemp(join(tmpdir(), "netraven-schema-"));
  const server = await startThrowaway(pair.bin === undefined ? {} : { bin: pair.bin });
  try {
    // Only the owner of a database may create tables in `public`, so create one.
    const url = Object.assign(new URL(server.url), { pathname: "/schema" }).href;
    await migrate({ url, migrationsDir });
    const file = join(work, "schema.sql");
    await runDbmate(["--schema-file", file, "dump"], {
      target: parseDatabaseUrl(url),
      migrationsDir,
      log: () => {},
      path: pair.dumpBin,
    });
    return {
      dump: canonical(await readFile(file, "utf8"), pair),
      picture: await pictureOf(url),
    };
  } finally {
    await server.stop();
    await rm(work, { recursive: true, force: true });
  }
}

async function pictureOf(url: string): Promise<string> {
  const trust = { ca: undefined, allowCleartextPassword: false, plaintextHosts: [] };
  const connection = await ToolConnection.open(
    { target: parseDatabaseUrl(url), ...trust },
    CONNECT_TIMEOUT_MS,
  );
  try {
    return await drawSchema(connection);
  } finally {
    await connection.end();
  }
}

/** Removes the differences between two runs, two minor versions or two machines. */
function canonical(dump: string, pair: Pair): string {
  const body = dump
    .replace(/^\\(un)?restrict .*\n/gm, "")
    .replace(/^-- Dumped (from|by) .*\n/gm, "")
    // pg_dump writes it since version 17; older servers do not know it.
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

/** Finds the pairs on this machine: first with the bundled server, then the newest. */
async function findPairs(): Promise<Pair[]> {
  const debian = (await readdir(DEBIAN_FOLDER).catch(() => [] as string[])).map((name) =>
    join(DEBIAN_FOLDER, name, "bin")
  );
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...debian];
  const pairs: Pair[] = [];
  for (const dumpBin of new Set(folders.filter((folder) => folder !== ""))) {
    const dump = await majorOf(join(dumpBin, "pg_dump"));
    if (dump === undefined) continue;
    if (dump >= BUNDLED_VERSION) {
      pairs.push({ bin: undefined, server: BUNDLED_VERSION, dumpBin, dump });
    }
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
