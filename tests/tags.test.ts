/** Tags: creating, finding, counting, renaming and deleting them. */
import * as assert from "uvu/assert";
import {
  ConstraintError,
  credentialGet,
  deviceGet,
  tagDelete,
  tagEnsure,
  tagGet,
  tagGetByName,
  tagInsert,
  tagList,
  type TagListRow,
  tagUpdate,
} from "netraven-db";
import { addCredential, addDevice, clear, count, fields } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("tags");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

test("TagInsert makes a tag, of type custom unless told", async () => {
  const site = await tagInsert.one({ name: "dc1", type: "site" }, db);
  const plain = await tagInsert.one({ name: "lab" }, db);

  assert.equal(site, { id: site.id, name: "dc1", type: "site" });
  assert.equal(plain, { id: plain.id, name: "lab", type: "custom" });
});

test("TagInsert tells a taken name from an empty one, and takes case as it is", async () => {
  await tagInsert.run({ name: "dc1" }, db);
  await tagInsert.run({ name: "DC1" }, db);

  const taken = await rejection(tagInsert.run({ name: "dc1", type: "site" }, db));
  const empty = await rejection(tagInsert.run({ name: "" }, db));

  assert.instance(taken, ConstraintError);
  assert.instance(empty, ConstraintError);
  const { constraint, kind, columns } = taken as ConstraintError;
  assert.equal([constraint, kind, ...columns], ["tags_name_key", "unique", "name"]);
  assert.is((empty as ConstraintError).constraint, "name_has_1_to_255_characters");
  assert.is(await count(db, "tags"), 2);
});

test("TagEnsure makes what does not exist and returns all, by name, types untouched", async () => {
  const old = await tagInsert.one({ name: "dc1", type: "site" }, db);

  const names = ["leaf", "dc1", "lab", "leaf"];
  const types = ["role", "custom", null, "role"];
  const first = await tagEnsure.run({ names, types }, db);
  const second = await tagEnsure.run({ names, types: ["x", "x", "x", "x"] }, db);

  assert.equal(first.map(({ name, type }) => [name, type]), [
    ["dc1", "site"],
    ["lab", "custom"],
    ["leaf", "role"],
  ]);
  assert.is(first[0]?.id, old.id);
  assert.equal(second, first);
  assert.is(await count(db, "tags"), 3);
});

test("TagEnsure takes names without types, fewer types than names, and no names", async () => {
  const plain = await tagEnsure.run({ names: ["a"] }, db);
  const fewer = await tagEnsure.run({ names: ["b", "c"], types: ["site"] }, db);

  assert.equal(plain.map(({ type }) => type), ["custom"]);
  assert.equal(fewer.map(({ type }) => type), ["site", "custom"]);
  assert.equal(await tagEnsure.run({ names: [] }, db), []);
});

test("TagEnsure makes each tag once when callers name them in other orders at once", async () => {
  for (let round = 0; round < 20; round++) {
    const names = Array.from({ length: 40 }, (_, i) => `tag-${round}-${i}`);
    const orders = [names, names.toReversed(), names.slice(20).concat(names.slice(0, 20)), names];

    const results = await Promise.all(orders.map((names, caller) => {
      const types = names.map(() => `type-${caller}`);
      return tagEnsure.run({ names, types }, db);
    }));

    for (const result of results) {
      assert.equal(result, results[0]);
      assert.is(result.length, 40);
    }
  }
  assert.is(await count(db, "tags"), 800);
});

test("TagGet and TagGetByName find the tag, or nothing", async () => {
  const tag = await tagInsert.one({ name: "dc1", type: "site" }, db);

  assert.equal(await tagGet.one({ id: tag.id }, db), tag);
  assert.equal(await tagGetByName.one({ name: "dc1" }, db), tag);
  assert.is(await tagGet.first({ id: -1 }, db), undefined);
  assert.is(await tagGetByName.first({ name: "DC1" }, db), undefined);
});

test("TagList counts devices and credentials apart, none included", async () => {
  await addDevice(db, { tagNames: ["both", "devices"] });
  await addDevice(db, { tagNames: ["both", "devices"] });
  await addDevice(db, { tagNames: ["devices"] });
  await addCredential(db, { tagNames: ["both"] });
  await addCredential(db, { tagNames: ["both", "credentials"] });
  await addCredential(db, { tagNames: ["both"] });
  await tagInsert.run({ name: "none", type: "site" }, db);

  const rows = await tagList.run({ limit: 10 }, db);

  assert.equal(rows.map((row) => [row.name, row.deviceCount, row.credentialCount]), [
    ["both", 2, 3],
    ["credentials", 0, 1],
    ["devices", 3, 0],
    ["none", 0, 0],
  ]);
  assert.equal(fields(rows[0]), ["credentialCount", "deviceCount", "id", "name", "type"]);
});

test("TagList pages by name, each tag exactly once, of one type where asked", async () => {
  const names = Array.from({ length: 25 }, (_, i) => `${"bAc"[i % 3]}-${i}`);
  const types = names.map((_, i) => i % 2 === 0 ? "site" : "role");
  await tagEnsure.run({ names, types }, db);

  for (const type of [undefined, "site"]) {
    const seen: string[] = [];
    let last: TagListRow | undefined;
    for (;;) {
      const after = { afterName: last?.name, afterId: last?.id };
      const page = await tagList.run({ type, ...after, limit: 4 }, db);
      seen.push(...page.map(({ name }) => name));
      if (page.length < 4) break;
      last = page.at(-1);
    }

    const wanted = names.filter((_, i) => type === undefined || types[i] === type);
    assert.equal(seen, wanted.sort());
  }
  assert.equal(await tagList.run({ type: "si", limit: 4 }, db), []);
});

test("TagUpdate changes what is given and leaves the rest", async () => {
  const { id } = await tagInsert.one({ name: "dc1", type: "site" }, db);
  await tagInsert.run({ name: "taken" }, db);

  assert.equal(await tagUpdate.one({ id }, db), { id, name: "dc1", type: "site" });
  assert.equal(await tagUpdate.one({ id, name: "dc2" }, db), { id, name: "dc2", type: "site" });
  assert.equal(await tagUpdate.one({ id, type: "x" }, db), { id, name: "dc2", type: "x" });
  assert.equal(await tagGet.one({ id }, db), { id, name: "dc2", type: "x" });
  assert.equal(await tagUpdate.run({ id: -1, name: "dc3" }, db), []);
  const taken = await rejection(tagUpdate.run({ id, name: "taken" }, db));
  assert.is((taken as ConstraintError).constraint, "tags_name_key");
});

test("TagDelete takes the tag off everything, and deletes nothing else", async () => {
  const device = await addDevice(db, { tagNames: ["gone", "kept"] });
  const credential = await addCredential(db, { tagNames: ["gone", "kept"] });
  const tag = await tagGetByName.one({ name: "gone" }, db);

  const deleted = await tagDelete.one({ id: tag.id }, db);

  assert.equal(deleted, tag);
  assert.equal((await deviceGet.one({ id: device.id }, db)).tags, ["kept"]);
  assert.equal((await credentialGet.one({ id: credential.id }, db)).tags, ["kept"]);
  assert.equal(await tagDelete.run({ id: tag.id }, db), []);
});

test.run();
