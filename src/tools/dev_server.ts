/**
 * The development server: the bundled PostgreSQL on this machine's loopback, with the roles, passwords
 * and port of the configured URLs. It outlives the command. What `make start`, `stop`, `reset` and
 * `psql` call:
 *
 *     node --import tsx src/tools/dev_server.ts start [--quiet] | stop | status | reset | psql
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { chmod, mkdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Config, loadConfig } from "../config/load.ts";
import { ConnectionError, DatabaseError } from "../errors.ts";
import { formatTarget, type Target } from "../config/url.ts";
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

/** Where the development server of a project lives, and who runs it. */
interface Place {
  /** Holds the data folder and the log. */
  readonly folder: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly account: Account | undefined;
}

type Log = (line: string) => void;

const PROJECT = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
/** From this size on, in bytes, a start begins the log anew. */
const LOG_LIMIT = 10_000_000;
/** Milliseconds to log in. */
const CONNECT = 10_000;

/**
 * Starts the development server, unless it runs already or the configuration asks for none.
 * @param log is told what happened.
 * @returns whether this call started it.
 * @throws {ServerError} what is in the way, and what to do.
 */
export async function startDevServer(config: Config, log: Log): Promise<boolean> {
  const { target } = config.database;
  if (config.database.server === "external") {
    log(`${whyExternal()}: no server is started here, ${formatTarget(target)} is used`);
    return false;
  }
  await makeMissingKeys(config, log);
  const { target: owner } = await config.database.migration();
  const listen = await listenAddresses(target, owner);
  const place = await placeOf(PROJECT);
  await prepareFolder(place, log);

  const status = await serverStatus(place.dataDir);
  if (status.state === "running" && status.port !== target.port) {
    log(`The server on port ${status.port} moves to port ${target.port}, as database.url says`);
    await stopServer(place.dataDir);
  }
  if (status.state === "running" && status.port === target.port) {
    log(`PostgreSQL is running already on ${target.host}:${target.port}`);
    await refuseOtherLogins([owner, target], place);
    return false;
  }

  const { bin, version } = await reachableBinaries(findBundledServer(), place.account, log);
  await refuseOtherVersion(place, version);
  const made = await makeData({
    dataDir: place.dataDir,
    bin,
    account: place.account,
    login: loginOf(owner),
    client: owner.user === target.user ? undefined : loginOf(target),
  });
  if (made) log(`Made the data folder ${shown(place.dataDir)}`);
  const { started } = await startServer({
    dataDir: place.dataDir,
    bin,
    account: place.account,
    port: target.port,
    listen,
    logFile: place.logFile,
    settings: { cluster_name: "netraven-dev" },
  });
  log(
    `PostgreSQL ${version} ${started ? "runs" : "is running already"} on ` +
      `${target.host}:${target.port}, its log is ${shown(place.logFile)}`,
  );
  await refuseOtherLogins([owner, target], place);
  return started;
}

/**
 * Stops the development server.
 * @returns whether one was running.
 */
export async function stopDevServer(): Promise<boolean> {
  return await stopServer((await placeOf(PROJECT)).dataDir);
}

/** Removes the development server's data, after saying so, and starts it anew. */
export async function resetDevServer(config: Config, log: Log): Promise<void> {
  if (config.database.server === "external") {
    throw new ServerError(
      `${whyExternal()}: only the bundled development server can be reset, and this is ${
        formatTarget(config.database.target)
      }`,
    );
  }
  const { dataDir } = await placeOf(PROJECT);
  log(`Removes all databases of the development server: ${shown(dataDir)}`);
  await stopServer(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  await startDevServer(config, log);
}

/**
 * Opens psql on the configured database; the password goes by environment, where no list of processes
 * shows it.
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
  // Ctrl-C is psql's: it cancels a query there, and must not end this process under it.
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.once("error", () =>
      reject(
        new ServerError(
          "There is no psql here, and the bundled server brings none: install PostgreSQL's client programs",
        ),
      ));
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function whyExternal(): string {
  return process.env["DATABASE_URL"] === undefined
    ? "The configuration names a server of its own"
    : "DATABASE_URL is set";
}

function loginOf(target: Target): Login {
  return { user: target.user, password: target.password() };
}

/**
 * Refuses a data folder that was made before the configuration had these roles or passwords: nothing could log in.
 * @throws {ServerError} which role, and what to do.
 */
export async function refuseOtherLogins(
  targets: readonly Target[],
  { dataDir }: Pick<Place, "dataDir">,
): Promise<void> {
  for (const target of targets) {
    try {
      const options = { target, ca: undefined, allowCleartextPassword: false };
      await (await ToolConnection.open(options, CONNECT)).end();
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.reason !== "authentication") continue;
      throw new ServerError(
        `The data folder ${shown(dataDir)} does not know the role ${target.user} with the ` +
          "password of the configuration: make reset begins anew, without its data",
      );
    }
  }
}

