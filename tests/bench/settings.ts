/** Compares reads of a cached setting with reads of a Map in the same loop, and prints a line of JSON. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "netraven-db";
import { median } from "./compare.ts";
import { SETTING } from "./load.ts";

/** Millions of reads per second, medians. */
export interface SettingReads {
  readonly name: string;
  readonly ours: number;
  /** A plain `await map.get(key)`. */
  readonly map: number;
  readonly goal: number;
}

const READS = 200_000;
const ROUNDS = Number(process.argv[2]);

const db = await connect({ url: process.env["BENCH_URL"] });
await db.settings.get(SETTING);
// From then on the server notifies of changes; before that the cache reads everything once more.
while (db.settings.freshness().mode !== "listening") await sleep(5);
await sleep(100);
const map = new Map([[SETTING, await db.settings.get(SETTING)]]);
const sides = {
  ours: async () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += await db.settings.get(SETTING) as number;
    return sum;
  },
  map: async () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += await map.get(SETTING) as number;
    return sum;
  },
};
const rates = { ours: [] as number[], map: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  for (const side of round % 2 === 0 ? ["ours", "map"] as const : ["map", "ours"] as const) {
    const started = performance.now();
    const sum = await sides[side]();
    rates[side].push(READS / 1000 / (performance.now() - started));
    if (sum !== 90 * READS) throw new Error("The setting was not read");
  }
}
const result: SettingReads = {
  name: "cached setting read",
  ours: median(rates.ours),
  map: median(rates.map),
  goal: 5,
};
console.log(JSON.stringify(result));
await db.close();
