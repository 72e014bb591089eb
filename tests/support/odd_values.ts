/** Values for parameters: odd values that fit their type, and values that fit no type. */
import fc from "fast-check";
import type { Field } from "./every_query.ts";
import { envelope } from "./factories.ts";

/** Part of every text here, which reveals messages that repeat a value. */
export const CANARY = "kAnarI3nv0gel";
/** The same as a number. */
export const CANARY_NUMBER = 1_987_654_321;

/** A lazily created value, printed by its description. */
export class Odd {
  readonly what: string;
  readonly make: () => unknown;
  /** Whether every parameter type must reject it. */
  readonly unfit: boolean;
  constructor(what: string, make: () => unknown, unfit: boolean) {
    this.what = what;
    this.make = make;
    this.unfit = unfit;
  }
  [fc.toStringMethod](): string {
    return `<${this.what}>`;
  }
}

function complain(): never {
  throw new Error(`A trap: ${CANARY}`);
}

/** A proxy that throws on every access. */
function thornyProxy(target: object): object {
  const traps = Object.getOwnPropertyNames(Reflect).map((name) => [name, complain]);
  return new Proxy(target, Object.fromEntries(traps));
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

/** Throws or returns undefined, only the first time. */
function fickle(first: () => unknown): object {
  let asked = false;
  return {
    toJSON: () => {
      if (asked) return CANARY;
      asked = true;
      return first();
    },
  };
}

function inItself(value: unknown[] | Record<string, unknown>): unknown {
  (value as Record<string, unknown>)["0"] = value;
  return value;
}

function nested(depth: number): unknown {
  let value: unknown = CANARY;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Values that every parameter must reject. */
const UNFIT: Readonly<Record<string, () => unknown>> = {
  "a symbol": () => Symbol(CANARY),
  "a function": () => complain,
  "a class": () => class {},
  "a text with NUL": () => `${CANARY}\0${CANARY}`,
  "a lone surrogate": () => `${CANARY}\ud800`,
  "half an emoji": () => `${CANARY}👩`.slice(0, -1),
  "an invalid Date": () => new Date(NaN),
  "a sparse array": () => new Array(3),
  "an array with a hole": () => [, CANARY],
  "an array with undefined": () => [undefined],
  "an array with a symbol": () => [Symbol(CANARY)],
  "an array with NUL": () => [CANARY, `${CANARY}\0`],
  "an array with a lone surrogate": () => [`\udc00${CANARY}`],
  "an array in itself": () => inItself([]),
  "an object in itself": () => inItself({}),
  "an array whose element throws": () => Object.defineProperty([1], 0, { get: complain }),
  "an object that throws as JSON": () => ({ toJSON: complain, toString: complain }),
  "an object that is no JSON": () => ({ toJSON: () => undefined }),
  "an object that throws once": () => fickle(complain),
  "an object that is no JSON once": () => fickle(() => undefined),
  "an object with a bigint": () => ({ [CANARY]: 1n }),
  "an object with NUL": () => ({ [CANARY]: "\0" }),
  "an object with a key with NUL": () => ({ [`${CANARY}\0`]: 1 }),
  "an object with a lone surrogate": () => ({ [`${CANARY}\ud800`]: 1 }),
  "an object with NaN": () => ({ [CANARY]: NaN }),
  "an object with infinity": () => [{ [CANARY]: -Infinity }],
  "an object with an invalid Date": () => ({ [CANARY]: new Date(NaN) }),
  "an object with a hole": () => ({ [CANARY]: [, 1] }),
  "an object whose member throws": () =>
    Object.defineProperty({}, "a", { get: complain, enumerable: true }),
  "a proxy of an object that throws": () => thornyProxy({}),
  "a proxy of an array that throws": () => thornyProxy([]),
  "a proxy of a Date that throws": () => thornyProxy(new Date()),
  "a proxy of bytes that throws": () => thornyProxy(new Uint8Array(2)),
  "a proxy of a function that throws": () => thornyProxy(() => {}),
  "a revoked proxy": revokedProxy,
  "a pretended Date": () => Object.create(Date.prototype),
};

/** Values that few types accept. */
const RARE: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "a text": () => CANARY,
  "an empty text": () => "",
  "a long text": () => CANARY.repeat(1_000),
  "a number": () => CANARY_NUMBER,
  "NaN": () => NaN,
  "infinity": () => Infinity,
  "1.5": () => 1.5,
  "-0": () => -0,
  "2 ** 31": () => 2 ** 31,
  "-(2 ** 31) - 1": () => -(2 ** 31) - 1,
  "2 ** 53": () => 2 ** 53,
  "1e308": () => 1e308,
  "a bigint": () => 2n ** 63n - 1n,
  "a large bigint": () => 2n ** 64n,
  "true": () => true,
  "a number as text": () => String(CANARY_NUMBER),
  "a Date": () => new Date(1_700_000_000_000),
  "the first Date": () => new Date(-8.64e15 + 1),
  "an empty array": () => [],
  "an array": () => [CANARY],
  "an array with NULL": () => [null],
  "an array of numbers": () => [CANARY_NUMBER, 1.5],
  "arrays in an array": () => [[CANARY], [CANARY]],
  "arrays of different lengths": () => [[CANARY], [CANARY, CANARY]],
  "an array with an array": () => [CANARY, [CANARY]],
  "an empty array in an array": () => [[]],
  "7 arrays in one another": () => nested(7),
  "5,000 arrays in one another": () => nested(5_000),
  "50,000 arrays in one another": () => nested(50_000),
  "1,000 elements": () => Array.from({ length: 1_000 }, () => CANARY),
  "an object": () => ({ [CANARY]: CANARY }),
  "an object without prototype": () => Object.create(null),
  "an object that throws as text": () => ({
    toString: complain,
    valueOf: complain,
    [Symbol.toPrimitive]: complain,
  }),
  "an object with a text of its own": () => ({ toString: () => CANARY, toJSON: () => CANARY }),
  "an object like a promise": () => ({ then: complain }),
  "a text object": () => new String(CANARY),
  "a number object": () => new Number(1),
  "bytes": () => new TextEncoder().encode(CANARY),
  "bytes that were given away": detached,
  "pretended bytes": () => Object.create(Uint8Array.prototype),
  "a buffer": () => new TextEncoder().encode(CANARY).buffer,
  "numbers of 32 bits": () => new Uint32Array([CANARY_NUMBER]),
  "a Map": () => new Map([[CANARY, CANARY]]),
  "a regular expression": () => new RegExp(CANARY),
  "an error": () => new Error(CANARY),
  "a promise": () => Promise.resolve(CANARY),
  "a URL": () => new URL(`https://${CANARY}/`),
};

function oddOf(values: Readonly<Record<string, () => unknown>>, unfit: boolean): Odd[] {
  return Object.entries(values).map(([what, make]) => new Odd(what, make, unfit));
}

/** Values that all or most types reject. */
export const ODD: readonly Odd[] = [...oddOf(UNFIT, true), ...oddOf(RARE, false)];

/** One of them. */
export const odd: fc.Arbitrary<Odd> = fc.constantFrom(...ODD);

/** Texts that would act as SQL if they were read as SQL. */
export const INJECTIONS: readonly string[] = [
  "'; drop table devices; --",
  "'); delete from tags; --",
  `"; drop schema public cascade; --`,
  "$$; delete from devices; $$",
  "\\'; delete from credentials; --",
  "' or '1'='1",
  "x' || pg_sleep(0) || 'x",
  "1; create table injected (id integer)",
  "*/ ; create table injected (id integer) /*",
  "$1; create table injected (id integer)",
  ":name!; create table injected (id integer)",
  '{"a"}\'; delete from jobs; --',
  "\r\n; delete from system_settings;",
  "％' OR 1=1",
];

const unicode = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
).filter((text) => !text.includes("\0") && text.isWellFormed());

