/** Runs a server's programs, and checks processes. */
import { spawn } from "node:child_process";
import { basename } from "node:path";
import process from "node:process";
import type { Account } from "./account.ts";
import { ServerError } from "./error.ts";

/** The only environment of a server: the caller's locale, time zone and PG* would change its behaviour. */
export const ENVIRONMENT = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };

/** Runs a program of the server to its end. The error contains the program's output. */
export async function runAs(
  account: Account | undefined,
  program: string,
  args: readonly string[],
  input = "",
): Promise<void> {
  const child = spawn(program, args, { ...account, cwd: "/", env: ENVIRONMENT });
  let said = "";
  child.stdout.on("data", (chunk) => said += chunk);
  child.stderr.on("data", (chunk) => said += chunk);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const how = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? "" : signal ?? `exit code ${code}`));
  });
  if (how === "") return;
  // A statement of the input may hold a password.
  const lines = said.split("\n").filter((line) => !/STATEMENT|password/.test(line)).slice(-8);
  throw new ServerError(`${basename(program)} failed (${how})\n${lines.join("\n").trim()}`);
}

/** Returns the output of a program, even if the program fails. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (chunk) => said += chunk);
  await new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  return said;
}

/** Whether there is a process with this number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
