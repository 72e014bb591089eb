/**
 * Controls servers for tests that may start no program, which are all tests on Deno. It runs in the process
 * of `tests/run.ts`, receives commands over HTTP on 127.0.0.1, and uses a random path that no other program
 * can guess. Its servers are throwaways, which end with this process in any case.
 *
 * `server.ts` is its client and describes each command.
 */
import { execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as secure } from "node:tls";
import { promisify } from "node:util";
import postgres from "postgres";
import { ROLES } from "../../src/tools/migrations/roles.ts";
import { serverStatus } from "../../src/tools/postgres/server.ts";
import {
  startThrowaway,
  temporaryFolder,
  type Throwaway,
} from "../../src/tools/postgres/throwaway.ts";
import { type Account, giveTo, serverAccount } from "../../src/tools/postgres/account.ts";
import type { Certificate, Command, Disk, Started } from "./server_command.ts";

/** Maximum time until a server uses a new certificate, in milliseconds. */
const PATIENCE = 60_000;

/** The service. */
export interface ServerService {
  /** URL for the tests. */
  readonly url: string;
  /** Removes every server that a file has left, and its disks. */
  removeAll(): Promise<void>;
  /** Removes all servers and ends the service. */
  close(): Promise<void>;
}

/** A server and its resources. */
interface Owned {
  readonly throwaway: Throwaway;
  readonly disks: Partial<Record<Disk, SmallDisk>>;
  readonly socketFolder: string | undefined;
  /** Frozen backends: one that is not resumed outlives its server. */
  readonly frozen: Set<number>;
}

/** A folder with a limited size. */
interface SmallDisk {
  readonly folder: string;
  grow(megabytes: number): void;
  remove(): Promise<void>;
}

/**
 * Starts the service at a free port.
 *
 * @param options `bin`: programs of the PostgreSQL under test; `prepare`: creates the template database of
 * this name on the server of this URL.
 */
