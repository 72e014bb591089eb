/** Retention: pruning removes exactly the versions that no rule keeps, and all later answers are right. */
// Runs on the first server: it tests what becomes of a history, whatever the server's version.
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  configAbsentSearch,
  configAsOfGet,
  configBlame,
  configDelete,
  ConfigError,
  configGet,
  configHistoryList,
  configLatestGet,
  configPin,
  configPrune,
  type ConfigPrunePolicy,
  configPrunePolicy,
  type ConfigPruneProgress,
  configQuarantineGet,
  configRelease,
  configSave,
  configSearch,
  ConstraintError,
  deviceDelete,
  ParameterError,
  type Session,
} from "netraven-db";
import { configPruneList, type PrunableVersion } from "../src/generated/internal/config_prunes.ts";
import { linesOf } from "../src/history/text.ts";
import { reindex } from "../src/tools/reindex.ts";
import { effort, LONG, PATIENCE } from "./support/effort.ts";
import { callOf, type LooseQuery } from "./support/every_query.ts";
import { addDevice, clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("config prune", { timeout: PATIENCE });
const { db } = await testDatabase(test, { pool: { size: 6 } });

test.before.each(() => clear(db));

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOTHING = { devices: 0, versions: 0, bytes: 0 };

interface Version {
  readonly id: number;
  readonly deviceId: number;
  readonly at: Date;
  readonly text: string;
}

/** Saves a text for each time and returns the created versions. */
async function saveAt(deviceId: number, texts: readonly (readonly [Date, string])[]) {
  const versions: Version[] = [];
  for (const [at, text] of texts) {
    const saved = await configSave({ deviceId, text, retrievedAt: at, guard: false }, db);
    if (saved.changed) versions.push({ id: saved.id, deviceId, at, text });
  }
  return versions;
}

/** Creates a device with versions of the given ages in days. */
async function deviceWith(...daysAgo: readonly number[]): Promise<[number, Version[]]> {
  const now = +await databaseNow(db);
  const { id } = await addDevice(db);
  const texts = daysAgo.map((days, i) =>
    [new Date(now - days * DAY), `hostname sw1\nversion ${i}\n`] as const
  );
  return [id, await saveAt(id, texts)];
}

function ids(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}

/** Returns the remaining versions of a device, oldest first. */
async function left(deviceId: number): Promise<number[]> {
  return ids(await configHistoryList.run({ deviceId, limit: 1000 }, db)).reverse();
}

/** Returns the line index. */
async function index() {
  const rows = async (text: string) => (await db.query(text)).rows;
  return {
    lines: await rows("select * from config_lines order by 1, 2, 3"),
    ends: await rows("select * from config_line_ends order by 1, 2, 3"),
    versions: await rows(
      "select id, previous_id, added, removed, changes from device_configurations order by id",
    ),
  };
}

/** Fails unless the index equals one that is rebuilt from the texts. */
async function assertIndexFits(): Promise<void> {
  const before = await index();
  await reindex(db, { all: true });
  assert.equal(before, await index());
}

/** Returns `db`, which calls a function once before it sends the named query in a transaction. */
function before(name: string, work: () => Promise<unknown>): Session {
  let done = false;
  return {
    settings: db.settings,
    attached: (make) => db.attached(make),
    query: (text, values, options) => db.query(text, values, options),
    stream: (text, values, options) => db.stream(text, values, options),
    transaction: (callback, options) =>
      db.transaction((tx) =>
        callback({
          settings: tx.settings,
          attached: (make) => tx.attached(make),
          query: async (text, values, options) => {
            if (options?.name === name && !done) {
              done = true;
              await work();
            }
            return await tx.query(text, values, options);
          },
          stream: (text, values, options) => tx.stream(text, values, options),
          transaction: (callback) => tx.transaction(callback),
        }), options),
  };
}

/** Waits until a session waits for a lock in this database. */
function untilLocked(): Promise<void> {
  return until("somebody waits for a lock", async () => {
    const waits = "datname = current_database() and wait_event_type = 'Lock'";
    return (await db.query(`select from pg_stat_activity where ${waits}`)).rows.length > 0;
  });
}

// --- Expected versions by an oracle

/** The month of a time in UTC, as a number. */
function monthOf(at: Date): number {
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
}

/** Returns the versions that a policy keeps. */
function oracle(
  versions: readonly Version[],
  { keepLast = 0, keepDays = 0, keepMonthly = 0 }: ConfigPrunePolicy,
  pinned: ReadonlySet<number>,
  now: Date,
): number[] {
  return ids(versions.filter(({ id, at }, i) => {
    const next = versions[i + 1];
    if (next === undefined || pinned.has(id)) return true;
    if (i >= versions.length - keepLast) return true;
    if (+next.at > +now - keepDays * DAY) return keepDays > 0;
    if (keepMonthly === 0 || monthOf(at) === monthOf(next.at)) return false;
    const first = monthOf(now) - (keepMonthly === true ? Infinity : keepMonthly);
    return keepMonthly === true ||
      +next.at > Date.UTC(Math.floor(first / 12), first % 12, 1);
  }));
}

const line = fc.constantFrom("!", "hostname sw1", "ntp server 10.1.1.1", "ntp server 10.1.1.2", "");
const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
/** Hours between two versions; 0 for equal times. */
const gap = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 72 }),
  fc.integer({ min: 1, max: 60 }).map((days) => days * 24),
);
/** A history, described backwards from now. */
const history = fc.record({
  end: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2000 })),
  steps: fc.array(fc.record({ gap, text, pin: fc.integer({ min: 0, max: 5 }) }), { maxLength: 14 }),
});
const some = (most: number) => fc.option(fc.integer({ min: 1, max: most }), { nil: undefined });
const policy = fc.record({
  keepLast: some(5),
  keepDays: some(120),
  keepMonthly: fc.option(fc.oneof(fc.constant(true as const), fc.integer({ min: 1, max: 6 })), {
    nil: undefined,
  }),
}).filter((policy) => Object.values(policy).some((rule) => rule !== undefined));
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** Saves a history with its pins. All times are half an hour away from any limit in days. */
async function saveHistory({ end, steps }: History, now: Date): Promise<[Version[], Set<number>]> {
  const { id: deviceId } = await addDevice(db);
  let at = +now - end * HOUR - HOUR / 2;
  const texts: (readonly [Date, string])[] = [];
  for (const step of steps) {
    texts.unshift([new Date(at), step.text]);
    at -= step.gap * HOUR;
  }
  const versions = await saveAt(deviceId, texts);
  const pinned = new Set(ids(versions.filter((_, i) => steps[i]!.pin === 0)));
  for (const id of pinned) await configPin.one({ id, label: "golden", by: "test" }, db);
  return [versions, pinned];
}

