/**
 * Parses the connection URL. The driver does not: it takes an empty URL for
 * localhost, misreads `[::1]` and sends unknown parameters to the server. This
 * parser refuses ambiguous URLs. No message repeats any part of the URL: in a
 * malformed URL, any part may be the password.
 */

import { isIPv4, isIPv6 } from "node:net";
import { ConfigError } from "../errors.ts";

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/** Whether TLS is required and the server's certificate is verified: libpq's `sslmode`. */
export type SslMode = typeof SSL_MODES[number];

const CHANNEL_BINDINGS = ["prefer", "require", "disable"] as const;

/** Whether a login must be bound to the server's certificate: libpq's `channel_binding`. */
export type ChannelBindingMode = typeof CHANNEL_BINDINGS[number];

/** The server, the database and the user of a connection. */
export interface Target {
  /** A host name, an IPv4 address, an IPv6 address without brackets, or the absolute path of a socket's folder. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Defaults to the user's name. */
  readonly database: string;
  readonly applicationName: string | undefined;
  /** Milliseconds; `connect_timeout` in the URL is in seconds. */
  readonly connectTimeout: number | undefined;
  /**
   * The URL's `sslmode`. Defaults to `prefer`, with `sslrootcert=system` to `verify-full`. As in libpq,
   * `require` together with a root certificate means `verify-ca`: `socket.ts` applies that.
   */
  readonly sslMode: SslMode;
  /** The path of a PEM file, or `system` for the certificates that the system trusts. */
  readonly sslRootCert: string | undefined;
  /** The URL's `channel_binding`. Defaults to `prefer`. */
  readonly channelBinding: ChannelBindingMode;
  /** Returns the password; empty if the URL has none. A method, so that printing or copying a target hides it. */
  password(): string;
}

const EXAMPLE = "postgres://user:password@host:5432/database";
const PARAMETERS = [
  "application_name",
  "channel_binding",
  "connect_timeout",
  "host",
  "sslmode",
  "sslrootcert",
] as const;
type Parameter = typeof PARAMETERS[number];

/**
 * Parses `postgres://user:password@host:port/database?parameter=value`.
 *
 * The scheme is `postgres` or `postgresql`. The user and the host are required. The port defaults to 5432, the
 * database to the user's name. User, password, database and values of parameters are percent-encoded UTF-8.
 * Parameters: `application_name`, `channel_binding`, `connect_timeout` (seconds), `host` (replaces the URL's host,
 * for the folder of a Unix socket), `sslmode`, `sslrootcert`.
 *
 * @throws {ConfigError} The message names the correction and repeats only a parameter's name.
 */
export function parseDatabaseUrl(text: string): Target {
  const rest = afterScheme(text);
  refuseStrayCharacters(rest);

  const at = rest.indexOf("@");
  const end = rest.search(/[/?]/);
  if (at < 0) throw problem(`The URL names no user: write ${EXAMPLE}`);
  if (rest.indexOf("@", at + 1) >= 0) {
    throw problem(
      'The URL holds "@" more than once: percent-encode those inside a name or a password as %40',
    );
  }
  if (end >= 0 && end < at) {
    throw problem(
      'The URL has a "/" or "?" before its "@": percent-encode these in a user name or a password as %2F and %3F',
    );
  }
  const authority = rest.slice(at + 1, end < 0 ? undefined : end);
  const tail = end < 0 ? "" : rest.slice(end);
  const question = tail.indexOf("?");
  const path = question < 0 ? tail : tail.slice(0, question);

  const { user, password } = credentials(rest.slice(0, at));
  const parameters = readParameters(question < 0 ? "" : tail.slice(question + 1));
  const { host, port } = address(authority, parameters.get("host"));
  const sslRootCert = parameters.get("sslrootcert");
  return Object.freeze({
    host,
    port,
    user,
    database: databaseOf(path) ?? user,
    applicationName: parameters.get("application_name"),
    connectTimeout: timeoutOf(parameters.get("connect_timeout")),
    sslMode: sslModeOf(parameters.get("sslmode"), sslRootCert),
    sslRootCert,
    channelBinding: channelBindingOf(parameters.get("channel_binding")),
    password: () => password,
  });
}

