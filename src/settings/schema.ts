/** What a system setting has to be, for the layer's own settings. */
import type { StandardSchema } from "./settings.ts";

/**
 * A schema for `settings.get`: a value that passes, or the default where there is none.
 *
 * @param otherwise What no value, and the JSON null, stand for.
 */
export function settingOr<T>(
  otherwise: T,
  passes: (value: unknown) => boolean,
): StandardSchema<T> {
  const validate = (given: unknown) => {
    const value = given ?? otherwise;
    return value === otherwise || passes(value)
      ? { value: value as T }
      : { issues: [{ message: "does not fit" }] };
  };
  return { "~standard": { version: 1, vendor: "netraven-db", validate } };
}

/** Whether a value is a number from 0 that fits an integer of the database. */
export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647;
}
