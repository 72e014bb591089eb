/** Creating, changing and revealing credentials: passwords are encrypted, and every reveal leaves an audit record. */
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  credentialCreate,
  credentialDelete,
  credentialGet,
  credentialReveal,
  credentialRevealList,
  credentialSetPassword,
  type Database,
  NotFoundError,
  ParameterError,
  Secret,
  type Transaction,
  VaultError,
} from "netraven-db";
import { credentialSecretGet } from "../src/generated/internal/credentials.ts";
import { clear, count, fields } from "./support/factories.ts";
import { testKeys } from "./support/keys.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("credential vault");
const WHO = { by: "worker-7", reason: "job 42" };
const { db } = await testDatabase(test, { pool: { size: 4 }, keys: testKeys(["k1"]) });

test.before.each(() => clear(db));

/** Returns the stored row. */
async function stored(id: number) {
  return await credentialSecretGet.one({ id, by: "test", reason: "a look" }, db);
}

async function revealed(id: number): Promise<string> {
  return (await credentialReveal({ id, ...WHO }, db)).password.reveal();
}

test("credentialCreate() stores an envelope, and gives the row without the password", async () => {
  const tagNames = ["leaf"];

  const made = await credentialCreate({
    username: "admin",
    password: new Secret("swordfish"),
    priority: 5,
    tagNames,
  }, db);

  assert.equal(fields(made), [
    "id",
    "lastUsed",
    "priority",
    "successRate",
    "tags",
    "username",
    "uuid",
  ]);
  assert.equal([made.username, made.priority, made.tags], ["admin", 5, tagNames]);
  const { password, keyId } = await stored(made.id);
  assert.match(password, /^nr1\.k1\.[A-Za-z0-9_-]+$/);
  assert.is(keyId, "k1");
  assert.is(await revealed(made.id), "swordfish");
});

test("two credentials with one password look different", async () => {
  const login = { username: "admin", password: "swordfish" };
  const [one, two] = [await credentialCreate(login, db), await credentialCreate(login, db)];

  assert.not.equal((await stored(one.id)).password, (await stored(two.id)).password);
});

test("credentialSetPassword() replaces the password alone", async () => {
  const made = await credentialCreate({ username: "admin", password: "swordfish" }, db);
  const before = await credentialGet.one({ id: made.id }, db);

  await credentialSetPassword({ id: made.id, password: "trout" }, db);

  assert.is(await revealed(made.id), "trout");
  assert.equal(await credentialGet.one({ id: made.id }, db), before);
  const error = await rejection(credentialSetPassword({ id: -1, password: "trout" }, db));
  assert.instance(error, NotFoundError);
  assert.is(error.message, "Credential -1 does not exist");
});

test("credentialReveal() gives a Secret, and notes who asked and why", async () => {
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);

  const found = await credentialReveal({ id, ...WHO }, db);

  assert.equal(fields(found), ["id", "password", "username"]);
  assert.instance(found.password, Secret);
  assert.not.match(inspect(found, { depth: 9, showHidden: true }), "swordfish");
  const [note] = await credentialRevealList.run({ limit: 10 }, db);
  assert.equal(
    [note?.credentialId, note?.username, note?.revealedBy, note?.reason],
    [id, "admin", "worker-7", "job 42"],
  );
});

test("credentialReveal() takes no empty name or reason, and gives nothing without a note", async () => {
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);
  const notes = [{ by: "", reason: "r" }, { by: "b", reason: "  " }, { by: "b" }, { reason: "r" }];

  for (const note of notes) {
    const error = await rejection(credentialReveal({ id, ...note as typeof WHO }, db));
    assert.instance(error, ParameterError);
    const field = "by" in note && note.by !== "" ? "reason" : "by";
    assert.is(error.message, `Parameter "${field}" of CredentialReveal is missing or empty`);
  }
  const missing = await rejection(credentialReveal({ id: -1, ...WHO }, db));
  assert.instance(missing, NotFoundError);
  assert.is(await count(db, "credential_reveals"), 0);
});

