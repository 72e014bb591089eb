/**
 * `sslmode` and `channel_binding` with libpq's meaning: a server with a certificate of a test authority, a
 * man in the middle, and a Unix socket, which has neither.
 */
// Runs once: it starts programs on both runtimes itself.
import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as tls from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { giveTo, serverAccount } from "../../src/tools/postgres/account.ts";
import { startThrowaway, type Throwaway } from "../../src/tools/postgres/throwaway.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { startServer } from "../support/server.ts";
import { suite } from "../support/suite.ts";

const run = promisify(execFile);
const test = suite("TLS", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const hasOpenssl = await run("openssl", ["version"]).then(() => true, () => false);

/** Parameters of the URL, host to connect to, and expected result. */
function cases(ca: string, wrong: string): [string, string, string][] {
  return [
    ["127.0.0.1", "sslmode=disable", "plain"],
    ["127.0.0.1", "sslmode=allow", "plain"],
    ["127.0.0.1", "sslmode=prefer", "encrypted"],
    ["127.0.0.1", "", "encrypted"],
    ["127.0.0.1", "sslmode=require", "encrypted"],
    ["localhost", `sslmode=require&sslrootcert=${ca}`, "encrypted"],
    ["localhost", `sslmode=require&sslrootcert=${wrong}`, "tls"],
    ["localhost", `sslmode=verify-ca&sslrootcert=${ca}`, "encrypted"],
    ["127.0.0.1", `sslmode=verify-ca&sslrootcert=${ca}`, "encrypted"],
    ["localhost", `sslmode=verify-ca&sslrootcert=${wrong}`, "tls"],
    ["localhost", "sslmode=verify-ca", "tls"],
    ["localhost", `sslmode=verify-full&sslrootcert=${ca}`, "encrypted"],
    ["127.0.0.1", `sslmode=verify-full&sslrootcert=${ca}`, "tls"],
    ["localhost", "sslmode=verify-full", "tls"],
    ["localhost", "sslrootcert=system", "tls"],
    ["127.0.0.1", "sslmode=disable&channel_binding=prefer", "plain"],
    ["127.0.0.1", "sslmode=disable&channel_binding=require", "untrusted"],
    ["127.0.0.1", "channel_binding=require", "encrypted"],
    ["127.0.0.1", "sslmode=require&channel_binding=require", "encrypted"],
    ["127.0.0.1", "sslmode=require&channel_binding=disable", "encrypted"],
    ["localhost", `sslmode=verify-full&sslrootcert=${ca}&channel_binding=require`, "encrypted"],
  ];
}

async function certificate(folder: string, name: string): Promise<void> {
  await run("openssl", [
    ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(" "),
    ..."-addext subjectAltName=DNS:localhost".split(" "),
    "-keyout",
    join(folder, `${name}.key`),
    "-out",
    join(folder, `${name}.pem`),
  ]);
}

/** Starts a server with the certificate `right`, in a folder that also contains another one, `wrong`. */
async function startEncrypted(): Promise<{
  server: Throwaway;
  folder: string;
  remove(): Promise<void>;
}> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "netraven-tls-")));
  const secret = await realpath(await mkdtemp(join(tmpdir(), "netraven-tls-key-")));
  await certificate(folder, "right");
  await certificate(folder, "wrong");
  await cp(join(folder, "right.key"), join(secret, "key"));
  await cp(join(folder, "right.pem"), join(secret, "pem"));
  const account = await serverAccount([]);
  for (const path of [secret, join(secret, "key"), join(secret, "pem")]) {
    await giveTo(account, path);
  }
  await chmod(join(secret, "key"), 0o600);
  const server = await startThrowaway({
    settings: {
      ssl: "on",
      ssl_cert_file: join(secret, "pem"),
      ssl_key_file: join(secret, "key"),
    },
  });
  return {
    server,
    folder,
    async remove() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
      await rm(secret, { recursive: true, force: true });
    },
  };
}

/** Connects with each URL on Node and on Deno, and compares the results. The names are for people. */
async function compare(
  table: readonly { name: string; url: string; expected: string }[],
): Promise<void> {
  const env = { ...process.env, TLS_PROBE: JSON.stringify(table.map(({ url }) => url)) };
  const probe = join(PROJECT, "tests", "support", "tls_probe.ts");
  const deno = join(PROJECT, "node_modules", ".bin", "deno");
  const node = await run(process.execPath, [...NODE_ARGS, probe], { cwd: PROJECT, env });
  const onDeno = await run(deno, ["run", "--no-prompt", "--allow-all", probe], {
    cwd: PROJECT,
    env,
  });

  for (const { stdout } of [node, onDeno]) {
    const outcomes = JSON.parse(stdout) as string[];
    assert.equal(
      table.map(({ name }, i) => `${name}: ${outcomes[i]}`),
      table.map(({ name, expected }) => `${name}: ${expected}`),
    );
  }
}

