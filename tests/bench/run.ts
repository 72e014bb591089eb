/**
 * Compares the layer with the bare driver on the same server in the same run:
 *
 *     node --import tsx tests/bench/run.ts [--quick] [--part driver|history|jobs|logs] [--json <file>]
 *
 * It starts a temporary server, unless `BENCH_DATABASE_URL` is set to the URL of a role with CREATEDB on a
 * server with 140 connections. It removes its databases there.
 *
 * A figure is a median. A ratio is the median of the ratios of rounds in which both sides ran. A missed goal
 * does not fail the run, because the machine may be busy.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { deviceGet } from "netraven-db";
import { migrate } from "../../src/tools/migrations/migrator.ts";
import { startThrowaway } from "../../src/tools/postgres/throwaway.ts";
import { compare, type Comparison, type Contestant, type Effort, type Turn } from "./compare.ts";
import { hasHistoryData, measureHistory } from "./history_part.ts";
import { historyTables } from "./history_table.ts";
import { install, type Installed, PROJECT } from "./installed.ts";
import { jobTables, measureJobs } from "./jobs_part.ts";
import { load, LOG_ROWS } from "./load.ts";
import type { Memory } from "./memory.ts";
import { logTables, measureLogs } from "./logs_part.ts";
import { statementOf } from "./raw.ts";
import type { SettingReads } from "./settings.ts";
import type { SideOptions } from "./side.ts";
import { comparisonTable, memoryTable, type On, settingTable, vaultTable } from "./table.ts";
import type { VaultRate } from "./vault.ts";

type Runtime = "Node" | "Deno";

/** The built package, and the database's URL. */
interface Place {
  readonly installed: Installed;
  readonly url: string;
}

/** A migrated and filled database. */
interface BenchDatabase {
  readonly url: string;
  /** Version, such as `18.4`. */
  readonly version: string;
  remove(): Promise<void>;
}

/** Cost of the import of a query module. */
interface ImportCost {
  readonly comparison: Comparison;
  readonly modules: number;
  /** Modules that no query module may load. */
  readonly unwanted: readonly string[];
}

const { values: { quick, json, part } } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    part: { type: "string" },
  },
});

const READING: Effort = quick
  ? { starts: 1, warmUp: 300, measure: 600, turn: 10, rounds: 8 }
  : { starts: 3, warmUp: 1_200, measure: 2_500, turn: 10, rounds: 25 };
const STARTING: Effort = {
  starts: 1,
  warmUp: 0,
  measure: 0,
  turn: 0,
  rounds: quick ? 3 : 15,
};

const NODE = process.execPath;
const DENO = join(PROJECT, "node_modules/.bin/deno");
const BENCH = join(PROJECT, "tests/bench");

/** Prints the modules that a process loads, in any way. */
const HOOK = "data:text/javascript," + encodeURIComponent(`
import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(
  "export function load(url, context, next) { process._rawDebug(url); return next(url, context); }"
));`);
const IMPORT = `
import { createRequire } from "node:module";
await import("netraven-db/queries/devices");
for (const path of Object.keys(createRequire(import.meta.url).cache)) console.error(path);`;

function progress(line: string): void {
  console.error(`bench: ${(performance.now() / 1000).toFixed(0).padStart(3)} s: ${line}`);
}

