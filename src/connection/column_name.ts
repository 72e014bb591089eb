/**
 * The name of a column's field: `device_id` becomes `deviceId`. Drops the mark that pgtyped reads
 * at the end of a name, as in `title?`. Called once per statement, not per row.
 */
export function columnName(column: string): string {
  return column.replace(/[!?]$/, "").replace(
    /_([a-z])/g,
    (_, letter: string) => letter.toUpperCase(),
  );
}