test("configPrune() leaves what the oracle says, what a dry run said, and a right index", async () => {
  await fc.assert(
    fc.asyncProperty(history, history, policy, fc.integer({ min: 1, max: 4 }), async (...given) => {
      const [one, two, policy, batch] = given;
      await clear(db);
      const now = await databaseNow(db);
      const devices = [await saveHistory(one, now), await saveHistory(two, now)];
      const versions = devices.flatMap(([versions]) => versions);
      const stays = devices.flatMap(([versions, pinned]) => oracle(versions, policy, pinned, now));
      const endsBefore = await db.query("select id, valid_until from device_configurations");
      const untilOf = new Map(endsBefore.rows.map(({ id, validUntil }) => [id, validUntil]));

      const would = await configPrune({ ...policy, dryRun: true }, db);
      const listed: PrunableVersion[] = [];
      const onProgress = ({ removed }: ConfigPruneProgress) => listed.push(...removed);
      const did = await configPrune({ ...policy, batch }, db, { onProgress });

      const gone = versions.filter(({ id }) => !stays.includes(id));
      assert.equal(ids(listed), ids(gone));
      assert.equal(would, did);
      assert.equal(did, {
        devices: new Set(gone.map(({ deviceId }) => deviceId)).size,
        versions: gone.length,
        bytes: gone.reduce((sum, { text }) => sum + text.length, 0),
      });
      const { rows } = await db.query<{ id: number; validUntil: Date | null }>(
        "select id, valid_until from device_configurations order by device_id, retrieved_at, id",
      );
      assert.equal(ids(rows), stays);
      for (const { id, validUntil } of rows) assert.equal(validUntil, untilOf.get(id));
      assert.equal(await configPrune(policy, db), NOTHING);
      for (const { id, text } of versions.filter(({ id }) => stays.includes(id))) {
        const blamed = await configBlame({ id }, db);
        assert.equal(blamed.map(({ text }) => text), linesOf(text));
        for (const { configurationId, since } of blamed) {
          assert.ok(stays.includes(configurationId));
          assert.equal(since, versions.find(({ id }) => id === configurationId)!.at);
        }
      }
      await assertIndexFits();
    }),
    effort(25),
  );
});

