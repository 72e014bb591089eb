/**
 * Loads and checks the configuration. Only this file reads the YAML file and the
 * environment. A message names file, line and key path, and never repeats a value:
 * any value may be a misplaced password.
 */

import { readdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { expand, FILE, OPTIONS, type Text, type VaultSection } from "./schema.ts";
import { isKeyId } from "../vault/envelope.ts";
import { type Variable, variablesOf } from "./environment.ts";
import { ConfigError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { LogLevel } from "../telemetry/logger.ts";
import { fault, locatePlain, locateYaml, type Location, type Node } from "./located.ts";
import type { KeyRingConfig, KeySource } from "../vault/key_ring.ts";
import { parseDatabaseUrl, type Target } from "./url.ts";

/** Limits of the pool. */
export interface PoolConfig {
  /** Maximum connections, 1 to 1000. Defaults to 10. */
  readonly size: number;
  /** Maximum callers that wait for a connection, 0 to 1,000,000. Defaults to 10,000. */
  readonly queue: number;
  /** Idle milliseconds after which the pool closes a connection. Defaults to 180,000. */
  readonly idleTimeout: number;
  /**
   * Maximum age of a connection in milliseconds, reduced at random by up to a tenth. The pool then
   * replaces the connection once it is idle. Defaults to 1,800,000.
   */
  readonly maxLifetime: number;
}

/** Deadlines in milliseconds. */
export interface TimeoutConfig {
  readonly connect: number;
  readonly acquire: number;
  readonly statement: number;
  readonly transaction: number;
}

/** Limits of the statements that the layer sends. */
export interface LimitConfig {
  /** Maximum bytes of one parameter. Defaults to 128 MiB. */
  readonly parameterBytes: number;
}

/** Limits of the log. */
export interface LoggingConfig {
  readonly level: LogLevel;
  /** Milliseconds after which a query is logged as slow. */
  readonly slowQuery: number;
}

/** The connection of the schema's owner. */
export interface MigrationConfig {
  readonly target: Target;
  readonly ca: string | undefined;
  readonly plaintextHosts: readonly string[];
  readonly allowCleartextPassword: boolean;
}

/** The effective configuration; frozen. */
export interface Config {
  /** The environment's name, such as `dev`. */
  readonly environment: string;
  /** The YAML file that was read; undefined if none was. */
  readonly file: string | undefined;
  readonly database: {
    readonly target: Target;
    /** `bundled`: make starts the development server. */
    readonly server: "bundled" | "external";
    /** The trusted certificates as PEM text. Defaults to the certificates that the system trusts. */
    readonly ca: string | undefined;
    /** Remote hosts to which unencrypted connections are allowed. */
    readonly plaintextHosts: readonly string[];
    /** Whether a server may receive the password in clear text although its certificate is not checked. */
    readonly allowCleartextPassword: boolean;
    readonly pool: PoolConfig;
    readonly timeouts: TimeoutConfig;
    readonly limits: LimitConfig;
    /**
     * Loads the connection for migrations: `options.url`, else `DATABASE_MIGRATION_URL`, else `DATABASE_URL`,
     * else `database.migration_url` of the file, else `database.url`. The variable is read on call: a program
     * that only connects needs no permission to read it.
     *
     * @throws {ConfigError} as `loadConfig`
     */
    migration(): Promise<MigrationConfig>;
  };
  readonly logging: LoggingConfig;
  /** The sources of the keys for sealed columns; undefined if none are configured. */
  readonly vault: KeyRingConfig | undefined;
  /** Defaults of the system settings. */
  readonly settings: Readonly<Record<string, Json>>;
  /**
   * Returns the current text of `NETRAVEN_SETTING_<KEY>`; undefined if it is not set. `<KEY>` is the key in upper
   * case, with `_` for every character other than A to Z and 0 to 9. Reads only that variable, so that the process
   * needs no permission for the whole environment.
   *
   * @throws {ConfigError} the process may not read the variable
   */
  settingOverride(key: string): string | undefined;
}

/** Options of the caller. They override the file and the environment. */
export interface ConfigOptions {
  /** The database's URL. If it is the only option, no file is read. */
  readonly url?: string | undefined;
  /** Overrides `NETRAVEN_ENV`. */
  readonly environment?: string | undefined;
  /** The folder of `<environment>.yaml`. Overrides `NETRAVEN_CONFIG_DIR`. */
  readonly directory?: string | undefined;
  readonly pool?: Partial<PoolConfig> | undefined;
  readonly timeouts?: Partial<TimeoutConfig> | undefined;
  readonly limits?: Partial<LimitConfig> | undefined;
  /** Allows a password in clear text (LDAP, PAM, RADIUS) if TLS does not verify the server's identity. */
  readonly allowCleartextPassword?: boolean | undefined;
  /**
   * `ca`: PEM text. `plaintextHosts`: remote hosts to which unencrypted connections are allowed; connections
   * within this machine always are.
   */
  readonly tls?:
    | { readonly ca?: string | undefined; readonly plaintextHosts?: readonly string[] | undefined }
    | undefined;
  readonly logging?: Partial<LoggingConfig> | undefined;
  /** The key ring: the active key, and the source of each key. */
  readonly vault?:
    | { readonly active: string; readonly keys: Readonly<Record<string, KeySource>> }
    | undefined;
  /** Defaults of system settings. Each key overrides the same key of the file. */
  readonly settings?: Readonly<Record<string, Json>> | undefined;
  /** Replaces the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Loads and checks the whole configuration.
 *
 * The URL is `options.url`, else `DATABASE_URL`, else `database.url` of the file. The file is
 * `<environment>.yaml` in `options.directory`, else `NETRAVEN_CONFIG_DIR`, else `config/environments` in the
 * working directory; the environment is `options.environment`, else `NETRAVEN_ENV`, else `dev`. With
 * `options.url` a file is read only if `options` name an environment or a directory. With `DATABASE_URL` the
 * file's other keys apply, and the file may be missing if nobody named it. For the connect deadline, options override
 * the URL's `connect_timeout`, which overrides the file; for the certificates, options override the URL's
 * `sslrootcert` (relative to the working directory), which overrides `database.tls.ca` (relative to the file).
 *
 * Deno needs `--allow-env=DATABASE_URL,NETRAVEN_*`. To read a file, it also needs `LOG_STREAM`, `LOG_TOKENS`,
 * the variables that the file names, and `--allow-read` for the folder. With `DATABASE_URL` alone, the loader still
 * looks for the file, so Deno needs `--allow-read`; with `options.url` alone, it does not.
 *
 * @throws {ConfigError} with file, key path and line if they are known
 */
export async function loadConfig(options: ConfigOptions = {}): Promise<Config> {
  const variable = variablesOf(options.env ?? process.env);
  const { pool, timeouts, limits, allowCleartextPassword, tls, logging, vault, settings } = options;
  const given = OPTIONS(
    locatePlain({ pool, timeouts, limits, allowCleartextPassword, tls, logging, vault, settings }),
  );

  const urlGiven = urlOfCaller(options, variable);
  const alone = options.url !== undefined && options.environment === undefined &&
    options.directory === undefined;
  const environment = environmentOf(options, variable);
  const wanted = alone ? undefined : wantedFile(options, variable, environment);
  const root = wanted && await loadFile(wanted, urlGiven !== undefined, variable);
  const file = root === undefined ? {} : FILE(root);

  const url = urlGiven ?? urlOfFile(file.database?.url, wanted?.file);
  const target = targetOf(url);
  const ca = await certificates(given.tls?.ca, url, target, file.database?.tls?.ca);
  const trust = trustOf(given, file.database);
  const migration = async () => {
    const own = urlOfOwner(options, variable, urlGiven ? undefined : file.database?.migration_url);
    if (own === undefined) return { target, ca, ...trust };
    const owner = targetOf(own);
    const ownCa = await certificates(given.tls?.ca, own, owner, file.database?.tls?.ca);
    return { target: owner, ca: ownCa, ...trust };
  };
  return Object.freeze({
    environment: environment ?? "dev",
    file: root?.source.file,
    database: Object.freeze({
      target,
      server: urlGiven === undefined ? file.database?.server ?? "external" : "external",
      ca,
      ...trust,
      pool: poolOf(given.pool, file.database?.pool),
      timeouts: timeoutsOf(given.timeouts, target, file.database?.timeouts),
      limits: Object.freeze({
        parameterBytes: given.limits?.parameterBytes ?? file.database?.limits?.parameter_bytes ??
          134_217_728,
      }),
      migration,
    }),
    logging: Object.freeze({
      level: given.logging?.level ?? file.logging?.level ?? "info",
      slowQuery: given.logging?.slowQuery ?? file.logging?.slow_query_ms ?? 1_000,
    }),
    vault: keyRingOf(
      given.vault ?? file.vault,
      given.vault === undefined ? root : undefined,
      variable,
    ),
    settings: Object.freeze({ ...file.settings, ...given.settings }),
    settingOverride: (key: string) =>
      variable(`NETRAVEN_SETTING_${key.toUpperCase().replace(/[^A-Z0-9]/gu, "_")}`),
  });
}

// --- Sections: the caller's value, else the file's, else the default

type FileDatabase = NonNullable<ReturnType<typeof FILE>["database"]>;
type Given = ReturnType<typeof OPTIONS>;

function trustOf(
  given: Given,
  file: FileDatabase | undefined,
): Pick<MigrationConfig, "plaintextHosts" | "allowCleartextPassword"> {
  const hosts = given.tls?.plaintextHosts ?? file?.tls?.plaintext_hosts ?? [];
  return {
    plaintextHosts: Object.freeze(hosts.map(expand)),
    allowCleartextPassword: given.allowCleartextPassword ?? file?.allow_cleartext_password ?? false,
  };
}

function poolOf(given: Given["pool"], file: FileDatabase["pool"]): PoolConfig {
  return Object.freeze({
    size: given?.size ?? file?.size ?? 10,
    queue: given?.queue ?? file?.queue ?? 10_000,
    // Cloud NATs and load balancers drop an idle connection after four to six minutes.
    idleTimeout: given?.idleTimeout ?? file?.idle_timeout_ms ?? 180_000,
    maxLifetime: given?.maxLifetime ?? file?.max_lifetime_ms ?? 1_800_000,
  });
}

function timeoutsOf(
  given: Given["timeouts"],
  target: Target,
  file: FileDatabase["timeouts"],
): TimeoutConfig {
  return Object.freeze({
    connect: given?.connect ?? target.connectTimeout ?? file?.connect_ms ?? 5_000,
    acquire: given?.acquire ?? file?.acquire_ms ?? 10_000,
    statement: given?.statement ?? file?.statement_ms ?? 30_000,
    transaction: given?.transaction ?? file?.transaction_ms ?? 60_000,
  });
}

// --- The file

interface WantedFile {
  readonly environment: string;
  readonly directory: string;
  readonly file: string;
  /** The caller or the environment named the file, so it must exist. */
  readonly named: boolean;
}

function environmentOf(options: ConfigOptions, variable: Variable): string | undefined {
  const environment = options.environment ?? variable("NETRAVEN_ENV");
  if (environment !== undefined && !isEnvironment(environment)) {
    throw new ConfigError(
      "The environment's name is invalid: write lower-case letters, digits, hyphens and underscores, as in prod",
      { path: options.environment === undefined ? "NETRAVEN_ENV" : "environment" },
    );
  }
  return environment;
}

function wantedFile(
  options: ConfigOptions,
  variable: Variable,
  environment: string | undefined,
): WantedFile {
  const directory = options.directory ?? variable("NETRAVEN_CONFIG_DIR");
  if (directory !== undefined && !isFolderName(directory)) {
    throw new ConfigError(
      "The folder's name is empty or invalid: write a name, or remove it",
      {
        path: options.directory === undefined ? "NETRAVEN_CONFIG_DIR" : "directory",
      },
    );
  }
  const folder = directory ?? join("config", "environments");
  return {
    environment: environment ?? "dev",
    directory: folder,
    file: join(folder, `${environment ?? "dev"}.yaml`),
    named: environment !== undefined || directory !== undefined,
  };
}

function isFolderName(name: unknown): boolean {
  return typeof name === "string" && name !== "" && !name.includes("\0");
}

function isEnvironment(name: unknown): boolean {
  return typeof name === "string" && /^[a-z][a-z0-9_-]{0,62}$/.test(name);
}

async function loadFile(
  wanted: WantedFile,
  replaced: boolean,
  variable: Variable,
): Promise<Node | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(wanted.file);
  } catch (error) {
    if (!isMissing(error)) {
      throw new ConfigError(`Cannot read the file: ${readProblem(error)}`, { file: wanted.file });
    }
    if (replaced && !wanted.named) return undefined;
    throw new ConfigError(
      `The file of the environment "${wanted.environment}" is missing: ${await whatExists(wanted)}`,
      {
        file: wanted.file,
      },
    );
  }
  const source = { file: wanted.file, variable };
  return await locateYaml(decodeText(bytes, { file: wanted.file }), source);
}

function isMissing(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function readProblem(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === "NotCapable") return "permission denied (on Deno, add it to --allow-read)";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return `the system says ${typeof code === "string" ? code : "no reason"}`;
}

async function whatExists(wanted: WantedFile): Promise<string> {
  const otherwise = "or pass only the database's URL, as DATABASE_URL or connect({ url })";
  let names: string[];
  try {
    names = await readdir(wanted.directory);
  } catch {
    return `the folder ${wanted.directory} does not exist; set NETRAVEN_CONFIG_DIR to another folder, ${otherwise}`;
  }
  const known = names
    .filter((name) => name.endsWith(".yaml") && isEnvironment(name.slice(0, -5)))
    .map((name) => name.slice(0, -5))
    .sort();
  return `${wanted.directory} has ${
    known.length === 0 ? "no environments" : known.join(", ")
  }; set NETRAVEN_ENV to one of them, ${otherwise}`;
}

/** Decodes UTF-8 with or without a byte order mark; another encoding would silently change a password. */
function decodeText(bytes: Uint8Array, location: Location): string {
  if (bytes.length > 1_000_000) throw new ConfigError("The file is larger than 1 MB", location);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError("The file is not UTF-8: save it as UTF-8", location);
  }
}

