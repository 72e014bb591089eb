/** Saving configurations: one version for each change, also with concurrent saves. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as assert from "uvu/assert";
import {
  configGet,
  configHistoryList,
  configLatestGet,
  configSave,
  configSaveMany,
  type ConfigSaveResult,
  DatabaseError,
  deviceDelete,
  deviceStateGet,
  NotFoundError,
  ParameterError,
  type Session,
} from "netraven-db";
import { addDevice, clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("config_save");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const SAVERS = 8;

async function newDevice(): Promise<number> {
  return (await addDevice(db)).id;
}

/** Returns the device's versions in order. */
async function history(deviceId: number): Promise<number[]> {
  const rows = await configHistoryList.run({ deviceId, limit: 1000 }, db);
  return rows.map(({ id }) => id).reverse();
}

/** Whether every save with a change followed the previous one in the history. */
function isChain(saves: readonly ConfigSaveResult[], ids: readonly number[]): boolean {
  const previous = new Map(saves.filter((s) => s.changed).map((s) => [s.id, s.previousId]));
  return previous.size === ids.length &&
    ids.every((id, i) => previous.get(id) === (ids[i - 1] ?? null));
}

test("configSave() stores the first text, with its metadata, and says that there was none", async () => {
  const deviceId = await newDevice();
  const before = await databaseNow(db);

  const saved = await configSave({
    deviceId,
    text: "one\n",
    metadata: { by: "w1", list: [null] },
  }, db);

  const counts = { added: 1, removed: 0, quarantined: null };
  assert.equal(saved, { id: saved.id, changed: true, previousId: null, ...counts });
  const row = await configLatestGet.one({ deviceId }, db);
  assert.equal([row.id, row.configData], [saved.id, "one\n"]);
  assert.equal(row.metadata, { by: "w1", list: [null] });
  assert.equal(row.verifiedAt, row.retrievedAt);
  assert.ok(row.retrievedAt >= before && row.retrievedAt <= await databaseNow(db));
});

test("configSave() only notes that an unchanged text was verified", async () => {
  const deviceId = await newDevice();
  const first = await configSave({ deviceId, text: "one\n", metadata: { n: 1 } }, db);
  const before = await configGet.one({ id: first.id }, db);
  // The database's clock has a finer resolution than the value.
  await until("a millisecond has passed", async () => await databaseNow(db) > before.verifiedAt);

  const again = await configSave({ deviceId, text: "one\n", metadata: { n: 2 } }, db);

  const after = await configGet.one({ id: first.id }, db);
  const counts = { added: 0, removed: 0, quarantined: null };
  assert.equal(again, { id: first.id, changed: false, previousId: first.id, ...counts });
  assert.ok(after.verifiedAt > before.verifiedAt);
  const same = { verifiedAt: 0, verifiedCount: 2 };
  assert.equal({ ...after, verifiedAt: 0 }, { ...before, ...same });
  assert.is(await count(db, "device_configurations"), 1);
});

test("configSave() stores a changed text, and a former one that comes back, as new versions", async () => {
  const deviceId = await newDevice();

  const one = await configSave({ deviceId, text: "one\n" }, db);
  const two = await configSave({ deviceId, text: "two\n" }, db);
  const back = await configSave({ deviceId, text: "one\n" }, db);

  assert.equal([two.changed, two.previousId], [true, one.id]);
  assert.equal([back.changed, back.previousId], [true, two.id]);
  assert.equal(await history(deviceId), [one.id, two.id, back.id]);
});

test("configSave() fixes when a version was last verified once the next one comes", async () => {
  const deviceId = await newDevice();
  const one = await configSave({ deviceId, text: "one\n" }, db);
  await configSave({ deviceId, text: "one\n" }, db);
  const { verifiedAt } = await configGet.one({ id: one.id }, db);

  await configSave({ deviceId, text: "two\n" }, db);
  await configSave({ deviceId, text: "two\n" }, db);

  assert.equal((await configGet.one({ id: one.id }, db)).verifiedAt, verifiedAt);
});

test("configSave() tells texts apart that differ in white space, case or composition", async () => {
  const deviceId = await newDevice();
  const texts = [
    "a",
    "a\n",
    "a\r\n",
    "a \n",
    "A\n",
    "",
    "\n",
    "é",
    "e\u0301",
    "\uFEFFa",
    "\u001b[0m",
  ];

  for (const text of texts) {
    const saved = await configSave({ deviceId, text, guard: false }, db);

    assert.ok(saved.changed, JSON.stringify(text));
    assert.is((await configGet.one({ id: saved.id }, db)).configData, text);
  }
  assert.is((await history(deviceId)).length, texts.length);
});

