/** Servers that end with the process that asked for them, whatever ends that. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  GLANCE,
  isPassing,
  PATIENCE,
  removeStalePid,
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

/** With the sessions' consent, without it, or without a farewell and a checkpoint. */
export type ShutdownMode = "smart" | "fast" | "immediate";

/** A server that ends with this process at the latest. */
export interface Throwaway {
  /** Database `postgres`, as a role that may create databases and is no superuser. */
  readonly url: string;
  /** The same as the superuser. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly dataDir: string;
  /** What the server said. */
  readonly logFile: string;
  /** The first process of the server; another one after `start`. */
  readonly pid: number;
  /** Such as `18.4`. */
  readonly version: string;
  /** Kills the server with SIGKILL; its data stays. */
  crash(): Promise<void>;
  /**
   * Ends the server as PostgreSQL's `pg_ctl stop` does; its data stays. `smart` waits for the sessions.
   * @throws {ServerError} it has not ended within a minute.
   */
  shutdown(mode: ShutdownMode): Promise<void>;
  /** Starts it again on the same port after `crash` or `shutdown`, or when it ended by itself. */
  start(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

const SHUTDOWN_SIGNALS = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;
/** Fast, and worthless after a power cut; a killed server still loses nothing that it acknowledged. */
const THROWAWAY_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  shared_buffers: "64MB",
  // An odd one, so that a query that leans on the session's time zone is found out.
  timezone: "Asia/Kathmandu",
};

/**
 * Keeps a throwaway from outliving whoever asked for it: when the pipe from there breaks, even by
 * kill -9, the server is stopped and its folder ($0) removed. The word "keep" leaves the folder.
 */
const WATCHER = `
"$@" </dev/null & server=$!
read -r word
kill -CONT $server 2>/dev/null; kill -QUIT $server 2>/dev/null
wait $server
[ "$word" = keep ] || rm -rf "$0"
`;
/** The same for a folder whose server is down. */
const KEEPER = `read -r word; [ "$word" = keep ] || rm -rf "$0"`;

/**
 * Starts a server with data of its own, on a free port of 127.0.0.1. It ends with this process, whatever
 * ends that; `stop` ends it sooner.
 * @param options `bin`: the folder of another PostgreSQL's programs; `settings`: server settings, which
 * beat the fast ones for throwaways.
 * @throws {ServerError} no PostgreSQL for this platform, or it does not start.
 */
export async function startThrowaway(
  options: { bin?: string; settings?: Record<string, string> } = {},
): Promise<Throwaway> {
  const account = await serverAccount([]);
  const found = options.bin === undefined
    ? findBundledServer()
    : { bin: options.bin, version: versionOf(options.bin) };
  const { bin, version } = await reachableBinaries(found, account, (line) => console.error(line));
  const folder = await temporaryFolder(account);
  const dataDir = join(folder, "data");
  const logFile = join(folder, "log");
  const login = { user: "netraven_test", password: randomBytes(12).toString("hex") };
  const superuserPassword = randomBytes(12).toString("hex");

  let port = 0;
  let watcher: ChildProcess | undefined;
  let pid = 0;

  async function watch(script: string, args: string[]): Promise<ChildProcess> {
    const log = await open(logFile, "a");
    const child = spawn(
      "/bin/sh",
      ["-c", script, folder, ...args],
      { ...account, cwd: "/", detached: true, env: ENVIRONMENT, stdio: ["pipe", log.fd, log.fd] },
    );
    await log.close();
    child.unref();
    // Broken already when the shell could not be started; the missing server tells.
    child.stdin!.on("error", () => {});
    (child.stdin as unknown as { unref(): void }).unref();
    return child;
  }

  async function launch(): Promise<void> {
    const settings = { ...THROWAWAY_SETTINGS, ...options.settings };
    const start: StartOptions = {
      dataDir,
      bin,
      account,
      port,
      listen: ["127.0.0.1"],
      logFile,
      settings,
    };
    const before = existsSync(logFile) ? (await stat(logFile)).size : 0;
    const keeper = watcher;
    watcher = await watch(WATCHER, [join(bin, "postgres"), ...serverArguments(start)]);
    await letGo("keep", keeper);
    pid = await servingPid(start, before);
  }

  async function restart(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      await removeStalePid(dataDir);
      try {
        return await launch();
      } catch (error) {
        // Sessions of a killed server end when they notice, and hold its memory until then.
        const passing = error instanceof ServerError && isPassing(error.message);
        if (!passing || Date.now() > deadline) throw error;
        await sleep(GLANCE);
      }
    }
  }

