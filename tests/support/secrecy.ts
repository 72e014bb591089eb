/**
 * Every operation with a password, valid and invalid. `tests/secrecy.test.ts` searches the results for the
 * password; `secret_user.ts` prints them.
 */
import {
  credentialAttemptRecord,
  credentialCreate,
  credentialDelete,
  credentialDependents,
  credentialGet,
  credentialGuard,
  credentialList,
  credentialLockoutClear,
  credentialLockoutList,
  credentialMatch,
  credentialMatchMany,
  credentialReveal,
  credentialRevealList,
  credentialSetPassword,
  credentialTagAdd,
  credentialUpdate,
  type Database,
  deviceInsert,
  keysCheck,
  keysRetire,
  keysStatus,
  Secret,
  vaultOf,
} from "netraven-db";
import {
  credentialInsert,
  credentialPasswordSet,
  credentialReseal,
  credentialResealList,
  credentialSecretGet,
  credentialUnsealedList,
} from "../../src/generated/internal/credentials.ts";
import type { Canary } from "./canary.ts";

/** Receives the result or the error of each operation. */
export type Tell = (what: string, outcome: unknown) => void;

export const WHO = { by: "secrecy", reason: "a test" };

/** Records the result of a call. */
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

/** Fails if the call succeeds. */
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

/** Decrypts the password, and fails if it is another one. */
export async function open(db: Database, id: number, { text }: Canary, tell: Tell): Promise<void> {
  const revealed = await credentialReveal({ id, ...WHO }, db);
  tell("credentialReveal()", revealed);
  tell("its password", revealed.password);
  if (revealed.password.reveal() !== text) throw new Error("It is another password");
}

/** Every valid use of credentials. Returns their ids. */
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
  // Several processes do this in one database at the same time.
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
  const { id } = await call("credentialCreate()", credentialCreate(given, db));
  const second = { username: "backup", password: new Secret(password) };
  const { id: other } = await call("of a Secret", credentialCreate(second, db));
  await open(db, id, canary, tell);
  await call("credentialSetPassword()", credentialSetPassword({ id: other, password }, db));
  await call(
    "of a Secret",
    credentialSetPassword({ id: other, password: new Secret(password) }, db),
  );
  await open(db, other, canary, tell);

  await call(
    "inside a transaction",
    db.transaction(async (tx) => {
      const made = await credentialCreate({ username: "tx", password }, tx);
      await credentialSetPassword({ id: made.id, password }, tx);
      return await credentialDelete.run({ id: made.id }, tx);
    }, { name: "Rotate" }),
  );
  await refusal("undone", tell, () =>
    db.transaction(async (tx) => {
      await credentialSetPassword({ id, password }, tx);
      throw new Error("undo");
    }));
  await db.transaction(async (tx) => {
    await refusal("undone in a savepoint", tell, () =>
      tx.transaction(async (inner) => {
        await credentialCreate({ username: "inner", password }, inner);
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
  tell("the vault", await vaultOf(db).ready());
  tell("the keys", await vaultOf(db).states());
  return [id, other];
}

/** Every operation that the layer refuses, with the password in it. Needs an existing credential. */
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
    await refused(what, () => credentialCreate({ username, password: given }, db));
    await refused(what, () => credentialSetPassword({ id, password: given }, db));
    await refused(what, () => new Secret(given));
  }
  // The prefix alone is no ciphertext.
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
  await refused("no username", () => credentialCreate({ password } as never, db));
  await refused("an odd username", () => credentialCreate({ username: "u\0", password }, db));
  await refused("an odd tag", () => credentialCreate({ username, password, tagNames: ["\0"] }, db));
  await refused(
    "an odd priority",
    () => credentialCreate({ username, password, priority: 2 ** 40 }, db),
  );
  await refused(
    "an odd timeout",
    () => credentialCreate({ username, password }, db, { timeout: NaN }),
  );
  await refused("of nobody", () => credentialSetPassword({ id: -1, password }, db));
  await refused("reveal of nobody", () => credentialReveal({ id: -1, ...WHO }, db));
  await refused("reveal for nothing", () => credentialReveal({ id, by: " ", reason: "" }, db));
  await refused(
    "reveal in a transaction",
    () => db.transaction((tx) => credentialReveal({ id, ...WHO }, tx as unknown as Database)),
  );
  // Its types are known by now, so the value does not leave.
  await credentialGet.first({ id }, db);
  await refused("as an id", () => credentialGet.first({ id: password as never }, db));
  await refused("as an id", () => credentialGet.first({ id: new Secret(password) as never }, db));
  await refused("as a key", () => keysRetire({ keyId: "nobody" }, db));

  const vault = await vaultOf(db).ready();
  const place = { table: "credentials", column: "password", uuid };
  await refused("for no place", () => vault.seal({ ...place, uuid: "?" }, password));
  await refused("with no key", () => vault.seal(place, password, "nobody"));
  await refused("as an envelope", () => vault.open(place, password));
  await refused("as an envelope", () => vault.open(place, `nr1.${vault.active}.${password}`));
  const sealed = await vault.seal(place, password);
  await refused("elsewhere", () => vault.open({ ...place, column: "other" }, sealed));
  // The array contains a value that is not text, so the driver converts the Secret.
  const secret = new Secret(password);
  for (const type of ["text", "jsonb", "text[]", "integer", "bytea"]) {
    await outcome(`a Secret as ${type}`, tell, () => db.query(`select $1::${type} as v`, [secret]));
  }
}
