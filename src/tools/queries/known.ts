/** A query, after all files were read. */
import type { Contract } from "./contract.ts";
import type { NamedQuery, QueryFile } from "./files.ts";
import type { Parts } from "./read.ts";

/** A query with its file, its contract and its types. */
export interface KnownQuery {
  readonly file: QueryFile;
  readonly query: NamedQuery;
  readonly contract: Contract;
  readonly parts: Parts;
}

/** Returns the path of a query's module: `jobs.ts`, or `internal/jobs.ts` for a step of other functions. */
export function modulePathOf({ file, contract }: KnownQuery): string {
  return contract.isInternal ? `internal/${file.stem}.ts` : `${file.stem}.ts`;
}

/** Formats a query's location: `jobs.sql:12: JobGet`. */
export function at({ file, query }: KnownQuery): string {
  return `${file.file}:${query.line}: ${query.name}`;
}
