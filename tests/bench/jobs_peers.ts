/** Job queues in their best configuration: this layer, graphile-worker and pg-boss. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Database, jobClaim, jobFinish, jobInsertMany, work } from "netraven-db";

/** A queue in a separate database. */
export interface JobQueue {
  readonly name: string;
  /** Whether the full number of jobs would take minutes. */
  readonly slow?: boolean;
  /** Inserts a number of jobs, each for another device. */
  fill(jobs: number): Promise<void>;
  /** Claims and completes all jobs in batches and concurrent loops. The start-up time does not count. */
  drain(batch: number, loops: number): Promise<{ done: number; milliseconds: number }>;
  /** Milliseconds from the insert of each job to its handler in an idle worker, one job after another. */
  latencies?(jobs: number): Promise<number[]>;
  close(): Promise<void>;
}

/** Maximum wait for a missed notification or poll. */
const POLL = 2_000;

/** Claims and completes batches in concurrent loops until no job is left. */
async function drainBy(
  loops: number,
  takeAndEnd: () => Promise<number>,
): Promise<{ done: number; milliseconds: number }> {
  const began = performance.now();
  let done = 0;
  await Promise.all(Array.from({ length: loops }, async () => {
    for (let taken; (taken = await takeAndEnd()) > 0;) done += taken;
  }));
  return { done, milliseconds: performance.now() - began };
}

/** Starts workers, and measures from the first job of the handler until no job is left. */
async function drainByHandler(
  queued: number,
  work: (handler: () => void) => Promise<readonly { stop(): Promise<void> }[]>,
  isLeft: () => Promise<boolean>,
): Promise<{ done: number; milliseconds: number }> {
  let done = 0;
  let began: number | undefined;
  let finished: () => void = () => {};
  const all = new Promise<void>((resolve) => finished = resolve);
  const workers = await work(() => {
    began ??= performance.now();
    if (++done === queued) finished();
  });
  await all;
  while (await isLeft()) await sleep(1);
  const milliseconds = performance.now() - began!;
  await Promise.all(workers.map((worker) => worker.stop()));
  return { done, milliseconds };
}

/** Inserts jobs in batches of a thousand. */
async function fillBy(
  insert: (from: number, until: number) => Promise<unknown>,
  jobs: number,
): Promise<void> {
  for (let from = 0; from < jobs; from += 1_000) await insert(from, Math.min(from + 1_000, jobs));
}

/** Milliseconds from the insert of each job to its handler. `work` starts a worker and returns its stop function. */
async function latencies(
  jobs: number,
  work: (handler: () => void) => Promise<() => Promise<unknown>>,
  insert: (place: number) => Promise<unknown>,
): Promise<number[]> {
  let started: (at: number) => void = () => {};
  const stop = await work(() => started(performance.now()));
  const times: number[] = [];
  for (let i = 0; i < jobs; i++) {
    const start = new Promise<number>((resolve) => started = resolve);
    const inserted = performance.now();
    await insert(i);
    times.push(await start - inserted);
  }
  await stop();
  return times;
}

/** Opens this layer with devices for jobs. */
async function open(
  url: string,
): Promise<{ db: Database; insert: (from: number, until: number) => Promise<unknown> }> {
  const db = await connect({ url, pool: { size: 8 }, logging: { level: "silent" } });
  const { rows } = await db.query<{ id: number }>(`
    insert into devices (hostname, ip_address, device_type)
    select 'device-' || i, '10.0.0.0'::inet + i, 'bench'
    from generate_series(1, 20000) as i
    returning id`);
  const devices = rows.map(({ id }) => id);
  return {
    db,
    insert: (from, until) => jobInsertMany.run({ deviceIds: devices.slice(from, until) }, db),
  };
}

/** This layer with the low-level claim functions. */
export async function openOurs(url: string): Promise<JobQueue> {
  const { db, insert } = await open(url);
  return {
    name: "jobClaim and JobFinish",
    fill: (jobs) => fillBy(insert, jobs),
    drain: (batch, loops) => drainBy(loops, () => takeAndEnd(db, batch)),
    close: () => db.close(),
  };
}

/** This layer with workers. */
export async function openWork(url: string): Promise<JobQueue> {
  const { db, insert } = await open(url);
  let queued = 0;
  const start = (handler: () => void, concurrency: number) =>
    work({ concurrency, poll: POLL }, () => Promise.resolve(handler()), db);
  return {
    name: "work()",
    fill: async (jobs) => {
      await fillBy(insert, jobs);
      queued = jobs;
    },
    drain: (batch, loops) =>
      drainByHandler(
        queued,
        (handler) => {
          const workers = Array.from({ length: loops }, () => start(handler, batch));
          return Promise.resolve(workers);
        },
        async () => {
          const { rows } = await db.query(
            "select from jobs where status = 'running' union all select from jobs where status = 'queued' limit 1",
          );
          return rows.length > 0;
        },
      ),
    latencies: (jobs) =>
      latencies(
        jobs,
        (handler) => {
          const worker = start(handler, 10);
          return Promise.resolve(() => worker.stop());
        },
        (i) => insert(i, i + 1),
      ),
    close: () => db.close(),
  };
}

