/** Events of `node:diagnostics_channel`: names and durations, but no values. */
// Runs on the first server: it tests the client, whatever the server's version.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  type AcquireTrace,
  connect,
  type ConnectionTrace,
  type QueryTrace,
  tagInsert,
  type TransactionTrace,
} from "netraven-db";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("trace");
const CANARY = "c4n4ry-v4lue";
const { db, database } = await testDatabase(test, { pool: { size: 1 } });

/** Collects the events of a channel while the work runs. */
async function told<Trace>(channel: string, work: () => Promise<unknown>): Promise<Trace[]> {
  const traces: Trace[] = [];
  const note = (message: unknown) => void traces.push(message as Trace);
  subscribe(`netraven-db:${channel}`, note);
  try {
    await work();
  } finally {
    unsubscribe(`netraven-db:${channel}`, note);
  }
  return traces;
}

test("netraven-db:query tells name, duration, rows and error of each statement", async () => {
  const traces = await told<QueryTrace>("query", async () => {
    await tagInsert.one({ name: CANARY }, db);
    await rejection(tagInsert.one({ name: CANARY }, db));
    await db.query("select $1::text", [CANARY]);
  });

  assert.equal(
    traces.map(({ name, rows, error }) => ({ name, rows, error })),
    [
      { name: "TagInsert", rows: 1, error: undefined },
      { name: "TagInsert", rows: undefined, error: "CONSTRAINT" },
      { name: undefined, rows: 1, error: undefined },
    ],
  );
  assert.ok(traces.every(({ duration }) => duration > 0));
  assert.not.match(inspect(traces, { depth: 9, showHidden: true }), new RegExp(CANARY));
});

test("netraven-db:transaction tells how each ended", async () => {
  const traces = await told<TransactionTrace>("transaction", async () => {
    await db.transaction(async (tx) => {
      await tx.query("select 1");
    }, { name: "Named" });
    await rejection(db.transaction(async () => {
      throw new Error("undo");
    }));
    await rejection(
      db.transaction((tx) => tx.query("select pg_terminate_backend(pg_backend_pid())")),
    );
  });

  assert.equal(traces.map(({ outcome }) => outcome), ["committed", "rolled back", "lost"]);
  assert.equal(traces.map(({ name }) => name), ["Named", undefined, undefined]);
  assert.ok(traces.every(({ duration, attempt }) => duration > 0 && attempt === 1));
});

test("netraven-db:acquire tells who waited how long", async () => {
  await db.ping();

  const traces = await told<AcquireTrace>("acquire", async () => {
    await db.query("select 1", [], { name: "First" });
    await Promise.all([
      db.query("select pg_sleep(0.1)", [], { name: "Holder" }),
      db.query("select 1", [], { name: "Waiter" }),
      rejection(db.query("select 1", [], { name: "Loser", timeout: 20 })),
    ]);
  });

  const by = Object.fromEntries(traces.map((trace) => [trace.name, trace]));
  assert.is(by["First"]?.duration, 0);
  assert.ok(by["Waiter"]!.duration >= 80);
  assert.is(by["Waiter"]?.error, undefined);
  assert.is(by["Loser"]?.error, "TIMEOUT");
});

test("netraven-db:connection tells of connections made, thrown away and closed", async () => {
  const traces = await told<ConnectionTrace>("connection", async () => {
    const own = await connect({ url: database.url, logging: { level: "silent" } });
    await rejection(own.query("select pg_sleep(10)", [], { timeout: 50 }));
    await own.query("select 1");
    await own.close();
  });

  assert.equal(traces, [
    { event: "opened", reason: undefined },
    { event: "discarded", reason: "statement" },
    { event: "opened", reason: undefined },
    { event: "closed", reason: undefined },
  ]);
});

test.run();
