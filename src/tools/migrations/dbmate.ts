/** Runs dbmate's binary: passes the URL by environment, reports the true outcome, hides the password. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { resolveBinary } from "dbmate";
import type { Target } from "../../config/url.ts";
import { MigrationError } from "./error.ts";
import { DBMATE_APPLICATION } from "./lock.ts";

/** The values of sslmode that allow an unencrypted connection. */
const WEAK_SSL_MODES: ReadonlySet<string> = new Set(["disable", "allow", "prefer"]);

/** One run of dbmate. */
export interface DbmateRun {
  readonly target: Target;
  /** Requires TLS, whatever the URL's sslmode. */
  readonly encrypted?: boolean;
  /** The path of the authorities' certificates. */
  readonly caFile?: string | undefined;
  readonly migrationsDir: string;
  /** Receives dbmate's output, line by line. */
  readonly log: (line: string) => void;
  /** Server settings of its connection, such as `lock_timeout`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends dbmate. The run then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** A folder before PATH, for its `pg_dump`. */
  readonly path?: string;
  /** Defaults to the binary of the npm package. */
  readonly binary?: string;
}

/**
 * Runs `dbmate <args>` to its end.
 *
 * @throws {MigrationError} code `STATEMENT` with the server's message and
 *   `sqlState`, or `DBMATE` if the binary cannot start or was killed.
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
      // The caller's PG* and DBMATE_* variables must not reach dbmate.
      env: { DATABASE_URL: url, PATH: [run.path, process.env.PATH].filter(Boolean).join(":") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const kill = () => void child.kill();
  if (run.signal?.aborted) kill();
  run.signal?.addEventListener("abort", kill);

  // dbmate prints "Applied" even for a failed migration, so hold the line back.
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
    const message = `The signal ${end.signal} ended dbmate early; ` +
      "its last statement may still run on the server, and the next run waits for its end";
    throw new MigrationError("DBMATE", message);
  }
  if (end.status !== 0) throw failure(errors, end.status);
  for (const line of claims) run.log(line);
}

/** Returns an error with only the first line: further lines may contain row values. */
function failure(lines: readonly string[], status: number | null): MigrationError {
  const [first = `exit status ${status}`] = lines;
  const said = first.replace(/^Error: (line: \d+, column: \d+, position: \d+: )?(pq: )?/, "");
  const sqlState = /\(([0-9A-Z]{5})\)$/.exec(said)?.[1];
  if (sqlState === undefined) return new MigrationError("DBMATE", `dbmate failed: ${said}`);
  return new MigrationError("STATEMENT", said, { sqlState });
}

/**
 * Returns the URL for dbmate, and the forms in which dbmate could print the password.
 * Host and port are parameters, since dbmate misreads `[::1]:5432`.
 */
async function dbmateUrl(run: DbmateRun): Promise<{ url: string; secrets: string[] }> {
  const { target } = run;
  const options = new URLSearchParams({
    host: target.host,
    port: String(target.port),
    sslmode: run.encrypted && WEAK_SSL_MODES.has(target.sslMode) ? "require" : target.sslMode,
    connect_timeout: "10",
    application_name: DBMATE_APPLICATION,
    ...(run.caFile === undefined ? {} : { sslrootcert: run.caFile }),
    ...run.settings,
  });
  const password = await target.password() ?? "";
  const [user, secret, database] = [target.user, password, target.database].map(encodeURIComponent);
  // dbmate does not decode a plus as a space.
  const query = options.toString().replaceAll("+", "%20");
  const secrets = [`:${secret}@`, `:${password}@`];
  // Hiding a password that equals a name would hide the name.
  if (password !== "" && password !== target.user && password !== target.database) {
    secrets.push(password);
  }
  return { url: `postgres://${user}:${secret}@/${database}?${query}`, secrets };
}
