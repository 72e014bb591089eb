/**
 * Runs the tests: each file in a process of its own, two at a time, against a server of their own
 * that ends with the run.
 *
 *     node --import tsx tests/run.ts [--runtime node|deno|all] [--server bundled|<bin folder>]… [--jobs <number>] [file…]
 *
 * - A file is named by any part of its path; a part that is in no path is an error.
 * - Files in `tests/tools/` test what make calls and run on Node only; all others run on both runtimes.
 * - `--server` may be given several times: the suite runs on the first with every runtime, and on each other
 *   one with one runtime, without files that use no server and most of those about faults; what is named runs
 *   everywhere. `TEST_DATABASE_URL` stands in for the bundled server: the URL of a role that may create databases.
 * - `NETRAVEN_TEST=<part of a name>` runs only the tests whose name holds it.
 * - `TEST_LONG=1` lets the tests of faults and of random input do much more; `TEST_SEED=<number>` repeats
 *   what one of the latter tried.
 *
 * A file passes when it ends by itself with exit code 0 and its summary line counts a test and no
 * failure. The last line is `N passed, N failed`, and the exit code is 0 only when nothing failed.
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
import { migrate } from "../src/tools/migrate.ts";
import { startThrowaway } from "../src/tools/postgres/throwaway.ts";
import { LONG } from "./support/effort.ts";
import { testPermissions } from "./support/permissions.ts";
import { startServerService } from "./support/server_service.ts";
import { figuresIn, type Summary, SUMMARY_MARK } from "./support/summary.ts";

type Runtime = "node" | "deno";

/** A file to run. */
interface Task {
  readonly runtime: Runtime;
  readonly file: string;
}

/** A server with a migrated template database. */
interface Server {
  readonly label: string;
  /** The folder of its programs; undefined: the bundled ones. */
  readonly bin: string | undefined;
  /** What the tests find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** How one file went. */
interface FileResult {
  readonly summary: Summary | undefined;
  /** What is wrong beside failed tests: a crash, no summary, too long. */
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
const FILE_TIMEOUT = LONG ? 3_600_000 : 300_000;
/**
 * Faults of the network, of a server's life and of what a caller hands over, the client, keys and secrets,
 * the settings cache, real and imported histories, retention, migrations that are killed, the package and
 * the documentation: a second server tells little more about them. Naming one of these files runs it on
 * every server.
 */
const ONCE =
  /faults.(abort|deadlines|disk_full|fuzz_injection|fuzz_rows|fuzz_types|job_log|jobs|large_texts|lost_answers|overload|server|settings|storm)|tests.(client|config_prune|connection_death|examples|fabric|git_import|key_rotation|key_states|secrecy|settings|vendors)|tools.(check|generate|git\.|graceful_stop|job_storm|keys|maintain|migrate\.|migration_faults|package|permissions|prune|secrecy|seed|server|suite|tls)/;
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
  for (const [place, name] of values.server.entries()) {
    // A second server tells nothing about what never asks the first one, nor more to a second runtime.
    const whole = place === 0 || positionals.length > 0;
    const chosen = whole ? files : await usersOf(files);
    const once = files.length - chosen.length;
    if (once > 0) console.log(`\n${once} files ran on the first server alone`);
    const server = await startServer(name);
    try {
      const tasks = (whole ? runtimes : runtimes.slice(0, 1)).flatMap((runtime) =>
        chosen
          .filter((file) => runtime === "node" || !isNodeOnly(file))
          .map((file) => ({ runtime, file }))
      );
      add(sum, await runAll(tasks, server, jobs));
    } finally {
      await server.stop();
    }
  }
  if (sum.passed + sum.failed + sum.skipped === 0) {
    const name = process.env["NETRAVEN_TEST"];
    throw new Error(
      name
        ? `No test has a name with "${name}"`
        : "No test ran: files in tests/tools run on Node only",
    );
  }
  return sum;
}

function runtimesOf(name: string): Runtime[] {
  if (name === "all") return ["node", "deno"];
  if (name === "node" || name === "deno") return [name];
  throw new Error(`--runtime is node, deno or all, not "${name}"`);
}

/** Paths from the project's folder on, sorted. */
async function filesOf(patterns: readonly string[]): Promise<string[]> {
  const names = await readdir(join(PROJECT, "tests"), { recursive: true });
  const files = names.filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("tests", name)).sort();
  for (const pattern of patterns) {
    if (!files.some((file) => file.includes(pattern))) {
      throw new Error(`No test file has "${pattern}" in its path`);
    }
  }
  if (files.length === 0) throw new Error("There is no test file");
  if (patterns.length === 0) return files;
  return files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

/** The files whose tests use the runner's server. */
async function usersOf(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(join(PROJECT, file), "utf8")));
  const use = /support\/(database|invariants|server)\.ts|env\.TEST_DATABASE_URL/;
  return files.filter((file, i) => use.test(texts[i]!) && !ONCE.test(file));
}