test("configSave() keeps devices with one text apart", async () => {
  const [a, b] = [await newDevice(), await newDevice()];

  const first = await configSave({ deviceId: a, text: "same" }, db);
  const second = await configSave({ deviceId: b, text: "same" }, db);

  assert.equal([second.changed, second.previousId], [true, null]);
  assert.equal(await history(a), [first.id]);
  assert.equal(await history(b), [second.id]);
});

test("configSave() makes one version when 8 savers bring the same new text at once", async () => {
  const deviceId = await newDevice();
  const rounds = 25;

  const ids: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const saves = await Promise.all(
      Array.from({ length: SAVERS }, () => configSave({ deviceId, text: `round ${round}\n` }, db)),
    );

    const [changed] = saves.filter((save) => save.changed);
    assert.is(saves.filter((save) => save.changed).length, 1);
    assert.is(changed?.previousId, ids.at(-1) ?? null);
    assert.ok(saves.every(({ id }) => id === changed?.id));
    ids.push(changed!.id);
  }
  assert.equal(await history(deviceId), ids);
});

test("configSave() makes one chain when 8 savers bring different texts at once", async () => {
  for (let round = 0; round < 10; round++) {
    const deviceId = await newDevice();
    const texts = Array.from({ length: SAVERS }, (_, i) => `saver ${i}\n`);

    const saves = await Promise.all(texts.map((text) => configSave({ deviceId, text }, db)));

    const ids = await history(deviceId);
    const state = await deviceStateGet.one({ deviceId }, db);
    assert.ok(saves.every(({ changed }) => changed));
    assert.ok(isChain(saves, ids));
    assert.is(state.configurationId, ids.at(-1));
    const latest = await configLatestGet.one({ deviceId }, db);
    assert.is(latest.configData, texts[saves.findIndex(({ id }) => id === latest.id)]);
    assert.equal(state.contentHash, latest.contentHash);
  }
});

test("configSave() never stores one text twice in a row while two texts alternate", async () => {
  const deviceId = await newDevice();
  const saver = async (number: number) => {
    const saves: ConfigSaveResult[] = [];
    for (let i = 0; i < 12; i++) {
      saves.push(await configSave({ deviceId, text: `text ${(i + number) % 2}` }, db));
    }
    return saves;
  };

  const saves = await Promise.all(Array.from({ length: SAVERS }, (_, number) => saver(number)));

  const ids = await history(deviceId);
  assert.ok(isChain(saves.flat(), ids));
  const texts: string[] = [];
  for (const id of ids) texts.push((await configGet.one({ id }, db)).configData);
  texts.forEach((text, i) => assert.is.not(text, texts[i - 1]));
});

test("configSave() lets a saver that began earlier and stores later come last in the history", async () => {
  const deviceId = await newDevice();
  await configSave({ deviceId, text: "zero" }, db);

  let first: ConfigSaveResult | undefined;
  const second = await db.transaction(async (tx) => {
    const begun = await databaseNow(tx);
    await until("a millisecond has passed", async () => await databaseNow(db) > begun);
    first = await configSave({ deviceId, text: "one" }, db);
    return await configSave({ deviceId, text: "two" }, tx);
  });

  assert.is(second.previousId, first!.id);
  assert.equal((await history(deviceId)).slice(1), [first!.id, second.id]);
  assert.is((await configLatestGet.one({ deviceId }, db)).configData, "two");
});

test("configSave() refuses an unknown device and stores nothing", async () => {
  const error = await rejection(configSave({ deviceId: -1, text: "secret" }, db));

  assert.instance(error, NotFoundError);
  assert.match(error.message, "Device -1 does not exist");
  assert.not.match(`${error.stack} ${JSON.stringify(error)}`, "secret");
  assert.is(await count(db, "device_configurations"), 0);
});

/** Returns `db`, which calls a function before it sends the named query in a transaction. */
function before(name: string, work: () => Promise<unknown>): Session {
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
            if (options?.name === name) await work();
            return await tx.query(text, values, options);
          },
          stream: (text, values, options) => tx.stream(text, values, options),
          transaction: (callback) => tx.transaction(callback),
        }), options),
  };
}

