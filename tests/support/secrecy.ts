/**
 * Every operation that meets a password, right and wrong: `tests/secrecy.test.ts` looks for the password
 * in all that comes of it, `secret_user.ts` prints it.
 */
import {
  credentialAttemptRecord,
  credentialCreate,
  credentialDelete,
  credentialDependents,
  credentialGet,
  credentialGuard,
  credentialInsert,
  credentialList,
  credentialLockoutClear,
  credentialLockoutList,
  credentialMatch,
  credentialMatchMany,
  credentialPasswordSet,
  credentialReseal,
  credentialResealList,
  credentialReveal,
  credentialRevealList,
  credentialSecretGet,
  credentialSetPassword,
  credentialTagAdd,
  credentialUnsealedList,
  credentialUpdate,
  type Database,
  deviceInsert,
  keysCheck,
  keysRetire,
  keysStatus,
  Secret,
} from "netraven-db";
import type { Canary } from "./canary.ts";

/** Hears what each operation gave, or threw. */
export type Tell = (what: string, outcome: unknown) => void;

export const WHO = { by: "secrecy", reason: "a test" };

/** Keeps the outcome of a call, whatever it is. */
export async function outcome(what: string, tell: Tell, work: () => unknown): Promise<unknown> {
  let outcome: unknown;
  try {
    outcome = await work();
  } catch (error) {
    outcome = error;
  }
  tell(what, outcome);
  return outcome;
}

/** Fails when it goes well. */
export async function refusal(what: string, tell: Tell, work: () => unknown): Promise<unknown> {
  let value: unknown;
  try {
    value = await work();
  } catch (error) {
    tell(what, error);
    return error;
  }
  throw new Error(`${what}: it was not refused, and gave ${typeof value}`);
}

/** Opens the password, and fails when it is another one. */
export async function open(db: Database, id: number, { text }: Canary, tell: Tell): Promise<void> {
  const revealed = await credentialReveal(db, id, WHO);
  tell("credentialReveal()", revealed);
  tell("its password", revealed.password);
  if (revealed.password.reveal() !== text) throw new Error("It is another password");
}

/** Everything that a program does with credentials, as it should. Returns their ids. */
export async function useCredentials(
  db: Database,
  canary: Canary,
  tell: Tell,
): Promise<number[]> {
  const call = async <T>(what: string, result: Promise<T>): Promise<T> => {
    const value = await result;
    tell(what, value);
    return value;
  };
  const password = canary.text;
  // Several processes do this at once in one database.
  const hostname = `of-${crypto.randomUUID()}`;
  const ipAddress = `fd00::${hostname.slice(3, 7)}:${hostname.slice(7, 11)}:${
    hostname.slice(12, 16)
  }`;
  const device = await deviceInsert.one({
    hostname,
    ipAddress,
    deviceType: "arista_eos",
    tagNames: ["leaf"],
  }, db);
  const deviceId = device.id;

  const given = { username: "admin", password, priority: 3, tagNames: ["leaf", "core"] };
  const { id } = await call("credentialCreate()", credentialCreate(db, given));
  const second = { username: "backup", password: new Secret(password) };
  const { id: other } = await call("of a Secret", credentialCreate(db, second));
  await open(db, id, canary, tell);
  await call("credentialSetPassword()", credentialSetPassword(db, other, password));
  await call("of a Secret", credentialSetPassword(db, other, new Secret(password)));
  await open(db, other, canary, tell);

  await call(
    "inside a transaction",
    db.transaction(async (tx) => {
      const made = await credentialCreate(tx, { username: "tx", password });
      await credentialSetPassword(tx, made.id, password);
      return await credentialDelete.run({ id: made.id }, tx);
    }, { name: "Rotate" }),
  );
  await refusal("undone", tell, () =>
    db.transaction(async (tx) => {
      await credentialSetPassword(tx, id, password);
      throw new Error("undo");
    }));
  await db.transaction(async (tx) => {
    await refusal("undone in a savepoint", tell, () =>
      tx.transaction(async (inner) => {
        await credentialCreate(inner, { username: "inner", password });
        await inner.query("select 1 / 0");
      }));
  });

  const attempt = { credentialIds: [id], deviceIds: [deviceId], attemptedAt: [new Date()] };
  const guard = await call("credentialGuard()", credentialGuard(db));
  const failed = { ...attempt, succeeded: [false] };
  const recorded = credentialAttemptRecord.run(failed, db);
  await call("CredentialAttemptRecord", recorded);
  const locked = { lockoutFailures: 1, limit: 10 };
  await call("CredentialLockoutList", credentialLockoutList.run(locked, db));
  await call("CredentialLockoutClear", credentialLockoutClear.run({ credentialId: id }, db));
  await call("CredentialGet", credentialGet.one({ id }, db));
  await call("CredentialList", credentialList.run({ limit: 100 }, db));
  await call("CredentialMatch", credentialMatch.run({ deviceId, ...guard }, db));
  const many = { deviceIds: [deviceId], perDevice: 3, ...guard };
  await call("CredentialMatchMany", credentialMatchMany.run(many, db));
  await call("CredentialDependents", credentialDependents.run({ id, limit: 10 }, db));
  await call("CredentialUpdate", credentialUpdate.one({ id, username: "root" }, db));
  const tagged = credentialTagAdd.run({ credentialIds: [other], tagNames: ["leaf"] }, db);
  await call("CredentialTagAdd", tagged);
  await call("CredentialSecretGet", credentialSecretGet.one({ id, ...WHO }, db));
  const page = { keyId: "another", limit: 100 };
  await call("CredentialResealList", credentialResealList.run(page, db));
  await call("CredentialRevealList", credentialRevealList.run({ limit: 100 }, db));
  await call("CredentialUnsealedList", credentialUnsealedList.run({ limit: 100 }, db));
  for await (const row of credentialList.stream({ limit: 100 }, db)) tell("a stream", row);
  await call("keysCheck()", keysCheck(db));
  await call("keysStatus()", keysStatus(db));
  tell("stats()", db.stats());
  tell("the database", db);
  tell("the vault", await db.vault.ready());
  tell("the keys", await db.vault.states());
  return [id, other];
}

