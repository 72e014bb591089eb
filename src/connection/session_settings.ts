/**
 * The settings of a session. What changes how a value is written or read is stated, whatever
 * a server, a database or a role has for it: the same rows must be the same everywhere.
 */
import type { Target } from "../config/url.ts";

/** What PgBouncer takes in a startup message, too: it keeps track of these for each client. */
const TRACKED: Readonly<Record<string, string>> = {
  client_encoding: "UTF8",
  // Times come as UTC text whatever the database's zone; `codec.ts` relies on it.
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  standard_conforming_strings: "on",
};

/** The rest. A pooler that refuses these is asked by a statement. */
const FURTHER: Readonly<Record<string, string>> = {
  IntervalStyle: "postgres",
  // Otherwise bytes come in another form, floats are rounded, and NULL in an array is a text.
  bytea_output: "hex",
  extra_float_digits: "1",
  array_nulls: "on",
  // "x = null" means what the standard says; XML and money have one form.
  transform_null_equals: "off",
  xmlbinary: "base64",
  xmloption: "content",
  lc_monetary: "C",
  // An index may otherwise give a part of what it finds.
  gin_fuzzy_search_limit: "0",
  // The functions of this layer lock what they read, and count on what they see then.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  // Nobody reads notices.
  client_min_messages: "error",
  // It spends seconds on compiling what runs for milliseconds.
  jit: "off",
};

/** A statement whose client is gone ends within seconds. A server on Windows refuses it. */
const CONNECTION_CHECK: Readonly<Record<string, string>> = {
  client_connection_check_interval: "5s",
};

/** How a session gets its settings; the first that a server takes. */
export type SettingsWay = "startup" | "statement" | "statement without check";

/** The ways, in the order in which they are tried. */
export const WAYS: readonly SettingsWay[] = ["startup", "statement", "statement without check"];

/** The settings of the startup message. */
export function startupSettings(target: Target, way: SettingsWay): Record<string, string> {
  return {
    user: target.user,
    database: target.database,
    application_name: target.applicationName ?? "netraven-db",
    ...TRACKED,
    ...(way === "startup" ? { ...FURTHER, ...CONNECTION_CHECK } : {}),
  };
}

/** A statement that sets what the startup message did not; undefined where that was all. */
export function settingsStatement(way: SettingsWay): string | undefined {
  if (way === "startup") return undefined;
  const settings = { ...FURTHER, ...(way === "statement" ? CONNECTION_CHECK : {}) };
  const calls = Object.entries(settings).map(([name, value]) =>
    `set_config('${name}', '${value}', false)`
  );
  return `select ${calls.join(", ")}`;
}

/** Whether a setting has its value only after that statement. */
export function isStatedLater(name: string, way: SettingsWay): boolean {
  return way !== "startup" && name in FURTHER;
}

/** What a server reports of these, as it writes it. `integer_datetimes` is how it was built. */
const REPORTED: ReadonlyMap<string, string> = new Map([
  ["client_encoding", "UTF8"],
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
  ["integer_datetimes", "on"],
  ["standard_conforming_strings", "on"],
]);

/** Whether a setting that the server reports is one that this layer can read values by. */
export function isAsStated(name: string, value: string): boolean {
  const stated = REPORTED.get(name);
  return stated === undefined || stated === value;
}
