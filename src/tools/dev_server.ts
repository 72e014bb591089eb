/**
 * The development server: the bundled PostgreSQL on this machine's loopback, with the roles, passwords
 * and port of the configured URLs. It outlives the command. `make start`, `stop`, `reset` and `psql`
 * call:
 *
 *     node --import tsx src/tools/dev_server.ts start [--quiet] | stop | status | reset | psql
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { chmod, mkdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Config, loadConfig } from "../config/load.ts";
import { ConnectionError } from "../errors.ts";
import { formatTarget, type Target } from "../config/url.ts";
import { type Log, MISUSE, orFailure, runCommand } from "./command.ts";
import { ToolConnection } from "./connection.ts";
import { makeMissingKeys } from "./keys.ts";
import { hasAddress, serverStatus, startServer, stopServer } from "./postgres/server.ts";
import { type Account, accountName, canEnter, serverAccount } from "./postgres/account.ts";
import {
  findBundledServer,
  makeSystemFolder,
  reachableBinaries,
  SYSTEM_FOLDER,
} from "./postgres/binaries.ts";
import { type Login, makeData } from "./postgres/data.ts";
import { ServerError } from "./postgres/error.ts";

/** The folders of a project's development server, and the account that runs it. */
interface ServerLocation {
  /** The parent of the data folder and the log. */
  readonly folder: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly account: Account | undefined;
}

const PROJECT = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
/** A start truncates a log of this size. */
const MAX_LOG_BYTES = 10_000_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Starts the development server, unless it already runs or the configuration names another server.
 * @param log Receives progress lines.
 * @returns Whether this call started the server.
 * @throws {ServerError} with the obstacle and advice.
 */
export async function startDevServer(config: Config, log: Log): Promise<boolean> {
  const { target } = config.database;
  if (config.database.server === "external") {
    log(`${whyExternal()}: the project uses ${formatTarget(target)} and starts no server`);
    return false;
  }
  await makeMissingKeys(config, log);
  const { target: owner } = await config.database.migration();
  const listen = await listenAddresses(target, owner);
  const location = await locationOf(PROJECT);
  await prepareFolder(location, log);

  const status = await serverStatus(location.dataDir);
  if (status.state === "running" && status.port !== target.port) {
    log(`The server on port ${status.port} moves to port ${target.port}, as database.url says`);
    await stopServer(location.dataDir);
  }
  if (status.state === "running" && status.port === target.port) {
    log(`PostgreSQL is already running on ${target.host}:${target.port}`);
    await refuseOtherLogins([owner, target], location);
    return false;
  }

  const { bin, version } = await reachableBinaries(findBundledServer(), location.account, log);
  await refuseOtherVersion(location, version);
  const made = await makeData({
    dataDir: location.dataDir,
    bin,
    account: location.account,
    login: loginOf(owner),
    client: owner.user === target.user ? undefined : loginOf(target),
  });
  if (made) log(`Created the data folder ${shown(location.dataDir)}`);
  const { started } = await startServer({
    dataDir: location.dataDir,
    bin,
    account: location.account,
    port: target.port,
    listen,
    logFile: location.logFile,
    settings: { cluster_name: "netraven-dev" },
  });
  log(
    `PostgreSQL ${version} ${started ? "is running" : "is already running"} on ` +
      `${target.host}:${target.port}; its log is ${shown(location.logFile)}`,
  );
  await refuseOtherLogins([owner, target], location);
  return started;
}

/**
 * Stops the development server.
 * @returns Whether the server was running.
 */
export async function stopDevServer(): Promise<boolean> {
  return await stopServer((await locationOf(PROJECT)).dataDir);
}

