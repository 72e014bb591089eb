/**
 * Makes, starts and stops PostgreSQL servers on this machine: one that outlives the command, and
 * throwaways that end with the process that asked for them.
 *
 * There is no lock file of our own. A data folder is made beside its place and renamed into it, and
 * the server's own `postmaster.pid` lets one of two starters win; the other one waits for it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, accountName, canEnter, giveTo, serverAccount } from "./server_account.ts";
import { findBundledServer, reachableBinaries, versionOf } from "./server_binaries.ts";
import { ServerError } from "./server_error.ts";

export { ServerError } from "./server_error.ts";
export { findBundledServer } from "./server_binaries.ts";

/** A role that can log in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What a data folder is made of. */
export interface DataOptions {
  readonly dataDir: string;
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** Runs the server; undefined: this process's own account. */
  readonly account: Account | undefined;
  /** May log in and create databases; no superuser, unless it is called `postgres`. */
  readonly login: Login;
  /** The superuser's password; undefined: the superuser cannot log in at all. */
  readonly superuserPassword?: string;
  /** For data that need not survive a power cut: does not wait for the disk. */
  readonly throwaway?: boolean;
}

/** How a server runs. */
export interface StartOptions {
  readonly dataDir: string;
  readonly bin: string;
  readonly account: Account | undefined;
  readonly port: number;
  /** Addresses of this machine. */
  readonly listen: readonly string[];
  /** The server's messages are added to it. */
  readonly logFile: string;
  /** Server settings, such as `{ timezone: "UTC" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What runs in a data folder; `starting` includes recovery after a crash. */
export type ServerStatus =
  | { readonly state: "stopped" }
  | { readonly state: "starting" | "running"; readonly pid: number; readonly port: number };

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

/** How long a server may take to start or to stop, in milliseconds. */
const PATIENCE = 60_000;
const SHUTDOWN_SIGNALS = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;
/** How long what is left of a killed server may hold its port, in milliseconds. */
const LINGER = 10_000;
/** How often a change is looked for, in milliseconds. */
const GLANCE = 20;
/** Nothing of the caller's environment reaches a server: its locale, time zone and PG* would change it. */
const ENVIRONMENT = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };

// --- The data folder

/**
 * Makes a data folder where there is none. A killed attempt leaves nothing that counts as one.
 * @returns whether it was made.
 * @throws {ServerError} initdb failed, or the folder holds something else.
 */
export async function makeData(options: DataOptions): Promise<boolean> {
  const { dataDir, bin, account, login } = options;
  await removeLeftovers(dataDir);
  if (await isData(dataDir)) return false;

  const fresh = `${dataDir}.init-${process.pid}`;
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await giveTo(account, fresh);
    const builtin = Number.parseInt(versionOf(bin)) >= 17;
    await runAs(account, join(bin, "initdb"), [
      `--pgdata=${fresh}`,
      "--username=postgres",
      "--encoding=UTF8",
      // The same order of text on every system; what C.UTF-8 means differs outside of PostgreSQL.
      ...(builtin
        ? ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        : ["--locale=C.UTF-8"]),
      "--auth-local=reject",
      "--auth-host=scram-sha-256",
      "--no-instructions",
      ...(options.throwaway ? ["--no-sync"] : []),
    ]);
    await runAs(account, join(bin, "postgres"), [
      "--single",
      "-D",
      fresh,
      "-c",
      "exit_on_error=on",
      "-c",
      "password_encryption=scram-sha-256",
      "postgres",
    ], rolesOf(login, options.superuserPassword));
    await rename(fresh, dataDir);
    return true;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const taken = ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!taken) throw error;
    // Another starter was quicker: its folder is as good as ours.
    if (await isData(dataDir)) return false;
    throw new ServerError(
      `${dataDir} is not empty and is no data folder of PostgreSQL: remove it`,
    );
  }
}

