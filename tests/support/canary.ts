/** A password that nothing else looks like, and the search for it in whatever form it may have leaked. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";

const CORE_BYTES = 12;

/** A password, and what is searched for. */
export class Canary {
  /** The password. Its signs are written differently by JSON, SQL, URLs and shells. */
  readonly text: string;
  /** 24 digits of it that every escape leaves as they are. */
  readonly core: string;
  readonly #forms: ReadonlyMap<string, RegExp>;

  /** @param text Another process's password: its part in the middle is searched for. */
  constructor(text = `can'ary"\\%é-${randomBytes(CORE_BYTES).toString("hex")}-end`) {
    const core = /[0-9a-f]{24}/.exec(text)?.[0];
    if (core === undefined) throw new TypeError("This is no canary");
    this.text = text;
    this.core = core;
    const bytes = [...Buffer.from(core)];
    const number = (byte: number) => `${byte}`;
    const hex = (byte: number) => byte.toString(16).padStart(2, "0");
    const forms: [string, RegExp][] = [
      ["text", new RegExp(core, "i")],
      ["text backwards", new RegExp([...core].reverse().join(""), "i")],
      ["hex", new RegExp(bytes.map(hex).join("[ :,]?"), "i")],
      ["UTF-16 in hex", new RegExp(bytes.map(hex).join("00"), "i")],
      ["UTF-16", new RegExp([...core].join("\0"), "i")],
      // As arrays of bytes are printed, and as JSON has them.
      ["numbers", new RegExp(`\\b${bytes.map(number).join('[,\\s]+(?:"?\\d+"?:\\s*)?')}\\b`)],
      ["URL", new RegExp(bytes.map((byte) => `%${hex(byte)}`).join(""), "i")],
    ];
    for (const before of [0, 1, 2]) {
      forms.push([`base64 after ${before}`, new RegExp(inBase64(core, before))]);
    }
    this.#forms = new Map(forms);
  }

  /** The forms in which the text holds it; empty where it does not. */
  formsIn(text: string): string[] {
    return [...this.#forms].filter(([, form]) => form.test(text)).map(([name]) => name);
  }
}

/** The characters of base64 and of base64url that stand for the text alone, whatever is around it. */
function inBase64(text: string, before: number): string {
  const padded = Buffer.from("x".repeat(before) + text).toString("base64").replace(/=+$/, "");
  const own = padded.slice(Math.ceil(before * 8 / 6), Math.floor((before + text.length) * 8 / 6));
  return own.replaceAll(/[+/]/g, (sign) => sign === "+" ? "[+-]" : "[/_]");
}

/** Everything that was collected, by where it came from. */
export class Haul {
  readonly #texts = new Map<string, Set<string>>();

  /** Where something came from. */
  get places(): string[] {
    return [...this.#texts.keys()];
  }

  add(place: string, text: string): void {
    const texts = this.#texts.get(place);
    if (texts === undefined) this.#texts.set(place, new Set([text]));
    else texts.add(text);
  }

  /** Adds a value in every way that it may be printed. */
  show(place: string, value: unknown): void {
    for (const text of shown(value)) this.add(place, text);
  }

  /** All that came from there. */
  of(place: string): string {
    return [...this.#texts.get(place) ?? []].join("\n");
  }

  /** The places where the canary was found, each with its form. */
  hits(canary: Canary): string[] {
    return this.places.flatMap((place) =>
      canary.formsIn(this.of(place)).map((form) => `${place}: as ${form}`)
    );
  }
}

type Inspect = (value: unknown, options: object) => string;
const deno = (globalThis as { Deno?: { inspect: Inspect } }).Deno;

/** A value in every way that a program may print it, an error's causes included. */
export function shown(value: unknown): string[] {
  const deep = { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null };
  const texts = [
    inspect(value),
    inspect(value, { ...deep, getters: true }),
    inspect(value, { ...deep, customInspect: false }),
    safely(() => String(value)),
    safely(() => JSON.stringify(value)),
    safely(() => JSON.stringify(value, undefined, 2)),
  ];
  if (deno !== undefined) {
    texts.push(deno.inspect(value, { depth: 99, showHidden: true, getters: true }));
    texts.push(deno.inspect(value, { depth: 99, iterableLimit: 1e6, strAbbreviateSize: 1e6 }));
  }
  if (typeof value === "object" && value !== null) {
    const names = Reflect.ownKeys(value);
    texts.push(safely(() => JSON.stringify(value, names.map(String))));
    for (const name of names) texts.push(inspect(Reflect.get(value, name), deep));
    for (let of: object | null = value; of !== null; of = Object.getPrototypeOf(of)) {
      for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(of))) {
        texts.push(name);
        if (get !== undefined) {
          texts.push(safely(() => inspect(Reflect.apply(get, value, []), deep)));
        }
      }
    }
  }
  if (value instanceof Error) {
    texts.push(value.name, value.message, value.stack ?? "", value.toString());
    if (value.cause !== undefined) texts.push(...shown(value.cause));
    if (value instanceof AggregateError) texts.push(...value.errors.flatMap(shown));
  }
  return texts;
}

function safely(print: () => string | undefined): string {
  try {
    return print() ?? "";
  } catch (error) {
    return (error as Error).message;
  }
}
