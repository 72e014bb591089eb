/**
 * Creates a server's data folder under a temporary name and then renames it, so that
 * one of two concurrent attempts wins and a killed attempt leaves no data folder.
 */
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type Account, giveTo } from "./account.ts";
import { versionOf } from "./binaries.ts";
import { ServerError } from "./error.ts";
import { isAlive, runAs } from "./process.ts";

/** A role that can log in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Options of `makeData`. */
export interface DataOptions {
  readonly dataDir: string;
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** The account that runs the server; undefined means this process's own account. */
  readonly account: Account | undefined;
  /** A role that may log in and create databases. Only the name `postgres` makes it a superuser. */
  readonly login: Login;
  /**
   * A second role for programs, which may only log in. The first role may then create roles, and administer this
   * one.
   */
  readonly client?: Login | undefined;
  /** The superuser's password. Without it, the superuser cannot log in. */
  readonly superuserPassword?: string;
  /** Skips waiting for the disk, for data that need not survive a power failure. */
  readonly throwaway?: boolean;
}

/**
 * Creates a data folder if it does not exist. A killed attempt leaves no data folder.
 * @returns Whether this call created the folder.
 * @throws {ServerError} initdb failed, or the folder contains other files.
 */
export async function makeData(options: DataOptions): Promise<boolean> {
  const { dataDir, bin, account } = options;
  await removeLeftovers(dataDir);
  if (await isData(dataDir)) return false;

  const fresh = `${dataDir}.init-${process.pid}`;
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await giveTo(account, fresh);
    const major = Number.parseInt(versionOf(bin));
    const builtin = major >= 17;
    await runAs(account, join(bin, "initdb"), [
      `--pgdata=${fresh}`,
      "--username=postgres",
      "--encoding=UTF8",
      // Sorts text equally on every system; operating systems define C.UTF-8 differently.
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
    ], rolesOf(options, major));
    await rename(fresh, dataDir);
    return true;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const taken = ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!taken) throw error;
    // Another process created an equivalent folder first.
    if (await isData(dataDir)) return false;
    throw new ServerError(
      `${dataDir} is neither empty nor a data folder of PostgreSQL: remove it`,
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

/** Removes the temporary folders of killed attempts. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const start = `${basename(dataDir)}.init-`;
  const names = await readdir(dirname(dataDir)).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(start))) {
    if (isAlive(Number(name.slice(start.length)))) continue;
    // The attempt's initdb may still be running and writing.
    await rm(join(dirname(dataDir), name), { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Writes the statements for the roles, one per line, as the single-user server requires. */
function rolesOf({ login, client, superuserPassword }: DataOptions, major: number): string {
  const lines: string[] = [];
  if (superuserPassword !== undefined) {
    lines.push(`alter role postgres password ${literal(superuserPassword)}`);
  }
  const may = client === undefined ? "createdb" : "createdb createrole";
  lines.push(
    login.user === "postgres"
      ? `alter role postgres password ${literal(login.password)}`
      : `create role ${name(login)} login ${may} password ${literal(login.password)}`,
  );
  if (client !== undefined) {
    lines.push(`create role ${name(client)} login password ${literal(client.password)}`);
    // As if the first role had created it; before version 16, it needs no grant.
    if (major >= 16 && login.user !== "postgres") {
      lines.push(
        `grant ${name(client)} to ${name(login)} with admin true, inherit false, set false`,
      );
    }
  }
  return lines.join("\n") + "\n";
}

function name({ user }: Login): string {
  return `"${user.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  const escaped = text.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `E'${escaped}'`;
}

/** Returns the error for a folder that this account may not enter. */
export function notOurs(dataDir: string): ServerError {
  return new ServerError(
    `The data folder ${dataDir} belongs to another account: work as that account or as root, or remove the folder`,
  );
}
