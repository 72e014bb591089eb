/** Reading versions of configurations, with and without their text. `config_save.test.ts` tests saving. */
import * as assert from "uvu/assert";
import {
  configAsOfGet,
  configGet,
  configHistoryList,
  configLatestGet,
  configLatestList,
  configSave,
  type ConfigVersionSummary,
  ConstraintError,
  deviceDelete,
  deviceStateGet,
} from "netraven-db";
import { deviceStateEnsure } from "../src/generated/internal/device_states.ts";
import {
  configPairGet,
  configVerify,
  configVerifyMany,
  configVersionDelete,
} from "../src/generated/internal/device_configurations.ts";
import { addConfig, addDevice, clear, count, databaseNow, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("device_configurations");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const LISTED = [
  "added",
  "contentHash",
  "deviceId",
  "id",
  "metadata",
  "previousId",
  "removed",
  "retrievedAt",
  "size",
  "validUntil",
  "verifiedAt",
  "verifiedCount",
];
const WHOLE = [...LISTED.filter((field) => field !== "size"), "configData", "raw"].sort();

function hour(hour: number): Date {
  return new Date(Date.UTC(2024, 0, 1, hour));
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Creates a device with versions of these hours. Their texts are `text <hour>`, with quotes if that is taken. */
async function addHistory(hours: readonly number[]): Promise<{ deviceId: number; ids: number[] }> {
  const { id: deviceId } = await addDevice(db);
  const ids: number[] = [];
  for (const [i, n] of hours.entries()) {
    const text = `text ${n}${hours[i - 1] === n ? "'".repeat(i) : ""}`;
    const saved = await addConfig(db, deviceId, { text, retrievedAt: hour(n) });
    ids.push(saved.id);
  }
  return { deviceId, ids };
}

async function setVerified(deviceId: number, at: Date): Promise<void> {
  await db.query("update device_states set verified_at = $2 where device_id = $1", [deviceId, at]);
}

test("A version ends when the next one comes, and keeps when and how often it was read", async () => {
  const { deviceId, ids: [first] } = await addHistory([1]);
  await configSave({ deviceId, text: "text 1" }, db);
  await setVerified(deviceId, hour(2));

  const second = await configSave({ deviceId, text: "text 3", retrievedAt: hour(3) }, db);

  const before = await configGet.one({ id: first! }, db);
  assert.equal([before.validUntil, before.verifiedAt, before.verifiedCount], [hour(3), hour(2), 2]);
  const latest = await configGet.one({ id: second.id }, db);
  assert.equal([latest.validUntil, latest.previousId, latest.verifiedCount], [null, first, 1]);
  assert.equal(await deviceStateGet.one({ deviceId }, db), {
    deviceId,
    contentHash: await sha256("text 3"),
    configurationId: second.id,
    retrievedAt: hour(3),
    verifiedAt: hour(3),
    verifiedCount: 1,
    jobId: null,
  });
});

test("A version gets no earlier time than the one before has", async () => {
  const { deviceId } = await addHistory([1]);
  const late = new Date("2099-01-01Z");
  await db.query("update device_configurations set retrieved_at = $1", [late]);
  await db.query("update device_states set retrieved_at = $1, verified_at = $1", [late]);

  const { id } = await configSave({ deviceId, text: "next" }, db);

  assert.equal((await configGet.one({ id }, db)).retrievedAt, late);
});

test("The database refuses versions of a device that stand at one time", async () => {
  const { deviceId, ids } = await addHistory([1, 3, 5]);
  await addHistory([1, 3, 5]);
  const overlaps = [
    ["update device_configurations set valid_until = $2 where id = $1", ids[0]!, hour(4)],
    ["update device_configurations set valid_until = null where id = $1 and $2 > now()", ids[1]!],
    ["update device_configurations set retrieved_at = $2 where id = $1", ids[2]!, hour(2)],
  ] as const;

  for (const [text, id, at] of overlaps) {
    const error = await rejection(db.query(text, [id, at ?? new Date("2099-01-01Z")]));

    assert.instance(error, ConstraintError);
    const { constraint, kind } = error as ConstraintError;
    const expected = ["device_configurations_stand_one_after_another", "exclusion"];
    assert.equal([constraint, kind], expected);
  }
  await db.query("update device_configurations set valid_until = $2 where id = $1", [
    ids[0],
    hour(2),
  ]);
  assert.is((await configAsOfGet.one({ deviceId, at: hour(2) }, db)).id, ids[0]);
});

test("ConfigGet returns one version with its text, and when it was last verified", async () => {
  const { deviceId, ids: [first, second] } = await addHistory([1, 2]);
  await setVerified(deviceId, hour(20));

  const old = await configGet.one({ id: first! }, db);
  const latest = await configGet.one({ id: second! }, db);

  assert.equal(fields(old), WHOLE);
  assert.equal(old, {
    id: first!,
    deviceId,
    retrievedAt: hour(1),
    verifiedAt: hour(1),
    verifiedCount: 1,
    validUntil: hour(2),
    contentHash: await sha256("text 1"),
    metadata: {},
    previousId: null,
    added: 1,
    removed: 0,
    configData: "text 1",
    raw: null,
  });
  assert.equal([latest.configData, latest.verifiedAt], ["text 2", hour(20)]);
  assert.is(await configGet.first({ id: -1 }, db), undefined);
});

test("ConfigPairGet returns two versions with their texts, in the order asked for", async () => {
  const { deviceId, ids: [a, b] } = await addHistory([1, 2]);
  const { ids: [c] } = await addHistory([3]);
  await setVerified(deviceId, hour(20));
  const pair = async (idA: number, idB: number) =>
    (await configPairGet.run({ idA, idB }, db)).map(({ id, configData }) => [id, configData]);

  assert.equal(await pair(a!, b!), [[a, "text 1"], [b, "text 2"]]);
  assert.equal(await pair(b!, a!), [[b, "text 2"], [a, "text 1"]]);
  assert.equal(await pair(a!, c!), [[a, "text 1"], [c, "text 3"]]);
  assert.equal(await pair(b!, b!), [[b, "text 2"], [b, "text 2"]]);
  assert.equal(await pair(-1, b!), [[b, "text 2"]]);
  const [first, second] = await configPairGet.run({ idA: a!, idB: b! }, db);
  assert.equal(fields(first), WHOLE);
  assert.equal([first?.verifiedAt, second?.verifiedAt], [hour(1), hour(20)]);
});

test("ConfigLatestGet returns the latest version of the device, with its text", async () => {
  const { deviceId, ids } = await addHistory([1, 2, 3]);
  await addHistory([9]);
  const { id: empty } = await addDevice(db);
  await setVerified(deviceId, hour(20));

  const latest = await configLatestGet.one({ deviceId }, db);

  assert.equal(fields(latest), WHOLE);
  assert.equal([latest.id, latest.configData], [ids[2], "text 3"]);
  assert.equal([latest.retrievedAt, latest.verifiedAt], [hour(3), hour(20)]);
  await deviceStateEnsure.run({ deviceIds: [empty] }, db);
  assert.equal(await configLatestGet.run({ deviceId: empty }, db), []);
  assert.equal(await configLatestGet.run({ deviceId: -1 }, db), []);
});

test("ConfigAsOfGet returns the version that was valid then", async () => {
  const { deviceId } = await addHistory([1, 3, 6]);
  const other = await addHistory([2]);
  await setVerified(deviceId, hour(20));
  const asOf = async (at: Date) => (await configAsOfGet.first({ deviceId, at }, db))?.configData;

  assert.is(await asOf(hour(0)), undefined);
  assert.is(await asOf(new Date(hour(1).getTime() - 1)), undefined);
  assert.is(await asOf(hour(1)), "text 1");
  assert.is(await asOf(hour(2)), "text 1");
  assert.is(await asOf(new Date(hour(3).getTime() - 1)), "text 1");
  assert.is(await asOf(hour(3)), "text 3");
  assert.is(await asOf(hour(5)), "text 3");
  assert.is(await asOf(new Date("2099-01-01Z")), "text 6");
  const row = await configAsOfGet.one({ deviceId, at: hour(7) }, db);
  assert.equal(fields(row), WHOLE);
  assert.equal([row.retrievedAt, row.verifiedAt], [hour(6), hour(20)]);
  assert.is((await configAsOfGet.one({ ...other, at: hour(2) }, db)).configData, "text 2");
});

test("ConfigAsOfGet returns the last of several versions of one time", async () => {
  const { deviceId } = await addHistory([1]);
  await addConfig(db, deviceId, { text: "second", retrievedAt: hour(1) });
  await addConfig(db, deviceId, { text: "third", retrievedAt: hour(1) });

  const row = await configAsOfGet.one({ deviceId, at: hour(1) }, db);

  assert.is(row.configData, "third");
});

test("ConfigLatestList pages over the latest versions, without their text", async () => {
  const histories = [];
  for (let i = 0; i < 7; i++) histories.push(await addHistory([1, 2 + i]));
  await deviceStateEnsure.run({ deviceIds: [(await addDevice(db)).id] }, db);
  const text = "ü".repeat(100);
  const sized = (await addDevice(db)).id;
  await addConfig(db, sized, { text });

  const seen: number[][] = [];
  let afterDeviceId: number | undefined;
  for (;;) {
    const page = await configLatestList.run({ afterDeviceId, limit: 3 }, db);
    for (const row of page) {
      assert.equal(fields(row), LISTED);
      seen.push([row.deviceId, row.id]);
    }
    if (page.length < 3) break;
    afterDeviceId = page.at(-1)!.deviceId;
  }

  const expected = histories.map(({ deviceId, ids }) => [deviceId, ids[1]!]);
  assert.equal(seen.slice(0, -1), expected);
  assert.is(seen.at(-1)?.[0], sized);
  const [last] = await configLatestList.run({ deviceIds: [sized], limit: 3 }, db);
  assert.is(last?.size, 200);
});

test("ConfigLatestList takes some devices alone", async () => {
  const a = await addHistory([1, 2]);
  await addHistory([3]);
  const c = await addHistory([4]);
  await setVerified(c.deviceId, hour(20));

  const rows = await configLatestList.run({
    deviceIds: [c.deviceId, -1, a.deviceId, a.deviceId],
    limit: 10,
  }, db);

  assert.equal(rows.map(({ id, retrievedAt, verifiedAt }) => [id, retrievedAt, verifiedAt]), [
    [a.ids[1], hour(2), hour(2)],
    [c.ids[0], hour(4), hour(20)],
  ]);
  assert.equal(await configLatestList.run({ deviceIds: [], limit: 10 }, db), []);
});

test("ConfigHistoryList pages over the versions, newest first, each exactly once", async () => {
  // Several versions share a time: the id decides.
  const { deviceId, ids } = await addHistory([1, 2, 2, 2, 2, 3, 5, 5]);
  await addHistory([2, 4]);
  await setVerified(deviceId, hour(20));

  for (const limit of [1, 3, 8, 100]) {
    const seen: number[] = [];
    let last: ConfigVersionSummary | undefined;
    for (;;) {
      const after = { afterRetrievedAt: last?.retrievedAt, afterId: last?.id };
      const page = await configHistoryList.run({ deviceId, ...after, limit }, db);
      seen.push(...page.map(({ id }) => id));
      if (page.length < limit) break;
      last = page.at(-1);
    }

    assert.equal(seen, ids.toReversed());
  }
  const rows = await configHistoryList.run({ deviceId, limit: 2 }, db);
  for (const row of rows) assert.equal(fields(row), LISTED);
  assert.equal(rows.map(({ verifiedAt }) => verifiedAt), [hour(20), hour(5)]);
  assert.equal(await configHistoryList.run({ deviceId: -1, limit: 2 }, db), []);
});

test("ConfigVerifyMany moves the latest versions' times for their own texts alone, and counts", async () => {
  const { deviceId, ids } = await addHistory([1, 2]);
  const other = await addHistory([2, 4]);
  const { id: bare } = await addDevice(db);
  const verify = async (text: string) => {
    const deviceIds = [deviceId, bare, other.deviceId, -1];
    const hash = await sha256(text);
    const contentHashes = [hash, hash, await sha256("text 2"), hash];
    const rows = await configVerifyMany.run({ deviceIds, contentHashes }, db);
    return new Map(rows.map(({ deviceId, verifiedId }) => [deviceId, verifiedId]));
  };
  const before = await databaseNow(db);

  const none = new Map([[deviceId, null], [bare, null], [other.deviceId, null]]);
  assert.equal(await verify("text 1"), none);
  assert.equal((await configLatestGet.one({ deviceId }, db)).verifiedAt, hour(2));
  assert.equal(await verify("text 2"), new Map([...none, [deviceId, ids[1]!]]));

  const { verifiedAt, verifiedCount } = await configLatestGet.one({ deviceId }, db);
  assert.ok(verifiedAt >= before && verifiedAt <= await databaseNow(db));
  assert.is(verifiedCount, 2);
  assert.equal((await configGet.one({ id: ids[0]! }, db)).verifiedAt, hour(1));
  assert.equal((await configLatestGet.one(other, db)).verifiedAt, hour(4));
});

test("ConfigVerify moves a device's time for its latest text alone, and never back", async () => {
  const { deviceId, ids } = await addHistory([1, 2]);
  const other = await addHistory([2]);
  const verify = async (text: string) =>
    await configVerify.run({ deviceId, contentHash: await sha256(text) }, db);
  const before = await databaseNow(db);

  assert.equal(await verify("text 1"), []);
  assert.equal(await verify("text 2"), [{ id: ids[1] }]);

  const { verifiedAt, verifiedCount } = await configLatestGet.one({ deviceId }, db);
  assert.ok(verifiedAt >= before && verifiedAt <= await databaseNow(db));
  assert.is(verifiedCount, 2);
  assert.equal((await configLatestGet.one(other, db)).verifiedAt, hour(2));
  const future = new Date("2099-01-01Z");
  await setVerified(deviceId, future);
  await verify("text 2");
  assert.equal((await configLatestGet.one({ deviceId }, db)).verifiedAt, future);
});

test("ConfigVerifyMany never goes back", async () => {
  const { deviceId } = await addHistory([1]);
  const future = new Date("2099-01-01Z");
  await setVerified(deviceId, future);

  const given = { deviceIds: [deviceId], contentHashes: [await sha256("text 1")] };
  await configVerifyMany.one(given, db);

  assert.equal((await configLatestGet.one({ deviceId }, db)).verifiedAt, future);
});

test("ConfigVersionDelete deletes an old version, and refuses the latest while its device lives", async () => {
  const { deviceId, ids } = await addHistory([1, 2]);

  const deleted = await configVersionDelete.one({ id: ids[0]! }, db);
  const latest = await rejection(configVersionDelete.run({ id: ids[1]! }, db));

  assert.equal(deleted, { id: ids[0]!, deviceId, retrievedAt: hour(1) });
  assert.instance(latest, ConstraintError);
  const { constraint, kind } = latest as ConstraintError;
  assert.equal([constraint, kind], [
    "device_states_device_id_configuration_id_fkey",
    "foreign_key",
  ]);
  assert.equal(await configVersionDelete.run({ id: ids[0]! }, db), []);
  const left = await configHistoryList.run({ deviceId, limit: 10 }, db);
  assert.equal(left.map(({ id }) => id), [ids[1]]);
  await deviceDelete.one({ id: deviceId }, db);
  assert.is(await count(db, "device_configurations"), 0);
});

test("A latest configuration is of its own device", async () => {
  const a = await addHistory([1]);
  const b = await addHistory([2]);

  const error = await rejection(db.query(
    "update device_states set configuration_id = $2 where device_id = $1",
    [a.deviceId, b.ids[0]],
  ));

  assert.is(
    (error as ConstraintError).constraint,
    "device_states_device_id_configuration_id_fkey",
  );
});

test("A list sends no text over the wire, however large it is", async () => {
  const { id: deviceId } = await addDevice(db);
  await configSave({ deviceId, text: "secret text\n".repeat(100_000) }, db);

  const rows = [
    ...await configHistoryList.run({ deviceId, limit: 1 }, db),
    ...await configLatestList.run({ limit: 1 }, db),
  ];

  assert.is(rows.length, 2);
  for (const row of rows) {
    assert.is(row.size, 1_200_000);
    assert.not.match(JSON.stringify(row), "secret");
  }
});

test.run();
