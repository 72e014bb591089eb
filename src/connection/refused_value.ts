/** Finds the parameter, and its element, that a server refused. */
import { ParameterError } from "../errors.ts";
import type { Named } from "./parameters.ts";
import type { ServerError } from "./sqlstate.ts";

/** The problem of a value, by SQLSTATE. */
const PROBLEMS: Readonly<Record<string, string>> = {
  "22P02": "does not match the syntax of its type",
  "22P03": "does not match the syntax of its type",
  "22003": "is out of its type's range",
  "22007": "is not a valid date or time",
  "22008": "is a date or time out of range",
  "22021": "is not valid in the server's encoding",
  "22P05": "holds a character that the server cannot store",
};

/** Maximum length of a searched message: the search for each of many values would take too long. */
const MAX_MESSAGE = 4_000;

/**
 * Returns an error that names the field of a refused value; undefined if the field is unknown. The server
 * names the parameter that it could not read, and quotes the value, which this function only compares.
 *
 * @param bound Whether the server had read all parameters: then a cast in the statement refused the value.
 */
export function refusedValue(
  error: ServerError,
  bound: boolean,
  values: readonly unknown[],
  { name: query, fields }: Named,
): ParameterError | undefined {
  const problem = PROBLEMS[error.code];
  if (problem === undefined) return undefined;
  // In any language, the number precedes the value.
  const parameter = bound ? undefined : /\$(\d+)/.exec(error.where ?? "")?.[1];
  const matches = values.flatMap((value, at) => {
    if (parameter !== undefined && at !== Number(parameter) - 1) return [];
    const elements = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    const index = elements.findIndex((element) => isShown(element, error.message));
    return index < 0 ? [] : [{ at, index: Array.isArray(value) ? index : undefined }];
  });
  const [match, another] = parameter === undefined || matches.length > 0
    ? matches
    : [{ at: Number(parameter) - 1, index: undefined }];
  if (match === undefined || another !== undefined) return undefined;
  const field = fields?.[match.at] ?? `$${match.at + 1}`;
  return new ParameterError(field, problem, { query, sqlState: error.code, index: match.index });
}

function isShown(value: unknown, message: string | undefined): boolean {
  const shown = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  if (!shown || message === undefined || message.length > MAX_MESSAGE) return false;
  return message.includes(`"${value}"`);
}