test("configPrune() judges by when a version ended, so that every time within the days is answered", async () => {
  const [deviceId, [ancient, long, short, latest]] = await deviceWith(500, 300, 6, 1);

  await configPrune({ keepDays: 7 }, db);

  assert.equal(await left(deviceId), [long!.id, short!.id, latest!.id]);
  const asOf = async (days: number) => {
    const at = new Date(+await databaseNow(db) - days * DAY);
    return (await configAsOfGet.first({ deviceId, at }, db))?.id;
  };
  assert.equal([await asOf(6.9), await asOf(5), await asOf(0.5)], ids([long!, short!, latest!]));
  assert.is(await asOf(400), undefined);
  assert.is(await configGet.first({ id: ancient!.id }, db), undefined);
});

test("configPrune() keeps the last version that began in each month of UTC, for so many months", async () => {
  const now = await databaseNow(db);
  const at = (month: number, day: number, hour = 0) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, day, hour));
  const times = {
    old: at(-9, 10),
    quiet: at(-8, 20),
    replaced: at(-3, 5),
    lastOfMonth: at(-2, 1, -1),
    firstOfMonth: at(-2, 1),
    next: at(-2, 2),
    latest: at(-1, 3),
  };
  const names = Object.keys(times);
  const { id: deviceId } = await addDevice(db);
  const saved = await saveAt(deviceId, Object.entries(times).map(([name, at]) => [at, name]));
  const would = async (keepMonthly: number | true) => {
    const gone: number[] = [];
    const onProgress = ({ removed }: ConfigPruneProgress) => gone.push(...ids(removed));
    await configPrune({ keepMonthly, dryRun: true }, db, { onProgress });
    return names.filter((_, i) => !gone.includes(saved[i]!.id));
  };

  assert.equal(await would(true), ["old", "quiet", "lastOfMonth", "next", "latest"]);
  // It was valid until three months ago, although it began long before.
  assert.equal(await would(3), ["quiet", "lastOfMonth", "next", "latest"]);
  assert.equal(await would(2), ["next", "latest"]);
});

/** Creates devices with a version for each of the last hours. */
async function hourly(hours: number): Promise<number[]> {
  const deviceIds = ids([await addDevice(db), await addDevice(db)]);
  await db.query(
    `insert into device_configurations
       (device_id, config_data, size, content_hash, retrieved_at, valid_until)
     select device_id, '', 0, '', now() - make_interval(hours => hour),
       case when hour > 0 then now() - make_interval(hours => hour - 1) end
     from unnest($1::integer[]) as devices (device_id), generate_series(0, $2::integer) as hours (hour)`,
    [deviceIds, hours],
  );
  return deviceIds;
}

test("ConfigPruneList lists the same whatever the session's time zone is", async () => {
  await hourly(40 * 24);
  const { text, names } = await callOf(configPruneList as unknown as LooseQuery);
  const list = `select array(select id from (${text}) as listed) as ids`;
  // The last version of last month was valid until this one began.
  for (const rules of [{ keepMonths: 0 }, { keepDays: 20 }, { keepMonths: 10_000 }]) {
    const given: Record<string, number> = { ...rules, limit: 10_000 };
    const values = names.map((name) => given[name] ?? null);
    const idsIn = (zone: string) =>
      db.transaction(async (tx) => {
        await tx.query(`set local time zone '${zone}'`);
        return (await tx.query<{ ids: number[] }>(list, values)).rows[0]!.ids;
      });
    const expected = await idsIn("UTC");

    assert.ok(expected.length > 100);
    for (const zone of ["Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati"]) {
      assert.equal(await idsIn(zone), expected, zone);
    }
  }
});

