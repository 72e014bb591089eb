/**
 * Every query of the library with its parameters, without a manual list: names come from the query as it is
 * called, types from the server.
 */
import { readdir } from "node:fs/promises";
import * as netraven from "netraven-db";
import type { CallOptions, Database, Queryable } from "netraven-db";
import { Query } from "../../src/query.ts";
import { envelope } from "./factories.ts";

/** A parameter of a query. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  /** Whether it accepts only ciphertexts. */
  readonly sealed: boolean;
  /** Name of the type on the server, such as `timestamp with time zone[]`. */
  readonly type: string;
  /** Values of an enum; empty for any other type. */
  readonly labels: readonly string[];
}

/** A query that accepts anything, for a caller without types. */
export interface LooseQuery {
  readonly name: string;
  run(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown[]>;
  first(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown>;
  one(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown>;
  stream(params: unknown, db: Queryable): AsyncIterableIterator<unknown>;
}

/** A query and its parameters. */
export interface Described {
  readonly query: LooseQuery;
  /** Text of its statement. */
  readonly text: string;
  readonly fields: readonly Field[];
}

/** Placeholder value for every parameter, as long as nothing is sent. */
const ANYTHING = envelope();

/** Modules of internal steps, which the package does not export. */
const INTERNAL = new URL("../../src/generated/internal/", import.meta.url);
const steps: Record<string, unknown>[] = await Promise.all(
  (await readdir(INTERNAL)).sort().map((file) => import(new URL(file, INTERNAL).href)),
);

/** Every query, exported or not. */
export function everyQuery(): LooseQuery[] {
  return [netraven as Record<string, unknown>, ...steps].flatMap((module) => Object.values(module))
    .filter((value) => value instanceof Query) as unknown as LooseQuery[];
}

/** Every query that the package exports. */
export function exportedQueries(): LooseQuery[] {
  return Object.values(netraven as Record<string, unknown>)
    .filter((value) => value instanceof Query) as unknown as LooseQuery[];
}

/** Asks the server for the parameter types of each query. */
export function describeAll(db: Database): Promise<Described[]> {
  return db.transaction(async (tx) => {
    const described: Described[] = [];
    for (const query of everyQuery()) {
      const { text, names } = await callOf(query);
      await tx.query(`prepare described as ${text}`);
      const { rows } = await tx.query<{ type: string; labels: string[] }>(`
        select
          format_type(type, null) as type,
          array(
            select enumlabel::text from pg_enum where enumtypid = type order by enumsortorder
          ) as labels
        from pg_prepared_statements
        cross join unnest(parameter_types::oid[]) with ordinality as given (type, place)
        where name = 'described'
        order by place`);
      await tx.query("deallocate described");
      const fields: Field[] = [];
      for (const [i, name] of names.entries()) {
        const required = await refuses(query, name, undefined, names);
        const sealed = await refuses(query, name, "plain", names);
        fields.push({ name, required, sealed, ...rows[i]! });
      }
      described.push({ query, text, fields });
    }
    return described;
  });
}

/** Captures what the query passes to a database. */
export async function callOf(
  query: LooseQuery,
): Promise<{ text: string; names: readonly string[] }> {
  let call: { text: string; names: readonly string[] } | undefined;
  await query.run(new Proxy({}, { get: () => ANYTHING }), {
    query: async (text, _values, options) => {
      call = { text, names: options?.fields ?? [] };
      return { rows: [], rowCount: 0 };
    },
    stream: () => {
      throw new Error("run() streams");
    },
  });
  if (call === undefined) throw new Error(`${query.name} sends nothing`);
  return call;
}

/** Whether the query rejects the value, undefined for an absent one, before it sends anything. */
async function refuses(
  query: LooseQuery,
  name: string,
  value: unknown,
  names: readonly string[],
): Promise<boolean> {
  const nowhere: Queryable = {
    query: async () => ({ rows: [], rowCount: 0 }),
    stream: () => {
      throw new Error("run() streams");
    },
  };
  const params = Object.fromEntries(names.map((name) => [name, ANYTHING]));
  try {
    await query.run({ ...params, [name]: value }, nowhere);
    return false;
  } catch {
    return true;
  }
}
