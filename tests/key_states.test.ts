/** Whether the keys of a process match the database. Missing, wrong and retired keys affect credentials only. */
// Runs on the first server: it tests what becomes of keys, whatever the server's version.
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  connect,
  credentialCreate,
  credentialList,
  credentialReveal,
  credentialSetPassword,
  type Database,
  deviceList,
  type KeyProvider,
  keysRotate,
  TimeoutError,
  VaultError,
  vaultOf,
} from "netraven-db";
import {
  encryptionKeyList,
  encryptionKeyRetire,
} from "../src/generated/internal/encryption_keys.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { keyBytes, testKeys } from "./support/keys.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("key states");
let database: TestDatabase;
let open: Database[] = [];
let lines: string[] = [];

test.before.each(async () => {
  database = await createDatabase();
  lines = [];
});

test.after.each(async () => {
  for (const db of open) await db.close();
  open = [];
  await database.drop();
});

/** Connects a process with these keys. */
async function start(keys?: KeyProvider): Promise<Database> {
  const { url } = database;
  const tell = (line: string) => lines.push(line);
  const logger = { debug: tell, info: tell, warn: tell, error: tell };
  const db = await connect({ url, keys, pool: { size: 2 }, logger, logging: { level: "warn" } });
  open.push(db);
  return db;
}

async function refusal(work: Promise<unknown>): Promise<VaultError> {
  const error = await rejection(work);
  assert.instance(error, VaultError);
  return error as unknown as VaultError;
}

const WHO = { by: "test", reason: "test" };
const LOGIN = { username: "u", password: "swordfish" };

/** Returns the errors of every operation that needs a key. */
async function refusals(db: Database): Promise<VaultError[]> {
  return [
    await refusal(credentialCreate(LOGIN, db)),
    await refusal(credentialSetPassword({ id: 1, password: "swordfish" }, db)),
    await refusal(credentialReveal({ id: 1, ...WHO }, db)),
    await refusal(keysRotate({}, db)),
    await refusal(db.transaction((tx) => credentialCreate(LOGIN, tx))),
  ];
}

test("connect() notes the keys of the ring, once", async () => {
  const db = await start(testKeys(["new", "old"]));
  await start(testKeys(["new", "old"]));

  const keys = await encryptionKeyList.run(undefined, db);

  assert.equal(keys.map(({ keyId }) => keyId).sort(), ["new", "old"]);
  assert.equal(keys.map(({ retiredAt, credentials }) => [retiredAt, credentials]), [
    [null, 0],
    [null, 0],
  ]);
  assert.equal(lines, []);
});

test("without a key ring credentials are refused, and nothing else", async () => {
  const db = await start();

  for (const error of await refusals(db)) {
    assert.is(error.reason, "no_keys");
    assert.match(error.message, 'No key ring is configured: add "vault:" to the configuration');
  }
  assert.equal(lines, []);
  assert.equal(await credentialList.run({ limit: 10 }, db), []);
});

test("a key in use that the ring lacks refuses credentials, with the rows that need it", async () => {
  const before = await start(testKeys(["old", "older"]));
  for (let i = 0; i < 3; i++) await credentialCreate(LOGIN, before);
  const older = await start(testKeys(["older", "old"]));
  await credentialCreate(LOGIN, older);

  const db = await start(testKeys(["new"]));

  const expected =
    'The key ring lacks keys that encrypted rows need: "old" (3 rows), "older" (1 rows)';
  for (const error of await refusals(db)) {
    assert.is(error.message, expected);
    assert.is(error.reason, "missing_keys");
    assert.equal(error.keys, [{ keyId: "old", rows: 3 }, { keyId: "older", rows: 1 }]);
  }
  assert.equal(lines, [`The vault cannot encrypt or decrypt credentials: ${expected}`]);
  assert.is((await credentialList.run({ limit: 10 }, db)).length, 4);
  assert.equal(await deviceList.run({ limit: 10 }, db), []);
});

test("a key that no row needs may be missing", async () => {
  await start(testKeys(["old"]));

  const db = await start(testKeys(["new"]));

  assert.is((await credentialCreate(LOGIN, db)).username, "u");
  assert.equal(lines, []);
});

test("another key of the same name is found out before it seals anything", async () => {
  const before = await start(testKeys(["k1"]));
  const { id } = await credentialCreate(LOGIN, before);

  const db = await start(testKeys(["k1"], { k1: await keyBytes("another") }));

  for (const error of await refusals(db)) {
    assert.is(error.reason, "wrong_key");
    assert.match(
      error.message,
      'other keys under the names of keys in use: "k1" (1 rows)',
    );
  }
  assert.is((await credentialReveal({ id, ...WHO }, before)).password.reveal(), "swordfish");
});

