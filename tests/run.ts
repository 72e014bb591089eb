/**
 * Runs each test file in a separate process, two at a time, against a temporary server that ends with the
 * run.
 *
 *     node --import tsx tests/run.ts [--runtime node|deno|all] [--server bundled|<bin folder>]… [--jobs <number>] [file…]
 *
 * - Any part of a path names a file; a part that matches no path is an error.
 * - `--server` may be repeated. The suite runs on the first server with every runtime, and on each other
 *   server with Node. `support/reach.ts` says how a file asks for less. Named files run on every server.
 *   `TEST_DATABASE_URL` replaces the bundled server: the URL of a role with CREATEDB.
 * - Node runs what was compiled once at the start; later changes count in the next run.
 * - `NETRAVEN_TEST=<part of a name>` runs only the tests whose name contains it.
 * - `TEST_LONG=1` extends the fault and property-based tests; `TEST_SEED=<number>` repeats the inputs of
 *   the latter.
 *
 * A file passes if it ends by itself with exit code 0 and its summary line counts a test and no failure.
 * The last line is `N passed, N failed`, and the exit code is 0 only if nothing failed.
 */
import { spawn } from "node:child_process";
import { readdir, readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { migrate } from "../src/tools/migrations/migrator.ts";
import { startThrowaway } from "../src/tools/postgres/throwaway.ts";
import { compile } from "./support/compiled/compile.ts";
import { NODE_ARGS } from "./support/compiled/node.ts";
import { LONG } from "./support/effort.ts";
import { memoryFolder } from "./support/memory.ts";
import { testPermissions } from "./support/permissions.ts";
import { type Reach, reachOf } from "./support/reach.ts";
import { startServerService } from "./support/server_service.ts";
import { figuresIn, type Summary, SUMMARY_MARK } from "./support/summary.ts";

type Runtime = "node" | "deno";

/** A file to run. */
interface Task {
  readonly runtime: Runtime;
  readonly file: string;
}

/** A file, and where it is to run. */
interface TestFile {
  readonly path: string;
  readonly reach: Reach;
}

/** A server with a migrated template database. */
interface Server {
  readonly label: string;
  /** Folder of its programs; undefined for the bundled ones. */
  readonly bin: string | undefined;
  /** Environment variables of the tests. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Result of one file. */
interface FileResult {
  readonly summary: Summary | undefined;
  /** Problem besides failed tests: a crash, no summary, a timeout. */
  readonly problem: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The longest a file may take, in milliseconds. */
const FILE_TIMEOUT = LONG ? 3_600_000 : 600_000;
/** The folder for temporary files, which the tests keep where it is. */
const TMP = tmpdir();
/** What the children keep of the variables that are the tests' own. */
const KEPT: readonly string[] = ["NETRAVEN_TEST", "TEST_LONG", "TEST_SEED"];

async function main(): Promise<Totals> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runtime: { type: "string", default: "all" },
      server: { type: "string", multiple: true, default: ["bundled"] },
      jobs: { type: "string", default: "2" },
    },
  });
  const runtimes = runtimesOf(values.runtime);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error("--jobs is a number from 1");
  const files = await filesOf(positionals);

  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  const compiled = await compile();
  // Servers are started in this process: the runner's own, and those of `server_service.ts`.
  process.env["TMPDIR"] = await memoryFolder() ?? TMP;
  for (const [place, name] of values.server.entries()) {
    const first = place === 0;
    const chosen = files.filter(({ reach }) =>
      first || reach.everyServer || positionals.length > 0
    );
    const once = files.length - chosen.length;
    if (once > 0) console.log(`\n${once} files ran on the first server alone`);
    // What another server changes, it changes for each runtime.
    const tasks = (first || positionals.length > 0 ? runtimes : runtimes.slice(0, 1))
      .flatMap((runtime) =>
        chosen
          .filter(({ reach }) => runtime === "node" || reach.everyRuntime)
          .map(({ path }) => ({ runtime, file: path }))
      );
    const server = await startServer(name);
    try {
      add(sum, await runAll(tasks, server, jobs, compiled));
    } finally {
      await server.stop();
    }
  }
  if (sum.passed + sum.failed + sum.skipped === 0) {
    const name = process.env["NETRAVEN_TEST"];
    throw new Error(
      name ? `No test has a name with "${name}"` : "No test ran: these files run on Node only",
    );
  }
  return sum;
}

