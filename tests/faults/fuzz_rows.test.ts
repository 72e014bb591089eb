/** Property-based tests of the main tables: any stored text, time or JSON is read back equal. */
// Runs on the first server: it tests how values are written and read.
import { createHash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  configGet,
  configLatestGet,
  configSave,
  connectionLogGet,
  connectionLogInsert,
  credentialCreate,
  credentialGet,
  deviceGet,
  deviceGetByHostname,
  deviceInsert,
  jobLogGet,
  jobLogInsert,
  type Json,
  settingGet,
  tagGet,
  tagGetByName,
  tagInsert,
  type Transaction,
  vaultOf,
} from "netraven-db";
import { credentialSecretGet } from "../../src/generated/internal/credentials.ts";
import { settingUpsert } from "../../src/generated/internal/system_settings.ts";
import { effort, PATIENCE } from "../support/effort.ts";
import { addDevice, addJob, fields } from "../support/factories.ts";
import { testKeys } from "../support/keys.ts";
import { address, json, text, time } from "../support/odd_values.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("fuzz: rows", { timeout: PATIENCE });
const { db } = await testDatabase(test, { pool: { size: 1 }, keys: testKeys(["k1"]) });

/** Strings of 1 to 255 characters. */
const name = text.filter((text) => text !== "");
const names = fc.uniqueArray(name, { maxLength: 5 });
const level = fc.constantFrom(
  "debug" as const,
  "info" as const,
  "warning" as const,
  "error" as const,
);

/** Logs accept times in this range only. */
const recent = fc.date({
  noInvalidDate: true,
  min: new Date(Date.now() - 365 * 86_400_000),
  max: new Date(Date.now() + 365 * 86_400_000),
});

/** A literal object, because uvu distinguishes it from one without a prototype. */
function record<T>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(parts, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Tests the property for each input in a transaction that is rolled back. */
async function forAll<T>(
  inputs: fc.Arbitrary<T>,
  check: (input: T, tx: Transaction) => Promise<void>,
): Promise<void> {
  const undo = new Error("undo");
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      try {
        await db.transaction(async (tx) => {
          await check(input, tx);
          throw undo;
        });
      } catch (error) {
        if (error !== undo) throw error;
      }
    }),
    effort(40),
  );
  assert.is(db.stats().discarded, 0);
}

/** Sorts names as the database does: by bytes, which is by code points. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

test("tagInsert stores a tag that tagGet and tagGetByName give back equal", async () => {
  await forAll(record({ name, type: text }), async (given, tx) => {
    const stored = await tagInsert.one(given, tx);

    assert.equal(stored, { id: stored.id, ...given });
    assert.equal(await tagGet.one({ id: stored.id }, tx), stored);
    assert.equal(await tagGetByName.one({ name: given.name }, tx), stored);
  });
});

test("deviceInsert stores a device with its tags that deviceGet gives back equal", async () => {
  const device = record({ hostname: name, ipAddress: address, deviceType: name });
  await forAll(fc.tuple(device, names), async ([given, tagNames], tx) => {
    const stored = await deviceInsert.one({ ...given, tagNames }, tx);

    const { rows } = await tx.query<{ ip: string }>("select $1::inet as ip", [given.ipAddress]);
    const found = await deviceGet.one({ id: stored.id }, tx);
    assert.is(found.hostname, given.hostname);
    assert.is(found.deviceType, given.deviceType);
    // An address has several notations.
    assert.is(found.ipAddress, rows[0]!.ip);
    assert.equal(found.tags, [...tagNames].sort(byBytes));
    assert.equal(await deviceGetByHostname.one({ hostname: given.hostname }, tx), found);
  });
});

test("credentialCreate stores a login that opens to what was given", async () => {
  const credential = record({
    username: text,
    password: text,
    priority: fc.integer({ min: -2147483648, max: 2147483647 }),
  });
  await forAll(credential, async (given, tx) => {
    const { id } = await credentialCreate(given, tx);

    const sealed = await credentialSecretGet.one({ id, by: "test", reason: "test" }, tx);
    const found = await credentialGet.one({ id }, tx);
    const vault = await vaultOf(tx).ready();
    const place = { table: "credentials", column: "password", uuid: found.uuid };
    const opened = await vault.open(place, sealed.password);
    assert.is(sealed.username, given.username);
    assert.is(opened.reveal(), given.password);
    assert.is(found.priority, given.priority);
    assert.not.ok(fields(found).includes("password"));
  });
});

test("settingUpsert stores a value that settingGet gives back equal", async () => {
  const setting = record({
    key: name,
    value: json.filter((value) => value !== null) as fc.Arbitrary<Json>,
    description: text,
  });
  await forAll(setting, async (given, tx) => {
    await settingUpsert.one({ ...given, value: "the one before" }, tx);
    const { version } = await settingUpsert.one(given, tx);

    const { key, value, description, ...rest } = await settingGet.one({ key: given.key }, tx);
    assert.equal({ key, value, description }, given);
    assert.is(rest.version, version);
  });
});

test("jobLogInsert stores a line that jobLogGet gives back equal", async () => {
  const line = record({ message: text, level, timestamp: recent });
  await forAll(line, async (given, tx) => {
    const { id: jobId, deviceId } = await addJob(tx);
    const { id } = await jobLogInsert.one({ ...given, jobId }, tx);

    const found = await jobLogGet.one({ id, timestamp: given.timestamp }, tx);
    assert.equal(found, { id, jobId, deviceId, ...given });
  });
});

test("connectionLogInsert stores a session that connectionLogGet gives back equal", async () => {
  const session = record({ log: text, timestamp: recent });
  await forAll(session, async (given, tx) => {
    const { id: deviceId } = await addDevice(tx);
    const { id: jobId } = await addJob(tx, { deviceId });
    const { id, size } = await connectionLogInsert.one({ ...given, jobId, deviceId }, tx);

    const key = { deviceId, id, timestamp: given.timestamp };
    assert.equal(await connectionLogGet.one(key, tx), { ...key, jobId, log: given.log });
    assert.is(size, Buffer.byteLength(given.log));
  });
});

test("configSave() stores a text with its metadata that configLatestGet gives back equal", async () => {
  const config = record({
    text,
    metadata: json.filter((value) => value !== null) as fc.Arbitrary<Json>,
    retrievedAt: time,
  });
  await forAll(config, async (given, tx) => {
    const { id: deviceId } = await addDevice(tx);
    const { id, changed } = await configSave({ deviceId, ...given, guard: false }, tx);
    const again = await configSave({ deviceId, ...given, guard: false }, tx);

    const latest = await configLatestGet.one({ deviceId }, tx);
    assert.ok(changed && !again.changed);
    assert.is(latest.configData, given.text);
    assert.equal(latest.metadata, given.metadata);
    assert.equal(latest.retrievedAt, given.retrievedAt);
    assert.equal(
      [...latest.contentHash],
      [...createHash("sha256").update(given.text).digest()],
    );
    assert.equal(await configGet.one({ id }, tx), latest);
  });
});

test.run();
