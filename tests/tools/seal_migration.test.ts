/** Unencrypted credentials survive the migration and remain distinguishable from encrypted ones. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  connect,
  credentialAttemptRecord,
  credentialGet,
  credentialReveal,
  credentialSetPassword,
  credentialUpdate,
  keysRotate,
  keysStatus,
} from "netraven-db";
import { migrate, rollback } from "../../src/tools/migrations/migrator.ts";
import { MIGRATIONS } from "../../src/tools/migrations/files.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { testKeys } from "../support/keys.ts";
import { suite } from "../support/suite.ts";
import { rejection } from "../support/until.ts";

const test = suite("seal migration");
const WHO = { by: "test", reason: "test" };

test("a database with credentials of an older schema migrates, works, and can go back", async () => {
  const database = await createEmptyDatabase();
  const older = await mkdtemp(join(tmpdir(), "netraven-older-"));
  const { url } = database;
  try {
    const files = (await readdir(MIGRATIONS)).filter((file) => file < "20261125");
    for (const file of files) await cp(join(MIGRATIONS, file), join(older, file));
    await migrate({ url, migrationsDir: older });
    const quiet = { logging: { level: "silent" } } as const;
    await using before = await connect({ url, ...quiet });
    await before.query(
      `insert into credentials (username, password, success_rate)
       values ('one', 'sealed:one', 0.5), ('two', 'a.b.c', 1), ('three', '', 1)`,
    );

    await migrate({ url });

    await using db = await connect({ url, keys: testKeys(["k1"]), ...quiet });
    const { unsealed } = await keysStatus(db);
    const rows = await Promise.all(unsealed.map((id) => credentialGet.one({ id }, db)));
    assert.equal(rows.map(({ username }) => username), ["one", "two", "three"]);
    assert.is(new Set(rows.map(({ uuid }) => uuid)).size, 3);
    for (const { id, keyId, succeeded, failed } of rows) {
      assert.equal([keyId, succeeded, failed], [null, 0, 0]);
      assert.match((await rejection(credentialReveal({ id, ...WHO }, db))).message, "set it again");
      // Other changes do not touch their passwords.
      await credentialUpdate.one({ id, priority: 7 }, db);
      const attempt = { credentialIds: [id], succeeded: [true], attemptedAt: [new Date()] };
      await credentialAttemptRecord.one(attempt, db);
    }
    assert.equal((await keysRotate({}, db)).rotated, 0);
    await credentialSetPassword({ id: unsealed[0]!, password: "swordfish" }, db);
    const { password } = await credentialReveal({ id: unsealed[0]!, ...WHO }, db);
    assert.is(password.reveal(), "swordfish");
    assert.is((await keysStatus(db)).unsealed.length, 2);

    const later = (await readdir(MIGRATIONS)).length - files.length;
    for (let i = 0; i < later; i++) await rollback({ url });
    const kept = await before.query<{ password: string }>(
      "select password from credentials order by id",
    );
    assert.match(kept.rows[0]!.password, /^nr1\.k1\./);
    assert.equal(kept.rows.slice(1).map(({ password }) => password), ["a.b.c", ""]);
  } finally {
    await database.drop();
    await rm(older, { recursive: true });
  }
});

test.run();
