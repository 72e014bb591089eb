/** SCRAM against a test server, password preparation as in PostgreSQL, and channel binding to certificates. */
// Runs on the first server: it asks none.
import { Buffer } from "node:buffer";
import { createHash, createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { hashOf } from "../src/connection/channel_binding.ts";
import { ProtocolError } from "../src/connection/messages.ts";
import { preparePassword } from "../src/connection/saslprep.ts";
import { type ChannelBinding, Scram } from "../src/connection/scram.ts";
import { effort } from "./support/effort.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("scram");

// --- A server, by the letter of RFC 5802

function hmac(key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

/** `Hi` of section 2.2, round by round. */
function saltedPassword(password: string, salt: Uint8Array, rounds: number): Buffer {
  let round = hmac(Buffer.from(password), Buffer.concat([salt, Buffer.from([0, 0, 0, 1])]));
  const result = Buffer.from(round);
  for (let i = 1; i < rounds; i++) {
    round = hmac(Buffer.from(password), round);
    round.forEach((byte, at) => result[at]! ^= byte);
  }
  return result;
}

/** The stored verifier of a password, and its parameters. */
interface Verifier {
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

function verifierOf(password: string, salt: Uint8Array, rounds: number): Verifier {
  const salted = saltedPassword(password, salt, rounds);
  return {
    salt,
    rounds,
    storedKey: sha256(hmac(salted, "Client Key")),
    serverKey: hmac(salted, "Server Key"),
  };
}

/** The server's first message. */
function challenge({ salt, rounds }: Verifier, clientFirst: string, nonce: string): string {
  const own = /^(?:n|y|p=[a-z-]+),,n=[^,]*,r=([^,]+)$/.exec(clientFirst)![1];
  return `r=${own}${nonce},s=${Buffer.from(salt).toString("base64")},i=${rounds}`;
}

/** The server's last message; undefined if the client does not know the password, or not this server. */
function signature(
  { storedKey, serverKey }: Verifier,
  [clientFirst, serverFirst, clientFinal]: readonly [string, string, string],
  binding: Uint8Array,
): string | undefined {
  const [, header, bare] = /^([^,]*,,)(.*)$/.exec(clientFirst)!;
  const [, withoutProof, bound, nonce, proof] = /^(c=([^,]+),r=([^,]+)),p=([^,]+)$/.exec(
    clientFinal,
  )!;
  const expected = Buffer.concat([Buffer.from(header!), binding]).toString("base64");
  if (bound !== expected || !serverFirst.startsWith(`r=${nonce},`)) return undefined;
  const signed = `${bare},${serverFirst},${withoutProof}`;
  const clientKey = hmac(storedKey, signed);
  Buffer.from(proof!, "base64").forEach((byte, at) => clientKey[at]! ^= byte);
  if (!sha256(clientKey).equals(storedKey)) return undefined;
  return `v=${hmac(serverKey, signed).toString("base64")}`;
}

test("the test's own server takes the exchange of RFC 7677, section 3", () => {
  const verifier = verifierOf("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";

  const serverFirst = challenge(verifier, clientFirst, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  const said = signature(verifier, [
    clientFirst,
    serverFirst,
    `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  ], Buffer.alloc(0));

  assert.is(serverFirst, `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  assert.is(said, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

// --- The client

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
/** ASCII that needs no preparation. */
const password = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 });
const salt = bytes(1, 40);
const rounds = fc.integer({ min: 1, max: 200 });
/** Printable characters without the comma, for a server's messages. */
const nonce = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 })
  .map((text) => text.replace(/[ ,]/g, "_"));
const binding: fc.Arbitrary<ChannelBinding> = fc.oneof(
  fc.constant({ kind: "none" } as const),
  fc.constant({ kind: "unused" } as const),
  fc.record({ kind: fc.constant("bound" as const), hash: bytes(28, 64) }),
);

const HEADERS = { none: "n,,", unused: "y,,", bound: "p=tls-server-end-point,," } as const;

test("Scram and a server prove to each other that they know the password", async () => {
  await fc.assert(
    fc.asyncProperty(password, salt, rounds, nonce, binding, async (...given) => {
      const [password, salt, rounds, nonce, binding] = given;
      const verifier = verifierOf(password, salt, rounds);
      const bound = binding.kind === "bound" ? binding.hash : new Uint8Array();
      const scram = new Scram(password, binding);

      const clientFirst = scram.first();
      const serverFirst = challenge(verifier, clientFirst, nonce);
      const clientFinal = await scram.final(serverFirst);
      const said = signature(verifier, [clientFirst, serverFirst, clientFinal], bound);

      const plus = binding.kind === "bound" ? "-PLUS" : "";
      assert.is(scram.mechanism, `SCRAM-SHA-256${plus}`);
      assert.ok(clientFirst.startsWith(`${HEADERS[binding.kind]}n=,r=`));
      assert.type(said, "string", "The server does not take the proof");
      assert.is(scram.verify(said!), true);
    }),
    effort(60),
  );
});

test("Scram proves nothing to a server with another password, nor believes its signature", async () => {
  await fc.assert(
    fc.asyncProperty(password, password, salt, async (own, other, salt) => {
      fc.pre(own !== other);
      const verifier = verifierOf(own, salt, 10);
      const clients = [new Scram(own, { kind: "none" }), new Scram(other, { kind: "none" })];

      const signatures = await Promise.all(clients.map(async (scram) => {
        const clientFirst = scram.first();
        const serverFirst = challenge(verifier, clientFirst, "x");
        const clientFinal = await scram.final(serverFirst);
        return signature(verifier, [clientFirst, serverFirst, clientFinal], Buffer.alloc(0));
      }));

      assert.type(signatures[0], "string");
      assert.is(signatures[1], undefined);
      // A signature is valid only for its own exchange.
      assert.is(clients[1]!.verify(signatures[0]!), false);
    }),
    effort(30),
  );
});

test("Scram proves itself to no server that has another certificate, when it is bound to one", async () => {
  const verifier = verifierOf("password", Buffer.from("salt"), 10);
  const seen = randomBytes(32);
  const scram = new Scram("password", { kind: "bound", hash: seen });
  const clientFirst = scram.first();
  const serverFirst = challenge(verifier, clientFirst, "x");

  const clientFinal = await scram.final(serverFirst);

  const said = [clientFirst, serverFirst, clientFinal] as const;
  assert.type(signature(verifier, said, seen), "string");
  assert.is(signature(verifier, said, randomBytes(32)), undefined);
  assert.is(signature(verifier, said, new Uint8Array()), undefined);
});

test("first() has a nonce of its own for each exchange, of characters that may stand there", () => {
  const nonces = Array.from(
    { length: 200 },
    () => new Scram("password", { kind: "none" }).first().replace("n,,n=,r=", ""),
  );

  assert.is(new Set(nonces).size, nonces.length);
  for (const nonce of nonces) assert.match(nonce, /^[\x21-\x2b\x2d-\x7e]{24}$/);
});

test("final() refuses whatever a server may say, or answers it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), fc.nat(2), async (text, kind) => {
      const scram = new Scram("password", { kind: "none" });
      const own = scram.first().replace("n,,n=,r=", "");
      const said = [text, `r=${own}${text}`, `r=${own}x,s=c2FsdA==,i=${text}`][kind]!;

      const error = await scram.final(said).then(() => undefined, (error) => error);

      if (error === undefined) assert.match(said, /^r=[^,]+,s=[^,]+,i=\d+$/);
      else assert.instance(error, ProtocolError);
    }),
    effort(300),
  );
});

test("final() refuses more than a million rounds of hashing, and a nonce that is not its own", async () => {
  const scram = new Scram("password", { kind: "none" });
  const own = scram.first().replace("n,,n=,r=", "");
  const refusal = async (text: string) => await rejection(scram.final(text)) as ProtocolError;

  const greedy = await refusal(`r=${own}x,s=c2FsdA==,i=1000001`);
  const foreign = await refusal("r=nonce,s=c2FsdA==,i=4096");
  const echo = await refusal(`r=${own},s=c2FsdA==,i=4096`);

  assert.is(greedy.reason, "untrusted");
  assert.match(greedy.message, /rounds of hashing/);
  for (const error of [foreign, echo]) {
    assert.is(error.reason, "protocol");
    assert.match(error.message, /nonce is wrong/);
  }
});

test("verify() believes nothing before the exchange, and nothing that is no signature", async () => {
  const verifier = verifierOf("password", Buffer.from("salt"), 10);
  const scram = new Scram("password", { kind: "none" });
  const clientFirst = scram.first();
  const zeros = `v=${Buffer.alloc(32).toString("base64")}`;

  const early = scram.verify(zeros);
  const serverFirst = challenge(verifier, clientFirst, "x");
  const clientFinal = await scram.final(serverFirst);
  const said = signature(verifier, [clientFirst, serverFirst, clientFinal], Buffer.alloc(0))!;

  assert.is(early, false);
  for (
    const text of ["", "v=", "e=other-error", zeros, said.slice(0, -1), `${said},x=`, ` ${said}`]
  ) {
    assert.is(scram.verify(text), false, text);
  }
  assert.is(scram.verify(said), true);
});

// --- Passwords

for (
  const [given, prepared, what] of [
    ["I\u00adX", "IX", "takes out a soft hyphen"],
    ["user", "user", "keeps ASCII"],
    ["USER", "USER", "keeps capitals"],
    ["\u00aa", "a", "folds a feminine ordinal"],
    ["\u2168", "IX", "folds a Roman numeral"],
    // The RFC refuses these two; PostgreSQL hashes refused passwords unprepared.
    ["\u0007", "\u0007", "keeps what holds a control character"],
    ["\u06271", "\u06271", "keeps an Arabic letter before a digit"],
  ] as const
) {
  test(`preparePassword() ${what}, as an example of RFC 4013 shows`, () => {
    assert.is(preparePassword(given), prepared);
  });
}

for (
  const [given, prepared, what] of [
    ["", "", "keeps an empty password"],
    ["\u00ad", "\u00ad", "keeps a password of which nothing would be left"],
    ["caf\u0065\u0301", "caf\u00e9", "composes an accent"],
    ["a\u00a0b\u3000c\u200bd", "a b c d", "makes every space the usual one"],
    [" ", " ", "keeps a lone space"],
    ["\u00a0", " ", "makes a lone no-break space the usual one"],
    [
      "\ufb01\uff21\u2460",
      "fiA1",
      "folds a ligature, a full-width letter and a number in a circle",
    ],
    ["\ufb01\u00ad\u{1f600}", "\ufb01\u00ad\u{1f600}", "keeps all of it beside an emoji"],
    ["\ufb01\n", "\ufb01\n", "keeps all of it beside a line break"],
    ["\u05d0\u00ad\u05d1", "\u05d0\u05d1", "prepares Hebrew"],
    ["\u05d01\u00ad\u05d1", "\u05d01\u05d1", "prepares Hebrew around a digit"],
    ["\u05d0\u00adb\u05d1", "\u05d0\u00adb\u05d1", "keeps all of it where Hebrew holds Latin"],
    ["\u05d0\u00ad1", "\u05d0\u00ad1", "keeps all of it where Hebrew ends with a digit"],
  ] as const
) {
  test(`preparePassword() ${what}`, () => {
    assert.is(preparePassword(given), prepared);
  });
}

test("preparePassword() keeps every password of ASCII", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.is(preparePassword(text), text);
  }));
});