async function openDatabase(): Promise<BenchDatabase> {
  const given = process.env["BENCH_DATABASE_URL"];
  const server = given === undefined
    ? await startThrowaway({ settings: { max_connections: "200", shared_buffers: "128MB" } })
    : undefined;
  const admin = given ?? server!.url;
  const name = `netraven_bench_${crypto.randomUUID().slice(0, 8)}`;
  const own = new URL(admin);
  own.pathname = `/${name}`;
  const remove = async () => {
    if (server !== undefined) return await server.stop();
    await asAdmin(admin, `drop database if exists ${name} with (force)`);
  };
  try {
    await migrate({ url: own.href });
    await load(own.href);
    const [row] = await asAdmin(admin, "show server_version");
    return { url: own.href, version: String(row?.["server_version"]), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function asAdmin(url: string, text: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...await sql.unsafe(text)];
  } finally {
    await sql.end();
  }
}

/** Runs a process to its end. */
async function run(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${args.at(-1)} ended with ${code}:\n${stderr}${stdout}`);
  return { stdout, stderr };
}

/** Command of a benchmark file: compiled on Node, as source on Deno. */
function command(runtime: Runtime, name: string, { folder, file }: Installed) {
  return runtime === "Node"
    ? { program: NODE, args: [file(name)], cwd: folder }
    : { program: DENO, args: ["run", "--allow-all", "--quiet", join(BENCH, name)], cwd: PROJECT };
}

/** Reads by both sides, each in a separate process. */
async function reads(
  name: string,
  what: Omit<SideOptions, "side">,
  at: Place,
  { runtime = "Node", goal }: { runtime?: Runtime; goal?: number } = {},
): Promise<On<Comparison>> {
  const first: string[] = [];
  const open = async (side: "ours" | "raw") => {
    const options = { ...what, side } satisfies SideOptions;
    const { contestant, greeting } = await start(runtime, options, at);
    if (first.push(greeting) > 1 && greeting !== first[0]) {
      throw new Error(`${name}: the rows differ:\n${first[0]}\n${greeting}`);
    }
    return contestant;
  };
  const operations = what.readers * what.reads;
  return { ...await compare(name, open, READING, { operations, goal }), runtime };
}

/** Starts `side.ts`. */
async function start(
  runtime: Runtime,
  options: SideOptions,
  { installed, url }: Place,
): Promise<{ contestant: Contestant; greeting: string }> {
  const { program, args, cwd } = command(runtime, "side.ts", installed);
  const child = spawn(program, [...args, JSON.stringify(options)], {
    cwd,
    env: { ...process.env, BENCH_URL: url },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${options.side} ended while it measured`);
    return value as string;
  };
  const contestant: Contestant = {
    turn: async (calls) => {
      child.stdin.write(`${calls}\n`);
      return JSON.parse(await answer()) as Turn;
    },
    end: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdin.end();
      await ended;
    },
  };
  return { contestant, greeting: await answer() };
}

async function settings(
  runtime: Runtime,
  { installed, url }: Place,
): Promise<On<SettingReads>> {
  const { program, args, cwd } = command(runtime, "settings.ts", installed);
  const rounds = quick ? "10" : "50";
  const { stdout } = await run(program, [...args, rounds], { cwd, env: { BENCH_URL: url } });
  return { ...JSON.parse(stdout) as SettingReads, runtime };
}

async function vaultRates(runtime: Runtime, { installed, url }: Place): Promise<On<VaultRate>[]> {
  const { program, args, cwd } = command(runtime, "vault.ts", installed);
  const { stdout } = await run(program, [...args, quick ? "150" : "900"], {
    cwd,
    env: { BENCH_URL: url },
  });
  return (JSON.parse(stdout) as VaultRate[]).map((rate) => ({ ...rate, runtime }));
}

/** A side whose turn is a whole process. */
function whole(work: () => Promise<unknown>): Contestant {
  return {
    turn: async () => {
      const started = performance.now();
      await work();
      return { time: performance.now() - started, cpu: 0 };
    },
    end: () => Promise.resolve(),
  };
}

