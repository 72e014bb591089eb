/** A worker that stops under load ends by itself and loses nothing; a killed one leaves no half transaction. */
// Runs once: it starts programs on both runtimes itself.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connect, type Database, jobLogList } from "netraven-db";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { addJob } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { until } from "../support/until.ts";

const test = suite("graceful stop");
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
const RUNTIMES = {
  node: [process.execPath, ...NODE_ARGS],
  deno: [deno, "run", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1", "--allow-env"],
};
let database: TestDatabase;
let witness: Database;

test.before(async () => {
  database = await createDatabase();
  witness = await connect({ url: database.url, pool: { size: 1 } });
  await witness.query("create table written (id integer not null)");
});

test.before.each(async () => {
  await witness.query("truncate written");
});

test.after(async () => {
  await witness.close();
  await database.drop();
});

/** A worker and its output. */
interface Worker {
  readonly child: ChildProcess;
  readonly said: {
    readonly began: number[];
    readonly stored: number[];
    readonly refused: number[];
  };
  readonly stderr: () => string;
  /** Exit code or signal of its end. */
  readonly end: Promise<number | string>;
}

function start(
  runtime: keyof typeof RUNTIMES,
  file = "worker.ts",
  env: Record<string, string> = {},
): Worker {
  const [program, ...args] = RUNTIMES[runtime];
  const child = spawn(program!, [...args, join(PROJECT, "tests/support", file)], {
    cwd: PROJECT,
    env: { ...process.env, TEST_WORKER_URL: `${database.url}?application_name=worker`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { began: [] as number[], stored: [] as number[], refused: [] as number[] };
  const reading = createInterface({ input: child.stdout! });
  reading.on("line", (line) => {
    const [word, id] = line.split(" ");
    if (word === "began" || word === "stored" || word === "refused") said[word].push(Number(id));
  });
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text) => stderr += text);
  const end = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? ""));
  });
  return { child, said, stderr: () => stderr, end };
}

async function stored(): Promise<number[]> {
  const { rows } = await witness.query<{ id: number; copies: number }>(
    "select id, count(*) as copies from written group by id order by id",
  );
  assert.equal(rows.filter(({ copies }) => copies !== 2), [], "half transactions");
  return rows.map(({ id }) => id);
}

async function isGone(): Promise<boolean> {
  const { rows } = await witness.query(
    "select from pg_stat_activity where datname = current_database() and application_name = 'worker'",
  );
  return rows.length === 0;
}

function ascending(ids: readonly number[]): number[] {
  return [...ids].sort((a, b) => a - b);
}

for (const runtime of ["node", "deno"] as const) {
  test(`close() lets a worker on ${runtime} end with 0 at SIGTERM, with nothing lost or unsaid`, async () => {
    const { child, said, stderr, end } = start(runtime);
    await until("it works", () => said.stored.length > 50, 30_000);

    child.kill("SIGTERM");

    assert.is(await end, 0, stderr());
    assert.is(stderr(), "");
    assert.equal(await stored(), ascending(said.stored), "what is stored is what it said");
    assert.is(said.began.length, said.stored.length + said.refused.length);
    assert.ok(await isGone());
  });

  test(`a worker on ${runtime} that is killed leaves no half transaction, and no session`, async () => {
    const { child, said, end } = start(runtime);
    await until("it works", () => said.stored.length > 50, 30_000);

    child.kill("SIGKILL");

    assert.is(await end, "SIGKILL");
    await until("the server has noticed", isGone);
    const there = new Set(await stored());
    assert.equal(said.stored.filter((id) => !there.has(id)), [], "acknowledged and lost");
  });

  for (const [handles, code] of [["no", 143], ["yes", 7]] as const) {
    const what = handles === "yes" ? "that handles SIGTERM itself" : "that does not know SIGTERM";
    test(`lines of jobs are stored at SIGTERM by a program on ${runtime} ${what}`, async () => {
      const { id } = await addJob(witness);
      const given = { TEST_JOB: String(id), TEST_HANDLES: handles };
      const { child, said, stderr, end } = start(runtime, "log_writer.ts", given);
      await until("it has written", () => said.stored.length > 0);
      const before = await jobLogList.run({ jobId: id, limit: 1_000 }, witness);

      child.kill("SIGTERM");

      assert.is(await end, code, stderr());
      assert.is(stderr(), "");
      const lines = await jobLogList.run({ jobId: id, limit: 1_000 }, witness);
      assert.equal([before.length, lines.length], [0, 500]);
    });
  }
}

test.run();
