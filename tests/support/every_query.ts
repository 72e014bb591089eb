/**
 * Every query of the library with its parameters, none of them listed by hand: names come from the
 * query as it is called, types from the server.
 */
import * as netraven from "netraven-db";
import type { CallOptions, Database, Queryable } from "netraven-db";
import { Query } from "../../src/query.ts";
import { envelope } from "./factories.ts";

/** A parameter of a query. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  /** Takes envelopes alone. */
  readonly sealed: boolean;
  /** As the server writes it, such as `timestamp with time zone[]`. */
  readonly type: string;
  /** The values of an enum; empty for any other type. */
  readonly labels: readonly string[];
}

/** A query that takes anything, as a caller without types would give it. */
export interface LooseQuery {
  readonly name: string;
  run(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown[]>;
  first(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown>;
  one(params: unknown, db: Queryable, options?: CallOptions): Promise<unknown>;
  stream(params: unknown, db: Queryable): AsyncIterableIterator<unknown>;
}

/** A query and what it takes. */
export interface Described {
  readonly query: LooseQuery;
  /** What it sends. */
  readonly text: string;
  readonly fields: readonly Field[];
}

/** What every parameter takes, as long as nothing is sent. */
const ANYTHING = envelope();

/** Every query that the package exports. */
export function everyQuery(): LooseQuery[] {
  return Object.values(netraven as Record<string, unknown>)
    .filter((value) => value instanceof Query) as unknown as LooseQuery[];
}

/** Asks the server what each of them takes. */
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

/** What the query hands to a database. */
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

/** Whether the query refuses the value, undefined for none, before it sends anything. */
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
