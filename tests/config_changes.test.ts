/** The history of the fleet: which version was valid when, and which changes happened when. */
import * as assert from "uvu/assert";
import {
  configAsOfList,
  configCalendarList,
  configChangeList,
  configHistoryList,
  configNextGet,
  configPin,
  configPinList,
  configPreviousGet,
  configSave,
  configUnpin,
  ConstraintError,
  type Device,
  deviceDelete,
  deviceTagAdd,
  QueryError,
} from "netraven-db";
import { configVersionDelete } from "../src/generated/internal/device_configurations.ts";
import { addDevice, clear, count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("config changes");
const { db } = await testDatabase(test, { pool: { size: 2 } });
let devices: Device[];
/** Versions by device, oldest first. */
let ids: number[][];

/** 22:30 UTC. */
function evening(day: number): Date {
  return new Date(Date.UTC(2026, 0, day, 22, 30));
}

/** Changes of three devices by day; the second is tagged. */
const DAYS = [[1, 2, 5], [2, 3], [5]];

test.before.each(async () => {
  await clear(db);
  devices = [await addDevice(db), await addDevice(db), await addDevice(db)];
  await deviceTagAdd.run({ deviceIds: [devices[1]!.id], tagNames: ["core"] }, db);
  ids = [];
  for (const [i, { id: deviceId }] of devices.entries()) {
    const saved: number[] = [];
    for (const day of DAYS[i]!) {
      const text = `hostname x\nday ${day}\n`;
      saved.push((await configSave({ deviceId, text, retrievedAt: evening(day) }, db)).id);
    }
    ids.push(saved);
  }
  await addDevice(db);
});

test("ConfigAsOfList tells what was valid at a time on each device that had something", async () => {
  const asOf = async (day: number, more = {}) => {
    const rows = await configAsOfList.run({ at: evening(day), ...more, limit: 10 }, db);
    return rows.map(({ id }) => id);
  };

  assert.equal(await asOf(0), []);
  assert.equal(await asOf(1), [ids[0]![0]]);
  assert.equal(await asOf(4), [ids[0]![1], ids[1]![1]]);
  assert.equal(await asOf(9), [ids[0]![2], ids[1]![1], ids[2]![0]]);
  assert.equal(await asOf(9, { tagNames: ["core"] }), [ids[1]![1]]);
  assert.equal(await asOf(9, { afterDeviceId: devices[1]!.id }), [ids[2]![0]]);
  const [first] = await configAsOfList.run({ at: evening(1), limit: 1 }, db);
  assert.equal([first?.hostname, first?.size], [
    devices[0]!.hostname,
    "hostname x\nday 1\n".length,
  ]);
  assert.equal([first?.verifiedAt, first?.validUntil], [evening(1), evening(2)]);
  // Pruning keeps the end time of the last known version.
  await configVersionDelete.run({ id: ids[0]![1]! }, db);
  const [gap] = await configAsOfList.run({ at: evening(4), limit: 1 }, db);
  assert.equal([gap?.id, gap?.validUntil], [ids[0]![0], evening(2)]);
});

test("ConfigPreviousGet and ConfigNextGet step through the versions of a device", async () => {
  const [first, second, third] = ids[0]!;
  const [, middle] = await configHistoryList.run({ deviceId: devices[0]!.id, limit: 2 }, db);

  assert.equal(await configPreviousGet.one({ id: third! }, db), middle);
  assert.equal(await configNextGet.one({ id: first! }, db), middle);
  assert.is((await configPreviousGet.one({ id: second! }, db)).id, first);
  assert.is(await configPreviousGet.first({ id: first! }, db), undefined);
  assert.is(await configNextGet.first({ id: third! }, db), undefined);
  assert.is(await configNextGet.first({ id: -1 }, db), undefined);
});

test("ConfigChangeList tells what changed between two times, newest first", async () => {
  const list = (more = {}) =>
    configChangeList.run({ from: evening(2), until: evening(5), ...more, limit: 10 }, db);
  const rows = await list();

  assert.equal(rows.map(({ id }) => id), [ids[1]![1], ids[1]![0], ids[0]![1]]);
  assert.equal(rows[0], {
    id: ids[1]![1]!,
    deviceId: devices[1]!.id,
    hostname: devices[1]!.hostname,
    retrievedAt: evening(3),
    previousId: ids[1]![0]!,
    added: 1,
    removed: 1,
    metadata: {},
  });
  assert.equal(rows.map(({ previousId }) => previousId), [ids[1]![0], null, ids[0]![0]]);
  const after = { afterRetrievedAt: rows[0]!.retrievedAt, afterId: rows[0]!.id };
  assert.equal(await list(after), rows.slice(1));
  assert.equal(await list({ tagNames: ["core"] }), rows.slice(0, 2));
  assert.equal(await list({ deviceIds: [devices[0]!.id] }), rows.slice(2));
});

test("ConfigCalendarList counts the changes of each day, by the calendar of a place", async () => {
  const calendar = (zone: string, more = {}) =>
    configCalendarList.run({ zone, from: evening(0), until: evening(9), ...more }, db);
  const day = (day: string, changes: number, firstRead: number) => ({
    day,
    changes,
    devices: changes,
    added: changes,
    removed: changes,
    firstRead,
  });

  assert.equal(await calendar("UTC"), [
    day("2026-01-01", 0, 1),
    day("2026-01-02", 1, 1),
    day("2026-01-03", 1, 0),
    day("2026-01-05", 1, 1),
  ]);
  const berlin = (await calendar("Europe/Berlin")).map(({ day }) => day);
  assert.equal(berlin, ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-05"]);
  const tokyo = (await calendar("Asia/Tokyo", { tagNames: ["core"] })).map(({ day }) => day);
  assert.equal(tokyo, ["2026-01-03", "2026-01-04"]);
  const error = await rejection(calendar("Nowhere/Land"));
  assert.instance(error, QueryError);
  assert.is((error as QueryError).sqlState, "22023");
});

test("A pinned version stays until the last label is gone, or its device", async () => {
  const [first] = ids[0]!;
  const pin = (label: string, by = "alice", note?: string) =>
    configPin.one({ id: first!, label, by, note }, db);

  const pinned = await pin("golden");
  await pin("restored", "bob", "after the outage");
  const again = await pin("golden", "carol", "still");

  assert.equal([again.pinnedBy, again.note], ["carol", "still"]);
  assert.equal(again.pinnedAt, pinned.pinnedAt);
  const error = await rejection(configVersionDelete.run({ id: first! }, db));
  assert.instance(error, ConstraintError);
  const expected = "config_pins_device_id_configuration_id_fkey";
  assert.is((error as ConstraintError).constraint, expected);
  assert.is((await configUnpin.one({ id: first!, label: "golden" }, db)).label, "golden");
  assert.instance(await rejection(configVersionDelete.run({ id: first! }, db)), ConstraintError);
  await configUnpin.one({ id: first!, label: "restored" }, db);
  assert.is(await configUnpin.first({ id: first!, label: "restored" }, db), undefined);
  assert.is((await configVersionDelete.one({ id: first! }, db)).id, first);
  assert.is(await configPin.first({ id: first!, label: "x", by: "me" }, db), undefined);
  await configPin.one({ id: ids[1]![0]!, label: "golden", by: "me" }, db);
  await deviceDelete.one({ id: devices[1]!.id }, db);
  assert.is(await count(db, "config_pins"), 0);
});

test("ConfigPinList lists pins of some devices or all, under a label or any", async () => {
  const pins = [[0, 0, "golden"], [0, 0, "restored"], [0, 2, "golden"], [2, 0, "golden"]] as const;
  for (const [device, version, label] of pins) {
    await configPin.run({ id: ids[device]![version]!, label, by: "alice" }, db);
  }
  const list = async (more = {}) => {
    const rows = await configPinList.run({ ...more, limit: 10 }, db);
    return rows.map(({ configurationId, label }) => [configurationId, label]);
  };
  const all = [
    [ids[0]![2], "golden"],
    [ids[0]![0], "restored"],
    [ids[0]![0], "golden"],
    [ids[2]![0], "golden"],
  ];

  assert.equal(await list(), all);
  assert.equal(await list({ label: "restored" }), [all[1]]);
  assert.equal(await list({ deviceIds: [devices[2]!.id] }), [all[3]]);
  const after = {
    afterDeviceId: devices[0]!.id,
    afterConfigurationId: ids[0]![0],
    afterLabel: "restored",
  };
  assert.equal(await list(after), all.slice(2));
  const error = await rejection(configPin.run({ id: ids[0]![0]!, label: "", by: "me" }, db));
  assert.is((error as ConstraintError).constraint, "label_has_1_to_100_characters");
});

test.run();
