/** Reads the folder of queries, and checks it before pgtyped reads it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** `queries` of this package. */
export const QUERIES: string = fileURLToPath(new URL("../../../queries", import.meta.url));

/** A `@name` block. */
export interface NamedQuery {
  readonly name: string;
  /** The line of its `@name`, from 1. */
  readonly line: number;
  /** The `--` lines directly under the block, without the dashes. */
  readonly contract: readonly string[];
}

/** One file of queries. */
export interface QueryFile {
  /** `devices.sql` */
  readonly file: string;
  /** `devices` */
  readonly stem: string;
  /** The comment on its table before the first query, line by line. */
  readonly head: readonly string[];
  /** The content with line feeds, without head and contracts, which pgtyped would misread. */
  readonly text: string;
  readonly names: readonly NamedQuery[];
}

/**
 * Reads every `.sql` file of the folder, in the order of their names.
 *
 * @returns The files, and a line for each problem.
 */
export async function readQueries(
  folder: string,
): Promise<{ files: QueryFile[]; problems: string[] }> {
  const problems: string[] = [];
  const files: QueryFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (entry.isDirectory()) {
      problems.push(`${entry.name}/: the folder of queries must not contain folders`);
    }
    if (!entry.isFile() || !entry.name.endsWith(".sql")) continue;
    const text = (await readFile(join(folder, entry.name), "utf8")).replace(/\r\n/g, "\n");
    files.push(split(entry.name, text));
  }
  if (files.length === 0) problems.push(`${folder}: the folder has no .sql file`);
  return { files, problems: [...problems, ...files.flatMap(inspect), ...duplicates(files)] };
}

const BLOCK = /\/\*[\s*]*@name\s+(\S+)(?:(?!\*\/)[\s\S])*\*\/[ \t]*\n((?:--.*\n)*)/g;
const HEAD = /^(?:--.*\n)+/;

/** Replaces the comments that this project reads by empty lines. */
function split(file: string, text: string): QueryFile {
  const head = HEAD.exec(text)?.[0] ?? "";
  const blank = (comments: string) => comments.replace(/.+/g, "");
  const lineOf = (index: number) => text.slice(0, index).split("\n").length;
  const contracts = new Map([...text.matchAll(BLOCK)].map((match) => [match.index, match[2]!]));
  return {
    file,
    stem: file.slice(0, -4),
    head: uncomment(head),
    text: blank(head) + text.slice(head.length).replace(
      BLOCK,
      (block, _, contract: string) =>
        block.slice(0, block.length - contract.length) + blank(contract),
    ),
    names: [...text.matchAll(/\/\*[\s*]*@name\s+(\S+)/g)].map((match) => ({
      name: match[1]!,
      line: lineOf(match.index),
      contract: uncomment(contracts.get(match.index) ?? ""),
    })),
  };
}

function uncomment(comments: string): string[] {
  return comments === ""
    ? []
    : comments.trimEnd().split("\n").map((line) => line.replace(/^-- ?/, ""));
}

/** Stems that other generated files use. */
const RESERVED_STEMS: ReadonlySet<string> = new Set(["internal"]);

function inspect({ file, stem, head, text, names }: QueryFile): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9_]*$/.test(stem)) {
    problems.push(`${file}: the file's name is not in lower case with underscores`);
  }
  if (RESERVED_STEMS.has(stem)) problems.push(`${file}: a folder of src/generated has this name`);
  if (head.length === 0) {
    problems.push(`${file}:1: the file does not open with a sentence about its table, after --`);
  }
  if (names.length === 0) problems.push(`${file}: the file has no /* @name … */`);
  for (const { name, line } of names) {
    const location = `${file}:${line}: ${name}`;
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) {
      problems.push(`${location}: write the name as DeviceGet`);
    } else if (isReserved(exportName(name))) {
      problems.push(
        `${location}: "${exportName(name)}" is a reserved word of JavaScript; write the noun first`,
      );
    }
  }
  for (const match of text.matchAll(/^\s*\*?\s*@param\s+(\w+)/gm)) {
    const line = text.slice(0, match.index).split("\n").length +
      (match[0].startsWith("\n") ? 1 : 0);
    const name = queryAt(names, line);
    problems.push(
      `${file}:${line}: ${name}: @param ${match[1]}: pgtyped's lists are not allowed; ` +
        "pass an array, as in = any(:ids!::integer[])",
    );
  }
  return problems;
}

function duplicates(files: readonly QueryFile[]): string[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ file, names }) =>
    names.flatMap(({ name, line }) => {
      const location = `${file}:${line}`;
      const first = seen.get(exportName(name));
      seen.set(exportName(name), first ?? location);
      return first === undefined ? [] : [`${location}: ${name}: ${first} has the same name`];
    })
  );
}

/** `DeviceGet` is exported as `deviceGet`. */
export function exportName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Returns the name of the query that contains a line. */
export function queryAt(names: QueryFile["names"], line: number): string {
  return names.findLast((query) => query.line <= line)?.name ?? "before the first query";
}

/** True for a word that cannot name a constant of a module. */
function isReserved(word: string): boolean {
  const kind = ts.createScanner(ts.ScriptTarget.Latest, true, undefined, word).scan();
  return word === "await" ||
    (kind >= ts.SyntaxKind.FirstReservedWord && kind <= ts.SyntaxKind.LastFutureReservedWord);
}
