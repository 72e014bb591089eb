/** Throwaway servers, which end with the process that started them, however it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  isTemporary,
  POLL_INTERVAL_MS,
  removeStalePid,
  SERVER_TIMEOUT_MS,
  serverArguments,
  serverStatus,
  signalServer,
  startFailure,
  type StartOptions,
} from "./server.ts";
import { type Account, accountName, canEnter, giveTo, serverAccount } from "./account.ts";
import { findBundledServer, reachableBinaries, versionOf } from "./binaries.ts";
import { makeData } from "./data.ts";
import { ServerError } from "./error.ts";
import { ENVIRONMENT } from "./process.ts";

/** `smart` waits for the sessions, `fast` ends them, `immediate` also skips the checkpoint. */
export type ShutdownMode = "smart" | "fast" | "immediate";

/** A server that ends no later than this process. */
export interface Throwaway {
  /** The URL of the database `postgres`, for a role that may create databases and is not a superuser. */
  readonly url: string;
  /** The same URL for the superuser. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly dataDir: string;
  /** The server's log. */
  readonly logFile: string;
  /** The id of the server's main process, which changes at `start`. */
  readonly pid: number;
  /** The version, such as `18.4`. */
  readonly version: string;
  /** Kills the server with SIGKILL, and keeps its data. */
  crash(): Promise<void>;
  /**
   * Shuts the server down like PostgreSQL's `pg_ctl stop`, and keeps its data.
   * @throws {ServerError} the server has not ended within a minute.
   */
  shutdown(mode: ShutdownMode): Promise<void>;
  /** Starts the server again on the same port, after any end. */
  start(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

const SHUTDOWN_SIGNALS = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;
/** Fast settings that do not survive a power failure. A killed server keeps every acknowledged commit. */
const THROWAWAY_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  shared_buffers: "64MB",
  // An odd time zone reveals queries that depend on the session's time zone.
  timezone: "Asia/Kathmandu",
};

/**
 * Ends a throwaway server with its owner: when the owner's pipe breaks, even by kill -9, it stops the
 * server and removes its folder ($0). The word "keep" keeps the folder.
 */
const WATCHER = `
"$@" </dev/null & server=$!
read -r word
kill -CONT $server 2>/dev/null; kill -QUIT $server 2>/dev/null
wait $server
[ "$word" = keep ] || rm -rf "$0"
`;
/** Does the same for a folder without a running server. */
const KEEPER = `read -r word; [ "$word" = keep ] || rm -rf "$0"`;

/** Options of `startThrowaway`. */
export interface ThrowawayOptions {
  /** The folder of PostgreSQL's programs. Defaults to the bundled PostgreSQL. */
  readonly bin?: string;
  /** Server settings. They override the fast settings of throwaways. */
  readonly settings?: Record<string, string>;
}

/**
 * Starts a server with new data on a free port of 127.0.0.1. The server ends with this process, however
 * it ends; `stop` ends it sooner.
 *
 * @throws {ServerError} this platform has no PostgreSQL, or the server does not start.
 */
export async function startThrowaway(options: ThrowawayOptions = {}): Promise<Throwaway> {
  const account = await serverAccount([]);
  const found = options.bin === undefined
    ? findBundledServer()
    : { bin: options.bin, version: versionOf(options.bin) };
  const binaries = await reachableBinaries(found, account, (line) => console.error(line));
  const folder = await temporaryFolder(account);
  const server = new ThrowawayServer(folder, account, binaries, options.settings);
  try {
    await server.create();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class ThrowawayServer implements Throwaway {
  readonly version: string;
  readonly dataDir: string;
  readonly logFile: string;
  port = 0;
  pid = 0;
  readonly #folder: string;
  readonly #bin: string;
  readonly #account: Account | undefined;
  readonly #settings: Record<string, string>;
  readonly #login = { user: "netraven_test", password: randomBytes(12).toString("hex") };
  readonly #superuserPassword = randomBytes(12).toString("hex");
  #watcher: ChildProcess | undefined;

  constructor(
    folder: string,
    account: Account | undefined,
    { bin, version }: { readonly bin: string; readonly version: string },
    settings: Record<string, string> = {},
  ) {
    this.#folder = folder;
    this.#account = account;
    this.#bin = bin;
    this.#settings = { ...THROWAWAY_SETTINGS, ...settings };
    this.version = version;
    this.dataDir = join(folder, "data");
    this.logFile = join(folder, "log");
  }

  get url(): string {
    return `postgres://${this.#login.user}:${this.#login.password}@127.0.0.1:${this.port}/postgres`;
  }

  get superuserUrl(): string {
    return `postgres://postgres:${this.#superuserPassword}@127.0.0.1:${this.port}/postgres`;
  }

  /** Creates the data and starts the server on a free port. */
  async create(): Promise<void> {
    await makeData({
      dataDir: this.dataDir,
      bin: this.#bin,
      account: this.#account,
      login: this.#login,
      superuserPassword: this.#superuserPassword,
      throwaway: true,
    });
    for (let attempt = 1; this.pid === 0; attempt++) {
      this.port = await freePort();
      try {
        await this.#launch();
      } catch (error) {
        await this.#release("keep");
        // Another program took the free port first.
        const taken = error instanceof ServerError && error.code === "PORT_TAKEN";
        if (!taken || attempt === 5) throw error;
      }
    }
  }

  async crash(): Promise<void> {
    signalServer(this.pid, "SIGKILL", this.dataDir);
    await this.#keepFolder();
  }

  async shutdown(mode: ShutdownMode): Promise<void> {
    signalServer(this.pid, SHUTDOWN_SIGNALS[mode], this.dataDir);
    const deadline = Date.now() + SERVER_TIMEOUT_MS;
    while ((await serverStatus(this.dataDir)).state !== "stopped") {
      if (Date.now() > deadline) {
        throw new ServerError(`The server in ${this.dataDir} did not end after a ${mode} shutdown`);
      }
      await sleep(POLL_INTERVAL_MS);
    }
    await this.#keepFolder();
  }

  async start(): Promise<void> {
    const deadline = Date.now() + SERVER_TIMEOUT_MS;
    for (;;) {
      await removeStalePid(this.dataDir);
      try {
        return await this.#launch();
      } catch (error) {
        // Until the sessions of a killed server notice its end, they hold its memory.
        const temporary = error instanceof ServerError && isTemporary(error.message);
        if (!temporary || Date.now() > deadline) throw error;
        await sleep(POLL_INTERVAL_MS);
      }
    }
  }

  async stop(): Promise<void> {
    await this.#release("remove");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #launch(): Promise<void> {
    const { logFile } = this;
    const start: StartOptions = {
      dataDir: this.dataDir,
      bin: this.#bin,
      account: this.#account,
      port: this.port,
      listen: ["127.0.0.1"],
      logFile,
      settings: this.#settings,
    };
    const before = existsSync(logFile) ? (await stat(logFile)).size : 0;
    const keeper = this.#watcher;
    this.#watcher = await this.#watch(WATCHER, [
      join(this.#bin, "postgres"),
      ...serverArguments(start),
    ]);
    await this.#endWatcher("keep", keeper);
    this.pid = await servingPid(start, before);
  }

  async #watch(script: string, args: string[]): Promise<ChildProcess> {
    const log = await open(this.logFile, "a");
    const child = spawn("/bin/sh", ["-c", script, this.#folder, ...args], {
      ...this.#account,
      cwd: "/",
      detached: true,
      env: ENVIRONMENT,
      stdio: ["pipe", log.fd, log.fd],
    });
    await log.close();
    child.unref();
    // The pipe is already broken if the shell did not start; the start of the server then fails.
    child.stdin!.on("error", () => {});
    (child.stdin as unknown as { unref(): void }).unref();
    return child;
  }

  /** Replaces the watcher of a server that has ended, or is ending, by the keeper of its folder. */
  async #keepFolder(): Promise<void> {
    const current = this.#watcher;
    this.#watcher = await this.#watch(KEEPER, []);
    await this.#endWatcher("keep", current);
  }

