/** No password shows in the output of a process, in its heap, in a dump, or in the server's files. */
// Runs once: it starts programs on both runtimes itself.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import postgres from "postgres";
import * as assert from "uvu/assert";
import { connect, credentialCreate, type Database, tagInsert } from "netraven-db";
import { migrate } from "../../src/tools/migrations/migrator.ts";
import { startThrowaway, type Throwaway } from "../../src/tools/postgres/throwaway.ts";
import { Canary } from "../support/canary.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { useCredentials } from "../support/secrecy.ts";
import { suite } from "../support/suite.ts";

const test = suite("secrecy of whole programs");
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
const RUNTIMES = {
  node: [process.execPath, ...NODE_ARGS],
  deno: [
    deno,
    "run",
    "--no-prompt",
    "--cached-only",
    "--allow-net=127.0.0.1",
    "--allow-env",
    "--allow-read",
  ],
};
const run = promisify(execFile);
const canary = new Canary();
/** The control: it appears where the password must not. */
const control = new Canary();
const SECRET_KEY = randomBytes(32).toString("base64");
let database: TestDatabase;
let folder: string;

test.before(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), "netraven-secrecy-"));
});

test.after(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

function withKeys(url: string): Promise<Database> {
  return connect({
    url,
    env: { KEY: SECRET_KEY },
    vault: { active: "k1", keys: { k1: { env: "KEY" } } },
    logging: { level: "silent" },
  });
}

/** Returns the exit code and the output of a program. */
async function printed(
  [program, ...args]: readonly string[],
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; text: string }> {
  const options = {
    cwd: PROJECT,
    env: { ...process.env, SECRET_KEY, ...env },
    maxBuffer: 2 ** 28,
  };
  const path = join(PROJECT, "tests/support", file);
  return await run(program!, [...args, path], options).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );
}

for (const [runtime, command] of Object.entries(RUNTIMES)) {
  test(`a program that prints everything prints no password, on ${runtime}`, async () => {
    const env = { SECRET_URL: database.url };
    const leaky = { ...env, SECRET_PASSWORD: control.text, SECRET_LEAK: "yes" };
    const [discreet, indiscreet] = await Promise.all([
      printed(command, "secret_user.ts", { ...env, SECRET_PASSWORD: canary.text }),
      printed(command, "secret_user.ts", leaky),
    ]);

    for (const { code, text } of [discreet, indiscreet]) {
      assert.match(text, /^done$/m, text.slice(-2_000));
      assert.is(code, 1, "the last error was caught");
      assert.match(text, /^(Slow query: )?CredentialSecretGet: 1 row in/m, "no lines of the log");
      assert.match(text, /\[redacted\]/);
    }
    assert.equal(canary.formsIn(discreet.text), []);
    assert.equal(control.formsIn(indiscreet.text), ["text"]);
  });
}

test("Secret keeps its text out of the heap until it is revealed", async () => {
  const db = await withKeys(database.url);
  const { id } = await credentialCreate({ username: "held", password: canary.text }, db);
  await db.close();
  const file = join(folder, "heap");
  const env = { SECRET_URL: database.url, SECRET_ID: String(id), SECRET_FILE: file };

  const { code, text } = await printed(
    [process.execPath, "--expose-gc", ...NODE_ARGS],
    "secret_holder.ts",
    env,
  );

  assert.is(code, 0, text);
  assert.match(text, `[redacted]`);
  assert.match(text, `\n${canary.text.length}\n`);
  const sealed = await readFile(`${file}.sealed`, "utf8");
  assert.match(sealed, /to hold it/, "the heap is not in the file");
  assert.equal(canary.formsIn(sealed), []);
  assert.equal(canary.formsIn(await readFile(`${file}.revealed`, "utf8")), ["text"]);
});

/** Returns a folder of PostgreSQL programs with `pg_dump`, from the server under test if it has one. */
async function findDump(): Promise<string | undefined> {
  const debian = "/usr/lib/postgresql";
  const versions = await readdir(debian).catch(() => [] as string[]);
  const folders = [
    process.env["TEST_SERVER_BIN"] ?? "",
    ...versions.sort().reverse().map((version) => join(debian, version, "bin")),
  ];
  return folders.find((bin) =>
    bin !== "" && ["postgres", "initdb", "pg_dump"].every((name) => existsSync(join(bin, name)))
  );
}

/** Fills a migrated server with credentials and one control. */
async function fill(server: Throwaway): Promise<string> {
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  await admin`create database secrecy`;
  await admin.end();
  const url = Object.assign(new URL(server.url), { pathname: "/secrecy" }).href;
  await migrate({ url });
  const db = await withKeys(url);
  await useCredentials(db, canary, () => {});
  await tagInsert.run({ name: control.text }, db);
  await db.close();
  return url;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) =>
    join(parentPath, name)
  );
}

const bin = await findDump();
if (bin === undefined) {
  test.skip("pg_dump writes no password", "no PostgreSQL with a pg_dump is installed");
} else {
  test("pg_dump writes no password, and none is in the server's files", async () => {
    const server = await startThrowaway({ bin, settings: { log_statement: "all" } });
    try {
      const url = await fill(server);
      for (
        const format of [[], ["--inserts"], ["--format=custom", "--compress=0"], ["--format=tar"]]
      ) {
        const options = { maxBuffer: 2 ** 28, encoding: "latin1" } as const;
        const { stdout } = await run(join(bin, "pg_dump"), [...format, "--dbname", url], options);

        assert.match(stdout, /nr1\.k1\./, "the dump holds no credential");
        assert.not.equal(control.formsIn(stdout), [], "the dump is not searched");
        assert.equal(canary.formsIn(stdout), []);
      }
      await server.shutdown("fast");
      const found: string[] = [];
      let controls = 0;
      for (const file of [server.logFile, ...await filesBelow(server.dataDir)]) {
        const text = await readFile(file, "latin1");
        controls += control.formsIn(text).length;
        for (const form of canary.formsIn(text)) found.push(`${file}: as ${form}`);
      }
      // In the table, its index, the WAL and the log.
      assert.ok(controls >= 3, `the files are not searched: ${controls}`);
      assert.equal(found, []);
    } finally {
      await server.stop();
    }
  });
}

test.run();
