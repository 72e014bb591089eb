/**
 * Parameters on their way to the server. Where their types are known they are
 * written here. The first time, the driver asks the server for the types, waits
 * for the answer and has them written by the table that is given to it here.
 */
import { Buffer } from "node:buffer";
import { decoders, EncodeError, encodeOther, encoders, textProblem } from "./codec.ts";
import { ParameterError } from "../errors.ts";

/** What the protocol counts in 16 bits, less the driver's margin. */
const MAX_PARAMETERS = 65_533;
/** The type of a parameter that the server has not told yet. */
const UNKNOWN = 0;

/** Whose parameters these are. */
export interface Named {
  readonly name?: string | undefined;
  readonly fields?: readonly string[] | undefined;
}

/** A value does not fit the type that the server told; it may fit another one. */
export class TypeMismatch extends ParameterError {}

/** The arrays of SQL may hold null, which the types of the queries do not say. */
export function nullable<T>(values: readonly (T | null)[]): readonly T[] {
  return values as readonly T[];
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

/** A parameter whose type the server has yet to tell. The driver writes it then, by the table below. */
class Unwritten {
  readonly value: unknown;
  readonly #limit: number;
  constructor(value: unknown, limit: number) {
    this.value = value;
    this.#limit = limit;
  }
  /** Called for a type that is not in the table. */
  toString(): string {
    return write(this.value, encodeOther, this.#limit);
  }
}

/** Reading a value may run code of the caller's, such as a `toJSON`, and that may throw anything. */
function write(value: unknown, encode: (value: unknown) => string, limit: number): string {
  let text: string;
  try {
    text = encode(value);
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError("cannot be read", false);
  }
  // A character takes three bytes at most, a pair of surrogates four.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    const problem = `is larger than ${limit} bytes, which is database.limits.parameter_bytes`;
    throw new EncodeError(problem, false);
  }
  return text;
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
        value instanceof Encoded
          ? value.text
          : write(value instanceof Unwritten ? value.value : value, encode, limit),
      parse: decoders.get(oid),
    }]),
  );
}

/**
 * Parameters as they cross the wire.
 *
 * @param oids Their types.
 * @param limit The most bytes that one may have.
 * @throws {ParameterError} one does not fit.
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

/** The same, as the driver takes them where it has the statement's types. */
export function driverParameters(texts: readonly (string | null)[]): unknown[] {
  return texts.map((text) => text === null ? null : new Encoded(text));
}

/**
 * Parameters as the driver takes them where the server has yet to tell their types.
 *
 * @param untyped Makes the driver ask the server for a value's type.
 * @throws {ParameterError} one cannot be sent, whatever its type.
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
    // Left alone, the driver guesses, and takes a boolean for jsonb as `boolean`,
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
      if (i >= MAX_PARAMETERS) throw new EncodeError("is one too many; give arrays instead", false);
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
 * Names the field that an encoder refused. The driver notes the parameters on the error: it wrote them
 * in their order, so the first that is not written is the one.
 */
export function refusedParameter(error: EncodeError, { name, fields }: Named): ParameterError {
  const parameters = (error as { parameters?: readonly unknown[] }).parameters ?? [];
  const at = parameters.findIndex((parameter) => parameter instanceof Unwritten);
  const { message, index } = error;
  return new ParameterError(fields?.[at] ?? `$${at + 1}`, message, { query: name, index });
}
