/**
 * Histories from a git repository and to one, such as Oxidized and RANCID keep. Either may be ended
 * and run again: it goes on where it was.
 *
 *     node --import tsx src/tools/git.ts import <repository> [<ref>]
 *     node --import tsx src/tools/git.ts export <repository> [<branch>]
 *
 * The repository is its own folder or a bare one. An import reads what leads to HEAD unless told. An
 * export writes the branch `main` unless told, which must not be checked out; where there is no
 * repository it makes a bare one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { connect, type Database } from "../client.ts";
import { DatabaseError, ParameterError } from "../errors.ts";
import {
  configExport,
  type ConfigExportOptions,
  type ExportCursor,
  type ExportProgress,
} from "../history/git/export.ts";
import { configImport, type Imported, type ImportProgress } from "../history/git/import.ts";
import { ByteReader, LARGEST } from "../history/git/read_stream.ts";

/** What is wrong with a repository, or with git. */
export class GitError extends DatabaseError {
  override readonly name = "GitError";
  constructor(message: string) {
    super("GIT", message);
  }
}

const USAGE = "Say what to do: import <repository> [<ref>], or export <repository> [<branch>]; " +
  "with make: git-import repo=<repository>, git-export repo=<repository>, branch=<name> for another branch";
/** Milliseconds: no save takes longer, so that no version comes to stand before one this old. */
const SETTLED = 300_000;
/** Bytes of what git says that are kept. */
const SAID = 10_000;
/** Milliseconds between two lines of progress. */
const PROGRESS = 1000;
/** Unknown files that are named. */
const SHOWN = 10;
/** What would lead git to another repository than the one that is named. */
const ELSEWHERE = /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE|PREFIX)$/;

/** A git that runs in a repository. */
class Git {
  readonly child: ChildProcess;
  readonly #command: string;
  readonly #ended: Promise<number | null>;
  #said = "";

  /** @param repository The folder; git looks in none above it. */
  constructor(repository: string, args: readonly string[]) {
    const own = Object.entries(process.env).filter(([name]) => !ELSEWHERE.test(name));
    this.#command = args[0]!;
    this.child = spawn("git", args, {
      cwd: repository,
      env: {
        ...Object.fromEntries(own),
        GIT_CEILING_DIRECTORIES: dirname(repository),
        LC_ALL: "C",
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stderr!.setEncoding("utf8").on("data", (text) => {
      this.#said = (this.#said + text).slice(-SAID);
    });
    // Who ends early does not read on; why it did, its exit code tells.
    this.child.stdin!.on("error", () => {});
    this.#ended = once(this.child, "close").then(([code]) => code, (error) => {
      const missing = error.code === "ENOENT";
      throw new GitError(
        missing ? "There is no git: install it" : `Git does not start: ${error.code}`,
      );
    });
    this.#ended.catch(() => {});
  }

  /** What it said, or the end of it. */
  get said(): string {
    return this.#said;
  }

  /** Its exit code, once it ended; null after a signal. */
  async code(): Promise<number | null> {
    return await this.#ended;
  }

  /** @throws {GitError} it failed; with the last line of what it said. */
  async done(): Promise<void> {
    if (await this.code() !== 0) throw this.failure();
  }

  failure(): GitError {
    const line = this.#said.trim().split("\n").findLast((line) => line.startsWith("fatal:")) ??
      this.#said.trim().split("\n").at(-1);
    return new GitError(`git ${this.#command} failed: ${line || "it was ended"}`);
  }
}

/** What git prints, without the last line feed; undefined where it fails. */
async function ask(repository: string, ...args: string[]): Promise<string | undefined> {
  const { git, text } = await run(repository, args);
  return await git.code() === 0 ? text : undefined;
}

async function run(
  repository: string,
  args: readonly string[],
): Promise<{ git: Git; text: string }> {
  const git = new Git(repository, args);
  git.child.stdin!.end();
  let text = "";
  git.child.stdout!.setEncoding("utf8").on("data", (part) => text += part);
  await git.code();
  return { git, text: text.replace(/\n$/, "") };
}

/** The repository in the folder; undefined where there is none. */
async function repositoryIn(folder: string): Promise<string | undefined> {
  let path: string;
  try {
    path = await realpath(folder);
    await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new GitError(`Cannot read the folder ${folder}: ${code}`);
  }
  const { git } = await run(path, ["rev-parse", "--git-dir"]);
  if (await git.code() === 0) return path;
  if (git.said.includes("not a git repository")) return undefined;
  throw git.failure();
}

/** Reads blobs one after another, by their object ids. */
class Blobs {
  readonly #git: Git;
  readonly #reader: ByteReader;

