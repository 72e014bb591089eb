/** Login attempts by device: too many consecutive failures lock a credential out for a while. */
import * as assert from "uvu/assert";
import {
  ConfigError,
  credentialAttemptRecord,
  credentialDelete,
  credentialGuard,
  credentialLockoutClear,
  credentialLockoutList,
  credentialMatch,
  credentialMatchMany,
  deviceDelete,
} from "netraven-db";
import { credentialPasswordSet } from "../src/generated/internal/credentials.ts";
import {
  addCredential,
  addDevice,
  clear,
  count,
  databaseNow,
  envelope,
} from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("credential attempts");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

/** Records outcomes on a device, each with its age in seconds. */
async function record(
  deviceId: number,
  credentialId: number,
  outcomes: readonly (readonly [succeeded: boolean, secondsAgo: number])[],
): Promise<void> {
  const now = (await databaseNow(db)).getTime();
  await credentialAttemptRecord.run({
    deviceIds: outcomes.map(() => deviceId),
    credentialIds: outcomes.map(() => credentialId),
    succeeded: outcomes.map(([succeeded]) => succeeded),
    attemptedAt: outcomes.map(([, ago]) => new Date(now - ago * 1000)),
  }, db);
}

async function matched(deviceId: number, guard = {}): Promise<number[]> {
  return (await credentialMatch.run({ deviceId, ...guard }, db)).map(({ id }) => id);
}

const FAILED_THRICE = [[false, 30], [false, 20], [false, 10]] as const;

test("CredentialMatch leaves out what failed three times in a row on the device, and there alone", async () => {
  const [device, other] = [
    await addDevice(db, { tagNames: ["t"] }),
    await addDevice(db, { tagNames: ["t"] }),
  ];
  const [bad, good] = [
    await addCredential(db, { priority: 1, tagNames: ["t"] }),
    await addCredential(db, { priority: 2, tagNames: ["t"] }),
  ];

  await record(device.id, bad.id, FAILED_THRICE.slice(0, 2));
  assert.equal(await matched(device.id), [bad.id, good.id], "twice is not enough");
  await record(device.id, bad.id, FAILED_THRICE.slice(2));

  assert.equal(await matched(device.id), [good.id]);
  assert.equal(await matched(other.id), [bad.id, good.id]);
});

test("CredentialMatch takes it back after the while, after a success, and with another guard", async () => {
  const device = await addDevice(db, { tagNames: ["t"] });
  const { id } = await addCredential(db, { tagNames: ["t"] });
  await record(device.id, id, FAILED_THRICE);

  assert.equal(await matched(device.id), []);
  assert.equal(await matched(device.id, { lockoutSeconds: 5 }), [id], "the while is over");
  assert.equal(await matched(device.id, { lockoutSeconds: 60 }), []);
  assert.equal(await matched(device.id, { lockoutFailures: 4 }), [id]);
  assert.equal(await matched(device.id, { lockoutFailures: 0 }), [id], "no guard at all");

  await record(device.id, id, [[true, 5]]);
  assert.equal(await matched(device.id), [id]);
  await record(device.id, id, [[false, 4], [false, 3]]);
  assert.equal(await matched(device.id), [id], "the count began anew");
});

test("CredentialAttemptRecord counts failures in a row by the times of a batch", async () => {
  const device = await addDevice(db, { tagNames: ["t"] });
  const { id } = await addCredential(db, { tagNames: ["t"] });

  await record(device.id, id, [[false, 10], [true, 40], [false, 20], [false, 50], [false, 30]]);

  const [row] = await credentialLockoutList.run({ lockoutFailures: 1, limit: 10 }, db);
  assert.is(row?.failures, 3);
  await record(device.id, id, [[true, 60]]);
  assert.equal(await matched(device.id), [], "a success that is told late mends nothing");
});

test("CredentialAttemptRecord passes over devices that are gone", async () => {
  const { id } = await addCredential(db);

  await record(-1, id, FAILED_THRICE);

  assert.is(await count(db, "credential_attempts"), 0);
});

test("CredentialAttemptRecord counts every failure of 8 writers at once", async () => {
  const device = await addDevice(db);
  const { id } = await addCredential(db);

  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let i = 0; i < 20; i++) await record(device.id, id, [[false, 1]]);
  }));

  const [row] = await credentialLockoutList.run({ limit: 10 }, db);
  assert.is(row?.failures, 160);
});

