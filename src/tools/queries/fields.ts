/** Parameters and columns with all that the schema and the contract say of them. */
import { columnName } from "../../connection/column_name.ts";
import type { Note } from "./contract.ts";
import type { KnownQuery } from "./known.ts";
import { type Field, type FieldType, type Parts, pascal } from "./read.ts";

/** A parameter or a column of a generated module. */
export interface TypedField {
  readonly name: string;
  readonly type: FieldType;
  readonly nullableElements: boolean;
  readonly isOptional: boolean;
  readonly doc: string;
}

/** Returns the parameters of a query for the generated module. */
export function paramsOf(
  { parts, contract }: KnownQuery,
  unions: ReadonlyMap<string, string>,
): TypedField[] {
  return parts.params.map((field) => {
    const note = contract.params.find(({ name }) => name === field.name);
    const column = parts.row.find(({ name }) => columnName(name) === field.name);
    return typed(
      { ...field, type: castType(field, parts, unions) },
      note,
      note?.doc || column?.comment || "",
      false,
    );
  });
}

/** Returns the enum of a parameter that is sent as text: `:statuses::text[]::job_status[]`. */
function castType(
  { name, type }: Field,
  { ir }: Parts,
  unions: ReadonlyMap<string, string>,
): FieldType {
  if (type.base !== "string") return type;
  for (const { b } of ir.params.find((param) => param.name === name)?.locs ?? []) {
    const label = /^::text(?:\[\])?::(\w+)/.exec(ir.statement.slice(b + 1))?.[1];
    if (label !== undefined && unions.has(label)) return { ...type, base: pascal(label) };
  }
  return type;
}

/** @param nullableElements The default for an array whose note has no mark. */
export function typed(
  { name, type, isOptional }: Field,
  note: Note | undefined,
  doc: string,
  nullableElements: boolean,
): TypedField {
  const labels = note?.labels ?? [];
  return {
    name: columnName(name),
    type: labels.length > 0
      ? { ...type, base: labels.map((label) => `"${label}"`).join(" | ") }
      : type,
    nullableElements: type.isArray && (note?.nullableElements ?? nullableElements),
    isOptional,
    doc,
  };
}
