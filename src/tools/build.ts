/**
 * Writes the package for Node. tsc compiles and declares every module; esbuild
 * then joins what a program loads at its start: Node takes about a millisecond
 * for each file, and the layer has more than thirty.
 */
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Builds into an empty folder: `mod.js`, `generated/<table>.js` and their
 * declarations; `queries.js` and `shared.js` hold what these have in common, once.
 *
 * @throws {Error} what tsc or esbuild complains of.
 */
export async function build(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const tsc = join(PROJECT, "node_modules", "typescript", "bin", "tsc");
  const config = join(PROJECT, "config", "tsconfig.build.json");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", config, "--outDir", folder]);
  } catch (error) {
    throw new Error(`The package does not build:\n${(error as { stdout?: string }).stdout}`);
  }

  const generated = join(folder, "generated");
  const modules = (await readdir(generated)).filter((name) => name.endsWith(".js"));
  const names = new Map<string, string[]>();
  for (const module of modules) {
    names.set(module, Object.keys(await import(pathToFileURL(join(generated, module)).href)));
  }
  await writeFile(
    join(folder, "queries.js"),
    modules.map((module) => `export * from "./generated/${module}";\n`).join(""),
  );
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(folder, "mod.js"), join(folder, "queries.js")],
    outdir: folder,
    chunkNames: "shared",
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    write: false,
    logLevel: "silent",
  });

  const compiled = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith(".js")
  );
  for (const name of compiled) await rm(join(folder, name));
  for (const { path, contents } of outputFiles) await writeFile(path, contents);
  for (const [module, exported] of names) {
    const text = `export { ${exported.join(", ")} } from "../queries.js";\n`;
    await writeFile(join(generated, module), text);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await build(join(PROJECT, "dist"));
}