// --- The database's URL and certificates

/** A URL, with a function that makes errors for its location. */
interface Url {
  readonly text: string;
  /** Further advice for an invalid URL. */
  readonly hint: string;
  fault(message: string): ConfigError;
}

function urlOfCaller(options: ConfigOptions, variable: Variable): Url | undefined {
  const path = options.url === undefined ? "DATABASE_URL" : "url";
  const text = options.url ?? variable("DATABASE_URL");
  if (text === undefined) return undefined;
  return { text, hint: "", fault: (message) => new ConfigError(message, { path }) };
}

function urlOfFile(node: Text | undefined, file = ""): Url {
  if (node === undefined) {
    throw new ConfigError("The key is missing: write the database's URL, or set DATABASE_URL", {
      file,
      path: "database.url",
    });
  }
  return urlIn(node);
}

/** Returns the URL for migrations; undefined if it is the program's URL. */
function urlOfOwner(
  options: ConfigOptions,
  variable: Variable,
  node: Text | undefined,
): Url | undefined {
  if (options.url !== undefined) return undefined;
  const path = "DATABASE_MIGRATION_URL";
  const text = variable(path);
  if (text === undefined) return node && urlIn(node);
  return { text, hint: "", fault: (message) => new ConfigError(message, { path }) };
}