/** Everything that the layer refuses, with the password in it. Takes a credential that is there. */
export async function misuse(
  db: Database,
  canary: Canary,
  id: number,
  tell: Tell,
): Promise<void> {
  const password = canary.text;
  const refused = (what: string, work: () => unknown) => refusal(what, tell, work);
  const uuid = crypto.randomUUID();
  const username = "u";

  const odd: readonly [string, unknown][] = [
    ["with NUL", `${password}\0`],
    ["with a lone surrogate", `${password}\ud800`],
    ["in an array", [password]],
    ["in an object", { password, toString: () => password, toJSON: () => password }],
    ["as a String object", new String(password)],
    ["as a promise", Promise.resolve(password)],
    ["as a symbol", Symbol(password)],
    ["as a function", () => password],
  ];
  for (const [what, value] of odd) {
    const given = value as string;
    await refused(what, () => credentialCreate(db, { username, password: given }));
    await refused(what, () => credentialSetPassword(db, id, given));
    await refused(what, () => new Secret(given));
  }
  // An envelope's head does not make one.
  for (
    const plain of [password, new Secret(password), `nr1.k1.${password}`, [password], { password }]
  ) {
    const given = plain as string;
    const batch = { ids: [id], sealed: [given], resealed: [given] };
    await refused(
      "in CredentialInsert",
      () => credentialInsert.one({ uuid, username, password: given }, db),
    );
    await refused(
      "in its stream",
      () => credentialInsert.stream({ uuid, username, password: given }, db).next(),
    );
    await refused(
      "in CredentialPasswordSet",
      () => credentialPasswordSet.one({ id, password: given }, db),
    );
    await refused("in CredentialReseal", () => credentialReseal.run(batch, db));
    await db.transaction(async (tx) => {
      await refused(
        "in a transaction",
        () => credentialPasswordSet.one({ id, password: given }, tx),
      );
    });
  }
  await refused("no username", () => credentialCreate(db, { password } as never));
  await refused("an odd username", () => credentialCreate(db, { username: "u\0", password }));
  await refused("an odd tag", () => credentialCreate(db, { username, password, tagNames: ["\0"] }));
  await refused(
    "an odd priority",
    () => credentialCreate(db, { username, password, priority: 2 ** 40 }),
  );
  await refused(
    "an odd timeout",
    () => credentialCreate(db, { username, password }, { timeout: NaN }),
  );
  await refused("of nobody", () => credentialSetPassword(db, -1, password));
  await refused("reveal of nobody", () => credentialReveal(db, -1, WHO));
  await refused("reveal for nothing", () => credentialReveal(db, id, { by: " ", reason: "" }));
  await refused(
    "reveal in a transaction",
    () => db.transaction((tx) => credentialReveal(tx as unknown as Database, id, WHO)),
  );
  // Its types are known by now, so it does not leave.
  await credentialGet.first({ id }, db);
  await refused("as an id", () => credentialGet.first({ id: password as never }, db));
  await refused("as an id", () => credentialGet.first({ id: new Secret(password) as never }, db));
  await refused("as a key", () => keysRetire(db, "nobody"));

  const vault = await db.vault.ready();
  const place = { table: "credentials", column: "password", uuid };
  await refused("for no place", () => vault.seal({ ...place, uuid: "?" }, password));
  await refused("with no key", () => vault.seal(place, password, "nobody"));
  await refused("as an envelope", () => vault.open(place, password));
  await refused("as an envelope", () => vault.open(place, `nr1.${vault.active}.${password}`));
  const sealed = await vault.seal(place, password);
  await refused("elsewhere", () => vault.open({ ...place, column: "other" }, sealed));
  // With what is no text in it, the driver asks the Secret for one.
  const secret = new Secret(password);
  for (const type of ["text", "jsonb", "text[]", "integer", "bytea"]) {
    await outcome(`a Secret as ${type}`, tell, () => db.query(`select $1::${type} as v`, [secret]));
  }
}
