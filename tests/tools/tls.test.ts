/** `sslmode` with libpq's meaning, against a server with a certificate of its own authority. */
import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { giveTo, serverAccount } from "../../src/tools/server_account.ts";
import { startThrowaway } from "../../src/tools/throwaway.ts";
import { suite } from "../support/suite.ts";

const run = promisify(execFile);
const test = suite("TLS", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const hasOpenssl = await run("openssl", ["version"]).then(() => true, () => false);

/** What to add to the URL, which host to dial, and how it must end. */
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

if (hasOpenssl) {
  test("connect() honours every sslmode, on Node and on Deno", async () => {
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
    const table = cases(join(folder, "right.pem"), join(folder, "wrong.pem"));
    const urls = table.map(([host, parameters]) => {
      const url = new URL(server.url);
      url.hostname = host;
      url.search = parameters;
      return url.href;
    });

    try {
      const env = { ...process.env, TLS_PROBE: JSON.stringify(urls) };
      const probe = join(PROJECT, "tests", "support", "tls_probe.ts");
      const deno = join(PROJECT, "node_modules", ".bin", "deno");
      const node = await run(process.execPath, ["--import", "tsx", probe], { cwd: PROJECT, env });
      const onDeno = await run(deno, ["run", "--no-prompt", "--allow-all", probe], {
        cwd: PROJECT,
        env,
      });

      for (const { stdout } of [node, onDeno]) {
        const outcomes = JSON.parse(stdout) as string[];
        assert.equal(
          table.map(([host, parameters], i) => `${host} ${parameters}: ${outcomes[i]}`),
          table.map(([host, parameters, expected]) => `${host} ${parameters}: ${expected}`),
        );
      }
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
      await rm(secret, { recursive: true, force: true });
    }
  });
} else {
  test.skip("connect() honours every sslmode, on Node and on Deno", "openssl is not installed");
}

test.run();
