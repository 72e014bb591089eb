/**
 * Writes `src/generated` from `queries/`, or checks that it is up to date. If any
 * query of any file is wrong, it writes nothing.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseError } from "../errors.ts";
import { parseDatabaseUrl, type Target } from "../config/url.ts";
import { MISUSE, runCommand } from "./command.ts";
import { ToolConnection } from "./connection.ts";
import { migrate } from "./migrations/migrator.ts";
import { MIGRATIONS } from "./migrations/files.ts";
import { runPgtyped } from "./queries/pgtyped.ts";
import { QUERIES, readQueries } from "./queries/files.ts";
import { rewriteModules } from "./queries/modules.ts";
import { verifySchema } from "./migrations/schema_file.ts";
import { startThrowaway } from "./postgres/throwaway.ts";

/** `src/generated` of this package. */
export const GENERATED: string = fileURLToPath(new URL("../generated", import.meta.url));

const CONNECT_TIMEOUT_MS = 10_000;

/** The folders. They default to those of this package. */
export interface GenerateOptions {
  readonly queriesDir?: string;
  readonly migrationsDir?: string;
  readonly outDir?: string;
  /** Defaults to `config/pgtyped.json`. */
  readonly configFile?: string;
  /** A migrated database. Defaults to a throwaway server. */
  readonly url?: string;
  readonly log?: (line: string) => void;
}

/** Queries are wrong, or the generated modules are stale. */
export class GenerateError extends DatabaseError {
  override readonly name = "GenerateError";
  /** A line for each problem, with file and query. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super("GENERATE", problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Writes the modules of each query file: one for exported queries and one, in the folder `internal`,
 * for steps of other functions. Deletes modules without queries.
 *
 * @returns The names of the modules that changed.
 * @throws {GenerateError} a query is wrong; the function wrote nothing.
 */
export async function generate(options: GenerateOptions = {}): Promise<string[]> {
  const { outDir = GENERATED } = options;
  const modules = await makeModules(options);
  const present = await readModules(outDir);
  const changed = [...modules].filter(([file, text]) => present.get(file) !== text);
  const gone = [...present.keys()].filter((file) => !modules.has(file));
  for (const file of modules.keys()) await mkdir(dirname(join(outDir, file)), { recursive: true });
  // Write all files before the first rename.
  for (const [file, text] of changed) await writeFile(join(outDir, `${file}.new`), text);
  for (const [file] of changed) await rename(join(outDir, `${file}.new`), join(outDir, file));
  for (const file of gone) await rm(join(outDir, file));
  return [...changed.map(([file]) => file), ...gone];
}

/**
 * Compares the modules with what `generate` would write, and the schema file
 * with the migrations. Writes nothing.
 *
 * @throws {GenerateError} a line for each file that is missing, stale or left over.
 */
export async function verify(
  options: GenerateOptions & { readonly schemaFile?: string } = {},
): Promise<void> {
  const { outDir = GENERATED } = options;
  const modules = await makeModules(options);
  const present = await readModules(outDir);
  const pathOf = (file: string) => relative(process.cwd(), join(outDir, file));
  const problems = [
    ...[...modules].flatMap(([file, text]) =>
      !present.has(file)
        ? [`${pathOf(file)} is missing: run \`make generate\``]
        : present.get(file) !== text
        ? [`${pathOf(file)} is stale: run \`make generate\``]
        : []
    ),
    ...[...present.keys()].filter((file) => !modules.has(file)).map((file) =>
      `${pathOf(file)} is left over: run \`make generate\``
    ),
    ...await verifySchema(options),
  ];
  if (problems.length > 0) throw new GenerateError(problems);
}

async function readModules(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const files = entries.filter((name) => name.endsWith(".ts")).sort();
  return new Map(
    await Promise.all(
      files.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const),
    ),
  );
}

/** Returns the bodies of the schema's functions. */
async function functionsOf(target: Target): Promise<string> {
  const options = { target, ca: undefined, allowCleartextPassword: false, plaintextHosts: [] };
  const connection = await ToolConnection.open(options, CONNECT_TIMEOUT_MS);
  try {
    const rows = await connection.ask<{ source: string }>(
      "select prosrc as source from pg_proc where pronamespace = 'public'::regnamespace",
    );
    return rows.map(({ source }) => source).join("\n");
  } finally {
    await connection.end();
  }
}

async function makeModules(options: GenerateOptions): Promise<Map<string, string>> {
  const { queriesDir = QUERIES, migrationsDir = MIGRATIONS, url, configFile } = options;
  const { files, problems } = await readQueries(queriesDir);
  if (files.length === 0) throw new GenerateError(problems);
  const work = await mkdtemp(join(tmpdir(), "netraven-generate-"));
  const server = url === undefined ? await startThrowaway() : undefined;
  try {
    // Only the owner of a database may create tables in `public`, so create one.
    const database = url ?? Object.assign(new URL(server!.url), { pathname: "/generate" }).href;
    if (server !== undefined) await migrate({ url: database, migrationsDir });
    const target = parseDatabaseUrl(database);
    const result = await runPgtyped(files, target, work, configFile);
    // pgtyped has already reported an unreachable server.
    const functions = result.problems.length > 0 ? "" : await functionsOf(target);
    const { modules, problems: wrong } = rewriteModules(files, result.modules, functions);
    problems.push(...result.problems, ...wrong);
    if (problems.length > 0) throw new GenerateError(problems.sort());
    return modules;
  } finally {
    await server?.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[]): Promise<number> {
  const checks = args[0] === "--verify";
  if (args.length > (checks ? 1 : 0)) {
    console.error("Usage: generate [--verify]");
    return MISUSE;
  }
  const log = (line: string) => console.log(line);
  try {
    if (checks) {
      await verify({ log });
      log("Generated code and schema are up to date");
    } else {
      const changed = await generate({ log });
      for (const file of changed) log(`Wrote: ${file}`);
      log(changed.length === 0 ? "Nothing changed" : `${changed.length} modules changed`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    console.error(error.message);
    return 1;
  }
}

runCommand(import.meta.url, main);