test("ConfigPruneList lists page by page what it lists at once, and nothing without a rule", async () => {
  const [a, b] = await hourly(100);
  const rules = { keepDays: 1, keepLast: 5 };
  const all = await configPruneList.run({ ...rules, limit: 10_000 }, db);
  const paged: PrunableVersion[] = [];
  for (;;) {
    const last = paged.at(-1);
    const after = {
      afterDeviceId: last?.deviceId,
      afterRetrievedAt: last?.retrievedAt,
      afterId: last?.id,
    };
    const page = await configPruneList.run({ ...rules, ...after, limit: 20 }, db);
    paged.push(...page);
    if (page.length < 20) break;
  }

  assert.ok(all.length > 100);
  assert.equal(paged, all);
  const listOf = (page: { deviceId?: number; afterDeviceId?: number }) =>
    configPruneList.run({ ...rules, ...page, limit: 10_000 }, db);
  assert.equal(await listOf({ afterDeviceId: a! }), all.filter(({ deviceId }) => deviceId === b));
  assert.equal(await listOf({ afterDeviceId: b! }), []);
  for (const id of [a!, b!]) {
    assert.equal(await listOf({ deviceId: id }), all.filter(({ deviceId }) => deviceId === id));
  }
  assert.equal(await configPruneList.run({ limit: 1 }, db), []);
});

test("configPrune() leaves the latest version, the pinned ones and the quarantine", async () => {
  const [deviceId, versions] = await deviceWith(900, 800, 700, 600);
  const [, pinned] = versions;
  await configPin.one({ id: pinned!.id, label: "golden", by: "alice" }, db);
  await configPin.one({ id: pinned!.id, label: "restored", by: "bob" }, db);
  const { id: other } = await addDevice(db);
  const empty = { deviceId: other, text: "", retrievedAt: new Date("2020-01-01Z") };
  const { id, quarantined } = await configSave(empty, db);

  const pruned = await configPrune({ keepDays: 1 }, db);

  assert.equal([pruned.devices, pruned.versions], [1, 2]);
  assert.equal(await left(deviceId), [pinned!.id, versions[3]!.id]);
  assert.equal(quarantined, ["empty"]);
  assert.is((await configQuarantineGet.one({ id }, db)).configData, "");
  await configRelease({ id, by: "alice" }, db);
  assert.equal(await configPrune({ keepLast: 1 }, db), NOTHING);
  assert.equal(await left(other), [id]);
});

test("configPrune() knows the order of versions by their times, though a released one has an older id", async () => {
  const { id: deviceId } = await addDevice(db);
  await configSave({ deviceId, text: "one\n" }, db);
  const empty = await configSave({ deviceId, text: "" }, db);
  await until("a millisecond has passed", async () => {
    const { id } = await configSave({ deviceId, text: "two\n" }, db);
    const { retrievedAt, verifiedAt } = await configGet.one({ id }, db);
    return verifiedAt > retrievedAt;
  });
  await configSave({ deviceId, text: "" }, db);
  await configRelease({ id: empty.id, by: "alice" }, db);

  await configPrune({ keepLast: 1 }, db);

  assert.equal(await left(deviceId), [empty.id]);
});

test("configPrune() leaves a released version that is the latest, though it began with the one before", async () => {
  const { id: deviceId } = await addDevice(db);
  const { id } = await configSave({ deviceId, text: "" }, db);
  await configSave({ deviceId, text: "two\n" }, db);
  await until("it is the last that the device sent", async () => {
    await configSave({ deviceId, text: "" }, db);
    const row = await configQuarantineGet.one({ id }, db);
    return row.verifiedAt > (await configLatestGet.one({ deviceId }, db)).verifiedAt;
  });
  await configRelease({ id, by: "alice" }, db);

  await configPrune({ keepLast: 1 }, db);

  assert.is((await configLatestGet.one({ deviceId }, db)).id, id);
});

