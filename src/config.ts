/**
 * YAML and environment, checked; the only file that reads either. A message
 * names file, line and key path, and never repeats a value: any of them may be
 * a password in the wrong place.
 */

import { readdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import type * as Yaml from "yaml";
import { ConfigError } from "./errors.ts";
import type { Json } from "./json.ts";
import { parseDatabaseUrl, type Target } from "./url.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** What is logged: this level and those after it; `silent` is nothing. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Sizes of the pool. */
export interface PoolConfig {
  /** Connections, 1 to 1000. */
  readonly size: number;
  /** Callers that may wait for a connection, 0 to 1,000,000. */
  readonly queue: number;
}

/** Deadlines in milliseconds. */
export interface TimeoutConfig {
  readonly connect: number;
  readonly acquire: number;
  readonly statement: number;
  readonly transaction: number;
}

/** What is logged. */
export interface LoggingConfig {
  readonly level: LogLevel;
  /** Milliseconds after which a query is warned of. */
  readonly slowQuery: number;
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
    readonly pool: PoolConfig;
    readonly timeouts: TimeoutConfig;
  };
  readonly logging: LoggingConfig;
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
  /** `ca`: PEM text. */
  readonly tls?: { readonly ca?: string | undefined } | undefined;
  readonly logging?: Partial<LoggingConfig> | undefined;
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
  const { pool, timeouts, tls, logging, settings } = options;
  const given = OPTIONS(locatePlain({ pool, timeouts, tls, logging, settings }));

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
  return Object.freeze({
    environment: environment ?? "dev",
    file: root?.source.file,
    database: Object.freeze({
      target,
      server: urlGiven === undefined ? file.database?.server ?? "external" : "external",
      ca: await certificates(given.tls?.ca, url, target, file.database?.tls?.ca),
      pool: Object.freeze({
        size: given.pool?.size ?? file.database?.pool?.size ?? 10,
        queue: given.pool?.queue ?? file.database?.pool?.queue ?? 10_000,
      }),
      timeouts: Object.freeze({
        connect: given.timeouts?.connect ?? target.connectTimeout ?? times.connect_ms ?? 5_000,
        acquire: given.timeouts?.acquire ?? times.acquire_ms ?? 10_000,
        statement: given.timeouts?.statement ?? times.statement_ms ?? 30_000,
        transaction: given.timeouts?.transaction ?? times.transaction_ms ?? 60_000,
      }),
    }),
    logging: Object.freeze({
      level: given.logging?.level ?? file.logging?.level ?? "info",
      slowQuery: given.logging?.slowQuery ?? file.logging?.slow_query_ms ?? 1_000,
    }),
    settings: Object.freeze({ ...file.settings, ...given.settings }),
    settingOverride: (key: string) =>
      variable(`NETRAVEN_SETTING_${key.toUpperCase().replace(/[^A-Z0-9]/gu, "_")}`),
  });
}

// --- The environment

type Variable = (name: string) => string | undefined;

