/** The key ring of the configuration: sources of keys, and refused values. */
// Runs on the first server: it asks none.
import { Buffer } from "node:buffer";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { ConfigError, keysGenerate } from "netraven-db";
import { type ConfigOptions, loadConfig } from "../src/config/load.ts";
import { keyRing } from "../src/vault/key_ring.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("key ring");
const URL = "postgres://anna:secret@db.example.com/net";
const KEY = Buffer.alloc(32, "k").toString("base64");
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "netraven-keys-"));
  folders.push(made);
  return made;
}

test.after(async () => {
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

/** Loads the ring of a YAML file in the folder. */
async function ringOf(directory: string, vault: string, env: Record<string, string> = {}) {
  await writeFile(join(directory, "dev.yaml"), `database: { url: "${URL}" }\n${vault}`);
  const config = await loadConfig({ directory, env });
  return keyRing(config.vault!);
}

async function keyFile(text: string, mode: number): Promise<string> {
  const file = join(await folder(), "key");
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

async function refused(loading: Promise<unknown>): Promise<ConfigError> {
  const error = await rejection(loading);
  assert.instance(error, ConfigError);
  return error as unknown as ConfigError;
}

/** Configuration of key `k` in a file. */
async function read(file: string): Promise<Uint8Array> {
  const variable = () => undefined;
  return await keyRing({ active: "k", sources: { k: { file } }, variable }).key("k");
}

test("keyRing() reads keys from files and variables, relative to the YAML file", async () => {
  const directory = await folder();
  await mkdir(join(directory, "keys"));
  await writeFile(join(directory, "keys/new"), `${KEY}\n`, { mode: 0o600 });
  const other = Buffer.alloc(32, "\xff").toString("base64url");

  const ring = await ringOf(
    directory,
    "vault:\n  active: 2026a\n  keys:\n    2026a: { file: keys/new }\n    old: { env: NETRAVEN_KEY_OLD }\n",
    { NETRAVEN_KEY_OLD: other },
  );

  assert.equal([ring.active, ...ring.keyIds], ["2026a", "2026a", "old"]);
  assert.equal(Buffer.from(await ring.key("2026a")), Buffer.alloc(32, "k"));
  assert.equal(Buffer.from(await ring.key("old")), Buffer.from(other, "base64url"));
});

test("loadConfig() takes a key ring as an option, before that of the file", async () => {
  const directory = await folder();
  const yaml = `database: { url: "${URL}" }\nvault: { active: a, keys: { a: { env: A } } }\n`;
  await writeFile(join(directory, "dev.yaml"), yaml);
  const given = { active: "b", keys: { b: { env: "B" }, c: { file: "c/key" } } };

  const config = await loadConfig({ directory, env: {}, vault: given });

  assert.is(config.vault?.active, "b");
  assert.equal(config.vault?.sources, { b: { env: "B" }, c: { file: "c/key" } });
  assert.is((await loadConfig({ directory, env: {} })).vault?.active, "a");
  assert.is((await loadConfig({ url: URL, env: {} })).vault, undefined);
});

test("loadConfig() refuses a ring that cannot be meant, by its place", async () => {
  const cases: [string, RegExp][] = [
    ["vault: { keys: { a: { env: A } } }", /dev\.yaml: vault\.active: The key is missing/],
    ["vault: { active: a }", /vault\.keys: The key is missing/],
    ["vault: { active: a, keys: {} }", /vault\.keys: The key is missing/],
    ["vault: { active: b, keys: { a: { env: A } } }", /dev\.yaml:2: vault\.active: .* not in/],
    ["vault: { active: a, keys: { a: {} } }", /vault\.keys\.a: .* either env or file/],
    ["vault: { active: a, keys: { a: { env: A, file: b } } }", /either env or file/],
    ["vault: { active: A, keys: { A: { env: A } } }", /vault\.keys: A key's name is invalid/],
    [
      "vault: { active: a, keys: { a: { env: 'sword fish' } } }",
      /vault\.keys\.a\.env: .* not the name/,
    ],
    ["vault: { active: a, keys: { a: { file: '' } } }", /vault\.keys\.a\.file: .* empty/],
    ["vault: { active: a, keys: { a: swordfish } }", /vault\.keys\.a: The value is text/],
    ["vault: { active: a, key: { a: { env: A } } }", /vault\.key: .* did you mean "keys"/],
    [
      "vault: { active: a, keys: { a: { path: A } } }",
      /vault\.keys\.a\.path: .* known keys are env, file/,
    ],
  ];
  for (const [yaml, expected] of cases) {
    const error = await refused(ringOf(await folder(), yaml));

    assert.match(error.message, expected);
    assert.not.match(error.message, /sword/);
  }
  const option = { url: URL, env: {}, vault: { active: "b", keys: {} } } as ConfigOptions;
  assert.match((await refused(loadConfig(option))).message, /^vault\.keys: The key is missing/);
});

test("keyRing() refuses a file that others can read, and takes one that they cannot", async () => {
  for (const mode of [0o644, 0o604, 0o660, 0o602, 0o666, 0o777]) {
    const error = await refused(read(await keyFile(KEY, mode)));
    assert.match(
      error.message,
      /key: vault\.keys\.k: Others can read the key's file: run chmod 600/,
    );
  }
  for (const mode of [0o600, 0o400, 0o700]) {
    assert.is((await read(await keyFile(KEY, mode))).length, 32);
  }
  // The owner of the file decides: root may let the group of the process read it.
  const file = await keyFile(KEY, 0o640);
  const ofRoot = (await stat(file)).uid === 0;
  assert.is(await read(file).then(() => true, () => false), ofRoot);
});

test("keyRing() refuses what is no key, and does not repeat it", async () => {
  const half = Buffer.alloc(16, "k").toString("base64");
  const long = Buffer.alloc(33, "k").toString("base64");
  for (
    const text of [
      "",
      "swordfish",
      half,
      long,
      `${KEY}${KEY}`,
      KEY.replace("a", "!"),
      "k".repeat(32),
    ]
  ) {
    const error = await refused(read(await keyFile(text, 0o600)));
    assert.match(error.message, /vault\.keys\.k: The key is not the base64 of exactly 32 bytes/);
    if (text !== "") assert.not.match(inspect(error), text);
  }
  const tooLong = await refused(read(await keyFile("k".repeat(2000), 0o600)));
  assert.match(tooLong.message, "more than a key");
  assert.match((await refused(read(await folder()))).message, "not a regular file");
  assert.match(
    (await refused(read(join(await folder(), "nowhere")))).message,
    "The key's file is missing",
  );
  const ring = await ringOf(await folder(), "vault: { active: a, keys: { a: { env: KEY_A } } }\n");
  const unset = await refused(ring.key("a"));
  assert.is(unset.message, "vault.keys.a: The environment variable KEY_A is not set");
});

test("keysGenerate() makes a key that the ring takes, for its owner alone, never over another", async () => {
  const file = join(await folder(), "new/folder/2026b");

  const key = await keysGenerate({ file });

  assert.is(await readFile(file, "utf8"), `${key}\n`);
  assert.is((await stat(file)).mode & 0o777, 0o600);
  assert.equal(Buffer.from(await read(file)).toString("base64"), key);
  const error = await refused(keysGenerate({ file }));
  assert.match(error.message, "never overwritten");
  assert.is(await readFile(file, "utf8"), `${key}\n`);
  assert.not.equal(await keysGenerate(), await keysGenerate());
});

test.run();
