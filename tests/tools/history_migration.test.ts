/** Old configurations survive the migration to validity, compression and chunks of lines. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  configAsOfGet,
  configBlame,
  configBytes,
  configGet,
  configHistoryList,
  configSave,
  configSearch,
  connect,
} from "netraven-db";
import { migrate, rollback } from "../../src/tools/migrations/migrator.ts";
import { MIGRATIONS } from "../../src/tools/migrations/files.ts";
import { reindex } from "../../src/tools/reindex.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { suite } from "../support/suite.ts";
import { rejection } from "../support/until.ts";

const test = suite("history migration", { timeout: 120_000 });
/** The first migration of the new format. */
const FIRST = "20261125100000";

function day(day: number): Date {
  return new Date(Date.UTC(2026, 0, day));
}

test("a database with configurations of an older schema migrates, works, and is packed by reindex", async () => {
  const database = await createEmptyDatabase();
  const older = await mkdtemp(join(tmpdir(), "netraven-older-"));
  const { url } = database;
  try {
    const files = (await readdir(MIGRATIONS)).filter((file) => file < FIRST);
    for (const file of files) await cp(join(MIGRATIONS, file), join(older, file));
    await migrate({ url, migrationsDir: older });
    await using before = await connect({ url, logging: { level: "silent" } });
    await before.query(
      `with device as (
         insert into devices (hostname, ip_address, device_type)
         values ('sw1', '10.0.0.1', 'arista_eos')
         returning id
       ),
       versions as (
         insert into device_configurations
           (device_id, config_data, raw, content_hash, retrieved_at, added, removed, blame)
         select device.id, text, raw, sha256(coalesce(raw, convert_to(text, 'UTF8'))), at, 0, 0, ''
         from device
         cross join (
           values
             (1, e'hostname sw1\\nntp a\\n', null, '2026-01-01Z'::timestamptz),
             (2, e'hostname sw1\\nntp \u2400\\n', '\\x6e747020000a'::bytea, '2026-01-03Z'),
             (3, e'hostname sw1\\nntp b\\nntp c\\n', null, '2026-01-05Z')
         ) as given (place, text, raw, at)
         order by place
         returning id, device_id, content_hash, retrieved_at
       ),
       lines as (
         insert into config_lines (device_id, configuration_id, line, lines)
         select device_id, id, line, lines
         from versions
         join (
           values
             ('2026-01-01Z'::timestamptz, 1, e'hostname sw1\\nntp a'),
             ('2026-01-05Z', 2, e'ntp b\\nntp c')
         ) as given (at, line, lines) on given.at = retrieved_at
       ),
       ends as (
         insert into config_line_ends (device_id, configuration_id, line, lines, ended_by)
         select first.device_id, first.id, 2, 1, ending.id
         from versions as first
         join versions as ending on ending.retrieved_at = '2026-01-03Z'
         where first.retrieved_at = '2026-01-01Z'
       )
       select 1 from versions`,
    );
    await before.query(
      `insert into device_states
         (device_id, content_hash, configuration_id, retrieved_at, verified_at)
       select device_id, content_hash, id, retrieved_at, now()
       from device_configurations
       order by id desc
       limit 1`,
    );

    await migrate({ url });

    await using db = await connect({ url, logging: { level: "silent" } });
    const { rows: [state] } = await db.query<{ id: number }>(
      "select device_id as id from device_states",
    );
    const deviceId = state!.id;
    const versions = await configHistoryList.run({ deviceId, limit: 10 }, db);
    assert.equal(versions.map(({ validUntil }) => validUntil), [null, day(5), day(3)]);
    assert.equal(versions.map(({ size }) => size), [25, 6, 19]);
    assert.is((await configAsOfGet.one({ deviceId, at: day(4) }, db)).id, versions[1]!.id);
    const find = async (text: string) =>
      (await configSearch.run({ texts: [text], limit: 10 }, db)).map((
        { line, until },
      ) => [line, until]);
    assert.equal(await find("ntp a"), [[2, day(3)]]);
    assert.equal(await find("ntp c"), [[3, null]]);
    const texts = async () => {
      const all = [];
      for (const { id } of versions) {
        const version = await configGet.one({ id }, db);
        all.push([version.configData, configBytes(version)]);
      }
      return all;
    };
    const kept = await texts();
    assert.is(kept[2]![0], "hostname sw1\nntp a\n");

    assert.equal(await reindex(db), { devices: 1, versions: 3 });

    const packed = await texts();
    assert.equal(packed.map(([, bytes]) => bytes), kept.map(([, bytes]) => bytes));
    assert.is(packed[0]![0], kept[0]![0]);
    const { rows } = await db.query("select from device_configurations where packed is null");
    assert.equal(rows, []);
    assert.equal((await configBlame({ id: versions[0]!.id }, db)).map(({ since }) => since), [
      day(5),
      day(5),
      day(5),
    ]);
    assert.equal(await find("ntp c"), [[3, null]]);
    const saved = await configSave({ deviceId, text: "hostname sw1\nntp b\n" }, db);
    assert.equal([saved.added, saved.removed], [0, 1]);

    // Compressed configurations cannot be migrated down.
    const later = (await readdir(MIGRATIONS)).filter((file) => file > FIRST).length;
    const error = await rejection((async () => {
      for (let i = 0; i < later; i++) await rollback({ url });
    })());
    assert.match(String(error), "config_data");
  } finally {
    await database.drop();
    await rm(older, { recursive: true, force: true });
  }
});

test.run();
