/**
 * The package as users have it: built, and resolved by its name in `node_modules`. The files of the benchmark
 * are compiled beside it, because the output of tsx is slower than that of tsc.
 */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { build } from "../../src/tools/build.ts";

/** A folder of a project that has installed the package. */
export interface Installed {
  readonly folder: string;
  /** Path of the compiled form of a benchmark file, such as `measure.ts`. */
  file(name: string): string;
  remove(): Promise<void>;
}

export const PROJECT: string = fileURLToPath(new URL("../..", import.meta.url));
const BENCH = join(PROJECT, "tests/bench");

/** Builds the package from the current sources. */
export async function install(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), "netraven-bench-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const modules = join(folder, "node_modules");
    const own = join(modules, "netraven-db");
    await mkdir(own, { recursive: true });
    for (const name of ["postgres", "yaml"]) {
      await symlink(join(PROJECT, "node_modules", name), join(modules, name));
    }
    await cp(join(PROJECT, "package.json"), join(own, "package.json"));
    await build(join(own, "dist"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    for (const name of await readdir(BENCH)) {
      if (name.endsWith(".ts")) await compile(join(BENCH, name), folder);
    }
    return { folder, file: (name) => join(folder, name.replace(".ts", ".js")), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Runs a benchmark file there, and returns the line of JSON that it prints.
 *
 * @param env Parameters of the run. Arguments would show the passwords of URLs in the list of processes.
 */
export async function runJson<Result>(
  { file, folder }: Installed,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Result> {
  const child = spawn(process.execPath, [file(name)], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return JSON.parse(output) as Result;
}

/** Removes the types, which `make lint` has checked. */
async function compile(file: string, folder: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(file, "utf8"), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  await writeFile(join(folder, basename(file).replace(".ts", ".js")), outputText);
}
