/** Tags of credentials: they form sets, and a repeated call changes nothing. */
import * as assert from "uvu/assert";
import {
  credentialGet,
  credentialTagAdd,
  credentialTagRemove,
  credentialTagSet,
  tagGetByName,
  tagInsert,
} from "netraven-db";
import { addCredential, clear, count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";

const test = suite("credential_tags");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

async function tagsOf(id: number): Promise<string[]> {
  return (await credentialGet.one({ id }, db)).tags;
}

test("CredentialTagSet gives every credential exactly these tags, and makes the missing ones", async () => {
  await tagInsert.run({ name: "dc1", type: "site" }, db);
  const a = await addCredential(db, { tagNames: ["old", "leaf"] });
  const b = await addCredential(db);
  const other = await addCredential(db, { tagNames: ["old"] });

  const rows = await credentialTagSet.run({
    credentialIds: [b.id, a.id, -1, b.id],
    tagNames: ["new", "leaf", "dc1", "leaf"],
  }, db);

  const tags = ["dc1", "leaf", "new"];
  assert.equal(rows, [{ credentialId: a.id, tags }, { credentialId: b.id, tags }]);
  assert.equal(await tagsOf(a.id), tags);
  assert.equal(await tagsOf(b.id), tags);
  assert.equal(await tagsOf(other.id), ["old"]);
  assert.is((await tagGetByName.one({ name: "dc1" }, db)).type, "site");
});

test("CredentialTagSet takes all tags off where none is given, and does nothing for nobody", async () => {
  const a = await addCredential(db, { tagNames: ["x", "y"] });
  const b = await addCredential(db, { tagNames: ["x"] });

  const rows = await credentialTagSet.run({ credentialIds: [a.id], tagNames: [] }, db);
  const nobody = await credentialTagSet.run({ credentialIds: [], tagNames: [] }, db);

  assert.equal(rows, [{ credentialId: a.id, tags: [] }]);
  assert.equal(nobody, []);
  assert.equal(await tagsOf(a.id), []);
  assert.equal(await tagsOf(b.id), ["x"]);
  assert.ok(await tagGetByName.first({ name: "y" }, db));
});

test("CredentialTagAdd adds and keeps, CredentialTagRemove takes off and keeps", async () => {
  const a = await addCredential(db, { tagNames: ["old"] });
  const b = await addCredential(db, { tagNames: ["leaf"] });
  const other = await addCredential(db, { tagNames: ["old", "leaf"] });
  const both = [b.id, -1, a.id];

  const added = await credentialTagAdd.run({
    credentialIds: both,
    tagNames: ["leaf", "new", "new"],
  }, db);
  const removed = await credentialTagRemove.run({
    credentialIds: both,
    tagNames: ["leaf", "unknown"],
  }, db);

  assert.equal(added, [
    { credentialId: a.id, tags: ["leaf", "new", "old"] },
    { credentialId: b.id, tags: ["leaf", "new"] },
  ]);
  assert.equal(removed, [
    { credentialId: a.id, tags: ["new", "old"] },
    { credentialId: b.id, tags: ["new"] },
  ]);
  assert.equal(await tagsOf(a.id), ["new", "old"]);
  assert.equal(await tagsOf(b.id), ["new"]);
  assert.equal(await tagsOf(other.id), ["leaf", "old"]);
  assert.is(await tagGetByName.first({ name: "unknown" }, db), undefined);
});

test("CredentialTagSet, Add and Remove give the same the second time", async () => {
  const { id } = await addCredential(db, { tagNames: ["x"] });
  const given = { credentialIds: [id], tagNames: ["a", "b"] };

  for (const query of [credentialTagSet, credentialTagAdd, credentialTagRemove]) {
    const first = await query.run(given, db);
    const second = await query.run(given, db);

    assert.equal(second, first);
    assert.equal(await tagsOf(id), first[0]?.tags);
  }
});

test("CredentialTagAdd and CredentialTagRemove leave all as it is without tags or without a credential", async () => {
  const { id } = await addCredential(db, { tagNames: ["x"] });

  for (const query of [credentialTagAdd, credentialTagRemove]) {
    assert.equal(await query.run({ credentialIds: [id], tagNames: [] }, db), [
      { credentialId: id, tags: ["x"] },
    ]);
    assert.equal(await query.run({ credentialIds: [], tagNames: ["x"] }, db), []);
  }
  assert.equal(await tagsOf(id), ["x"]);
});

test("CredentialTagAdd from many callers at once loses and doubles nothing", async () => {
  const ids = await Promise.all(
    Array.from({ length: 5 }, async () => (await addCredential(db)).id),
  );
  for (let round = 0; round < 10; round++) {
    const shared = Array.from({ length: 20 }, (_, i) => `shared-${round}-${i}`);
    const callers = Array.from({ length: 8 }, (_, i) => [`own-${round}-${i}`, ...shared]);

    await Promise.all(callers.map((tagNames, i) =>
      credentialTagAdd.run({
        credentialIds: i % 2 ? ids : ids.toReversed(),
        tagNames: i % 2 ? tagNames : tagNames.toReversed(),
      }, db)
    ));
  }

  for (const id of ids) assert.is((await tagsOf(id)).length, 280);
  assert.is(await count(db, "credential_tags"), 1400);
  assert.is(await count(db, "tags"), 280);
});

test.run();