test("CredentialMatchMany gives what CredentialMatch gives, with some locked out here and there", async () => {
  const ids: number[] = [];
  for (let i = 0; i < 12; i++) {
    const tagNames = [["a"], ["b"], ["a", "b"]][i % 3]!;
    ids.push((await addCredential(db, { priority: i, tagNames })).id);
  }
  const deviceIds: number[] = [];
  for (const tagNames of [["a"], ["b"], ["a", "b"], ["a"], []]) {
    deviceIds.push((await addDevice(db, { tagNames })).id);
  }
  for (const [place, deviceId] of deviceIds.entries()) {
    for (const id of ids.slice(0, place * 2)) await record(deviceId, id, FAILED_THRICE);
  }

  for (const perDevice of [1, 2, 3, 100]) {
    const rows = await credentialMatchMany.run({ deviceIds, perDevice }, db);

    for (const deviceId of deviceIds) {
      const own = rows.filter((row) => row.deviceId === deviceId).map(({ id }) => id);
      assert.equal(own, (await matched(deviceId)).slice(0, perDevice), `${perDevice}`);
    }
  }
  const open = { deviceIds, perDevice: 100, lockoutFailures: 0 };
  assert.ok((await credentialMatchMany.run(open, db)).length > 20);
});

test("CredentialLockoutList pages over what is locked out, CredentialLockoutClear ends it", async () => {
  const devices = [await addDevice(db), await addDevice(db)];
  const credentials = [await addCredential(db), await addCredential(db)];
  for (const device of devices) {
    for (const { id } of credentials) await record(device.id, id, FAILED_THRICE);
  }

  const first = await credentialLockoutList.run({ limit: 3 }, db);
  const last = first.at(-1)!;
  const after = { afterDeviceId: last.deviceId, afterCredentialId: last.credentialId };
  const rest = await credentialLockoutList.run({ ...after, limit: 3 }, db);

  assert.equal(
    [...first, ...rest].map(({ hostname, username }) => [hostname, username]),
    devices.flatMap(({ hostname }) => credentials.map(({ username }) => [hostname, username])),
  );
  const [credential, other] = credentials.map(({ id }) => id);
  const one = { credentialId: credential!, deviceIds: [devices[0]!.id] };
  assert.is((await credentialLockoutClear.run(one, db)).length, 1);
  assert.is((await credentialLockoutClear.run({ credentialId: other! }, db)).length, 2);
  const left = await credentialLockoutList.run({ limit: 9 }, db);
  assert.equal(
    left.map(({ deviceId, credentialId }) => [deviceId, credentialId]),
    [[devices[1]!.id, credential]],
  );
});

test("a new password may be tried at once; attempts go with their device and credential", async () => {
  const devices = [await addDevice(db, { tagNames: ["t"] }), await addDevice(db)];
  const credentials = [await addCredential(db, { tagNames: ["t"] }), await addCredential(db)];
  for (const device of devices) {
    for (const { id } of credentials) await record(device.id, id, FAILED_THRICE);
  }

  await credentialPasswordSet.one({ id: credentials[0]!.id, password: envelope("new") }, db);

  assert.equal(await matched(devices[0]!.id), [credentials[0]!.id]);
  assert.is(await count(db, "credential_attempts"), 2);
  await deviceDelete.one({ id: devices[0]!.id }, db);
  assert.is(await count(db, "credential_attempts"), 1);
  await credentialDelete.one({ id: credentials[1]!.id }, db);
  assert.is(await count(db, "credential_attempts"), 0);
});

test("credentialGuard() reads the settings, and refuses what is no number", async () => {
  assert.equal(await credentialGuard(db), { lockoutFailures: 3, lockoutSeconds: 900 });

  await db.settings.set("credential_lockout_failures", 5);
  await db.settings.set("credential_lockout_seconds", 60);
  assert.equal(await credentialGuard(db), { lockoutFailures: 5, lockoutSeconds: 60 });

  for (const value of ["many", -1, 1.5, 2 ** 31, null]) {
    await db.settings.set("credential_lockout_failures", value);
    if (value === null) {
      assert.is((await credentialGuard(db)).lockoutFailures, 3);
    } else {
      const error = await rejection(credentialGuard(db));
      assert.instance(error, ConfigError);
      assert.match(error.message, "credential_lockout_failures");
    }
  }
});

test.run();
