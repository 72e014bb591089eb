/** Which parameter, and which element of it, a server's refusal is about. */
import { ParameterError } from "../errors.ts";
import type { Named } from "./parameters.ts";
import type { ServerError } from "./sqlstate.ts";

/** What is wrong with a value, by SQLSTATE. */
const PROBLEMS: Readonly<Record<string, string>> = {
  "22P02": "is not written as its type asks",
  "22P03": "is not written as its type asks",
  "22003": "is out of its type's range",
  "22007": "is not written as a date or time",
  "22008": "is a date or time out of range",
  "22021": "is not valid in the server's encoding",
  "22P05": "holds a character that the server cannot store",
};

/** In a longer message it would take too long to look for each of many values. */
const MAX_MESSAGE = 4_000;

/**
 * The error that names the field, where the server refused a value that it was given. A server says
 * which parameter it could not read, and shows the value; the value is compared and not repeated.
 *
 * @param bound Whether all parameters had been read: the value was refused by a cast in the statement.
 */
export function refusedValue(
  error: ServerError,
  bound: boolean,
  values: readonly unknown[],
  { name: query, fields }: Named,
): ParameterError | undefined {
  const problem = PROBLEMS[error.code];
  if (problem === undefined) return undefined;
  // In any language the number stands before the value.
  const told = bound ? undefined : /\$(\d+)/.exec(error.where ?? "")?.[1];
  const places = values.flatMap((value, at) => {
    if (told !== undefined && at !== Number(told) - 1) return [];
    const elements = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    const index = elements.findIndex((element) => isShown(element, error.message));
    return index < 0 ? [] : [{ at, index: Array.isArray(value) ? index : undefined }];
  });
  const [place, another] = told === undefined || places.length > 0
    ? places
    : [{ at: Number(told) - 1, index: undefined }];
  if (place === undefined || another !== undefined) return undefined;
  const field = fields?.[place.at] ?? `$${place.at + 1}`;
  return new ParameterError(field, problem, { query, sqlState: error.code, index: place.index });
}

function isShown(value: unknown, message: string | undefined): boolean {
  const shown = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  if (!shown || message === undefined || message.length > MAX_MESSAGE) return false;
  return message.includes(`"${value}"`);
}
