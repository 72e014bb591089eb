/** A unique password, and the search for it in every form in which it may leak. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";

const CORE_BYTES = 12;

/** A password and its search. */
export class Canary {
  /** The password. JSON, SQL, URLs and shells escape its characters differently. */
  readonly text: string;
  /** 24 digits of it that no escape changes. */
  readonly core: string;
  readonly #forms: ReadonlyMap<string, RegExp>;

  /** @param text Password of another process. The search looks for its middle. */
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
      // Printed byte arrays, and their JSON.
      ["numbers", new RegExp(`\\b${bytes.map(number).join('[,\\s]+(?:"?\\d+"?:\\s*)?')}\\b`)],
      ["URL", new RegExp(bytes.map((byte) => `%${hex(byte)}`).join(""), "i")],
    ];
    for (const before of [0, 1, 2]) {
      forms.push([`base64 after ${before}`, new RegExp(inBase64(core, before))]);
    }
    this.#forms = new Map(forms);
  }

  /** Returns the forms in which the text contains it; empty if there are none. */
  formsIn(text: string): string[] {
    return [...this.#forms].filter(([, form]) => form.test(text)).map(([name]) => name);
  }
}

/** Characters of base64 and base64url that encode the text alone, independent of its neighbours. */
function inBase64(text: string, before: number): string {
  const padded = Buffer.from("x".repeat(before) + text).toString("base64").replace(/=+$/, "");
  const own = padded.slice(Math.ceil(before * 8 / 6), Math.floor((before + text.length) * 8 / 6));
  return own.replaceAll(/[+/]/g, (sign) => sign === "+" ? "[+-]" : "[/_]");
}

/** Collected output by its source. */
export class Haul {
  readonly #texts = new Map<string, Set<string>>();

  /** Names of the sources. */
  get places(): string[] {
    return [...this.#texts.keys()];
  }

  add(place: string, text: string): void {
    const texts = this.#texts.get(place);
    if (texts === undefined) this.#texts.set(place, new Set([text]));
    else texts.add(text);
  }

  /** Adds a value in all its printable forms. */
  show(place: string, value: unknown): void {
    for (const text of shown(value)) this.add(place, text);
  }

  /** Returns the output of a source. */
  of(place: string): string {
    return [...this.#texts.get(place) ?? []].join("\n");
  }

  /** Returns the sources that contain the canary, each with its form. */
  hits(canary: Canary): string[] {
    return this.places.flatMap((place) =>
      canary.formsIn(this.of(place)).map((form) => `${place}: as ${form}`)
    );
  }
}

type Inspect = (value: unknown, options: object) => string;
const deno = (globalThis as { Deno?: { inspect: Inspect } }).Deno;

/** Every printable form of a value, including the causes of an error. */
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
