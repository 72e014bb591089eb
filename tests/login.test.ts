/** Logging in where the server is not what it should be: the password stays here, and the process goes on. */
import * as net from "node:net";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { connect, ConnectionError, type ConnectOptions, TimeoutError } from "netraven-db";
import { LoginGuard } from "../src/login_guard.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("login");
const PASSWORD = "the-pass-word";

/** A message of the protocol. */
function message(type: string, ...parts: (number | string)[]): Uint8Array {
  const body = parts.map((part) => {
    if (typeof part === "string") return new TextEncoder().encode(part);
    const four = new Uint8Array(4);
    new DataView(four.buffer).setInt32(0, part);
    return four;
  });
  const length = 4 + body.reduce((sum, { length }) => sum + length, 0);
  const all = new Uint8Array(1 + length);
  all[0] = type.charCodeAt(0);
  new DataView(all.buffer).setInt32(1, length);
  let at = 5;
  for (const part of body) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const CLEARTEXT = message("R", 3);
const NOTICE = message("N", "SNOTICE\0C00000\0Mhello\0\0");
const LET_IN = [message("R", 0), message("Z", "I")];

/** A server that answers each message of the client with the next of these, and hears everything. */
async function impostor(answers: readonly Uint8Array[]) {
  let heard = "";
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const left = [...answers];
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      heard += new TextDecoder().decode(chunk);
      const answer = left.shift();
      if (answer !== undefined) socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    heard: () => heard,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Connects as if the server were elsewhere: 0.0.0.0 reaches this machine, but is not one of its names. */
async function attempt(port: number, options: ConnectOptions = {}): Promise<Error> {
  return await rejection(connect({
    url: `postgres://user:${PASSWORD}@0.0.0.0:${port}/db?sslmode=disable`,
    timeouts: { connect: 1_000, acquire: 1_000 },
    logging: { level: "silent" },
    tls: { plaintextHosts: ["0.0.0.0"] },
    ...options,
  }));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

test("connect() speaks to no other machine without encryption, unless the host is named", async () => {
  const offersNoTls = new TextEncoder().encode("N");
  for (const mode of ["disable", "allow", "prefer"]) {
    const server = await impostor([offersNoTls, CLEARTEXT, ...LET_IN]);
    const url = `postgres://user:${PASSWORD}@0.0.0.0:${server.port}/db?sslmode=${mode}`;

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
    // Nothing, or the question whether it speaks TLS.
    assert.ok(!server.heard().includes("user"), mode);
    await server.close();
  }
});

for (
  const [what, asks] of [
    ["at once", CLEARTEXT],
    ["behind a notice", joined(NOTICE, CLEARTEXT)],
  ] as const
) {
  test(`connect() keeps the password from a server that asks for it in clear text ${what}`, async () => {
    const server = await impostor([asks, ...LET_IN]);

    const error = await attempt(server.port);

    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, "untrusted");
    assert.match(error.message, /clear text.*sslmode=verify-full.*allow_cleartext_password/);
    assert.not.match(server.heard(), new RegExp(PASSWORD));
    assert.not.match(inspect(error, { depth: 9, showHidden: true }), new RegExp(PASSWORD));
    await server.close();
  });
}

test("connect() gives the password in clear text where that is allowed by name, or on this machine", async () => {
  for (const local of [false, true]) {
    const server = await impostor([CLEARTEXT, joined(...LET_IN)]);
    const url = `postgres://user:${PASSWORD}@127.0.0.1:${server.port}/db?sslmode=disable`;

    // It is let in, and gets no answer to its first statement.
    const error = await attempt(server.port, local ? { url } : { allowCleartextPassword: true });

    assert.instance(error, TimeoutError);
    assert.match(server.heard(), new RegExp(PASSWORD));
    await server.close();
  }
});

test("connect() refuses a server that asks for a billion rounds of hashing", async () => {
  const server = await impostor([
    message("R", 10, "SCRAM-SHA-256\0\0"),
    message("R", 11, "r=nonce,s=c2FsdA==,i=1000000000"),
  ]);

  const error = await attempt(server.port);

  assert.instance(error, ConnectionError);
  assert.is((error as ConnectionError).reason, "untrusted");
  assert.match(error.message, /rounds of hashing/);
  await server.close();
});

test("connect() refuses what does not speak PostgreSQL's protocol", async () => {
  const server = await impostor([new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")]);

  const error = await attempt(server.port);

  assert.instance(error, ConnectionError);
  assert.is((error as ConnectionError).reason, "protocol");
  assert.match(error.message, /does not speak PostgreSQL's protocol/);
  await server.close();
});

test("LoginGuard reads what comes in pieces of any size", () => {
  const said = joined(NOTICE, message("R", 10, "SCRAM-SHA-256\0\0"), CLEARTEXT);
  for (let size = 1; size <= said.length; size++) {
    const guard = new LoginGuard(false);
    const problems: unknown[] = [];
    for (let at = 0; at < said.length; at += size) {
      problems.push(guard.read(said.subarray(at, at + size))?.problem);
    }

    assert.match(String(problems.at(-1)), /clear text/);
    assert.equal(problems.slice(0, -1).filter((problem) => problem !== undefined), []);
  }
});

test("LoginGuard is over once the server has let us in", () => {
  const guard = new LoginGuard(false);

  assert.is(guard.read(joined(message("R", 12, "v=signature"), ...LET_IN)), undefined);
  assert.is(guard.over, true);
});

test.run();