/** Whole processes: start, connect, one read, end. */
async function starts({ installed: { folder, file }, url }: Place): Promise<Comparison[]> {
  const { text } = await statementOf(deviceGet, { id: 1 });
  const process = (name: string, more: Readonly<Record<string, string>> = {}) =>
    whole(() => {
      const env = { BENCH_URL: url, BENCH_SQL: text, ...more };
      return run(NODE, [file(name)], { cwd: folder, env });
    });
  const ours = process("start_ours.ts");
  const against = (raw: Contestant) => (side: "ours" | "raw") =>
    Promise.resolve(side === "ours" ? ours : raw);
  const raw = process("start_raw.ts");
  const bare = process("start_raw.ts", { BENCH_FETCH_TYPES: "no" });
  return [
    await compare("cold start of a process", against(raw), STARTING, { goal: 1.1 }),
    await compare("cold start, raw with fetch_types: false", against(bare), STARTING),
  ];
}

/** A process that imports one query module, and an empty one. */
async function importCost({ installed: { folder } }: Place): Promise<ImportCost> {
  const node = (code: string, ...more: string[]) =>
    run(NODE, [...more, "--input-type=module", "--eval", code], { cwd: folder });
  const { stderr } = await node(IMPORT, "--import", HOOK);
  const modules = stderr.trim().split("\n").filter((line) => /^(file:|\/)/.test(line));
  if (!modules.some((path) => path.endsWith("/generated/devices.js"))) {
    throw new Error(`The modules that were loaded are not known:\n${stderr}`);
  }
  const ours = whole(() => node('import "netraven-db/queries/devices";'));
  const nothing = whole(() => node(""));
  const name = "import of one query module, beside an empty process";
  const open = (side: "ours" | "raw") => Promise.resolve(side === "ours" ? ours : nothing);
  return {
    comparison: await compare(name, open, STARTING),
    modules: modules.length,
    unwanted: modules.filter((path) => /pgtyped|antlr|postgres|yaml/.test(path)),
  };
}

async function memory({ installed: { folder, file }, url }: Place): Promise<Memory[]> {
  const results: Memory[] = [];
  for (const [how, rows] of [["stream", LOG_ROWS / 10], ["stream", LOG_ROWS], ["run", LOG_ROWS]]) {
    const args = ["--expose-gc", file("memory.ts"), String(how), String(rows)];
    const { stdout } = await run(NODE, args, { cwd: folder, env: { BENCH_URL: url } });
    results.push(JSON.parse(stdout) as Memory);
  }
  return results;
}

