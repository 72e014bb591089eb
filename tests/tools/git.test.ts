/** Histories through a real git: the fabric imports and exports unchanged, also after interruptions. */
// Runs once: it tests a tool of the project.
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import {
  configBytes,
  configGet,
  configHistoryList,
  configSave,
  DatabaseError,
  deviceInsertMany,
} from "netraven-db";
import { configExport } from "../../src/history/git/export.ts";
import { configImport } from "../../src/history/git/import.ts";
import { GitError, gitExport, gitImport } from "../../src/tools/git.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { sharedData } from "../support/database.ts";
import { addDevice, clear, count } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";
import { rejection, until } from "../support/until.ts";

/** A text of a file, and the second of its commit. */
interface Version {
  readonly hostname: string;
  readonly seconds: number;
  readonly bytes: Buffer;
}

const test = suite("git", { timeout: 120_000 });
const data = sharedData();
const scratch = await realpath(await mkdtemp(join(tmpdir(), "netraven-git-")));
const { db, database } = await testDatabase(test, { pool: { size: 2 } });

test.after(async () => {
  await rm(scratch, { recursive: true });
});

/** Without the settings of this machine, for git and for the project. */
await writeFile(join(scratch, "dev.yaml"), "logging: { level: warn }\n");
Object.assign(process.env, {
  NETRAVEN_CONFIG_DIR: scratch,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.net",
  GIT_COMMITTER_NAME: "C",
  GIT_COMMITTER_EMAIL: "c@example.net",
});

async function outputOf(
  child: ChildProcess,
  input: string | Uint8Array = "",
): Promise<{ code: number | null; output: string; bytes: Buffer }> {
  const out: Buffer[] = [];
  let said = "";
  child.stdout!.on("data", (part) => out.push(part));
  child.stderr!.on("data", (part) => said += part);
  child.stdin!.on("error", () => {});
  child.stdin!.end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const bytes = Buffer.concat(out);
  return { code, output: bytes.toString("utf8") + said, bytes };
}

async function git(
  repository: string,
  args: readonly string[],
  { input, date }: { input?: string | Uint8Array; date?: string } = {},
): Promise<Buffer> {
  const dates = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const child = spawn("git", ["-C", repository, ...args], { env: { ...process.env, ...dates } });
  const { code, output, bytes } = await outputOf(child, input);
  assert.is(code, 0, `git ${args.join(" ")}: ${output}`);
  return bytes;
}

function startTool(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [...NODE_ARGS, "src/tools/git.ts", ...args], {
    env: { ...process.env, DATABASE_URL: database.url, ...env },
  });
}

/** Runs the tool that `make` calls. */
function runTool(...args: string[]): Promise<{ code: number | null; output: string }> {
  return outputOf(startTool(args));
}

async function newRepository(name: string, ...args: string[]): Promise<string> {
  const repository = join(scratch, name);
  await git(scratch, ["init", "--quiet", ...args, name]);
  await git(repository, ["symbolic-ref", "HEAD", "refs/heads/main"]);
  return repository;
}

/** Returns every version of every device, by device and age. */
async function stored(): Promise<Version[]> {
  const { rows } = await db.query<{ id: number; hostname: string }>(`
    select version.id, devices.hostname
    from device_configurations as version
    join devices on devices.id = version.device_id
    order by devices.hostname, version.retrieved_at, version.id`);
  return await Promise.all(rows.map(async ({ id, hostname }) => {
    const row = await configGet.one({ id }, db);
    const seconds = row.retrievedAt.getTime() / 1000;
    return { hostname, seconds, bytes: Buffer.from(configBytes(row)) };
  }));
}

/** Returns every row of the history, with its id. */
async function everything(): Promise<unknown[]> {
  const { rows } = await db.query(
    "select v::text as row from device_configurations v order by id",
  );
  const states = await db.query("select s::text as row from device_states s order by device_id");
  return [...rows, ...states.rows];
}

/** `20201127T080502Z.cfg` */
function secondsOf(file: string): number {
  const time = file.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.cfg$/, "$1-$2-$3T$4:$5:$6Z");
  return Date.parse(time) / 1000;
}

