/**
 * Values of a YAML file or of the caller's options, with the file, the line and
 * the key path for messages. No message repeats a value: any value may be a
 * misplaced password.
 */
import process from "node:process";
import type * as Yaml from "yaml";
import { type Variable, variablesOf } from "./environment.ts";
import { ConfigError } from "../errors.ts";

export type Location = { file?: string; path?: string; line?: number };

export interface Source {
  readonly file: string | undefined;
  /** Reads a `${VAR}`; undefined if texts contain no variables. */
  readonly variable: Variable | undefined;
}

/** A value of the file or of the options, with its key path and the line of its key. */
export interface Node {
  readonly source: Source;
  readonly path: string;
  readonly line: number | undefined;
  readonly value: string | number | boolean | null | readonly Node[] | ReadonlyMap<string, Node>;
}

export type Spot = Omit<Node, "value">;

export function fault(spot: Spot, message: string): ConfigError {
  return new ConfigError(message, {
    ...(spot.source.file === undefined ? {} : { file: spot.source.file }),
    ...(spot.path === "" ? {} : { path: spot.path }),
    ...(spot.line === undefined ? {} : { line: spot.line }),
  });
}

export function childPath(path: string, key: string): string {
  // Without its space, `url:postgres://…` makes the URL a key: show only keys that look like names.
  const shown = /^[\w.-]{1,60}$/.test(key) ? key : "(a key)";
  return path === "" ? shown : `${path}.${shown}`;
}

const MAX_DEPTH = 50;
const MAX_ALIASES = 100;

export function locatePlain(value: unknown, path = "", depth = 0): Node {
  const spot: Spot = { source: { file: undefined, variable: undefined }, path, line: undefined };
  if (depth > MAX_DEPTH) {
    throw fault(spot, `The value is nested more than ${MAX_DEPTH} levels deep, or contains itself`);
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
    throw fault(spot, "The value cannot be represented in JSON");
  }
  const entries = Object.entries(value as object)
    .filter(([, item]) => item !== undefined)
    .map((
      [key, item],
    ): [string, Node] => [key, locatePlain(item, childPath(path, key), depth + 1)]);
  return { ...spot, value: new Map(entries) };
}

/**
 * More levels than a value may have, and far fewer than the stack holds. The YAML library recurses and
 * catches the overflow, but the engine can still crash: when it compiles a regular expression with no
 * stack left.
 */
const MAX_NESTING = 4 * MAX_DEPTH;

/** Whether a token is nested deeper than the limit. The YAML library's parser does not recurse. */
function isDeeper(token: Yaml.CST.Token, limit: number): boolean {
  let level = [token];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const inside: Yaml.CST.Token[] = [];
    for (const one of level) {
      if (one.type === "document" && one.value !== undefined) inside.push(one.value);
      if (!("items" in one)) continue;
      for (const { key, value } of one.items) {
        if (key) inside.push(key);
        if (value) inside.push(value);
      }
    }
    level = inside;
  }
  return false;
}

/**
 * Reads the values of a YAML file.
 *
 * @throws {ConfigError} the text is not valid YAML, or uses a feature that is not supported.
 */
export async function locateYaml(text: string, source: Source): Promise<Node> {
  const root: Spot = { source, path: "", line: 1 };
  if (text.trim() === "") throw fault(root, "The file is empty: write at least database.url");

  // The import takes 55 ms, so a program without a file skips it.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = withoutTracing(source, () => {
    for (const token of new yaml.Parser().parse(text)) {
      if (isDeeper(token, MAX_NESTING)) throw fault(root, "The file is nested too deeply");
    }
    return yaml.parseDocument(text, {
      schema: "core",
      merge: false,
      uniqueKeys: false, // found below, where the key path is known
      prettyErrors: false, // they quote the file
      lineCounter: lines,
    });
  });
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
  return new Locator(yaml, document, lines, source).locate(document.contents, root, 0);
}

/** Converts the nodes of one YAML document into values with their locations. */
class Locator {
  readonly #yaml: typeof Yaml;
  readonly #document: Yaml.Document;
  readonly #lines: Yaml.LineCounter;
  readonly #source: Source;
  #aliases = 0;

