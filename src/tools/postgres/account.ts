/**
 * The account that runs the server. PostgreSQL refuses to run as root, so root runs it as an
 * unprivileged account; other accounts run it themselves.
 */
import { spawnSync } from "node:child_process";
import { chown, stat } from "node:fs/promises";
import process from "node:process";

/** A user id with its group id. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Returns the account for the server: undefined (this process's own) unless this process is root. For
 * root, the owner of the first existing folder that root does not own, else `nobody`.
 */
export async function serverAccount(folders: readonly string[]): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const folder of folders) {
    const owner = await stat(folder).catch(() => undefined);
    // initdb needs a name: an owner that the system does not know (a mounted folder) cannot run it.
    if (owner !== undefined && owner.uid !== 0 && idOf("-un", String(owner.uid)) !== undefined) {
      return { uid: owner.uid, gid: owner.gid };
    }
  }
  const uid = Number(idOf("-u", "nobody") ?? 65534);
  const gid = Number(idOf("-g", "nobody") ?? 65534);
  return { uid, gid };
}

/** Returns the account's name for messages. */
export function accountName(account: Account | undefined): string {
  return account === undefined
    ? "this account"
    : idOf("-un", String(account.uid)) ?? `user ${account.uid}`;
}

/** Whether the account can enter the folder: tried, because permissions have many sources. */
export function canEnter(folder: string, account: Account | undefined): boolean {
  const run = spawnSync("/bin/sh", ["-c", 'test -r "$0" && cd "$0"', folder], {
    ...account,
    cwd: "/",
    stdio: "ignore",
  });
  return run.status === 0;
}

/** Makes the account the owner of a file or folder, unless it is this process's own account. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

function idOf(flag: string, name: string): string | undefined {
  const run = spawnSync("id", [flag, name], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return run.status === 0 ? run.stdout.trim() : undefined;
}