async function takeAndEnd(db: Database, limit: number): Promise<number> {
  const jobs = await jobClaim({ worker: "bench", limit, lease: 60_000 }, db);
  const none = jobs.map(() => null) as readonly unknown[];
  if (jobs.length === 0) return 0;
  await jobFinish.run({
    ids: jobs.map(({ id }) => id),
    claimTokens: jobs.map(({ claimToken }) => claimToken),
    outcomes: jobs.map(() => "succeeded"),
    errorClasses: none as readonly string[],
    errorMessages: none as readonly string[],
    retrySeconds: none as readonly number[],
  }, db);
  return jobs.length;
}

/** The used subset of graphile-worker. */
interface Graphile {
  Logger: new (scoped: () => () => void) => unknown;
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: readonly object[]): Promise<unknown>;
    addJob(task: string, payload: object): Promise<unknown>;
    withPgClient<Result>(
      callback: (client: { query(text: string): Promise<{ rows: unknown[] }> }) => Promise<Result>,
    ): Promise<Result>;
    release(): Promise<void>;
  }>;
  run(options: object): Promise<{ stop(): Promise<void> }>;
}

/** @param folder Folder of the installed peers. */
export async function openGraphile(url: string, folder: string): Promise<JobQueue> {
  const { Logger, makeWorkerUtils, run } = createRequire(join(folder, "package.json"))(
    "graphile-worker",
  ) as Graphile;
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  const worker = (handler: () => void, more: object) =>
    run({
      connectionString: url,
      noHandleSignals: true,
      taskList: { backup: () => Promise.resolve(handler()) },
      preset: {
        worker: { pollInterval: POLL, maxPoolSize: 8, logger: new Logger(() => () => {}), ...more },
      },
    });
  let queued = 0;
  return {
    name: "graphile-worker",
    fill: async (jobs) => {
      const insert = (from: number, until: number) =>
        utils.addJobs(Array.from({ length: until - from }, (_, i) => ({
          identifier: "backup",
          payload: { device: from + i },
        })));
      await fillBy(insert, jobs);
      queued = jobs;
    },
    drain: (batch, loops) => {
      // With batches: jobs are prefetched and completions are batched, as its documentation recommends.
      const batched = {
        concurrentJobs: batch,
        localQueue: { size: batch * 5 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      };
      const options = batch === 1 ? { concurrentJobs: 1 } : batched;
      return drainByHandler(
        queued,
        (handler) => Promise.all(Array.from({ length: loops }, () => worker(handler, options))),
        () =>
          utils.withPgClient(async (client) => {
            const { rows } = await client.query(
              "select from graphile_worker._private_jobs limit 1",
            );
            return rows.length > 0;
          }),
      );
    },
    latencies: (jobs) =>
      latencies(
        jobs,
        async (handler) => {
          const runner = await worker(handler, { concurrentJobs: 10 });
          return () => runner.stop();
        },
        (i) => utils.addJob("backup", { device: i }),
      ),
    close: () => utils.release(),
  };
}

/** The used subset of pg-boss. */
interface Boss {
  on(event: "error", listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(jobs: readonly object[]): Promise<unknown>;
  send(name: string, data: object): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<{ id: string }[] | null>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
  work(
    name: string,
    options: { pollingIntervalSeconds: number },
    handler: () => Promise<void>,
  ): Promise<string>;
  offWork(name: string): Promise<void>;
  stop(options: { graceful: boolean }): Promise<void>;
}

/** @param folder Folder of the installed peers. */
export async function openBoss(url: string, folder: string): Promise<JobQueue> {
  const PgBoss = createRequire(join(folder, "package.json"))("pg-boss") as new (
    options: object,
  ) => Boss;
  const boss = new PgBoss({ connectionString: url, max: 8, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  const queue = "backup";
  await boss.createQueue(queue);
  return {
    name: "pg-boss",
    slow: true,
    fill: async (jobs) => {
      const all = Array.from({ length: jobs }, (_, i) => ({ name: queue, data: { device: i } }));
      await boss.insert(all);
    },
    drain: (batchSize, loops) =>
      drainBy(loops, async () => {
        const jobs = await boss.fetch(queue, { batchSize }) ?? [];
        if (jobs.length > 0) await boss.complete(queue, jobs.map(({ id }) => id));
        return jobs.length;
      }),
    latencies: (jobs) =>
      latencies(
        jobs,
        async (handler) => {
          const every = { pollingIntervalSeconds: 0.5 };
          await boss.work(queue, every, () => Promise.resolve(handler()));
          return () => boss.offWork(queue);
        },
        (i) => boss.send(queue, { device: i }),
      ),
    close: () => boss.stop({ graceful: false }),
  };
}
