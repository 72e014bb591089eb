/** The texts of an import: held while the stream may still refer to them, read again after that. */
import { configGet } from "../../generated/device_configurations.ts";
import type { CallOptions, Queryable } from "../../query.ts";
import { configBytes } from "../text.ts";
import { type GitContent, LARGEST } from "./read_stream.ts";

/** The texts of one run of `configImport`. */
export class ImportTexts {
  readonly #db: Queryable;
  readonly #call: CallOptions;
  readonly #blob: ((oid: string) => Promise<Uint8Array | undefined>) | undefined;
  /** By mark. */
  readonly #held = new Map<number, Uint8Array>();
  /** Marks that the current commit uses. */
  readonly #current = new Set<number>();
  /** Marks that commits before it used. */
  readonly #earlier = new Set<number>();
  /** The version that has a text, to read the text again if a later commit uses it. */
  readonly #versionOf = new Map<number, number>();
  #bytesInUse = 0;

  constructor(
    db: Queryable,
    call: CallOptions,
    blob: ((oid: string) => Promise<Uint8Array | undefined>) | undefined,
  ) {
    this.#db = db;
    this.#call = call;
    this.#blob = blob;
  }

  /** Bytes of the texts that files have used since `forgetUsed`. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  add(mark: number, data: Uint8Array): void {
    this.#held.set(mark, data);
  }

  beginCommit(): void {
    for (const mark of this.#current) this.#earlier.add(mark);
    this.#current.clear();
  }

  /** A file of the current commit has this content. */
  use(content: GitContent): void {
    if (typeof content !== "number") return;
    this.#current.add(content);
    this.#bytesInUse += this.#held.get(content)?.length ?? 0;
  }

  /** The bytes of a file; undefined if they cannot be had. */
  async bytesOf(content: GitContent): Promise<Uint8Array | undefined> {
    if (typeof content === "string") {
      const bytes = await this.#blob?.(content);
      return bytes !== undefined && bytes.length <= LARGEST ? bytes : undefined;
    }
    const held = this.#held.get(content);
    if (held !== undefined) return held;
    const id = this.#versionOf.get(content);
    const version = id === undefined
      ? undefined
      : await configGet.first({ id }, this.#db, this.#call);
    return version && configBytes(version);
  }

  /** A version has the content now. */
  stored(content: GitContent, id: number | undefined): void {
    if (typeof content === "number" && id !== undefined) this.#versionOf.set(content, id);
  }

  /** Forgets the texts that only earlier commits used: all of their files are saved. */
  forgetUsed(): void {
    for (const mark of this.#earlier) {
      if (!this.#current.has(mark)) this.#held.delete(mark);
    }
    this.#earlier.clear();
    this.#bytesInUse = 0;
  }
}