/** Texts that PostgreSQL can store, and that a faulty step might damage. */
export const text: fc.Arbitrary<string> = fc.oneof(
  unicode,
  fc.constantFrom(...INJECTIONS),
  fc.constantFrom(
    "",
    " ",
    "NULL",
    "null",
    "true",
    "{}",
    "{a,b}",
    "[0:1]={a,b}",
    "infinity",
    "now",
    "\\N",
  ),
  fc.constantFrom(
    "\\",
    '"',
    "'",
    "\\u0000",
    "\\x00",
    "$1",
    ":a!",
    "%s",
    "\u0001\u007f\u0085",
    "\u{10FFFF}",
  ),
  fc.constantFrom(
    "é",
    "e\u0301",
    "\ufeffa",
    "\ufffd",
    "\u2028\u2029",
    "\u202e",
    "👩‍💻",
    "\r\n",
    "İı",
    "ß",
  ),
  fc.array(fc.constantFrom('"', "\\", "'", "{", "}", ",", " ", "NULL", "\n", "$"), {
    maxLength: 12,
  })
    .map((pieces) => pieces.join("")),
);

/** Such texts, each with the canary. */
const canaryText = fc.tuple(text, text).map(([before, after]) => before + CANARY + after);

/** Dates that PostgreSQL can store, including infinity. */
export const time: fc.Arbitrary<Date> = fc.oneof(
  fc.date({
    min: new Date("-004712-01-01T00:00:00.000Z"),
    max: new Date(8.64e15 - 1),
    noInvalidDate: true,
  }),
  fc.date({
    min: new Date("2020-01-01T00:00:00.000Z"),
    max: new Date("2030-01-01T00:00:00.000Z"),
    noInvalidDate: true,
  }),
  fc.constantFrom(
    8.64e15,
    -8.64e15,
    8.64e15 - 1,
    0,
    -1,
    -62135596800000,
    -62135596800001,
    253402300800000,
  )
    .map((time) => new Date(time)),
);

