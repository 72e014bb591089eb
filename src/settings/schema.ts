/** Schemas of the layer's own system settings. */
import type { StandardSchema } from "../session.ts";

/**
 * Returns a schema for `settings.get` that accepts values that pass.
 *
 * @param otherwise Replaces a missing value and the JSON null.
 */
export function settingOr<T>(
  otherwise: T,
  passes: (value: unknown) => boolean,
): StandardSchema<T> {
  const validate = (given: unknown) => {
    const value = given ?? otherwise;
    return value === otherwise || passes(value)
      ? { value: value as T }
      : { issues: [{ message: "The value is invalid" }] };
  };
  return { "~standard": { version: 1, vendor: "netraven-db", validate } };
}

/** Whether a value is a whole number from 0 that fits the database's `integer`. */
export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647;
}
