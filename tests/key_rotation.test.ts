/** Rotation: every encrypted value moves to the active key while other processes work, and none is lost. */
// Runs on the first server: it tests what becomes of keys, whatever the server's version.
import * as assert from "uvu/assert";
import {
  connect,
  credentialCreate,
  credentialList,
  credentialReveal,
  credentialSetPassword,
  type Database,
  keysCheck,
  keysRetire,
  keysRotate,
  keysStatus,
  NotFoundError,
  type VaultError,
  vaultOf,
} from "netraven-db";
import { Vault } from "../src/vault/vault.ts";
import {
  credentialPasswordSet,
  credentialSecretGet,
} from "../src/generated/internal/credentials.ts";
import {
  encryptionKeyInsert,
  encryptionKeyRetire,
} from "../src/generated/internal/encryption_keys.ts";
import { SEALED_COLUMNS } from "../src/credentials/key_rotation.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { clear, count } from "./support/factories.ts";
import { testKeys } from "./support/keys.ts";
import { suite } from "./support/suite.ts";
import { tellFigures } from "./support/summary.ts";
import { rejection } from "./support/until.ts";

const test = suite("key rotation");
const WHO = { by: "test", reason: "test" };
let database: TestDatabase;
/** Four processes, named by their rings. */
let old: Database;
let both: Database;
let fresh: Database;
let open: Database[] = [];

function start(...keyIds: [string, ...string[]]): Promise<Database> {
  const quiet = { pool: { size: 4 }, logging: { level: "silent" } } as const;
  return connect({ url: database.url, keys: testKeys(keyIds), ...quiet });
}

test.before.each(async () => {
  database = await createDatabase();
  old = await start("old");
  both = await start("new", "old");
  fresh = await start("new");
  open = [old, both, fresh];
  await clear(old);
});

test.after.each(async () => {
  for (const db of open) await db.close();
  await database.drop();
});

/** Creates credentials under the old key, with passwords `p0`, `p1`… */
async function fill(number: number): Promise<number[]> {
  const ids: number[] = [];
  for (let i = 0; i < number; i++) {
    ids.push((await credentialCreate({ username: `u${i}`, password: `p${i}` }, old)).id);
  }
  return ids;
}

async function passwords(db: Database, ids: readonly number[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) found.push((await credentialReveal({ id, ...WHO }, db)).password.reveal());
  return found;
}

/** Returns the number of rows of each key. */
async function usage(): Promise<Record<string, number>> {
  const { keys } = await keysStatus(both);
  return Object.fromEntries(keys.map(({ keyId, rows }) => [keyId, rows]));
}

