/** Logs of the unpartitioned tables become the first partition unchanged, and can be migrated down. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  connect,
  connectionLogGet,
  connectionLogList,
  jobLogInsert,
  jobLogList,
  jobLogStats,
  logPartitionList,
  maintain,
} from "netraven-db";
import { migrate, rollback } from "../../src/tools/migrations/migrator.ts";
import { MIGRATIONS } from "../../src/tools/migrations/files.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { suite } from "../support/suite.ts";

const test = suite("log migration");

test("a database with logs of an older schema migrates, works, and can go back", async () => {
  const database = await createEmptyDatabase();
  const older = await mkdtemp(join(tmpdir(), "netraven-older-"));
  const { url } = database;
  try {
    const files = (await readdir(MIGRATIONS)).filter((file) => file < "20261126");
    for (const file of files) await cp(join(MIGRATIONS, file), join(older, file));
    await migrate({ url, migrationsDir: older });
    await using db = await connect({ url, logging: { level: "silent" } });
    const { rows } = await db.query<{ jobId: number; deviceId: number }>(`
      with device as (
        insert into devices (hostname, ip_address, device_type)
        values ('sw1', '10.0.0.1', 'arista_eos')
        returning id
      )
      insert into jobs (device_id)
      select id from device
      returning id as job_id, device_id`);
    const { jobId, deviceId } = rows[0]!;
    await db.query(
      `insert into job_logs (job_id, level, message, "timestamp")
      values
        ($1, 'info', 'old', now() - interval '700 days'),
        ($1, 'error', 'newer', now() - interval '1 day')`,
      [jobId],
    );
    await db.query(
      "insert into connection_logs (job_id, device_id, log) values ($1, $2, 'session')",
      [jobId, deviceId],
    );

    await migrate({ url });

    await jobLogInsert.run({ jobId, message: "new" }, db);
    await db.settings.set("log_retention_days", 30);
    const { dropped } = await maintain({}, db);
    const lines = await jobLogList.run({ jobId, limit: 10 }, db);
    assert.equal(dropped, [], "the first part goes as a whole, when its last line may");
    assert.equal(lines.map((line) => [line.message, line.deviceId]), [
      ["old", deviceId],
      ["newer", deviceId],
      ["new", deviceId],
    ]);
    assert.ok(lines[2]!.id > lines[1]!.id);
    const [session] = await connectionLogList.run({ deviceId, limit: 10 }, db);
    assert.is((await connectionLogGet.one(session!, db)).log, "session");
    const stats = await jobLogStats.run({ jobId }, db);
    assert.equal(stats.map(({ level, count }) => [level, count]), [["info", 2], ["error", 1]]);
    const [first] = (await logPartitionList.run(undefined, db))
      .filter(({ tableName }) => tableName === "job_logs");
    assert.equal([first!.partitionName, first!.state], ["job_logs_whole", "attached"]);

    const later = (await readdir(MIGRATIONS)).length - files.length;
    for (let i = 0; i < later; i++) await rollback({ url });
    const kept = await db.query<{ message: string }>("select message from job_logs order by id");
    assert.equal(kept.rows.map(({ message }) => message), ["old", "newer", "new"]);
    const more = await db.query<{ id: number }>(
      "insert into job_logs (job_id, message) values ($1, 'again') returning id",
      [jobId],
    );
    assert.ok(more.rows[0]!.id > lines[2]!.id);
  } finally {
    await database.drop();
    await rm(older, { recursive: true });
  }
});

test.run();
