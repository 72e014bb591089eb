/**
 * Encodes and decodes values by the server's types. The driver's own rules lose
 * information (a NULL in an array becomes the text `NULL`, the text `'true'`
 * becomes false, a lone surrogate becomes U+FFFD), so this file handles every type
 * that the layer uses. It refuses an invalid value before anything is sent.
 */

import { Buffer } from "node:buffer";
import { textProblem } from "../vault/text.ts";

/** A value does not fit its type. The caller converts it into a ParameterError that names the field. */
export class EncodeError extends TypeError {
  /** Whether the value might fit another type. */
  readonly byType: boolean;
  /** Index of the array element, if the value is an array. */
  index: number | undefined;
  constructor(message: string, byType = true) {
    super(message);
    this.byType = byType;
  }
}

/** JavaScript cannot represent a value of the database. */
export class DecodeError extends RangeError {}

interface Codec {
  readonly oid: number;
  readonly arrayOid: number;
  encode(value: unknown): string;
  /** Defaults to the unchanged text. */
  decode?: (text: string) => unknown;
}

function encodeText(value: unknown): string {
  if (typeof value !== "string") throw new EncodeError(`must be a string, not ${kindOf(value)}`);
  const problem = textProblem(value);
  if (problem !== undefined) throw new EncodeError(problem, false);
  return value;
}

function encodeInteger(min: bigint, max: bigint): (value: unknown) => string {
  const low = Number(min);
  const high = Number(max);
  return (value) => {
    if (typeof value === "bigint") {
      if (value >= min && value <= max) return String(value);
    } else if (typeof value !== "number") {
      throw new EncodeError(`must be an integer, not ${kindOf(value)}`);
    } else if (!Number.isInteger(value)) {
      throw new EncodeError("must be an integer");
    } else if (value >= low && value <= high && Number.isSafeInteger(value)) {
      return String(value);
    }
    throw new EncodeError(`must be an exact integer from ${min} to ${max}`);
  };
}

function encodeBoolean(value: unknown): string {
  if (typeof value !== "boolean") throw new EncodeError(`must be a boolean, not ${kindOf(value)}`);
  return value ? "t" : "f";
}

function encodeFloat(value: unknown): string {
  if (typeof value !== "number") throw new EncodeError(`must be a number, not ${kindOf(value)}`);
  return Object.is(value, -0) ? "-0" : String(value);
}

function encodeNumeric(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return encodeText(value);
}

function encodeBytes(value: unknown): string {
  if (!(value instanceof Uint8Array)) {
    throw new EncodeError(`must be a Uint8Array, not ${kindOf(value)}`);
  }
  let hex = "\\x";
  for (const byte of value) hex += HEX[byte];
  return hex;
}
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function decodeBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text.slice(2), "hex"));
  // Buffer stops at the first character that is not hexadecimal.
  if (!text.startsWith("\\x") || bytes.length * 2 !== text.length - 2) throw unreadable("bytea");
  return bytes;
}

function encodeJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    throw new EncodeError("cannot be converted to JSON", false);
  }
  if (text === undefined) throw new EncodeError("cannot be converted to JSON", false);
  // JSON.stringify escapes characters that PostgreSQL refuses, and writes null for values that
  // JSON lacks. Only such a text needs the slow check, since plain text may contain the same.
  if (/\\u(?:0000|d[89a-f])|null/.test(text)) JSON.stringify(value, checkJson);
  return text;
}

/** A replacer that only checks. `part` is the member of `this` after its `toJSON`. */
function checkJson(this: unknown, key: string, part: unknown): unknown {
  const problem = textProblem(key) ?? (typeof part === "string" ? textProblem(part) : undefined);
  if (problem !== undefined) throw new EncodeError(problem);
  if (typeof part === "number" && !Number.isFinite(part)) {
    throw new EncodeError("holds a number that is not finite, which JSON cannot represent");
  }
  if (part === null && (this as Record<string, unknown>)[key] instanceof Date) {
    throw new EncodeError("holds an invalid Date, which JSON cannot represent");
  }
  if (Array.isArray(this) && ["undefined", "function", "symbol"].includes(typeof part)) {
    throw new EncodeError(`holds an element that is ${typeof part}, which JSON cannot represent`);
  }
  return part;
}

// No Date equals PostgreSQL's `infinity`: the ends of Date's range represent it.
const MAX_DATE_MS = 8.64e15;
const HYPHEN = 0x2d;