/** By device and age. */
async function readFabric(folder: string): Promise<Version[]> {
  const versions: Version[] = [];
  for (const hostname of (await readdir(join(folder, "configs"))).sort()) {
    for (const file of (await readdir(join(folder, "configs", hostname))).sort()) {
      const bytes = await readFile(join(folder, "configs", hostname, file));
      versions.push({ hostname, seconds: secondsOf(file), bytes });
    }
  }
  return versions;
}

/** Creates a repository with a commit for each time, in the time zones of a fleet's machines. */
async function makeRepository(name: string, versions: readonly Version[]): Promise<string> {
  const repository = await newRepository(name, "--bare");
  const parts: (string | Uint8Array)[] = [];
  const times = [...new Set(versions.map(({ seconds }) => seconds))].sort((a, b) => a - b);
  for (const [i, seconds] of times.entries()) {
    const zone = ["+0000", "-0930", "+0545"][i % 3];
    parts.push(`commit refs/heads/main\ncommitter O <o@x> ${seconds} ${zone}\ndata 6\nupdate\n`);
    for (const { hostname, bytes } of versions.filter((version) => version.seconds === seconds)) {
      parts.push(`M 100644 inline dc1/${hostname}\ndata ${bytes.length}\n`, bytes, "\n");
    }
  }
  const input = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  await git(repository, ["fast-import", "--quiet"], { input });
  return repository;
}

function assertSame(found: readonly Version[], expected: readonly Version[]): void {
  const list = (versions: readonly Version[]) =>
    versions.map(({ hostname, seconds }) => `${hostname} ${seconds}`);
  assert.equal(list(found), list(expected));
  for (const [i, { hostname, seconds, bytes }] of found.entries()) {
    assert.ok(bytes.equals(expected[i]!.bytes), `${hostname} ${seconds}`);
  }
}

