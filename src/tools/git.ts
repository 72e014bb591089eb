/**
 * Imports configurations from a git repository, such as Oxidized or RANCID write, and exports them to one.
 * Both can be interrupted: the next run continues.
 *
 *     node --import tsx src/tools/git.ts import <repository> [<ref>]
 *     node --import tsx src/tools/git.ts export <repository> [<branch>]
 *
 * The repository is a folder with a `.git` folder, or a bare repository. `<ref>` defaults to HEAD and
 * `<branch>` to `main`. The branch must not be checked out. An export creates a bare repository if the
 * folder does not exist.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { connect, type Database } from "../client.ts";
import { DatabaseError, ParameterError } from "../errors.ts";
import {
  configExport,
  type ConfigExportOptions,
  type ConfigExportParams,
  type ExportCursor,
  type ExportProgress,
} from "../history/git/export.ts";
import { configImport, type ConfigImportOptions } from "../history/git/import.ts";
import type { ConfigImportResult, ImportProgress } from "../history/git/import_result.ts";
import { ByteReader, LARGEST } from "../history/git/read_stream.ts";
import { everySecond, MISUSE, orFailure, runCommand } from "./command.ts";

/** A repository is unusable, or git failed. */
export class GitError extends DatabaseError {
  override readonly name = "GitError";
  constructor(message: string) {
    super("GIT", message);
  }
}

const USAGE = "Usage: git import <repository> [<ref>] | export <repository> [<branch>]; " +
  "with make: git-import repo=<repository> or git-export repo=<repository>, with branch=<name> for another branch";
/** No save takes longer, so no further version can precede a version of this age. */
const MIN_EXPORT_AGE_MS = 300_000;
/** Maximum kept characters of git's messages. */
const MAX_GIT_OUTPUT = 10_000;
/** Maximum unknown files that the import lists. */
const MAX_LISTED_PATHS = 10;
/** The variables that would make git use another repository. */
const REPOSITORY_VARIABLES =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE|PREFIX)$/;

/** A git process in a repository. */
class Git {
  readonly child: ChildProcess;
  readonly #command: string;
  readonly #ended: Promise<number | null>;
  #said = "";

  /** @param repository The repository's folder. Git does not search the folders above it. */
  constructor(repository: string, args: readonly string[]) {
    const own = Object.entries(process.env).filter(([name]) => !REPOSITORY_VARIABLES.test(name));
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
      this.#said = (this.#said + text).slice(-MAX_GIT_OUTPUT);
    });
    // If git ends early, the pipe breaks; its exit code has the reason.
    this.child.stdin!.on("error", () => {});
    this.#ended = once(this.child, "close").then(([code]) => code, (error) => {
      const missing = error.code === "ENOENT";
      throw new GitError(
        missing ? "Cannot find git: install it" : `Git does not start: ${error.code}`,
      );
    });
    this.#ended.catch(() => {});
  }

  /** The end of git's messages. */
  get said(): string {
    return this.#said;
  }

  /** Waits for the end of git. Returns the exit code; null after a signal. */
  async code(): Promise<number | null> {
    return await this.#ended;
  }

  /** @throws {GitError} git failed, with the last line of its messages. */
  async done(): Promise<void> {
    if (await this.code() !== 0) throw this.failure();
  }

  failure(): GitError {
    const line = this.#said.trim().split("\n").findLast((line) => line.startsWith("fatal:")) ??
      this.#said.trim().split("\n").at(-1);
    return new GitError(`git ${this.#command} failed: ${line || "a signal ended it"}`);
  }
}

/** Returns git's output without the last line feed; undefined if git fails. */
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

/** Returns the path of the folder's repository; undefined if the folder has none. */
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

/** Parameters of `gitImport`. */
export interface GitImportParams {
  /** The repository's folder. */
  readonly folder: string;
  /** A branch, a tag or a commit. Defaults to HEAD. */
  readonly ref?: string | undefined;
}

/**
 * Imports a commit and all its ancestors.
 *
 * @throws {GitError} git, the repository or the commit does not exist, or git fails.
 * @throws the errors of `configImport`.
 */
