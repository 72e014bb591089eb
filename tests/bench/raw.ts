/** The bare driver, as an expert would configure it for the same rows. */
import postgres from "postgres";
import type { Query } from "netraven-db";

/** Text and values of a statement, in the driver's own form. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * A pool of the bare driver with the same rows as the layer: camelCase names, bigint as number. Its sessions
 * have the layer's settings, so that the server does the same work for both.
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

/** Captures the statement of a query, by running it on a recorder. */
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