function encodeTimestamp(value: unknown): string {
  if (!(value instanceof Date)) return encodeText(value);
  const time = value.getTime();
  if (Number.isNaN(time)) throw new EncodeError("must be a valid Date");
  if (time === MAX_DATE_MS) return "infinity";
  if (time === -MAX_DATE_MS) return "-infinity";
  const year = value.getUTCFullYear();
  const rest = value.toISOString().slice(-20);
  return year > 0
    ? `${String(year).padStart(4, "0")}${rest}`
    : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

/** Reads `2026-11-23 22:15:39.123+00`. The layer's sessions always use UTC. */
function decodeTimestamp(text: string): Date {
  // The engine's own parser is the fastest for this form, which nearly every time has.
  if (text.charCodeAt(4) === HYPHEN && text.length > 21 && text.endsWith("+00")) {
    const date = new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
    if (Number.isNaN(date.getTime())) throw unreadable("time");
    return date;
  }
  if (text === "infinity") return new Date(MAX_DATE_MS);
  if (text === "-infinity") return new Date(-MAX_DATE_MS);
  const parts = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:\+00)?( BC)?$/.exec(
    text,
  );
  if (parts === null) throw new DecodeError("A time of the database is not in UTC");
  const [, year, month, day, hour, minute, second, fraction, bc] = parts;
  const date = new Date(0);
  date.setUTCFullYear(bc ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Number((fraction ?? "").padEnd(3, "0").slice(0, 3)),
  );
  if (Number.isNaN(date.getTime())) throw new DecodeError("A time of the database is out of range");
  return date;
}

function encodeDate(value: unknown): string {
  if (!(value instanceof Date)) return encodeText(value);
  return encodeTimestamp(value).replace(/T[^ ]*/, "");
}

function decodeBoolean(text: string): boolean {
  if (text !== "t" && text !== "f") throw unreadable("boolean");
  return text === "t";
}

function decodeInteger(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw unreadable("integer");
  return Number(text);
}

function decodeBigint(text: string): number {
  if (!/^-?\d{1,19}$/.test(text)) throw unreadable("bigint");
  const number = Number(text);
  if (!Number.isSafeInteger(number)) {
    throw new DecodeError("A bigint of the database is beyond 2^53 and would be rounded");
  }
  return number;
}

function decodeFloat(text: string): number {
  const number = Number(text);
  if ((Number.isNaN(number) && text !== "NaN") || text === "") throw unreadable("float");
  return number;
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable("JSON value");
  }
}

/** Returns an error for a text that no server sends for the type. */
function unreadable(type: string): DecodeError {
  return new DecodeError(`A ${type} of the database cannot be read`);
}

const text = { encode: encodeText };
const timestamp = { encode: encodeTimestamp, decode: decodeTimestamp };
const json = { encode: encodeJson, decode: decodeJson };
const float = { encode: encodeFloat, decode: decodeFloat };

const codecs: readonly Codec[] = [
  { oid: 16, arrayOid: 1000, encode: encodeBoolean, decode: decodeBoolean },
  { oid: 17, arrayOid: 1001, encode: encodeBytes, decode: decodeBytes },
  { oid: 19, arrayOid: 1003, ...text }, // name
  {
    oid: 20, // int8
    arrayOid: 1016,
    encode: encodeInteger(-(2n ** 63n), 2n ** 63n - 1n),
    decode: decodeBigint,
  },
  {
    oid: 21,
    arrayOid: 1005,
    encode: encodeInteger(-(2n ** 15n), 2n ** 15n - 1n),
    decode: decodeInteger,
  },
  {
    oid: 23,
    arrayOid: 1007,
    encode: encodeInteger(-(2n ** 31n), 2n ** 31n - 1n),
    decode: decodeInteger,
  },
  { oid: 25, arrayOid: 1009, ...text },
  { oid: 26, arrayOid: 1028, encode: encodeInteger(0n, 2n ** 32n - 1n), decode: decodeInteger }, // oid
  { oid: 114, arrayOid: 199, ...json },
  { oid: 650, arrayOid: 651, ...text }, // cidr
  { oid: 700, arrayOid: 1021, ...float },
  { oid: 701, arrayOid: 1022, ...float },
  { oid: 869, arrayOid: 1041, ...text }, // inet
  { oid: 1042, arrayOid: 1014, ...text }, // char(n)
  { oid: 1043, arrayOid: 1015, ...text }, // varchar
  { oid: 1082, arrayOid: 1182, encode: encodeDate, decode: decodeTimestamp }, // date
  { oid: 1083, arrayOid: 1183, ...text }, // time
  { oid: 1114, arrayOid: 1115, ...timestamp },
  { oid: 1184, arrayOid: 1185, ...timestamp }, // timestamptz
  { oid: 1186, arrayOid: 1187, ...text }, // interval
  { oid: 1700, arrayOid: 1231, encode: encodeNumeric }, // numeric, read as text: it has more digits
  { oid: 2950, arrayOid: 2951, ...text }, // uuid
  { oid: 3802, arrayOid: 3807, ...json }, // jsonb
];

/** Encoders of parameters, by the server's type. */
export const encoders: ReadonlyMap<number, (value: unknown) => string> = new Map(
  codecs.flatMap(({ oid, arrayOid, encode }) => [
    [oid, encode] as const,
    [arrayOid, (value: unknown) => encodeArray(value, encode)] as const,
  ]),
);

