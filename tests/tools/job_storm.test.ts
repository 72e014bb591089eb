/** Killed workers, a restarted server and expired leases: every job is done, and its outcome counts once. */
// Runs once: it starts workers on both runtimes itself.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { connect, jobInsertMany } from "netraven-db";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createDatabase } from "../support/database.ts";
import { LONG, PATIENCE } from "../support/effort.ts";
import { addDevice } from "../support/factories.ts";
import { startServer } from "../support/server.ts";
import { suite } from "../support/suite.ts";
import { until } from "../support/until.ts";

const test = suite("job storm", { timeout: Math.max(PATIENCE, 120_000) });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
const RUNTIMES = [
  [process.execPath, ...NODE_ARGS],
  [deno, "run", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1", "--allow-env"],
];
const HOUR = 3_600_000;
/** Milliseconds. */
const LEASE = 2_000;
const { jobs, kills } = LONG ? { jobs: 2_000, kills: 60 } : { jobs: 400, kills: 10 };

/** A process that restarts after each kill. */
class Killed {
  readonly #command: readonly string[];
  readonly #url: string;
  readonly #skew: number;
  #child: ChildProcess | undefined;
  #ready = false;
  stderr = "";

  /** @param skew Milliseconds by which its clock is wrong. */
  constructor(command: readonly string[], url: string, skew: number) {
    this.#command = command;
    this.#url = url;
    this.#skew = skew;
  }

  start(): void {
    const [program, ...args] = this.#command;
    this.#ready = false;
    const child = this.#child = spawn(
      program!,
      [...args, join(PROJECT, "tests/support/job_worker.ts")],
      {
        cwd: PROJECT,
        env: {
          ...process.env,
          TEST_WORKER_URL: this.#url,
          TEST_WORKER_LEASE: `${LEASE}`,
          TEST_WORKER_SKEW: `${this.#skew}`,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    child.stdout!.on("data", () => this.#ready = true);
    child.stderr!.setEncoding("utf8").on("data", (text) => this.stderr += text);
  }

  get ready(): boolean {
    return this.#ready;
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | string | null> {
    const child = this.#child!;
    if (child.exitCode !== null) return child.exitCode;
    const ended = new Promise<number | string | null>((resolve) =>
      child.once("exit", (code, by) => resolve(code ?? by))
    );
    child.kill(signal);
    return await ended;
  }
}

test(`4 workers, ${jobs} jobs, ${kills} kills, one restart: every job is done, and its end counts once`, async () => {
  const server = await startServer({ template: "storm" });
  const database = await createDatabase({ url: server.url, template: "storm" });
  const db = await connect({ url: database.url, logging: { level: "silent" } });
  await db.query("create table worked (job_id integer not null, attempt integer not null)");
  // Counts every outcome that the database accepts.
  await db.query(`
    do $do$
    begin
      create table accepted (job_id integer not null);
      create function note_end() returns trigger language plpgsql as $$
      begin
        insert into accepted (job_id) values (new.id);
        return null;
      end
      $$;
      create trigger note_end after update on jobs for each row
        when (new.completed_at is distinct from old.completed_at) execute function note_end();
    end
    $do$`);
  const devices = await Promise.all(Array.from({ length: 100 }, () => addDevice(db)));
  await jobInsertMany.run({
    deviceIds: Array.from({ length: jobs }, (_, i) => devices[i % devices.length]!.id),
    maxAttempts: 100,
  }, db);
  const ended = async () => {
    const { rows } = await db.query<{ ended: number }>(
      "select count(*) as ended from jobs where completed_at is not null",
    );
    return rows[0]!.ended;
  };
  // Two of each runtime. Some clocks are right, two are wrong by an hour, one by a day.
  const workers = [0, -HOUR, HOUR, 24 * HOUR].map((skew, i) =>
    new Killed(RUNTIMES[i % 2]!, database.url, skew)
  );
  const started = performance.now();

  for (const worker of workers) worker.start();
  for (let killed = 0; killed < kills; killed++) {
    const worker = workers[Math.floor(Math.random() * workers.length)]!;
    await until("it is ready", () => worker.ready, 60_000);
    await sleep(Math.random() * 400);
    assert.is(await worker.end("SIGKILL"), "SIGKILL", worker.stderr);
    worker.start();
    if (killed === Math.floor(kills / 2)) {
      await server.shutdown("immediate");
      await server.start();
      await until("the server is back", () => db.ping().then(() => true, () => false));
    }
  }
  await until("all are done", async () => await ended() === jobs, PATIENCE);
  const took = (performance.now() - started) / 1000;
  for (const worker of workers) {
    // A process that is starting has no SIGTERM handler yet.
    await until("it is ready", () => worker.ready, 60_000);
    assert.is(await worker.end("SIGTERM"), 0, worker.stderr);
  }

  const { rows: [sum] } = await db.query<Record<string, number>>(`
    select
      count(*) filter (where status = 'succeeded') as succeeded,
      (select count(*) from accepted) as accepted,
      (select count(distinct job_id) from accepted) as once,
      (select count(distinct job_id) from worked) as worked,
      (select count(*) from worked) as runs,
      (select count(*) from job_attempts where outcome = 'expired') as expired
    from jobs`);
  console.log(
    `${jobs} jobs in ${took.toFixed(0)} s: ${sum!["runs"]} runs, ${sum!["accepted"]} accepted, ${
      sum!["expired"]
    } leases outlived, ${kills} workers killed`,
  );
  assert.equal(
    [sum!["succeeded"], sum!["accepted"], sum!["once"], sum!["worked"]],
    [jobs, jobs, jobs, jobs],
  );
  assert.ok(sum!["expired"]! > 0, "leases were outlived");
  await db.close();
  await database.drop();
  await server.remove();
});

test.run();
