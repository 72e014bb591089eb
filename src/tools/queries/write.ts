/** Writes the modules of `src/generated`. */
import type { QueryIR } from "../../query.ts";
import { exportName, type QueryFile } from "./files.ts";
import { isPacked } from "./packed.ts";
import { paramsOf, type TypedField } from "./fields.ts";
import { type KnownQuery, modulePathOf } from "./known.ts";
import type { RowType, SharedTypes } from "./types.ts";

/** Parameters that are sealed texts in every query. */
const SEALED_PARAMETERS: ReadonlySet<string> = new Set(["password", "sealed", "resealed"]);
const WIDTH = 100;

/** The imports of one module. */
class Imports {
  readonly #names = new Map<string, Set<string>>();
  readonly #module: string;
  constructor(module: string) {
    this.#module = module;
  }

  /** @param from A module of `src/generated`, or, with `../`, of `src`. */
  add(name: string, from: string): void {
    if (from === this.#module) return;
    const names = this.#names.get(from) ?? new Set();
    this.#names.set(from, names.add(name));
  }

  lines(): string[] {
    const isInternal = this.#module.startsWith("internal/");
    const path = (from: string) => {
      if (from.startsWith("../")) return isInternal ? `../${from}` : from;
      if (!isInternal) return `./${from}`;
      return from.startsWith("internal/") ? from.replace("internal/", "./") : `../${from}`;
    };
    return [...this.#names].sort(([a], [b]) => a < b ? -1 : 1).map(([from, names]) => {
      const list = [...names].sort();
      const isTypes = list.every((name) => name.startsWith("type "));
      const text = (isTypes ? list.map((name) => name.slice(5)) : list).join(", ");
      return `import ${isTypes ? "type " : ""}{ ${text} } from "${path(from)}";`;
    });
  }
}

/**
 * @param file The file of the queries, which belong to one module.
 * @param unions The labels of every enum, by its name in the database.
 */
export function writeModule(
  file: QueryFile,
  queries: readonly KnownQuery[],
  types: SharedTypes,
  unions: ReadonlyMap<string, string>,
): string {
  const module = modulePathOf(queries[0]!);
  const imports = new Imports(module);
  imports.add("Query", "../query.ts");
  imports.add("type QueryIR", "../query.ts");
  const refer = ({ type }: TypedField) => {
    for (const word of type.base.split(/\W+/)) {
      if (word === "Json") imports.add("type Json", "../json.ts");
      const found = types.enums.get(word);
      if (found !== undefined) imports.add(`type ${word}`, found.module);
    }
  };
  const enums = [...types.enums.values()].filter((type) => type.module === module).map(
    ({ name, inDatabase, union }) =>
      `/** The labels of \`${inDatabase}\`. */\nexport type ${name} = ${union};\n`,
  );
  const declared = new Set<RowType>();
  const bodies = queries.map((known) => {
    const { query, contract, parts } = known;
    const row = types.rows.get(query.name);
    const params = paramsOf(known, unions);
    params.forEach(refer);
    const blocks: string[] = [];
    if (params.length > 0) {
      const line = (field: TypedField) =>
        `${field.name}${field.isOptional ? "?" : ""}: ${spell(field, "readonly ")}${
          field.isOptional ? " | undefined" : ""
        };`;
      blocks.push(declare(`Parameters of \`${query.name}\`.`, `${query.name}Params`, params, line));
    }
    if (row !== undefined && row.module !== module) imports.add(`type ${row.name}`, row.module);
    if (row !== undefined && row.module === module && !declared.has(row)) {
      declared.add(row);
      row.fields.forEach(refer);
      const line = (field: TypedField) => `${field.name}: ${spell(field, "")};`;
      const users = row.queries.map((name) => `\`${name}\``).join(", ");
      blocks.push(declare(`A row of ${users}.`, row.name, row.fields, line));
    }
    const facts: string[] = [];
    const sealed = params.filter(({ name }) => SEALED_PARAMETERS.has(name)).map(({ name }) => name);
    if (sealed.length > 0) {
      imports.add("sealedProblem", "../vault/envelope.ts");
      facts.push(`checks: { ${sealed.map((name) => `${name}: sealedProblem`).join(", ")} }`);
    }
    if (isPacked(parts.row)) {
      imports.add("unpackRow", "../connection/packed.ts");
      facts.push(`unpack: unpackRow<${row?.name}>`);
    }
    if (contract.reads) facts.push("reads: true");
    const constant = exportName(query.name);
    const type = `Query<${params.length > 0 ? `${query.name}Params` : "void"}, ${
      row?.name ?? "void"
    }>`;
    const options = facts.length > 0 ? `, { ${facts.join(", ")} }` : "";
    return [
      ...blocks,
      `const ${constant}IR: QueryIR = ${JSON.stringify(withoutComments(parts.ir))};\n`,
      `${
        document(contract.text)
      }\nexport const ${constant}: ${type} = new Query("${query.name}", ${constant}IR${options});\n`,
    ].join("\n");
  });
  const about = module.startsWith("internal/")
    ? [...file.head, "", "Steps of other functions: the package does not export them."]
    : file.head;
  return [
    `// Generated from queries/${file.file} by make generate. Do not edit.\n${
      document([...about, "", "@module"])
    }\n${imports.lines().join("\n")}\n`,
    ...enums,
    ...bodies,
  ].join("\n");
}

function declare(
  about: string,
  name: string,
  fields: readonly TypedField[],
  line: (field: TypedField) => string,
): string {
  const lines = fields.flatMap((field) => [
    ...(field.doc === "" ? [] : document(wrap(field.doc, WIDTH - 5), "  ").split("\n")),
    `  ${line(field)}`,
  ]);
  const comment = document(wrap(about, WIDTH - 3));
  return `${comment}\nexport interface ${name} {\n${lines.join("\n")}\n}\n`;
}

/** Writes a type. `prefix` precedes arrays. */
function spell({ type, nullableElements }: TypedField, prefix: string): string {
  const none = type.isNullable ? " | null" : "";
  if (!type.isArray) return `${type.base}${none}`;
  const element = nullableElements ? `${type.base} | null` : type.base;
  return `${prefix}${element.includes(" ") ? `(${element})` : element}[]${none}`;
}

/** Writes a doc comment. */
function document(lines: readonly string[], indent = ""): string {
  const safe = lines.map((line) => line.replaceAll("*/", "*\\/"));
  const only = `${indent}/** ${safe[0]} */`;
  if (safe.length === 1 && only.length <= WIDTH) return only;
  const body = safe.map((line) => `${indent} * ${line}`.trimEnd());
  return `${indent}/**\n${body.join("\n")}\n${indent} */`;
}

function wrap(text: string, width: number): string[] {
  if (text.length + 4 <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/**
 * Removes comment lines from the statement, so that a process does not load text that nobody reads
 * there.
 */
function withoutComments(ir: QueryIR): QueryIR {
  let statement = "";
  let at = 0;
  const removed: { readonly from: number; readonly length: number }[] = [];
  for (const line of ir.statement.split(/(?<=\n)/)) {
    const inText = (statement.match(/'/g)?.length ?? 0) % 2 === 1;
    if (/^\s*--/.test(line) && !inText) removed.push({ from: at, length: line.length });
    else statement += line;
    at += line.length;
  }
  const moved = (offset: number) =>
    removed.reduce((sum, { from, length }) => from < offset ? sum - length : sum, offset);
  const params = ir.params.map((param) => ({
    ...param,
    locs: param.locs.map((loc) => ({ ...loc, a: moved(loc.a), b: moved(loc.b) })),
  }));
  return { ...ir, params, statement };
}