test("configPrune() leaves searches, blame and times that tell of what is left", async () => {
  const { id: deviceId } = await addDevice(db);
  const at = (day: number) => new Date(Date.UTC(2026, 0, day));
  const [first, , third, fourth] = await saveAt(deviceId, [
    [at(1), "a\nb\n"],
    [at(2), "a\nsecret typo\n"],
    [at(3), "a\nb\nc\n"],
    [at(4), "a\nc\n"],
  ]);
  await configPin.one({ id: first!.id, label: "golden", by: "test" }, db);

  await configPrune({ keepLast: 2 }, db);

  const find = async (text: string) =>
    (await configSearch.run({ texts: [text], limit: 10 }, db))
      .map((hit) => [hit.configurationId, hit.line, hit.since, hit.until]);
  assert.equal(await find("typo"), []);
  // The line was removed and added again; the index has lost the removal.
  assert.equal(await find("b"), [[first!.id, 2, at(1), at(4)]]);
  assert.equal(await find("c"), [[third!.id, 3, at(3), null]]);
  const absent = await configAbsentSearch.run({ text: "b", limit: 10 }, db);
  assert.equal(ids(absent), [deviceId]);
  const blamed = await configBlame({ id: fourth!.id }, db);
  assert.equal(blamed.map(({ configurationId }) => configurationId), [first!.id, third!.id]);
  const rows = await configHistoryList.run({ deviceId, limit: 10 }, db);
  assert.equal(
    rows.map((row) => [row.id, row.previousId, row.added, row.removed, row.validUntil]),
    [
      [fourth!.id, third!.id, 0, 1, null],
      [third!.id, first!.id, 1, 0, at(4)],
      [first!.id, null, 2, 0, at(2)],
    ],
  );
  // In the gap the previous version is the best answer, and its end time shows the gap.
  const inGap = await configAsOfGet.one({ deviceId, at: new Date(+at(2) + HOUR) }, db);
  assert.equal([inGap.id, inGap.validUntil], [first!.id, at(2)]);
});

test("configPrune() by few versions at a time does the same, and tells after each transaction", async () => {
  const [a, versions] = await deviceWith(8, 7, 6, 5, 4, 3, 2);
  const [b] = await deviceWith(3, 2, 1);
  const told: ConfigPruneProgress[] = [];

  const pruned = await configPrune({ keepLast: 2, batch: 2 }, db, {
    onProgress: (progress) => told.push(progress),
  });

  assert.equal([pruned.devices, pruned.versions], [2, 6]);
  assert.equal(told.map(({ devices, versions, removed }) => [devices, versions, removed.length]), [
    [1, 2, 2],
    [1, 4, 2],
    [1, 5, 1],
    [2, 6, 1],
  ]);
  assert.is(told.at(-1)!.bytes, pruned.bytes);
  assert.equal(told.map(({ removed }) => removed[0]!.deviceId), [a, a, a, b]);
  assert.equal(await left(a), ids(versions.slice(-2)));
  await assertIndexFits();
});

test("configPrune() in a dry run says what would go, and leaves everything", async () => {
  const [deviceId, versions] = await deviceWith(4, 3, 2, 1);
  const everything = async () => ({
    ...await index(),
    rows: (await db.query("select * from device_configurations order by id")).rows,
    states: (await db.query("select * from device_states")).rows,
  });
  const before = await everything();
  const told: ConfigPruneProgress[] = [];

  const would = await configPrune({ keepLast: 1, dryRun: true, batch: 1 }, db, {
    onProgress: (progress) => told.push(progress),
  });

  const size = versions[0]!.text.length;
  assert.equal(would, { devices: 1, versions: 3, bytes: 3 * size });
  assert.is(told.length, 1);
  const { removed, ...sums } = told[0]!;
  assert.equal(sums, would);
  assert.equal(
    removed.map(({ hostname: _, ...row }) => row),
    [0, 1, 2].map((i) => ({
      deviceId,
      id: versions[i]!.id,
      retrievedAt: versions[i]!.at,
      validUntil: versions[i + 1]!.at,
      size,
    })),
  );
  assert.match(removed[0]!.hostname, "device-");
  assert.equal(await everything(), before);
});

test("configPrune() counts the bytes that a device sent, text or not", async () => {
  const { id: deviceId } = await addDevice(db);
  const bytes = Uint8Array.from([0x61, 0, 0xff, 0xfe, 0x0a]);
  await configSave({ deviceId, bytes }, db);
  await configSave({ deviceId, text: "ünï\n" }, db);
  await configSave({ deviceId, text: "end\n" }, db);

  assert.is((await configPrune({ keepLast: 1 }, db)).bytes, 5 + 6);
});