/** Decoders of columns, by type. Other types stay text. */
export const decoders: ReadonlyMap<number, (text: string) => unknown> = new Map(
  codecs.flatMap(({ oid, arrayOid, decode }) => [
    ...(decode === undefined ? [] : [[oid, decode] as const]),
    [arrayOid, (text: string) => decodeArray(text, decode)] as const,
  ]),
);

/** Encodes a value of another type, such as an enum, as its text. */
export function encodeOther(value: unknown): string {
  const plain = typeof value === "number" || typeof value === "bigint" ||
    typeof value === "boolean";
  return plain ? String(value) : encodeText(value);
}

function encodeArray(value: unknown, encode: (element: unknown) => string): string {
  if (!Array.isArray(value)) throw new EncodeError(`must be an array, not ${kindOf(value)}`);
  let i = 0;
  try {
    let out = "{";
    const shape = encode === encodeJson ? "" : shapeOf(value[0]);
    for (; i < value.length; i++) {
      if (i > 0) out += ",";
      // Before version 17, PostgreSQL stores a different array.
      if (encode !== encodeJson && shapeOf(value[i]) !== shape) {
        throw new EncodeError("holds arrays of different shapes");
      }
      out += encodeElement(value[i], encode);
    }
    return `${out}}`;
  } catch (error) {
    if (error instanceof EncodeError) error.index = i;
    throw error;
  }
}

function encodeElement(element: unknown, encode: (element: unknown) => string): string {
  if (element === null) return "NULL";
  if (element === undefined) throw new EncodeError("holds an undefined element");
  if (Array.isArray(element) && encode !== encodeJson) {
    // PostgreSQL would store an empty array instead of the outer array.
    if (element.length === 0) throw new EncodeError("holds an empty array in an array");
    return encodeArray(element, encode);
  }
  return `"${encode(element).replace(/["\\]/g, "\\$&")}"`;
}

/** Returns the lengths of a nested array, level by level; empty for other values. */
function shapeOf(element: unknown): string {
  return Array.isArray(element) ? `${element.length},${shapeOf(element[0])}` : "";
}

function decodeArray(text: string, decode: ((text: string) => unknown) | undefined): unknown[] {
  if (text === "{}") return [];
  // Most arrays have one level and no quoted element.
  const inner = text.slice(1, -1);
  if (text.startsWith("{") && text.endsWith("}") && !/["\\[\]{}]/.test(inner)) {
    return inner.split(",").map((value) =>
      value === "NULL" ? null : decode === undefined ? value : decode(value)
    );
  }
  return new ArrayReader(text, decode).read();
}

/** Maximum dimensions of PostgreSQL's arrays. */
const MAX_DIMENSIONS = 6;

/** Reads an array that is nested or has quoted elements. */
class ArrayReader {
  readonly #text: string;
  readonly #decode: ((text: string) => unknown) | undefined;
  #at: number;

  constructor(text: string, decode: ((text: string) => unknown) | undefined) {
    this.#text = text;
    this.#decode = decode;
    // A lower bound other than 1 is written as a prefix: `[0:1]={a,b}`.
    this.#at = text.startsWith("[") ? text.indexOf("=") + 1 : 0;
  }

  read(): unknown[] {
    if (this.#text[this.#at] !== "{") throw unreadable("array");
    const values = this.#list(1);
    if (this.#at !== this.#text.length) throw unreadable("array");
    return values;
  }

  #list(dimension: number): unknown[] {
    if (dimension > MAX_DIMENSIONS) throw unreadable("array");
    const values: unknown[] = [];
    this.#at++;
    while (this.#text[this.#at] !== "}") {
      values.push(this.#element(dimension));
      if (this.#text[this.#at] === ",") this.#at++;
      else if (this.#text[this.#at] !== "}") throw unreadable("array");
    }
    this.#at++;
    return values;
  }

  #element(dimension: number): unknown {
    const char = this.#text[this.#at];
    if (char === "{") return this.#list(dimension + 1);
    const value = char === '"' ? this.#quoted() : this.#plain();
    if (char !== '"' && value === "NULL") return null;
    return this.#decode === undefined ? value : this.#decode(value);
  }

  #quoted(): string {
    const text = this.#text;
    let value = "";
    let from = ++this.#at;
    while (text[this.#at] !== '"') {
      if (this.#at >= text.length) throw unreadable("array");
      if (text[this.#at] === "\\") {
        value += text.slice(from, this.#at);
        from = ++this.#at;
      }
      this.#at++;
    }
    return value + text.slice(from, this.#at++);
  }

  #plain(): string {
    const text = this.#text;
    const from = this.#at;
    while (text[this.#at] !== "," && text[this.#at] !== "}") {
      if (this.#at >= text.length) throw unreadable("array");
      this.#at++;
    }
    return text.slice(from, this.#at);
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
