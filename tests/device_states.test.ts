/** The narrow row of each device that identifies its latest version. */
import * as assert from "uvu/assert";
import { type ConstraintError, deviceStateGet } from "netraven-db";
import { deviceStateEnsure, deviceStateLock } from "../src/generated/internal/device_states.ts";
import { addConfig, addDevice, addJob, clear, count, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("device_states");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

test("DeviceStateEnsure makes an empty state once, and changes none there is", async () => {
  const { id: deviceId } = await addDevice(db);
  const empty = {
    deviceId,
    contentHash: null,
    configurationId: null,
    retrievedAt: null,
    verifiedAt: null,
    verifiedCount: 0,
    jobId: null,
  };

  assert.is(await deviceStateGet.first({ deviceId }, db), undefined);
  await deviceStateEnsure.run({ deviceIds: [deviceId] }, db);
  assert.equal(await deviceStateGet.one({ deviceId }, db), empty);
  await addConfig(db, deviceId);
  await addJob(db, { deviceId });
  const full = await deviceStateGet.one({ deviceId }, db);
  await deviceStateEnsure.run({ deviceIds: [deviceId] }, db);

  assert.equal(await deviceStateGet.one({ deviceId }, db), full);
  assert.ok(Object.values(full).every((value) => value !== null));
  assert.is(await count(db, "device_states"), 1);
});

test("DeviceStateEnsure leaves out a device that does not exist", async () => {
  const { id } = await addDevice(db);

  await deviceStateEnsure.run({ deviceIds: [-1, id] }, db);

  assert.is(await count(db, "device_states"), 1);
});

test("DeviceStateLock keeps the second caller waiting, who then reads what the first stored", async () => {
  const { id: deviceId } = await addDevice(db);
  const saved = await addConfig(db, deviceId);
  const waiting = async () => {
    const { rows } = await db.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length === 1;
  };

  let second: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    const state = await deviceStateLock.one({ deviceIds: [deviceId] }, tx);
    assert.is(state.configurationId, saved.id);
    assert.equal(fields(state), [
      "configurationId",
      "contentHash",
      "deviceId",
      "retrievedAt",
      "verifiedAt",
    ]);
    second = db.transaction(async (other) => {
      const { verifiedAt } = await deviceStateLock.one({ deviceIds: [deviceId] }, other);
      return verifiedAt;
    });
    await until("the second caller waits", waiting);
    await tx.query("update device_states set verified_at = '2099-01-01Z'");
  });

  assert.equal(await second, new Date("2099-01-01Z"));
});

test("DeviceStateLock keeps other devices' savers free", async () => {
  const [a, b] = [(await addDevice(db)).id, (await addDevice(db)).id];
  await addConfig(db, a);

  await db.transaction(async (tx) => {
    await deviceStateLock.one({ deviceIds: [a] }, tx);
    assert.ok((await addConfig(db, b)).changed);
  });
});

test("A state holds all of a configuration or nothing, and hashes of 32 bytes", async () => {
  const { id: deviceId } = await addDevice(db);
  await addConfig(db, deviceId);

  const half = await rejection(db.query("update device_states set verified_at = null"));
  const short = await rejection(db.query("update device_states set content_hash = '\\x00'"));

  assert.is(
    (half as ConstraintError).constraint,
    "configuration_is_known_in_full_or_not_at_all",
  );
  assert.is((short as ConstraintError).constraint, "content_hash_has_32_bytes");
});

test.run();