test("preparePassword() gives the same, however accents are composed", () => {
  const letters = fc.constantFrom(
    ..."aeiou\u00e9\u00e0\u00f1\u00fc\u0161\u0171\u1ec7\u0301\u0323 ",
  );
  fc.assert(fc.property(fc.string({ unit: letters }), (text) => {
    const [composed, decomposed] = [text.normalize("NFC"), text.normalize("NFD")];
    assert.is(preparePassword(composed), preparePassword(decomposed));
  }));
});

// --- Certificates

/** One element of DER. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** An object identifier. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [40 * first + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

const NULL = der(0x05);
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);

/** A certificate with this algorithm. The signed part names another one as a trap. */
function certificate(...algorithm: Uint8Array[]): Buffer {
  const other = sequence(oid("1.2.840.113549.1.1.13"), NULL);
  const signed = sequence(der(0x02, Buffer.from([1])), other, der(0x04, Buffer.alloc(300)));
  return sequence(signed, sequence(...algorithm), der(0x03, Buffer.alloc(65)));
}

for (
  const [name, identifier, hash] of [
    ["RSA with MD5", "1.2.840.113549.1.1.4", "sha256"],
    ["RSA with SHA-1", "1.2.840.113549.1.1.5", "sha256"],
    ["RSA with SHA-224", "1.2.840.113549.1.1.14", "sha224"],
    ["RSA with SHA-256", "1.2.840.113549.1.1.11", "sha256"],
    ["RSA with SHA-384", "1.2.840.113549.1.1.12", "sha384"],
    ["RSA with SHA-512", "1.2.840.113549.1.1.13", "sha512"],
    ["ECDSA with SHA-1", "1.2.840.10045.4.1", "sha256"],
    ["ECDSA with SHA-224", "1.2.840.10045.4.3.1", "sha224"],
    ["ECDSA with SHA-256", "1.2.840.10045.4.3.2", "sha256"],
    ["ECDSA with SHA-384", "1.2.840.10045.4.3.3", "sha384"],
    ["ECDSA with SHA-512", "1.2.840.10045.4.3.4", "sha512"],
    ["Ed25519", "1.3.101.112", undefined],
    ["Ed448", "1.3.101.113", undefined],
    ["something unknown", "1.2.3.4.5", undefined],
  ] as const
) {
  test(`hashOf() gives ${hash}, when a certificate is signed by ${name}`, () => {
    assert.is(hashOf(certificate(oid(identifier), NULL)), hash);
    assert.is(hashOf(certificate(oid(identifier))), hash);
  });
}

