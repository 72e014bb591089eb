/** Reads the index statements of a migration's SQL. */

/** A `create index` statement, as written. */
export interface IndexBuild {
  readonly unique: boolean;
  /** As written: it may be quoted. */
  readonly name: string;
  /** As written: it may be quoted, with or without its schema. */
  readonly table: string;
  /** The tokens from `using` on. A missing `using` is filled in. */
  readonly definition: readonly string[];
}

/** A `reindex index` or `reindex table` statement, as written. */
export interface Reindex {
  readonly kind: "index" | "table";
  /** As written: it may be quoted, with or without its schema. */
  readonly name: string;
}

// Comments; quoted names; dollar quotes; strings; words and numbers; spaces; anything else.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|[\w$\u0080-\uffff]+|\s+|./g;

/** Splits the text into statements, each a list of tokens without comments and spaces, words in lower case. */
export function readStatements(sql: string): string[][] {
  const statements: string[][] = [[]];
  for (const [token] of sql.matchAll(TOKEN)) {
    if (/^(\s|--|\/\*)/.test(token)) continue;
    if (token === ";") statements.push([]);
    else statements.at(-1)!.push(/^["'$]/.test(token) ? token : token.toLowerCase());
  }
  return statements.filter((statement) => statement.length > 0);
}

/**
 * Reads `create [unique] index [concurrently] [if not exists] name on
 * [only] table …`. Returns undefined for any other statement, and for an index without a name.
 */
export function readIndexBuild(statement: readonly string[]): IndexBuild | undefined {
  const reader = new Reader(statement);
  if (!reader.skip("create")) return undefined;
  const unique = reader.skip("unique");
  if (!reader.skip("index")) return undefined;
  reader.skip("concurrently");
  reader.skip("if", "not", "exists");
  const name = reader.take();
  if (!reader.skip("on")) return undefined;
  reader.skip("only");
  const table = reader.name();
  if (name === undefined || table === undefined) return undefined;
  const rest = reader.rest();
  return {
    unique,
    name,
    table,
    definition: rest[0] === "using" ? rest : ["using", "btree", ...rest],
  };
}

/** Reads `reindex [(options)] index|table [concurrently] name`; undefined for any other statement. */
export function readReindex(statement: readonly string[]): Reindex | undefined {
  const reader = new Reader(statement);
  if (!reader.skip("reindex")) return undefined;
  if (reader.skip("(")) { while (!reader.skip(")") && reader.take() !== undefined); }
  const kind = reader.take();
  if (kind !== "index" && kind !== "table") return undefined;
  reader.skip("concurrently");
  const name = reader.name();
  return name === undefined ? undefined : { kind, name };
}

/** Walks over the tokens of one statement. */
class Reader {
  readonly #tokens: readonly string[];
  #index = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** Skips the words if they come next. Returns whether they did. */
  skip(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.#tokens[this.#index + i] === word)) return false;
    this.#index += words.length;
    return true;
  }

  take(): string | undefined {
    return this.#tokens[this.#index++];
  }

  /** Takes a name, with its schema if it has one. */
  name(): string | undefined {
    const first = this.take();
    return this.skip(".") ? `${first}.${this.take()}` : first;
  }

  rest(): string[] {
    return this.#tokens.slice(this.#index);
  }
}
