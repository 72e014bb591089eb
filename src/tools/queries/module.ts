/**
 * Turns a module that pgtyped wrote into one of this project: the project's own
 * query class, readable types, no exported helper types, fields named as the
 * client names them.
 */
import ts from "typescript";
import type { QueryIR } from "../../query.ts";
import { columnName } from "../../connection/connection.ts";
import { exportName, type QueryFile } from "./files.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly comment: string;
}

/** The types and the statement of one query, as pgtyped has them. */
interface Parts {
  readonly params: readonly Field[];
  readonly row: readonly Field[];
  readonly ir: QueryIR;
}

/** What the types of one module refer to. */
interface Aliases {
  /** `numberArray` is `(number)[]`. */
  readonly helpers: ReadonlyMap<string, string>;
  /** `job_status` is a union of labels. */
  readonly enums: ReadonlyMap<string, string>;
}

/**
 * @param source What pgtyped wrote for the file.
 * @returns The module, and a line for each thing that is wrong with it.
 */
export function rewriteModule(
  source: string,
  query: QueryFile,
): { text: string; problems: string[] } {
  // pgtyped does not mind a "*/" in the statement that it puts into a comment.
  const text = source.replace(
    /^\/\*\*\n \* Query generated from SQL:\n[\s\S]*?\n \*\/\n(?=export const )/gm,
    "",
  );
  const syntax = ts.transpileModule(text, { reportDiagnostics: true }).diagnostics?.[0];
  if (syntax !== undefined) {
    const line = text.slice(0, syntax.start).split("\n").length;
    const what = ts.flattenDiagnosticMessageText(syntax.messageText, " ");
    const problem = `what pgtyped wrote is no TypeScript: ${what} "${text.split("\n")[line - 1]}"`;
    return { text: "", problems: [`${query.file}: ${problem}`] };
  }
  const { aliases, declared } = read(text);
  const problems: string[] = [];
  const complain = (name: string, problem: string) => {
    const line = query.names.find((candidate) => candidate.name === name)?.line;
    problems.push(`${query.file}:${line}: ${name}: ${problem}`);
  };

  const bodies: string[] = [];
  for (const { name } of query.names) {
    const parts = declared(name);
    if (typeof parts === "string") complain(name, parts);
    else {
      for (const problem of inspect(parts)) complain(name, problem);
      bodies.push(write(name, parts, aliases));
    }
  }
  const body = bodies.join("\n");
  const uses = (type: string) =>
    new RegExp(`[ (]${type}\\b`).test(body.replace(/\/\*\*[\s\S]*?\*\//g, ""));
  const enums = [...aliases.enums].filter(([type]) => uses(pascal(type)));
  const head = [
    `// Generated from queries/${query.file} by make generate. Do not edit.`,
    ...(uses("Json") ? ['import type { Json } from "../json.ts";'] : []),
    'import { Query, type QueryIR } from "../query.ts";',
    "",
    ...enums.map(([type, union]) => `type ${pascal(type)} = ${union};\n`),
  ];
  return { text: `${head.join("\n")}\n${body}`, problems };
}

/** Finds the declarations in pgtyped's text. */
function read(text: string): { aliases: Aliases; declared: (name: string) => Parts | string } {
  const source = ts.createSourceFile("pgtyped.ts", text, ts.ScriptTarget.Latest, true);
  const helpers = new Map<string, string>();
  const enums = new Map<string, string>();
  const types = new Map<string, Field[] | "void" | "never">();
  const constants = new Map<string, ts.Expression>();
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement)) {
      types.set(
        statement.name.text,
        statement.members.filter(ts.isPropertySignature).map(readField),
      );
    } else if (ts.isTypeAliasDeclaration(statement)) {
      const name = statement.name.text;
      const type = statement.type.getText();
      if (type === "void" || type === "never") types.set(name, type);
      else if (type.includes("'")) enums.set(name, type.replaceAll("'", '"'));
      else helpers.set(name, type);
    } else if (ts.isVariableStatement(statement)) {
      const [declaration] = statement.declarationList.declarations;
      if (declaration?.initializer) {
        constants.set(declaration.name.getText(), declaration.initializer);
      }
    }
  }
  const declared = (name: string): Parts | string => {
    const params = types.get(`${name}Params`);
    const row = types.get(`${name}Result`);
    const ir = constants.get(`${exportName(name)}IR`);
    if (params === undefined || row === undefined || ir === undefined) {
      const near = [...types.keys()].find((type) =>
        type.toLowerCase() === `${name}Result`.toLowerCase()
      );
      return near === undefined
        ? "pgtyped wrote nothing for it"
        : `pgtyped calls it ${near.slice(0, -6)}; write the name so`;
    }
    if (params === "never" || row === "never") return "a column has no name; give it one with `as`";
    return {
      params: params === "void" ? [] : params,
      row: row === "void" ? [] : row,
      ir: JSON.parse(ir.getText()) as QueryIR,
    };
  };
  return { aliases: { helpers, enums }, declared };
}

