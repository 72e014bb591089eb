/** Key management for operators: the commands, a killed rotation, and a rolling deployment. */
// Runs once: it tests a tool of the project.
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import {
  connect,
  credentialCreate,
  credentialList,
  credentialReveal,
  type Database,
  keysCheck,
  keysRetire,
  keysRotate,
} from "netraven-db";
import { credentialPasswordSet } from "../../src/generated/internal/credentials.ts";
import { encryptionKeyList } from "../../src/generated/internal/encryption_keys.ts";
import { main } from "../../src/tools/keys.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { addKey, envelope } from "../support/factories.ts";
import { testKeys } from "../support/keys.ts";
import { suite } from "../support/suite.ts";
import { runTool } from "../support/tool.ts";
import { until } from "../support/until.ts";

const test = suite("keys", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
const RUNTIMES = {
  node: [process.execPath, ...NODE_ARGS],
  deno: [deno, "run", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1", "--allow-env"],
};
const WHO = { by: "test", reason: "test" };
let folder: string;
let database: TestDatabase;
let db: Database;

test.before.each(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), "netraven-keys-"));
  const quiet = { pool: { size: 2 }, logging: { level: "silent" } } as const;
  db = await connect({ url: database.url, ...quiet });
});

test.after.each(async () => {
  await db.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

// --- The commands

/** Writes the configuration: the active key and other keys, each in a file. */
async function configure(active: string, ...older: string[]): Promise<void> {
  const keys = [active, ...older].map((keyId) => `${keyId}: { file: keys/${keyId} }`).join(", ");
  const vault = `vault: { active: ${active}, keys: { ${keys} } }`;
  await writeFile(join(folder, "dev.yaml"), `${vault}\n`);
}

/** Runs the tool of `make keys-…` in this process. */
function run(...args: string[]): Promise<{ code: number; output: string }> {
  return runTool(main, { DATABASE_URL: database.url, NETRAVEN_CONFIG_DIR: folder }, args);
}

/** Runs the tool in a separate process. */
function spawnTool(...args: string[]): ChildProcess {
  return spawn(process.execPath, [...NODE_ARGS, "src/tools/keys.ts", ...args], {
    cwd: PROJECT,
    env: { ...process.env, DATABASE_URL: database.url, NETRAVEN_CONFIG_DIR: folder },
    stdio: "ignore",
  });
}

/** Starts a process of the application with the current configuration. */
async function application<T>(act: (db: Database) => Promise<T>): Promise<T> {
  await using app = await connect({
    env: { DATABASE_URL: database.url },
    directory: folder,
    environment: "dev",
    logging: { level: "silent" },
  });
  return await act(app);
}

test("keys-generate, -status, -rotate, -check and -retire lead from one key to the next", async () => {
  await configure("a2026");
  const made = await run("generate");
  const again = await run("generate");
  const { id } = await application((app) =>
    credentialCreate({ username: "admin", password: "swordfish" }, app)
  );

  const second = await run("generate", "b2026");
  await configure("b2026", "a2026");
  const inUse = await run("retire", "a2026");
  const before = await run("status");
  const rotated = await run("rotate");
  const checked = await run("check");
  const active = await run("retire", "b2026");
  const retired = await run("retire", "a2026");
  const after = await run("status");
  await configure("b2026");
  const revealed = await application((app) => credentialReveal({ id, ...WHO }, app));

  assert.is(made.code, 0, made.output);
  assert.match(made.output, /^Generated key "a2026": .*keys\/a2026$/);
  assert.match(again.output, /^No key file is missing/);
  assert.is((await stat(join(folder, "keys/b2026"))).mode & 0o777, 0o600);
  assert.match(second.output, 'b2026: { file: "keys/b2026" }');
  const text = (await readFile(join(folder, "keys/b2026"), "utf8")).trim();
  assert.not.match(second.output, text, "the key itself is not printed");
  assert.is(inUse.code, 1);
  assert.match(inUse.output, 'Cannot retire key "a2026": it encrypts 1 rows');
  assert.match(before.output, /a2026 +loaded +1 /);
  assert.match(before.output, /b2026 +active +0 /);
  assert.equal([rotated.code, rotated.output], [
    0,
    '✅ 1 values are now encrypted with key "b2026"',
  ]);
  assert.match(
    checked.output,
    "1 encrypted values can be decrypted\n✅ Every key in use is loaded",
  );
  assert.is(checked.code, 0);
  assert.match(active.output, "it is the active key");
  assert.match(retired.output, '✅ Key "a2026" was retired at 20');
  assert.match(after.output, /a2026 +loaded +0 +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d$/m);
  assert.is(revealed.password.reveal(), "swordfish");
});

test("keys-check and keys-status say what is wrong, and fail", async () => {
  await configure("a");
  await run("generate");
  await application((app) => credentialCreate({ username: "u", password: "swordfish" }, app));
  await addKey(db);
  const moved = await application(async (app) => {
    const { id } = await credentialCreate({ username: "u", password: "swordfish" }, app);
    await credentialPasswordSet.one({ id, password: envelope() }, app);
    return id;
  });
  await configure("b");
  await run("generate");

  const checked = await run("check");
  const status = await run("status");
  const rotated = await run("rotate");

  assert.equal([checked.code, status.code, rotated.code], [1, 1, 1]);
  const lacks =
    'The key ring lacks keys that encrypted rows need: "factory" (1 rows), "a" (1 rows)';
  assert.match(
    checked.output.replace('"a" (1 rows), "factory" (1 rows)', '"factory" (1 rows), "a" (1 rows)'),
    lacks,
  );
  assert.match(
    checked.output,
    `credentials.password of row ${moved} does not open with key "factory"`,
  );
  assert.match(status.output, /a +not loaded +1 .* missing/);
  assert.match(rotated.output, /^❌ The key ring lacks keys/m);
  for (const { output } of [checked, status, rotated]) assert.not.match(output, "swordfish");
});

test("the commands say what is missing: a ring, a name, a file, a schema; and misuse", async () => {
  await writeFile(join(folder, "dev.yaml"), "logging: { level: info }\n");
  const none = await run("generate");
  const noFile = await run("generate", "a");
  const noRing = await run("rotate");
  await configure("a");
  const noKey = await run("rotate");
  const badName = await run("generate", "A b");
  const misuse = [
    await run(""),
    await run("retire"),
    await run("check", "x"),
    await run("nonsense"),
  ];

  assert.match(none.output, "has no key ring: name the new key by id=");
  assert.match(noFile.output, "name the new key's file by file=");
  assert.match(noRing.output, "No key ring is configured");
  assert.match(
    noKey.output,
    /keys\/a: vault\.keys\.a: The key's file is missing: .* make keys-generate/,
  );
  assert.match(badName.output, "The key's name is invalid");
  for (const { code } of [none, noFile, noRing, noKey, badName]) assert.is(code, 1);
  for (const { code, output } of misuse) {
    assert.is(code, 2);
    assert.match(output, "Usage: keys generate");
  }
  const given = join(folder, "elsewhere/a");
  assert.is((await run("generate", "a2", given)).code, 0);
  assert.is((await run("generate", "a2", given)).code, 1, "never over another one");
});

test("a key's file may be a link; the rights of what it leads to count", async () => {
  await mkdir(join(folder, "keys"));
  await configure("a");
  await run("generate", "real", join(folder, "real"));
  await symlink(join(folder, "real"), join(folder, "keys/a"));

  const fine = await run("status");
  await chmod(join(folder, "real"), 0o644);
  const open = await run("status");

  assert.is(fine.code, 0, fine.output);
  assert.is(open.code, 1);
  assert.match(open.output, "Others can read the key's file");
});

// --- Concurrency

/** A process of `tests/support/vault_worker.ts`. */
interface Worker {
  readonly child: ChildProcess;
  /** Resolves when it works. */
  readonly ready: Promise<void>;
  /** Stops it. Returns how much it did, or throws its output. */
  stop(): Promise<{ created: number; changed: number; revealed: number }>;
}

function startWorker(runtime: keyof typeof RUNTIMES, name: string, ...keyIds: string[]): Worker {
  const [program, ...args] = RUNTIMES[runtime];
  const child = spawn(program!, [...args, join(PROJECT, "tests/support/vault_worker.ts")], {
    cwd: PROJECT,
    env: {
      ...process.env,
      TEST_WORKER_URL: database.url,
      TEST_WORKER_KEYS: keyIds.join(),
      TEST_WORKER_NAME: name,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? ""));
  });
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line === "ready") resolve();
    });
    void ended.then((end) => reject(new Error(`the worker ended with ${end}: ${stderr}`)));
  });
  ready.catch(() => {});
  return {
    child,
    ready,
    async stop() {
      child.kill("SIGTERM");
      const end = await ended;
      if (end !== 0) throw new Error(`the worker ended with ${end}: ${stderr}`);
      return JSON.parse(lines.at(-1)!);
    },
  };
}