test("configPrune() looks at the devices that are asked for alone", async () => {
  const a = await addDevice(db, { tagNames: ["core"] });
  const b = await addDevice(db, { tagNames: ["core", "leaf"] });
  const c = await addDevice(db);
  const day = (n: number) => new Date(Date.UTC(2026, 0, n));
  for (const { id } of [a, b, c]) await saveAt(id, [[day(1), "1"], [day(2), "2"], [day(3), "3"]]);
  const prune = async (filter: { deviceIds?: number[]; tagNames?: string[] }) => {
    const gone: number[] = [];
    const onProgress = ({ removed }: ConfigPruneProgress) => gone.push(removed[0]!.deviceId);
    await configPrune({ keepLast: 1, dryRun: true, ...filter }, db, { onProgress });
    return gone;
  };

  assert.equal(await prune({}), ids([a, b, c]));
  assert.equal(await prune({ tagNames: ["core", "leaf", "none"] }), ids([a, b]));
  assert.equal(await prune({ deviceIds: [c.id, b.id] }), ids([b, c]));
  assert.equal(await prune({ deviceIds: [c.id, b.id], tagNames: ["core"] }), [b.id]);
  assert.equal(await prune({ deviceIds: [] }), []);
  assert.equal(await prune({ tagNames: [] }), []);
  await configPrune({ keepLast: 1, tagNames: ["leaf"] }, db);
  assert.equal(await Promise.all([a, b, c].map(async ({ id }) => (await left(id)).length)), [
    3,
    1,
    3,
  ]);
});

test("configPrune() refuses a policy without a rule, or with one that is no whole number from 1", async () => {
  await deviceWith(3, 2, 1);
  const bad: [string, object, object?][] = [
    ["policy", {}],
    ["policy", { keepLast: undefined }],
    ["keepLast", { keepLast: 0 }],
    ["keepLast", { keepLast: -1 }],
    ["keepLast", { keepLast: 1.5 }],
    ["keepLast", { keepLast: "5" }],
    ["keepLast", { keepLast: null }],
    ["keepLast", { keepLast: true }],
    ["keepLast", { keepLast: NaN, keepDays: 3 }],
    ["keepDays", { keepLast: 1, keepDays: -3 }],
    ["keepDays", { keepDays: 2 ** 31 }],
    ["keepMonthly", { keepMonthly: 0.1 }],
    ["keepMonthly", { keepMonthly: false }],
    ["keepMonthly", { keepMonthly: 10_001 }],
    ["keepDay", { keepLast: 1, keepDay: 365 }],
    ["signal", { keepLast: 1, signal: undefined }],
    ["batch", { keepLast: 1 }, { batch: 0 }],
  ];

  for (const [field, policy, more] of bad) {
    const error = await rejection(configPrune({ ...policy, ...more }, db));

    assert.instance(error, ParameterError, field);
    assert.is((error as ParameterError).field, field);
  }
  assert.match(
    (await rejection(configPrune({ keepMonthly: 0 }, db))).message,
    'Parameter "keepMonthly" of ConfigPrune must be true or a whole number from 1 to 10,000',
  );
  assert.is(await count(db, "device_configurations"), 3);
  const most = { keepLast: 1_000_000, keepDays: 1_000_000, keepMonthly: 10_000 };
  assert.equal(await configPrune(most, db), NOTHING);
});

test("configPrune() of no version, and of no device, removes nothing", async () => {
  const policy = { keepLast: 1, keepDays: 1, keepMonthly: 1 };
  const never = () => assert.unreachable();

  assert.equal(await configPrune(policy, db, { onProgress: never }), NOTHING);
  await addDevice(db);
  assert.equal(await configPrune(policy, db, { onProgress: never }), NOTHING);
  assert.equal(await configPrune({ ...policy, dryRun: true }, db, { onProgress: never }), NOTHING);
});

// --- Concurrency

test("configPrune() counts a save that came since it looked", async () => {
  const [deviceId, versions] = await deviceWith(4, 3, 2, 1);
  let saved: number | undefined;
  const session = before("DeviceStateLock", async () => {
    saved = (await configSave({ deviceId, text: "new\n" }, db)).id;
  });

  const { versions: removed } = await configPrune({ keepLast: 2 }, session);

  assert.is(removed, 3);
  assert.equal(await left(deviceId), [versions[3]!.id, saved!]);
  await assertIndexFits();
});

