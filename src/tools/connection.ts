/** How the tools talk to a server: one connection of their own, apart from any pool. */
import { openConnection } from "../connection/open_connection.ts";
import type { Connection, ConnectionOptions } from "../connection/connection.ts";

const STATEMENT = 30_000;

/** One connection. */
export class ToolConnection {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
    // Nobody gets it after its user, who may begin and end transactions.
    connection.transaction = true;
  }

  /**
   * Connects and logs in.
   *
   * @param timeout Milliseconds for all of it.
   * @param applicationName How it is called in `pg_stat_activity`.
   * @throws {ConnectionError | TimeoutError}
   */
  static async open(
    options: ConnectionOptions,
    timeout: number,
    applicationName: string = "netraven-db tools",
  ): Promise<ToolConnection> {
    const target = { ...options.target, applicationName };
    return new ToolConnection(await openConnection({ ...options, target }, timeout));
  }

  /** Is called once when the connection is lost; not at `end`. */
  onLoss(act: () => void): void {
    this.#connection.onDeath = act;
  }

  /**
   * Runs one statement; its columns come in camelCase.
   *
   * @param timeout Milliseconds; after it the connection is gone.
   * @throws {DatabaseError}
   */
  async ask<Row>(
    text: string,
    values: readonly unknown[] = [],
    timeout = STATEMENT,
  ): Promise<Row[]> {
    return (await this.#connection.run(text, values, {}, timeout)).rows as Row[];
  }

  /** Runs one statement that cannot be prepared, such as `create database`. */
  async command(text: string, timeout = STATEMENT): Promise<void> {
    await this.#connection.run(text, [], {}, timeout, true);
  }

  async end(): Promise<void> {
    this.#connection.onDeath = () => {};
    await this.#connection.end();
  }
}