  async #release(word: "keep" | "remove"): Promise<void> {
    const current = this.#watcher;
    this.#watcher = undefined;
    await this.#endWatcher(word, current);
  }

  async #endWatcher(word: "keep" | "remove", current: ChildProcess | undefined): Promise<void> {
    if (current === undefined || current.exitCode !== null) return;
    const ended = new Promise((resolve) => current.once("exit", resolve));
    current.ref();
    current.stdin!.end(`${word}\n`);
    const timer = setTimeout(async () => {
      const status = await serverStatus(this.dataDir);
      if (status.state !== "stopped") signalServer(status.pid, "SIGKILL", this.dataDir);
    }, SERVER_TIMEOUT_MS / 4);
    await ended;
    clearTimeout(timer);
  }
}

/** Waits until the server accepts connections. Returns its process id. */
async function servingPid(options: StartOptions, logStart: number): Promise<number> {
  const deadline = Date.now() + SERVER_TIMEOUT_MS;
  while (Date.now() < deadline) {
    // Read the log first: during recovery, a server logs FATAL for early clients.
    const said = (await readFile(options.logFile)).subarray(logStart).toString();
    const status = await serverStatus(options.dataDir);
    if (status.state === "running") return status.pid;
    const ended = status.state === "stopped" && /FATAL:|PANIC:|sh: /.test(said);
    if (ended) throw startFailure(said, options);
    await sleep(POLL_INTERVAL_MS);
  }
  throw new ServerError(`The server in ${options.dataDir} did not start within a minute`);
}

/** Creates a temporary folder that the account owns and can enter, wherever TMPDIR points. */
export async function temporaryFolder(account: Account | undefined): Promise<string> {
  const parent = [tmpdir(), "/tmp", "/var/tmp"].find((folder) => canEnter(folder, account));
  if (parent === undefined) {
    throw new ServerError(`${accountName(account)} cannot enter any folder for temporary files`);
  }
  const folder = await mkdtemp(join(await realpath(parent), "netraven-server-"));
  await chmod(folder, 0o700);
  await giveTo(account, folder);
  return folder;
}

/**
 * Returns a free port of 127.0.0.1 below the ephemeral ports: no outgoing connection takes it before
 * the server restarts.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1;; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: "127.0.0.1", port }, resolve);
      });
    } catch (error) {
      if (attempt === 50) throw error;
      continue;
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
