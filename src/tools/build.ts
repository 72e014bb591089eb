/**
 * Writes the package for Node. tsc compiles and declares every module; esbuild then joins the
 * modules into few files, because Node takes about a millisecond to load each of them:
 *
 * - `queries.js`: the queries and what they need, without a driver;
 * - `core.js`: everything else that a program loads at its start;
 * - a file for each module that is loaded later, by an `import()`.
 */
import { execFile } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { runCommand } from "./command.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** Modules by their paths, and the file that holds them. */
type Places = ReadonlyMap<string, string>;

/**
 * Builds into an empty folder: `mod.js`, `generated/<table>.js` and their declarations, and the
 * files that they load.
 *
 * @throws {Error} the complaint of tsc or esbuild.
 */
export async function build(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await compile(folder);
  const entry = join(folder, "mod.js");
  const tables = await filesIn(join(folder, "generated"));
  const { early, late } = await reach([entry], folder);
  const { early: ofQueries } = await reach(tables, folder);
  const names = await namesOf(early, folder);

  const queries = place(ofQueries, join(folder, "queries.js"));
  const core = place(
    early.filter((module) => module !== entry && !queries.has(module)),
    join(folder, "core.js"),
  );
  const later = new Map(
    late.map((module) => [module, join(folder, relative(folder, module).replaceAll("/", "_"))]),
  );
  const outputs = [
    ...await joinAll(queries, join(folder, "queries.js"), names, new Map(), folder),
    ...await joinAll(core, join(folder, "core.js"), names, new Map([...queries, ...later]), folder),
    ...await joinLate(late, new Map([...queries, ...core, ...later]), folder),
  ];

  for (const module of await filesIn(folder)) await rm(module);
  for (const { path, contents } of outputs) await writeFile(path, contents);
  for (const module of [entry, ...tables]) {
    await writeFile(module, reexport(module, names, new Map([...queries, ...core])));
  }
}

async function compile(folder: string): Promise<void> {
  const tsc = join(PROJECT, "node_modules", "typescript", "bin", "tsc");
  const config = join(PROJECT, "config", "tsconfig.build.json");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", config, "--outDir", folder]);
  } catch (error) {
    throw new Error(`The package does not build:\n${(error as { stdout?: string }).stdout}`);
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".js") && !name.startsWith("internal"))
    .map((name) => join(folder, name));
}

/** The names that each module exports. */
async function namesOf(
  modules: readonly string[],
  folder: string,
): Promise<Map<string, readonly string[]>> {
  const { metafile } = await esbuild.build({
    ...SHARED,
    entryPoints: [...modules],
    outdir: folder,
    splitting: true,
    metafile: true,
    absWorkingDir: folder,
  });
  return new Map(
    Object.values(metafile.outputs).flatMap(({ entryPoint, exports }) =>
      entryPoint === undefined ? [] : [[join(folder, entryPoint), exports] as const]
    ),
  );
}

/** The modules that entries load at once, themselves included, and those that they load later. */
async function reach(
  entries: readonly string[],
  folder: string,
): Promise<{ early: string[]; late: string[] }> {
  const { metafile } = await esbuild.build({
    ...SHARED,
    entryPoints: [...entries],
    outdir: folder,
    splitting: true,
    metafile: true,
    absWorkingDir: folder,
  });
  const early = new Set<string>();
  const late = new Set<string>();
  const visit = (module: string) => {
    if (early.has(module)) return;
    early.add(module);
    for (const { path, kind, external } of metafile.inputs[module]!.imports) {
      if (external) continue;
      if (kind === "dynamic-import") late.add(path);
      else visit(path);
    }
  };
  for (const entry of entries) visit(relative(folder, entry));
  // A late module may load others later still.
  for (const module of late) {
    for (const { path, kind, external } of metafile.inputs[module]!.imports) {
      if (!external && kind === "dynamic-import") late.add(path);
    }
  }
  const absolute = (module: string) => join(folder, module);
  return {
    early: [...early].map(absolute),
    late: [...late].filter((module) => !early.has(module)).map(absolute),
  };
}

const SHARED = {
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  write: false,
  logLevel: "silent",
} as const;

function place(modules: readonly string[], file: string): Places {
  return new Map(modules.map((module) => [module, file]));
}

/** Joins modules into one file that exports all that they export. */
async function joinAll(
  modules: Places,
  file: string,
  names: ReadonlyMap<string, readonly string[]>,
  elsewhere: Places,
  folder: string,
): Promise<esbuild.OutputFile[]> {
  const exported = [...modules.keys()].flatMap((module) => names.get(module)!);
  const twice = exported.filter((name, i) => exported.indexOf(name) !== i);
  if (twice.length > 0) throw new Error(`Two modules export ${twice.join(", ")}`);
  const lines = [...modules.keys()].map((module) =>
    `export * from ${JSON.stringify(`./${relative(folder, module)}`)};`
  );
  const { outputFiles } = await esbuild.build({
    ...SHARED,
    stdin: { contents: lines.join("\n"), resolveDir: folder },
    outfile: file,
    plugins: [takeFrom(elsewhere, file)],
  });
  return outputFiles;
}

/** Joins each module with what only late modules need. */
async function joinLate(
  modules: readonly string[],
  elsewhere: Places,
  folder: string,
): Promise<esbuild.OutputFile[]> {
  const { outputFiles } = await esbuild.build({
    ...SHARED,
    entryPoints: modules.map((module) => ({
      in: module,
      out: basename(elsewhere.get(module)!, ".js"),
    })),
    outdir: folder,
    splitting: true,
    chunkNames: "late-[hash]",
    plugins: [takeFrom(elsewhere, join(folder, "late.js"))],
  });
  return outputFiles;
}

/** Imports modules from the files that hold them. */
function takeFrom(elsewhere: Places, file: string): esbuild.Plugin {
  return {
    name: "take from",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
        const place = elsewhere.get(resolve(resolveDir, path));
        if (place === undefined || kind === "entry-point") return undefined;
        return { path: `./${relative(dirname(file), place)}`, external: true };
      });
    },
  };
}

/** A module that exports what it did, from the files that hold it now. */
function reexport(
  module: string,
  names: ReadonlyMap<string, readonly string[]>,
  places: Places,
): string {
  const lines = new Map<string, string[]>();
  for (const name of names.get(module)!) {
    const home = [...places].find(([other]) => names.get(other)!.includes(name));
    if (home === undefined) throw new Error(`Nothing holds ${name}`);
    lines.set(home[1], [...lines.get(home[1]) ?? [], name]);
  }
  return [...lines].map(([file, exported]) => {
    const path = relative(dirname(module), file);
    const from = path.startsWith(".") ? path : `./${path}`;
    return `export { ${exported.join(", ")} } from ${JSON.stringify(from)};\n`;
  }).join("");
}

runCommand(import.meta.url, async () => {
  await build(join(PROJECT, "dist"));
  return 0;
});