  constructor(repository: string) {
    this.#git = new Git(repository, ["cat-file", "--batch"]);
    this.#reader = new ByteReader(this.#git.child.stdout!, () => this.#git.failure());
  }

  async read(oid: string): Promise<Uint8Array | undefined> {
    this.#git.child.stdin!.write(`${oid}\n`);
    const line = await this.#reader.line();
    if (line === undefined) {
      await this.#git.code();
      throw this.#git.failure();
    }
    const [, type, size] = line.split(" ");
    if (type === "missing") return undefined;
    const fits = Number(size) <= LARGEST;
    const bytes = fits ? await this.#reader.bytes(Number(size)) : undefined;
    if (!fits) await this.#reader.skip(Number(size));
    await this.#reader.skipLineFeed();
    return bytes;
  }

  async close(): Promise<void> {
    this.#git.child.stdin!.end();
    this.#git.child.stdout!.destroy();
    await this.#git.code();
  }
}

/**
 * Imports what leads to a commit.
 *
 * @param ref A branch, a tag or a commit; HEAD unless told.
 * @throws {GitError} there is no git, no repository or no such commit, or git fails.
 * @throws what `configImport` throws.
 */
export async function gitImport(
  db: Database,
  folder: string,
  { ref = "HEAD", onProgress }: {
    ref?: string | undefined;
    onProgress?: ((progress: ImportProgress) => void) | undefined;
  } = {},
): Promise<Imported> {
  const repository = await repositoryIn(folder);
  if (repository === undefined) throw new GitError(`There is no git repository in ${folder}`);
  const verify = ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`];
  if (ref.startsWith("-") || await ask(repository, ...verify) === undefined) {
    throw new GitError(`There is no commit ${JSON.stringify(ref)} in ${folder}`);
  }
  // Texts are asked for one by one: a first commit may have those of thousands of devices.
  const git = new Git(repository, [
    ...["fast-export", "--no-data", "--show-original-ids", "--use-done-feature", "--date-order"],
    ...["--reencode=no", "--signed-tags=strip", ref, "--"],
  ]);
  git.child.stdin!.end();
  const blobs = new Blobs(repository);
  try {
    const blob = (oid: string) => blobs.read(oid);
    const imported = await configImport(db, git.child.stdout!, { blob, onProgress });
    await git.done();
    return imported;
  } catch (error) {
    // The stream may have been cut off because git failed.
    if (error instanceof ParameterError && await git.code()) throw git.failure();
    throw error;
  } finally {
    git.child.kill();
    git.child.stdout!.destroy();
    await blobs.close();
  }
}

/**
 * Exports to a branch what it has not yet, or all to a new one, but for what is younger than
 * five minutes. Makes a bare repository where there is none.
 *
 * @param options `branch`: `main` unless told; `path` as for `configExport`.
 * @throws {GitError} there is no git; the folder holds something else; the branch is checked out, or is
 *   of somebody else; or git fails.
 * @throws what `configExport` throws.
 */
export async function gitExport(
  db: Database,
  folder: string,
  { branch = "main", path, onProgress }: Pick<
    ConfigExportOptions,
    "branch" | "path" | "onProgress"
  > = {},
): Promise<ExportProgress> {
  const ref = `refs/heads/${branch}`;
  const found = await repositoryIn(folder);
  if (found === undefined) await checkEmpty(folder);
  else await checkBranch(found, branch, folder);
  const after = found === undefined ? undefined : await lastExported(found, ref, folder);
  let done: ExportProgress = { devices: 0, versions: 0, last: undefined };
  const stream = configExport(db, {
    ...{ branch, path, after, minimumAge: SETTLED },
    onProgress: (progress) => {
      done = progress;
      onProgress?.(progress);
    },
  });
  try {
    // What is wrong with a path or the branch comes to light before anything is written.
    const first = await stream.next();
    const repository = found ?? await makeRepository(folder, ref);
    await write(repository, first.done ? [] : [first.value], stream);
    return done;
  } finally {
    await stream.return?.();
  }
}

/** Gives a stream to git, after the chunks that were taken off it. */
async function write(
  repository: string,
  taken: readonly Uint8Array[],
  stream: AsyncIterable<Uint8Array>,
): Promise<void> {
  const git = new Git(repository, ["fast-import", "--quiet", "--done"]);
  git.child.stdout!.resume();
  let failure: { readonly error: unknown } | undefined;
  async function* chunks() {
    yield* taken;
    try {
      yield* stream;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  // Where git does not read to the end, it says why.
  await pipeline(chunks, git.child.stdin!).catch(() => {});
  const code = await git.code();
  if (failure !== undefined) throw failure.error;
  if (code !== 0) throw git.failure();
}

/** Refuses a folder that holds something. */
async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  throw new GitError(
    `The folder ${folder} is neither empty nor a git repository: name another one`,
  );
}

/** Refuses a branch that is checked out: its files would not follow. */
async function checkBranch(repository: string, branch: string, folder: string): Promise<void> {
  const worktrees = await ask(repository, "worktree", "list", "--porcelain") ?? "";
  if (!worktrees.split("\n").includes(`branch refs/heads/${branch}`)) return;
  throw new GitError(
    `The branch ${branch} is checked out in ${folder}: name another one, or a bare repository`,
  );
}

/** The version that the last commit of the branch is; undefined where there is no commit. */
async function lastExported(
  repository: string,
  ref: string,
  folder: string,
): Promise<ExportCursor | undefined> {
  const commit = await ask(repository, "cat-file", "commit", ref);
  if (commit === undefined) return undefined;
  const [, id, time] = /^NetRaven-Version: (\d+) (\S+)$/.exec(commit.split("\n").at(-1)!) ?? [];
  if (id === undefined || time === undefined) {
    throw new GitError(`The last commit of ${ref} in ${folder} is no export: name another branch`);
  }
  return { id: Number(id), retrievedAt: new Date(time) };
}

async function makeRepository(folder: string, ref: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new GitError(`Cannot make the folder ${folder}: ${code}`);
  }
  const path = await realpath(folder);
  await (await run(path, ["init", "--quiet", "--bare"])).git.done();
  await (await run(path, ["symbolic-ref", "HEAD", ref])).git.done();
  return path;
}

/** Prints what it is told about once a second; the end has a line of its own. */
function printer<T>(line: (progress: T) => string): (progress: T) => void {
  let next = performance.now() + PROGRESS;
  return (progress) => {
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS;
    console.log(line(progress));
  };
}

/** What became of the files, in words. */
function notes(imported: Imported): string {
  const { known, unchanged, skipped, shifted, unknown, missing } = imported;
  const counts: [number, string][] = [
    [known, "there already"],
    [unchanged, "unchanged"],
    [skipped, "older than what their device had"],
    [shifted, "at the time of a later commit before them"],
    [missing, "without a text"],
    [unknown, "of no device"],
  ];
  return counts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
    .join(", ");
}

async function importAll(db: Database, folder: string, ref: string | undefined): Promise<void> {
  const onProgress = printer(({ commits, versions, known }: ImportProgress) =>
    `${commits} commits, ${versions} versions, ${known} there already`
  );
  const imported = await gitImport(db, folder, { ref, onProgress });
  const { commits, versions, devices, unknown, unknownPaths } = imported;
  if (unknown > 0) {
    const some = unknownPaths.slice(0, SHOWN).map((path) => JSON.stringify(path)).join(", ");
    console.log(`No device has the name of: ${some}${unknownPaths.length > SHOWN ? ", …" : ""}`);
  }
  const rest = notes(imported);
  const what = `Imported ${versions} versions of ${devices} devices from ${commits} commits`;
  console.log(`✅ ${what}${rest === "" ? "" : `; ${rest}`}`);
}

async function exportAll(db: Database, folder: string, branch: string | undefined): Promise<void> {
  const onProgress = printer(({ versions, last }: ExportProgress) =>
    `${versions} versions, up to ${last?.retrievedAt.toISOString()}`
  );
  const { devices, versions } = await gitExport(db, folder, { branch, onProgress });
  const what = `Exported ${versions} versions of ${devices} devices`;
  console.log(`✅ ${what}; what is younger than 5 minutes comes with the next export`);
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
async function main(args: readonly string[]): Promise<number> {
  const [command, folder, name] = args.filter((arg) => arg !== "");
  const act = { import: importAll, export: exportAll }[command as "import" | "export"];
  if (act === undefined || folder === undefined || args.length > 3) {
    console.error(USAGE);
    return 2;
  }
  try {
    await using db = await connect();
    await act(db, folder, name);
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const noTable = error.sqlState === "42P01";
    console.error(noTable ? "❌ The schema is missing; run: make migrate" : `❌ ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2));
}
