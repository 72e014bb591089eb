/**
 * Converts the modules of pgtyped to those of this project: with the project's query class, one
 * type for each row, and the client's field names.
 */
import { readContract } from "./contract.ts";
import type { QueryFile } from "./files.ts";
import { inspectParts } from "./inspect.ts";
import { type KnownQuery, modulePathOf } from "./known.ts";
import { readModule } from "./read.ts";
import { shareTypes } from "./types.ts";
import { writeModule } from "./write.ts";

/**
 * @param sources The modules of pgtyped, by the stem of the query file.
 * @param functions The bodies of the functions that queries call.
 * @returns The modules, by their path in `src/generated`, and a line for each problem.
 */
export function rewriteModules(
  files: readonly QueryFile[],
  sources: ReadonlyMap<string, string>,
  functions: string,
): { modules: Map<string, string>; problems: string[] } {
  const problems: string[] = [];
  const unions = new Map<string, string>();
  const queries: KnownQuery[] = [];
  for (const file of files) {
    const source = sources.get(file.stem);
    const module = source === undefined ? undefined : readModule(source);
    if (typeof module === "string") problems.push(`${file.file}: ${module}`);
    if (module === undefined || typeof module === "string") continue;
    for (const [name, union] of module.enums) unions.set(name, union);
    for (const query of file.names) {
      const { contract, problems: wrong } = readContract(query.contract);
      const parts = module.partsOf(query.name);
      if (typeof parts === "string") wrong.push(parts);
      else {
        wrong.push(...inspectParts(parts, contract, functions));
        queries.push({ file, query, contract, parts });
      }
      problems.push(
        ...wrong.map((problem) => `${file.file}:${query.line}: ${query.name}: ${problem}`),
      );
    }
  }
  const shared = shareTypes(queries, unions);
  problems.push(...shared.problems);

  const modules = new Map<string, string>();
  for (const file of files) {
    const own = queries.filter((known) => known.file === file);
    for (const module of new Set(own.map(modulePathOf))) {
      const inIt = own.filter((known) => modulePathOf(known) === module);
      modules.set(module, writeModule(file, inIt, shared.types, unions));
    }
  }
  return { modules, problems };
}
