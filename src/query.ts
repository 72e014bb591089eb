/**
 * A statement of `queries/`, as a typed function. pgtyped wrote its parameters
 * and its text; what is needed to run it is worked out once, at the first call.
 */
import { isSealed } from "./vault/envelope.ts";
import { DatabaseError, NotFoundError, ParameterError } from "./errors.ts";
import { type PackedRow, unpackRow } from "./history/packed.ts";

/** What pgtyped knows of a statement. */
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

/** What every call takes. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call, the wait for a connection included. */
  readonly timeout?: number | undefined;
}

/** What a statement says about itself. */
export interface QueryOptions extends CallOptions {
  /** For logs and errors, such as `DeviceGet`. */
  readonly name?: string | undefined;
  /** The parameters' names, in the order of `values`. */
  readonly fields?: readonly string[] | undefined;
  /** True: it changes nothing, and may be sent again if it was never sent. */
  readonly reads?: boolean | undefined;
}

/** What a stream takes besides. */
export interface StreamOptions extends QueryOptions {
  /** Rows fetched in one round trip; 500 unless told. */
  readonly batch?: number | undefined;
}

/** Anything a statement can run on: a database or a transaction. */
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

interface Compiled {
  readonly text: string;
  readonly fields: readonly string[];
  readonly required: readonly boolean[];
  /** Which of them are envelopes. */
  readonly sealed: readonly number[];
  /** Shared by every call that has no options of its own. */
  readonly options: QueryOptions;
}

/**
 * Parameters that are sealed texts, in whatever query. The database would refuse others, but a
 * server may write the parameters of all that it is sent to its log.
 */
const SEALED: ReadonlySet<string> = new Set(["password", "sealed", "resealed"]);

/** One statement of `queries/`. */
export class Query<Params, Row> {
  /** As in the `.sql` file: `DeviceGet`. */
  readonly name: string;
  readonly #ir: QueryIR;
  readonly #packed: boolean;
  readonly #reads: boolean;
  #compiled: Compiled | undefined;

  /**
   * @param options `packed`: its rows have a column of that name, which becomes `configData` and `raw`;
   *   `reads`: its file says that it changes nothing.
   */
  constructor(
    name: string,
    ir: QueryIR,
    { packed = false, reads = false }: { packed?: boolean; reads?: boolean } = {},
  ) {
    this.name = name;
    this.#ir = ir;
    this.#packed = packed;
    this.#reads = reads;
  }

  /**
   * All rows.
   *
   * @throws {ParameterError} a parameter is missing or cannot be sent; nothing was.
   * @throws {ConstraintError | QueryError} the server refused.
   * @throws {ConnectionError | TimeoutError} no answer; `sent` says whether it may have run.
   * @example
   * const tags = await tagList.run({ limit: 100 }, db);
   */
  async run(params: Params, db: Queryable, options?: CallOptions): Promise<Row[]> {
    return (await this.#send(params, db, options)).rows;
  }

  /**
   * The first row, or undefined.
   *
   * @throws as `run`.
   * @example
   * const device = await deviceGetByHostname.first({ hostname: "sw1" }, db);
   */
  async first(params: Params, db: Queryable, options?: CallOptions): Promise<Row | undefined> {
    return (await this.#send(params, db, options)).rows[0];
  }

  /**
   * The one row there is.
   *
   * @throws {NotFoundError} there is none.
   * @throws as `run`; a DatabaseError with code `TOO_MANY_ROWS` for several rows.
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
      const message = `${this.name} found ${rows.length} rows where one was asked for`;
      throw new DatabaseError("TOO_MANY_ROWS", message, { query: this.name });
    }
    return row;
  }

  /**
   * The rows one by one over a cursor, in constant memory. Holds a connection
   * until the loop ends; `timeout` is for each fetch.
   *
   * @throws as `run`, from the loop.
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
    if (!this.#packed) return db.stream<Row>(compiled.text, values, all);
    return unpacked<Row>(db.stream<PackedRow>(compiled.text, values, all));
  }

  #send(params: Params, db: Queryable, options: CallOptions | undefined): Promise<{ rows: Row[] }> {
    const compiled = this.#compiled ??= this.#compile();
    const values = this.#values(params, compiled);
    const all = options === undefined ? compiled.options : { ...compiled.options, ...options };
    const answer = db.query<Row>(compiled.text, values, all);
    return this.#packed ? unpackAll(answer as Promise<{ rows: unknown[] }>) : answer;
  }

  #compile(): Compiled {
    const { params, statement } = this.#ir;
    const places = params
      .flatMap(({ locs }, i) => locs.map(({ a, b }) => ({ a, b, placeholder: `$${i + 1}` })))
      .sort((x, y) => x.a - y.a);
    // Its name is what an operator finds in the server's views.
    let text = `-- ${this.name}\n`;
    let from = 0;
    for (const { a, b, placeholder } of places) {
      text += statement.slice(from, a) + placeholder;
      from = b + 1;
    }
    text += statement.slice(from);
    const fields = params.map(({ name }) => name);
    return {
      text,
      fields,
      required: params.map(({ required }) => required),
      sealed: fields.flatMap((field, i) => SEALED.has(field) ? [i] : []),
      options: { name: this.name, fields, reads: this.#reads },
    };
  }

  #values(params: Params, { fields, required, sealed }: Compiled): unknown[] {
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
    for (const i of sealed) {
      if (values[i] === null || isSealed(values[i])) continue;
      const problem = "is not sealed: credentialCreate and credentialSetPassword take a password";
      throw new ParameterError(fields[i] as string, problem, { query: this.name });
    }
    return values;
  }
}

async function unpackAll<Row>(answer: Promise<{ rows: unknown[] }>): Promise<{ rows: Row[] }> {
  const { rows } = await answer;
  return { rows: await Promise.all(rows.map((row) => unpackRow<Row>(row as PackedRow))) };
}

async function* unpacked<Row>(rows: AsyncIterable<PackedRow>): AsyncIterableIterator<Row> {
  for await (const row of rows) yield await unpackRow<Row>(row);
}
