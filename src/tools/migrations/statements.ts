/** What the SQL of a migration says, as far as its indexes are concerned. The server decides the rest. */

/** `create index concurrently`, as it is written. */
export interface IndexBuild {
  readonly unique: boolean;
  /** As written: it may be quoted. */
  readonly name: string;
  /** As written: it may be quoted, with or without its schema. */
  readonly table: string;
  /** From `using` on; what `using` is left out for is filled in. */
  readonly definition: readonly string[];
}

/** `reindex index` or `reindex table`, as it is written. */
export interface Reindex {
  readonly kind: "index" | "table";
  /** As written: it may be quoted, with or without its schema. */
  readonly name: string;
}

// Comments; quoted names; dollar quotes; strings; words and numbers; spaces; anything else.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|[\w$\u0080-\uffff]+|\s+|./g;

/** The statements of the text, each as its tokens: no comments, no spaces, words in lower case. */
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
 * What a statement builds: `create [unique] index [concurrently] [if not exists] name on
 * [only] table …`. Undefined for any other statement, and for an index without a name.
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

/** What a statement reindexes: `reindex [(options)] index|table [concurrently] name`. */
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
  #place = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** Goes past the words, if they are what comes next. */
  skip(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.#tokens[this.#place + i] === word)) return false;
    this.#place += words.length;
    return true;
  }

  take(): string | undefined {
    return this.#tokens[this.#place++];
  }

  /** A name, with its schema where it has one. */
  name(): string | undefined {
    const first = this.take();
    return this.skip(".") ? `${first}.${this.take()}` : first;
  }

  rest(): string[] {
    return this.#tokens.slice(this.#place);
  }
}