/**
 * A key of a JSON object. Not `__proto__`, which uvu's comparison ignores. No backslash: if an object has a
 * key that ends in one, V8 15.0 (Deno 2.9.6) reads other keys with escapes as that key, for example
 * `JSON.parse('{"\\\\":1}')` and then `JSON.parse('{"\\n":1}')` as the value of the same property.
 */
const key = text.filter((key) => key !== "__proto__" && !key.includes("\\"));

/** Any JSON value. PostgreSQL stores no -0. */
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    fc.oneof(
      text,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    ),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).tree;

/** An address in PostgreSQL's notation. */
export const address: fc.Arbitrary<string> = fc.oneof(
  fc.ipV4(),
  fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(":")),
  fc.constantFrom("::1", "2001:db8::1", "0.0.0.0", "255.255.255.255"),
);

function integer(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min, max }),
    fc.constantFrom(min, max, 0, -1),
  );
}

/** Values of each type that round-trip. A type without an entry is an error of the caller. */
export const FITTING: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "text": text,
  "character varying": text,
  "boolean": fc.boolean(),
  "smallint": integer(-32768, 32767),
  "integer": integer(-2147483648, 2147483647),
  "bigint": integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  "double precision": fc.double({ noNaN: true }),
  "timestamp with time zone": time,
  "jsonb": json,
  "inet": address,
  "uuid": fc.uuid(),
  "bytea": fc.uint8Array({ maxLength: 64 }),
};

/** Values that the layer must accept for this parameter, whatever the server answers. */
export function fitting({ type, labels, sealed }: Field): fc.Arbitrary<unknown> {
  const element = type.replace(/\[\]$/, "");
  const known = labels.length > 0 ? fc.constantFrom(...labels) : FITTING[element];
  if (known === undefined) throw new Error(`There are no values for the type ${type}: add some`);
  const textual = ["text", "character varying", "inet", "uuid", "timestamp with time zone"];
  const values = sealed
    ? text.map((text) => envelope(CANARY + text))
    : textual.includes(element) || labels.length > 0
    ? fc.oneof(known, canaryText)
    : known;
  if (element === type) return values;
  return fc.array(fc.option(values, { freq: 6 }), { maxLength: 6 });
}