/** The tests build on one another: import, export, export again. */
function addFabric(folder: string): void {
  let versions: Version[];
  let repository: string;

  const addDevices = async () => {
    const hostnames = [...new Set(versions.map(({ hostname }) => hostname))];
    await deviceInsertMany.run({
      hostnames,
      ipAddresses: hostnames.map((_, i) => `10.0.0.${i + 1}`),
      deviceTypes: hostnames.map(() => "arista_eos"),
    }, db);
  };

  test.before(async () => {
    versions = await readFabric(folder);
    repository = await makeRepository("fabric", versions);
  });

  test("import brings all 764 versions of the fabric with their times, and nothing a second time", async () => {
    await addDevices();
    const started = performance.now();

    const first = await runTool("import", repository);

    const seconds = (performance.now() - started) / 1000;
    assert.match(first.output, /✅ Imported 764 versions of 16 devices from \d+ commits\n$/);
    assert.is(first.code, 0);
    assertSame(await stored(), versions);
    const before = await everything();
    const { versions: more, known } = await gitImport({ folder: repository, ref: "main" }, db);
    assert.equal([more, known], [0, 764]);
    assert.equal(await everything(), before);
    console.log(
      `764 versions imported in ${seconds.toFixed(1)} s, the start of a process included`,
    );
  });

  test("export writes the fabric's history into a new repository, and later goes on there", async () => {
    const copy = join(scratch, "new", "copy.git");
    const logOf = async () =>
      String(await git(copy, ["log", "--reverse", "--format=%ct %H %s", "main"])).trim();

    const first = await runTool("export", copy);

    assert.match(first.output, /✅ Exported 764 versions of 16 devices;.*\n$/);
    const log = await logOf();
    const commits = log.split("\n").map((line) => line.split(" "));
    assert.is(commits.length, 764);
    const files = await filesOf(copy, commits.map(([, oid]) => oid!));
    const exported = commits.map(([seconds, , hostname], i) => ({
      hostname: hostname!,
      seconds: Number(seconds),
      bytes: files[i]!,
    }));
    const order = (a: Version, b: Version) =>
      a.hostname < b.hostname ? -1 : a.hostname > b.hostname ? 1 : a.seconds - b.seconds;
    assertSame(exported.toSorted(order), versions);
    await git(copy, ["fsck", "--strict"]);

    assert.is((await gitExport({ folder: copy }, db)).versions, 0);
    assert.is(await logOf(), log);
    const { id: deviceId } = await addDevice(db, { hostname: "new", ipAddress: "10.1.0.1" });
    const retrievedAt = new Date(Date.now() - 3_600_000);
    await configSave({ deviceId, text: "old enough\n", retrievedAt }, db);
    await configSave({ deviceId, text: "too young\n" }, db);
    assert.is((await gitExport({ folder: copy }, db)).versions, 1);
    assert.is(String(await git(copy, ["show", "main:new"])), "old enough\n");
    assert.is(String(await git(copy, ["rev-parse", "main^"])).trim(), commits.at(-1)![1]);
  });

  test("an export that is cut off goes on at the last commit that git wrote down", async () => {
    const cut = await newRepository("cut", "--bare");
    const parts: Uint8Array[] = [];
    let commits = 0;
    for await (const part of configExport({ minimumAge: 300_000 }, db)) {
      parts.push(part);
      if (String(part.subarray(0, 7)) === "commit " && ++commits === 700) break;
    }
    const child = spawn("git", ["-C", cut, "fast-import", "--quiet", "--done"]);

    const { code } = await outputOf(child, Buffer.concat(parts));
    const half = Number(await git(cut, ["rev-list", "--count", "main"]));
    const { versions: rest } = await gitExport({ folder: cut }, db);

    assert.is.not(code, 0);
    assert.equal([half, rest], [500, 265]);
    // The commits are identical to those of an uninterrupted export.
    const head = async (repository: string) => String(await git(repository, ["rev-parse", "main"]));
    assert.is(await head(cut), await head(join(scratch, "new", "copy.git")));
  });

  test("an import that is killed half way goes on where it was, also with the texts in the stream", async () => {
    await clear(db);
    await addDevices();
    const child = startTool(["import", repository]);
    const ended = outputOf(child);
    await until("some are there", async () => await count(db, "device_configurations") >= 50);
    child.kill("SIGKILL");
    await ended;
    const half = await count(db, "device_configurations");

    const args = ["fast-export", "--show-original-ids", "--date-order", "--reencode=no"];
    const stream = spawn("git", ["-C", repository, ...args, "--use-done-feature", "HEAD"]).stdout;
    const imported = await configImport({ stream }, db);

    assert.is(imported.known + imported.versions, 764);
    assert.ok(half <= imported.known && imported.known < 764);
    assertSame(await stored(), versions);
  });
}

/** Returns the content of the file in each commit. */
async function filesOf(repository: string, commits: readonly string[]): Promise<Buffer[]> {
  const input = `${commits.join("\n")}\n`;
  const tree = ["diff-tree", "--stdin", "--root", "-r", "--no-commit-id", "--format="];
  const oids = String(await git(repository, tree, { input })).trim().split("\n")
    .map((line) => line.split(/\s/)[3]!);
  const batch = await git(repository, ["cat-file", "--batch"], { input: `${oids.join("\n")}\n` });
  const files: Buffer[] = [];
  for (let at = 0; at < batch.length;) {
    const start = batch.indexOf("\n", at) + 1;
    const size = Number(batch.subarray(at, start).toString().split(" ")[2]);
    files.push(batch.subarray(start, start + size));
    at = start + size + 1;
  }
  return files;
}

if (data === undefined) {
  const reason = "there is no ../shared/data";
  test.skip("The fabric's history is imported, killed, exported and compared", reason);
} else {
  addFabric(join(data, "fabric"));
}

