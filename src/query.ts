/**
 * A statement of `queries/` as a typed function. pgtyped generates its parameters
 * and its text; the first call compiles them.
 */
import { DatabaseError, NotFoundError, ParameterError } from "./errors.ts";

/** pgtyped's description of a statement. */
export interface QueryIR {
  readonly usedParamSet: Readonly<Record<string, boolean>>;
  readonly params: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly transform: { readonly type: string };
    readonly locs: readonly { readonly a: number; readonly b: number }[];
  }[];
  readonly statement: string;
}

/** Options of every call. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call, including the wait for a connection. */
  readonly timeout?: number | undefined;
}

/** Options that describe a statement. */
export interface QueryOptions extends CallOptions {
  /** The name in logs and errors, such as `DeviceGet`. */
  readonly name?: string | undefined;
  /** The parameters' names, in the order of `values`. */
  readonly fields?: readonly string[] | undefined;
  /** True if the statement changes nothing. It is retried if a dead connection did not send it. */
  readonly reads?: boolean | undefined;
}

/** Options of `stream`. */
export interface StreamOptions extends QueryOptions {
  /** Rows per round trip. Defaults to 500. */
  readonly batch?: number | undefined;
}

/** A database or a transaction: anything that runs a statement. */
export interface Queryable {
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<{ rows: Row[]; rowCount: number }>;
  stream<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<Row>;
}

/** Options of a generated query. */
export interface QueryFacts<Row> {
  /** By parameter: returns the problem of a value that must not be sent. Null is not checked. */
  readonly checks?: Readonly<Record<string, (value: unknown) => string | undefined>>;
  /** Converts a row of the server to the row that callers get. */
  readonly unpack?: (row: never) => Promise<Row>;
  /** True if the query's file says that the query changes nothing. */
  readonly reads?: boolean;
}

interface Compiled {
  readonly text: string;
  readonly fields: readonly string[];
  readonly required: readonly boolean[];
  /** The checked parameters, by index. */
  readonly checks: readonly {
    readonly index: number;
    readonly problemOf: (value: unknown) => string | undefined;
  }[];
  /** The options of calls that pass none. */
  readonly options: QueryOptions;
}

/** One statement of `queries/`. */
export class Query<Params, Row> {
  /** The name in the `.sql` file, such as `DeviceGet`. */
  readonly name: string;
  readonly #ir: QueryIR;
  readonly #facts: QueryFacts<Row>;
  #compiled: Compiled | undefined;

  constructor(name: string, ir: QueryIR, facts: QueryFacts<Row> = {}) {
    this.name = name;
    this.#ir = ir;
    this.#facts = facts;
  }

  /**
   * Returns all rows.
   *
   * @throws {ParameterError} a parameter is missing or invalid; the statement was not sent.
   * @throws {ConstraintError | QueryError} the server refused the statement.
   * @throws {ConnectionError | TimeoutError} no answer came; `sent` says whether the statement may have run.
   * @example
   * const tags = await tagList.run({ limit: 100 }, db);
   */
  async run(params: Params, db: Queryable, options?: CallOptions): Promise<Row[]> {
    return (await this.#send(params, db, options)).rows;
  }

  /**
   * Returns the first row, or undefined.
   *
   * @throws the errors of `run`.
   * @example
   * const device = await deviceGetByHostname.first({ hostname: "sw1" }, db);
   */
  async first(params: Params, db: Queryable, options?: CallOptions): Promise<Row | undefined> {
    return (await this.#send(params, db, options)).rows[0];
  }

  /**
   * Returns the only row.
   *
   * @throws {NotFoundError} there is no row.
   * @throws {DatabaseError} with code `TOO_MANY_ROWS`: there are several rows.
   * @throws the errors of `run`.
   * @example
   * const tag = await tagInsert.one({ name: "core" }, db);
   */
  async one(params: Params, db: Queryable, options?: CallOptions): Promise<Row> {
    const { rows } = await this.#send(params, db, options);
    const row = rows[0];
    if (row === undefined) {
      throw new NotFoundError(`${this.name} found no row`, { query: this.name });
    }
    if (rows.length > 1) {
      const message = `${this.name} found ${rows.length} rows instead of one`;
      throw new DatabaseError("TOO_MANY_ROWS", message, { query: this.name });
    }
    return row;
  }

  /**
   * Streams the rows over a cursor, in constant memory. The loop holds a connection until it ends;
   * `timeout` applies to each fetch.
   *
   * @throws the errors of `run`, from the loop.
   * @example
   * for await (const tag of tagList.stream({ limit: 1_000_000 }, db)) console.log(tag.name);
   */
  stream(
    params: Params,
    db: Queryable,
    options?: CallOptions & Pick<StreamOptions, "batch">,
  ): AsyncIterableIterator<Row> {
    const compiled = this.#compiled ??= this.#compile();
    const values = this.#values(params, compiled);
    const all = { ...compiled.options, ...options };
    const { unpack } = this.#facts;
    if (unpack === undefined) return db.stream<Row>(compiled.text, values, all);
    return unpackEach(db.stream<never>(compiled.text, values, all), unpack);
  }

  #send(params: Params, db: Queryable, options: CallOptions | undefined): Promise<{ rows: Row[] }> {
    const compiled = this.#compiled ??= this.#compile();
    const values = this.#values(params, compiled);
    const all = options === undefined ? compiled.options : { ...compiled.options, ...options };
    const { unpack } = this.#facts;
    if (unpack === undefined) return db.query<Row>(compiled.text, values, all);
    return unpackAll(db.query<never>(compiled.text, values, all), unpack);
  }

  #compile(): Compiled {
    const { params, statement } = this.#ir;
    const placeholders = params
      .flatMap(({ locs }, i) => locs.map(({ a, b }) => ({ a, b, placeholder: `$${i + 1}` })))
      .sort((x, y) => x.a - y.a);
    // The name identifies the statement in the server's statistics views.
    let text = `-- ${this.name}\n`;
    let from = 0;
    for (const { a, b, placeholder } of placeholders) {
      text += statement.slice(from, a) + placeholder;
      from = b + 1;
    }
    text += statement.slice(from);
    const fields = params.map(({ name }) => name);
    return {
      text,
      fields,
      required: params.map(({ required }) => required),
      checks: Object.entries(this.#facts.checks ?? {}).map(([field, problemOf]) => ({
        index: fields.indexOf(field),
        problemOf,
      })),
      options: { name: this.name, fields, reads: this.#facts.reads ?? false },
    };
  }

  #values(params: Params, { fields, required, checks }: Compiled): unknown[] {
    const given = (params ?? {}) as Readonly<Record<string, unknown>>;
    const values: unknown[] = [];
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as string;
      const value = given[field] ?? null;
      if (value === null && required[i]) {
        throw new ParameterError(field, "is missing", { query: this.name });
      }
      values.push(value);
    }
    for (const { index, problemOf } of checks) {
      const problem = values[index] === null ? undefined : problemOf(values[index]);
      if (problem !== undefined) {
        throw new ParameterError(fields[index] as string, problem, { query: this.name });
      }
    }
    return values;
  }
}

async function unpackAll<Row>(
  answer: Promise<{ rows: never[] }>,
  unpack: (row: never) => Promise<Row>,
): Promise<{ rows: Row[] }> {
  const { rows } = await answer;
  return { rows: await Promise.all(rows.map(unpack)) };
}

async function* unpackEach<Row>(
  rows: AsyncIterable<never>,
  unpack: (row: never) => Promise<Row>,
): AsyncIterableIterator<Row> {
  for await (const row of rows) yield await unpack(row);
}
