/**
 * Who runs the server. PostgreSQL refuses to run as root, so root hands it to an account without
 * rights; everybody else runs it as themselves.
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
 * The account for the server: undefined (this process's own) unless this process is root. As root the
 * owner of the first of the folders that exists and is not root's, else `nobody`.
 */
export async function serverAccount(folders: readonly string[]): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const folder of folders) {
    const owner = await stat(folder).catch(() => undefined);
    // initdb wants a name: an owner that the system does not know (a mounted folder) cannot run it.
    if (owner !== undefined && owner.uid !== 0 && idOf("-un", String(owner.uid)) !== undefined) {
      return { uid: owner.uid, gid: owner.gid };
    }
  }
  const uid = Number(idOf("-u", "nobody") ?? 65534);
  const gid = Number(idOf("-g", "nobody") ?? 65534);
  return { uid, gid };
}

/** The account's name for messages. */
export function accountName(account: Account | undefined): string {
  return account === undefined
    ? "this account"
    : idOf("-un", String(account.uid)) ?? `user ${account.uid}`;
}

/** Whether the account can enter the folder; tried, not reckoned: permissions have many fathers. */
export function canEnter(folder: string, account: Account | undefined): boolean {
  const run = spawnSync("/bin/sh", ["-c", 'test -r "$0" && cd "$0"', folder], {
    ...account,
    cwd: "/",
    stdio: "ignore",
  });
  return run.status === 0;
}

/** Gives a file or folder to the account; nothing where the account is this process's own. */
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