/** Formats `user@host:port/database` for messages and logs: without the password, on one line. */
export function formatTarget(target: Target): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return `${target.user}@${host}:${target.port}/${target.database}`
    .replace(/[\p{C}\p{Z}]/gu, encodeURIComponent);
}

function problem(message: string): ConfigError {
  return new ConfigError(message);
}

function afterScheme(text: string): string {
  if (typeof text !== "string" || text.trim() === "") {
    throw problem(`The URL is empty: write ${EXAMPLE}`);
  }
  if (text.trim() !== text) {
    throw problem("The URL begins or ends with white space: remove it");
  }
  const scheme = /^postgres(?:ql)?:\/\//i.exec(text);
  if (scheme !== null) return text.slice(scheme[0].length);

  if (/^(?:jdbc:)?postgres(?:ql)?[+:].*:\/\/|^jdbc:/i.test(text)) {
    throw problem(
      "The URL's scheme belongs to another library's driver: write postgres:// instead",
    );
  }
  if (/^postgres(?:ql)?:/i.test(text)) {
    throw problem('The URL lacks a "//" after its scheme: write postgres://');
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw problem("The URL's scheme is not PostgreSQL's: write postgres:// (or postgresql://)");
  }
  throw problem(`The URL has no scheme: begin it with postgres://, as in ${EXAMPLE}`);
}

function refuseStrayCharacters(rest: string): void {
  // Invisible characters (Cf) and halves of surrogate pairs (Cs) are accidents of copying.
  if (/[\s\p{Cc}\p{Cf}\p{Cs}]/u.test(rest)) {
    throw problem(
      "The URL holds white space, a control or an invisible character: percent-encode it",
    );
  }
  if (rest.includes("#")) {
    throw problem(
      'The URL holds a "#": percent-encode it in a name or a password as %23; a URL of a database has no fragment',
    );
  }
}

/** Decodes percent-encoding. The message names `part` and does not repeat the text. */
function decode(text: string, part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw problem(
      `The URL's ${part} is not validly percent-encoded: write a "%" as %25, other bytes as UTF-8`,
    );
  }
  if (decoded.includes("\0")) {
    throw problem(`The URL's ${part} holds a NUL character, which PostgreSQL cannot store`);
  }
  return decoded;
}

function credentials(text: string): { user: string; password: string } {
  const colon = text.indexOf(":");
  const user = decode(colon < 0 ? text : text.slice(0, colon), "user");
  if (user === "") throw problem(`The URL names no user: write ${EXAMPLE}`);
  return { user, password: colon < 0 ? "" : decode(text.slice(colon + 1), "password") };
}

function address(authority: string, parameter: string | undefined): { host: string; port: number } {
  if (authority.includes(",")) throw problem("The URL names several hosts: write exactly one");

  const bracketed = /^\[([^\]]*)\](.*)$/.exec(authority);
  let host: string;
  let rest: string;
  if (bracketed !== null) {
    host = ipv6(bracketed[1] ?? "");
    rest = bracketed[2] ?? "";
  } else {
    const colon = authority.indexOf(":");
    if (colon !== authority.lastIndexOf(":")) {
      throw problem(
        'The URL has more than one ":" after its "@": write an IPv6 address in brackets, as in [::1]',
      );
    }
    rest = colon < 0 ? "" : authority.slice(colon);
    host = decode(colon < 0 ? authority : authority.slice(0, colon), "host");
    if (host !== "") checkHost(host);
  }
  const port = portOf(rest);

  if (parameter === undefined) {
    if (host === "") {
      throw problem(
        'The URL names no host: write one after the "@", or host=/folder for a Unix socket',
      );
    }
    return { host, port };
  }
  if (host !== "") {
    throw problem('The URL names a host and has the parameter "host" too: keep one of them');
  }
  if (isIPv6(parameter) && !parameter.includes("%")) return { host: parameter, port };
  checkHost(parameter);
  return { host: parameter, port };
}

