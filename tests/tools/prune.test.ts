/** `make prune` removes the versions that the settings do not keep. A dry run reports them first. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { configSave } from "netraven-db";
import { main } from "../../src/tools/prune.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { addDevice, clear, count } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";
import { runTool } from "../support/tool.ts";

const test = suite("prune");
const { db, database } = await testDatabase(test, { pool: { size: 2 } });

test.before.each(() => clear(db));

/** Runs the tool of `make prune` in this process. */
async function run(...args: string[]): Promise<{ code: number; output: string }> {
  return await runOn(database, ...args);
}

function runOn({ url }: TestDatabase, ...args: string[]) {
  return runTool(main, { DATABASE_URL: url }, args);
}

test("prune says in a dry run what would go, and removes it without", async () => {
  for (const hostname of ["sw1", "sw2", "sw3"]) {
    const { id: deviceId } = await addDevice(db, { hostname });
    for (const n of hostname === "sw3" ? [1] : [1, 2, 3]) {
      await configSave({ deviceId, text: `hostname ${hostname}\n${n}\n` }, db);
    }
  }
  await db.settings.set("config_keep_last", 1);

  const dry = await run("--dry");
  const before = await count(db, "device_configurations");
  const real = await run();
  const again = await run();

  assert.equal(dry, {
    code: 0,
    output: "sw1: 2 versions, 30 bytes\nsw2: 2 versions, 30 bytes\n" +
      "✅ Would delete 4 versions of 2 devices, 60 bytes",
  });
  assert.is(before, 7);
  assert.equal(real, { code: 0, output: "✅ Deleted 4 versions of 2 devices, 60 bytes" });
  assert.is(await count(db, "device_configurations"), 3);
  assert.equal(again, { code: 0, output: "✅ Deleted 0 versions of 0 devices, 0 bytes" });
});

test("prune without a setting keeps everything, and says what to set", async () => {
  const { code, output } = await run();

  assert.is(code, 0);
  for (const key of ["config_keep_last", "config_keep_days", "config_keep_months"]) {
    assert.match(output, key);
  }
});

test("prune says what is wrong: a setting, the schema, an argument", async () => {
  await db.settings.set("config_keep_days", -1);
  const empty = await createEmptyDatabase();

  const setting = await run();
  const schema = await runOn(empty);
  const misuse = [await run("--dri"), await run("--dry", "x")];

  await empty.drop();
  assert.is(setting.code, 1);
  assert.match(setting.output, "❌ settings.config_keep_days: The value does not fit the schema");
  assert.equal(schema, { code: 1, output: "❌ The schema is missing; run: make migrate" });
  for (const { code, output } of misuse) assert.equal([code, output], [2, "Usage: prune [--dry]"]);
});

test.run();
