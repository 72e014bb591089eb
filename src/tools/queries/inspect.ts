/** Checks a query after pgtyped has read it. */
import { columnName } from "../../connection/column_name.ts";
import { type Contract, maySayReads } from "./contract.ts";
import { exportName } from "./files.ts";
import type { Parts } from "./read.ts";

/**
 * @param functions The bodies of the functions that queries call: they may contain the labels of a column.
 * @returns A line for each problem.
 */
export function inspectParts(parts: Parts, contract: Contract, functions: string): string[] {
  return [
    ...inspectContract(parts, contract, functions),
    ...inspectParams(parts),
    ...inspectRow(parts),
  ];
}

function inspectContract(
  { params, row, ir }: Parts,
  contract: Contract,
  functions: string,
): string[] {
  const problems: string[] = [];
  if (contract.reads && !maySayReads(ir.statement)) {
    problems.push('its contract says "Reads.", but the statement writes, locks or notifies');
  }
  if (contract.returns !== undefined && row.length === 0) {
    problems.push(
      `its contract says "Returns ${contract.returns}.", but the statement returns nothing`,
    );
  }
  const columns = row.map((field) => ({ ...field, name: columnName(field.name) }));
  for (
    const [sign, notes, fields] of [
      [":", contract.params, params],
      [".", contract.columns, columns],
    ] as const
  ) {
    for (const { name, nullableElements, labels } of notes) {
      const field = fields.find((candidate) => candidate.name === name);
      const kind = sign === ":" ? "parameter" : "column";
      if (field === undefined) problems.push(`"${sign}${name}" of its contract is not a ${kind}`);
      else if (nullableElements !== undefined && !field.type.isArray) {
        problems.push(`"${sign}${name}" of its contract is not an array`);
      } else if (labels.length > 0 && field.type.base !== "string") {
        problems.push(`"${sign}${name}" of its contract is not text, so it has no labels`);
      }
      const unseen = labels.filter((label) =>
        !ir.statement.includes(`'${label}'`) && !functions.includes(`'${label}'`)
      );
      if (sign === "." && unseen.length > 0) {
        problems.push(
          `"${sign}${name}" is one of ${
            unseen.join(", ")
          }: neither its statement nor a function contains them`,
        );
      }
    }
  }
  return problems;
}

function inspectParams({ params, ir }: Parts): string[] {
  const problems: string[] = [];
  for (const { name, transform, locs } of ir.params) {
    if (transform.type !== "scalar") {
      problems.push(`parameter "${name}": pgtyped's lists are not allowed; pass an array`);
    }
    for (const { a, b } of locs) {
      const found = ir.statement.slice(a, b + 1);
      if (found !== `:${name}` && found !== `:${name}!`) {
        problems.push(
          `parameter "${name}" is read as "${found}": is an emoji before it?`,
        );
      } else if (/(?:\)|\b(?!array\b)\w+)\s*\[$/i.test(ir.statement.slice(0, a))) {
        problems.push(`"[:${name}" is read as a parameter; write both bounds of the slice`);
      }
    }
  }
  for (const { name, type } of params) {
    if (/\bunknown\b/.test(type.base)) {
      problems.push(`parameter "${name}": pgtyped does not know its type; cast it`);
    }
  }
  return problems;
}

function inspectRow({ row }: Parts): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { name, type } of row) {
    const field = columnName(name);
    if (!/^[a-z][A-Za-z0-9]*$/.test(field)) {
      const better = field.replace(/_+(\w?)/g, (_, letter: string) => letter.toUpperCase());
      problems.push(`column "${name}" is not in camelCase: write as "${exportName(better)}"`);
    } else if (seen.has(field)) problems.push(`column "${name}" occurs twice`);
    seen.add(field);
    if (/\bunknown\b/.test(type.base)) {
      problems.push(`column "${name}": pgtyped does not know its type; cast it`);
    }
    if (/\bundefined\b/.test(type.base)) {
      problems.push(`column "${name}" is void: cast it to text, or remove it`);
    }
  }
  return problems;
}
