/** Saving configurations: one version a change, whoever saves at once. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as assert from "uvu/assert";
import {
  configGet,
  configHistoryList,
  configLatestGet,
  configSave,
  type ConfigSaved,
  configSaveMany,
  connect,
  type Database,
  DatabaseError,
  deviceDelete,
  deviceStateGet,
  NotFoundError,
  ParameterError,
  type Session,
} from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { addDevice, clear, count, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("config_save");
let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Database;

test.before(async () => {
  database = await createDatabase();
  db = await connect({ url: database.url, pool: { size: 8 }, logging: { level: "silent" } });
});

test.before.each(() => clear(db));

test.after(async () => {
  await db.close();
  await database.drop();
});

const SAVERS = 8;

async function newDevice(): Promise<number> {
  return (await addDevice(db)).id;
}

/** The device's versions as they followed one another. */
async function history(deviceId: number): Promise<number[]> {
  const rows = await configHistoryList.run({ deviceId, limit: 1000 }, db);
  return rows.map(({ id }) => id).reverse();
}

/** Whether each save that changed something followed the one before it in the history. */
function isChain(saves: readonly ConfigSaved[], ids: readonly number[]): boolean {
  const previous = new Map(saves.filter((s) => s.changed).map((s) => [s.id, s.previousId]));
  return previous.size === ids.length &&
    ids.every((id, i) => previous.get(id) === (ids[i - 1] ?? null));
}

test("configSave() stores the first text, with its metadata, and says that there was none", async () => {
  const deviceId = await newDevice();
  const before = await databaseNow(db);

  const saved = await configSave(db, {
    deviceId,
    text: "one\n",
    metadata: { by: "w1", list: [null] },
  });

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
  const first = await configSave(db, { deviceId, text: "one\n", metadata: { n: 1 } });
  const before = await configGet.one({ id: first.id }, db);
  // The database's clock goes on by more than it shows.
  await until("a millisecond has passed", async () => await databaseNow(db) > before.verifiedAt);

  const again = await configSave(db, { deviceId, text: "one\n", metadata: { n: 2 } });

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

  const one = await configSave(db, { deviceId, text: "one\n" });
  const two = await configSave(db, { deviceId, text: "two\n" });
  const back = await configSave(db, { deviceId, text: "one\n" });

  assert.equal([two.changed, two.previousId], [true, one.id]);
  assert.equal([back.changed, back.previousId], [true, two.id]);
  assert.equal(await history(deviceId), [one.id, two.id, back.id]);
});

test("configSave() fixes when a version was last verified once the next one comes", async () => {
  const deviceId = await newDevice();
  const one = await configSave(db, { deviceId, text: "one\n" });
  await configSave(db, { deviceId, text: "one\n" });
  const { verifiedAt } = await configGet.one({ id: one.id }, db);

  await configSave(db, { deviceId, text: "two\n" });
  await configSave(db, { deviceId, text: "two\n" });

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
    const saved = await configSave(db, { deviceId, text, guard: false });

    assert.ok(saved.changed, JSON.stringify(text));
    assert.is((await configGet.one({ id: saved.id }, db)).configData, text);
  }
  assert.is((await history(deviceId)).length, texts.length);
});

