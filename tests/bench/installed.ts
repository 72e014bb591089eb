/**
 * The package as its users have it: built, and found in `node_modules` by its name. The bench's own
 * files are compiled beside it, because what tsx makes of TypeScript is slower than what tsc does.
 */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { build } from "../../src/tools/build.ts";

/** A folder that works as a project that has installed the package. */
export interface Installed {
  readonly folder: string;
  /** The compiled form of a file of the bench, such as `measure.ts`. */
  file(name: string): string;
  remove(): Promise<void>;
}

export const PROJECT: string = fileURLToPath(new URL("../..", import.meta.url));
const BENCH = join(PROJECT, "tests/bench");

/** Builds the package from the sources as they are. */
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
 * Runs a file of the bench there, and gives the line of JSON that it prints.
 *
 * @param env What to do. Not by argument: these can be seen in a list of processes, with the passwords of URLs.
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

/** Takes the types away; `make lint` has checked them. */
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
