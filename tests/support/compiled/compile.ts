/** Compiles the project once for a whole run of the tests: see `hooks.mjs`. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Compiles `src` and `tests`, each module by itself, into a temporary folder that ends with this process.
 *
 * @returns the folder, for TEST_COMPILED.
 */
export async function compile(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [...await modulesOf("src"), ...await modulesOf("tests")],
    // Where nothing is written: the source maps lead from there, the module's own address, to its text.
    outdir: PROJECT,
    outbase: PROJECT,
    write: false,
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
  });
  const folder = await mkdtemp(join(tmpdir(), "netraven-compiled-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const paths = outputFiles.map(({ path }) => join(folder, relative(PROJECT, path)));
  for (const parent of new Set(paths.map(dirname))) await mkdir(parent, { recursive: true });
  await Promise.all(outputFiles.map(({ contents }, i) => writeFile(paths[i]!, contents)));
  return folder;
}

async function modulesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(PROJECT, folder), { recursive: true });
  // make bench installs its peers into a folder of tests.
  return names.filter((name) => /^(?!.*node_modules\/).*\.ts$/.test(name)).map((name) =>
    join(PROJECT, folder, name)
  );
}
