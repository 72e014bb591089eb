/** The schema of a configuration: every key, its type and its limits. */
import type { Json } from "../json.ts";
import { LOG_LEVELS } from "../telemetry/logger.ts";
import { fault, type Node } from "./located.ts";

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
    const subject = node.path === "" ? "The file" : "The value";
    throw fault(
      node,
      `${subject} is ${kindOf(node)}: write a map (keys with values), or remove it`,
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
        throw fault(child, `The key is unknown: ${suggestion(key, Object.keys(fields))}`);
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

function flag(node: Node): boolean {
  if (typeof node.value === "boolean") return node.value;
  throw fault(node, `The value is ${kindOf(node)}: write true or false`);
}

function choice<const T extends string>(known: readonly T[]): Reader<T> {
  return (node) => {
    const value = expand(text(node));
    const found = known.find((one) => one === value);
    if (found === undefined) {
      throw fault(node, `The value is unknown: write one of ${known.join(", ")}`);
    }
    return found;
  };
}

/** A text before its variables are expanded: an unset variable matters only if the text is used. */
export type Text = Node & { readonly value: string };

function text(node: Node): Text {
  const value = node.value;
  if (typeof value !== "string") throw fault(node, `The value is ${kindOf(node)}: write text`);
  return { ...node, value };
}

export function expand(node: Text): string {
  const { variable } = node.source;
  if (variable === undefined) return node.value;
  return node.value.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g,
    (found, name: string | undefined) => {
      if (found === "$${") return "${";
      if (name === undefined) {
        throw fault(
          node,
          'A "${" has no name or no "}" after it: write ${NAME}, or $${ for the characters themselves',
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
    throw fault(node, "The number is not finite: JSON cannot represent it");
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

function listOf<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (node) => {
    if (Array.isArray(node.value)) return node.value.map(reader);
    throw fault(node, `The value is ${kindOf(node)}: write a list, as in [one, two]`);
  };
}

/** Reads a map with any keys. */
function named<T>(reader: Reader<T>): Reader<ReadonlyMap<string, T>> {
  return (node) =>
    new Map([...entriesOf(node)].map(([key, child]): [string, T] => [key, reader(child)]));
}

const MILLISECONDS = whole(1, 2_147_483_647); // the longest delay of a timer
const POOL_SIZE = whole(1, 1000);
const POOL_QUEUE = whole(0, 1_000_000);
// PostgreSQL refuses a value of a gigabyte.
const PARAMETER_BYTES = whole(1, 1_000_000_000);
const TLS = section({ ca: text, plaintext_hosts: listOf(text) });
const VAULT = section({ active: text, keys: named(section({ env: text, file: text })) });

/** The key ring, before its variables are expanded. */
export type VaultSection = Read<typeof VAULT>;

export const FILE = section({
  database: section({
    url: text,
    migration_url: text,
    server: choice(["bundled", "external"]),
    pool: section({
      size: POOL_SIZE,
      queue: POOL_QUEUE,
      idle_timeout_ms: MILLISECONDS,
      max_lifetime_ms: MILLISECONDS,
    }),
    timeouts: section({
      connect_ms: MILLISECONDS,
      acquire_ms: MILLISECONDS,
      statement_ms: MILLISECONDS,
      transaction_ms: MILLISECONDS,
    }),
    limits: section({ parameter_bytes: PARAMETER_BYTES }),
    allow_cleartext_password: flag,
    tls: TLS,
  }),
  logging: section({ level: choice(LOG_LEVELS), slow_query_ms: whole(0, 2_147_483_647) }),
  vault: VAULT,
  settings: settingsMap,
});

export const OPTIONS = section({
  pool: section({
    size: POOL_SIZE,
    queue: POOL_QUEUE,
    idleTimeout: MILLISECONDS,
    maxLifetime: MILLISECONDS,
  }),
  timeouts: section({
    connect: MILLISECONDS,
    acquire: MILLISECONDS,
    statement: MILLISECONDS,
    transaction: MILLISECONDS,
  }),
  limits: section({ parameterBytes: PARAMETER_BYTES }),
  allowCleartextPassword: flag,
  tls: section({ ca: text, plaintextHosts: listOf(text) }),
  logging: section({ level: choice(LOG_LEVELS), slowQuery: whole(0, 2_147_483_647) }),
  vault: VAULT,
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
  return `${close ? `did you mean "${nearest.name}"? The` : "the"} known keys are ${
    known.join(", ")
  }`;
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
