/**
 * Checks the types of every example of the documentation. Each one is a module, with the names of the
 * package and a database as globals.
 */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import * as netraven from "netraven-db";
import { type Example, examples, PROJECT } from "./examples.ts";

/** Globals of an example. */
const AROUND = join(PROJECT, "around_examples.ts");

/** @returns A line for each problem, with its file and line. */
export function checkExamples(list: readonly Example[]): string[] {
  const config = ts.readConfigFile(join(PROJECT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, PROJECT);
  Object.assign(options, {
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: { ...options.paths, "netraven-db/queries/*": ["./src/generated/*.ts"] },
  });
  const texts = new Map([[AROUND, around()]]);
  const exampleAt = new Map<string, Example>();
  for (const [i, example] of list.entries()) {
    const path = join(PROJECT, `example_${i}.ts`);
    texts.set(path, `${example.code}export {};\n`);
    exampleAt.set(path, example);
  }
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = texts.get(path);
    if (text === undefined) return getSourceFile(path, ...rest);
    const file = ts.createSourceFile(path, text, ...rest.slice(0, 1) as [ts.ScriptTarget]);
    file.impliedNodeFormat = ts.ModuleKind.ESNext;
    return file;
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const problems: string[] = [];
  for (const path of texts.keys()) {
    const file = program.getSourceFile(path)!;
    const { file: place = AROUND, line: first = 1 } = exampleAt.get(path) ?? {};
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    for (const { start = 0, messageText } of found) {
      const { line, character } = file.getLineAndCharacterOfPosition(start);
      const message = ts.flattenDiagnosticMessageText(messageText, "\n");
      problems.push(`${place}:${first + line}:${character + 1}: ${message}`);
    }
  }
  return problems;
}

/** Every value of the package as a global, and a database. */
function around(): string {
  const values = Object.keys(netraven).map((name) =>
    `const ${name}: typeof import("netraven-db").${name};`
  );
  return `declare global {
    const db: import("netraven-db").Database;
    ${values.join("\n")}
  }
  export {};
  `;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const list = await examples();
  const problems = checkExamples(list);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`Checked ${list.length} examples`);
}
