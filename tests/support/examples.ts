/** The examples of the documentation as runnable programs. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as netraven from "netraven-db";

/** The folder of the package. */
export const PROJECT: string = fileURLToPath(new URL("../..", import.meta.url));

/** One example and its position. */
export interface Example {
  /** Path relative to the folder of the package. */
  readonly file: string;
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The `@example` of each docstring in `src`, and the programs of every README. */
export async function examples(): Promise<Example[]> {
  const found: Example[] = [];
  for await (const path of files(PROJECT)) {
    const file = relative(PROJECT, path);
    const isSource = /^src\/.*\.ts$/.test(file);
    if (!isSource && !/(^|\/)README\.md$/.test(file)) continue;
    const text = await readFile(path, "utf8");
    found.push(...(isSource ? inDocstrings : inFences)(file, text));
  }
  return found;
}

/** Every file written by hand, by name. */
async function* files(folder: string): AsyncIterableIterator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) yield path;
    else if (!/^(\..*|node_modules|dist|generated)$/.test(entry.name)) yield* files(path);
  }
}

/** Text after `@example`, up to the next tag or the end of the docstring. */
function inDocstrings(file: string, text: string): Example[] {
  const found: Example[] = [];
  let code: string[] | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const inside = /^ *\*(?!\/)(?: (.*))?$/.exec(line);
    if (code !== undefined && (inside === null || inside[1]?.startsWith("@"))) {
      found.push({ file, line: i - code.length + 1, code: `${code.join("\n")}\n` });
      code = undefined;
    }
    if (inside?.[1] === "@example") code = [];
    else code?.push(inside?.[1] ?? "");
  }
  return found;
}

function inFences(file: string, text: string): Example[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1]!,
  }));
}

/**
 * Writes an example into a file and loads it as a function.
 *
 * @returns Runs it with a database and a console; every name of the package is in scope.
 */
export async function loadExample(
  code: string,
  file: string,
): Promise<(db: unknown, console: unknown) => Promise<void>> {
  const body = code
    .replace(/^import (type )?\{[^}]*\} from "netraven-db";$/gm, "")
    // The file's folder does not resolve packages by name.
    .replace(
      /^import (\{[^}]*\}) from "([^"]+)";$/gm,
      (_, names: string, from: string) =>
        `const ${names} = await import(${JSON.stringify(import.meta.resolve(from))});`,
    )
    .replace(/ as \w+Trace\b/g, "");
  await writeFile(
    file,
    `export async function example(netraven: any, db: any, console: any) {
      const { ${Object.keys(netraven).join(", ")} } = netraven;
      { ${body} }
    }`,
  );
  const { example } = await import(pathToFileURL(file).href);
  return (db, console) => example(netraven, db, console);
}
