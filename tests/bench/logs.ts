/**
 * Writes log lines in alternating ways, and reads logs of several sizes. Prints the results as a line of
 * JSON. `BENCH_LOGS` contains its `LogsOptions` as JSON.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import process from "node:process";
import postgres from "postgres";
import {
  connect,
  jobLog,
  jobLogInsertMany,
  jobLogList,
  jobLogListByDevice,
  jobLogListByTime,
  jobLogWarningList,
  logWriterStats,
  maintain,
  type QueryTrace,
} from "netraven-db";
import { median, quantile } from "./compare.ts";
import { ratioOf, takeTurns, type TurnEffort, type Work } from "./history_turns.ts";

/** Parameters of the measurement. */
export interface LogsOptions {
  /** Migrated, with the table `plain_logs` beside this layer's. */
  readonly write: string;
  /** Migrated and filled databases, by the number of lines. */
  readonly read: readonly {
    readonly lines: number;
    readonly url: string;
    readonly plain: boolean;
  }[];
  /** Lines of a turn for fast ways, and for ways with one statement per line. */
  readonly lines: { readonly many: number; readonly few: number };
  readonly rounds: number;
  readonly effort: TurnEffort;
}

/** Rate of stored lines: medians of the rounds. */
export interface WriteRate {
  readonly way: string;
  /** Lines per second. */
  readonly rate: number;
  readonly quartiles: readonly [number, number];
  /** Microseconds of the client's CPU time per line. */
  readonly cpu: number;
}

