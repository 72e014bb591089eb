/** The tools' own connections, outside any pool. */
import { openConnection } from "../connection/open_connection.ts";
import type { Connection, ConnectionOptions } from "../connection/connection.ts";

const STATEMENT_TIMEOUT_MS = 30_000;

/** One connection of a tool. */
export class ToolConnection {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
    // The connection has one user, who may begin and end transactions.
    connection.transaction = true;
  }

  /**
   * Connects and logs in.
   *
   * @param timeout Milliseconds for connection and login.
   * @param applicationName The connection's name in `pg_stat_activity`.
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

  /** Calls back once when the connection is lost, but not at `end`. */
  onLoss(act: () => void): void {
    this.#connection.onDeath = act;
  }

  /**
   * Runs one statement, and returns its rows with camelCase fields.
   *
   * @param timeout Milliseconds, after which the connection is discarded.
   * @throws {DatabaseError}
   */
  async ask<Row>(
    text: string,
    values: readonly unknown[] = [],
    timeout = STATEMENT_TIMEOUT_MS,
  ): Promise<Row[]> {
    return (await this.#connection.run(text, values, {}, timeout)).rows as Row[];
  }

  /** Runs one statement that cannot be prepared, such as `create database`. */
  async command(text: string, timeout = STATEMENT_TIMEOUT_MS): Promise<void> {
    await this.#connection.run(text, [], {}, timeout, true);
  }

  async end(): Promise<void> {
    this.#connection.onDeath = () => {};
    await this.#connection.end();
  }
}