function urlIn(node: Text): Url {
  const hint = node.value.includes("${")
    ? "; the value of a ${VAR} in a URL must already be percent-encoded"
    : "";
  return { text: expand(node), hint, fault: (message) => fault(node, message) };
}

function targetOf(url: Url): Target {
  try {
    return parseDatabaseUrl(url.text);
  } catch (error) {
    throw error instanceof ConfigError ? url.fault(error.message + url.hint) : error;
  }
}

async function certificates(
  given: Text | undefined,
  url: Url,
  target: Target,
  inFile: Text | undefined,
): Promise<string | undefined> {
  if (given === undefined && target.sslRootCert === "system") return undefined;
  let pem: string | undefined;
  if (given !== undefined) {
    pem = checkPem(given.value, (message) => fault(given, message));
  } else if (target.sslRootCert !== undefined) {
    pem = await readPem(target.sslRootCert, (message) => url.fault(`sslrootcert: ${message}`));
  } else if (inFile !== undefined) {
    const path = expand(inFile);
    const folder = dirname(inFile.source.file ?? "");
    pem = await readPem(
      isAbsolute(path) ? path : join(folder, path),
      (message) => fault(inFile, message),
    );
  }
  // These modes accept any certificate: the authority would protect nothing.
  if (pem !== undefined && (target.sslMode === "prefer" || target.sslMode === "allow")) {
    throw url.fault(
      "The certificate authority has no effect, because the URL does not require TLS: add sslmode=verify-full to it",
    );
  }
  return pem;
}