test("configPrune() keeps a save waiting, which then follows the version that is left", async () => {
  const [deviceId, versions] = await deviceWith(3, 2, 1);
  let saving: Promise<{ id: number; previousId: number | null }> | undefined;
  const session = before("ConfigPruneDelete", async () => {
    saving = configSave({ deviceId, text: "hostname sw1\nnew\n" }, db);
    await untilLocked();
  });

  await configPrune({ keepLast: 1 }, session);
  const saved = await saving!;

  assert.is(saved.previousId, versions[2]!.id);
  assert.equal(await left(deviceId), [versions[2]!.id, saved.id]);
  const blamed = await configBlame({ id: saved.id }, db);
  assert.equal(blamed.map(({ configurationId }) => configurationId), [versions[2]!.id, saved.id]);
  await assertIndexFits();
});

test("configPrune() leaves a version that was pinned since it looked, before and under the lock", async () => {
  for (const moment of ["DeviceStateLock", "ConfigPruneList", "ConfigPruneLock"]) {
    const [deviceId, versions] = await deviceWith(4, 3, 2, 1);
    const pinned = versions[1]!.id;
    const pin = () => configPin.one({ id: pinned, label: "golden", by: "alice" }, db);

    const { versions: removed } = await configPrune({ keepLast: 1 }, before(moment, pin));

    assert.is(removed, 2, moment);
    assert.equal(await left(deviceId), [pinned, versions[3]!.id], moment);
    await assertIndexFits();
    await deviceDelete.one({ id: deviceId }, db);
  }
});

test("configPrune() does not wait for who is pinning a version, and leaves it", async () => {
  const [deviceId, versions] = await deviceWith(4, 3, 2, 1);
  const pinned = versions[1]!.id;

  await db.transaction(async (tx) => {
    await configPin.one({ id: pinned, label: "golden", by: "alice" }, tx);
    assert.is((await configPrune({ keepLast: 1, batch: 1 }, db)).versions, 2);
  });

  assert.equal(await left(deviceId), [pinned, versions[3]!.id]);
  await assertIndexFits();
});

test("configPrune() lets a pin that came too late fail", async () => {
  const [deviceId, versions] = await deviceWith(3, 2, 1);
  let pinning: Promise<unknown> | undefined;
  const session = before("ConfigPruneDelete", async () => {
    pinning = rejection(configPin.run({ id: versions[0]!.id, label: "golden", by: "alice" }, db));
    await untilLocked();
  });

  await configPrune({ keepLast: 1 }, session);

  const error = await pinning as ConstraintError;
  assert.instance(error, ConstraintError);
  assert.is(error.constraint, "config_pins_device_id_configuration_id_fkey");
  assert.equal(await left(deviceId), [versions[2]!.id]);
  assert.is(await count(db, "config_pins"), 0);
});

test("configPrune() at the same time as itself, saves and pins loses nothing", async () => {
  const devices = [await addDevice(db), await addDevice(db)];
  let number = 0;
  const saves = new Map<number, number[]>(devices.map(({ id }) => [id, []]));
  const pins = new Set<number>();
  const save = async () => {
    for (const { id } of devices) {
      const text = `hostname sw${id}\nversion ${number++}\n`;
      saves.get(id)!.push((await configSave({ deviceId: id, text }, db)).id);
    }
  };
  const pin = async () => {
    for (const { id } of devices) {
      const known = saves.get(id)!;
      const version = known[Math.max(0, known.length - 1 - number % 5)]!;
      const work = configPin.first({ id: version, label: "golden", by: "test" }, db);
      const row = await work.catch((error) => {
        if (!(error instanceof ConstraintError)) throw error;
        return undefined;
      });
      if (row !== undefined) pins.add(row.configurationId);
    }
  };
  for (let round = 0; round < (LONG ? 100 : 8); round++) {
    for (let i = 0; i < 5; i++) await save();
    const prune = () => configPrune({ keepLast: 2, batch: 2 }, db);

    await Promise.all([prune(), save(), pin(), prune(), pin()]);

    for (const { id } of devices) {
      const stays = await left(id);
      assert.is((await configLatestGet.one({ deviceId: id }, db)).id, saves.get(id)!.at(-1));
      assert.equal(stays.slice(-2), saves.get(id)!.slice(-2));
    }
  }
  await configPrune({ keepLast: 2 }, db);

  assert.ok(pins.size > 0);
  for (const { id } of devices) {
    const known = saves.get(id)!;
    assert.equal(
      await left(id),
      known.filter((version, i) => pins.has(version) || i >= known.length - 2),
    );
  }
  await assertIndexFits();
});

