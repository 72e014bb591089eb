/** The rows of the system settings. `settings.test.ts` tests their cache. */
import * as assert from "uvu/assert";
import {
  type ConstraintError,
  type Json,
  ParameterError,
  settingGet,
  settingInsertDefaults,
  settingList,
} from "netraven-db";
import {
  settingDelete,
  settingGetMany,
  settingUpsert,
  settingVersionGet,
} from "../src/generated/internal/system_settings.ts";
import {} from "netraven-db";
import { clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("system_settings");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

async function put(key: string, value: Json = 1): Promise<number> {
  return (await settingUpsert.one({ key, value }, db)).version;
}

async function keys(filters: { prefix?: string; afterKey?: string; limit?: number }) {
  return (await settingList.run(filters, db)).map(({ key }) => key);
}

test("SettingUpsert makes a setting, then changes it, each time with a higher version", async () => {
  const before = await databaseNow(db);

  const made = await settingUpsert.one({ key: "days", value: 30, description: "How long" }, db);
  await until("a millisecond has passed", async () => await databaseNow(db) > made.updatedAt);
  const changed = await settingUpsert.one({ key: "days", value: 31 }, db);

  const { version, updatedAt } = made;
  assert.equal(made, { key: "days", value: 30, description: "How long", version, updatedAt });
  assert.ok(updatedAt >= before && changed.updatedAt > updatedAt);
  assert.ok(changed.version > version);
  assert.equal([changed.value, changed.description], [31, "How long"]);
  assert.equal(await settingGet.one({ key: "days" }, db), changed);
  const described = await settingUpsert.one({ key: "days", value: 31, description: "new" }, db);
  assert.is(described.description, "new");
  const ifVersion = described.version;
  const kept = await settingUpsert.one({ key: "days", value: 32, ifVersion }, db);
  assert.equal([kept.value, kept.description], [32, "new"]);
});

test("SettingUpsert with a version writes only while the setting still has it", async () => {
  const version = await put("days", 1);
  const other = await put("other", 1);

  const stale = await settingUpsert.run({ key: "days", value: 2, ifVersion: other }, db);
  const missing = await settingUpsert.run({ key: "missing", value: 2, ifVersion: version }, db);
  const written = await settingUpsert.one({ key: "days", value: 3, ifVersion: version }, db);
  const again = await settingUpsert.run({ key: "days", value: 4, ifVersion: version }, db);

  assert.equal([stale, missing, again], [[], [], []]);
  assert.ok(written.version > version);
  assert.equal(await settingGet.one({ key: "days" }, db), written);
  assert.is(await count(db, "system_settings"), 2);
});

test("SettingUpsert with version 0 writes only while the setting does not exist", async () => {
  const made = await settingUpsert.run({ key: "days", value: 1, ifVersion: 0 }, db);
  const again = await settingUpsert.run({ key: "days", value: 2, ifVersion: 0 }, db);

  assert.is(made.length, 1);
  assert.equal(again, []);
  assert.equal(await settingGet.run({ key: "days" }, db), made);
});

test("SettingUpsert lets one of many callers with one version through", async () => {
  for (const start of [0, undefined]) {
    let version = start ?? await put("counter", 0);
    for (let round = 0; round < 10; round++) {
      const key = start === 0 ? `new-${round}` : "counter";

      const results = await Promise.all(
        Array.from(
          { length: 8 },
          (_, value) => settingUpsert.run({ key, value, ifVersion: version }, db),
        ),
      );

      const written = results.flat();
      assert.is(written.length, 1);
      assert.equal(await settingGet.run({ key }, db), written);
      if (start === undefined) version = written[0]!.version;
    }
  }
});

test("SettingUpsert from many callers at once gives each write a version of its own", async () => {
  const writes = await Promise.all(
    Array.from({ length: 64 }, (_, i) => settingUpsert.one({ key: `k${i % 4}`, value: i }, db)),
  );

  assert.is(new Set(writes.map(({ version }) => version)).size, 64);
  assert.is(await count(db, "system_settings"), 4);
  const highest = Math.max(...writes.map(({ version }) => version));
  assert.equal(await settingVersionGet.one(undefined, db), { count: 4, version: highest });
});

test("SettingUpsert stores every JSON value as it is, null included", async () => {
  const values: Json[] = [
    null,
    true,
    false,
    0,
    -1.5,
    "",
    "text",
    "null",
    "true",
    '{"looks":"like JSON"}',
    [],
    [null, 1, ["a"]],
    {},
    { a: null, deviceId: { device_id: [1] } },
  ];
  for (const value of values) {
    const written = await settingUpsert.one({ key: "value", value }, db);

    assert.equal(written.value, value);
    assert.equal((await settingGet.one({ key: "value" }, db)).value, value);
  }
});

test("SettingUpsert stores the JSON null and no SQL null, and refuses what no key may be", async () => {
  await put("nothing", null);
  await settingUpsert.run({ key: "absent" }, db);

  const { rows } = await db.query("select jsonb_typeof(value) as type from system_settings");
  const empty = await rejection(put(""));
  const long = await rejection(put("x".repeat(256)));
  const nul = await rejection(put("key", { deep: ["a\u0000"] }));

  assert.equal(rows, [{ type: "null" }, { type: "null" }]);
  assert.is((empty as ConstraintError).constraint, "key_has_1_to_255_characters");
  assert.is((long as ConstraintError).constraint, "key_has_1_to_255_characters");
  assert.instance(nul, ParameterError);
  assert.is((nul as ParameterError).field, "value");
});

test("SettingInsertDefaults inserts what is missing, changes nothing, and says which", async () => {
  const version = await put("b", "own");

  const first = await settingInsertDefaults.run(
    { defaults: { c: null, b: "default", a: [1] } },
    db,
  );
  const second = await settingInsertDefaults.run({ defaults: { a: 2, b: 2, c: 2 } }, db);

  assert.equal(first, [
    { key: "a", inserted: true },
    { key: "b", inserted: false },
    { key: "c", inserted: true },
  ]);
  assert.ok(second.every(({ inserted }) => !inserted));
  const rows = await settingList.run({}, db);
  assert.equal(rows.map(({ key, value }) => [key, value]), [["a", [1]], ["b", "own"], ["c", null]]);
  assert.is(rows[1]?.version, version);
  assert.equal(await settingInsertDefaults.run({ defaults: {} }, db), []);
});

test("SettingGet and SettingGetMany find the settings that exist", async () => {
  await put("b", 2);
  await put("a", 1);
  await put("c", 3);

  const rows = await settingGetMany.run({ keys: ["b", "A", "a", "b"] }, db);

  assert.equal(rows.map(({ key, value }) => [key, value]), [["a", 1], ["b", 2]]);
  assert.equal(await settingGet.one({ key: "a" }, db), rows[0]);
  assert.is(await settingGet.first({ key: "A" }, db), undefined);
  assert.equal(await settingGetMany.run({ keys: [] }, db), []);
});

test("SettingList pages by key, with a literal prefix, and gives all without a limit", async () => {
  const all = ["%x", "Log", "a_b", "aab", "log.days", "log.level", "log_days", "zz"];
  for (const key of all.toReversed()) await put(key);

  assert.equal(await keys({}), all);
  assert.equal(await keys({ prefix: "log" }), ["log.days", "log.level", "log_days"]);
  assert.equal(await keys({ prefix: "log." }), ["log.days", "log.level"]);
  assert.equal(await keys({ prefix: "log_" }), ["log_days"]);
  assert.equal(await keys({ prefix: "a_" }), ["a_b"]);
  assert.equal(await keys({ prefix: "%" }), ["%x"]);
  assert.equal(await keys({ prefix: "nothing" }), []);
  assert.equal(await keys({ prefix: "log", afterKey: "log.days", limit: 1 }), ["log.level"]);
  const paged: string[] = [];
  for (;;) {
    const page = await keys({ afterKey: paged.at(-1) ?? "", limit: 3 });
    paged.push(...page);
    if (page.length < 3) break;
  }
  assert.equal(paged, all);
});

test("SettingDelete deletes a setting, with a version only while it still has it", async () => {
  const version = await put("a");
  await put("b");

  assert.equal(await settingDelete.run({ key: "a", ifVersion: version + 100 }, db), []);
  const deleted = await settingDelete.one({ key: "a", ifVersion: version }, db);

  assert.equal([deleted.key, deleted.value, deleted.version], ["a", 1, version]);
  assert.equal(await keys({}), ["b"]);
  assert.equal(await settingDelete.run({ key: "a" }, db), []);
  assert.is((await settingDelete.run({ key: "b" }, db)).length, 1);
});

test("SettingVersionGet changes with every write, and versions never come back", async () => {
  const empty = await settingVersionGet.one(undefined, db);
  const seen: string[] = [JSON.stringify(empty)];
  const look = async () => seen.push(JSON.stringify(await settingVersionGet.one(undefined, db)));

  const first = await put("a");
  await look();
  const second = await put("b");
  await look();
  const third = await put("a");
  await look();
  await settingDelete.run({ key: "a" }, db);
  await look();
  const fourth = await put("a");
  await look();

  assert.equal(empty, { count: 0, version: 0 });
  assert.is(new Set(seen).size, seen.length);
  assert.ok(first < second && second < third && third < fourth);
});

test("A setting that is written in a transaction that rolls back stays as it was", async () => {
  await put("a", 1);
  const before = await settingGet.one({ key: "a" }, db);

  await rejection(db.transaction(async (tx) => {
    await settingUpsert.run({ key: "a", value: 2 }, tx);
    await settingDelete.run({ key: "a" }, tx);
    throw new Error("boom");
  }));

  assert.equal(await settingGet.one({ key: "a" }, db), before);
});

test.run();
