/** The same history as a git repository: a file for each device, a commit for each version. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { History, HistoryVersion } from "./history_data.ts";

// Independent of the machine's settings and without background tasks.
const ENVIRONMENT = {
  PATH: process.env["PATH"],
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "bench",
  GIT_AUTHOR_EMAIL: "bench@example.com",
  GIT_COMMITTER_NAME: "bench",
  GIT_COMMITTER_EMAIL: "bench@example.com",
  LC_ALL: "C",
};

/** A packed repository. */
export class GitHistory {
  readonly #history: History;
  readonly #folder: string;
  #edits = 0;

  private constructor(history: History, folder: string) {
    this.#history = history;
    this.#folder = folder;
  }

  /** Imports all versions, packs them, and indexes the changed paths of the commits. */
  static async load(history: History): Promise<GitHistory> {
    const git = new GitHistory(history, await mkdtemp(join(tmpdir(), "netraven-bench-git-")));
    try {
      await git.#git(["init", "--quiet", "--initial-branch=main"]);
      await git.#git(["config", "gc.auto", "0"]);
      await git.#git(["fast-import", "--quiet"], git.#commits());
      await git.#git(["gc", "--quiet"]);
      await git.#git(["commit-graph", "write", "--reachable", "--changed-paths", "--no-progress"]);
      return git;
    } catch (error) {
      await git.remove();
      throw error;
    }
  }

  *#commits(): Iterable<string> {
    for (const { device, at, text } of this.#history.versions) {
      const data = text();
      yield "commit refs/heads/main\n" +
        `committer bench <bench@example.com> ${+at / 1000} +0000\n` +
        `data 0\nM 100644 inline ${this.#path(device)}\n` +
        `data ${Buffer.byteLength(data)}\n${data}\n`;
    }
  }

  #path(device: number): string {
    return `${this.#history.devices[device]!.hostname}.cfg`;
  }

  /** Size of all files of the repository in bytes, without a working tree. */
  async bytes(): Promise<number> {
    const root = join(this.#folder, ".git");
    const names = await readdir(root, { recursive: true });
    const files = await Promise.all(names.map((name) => stat(join(root, name))));
    return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  }

  /** Commits that change the number of occurrences of the text. */
  async changesOfCount(text: string): Promise<string[]> {
    return await this.#lines(["log", `-S${text}`, "--format=%H"]);
  }

  /** Commits that add or remove a line that matches the regular expression. */
  async changesOfLines(regex: string): Promise<string[]> {
    return await this.#lines(["log", `-G${regex}`, "--format=%H"]);
  }

  /** Lines of the latest versions that contain the text. */
  async latestLines(text: string): Promise<string[]> {
    return await this.#lines(["grep", "-n", "-F", "-e", text, "main"]);
  }

  /** Files whose latest version does not contain the text. */
  async latestWithout(text: string): Promise<string[]> {
    return await this.#lines(["grep", "-L", "-F", "-e", text, "main"]);
  }

  async blame(device: number): Promise<string[]> {
    return await this.#lines(["blame", "-s", "main", "--", this.#path(device)]);
  }

  async historyOf(device: number): Promise<string[]> {
    return await this.#lines(["log", "--format=%H %ct", "main", "--", this.#path(device)]);
  }

  /** All files at a time, without their texts. */
  async asOf(at: Date): Promise<string[]> {
    return await this.#lines(["ls-tree", "-r", await this.#commitAt(at)]);
  }

  async textAsOf(device: number, at: Date): Promise<string> {
    return await this.#git(["show", `${await this.#commitAt(at)}:${this.#path(device)}`]);
  }

  /** Day of each commit. */
  async days(): Promise<string[]> {
    return await this.#lines(["log", "--date=format:%Y-%m-%d", "--format=%cd"]);
  }

  /** Checks the latest versions out, for `save`. */
  async checkOut(): Promise<void> {
    await this.#git(["checkout", "--quiet", "--force", "main"]);
  }

  /** Writes a version into the working tree, and commits it if it differs. */
  async save({ device }: HistoryVersion, text: string): Promise<boolean> {
    const path = this.#path(device);
    await writeFile(join(this.#folder, path), text);
    await this.#git(["add", path]);
    if ((await this.#git(["diff", "--cached", "--name-only"])) === "") return false;
    await this.#git(["commit", "--quiet", "--no-verify", `--message=${++this.#edits}`]);
    return true;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #commitAt(at: Date): Promise<string> {
    const before = `--before=${Math.floor(+at / 1000)}`;
    return (await this.#git(["rev-list", "-1", before, "main"])).trim();
  }

  async #lines(args: readonly string[]): Promise<string[]> {
    const output = await this.#git(args);
    return output === "" ? [] : output.trimEnd().split("\n");
  }

  /** Runs git to its end. */
  async #git(args: readonly string[], input?: Iterable<string>): Promise<string> {
    const child = spawn("git", args, { cwd: this.#folder, env: ENVIRONMENT });
    const output: string[] = [];
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => complaint += text);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    // Git explains a refusal on its error output.
    child.stdin.on("error", () => {});
    for (const part of input ?? []) {
      if (!child.stdin.write(part)) await new Promise((go) => child.stdin.once("drain", go));
    }
    child.stdin.end();
    const code = await ended;
    // A search without results exits with 1.
    if (code !== 0 && !(code === 1 && args[0] === "grep")) {
      throw new Error(`git ${args[0]} ended with ${code}: ${complaint}`);
    }
    return output.join("");
  }
}
