/** Reads the types and statements from a module of pgtyped. */
import ts from "typescript";
import type { QueryIR } from "../../query.ts";
import { columnName } from "../../connection/column_name.ts";
import { exportName } from "./files.ts";

/** The type of a parameter or of a column. */
export interface FieldType {
  /** The type; for an array, the type of its elements. */
  readonly base: string;
  readonly isArray: boolean;
  readonly isNullable: boolean;
}

/** A parameter or a column of pgtyped. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Whether callers may omit the parameter. */
  readonly isOptional: boolean;
  /** The column's comment in the schema; empty if it has none. */
  readonly comment: string;
}

/** The types and the statement of one query. */
export interface Parts {
  readonly params: readonly Field[];
  readonly row: readonly Field[];
  readonly ir: QueryIR;
}

/** A module that was read. */
export interface ReadModule {
  /** The unions of the enums' labels, by the enums' names in the database. */
  readonly enums: ReadonlyMap<string, string>;
  /** Returns a query's parts, or its problem. */
  readonly partsOf: (name: string) => Parts | string;
}

/** @returns The module, or its problem. */
export function readModule(source: string): ReadModule | string {
  // pgtyped does not escape a "*/" in the statement that it writes into a comment.
  const text = source.replace(
    /^\/\*\*\n \* Query generated from SQL:\n[\s\S]*?\n \*\/\n(?=export const )/gm,
    "",
  );
  const syntax = ts.transpileModule(text, { reportDiagnostics: true }).diagnostics?.[0];
  if (syntax !== undefined) {
    const line = text.slice(0, syntax.start).split("\n").length;
    const message = ts.flattenDiagnosticMessageText(syntax.messageText, " ");
    return `the module of pgtyped is not TypeScript: ${message}  "${text.split("\n")[line - 1]}"`;
  }
  return read(ts.createSourceFile("pgtyped.ts", text, ts.ScriptTarget.Latest, true));
}

function read(source: ts.SourceFile): ReadModule {
  const helpers = new Map<string, string>();
  const enums = new Map<string, string>();
  const types = new Map<string, ts.PropertySignature[] | "void" | "never">();
  const constants = new Map<string, ts.Expression>();
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement)) {
      types.set(statement.name.text, statement.members.filter(ts.isPropertySignature));
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

  const fields = (members: readonly ts.PropertySignature[]): Field[] =>
    members.map((member) => {
      const [comment] = ts.getJSDocCommentsAndTags(member);
      return {
        name: ts.isComputedPropertyName(member.name) ? member.name.getText() : member.name.text,
        type: readType(member.type?.getText() ?? "unknown", helpers, enums),
        isOptional: member.questionToken !== undefined,
        comment: comment === undefined ? "" : comment.getText().replace(/^\/\*\* ?| ?\*\/$/g, ""),
      };
    });
  const partsOf = (name: string): Parts | string => {
    const params = types.get(`${name}Params`);
    const row = types.get(`${name}Result`);
    const ir = constants.get(`${exportName(name)}IR`);
    if (params === undefined || row === undefined || ir === undefined) {
      const near = [...types.keys()].find((type) =>
        type.toLowerCase() === `${name}Result`.toLowerCase()
      );
      return near === undefined
        ? "pgtyped wrote no code for the query"
        : `pgtyped calls the query ${near.slice(0, -6)}; use that name`;
    }
    if (params === "never" || row === "never") return "a column has no name; give it one with `as`";
    return {
      params: params === "void" ? [] : fields(params),
      row: row === "void" ? [] : fields(row),
      ir: JSON.parse(ir.getText()) as QueryIR,
    };
  };
  return { enums, partsOf };
}

/** Reads a type, and expands helper types such as `numberArray`. */
function readType(
  type: string,
  helpers: ReadonlyMap<string, string>,
  enums: ReadonlyMap<string, string>,
): FieldType {
  const isNullable = / \| null\b/.test(type);
  const bare = type.replace(/ \| (null|void)\b/g, "");
  const meaning = helpers.get(bare) ?? bare;
  const element = /^\((.*)\)\[\]$/.exec(meaning)?.[1];
  const word = element ?? (bare === "Json" ? bare : meaning);
  const base = word === helpers.get("Json") ? "Json" : spell(word, helpers, enums);
  return { base, isArray: element !== undefined, isNullable };
}

function spell(
  type: string,
  helpers: ReadonlyMap<string, string>,
  enums: ReadonlyMap<string, string>,
): string {
  return type.replace(/\b\w+\b/g, (word) => {
    if (word === "Json") return word;
    if (enums.has(word)) return pascal(word);
    const meaning = helpers.get(word);
    return meaning === undefined || meaning === word ? word : spell(meaning, helpers, enums);
  });
}

/** Converts `job_status` to a type's name, `JobStatus`. */
export function pascal(name: string): string {
  const camel = columnName(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
