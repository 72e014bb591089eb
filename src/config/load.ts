/**
 * YAML and environment, checked; the only file that reads either. A message
 * names file, line and key path, and never repeats a value: any of them may be
 * a password in the wrong place.
 */

import { readdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { expand, FILE, type LogLevel, OPTIONS, type Text, type VaultSection } from "./schema.ts";
import { isKeyId } from "../vault/envelope.ts";
import { type Variable, variablesOf } from "./environment.ts";
import { ConfigError } from "../errors.ts";
import type { Json } from "../json.ts";
import { fault, locatePlain, locateYaml, type Node, type Place } from "./located.ts";
import type { KeyRingConfig, KeySource } from "../vault/key_ring.ts";
import { parseDatabaseUrl, type Target } from "./url.ts";

/** Sizes of the pool. */
export interface PoolConfig {
  /** Connections, 1 to 1000. */
  readonly size: number;
  /** Callers that may wait for a connection, 0 to 1,000,000. */
  readonly queue: number;
  /** Milliseconds without use after which a connection is closed. Defaults to 180,000. */
  readonly idleTimeout: number;
  /**
   * Milliseconds after which a connection is replaced once nobody uses it, up to a tenth earlier.
   * Defaults to 1,800,000.
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

/** What is refused before it is sent. */
export interface LimitConfig {
  /** The most bytes that one parameter may have; 128 MiB unless told. */
  readonly parameterBytes: number;
}

/** What is logged. */
export interface LoggingConfig {
  readonly level: LogLevel;
  /** Milliseconds after which a query is warned of. */
  readonly slowQuery: number;
}

/** How to reach the database as the owner of its schema. */
export interface MigrationConfig {
  readonly target: Target;
  readonly ca: string | undefined;
  readonly plaintextHosts: readonly string[];
  readonly allowCleartextPassword: boolean;
}

/** The configuration as it is in force; frozen. */
export interface Config {
  /** Such as `dev`. */
  readonly environment: string;
  /** The YAML file that was read, if one was. */
  readonly file: string | undefined;
  readonly database: {
    readonly target: Target;
    /** `bundled`: make starts the development server. */
    readonly server: "bundled" | "external";
    /** PEM text of the certificates to trust; undefined: those that the system trusts. */
    readonly ca: string | undefined;
    /** Hosts beside this machine's own that may be spoken to without encryption. */
    readonly plaintextHosts: readonly string[];
    /** Whether a server whose certificate is not checked may have the password in clear text. */
    readonly allowCleartextPassword: boolean;
    readonly pool: PoolConfig;
    readonly timeouts: TimeoutConfig;
    readonly limits: LimitConfig;
    /**
     * For migrations: `DATABASE_MIGRATION_URL`, else `DATABASE_URL`, else `database.migration_url` of the file, else
     * `database.url`; with `options.url` that one. Looked up when it is asked for, so that a program that only
     * connects needs neither the variable nor the permission to read it.
     *
     * @throws ConfigError as `loadConfig`
     */
    migration(): Promise<MigrationConfig>;
  };
  readonly logging: LoggingConfig;
  /** Where the keys of sealed columns stand; undefined where nobody said. */
  readonly vault: KeyRingConfig | undefined;
  /** Defaults of the system settings. */
  readonly settings: Readonly<Record<string, Json>>;
  /**
   * The raw text of `NETRAVEN_SETTING_<KEY>`, if it is set: the key in upper case with `_` for every character
   * that is no letter from A to Z and no digit. Reads that one variable, as it is now, so that no permission for
   * the whole environment is needed.
   *
   * @throws ConfigError where the process may not read the variable
   */
  settingOverride(key: string): string | undefined;
}

/** What a caller can give in place of the files and the environment; each beats both. */
export interface ConfigOptions {
  /** The database; alone, it makes any file unnecessary, and none is read. */
  readonly url?: string | undefined;
  /** Instead of `NETRAVEN_ENV`. */
  readonly environment?: string | undefined;
  /** The folder that holds `<environment>.yaml`, instead of `NETRAVEN_CONFIG_DIR`. */
  readonly directory?: string | undefined;
  readonly pool?: Partial<PoolConfig> | undefined;
  readonly timeouts?: Partial<TimeoutConfig> | undefined;
  readonly limits?: Partial<LimitConfig> | undefined;
  /** Where the server asks for the password in clear text (LDAP, PAM, RADIUS) and TLS does not prove who it is. */
  readonly allowCleartextPassword?: boolean | undefined;
  /**
   * `ca`: PEM text. `plaintextHosts`: hosts that may be spoken to without encryption; those of
   * this machine always may.
   */
  readonly tls?:
    | { readonly ca?: string | undefined; readonly plaintextHosts?: readonly string[] | undefined }
    | undefined;
  readonly logging?: Partial<LoggingConfig> | undefined;
  /** The key ring: which key seals, and where each stands. */
  readonly vault?:
    | { readonly active: string; readonly keys: Readonly<Record<string, KeySource>> }
    | undefined;
  /** Defaults of system settings, key by key before those of the file. */
  readonly settings?: Readonly<Record<string, Json>> | undefined;
  /** Instead of the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Puts the configuration together and checks all of it.
 *
 * The URL is `options.url`, else `DATABASE_URL`, else `database.url` of the file. The file is
 * `<environment>.yaml` in `options.directory`, else `NETRAVEN_CONFIG_DIR`, else `config/environments` in the
 * working directory; the environment is `options.environment`, else `NETRAVEN_ENV`, else `dev`. With
 * `options.url` a file is read only where `options` name an environment or a directory. With `DATABASE_URL` the
 * file's other keys apply, and it may be missing where nobody named it. For the connect deadline, options beat
 * the URL's `connect_timeout`, which beats the file; for the certificates, options beat the URL's `sslrootcert`
 * (relative to the working directory), which beats `database.tls.ca` (relative to the file).
 *
 * On Deno it takes `--allow-env=DATABASE_URL,NETRAVEN_*`; where a file is read also `LOG_STREAM`, `LOG_TOKENS` and
 * the variables that the file names, and `--allow-read` for its folder. With `DATABASE_URL` alone the folder is
 * still looked into, so it must be allowed; with `options.url` alone it is not.
 *
 * @throws ConfigError with file, key path and line where there are such
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
  const times = { ...file.database?.timeouts };
  const ca = await certificates(given.tls?.ca, url, target, file.database?.tls?.ca);
  const plaintextHosts = Object.freeze(
    (given.tls?.plaintextHosts ?? file.database?.tls?.plaintext_hosts ?? []).map(expand),
  );
  const allowCleartext = given.allowCleartextPassword ?? file.database?.allow_cleartext_password ??
    false;
  return Object.freeze({
    environment: environment ?? "dev",
    file: root?.source.file,
    database: Object.freeze({
      target,
      server: urlGiven === undefined ? file.database?.server ?? "external" : "external",
      ca,
      plaintextHosts,
      allowCleartextPassword: allowCleartext,
      pool: Object.freeze({
        size: given.pool?.size ?? file.database?.pool?.size ?? 10,
        queue: given.pool?.queue ?? file.database?.pool?.queue ?? 10_000,
        // Cloud NATs and load balancers forget a quiet connection after four to six minutes.
        idleTimeout: given.pool?.idleTimeout ?? file.database?.pool?.idle_timeout_ms ?? 180_000,
        maxLifetime: given.pool?.maxLifetime ?? file.database?.pool?.max_lifetime_ms ?? 1_800_000,
      }),
      timeouts: Object.freeze({
        connect: given.timeouts?.connect ?? target.connectTimeout ?? times.connect_ms ?? 5_000,
        acquire: given.timeouts?.acquire ?? times.acquire_ms ?? 10_000,
        statement: given.timeouts?.statement ?? times.statement_ms ?? 30_000,
        transaction: given.timeouts?.transaction ?? times.transaction_ms ?? 60_000,
      }),
      limits: Object.freeze({
        parameterBytes: given.limits?.parameterBytes ?? file.database?.limits?.parameter_bytes ??
          134_217_728,
      }),
      async migration() {
        const own = urlOfOwner(
          options,
          variable,
          urlGiven ? undefined : file.database?.migration_url,
        );
        const rest = { plaintextHosts, allowCleartextPassword: allowCleartext };
        if (own === undefined) return { target, ca, ...rest };
        const owner = targetOf(own);
        return {
          ...rest,
          target: owner,
          ca: await certificates(given.tls?.ca, own, owner, file.database?.tls?.ca),
        };
      },
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

// --- Which file, and its text

interface WantedFile {
  readonly environment: string;
  readonly directory: string;
  readonly file: string;
  /** Somebody named the environment or the folder, so it has to be there. */
  readonly named: boolean;
}

function environmentOf(options: ConfigOptions, variable: Variable): string | undefined {
  const environment = options.environment ?? variable("NETRAVEN_ENV");
  if (environment !== undefined && !isEnvironment(environment)) {
    throw new ConfigError(
      "The environment's name is not usable: write lower-case letters, digits, hyphens and underscores, as in prod",
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
      "The name of the folder is empty or unusable: write one, or leave it out",
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
  if (name === "NotCapable") return "the process may not (on Deno, add it to --allow-read)";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return `the system says ${typeof code === "string" ? code : "no reason"}`;
}

async function whatExists(wanted: WantedFile): Promise<string> {
  const otherwise = "or give the database alone, as DATABASE_URL or connect({ url })";
  let names: string[];
  try {
    names = await readdir(wanted.directory);
  } catch {
    return `there is no folder ${wanted.directory}; name another in NETRAVEN_CONFIG_DIR, ${otherwise}`;
  }
  const known = names
    .filter((name) => name.endsWith(".yaml") && isEnvironment(name.slice(0, -5)))
    .map((name) => name.slice(0, -5))
    .sort();
  return `${wanted.directory} has ${
    known.length === 0 ? "none" : known.join(", ")
  }; choose one in NETRAVEN_ENV, ${otherwise}`;
}

/** UTF-8 with or without a byte order mark; other encodings would silently change a password. */
function decodeText(bytes: Uint8Array, place: Place): string {
  if (bytes.length > 1_000_000) throw new ConfigError("The file is larger than 1 MB", place);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError("The file is not UTF-8: save it in that encoding", place);
  }
}

// --- The database's place and certificates

/** A URL, and how to complain of it at the place it came from. */
interface Url {
  readonly text: string;
  /** More advice for a URL that cannot be read. */
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

/** The URL for migrations, where it is another one. */
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
    ? "; what a ${VAR} puts into a URL must be percent-encoded already"
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
  // Neither of these modes fails without a trusted certificate: the authority would protect nothing.
  if (pem !== undefined && (target.sslMode === "prefer" || target.sslMode === "allow")) {
    throw url.fault(
      "A certificate authority is given, but the URL does not insist on TLS: add sslmode=verify-full to it",
    );
  }
  return pem;
}

async function readPem(path: string, complaint: (message: string) => ConfigError): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw complaint(
      isMissing(error)
        ? "The file with the certificates is missing (in YAML its path is relative to the YAML file, in a URL to the working directory)"
        : `Cannot read the file with the certificates: ${readProblem(error)}`,
    );
  }
  return checkPem(new TextDecoder().decode(bytes), complaint);
}

function checkPem(pem: string, complaint: (message: string) => ConfigError): string {
  if (!/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.test(pem)) {
    throw complaint(
      'There is no certificate in it: it takes PEM text with "-----BEGIN CERTIFICATE-----"',
    );
  }
  return pem;
}

// --- The key ring

/** Checks where the keys should stand; whether they do is seen when one is needed. */
function keyRingOf(
  section: VaultSection | undefined,
  root: Node | undefined,
  variable: Variable,
): KeyRingConfig | undefined {
  if (section === undefined) return undefined;
  const place = (key: string) => ({
    ...(root?.source.file === undefined ? {} : { file: root.source.file }),
    path: `vault.${key}`,
  });
  const { active, keys } = section;
  if (active === undefined) {
    throw new ConfigError("The key is missing: name the key that seals", place("active"));
  }
  if (keys === undefined || keys.size === 0) {
    throw new ConfigError("The key is missing: say where each key stands", place("keys"));
  }
  const folder = dirname(root?.source.file ?? "");
  const sources = new Map<string, KeySource>();
  for (const [keyId, { env, file }] of keys) {
    if (!isKeyId(keyId)) {
      throw new ConfigError(
        "A key's name is not usable: write lower-case letters, digits, hyphens and underscores, at most 63",
        place("keys"),
      );
    }
    if ((env === undefined) === (file === undefined)) {
      throw new ConfigError(
        "The key stands in one place: write either env or file",
        place(`keys.${keyId}`),
      );
    }
    if (env !== undefined) {
      const name = expand(env);
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw fault(env, "The value is no name of an environment variable: write the name alone");
      }
      sources.set(keyId, { env: name });
    } else if (file !== undefined) {
      const path = expand(file);
      if (!isFolderName(path)) throw fault(file, "The file's name is empty or unusable: write one");
      sources.set(keyId, { file: isAbsolute(path) ? path : join(folder, path) });
    }
  }
  const name = expand(active);
  if (!sources.has(name)) {
    throw fault(active, "The active key is none of vault.keys: add it there, or name another one");
  }
  return Object.freeze({
    active: name,
    sources: Object.freeze(Object.fromEntries(sources)),
    variable,
  });
}