const SHA2 = "2.16.840.1.101.3.4.2";
const MGF1 = oid("1.2.840.113549.1.1.8");

/** RSASSA-PSS with its hash and the hash of its mask; undefined means SHA-1, which is the default. */
function pss(hash: string | undefined, mask: string | undefined): Buffer {
  return certificate(
    oid("1.2.840.113549.1.1.10"),
    sequence(
      ...(hash === undefined ? [] : [der(0xa0, sequence(oid(hash), NULL))]),
      ...(mask === undefined ? [] : [der(0xa1, sequence(MGF1, sequence(oid(mask), NULL)))]),
      der(0xa2, der(0x02, Buffer.from([32]))),
    ),
  );
}

for (
  const [hash, mask, expected] of [
    [`${SHA2}.4`, `${SHA2}.4`, "sha224"],
    [`${SHA2}.1`, `${SHA2}.1`, "sha256"],
    [`${SHA2}.2`, `${SHA2}.2`, "sha384"],
    [`${SHA2}.3`, `${SHA2}.3`, "sha512"],
    [`${SHA2}.2`, `${SHA2}.3`, "sha384"],
    [`${SHA2}.3`, undefined, "sha512"],
    [undefined, undefined, "sha256"],
    [undefined, `${SHA2}.3`, "sha256"],
  ] as const
) {
  const by = `${hash ?? "its usual hash"} and the mask by ${mask ?? "its usual one"}`;
  test(`hashOf() gives ${expected}, when RSA-PSS signs by ${by}`, () => {
    assert.is(hashOf(pss(hash, mask)), expected);
  });
}