function runtimesOf(name: string): Runtime[] {
  if (name === "all") return ["node", "deno"];
  if (name === "node" || name === "deno") return [name];
  throw new Error(`--runtime is node, deno or all, not "${name}"`);
}

/** Sorted by their paths, which begin at the project's folder. */
async function filesOf(patterns: readonly string[]): Promise<TestFile[]> {
  const names = await readdir(join(PROJECT, "tests"), { recursive: true });
  const files = names.filter((name) => /^(?!.*node_modules\/).*\.test\.ts$/.test(name))
    .map((name) => join("tests", name)).sort();
  for (const pattern of patterns) {
    if (!files.some((file) => file.includes(pattern))) {
      throw new Error(`No test file has "${pattern}" in its path`);
    }
  }
  if (files.length === 0) throw new Error("There is no test file");
  const chosen = patterns.length === 0
    ? files
    : files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
  return await Promise.all(chosen.map(async (path) => {
    const text = await readFile(join(PROJECT, path), "utf8");
    return { path, reach: reachOf(path, text) };
  }));
}

// --- The server

async function startServer(name: string): Promise<Server> {
  const given = process.env["TEST_DATABASE_URL"];
  const template = `netraven_test_${process.pid}`;
  if (name === "bundled" && given) {
    const url = new URL(given);
    // Fails here, in one line, if no test could run.
    await dropDatabases(given, template);
    await buildTemplate(given, template);
    return {
      label: `the server at ${url.host}`,
      bin: undefined,
      environment: { TEST_DATABASE_URL: given, TEST_TEMPLATE: template },
      stop: () => dropDatabases(given, template),
    };
  }
  const bin = name === "bundled" ? undefined : name;
  const server = await startThrowaway(bin === undefined ? {} : { bin });
  try {
    await buildTemplate(server.url, template);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    label: `PostgreSQL ${server.version}`,
    bin,
    environment: {
      TEST_DATABASE_URL: server.url,
      TEST_TEMPLATE: template,
      // For tests that start a server of their own.
      ...(bin === undefined ? {} : { TEST_SERVER_BIN: bin }),
    },
    stop: () => server.stop(),
  };
}

/** Builds the database that every test file clones from the migrations. */
async function buildTemplate(serverUrl: string, template: string): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = `/${template}`;
  await migrate({ url: url.href });
}

