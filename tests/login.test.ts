/** Logging in to hostile servers: the password does not leave, and the process continues. */
// Runs on the first server: it asks none.
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import * as net from "node:net";
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { connect, ConnectionError, type ConnectionReason, type ConnectOptions } from "netraven-db";
import { logIn, type Session } from "../src/connection/login.ts";
import { openSocket } from "../src/connection/socket.ts";
import { parseDatabaseUrl } from "../src/config/url.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("login");
const PASSWORD = "the-pass-word";
/** The MD5 hash before the salt. It is as good as the password. */
const PASSWORD_MD5 = createHash("md5").update(`${PASSWORD}user`).digest("hex");
/** Milliseconds. A refusal comes long before. */
const DEADLINE = 20_000;

// --- Messages of a server

/** Encodes a protocol message: numbers take four bytes, strings stay as they are. */
function message(type: string, ...parts: (number | string)[]): Uint8Array {
  const body = parts.map((part) => {
    if (typeof part === "string") return Buffer.from(part, "latin1");
    const four = Buffer.alloc(4);
    four.writeUInt32BE(part);
    return four;
  });
  const all = Buffer.concat([Buffer.from(`${type}....`), ...body]);
  all.writeUInt32BE(all.length - 1, 1);
  return all;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** A message with a length beyond its content. */
function withLength(length: number, said: Uint8Array): Uint8Array {
  const all = Buffer.from(said);
  all.writeUInt32BE(length, 1);
  return all;
}

const OK = message("R", 0);
const CLEARTEXT = message("R", 3);
const MD5 = message("R", 5, "salt");
const SCRAM = message("R", 10, "SCRAM-SHA-256\0\0");
const NOTICE = message("N", "SNOTICE\0C00000\0Mhello\0\0");
const KEY = message("K", 4711, 0xfedcba98);
const READY = message("Z", "I");
const LET_IN = [OK, READY];

// --- A scripted server

/** A message of the client. Messages without a letter have an empty type. */
interface Said {
  readonly type: string;
  readonly body: Buffer;
}

/** Returns the next message, from the client's messages so far on this connection. */
type Answer = Uint8Array | ((said: readonly Said[], socket: net.Socket) => Uint8Array);

/** Splits the input into messages. SSLRequest and the startup message have no letter. */
function takeMessages(data: Buffer, said: Said[]): Buffer {
  for (;;) {
    const lettered = said.some(({ type, body }) => type !== "" || body.length > 4) ? 1 : 0;
    if (data.length < lettered + 4) return data;
    const end = lettered + data.readUInt32BE(lettered);
    if (data.length < end) return data;
    said.push({
      type: data.toString("latin1", 0, lettered),
      body: data.subarray(lettered + 4, end),
    });
    data = data.subarray(end);
  }
}

/**
 * A server that answers each message of the client with the next of these, on every connection, and
 * records all input. `inPieces` sends its answers byte by byte.
 */
async function impostor(answers: readonly Answer[], { inPieces = false } = {}) {
  let heard = "";
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    const left = [...answers];
    const said: Said[] = [];
    let data: Buffer = Buffer.alloc(0);
    let speaking: Promise<void> = Promise.resolve();
    const speak = async (words: Uint8Array) => {
      for (const byte of words) {
        if (socket.destroyed) return;
        socket.write(Uint8Array.of(byte));
        await setImmediate();
      }
    };
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      heard += Buffer.from(chunk).toString("latin1");
      const before = said.length;
      data = takeMessages(Buffer.concat([data, chunk]), said);
      for (let i = before; i < said.length; i++) {
        const answer = left.shift();
        if (answer === undefined) return;
        const words = typeof answer === "function" ? answer(said.slice(0, i + 1), socket) : answer;
        if (inPieces) speaking = speaking.then(() => speak(words));
        else socket.write(words);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    heard: () => heard,
    connections: () => connections,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SALT = Buffer.from("a salt of a server");

/** Deviations of a server that knows the password from SCRAM. */
interface Departure {
  /** Its first message, from the client's nonce. */
  readonly first?: (nonce: string) => string;
  /** Its last message, from the correct one. */
  readonly last?: (said: string) => string;
  /** Messages after the last one. */
  readonly then?: readonly Uint8Array[];
}

/** Answers of a server that knows the password and accepts a client that does. */
function scramServer({ first, last, then = LET_IN }: Departure = {}): Answer[] {
  const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest();
  // The method's name and a length precede it.
  const bareOf = ([, { body }]: readonly [Said, Said, ...Said[]]) =>
    body.toString("latin1", body.indexOf(0) + 5).replace(/^[ny],,/, "");
  const usual = (nonce: string) => `r=${nonce}theirs,s=${SALT.toString("base64")},i=4096`;
  const challenge = (said: readonly Said[]) =>
    (first ?? usual)(bareOf(said as [Said, Said]).replace("n=,r=", ""));
  return [
    SCRAM,
    (said) => message("R", 11, challenge(said)),
    (said) => {
      const final = said[2]!.body.toString("latin1");
      const [, withoutProof, proof] = /^(.*),p=(.*)$/.exec(final)!;
      const signed = `${bareOf(said as [Said, Said])},${challenge(said)},${withoutProof}`;
      const salted = pbkdf2Sync(PASSWORD, SALT, 4096, 32, "sha256");
      const storedKey = sha256(hmac(salted, "Client Key"));
      const clientKey = Buffer.from(proof!, "base64");
      hmac(storedKey, signed).forEach((byte, i) => clientKey[i]! ^= byte);
      if (!sha256(clientKey).equals(storedKey)) {
        return message("E", "SFATAL\0C28P01\0Mwrong\0\0");
      }
      const verdict = `v=${hmac(hmac(salted, "Server Key"), signed).toString("base64")}`;
      return joined(message("R", 12, last === undefined ? verdict : last(verdict)), ...then);
    },
  ];
}

// --- Clients

/** This machine is trusted. 0.0.0.0 reaches it but is not one of its names, so it counts as remote. */
const HOSTS = ["127.0.0.1", "0.0.0.0"] as const;

function urlOf(port: number, host: string, parameters = "sslmode=disable"): string {
  return `postgres://user:${PASSWORD}@${host}:${port}/db?${parameters}`;
}

/** Options that connect to a remote server. */
const ELSEWHERE = {
  timeouts: { connect: DEADLINE, acquire: DEADLINE },
  logging: { level: "silent" },
  tls: { plaintextHosts: ["0.0.0.0"] },
} as const;

/** Connects as to a remote server by default. */
async function attempt(port: number, options: ConnectOptions = {}): Promise<Error> {
  return await rejection(connect({ url: urlOf(port, "0.0.0.0"), ...ELSEWHERE, ...options }));
}

/** Logs in and closes the connection. */
async function begin(port: number): Promise<{ socket: net.Socket; session: Promise<Session> }> {
  const target = parseDatabaseUrl(urlOf(port, "0.0.0.0"));
  const address = { target, ca: undefined, plaintextHosts: ["0.0.0.0"] };
  const dialled = await openSocket(address, DEADLINE);
  const startup = { user: target.user, database: target.database };
  const session = logIn(dialled, { target }, startup, performance.now() + DEADLINE);
  return { socket: dialled.socket, session };
}

/** Asserts that the client refuses the server at once without revealing the password. */
async function refuses(
  answers: readonly Answer[],
  reason: ConnectionReason,
  why: RegExp,
  { hosts = HOSTS, parameters }: { hosts?: readonly string[]; parameters?: string } = {},
): Promise<void> {
  for (const host of hosts) {
    const server = await impostor(answers);
    try {
      const started = performance.now();

      const error = await attempt(server.port, { url: urlOf(server.port, host, parameters) });

      const took = performance.now() - started;
      assert.instance(error, ConnectionError, `${host}: ${error.message}`);
      assert.is((error as ConnectionError).reason, reason, `${host}: ${error.message}`);
      assert.match(error.message, why);
      assert.match(error.message, `Cannot connect to user@${host}:${server.port}/db: `);
      assert.ok(took < DEADLINE / 2, `${host}: took ${took} ms`);
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const secret of [PASSWORD, PASSWORD_MD5]) {
        assert.not.match(shown, secret);
        assert.not.match(server.heard(), secret);
      }
      assert.is(server.connections(), 1, "It was tried again");
    } finally {
      await server.close();
    }
  }
}

// --- Destinations of the password

test("connect() speaks to no other machine without encryption, unless the host is named", async () => {
  const offersNoTls = new TextEncoder().encode("N");
  for (const mode of ["disable", "allow", "prefer"]) {
    const server = await impostor([offersNoTls, CLEARTEXT, ...LET_IN]);
    const url = urlOf(server.port, "0.0.0.0", `sslmode=${mode}`);

    const others = { tls: { plaintextHosts: ["db.example.com"] } };
    const errors = [
      await attempt(server.port, { url, tls: {} }),
      await attempt(server.port, { url, ...others }),
    ];

    for (const error of errors) {
      assert.instance(error, ConnectionError);
      assert.is((error as ConnectionError).reason, "untrusted");
      assert.match(
        error.message,
        /not be encrypted.*sslmode=verify-full.*database\.tls\.plaintext_hosts/,
      );
    }
    // The client sends nothing, or asks for TLS.
    assert.ok(!server.heard().includes("user"), mode);
    await server.close();
  }
});

for (
  const [what, asks, words] of [
    ["in clear text at once", CLEARTEXT, /clear text/],
    ["in clear text behind a notice", joined(NOTICE, CLEARTEXT), /clear text/],
    ["hashed by MD5 at once", MD5, /MD5 hash/],
    ["hashed by MD5 behind a notice", joined(NOTICE, MD5), /MD5 hash/],
  ] as const
) {
  test(`connect() keeps the password from a server that asks for it ${what}`, async () => {
    const hosts = ["0.0.0.0"];
    await refuses([asks, joined(...LET_IN)], "untrusted", words, { hosts });
    await refuses(
      [asks, joined(...LET_IN)],
      "untrusted",
      /sslmode=verify-full.*allow_cleartext_password/,
      { hosts },
    );
  });
}

test("connect() gives the password in clear text where that is allowed by name, or on this machine", async () => {
  for (const local of [false, true]) {
    const server = await impostor([CLEARTEXT, joined(...LET_IN)]);
    const url = urlOf(server.port, "127.0.0.1");

    const db = await connect({
      ...ELSEWHERE,
      ...(local ? { url } : { url: urlOf(server.port, "0.0.0.0"), allowCleartextPassword: true }),
    });

    assert.match(server.heard(), `${PASSWORD}\0`);
    await db.close();
    await server.close();
  }
});

test("connect() gives MD5's hash of the password where that is allowed by name, or on this machine", async () => {
  for (const local of [false, true]) {
    const server = await impostor([MD5, joined(...LET_IN)]);
    const url = urlOf(server.port, "127.0.0.1");

    const db = await connect({
      ...ELSEWHERE,
      ...(local ? { url } : { url: urlOf(server.port, "0.0.0.0"), allowCleartextPassword: true }),
    });

    const hash = createHash("md5").update(`${PASSWORD_MD5}salt`).digest("hex");
    assert.match(server.heard(), `md5${hash}\0`);
    assert.not.match(server.heard(), PASSWORD);
    assert.not.match(server.heard(), PASSWORD_MD5);
    await db.close();
    await server.close();
  }
});

for (
  const [what, answers] of [
    ["lets us in at once", [joined(...LET_IN)]],
    ["asks for the password in clear text", [CLEARTEXT, joined(...LET_IN)]],
    ["asks for the password hashed by MD5", [MD5, joined(...LET_IN)]],
    ["asks for SCRAM without TLS", scramServer()],
  ] as const
) {
  test(`connect() refuses a server that ${what}, when channel_binding=require`, async () => {
    const parameters = "sslmode=disable&channel_binding=require";
    await refuses(answers, "untrusted", /channel_binding=require needs it/, { parameters });
  });
}

// --- The exchange

test("logIn() gives key, settings and what came behind them, when the server knows the password", async () => {
  const reports = [message("S", "TimeZone\0UTC\0"), NOTICE, message("S", "lc\0\0"), KEY, READY];
  const server = await impostor(scramServer({ then: [OK, ...reports, NOTICE] }));

  const { socket, key, settings, rest } = await (await begin(server.port)).session;

  assert.equal(key, { pid: 4711, secret: 0xfedcba98 });
  assert.equal([...settings], [["TimeZone", "UTC"], ["lc", ""]]);
  assert.equal(Buffer.from(rest), Buffer.from(NOTICE));
  assert.is(socket.destroyed, false);
  assert.not.match(server.heard(), PASSWORD);
  socket.destroy();
  await server.close();
});

test("logIn() takes what comes in pieces of one byte", async () => {
  const then = [NOTICE, OK, message("S", "TimeZone\0UTC\0"), KEY, NOTICE, READY];
  const server = await impostor(scramServer({ then }), { inPieces: true });

  const { socket, key, settings } = await (await begin(server.port)).session;

  assert.equal(key, { pid: 4711, secret: 0xfedcba98 });
  assert.equal([...settings], [["TimeZone", "UTC"]]);
  socket.destroy();
  await server.close();
});

test("connect() takes a request in pieces of one byte for what it is", async () => {
  for (const asks of [CLEARTEXT, MD5, joined(NOTICE, CLEARTEXT)]) {
    const server = await impostor([asks, joined(...LET_IN)], { inPieces: true });

    const error = await attempt(server.port);

    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, "untrusted");
    assert.not.match(server.heard(), PASSWORD);
    await server.close();
  }
});

const SALTED = SALT.toString("base64");
/** A server that knows the password, with one deviation from SCRAM. */
const DEPARTURES: readonly (readonly [string, readonly Answer[], ConnectionReason, RegExp])[] = [
  [
    "lets us in where its challenge is due",
    [SCRAM, joined(...LET_IN)],
    "untrusted",
    /without proving.*impostor/,
  ],
  [
    "lets us in where its signature is due",
    [...scramServer().slice(0, 2), joined(...LET_IN)],
    "untrusted",
    /without proving.*impostor/,
  ],
  ["has no signature", scramServer({ last: () => "" }), "authentication", /impostor/],
  ["has an empty signature", scramServer({ last: () => "v=" }), "authentication", /impostor/],
  [
    "has an error for a signature",
    scramServer({ last: () => "e=other-error" }),
    "authentication",
    /impostor/,
  ],
  [
    "has another signature",
    scramServer({ last: () => `v=${Buffer.alloc(32).toString("base64")}` }),
    "authentication",
    /impostor/,
  ],
  [
    "has a part of the signature",
    scramServer({
      last: (said) => `v=${Buffer.from(said.slice(2), "base64").toString("base64", 1)}`,
    }),
    "authentication",
    /impostor/,
  ],
  [
    "says more than the signature",
    scramServer({ last: (said) => `${said},x=y` }),
    "authentication",
    /impostor/,
  ],
  [
    "answers with another nonce",
    scramServer({ first: () => `r=nonce,s=${SALTED},i=4096` }),
    "protocol",
    /nonce is wrong/,
  ],
  [
    "answers with the client's nonce alone",
    scramServer({ first: (nonce) => `r=${nonce},s=${SALTED},i=4096` }),
    "protocol",
    /nonce is wrong/,
  ],
  [
    "answers with a part of the client's nonce",
    scramServer({ first: (nonce) => `r=${nonce.slice(0, -1)},s=${SALTED},i=4096` }),
    "protocol",
    /nonce is wrong/,
  ],
  [
    "puts its nonce before the client's",
    scramServer({ first: (nonce) => `r=theirs${nonce},s=${SALTED},i=4096` }),
    "protocol",
    /nonce is wrong/,
  ],
  [
    "asks for a billion rounds of hashing",
    scramServer({ first: (nonce) => `r=${nonce}theirs,s=${SALTED},i=1000000000` }),
    "untrusted",
    /rounds of hashing/,
  ],
  [
    "asks for one round too many",
    scramServer({ first: (nonce) => `r=${nonce}theirs,s=${SALTED},i=1000001` }),
    "untrusted",
    /rounds of hashing/,
  ],
  [
    "says its signature first",
    [SCRAM, message("R", 12, "v=signature")],
    "protocol",
    /a message of another login method/,
  ],
  [
    "says its challenge twice",
    [...scramServer().slice(0, 2), message("R", 11, `r=nonce,s=${SALTED},i=4096`)],
    "protocol",
    /a message of another login method/,
  ],
  [
    "asks for the password in clear text where its challenge is due",
    [SCRAM, CLEARTEXT, joined(...LET_IN)],
    "protocol",
    /a message of another login method/,
  ],
  [
    "asks for the password in clear text where its signature is due",
    [...scramServer().slice(0, 2), CLEARTEXT, joined(...LET_IN)],
    "protocol",
    /a message of another login method/,
  ],
  [
    "asks for the password in clear text behind its signature",
    scramServer({ then: [CLEARTEXT] }),
    "protocol",
    /a second authentication/,
  ],
  [
    "signs twice",
    scramServer({ then: [message("R", 12, "v=x")] }),
    "protocol",
    /a second authentication/,
  ],
  [
    "forgets to let us in",
    scramServer({ then: [READY] }),
    "protocol",
    /ReadyForQuery out of order/,
  ],
  [
    "lets us in with a word more",
    scramServer({ then: [message("R", 0, 0), READY] }),
    "protocol",
    /wrong length/,
  ],
];
for (const [what, answers, reason, why] of DEPARTURES) {
  test(`connect() refuses a server that ${what}`, () => refuses(answers, reason, why));
}

const CHALLENGES: readonly (readonly [string, (nonce: string) => string])[] = [
  ["a salt that is not base64", (nonce) => `r=${nonce}x,s=sal!,i=4096`],
  ["a salt of broken base64", (nonce) => `r=${nonce}x,s=c2FsdA=,i=4096`],
  ["no salt", (nonce) => `r=${nonce}x,i=4096`],
  ["an empty salt", (nonce) => `r=${nonce}x,s=,i=4096`],
  ["no rounds", (nonce) => `r=${nonce}x,s=${SALTED}`],
  ["zero rounds", (nonce) => `r=${nonce}x,s=${SALTED},i=0`],
  ["minus one rounds", (nonce) => `r=${nonce}x,s=${SALTED},i=-1`],
  ["rounds that are no number", (nonce) => `r=${nonce}x,s=${SALTED},i=abc`],
  ["rounds that begin with a zero", (nonce) => `r=${nonce}x,s=${SALTED},i=04096`],
  ["rounds with a digit too many", (nonce) => `r=${nonce}x,s=${SALTED},i=${"4".repeat(11)}`],
  ["its rounds twice", (nonce) => `r=${nonce}x,s=${SALTED},i=4096,i=4096`],
  ["a field more", (nonce) => `r=${nonce}x,s=${SALTED},i=4096,t=1`],
  ["a field before", (nonce) => `m=ext,r=${nonce}x,s=${SALTED},i=4096`],
  ["its fields in another order", (nonce) => `s=${SALTED},r=${nonce}x,i=4096`],
  ["a zero byte at its end", (nonce) => `r=${nonce}x,s=${SALTED},i=4096\0`],
  ["a line break at its end", (nonce) => `r=${nonce}x,s=${SALTED},i=4096\n`],
  ["a nonce with a space", (nonce) => `r=${nonce} x,s=${SALTED},i=4096`],
  ["a nonce with a letter beyond ASCII", (nonce) => `r=${nonce}\u00e9,s=${SALTED},i=4096`],
  ["nothing", () => ""],
];
for (const [what, first] of CHALLENGES) {
  test(`connect() refuses a SCRAM challenge with ${what}`, () =>
    refuses(scramServer({ first }), "protocol", /malformed SCRAM message/));
}

for (
  const [what, offer, reason, why] of [
    ["is empty", "\0", "protocol", /malformed list/],
    ["has nothing at all", "", "protocol", /malformed list/],
    ["has no end", "SCRAM-SHA-256\0", "protocol", /malformed list/],
    ["has no zero byte", "SCRAM-SHA-256", "protocol", /malformed list/],
    ["goes on behind its end", "SCRAM-SHA-256\0\0x", "protocol", /malformed list/],
    ["has an empty name", "\0SCRAM-SHA-256\0\0", "protocol", /malformed list/],
    ["has an odd name", "scram sha\0SCRAM-SHA-256\0\0", "protocol", /malformed list/],
    ["lacks SCRAM-SHA-256", "SCRAM-SHA-1\0OAUTHBEARER\0\0", "authentication", /only SASL method/],
    ["holds SCRAM-SHA-256-PLUS alone", "SCRAM-SHA-256-PLUS\0\0", "authentication", /SCRAM-SHA-256/],
  ] as const
) {
  test(`connect() refuses a list of SASL methods that ${what}, when there is no TLS`, () =>
    refuses([message("R", 10, offer), joined(...LET_IN)], reason, why));
}

for (
  const [what, code] of [
    ["the challenge of a SCRAM login", 11],
    ["the signature of a SCRAM login", 12],
    ["a method that does not exist", 1],
    ["a method of the future", 13],
  ] as const
) {
  test(`connect() refuses a server that begins with ${what}`, () =>
    refuses(
      [message("R", code, "r=nonce,s=c2FsdA==,i=4096"), joined(...LET_IN)],
      "protocol",
      /unknown login method/,
    ));
}

test("connect() refuses a request for an MD5 hash whose salt has another length", () =>
  refuses([message("R", 5, "sal"), joined(...LET_IN)], "protocol", /malformed MD5 request/));

for (
  const [what, asks] of [
    ["for the password in clear text", CLEARTEXT],
    ["for the password hashed by MD5", MD5],
    ["for SCRAM", SCRAM],
    ["for GSSAPI", message("R", 7)],
    ["a second time that we are in", OK],
  ] as const
) {
  const second = what.startsWith("for") ? `asks ${what}` : `says ${what}`;

  test(`connect() keeps the password from a server that ${second} after it has let us in`, async () => {
    for (const answers of [[joined(OK, asks), READY], [joined(OK, KEY, asks), READY]]) {
      await refuses(answers, "protocol", /Authentication out of order/);
    }
    await refuses(
      scramServer({ then: [OK, asks] }),
      "protocol",
      /Authentication out of order/,
    );
  });

  test(`connect() gives no second proof to a server that ${second} after MD5`, async () => {
    const hosts = ["127.0.0.1"];
    const answers = [MD5, asks === OK ? joined(OK, OK) : asks, joined(...LET_IN)];
    const why = /second authentication|Authentication out of order/;
    // The client sends this machine the salted hash, but not the password.
    await refuses(answers, "protocol", why, { hosts });
  });
}

for (
  const [code, name] of [
    [2, "Kerberos V5"],
    [4, "crypt"],
    [6, "SCM credentials"],
    [7, "GSSAPI"],
    [8, "GSSAPI"],
    [9, "SSPI"],
  ] as const
) {
  test(`connect() names ${name} and prints nothing, when the server asks for method ${code}`, async () => {
    const methods = ["debug", "error", "info", "log", "trace", "warn"] as const;
    const before = methods.map((method) => console[method]);
    let printed = 0;
    for (const method of methods) console[method] = () => void printed++;
    try {
      const why = new RegExp(
        `a login by ${name}, which this layer does not support.*scram-sha-256`,
      );
      await refuses([message("R", code), joined(...LET_IN)], "authentication", why);
    } finally {
      methods.forEach((method, i) => console[method] = before[i]!);
    }

    assert.is(printed, 0);
  });
}

// --- Other messages

test("connect() refuses what does not speak PostgreSQL's protocol", async () => {
  for (
    const words of ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "Z\0\0\0\x05I"]
  ) {
    const answer = new TextEncoder().encode(words);
    await refuses([answer], "protocol", /does not speak PostgreSQL's protocol/);
  }
});

test("connect() refuses a server that speaks another version of the protocol", () =>
  refuses([message("v", 196_608, 0)], "protocol", /version 3\.0 of PostgreSQL's protocol/));

const MALFORMED: readonly (readonly [string, readonly Uint8Array[], RegExp])[] = [
  ["an Authentication without a code", [message("R")], /Authentication with a wrong length/],
  [
    "an Authentication of a wrong length",
    [message("R", 0, 0)],
    /Authentication with a wrong length/,
  ],
  ["an impossibly short length", [withLength(3, OK)], /does not speak PostgreSQL's protocol/],
  ["an impossibly long length", [withLength(100_000_000, OK)], /does not speak PostgreSQL's/],
  ["a length of four gigabytes", [withLength(0xffffffff, OK)], /does not speak PostgreSQL's/],
  ["a second message of such a length", [OK, withLength(0xffffffff, KEY)], /impossible length/],
  ["a key that is too short", [OK, message("K", 4711)], /BackendKeyData with a wrong length/],
  ["a key that is too long", [OK, message("K", 1, 2, 3)], /BackendKeyData with a wrong length/],
  ["an empty setting", [OK, message("S")], /unterminated text/],
  ["a setting without a value", [OK, message("S", "TimeZone\0")], /unterminated text/],
  ["a setting without its end", [OK, message("S", "TimeZone\0UTC")], /unterminated text/],
  ["a setting with more", [OK, message("S", "TimeZone\0UTC\0x")], /ParameterStatus with a wrong/],
  ["a ReadyForQuery without a status", [OK, message("Z")], /ReadyForQuery with a wrong length/],
  ["a ReadyForQuery with more", [OK, message("Z", "II")], /ReadyForQuery with a wrong length/],
  ["an unknown status", [OK, message("Z", "X")], /unknown transaction status/],
  ["a session inside a transaction", [OK, message("Z", "T")], /inside a transaction/],
  ["a session inside a failed transaction", [OK, message("Z", "E")], /inside a transaction/],
  ["a notice without its end", [message("N", "SNOTICE\0")], /wrong length|unterminated/],
  ["an error without its end", [message("E", "SFATAL\0C28000\0")], /unterminated error/],
  ["an error without a code", [message("E", "SFATAL\0Mno\0\0")], /error without an SQLSTATE/],
  ["an error with an odd code", [message("E", "Cno\nno\0\0")], /error without an SQLSTATE/],
  ["a row before the session begins", [OK, message("D", "\0\0")], /DataRow out of order/],
  ["an unknown message", [OK, message("!", 0)], /message of an unknown type out of order/],
  ["a key before it lets us in", [NOTICE, KEY], /BackendKeyData out of order/],
];
for (const [what, words, why] of MALFORMED) {
  test(`connect() refuses ${what}, when it logs in`, () =>
    refuses([joined(...words)], "protocol", why));
}

/** Repeats a message until the client disconnects. */
function flood(first: Answer, words: Uint8Array): Answer {
  const piece = Buffer.concat(
    Array.from({ length: Math.ceil(16_384 / words.length) }, () => words),
  );
  return (said, socket) => {
    const pour = () => {
      for (let more = true; more && !socket.destroyed;) more = socket.write(piece);
    };
    socket.write(typeof first === "function" ? first(said, socket) : first);
    socket.on("drain", pour);
    pour();
    return new Uint8Array();
  };
}

const NOTHING = new Uint8Array();
const LONG = "x".repeat(60_000);
const [OFFER, HARD] = scramServer({
  first: (nonce) => `r=${nonce}theirs,s=${SALTED},i=1000000`,
}) as [Answer, Answer, Answer];
for (
  const [what, before, last, words] of [
    ["notices before it lets us in", [], NOTHING, NOTICE],
    ["long notices before it lets us in", [], NOTHING, message("N", `M${LONG}\0\0`)],
    ["settings after it has let us in", [], OK, message("S", "a\0b\0")],
    ["long settings after it has let us in", [], OK, message("S", `a\0${LONG}\0`)],
    ["notices while this side hashes", [OFFER], HARD, NOTICE],
  ] as const
) {
  test(`logIn() hears no flood of ${what}`, async () => {
    const server = await impostor([...before, flood(last, words)]);
    const { socket, session } = await begin(server.port);

    const error = await rejection(session);

    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, "protocol");
    assert.match(error.message, /sent too much data before the login was complete/);
    assert.ok(socket.bytesRead < 1_000_000, `${socket.bytesRead} bytes`);
    assert.is(socket.destroyed, true);
    await server.close();
  });
}

for (
  const [what, answer, why] of [
    ["two bytes", "SS", /data before the handshake/],
    ["a message behind it", `S${Buffer.from(CLEARTEXT).toString("latin1")}`, /data before the/],
    ["a message behind its no", `N${Buffer.from(CLEARTEXT).toString("latin1")}`, /data before the/],
    ["another letter", "X", /does not speak PostgreSQL's protocol/],
    ["the letter of an error", "E", /does not speak PostgreSQL's protocol/],
    ["no", "N", /does not offer TLS, and sslmode=(require|verify-full) requires it/],
  ] as const
) {
  test(`connect() refuses a server that answers the question for TLS with ${what}`, async () => {
    for (const mode of ["require", "verify-full"]) {
      const answers = [Buffer.from(answer, "latin1"), CLEARTEXT, joined(...LET_IN)];
      await refuses(answers, "tls", why, { parameters: `sslmode=${mode}` });
    }
  });
}

test("connect() refuses a server that agrees to TLS and does not speak it", async () => {
  const agrees: Answer = (_said, socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    return Buffer.from("S");
  };
  await refuses([agrees], "tls", /./, { parameters: "sslmode=require" });
});

test("connect() has the server's own reason, when that refuses", async () => {
  for (
    const [code, reason, why] of [
      ["28P01", "authentication", /password is wrong/],
      ["28000", "authentication", /pg_hba\.conf/],
      ["3D000", "missing_database", /does not exist/],
      ["0A000", "protocol", /SQLSTATE 0A000/],
    ] as const
  ) {
    const refusal = message("E", `SFATAL\0VFATAL\0C${code}\0M${PASSWORD}\0D${PASSWORD}\0\0`);

    await refuses([refusal], reason, why);
    await refuses([SCRAM, refusal], reason, why);
    await refuses(scramServer({ then: [joined(OK, KEY, refusal)] }), reason, why);
  }
});

test("connect() refuses a session that has another setting than it asked for, and names it", async () => {
  for (
    const [name, value] of [
      ["TimeZone", "Asia/Tokyo"],
      ["DateStyle", "German, DMY"],
      ["IntervalStyle", "iso_8601"],
      ["client_encoding", "LATIN1"],
      ["standard_conforming_strings", "off"],
      ["integer_datetimes", "off"],
    ] as const
  ) {
    const then = [OK, message("S", `${name}\0${value}\0`), KEY, READY];
    await refuses(
      scramServer({ then }),
      "protocol",
      new RegExp(`ignores the requested setting ${name}.*pooler`),
    );
  }
});

test.run();
