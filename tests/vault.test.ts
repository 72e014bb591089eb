/** The ciphertext format: fixed by test vectors, bound to its row, and safe against any change. */
// Runs on the first server: it asks none.
import { Buffer } from "node:buffer";
import { createCipheriv } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { type SealedPlace, Secret, VaultError } from "netraven-db";
import { Vault } from "../src/vault/vault.ts";
import { keyIdOf } from "../src/vault/envelope.ts";
import { effort } from "./support/effort.ts";
import { testKeys } from "./support/keys.ts";
import { text } from "./support/odd_values.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("vault");

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const UUID = "0b9c3f2e-6d1a-4c57-9a43-1f5e8d7c6b2a";
const PLACE = { table: "credentials", column: "password", uuid: UUID };

/**
 * The permanent format: created with node:crypto from the key 00 01 … 1f and nonces of one repeated byte
 * (00, 01, ff, 07). Values that are stored today must decrypt forever.
 */
const VECTORS = [
  {
    keyId: "2026a",
    place: PLACE,
    text: "swordfish",
    envelope: "nr1.2026a.AAAAAAAAAAAAAAAAfcvarNFK6s5g0evIo6jb2G3hgnW0bb_C7A",
  },
  {
    keyId: "2026a",
    place: PLACE,
    text: "",
    envelope: "nr1.2026a.AQEBAQEBAQEBAQEBPLBdTIhNBjEotTAR6mqi8g",
  },
  {
    keyId: "k",
    place: { ...PLACE, uuid: "ffffffff-ffff-4fff-bfff-ffffffffffff" },
    text: "\ufeffpässwörd 👩‍💻\n",
    envelope: "nr1.k.________________1TpQuaMfrbX8nRijSA5T0yF6AZJ6tKBzj1YaI_XxAJnLay1ih3O64oKB",
  },
  {
    keyId: "old_key-1",
    place: { table: "encryption_keys", column: "check_value", uuid: UUID },
    text: "swordfish",
    envelope: "nr1.old_key-1.BwcHBwcHBwcHBwcHfB3JLgtpvoeuJUPgfSYYbKszdKPRgAUYng",
  },
];

function vaultOf(...keyIds: [string, ...string[]]): Promise<Vault> {
  const bytes = Object.fromEntries(keyIds.map((keyId) => [keyId, KEY]));
  return Vault.load(testKeys(keyIds, bytes));
}

/** Encrypts by the definition of the format, without the vault. */
function sealByHand(keyId: string, place: SealedPlace, nonce: Uint8Array, plain: string): string {
  const cipher = createCipheriv("aes-256-gcm", KEY, nonce);
  const { table, column, uuid } = place;
  cipher.setAAD(Buffer.from(`nr1.${keyId}.${table}.${column}.${uuid}`));
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return `nr1.${keyId}.${
    Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url")
  }`;
}

async function refusal(opening: Promise<Secret>): Promise<VaultError> {
  const error = await rejection(opening);
  assert.instance(error, VaultError);
  return error as unknown as VaultError;
}

test("Vault.open() opens the vectors of the format", async () => {
  for (const { keyId, place, text, envelope } of VECTORS) {
    const vault = await vaultOf(keyId);

    assert.is((await vault.open(place, envelope)).reveal(), text);
    assert.is(keyIdOf(envelope), keyId);
  }
});

test("Vault.seal() makes what the definition says, with a nonce of its own each time", async () => {
  const vault = await vaultOf("2026a");
  const nonces = new Set<string>();

  for (let i = 0; i < 500; i++) {
    const envelope = await vault.seal(PLACE, "swordfish");
    const nonce = Buffer.from(envelope.split(".")[2]!, "base64url").subarray(0, 12);
    assert.is(envelope, sealByHand("2026a", PLACE, nonce, "swordfish"));
    nonces.add(nonce.toString("hex"));
  }

  assert.is(nonces.size, 500);
});

test("Vault.open() gives back whatever was sealed", async () => {
  const vault = await vaultOf("k1");
  await fc.assert(
    fc.asyncProperty(text, fc.uuid(), async (given, uuid) => {
      const place = { ...PLACE, uuid };
      const envelope = await vault.seal(place, given);
      assert.match(envelope, /^nr1\.k1\.[A-Za-z0-9_-]{38,}$/);
      assert.is((await vault.open(place, envelope)).reveal(), given);
      assert.is(
        (await vault.open(place, await vault.seal(place, new Secret(given)))).reveal(),
        given,
      );
    }),
    effort(100),
  );
});

