/** The bare driver as somebody who knows it well would set it up for the same rows. */
import postgres from "postgres";
import type { Query } from "netraven-db";

/** A statement's text and values, in the driver's own form. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * A pool of the bare driver whose rows are equal to the layer's: camelCase names, bigint as number;
 * its sessions have the layer's settings, so that the server does the same work for both.
 */
export function openRaw(
  url: string,
  options: { max?: number; max_pipeline?: number } = {},
): postgres.Sql {
  return postgres(url, {
    ...options,
    transform: { column: { from: (name) => postgres.toCamel(name.replace(/[!?]$/, "")) } },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    connection: { jit: "off", TimeZone: "UTC" } as Record<string, string>,
  });
}

/** What the query sends: it is asked to run on something that only listens. */
export async function statementOf<Params>(
  query: Query<Params, unknown>,
  params: Params,
): Promise<Statement> {
  let sent: Statement | undefined;
  await query.run(params, {
    query: (text, values = []) => {
      sent = { text, values };
      return Promise.resolve({ rows: [], rowCount: 0 });
    },
    stream: () => {
      throw new Error("Not a stream");
    },
  });
  return sent!;
}
