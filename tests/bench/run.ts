/**
 * Measures the layer beside the bare driver, on the same server, in the same run:
 *
 *     node --import tsx tests/bench/run.ts [--quick] [--json <file>]
 *
 * It starts a server of its own, unless `BENCH_DATABASE_URL` names one: the URL of a role that may
 * create databases, on a server that takes 140 connections. What it makes there it removes.
 *
 * A figure is a median, a ratio the median of the ratios of rounds in which both took their turn.
 * A goal that is not met does not fail the run: the machine may be busy.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { deviceGet } from "netraven-db";
import { migrate } from "../../src/tools/migrate.ts";
import { startThrowaway } from "../../src/tools/server.ts";
import { compare, type Comparison, type Effort } from "./compare.ts";
import { install, type Installed, PROJECT } from "./installed.ts";
import { load, LOG_ROWS } from "./load.ts";
import type { MeasureOptions, SettingReads } from "./measure.ts";
import type { Memory } from "./memory.ts";
import { statementOf } from "./raw.ts";
import { comparisonTable, memoryTable, type On, settingTable } from "./table.ts";

/** A migrated and filled database. */
interface BenchDatabase {
  readonly url: string;
  /** Such as `18.4`. */
  readonly version: string;
  remove(): Promise<void>;
}

/** What importing a query module costs. */
interface ImportCost {
  readonly comparison: Comparison;
  readonly modules: number;
  /** Modules that no query module may load. */
  readonly unwanted: readonly string[];
}

const { values: { quick, json } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
});

const EFFORT: Effort = quick
  ? { warmUp: 400, measure: 800, turn: 15, rounds: 10 }
  : { warmUp: 2_000, measure: 8_000, turn: 15, rounds: 100 };
const STARTS: Effort = { warmUp: 0, measure: 0, turn: 0, rounds: quick ? 3 : 15 };

/** Prints what a process loads, whichever way. */
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

/** Runs `measure.ts`, and gives its lines. */
async function measure<T>(
  runtime: "Node" | "Deno",
  group: MeasureOptions["group"],
  { folder, file }: Installed,
  url: string,
): Promise<On<T>[]> {
  const options = JSON.stringify({ group, effort: EFFORT } satisfies MeasureOptions);
  const env = { BENCH_URL: url };
  const { stdout } = runtime === "Node"
    ? await run(process.execPath, [file("measure.ts"), options], { cwd: folder, env })
    : await run(
      join(PROJECT, "node_modules/.bin/deno"),
      ["run", "--allow-all", "--quiet", join(PROJECT, "tests/bench/measure.ts"), options],
      { cwd: PROJECT, env },
    );
  return stdout.trim().split("\n").map((line) => ({ ...JSON.parse(line) as T, runtime }));
}

/** Whole processes: start, connect, one read, end. */
async function starts({ folder, file }: Installed, url: string): Promise<Comparison[]> {
  const { text } = await statementOf(deviceGet, { id: 1 });
  const start = (name: string, more: Readonly<Record<string, string>> = {}) => async () => {
    const env = { BENCH_URL: url, BENCH_SQL: text, ...more };
    await run(process.execPath, [file(name)], { cwd: folder, env });
  };
  const ours = start("start_ours.ts");
  const bare = start("start_raw.ts", { BENCH_FETCH_TYPES: "no" });
  const options = { cpu: false };
  return [
    await compare("cold start of a process", ours, start("start_raw.ts"), STARTS, {
      ...options,
      goal: 1.15,
    }),
    await compare("cold start, raw with fetch_types: false", ours, bare, STARTS, options),
  ];
}

/** A process that imports one query module, beside one that does nothing. */
async function importCost({ folder }: Installed): Promise<ImportCost> {
  const node = (code: string, ...more: string[]) =>
    run(process.execPath, [...more, "--input-type=module", "--eval", code], { cwd: folder });
  const { stderr } = await node(IMPORT, "--import", HOOK);
  const modules = stderr.trim().split("\n").filter((line) => /^(file:|\/)/.test(line));
  if (!modules.some((path) => path.endsWith("/generated/devices.js"))) {
    throw new Error(`The modules that were loaded are not known:\n${stderr}`);
  }
  const ours = () => node('import "netraven-db/queries/devices";');
  const name = "import of one query module, beside an empty process";
  const comparison = await compare(name, ours, () => node(""), STARTS, { cpu: false });
  return {
    comparison,
    modules: modules.length,
    unwanted: modules.filter((path) => /pgtyped|antlr|postgres|yaml/.test(path)),
  };
}

async function memory({ folder, file }: Installed, url: string): Promise<Memory[]> {
  const results: Memory[] = [];
  for (const [how, rows] of [["stream", LOG_ROWS / 10], ["stream", LOG_ROWS], ["run", LOG_ROWS]]) {
    const args = ["--expose-gc", file("memory.ts"), String(how), String(rows)];
    const { stdout } = await run(process.execPath, args, { cwd: folder, env: { BENCH_URL: url } });
    results.push(JSON.parse(stdout) as Memory);
  }
  return results;
}

async function main(): Promise<void> {
  progress("building the package, filling a database");
  const installed = await install();
  const database = await openDatabase().catch(async (error) => {
    await installed.remove();
    throw error;
  });
  try {
    const { url, version } = database;
    const load = () => os.loadavg()[0]!.toFixed(1);
    const before = load();
    progress("reads");
    const comparisons = await measure<Comparison>("Node", "reads", installed, url);
    progress("settings");
    const settings = await measure<SettingReads>("Node", "settings", installed, url);
    progress("starts of processes");
    comparisons.push(...(await starts(installed, url)).map(onNode));
    const imported = await importCost(installed);
    comparisons.push(onNode(imported.comparison));
    progress("memory");
    const memories = await memory(installed, url);
    progress("Deno");
    comparisons.push(...await measure<Comparison>("Deno", "point", installed, url));
    settings.push(...await measure<SettingReads>("Deno", "settings", installed, url));

    const deno = await run(join(PROJECT, "node_modules/.bin/deno"), ["--version"], {
      cwd: PROJECT,
    });
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
    if (json !== undefined) {
      const all = { machine, comparisons, settings, memories, import: { modules, unwanted } };
      await writeFile(json, JSON.stringify(all, undefined, 2) + "\n");
    }
    console.log(
      `${machine.cores} cores of ${machine.processor}, ${machine.system}; Node ${machine.node}, ` +
        `Deno ${machine.deno}, PostgreSQL ${version}; load ${before} before, ` +
        `${machine.load.after} after\n`,
    );
    console.log(comparisonTable(comparisons) + "\n");
    console.log(settingTable(settings) + "\n");
    console.log(memoryTable(memories) + "\n");
    console.log(
      `A query module alone loads ${modules} modules; of the driver, pgtyped or yaml: ` +
        (unwanted.length === 0 ? "none" : unwanted.join(", ")),
    );
  } finally {
    await database.remove();
    await installed.remove();
  }
}

function onNode(comparison: Comparison): On<Comparison> {
  return { ...comparison, runtime: "Node" };
}

await main();