/** Returns `both`, which calls a function before it first sends the named query. */
function before(name: string, work: () => Promise<unknown>): Database {
  let done = false;
  return new Proxy(both, {
    get(target, key) {
      if (key !== "query") {
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (...args: Parameters<Database["query"]>) => {
        if (args[2]?.name === name && !done) {
          done = true;
          await work();
        }
        return await target.query(...args);
      };
    },
  });
}

test("every sealed column of the schema is on the list of the rotation", async () => {
  const { rows } = await old.query<{ table: string; column: string }>(
    `select attrelid::regclass::text as table, attname::text as column
     from pg_attribute
     join pg_class on pg_class.oid = attrelid and relkind in ('r', 'p')
     where atttypid = 'sealed_text'::regtype and not attisdropped
     order by 1, 2`,
  );

  const listed = SEALED_COLUMNS.map(({ table, column }) => ({ table, column }));
  assert.equal(listed, rows);
  assert.ok(rows.length > 0);
});

test("keysRotate() seals every value anew, to be opened by the new key alone", async () => {
  const ids = await fill(25);
  const seen: [number, number][] = [];

  const done = await keysRotate({ batch: 10 }, both, {
    onProgress: ({ rotated, pass }) => seen.push([rotated, pass]),
  });

  assert.equal([done.keyId, done.rotated, done.unopened], ["new", 25, []]);
  assert.is(done.pass, 3, "one that works, two that find nothing");
  assert.equal(seen, [[10, 1], [20, 1], [25, 1]]);
  assert.equal(await usage(), { old: 0, new: 25 });
  assert.equal(await passwords(fresh, ids), ids.map((_, i) => `p${i}`));
  assert.equal((await keysRotate({}, both)).rotated, 0);
});

test("keysRotate() loses to a password that is set meanwhile, and comes again for it", async () => {
  const ids = await fill(3);
  const racing = before(
    "CredentialReseal",
    () => credentialSetPassword({ id: ids[1]!, password: "changed" }, old),
  );

  const done = await keysRotate({}, racing);

  assert.is(done.rotated, 3);
  assert.equal(await passwords(fresh, ids), ["p0", "changed", "p2"]);
});

test("keysRotate() comes again for rows that appear meanwhile", async () => {
  const ids = await fill(3);
  let made = 0;
  const racing = before("CredentialReseal", async () => {
    made = (await credentialCreate({ username: "late", password: "late" }, old)).id;
  });

  await keysRotate({ batch: 2 }, racing);

  assert.equal(await passwords(fresh, [...ids, made]), ["p0", "p1", "p2", "late"]);
  assert.equal(await usage(), { old: 0, new: 4 });
});

test("keysRotate() waits for nobody who holds a row, and comes again when it is free", async () => {
  const ids = await fill(3);
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  let held = () => {};
  const holding = new Promise<void>((resolve) => held = resolve);
  const holder = old.transaction(async (tx) => {
    await tx.query("select from credentials where id = $1 for update", [ids[1]]);
    held();
    await released;
  });
  await holding;

  const passes: number[] = [];
  const done = await keysRotate({}, both, {
    onProgress: ({ rotated, pass }) => {
      passes.push(rotated);
      if (pass === 3) release();
    },
  });

  await holder;
  assert.equal(passes.slice(0, 3), [2, 2, 2]);
  assert.is(done.rotated, 3);
  assert.equal(await passwords(fresh, ids), ["p0", "p1", "p2"]);
});

test("several rotations at once do the work of one", async () => {
  const ids = await fill(60);

  const done = await Promise.all(Array.from({ length: 4 }, () => keysRotate({ batch: 7 }, both)));

  assert.is(done.reduce((sum, { rotated }) => sum + rotated, 0), 60);
  assert.equal(await passwords(fresh, ids), ids.map((_, i) => `p${i}`));
});

test("keysRotate() that was ended half way is taken up by the next one", async () => {
  const ids = await fill(30);
  const controller = new AbortController();

  const error = await rejection(
    keysRotate({ batch: 5 }, both, {
      signal: controller.signal,
      onProgress: ({ rotated }) => rotated >= 10 && controller.abort(new Error("enough")),
    }),
  );
  const half = await usage();
  const rest = await keysRotate({}, both);

  assert.is(error.message, "enough");
  assert.equal(half, { old: 20, new: 10 });
  assert.is(rest.rotated, 20);
  assert.equal(await passwords(fresh, ids), ids.map((_, i) => `p${i}`));
});

test("keysRotate() passes over what does not open, and names it; keysCheck() too", async () => {
  const ids = await fill(4);
  const { password } = await credentialSecretGet.one({ id: ids[0]!, ...WHO }, old);
  await credentialPasswordSet.one({ id: ids[2]!, password }, old);
  const moved = { table: "credentials", column: "password", id: ids[2]!, keyId: "old" };

  const checked = await keysCheck(both);
  const done = await keysRotate({}, both);

  assert.equal([checked.opened, checked.unopened, checked.problem], [3, [moved], undefined]);
  assert.equal([done.rotated, done.unopened], [3, [moved]]);
  assert.equal(await usage(), { old: 1, new: 3 });
});

test("keysCheck() opens every value with whatever key, and says which keys are missing", async () => {
  await fill(3);
  await credentialCreate({ username: "u", password: "p" }, both);

  const fine = await keysCheck(both);
  const lacking = await keysCheck(fresh);

  assert.equal([fine.opened, fine.unopened.length, fine.problem], [4, 0, undefined]);
  assert.equal([lacking.opened, lacking.unopened.length], [1, 3]);
  assert.is(lacking.problem?.reason, "missing_keys");
});

test("keysRetire() gives up a key that seals nothing, and only such a key", async () => {
  const ids = await fill(2);

  const used = await rejection(keysRetire({ keyId: "old" }, both));
  const active = await rejection(keysRetire({ keyId: "new" }, both));
  const unknown = await rejection(keysRetire({ keyId: "never" }, both));
  await keysRotate({}, both);
  const retiredAt = await keysRetire({ keyId: "old" }, both);
  const again = await keysRetire({ keyId: "old" }, both);

  assert.is(
    used.message,
    'Cannot retire key "old": it encrypts 2 rows; run "make keys-rotate" first',
  );
  assert.equal((used as VaultError).keys, [{ keyId: "old", rows: 2 }]);
  assert.match(active.message, "it is the active key");
  assert.instance(unknown, NotFoundError);
  assert.equal(again, retiredAt);
  assert.equal(await passwords(fresh, ids), ["p0", "p1"]);
  const late = await rejection(credentialCreate({ username: "late", password: "p" }, old));
  assert.is((late as VaultError).reason, "retired_key");
});

test("no statement retires a key that is in use, and none brings it into use afterwards", async () => {
  const ids = await fill(1);
  const { password } = await credentialSecretGet.one({ id: ids[0]!, ...WHO }, old);
  const retire = "update encryption_keys set retired_at = now() where key_id = 'old'";

  assert.match((await rejection(old.query(retire))).message, "credentials_key_id_key_live_fkey");
  await keysRotate({}, both);
  await old.query(retire);
  const back = await rejection(credentialPasswordSet.one({ id: ids[0]!, password }, old));
  assert.match(back.message, "credentials_key_id_key_live_fkey");
});

test("of retiring a key and sealing with it at once, one is refused", async () => {
  for (let round = 0; round < 15; round++) {
    const keyId = `k${round}`;
    await encryptionKeyInsert.run({ keyIds: [keyId], checkValues: ["none"] }, old);
    const vault = await Vault.load(testKeys([keyId]));
    const uuid = crypto.randomUUID();
    const place = { table: "credentials", column: "password", uuid };
    const password = await vault.seal(place, "p");
    const insert = "insert into credentials (uuid, username, password) values ($1, 'u', $2)";

    const [sealed, retired] = await Promise.allSettled([
      old.query(insert, [uuid, password]),
      encryptionKeyRetire.one({ keyId }, both),
    ]);

    const outcome = [sealed.status, retired.status].sort();
    assert.equal(outcome, ["fulfilled", "rejected"], `round ${round}`);
  }
});

test("10,000 credentials are rotated while somebody writes", async () => {
  const vault = await vaultOf(old).ready();
  const rows = await Promise.all(Array.from({ length: 10_000 }, async (_, i) => {
    const uuid = crypto.randomUUID();
    const place = { table: "credentials", column: "password", uuid };
    return { uuid, username: `u${i}`, password: await vault.seal(place, `p${i}`) };
  }));
  await old.query(
    `insert into credentials (uuid, username, password)
     select * from unnest($1::uuid[], $2::text[], $3::text[])`,
    [
      rows.map(({ uuid }) => uuid),
      rows.map(({ username }) => username),
      rows.map(({ password }) => password),
    ],
  );
  const some = await credentialList.run({ limit: 200 }, old);
  let rotating = true;
  let written = 0;
  const writer = (async () => {
    while (rotating) {
      const { id, username } = some[written++ % some.length]!;
      await credentialSetPassword({ id, password: `${username} again` }, both);
    }
  })();

  const started = performance.now();
  const done = await keysRotate({}, both);
  const seconds = (performance.now() - started) / 1000;
  rotating = false;
  await writer;

  assert.equal(done.unopened, []);
  assert.equal(await usage(), { old: 0, new: 10_000 });
  const { opened, unopened } = await keysCheck(fresh);
  assert.equal([opened, unopened.length], [10_000, 0]);
  assert.is(await count(fresh, "credentials"), 10_000);
  const rate = `${done.rotated} values sealed anew in ${seconds.toFixed(1)} s`;
  tellFigures(`rotation: ${rate}, ${written} set meanwhile`);
});

test.run();
