/**
 * A separate server under the test's control. `server_service.ts` starts it and runs the commands, because a
 * test on Deno may start no program.
 */
import process from "node:process";
import type { ShutdownMode } from "../../src/tools/postgres/throwaway.ts";
import type { Certificate, Command, Disk, ServerOptions, Started } from "./server_command.ts";

/** The server. The runner removes it with its file, if the test does not. */
export interface TestServer extends Omit<Started, "id"> {
  /** Kills the postmaster with SIGKILL. Its sessions end when they notice. */
  crash(): Promise<void>;
  /** Stops it and keeps the data. Defaults to `fast`; `smart` waits for the sessions. */
  shutdown(mode?: ShutdownMode): Promise<void>;
  /** Starts it at the same port if it is down, resumes frozen processes, and waits until it serves. */
  start(): Promise<void>;
  /** Freezes (SIGSTOP) the postmaster or one of its backends. */
  freeze(pid?: number): Promise<void>;
  /** Resumes (SIGCONT) it. */
  thaw(pid?: number): Promise<void>;
  /** Kills a backend with SIGKILL. */
  kill(pid: number): Promise<void>;
  /** Changes the size of a small disk. */
  grow(disk: Disk, megabytes: number): Promise<void>;
  /** Installs a new certificate of this kind for `localhost`, and waits until the server uses it. */
  certify(certificate: Certificate): Promise<void>;
  /** Output of the server. */
  log(): Promise<string>;
  /** Stops and removes it. */
  remove(): Promise<void>;
}

/** Maximum duration of a command in milliseconds, for a slow start and a hanging stop. */
const PATIENCE = 100_000;

/** Starts a server of the version under test. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { id, pid: first, ...rest } = await ask({ do: "start", ...options }) as Started;
  let pid = first;
  return {
    ...rest,
    get pid() {
      return pid;
    },
    crash: () => tell({ do: "crash", id }),
    shutdown: (mode = "fast") => tell({ do: "shutdown", id, mode }),
    async start() {
      pid = await ask({ do: "restart", id }) as number;
    },
    freeze: (chosen = pid) => tell({ do: "freeze", id, pid: chosen }),
    thaw: (chosen = pid) => tell({ do: "thaw", id, pid: chosen }),
    kill: (chosen) => tell({ do: "kill", id, pid: chosen }),
    grow: (disk, megabytes) => tell({ do: "grow", id, disk, megabytes }),
    certify: (certificate) => tell({ do: "certify", id, certificate }),
    log: async () => await ask({ do: "log", id }) as string,
    remove: () => tell({ do: "remove", id }),
  };
}

/** Reason to skip tests of small disks; undefined if they are available. */
export async function whyNoDisks(): Promise<string | undefined> {
  return await ask({ do: "whyNoDisks" }) as string | undefined;
}

/** Reason to skip tests of certificates; undefined if they are available. */
export async function whyNoCertificates(): Promise<string | undefined> {
  return await ask({ do: "whyNoCertificates" }) as string | undefined;
}

async function tell(command: Command): Promise<void> {
  await ask(command);
}

async function ask(command: Command): Promise<unknown> {
  const service = process.env["TEST_SERVERS"];
  if (!service) throw new Error("TEST_SERVERS is not set: run the tests by tests/run.ts");
  const what = `Cannot ${command.do} a server of the test's own`;
  let response: Response;
  try {
    response = await fetch(service, {
      method: "POST",
      body: JSON.stringify(command),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    throw new Error(`${what}: the runner's service does not answer`, { cause: error });
  }
  const { result, error } = await response.json() as { result?: unknown; error?: string };
  if (error !== undefined) throw new Error(`${what}: ${error}`);
  return result;
}