function variablesOf(env: Readonly<Record<string, string | undefined>>): Variable {
  return (name) => {
    let value: unknown;
    try {
      value = env[name];
    } catch {
      // Deno gives permissions by name and throws for the others.
      throw new ConfigError(
        `Cannot read the environment variable ${name}: the process may not (on Deno, allow --allow-env=${name})`,
        { path: name },
      );
    }
    // "constructor" and the like are found on every object.
    return typeof value === "string" ? value : undefined;
  };
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

// --- Values that know where they stand

type Place = { file?: string; path?: string; line?: number };

interface Source {
  readonly file: string | undefined;
  /** For `${VAR}`; undefined where texts are taken as they are. */
  readonly variable: Variable | undefined;
}

/** A value of the file or of the options, with its key path and the line of its key. */
interface Node {
  readonly source: Source;
  readonly path: string;
  readonly line: number | undefined;
  readonly value: string | number | boolean | null | readonly Node[] | ReadonlyMap<string, Node>;
}

type Spot = Omit<Node, "value">;

function fault(spot: Spot, message: string): ConfigError {
  return new ConfigError(message, {
    ...(spot.source.file === undefined ? {} : { file: spot.source.file }),
    ...(spot.path === "" ? {} : { path: spot.path }),
    ...(spot.line === undefined ? {} : { line: spot.line }),
  });
}

function childPath(path: string, key: string): string {
  // `url:postgres://…` without its space makes the URL a key: what does not look like a name is not shown.
  const shown = /^[\w.-]{1,60}$/.test(key) ? key : "(a key)";
  return path === "" ? shown : `${path}.${shown}`;
}

const MAX_DEPTH = 50;

function locatePlain(value: unknown, path = "", depth = 0): Node {
  const spot: Spot = { source: { file: undefined, variable: undefined }, path, line: undefined };
  if (depth > MAX_DEPTH) {
    throw fault(spot, `The value is nested more than ${MAX_DEPTH} deep, or in itself`);
  }
  if (
    value === null || typeof value === "string" || typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return { ...spot, value };
  }
  if (Array.isArray(value)) {
    return {
      ...spot,
      value: value.map((item, index) => locatePlain(item, `${path}[${index}]`, depth + 1)),
    };
  }
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw fault(spot, "The value is nothing that JSON can hold");
  }
  const entries = Object.entries(value as object)
    .filter(([, item]) => item !== undefined)
    .map((
      [key, item],
    ): [string, Node] => [key, locatePlain(item, childPath(path, key), depth + 1)]);
  return { ...spot, value: new Map(entries) };
}

async function locateYaml(text: string, source: Source): Promise<Node> {
  const root: Spot = { source, path: "", line: 1 };
  if (text.trim() === "") throw fault(root, "The file is empty: write at least database.url");

  // 55 ms to import: only where there is a file.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const lineAt = (node: Yaml.Node | null, otherwise: number | undefined) =>
    node?.range ? lines.linePos(node.range[0]).line : otherwise;
  const document = withoutTracing(source, () =>
    yaml.parseDocument(text, {
      schema: "core",
      merge: false,
      uniqueKeys: false, // found below, where the key path is known
      prettyErrors: false, // they quote the file
      lineCounter: lines,
    }));
  const [error] = document.errors;
  if (error !== undefined) {
    throw fault({ ...root, line: lines.linePos(error.pos[0]).line }, yamlProblem(error.code));
  }
  if (
    document.directives?.yaml.explicit || Object.keys(document.directives?.tags ?? {}).length > 1
  ) {
    throw fault(root, "Directives are not supported: remove the lines that begin with %");
  }
  if (document.contents === null) {
    throw fault(root, "The file holds only comments: write at least database.url");
  }

  let aliases = 0;
  return locate(document.contents, root, 0);

  function locate(node: Yaml.Node | null, spot: Spot, depth: number): Node {
    if (depth > MAX_DEPTH) {
      throw fault(spot, `The value is nested more than ${MAX_DEPTH} deep, or in itself`);
    }
    if (node === null) return { ...spot, value: null };
    if (yaml.isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) throw fault(spot, "The alias (*) has no anchor (&) before it");
      aliases += 1;
      if (aliases > 100) {
        throw fault(spot, "The file uses aliases (*) more than 100 times, the nested ones counted");
      }
      return locate(target, spot, depth + 1);
    }
    if (node.tag !== undefined) {
      throw fault(spot, "Tags (!) are not supported: write the value in quotes, or without it");
    }
    if (yaml.isMap(node)) return { ...spot, value: locateMap(node, spot, depth) };
    if (yaml.isSeq(node)) {
      const items = node.items.map((item, index) => {
        const child = item as Yaml.Node | null;
        return locate(child, {
          source,
          path: `${spot.path}[${index}]`,
          line: lineAt(child, spot.line),
        }, depth + 1);
      });
      return { ...spot, value: items };
    }
    return { ...spot, value: scalarOf(node as Yaml.Scalar, spot) };
  }

  function locateMap(node: Yaml.YAMLMap, spot: Spot, depth: number): Map<string, Node> {
    const found = new Map<string, Node>();
    for (const pair of node.items) {
      const key = pair.key as Yaml.Node | null;
      const line = lineAt(key, spot.line);
      if (
        !yaml.isScalar(key) || typeof key.value !== "string" || key.value === "" ||
        key.tag !== undefined
      ) {
        throw fault({ ...spot, line }, "A key is not text: write it in quotes");
      }
      const child: Spot = { source, path: childPath(spot.path, key.value), line };
      if (key.value === "<<") {
        throw fault({ ...spot, line }, "Merge keys (<<) are not supported: write the keys out");
      }
      if (found.has(key.value)) throw fault(child, "This key stands here twice: keep one");
      found.set(key.value, locate(pair.value as Yaml.Node | null, child, depth + 1));
    }
    return found;
  }
}