test("import reads a repository as RANCID keeps it, with merges, renames, links and tags", async () => {
  await clear(db);
  const repository = await newRepository("rancid");
  const put = async (
    files: Record<string, string | Uint8Array>,
    date: string,
    ...more: string[]
  ) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(repository, path, ".."), { recursive: true });
      await writeFile(join(repository, path), text);
    }
    await git(repository, ["add", "--all"]);
    await git(repository, ["commit", "--quiet", "--message", "update", ...more], { date });
  };
  const odd = Uint8Array.from([0, 0xff, 0x0a, 0x0d]);
  await put(
    { "core/configs/sw1": "one\n", "core/configs/sw2": odd, "core/router.db": "sw1;cisco;up\n" },
    "1600000000 +0200",
  );
  await git(repository, ["checkout", "--quiet", "-b", "side"]);
  await put({ "core/configs/sw2": "", 'edge/configs/ü "x"': "quoted\n" }, "1600000200 -0800");
  await git(repository, ["checkout", "--quiet", "main"]);
  await put({ "core/configs/sw1": "two\n" }, "1600000100 +0000");
  await git(repository, ["merge", "--quiet", "--no-edit", "side"], { date: "1600000300 +0000" });
  await git(repository, ["tag", "--annotate", "--message", "a tag", "v1"]);
  await git(repository, ["mv", "core", "moved"]);
  await git(repository, ["update-index", "--add", "--cacheinfo", `160000,${"ab".repeat(20)},sw9`]);
  await put({}, "1600000400 +0000", "--message", "moved\n\nM 100644 inline sw1\ndata 1");
  await put({ "moved/configs/sw1": "one\n" }, "1600000500 +0000");
  const { unknown, devices } = await gitImport({ folder: repository }, db);
  assert.equal([unknown, devices], [12, 0]);
  for (const hostname of ["sw1", "sw2", 'ü "x"', "sw9"]) await addDevice(db, { hostname });
  const text = (text: string | Uint8Array) => Buffer.from(text as string);

  const { code, output } = await runTool("import", repository, "HEAD");

  assert.match(
    output,
    'No device has the name of these files: "core/router.db", "moved/router.db"\n✅',
  );
  assert.match(
    output,
    "✅ Imported 6 versions of 3 devices from 6 commits; 4 unchanged, 2 without a device",
  );
  assert.is(code, 0);
  assertSame(await stored(), [
    { hostname: "sw1", seconds: 1600000000, bytes: text("one\n") },
    { hostname: "sw1", seconds: 1600000100, bytes: text("two\n") },
    { hostname: "sw1", seconds: 1600000500, bytes: text("one\n") },
    { hostname: "sw2", seconds: 1600000000, bytes: text(odd) },
    { hostname: "sw2", seconds: 1600000200, bytes: text("") },
    { hostname: 'ü "x"', seconds: 1600000200, bytes: text("quoted\n") },
  ]);
  const [latest] = await configHistoryList.run({ deviceId: await idOf("sw1"), limit: 1 }, db);
  const commit = String(await git(repository, ["rev-parse", "HEAD"])).trim();
  assert.equal(latest?.metadata, { git: { commit, path: "moved/configs/sw1" } });
  assert.equal((await gitImport({ folder: repository, ref: "v1" }, db)).versions, 0);
});

async function idOf(hostname: string): Promise<number> {
  const { rows } = await db.query<{ id: number }>("select id from devices where hostname = $1", [
    hostname,
  ]);
  return rows[0]!.id;
}

