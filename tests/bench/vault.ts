/**
 * Encrypts and decrypts passwords, also with `node:crypto` for the same ciphertext format, and prints a line
 * of JSON. The layer's WebCrypto uses other threads, `node:crypto` uses this one, so the result includes the
 * processor time of each.
 *
 *     vault.ts <milliseconds for each pair>
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import process from "node:process";
import { connect, type SealedPlace, vaultOf } from "netraven-db";
import { compare, type Contestant } from "./compare.ts";

/** Results of both sides for the same work. */
export interface VaultRate {
  readonly name: string;
  /** Operations per second, medians. */
  readonly ours: number;
  readonly raw: number;
  /** Ratio of the layer's time to the raw time by round: the median and the quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  readonly rounds: number;
  /** Milliseconds of processor time of an operation in all threads, including system time. */
  readonly cpu: { readonly ours: number; readonly raw: number };
}

type Work = () => unknown;

const MEASURE = Number(process.argv[2]);
const AT_ONCE = 64;
const PASSWORD = "correct horse ba";
const place: SealedPlace = { table: "credentials", column: "password", uuid: randomUUID() };

const key = randomBytes(32);
const keys = {
  active: "k1",
  keyIds: ["k1"],
  key: () => Promise.resolve(new Uint8Array(key)),
};
const db = await connect({ url: process.env["BENCH_URL"], keys, logging: { level: "silent" } });
const vault = await vaultOf(db).load();
await db.close();

function additionalData(keyId: string): Buffer {
  return Buffer.from(`nr1.${keyId}.${place.table}.${place.column}.${place.uuid}`);
}

function sealRaw(text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(additionalData("k1"));
  const sealed = [iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  return `nr1.k1.${Buffer.concat(sealed).toString("base64url")}`;
}

function openRaw(envelope: string): string {
  const [, keyId, text] = envelope.split(".") as [string, string, string];
  const body = Buffer.from(text, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, body.subarray(0, 12), {
    authTagLength: 16,
  });
  decipher.setAAD(additionalData(keyId));
  decipher.setAuthTag(body.subarray(-16));
  return decipher.update(body.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
}

const envelope = sealRaw(PASSWORD);
const seal = { ours: () => vault.seal(place, PASSWORD), raw: () => sealRaw(PASSWORD) };
const open = {
  ours: async () => (await vault.open(place, envelope)).reveal(),
  raw: () => openRaw(envelope),
};
// Checks that both sides do the same.
const opened = [
  openRaw(await seal.ours()),
  (await vault.open(place, seal.raw())).reveal(),
  await open.ours(),
  open.raw(),
];
if (opened.some((text) => text !== PASSWORD)) throw new Error("It is another password");

function atOnce(work: Work): Work {
  return () => Promise.all(Array.from({ length: AT_ONCE }, work));
}

function contestant(work: Work): Contestant {
  return {
    turn: async (calls) => {
      const before = process.cpuUsage();
      const started = performance.now();
      for (let i = 0; i < calls; i++) await work();
      const time = (performance.now() - started) / calls;
      const { user, system } = process.cpuUsage(before);
      return { time, cpu: (user + system) / 1000 / calls };
    },
    end: () => Promise.resolve(),
  };
}

async function rate(
  name: string,
  sides: { readonly ours: Work; readonly raw: Work },
  operations: number,
): Promise<VaultRate> {
  const effort = { starts: 1, warmUp: MEASURE / 3, measure: MEASURE, turn: 10, rounds: 10 };
  const open = (side: "ours" | "raw") => Promise.resolve(contestant(sides[side]));
  const { ours, raw, ratio, quartiles, rounds, cpu } = await compare(name, open, effort, {
    operations,
  });
  return { name, ours: 1000 / ours, raw: 1000 / raw, ratio, quartiles, rounds, cpu: cpu! };
}

const rates: VaultRate[] = [];
for (const [name, sides] of Object.entries({ seal, open })) {
  rates.push(await rate(`${name} a password`, sides, 1));
  // The calls of the raw side are synchronous, so they run one after another.
  const many = { ours: atOnce(sides.ours), raw: atOnce(sides.raw) };
  rates.push(await rate(`${name} ${AT_ONCE} at once`, many, AT_ONCE));
}
console.log(JSON.stringify(rates));