// --- The server

async function startServer(name: string): Promise<Server> {
  const given = process.env["TEST_DATABASE_URL"];
  const template = `netraven_test_${process.pid}`;
  if (name === "bundled" && given) {
    const url = new URL(given);
    // Fails here, in one line, where no test could run either.
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

/** Builds the database that every test file clones, from the migrations. */
async function buildTemplate(serverUrl: string, template: string): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = `/${template}`;
  await migrate({ url: url.href });
}

/** Removes the template and what killed tests left: their databases' names begin with the template's. */
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
async function runAll(tasks: readonly Task[], server: Server, jobs: number): Promise<Totals> {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  const skips: string[] = [];
  const left = [...tasks];
  console.log(`\n${server.label}`);

  const lane = async () => {
    // For tests that need power over a server: it starts one when it is asked to.
    const service = await startServerService({ bin: server.bin, prepare: buildTemplate });
    const environment = { ...server.environment, TEST_SERVERS: service.url };
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

function isNodeOnly(file: string): boolean {
  return file.startsWith(join("tests", "tools"));
}

/** Program and arguments that stand before the file. */
async function commandOf(runtime: Runtime): Promise<string[]> {
  if (runtime === "node") return [process.execPath, "--import", "tsx"];
  return [
    denoPath(),
    "run",
    "--no-prompt",
    "--cached-only",
    ...testPermissions({
      project: PROJECT,
      shared: join(dirname(PROJECT), "shared"),
      tmp: await realpath(tmpdir()),
    }),
  ];
}

/** The program itself; the package's command is a script around it that signals do not pass. */
function denoPath(): string {
  const install = createRequire(import.meta.url)("deno/install_api.cjs");
  return install.runInstall();
}

function runtimeVersion(runtime: Runtime): string {
  if (runtime === "node") return process.versions.node;
  return createRequire(import.meta.url)("deno/package.json").version;
}

async function runFile(
  [program, ...args]: string[],
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<FileResult> {
  const start = performance.now();
  const child = spawn(program!, [...args, file], {
    cwd: PROJECT,
    env: { ...ownEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text) => output += text);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, FILE_TIMEOUT);
  const end = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`did not start: ${error.message}`));
    // Not "close": a process that a test left behind may hold the pipes open.
    child.once("exit", (code, signal) => {
      if (late) resolve(`took longer than ${FILE_TIMEOUT / 1000} s`);
      else if (signal !== null) resolve(`was ended by ${signal}`);
      else resolve(code === 0 ? undefined : `ended with exit code ${code}`);
    });
  });
  clearTimeout(timer);
  // What is still in the pipes.
  await new Promise((resolve) => setImmediate(resolve));
  child.stdout.destroy();
  child.stderr.destroy();
  return { ...judge(output, end), output, seconds: (performance.now() - start) / 1000 };
}

/** What the children get: nothing that points to a database of somebody's own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    KEPT.includes(name) || !/^(DATABASE_(MIGRATION_)?URL$|NETRAVEN_|PG|TEST_)/.test(name)
  );
  return { ...Object.fromEntries(kept), DENO_NO_UPDATE_CHECK: "1" };
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
  // Exit code 1 is as it should be where a test failed, or where NETRAVEN_TEST left none.
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

let totals: Totals;
try {
  totals = await main();
} catch (error) {
  console.error(error instanceof Error ? `❌ ${error.message}` : error);
  totals = { passed: 0, failed: 1, skipped: 0 };
}
console.log(`\n${inWords(totals)}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