function ipv6(text: string): string {
  // A zone names an interface of one machine, and no certificate can hold it.
  if (text.includes("%")) {
    throw problem("The URL's IPv6 address has a zone: write the address without it, or a name");
  }
  if (!isIPv6(text)) {
    throw problem("The URL's brackets do not contain an IPv6 address: write one, as in [::1]");
  }
  return text;
}

function checkHost(host: string): void {
  if (host.includes(",")) throw problem("The URL names several hosts: write exactly one");
  if (host.startsWith("/")) return;
  const labels = host.replace(/\.$/, "").split(".");
  const named = host.length <= 253 &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
  if (!named) {
    throw problem(
      "The URL's host is not a name, an address or an absolute folder: names have letters, digits, hyphens and dots (others as xn--)",
    );
  }
  // Systems differ in how they read 127.1 or 010.0.0.1.
  if (/^(?:\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? "") && !isIPv4(host)) {
    throw problem(
      "The URL's host is not an IPv4 address: write four decimal numbers from 0 to 255",
    );
  }
}

function portOf(text: string): number {
  if (text === "") return 5432;
  const port = /^:\d{1,5}$/.test(text) ? Number(text.slice(1)) : 0;
  if (port < 1 || port > 65535) {
    throw problem(
      'The URL\'s port is not a number from 1 to 65535 (write a "/", "?" or ":" in a password as %2F, %3F, %3A)',
    );
  }
  return port;
}

function databaseOf(path: string): string | undefined {
  const name = path.slice(1);
  if (name.includes("/")) {
    throw problem('The URL\'s database name holds a "/": percent-encode it as %2F, or remove it');
  }
  return name === "" ? undefined : decode(name, "database");
}

function readParameters(query: string): Map<Parameter, string> {
  const found = new Map<Parameter, string>();
  if (query === "") return found;
  for (const [index, text] of query.split("&").entries()) {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(equals, 0));
    // Text that does not look like a parameter's name may be the rest of a password.
    const called = /^[a-z_]{1,32}$/i.test(name) ? `parameter "${name}"` : `parameter ${index + 1}`;
    if (equals < 0) throw problem(`The URL's ${called} has no value: write name=value`);
    if (!isParameter(name)) {
      const hint = ["user", "password", "port", "dbname"].includes(name)
        ? `; write it as in ${EXAMPLE}`
        : "";
      throw problem(
        `The URL's ${called} is unknown: the known ones are ${PARAMETERS.join(", ")}${hint}`,
      );
    }
    if (found.has(name)) throw problem(`The URL's ${called} is written twice: keep one`);
    const value = decode(text.slice(equals + 1), called);
    if (value === "") throw problem(`The URL's ${called} is empty: write a value, or remove it`);
    found.set(name, value);
  }
  return found;
}

function isParameter(name: string): name is Parameter {
  return (PARAMETERS as readonly string[]).includes(name);
}

function timeoutOf(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const value = /^\d{1,4}$/.test(seconds) ? Number(seconds) : 0;
  // 0 waits forever in libpq. Every wait of this layer has a deadline.
  if (value < 1 || value > 3600) {
    throw problem(
      'The URL\'s parameter "connect_timeout" is not a whole number of seconds from 1 to 3600',
    );
  }
  return value * 1000;
}

function channelBindingOf(text: string | undefined): ChannelBindingMode {
  if (text === undefined) return "prefer";
  const mode = CHANNEL_BINDINGS.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw problem(
    `The URL's parameter "channel_binding" is not one of ${CHANNEL_BINDINGS.join(", ")}`,
  );
}

function sslModeOf(text: string | undefined, rootCert: string | undefined): SslMode {
  const system = rootCert === "system";
  if (text === undefined) return system ? "verify-full" : "prefer";
  const mode = SSL_MODES.find((known) => known === text);
  if (mode === undefined) {
    throw problem(`The URL's parameter "sslmode" is not one of ${SSL_MODES.join(", ")}`);
  }
  // Anybody can get a certificate that the system trusts: only the name identifies the server.
  if (system && mode !== "verify-full") {
    throw problem(
      "The URL has sslrootcert=system with a weaker sslmode: write sslmode=verify-full",
    );
  }
  return mode;
}