function scalarOf(node: Yaml.Scalar, spot: Spot): string | number | boolean | null {
  const value = node.value;
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw fault(spot, "The number is too large to be kept exactly: write it in quotes");
  }
  if (
    value === null || typeof value === "string" || typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw fault(spot, "The value is of a kind that is not supported: write it in quotes");
}

/**
 * The YAML library prints every token of the file, passwords included, where one of these variables is set, for
 * whatever reason it was. Parsing is synchronous, so nobody else sees them gone. The library reads both in any
 * case: on Deno a process that loads a file must be allowed to.
 */
function withoutTracing<T>(source: Source, parse: () => T): T {
  const read = variablesOf(process.env);
  const kept = ["LOG_STREAM", "LOG_TOKENS"]
    .map((name) => [name, read(name)] as const)
    .filter(([, value]) => value !== undefined);
  for (const [name] of kept) delete process.env[name];
  try {
    return parse();
  } catch {
    throw fault(
      { source, path: "", line: undefined },
      "The file is not valid YAML, or nested too deeply",
    );
  } finally {
    for (const [name, value] of kept) process.env[name] = value;
  }
}

/** The library's own messages quote the file. */
function yamlProblem(code: Yaml.ErrorCode): string {
  switch (code) {
    case "BAD_INDENT":
      return "The indentation is wrong, or a bracket is not closed";
    case "TAB_AS_INDENT":
      return "The line is indented by a tab: write spaces";
    case "MISSING_CHAR":
      return "A quote, bracket, comma, or the space after a colon is missing";
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
      return "A key is not ended: write a colon and a space after it";
    case "BAD_SCALAR_START":
      return "A text begins with a character that YAML reserves: write it in quotes";
    case "BAD_DQ_ESCAPE":
      return "A backslash in double quotes begins no escape: write \\\\, or use single quotes";
    case "MULTIPLE_DOCS":
      return "The file holds more than one document: keep one";
    case "RESOURCE_EXHAUSTION":
      return "The file is nested too deeply";
    default:
      return `The file is not valid YAML here (${code})`;
  }
}

// --- What may stand where

type Reader<T> = (node: Node) => T;
type Read<R> = R extends Reader<infer T> ? T : never;

function kindOf({ value }: Node): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return { string: "text", number: "a number", boolean: "true or false" }[typeof value as "string"];
}

function entriesOf(node: Node): ReadonlyMap<string, Node> {
  if (!(node.value instanceof Map)) {
    const what = node.path === "" ? "The file" : "The value";
    throw fault(
      node,
      `${what} is ${kindOf(node)}: write a map (keys with values), or leave it out`,
    );
  }
  return node.value;
}

function section<F extends Record<string, Reader<unknown>>>(
  fields: F,
): Reader<{ readonly [K in keyof F]?: Read<F[K]> }> {
  return (node) => {
    const read: Partial<Record<keyof F, unknown>> = {};
    for (const [key, child] of entriesOf(node)) {
      if (!Object.hasOwn(fields, key)) {
        throw fault(child, `The key is not known: ${suggestion(key, Object.keys(fields))}`);
      }
      read[key as keyof F] = fields[key]!(child);
    }
    return read as { readonly [K in keyof F]?: Read<F[K]> };
  };
}

