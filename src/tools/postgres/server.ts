/**
 * Starts and stops PostgreSQL servers on this machine, by their data folders. There is no lock file of
 * our own: the server's own `postmaster.pid` lets one of two starters win; the other one waits for it.
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

/** How long a server may take to start or to stop, in milliseconds. */
export const PATIENCE = 60_000;
/** How long what is left of a killed server may hold its port, in milliseconds. */
const LINGER = 10_000;
/** How often a change is looked for, in milliseconds. */
export const GLANCE = 20;
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

/** The command line of the server. */
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
export function isPassing(log: string): boolean {
  return log.includes('"postmaster.pid" already exists') ||
    log.includes("pre-existing shared memory block");
}

/** Why the server did not start, by what it said. */
export function startFailure(log: string, options: StartOptions): ServerError {
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
export async function removeStalePid(dataDir: string): Promise<void> {
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

/** Sends a signal; one that came too late is no matter. */
export function signalServer(pid: number, signal: NodeJS.Signals, dataDir: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") throw notOurs(dataDir);
  }
}

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
