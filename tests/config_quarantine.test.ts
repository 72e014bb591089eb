/** Incomplete configurations wait for a person, and volatile lines create no version. */
import * as assert from "uvu/assert";
import {
  configAsOfGet,
  ConfigError,
  configGet,
  configHistoryList,
  configLatestGet,
  configQuarantineDrop,
  configQuarantineGet,
  configQuarantineList,
  configRelease,
  configSave,
  configSearch,
  ConflictError,
  deviceDelete,
  deviceStateGet,
  NotFoundError,
  ParameterError,
} from "netraven-db";
import { addDevice, clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("config quarantine");
const { db } = await testDatabase(test, { pool: { size: 4 } });

test.before.each(() => clear(db));

const LINES = Array.from({ length: 20 }, (_, i) => `interface Ethernet${i}\n`);
const WHOLE = [...LINES, "end\n"].join("");
const CUT = LINES.slice(0, 8).join("");

async function newDevice(): Promise<number> {
  return (await addDevice(db, { deviceType: "cisco_ios" })).id;
}

async function latestText(deviceId: number): Promise<string | undefined> {
  return (await configLatestGet.first({ deviceId }, db))?.configData;
}

test("An empty configuration is quarantined, whatever the settings say", async () => {
  const deviceId = await newDevice();

  const first = await configSave({ deviceId, text: " \r\n\n", metadata: { by: "w1" } }, db);
  const again = await configSave({ deviceId, text: " \r\n\n" }, db);

  const nothing = { changed: false, previousId: null, added: 0, removed: 0 };
  assert.equal(first, { id: first.id, ...nothing, quarantined: ["empty"] });
  assert.equal(again, first);
  assert.is(await latestText(deviceId), undefined);
  assert.equal(await configHistoryList.run({ deviceId, limit: 10 }, db), []);
  const row = await configQuarantineGet.one({ id: first.id }, db);
  assert.equal([row.reasons, row.verifiedCount, row.configData], [["empty"], 2, " \r\n\n"]);
  assert.equal([row.metadata, row.latestId], [{ by: "w1" }, null]);
  const stored = await configSave({ deviceId, text: "", guard: false }, db);
  assert.ok(stored.changed);
});

test("A configuration that shrinks below the set share is quarantined", async () => {
  await db.settings.set("config_guard_min_share", 0.5);
  const deviceId = await newDevice();
  const whole = await configSave({ deviceId, text: WHOLE }, db);

  const cut = await configSave({ deviceId, text: CUT }, db);
  const small = await configSave({ deviceId, text: LINES.slice(0, 12).join("") }, db);

  assert.equal([cut.changed, cut.previousId, cut.quarantined], [false, whole.id, ["shrunk"]]);
  assert.equal([small.changed, small.quarantined], [true, null]);
  assert.equal([await count(db, "config_quarantine")], [1]);
});

test("A configuration without the end of its type is quarantined, and a cut one for two reasons", async () => {
  await db.settings.set("config_end_cisco_ios", "^end$");
  await db.settings.set("config_guard_min_share", 0.5);
  const deviceId = await newDevice();
  const { id: other } = await addDevice(db, { deviceType: "arista_eos" });
  const whole = await configSave({
    deviceId,
    text: WHOLE.replaceAll("\n", "\r\n") + "\r\n \n",
  }, db);
  await configSave({ deviceId: other, text: WHOLE }, db);

  const cut = await configSave({ deviceId, text: CUT }, db);
  const without = await configSave({ deviceId, text: LINES.join("") }, db);
  const elsewhere = await configSave({ deviceId: other, text: LINES.join("") }, db);

  assert.ok(whole.changed);
  assert.equal(cut.quarantined, ["shrunk", "no_end_marker"]);
  assert.equal(without.quarantined, ["no_end_marker"]);
  assert.ok(elsewhere.changed);
  assert.is(await latestText(deviceId), WHOLE.replaceAll("\n", "\r\n") + "\r\n \n");
  const listed = await configQuarantineList.run({ limit: 10 }, db);
  assert.equal(listed.map(({ id }) => id), [cut.id, without.id]);
  assert.equal([listed[0]!.size, listed[0]!.latestId], [CUT.length, whole.id]);
  assert.is(listed[0]!.latestSize, WHOLE.length + LINES.length + 1 + 4);
  const after = { afterRetrievedAt: listed[0]!.retrievedAt, afterId: listed[0]!.id };
  const next = await configQuarantineList.run({ ...after, limit: 10 }, db);
  assert.equal(next.map(({ id }) => id), [without.id]);
  assert.equal(await configQuarantineList.run({ deviceIds: [other], limit: 10 }, db), []);
  // No search finds it.
  const hits = await configSearch.run(
    { texts: ["Ethernet1"], deviceIds: [deviceId], limit: 100 },
    db,
  );
  assert.ok(hits.every(({ configurationId }) => configurationId === whole.id));
});

test("A device that goes to and fro between two texts is quarantined once it flaps", async () => {
  await db.settings.set("config_guard_flapping_times", 2);
  await db.settings.set("config_guard_flapping_seconds", 3600);
  const deviceId = await newDevice();

  const reasons: unknown[] = [];
  for (let i = 0; i < 6; i++) {
    reasons.push(
      (await configSave({ deviceId, text: i % 2 === 0 ? "a\n" : "b\n" }, db)).quarantined,
    );
  }
  // Returns outside the time window do not count.
  await db.query(
    "update device_configurations set retrieved_at = retrieved_at - interval '1 day', " +
      "valid_until = valid_until - interval '1 day'",
  );
  const later = await configSave({ deviceId, text: "a\n" }, db);

  assert.equal(reasons, [null, null, null, null, ["flapping"], null]);
  assert.ok(later.changed);
  // The quarantined configuration is a version now.
  assert.is(await count(db, "config_quarantine"), 0);
});

test("configRelease() makes a version of it, under its own id and times", async () => {
  await db.settings.set("config_guard_min_share", 0.5);
  const deviceId = await newDevice();
  const whole = await configSave({ deviceId, text: WHOLE }, db);
  const { retrievedAt } = await configGet.one({ id: whole.id }, db);
  await until("a millisecond has passed", async () => await databaseNow(db) > retrievedAt);
  const cut = await configSave({ deviceId, text: CUT, metadata: { job: 7 } }, db);
  await configSave({ deviceId, text: CUT }, db);
  const known = await configQuarantineGet.one({ id: cut.id }, db);

  await configRelease({ id: cut.id, by: "alice" }, db);

  const latest = await configLatestGet.one({ deviceId }, db);
  assert.equal([latest.id, latest.configData, latest.previousId], [cut.id, CUT, whole.id]);
  assert.equal([latest.retrievedAt, latest.verifiedAt], [known.retrievedAt, known.verifiedAt]);
  assert.equal([latest.verifiedCount, latest.added, latest.removed], [2, 0, 13]);
  assert.equal(latest.metadata, {
    job: 7,
    quarantine: { reasons: ["shrunk"], releasedBy: "alice" },
  });
  const before = await configGet.one({ id: whole.id }, db);
  assert.equal(before.validUntil, known.retrievedAt);
  assert.not((await configSave({ deviceId, text: CUT }, db)).changed);
  assert.instance(await rejection(configRelease({ id: cut.id, by: "alice" }, db)), NotFoundError);
  const nobody = await rejection(configRelease({ id: cut.id, by: " " }, db));
  assert.instance(nobody, ParameterError);
});

test("What is released comes after the latest version, even one that is read at the same moment", async () => {
  const deviceId = await newDevice();
  // Its id is less than that of the version in between.
  const empty = await configSave({ deviceId, text: "" }, db);
  const { verifiedAt } = await configQuarantineGet.one({ id: empty.id }, db);
  const whole = await configSave({ deviceId, text: WHOLE, retrievedAt: verifiedAt }, db);

  await configRelease({ id: empty.id, by: "alice" }, db);

  const ids = (await configHistoryList.run({ deviceId, limit: 9 }, db)).map(({ id }) => id);
  assert.equal(ids, [empty.id, whole.id]);
  const at = new Date(Date.now() + 3_600_000);
  assert.is((await configAsOfGet.one({ deviceId, at }, db)).id, empty.id);
  assert.is((await configLatestGet.one({ deviceId }, db)).id, empty.id);
});

test("configRelease() refuses what is not the last that the device sent; it may be dropped", async () => {
  const deviceId = await newDevice();
  await configSave({ deviceId, text: WHOLE }, db);
  const empty = await configSave({ deviceId, text: "" }, db);
  const { verifiedAt } = await configQuarantineGet.one({ id: empty.id }, db);
  await until("a millisecond has passed", async () => await databaseNow(db) > verifiedAt);
  await configSave({ deviceId, text: WHOLE }, db);

  const error = await rejection(configRelease({ id: empty.id, by: "alice" }, db));

  assert.instance(error, ConflictError);
  assert.is(await latestText(deviceId), WHOLE);
  const dropped = await configQuarantineDrop.one({ id: empty.id }, db);
  assert.equal([dropped.id, dropped.deviceId, dropped.reasons], [empty.id, deviceId, ["empty"]]);
  assert.is(await count(db, "config_quarantine"), 0);
});

test("Two people who release the same at once make one version", async () => {
  const deviceId = await newDevice();
  const { id } = await configSave({ deviceId, text: "" }, db);

  const ends = await Promise.allSettled(
    ["alice", "bob", "carol"].map((by) => configRelease({ id, by }, db)),
  );

  assert.is(ends.filter(({ status }) => status === "fulfilled").length, 1);
  assert.ok(ends.every((end) => end.status === "fulfilled" || end.reason instanceof NotFoundError));
  assert.equal((await configHistoryList.run({ deviceId, limit: 9 }, db)).map((v) => v.id), [id]);
});

test("What is quarantined goes with its device", async () => {
  const deviceId = await newDevice();
  await configSave({ deviceId, text: "" }, db);

  await deviceDelete.one({ id: deviceId }, db);

  assert.is(await count(db, "config_quarantine"), 0);
});

test("A change in lines of noise alone is verified, and the kept text stays", async () => {
  await db.settings.set("config_noise_cisco_ios", [
    "^! Last change at ",
    "^ntp clock-period \\d+$",
  ]);
  const deviceId = await newDevice();
  const text = (time: string, mtu = "9000") =>
    `! Last change at ${time}\r\nhostname sw1\r\nntp clock-period 17${time.length}\r\nmtu ${mtu}\r\n`;
  const first = await configSave({ deviceId, text: text("noon") }, db);

  const noise = await configSave({ deviceId, text: text("midnight") }, db);
  const shorter = await configSave({ deviceId, text: "hostname sw1\r\nmtu 9000\r\n" }, db);
  const state = await deviceStateGet.one({ deviceId }, db);
  const change = await configSave({ deviceId, text: text("dawn", "1500") }, db);

  const unchanged = { changed: false, previousId: first.id, added: 0, removed: 0 };
  assert.equal(noise, { id: first.id, ...unchanged, quarantined: null });
  assert.equal(shorter, noise);
  assert.is(state.verifiedCount, 3);
  assert.is((await configGet.one({ id: first.id }, db)).configData, text("noon"));
  assert.equal([change.changed, change.previousId], [true, first.id]);
  // The setting of one device type does not affect another.
  const { id: other } = await addDevice(db, { deviceType: "arista_eos" });
  await configSave({ deviceId: other, text: text("noon") }, db);
  assert.ok((await configSave({ deviceId: other, text: text("dawn") }, db)).changed);
});

test("A setting that is not what it has to be is named, and nothing is stored", async () => {
  const wrong = [
    ["config_noise_cisco_ios", ["fine", "(unclosed"]],
    ["config_noise_cisco_ios", "no list"],
    ["config_end_cisco_ios", "[z-a]"],
    ["config_guard_min_share", 2],
    ["config_guard_flapping_times", "often"],
  ] as const;
  const deviceId = await newDevice();
  for (const [key, value] of wrong) {
    await db.settings.set(key, value);

    const error = await rejection(configSave({ deviceId, text: WHOLE }, db));

    assert.instance(error, ConfigError);
    assert.is((error as ConfigError).path, `settings.${key}`);
    assert.not.match(error.message, /unclosed|z-a|often/);
    await db.settings.set(key, null);
  }
  assert.is(await count(db, "device_configurations"), 0);
  // The caller's transaction remains usable.
  await db.settings.set("config_end_cisco_ios", "(");
  await db.transaction(async (tx) => {
    assert.instance(await rejection(configSave({ deviceId, text: WHOLE }, tx)), ConfigError);
    await tx.query("select");
  });
});

test.run();