/** The addresses of the URLs' host; only this machine's loopback will do. */
async function listenAddresses(target: Target, owner: Target): Promise<string[]> {
  if (target.password() === "" || owner.password() === "") {
    const key = target.password() === "" ? "url" : "migration_url";
    throw new ServerError(
      `database.${key} has no password, and the bundled server asks for one: write one, as in dev.yaml`,
    );
  }
  if (owner.host !== target.host || owner.port !== target.port) {
    throw new ServerError(
      `Migrations go to ${
        formatTarget(owner)
      }, and database.url names another server: name one, or ` +
        "give DATABASE_URL together with DATABASE_MIGRATION_URL",
    );
  }
  if (/^(require|verify)/.test(target.sslMode)) {
    throw new ServerError(
      `database.url asks for sslmode=${target.sslMode}, and the bundled server has no TLS: leave it out`,
    );
  }
  const { host } = target;
  if (host === "localhost") {
    return await hasAddress("::1") ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  }
  if (host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)) return [host];
  throw new ServerError(
    `database.url names the host ${host}, and the bundled server runs on this machine's loopback only: ` +
      'write localhost, or "server: external" for a server of your own',
  );
}

/** In the project; as root, elsewhere when the server's account cannot enter the project. */
async function placeOf(project: string): Promise<Place> {
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

async function prepareFolder(place: Place, log: Log): Promise<void> {
  if (place.folder.startsWith(SYSTEM_FOLDER)) {
    await makeSystemFolder();
    if (!existsSync(place.dataDir)) {
      log(
        `Keeps the data in ${place.dataDir}: ${accountName(place.account)} cannot enter ${PROJECT}`,
      );
    }
  }
  await mkdir(place.folder, { recursive: true });
  // Whatever the umask: the server's account has to pass.
  if (place.account !== undefined) await chmod(place.folder, 0o755);
  const size = await stat(place.logFile).then((log) => log.size, () => 0);
  if (size > LOG_LIMIT) await truncate(place.logFile);
}

async function refuseOtherVersion(place: Place, version: string): Promise<void> {
  const text = await readFile(join(place.dataDir, "PG_VERSION"), "utf8").catch(() => "");
  const major = version.split(".")[0];
  if (text === "" || text.trim() === major) return;
  throw new ServerError(
    `The data folder ${
      shown(place.dataDir)
    } is of PostgreSQL ${text.trim()}, and this is ${major}: ` +
      "make reset begins anew, without its data",
  );
}

/** A path as one types it in the project. */
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
      // Before another target: only what is news, and not into that one's output.
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
      const status = await serverStatus((await placeOf(PROJECT)).dataDir);
      say(status.state === "stopped" ? "stopped" : `${status.state} on port ${status.port}`);
      return 0;
    }
    case "reset":
      await resetDevServer(await loadConfig(), say);
      return 0;
    case "psql":
      return await psql((await (await loadConfig()).database.migration()).target, rest);
    default:
      console.error("Say what to do: start [--quiet], stop, status, reset or psql");
      return 2;
  }
}

if (process.argv[1] && realpathSync(resolve(process.argv[1])) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    console.error(`❌ ${error.message}`);
    process.exitCode = 1;
  }
}