export async function startServerService(
  options: {
    bin?: string | undefined;
    prepare: (serverUrl: string, template: string) => Promise<void>;
  },
): Promise<ServerService> {
  const token = randomBytes(16).toString("hex");
  const servers = new Map<string, Owned>();
  /** Pending starts, whose servers are not in the list yet. */
  const starting = new Set<Promise<unknown>>();
  let next = 0;

  async function start(command: Extract<Command, { do: "start" }>): Promise<Started> {
    const { settings, template, roles = false, disks = {}, hba, ident, socket = false } = command;
    let urls: Record<string, string> = {};
    const account = await serverAccount([]);
    const socketFolder = socket ? await openFolder(account) : undefined;
    const throwaway = await startThrowaway({
      ...(options.bin === undefined ? {} : { bin: options.bin }),
      settings: {
        ...settings,
        ...(socketFolder === undefined ? {} : { unix_socket_directories: socketFolder }),
      },
    }).catch(async (error) => {
      await removeFolder(socketFolder);
      throw error;
    });
    const id = String(++next);
    const owned: Owned = { throwaway, disks: {}, socketFolder, frozen: new Set() };
    servers.set(id, owned);
    try {
      if (template !== undefined) {
        if (roles) urls = await prepareRoles(throwaway.superuserUrl, template, options.prepare);
        else await options.prepare(throwaway.url, template);
      }
      if (disks.data !== undefined) owned.disks.data = await makeDisk(disks.data, account);
      if (disks.wal !== undefined) owned.disks.wal = await makeDisk(disks.wal, account);
      if (disks.wal !== undefined || hba !== undefined || ident !== undefined) {
        await throwaway.shutdown("fast");
        if (owned.disks.wal !== undefined) {
          await moveWal(throwaway.dataDir, owned.disks.wal.folder);
        }
        await putBefore(join(throwaway.dataDir, "pg_hba.conf"), hba ?? []);
        await putBefore(join(throwaway.dataDir, "pg_ident.conf"), ident ?? []);
        await throwaway.start();
      }
    } catch (error) {
      await remove(id);
      throw error;
    }
    const { url, superuserUrl, port, pid, version } = throwaway;
    const dataDisk = owned.disks.data?.folder;
    return { id, url, superuserUrl, urls, port, pid, version, dataDisk, socketFolder };
  }

  async function remove(id: string): Promise<void> {
    const owned = servers.get(id);
    if (owned === undefined) return;
    thawAll(owned);
    await owned.throwaway.stop();
    // A backend that was frozen when its server was killed has ended by now, or does at once.
    for (const disk of Object.values(owned.disks)) await disk.remove();
    await removeFolder(owned.socketFolder);
    servers.delete(id);
  }

  async function removeAll(): Promise<void> {
    await Promise.allSettled(starting);
    await Promise.all([...servers.keys()].map(remove));
  }

  async function obey(command: Command): Promise<unknown> {
    if (command.do === "start") return await start(command);
    if (command.do === "whyNoDisks") return await whyNoDisks();
    if (command.do === "whyNoCertificates") return await whyNoCertificates();
    const owned = servers.get(command.id);
    if (owned === undefined) throw new Error(`There is no server ${command.id}`);
    const { throwaway } = owned;
    switch (command.do) {
      case "crash":
        await throwaway.crash();
        return thawAll(owned);
      case "shutdown":
        thawAll(owned);
        return await throwaway.shutdown(command.mode);
      case "restart":
        thawAll(owned);
        await startUnlessRunning(throwaway);
        return throwaway.pid;
      case "freeze":
        await signal(owned, command.pid, "SIGSTOP");
        owned.frozen.add(command.pid);
        return;
      case "thaw":
        await signal(owned, command.pid, "SIGCONT");
        owned.frozen.delete(command.pid);
        return;
      case "kill":
        return await signal(owned, command.pid, "SIGKILL");
      case "grow": {
        const disk = owned.disks[command.disk];
        if (disk === undefined) throw new Error(`The server has no small disk for ${command.disk}`);
        return disk.grow(command.megabytes);
      }
      case "certify":
        return await certify(throwaway, command.certificate);
      case "log":
        return await readFile(throwaway.logFile, "utf8");
      case "remove":
        return await remove(command.id);
    }
  }

  const http = createServer(async (request, response) => {
    // The client's idle connection would keep both ends waiting.
    response.setHeader("connection", "close");
    if (request.method !== "POST" || request.url !== `/${token}`) {
      response.writeHead(404).end();
      return;
    }
    try {
      const work = bodyOf(request).then((body) => obey(JSON.parse(body) as Command));
      const tracked = work.finally(() => starting.delete(tracked));
      starting.add(tracked);
      response.end(JSON.stringify({ result: await tracked }));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      response.writeHead(500).end(JSON.stringify({ error: text }));
    }
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  // The runner ends when its files have.
  http.unref();
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/${token}`,
    removeAll,
    async close() {
      http.close();
      await removeAll();
    },
  };
}

/** Lets `netraven_migrator` create the template and the other roles, and sets their passwords. */
async function prepareRoles(
  superuserUrl: string,
  template: string,
  prepare: (serverUrl: string, template: string) => Promise<void>,
): Promise<Record<string, string>> {
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} });
  const urls: Record<string, string> = {};
  try {
    for (const role of ROLES) {
      const password = randomBytes(12).toString("hex");
      if (role === "netraven_migrator") {
        await sql.unsafe(`create role ${role} login createdb createrole`);
      }
      await sql.unsafe(`alter role ${role} password '${password}'`);
      const url = new URL(superuserUrl);
      [url.username, url.password] = [role, password];
      // The first one creates the others.
      if (role === "netraven_migrator") await prepare(url.href, template);
      url.pathname = `/${template}`;
      urls[role] = url.href;
    }
    return urls;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Creates a folder that the server may write and everybody may enter. */
async function openFolder(account: Account | undefined): Promise<string> {
  const folder = await temporaryFolder(account);
  await chmod(folder, 0o755);
  return folder;
}

async function removeFolder(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

/** Inserts lines at the beginning of a file and keeps its owner. */
async function putBefore(path: string, lines: readonly string[]): Promise<void> {
  const text = await readFile(path, "utf8");
  await writeFile(path, [...lines, text].join("\n"));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  request.setEncoding("utf8");
  for await (const chunk of request) body += chunk;
  return body;
}

/** Handles a server that may be up again by itself, or is starting. */
async function startUnlessRunning(throwaway: Throwaway): Promise<void> {
  for (;;) {
    const { state } = await serverStatus(throwaway.dataDir);
    if (state === "running") return;
    if (state === "stopped") return await throwaway.start();
    await sleep(20);
  }
}

// --- Processes

async function signal({ throwaway }: Owned, pid: number, name: NodeJS.Signals): Promise<void> {
  if (pid !== throwaway.pid && await parentOf(pid) !== throwaway.pid) {
    throw new Error(`Process ${pid} is not of the server ${throwaway.pid}`);
  }
  process.kill(pid, name);
}

function thawAll({ frozen }: Owned): void {
  for (const pid of frozen) {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // It has ended.
    }
  }
  frozen.clear();
}

async function parentOf(pid: number): Promise<number | undefined> {
  if (existsSync("/proc/self/stat")) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The program's name is in parentheses and may contain anything; state and parent follow it.
    return Number(text.slice(text.lastIndexOf(")") + 1).trim().split(" ")[1]);
  }
  const run = spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" });
  return Number(run.stdout);
}

// --- Certificates

const execute = promisify(execFile);

const SIGNED: Readonly<Record<Certificate, string>> = {
  "rsa-sha256": "-newkey rsa:2048 -sha256",
  "rsa-sha512": "-newkey rsa:2048 -sha512",
  "rsa-pss": "-newkey rsa:2048 -sha384 -sigopt rsa_padding_mode:pss",
  "ecdsa-sha384": "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha384",
  "ed25519": "-newkey ed25519",
};

/** Reason why certificates are unavailable; undefined if they are available. */
async function whyNoCertificates(): Promise<string | undefined> {
  return await execute("openssl", ["version"]).then(
    () => undefined,
    () => "openssl is not installed",
  );
}

/** Installs a new certificate, and waits until new connections get it. */
async function certify(
  { dataDir, port, superuserUrl }: Throwaway,
  certificate: Certificate,
): Promise<void> {
  // Default location of the server.
  const [key, pem] = [join(dataDir, "server.key"), join(dataDir, "server.crt")];
  await execute("openssl", [
    ..."req -x509 -nodes -days 2 -subj /CN=localhost".split(" "),
    ..."-addext subjectAltName=DNS:localhost".split(" "),
    ...SIGNED[certificate].split(" "),
    ...["-keyout", key, "-out", pem],
  ]);
  const account = await serverAccount([]);
  for (const path of [key, pem]) await giveTo(account, path);
  await chmod(key, 0o600);
  const { raw } = new X509Certificate(await readFile(pem));
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe("alter system set ssl = on");
    await sql.unsafe("select pg_reload_conf()");
  } finally {
    await sql.end({ timeout: 5 });
  }
  for (const deadline = Date.now() + PATIENCE; !(await shown(port))?.equals(raw);) {
    if (Date.now() > deadline) {
      throw new Error(`The server does not show its certificate (${certificate})`);
    }
    await sleep(20);
  }
}

/** Returns the server's certificate; undefined if it shows none. */
async function shown(port: number): Promise<Buffer | undefined> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    return await new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed")));
      socket.once("data", (answer) => {
        if (answer.toString() !== "S") return resolve(undefined);
        const secured = secure({ socket, rejectUnauthorized: false }, () => {
          resolve(secured.getPeerX509Certificate()?.raw);
        });
        secured.on("error", reject);
      });
      socket.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
    });
  } finally {
    socket.destroy();
  }
}

// --- Small disks

/**
 * Unmounts when the pipe to this process breaks, because nothing else survives kill -9. $1 is the size in
 * megabytes, $2 and $3 are the owner's ids.
 */
const MOUNTER = `
mount -t tmpfs -o "size=$1m,uid=$2,gid=$3,mode=700" netraven-test "$0" && echo mounted
read -r _
umount -l "$0"; rmdir "$0"
`;

/** Reason why small disks are unavailable; undefined if they are available. */
async function whyNoDisks(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root may mount a small disk";
  try {
    await (await makeDisk(1, undefined)).remove();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function makeDisk(megabytes: number, account: Account | undefined): Promise<SmallDisk> {
  if (process.getuid?.() !== 0) throw new Error("Only root may mount a small disk");
  const folder = await mkdtemp(join(await realpath(tmpdir()), "netraven-disk-"));
  await chmod(folder, 0o755);
  const ids = [account?.uid ?? 0, account?.gid ?? 0].map(String);
  const mounter = spawn("/bin/sh", ["-c", MOUNTER, folder, String(megabytes), ...ids], {
    cwd: "/",
    // In a separate session, because it must survive Ctrl-C.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  mounter.unref();
  mounter.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => mounter.once("close", () => resolve()));
  let said = "";
  mounter.stderr.setEncoding("utf8").on("data", (text) => said += text);
  const mounted = await new Promise<boolean>((resolve) => {
    mounter.once("error", (error) => resolve((said += error.message, false)));
    mounter.stdout.once("data", () => resolve(true));
    mounter.stderr.once("data", () => resolve(false));
    mounter.once("close", () => resolve(false));
  });
  for (const pipe of [mounter.stdin, mounter.stdout, mounter.stderr]) {
    (pipe as unknown as { unref(): void }).unref();
  }
  const remove = async () => {
    mounter.ref();
    mounter.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  if (!mounted) {
    await remove();
    throw new Error(`mounting is refused here: ${said.trim().split("\n")[0]}`);
  }
  return {
    folder,
    grow(size) {
      const run = spawnSync("mount", ["-o", `remount,size=${size}m`, folder], { encoding: "utf8" });
      if (run.status !== 0) throw new Error(`Cannot remount ${folder}: ${run.stderr.trim()}`);
    },
    remove,
  };
}

/** Moves the WAL of a stopped server to another disk, like `initdb --waldir`. */
async function moveWal(dataDir: string, disk: string): Promise<void> {
  const account = await serverAccount([]);
  const from = join(dataDir, "pg_wal");
  const to = join(disk, "pg_wal");
  await cp(from, to, { recursive: true });
  if (account !== undefined) spawnSync("chown", ["-R", `${account.uid}:${account.gid}`, to]);
  await chmod(to, 0o700);
  await rename(from, `${from}.before`);
  await symlink(to, from);
  await rm(`${from}.before`, { recursive: true });
  await giveTo(account, to);
}
