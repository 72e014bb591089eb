/** Rows with the column `packed`, which the client decompresses. */
import { columnName } from "../../connection/column_name.ts";
import type { Field } from "./read.ts";

const PACKED = "packed";

/** Whether the query must decompress its rows. */
export function isPacked(row: readonly Field[]): boolean {
  return row.some(({ name }) => name === PACKED);
}

/** Returns the row for the caller: with the text instead of the column `packed`. */
export function unpacked(row: readonly Field[]): readonly Field[] {
  if (!isPacked(row)) return row;
  return row.filter(({ name }) => name !== PACKED).map((field) =>
    columnName(field.name) === "configData"
      ? { ...field, type: { ...field.type, isNullable: false } }
      : field
  );
}