test("the tool says what is wrong, and changes nothing", async () => {
  await clear(db);
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  await configSave({ deviceId, text: "x", retrievedAt: new Date(0) }, db);
  const empty = await newRepository("empty");
  const foreign = await newRepository("foreign");
  await writeFile(join(foreign, "sw1"), "theirs\n");
  await git(foreign, ["add", "sw1"]);
  await git(foreign, ["commit", "--quiet", "--message", "theirs"]);
  await git(foreign, ["branch", "other"]);
  const full = join(scratch, "full");
  await mkdir(join(full, "sub"), { recursive: true });
  const inside = join(foreign, "inside");
  await mkdir(inside);
  const file = join(foreign, "sw1");
  const nowhere = join(scratch, "nowhere");

  for (
    const [folder, ref, message] of [
      [nowhere, "HEAD", `${nowhere} has no git repository`],
      [full, "HEAD", `${full} has no git repository`],
      [inside, "HEAD", `${inside} has no git repository`],
      [file, "HEAD", `Cannot read the folder ${file}: ENOTDIR`],
      [empty, "HEAD", `${empty} has no commit "HEAD"`],
      [foreign, "lost", `${foreign} has no commit "lost"`],
      [foreign, "--all", `${foreign} has no commit "--all"`],
    ] as const
  ) {
    const error = await rejection(gitImport({ folder, ref }, db));
    assert.instance(error, GitError);
    assert.is(error.message, message);
  }
  for (
    const [folder, branch, message] of [
      [full, "main", `The folder ${full} is neither empty nor a git repository`],
      [file, "main", `Cannot read the folder ${file}: ENOTDIR`],
      [foreign, "main", `The branch main is checked out in ${foreign}`],
      [empty, "main", `The branch main is checked out in ${empty}`],
      [foreign, "other", `The last commit of refs/heads/other in ${foreign} is not an export`],
      [foreign, "a b", 'Parameter "branch" of ConfigExport must be a valid branch name'],
      [nowhere, "-x", 'Parameter "branch" of ConfigExport must be a valid branch name'],
    ] as const
  ) {
    const error = await rejection(gitExport({ folder, branch }, db));
    assert.instance(error, DatabaseError);
    assert.match(error.message, message);
  }
  const misuse = await runTool("import");
  const wrong = await runTool("import", nowhere);
  const noGit = await outputOf(startTool(["export", foreign], { PATH: full }));

  assert.equal([misuse.code, misuse.output.slice(0, 17)], [2, "Usage: git import"]);
  assert.equal([wrong.code, wrong.output], [1, `❌ ${nowhere} has no git repository\n`]);
  assert.equal([noGit.code, noGit.output], [1, "❌ Cannot find git: install it\n"]);
  const unclear = await rejection(gitExport({ folder: nowhere, path: () => ".git/config" }, db));
  assert.match(unclear.message, `returns an invalid path for device ${deviceId}`);
  assert.equal(await readdir(scratch).then((names) => names.includes("nowhere")), false);
  assert.is(String(await git(foreign, ["log", "--all", "--format=%s"])), "theirs\n");
  assert.is(await count(db, "device_configurations"), 1);
});

test("export says why git did not take it, and leaves no connection in use", async () => {
  await clear(db);
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  const text = "x".repeat(1_000_000);
  for (let i = 0; i < 5; i++) {
    const save = { deviceId, text: `${i}${text}`, retrievedAt: new Date(i * 1000) };
    await configSave(save, db);
  }
  const repository = await newRepository("locked", "--bare");
  await rm(join(repository, "objects", "pack"), { recursive: true });
  await writeFile(join(repository, "objects", "pack"), "");

  const error = await rejection(gitExport({ folder: repository }, db));

  assert.instance(error, GitError);
  assert.match(error.message, /^git fast-import failed: fatal: /);
  const under = join(repository, "HEAD", "below");
  assert.match(
    (await rejection(gitExport({ folder: under }, db))).message,
    `the folder ${under}: ENOTDIR`,
  );
  await until("no connection is in use", () => db.stats().busy === 0);
});

test("git that fails half way is a GitError that says why, and what was read stays", async () => {
  await clear(db);
  await addDevice(db, { hostname: "sw1" });
  const repository = await newRepository("broken");
  for (const [i, text] of ["a", "b"].entries()) {
    await writeFile(join(repository, "sw1"), text);
    await git(repository, ["add", "sw1"]);
    const date = `${1600000000 + i} +0000`;
    await git(repository, ["commit", "--quiet", "--message", text], { date });
  }
  const parent = String(await git(repository, ["rev-parse", "HEAD^^{tree}"])).trim();
  await rm(join(repository, ".git/objects", parent.slice(0, 2), parent.slice(2)));

  const error = await rejection(gitImport({ folder: repository }, db));

  assert.instance(error, GitError);
  assert.match(error.message, /^git fast-export failed: fatal: /);
  assert.is(await count(db, "device_configurations"), 0);
});

test.run();
