/**
 * Allows one migrator at a time. A migrator polls the lock on its own connection: inside
 * `pg_advisory_lock`, it would hold a snapshot, and a `create index concurrently` of the
 * running migrator would wait for that snapshot in turn.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../../connection/connection.ts";
import { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";

/** The name of dbmate's connections in `pg_stat_activity`. */
export const DBMATE_APPLICATION = "netraven-db dbmate";
/** The name of the connection that drops invalid indexes. */
export const REPAIR_APPLICATION = "netraven-db repair";

// Other locks of this project can share the first number.
const LOCK_KEY = [1852142706, 1] as const;
const POLL_INTERVAL_MS = 200;
const HEARTBEAT_INTERVAL_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** The held lock, and its connection. */
export class MigrationLock {
  readonly connection: ToolConnection;
  readonly #lost = new AbortController();
  readonly #heart: ReturnType<typeof setInterval>;

  private constructor(connection: ToolConnection) {
    this.connection = connection;
    connection.onLoss(() => {
      const message = "The connection that holds the migration lock was lost; " +
        "a statement may still be running: run `make status` before the next attempt";
      this.#lost.abort(new MigrationError("LOCK_LOST", message));
    });
    // Keeps firewalls from dropping the connection, and detects a server that does not answer.
    this.#heart = setInterval(
      () => void this.#ask("select 1").catch(() => {}),
      HEARTBEAT_INTERVAL_MS,
    );
  }

  /** Aborts with the error as its reason when the lock's connection is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Waits until no other migrator uses the database, and takes the lock.
   *
   * @param timeout Milliseconds to wait for another migrator.
   * @param log Receives one line about the holder of the lock.
   * @throws {MigrationError} code `LOCK_TIMEOUT`.
   * @throws {ConnectionError | TimeoutError}
   */
  static async take(
    address: ConnectionOptions,
    timeout: number,
    log: (line: string) => void,
  ): Promise<MigrationLock> {
    const connection = await ToolConnection.open(address, ANSWER_TIMEOUT_MS, "netraven-db migrate");
    const lock = new MigrationLock(connection);
    try {
      const until = performance.now() + timeout;
      let holder = await lock.#try();
      if (holder !== undefined) log(`Waiting for another migrator: ${holder}`);
      while (holder !== undefined) {
        if (performance.now() > until) {
          const message =
            `Another migrator did not finish within ${timeout / 1000} s: ${holder}; ` +
            "wait for it, or end it with pg_terminate_backend if it hangs";
          throw new MigrationError("LOCK_TIMEOUT", message);
        }
        await sleep(POLL_INTERVAL_MS);
        holder = await lock.#try();
      }
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Releases the lock by ending its connection. */
  async release(): Promise<void> {
    clearInterval(this.#heart);
    await this.connection.end();
  }

  /** Tries to take the lock. Returns the process that prevents it; undefined on success. */
  async #try(): Promise<string | undefined> {
    const [attempt] = await this.#ask<{ got: boolean }>(TRY, LOCK_KEY);
    if (!attempt?.got) {
      const [holder] = await this.#ask<Holder>(HOLDER, LOCK_KEY);
      return holder === undefined ? "its connection is ending" : describe(holder);
    }
    // The lock ends with its migrator, but a statement of a killed migrator or its dbmate may still run.
    const [orphan] = await this.#ask<Holder>(ORPHAN, [DBMATE_APPLICATION, REPAIR_APPLICATION]);
    if (orphan === undefined) return undefined;
    await this.#ask("select pg_advisory_unlock($1, $2)", LOCK_KEY);
    return describe(orphan);
  }

  #ask<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.connection.ask<Row>(text, values, ANSWER_TIMEOUT_MS);
  }
}

interface Holder {
  pid: number;
  application: string;
}

const TRY = "select pg_try_advisory_lock($1, $2) as got";

const HOLDER = `
select l.pid, a.application_name as application
from pg_locks l
join pg_stat_activity a on a.pid = l.pid
where
  l.locktype = 'advisory'
  and l.granted
  and l.database = (select oid from pg_database where datname = current_database())
  and l.classid = $1::integer::oid
  and l.objid = $2::integer::oid
  and l.objsubid = 2`;

const ORPHAN = `
select pid, application_name as application
from pg_stat_activity
where
  datname = current_database()
  and application_name in ($1, $2)`;

function describe({ pid, application }: Holder): string {
  return `server process ${pid} (${application || "no application name"})`;
}