  /** Lets go of a server that is down, or about to be, without letting go of its folder. */
  async function lay(): Promise<void> {
    const current = watcher;
    watcher = await watch(KEEPER, []);
    await letGo("keep", current);
  }

  async function release(word: "keep" | "remove"): Promise<void> {
    const current = watcher;
    watcher = undefined;
    await letGo(word, current);
  }

  async function letGo(word: "keep" | "remove", current: ChildProcess | undefined): Promise<void> {
    if (current === undefined || current.exitCode !== null) return;
    const ended = new Promise((resolve) => current.once("exit", resolve));
    current.ref();
    current.stdin!.end(`${word}\n`);
    const timer = setTimeout(async () => {
      const status = await serverStatus(dataDir);
      if (status.state !== "stopped") signalServer(status.pid, "SIGKILL", dataDir);
    }, PATIENCE / 4);
    await ended;
    clearTimeout(timer);
  }

  async function stop(): Promise<void> {
    await release("remove");
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await makeData({ dataDir, bin, account, login, superuserPassword, throwaway: true });
    for (let attempt = 1; pid === 0; attempt++) {
      port = await freePort();
      try {
        await launch();
      } catch (error) {
        await release("keep");
        // Between looking for a free port and taking it, somebody else took it.
        const taken = error instanceof ServerError && error.code === "PORT_TAKEN";
        if (!taken || attempt === 5) throw error;
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const at = `127.0.0.1:${port}/postgres`;
  return {
    url: `postgres://${login.user}:${login.password}@${at}`,
    superuserUrl: `postgres://postgres:${superuserPassword}@${at}`,
    port,
    dataDir,
    logFile,
    get pid() {
      return pid;
    },
    version,
    async crash() {
      signalServer(pid, "SIGKILL", dataDir);
      await lay();
    },
    async shutdown(mode) {
      signalServer(pid, SHUTDOWN_SIGNALS[mode], dataDir);
      const deadline = Date.now() + PATIENCE;
      while ((await serverStatus(dataDir)).state !== "stopped") {
        if (Date.now() > deadline) {
          throw new ServerError(`The server in ${dataDir} does not end by a ${mode} shutdown`);
        }
        await sleep(GLANCE);
      }
      await lay();
    },
    start: restart,
    stop,
  };
}

/** The server's process, once it serves. */
async function servingPid(options: StartOptions, logStart: number): Promise<number> {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    // In this order: a server that recovers from a crash says FATAL to clients that come too early.
    const said = (await readFile(options.logFile)).subarray(logStart).toString();
    const status = await serverStatus(options.dataDir);
    if (status.state === "running") return status.pid;
    const ended = status.state === "stopped" && /FATAL:|PANIC:|sh: /.test(said);
    if (ended) throw startFailure(said, options);
    await sleep(GLANCE);
  }
  throw new ServerError(`The server in ${options.dataDir} did not start within a minute`);
}

/** A new folder that the account owns and can reach, wherever TMPDIR points. */
export async function temporaryFolder(account: Account | undefined): Promise<string> {
  const parent = [tmpdir(), "/tmp", "/var/tmp"].find((folder) => canEnter(folder, account));
  if (parent === undefined) {
    throw new ServerError(`${accountName(account)} can enter no folder for temporary files`);
  }
  const folder = await mkdtemp(join(await realpath(parent), "netraven-server-"));
  await chmod(folder, 0o700);
  await giveTo(account, folder);
  return folder;
}

/**
 * A port of 127.0.0.1 that is free, and below those that systems give to connections that go out:
 * a server that starts again finds it free again.
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