  constructor(
    yaml: typeof Yaml,
    document: Yaml.Document,
    lines: Yaml.LineCounter,
    source: Source,
  ) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
    this.#source = source;
  }

  locate(node: Yaml.Node | null, spot: Spot, depth: number): Node {
    const yaml = this.#yaml;
    if (depth > MAX_DEPTH) {
      throw fault(
        spot,
        `The value is nested more than ${MAX_DEPTH} levels deep, or contains itself`,
      );
    }
    if (node === null) return { ...spot, value: null };
    if (yaml.isAlias(node)) return this.locate(this.#targetOf(node, spot), spot, depth + 1);
    if (node.tag !== undefined) {
      throw fault(spot, "Tags (!) are not supported: write the value in quotes, or without it");
    }
    if (yaml.isMap(node)) return { ...spot, value: this.#map(node, spot, depth) };
    if (yaml.isSeq(node)) return { ...spot, value: this.#list(node, spot, depth) };
    return { ...spot, value: scalarOf(node as Yaml.Scalar, spot) };
  }

  #targetOf(alias: Yaml.Alias, spot: Spot): Yaml.Node {
    const target = alias.resolve(this.#document);
    if (target === undefined) throw fault(spot, "The alias (*) has no anchor (&) before it");
    this.#aliases++;
    if (this.#aliases > MAX_ALIASES) {
      throw fault(
        spot,
        `The file uses aliases (*) more than ${MAX_ALIASES} times, including nested ones`,
      );
    }
    return target;
  }

  #list(node: Yaml.YAMLSeq, spot: Spot, depth: number): Node[] {
    return node.items.map((item, index) => {
      const child = item as Yaml.Node | null;
      const line = this.#lineAt(child, spot.line);
      const at = { source: this.#source, path: `${spot.path}[${index}]`, line };
      return this.locate(child, at, depth + 1);
    });
  }

  #map(node: Yaml.YAMLMap, spot: Spot, depth: number): Map<string, Node> {
    const found = new Map<string, Node>();
    for (const pair of node.items) {
      const key = pair.key as Yaml.Node | null;
      const line = this.#lineAt(key, spot.line);
      if (
        !this.#yaml.isScalar(key) || typeof key.value !== "string" || key.value === "" ||
        key.tag !== undefined
      ) {
        throw fault({ ...spot, line }, "A key is not text: write it in quotes");
      }
      const child: Spot = { source: this.#source, path: childPath(spot.path, key.value), line };
      if (key.value === "<<") {
        throw fault({ ...spot, line }, "Merge keys (<<) are not supported: write the keys out");
      }
      if (found.has(key.value)) throw fault(child, "The key is written twice: keep one");
      found.set(key.value, this.locate(pair.value as Yaml.Node | null, child, depth + 1));
    }
    return found;
  }

  #lineAt(node: Yaml.Node | null, otherwise: number | undefined): number | undefined {
    return node?.range ? this.#lines.linePos(node.range[0]).line : otherwise;
  }
}

function scalarOf(node: Yaml.Scalar, spot: Spot): string | number | boolean | null {
  const value = node.value;
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw fault(spot, "The number is too large to be exact: write it in quotes");
  }
  if (
    value === null || typeof value === "string" || typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw fault(spot, "The value's type is not supported: write it in quotes");
}

/**
 * The YAML library prints every token of the file, including passwords, if one of these variables is set.
 * Parsing is synchronous, so no other code sees that they are unset. The library always reads both: on Deno,
 * a process that loads a file needs the permission.
 */
function withoutTracing<T>(source: Source, parse: () => T): T {
  const read = variablesOf(process.env);
  const kept = ["LOG_STREAM", "LOG_TOKENS"]
    .map((name) => [name, read(name)] as const)
    .filter(([, value]) => value !== undefined);
  for (const [name] of kept) delete process.env[name];
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw fault(
      { source, path: "", line: undefined },
      "The file is not valid YAML, or is nested too deeply",
    );
  } finally {
    for (const [name, value] of kept) process.env[name] = value;
  }
}

/** Returns a message for an error of the library, whose own messages quote the file. */
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
      return "A key has no end: write a colon and a space after it";
    case "BAD_SCALAR_START":
      return "A text begins with a character that YAML reserves: write it in quotes";
    case "BAD_DQ_ESCAPE":
      return "A backslash in double quotes does not begin an escape: write \\\\, or use single quotes";
    case "MULTIPLE_DOCS":
      return "The file holds more than one document: keep one";
    case "RESOURCE_EXHAUSTION":
      return "The file is nested too deeply";
    default:
      return `The file is not valid YAML here (${code})`;
  }
}