test("configPrune() passes over a device that is deleted meanwhile", async () => {
  const [gone] = await deviceWith(3, 2, 1);
  const [stays, versions] = await deviceWith(3, 2, 1);
  const session = before("DeviceStateLock", () => deviceDelete.one({ id: gone }, db));

  const pruned = await configPrune({ keepLast: 1 }, session);

  assert.equal([pruned.devices, pruned.versions], [1, 2]);
  assert.equal(await left(stays), [versions[2]!.id]);
});

test("configPrune() that is ended leaves whole devices, and the next run does the rest", async () => {
  const [a, first] = await deviceWith(3, 2, 1);
  const [b, second] = await deviceWith(3, 2, 1);
  const reason = new Error("enough");
  const controller = new AbortController();
  const onProgress = () => controller.abort(reason);
  const options = { onProgress, signal: controller.signal };

  assert.is(await rejection(configPrune({ keepLast: 1 }, db, options)), reason);
  assert.equal([await left(a), await left(b)], [[first[2]!.id], ids(second)]);
  await assertIndexFits();
  const rest = await configPrune({ keepLast: 1 }, db);

  assert.equal([rest.devices, rest.versions], [1, 2]);
  assert.equal(await left(b), [second[2]!.id]);
  const ended = { signal: AbortSignal.abort(reason) };
  assert.is(await rejection(configPrune({ keepLast: 1, dryRun: true }, db, ended)), reason);
});

test("configPrune() is undone with the transaction it is part of, and when a device fails half way", async () => {
  const [deviceId, versions] = await deviceWith(4, 3, 2, 1);
  const boom = new Error("boom");

  const error = await rejection(db.transaction(async (tx) => {
    assert.is((await configPrune({ keepLast: 1, batch: 2 }, tx)).versions, 3);
    throw boom;
  }));
  const session = before("ConfigIndexWrite", () => Promise.reject(boom));
  const second = await rejection(configPrune({ keepLast: 1 }, session));

  assert.equal([error, second], [boom, boom]);
  assert.equal(await left(deviceId), ids(versions));
  await assertIndexFits();
});

test("configDelete() leaves a pinned version", async () => {
  const [deviceId, versions] = await deviceWith(2, 1);
  await configPin.one({ id: versions[0]!.id, label: "golden", by: "alice" }, db);

  const error = await rejection(configDelete({ id: versions[0]!.id }, db));

  assert.instance(error, ConstraintError);
  assert.equal(await left(deviceId), ids(versions));
});

// --- The settings

test("configPrunePolicy() reads the settings, and refuses by its key what is no rule", async () => {
  assert.is(await configPrunePolicy(db), undefined);
  await db.settings.set("config_keep_last", null);
  assert.is(await configPrunePolicy(db), undefined);

  await db.settings.set("config_keep_days", 90);
  await db.settings.set("config_keep_months", true);
  const days = { keepLast: undefined, keepDays: 90, keepMonthly: true };
  assert.equal(await configPrunePolicy(db), days);
  await db.settings.set("config_keep_last", 5);
  await db.settings.set("config_keep_months", 24);
  const policy = await configPrunePolicy(db);
  assert.equal(policy, { keepLast: 5, keepDays: 90, keepMonthly: 24 });
  assert.equal(await configPrune(policy!, db), NOTHING);

  for (const value of [0, -1, 1.5, "90", true, [90], 1_000_001]) {
    await db.settings.set("config_keep_days", value);
    const error = await rejection(configPrunePolicy(db));

    assert.instance(error, ConfigError, JSON.stringify(value));
    assert.is((error as ConfigError).path, "settings.config_keep_days");
  }
});

test.run();
