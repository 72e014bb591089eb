/** Credentials: which ones match a device, in which order, and their success rates. */
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  ConstraintError,
  credentialAttemptRecord,
  credentialDelete,
  credentialDependents,
  credentialGet,
  credentialList,
  type CredentialListRow,
  credentialMatch,
  credentialMatchMany,
  credentialRevealList,
  credentialUpdate,
  deviceGet,
  ParameterError,
  tagGetByName,
  tagInsert,
} from "netraven-db";
import {
  credentialInsert,
  credentialPasswordSet,
  credentialReseal,
  credentialResealList,
  credentialSecretGet,
} from "../src/generated/internal/credentials.ts";
import {
  addCredential,
  addDevice,
  addKey,
  clear,
  count,
  databaseNow,
  envelope,
  fields,
} from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("credentials");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const LISTED = ["id", "lastUsed", "priority", "successRate", "tags", "username"];
const BARE = LISTED.filter((field) => field !== "tags");
const WHOLE = [...LISTED, "failed", "keyId", "succeeded", "uuid"].sort();
const MATCH = [...BARE, "matchingTags"].sort();

function at(second: number): Date {
  return new Date(Date.UTC(2020, 0, 1, 0, 0, second));
}

async function setRecord(id: number, successRate: number, lastUsed: Date | null): Promise<void> {
  await db.query("update credentials set success_rate = $2, last_used = $3 where id = $1", [
    id,
    successRate,
    lastUsed,
  ]);
}

async function rate(id: number): Promise<number> {
  return (await credentialGet.one({ id }, db)).successRate;
}