test("of two processes that come first with different keys of one name, one is refused", async () => {
  const rings = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => testKeys(["k1"], { k1: await keyBytes(`k${i}`) })),
  );

  const outcomes = await Promise.allSettled(
    rings.map(async (ring) => await credentialCreate(LOGIN, await start(ring))),
  );

  const refused = outcomes.filter(({ status }) => status === "rejected");
  assert.is(refused.length, 5, inspect(outcomes));
});

test("an active key that is retired seals nothing, also where that comes later", async () => {
  const db = await start(testKeys(["k1"]));
  await credentialCreate(LOGIN, db);
  const idle = await start(testKeys(["k2", "k1"]));
  await encryptionKeyRetire.one({ keyId: "k2" }, db);

  const late = await refusal(credentialCreate(LOGIN, idle));
  const fresh = await refusal(credentialCreate(LOGIN, await start(testKeys(["k2", "k1"]))));

  assert.match(late.message, 'The active key "k2" is retired');
  assert.is(fresh.message, 'The active key "k2" is retired: activate another key');
  assert.equal([late.reason, fresh.reason], ["retired_key", "retired_key"]);
});

test("what was wrong is looked at again: a database that was mended is taken", async () => {
  const before = await start(testKeys(["old"]));
  const { id } = await credentialCreate(LOGIN, before);
  const db = await start(testKeys(["new"]));
  assert.is((await refusal(credentialCreate(LOGIN, db))).reason, "missing_keys");

  await keysRotate({}, await start(testKeys(["new", "old"])));

  assert.is((await credentialReveal({ id, ...WHO }, db)).password.reveal(), "swordfish");
});

test("a row that came with a newer key is refused by its name, the others open", async () => {
  const db = await start(testKeys(["old"]));
  const first = await credentialCreate(LOGIN, db);
  const newer = await start(testKeys(["new", "old"]));
  const second = await credentialCreate(LOGIN, newer);

  const error = await refusal(credentialReveal({ id: second.id, ...WHO }, db));

  assert.is(error.message, `Cannot open credential ${second.id}: key "new" is not loaded`);
  assert.is((await credentialReveal({ id: first.id, ...WHO }, db)).password.reveal(), "swordfish");
});

test("vaultOf(db).states() lists every key of the ring and of the database", async () => {
  const before = await start(testKeys(["old", "idle"]));
  await credentialCreate(LOGIN, before);
  await encryptionKeyRetire.one({ keyId: "idle" }, before);
  const db = await start(testKeys(["new", "idle"]));

  const states = await vaultOf(db).states();

  const short = states.map(({ keyId, active, loaded, rows, retiredAt, problem }) => [
    keyId,
    active,
    loaded,
    rows,
    retiredAt !== undefined,
    problem,
  ]);
  assert.equal(short.sort(), [
    ["idle", false, true, 0, true, undefined],
    ["new", true, true, 0, false, undefined],
    ["old", false, false, 1, false, "missing"],
  ]);
});

test("a provider that fails refuses credentials with its own error, and is asked again", async () => {
  let away = true;
  const provider: KeyProvider = {
    active: "kms",
    keyIds: ["kms"],
    key: async (keyId) => {
      if (away) throw new Error("the service is away, and its token is swordfish");
      return await keyBytes(keyId);
    },
  };
  const db = await start(provider);

  assert.match((await rejection(credentialCreate(LOGIN, db))).message, "the service is away");
  assert.equal(lines, ["The vault cannot encrypt or decrypt credentials: the key provider failed"]);
  away = false;
  assert.is((await credentialCreate(LOGIN, db)).username, "u");
});

test("a provider that never answers keeps nobody waiting past the deadline", async () => {
  let give = () => {};
  const given = new Promise<void>((resolve) => give = resolve);
  const slow: KeyProvider = {
    active: "k1",
    keyIds: ["k1"],
    key: async (keyId) => {
      await given;
      return await keyBytes(keyId);
    },
  };
  const timeouts = { connect: 500, statement: 600 };
  const quiet = { pool: { size: 2 }, logging: { level: "silent" } } as const;
  const db = await connect({ url: database.url, keys: slow, timeouts, ...quiet });
  open.push(db);

  const aborted = AbortSignal.timeout(50);
  const late = [
    await rejection(credentialCreate(LOGIN, db)),
    await rejection(credentialCreate(LOGIN, db, { timeout: 100 })),
    await rejection(vaultOf(db).states({ timeout: 100 })),
  ];
  const abort = await rejection(credentialCreate(LOGIN, db, { signal: aborted }));

  for (const error of late) assert.instance(error, TimeoutError);
  assert.match(late[0]!.message, "The keys were not checked within 600 ms");
  assert.is(abort, aborted.reason);
  give();
  assert.is((await credentialCreate(LOGIN, db)).username, "u");
});

test.run();