function readField(member: ts.PropertySignature): Field {
  const [comment] = ts.getJSDocCommentsAndTags(member);
  return {
    name: ts.isComputedPropertyName(member.name) ? member.name.getText() : member.name.text,
    type: member.type?.getText() ?? "unknown",
    optional: member.questionToken !== undefined,
    comment: comment === undefined ? "" : comment.getText(),
  };
}

function inspect({ params, row, ir }: Parts): string[] {
  const problems = inspectContract(ir.statement);
  for (const { name, transform, locs } of ir.params) {
    if (transform.type !== "scalar") {
      problems.push(`parameter "${name}": only single values are allowed; give an array`);
    }
    for (const { a, b } of locs) {
      const found = ir.statement.slice(a, b + 1);
      if (found !== `:${name}` && found !== `:${name}!`) {
        problems.push(
          `parameter "${name}" is taken to stand at "${found}": is there an emoji before it?`,
        );
      } else if (/(?:\)|\b(?!array\b)\w+)\s*\[$/i.test(ir.statement.slice(0, a))) {
        problems.push(`"[:${name}" is read as a parameter; write the slice with both ends`);
      }
    }
  }
  for (const { name, type } of params) {
    if (/\bunknown\b/.test(type)) {
      problems.push(`parameter "${name}": pgtyped does not know its type; cast it`);
    }
  }
  const seen = new Set<string>();
  for (const { name, type } of row) {
    const field = columnName(name);
    if (!/^[a-z][A-Za-z0-9]*$/.test(field)) {
      const better = field.replace(/_+(\w?)/g, (_, letter: string) => letter.toUpperCase());
      problems.push(`column "${name}" has no name in camelCase: write as "${exportName(better)}"`);
    } else if (seen.has(field)) problems.push(`column "${name}" comes twice`);
    seen.add(field);
    if (/\bunknown\b/.test(type)) {
      problems.push(`column "${name}": pgtyped does not know its type; cast it`);
    }
    if (/\bundefined\b/.test(type)) {
      problems.push(`column "${name}" is void: cast it to text, or leave it out`);
    }
  }
  return problems;
}

function write(name: string, { params, row: columns, ir }: Parts, aliases: Aliases): string {
  const constant = exportName(name);
  // The client gives the text in its place.
  const packed = columns.some((field) => field.name === PACKED);
  const row = columns.filter((field) => field.name !== PACKED);
  const facts = [
    ...(packed ? ["packed: true"] : []),
    ...(contractOf(ir.statement).at(-1) === READS ? ["reads: true"] : []),
  ];
  const options = facts.length > 0 ? `, { ${facts.join(", ")} }` : "";
  return [
    declare(`Parameters of \`${name}\`.`, `${name}Params`, params, (field) => {
      const type = spell(field.type, aliases, "readonly ").replace(
        / \| null \| void$/,
        " | null | undefined",
      );
      return `${field.name}${field.optional ? "?" : ""}: ${type};`;
    }),
    declare(`A row of \`${name}\`.`, `${name}Result`, row, (field) => {
      const type = packed && columnName(field.name) === "configData" ? "string" : field.type;
      return `${columnName(field.name)}: ${spell(type, aliases, "")};`;
    }),
    `const ${constant}IR: QueryIR = ${JSON.stringify(withoutComments(ir))};\n`,
    document(ir.statement),
    `export const ${constant}: Query<${name}Params, ${name}Result> = new Query("${name}", ${constant}IR${options});\n`,
  ].join("\n");
}