/** Calculates the success rate after a series of attempts. */
function serial(start: number, outcomes: readonly boolean[]): number {
  return outcomes.reduce((rate, ok) => rate * 0.9 + (ok ? 0.1 : 0), start);
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

const SECRET = envelope("secret");
const WHO = { by: "test", reason: "a test" };

/** Whether the value contains the encrypted password anywhere. */
function tells(value: unknown): boolean {
  return JSON.stringify(value).includes(SECRET);
}

test("CredentialInsert makes a credential with its tags, priority 100 unless told", async () => {
  await tagInsert.run({ name: "dc1", type: "site" }, db);
  await addKey(db);
  const uuid = crypto.randomUUID();

  const made = await credentialInsert.one({
    uuid,
    username: "admin",
    password: SECRET,
    priority: 5,
    tagNames: ["leaf", "dc1", "leaf"],
  }, db);
  const plain = await credentialInsert.one({
    uuid: crypto.randomUUID(),
    username: "admin",
    password: SECRET,
  }, db);

  assert.equal(made, {
    id: made.id,
    uuid,
    username: "admin",
    priority: 5,
    lastUsed: null,
    successRate: 1,
    tags: ["dc1", "leaf"],
  });
  assert.equal([plain.priority, plain.tags], [100, []]);
  const counts = { keyId: "factory", succeeded: 0, failed: 0 };
  assert.equal(await credentialGet.one({ id: made.id }, db), { ...made, ...counts });
  assert.is((await tagGetByName.one({ name: "dc1" }, db)).type, "site");
  assert.is(await credentialGet.first({ id: -1 }, db), undefined);
});

const PLAIN = ["swordfish", "", "nr1.factory.swordfish", `nr2.factory.${"A".repeat(50)}`];

test("no query sends a password in the clear, and the error does not tell it", async () => {
  const { id } = await addCredential(db);
  for (const password of PLAIN) {
    const uuid = crypto.randomUUID();
    const batch = { ids: [id], sealed: [SECRET], resealed: [password] };

    const errors = [
      await rejection(credentialInsert.one({ uuid, username: "u", password }, db)),
      await rejection(credentialPasswordSet.one({ id, password }, db)),
      await rejection(credentialReseal.run(batch, db)),
    ];

    for (const error of errors) {
      assert.instance(error, ParameterError);
      assert.not.match(inspect(error, { depth: 9, showHidden: true }), "swordfish");
    }
    const named = errors.map((error) => (error as ParameterError).field);
    assert.equal(named, ["password", "password", "resealed"]);
  }
});

test("the database takes no password in the clear from anybody, and the error does not tell it", async () => {
  await addKey(db);
  for (const password of PLAIN) {
    const insert = "insert into credentials (uuid, username, password) values ($1, 'u', $2)";

    const error = await rejection(db.query(insert, [crypto.randomUUID(), password]));

    assert.instance(error, ConstraintError);
    assert.is((error as ConstraintError).constraint, "sealed_text_is_an_envelope");
    assert.not.match(inspect(error, { depth: 9, showHidden: true }), "swordfish");
  }
  assert.is(await count(db, "credentials"), 0);
});

test("CredentialInsert refuses an envelope of a key that nobody noted", async () => {
  const password = `nr1.nobody.${"A".repeat(50)}`;

  const error = await rejection(addCredential(db, { password }));

  assert.instance(error, ConstraintError);
  const { kind, columns } = error as ConstraintError;
  assert.equal([kind, columns], ["foreign_key", ["key_id", "key_live"]]);
});

test("only CredentialSecretGet and CredentialResealList return the password", async () => {
  await addKey(db);
  const password = SECRET;
  const device = await addDevice(db, { tagNames: ["t"] });
  const inserted = await credentialInsert.one(
    { uuid: crypto.randomUUID(), username: "u", password, tagNames: ["t"] },
    db,
  );
  const { id, uuid } = inserted;
  const attempt = { credentialIds: [id], succeeded: [true], attemptedAt: [at(0)] };

  const others = {
    inserted,
    got: await credentialGet.run({ id }, db),
    listed: await credentialList.run({ limit: 10 }, db),
    matched: await credentialMatch.run({ deviceId: device.id }, db),
    matchedMany: await credentialMatchMany.run({ deviceIds: [device.id], perDevice: 9 }, db),
    updated: await credentialUpdate.run({ id, username: "v" }, db),
    set: await credentialPasswordSet.run({ id, password }, db),
    recorded: await credentialAttemptRecord.run(attempt, db),
    dependents: await credentialDependents.run({ id, limit: 10 }, db),
  };
  const secret = await credentialSecretGet.one({ id, ...WHO }, db);
  const listed = await credentialResealList.one({ keyId: "another", limit: 10 }, db);
  const deleted = await credentialDelete.run({ id }, db);

  const { revealId } = secret;
  assert.equal(secret, { id, uuid, username: "v", password, keyId: "factory", revealId });
  assert.equal(listed, { id, uuid, keyId: "factory", sealed: password });
  for (const [name, result] of Object.entries({ ...others, deleted })) {
    assert.not(tells(result), name);
    assert.ok([result].flat().length === 1, name);
  }
  assert.equal(fields(others.inserted), [...LISTED, "uuid"].sort());
  assert.equal(fields(others.got[0]), WHOLE);
  assert.equal(fields(others.listed[0]), LISTED);
  assert.equal(fields(others.matched[0]), MATCH);
  assert.equal(fields(others.matchedMany[0]), [...MATCH, "deviceId", "rank"].sort());
  assert.equal(fields(others.updated[0]), BARE);
  assert.equal(fields(others.set[0]), BARE);
  assert.equal(
    fields(others.recorded[0]),
    ["failed", "id", "lastUsed", "succeeded", "successRate"],
  );
  assert.equal(fields(deleted[0]), BARE);
});

test("CredentialSecretGet notes who asked and why, also beyond the credential's end", async () => {
  const { id, username } = await addCredential(db);
  const other = await addCredential(db);
  const before = await databaseNow(db);

  const { revealId } = await credentialSecretGet.one({ id, by: "ann", reason: "ticket 7" }, db);
  await credentialSecretGet.one({ id: other.id, by: "bob", reason: "ticket 8" }, db);
  await credentialSecretGet.one({ id, by: "bob", reason: "ticket 9" }, db);
  assert.equal(await credentialSecretGet.run({ id: -1, by: "eve", reason: "none" }, db), []);
  await credentialDelete.one({ id }, db);

  const all = await credentialRevealList.run({ limit: 10 }, db);
  const own = await credentialRevealList.run({ credentialId: id, limit: 10 }, db);
  const rest = await credentialRevealList.run({ afterId: all[0]!.id, limit: 10 }, db);
  assert.equal(all.map(({ reason }) => reason), ["ticket 9", "ticket 8", "ticket 7"]);
  assert.equal(own.map(({ reason }) => reason), ["ticket 9", "ticket 7"]);
  assert.equal(rest, all.slice(1));
  const { revealedAt, ...first } = all[2]!;
  const note = { credentialId: id, username, revealedBy: "ann", reason: "ticket 7" };
  assert.equal(first, { id: revealId, ...note });
  assert.ok(revealedAt >= before && revealedAt <= await databaseNow(db));
});

test("CredentialList pages in the order of trying, each credential exactly once", async () => {
  const expected: [number, number][] = [];
  for (let i = 0; i < 30; i++) {
    const { id, priority } = await addCredential(db, { priority: [100, -5, 7][i % 3]! });
    expected.push([priority, id]);
  }
  expected.sort(([p, a], [q, b]) => p - q || a - b);

  for (const limit of [1, 4, 10, 100]) {
    const seen: [number, number][] = [];
    let last: CredentialListRow | undefined;
    for (;;) {
      const after = { afterPriority: last?.priority, afterId: last?.id };
      const page = await credentialList.run({ ...after, limit }, db);
      seen.push(...page.map(({ priority, id }): [number, number] => [priority, id]));
      if (page.length < limit) break;
      last = page.at(-1);
    }

    assert.equal(seen, expected);
  }
});

/** Creates credentials with the tag in another order, and returns them best first. */
async function addRanked(tagNames: string[]): Promise<number[]> {
  const records: [number, number, Date | null][] = [
    [1, 0.1, null],
    [50, 0.9, null],
    [50, 0.5, at(9)],
    [50, 0.5, at(3)],
    [50, 0.5, at(3)],
    [50, 0.5, null],
    [50, 0.5, null],
    [60, 1, at(9)],
  ];
  const order = [5, 2, 7, 3, 0, 6, 4, 1];
  const ids: number[] = [];
  for (const i of order) {
    const [priority, successRate, lastUsed] = records[i]!;
    const { id } = await addCredential(db, { priority, tagNames });
    await setRecord(id, successRate, lastUsed);
    ids[i] = id;
  }
  // They differ only in their ids: the older one comes first.
  for (const i of [3, 5]) {
    const [a, b] = [ids[i]!, ids[i + 1]!];
    ids[i] = Math.min(a, b);
    ids[i + 1] = Math.max(a, b);
  }
  return ids;
}

test("CredentialMatch orders by priority, success rate, last use (never used last), id", async () => {
  const ids = await addRanked(["leaf"]);
  const device = await addDevice(db, { tagNames: ["leaf"] });

  const rows = await credentialMatch.run({ deviceId: device.id }, db);

  assert.equal(rows.map(({ id }) => id), ids);
});

test("CredentialMatch gives each credential once, with the tags it shares", async () => {
  const device = await addDevice(db, { tagNames: ["a", "b", "c"] });
  const two = await addCredential(db, { priority: 1, tagNames: ["c", "a", "x"] });
  const one = await addCredential(db, { priority: 2, tagNames: ["b"] });
  await addCredential(db, { tagNames: ["x"] });
  await addCredential(db);

  const rows = await credentialMatch.run({ deviceId: device.id }, db);

  assert.equal(rows.map((row) => [row.id, ...row.matchingTags]), [
    [two.id, "a", "c"],
    [one.id, "b"],
  ]);
  const bare = await addDevice(db);
  assert.equal(await credentialMatch.run({ deviceId: bare.id }, db), []);
  assert.equal(await credentialMatch.run({ deviceId: -1 }, db), []);
});

test("CredentialMatchMany gives each device what CredentialMatch gives, up to the limit", async () => {
  await addRanked(["leaf", "dc1"]);
  await addRanked(["spine"]);
  await addRanked(["dc1"]);
  const tagSets = [["leaf"], ["spine", "dc1"], [], ["dc1", "leaf"], ["nobody"], ["leaf"]];
  const deviceIds: number[] = [];
  for (const tagNames of tagSets) deviceIds.push((await addDevice(db, { tagNames })).id);
  const asked = deviceIds.slice(0, -1);

  for (const perDevice of [1, 3, 100]) {
    const rows = await credentialMatchMany.run({
      deviceIds: [-1, ...asked.toReversed()],
      perDevice,
    }, db);

    const expected = [];
    for (const deviceId of asked) {
      const best = (await credentialMatch.run({ deviceId }, db)).slice(0, perDevice);
      expected.push(...best.map((match, i) => ({ deviceId, rank: i + 1, ...match })));
    }
    assert.equal(rows, expected);
  }
  assert.equal(await credentialMatchMany.run({ deviceIds: [], perDevice: 3 }, db), []);
  assert.equal(await credentialMatchMany.run({ deviceIds: asked, perDevice: 0 }, db), []);
});

test("CredentialMatchMany does not let one tag's credentials hide another's better ones", async () => {
  const device = await addDevice(db, { tagNames: ["a", "b"] });
  const second = await addCredential(db, { priority: 2, tagNames: ["a", "b"] });
  const third = await addCredential(db, { priority: 3, tagNames: ["a"] });
  const first = await addCredential(db, { priority: 1, tagNames: ["b"] });
  await addCredential(db, { priority: 4, tagNames: ["a", "b"] });

  const rows = await credentialMatchMany.run({ deviceIds: [device.id], perDevice: 3 }, db);

  assert.equal(rows.map(({ rank, id }) => [rank, id]), [
    [1, first.id],
    [2, second.id],
    [3, third.id],
  ]);
});

test("CredentialDependents pages over the devices that only this credential opens", async () => {
  const { id } = await addCredential(db, { tagNames: ["own", "own too", "shared"] });
  await addCredential(db, { tagNames: ["shared", "other"] });
  await addDevice(db, { hostname: "d", tagNames: ["own"] });
  await addDevice(db, { hostname: "b", tagNames: ["own", "own too"] });
  await addDevice(db, { hostname: "c", tagNames: ["own", "unused"] });
  await addDevice(db, { hostname: "a", tagNames: ["own", "other"] });
  await addDevice(db, { hostname: "e", tagNames: ["shared"] });
  await addDevice(db, { hostname: "f" });

  const first = await credentialDependents.run({ id, limit: 2 }, db);
  const last = first.at(-1)!;
  const after = { afterHostname: last.hostname, afterId: last.id };
  const rest = await credentialDependents.run({ id, ...after, limit: 2 }, db);

  assert.equal([...first, ...rest].map(({ hostname }) => hostname), ["b", "c", "d"]);
  assert.equal(fields(last), ["hostname", "id"]);
  assert.equal(await credentialDependents.run({ id: -1, limit: 10 }, db), []);
});

test("CredentialUpdate changes what is given, and neither the record nor the tags", async () => {
  const { id } = await addCredential(db, { username: "u", tagNames: ["t"] });
  await setRecord(id, 0.25, at(1));
  const read = () => credentialGet.one({ id }, db);
  const before = await read();

  await credentialUpdate.one({ id, username: null, priority: null }, db);
  assert.equal(await read(), before);

  await credentialUpdate.one({ id, username: "v" }, db);
  assert.equal(await read(), { ...before, username: "v" });

  const { tags: _t, uuid: _u, keyId: _k, succeeded: _s, failed: _f, ...row } = await read();
  assert.equal(await credentialUpdate.one({ id, priority: -1 }, db), { ...row, priority: -1 });
  assert.equal(await credentialUpdate.run({ id: -1, username: "w" }, db), []);
});

// --- Recording attempts

test("CredentialAttemptRecord moves the average and the last use, and nothing else", async () => {
  const { id } = await addCredential(db);
  const other = await addCredential(db);

  const steps: [boolean, Date, number, Date][] = [
    [false, at(5), 0.9, at(5)],
    [false, at(7), 0.81, at(7)],
    [true, at(3), 0.829, at(7)], // told late: the last use does not go back
  ];
  for (const [succeeded, time, successRate, lastUsed] of steps) {
    const row = await credentialAttemptRecord.one({
      credentialIds: [id],
      succeeded: [succeeded],
      attemptedAt: [time],
    }, db);

    near(row.successRate, successRate);
    assert.equal(row.lastUsed, lastUsed);
  }
  const { succeeded, failed } = await credentialGet.one({ id }, db);
  assert.equal([succeeded, failed], [1, 2]);
  const { uuid: _u, ...rest } = other;
  const [, untouched] = await credentialList.run({ limit: 2 }, db);
  assert.equal(untouched, rest);
});

test("CredentialAttemptRecord takes a batch as if one by one, in the order of the times", async () => {
  const a = await addCredential(db);
  const b = await addCredential(db);
  await setRecord(a.id, 0.4, at(100));
  const batch: [number, boolean, Date][] = [
    [a.id, false, at(4)],
    [b.id, true, at(1)],
    [a.id, false, at(2)],
    [-1, false, at(2)],
    [a.id, true, at(1)],
    [a.id, false, at(5)],
    [b.id, false, at(3)],
    [a.id, true, at(5)], // the same time: later in the input is later
  ];

  const rows = await credentialAttemptRecord.run({
    credentialIds: batch.map(([id]) => id),
    succeeded: batch.map(([, succeeded]) => succeeded),
    attemptedAt: batch.map(([, , time]) => time),
  }, db);

  assert.equal(rows.map(({ id }) => id).sort((x, y) => x - y), [a.id, b.id]);
  near(await rate(a.id), serial(0.4, [true, false, false, false, true]));
  near(await rate(b.id), serial(1, [true, false]));
  assert.equal((await credentialGet.one({ id: a.id }, db)).lastUsed, at(100));
  assert.equal((await credentialGet.one({ id: b.id }, db)).lastUsed, at(3));
});

test("CredentialAttemptRecord does nothing for zero attempts or unknown credentials", async () => {
  const { id } = await addCredential(db);

  const none = { credentialIds: [], succeeded: [], attemptedAt: [] };
  const unknown = { credentialIds: [-1], succeeded: [true], attemptedAt: [at(0)] };

  assert.equal(await credentialAttemptRecord.run(none, db), []);
  assert.equal(await credentialAttemptRecord.run(unknown, db), []);
  assert.is(await rate(id), 1);
});

test("CredentialAttemptRecord takes a time in the future as now", async () => {
  const { id } = await addCredential(db);
  const before = await databaseNow(db);

  const row = await credentialAttemptRecord.one({
    credentialIds: [id],
    succeeded: [true],
    attemptedAt: [new Date("2099-01-01Z")],
  }, db);

  assert.ok(row.lastUsed! >= before && row.lastUsed! <= await databaseNow(db));
});

test("CredentialAttemptRecord keeps the rate within 0 and 1 over a thousand attempts", async () => {
  const { id } = await addCredential(db);
  const record = (succeeded: boolean, times: number) =>
    credentialAttemptRecord.one({
      credentialIds: Array.from({ length: times }, () => id),
      succeeded: Array.from({ length: times }, () => succeeded),
      attemptedAt: Array.from({ length: times }, (_, i) => at(i)),
    }, db);

  for (let i = 0; i < 50; i++) {
    const { successRate } = await record(true, 1 + i % 7);
    assert.ok(successRate <= 1 && successRate > 0.999);
  }
  const failed = (await record(false, 1000)).successRate;
  const mended = (await record(true, 1000)).successRate;

  assert.ok(failed >= 0 && failed < 1e-12);
  assert.ok(mended <= 1 && mended > 0.999);
});

test("CredentialAttemptRecord goes on when a rate is too small for its type", async () => {
  const { id } = await addCredential(db);
  // The state after 7,000 failures, which a wrong credential of a busy site has in a day.
  await setRecord(id, 1e-320, null);
  const record = (succeeded: boolean) =>
    credentialAttemptRecord.one({
      credentialIds: Array.from({ length: 100 }, () => id),
      succeeded: Array.from({ length: 100 }, () => succeeded),
      attemptedAt: Array.from({ length: 100 }, (_, i) => at(i)),
    }, db);

  const failed = (await record(false)).successRate;
  const mended = (await record(true)).successRate;

  assert.ok(failed >= 0 && failed < 1e-12);
  near(mended, serial(0, Array.from({ length: 100 }, () => true)));
});

test("CredentialAttemptRecord loses nothing of 8 writers with 1,000 outcomes each", async () => {
  const { id } = await addCredential(db);
  const device = await addDevice(db);
  const calls = 1000;
  const answers: { ok: boolean; rate: number }[] = [];
  const writer = async (number: number) => {
    for (let i = 0; i < calls; i++) {
      const ok = (i * 7 + number) % 3 !== 0;
      const row = await credentialAttemptRecord.one({
        credentialIds: [id],
        succeeded: [ok],
        attemptedAt: [at(i % 200)],
        deviceIds: [device.id],
      }, db);
      answers.push({ ok, rate: row.successRate });
    }
  };

  await Promise.all(Array.from({ length: 8 }, (_, number) => writer(number)));

  // Each answer is the result of one attempt on the previous rate. Sorted into the only possible order, every
  // answer must have its place.
  const next = new Map<string, number>();
  const key = (ok: boolean, rate: number) => `${ok} ${rate}`;
  for (const { ok, rate } of answers) next.set(key(ok, rate), (next.get(key(ok, rate)) ?? 0) + 1);
  const take = (rate: number): number | undefined => {
    for (
      const [ok, then] of [[true, Math.min(1, rate * 0.9 + 0.1)], [false, rate * 0.9]] as const
    ) {
      const left = next.get(key(ok, then)) ?? 0;
      if (left === 0) continue;
      next.set(key(ok, then), left - 1);
      return then;
    }
    return undefined;
  };
  let reached = 1;
  let placed = 0;
  for (let then = take(reached); then !== undefined; then = take(then)) {
    reached = then;
    placed++;
  }
  assert.is(placed, 8 * calls);
  const credential = await credentialGet.one({ id }, db);
  assert.is(credential.successRate, reached);
  const succeeded = answers.filter(({ ok }) => ok).length;
  assert.equal([credential.succeeded, credential.failed], [succeeded, 8 * calls - succeeded]);
  assert.equal(credential.lastUsed, at(199));
});

test("CredentialAttemptRecord lets batches in opposite orders pass at once", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await addCredential(db)).id),
  );
  const rounds = 15;
  const call = (credentialIds: number[], succeeded: boolean) =>
    credentialAttemptRecord.run({
      credentialIds,
      succeeded: credentialIds.map(() => succeeded),
      attemptedAt: credentialIds.map((_, i) => at(i)),
    }, db);

  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => call(i % 2 ? ids : ids.toReversed(), false)),
    );
  }

  for (const id of ids) near(await rate(id), 0.9 ** (8 * rounds));
});

test("CredentialDelete deletes the credential and leaves tags and devices", async () => {
  const device = await addDevice(db, { tagNames: ["t"] });
  const credential = await addCredential(db, { tagNames: ["t"] });
  const { tags: _t, uuid: _u, ...row } = credential;

  const deleted = await credentialDelete.one({ id: credential.id }, db);

  assert.equal(deleted, row);
  assert.is(await count(db, "credential_tags"), 0);
  assert.equal(await deviceGet.one({ id: device.id }, db), device);
  assert.equal(await credentialDelete.run({ id: credential.id }, db), []);
});

test("Nothing of a credential is told by the error of a statement that breaks", async () => {
  const error = await rejection(addCredential(db, {
    password: SECRET,
    tagNames: ["x".repeat(256)],
  }));

  assert.match(error.message, "name_has_1_to_255_characters");
  assert.not.match(`${error.stack} ${JSON.stringify(error)}`, SECRET);
  assert.is(await count(db, "credentials"), 0);
});

test.run();
