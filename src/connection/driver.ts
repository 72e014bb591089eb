/**
 * The `postgres` driver on a socket of this layer. It sends the first run of each statement, learns
 * the statement's types and reads its rows; it never dials. No other file names the driver.
 */
import postgres from "postgres";
import { columnName } from "./column_name.ts";
import type { DriverSocket } from "./driver_socket.ts";
import { driverTypes } from "./parameters.ts";

/** The driver with one connection. */
export type Driver = postgres.Sql;

/** Options of a statement that the server prepares and keeps. */
export const PREPARED = { prepare: true, simple: false } as postgres.UnsafeQueryOptions;
/** Options of a statement whose types the server describes at each run. */
export const UNNAMED = { prepare: false, simple: false } as postgres.UnsafeQueryOptions;
/** Options of a command without parameters. */
export const SIMPLE = { simple: true } as unknown as postgres.UnsafeQueryOptions;

/** @param parameterBytes Maximum bytes of a parameter. */
export function openDriver(socket: DriverSocket, parameterBytes: number): Driver {
  let given = false;
  const options = {
    host: "driver",
    port: 1,
    user: "driver",
    database: "driver",
    pass: "",
    socket: () => {
      // The driver dials again when a connection is lost. This layer opens another connection.
      if (given) throw new Error("The driver asked for a second socket");
      given = true;
      return socket;
    },
    ssl: false,
    sslnegotiation: null,
    max: 1,
    max_pipeline: 100,
    max_lifetime: null,
    idle_timeout: null,
    connect_timeout: 0,
    keep_alive: null,
    backoff: 0,
    prepare: true,
    debug: false,
    fetch_types: false,
    no_subscribe: true,
    publications: "alltables",
    target_session_attrs: null,
    types: driverTypes(parameterBytes),
    transform: { undefined: null, column: { from: columnName } },
    onnotice: () => {},
    connection: {},
  };
  return postgres(options as unknown as postgres.Options<never>);
}
