/**
 * Hands Node the compiled text of each module under the module's own address, so that a path from
 * `import.meta.url` on leads where it should. `tsx` would do the same, but takes as much processor time
 * to start as most test files take to run.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const PROJECT = new URL("../../..", import.meta.url).href;
/** A test may run a copy of the project, to change something else in it than its TypeScript. */
const copy = process.env.TEST_PROJECT_COPY;
const PROJECTS = copy ? [PROJECT, `${pathToFileURL(copy).href}/`] : [PROJECT];
const compiled = process.env.TEST_COMPILED;
if (!compiled) throw new Error("TEST_COMPILED is not set: run the tests by tests/run.ts");

/** The package's own name stands for its source, as in tsconfig.json and deno.json. */
export function resolve(specifier, context, next) {
  if (specifier === "netraven-db") return next(`${PROJECT}src/mod.ts`, context);
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!/\.m?ts$/.test(url)) return next(url, context);
  const project = PROJECTS.find((project) => /^(src|tests)\//.test(url.replace(project, "")));
  const source = project === undefined
    ? await compileOne(fileURLToPath(url))
    : await readFile(`${compiled}/${url.slice(project.length).replace(/ts$/, "js")}`, "utf8");
  return { format: "module", source, shortCircuit: true };
}

/** What a test wrote, such as an example, is compiled when it is loaded. */
async function compileOne(path) {
  const [{ transform }, text] = await Promise.all([import("esbuild"), readFile(path, "utf8")]);
  const options = { loader: "ts", format: "esm", target: "node20", sourcemap: "inline" };
  return (await transform(text, { ...options, sourcefile: path })).code;
}
