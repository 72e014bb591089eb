/**
 * Measures one group in a process of its own, and prints each result as a line of JSON. The bench
 * starts it: on Node compiled, against the built package; on Deno as it is, against the sources.
 *
 *     measure.ts <JSON of MeasureOptions>
 */
import { deepStrictEqual } from "node:assert";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Database, deviceGet, deviceList } from "netraven-db";
import type postgres from "postgres";
import { compare, type Effort, median, type Side } from "./compare.ts";
import { DEVICES, SETTING } from "./load.ts";
import { openRaw, type Statement, statementOf } from "./raw.ts";

/** What the parent says. */
export interface MeasureOptions {
  readonly group: "reads" | "point" | "settings";
  readonly effort: Effort;
}

/** Reads of a cached setting, in millions a second. */
export interface SettingReads {
  readonly name: string;
  readonly millions: number;
  /** The same loop over a Map. */
  readonly map: number;
  readonly goal: number;
}

type Read = (id: number) => Promise<unknown>;

const CALLERS = 64;
const READS_PER_CALLER = 4;
const PAGE = 100;
const SETTING_READS = 200_000;

const url = process.env["BENCH_URL"]!;
const { group, effort } = JSON.parse(process.argv[2]!) as MeasureOptions;

function report(result: unknown): void {
  console.log(JSON.stringify(result));
}

function open(size: number): Promise<Database> {
  return connect({ url, pool: { size }, logging: { level: "warn", slowQuery: 60_000 } });
}

function rawRead(sql: postgres.Sql, { text }: Statement): Read {
  return (id) => sql.unsafe(text, [id], { prepare: true });
}

/** One read after another; ids run through the fleet. */
function sequence(read: Read): Side {
  let id = 0;
  return () => read(id++ % DEVICES + 1);
}

/** All callers at once, each with one read after another. */
function crowd(read: Read): Side {
  const next = sequence(read);
  const caller = async () => {
    for (let i = 0; i < READS_PER_CALLER; i++) await next();
  };
  return () => Promise.all(Array.from({ length: CALLERS }, caller));
}

async function pointReads(): Promise<void> {
  const db = await open(10);
  const sql = openRaw(url);
  const ours: Read = (id) => deviceGet.first({ id }, db);
  const raw = rawRead(sql, await statementOf(deviceGet, { id: 1 }));
  deepStrictEqual([await ours(7)], [...await raw(7) as unknown[]]);
  report(await compare("point read", sequence(ours), sequence(raw), effort, { goal: 1.05 }));
  await db.close();
  await sql.end();
}

async function pages(): Promise<void> {
  const db = await open(10);
  const sql = openRaw(url);
  const ours = (after: string) => deviceList.run({ limit: PAGE, afterHostname: after }, db);
  const { text, values } = await statementOf(deviceList, { limit: PAGE, afterHostname: "?" });
  const at = values.indexOf("?");
  const raw = (after: string) =>
    sql.unsafe(text, values.with(at, after) as string[], { prepare: true });
  const middle = "switch-02500";
  const page = await ours(middle);
  deepStrictEqual(page, [...await raw(middle)]);
  if (page.length !== PAGE) throw new Error("The page is not full");

  const name = `page of ${PAGE} devices with tags`;
  report(await compare(name, () => ours(middle), () => raw(middle), effort, { goal: 1.05 }));
  await db.close();
  await sql.end();
}

async function crowds(
  name: string,
  size: number,
  rawOptions: { max: number; max_pipeline?: number },
  goal?: number,
): Promise<void> {
  const db = await open(size);
  const sql = openRaw(url, rawOptions);
  const ours = crowd((id) => deviceGet.first({ id }, db));
  const raw = crowd(rawRead(sql, await statementOf(deviceGet, { id: 1 })));
  const options = {
    operations: CALLERS * READS_PER_CALLER,
    ...(goal === undefined ? {} : { goal }),
  };
  report(await compare(name, ours, raw, effort, options));
  if (db.stats().size !== size) throw new Error("The pool did not grow to its size");
  await db.close();
  await sql.end();
}

async function settings(): Promise<void> {
  const db = await open(2);
  await db.settings.get(SETTING);
  // From here on the server tells of changes; until then the cache is read again once.
  while (db.settings.freshness().mode !== "listening") await sleep(5);
  await sleep(50);
  const map = new Map([[SETTING, await db.settings.get(SETTING)]]);
  const ours = async () => {
    let sum = 0;
    for (let i = 0; i < SETTING_READS; i++) sum += await db.settings.get(SETTING) as number;
    return sum;
  };
  const plain = async () => {
    let sum = 0;
    for (let i = 0; i < SETTING_READS; i++) sum += await map.get(SETTING) as number;
    return sum;
  };
  const rates = { ours: [] as number[], plain: [] as number[] };
  const turn = async (side: "ours" | "plain") => {
    const started = performance.now();
    const sum = await (side === "ours" ? ours : plain)();
    rates[side].push(SETTING_READS / 1000 / (performance.now() - started));
    if (sum !== 90 * SETTING_READS) throw new Error("The setting was not read");
  };
  const end = performance.now() + effort.measure;
  for (let round = 0; round < effort.rounds || performance.now() < end; round++) {
    await turn(round % 2 === 0 ? "ours" : "plain");
    await turn(round % 2 === 0 ? "plain" : "ours");
  }
  const result: SettingReads = {
    name: "cached setting read",
    millions: median(rates.ours),
    map: median(rates.plain),
    goal: 5,
  };
  report(result);
  await db.close();
}

if (group === "settings") {
  await settings();
} else {
  await pointReads();
}
if (group === "reads") {
  await pages();
  await crowds("64 point reads at once, 64 connections", 64, { max: 64 }, 1.05);
  const few = "64 at once, 10 connections, raw";
  // 0: the driver counts those that wait behind the one that runs.
  await crowds(`${few} one statement each`, 10, { max: 10, max_pipeline: 0 });
  await crowds(`${few} with pipelining`, 10, { max: 10 });
}
