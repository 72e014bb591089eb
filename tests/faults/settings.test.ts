/** The settings cache on a failing network: stale for a while, never wrong permanently, never back in time. */
// Runs on the first server: it tests the cache, whatever the server's version.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { connect, TimeoutError, type Transaction } from "netraven-db";
import { openScene, type Scene, type Session } from "../support/invariants.ts";
import type { Link } from "../support/proxy.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("settings under faults");
let scene: Scene;

test.before.each(async () => {
  scene = await openScene({
    pool: { size: 2 },
    timeouts: { connect: 1_000, acquire: 2_000, statement: 2_000, transaction: 3_000 },
  });
  await scene.witness.settings.set("a", 0);
  assert.is(await scene.db.settings.get("a"), 0);
  await listens();
  // The first full read, which follows the start of listening, is over.
  await scene.witness.settings.set("begun", true);
  await until("it is heard", async () => await scene.db.settings.get("begun") === true);
});

test.after.each(async () => {
  await scene.assertRecovered();
  await scene.close();
});

function listens(): Promise<void> {
  return until("it listens", () => scene.db.settings.freshness().mode === "listening", 15_000);
}

async function listener(): Promise<Session> {
  const session = (await scene.sessions()).find(({ query }) => /listen/.test(query));
  if (session === undefined) throw new Error("There is no listener");
  return session;
}

async function listenersLink(): Promise<Link> {
  const { clientPort } = await listener();
  return scene.proxy.links.find(({ serverSees }) => serverSees === clientPort)!;
}

/** Reads continuously until it is stopped, and fails if a value is older than an earlier one. */
function readForward(): { end(): Promise<void>; readonly reads: number; readonly seen: number } {
  let running = true;
  let seen = 0;
  let reads = 0;
  const reading = (async () => {
    while (running) {
      const value = await scene.db.settings.get("a") as number;
      reads++;
      if (value < seen) throw new Error(`Went back from ${seen} to ${value}`);
      seen = value;
      if (reads % 50 === 0) await sleep(1);
    }
  })();
  reading.catch(() => {});
  return {
    end: () => {
      running = false;
      return reading;
    },
    get reads() {
      return reads;
    },
    get seen() {
      return seen;
    },
  };
}

test("get() sees a write that was made while its listener was half-open (takes 15 s)", async () => {
  (await listenersLink()).cut("stall");
  await scene.witness.settings.set("a", 1);
  const started = performance.now();

  const stale = await scene.db.settings.get("a");
  let age = 0;
  await until("the write is seen", async () => {
    age = Math.max(age, scene.db.settings.freshness().age);
    return await scene.db.settings.get("a") === 1;
  }, 30_000);
  const took = performance.now() - started;

  assert.is(stale, 0);
  console.log(`half-open listener: stale for ${Math.round(took)} ms, age up to ${age} ms`);
  assert.ok(took < 25_000, `stale for ${took} ms`);
  assert.ok(age >= took - 1_000 && age < 26_000, `the age was said to be ${age} ms`);
  await listens();
  await scene.witness.settings.set("a", 2);
  await until("it hears again", async () => await scene.db.settings.get("a") === 2, 2_000);
});

test("get() makes good what it did not hear while nothing could be reached", async () => {
  const reading = readForward();
  await scene.proxy.refuse();
  scene.proxy.reset();
  for (const value of [1, 2, 3]) await scene.witness.settings.set("a", value);
  await sleep(1_000);
  // The cached values outlast the server.
  assert.is(await scene.db.settings.get("a"), 0);
  await scene.proxy.listen();
  const started = performance.now();

  await until("the last write is seen", () => reading.seen === 3, 8_000);

  console.log(`gap: current ${Math.round(performance.now() - started)} ms after the network's end`);
  await reading.end();
  await listens();
});

test("get() never goes back while every connection is reset again and again", async () => {
  const reading = readForward();
  let last = 0;
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 20; i++) await scene.witness.settings.set("a", ++last);
    scene.proxy.reset();
    for (let i = 0; i < 20; i++) await scene.witness.settings.set("a", ++last);
    await sleep(150);
  }

  await until("the last write is seen", () => reading.seen === last, 8_000);

  await reading.end();
  assert.ok(reading.reads > 100);
  await listens();
});

test("get() ends on the last of 10,000 writes in a burst, and never goes back", async () => {
  const reading = readForward();
  const before = (await listener()).pid;

  // Each is a separate transaction and notification.
  await scene.witness.query(
    "do $$ begin for i in 1..10000 loop update system_settings set value = to_jsonb(i) where key = 'a'; commit; end loop; end $$",
  );
  await until("the last write is seen", () => reading.seen === 10_000, 15_000);

  await reading.end();
  assert.is((await listener()).pid, before, "the listener outlives the burst");
});

test("get() hears of a change that comes in pieces, over the same listener", async () => {
  const before = (await listener()).pid;
  // The text of a truncated message may begin like a farewell of the server.
  scene.proxy.fragment(1);
  await scene.witness.settings.set("EEE", 1);

  await until("the write is seen", async () => await scene.db.settings.get("EEE") === 1);

  assert.is((await listener()).pid, before);
});

test("get() and entries() end at their own deadline, and at an abort, while others wait on", async () => {
  const { proxy } = scene;
  const newcomer = await connect({
    url: proxy.url("newcomer"),
    pool: { size: 1 },
    logging: { level: "silent" },
  });
  proxy.stall();
  const patient = newcomer.settings.get("a");
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  setTimeout(() => controller.abort(reason), 50);

  const late = await rejection(newcomer.settings.get("a", undefined, { timeout: 50 }));
  const aborted = await rejection(newcomer.settings.entries({ signal: controller.signal }));

  assert.instance(late, TimeoutError);
  assert.is(aborted, reason);
  proxy.pass();
  assert.is(await patient, 0);
  await newcomer.close();
});

test("get() goes by versions, not by clocks: one that is an hour off changes nothing", async () => {
  const now = Date.now;
  try {
    for (const [value, hours] of [[1, -1], [2, 1], [3, -24]] as const) {
      Date.now = () => now() + hours * 3_600_000;
      await scene.witness.settings.set("a", value);

      await until("the write is seen", async () => await scene.db.settings.get("a") === value);
      assert.ok(scene.db.settings.freshness().age < 60_000);
    }
  } finally {
    Date.now = now;
  }
});

test("get() reads nothing of a writer that was rolled back, or cut off before its commit", async () => {
  const { db, proxy, witness } = scene;
  const write = (tx: Transaction) =>
    tx.query("update system_settings set value = '-1' where key = 'a'");
  const seen: unknown[] = [];
  const stop = db.settings.onChange(({ key, value }) => key === "a" && seen.push(value));

  await rejection(witness.transaction(async (tx) => {
    await write(tx);
    throw new Error("undo");
  }));
  proxy.loseCommit("commit");
  await rejection(db.transaction(write));
  proxy.pass();
  await witness.settings.set("a", 1);

  await until("the write is seen", async () => await db.settings.get("a") === 1);
  assert.not(seen.includes(-1));
  stop();
});

test.run();
