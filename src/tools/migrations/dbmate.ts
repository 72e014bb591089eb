/** Runs dbmate's binary: the URL in its environment, its true exit, no password in what it prints. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { resolveBinary } from "dbmate";
import type { Target } from "../../config/url.ts";
import { MigrationError } from "./error.ts";
import { DBMATE_APPLICATION } from "./lock.ts";

/** The modes of TLS that may end without it. */
const WEAK: ReadonlySet<string> = new Set(["disable", "allow", "prefer"]);

/** One run of dbmate. */
export interface DbmateRun {
  readonly target: Target;
  /** Whether nothing may be sent without TLS, whatever the URL's sslmode. */
  readonly encrypted?: boolean;
  /** The path of the authorities' certificates. */
  readonly caFile?: string | undefined;
  readonly migrationsDir: string;
  /** Is told what dbmate prints, line by line. */
  readonly log: (line: string) => void;
  /** Server settings of its connection, such as `lock_timeout`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends dbmate; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** The folder of a `pg_dump` that must be found first. */
  readonly path?: string;
  /** Instead of the npm package's. */
  readonly binary?: string;
}

/**
 * Runs `dbmate <args>` to its end.
 *
 * @throws {MigrationError} code `STATEMENT` with the server's message and
 *   `sqlState`, or `DBMATE` when the binary cannot start or was killed.
 */
export async function runDbmate(args: readonly string[], run: DbmateRun): Promise<void> {
  const { url, secrets } = await dbmateUrl(run);
  const child = spawn(
    run.binary ?? resolveBinary(),
    [
      "--migrations-dir",
      run.migrationsDir,
      // Without this, dbmate reads a file `.env` of the working directory.
      "--env-file",
      join(run.migrationsDir, "no.env"),
      ...args,
    ],
    {
      // Nothing of the caller's PG* and DBMATE_* variables.
      env: { DATABASE_URL: url, PATH: [run.path, process.env.PATH].filter(Boolean).join(":") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const kill = () => void child.kill();
  if (run.signal?.aborted) kill();
  run.signal?.addEventListener("abort", kill);

  // dbmate prints "Applied" for a migration that failed as well: it is held back.
  const claims: string[] = [];
  const errors: string[] = [];
  const clean = (line: string) =>
    secrets.reduce((text, secret) => text.replaceAll(secret, "***"), line);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (/^(Applied|Rolled back): /.test(line)) claims.push(clean(line));
    else run.log(clean(line));
  });
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(clean(line)));

  const end = await new Promise<{ status: number | null; signal: string | null } | Error>(
    (resolve) => {
      child.on("error", resolve);
      child.on("close", (status, signal) => resolve({ status, signal }));
    },
  );
  run.signal?.removeEventListener("abort", kill);
  if (run.signal?.aborted) throw run.signal.reason;
  if (end instanceof Error) {
    const code = (end as NodeJS.ErrnoException).code ?? end.message;
    throw new MigrationError("DBMATE", `Cannot start dbmate: ${code}; run \`npm ci\` again`);
  }
  if (end.signal !== null) {
    const message = `dbmate was ended by ${end.signal} before it was done; ` +
      "what it had sent may still run on the server, and the next run waits for its end";
    throw new MigrationError("DBMATE", message);
  }
  if (end.status !== 0) throw failure(errors, end.status);
  for (const line of claims) run.log(line);
}

/** The first line alone: further lines may hold row values. */
function failure(lines: readonly string[], status: number | null): MigrationError {
  const [first = `exit status ${status}`] = lines;
  const said = first.replace(/^Error: (line: \d+, column: \d+, position: \d+: )?(pq: )?/, "");
  const sqlState = /\(([0-9A-Z]{5})\)$/.exec(said)?.[1];
  if (sqlState === undefined) return new MigrationError("DBMATE", `dbmate failed: ${said}`);
  return new MigrationError("STATEMENT", said, { sqlState });
}

/**
 * The URL as dbmate wants it, and the forms in which it could print the password.
 * Host and port stand behind the `?`, since dbmate misreads `[::1]:5432`.
 */
async function dbmateUrl(run: DbmateRun): Promise<{ url: string; secrets: string[] }> {
  const { target } = run;
  const options = new URLSearchParams({
    host: target.host,
    port: String(target.port),
    sslmode: run.encrypted && WEAK.has(target.sslMode) ? "require" : target.sslMode,
    connect_timeout: "10",
    application_name: DBMATE_APPLICATION,
    ...(run.caFile === undefined ? {} : { sslrootcert: run.caFile }),
    ...run.settings,
  });
  const password = await target.password() ?? "";
  const [user, secret, database] = [target.user, password, target.database].map(encodeURIComponent);
  // A plus would reach the server as a plus.
  const query = options.toString().replaceAll("+", "%20");
  const secrets = [`:${secret}@`, `:${password}@`];
  // A password that is also a name cannot be hidden without hiding the name.
  if (password !== "" && password !== target.user && password !== target.database) {
    secrets.push(password);
  }
  return { url: `postgres://${user}:${secret}@/${database}?${query}`, secrets };
}