/** Milliseconds of a query at each size. */
export interface ReadTimes {
  readonly what: string;
  readonly times: readonly number[];
  /** Ratio of the largest to the smallest size by round. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
}

/** Removal of a tenth of a log. */
export interface Retention {
  readonly lines: number;
  /** Milliseconds of `maintain`, of the drop alone, and of one delete in the plain table. */
  readonly maintain: number;
  readonly drop: number;
  readonly plain: number | undefined;
  /** Milliseconds of the slowest concurrent insert, and the number of inserts. */
  readonly slowest: number;
  readonly inserts: number;
}

/** All results. */
export interface LogFigures {
  readonly writes: readonly WriteRate[];
  readonly reads: readonly ReadTimes[];
  readonly retention: readonly Retention[];
}

/** Lines of a job, and jobs of a device, as `logs_part.ts` creates them. */
const LINES = 22;
const PAGE = 100;
/** Recent jobs, which people read. */
const RECENT = 1_000;
/** Jobs that report concurrently. */
const JOBS = 50;
/** Partitions that retention drops, one after the other. */
const PARTS = 3;

const quiet = { logging: { level: "silent" } } as const;

interface Way {
  readonly name: string;
  readonly many: boolean;
  write(lines: number): Promise<void>;
}

function message(i: number): string {
  return `Interface GigabitEthernet0/${i % 48} is up, line protocol is up`;
}

async function writes({ write: url, lines, rounds }: LogsOptions): Promise<WriteRate[]> {
  const db = await connect({ url, pool: { size: 4 }, ...quiet });
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  const { rows } = await db.query<{ id: number }>("select id from jobs order by id limit $1", [
    JOBS,
  ]);
  const logs = rows.map(({ id }) => jobLog({ jobId: id }, db));
  const jobOf = (i: number) => rows[Math.floor(i / LINES) % JOBS]!.id;
  const levelOf = (i: number) => i % 50 === 0 ? "warning" : i % 2 === 0 ? "debug" : "info";
  const row = (i: number) => ({
    job_id: jobOf(i),
    level: levelOf(i),
    message: message(i),
    timestamp: new Date(),
  });
  /** Stores all lines with limited concurrency. */
  const several = async (
    count: number,
    batch: number,
    work: (from: number) => Promise<unknown>,
  ) => {
    let next = 0;
    await Promise.all(
      [1, 2, 3, 4].slice(0, count).map(async () => {
        for (let from = next; from < lines.many; from = next) {
          next += batch;
          await work(from);
        }
      }),
    );
  };
  const ways: Way[] = [
    {
      name: "this layer, `log`",
      many: true,
      async write(count) {
        for (let i = 0; i < count; i++) {
          void logs[Math.floor(i / LINES) % JOBS]!.write(levelOf(i), message(i));
          if (i % 1_000 !== 999) continue;
          // Like handlers, which wait for their devices.
          await new Promise(setImmediate);
          while (logWriterStats(db).bytes > 8_000_000) {
            await new Promise((next) => setTimeout(next, 1));
          }
        }
        for (const log of logs) await log.flush();
      },
    },
    ...[1, 2].map((connections): Way => ({
      name: `this layer, arrays of 2,000 over ${connections} connection${
        connections > 1 ? "s" : ""
      }`,
      many: true,
      write: () =>
        several(connections, 2_000, (from) => {
          const all = Array.from({ length: 2_000 }, (_, i) => from + i);
          return jobLogInsertMany.run({
            jobIds: all.map(jobOf),
            levels: all.map(levelOf),
            messages: all.map(message),
          }, db);
        }),
    })),
    ...[1, 2].map((connections): Way => ({
      name: `values of 1,000 rows over ${connections} connection${connections > 1 ? "s" : ""}`,
      many: true,
      write: () =>
        several(connections, 1_000, (from) => {
          const all = Array.from({ length: 1_000 }, (_, i) => row(from + i));
          return sql`insert into plain_logs ${sql(all)}`;
        }),
    })),
    ...[1, 4].map((connections): Way => ({
      name: `row by row over ${connections} connection${connections > 1 ? "s" : ""}`,
      many: false,
      async write(count) {
        let next = 0;
        await Promise.all(
          [1, 2, 3, 4].slice(0, connections).map(async () => {
            while (next < count) await sql`insert into plain_logs ${sql(row(next++))}`;
          }),
        );
      },
    })),
  ];
  const found = new Map(ways.map((way) => [way, [] as { rate: number; cpu: number }[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const way of ways) {
      const count = way.many ? lines.many : lines.few;
      const cpu = process.cpuUsage();
      const started = performance.now();
      await way.write(count);
      const rate = count / (performance.now() - started) * 1000;
      const { user, system } = process.cpuUsage(cpu);
      // The first round warms up.
      if (round > 0) found.get(way)!.push({ rate, cpu: (user + system) / count });
    }
  }
  await sql.end();
  await db.close();
  return [...found].map(([{ name }, turns]) => {
    const rates = turns.map(({ rate }) => rate);
    return {
      way: name,
      rate: median(rates),
      quartiles: [quantile(rates, 0.25), quantile(rates, 0.75)],
      cpu: median(turns.map(({ cpu }) => cpu)),
    };
  });
}

async function reads({ read, effort }: LogsOptions): Promise<ReadTimes[]> {
  const sizes = await Promise.all(read.map(async ({ lines, url }) => {
    const db = await connect({ url, pool: { size: 1 }, ...quiet });
    const jobs = Math.floor(lines / LINES);
    const any = () => 1 + Math.floor(Math.random() * jobs);
    const recent = () => jobs - Math.floor(Math.random() * RECENT);
    const depth = Math.min(999 * PAGE, lines - PAGE);
    const cursor = async (offset: number) => {
      const { rows } = await db.query<{ timestamp: Date; id: number }>(
        'select "timestamp", id from job_logs order by "timestamp" desc, id desc offset $1 limit 1',
        [offset],
      );
      return { afterTimestamp: rows[0]!.timestamp, afterId: rows[0]!.id };
    };
    const deep = await cursor(depth - 1);
    const deviceOf = async (jobId: number) => {
      // The last one may have fewer jobs than the others.
      const deviceId = Math.max(1, Math.floor(jobId / LINES));
      return (await jobLogListByDevice.run({ deviceId, limit: PAGE }, db)).length;
    };
    const works: Record<string, Work> = {
      "log of a job, of the last 1,000": async () =>
        (await jobLogList.run({ jobId: recent(), limit: PAGE }, db)).length,
      "log of a job, of all": async () =>
        (await jobLogList.run({ jobId: any(), limit: PAGE }, db)).length,
      "log of a device, of those jobs, first page": async () => await deviceOf(recent()),
      "log of a device, of all, first page": async () => await deviceOf(any()),
      "all devices, first page": async () =>
        (await jobLogListByTime.run({ limit: PAGE }, db)).length,
      "all devices, page 1,000": async () =>
        (await jobLogListByTime.run({ ...deep, limit: PAGE }, db)).length,
      "warnings of all devices, first page": async () =>
        (await jobLogWarningList.run({ limit: PAGE }, db)).length,
      "tail of a job, of the last 1,000": async () => {
        const id = recent();
        const after = tails.get(id) ?? await known(id);
        return (await jobLogList.run({ jobId: id, ...after, limit: PAGE }, db)).length;
      },
    };
    const tails = new Map<number, { afterTimestamp: Date; afterId: number }>();
    const known = async (id: number) => {
      const line = (await jobLogList.run({ jobId: id, limit: PAGE }, db)).at(-3)!;
      const after = { afterTimestamp: line.timestamp, afterId: line.id };
      tails.set(id, after);
      return after;
    };
    // Enough inserts to cover the measured steps.
    return { db, works, lines };
  }));
  const found: ReadTimes[] = [];
  for (const what of Object.keys(sizes[0]!.works)) {
    console.error(`logs: ${what}`);
    const works = Object.fromEntries(sizes.map(({ lines, works }) => [lines, works[what]!]));
    const taken = await takeTurns(works, effort);
    const [first, last] = [taken[String(sizes[0]!.lines)]!, taken[String(sizes.at(-1)!.lines)]!];
    const { ratio, quartiles } = ratioOf(last, first);
    const times = sizes.map(({ lines }) => taken[String(lines)]!.time);
    found.push({ what, times, ratio, quartiles });
  }
  await Promise.all(sizes.map(({ db }) => db.close()));
  return found;
}

/** Drops the oldest partition several times during concurrent writes. */
async function retention({ lines, url, plain }: LogsOptions["read"][number]): Promise<Retention> {
  console.error(`logs: retention of ${lines}`);
  const db = await connect({ url, pool: { size: 6 }, ...quiet });
  const { rows: parts } = await db.query<{ days: number }>(
    `select
      ceil(extract(epoch from now() - until_at) / 86400)::integer - 1 as days
    from log_partitions
    where table_name = 'job_logs'
    order by from_at
    limit ${PARTS}`,
  );
  const taken = { maintain: [] as number[], drop: [] as number[], plain: [] as number[] };
  const running = { slowest: 0, inserts: 0, stopped: false };
  const writers = [1, 2].map(async (jobId) => {
    const jobIds = Array.from({ length: 100 }, () => jobId);
    const messages = jobIds.map((_, i) => message(i));
    while (!running.stopped) {
      const started = performance.now();
      await jobLogInsertMany.run({ jobIds, messages }, db);
      running.slowest = Math.max(running.slowest, performance.now() - started);
      running.inserts++;
    }
  });
  const told = (message: unknown) => {
    const { name, duration } = message as QueryTrace;
    if (name === "LogPartition drop") taken.drop.push(duration);
  };
  subscribe("netraven-db:query", told);
  for (const { days } of parts) {
    await db.settings.set("log_retention_days", days);
    const started = performance.now();
    await maintain({}, db);
    taken.maintain.push(performance.now() - started);
  }
  unsubscribe("netraven-db:query", told);
  running.stopped = true;
  await Promise.all(writers);
  if (plain) {
    for (let tenth = 1; tenth <= PARTS; tenth++) {
      const started = performance.now();
      await db.query("delete from plain_logs where id <= $1", [lines * tenth / 10], {
        timeout: 600_000,
      });
      taken.plain.push(performance.now() - started);
    }
  }
  await db.close();
  return {
    lines,
    maintain: median(taken.maintain),
    drop: median(taken.drop),
    plain: plain ? median(taken.plain) : undefined,
    slowest: running.slowest,
    inserts: running.inserts,
  };
}

async function main(options: LogsOptions): Promise<LogFigures> {
  console.error("logs: lines stored");
  const written = await writes(options);
  const read = await reads(options);
  const retained: Retention[] = [];
  for (const size of options.read) retained.push(await retention(size));
  return { writes: written, reads: read, retention: retained };
}

console.log(JSON.stringify(await main(JSON.parse(process.env["BENCH_LOGS"]!) as LogsOptions)));
process.exit(0);
