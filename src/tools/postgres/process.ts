/** Programs of a server, and whether they live. */
import { spawn } from "node:child_process";
import { basename } from "node:path";
import process from "node:process";
import type { Account } from "./account.ts";
import { ServerError } from "./error.ts";

/** Nothing of the caller's environment reaches a server: its locale, time zone and PG* would change it. */
export const ENVIRONMENT = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };

/** Runs a program of the server to its end; what it says is part of the error. */
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

/** What a program prints, whatever becomes of it. */
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