test("configSave() says that there is no such device when it is deleted meanwhile", async () => {
  const deviceId = await newDevice();
  await configSave({ deviceId, text: "one" }, db);
  const session = before("DeviceStateLock", () => deviceDelete.one({ id: deviceId }, db));

  const error = await rejection(configSave({ deviceId, text: "two" }, session));

  assert.instance(error, NotFoundError);
});

test("configSave() ends before a deletion of the device that began meanwhile", async () => {
  const deviceId = await newDevice();
  await configSave({ deviceId, text: "one" }, db);
  let deleted: Promise<unknown> | undefined;
  const session = before("ConfigInsert", async () => {
    deleted = deviceDelete.one({ id: deviceId }, db);
    deleted.catch(() => {});
    await until("the deletion waits", async () => {
      const { rows } = await db.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rows.length === 1;
    });
  });

  const saved = await configSave({ deviceId, text: "two" }, session);
  await deleted;

  assert.ok(saved.changed);
  assert.is(await count(db, "devices"), 0);
  assert.is(await count(db, "device_configurations"), 0);
});

test("configSave() refuses lone surrogates, and neither or both forms, by the field's name", async () => {
  const deviceId = await newDevice();

  const bytes = new Uint8Array([1]);
  const given = [{ text: "a\uD800b" }, { text: "\uDC00" }, {}, { text: "a", bytes }];
  for (const form of given) {
    const error = await rejection(configSave({ deviceId, ...form }, db));

    assert.instance(error, ParameterError);
    assert.is((error as ParameterError).field, "text");
  }
  assert.is(await deviceStateGet.first({ deviceId }, db), undefined);
});

test("configSave() is undone with the transaction it is part of", async () => {
  const deviceId = await newDevice();
  const kept = await configSave({ deviceId, text: "kept" }, db);
  const state = await deviceStateGet.one({ deviceId }, db);
  const boom = new Error("boom");

  const error = await rejection(db.transaction(async (tx) => {
    assert.ok((await configSave({ deviceId, text: "lost" }, tx)).changed);
    assert.not((await configSave({ deviceId, text: "lost" }, tx)).changed);
    throw boom;
  }));

  assert.is(error, boom);
  assert.equal(await history(deviceId), [kept.id]);
  assert.equal(await deviceStateGet.one({ deviceId }, db), state);
});

test("configSave() that fails inside a transaction leaves the rest of it whole", async () => {
  const deviceId = await newDevice();

  await db.transaction(async (tx) => {
    assert.instance(await rejection(configSave({ deviceId: -1, text: "x" }, tx)), NotFoundError);
    await configSave({ deviceId, text: "stored" }, tx);
  });

  assert.is((await configLatestGet.one({ deviceId }, db)).configData, "stored");
});

test("configSave() takes the time of an import, and refuses one before the latest version's", async () => {
  const deviceId = await newDevice();
  const at = (day: number) => new Date(Date.UTC(2021, 0, day, 1, 2, 3, 456));

  const first = await configSave({ deviceId, text: "1", retrievedAt: at(1) }, db);
  const third = await configSave({ deviceId, text: "3", retrievedAt: at(3) }, db);
  const error = await rejection(configSave({ deviceId, text: "2", retrievedAt: at(2) }, db));
  const same = await configSave({ deviceId, text: "3b", retrievedAt: at(3) }, db);

  assert.instance(error, ParameterError);
  assert.is((error as ParameterError).field, "retrievedAt");
  assert.match(error.message, "oldest first");
  assert.equal(await history(deviceId), [first.id, third.id, same.id]);
  const row = await configGet.one({ id: first.id }, db);
  assert.equal([row.retrievedAt, row.verifiedAt], [at(1), at(1)]);
  assert.equal((await deviceStateGet.one({ deviceId }, db)).retrievedAt, at(3));
});