async function isData(dataDir: string): Promise<boolean> {
  try {
    await stat(join(dataDir, "PG_VERSION"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw notOurs(dataDir);
    return false;
  }
}

/** Removes what a killed initdb left beside the data folder. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const start = `${basename(dataDir)}.init-`;
  const names = await readdir(dirname(dataDir)).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(start))) {
    if (isAlive(Number(name.slice(start.length)))) continue;
    // Its initdb may have outlived it, and may still write.
    await rm(join(dirname(dataDir), name), { recursive: true, force: true, maxRetries: 10 });
  }
}

/** One statement a line, as the single-user server reads it. */
function rolesOf(login: Login, superuserPassword: string | undefined): string {
  const lines: string[] = [];
  if (superuserPassword !== undefined) {
    lines.push(`alter role postgres password ${literal(superuserPassword)}`);
  }
  const name = `"${login.user.replaceAll('"', '""')}"`;
  lines.push(
    login.user === "postgres"
      ? `alter role postgres password ${literal(login.password)}`
      : `create role ${name} login createdb password ${literal(login.password)}`,
  );
  return lines.join("\n") + "\n";
}

function literal(text: string): string {
  const escaped = text.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `E'${escaped}'`;
}

// --- Start, stop, status

/**
 * Starts the server of a data folder; one that runs already is left as it is.
 * @returns its process and port, and whether this call started it.
 * @throws {ServerError} with code `PORT_TAKEN` when something else has the port.
 */
export async function startServer(
  options: StartOptions,
): Promise<{ pid: number; port: number; started: boolean }> {
  const { dataDir, logFile } = options;
  const started = Date.now();
  const deadline = started + PATIENCE;
  while (Date.now() < deadline) {
    const status = await serverStatus(dataDir);
    if (status.state === "running") return { ...status, started: false };
    if (status.state === "starting") {
      await sleep(GLANCE);
      continue;
    }

    await removeStalePid(dataDir);
    const taken = await takenAddress(options.listen, options.port);
    if (taken !== undefined) {
      // It may be the server of another starter, which came up meanwhile; or what is
      // left of a killed one, whose sessions hold its port until they notice.
      if ((await serverStatus(dataDir)).state !== "stopped") continue;
      const crashed = await readPidFile(dataDir) !== "";
      if (!crashed || Date.now() > started + LINGER) throw portTaken(taken, options.port);
      await sleep(GLANCE);
      continue;
    }

    const log = await open(logFile, "a", 0o644);
    const before = (await log.stat()).size;
    const child = spawn(join(options.bin, "postgres"), serverArguments(options), {
      ...options.account,
      cwd: "/",
      detached: true,
      env: ENVIRONMENT,
      stdio: ["ignore", log.fd, log.fd],
    });
    await log.close();
    if (await comesUp(child, dataDir)) {
      child.unref();
      return { pid: child.pid!, port: options.port, started: true };
    }
    const said = (await readFile(logFile, "utf8")).slice(before);
    if (!isPassing(said)) throw startFailure(said, options);
    await sleep(5 * GLANCE);
  }
  throw new ServerError(`The server in ${dataDir} did not start within a minute: see ${logFile}`);
}

/**
 * Stops the server of a data folder, and its sessions with it.
 * @returns whether one was running.
 */
export async function stopServer(dataDir: string): Promise<boolean> {
  const status = await serverStatus(dataDir);
  if (status.state === "stopped") return false;
  // Fast first; without a farewell when a session does not let go.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    signalServer(status.pid, signal, dataDir);
    const deadline = Date.now() + PATIENCE / 3;
    while (Date.now() < deadline) {
      if (!await isServerOf(dataDir, status.pid)) return true;
      await sleep(GLANCE);
    }
  }
  throw new ServerError(`The server in ${dataDir} (process ${status.pid}) does not stop`);
}

/** What runs in a data folder, by its `postmaster.pid`, which a crash leaves behind. */
export async function serverStatus(dataDir: string): Promise<ServerStatus> {
  const lines = (await readPidFile(dataDir)).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return { state: "stopped" };
  if (!await isServerOf(dataDir, pid)) return { state: "stopped" };
  const state = lines[7]?.trim() === "ready" ? "running" : "starting";
  return { state, pid, port: Number(lines[3]) };
}

function serverArguments({ dataDir, port, listen, settings }: StartOptions): string[] {
  const all = {
    port: String(port),
    listen_addresses: listen.join(","),
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    ...settings,
  };
  return [
    "-D",
    dataDir,
    ...Object.entries(all).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
  ];
}

/** Waits until the child serves; false when it ended instead. */
async function comesUp(child: ChildProcess, dataDir: string): Promise<boolean> {
  let ended = false;
  child.once("exit", () => ended = true);
  child.once("error", () => ended = true);
  const deadline = Date.now() + PATIENCE;
  while (!ended && Date.now() < deadline) {
    const status = await serverStatus(dataDir);
    if (status.state === "running" && status.pid === child.pid) return true;
    await sleep(GLANCE);
  }
  return false;
}

/** Whether the start failed for a reason that goes away: another starter, or a crash not yet over. */
function isPassing(log: string): boolean {
  return log.includes('"postmaster.pid" already exists') ||
    log.includes("pre-existing shared memory block");
}

function startFailure(log: string, options: StartOptions): ServerError {
  if (log.includes("Address already in use")) {
    return portTaken(options.listen[0] ?? "localhost", options.port);
  }
  const said = log.split("\n").filter((line) => /FATAL|PANIC|DETAIL|HINT/.test(line)).join("\n");
  return new ServerError(`PostgreSQL does not start: see ${options.logFile}\n${said}`);
}

function portTaken(address: string, port: number): ServerError {
  return new ServerError(
    `Port ${port} on ${address} is taken by another program: stop it, or change the port in ` +
      "database.url of config/environments/dev.yaml, or set DATABASE_URL to the server that you want",
    "PORT_TAKEN",
  );
}

function notOurs(dataDir: string): ServerError {
  return new ServerError(
    `The data folder ${dataDir} belongs to another account: work as that account or as root, or remove the folder`,
  );
}

async function readPidFile(dataDir: string): Promise<string> {
  try {
    return await readFile(join(dataDir, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw notOurs(dataDir);
    return "";
  }
}

/**
 * PostgreSQL takes the number in a stale `postmaster.pid` for a server when any process of its account
 * has got that number since, which happens at once in containers. Such a file is removed here.
 */
async function removeStalePid(dataDir: string): Promise<void> {
  const text = await readPidFile(dataDir);
  const pid = Number(text.split("\n")[0]);
  if (text === "" || !isAlive(pid)) return;
  if (await isServerOf(dataDir, pid)) return;

  const file = join(dataDir, "postmaster.pid");
  const aside = `${file}.stale-${process.pid}`;
  await rename(file, aside).catch(() => {});
  const moved = await readFile(aside, "utf8").catch(() => text);
  // Another starter's new file was caught: back with it.
  if (moved !== text) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** Whether the process is the server of this data folder, and not a later owner of its number. */
async function isServerOf(dataDir: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (existsSync("/proc/self/cwd")) {
    // A server works in its data folder. Only its own account and root may see that, and only they
    // get here.
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return cwd !== undefined && cwd === await realpath(dataDir).catch(() => dataDir);
  }
  const command = await run("ps", ["-o", "command=", "-p", String(pid)]);
  return command.includes("postgres");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function signalServer(pid: number, signal: NodeJS.Signals, dataDir: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") throw notOurs(dataDir);
  }
}

// --- Addresses

/** The first of the addresses where something answers on the port. */
async function takenAddress(
  addresses: readonly string[],
  port: number,
): Promise<string | undefined> {
  for (const host of addresses) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port, timeout: 1_000 });
      const end = (result: boolean) => {
        socket.destroy();
        resolve(result);
      };
      socket.once("connect", () => end(true));
      socket.once("error", () => end(false));
      socket.once("timeout", () => end(true));
    });
    if (answers) return host;
  }
  return undefined;
}

/** Whether this machine has the address. */
export async function hasAddress(host: string): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// --- Throwaways

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

// --- Processes

/** Runs a program of the server to its end; what it says is part of the error. */
async function runAs(
  account: Account | undefined,
  program: string,
  args: readonly string[],
  input = "",
): Promise<void> {
  const child = spawn(program, args, { ...account, cwd: "/", env: ENVIRONMENT });
  let said = "";
  child.stdout.on("data", (chunk) => said += chunk);
  child.stderr.on("data", (chunk) => said += chunk);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const how = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? "" : signal ?? `exit code ${code}`));
  });
  if (how === "") return;
  // A statement of the input may hold a password.
  const lines = said.split("\n").filter((line) => !/STATEMENT|password/.test(line)).slice(-8);
  throw new ServerError(`${basename(program)} failed (${how})\n${lines.join("\n").trim()}`);
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (chunk) => said += chunk);
  await new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  return said;
}
