/**
 * Parameters on their way to the driver. Where their types are known they are
 * written here: when one does not fit, the driver would reject whichever
 * statement runs, and leave the right one waiting. The first time, the driver
 * asks the server for the types and waits for the answer, and then that is safe.
 */
import { Buffer } from "node:buffer";
import { decoders, EncodeError, encoders, textProblem } from "./codec.ts";
import { ParameterError } from "./errors.ts";

/** What the protocol counts in 16 bits, less the driver's margin. */
const MAX_PARAMETERS = 65_533;

/** Whose parameters these are. */
export interface Named {
  readonly name?: string | undefined;
  readonly fields?: readonly string[] | undefined;
}

/** A parameter that is written already. Its type may be one that the driver does not know. */
class Encoded {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/**
 * The driver's table of types: it reads columns by it, and writes what came unwritten.
 *
 * @param limit The most bytes that a parameter may have.
 */
export function driverTypes(limit: number): Record<string, unknown> {
  return Object.fromEntries(
    [...encoders].map(([oid, encode]) => [`oid${oid}`, {
      to: oid,
      from: [oid],
      serialize: (value: unknown) =>
        value instanceof Encoded ? value.text : bounded(encode(value), limit),
      parse: decoders.get(oid),
    }]),
  );
}

function bounded(text: string, limit: number): string {
  // A character takes three bytes at most, a pair of surrogates four.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    throw new EncodeError(
      `is larger than ${limit} bytes, which is database.limits.parameter_bytes`,
    );
  }
  return text;
}

/**
 * Parameters as the driver takes them.
 *
 * @param oids Their types, where the statement has been sent before.
 * @param limit The most bytes that one may have.
 * @param untyped Makes the driver ask the server for a value's type.
 * @throws {ParameterError} one does not fit.
 */
export function writeParameters(
  values: readonly unknown[],
  oids: readonly number[] | undefined,
  { name, fields }: Named,
  limit: number,
  untyped: (value: unknown) => unknown,
): unknown[] {
  const parameters: unknown[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    const encode = oids === undefined ? undefined : encoders.get(oids[i] as number);
    let problem = i < MAX_PARAMETERS ? undefined : "is one too many; give arrays instead";
    try {
      if (value === null) parameters.push(null);
      else if (encode !== undefined) parameters.push(new Encoded(bounded(encode(value), limit)));
      else if (typeof value === "string") {
        problem ??= textProblem(value);
        parameters.push(bounded(value, limit));
      } else {
        // Left alone, the driver guesses, and takes a boolean for jsonb as `boolean`,
        // and an array for its first element.
        parameters.push(untyped(value));
      }
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      problem = error.message;
    }
    if (problem !== undefined) {
      throw new ParameterError(fields?.[i] ?? `$${i + 1}`, problem, { query: name });
    }
  }
  return parameters;
}

/** Names the field that an encoder refused. The driver notes the types it learned on the error. */
export function refusedParameter(
  error: EncodeError,
  values: readonly unknown[],
  { name, fields }: Named,
  limit: number,
): ParameterError {
  const oids = (error as { types?: readonly number[] }).types ?? [];
  const at = values.findIndex((value, i) => {
    try {
      if (value === null || value === undefined) return false;
      bounded(encoders.get(oids[i] ?? 0)?.(value) ?? "", limit);
      return false;
    } catch {
      return true;
    }
  });
  return new ParameterError(fields?.[at] ?? `$${at + 1}`, error.message, { query: name });
}
