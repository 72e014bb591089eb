/**
 * Starts and stops PostgreSQL servers on this machine, by their data folders. The server's own
 * `postmaster.pid` is the lock: one of two concurrent starts wins, and the other waits for it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readFile, readlink, realpath, rename, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { notOurs } from "./data.ts";
import { ServerError } from "./error.ts";
import { ENVIRONMENT, isAlive, run } from "./process.ts";

/** Options of `startServer`. */
export interface StartOptions {
  readonly dataDir: string;
  readonly bin: string;
  readonly account: Account | undefined;
  readonly port: number;
  /** Addresses of this machine. */
  readonly listen: readonly string[];
  /** The server appends its messages to this file. */
  readonly logFile: string;
  /** Server settings, such as `{ timezone: "UTC" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The state of a data folder's server. `starting` includes recovery after a crash. */
export type ServerStatus =
  | { readonly state: "stopped" }
  | { readonly state: "starting" | "running"; readonly pid: number; readonly port: number };

/** Maximum time for a server to start or to stop. */
export const SERVER_TIMEOUT_MS = 60_000;
/** Maximum time for which the sessions of a killed server hold its port. */
const PORT_RELEASE_TIMEOUT_MS = 10_000;
/** Pause between two polls of a server's state. */
export const POLL_INTERVAL_MS = 20;
/**
 * Starts the server of a data folder, unless it already runs.
 * @returns The server's process and port, and whether this call started it.
 * @throws {ServerError} with code `PORT_TAKEN` if another program uses the port.
 */
export async function startServer(
  options: StartOptions,
): Promise<{ pid: number; port: number; started: boolean }> {
  const { dataDir, logFile } = options;
  const started = Date.now();
  const deadline = started + SERVER_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const status = await serverStatus(dataDir);
    if (status.state === "running") return { ...status, started: false };
    if (status.state === "starting") {
      await sleep(POLL_INTERVAL_MS);
      continue;
    }

    await removeStalePid(dataDir);
    const taken = await takenAddress(options.listen, options.port);
    if (taken !== undefined) {
      // A concurrent start may have succeeded meanwhile; or the port belongs to the
      // sessions of a killed server, until they notice its end.
      if ((await serverStatus(dataDir)).state !== "stopped") continue;
      const crashed = await readPidFile(dataDir) !== "";
      if (!crashed || Date.now() > started + PORT_RELEASE_TIMEOUT_MS) {
        throw portTaken(taken, options.port);
      }
      await sleep(POLL_INTERVAL_MS);
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
    if (await isReady(child, dataDir)) {
      child.unref();
      return { pid: child.pid!, port: options.port, started: true };
    }
    const said = (await readFile(logFile, "utf8")).slice(before);
    if (!isTemporary(said)) throw startFailure(said, options);
    await sleep(5 * POLL_INTERVAL_MS);
  }
  throw new ServerError(`The server in ${dataDir} did not start within a minute: see ${logFile}`);
}

/**
 * Stops the server of a data folder, and its sessions.
 * @returns Whether the server was running.
 */
export async function stopServer(dataDir: string): Promise<boolean> {
  const status = await serverStatus(dataDir);
  if (status.state === "stopped") return false;
  // First a fast shutdown; an immediate one if a session does not end.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    signalServer(status.pid, signal, dataDir);
    const deadline = Date.now() + SERVER_TIMEOUT_MS / 3;
    while (Date.now() < deadline) {
      if (!await isServerOf(dataDir, status.pid)) return true;
      await sleep(POLL_INTERVAL_MS);
    }
  }
  throw new ServerError(`The server in ${dataDir} (process ${status.pid}) does not stop`);
}

/** Returns the state of a data folder's server, by its `postmaster.pid`, which also survives a crash. */
export async function serverStatus(dataDir: string): Promise<ServerStatus> {
  const lines = (await readPidFile(dataDir)).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return { state: "stopped" };
  if (!await isServerOf(dataDir, pid)) return { state: "stopped" };
  const state = lines[7]?.trim() === "ready" ? "running" : "starting";
  return { state, pid, port: Number(lines[3]) };
}

/** Returns the arguments of the server. */
export function serverArguments({ dataDir, port, listen, settings }: StartOptions): string[] {
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

/** Waits until the child accepts connections. Returns false if the child ended. */
async function isReady(child: ChildProcess, dataDir: string): Promise<boolean> {
  let ended = false;
  child.once("exit", () => ended = true);
  child.once("error", () => ended = true);
  const deadline = Date.now() + SERVER_TIMEOUT_MS;
  while (!ended && Date.now() < deadline) {
    const status = await serverStatus(dataDir);
    if (status.state === "running" && status.pid === child.pid) return true;
    await sleep(POLL_INTERVAL_MS);
  }
  return false;
}

/** Whether the start failed for a temporary reason: a concurrent start, or the end of a crashed server. */
export function isTemporary(log: string): boolean {
  return log.includes('"postmaster.pid" already exists') ||
    log.includes("pre-existing shared memory block");
}

/** Returns the error of a failed start, from the server's log. */
export function startFailure(log: string, options: StartOptions): ServerError {
  if (log.includes("Address already in use")) {
    return portTaken(options.listen[0] ?? "localhost", options.port);
  }
  const said = log.split("\n").filter((line) => /FATAL|PANIC|DETAIL|HINT/.test(line)).join("\n");
  return new ServerError(`PostgreSQL does not start: see ${options.logFile}\n${said}`);
}

function portTaken(address: string, port: number): ServerError {
  return new ServerError(
    `Another program uses port ${port} on ${address}: stop it, or change the port in ` +
      "database.url of config/environments/dev.yaml, or set DATABASE_URL to your own server",
    "PORT_TAKEN",
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
 * Removes a stale `postmaster.pid` whose process id another process of the account has reused, which is
 * common in containers. PostgreSQL would take that process for a server.
 */
export async function removeStalePid(dataDir: string): Promise<void> {
  const text = await readPidFile(dataDir);
  const pid = Number(text.split("\n")[0]);
  if (text === "" || !isAlive(pid)) return;
  if (await isServerOf(dataDir, pid)) return;

  const file = join(dataDir, "postmaster.pid");
  const aside = `${file}.stale-${process.pid}`;
  await rename(file, aside).catch(() => {});
  const moved = await readFile(aside, "utf8").catch(() => text);
  // The file came from a concurrent start: restore it.
  if (moved !== text) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** Whether the process is the server of this data folder, not another process with a reused id. */
async function isServerOf(dataDir: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (existsSync("/proc/self/cwd")) {
    // A server's working directory is its data folder. Only its own account and root can read the
    // link, and other accounts cannot get here.
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return cwd !== undefined && cwd === await realpath(dataDir).catch(() => dataDir);
  }
  const command = await run("ps", ["-o", "command=", "-p", String(pid)]);
  return command.includes("postgres");
}

/** Sends a signal. Ignores a process that has already ended. */
export function signalServer(pid: number, signal: NodeJS.Signals, dataDir: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") throw notOurs(dataDir);
  }
}

/** Returns the first address on which a program uses the port. */
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