test("a rolling deploy in five steps: two processes write all the while, every row is readable", async () => {
  const workers: Worker[] = [
    startWorker("node", "one", "a"),
    startWorker("deno", "two", "a"),
  ];
  const operator = await connect({
    url: database.url,
    keys: testKeys(["b", "a"]),
    logging: { level: "silent" },
  });
  const sums = { created: 0, changed: 0, revealed: 0 };
  const stop = async (worker: Worker) => {
    const done = await worker.stop();
    for (const key of ["created", "changed", "revealed"] as const) sums[key] += done[key];
    assert.ok(done.revealed > 0, "it worked");
  };
  /** Each process restarts with the ring in turn, while the other one continues. */
  const deploy = async (...keyIds: string[]) => {
    for (const [i, [runtime, name]] of ([["node", "one"], ["deno", "two"]] as const).entries()) {
      await workers[i]!.ready;
      await stop(workers[i]!);
      workers[i] = startWorker(runtime, name, ...keyIds);
      await workers[i]!.ready;
    }
  };
  const more = async (number: number) => {
    const before = (await credentialList.run({ limit: 10_000 }, db)).length;
    await until(
      "both write",
      async () => (await credentialList.run({ limit: 10_000 }, db)).length > before + number,
      60_000,
    );
  };

  try {
    await Promise.all(workers.map(({ ready }) => ready));
    await more(20);
    await deploy("a", "b"); // 1: the new key goes everywhere
    await more(5);
    await deploy("b", "a"); // 2: it seals; some processes still seal with the old one
    await more(5);
    const { rotated, unopened } = await keysRotate({}, operator); // 3: what is left
    assert.ok(rotated > 0);
    assert.equal(unopened, []);
    await keysRetire({ keyId: "a" }, operator); // 4: the database takes nothing that the old key sealed
    await more(5);
    await deploy("b"); // 5: the old key goes
    await more(5);
    for (const worker of workers) await stop(worker);
  } finally {
    for (const { child } of workers) child.kill("SIGKILL");
  }

  const { opened, unopened } = await keysCheck(operator);
  await operator.close();
  assert.equal([opened, unopened.length], [sums.created, 0]);
  const keys = await encryptionKeyList.run(undefined, db);
  assert.equal(keys.map(({ keyId, credentials }) => [keyId, credentials]).sort(), [
    ["a", 0],
    ["b", sums.created],
  ]);
});