const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const OFFER = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
const LESS = "SCRAM-SHA-256\0\0";

/**
 * A man in the middle who shows a certificate of his own and reads everything.
 *
 * @param strips Whether he removes the channel-binding method from the server's offer.
 */
async function startInterceptor(
  server: Throwaway,
  identity: { key: Buffer; cert: Buffer },
  strips: boolean,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((client) => {
    const upstream = net.connect({ host: "127.0.0.1", port: server.port });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.once("data", () => {
      upstream.write(SSL_REQUEST);
      upstream.once("data", () => {
        const there = tls.connect({ socket: upstream, rejectUnauthorized: false }, () => {
          client.write("S");
          const here = new tls.TLSSocket(client, { isServer: true, ...identity });
          for (const [from, to] of [[here, there], [there, here]] as const) {
            from.on("error", () => {});
            from.on("close", () => to.destroy());
          }
          here.on("data", (chunk) => there.write(chunk));
          there.on("data", (chunk: Buffer) => {
            const text = chunk.toString("latin1");
            // Its letter, its length and its code follow.
            if (strips && text.endsWith(OFFER)) {
              const all = Buffer.from(text.slice(0, -OFFER.length) + LESS, "latin1");
              all.writeUInt32BE(8 + LESS.length, all.length - LESS.length - 8);
              here.write(all);
            } else here.write(chunk);
          });
        });
        there.on("error", () => client.destroy());
      });
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

const TESTS: Readonly<Record<string, () => Promise<void>>> = {
  "connect() honours every sslmode, on Node and on Deno": async () => {
    const { server, folder, remove } = await startEncrypted();
    try {
      const table = cases(join(folder, "right.pem"), join(folder, "wrong.pem"));
      await compare(table.map(([host, parameters, expected]) => {
        const url = new URL(server.url);
        url.hostname = host;
        url.search = parameters;
        return { name: `${host} ${parameters}`, url: url.href, expected };
      }));
    } finally {
      await remove();
    }
  },

  "connect() finds out who stands in between, by channel binding alone": async () => {
    const { server, folder, remove } = await startEncrypted();
    const identity = {
      key: await readFile(join(folder, "wrong.key")),
      cert: await readFile(join(folder, "wrong.pem")),
    };
    const interceptors = [
      await startInterceptor(server, identity, false),
      await startInterceptor(server, identity, true),
    ];
    // The server refuses a proof that is bound to another certificate, and a client that supports channel
    // binding but was not offered it.
    const expected = [
      { disable: "encrypted", prefer: "authentication", require: "authentication" },
      { disable: "encrypted", prefer: "authentication", require: "untrusted" },
    ];
    try {
      await compare(
        interceptors.flatMap(({ port }, i) =>
          Object.entries(expected[i]!).map(([binding, expected]) => {
            const url = new URL(server.url);
            url.port = String(port);
            url.search = `sslmode=require&channel_binding=${binding}`;
            return {
              name: `${i === 0 ? "passes on" : "strips"} ${binding}`,
              url: url.href,
              expected,
            };
          })
        ),
      );
    } finally {
      for (const interceptor of interceptors) await interceptor.close();
      await remove();
    }
  },
};

for (const [name, body] of Object.entries(TESTS)) {
  if (hasOpenssl) test(name, body);
  else test.skip(name, "openssl is not installed");
}

test("connect() logs in over a Unix socket whatever the sslmode, on Node and on Deno", async () => {
  const server = await startServer({
    hba: ["local template1 all peer map=here", "local all all scram-sha-256"],
    ident: ["here /^.*$ netraven_test"],
    socket: true,
  });
  try {
    await compare([
      ["postgres", "", "plain"],
      ["postgres", "sslmode=disable", "plain"],
      ["postgres", "sslmode=require", "plain"],
      ["postgres", "sslmode=verify-full", "plain"],
      ["postgres", "channel_binding=disable", "plain"],
      ["postgres", "channel_binding=require", "untrusted"],
      ["template1", "", "plain"],
      ["nowhere", "", "missing_database"],
    ].map(([database, parameters, expected]) => {
      const { username, password, port } = new URL(server.url);
      const query = [`host=${server.socketFolder}`, parameters].filter((part) => part).join("&");
      const url = `postgres://${username}:${password}@:${port}/${database}?${query}`;
      return { name: `${database} ${parameters}`, url, expected: expected! };
    }));
  } finally {
    await server.remove();
  }
});

test.run();