test("credentialReveal() is not to be had in a transaction, which could undo its note", async () => {
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);

  const error = await rejection(
    db.transaction((tx: Transaction) =>
      credentialReveal({ id, ...WHO }, tx as unknown as Database)
    ),
  );

  assert.instance(error, TypeError);
});

test("credentialReveal() notes also what does not open, and opens nothing that was moved", async () => {
  const one = await credentialCreate({ username: "one", password: "swordfish" }, db);
  const two = await credentialCreate({ username: "two", password: "trout" }, db);
  const { password } = await stored(one.id);
  await db.query("update credentials set password = $2 where id = $1", [two.id, password]);

  const error = await rejection(credentialReveal({ id: two.id, ...WHO }, db));

  assert.instance(error, VaultError);
  assert.is((error as VaultError).reason, "does_not_open");
  assert.match(
    error.message,
    `Cannot open credential ${two.id}: the sealed text was changed or moved`,
  );
  const [note] = await credentialRevealList.run({ limit: 1 }, db);
  assert.equal([note?.credentialId, note?.reason], [two.id, "job 42"]);
  assert.is(await revealed(one.id), "swordfish");
});

test("a password from before there were keys is named, and can be replaced", async () => {
  const { id } = await credentialCreate({ username: "old", password: "swordfish" }, db);
  // The state before the migration: the check constraint ignores existing rows.
  await db.transaction(async (tx) => {
    await tx.query("alter domain sealed_text drop constraint sealed_text_is_an_envelope");
    await tx.query("update credentials set password = 'sealed:7' where id = $1", [id]);
    await tx.query(
      "alter domain sealed_text add constraint sealed_text_is_an_envelope " +
        "check (value ~ '^nr1\\.[a-z0-9][a-z0-9_-]{0,62}\\.[A-Za-z0-9_-]{38,}$') not valid",
    );
  });

  const error = await rejection(credentialReveal({ id, ...WHO }, db));

  assert.is(
    error.message,
    `Cannot open credential ${id}: the text is not sealed; set it again`,
  );
  assert.is((await credentialGet.one({ id }, db)).keyId, null);
  await credentialSetPassword({ id, password: "trout" }, db);
  assert.is(await revealed(id), "trout");
});

test("credentialCreate() and credentialSetPassword() are part of a transaction, or of its end", async () => {
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);
  const failed = rejection(db.transaction(async (tx) => {
    await credentialCreate({ username: "gone", password: "trout" }, tx);
    await tx.transaction((inner) => credentialSetPassword({ id, password: "trout" }, inner));
    throw new Error("undo");
  }));
  assert.is((await failed).message, "undo");
  assert.is(await count(db, "credentials"), 1);
  assert.is(await revealed(id), "swordfish");

  const other = await db.transaction(async (tx) => {
    await credentialSetPassword({ id, password: "trout" }, tx);
    return await credentialCreate({ username: "kept", password: "perch" }, tx);
  });

  assert.equal([await revealed(id), await revealed(other.id)], ["trout", "perch"]);
});

test("a password that cannot be kept as it is is refused by its field, and not repeated", async () => {
  for (const password of ["swordfish\0", "swordfish\ud800", 7, undefined]) {
    const given = { username: "u", password: password as string };
    const errors = [
      await rejection(credentialCreate(given, db)),
      await rejection(credentialSetPassword({ id: 1, password: given.password }, db)),
    ];
    for (const error of errors) {
      assert.instance(error, ParameterError);
      assert.match(error.message, /^Parameter "password" of Credential\w+ /);
      assert.not.match(inspect(error, { showHidden: true }), "swordfish");
    }
  }
  assert.is(await count(db, "credentials"), 0);
});

test("a credential that is deleted meanwhile is told as missing", async () => {
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, db);
  await credentialDelete.one({ id }, db);

  assert.instance(await rejection(credentialReveal({ id, ...WHO }, db)), NotFoundError);
  assert.instance(
    await rejection(credentialSetPassword({ id, password: "trout" }, db)),
    NotFoundError,
  );
});

test.run();