test("a rotation that is killed -9 again and again loses nothing, and the last one ends it", async () => {
  await configure("a");
  await run("generate");
  const passwords = new Map<number, string>();
  await application(async (app) => {
    await app.transaction(async (tx) => {
      for (let i = 0; i < 3000; i++) {
        const made = await credentialCreate({ username: `u${i}`, password: `p${i}` }, tx);
        passwords.set(made.id, `p${i}`);
      }
    });
  });
  await run("generate", "b");
  await configure("b", "a");
  const sealed = async () => {
    const keys = await encryptionKeyList.run(undefined, db);
    return keys.find(({ keyId }) => keyId === "b")?.credentials ?? 0;
  };

  for (let kill = 0; kill < 3; kill++) {
    const before = await sealed();
    const child = spawnTool("rotate");
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until("it has begun", async () => await sealed() > before, 60_000);
    child.kill("SIGKILL");
    await ended;
  }
  const last = await new Promise((resolve) => spawnTool("rotate").once("close", resolve));

  assert.is(last, 0);
  assert.is(await sealed(), 3000);
  await configure("b");
  const { unopened, opened } = await application((app) => keysCheck(app));
  assert.equal([opened, unopened.length], [3000, 0]);
  const some = [...passwords].filter((_, i) => i % 300 === 0);
  for (const [id, password] of some) {
    const found = await application((app) => credentialReveal({ id, ...WHO }, app));
    assert.is(found.password.reveal(), password);
  }
});

test.run();