/** Deletes the development server's data, after a message, and starts the server again. */
export async function resetDevServer(config: Config, log: Log): Promise<void> {
  if (config.database.server === "external") {
    throw new ServerError(
      `${whyExternal()}: make reset resets only the bundled development server, not ${
        formatTarget(config.database.target)
      }`,
    );
  }
  const { dataDir } = await locationOf(PROJECT);
  log(`Deleting all databases of the development server: ${shown(dataDir)}`);
  await stopServer(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  await startDevServer(config, log);
}

/**
 * Opens psql on the configured database. The environment carries the password, since a list of
 * processes shows arguments.
 * @returns psql's exit code.
 */
export async function psql(target: Target, args: readonly string[]): Promise<number> {
  const env = {
    ...process.env,
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password(),
    PGDATABASE: target.database,
    PGSSLMODE: target.sslMode,
    ...(target.sslRootCert === undefined ? {} : { PGSSLROOTCERT: target.sslRootCert }),
  };
  const child = spawn("psql", args, { env, stdio: "inherit" });
  // In psql, Ctrl-C cancels a query; it must not end this process.
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.once("error", () =>
      reject(
        new ServerError(
          "Cannot find psql, and the bundled server has none: install PostgreSQL's client programs",
        ),
      ));
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function whyExternal(): string {
  return process.env["DATABASE_URL"] === undefined
    ? "The configuration names another server"
    : "DATABASE_URL is set";
}

function loginOf(target: Target): Login {
  return { user: target.user, password: target.password() };
}

/**
 * Refuses a data folder whose roles or passwords differ from the configuration: no program could log in.
 * @throws {ServerError} with the role and advice.
 */
export async function refuseOtherLogins(
  targets: readonly Target[],
  { dataDir }: Pick<ServerLocation, "dataDir">,
): Promise<void> {
  for (const target of targets) {
    try {
      const options = { target, ca: undefined, allowCleartextPassword: false };
      await (await ToolConnection.open(options, CONNECT_TIMEOUT_MS)).end();
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.reason !== "authentication") continue;
      throw new ServerError(
        `The data folder ${shown(dataDir)} has no role ${target.user} with the ` +
          "configured password: make reset deletes the data and creates the role",
      );
    }
  }
}

/** Returns the addresses of the URLs' host, which must be this machine's loopback. */
async function listenAddresses(target: Target, owner: Target): Promise<string[]> {
  if (target.password() === "" || owner.password() === "") {
    const key = target.password() === "" ? "url" : "migration_url";
    throw new ServerError(
      `database.${key} has no password, and the bundled server requires one: write one, as in dev.yaml`,
    );
  }
  if (owner.host !== target.host || owner.port !== target.port) {
    throw new ServerError(
      `Migrations go to ${
        formatTarget(owner)
      }, and database.url names another server: name the same server, or ` +
        "set both DATABASE_URL and DATABASE_MIGRATION_URL",
    );
  }
  if (/^(require|verify)/.test(target.sslMode)) {
    throw new ServerError(
      `database.url requires TLS by sslmode=${target.sslMode}, and the bundled server has no TLS: remove sslmode`,
    );
  }
  const { host } = target;
  if (host === "localhost") {
    return await hasAddress("::1") ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  }
  if (host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)) return [host];
  throw new ServerError(
    `database.url names the host ${host}, and the bundled server runs only on this machine's loopback: ` +
      'write localhost, or "server: external" for a server of your own',
  );
}

/** Returns the location: the project, or for root a system folder if the server's account cannot enter the project. */
async function locationOf(project: string): Promise<ServerLocation> {
  const inProject = join(project, ".data");
  const account = await serverAccount([join(inProject, "postgres"), project]);
  const name = createHash("sha256").update(project).digest("hex").slice(0, 12);
  const folder = canEnter(project, account) ? inProject : join(SYSTEM_FOLDER, name);
  return {
    folder,
    dataDir: join(folder, "postgres"),
    logFile: join(folder, "postgres.log"),
    account,
  };
}

async function prepareFolder(location: ServerLocation, log: Log): Promise<void> {
  if (location.folder.startsWith(SYSTEM_FOLDER)) {
    await makeSystemFolder();
    if (!existsSync(location.dataDir)) {
      log(
        `The data is in ${location.dataDir}: ${
          accountName(location.account)
        } cannot enter ${PROJECT}`,
      );
    }
  }
  await mkdir(location.folder, { recursive: true });
  // Whatever the umask, the server's account must be able to enter.
  if (location.account !== undefined) await chmod(location.folder, 0o755);
  const size = await stat(location.logFile).then((log) => log.size, () => 0);
  if (size > MAX_LOG_BYTES) await truncate(location.logFile);
}

async function refuseOtherVersion(location: ServerLocation, version: string): Promise<void> {
  const text = await readFile(join(location.dataDir, "PG_VERSION"), "utf8").catch(() => "");
  const major = version.split(".")[0];
  if (text === "" || text.trim() === major) return;
  throw new ServerError(
    `The data folder ${
      shown(location.dataDir)
    } belongs to PostgreSQL ${text.trim()}, and the bundled server is PostgreSQL ${major}: ` +
      "make reset deletes the data and creates a new folder",
  );
}

/** Returns a path relative to the working directory, if it is inside. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  const say: Log = (line) => console.log(line);
  switch (command) {
    case "start": {
      if (!rest.includes("--quiet")) {
        await startDevServer(await loadConfig(), say);
        return 0;
      }
      // Before another target of make, print only news, and not to standard output.
      const lines: string[] = [];
      const started = await startDevServer(await loadConfig(), (line) => lines.push(line));
      if (started) lines.forEach((line) => console.error(line));
      return 0;
    }
    case "stop":
      say(
        await stopDevServer()
          ? "Stopped the development server"
          : "No development server is running",
      );
      return 0;
    case "status": {
      const status = await serverStatus((await locationOf(PROJECT)).dataDir);
      say(status.state === "stopped" ? "stopped" : `${status.state} on port ${status.port}`);
      return 0;
    }
    case "reset":
      await resetDevServer(await loadConfig(), say);
      return 0;
    case "psql":
      return await psql((await (await loadConfig()).database.migration()).target, rest);
    default:
      console.error("Usage: dev_server start [--quiet] | stop | status | reset | psql");
      return MISUSE;
  }
}

runCommand(import.meta.url, (args) => orFailure(() => main(args)));