test("configSave() keeps devices with one text apart", async () => {
  const [a, b] = [await newDevice(), await newDevice()];

  const first = await configSave(db, { deviceId: a, text: "same" });
  const second = await configSave(db, { deviceId: b, text: "same" });

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
      Array.from({ length: SAVERS }, () => configSave(db, { deviceId, text: `round ${round}\n` })),
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

    const saves = await Promise.all(texts.map((text) => configSave(db, { deviceId, text })));

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
    const saves: ConfigSaved[] = [];
    for (let i = 0; i < 12; i++) {
      saves.push(await configSave(db, { deviceId, text: `text ${(i + number) % 2}` }));
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
  await configSave(db, { deviceId, text: "zero" });

  let first: ConfigSaved | undefined;
  const second = await db.transaction(async (tx) => {
    const begun = await databaseNow(tx);
    await until("a millisecond has passed", async () => await databaseNow(db) > begun);
    first = await configSave(db, { deviceId, text: "one" });
    return await configSave(tx, { deviceId, text: "two" });
  });

  assert.is(second.previousId, first!.id);
  assert.equal((await history(deviceId)).slice(1), [first!.id, second.id]);
  assert.is((await configLatestGet.one({ deviceId }, db)).configData, "two");
});

test("configSave() refuses an unknown device and stores nothing", async () => {
  const error = await rejection(configSave(db, { deviceId: -1, text: "secret" }));

  assert.instance(error, NotFoundError);
  assert.match(error.message, "Device -1 does not exist");
  assert.not.match(`${error.stack} ${JSON.stringify(error)}`, "secret");
  assert.is(await count(db, "device_configurations"), 0);
});

/** `db`, which does something before it sends the query of this name in a transaction. */
function before(name: string, work: () => Promise<unknown>): Session {
  return {
    settings: db.settings,
    query: (text, values, options) => db.query(text, values, options),
    stream: (text, values, options) => db.stream(text, values, options),
    transaction: (callback, options) =>
      db.transaction((tx) =>
        callback({
          vault: tx.vault,
          settings: tx.settings,
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
  await configSave(db, { deviceId, text: "one" });
  const session = before("DeviceStateLock", () => deviceDelete.one({ id: deviceId }, db));

  const error = await rejection(configSave(session, { deviceId, text: "two" }));

  assert.instance(error, NotFoundError);
});

test("configSave() ends before a deletion of the device that began meanwhile", async () => {
  const deviceId = await newDevice();
  await configSave(db, { deviceId, text: "one" });
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

  const saved = await configSave(session, { deviceId, text: "two" });
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
    const error = await rejection(configSave(db, { deviceId, ...form }));

    assert.instance(error, ParameterError);
    assert.is((error as ParameterError).field, "text");
  }
  assert.is(await deviceStateGet.first({ deviceId }, db), undefined);
});

test("configSave() is undone with the transaction it is part of", async () => {
  const deviceId = await newDevice();
  const kept = await configSave(db, { deviceId, text: "kept" });
  const state = await deviceStateGet.one({ deviceId }, db);
  const boom = new Error("boom");

  const error = await rejection(db.transaction(async (tx) => {
    assert.ok((await configSave(tx, { deviceId, text: "lost" })).changed);
    assert.not((await configSave(tx, { deviceId, text: "lost" })).changed);
    throw boom;
  }));

  assert.is(error, boom);
  assert.equal(await history(deviceId), [kept.id]);
  assert.equal(await deviceStateGet.one({ deviceId }, db), state);
});

test("configSave() that fails inside a transaction leaves the rest of it whole", async () => {
  const deviceId = await newDevice();

  await db.transaction(async (tx) => {
    assert.instance(await rejection(configSave(tx, { deviceId: -1, text: "x" })), NotFoundError);
    await configSave(tx, { deviceId, text: "stored" });
  });

  assert.is((await configLatestGet.one({ deviceId }, db)).configData, "stored");
});

test("configSave() takes the time of an import, and refuses one before the latest version's", async () => {
  const deviceId = await newDevice();
  const at = (day: number) => new Date(Date.UTC(2021, 0, day, 1, 2, 3, 456));

  const first = await configSave(db, { deviceId, text: "1", retrievedAt: at(1) });
  const third = await configSave(db, { deviceId, text: "3", retrievedAt: at(3) });
  const error = await rejection(configSave(db, { deviceId, text: "2", retrievedAt: at(2) }));
  const same = await configSave(db, { deviceId, text: "3b", retrievedAt: at(3) });

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
  const kept = await configSave(db, { deviceId: a, text: "kept\n" });

  const outcomes = await configSaveMany(db, [
    { deviceId: c, text: "c\n", metadata: { n: [1] } },
    { deviceId: -1, text: "secret\n" },
    { deviceId: a, text: "kept\n" },
    { deviceId: b, text: "half \uD800" },
    { deviceId: b, bytes: new Uint8Array([0x62, 0, 0xff]) },
    { deviceId: b, text: "" },
    { deviceId: c, text: "c\nd\n" },
    { deviceId: c, text: "late\n", retrievedAt: new Date(0) },
  ]);

  const [first, nobody, same, half, bytes, empty, second, late] = outcomes;
  assert.instance(nobody, NotFoundError);
  assert.not.match(`${(nobody as Error).stack} ${JSON.stringify(nobody)}`, "secret");
  assert.equal([half, late].map((error) => (error as ParameterError).field), [
    "text",
    "retrievedAt",
  ]);
  assert.equal(same, { ...kept, changed: false, previousId: kept.id, added: 0 });
  const saved = (outcome: typeof first) => outcome as ConfigSaved;
  assert.equal([saved(first).changed, saved(second).previousId], [true, saved(first).id]);
  assert.equal([saved(second).added, saved(empty).quarantined], [1, ["empty"]]);
  assert.equal((await configGet.one({ id: saved(first).id }, db)).metadata, { n: [1] });
  const raw = await configGet.one({ id: saved(bytes).id }, db);
  assert.equal(raw.raw, new Uint8Array([0x62, 0, 0xff]));
  assert.equal(await history(c), [saved(first).id, saved(second).id]);
  assert.equal(await configSaveMany(db, []), []);
});

test("configSaveMany() takes one round trip where nothing changed, and few where all did", async () => {
  const deviceIds: number[] = [];
  for (let i = 0; i < 50; i++) deviceIds.push(await newDevice());
  const saves = (text: string) => deviceIds.map((deviceId) => ({ deviceId, text }));
  const trips = async (text: string) => {
    const before = statements;
    const outcomes = await configSaveMany(db, saves(text));
    assert.ok(outcomes.every((outcome) => !(outcome instanceof DatabaseError)));
    return statements - before;
  };
  let statements = 0;
  const count = () => statements++;
  subscribe("netraven-db:query", count);
  try {
    await trips("one\n");
    assert.is(await trips("one\n"), 1);
    // Those of the transaction are begin, lock, what was there, insert, commit.
    assert.ok(await trips("two\n") <= 6);
  } finally {
    unsubscribe("netraven-db:query", count);
  }
});

test("configSaveMany() of the same devices at once makes one chain of each", async () => {
  const deviceIds: number[] = [];
  for (let i = 0; i < 12; i++) deviceIds.push(await newDevice());
  const saver = async (number: number) => {
    const saves: ConfigSaved[] = [];
    for (let i = 0; i < 6; i++) {
      const turned = deviceIds.map((_, at) => deviceIds[(at * 5 + number) % deviceIds.length]!);
      const text = `text ${(i + number) % 3}\n`;
      const outcomes = await configSaveMany(db, turned.map((deviceId) => ({ deviceId, text })));
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

  const [first, second] = await configSaveMany(session, [
    { deviceId: gone, text: "one\n" },
    { deviceId: stays, text: "two\n" },
  ]);

  assert.instance(first, NotFoundError);
  assert.ok((second as ConfigSaved).changed);
});

test("configSave() rejects with the signal's reason, and stores nothing", async () => {
  const deviceId = await newDevice();
  const reason = new Error("enough");

  const error = await rejection(
    configSave(db, { deviceId, text: "one" }, { signal: AbortSignal.abort(reason) }),
  );

  assert.is(error, reason);
  assert.is(await count(db, "device_configurations"), 0);
});

test.run();
