/**
 * Makes a server's data folder: beside its place, then renamed into it, so that
 * one of two makers wins and a killed one leaves nothing that counts.
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

/** What a data folder is made of. */
export interface DataOptions {
  readonly dataDir: string;
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** Runs the server; undefined: this process's own account. */
  readonly account: Account | undefined;
  /** May log in and create databases; no superuser, unless it is called `postgres`. */
  readonly login: Login;
  /**
   * A second role, which may log in and nothing else, where the first one is not to be used by programs. The first
   * one may then make roles, and set up this one.
   */
  readonly client?: Login | undefined;
  /** The superuser's password; undefined: the superuser cannot log in at all. */
  readonly superuserPassword?: string;
  /** For data that need not survive a power cut: does not wait for the disk. */
  readonly throwaway?: boolean;
}

/**
 * Makes a data folder where there is none. A killed attempt leaves nothing that counts as one.
 * @returns whether it was made.
 * @throws {ServerError} initdb failed, or the folder holds something else.
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
    ], rolesOf(options, major));
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
    // As if the first role had made it; before version 16 it needs no leave.
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

/** What to say of a folder that this account may not enter. */
export function notOurs(dataDir: string): ServerError {
  return new ServerError(
    `The data folder ${dataDir} belongs to another account: work as that account or as root, or remove the folder`,
  );
}