/** Compares reads, starts, settings, encryption and memory with the bare driver. Returns the figures. */
async function measureDriver(): Promise<object> {
  progress("building the package, filling a database");
  const [installed, database] = await Promise.allSettled([install(), openDatabase()]);
  try {
    if (installed.status === "rejected") throw installed.reason;
    if (database.status === "rejected") throw database.reason;
    const { url, version } = database.value;
    const place: Place = { installed: installed.value, url };
    const load = () => os.loadavg()[0]!.toFixed(1);
    const before = load();
    const one = { readers: 1, reads: 1, connections: 10 };
    const many = { what: "point", readers: 64, reads: 4 } as const;
    const few = "64 at once, 10 connections, raw";
    progress("point reads");
    const comparisons = [
      await reads("point read", { what: "point", ...one }, place, { goal: 0.95 }),
    ];
    progress("pages");
    comparisons.push(
      await reads("page of 100 devices with tags", { what: "page", ...one }, place, { goal: 1.02 }),
      await reads("10,000 lines of a log", { what: "rows", ...one }, place, { goal: 1.05 }),
    );
    progress("many at once");
    comparisons.push(
      await reads("64 point reads at once, 64 connections", { ...many, connections: 64 }, place, {
        goal: 1.05,
      }),
      await reads(`${few} one statement each`, { ...many, connections: 10, pipeline: 0 }, place),
      await reads(`${few} with pipelining`, { ...many, connections: 10 }, place),
    );
    progress("settings");
    const settingReads = [await settings("Node", place)];
    progress("sealing and opening");
    const vaults = await vaultRates("Node", place);
    progress("starts of processes");
    comparisons.push(...(await starts(place)).map(onNode));
    const imported = await importCost(place);
    comparisons.push(onNode(imported.comparison));
    progress("memory");
    const memories = await memory(place);
    progress("Deno");
    comparisons.push(
      await reads("point read", { what: "point", ...one }, place, { runtime: "Deno", goal: 1.05 }),
    );
    settingReads.push(await settings("Deno", place));
    vaults.push(...await vaultRates("Deno", place));

    const deno = await run(DENO, ["--version"], { cwd: PROJECT });
    const machine = {
      cores: os.availableParallelism(),
      processor: os.cpus()[0]?.model ?? "unknown",
      system: `${os.type()} ${os.release()}`,
      node: process.version.slice(1),
      deno: /deno (\S+)/.exec(deno.stdout)?.[1] ?? "unknown",
      server: version,
      load: { before, after: load() },
    };
    const { modules, unwanted } = imported;
    console.log(
      `${machine.cores} cores of ${machine.processor}, ${machine.system}; Node ${machine.node}, ` +
        `Deno ${machine.deno}, PostgreSQL ${version}; load ${before} before, ` +
        `${machine.load.after} after\n`,
    );
    console.log(comparisonTable(comparisons) + "\n");
    console.log(settingTable(settingReads) + "\n");
    console.log(vaultTable(vaults) + "\n");
    console.log(memoryTable(memories) + "\n");
    console.log(
      `A query module alone loads ${modules} modules; of the driver, pgtyped or yaml: ` +
        (unwanted.length === 0 ? "none" : unwanted.join(", ")),
    );
    return {
      machine,
      comparisons,
      settings: settingReads,
      vault: vaults,
      memories,
      import: { modules, unwanted },
    };
  } finally {
    if (database.status === "fulfilled") await database.value.remove();
    if (installed.status === "fulfilled") await installed.value.remove();
  }
}

function onNode(comparison: Comparison): On<Comparison> {
  return { ...comparison, runtime: "Node" };
}

/** Compares the configuration history with a plain table and git. Returns the figures. */
async function measureHistoryPart(): Promise<object> {
  if (!hasHistoryData()) {
    console.log("The history is not measured: there is no ../shared/data");
    return {};
  }
  progress("building the package for the history");
  const installed = await install();
  try {
    const { results, version } = await measureHistory(installed, { quick });
    console.log(
      `${os.availableParallelism()} cores of ${os.cpus()[0]?.model ?? "unknown"}; ` +
        `Node ${process.version.slice(1)}, PostgreSQL ${version}\n`,
    );
    console.log(historyTables(results));
    return { history: results };
  } finally {
    await installed.remove();
  }
}

/** Compares the job queue with others. Returns the figures. */
async function measureJobsPart(): Promise<object> {
  progress("building the package for the jobs");
  const installed = await install();
  try {
    const jobs = await measureJobs(installed, { quick });
    console.log(jobTables(jobs));
    return { jobs };
  } finally {
    await installed.remove();
  }
}

/** Compares logs with plain tables and as they grow. Returns the figures. */
async function measureLogsPart(): Promise<object> {
  progress("building the package for the logs");
  const installed = await install();
  try {
    const logs = await measureLogs(installed, { quick });
    console.log(logTables(logs));
    return { logs };
  } finally {
    await installed.remove();
  }
}

async function main(): Promise<void> {
  const parts: Readonly<Record<string, () => Promise<object>>> = {
    driver: measureDriver,
    history: measureHistoryPart,
    jobs: measureJobsPart,
    logs: measureLogsPart,
  };
  if (part !== undefined && !Object.hasOwn(parts, part)) {
    throw new Error(`There is no part "${part}"; there are ${Object.keys(parts).join(", ")}`);
  }
  const found: object[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (part === undefined || part === name) found.push(await measure());
  }
  if (json !== undefined) {
    await writeFile(json, JSON.stringify(Object.assign({}, ...found), undefined, 2) + "\n");
  }
}

await main();