test("Vault.open() opens nothing that was moved to another row, column or table, or relabelled", async () => {
  const vault = await vaultOf("2026a", "2026b");
  const envelope = await vault.seal(PLACE, "swordfish");

  const moved: [SealedPlace, string][] = [
    [{ ...PLACE, uuid: crypto.randomUUID() }, envelope],
    [{ ...PLACE, column: "other" }, envelope],
    [{ ...PLACE, table: "other" }, envelope],
    // The same key bytes under another name.
    [PLACE, envelope.replace(".2026a.", ".2026b.")],
  ];

  for (const [place, text] of moved) {
    assert.is((await refusal(vault.open(place, text))).reason, "does_not_open");
  }
  assert.is((await vault.open(PLACE, envelope)).reveal(), "swordfish");
});

test("Vault.open() opens nothing of which one character was changed, cut or added", async () => {
  const vault = await vaultOf("2026a");
  const envelope = await vault.seal(PLACE, "swordfish");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= .";
  const change = fc.record({
    at: fc.nat({ max: envelope.length - 1 }),
    kind: fc.constantFrom("change", "cut", "add"),
    character: fc.constantFrom(...alphabet),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, kind, character }) => {
      const rest = envelope.slice(kind === "add" ? at : at + 1);
      const changed = envelope.slice(0, at) + (kind === "cut" ? "" : character) + rest;
      fc.pre(changed !== envelope);

      const { reason } = await refusal(vault.open(PLACE, changed));

      assert.ok(["does_not_open", "not_sealed", "missing_keys"].includes(reason), reason);
    }),
    effort(500),
  );
});

test("Vault.open() says what is wrong, and repeats neither envelope nor text", async () => {
  const vault = await vaultOf("2026a");
  const label = "credential 7";
  const envelope = await vault.seal({ ...PLACE, label }, "swordfish");
  const other = await Vault.load(testKeys(["2026b"]));
  const changed = await Vault.load(testKeys(["2026a"]));

  const errors = [
    await refusal(other.open({ ...PLACE, label }, envelope)),
    await refusal(changed.open({ ...PLACE, label }, envelope)),
    await refusal(vault.open({ ...PLACE, label }, "swordfish")),
    await refusal(vault.open(PLACE, envelope.slice(0, 30))),
  ];

  assert.equal(errors.map(({ reason }) => reason), [
    "missing_keys",
    "does_not_open",
    "not_sealed",
    "does_not_open",
  ]);
  assert.is(errors[0]!.message, 'Cannot open credential 7: key "2026a" is not loaded');
  assert.equal(errors[0]!.keys, [{ keyId: "2026a" }]);
  assert.match(
    errors[3]!.message,
    /^Cannot open credentials\.password: the sealed text was changed or moved/,
  );
  for (const error of errors) {
    assert.is(error.code, "VAULT");
    const shown = inspect(error, { depth: 9, showHidden: true });
    assert.not.match(shown, "swordfish");
    assert.not.match(shown, envelope.slice(-20));
  }
});

test("Vault.load() takes keys of exactly 32 bytes, and names that an envelope can hold", async () => {
  const load = (keyId: string, bytes: unknown) =>
    Vault.load(testKeys([keyId], { [keyId]: bytes as Uint8Array }));

  for (const length of [0, 16, 24, 31, 33, 64]) {
    const error = await refusal(load("k1", new Uint8Array(length)) as unknown as Promise<Secret>);
    assert.is(error.message, 'Key "k1" does not have exactly 32 bytes');
  }
  assert.is((await rejection(load("k1", "a".repeat(32))) as VaultError).reason, "bad_key");
  for (const name of ["", "a.b", "A", "-a", "ä", "a".repeat(64), "a b"]) {
    assert.is((await rejection(load(name, KEY)) as VaultError).reason, "bad_key", name);
  }
  const without = { active: "k2", keyIds: ["k1"], key: async () => KEY };
  assert.match((await rejection(Vault.load(without))).message, "does not contain the active key");
  assert.is((await load("a".repeat(63), KEY)).active.length, 63);
});

test("Vault.seal() and open() refuse a place that is none", async () => {
  const vault = await vaultOf("k1");
  const places = [
    { ...PLACE, uuid: UUID.toUpperCase() },
    { ...PLACE, uuid: "7" },
    { ...PLACE, table: "a.b" },
    { ...PLACE, column: "" },
  ];
  for (const place of places) {
    assert.instance(await rejection(vault.seal(place, "swordfish")), TypeError);
    assert.instance(await rejection(vault.open(place, VECTORS[0]!.envelope)), Error);
  }
});

test("Vault shows no key in any print", async () => {
  const vault = await vaultOf("k1");

  const shown = inspect(vault, { depth: Infinity, showHidden: true }) + JSON.stringify(vault);

  assert.not.match(shown, /0, 1, 2, 3|00 01 02 03|AAECAw/);
});

test.run();
