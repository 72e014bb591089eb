/**
 * Values that know where they stand: what a YAML file or the caller's options
 * hold, with the file, the line and the key path for messages. No message
 * repeats a value: any of them may be a password in the wrong place.
 */
import process from "node:process";
import type * as Yaml from "yaml";
import { type Variable, variablesOf } from "./environment.ts";
import { ConfigError } from "../errors.ts";

export type Place = { file?: string; path?: string; line?: number };

export interface Source {
  readonly file: string | undefined;
  /** For `${VAR}`; undefined where texts are taken as they are. */
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
  // `url:postgres://…` without its space makes the URL a key: what does not look like a name is not shown.
  const shown = /^[\w.-]{1,60}$/.test(key) ? key : "(a key)";
  return path === "" ? shown : `${path}.${shown}`;
}

const MAX_DEPTH = 50;

export function locatePlain(value: unknown, path = "", depth = 0): Node {
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

/**
 * More than any value may be nested, and far less than what exhausts the stack. The YAML library goes
 * down by recursion and catches the overflow, but the engine can end the process there: when a
 * regular expression happens to be compiled with no stack left.
 */
const MAX_NESTING = 4 * MAX_DEPTH;

/** Whether a token of the YAML library's parser, which does not recurse, holds others so deep. */
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

export async function locateYaml(text: string, source: Source): Promise<Node> {
  const root: Spot = { source, path: "", line: 1 };
  if (text.trim() === "") throw fault(root, "The file is empty: write at least database.url");

  // 55 ms to import: only where there is a file.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const lineAt = (node: Yaml.Node | null, otherwise: number | undefined) =>
    node?.range ? lines.linePos(node.range[0]).line : otherwise;
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
  } catch (error) {
    if (error instanceof ConfigError) throw error;
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
