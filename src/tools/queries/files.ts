/** The folder of queries, and what must be right about it before pgtyped reads it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** `queries` of this package. */
export const QUERIES: string = fileURLToPath(new URL("../../../queries", import.meta.url));

/** One file of queries. */
export interface QueryFile {
  /** `devices.sql` */
  readonly file: string;
  /** `devices` */
  readonly stem: string;
  /** The content, with plain line ends. */
  readonly text: string;
  /** Every `@name`, in order, with the line it stands on (from 1). */
  readonly names: readonly { readonly name: string; readonly line: number }[];
}

/**
 * Reads every `.sql` file of the folder, by name.
 *
 * @returns The files, and a line for each thing that is wrong.
 */
export async function readQueries(
  folder: string,
): Promise<{ files: QueryFile[]; problems: string[] }> {
  const problems: string[] = [];
  const files: QueryFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (entry.isDirectory()) {
      problems.push(`${entry.name}/: the folder of queries has no folders in it`);
    }
    if (!entry.isFile() || !entry.name.endsWith(".sql")) continue;
    const text = (await readFile(join(folder, entry.name), "utf8")).replace(/\r\n/g, "\n");
    files.push({
      file: entry.name,
      stem: entry.name.slice(0, -4),
      text,
      names: [...text.matchAll(/\/\*[\s*]*@name\s+(\S+)/g)].map((match) => ({
        name: match[1]!,
        line: text.slice(0, match.index).split("\n").length,
      })),
    });
  }
  if (files.length === 0) problems.push(`${folder}: there is no .sql file`);
  return { files, problems: [...problems, ...files.flatMap(inspect), ...duplicates(files)] };
}

function inspect({ file, stem, text, names }: QueryFile): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9_]*$/.test(stem)) {
    problems.push(`${file}: the file's name is not in lower case with underscores`);
  }
  if (names.length === 0) problems.push(`${file}: there is no /* @name … */ in it`);
  for (const { name, line } of names) {
    const place = `${file}:${line}: ${name}`;
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) problems.push(`${place}: write the name as DeviceGet`);
    else if (isReserved(exportName(name))) {
      problems.push(
        `${place}: "${exportName(name)}" is a word of JavaScript; write the noun first`,
      );
    }
  }
  for (const match of text.matchAll(/^\s*\*?\s*@param\s+(\w+)/gm)) {
    const line = text.slice(0, match.index).split("\n").length +
      (match[0].startsWith("\n") ? 1 : 0);
    const name = queryAt(names, line);
    problems.push(
      `${file}:${line}: ${name}: @param ${match[1]}: only single values are allowed; ` +
        "give an array, as in = any(:ids!::integer[])",
    );
  }
  return problems;
}

function duplicates(files: readonly QueryFile[]): string[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ file, names }) =>
    names.flatMap(({ name, line }) => {
      const place = `${file}:${line}`;
      const first = seen.get(exportName(name));
      seen.set(exportName(name), first ?? place);
      return first === undefined ? [] : [`${place}: ${name}: the name is taken by ${first}`];
    })
  );
}

/** `DeviceGet` is exported as `deviceGet`. */
export function exportName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** The query in which a line stands. */
export function queryAt(names: QueryFile["names"], line: number): string {
  return names.findLast((query) => query.line <= line)?.name ?? "before the first query";
}

/** True for a word that cannot name a constant of a module. */
function isReserved(word: string): boolean {
  const kind = ts.createScanner(ts.ScriptTarget.Latest, true, undefined, word).scan();
  return word === "await" ||
    (kind >= ts.SyntaxKind.FirstReservedWord && kind <= ts.SyntaxKind.LastFutureReservedWord);
}
