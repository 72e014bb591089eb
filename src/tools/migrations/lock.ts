/**
 * One migrator at a time. The lock is polled on a connection of its own: a
 * migrator that waited inside `pg_advisory_lock` would hold a snapshot, and
 * `create index concurrently` of the one at work would wait for it in turn.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../../connection/connection.ts";
import { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";

/** How dbmate's own connections are called in `pg_stat_activity`. */
export const DBMATE_APPLICATION = "netraven-db dbmate";
/** The same for the connection that drops invalid indexes. */
export const REPAIR_APPLICATION = "netraven-db repair";

// Two numbers, so that other locks of this project can use the same first one.
const KEY = [1852142706, 1] as const;
const POLL = 200;
const HEARTBEAT = 5_000;
const ANSWER = 10_000;

/** The lock while it is held, and its connection. */
export class MigrationLock {
  readonly connection: ToolConnection;
  readonly #lost = new AbortController();
  readonly #heart: ReturnType<typeof setInterval>;

  private constructor(connection: ToolConnection) {
    this.connection = connection;
    connection.onLoss(() => {
      const message = "The connection that holds the migration lock was lost; " +
        "a statement may still be running: look at `make status` before the next try";
      this.#lost.abort(new MigrationError("LOCK_LOST", message));
    });
    // Keeps firewalls from forgetting the connection, and finds a server that does not answer.
    this.#heart = setInterval(() => void this.#ask("select 1").catch(() => {}), HEARTBEAT);
  }

  /** Aborts, with the error as its reason, when the connection that holds the lock dies. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Waits until this is the only migrator of the database.
   *
   * @param timeout Milliseconds to wait for another migrator.
   * @param log Is told once who holds the lock.
   * @throws {MigrationError} code `LOCK_TIMEOUT`.
   * @throws {ConnectionError | TimeoutError}
   */
  static async take(
    address: ConnectionOptions,
    timeout: number,
    log: (line: string) => void,
  ): Promise<MigrationLock> {
    const connection = await ToolConnection.open(address, ANSWER, "netraven-db migrate");
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
        await sleep(POLL);
        holder = await lock.#try();
      }
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Gives the lock back by ending its connection. */
  async release(): Promise<void> {
    clearInterval(this.#heart);
    await this.connection.end();
  }

  /** Undefined once the lock is ours and nobody works without it; else who is in the way. */
  async #try(): Promise<string | undefined> {
    const [attempt] = await this.#ask<{ got: boolean }>(TRY, KEY);
    if (!attempt?.got) {
      const [holder] = await this.#ask<Holder>(HOLDER, KEY);
      return holder === undefined ? "its connection is just ending" : describe(holder);
    }
    // The lock dies with its migrator, but what a killed one or its dbmate had sent still runs.
    const [orphan] = await this.#ask<Holder>(ORPHAN, [DBMATE_APPLICATION, REPAIR_APPLICATION]);
    if (orphan === undefined) return undefined;
    await this.#ask("select pg_advisory_unlock($1, $2)", KEY);
    return describe(orphan);
  }

  #ask<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.connection.ask<Row>(text, values, ANSWER);
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
