/** Benchmark suite of the logs: its server, its data, its tables. */
import postgres from "postgres";
import { migrate } from "../../src/tools/migrations/migrator.ts";
import { startThrowaway } from "../../src/tools/postgres/throwaway.ts";
import { type Installed, runJson } from "./installed.ts";
import type { LogFigures, LogsOptions, ReadTimes, Retention, WriteRate } from "./logs.ts";

/** A log in the obvious schema: one table without partitions, with one index. */
const PLAIN = `
create table plain_logs (
  id bigint generated always as identity,
  job_id integer not null,
  message text not null,
  level log_level not null,
  "timestamp" timestamptz(3) not null,
  primary key (job_id, "timestamp", id)
)`;

/** Jobs of 22 lines and devices of 22 jobs, over the last ten weeks; ids start at 1. */
const FILL = `
insert into devices (hostname, ip_address, device_type)
select
  'switch-' || n,
  '10.0.0.0'::inet + n,
  'arista_eos'
from generate_series(1, $1::integer / 22 / 22 + 1) as n;

insert into jobs
  (device_id, status, scheduled_for, started_at, completed_at, claimed_by, attempt)
select
  1 + n / 22,
  'succeeded',
  began_at,
  began_at,
  began_at + interval '3 seconds',
  'bench',
  1
from generate_series(1, $1::integer / 22) as n
cross join lateral (
  select now() - interval '70 days' * (1 - n / ($1::integer / 22)::float8) as began_at
) as job
order by n;

select log_partition_make('job_logs', now() - interval '1 day' * n)
from generate_series(0, 70) as n;

insert into job_logs (job_id, device_id, level, message, "timestamp")
select
  jobs.id,
  jobs.device_id,
  (array['debug', 'info', 'debug', 'info', 'info'])[line % 5 + 1]::log_level,
  'Interface GigabitEthernet0/' || line || ' is up, line protocol is up',
  jobs.started_at + interval '100 milliseconds' * line
from jobs
cross join generate_series(1, 20) as line
order by jobs.id, line;

insert into job_logs (job_id, device_id, level, message, "timestamp")
select
  jobs.id,
  jobs.device_id,
  case when line = 21 then 'warning' else 'info' end::log_level,
  'Interface GigabitEthernet0/' || line || ' is down, line protocol is down',
  jobs.started_at + interval '100 milliseconds' * line
from jobs
cross join generate_series(21, 22) as line
order by jobs.id, line;`;

const FILL_PLAIN = `
insert into plain_logs (job_id, message, level, "timestamp")
select job_id, message, level, "timestamp"
from job_logs
order by "timestamp", id`;

/** Largest log that the plain table contains as well, because the delete of a tenth is slow. */
const PLAIN_MOST = 1_000_000;

/** Measures on a temporary server whose commits do not wait for the disk, for any side. */
export async function measureLogs(
  installed: Installed,
  { quick }: { quick: boolean },
): Promise<LogFigures> {
  const server = await startThrowaway({
    settings: { max_connections: "60", shared_buffers: "1GB", max_wal_size: "8GB" },
  });
  try {
    const urlOf = (name: string) =>
      Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
    const open = async (name: string, work: (sql: postgres.Sql) => Promise<unknown>) => {
      const admin = postgres(server.url, { max: 1, onnotice: () => {} });
      await admin.unsafe(`create database ${name}`);
      await admin.end();
      await migrate({ url: urlOf(name) });
      const sql = postgres(urlOf(name), { max: 1, onnotice: () => {} });
      await sql.unsafe(PLAIN);
      await work(sql);
      await sql.unsafe("vacuum analyze");
      await sql.end();
      return urlOf(name);
    };
    const fill = async (sql: postgres.Sql, lines: number) => {
      for (const statement of FILL.split(";\n")) {
        await sql.unsafe(statement.replaceAll("$1::integer", String(lines)).replace(/;$/, ""));
      }
      if (lines <= PLAIN_MOST) await sql.unsafe(FILL_PLAIN);
    };
    const sizes = quick ? [22_000, 110_000] : [100_000, 1_000_000, 10_000_000];
    const read = [];
    for (const lines of sizes) {
      console.error(`logs: filling ${lines}`);
      const url = await open(`read_${lines}`, (sql) => fill(sql, lines));
      read.push({ lines, url, plain: lines <= PLAIN_MOST });
    }
    const options: LogsOptions = {
      write: await open("write", (sql) => fill(sql, 22_000)),
      read,
      lines: quick ? { many: 20_000, few: 500 } : { many: 200_000, few: 4_000 },
      rounds: quick ? 2 : 7,
      effort: quick
        ? { measure: 300, turn: 10, rounds: 5, slow: 1_000 }
        : { measure: 4_000, turn: 20, rounds: 25, slow: 1_000 },
    };
    return await runJson<LogFigures>(installed, "logs.ts", { BENCH_LOGS: JSON.stringify(options) });
  } finally {
    await server.stop();
  }
}

/** Rate of stored lines, duration of queries at each size, and removal of a tenth. */
export function logTables(
  { writes, reads, retention }: LogFigures,
): string {
  return [writeTable(writes), readTable(reads, retention), retentionTable(retention)].join("\n\n");
}

function writeTable(writes: readonly WriteRate[]): string {
  const lines = writes.map(({ way, rate, quartiles: [low, high], cpu }) =>
    `| ${way} | ${whole(rate)} (${whole(low)} to ${whole(high)}) | ${cpu.toFixed(1)} µs |`
  );
  return ["| way | lines a second | client's CPU for a line |", "|---|---|---|", ...lines].join(
    "\n",
  );
}

function readTable(reads: readonly ReadTimes[], sizes: readonly Retention[]): string {
  const head = sizes.map(({ lines }) => `${whole(lines)} lines`).join(" | ");
  const lines = reads.map(({ what, times, ratio, quartiles: [low, high] }) => {
    const cells = times.map((time) => `${time.toFixed(2)} ms`).join(" | ");
    return `| ${what} | ${cells} | ${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) |`;
  });
  return [
    `| question | ${head} | largest to smallest |`,
    `|${"---|".repeat(sizes.length + 2)}`,
    ...lines,
  ].join("\n");
}

function retentionTable(retention: readonly Retention[]): string {
  const lines = retention.map(({ lines, maintain, drop, plain, slowest, inserts }) =>
    `| ${whole(lines / 10)} of ${whole(lines)} | ${whole(maintain)} ms | ${drop.toFixed(1)} ms | ` +
    `${plain === undefined ? "–" : `${whole(plain)} ms`} | ${slowest.toFixed(0)} ms of ${
      whole(inserts)
    } |`
  );
  return [
    "| a tenth | `maintain` | the drop | delete from a plain table | slowest insert meanwhile |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
