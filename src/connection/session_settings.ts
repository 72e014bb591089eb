/**
 * The settings of a session. The layer sets every setting that changes how values are encoded,
 * whatever the server, database or role defaults to: the same rows must look the same everywhere.
 */
import type { Target } from "../config/url.ts";

/** Settings that PgBouncer also accepts in a startup message: it tracks them for each client. */
const TRACKED: Readonly<Record<string, string>> = {
  client_encoding: "UTF8",
  // `codec.ts` relies on times in UTC, whatever the database's zone.
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  standard_conforming_strings: "on",
};

/** The other settings. If a pooler refuses them at startup, a statement sets them. */
const FURTHER: Readonly<Record<string, string>> = {
  IntervalStyle: "postgres",
  // Other values change the format of bytes, round floats, and make NULL in an array a text.
  bytea_output: "hex",
  extra_float_digits: "1",
  array_nulls: "on",
  // "x = null" follows the standard; XML and money have one format.
  transform_null_equals: "off",
  xmlbinary: "base64",
  xmloption: "content",
  lc_monetary: "C",
  // With a limit, a GIN index may return only some of its matches.
  gin_fuzzy_search_limit: "0",
  // The functions of this layer lock the rows they read, and rely on seeing the latest version.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  // Nobody reads notices.
  client_min_messages: "error",
  // JIT spends seconds compiling statements that run for milliseconds.
  jit: "off",
};

/** Ends a statement within seconds if its client is gone. A server on Windows refuses the setting. */
const CONNECTION_CHECK: Readonly<Record<string, string>> = {
  client_connection_check_interval: "5s",
};

/** How a session gets its settings: the first way that the server accepts. */
export type SettingsWay = "startup" | "statement" | "statement without check";

/** The ways, in the order of the attempts. */
export const WAYS: readonly SettingsWay[] = ["startup", "statement", "statement without check"];

/** Returns the settings of the startup message. */
export function startupSettings(target: Target, way: SettingsWay): Record<string, string> {
  return {
    user: target.user,
    database: target.database,
    application_name: target.applicationName ?? "netraven-db",
    ...TRACKED,
    ...(way === "startup" ? { ...FURTHER, ...CONNECTION_CHECK } : {}),
  };
}

/** Returns a statement that sets the other settings; undefined if the startup message had all of them. */
export function settingsStatement(way: SettingsWay): string | undefined {
  if (way === "startup") return undefined;
  const settings = { ...FURTHER, ...(way === "statement" ? CONNECTION_CHECK : {}) };
  const calls = Object.entries(settings).map(([name, value]) =>
    `set_config('${name}', '${value}', false)`
  );
  return `select ${calls.join(", ")}`;
}

/** Whether the statement, not the startup message, sets a setting. */
export function isStatedLater(name: string, way: SettingsWay): boolean {
  return way !== "startup" && name in FURTHER;
}

/** The reported settings, in the server's spelling. `integer_datetimes` is an option of the server's build. */
const REPORTED: ReadonlyMap<string, string> = new Map([
  ["client_encoding", "UTF8"],
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
  ["integer_datetimes", "on"],
  ["standard_conforming_strings", "on"],
]);

/** Whether a reported setting has the value that this layer requires. */
export function isAsStated(name: string, value: string): boolean {
  const stated = REPORTED.get(name);
  return stated === undefined || stated === value;
}