test("configSaveMany() saves each device, and says at its place what became of it", async () => {
  const [a, b, c] = [await newDevice(), await newDevice(), await newDevice()];
  const kept = await configSave({ deviceId: a, text: "kept\n" }, db);

  const outcomes = await configSaveMany([
    { deviceId: c, text: "c\n", metadata: { n: [1] } },
    { deviceId: -1, text: "secret\n" },
    { deviceId: a, text: "kept\n" },
    { deviceId: b, text: "half \uD800" },
    { deviceId: b, bytes: new Uint8Array([0x62, 0, 0xff]) },
    { deviceId: b, text: "" },
    { deviceId: c, text: "c\nd\n" },
    { deviceId: c, text: "late\n", retrievedAt: new Date(0) },
  ], db);

  const [first, nobody, same, half, bytes, empty, second, late] = outcomes;
  assert.instance(nobody, NotFoundError);
  assert.not.match(`${(nobody as Error).stack} ${JSON.stringify(nobody)}`, "secret");
  assert.equal([half, late].map((error) => (error as ParameterError).field), [
    "text",
    "retrievedAt",
  ]);
  assert.equal(same, { ...kept, changed: false, previousId: kept.id, added: 0 });
  const saved = (outcome: typeof first) => outcome as ConfigSaveResult;
  assert.equal([saved(first).changed, saved(second).previousId], [true, saved(first).id]);
  assert.equal([saved(second).added, saved(empty).quarantined], [1, ["empty"]]);
  assert.equal((await configGet.one({ id: saved(first).id }, db)).metadata, { n: [1] });
  const raw = await configGet.one({ id: saved(bytes).id }, db);
  assert.equal(raw.raw, new Uint8Array([0x62, 0, 0xff]));
  assert.equal(await history(c), [saved(first).id, saved(second).id]);
  assert.equal(await configSaveMany([], db), []);
});

test("configSaveMany() takes one round trip where nothing changed, and few where all did", async () => {
  const deviceIds: number[] = [];
  for (let i = 0; i < 50; i++) deviceIds.push(await newDevice());
  const saves = (text: string) => deviceIds.map((deviceId) => ({ deviceId, text }));
  const trips = async (text: string) => {
    const before = statements;
    const outcomes = await configSaveMany(saves(text), db);
    assert.ok(outcomes.every((outcome) => !(outcome instanceof DatabaseError)));
    return statements - before;
  };
  let statements = 0;
  const count = () => statements++;
  subscribe("netraven-db:query", count);
  try {
    await trips("one\n");
    assert.is(await trips("one\n"), 1);
    // The round trips of the transaction are begin, lock, base list, insert and commit.
    assert.ok(await trips("two\n") <= 6);
  } finally {
    unsubscribe("netraven-db:query", count);
  }
});

test("configSaveMany() of the same devices at once makes one chain of each", async () => {
  const deviceIds: number[] = [];
  for (let i = 0; i < 12; i++) deviceIds.push(await newDevice());
  const saver = async (number: number) => {
    const saves: ConfigSaveResult[] = [];
    for (let i = 0; i < 6; i++) {
      const turned = deviceIds.map((_, at) => deviceIds[(at * 5 + number) % deviceIds.length]!);
      const text = `text ${(i + number) % 3}\n`;
      const outcomes = await configSaveMany(turned.map((deviceId) => ({ deviceId, text })), db);
      for (const outcome of outcomes) {
        if (outcome instanceof DatabaseError) throw outcome;
        saves.push(outcome);
      }
    }
    return saves;
  };

  const saves = (await Promise.all(Array.from({ length: 6 }, (_, number) => saver(number)))).flat();

  const chains = await Promise.all(deviceIds.map(history));
  const previous = new Map(saves.filter((s) => s.changed).map((s) => [s.id, s.previousId]));
  assert.is(previous.size, chains.flat().length);
  for (const chain of chains) {
    chain.forEach((id, i) => assert.is(previous.get(id), chain[i - 1] ?? null));
  }
});

test("configSaveMany() saves the others when a device is deleted while it does", async () => {
  const [gone, stays] = [await newDevice(), await newDevice()];
  let deleted = false;
  const session = before("DeviceStateEnsure", async () => {
    if (!deleted) await deviceDelete.one({ id: gone }, db);
    deleted = true;
  });

  const [first, second] = await configSaveMany([
    { deviceId: gone, text: "one\n" },
    { deviceId: stays, text: "two\n" },
  ], session);

  assert.instance(first, NotFoundError);
  assert.ok((second as ConfigSaveResult).changed);
});

test("configSave() rejects with the signal's reason, and stores nothing", async () => {
  const deviceId = await newDevice();
  const reason = new Error("enough");

  const error = await rejection(
    configSave({ deviceId, text: "one" }, db, { signal: AbortSignal.abort(reason) }),
  );

  assert.is(error, reason);
  assert.is(await count(db, "device_configurations"), 0);
});

test.run();
