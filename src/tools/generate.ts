/**
 * Writes `src/generated` from `queries/`, or checks that it is up to date.
 * Nothing is written unless every query of every file is right.
 */
import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseError } from "../errors.ts";
import { parseDatabaseUrl } from "../config/url.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/files.ts";
import { runPgtyped } from "./queries/pgtyped.ts";
import { QUERIES, readQueries } from "./queries/files.ts";
import { rewriteModule } from "./queries/module.ts";
import { verifySchema } from "./migrations/schema_file.ts";
import { startThrowaway } from "./postgres/throwaway.ts";

/** `src/generated` of this package. */
export const GENERATED: string = fileURLToPath(new URL("../generated", import.meta.url));

/** Which folders; default: those of this package. */
export interface GenerateOptions {
  readonly queriesDir?: string;
  readonly migrationsDir?: string;
  readonly outDir?: string;
  /** Instead of `config/pgtyped.json`. */
  readonly configFile?: string;
  /** A migrated database to use in place of a throwaway server. */
  readonly url?: string;
  readonly log?: (line: string) => void;
}

/** Queries are not right, or what was generated from them is stale. */
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
 * Writes a module for each query file and deletes those whose query file is gone.
 *
 * @returns The names of the modules that changed.
 * @throws {GenerateError} nothing was written.
 */
export async function generate(options: GenerateOptions = {}): Promise<string[]> {
  const { outDir = GENERATED } = options;
  const modules = await makeModules(options);
  const present = await readModules(outDir);
  const changed = [...modules].filter(([file, text]) => present.get(file) !== text);
  const gone = [...present.keys()].filter((file) => !modules.has(file));
  await mkdir(outDir, { recursive: true });
  // All of them are on the disk before the first takes its place.
  for (const [file, text] of changed) await writeFile(join(outDir, `${file}.new`), text);
  for (const [file] of changed) await rename(join(outDir, `${file}.new`), join(outDir, file));
  for (const file of gone) await rm(join(outDir, file));
  return [...changed.map(([file]) => file), ...gone];
}

/**
 * Compares the modules with what `generate` would write, and the schema file
 * with the migrations; writes nothing.
 *
 * @throws {GenerateError} a line for each file that is missing, stale or left over.
 */
export async function verify(
  options: GenerateOptions & { readonly schemaFile?: string } = {},
): Promise<void> {
  const { outDir = GENERATED } = options;
  const modules = await makeModules(options);
  const present = await readModules(outDir);
  const place = (file: string) => relative(process.cwd(), join(outDir, file));
  const problems = [
    ...[...modules].flatMap(([file, text]) =>
      !present.has(file)
        ? [`${place(file)} is missing: run \`make generate\``]
        : present.get(file) !== text
        ? [`${place(file)} is stale: run \`make generate\``]
        : []
    ),
    ...[...present.keys()].filter((file) => !modules.has(file)).map((file) =>
      `${place(file)} is left over: run \`make generate\``
    ),
    ...await verifySchema(options),
  ];
  if (problems.length > 0) throw new GenerateError(problems);
}

async function readModules(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder).catch(() => [] as string[]);
  const files = entries.filter((name) => name.endsWith(".ts")).sort();
  return new Map(
    await Promise.all(
      files.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const),
    ),
  );
}

async function makeModules(options: GenerateOptions): Promise<Map<string, string>> {
  const { queriesDir = QUERIES, migrationsDir = MIGRATIONS, url, configFile } = options;
  const { files, problems } = await readQueries(queriesDir);
  if (files.length === 0) throw new GenerateError(problems);
  const work = await mkdtemp(join(tmpdir(), "netraven-generate-"));
  const server = url === undefined ? await startThrowaway() : undefined;
  try {
    // A database of its own, since only its owner may make tables in `public`.
    const database = url ?? Object.assign(new URL(server!.url), { pathname: "/generate" }).href;
    if (server !== undefined) await migrate({ url: database, migrationsDir });
    const target = parseDatabaseUrl(database);
    const result = await runPgtyped(files, queriesDir, target, work, configFile);
    problems.push(...result.problems);
    const modules = new Map<string, string>();
    for (const file of files) {
      const source = result.modules.get(file.stem);
      if (source === undefined) continue;
      const module = rewriteModule(source, file);
      problems.push(...module.problems);
      modules.set(`${file.stem}.ts`, module.text);
    }
    if (problems.length > 0) throw new GenerateError(problems.sort());
    return modules;
  } finally {
    await server?.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** The command line: nothing, or `--verify`. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const checks = args[0] === "--verify";
  if (args.length > (checks ? 1 : 0)) {
    console.error("Usage: generate [--verify]");
    return 2;
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

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  void main(process.argv.slice(2)).then((code) => process.exitCode = code);
}