async function readPem(path: string, makeError: (message: string) => ConfigError): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw makeError(
      isMissing(error)
        ? "The certificate file is missing (a path in YAML is relative to the YAML file, a path in a URL to the working directory)"
        : `Cannot read the certificate file: ${readProblem(error)}`,
    );
  }
  return checkPem(new TextDecoder().decode(bytes), makeError);
}

function checkPem(pem: string, makeError: (message: string) => ConfigError): string {
  if (!/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.test(pem)) {
    throw makeError(
      'The text contains no certificate: write PEM text with "-----BEGIN CERTIFICATE-----"',
    );
  }
  return pem;
}

// --- The key ring

/** Checks the sources of the keys. The keys are read when one is needed. */
function keyRingOf(
  section: VaultSection | undefined,
  root: Node | undefined,
  variable: Variable,
): KeyRingConfig | undefined {
  if (section === undefined) return undefined;
  const location = (key: string) => ({
    ...(root?.source.file === undefined ? {} : { file: root.source.file }),
    path: `vault.${key}`,
  });
  const { active, keys } = section;
  if (active === undefined) {
    throw new ConfigError("The key is missing: name the key that seals", location("active"));
  }
  if (keys === undefined || keys.size === 0) {
    throw new ConfigError("The key is missing: write the source of each key", location("keys"));
  }
  const folder = dirname(root?.source.file ?? "");
  const sources = new Map<string, KeySource>();
  for (const [keyId, { env, file }] of keys) {
    if (!isKeyId(keyId)) {
      throw new ConfigError(
        "A key's name is invalid: write lower-case letters, digits, hyphens and underscores, at most 63",
        location("keys"),
      );
    }
    if ((env === undefined) === (file === undefined)) {
      throw new ConfigError(
        "The key must have exactly one source: write either env or file",
        location(`keys.${keyId}`),
      );
    }
    if (env !== undefined) {
      const name = expand(env);
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw fault(
          env,
          "The value is not the name of an environment variable: write only the name",
        );
      }
      sources.set(keyId, { env: name });
    } else if (file !== undefined) {
      const path = expand(file);
      if (!isFolderName(path)) {
        throw fault(file, "The file's name is empty or invalid: write a name");
      }
      sources.set(keyId, { file: isAbsolute(path) ? path : join(folder, path) });
    }
  }
  const name = expand(active);
  if (!sources.has(name)) {
    throw fault(active, "The active key is not in vault.keys: add it there, or name another key");
  }
  return Object.freeze({
    active: name,
    sources: Object.freeze(Object.fromEntries(sources)),
    variable,
  });
}