test("hashOf() gives nothing, when RSA-PSS signs by a hash that is not known", () => {
  assert.is(hashOf(pss("2.16.840.1.101.3.4.2.8", `${SHA2}.1`)), undefined);
});

/** Created by OpenSSL. Their private keys are deleted. */
const CERTIFICATES = {
  ed25519: `
MIIBLjCB4aADAgECAhRCL4hufNoBLanStesymypNIlWmhTAFBgMrZXAwDDEKMAgGA1UEAwwBeDAgFw0yNjExMjgwNzI2NTha
GA8yMTI2MTEwNDA3MjY1OFowDDEKMAgGA1UEAwwBeDAqMAUGAytlcAMhAD0ghwAzAe5O/l4cBJUU+FQ4JxTOXA8GqyLzX4UI
hWazo1MwUTAdBgNVHQ4EFgQUDVFADUxUjxaOOF+rPN+JSoAxt6wwHwYDVR0jBBgwFoAUDVFADUxUjxaOOF+rPN+JSoAxt6ww
DwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQBmaQzBRwZo+ipjUYFkUNI3rwMxcSpkMRvrJnsAtmY6k2edfmmX4vzxsHcn7gs9
sTUw8Vatg5AiXOSdwMpOABsH`,
  ecdsa: `
MIIBcDCCARWgAwIBAgIUOLyAwR0ZrHruUwhyKgv0vVQBPDwwCgYIKoZIzj0EAwMwDDEKMAgGA1UEAwwBeDAgFw0yNjExMjgw
NzI2NThaGA8yMTI2MTEwNDA3MjY1OFowDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBfq40SVYQnm
PNNxNXlP/BWY7R+uaFDwifSsJ3wf2Q/gd1RzPuzHlXhRajg9xotV0LYDluUEtNN2RzOms7ylNJWjUzBRMB0GA1UdDgQWBBTA
j12s7n9ZVhTgktk5Sf2HhDRpXzAfBgNVHSMEGDAWgBTAj12s7n9ZVhTgktk5Sf2HhDRpXzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMDA0kAMEYCIQDy6ARs8chZxq/gPZHTq9qH6993wfb/FnKge+h+DlaTqAIhAP1UxHn41zIqrMniFkHytDyiL1Cj
QDDCZkz+lnr4pOEH`,
  rsa: `
MIIBcTCCARugAwIBAgIUQ/7oaCQivRHB9t6D49L4UlEqw2kwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBeDAgFw0yNjEx
MjgwNzI2NThaGA8yMTI2MTEwNDA3MjY1OFowDDEKMAgGA1UEAwwBeDBcMA0GCSqGSIb3DQEBAQUAA0sAMEgCQQDQcl51kppC
2zKHFZvXjyyXXH/J4oH56z/ZgUFmiOqkTotSFrcaxdwG/aZDk2yVEtLPJzjCUvC4jMQ631FY02DPAgMBAAGjUzBRMB0GA1Ud
DgQWBBSpamJjJgwhl8DZWJR+LDB9aLfJQTAfBgNVHSMEGDAWgBSpamJjJgwhl8DZWJR+LDB9aLfJQTAPBgNVHRMBAf8EBTAD
AQH/MA0GCSqGSIb3DQEBBQUAA0EAqkaAVY0+g3ldTyXER3AGZvTwVrHm648rcJlFZr8q/u+Bad6OtNxedQTEkK4800tUei4C
GpKJSTaEYptiDin4gQ==`,
  pss: `
MIICVDCCAY6gAwIBAgIUKKx0rB84M1hrVzXZjcGyeccOALAwPAYJKoZIhvcNAQEKMC+gDzANBglghkgBZQMEAgEFAKEcMBoG
CSqGSIb3DQEBCDANBglghkgBZQMEAgEFADAMMQowCAYDVQQDDAF4MCAXDTI2MTEyODA3MjY1OFoYDzIxMjYxMTA0MDcyNjU4
WjAMMQowCAYDVQQDDAF4MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDWahpE2mxGiEpHePe51c7QdovDEygh6eGYJDGW
9X1FeEu+2l2SKeujTpGXrJVcyxNBZWeQA2nt0XLH3TBh3FR0/chh8GpzR5T5MB2RgMLWkvRVzECFrWxqQst3r5I6JfKGEAeM
feU7IZT2iz0C2FqUXMgJlbAD6Ubcis/+jcVYFwIDAQABo1MwUTAdBgNVHQ4EFgQURGaQu7sd/4mUl0IQRW4rgx+VE8UwHwYD
VR0jBBgwFoAURGaQu7sd/4mUl0IQRW4rgx+VE8UwDwYDVR0TAQH/BAUwAwEB/zA8BgkqhkiG9w0BAQowL6APMA0GCWCGSAFl
AwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAA4GBAFKOOcUU1tR24S6aVg/tqlKDEoPrljDbjtkjKF4/uPeb
rd67S8V+frh7fJXUeE6t2Q0WPLML3qEbrkIAgEvwNmNrUG6EYJV6HcCEASenb4IGEJGl5JTVfswtUjoglYXFgceewC/Qq59m
+CuzGNS/h4SNUe7Syy1A+qKSXiTXqClp`,
} as const;

for (
  const [name, hash] of [
    ["ed25519", undefined],
    ["ecdsa", "sha384"],
    ["rsa", "sha256"],
    ["pss", "sha256"],
  ] as const
) {
  const whole = Buffer.from(CERTIFICATES[name], "base64");

  test(`hashOf() gives ${hash}, when OpenSSL made the ${name} certificate`, () => {
    assert.is(hashOf(whole), hash);
  });

  test(`hashOf() gives nothing, when the ${name} certificate is cut off`, () => {
    for (let length = 0; length < whole.length; length++) {
      assert.is(hashOf(whole.subarray(0, length)), undefined, `${length} bytes`);
    }
  });

  test(`hashOf() gives a hash or nothing, when the ${name} certificate is garbled`, () => {
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1 });
    fc.assert(
      fc.property(changes, (changes) => {
        const garbled = Buffer.from(whole);
        for (const [at, byte] of changes) garbled[at] = byte;
        assert.match(String(hashOf(garbled)), /^(undefined|sha(224|256|384|512))$/);
      }),
      effort(300),
    );
  });
}

test("hashOf() gives nothing, when there is no certificate at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.is(hashOf(Buffer.from(bytes)), undefined);
    }),
    effort(300),
  );
});

test.run();
