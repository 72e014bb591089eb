/** Tags of devices: they form sets, and a repeated call changes nothing. */
import * as assert from "uvu/assert";
import {
  deviceGet,
  deviceTagAdd,
  deviceTagRemove,
  deviceTagSet,
  tagGetByName,
  tagInsert,
} from "netraven-db";
import { addDevice, clear, count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";

const test = suite("device_tags");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

async function tagsOf(id: number): Promise<string[]> {
  return (await deviceGet.one({ id }, db)).tags;
}

test("DeviceTagSet gives every device exactly these tags, and makes the missing ones", async () => {
  await tagInsert.run({ name: "dc1", type: "site" }, db);
  const a = await addDevice(db, { tagNames: ["old", "leaf"] });
  const b = await addDevice(db);
  const other = await addDevice(db, { tagNames: ["old"] });

  const rows = await deviceTagSet.run({
    deviceIds: [b.id, a.id, -1, b.id],
    tagNames: ["new", "leaf", "dc1", "leaf"],
  }, db);

  const tags = ["dc1", "leaf", "new"];
  assert.equal(rows, [{ deviceId: a.id, tags }, { deviceId: b.id, tags }]);
  assert.equal(await tagsOf(a.id), tags);
  assert.equal(await tagsOf(b.id), tags);
  assert.equal(await tagsOf(other.id), ["old"]);
  assert.is((await tagGetByName.one({ name: "dc1" }, db)).type, "site");
});

test("DeviceTagSet takes all tags off where none is given, and does nothing for nobody", async () => {
  const a = await addDevice(db, { tagNames: ["x", "y"] });
  const b = await addDevice(db, { tagNames: ["x"] });

  const rows = await deviceTagSet.run({ deviceIds: [a.id], tagNames: [] }, db);
  const nobody = await deviceTagSet.run({ deviceIds: [], tagNames: [] }, db);

  assert.equal(rows, [{ deviceId: a.id, tags: [] }]);
  assert.equal(nobody, []);
  assert.equal(await tagsOf(a.id), []);
  assert.equal(await tagsOf(b.id), ["x"]);
  assert.ok(await tagGetByName.first({ name: "y" }, db));
});

test("DeviceTagAdd adds and keeps, DeviceTagRemove takes off and keeps", async () => {
  const a = await addDevice(db, { tagNames: ["old"] });
  const b = await addDevice(db, { tagNames: ["leaf"] });
  const other = await addDevice(db, { tagNames: ["old", "leaf"] });
  const both = [b.id, -1, a.id];

  const added = await deviceTagAdd.run({ deviceIds: both, tagNames: ["leaf", "new", "new"] }, db);
  const removed = await deviceTagRemove.run({ deviceIds: both, tagNames: ["leaf", "unknown"] }, db);

  assert.equal(added, [
    { deviceId: a.id, tags: ["leaf", "new", "old"] },
    { deviceId: b.id, tags: ["leaf", "new"] },
  ]);
  assert.equal(removed, [
    { deviceId: a.id, tags: ["new", "old"] },
    { deviceId: b.id, tags: ["new"] },
  ]);
  assert.equal(await tagsOf(a.id), ["new", "old"]);
  assert.equal(await tagsOf(b.id), ["new"]);
  assert.equal(await tagsOf(other.id), ["leaf", "old"]);
  assert.is(await tagGetByName.first({ name: "unknown" }, db), undefined);
});

test("DeviceTagSet, Add and Remove give the same the second time", async () => {
  const { id } = await addDevice(db, { tagNames: ["x"] });
  const given = { deviceIds: [id], tagNames: ["a", "b"] };

  for (const query of [deviceTagSet, deviceTagAdd, deviceTagRemove]) {
    const first = await query.run(given, db);
    const second = await query.run(given, db);

    assert.equal(second, first);
    assert.equal(await tagsOf(id), first[0]?.tags);
  }
});

test("DeviceTagAdd and DeviceTagRemove leave all as it is without tags or without a device", async () => {
  const { id } = await addDevice(db, { tagNames: ["x"] });

  for (const query of [deviceTagAdd, deviceTagRemove]) {
    assert.equal(await query.run({ deviceIds: [id], tagNames: [] }, db), [
      { deviceId: id, tags: ["x"] },
    ]);
    assert.equal(await query.run({ deviceIds: [], tagNames: ["x"] }, db), []);
  }
  assert.equal(await tagsOf(id), ["x"]);
});

test("DeviceTagAdd from many callers at once loses and doubles nothing", async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await addDevice(db)).id));
  for (let round = 0; round < 10; round++) {
    const shared = Array.from({ length: 20 }, (_, i) => `shared-${round}-${i}`);
    const callers = Array.from({ length: 8 }, (_, i) => [`own-${round}-${i}`, ...shared]);

    await Promise.all(callers.map((tagNames, i) =>
      deviceTagAdd.run({
        deviceIds: i % 2 ? ids : ids.toReversed(),
        tagNames: i % 2 ? tagNames : tagNames.toReversed(),
      }, db)
    ));
  }

  for (const id of ids) assert.is((await tagsOf(id)).length, 280);
  assert.is(await count(db, "device_tags"), 1400);
  assert.is(await count(db, "tags"), 280);
});

test.run();