/**
 * The statement without the lines that are comments, which nobody reads where it runs: they are a third
 * of what a process would have to load.
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
  const moved = (place: number) =>
    removed.reduce((sum, { from, length }) => from < place ? sum - length : sum, place);
  const params = ir.params.map((param) => ({
    ...param,
    locs: param.locs.map((loc) => ({ ...loc, a: moved(loc.a), b: moved(loc.b) })),
  }));
  return { ...ir, params, statement };
}

/** The column that holds what a device sent. */
const PACKED = "packed";

function declare(
  comment: string,
  name: string,
  fields: readonly Field[],
  line: (field: Field) => string,
): string {
  const head = `/** ${comment} */\nexport `;
  if (fields.length === 0) return `${head}type ${name} = void;\n`;
  const lines = fields.flatMap((field) => [...(field.comment ? [field.comment] : []), line(field)]);
  return `${head}interface ${name} {\n${lines.map((text) => `  ${text}\n`).join("")}}\n`;
}

/** The type with helper types written out; arrays after `prefix`. */
function spell(type: string, { helpers, enums }: Aliases, prefix: string): string {
  return type.replace(/\b\w+\b/g, (word) => {
    if (word === "Json") return word;
    if (enums.has(word)) return pascal(word);
    const meaning = helpers.get(word);
    if (meaning === undefined) return word;
    const element = /^\((.*)\)\[\]$/.exec(meaning)?.[1];
    if (element === undefined) return spell(meaning, { helpers, enums }, prefix);
    const inner = element === helpers.get("Json")
      ? "Json"
      : spell(element, { helpers, enums }, prefix);
    return `${prefix}${inner.includes(" ") ? `(${inner})` : inner}[]`;
  });
}

/** The last line of a contract says whether the query may run again, or what it writes. */
const READS = "Reads.";
/** Where it begins; a long list of tables goes on in the next lines. */
const DECLARES = /^(Reads\.$|Writes [a-z_]+(,|\.$))/;
/** All of it. A query that writes nothing says what else it does. */
const DECLARATION =
  /^(Reads|Writes ((?!nothing\b)[a-z_]+(, [a-z_]+)*|nothing(?=,)(, locks [a-z_]+)*(, notifies)?))\.$/;

/** The lines of comment under `@name`. */
function contractOf(statement: string): string[] {
  const lines = statement.split("\n");
  const end = lines.findIndex((line) => !/^\s*--/.test(line));
  return lines.slice(0, Math.max(end, 0)).map((line) => line.replace(/^\s*-- ?/, ""));
}

function inspectContract(statement: string): string[] {
  const contract = contractOf(statement);
  const [start, another] = [...contract.keys()].filter((i) => DECLARES.test(contract[i]!));
  const wanted = `"${READS}" or "Writes table, table."`;
  if (start === undefined) {
    return [`its contract does not say whether it writes: end it with ${wanted}`];
  }
  if (another !== undefined) return ["its contract says more than once whether it writes"];
  const declaration = contract.slice(start).join(" ");
  if (!DECLARATION.test(declaration)) {
    return [`its contract does not end with ${wanted}, but with "${declaration}"`];
  }
  if (declaration === READS && !maySayReads(statement)) {
    return [`its contract says "${READS}", and the statement writes, locks or notifies`];
  }
  return [];
}

/** What is no command: comments, texts and quoted names. */
const QUOTED = /--.*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$/g;
const WRITES =
  /\b(insert|update|delete|merge|into|lock|for\s+(key\s+)?share|pg_notify|nextval|setval|pg_(try_)?advisory_\w+)\b/i;

/** Whether nothing in the statement plainly writes. What a function of the schema does is not seen. */
function maySayReads(statement: string): boolean {
  return !WRITES.test(statement.replace(QUOTED, " "));
}

/** The contract, as it stands under `@name`, then the statement. */
function document(statement: string): string {
  const contract = contractOf(statement);
  const sql = ["```sql", ...statement.split("\n").slice(contract.length), "```"];
  const all = contract.length > 0 ? [...contract, "", ...sql] : sql;
  const safe = all.map((line) => ` * ${line.replaceAll("*/", "*\\/")}`.trimEnd());
  return `/**\n${safe.join("\n")}\n */`;
}

/** `job_status` as a type's name. */
function pascal(name: string): string {
  const camel = columnName(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