/** Removes the template and the databases of killed tests, whose names begin with the template's. */
async function dropDatabases(url: string, template: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const rows = await sql<{ datname: string }[]>`
      select datname from pg_database where starts_with(datname, ${template})`;
    for (const { datname } of rows) {
      await sql`drop database if exists ${sql(datname)} with (force)`;
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

// --- The files

/** Runs the files, so many at a time, in their order. */
async function runAll(
  tasks: readonly Task[],
  server: Server,
  jobs: number,
  compiled: string,
): Promise<Totals> {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  const skips: string[] = [];
  const left = [...tasks];
  console.log(`\n${server.label}`);

  const lane = async () => {
    // For tests that control a server. The service starts a server on request.
    const service = await startServerService({ bin: server.bin, prepare: buildTemplate });
    const environment = {
      ...server.environment,
      TEST_SERVERS: service.url,
      TEST_COMPILED: compiled,
    };
    try {
      for (let task = left.shift(); task !== undefined; task = left.shift()) {
        const { runtime, file } = task;
        const result = await runFile(await commandOf(runtime), file, environment);
        await service.removeAll();
        report(task, result);
        const { passed = 0, failed = 0, skipped = [] } = result.summary ?? {};
        const problems = result.problem === undefined ? 0 : 1;
        add(sum, { passed, failed: failed + problems, skipped: skipped.length });
        for (const { name, reason } of skipped) {
          skips.push(`  skipped: ${runtime} ${file}: ${name}: ${reason}`);
        }
      }
    } finally {
      await service.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  skips.forEach((line) => console.log(line));
  const runtimes = [...new Set(tasks.map(({ runtime }) => runtime))];
  const versions = runtimes.map((runtime) => `${runtime} ${runtimeVersion(runtime)}`).join(", ");
  console.log(`${server.label} with ${versions}: ${inWords(sum)}, ${sum.skipped} skipped`);
  return sum;
}

/** Program and arguments that stand before the file. */
async function commandOf(runtime: Runtime): Promise<readonly string[]> {
  if (runtime === "node") return [process.execPath, ...NODE_ARGS];
  return [
    denoPath(),
    "run",
    "--no-prompt",
    "--cached-only",
    ...testPermissions({
      project: PROJECT,
      shared: join(dirname(PROJECT), "shared"),
      tmp: [await realpath(TMP), await realpath(tmpdir())],
    }),
  ];
}

/** The program itself: the package's command is a wrapper script that does not forward signals. */
function denoPath(): string {
  const install = createRequire(import.meta.url)("deno/install_api.cjs");
  return install.runInstall();
}

function runtimeVersion(runtime: Runtime): string {
  if (runtime === "node") return process.versions.node;
  return createRequire(import.meta.url)("deno/package.json").version;
}

async function runFile(
  [program, ...args]: readonly string[],
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<FileResult> {
  const start = performance.now();
  const child = spawn(program!, [...args, file], {
    cwd: PROJECT,
    env: { ...ownEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text) => output += text);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, FILE_TIMEOUT);
  const end = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`did not start: ${error.message}`));
    // Not "close": a process that a test left running may hold the pipes open.
    child.once("exit", (code, signal) => {
      if (late) resolve(`took longer than ${FILE_TIMEOUT / 1000} s`);
      else if (signal !== null) resolve(`was ended by ${signal}`);
      else resolve(code === 0 ? undefined : `ended with exit code ${code}`);
    });
  });
  clearTimeout(timer);
  process.off("exit", kill);
  // What is still in the pipes.
  await new Promise((resolve) => setImmediate(resolve));
  child.stdout.destroy();
  child.stderr.destroy();
  return { ...judge(output, end), output, seconds: (performance.now() - start) / 1000 };
}

/** Environment of the child processes, without variables that point to other databases. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    KEPT.includes(name) || !/^(DATABASE_(MIGRATION_)?URL$|NETRAVEN_|PG|TEST_)/.test(name)
  );
  return { ...Object.fromEntries(kept), TMPDIR: TMP, DENO_NO_UPDATE_CHECK: "1" };
}

function judge(
  output: string,
  end: string | undefined,
): { summary: Summary | undefined; problem: string | undefined } {
  const line = output.split("\n").findLast((line) => line.startsWith(SUMMARY_MARK));
  if (line === undefined) {
    return { summary: undefined, problem: end ?? "ended without a summary: does it use suite()?" };
  }
  const summary: Summary = JSON.parse(line.slice(SUMMARY_MARK.length));
  const count = summary.passed + summary.failed + summary.skipped.length;
  // Exit code 1 is expected if a test failed, or if NETRAVEN_TEST excluded all tests.
  const expected = end === "ended with exit code 1" && (summary.failed > 0 || count === 0);
  if (end !== undefined && !expected) return { summary, problem: end };
  if (count === 0 && summary.left === 0) return { summary, problem: "has no test" };
  return { summary, problem: undefined };
}

function report(
  { runtime, file }: Task,
  { summary, problem, output, seconds }: FileResult,
): void {
  const failed = problem !== undefined || (summary?.failed ?? 0) > 0;
  const left = summary !== undefined && summary.left > 0 && summary.passed + summary.failed === 0;
  if (left && !failed) return;
  const counts = summary === undefined ? "" : `, ${inWords(summary)}`;
  const skipped = summary?.skipped.length ? `, ${summary.skipped.length} skipped` : "";
  const what = problem === undefined ? "" : `: ${problem}`;
  console.log(
    `${failed ? "✘" : "✓"} ${runtime} ${file}${counts}${skipped} (${seconds.toFixed(1)} s)${what}`,
  );
  if (failed) console.log(output.replace(/^/gm, "    "));
  else figuresIn(output).forEach((line) => console.log(`    ${line}`));
}

function add(sum: Totals, more: Totals): void {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
}

function inWords({ passed, failed }: { passed: number; failed: number }): string {
  return `${passed} passed, ${failed} failed`;
}

// A run that is ended leaves nothing behind, as one that ends.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

let totals: Totals;
try {
  totals = await main();
} catch (error) {
  console.error(error instanceof Error ? `❌ ${error.message}` : error);
  totals = { passed: 0, failed: 1, skipped: 0 };
}
console.log(`\n${inWords(totals)}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