export async function gitImport(
  { folder, ref = "HEAD" }: GitImportParams,
  db: Database,
  { onProgress }: Omit<ConfigImportOptions, "signal"> = {},
): Promise<ConfigImportResult> {
  const repository = await repositoryIn(folder);
  if (repository === undefined) throw new GitError(`${folder} has no git repository`);
  const verify = ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`];
  if (ref.startsWith("-") || await ask(repository, ...verify) === undefined) {
    throw new GitError(`${folder} has no commit ${JSON.stringify(ref)}`);
  }
  // Blobs are read one by one: the first commit may contain thousands of devices.
  const git = new Git(repository, [
    ...["fast-export", "--no-data", "--show-original-ids", "--use-done-feature", "--date-order"],
    ...["--reencode=no", "--signed-tags=strip", ref, "--"],
  ]);
  git.child.stdin!.end();
  const blobs = new Blobs(repository);
  try {
    const blob = (oid: string) => blobs.read(oid);
    const imported = await configImport({ stream: git.child.stdout!, blob }, db, { onProgress });
    await git.done();
    return imported;
  } catch (error) {
    // A failure of git may have cut the stream off.
    if (error instanceof ParameterError && await git.code()) throw git.failure();
    throw error;
  } finally {
    git.child.kill();
    git.child.stdout!.destroy();
    await blobs.close();
  }
}

/** Parameters of `gitExport`. */
export interface GitExportParams {
  readonly branch?: ConfigExportParams["branch"];
  readonly path?: ConfigExportParams["path"];
  /** The repository's folder. The export creates it if it does not exist. */
  readonly folder: string;
}

/**
 * Exports the versions that the branch lacks, or all versions to a new branch, except versions
 * younger than five minutes. Creates a bare repository if the folder has none.
 *
 * @throws {GitError} git does not exist or fails; the folder contains other files; the branch is
 *   checked out, or is not an export.
 * @throws the errors of `configExport`.
 */
export async function gitExport(
  { folder, branch = "main", path }: GitExportParams,
  db: Database,
  { onProgress }: Omit<ConfigExportOptions, "signal"> = {},
): Promise<ExportProgress> {
  const ref = `refs/heads/${branch}`;
  const found = await repositoryIn(folder);
  if (found === undefined) await checkEmpty(folder);
  else await checkBranch(found, branch, folder);
  const after = found === undefined ? undefined : await lastExported(found, ref, folder);
  let done: ExportProgress = { devices: 0, versions: 0, last: undefined };
  const stream = configExport({ branch, path, after, minimumAge: MIN_EXPORT_AGE_MS }, db, {
    onProgress: (progress) => {
      done = progress;
      onProgress?.(progress);
    },
  });
  try {
    // The first chunk reveals an invalid path or branch before anything is written.
    const first = await stream.next();
    const repository = found ?? await makeRepository(folder, ref);
    await write(repository, first.done ? [] : [first.value], stream);
    return done;
  } finally {
    await stream.return?.();
  }
}

/** Writes a stream to git, after the chunks that were already read from it. */
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
  // If git does not read to the end, its exit code and messages have the reason.
  await pipeline(chunks, git.child.stdin!).catch(() => {});
  const code = await git.code();
  if (failure !== undefined) throw failure.error;
  if (code !== 0) throw git.failure();
}

/** Refuses a folder that is not empty. */
async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  throw new GitError(
    `The folder ${folder} is neither empty nor a git repository: name another folder`,
  );
}

/** Refuses a branch that is checked out: its working tree would become stale. */
async function checkBranch(repository: string, branch: string, folder: string): Promise<void> {
  const worktrees = await ask(repository, "worktree", "list", "--porcelain") ?? "";
  if (!worktrees.split("\n").includes(`branch refs/heads/${branch}`)) return;
  throw new GitError(
    `The branch ${branch} is checked out in ${folder}: name another branch, or a bare repository`,
  );
}

/** Returns the version of the branch's last commit; undefined if the branch has no commit. */
async function lastExported(
  repository: string,
  ref: string,
  folder: string,
): Promise<ExportCursor | undefined> {
  const commit = await ask(repository, "cat-file", "commit", ref);
  if (commit === undefined) return undefined;
  const [, id, time] = /^NetRaven-Version: (\d+) (\S+)$/.exec(commit.split("\n").at(-1)!) ?? [];
  if (id === undefined || time === undefined) {
    throw new GitError(
      `The last commit of ${ref} in ${folder} is not an export: name another branch`,
    );
  }
  return { id: Number(id), retrievedAt: new Date(time) };
}

async function makeRepository(folder: string, ref: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new GitError(`Cannot create the folder ${folder}: ${code}`);
  }
  const path = await realpath(folder);
  await (await run(path, ["init", "--quiet", "--bare"])).git.done();
  await (await run(path, ["symbolic-ref", "HEAD", ref])).git.done();
  return path;
}

/** Describes the outcomes of the files. */
function notes(imported: ConfigImportResult): string {
  const { known, unchanged, skipped, shifted, unknown, missing } = imported;
  const counts: [number, string][] = [
    [known, "already imported"],
    [unchanged, "unchanged"],
    [skipped, "older than a version of their device"],
    [shifted, "with the time of an earlier commit"],
    [missing, "without content"],
    [unknown, "without a device"],
  ];
  return counts.filter(([number]) => number > 0).map(([number, outcome]) => `${number} ${outcome}`)
    .join(", ");
}

async function importAll(db: Database, folder: string, ref: string | undefined): Promise<void> {
  const onProgress = everySecond(
    console.log,
    ({ commits, versions, known }: ImportProgress) =>
      `${commits} commits, ${versions} versions, ${known} already imported`,
  );
  const imported = await gitImport({ folder, ref }, db, { onProgress });
  const { commits, versions, devices, unknown, unknownPaths } = imported;
  if (unknown > 0) {
    const some = unknownPaths.slice(0, MAX_LISTED_PATHS).map((path) => JSON.stringify(path)).join(
      ", ",
    );
    console.log(
      `No device has the name of these files: ${some}${
        unknownPaths.length > MAX_LISTED_PATHS ? ", …" : ""
      }`,
    );
  }
  const rest = notes(imported);
  const summary = `Imported ${versions} versions of ${devices} devices from ${commits} commits`;
  console.log(`✅ ${summary}${rest === "" ? "" : `; ${rest}`}`);
}

async function exportAll(db: Database, folder: string, branch: string | undefined): Promise<void> {
  const onProgress = everySecond(
    console.log,
    ({ versions, last }: ExportProgress) =>
      `${versions} versions, up to ${last?.retrievedAt.toISOString()}`,
  );
  const { devices, versions } = await gitExport({ folder, branch }, db, { onProgress });
  const summary = `Exported ${versions} versions of ${devices} devices`;
  console.log(`✅ ${summary}; the next export includes versions younger than 5 minutes`);
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
async function main(args: readonly string[]): Promise<number> {
  const [command, folder, name] = args.filter((arg) => arg !== "");
  const act = { import: importAll, export: exportAll }[command as "import" | "export"];
  if (act === undefined || folder === undefined || args.length > 3) {
    console.error(USAGE);
    return MISUSE;
  }
  return await orFailure(async () => {
    await using db = await connect();
    await act(db, folder, name);
    return 0;
  });
}

runCommand(import.meta.url, main);
