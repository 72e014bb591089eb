/** The demo fleet: created once, and unchanged after a second run. */
// Runs once: it tests a tool of the project.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { configHistoryList, credentialMatch, deviceDelete, deviceList } from "netraven-db";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { clear } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("seed");
const directory = await mkdtemp(join(tmpdir(), "netraven-seed-"));
await writeFile(
  join(directory, "dev.yaml"),
  "vault: { active: demo, keys: { demo: { file: keys/demo } } }\n",
);
const { db, database } = await testDatabase(test, { pool: { size: 2 } });

test.before.each(() => clear(db));

test.after(async () => {
  await rm(directory, { recursive: true });
});

/** Runs the tool of `make seed`. */
async function runSeed(url: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [...NODE_ARGS, "src/tools/seed.ts"], {
    env: { ...process.env, DATABASE_URL: url, NETRAVEN_CONFIG_DIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => output += data);
  child.stderr.on("data", (data) => output += data);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

/** Returns every row of the fleet's tables as text. */
async function rows(): Promise<Record<string, string[]>> {
  const tables = [
    "tags",
    "devices",
    "device_tags",
    "device_states",
    "device_configurations",
    "credentials",
    "credential_tags",
    "jobs",
    "job_logs",
    "connection_logs",
  ];
  const all: Record<string, string[]> = {};
  for (const table of tables) {
    const found = await db.query<{ row: string }>(
      `select ${table}::text as row from ${table} order by ${table}::text collate "C"`,
    );
    all[table] = found.rows.map(({ row }) => row);
  }
  return all;
}

test("seed makes a fleet, and the same rows are there after a second time", async () => {
  const first = await runSeed(database.url);
  const made = await rows();
  const second = await runSeed(database.url);

  assert.equal([first.code, second.code], [0, 0], first.output + second.output);
  assert.match(first.output, "devices: 12, configurations: 24, jobs: 12, credentials: 3\n");
  assert.match(second.output, "already exists\n");
  assert.match(first.output, /^Generated key "demo": .*\n✅/);
  assert.equal([first.output, second.output].map((text) => text.split("\n").length), [3, 2]);
  assert.equal(await rows(), made);
  for (const [table, found] of Object.entries(made)) assert.ok(found.length > 0, table);
});

test("seed gives every device two versions, a job, a credential and its tags", async () => {
  await runSeed(database.url);

  const devices = await deviceList.run({ limit: 100 }, db);

  assert.is(devices.length, 12);
  for (const { id: deviceId, ...device } of devices) {
    assert.is((await configHistoryList.run({ deviceId, limit: 10 }, db)).length, 2);
    assert.ok((await credentialMatch.run({ deviceId }, db)).length >= 1);
    assert.equal([device.tags.length, device.latestJobStatus], [2, "queued"]);
    assert.ok(device.lastSeen !== null);
  }
});

test("seed makes again what was deleted, and leaves the rest", async () => {
  await runSeed(database.url);
  const [device, other] = await deviceList.run({ limit: 2 }, db);
  await deviceDelete.one({ id: device!.id }, db);

  const { output } = await runSeed(database.url);

  assert.match(output, "devices: 1, configurations: 2, jobs: 1, credentials: 0\n");
  const [, same] = await deviceList.run({ limit: 2 }, db);
  assert.equal(same, other);
});

test("seed says what to do where the schema is missing", async () => {
  const empty = await createEmptyDatabase();
  try {
    const { code, output } = await runSeed(empty.url);

    assert.is(code, 1);
    assert.is(output, "❌ The schema is missing; run: make migrate\n");
  } finally {
    await empty.drop();
  }
});

test.run();