function whole(min: number, max: number): Reader<number> {
  return (node) => {
    const value = node.value;
    if (typeof value !== "number") {
      throw fault(node, `The value is ${kindOf(node)}: write a whole number from ${min} to ${max}`);
    }
    if (!Number.isInteger(value) || value < min || value > max) {
      throw fault(node, `The number is not allowed: write a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

function choice<const T extends string>(known: readonly T[]): Reader<T> {
  return (node) => {
    const value = expand(text(node));
    const found = known.find((one) => one === value);
    if (found === undefined) {
      throw fault(node, `The value is not known: write one of ${known.join(", ")}`);
    }
    return found;
  };
}

/** A text with its variables not yet put in: an unset one is no matter where the text is not used. */
type Text = Node & { readonly value: string };

function text(node: Node): Text {
  const value = node.value;
  if (typeof value !== "string") throw fault(node, `The value is ${kindOf(node)}: write text`);
  return { ...node, value };
}

function expand(node: Text): string {
  const { variable } = node.source;
  if (variable === undefined) return node.value;
  return node.value.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g,
    (found, name: string | undefined) => {
      if (found === "$${") return "${";
      if (name === undefined) {
        throw fault(
          node,
          'A "${" is followed by no name and "}": write ${NAME}, or $${ for the characters themselves',
        );
      }
      const value = variable(name);
      if (value === undefined) {
        throw fault(
          node,
          `The environment variable ${name} is not set: set it, or write $\${ for the characters themselves`,
        );
      }
      return value;
    },
  );
}

function json(node: Node): Json {
  const value = node.value;
  if (typeof value === "string") return expand(text(node));
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw fault(node, "The number is not finite, which JSON cannot hold");
  }
  if (value instanceof Map) return jsonMap(node);
  if (Array.isArray(value)) return Object.freeze(value.map(json));
  return value as number | boolean | null;
}

function jsonMap(node: Node): Readonly<Record<string, Json>> {
  return Object.freeze(
    Object.fromEntries([...entriesOf(node)].map(([key, child]) => [key, json(child)])),
  );
}

function settingsMap(node: Node): Readonly<Record<string, Json>> {
  if (entriesOf(node).has("")) throw fault(node, "A setting's key is empty: give it a name");
  return jsonMap(node);
}

const MILLISECONDS = whole(1, 2_147_483_647); // the most that a timer takes
const POOL = section({ size: whole(1, 1000), queue: whole(0, 1_000_000) });
const TLS = section({ ca: text });

const FILE = section({
  database: section({
    url: text,
    server: choice(["bundled", "external"]),
    pool: POOL,
    timeouts: section({
      connect_ms: MILLISECONDS,
      acquire_ms: MILLISECONDS,
      statement_ms: MILLISECONDS,
      transaction_ms: MILLISECONDS,
    }),
    tls: TLS,
  }),
  logging: section({ level: choice(LOG_LEVELS), slow_query_ms: whole(0, 2_147_483_647) }),
  settings: settingsMap,
});

const OPTIONS = section({
  pool: POOL,
  timeouts: section({
    connect: MILLISECONDS,
    acquire: MILLISECONDS,
    statement: MILLISECONDS,
    transaction: MILLISECONDS,
  }),
  tls: TLS,
  logging: section({ level: choice(LOG_LEVELS), slowQuery: whole(0, 2_147_483_647) }),
  settings: settingsMap,
});

function suggestion(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({
      name,
      distance: name.startsWith(`${key}_`) ? 0 : editDistance(key.slice(0, 60), name),
    }))
    .sort((a, b) => a.distance - b.distance);
  const close = nearest !== undefined && nearest.distance <= Math.max(1, nearest.name.length / 3);
  return `${close ? `is "${nearest.name}" meant? Known` : "known"} are ${known.join(", ")}`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
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
