/**
 * Encodes parameters for the server. If their types are known, this file encodes
 * them. The first time, the driver asks the server for the types, and then encodes
 * the parameters by the type table of this file.
 */
import { Buffer } from "node:buffer";
import { decoders, EncodeError, encodeOther, encoders } from "./codec.ts";
import { textProblem } from "../vault/text.ts";
import { ParameterError } from "../errors.ts";

/** Maximum parameters: the protocol's 16-bit count, less the driver's margin. */
const MAX_PARAMETERS = 65_533;
/** The type of a parameter that the server has not described yet. */
const UNKNOWN = 0;

/** The name of a statement, and of its parameters. */
export interface Named {
  readonly name?: string | undefined;
  readonly fields?: readonly string[] | undefined;
}

/** A value does not fit the server's type; it may fit another type. */
export class TypeMismatch extends ParameterError {}

/** An encoded parameter. The driver may not know its type. */
class Encoded {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** A parameter of unknown type. After the server's answer, the driver encodes it by the table below. */
class Unwritten {
  readonly value: unknown;
  readonly #limit: number;
  constructor(value: unknown, limit: number) {
    this.value = value;
    this.#limit = limit;
  }
  /** The driver calls it for a type that is not in the table. */
  toString(): string {
    return write(this.value, encodeOther, this.#limit);
  }
}

/** Encodes a value, which may run the caller's code: a `toJSON` may throw anything. */
function write(value: unknown, encode: (value: unknown) => string, limit: number): string {
  let text: string;
  try {
    text = encode(value);
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError("cannot be read", false);
  }
  // A character takes three bytes at most, a pair of surrogates four.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    const problem = `is larger than ${limit} bytes, the limit of database.limits.parameter_bytes`;
    throw new EncodeError(problem, false);
  }
  return text;
}

/**
 * Returns the driver's type table, by which it decodes columns and encodes parameters of unknown type.
 *
 * @param limit Maximum bytes of one parameter.
 */
export function driverTypes(limit: number): Record<string, unknown> {
  return Object.fromEntries(
    [...encoders].map(([oid, encode]) => [`oid${oid}`, {
      to: oid,
      from: [oid],
      serialize: (value: unknown) =>
        value instanceof Encoded
          ? value.text
          : write(value instanceof Unwritten ? value.value : value, encode, limit),
      parse: decoders.get(oid),
    }]),
  );
}

/**
 * Encodes parameters of known types.
 *
 * @param oids The parameters' types.
 * @param limit Maximum bytes of one parameter.
 * @throws {ParameterError} a value does not fit its type.
 */
export function writeParameters(
  values: readonly unknown[],
  oids: readonly number[],
  named: Named,
  limit: number,
): (string | null)[] {
  return eachParameter(
    values,
    named,
    (value, i) => write(value, encoders.get(oids[i] ?? UNKNOWN) ?? encodeOther, limit),
  );
}

/** Wraps encoded parameters for the driver. */
export function driverParameters(texts: readonly (string | null)[]): unknown[] {
  return texts.map((text) => text === null ? null : new Encoded(text));
}

/**
 * Wraps parameters of unknown types for the driver.
 *
 * @param untyped Makes the driver ask the server for a value's type.
 * @throws {ParameterError} a value fits no type.
 */
export function untypedParameters(
  values: readonly unknown[],
  named: Named,
  limit: number,
  untyped: (value: unknown) => unknown,
): unknown[] {
  return eachParameter(values, named, (value) => {
    const problem = typeof value === "string" ? textProblem(value) : undefined;
    if (problem !== undefined) throw new EncodeError(problem, false);
    // By itself, the driver guesses: it takes a boolean for jsonb as `boolean`,
    // and an array for its first element.
    return untyped(new Unwritten(value, limit));
  });
}

function eachParameter<T>(
  values: readonly unknown[],
  { name, fields }: Named,
  writeOne: (value: unknown, i: number) => T,
): (T | null)[] {
  const parameters: (T | null)[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    try {
      if (i >= MAX_PARAMETERS) {
        throw new EncodeError(
          "exceeds the maximum number of parameters; pass arrays instead",
          false,
        );
      }
      parameters.push(value === null ? null : writeOne(value, i));
    } catch (error) {
      const { message, index, byType } = error as EncodeError;
      const Refusal = byType ? TypeMismatch : ParameterError;
      throw new Refusal(fields?.[i] ?? `$${i + 1}`, message, { query: name, index });
    }
  }
  return parameters;
}

/**
 * Returns an error that names the field that an encoder refused. The driver's error lists the parameters.
 * The driver encodes them in order, so the first that is not encoded is the invalid one.
 */
export function refusedParameter(error: EncodeError, { name, fields }: Named): ParameterError {
  const parameters = (error as { parameters?: readonly unknown[] }).parameters ?? [];
  const at = parameters.findIndex((parameter) => parameter instanceof Unwritten);
  const { message, index } = error;
  return new ParameterError(fields?.[at] ?? `$${at + 1}`, message, { query: name, index });
}
