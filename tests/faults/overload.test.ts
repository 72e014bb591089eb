/** More callers than the pool can serve at once: all get their turn, in order and in bounded memory. */
// Runs on the first server: it tests the client, whatever the server's version.
import process from "node:process";
import * as assert from "uvu/assert";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";
import { until } from "../support/until.ts";

const test = suite("overload");
const CALLS = 10_000;
const MAX = 8;
const MEGABYTE = 2 ** 20;
let scene: Scene;

test.before(async () => {
  scene = await openScene({
    pool: { size: MAX },
    timeouts: { acquire: 45_000, statement: 10_000, transaction: 30_000 },
  });
});

test.after.each(async () => {
  await scene.assertRecovered();
});

test.after(async () => {
  await scene.close();
});

test("query() answers 10,000 concurrent calls, in their order, in bounded memory", async () => {
  const before = process.memoryUsage().heapUsed;
  const started = performance.now();
  const order: number[] = [];
  let peak = 0;

  const ends = await Promise.all(Array.from({ length: CALLS }, async (_, i) => {
    const end = await scene.calls.run(
      `call ${i}`,
      45_000,
      () => scene.db.query<{ i: number }>("select $1::integer as i", [i]),
    );
    order.push(i);
    if (i % 100 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
    return end;
  }));

  const took = performance.now() - started;
  const wrong = ends.filter((end, i) => end.status === "rejected" || end.value.rows[0]?.i !== i);
  assert.equal(wrong, []);
  // Eight run at a time on separate connections: the order of start is exact, the order of ends is not.
  const displaced = order.reduce((sum, call, place) => sum + Math.abs(call - place), 0) / CALLS;
  console.log(
    `${CALLS} calls in ${Math.round(took)} ms, ` +
      `heap +${Math.round((peak - before) / MEGABYTE)} MB, displaced by ${displaced.toFixed(1)}`,
  );
  assert.ok(displaced < 200, `out of order by ${displaced} places`);
  assert.ok(peak - before < 150 * MEGABYTE, `${(peak - before) / MEGABYTE} MB`);
});

test("query() answers each of 100 callers in the order of its calls", async () => {
  await Promise.all(Array.from({ length: 100 }, async (_, caller) => {
    for (let i = 0; i < 20; i++) {
      const { rows } = await scene.db.query<{ text: string }>(
        "select $1::text as text",
        [`${caller}.${i}`],
      );
      assert.is(rows[0]?.text, `${caller}.${i}`);
    }
  }));
});

test("query() does not let 64 that wait stand behind a slow one", async () => {
  const enough = new AbortController();
  let ended = false;
  const slow = scene.calls.run(
    "slow",
    20_000,
    () => scene.db.query("select pg_sleep(15)", [], { signal: enough.signal }),
  ).finally(() => ended = true);
  await until(
    "it runs",
    async () => (await scene.sessions()).some(({ state }) => state === "active"),
  );

  const quick = await Promise.all(
    Array.from(
      { length: 64 },
      () => scene.calls.run("quick", 10_000, () => scene.db.query("select pg_sleep(0.01)")),
    ),
  );

  assert.is(ended, false, "the slow one came first");
  assert.ok(quick.every(({ status }) => status === "fulfilled"));
  enough.abort();
  await slow;
});

test("transaction() answers 500 callers at once, and stores what each wrote", async () => {
  const ends = await Promise.all(
    Array.from(
      { length: 500 },
      (_, id) =>
        scene.calls.write(id, 30_000, () =>
          scene.db.transaction(async (tx) => {
            await tx.query("insert into written values ($1)", [id]);
          }), { commit: true }),
    ),
  );

  assert.is(ends.filter(({ status }) => status === "fulfilled").length, 500);
});

test.run();
