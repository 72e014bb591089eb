/** `make maintain`: its output and exit codes. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { jobLogInsert, logPartitionList } from "netraven-db";
import { main } from "../../src/tools/maintain.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { addJob } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";
import { runTool } from "../support/tool.ts";

const test = suite("maintain");
const { db, database } = await testDatabase(test, { pool: { size: 2 } });

/** Runs the tool of `make maintain` in this process. */
async function run(...args: string[]): Promise<{ code: number; output: string }> {
  return await runOn(database, ...args);
}

function runOn({ url }: TestDatabase, ...args: string[]) {
  return runTool(main, { DATABASE_URL: url }, args);
}

test("maintain says in a dry run what it would do, does it without, and then has nothing to do", async () => {
  const { id: jobId } = await addJob(db);
  const timestamp = new Date(Date.now() - 100 * 86_400_000);
  await jobLogInsert.run({ jobId, message: "old", timestamp }, db);
  await jobLogInsert.run({ jobId, message: "new" }, db);
  await db.settings.set("log_retention_days", 30);

  const dry = await run("--dry");
  const before = (await logPartitionList.run(undefined, db)).length;
  const real = await run();
  const again = await run();

  assert.is(before, 2);
  assert.is(dry.code, 0);
  assert.match(dry.output, /^Would create job_logs_\d{8}\n/);
  assert.match(dry.output, /\nWould drop job_logs_\d{8}\n/);
  assert.match(dry.output, "✅ Would create 5 partitions, drop 1, delete 0 lines and 0 sessions");
  assert.is(real.code, 0);
  assert.match(
    real.output,
    /\nDetached (job_logs_\d{8})\nDropped \1\n✅ Created 5 partitions, dropped 1, deleted 0 lines/,
  );
  assert.equal(again, {
    code: 0,
    output: "✅ Created 0 partitions, dropped 0, deleted 0 lines and 0 sessions",
  });
});

test("maintain tells of settings that are wrong, of a missing schema, and of misuse", async () => {
  await db.settings.set("log_retention_days", -1);
  const empty = await createEmptyDatabase();

  const wrong = await run();
  const missing = await runOn(empty);
  const misuse = await run("--wet");

  await empty.drop();
  assert.is(wrong.code, 1);
  assert.match(wrong.output, "❌ settings.log_retention_days: ");
  assert.equal(missing, { code: 1, output: "❌ The schema is missing; run: make migrate" });
  assert.equal(misuse, { code: 2, output: "Usage: maintain [--dry]" });
});

test.run();
