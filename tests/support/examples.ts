/** The examples of the documentation, as programs that can be run. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as netraven from "netraven-db";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** One example, and where it stands. */
export interface Example {
  readonly where: string;
  readonly code: string;
}

/** The `@example` of each docstring in `src`, and the programs of the README. */
export async function examples(): Promise<Example[]> {
  const found: Example[] = [];
  for (const file of (await readdir(join(PROJECT, "src"))).filter((name) => name.endsWith(".ts"))) {
    const text = await readFile(join(PROJECT, "src", file), "utf8");
    for (const match of text.matchAll(/^ *\* @example\n((?: *\*(?: .*)?\n)+?) *\*\//gm)) {
      const line = text.slice(0, match.index).split("\n").length;
      found.push({ where: `src/${file}:${line}`, code: match[1]!.replace(/^ *\* ?/gm, "") });
    }
  }
  const readme = await readFile(join(PROJECT, "README.md"), "utf8");
  for (const match of readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const line = readme.slice(0, match.index).split("\n").length;
    found.push({ where: `README.md:${line}`, code: match[1]! });
  }
  return found;
}

/**
 * Writes an example into a file and loads it as a function.
 *
 * @returns Runs it with a database and a console; every name of the package is there.
 */
export async function loadExample(
  code: string,
  file: string,
): Promise<(db: unknown, console: unknown) => Promise<void>> {
  const body = code
    .replace(/^import (type )?\{[^}]*\} from "netraven-db";$/gm, "")
    // The file stands where no package is found by its name.
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
