/**
 * Reads streams of `git fast-export`, or any other input of `git fast-import`: the texts and the files of
 * each commit, in the order of the stream. https://git-scm.com/docs/git-fast-import#_input_format
 */
import { Buffer } from "node:buffer";
import { ParameterError } from "../../errors.ts";

/** Content of a file: the mark of a text in the stream, or the object id of a blob outside it. */
export type GitContent = number | string;

/** An element of a stream. */
export type GitEvent =
  /** A text, which precedes the files that contain it; undefined if it is larger than `LARGEST`. */
  | { readonly kind: "text"; readonly mark: number; readonly data: Uint8Array | undefined }
  /** Start of a commit; its object id if the stream contains it. */
  | { readonly kind: "commit"; readonly oid: string | undefined; readonly time: Date }
  /** A file with a new text or a new path in this commit. */
  | { readonly kind: "file"; readonly path: string; readonly content: GitContent };

/** Maximum size of a text in bytes. Larger texts are skipped. */
export const LARGEST = 32 * 1024 * 1024;
/** Enough for two paths of 4,096 bytes with every byte escaped. */
const MAX_LINE_BYTES = 64 * 1024;
/** End of the range of `Date`. */
const MAX_DATE_SECONDS = 8.64e12;
const LF = 0x0a;

/** Reads lines and byte counts from a stream of chunks. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #fault: (problem: string) => Error;
  #chunk: Uint8Array = new Uint8Array();
  /** Index of the next byte in the chunk. */
  #index = 0;
  /** Bytes of the previous chunks. */
  #previousBytes = 0;

  /** @param fault Creates the error for an invalid stream. */
  constructor(stream: AsyncIterable<Uint8Array>, fault: (problem: string) => Error) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#fault = fault;
  }

  /** Number of bytes read so far. */
  get offset(): number {
    return this.#previousBytes + this.#index;
  }

  /** Reads a line without its line feed, one character for each byte; undefined at the end. */
  async line(): Promise<string | undefined> {
    let line = "";
    while (this.#index < this.#chunk.length || await this.#nextChunk()) {
      const end = this.#chunk.indexOf(LF, this.#index);
      const slice = this.#chunk.subarray(this.#index, end < 0 ? this.#chunk.length : end);
      if (line.length + slice.length > MAX_LINE_BYTES) throw this.#fault("a line is too long");
      line += Buffer.from(slice.buffer, slice.byteOffset, slice.length).toString("latin1");
      this.#index += slice.length;
      if (end < 0) continue;
      this.#index++;
      return line;
    }
    if (line !== "") throw this.#fault("the stream ends within a line");
    return undefined;
  }

  /** Reads a number of bytes and copies them, because the source may reuse a chunk. */
  async bytes(count: number): Promise<Uint8Array> {
    const copies: Uint8Array[] = [];
    for await (const slice of this.#slices(count)) copies.push(slice.slice());
    return copies.length === 1 ? copies[0]! : Buffer.concat(copies);
  }

  /** Skips a number of bytes. */
  async skip(count: number): Promise<void> {
    for await (const _ of this.#slices(count));
  }

  /** Skips a line feed if it is the next byte. */
  async skipLineFeed(): Promise<void> {
    if (this.#index === this.#chunk.length && !await this.#nextChunk()) return;
    if (this.#chunk[this.#index] === LF) this.#index++;
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async *#slices(count: number): AsyncIterable<Uint8Array> {
    while (count > 0) {
      if (this.#index === this.#chunk.length && !await this.#nextChunk()) {
        throw this.#fault("the stream ends within a text");
      }
      const slice = this.#chunk.subarray(this.#index, this.#index + count);
      this.#index += slice.length;
      count -= slice.length;
      yield slice;
    }
  }

  /** Reads the next chunk that is not empty. Returns false at the end. */
  async #nextChunk(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError("Each chunk of the stream must be a Uint8Array");
      }
      this.#previousBytes += this.#chunk.length;
      this.#chunk = value;
      this.#index = 0;
      if (value.length > 0) return true;
    }
  }
}

/**
 * The tree of the current commit, which resolves renamed and copied files. It is known as long as each
 * commit follows the previous one of the stream.
 */
class Tree {
  /** Undefined if the tree is unknown. Links and submodules have no content. */
  #files: Map<string, GitContent | undefined> | undefined = new Map();
  /** Mark and branch of the commit. */
  #mark: string | undefined;
  #branch: string | undefined;
  readonly #branches = new Set<string>();

  /** Begins a commit on `from`. Defaults to the last commit of its branch. */
  begin(branch: string, mark: string | undefined, from: string | undefined): void {
    const follows = from === undefined
      ? branch === this.#branch
      : [this.#mark, this.#branch, `${this.#branch}^0`].includes(from);
    if (from === undefined && !this.#branches.has(branch)) this.clear();
    else if (!follows) this.#files = undefined;
    this.#mark = mark;
    this.#branch = branch;
    this.#branches.add(branch);
  }

  /** Moves a branch to `from`; without `from` the branch has no commit. */
  reset(branch: string, from: string | undefined): void {
    if (from === undefined) this.#branches.delete(branch);
    else this.#branches.add(branch);
    if (branch === this.#branch) this.#branch = undefined;
  }

  clear(): void {
    this.#files = new Map();
  }

  set(path: string, content: GitContent | undefined): void {
    this.#files?.set(path, content);
  }

  /** Deletes a file or a folder. */
  delete(path: string): void {
    if (this.#files === undefined || this.#files.delete(path)) return;
    for (const [file] of this.#filesIn(path)) this.#files.delete(file);
  }

  /**
   * Copies or moves a file or a folder.
   *
   * @returns The files at the new path; undefined if the tree is unknown.
   */
  copy(
    from: string,
    to: string,
    move: boolean,
  ): readonly (readonly [string, GitContent | undefined])[] | undefined {
    if (this.#files === undefined) return undefined;
    const copied =
      (this.#files.has(from) ? [[from, this.#files.get(from)] as const] : this.#filesIn(from)).map((
        [path, content],
      ) => [to + path.slice(from.length), content] as const);
    if (move) this.delete(from);
    this.delete(to);
    for (const [path, content] of copied) this.#files.set(path, content);
    return copied;
  }

  #filesIn(folder: string): [string, GitContent | undefined][] {
    return [...this.#files ?? []].filter(([path]) => path.startsWith(`${folder}/`));
  }
}

/**
 * Reads a stream to its end.
 *
 * @param query Name of the caller for errors.
 * @throws {ParameterError} the stream is invalid or truncated. The message contains the position, but no
 *   content.
 */
export async function* readGitStream(
  stream: AsyncIterable<Uint8Array>,
  query: string,
): AsyncGenerator<GitEvent, void> {
  const parser = new Parser(stream, query);
  try {
    yield* parser.events();
  } finally {
    await parser.close();
  }
}

class Parser {
  readonly #reader: ByteReader;
  readonly #query: string;
  readonly #tree = new Tree();
  /** Line to read again. */
  #unread: string | undefined;
  #commits = 0;
  #oid: string | undefined;
  /** Last mark of an inline text. These marks are negative. */
  #inlineMark = 0;

  constructor(stream: AsyncIterable<Uint8Array>, query: string) {
    this.#reader = new ByteReader(stream, (problem) => this.#fault(problem));
    this.#query = query;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async *events(): AsyncGenerator<GitEvent, void> {
    let endsWithDone = false;
    for (;;) {
      const line = await this.#line();
      if (line === undefined) {
        if (endsWithDone) throw this.#fault('the stream lacks its last line "done"');
        return;
      }
      const [command = "", rest = ""] = split(line);
      switch (command) {
        case "":
        case "progress":
        case "checkpoint":
        case "option":
          break;
        case "done":
          return;
        case "feature":
          if (rest === "done") endsWithDone = true;
          if (/^date-format(?!=raw)/.test(rest)) throw this.#fault('the date format is not "raw"');
          break;
        case "blob":
          yield* this.#blob();
          break;
        case "commit":
          yield* this.#commit(rest);
          break;
        case "reset":
          this.#tree.reset(rest, await this.#field("from"));
          break;
        case "tag":
          for (const name of ["mark", "from", "original-oid", "tagger"]) await this.#field(name);
          await this.#skipData();
          break;
        case "alias":
          for (const name of ["mark", "to"]) await this.#field(name);
          break;
        default:
          throw this.#fault("the command is unknown");
      }
    }
  }

  async *#blob(): AsyncGenerator<GitEvent, void> {
    const mark = await this.#field("mark");
    await this.#field("original-oid");
    if (mark === undefined) await this.#skipData();
    else yield { kind: "text", mark: this.#mark(mark), data: await this.#data() };
  }

  async *#commit(branch: string): AsyncGenerator<GitEvent, void> {
    this.#commits++;
    this.#oid = undefined;
    const mark = await this.#field("mark");
    const oid = await this.#field("original-oid");
    if (oid !== undefined && !isObjectId(oid)) throw this.#fault("the object id is invalid");
    this.#oid = oid;
    await this.#field("author");
    const time = this.#time(await this.#field("committer"));
    while (await this.#field("gpgsig") !== undefined) await this.#skipData();
    await this.#field("encoding");
    const message = await this.#data();
    this.#tree.begin(branch, mark, await this.#field("from"));
    while (await this.#field("merge") !== undefined);
    yield { kind: "commit", oid, time: exactTime(time, message) };
    yield* this.#changes();
    this.#oid = undefined;
  }

  /** Reads the file changes of a commit up to the first other line. */
  async *#changes(): AsyncGenerator<GitEvent, void> {
    for (;;) {
      const line = await this.#line();
      const [command, rest] = split(line ?? "");
      if (command === "M") {
        yield* this.#modify(rest);
      } else if (command === "D") {
        this.#tree.delete(this.#paths(rest, 1)[0]!);
      } else if (command === "R" || command === "C") {
        yield* this.#move(rest, command === "R");
      } else if (command === "N") {
        if (rest.startsWith("inline ")) await this.#skipData();
      } else if (line === "deleteall") {
        this.#tree.clear();
      } else {
        this.#unread = line;
        return;
      }
    }
  }

  async *#modify(rest: string): AsyncGenerator<GitEvent, void> {
    const [mode, afterMode] = split(rest);
    const [given, afterContent] = split(afterMode);
    const path = this.#paths(afterContent, 1)[0]!;
    // Skips links and submodules, and rejects folders.
    const isFile = /^(100)?(644|755)$/.test(mode);
    if (!isFile && !/^1[26]0000$/.test(mode)) throw this.#fault("the file mode is invalid");
    let content: GitContent;
    if (given === "inline") {
      content = --this.#inlineMark;
      if (isFile) yield { kind: "text", mark: content, data: await this.#data() };
      else await this.#skipData();
    } else if (given.startsWith(":")) {
      content = this.#mark(given);
    } else {
      if (!isObjectId(given)) throw this.#fault("the object id is invalid");
      content = given;
    }
    this.#tree.set(path, isFile ? content : undefined);
    if (isFile) yield { kind: "file", path, content };
  }

  *#move(rest: string, move: boolean): Generator<GitEvent, void> {
    const [from = "", to = ""] = this.#paths(rest, 2);
    const files = this.#tree.copy(from, to, move);
    if (files === undefined) {
      throw this.#fault(
        "the renamed or copied file is unknown; run git fast-export without -M and -C",
      );
    }
    for (const [path, content] of files) {
      if (content !== undefined) yield { kind: "file", path, content };
    }
  }

  /** Reads the next line that is not a comment. */
  async #line(): Promise<string | undefined> {
    let line = this.#unread;
    this.#unread = undefined;
    while (line === undefined || line.startsWith("#")) {
      line = await this.#reader.line();
      if (line === undefined) return undefined;
    }
    return line;
  }

  /** Reads the value of a field; undefined if the next line is not this field. */
  async #field(name: string): Promise<string | undefined> {
    const line = await this.#line();
    if (line?.startsWith(`${name} `)) return line.slice(name.length + 1);
    this.#unread = line;
    return undefined;
  }

  async #data(): Promise<Uint8Array | undefined> {
    const count = await this.#count();
    let data: Uint8Array | undefined;
    if (count > LARGEST) await this.#reader.skip(count);
    else data = await this.#reader.bytes(count);
    await this.#reader.skipLineFeed();
    return data;
  }

  async #skipData(): Promise<void> {
    await this.#reader.skip(await this.#count());
    await this.#reader.skipLineFeed();
  }

  async #count(): Promise<number> {
    const given = await this.#field("data") ?? "";
    if (/^\d{1,15}$/.test(given)) return Number(given);
    throw this.#fault('a "data" command has no length');
  }

  #mark(given: string): number {
    if (/^:\d{1,15}$/.test(given)) return Number(given.slice(1));
    throw this.#fault("the mark is invalid");
  }

  /** Parses `Name <mail> 1700000000 +0100`. The seconds count from 1970 in UTC. */
  #time(given: string | undefined): Date {
    const seconds = Number(/ (\d{1,15}) [+-]\d{1,6}$/.exec(given ?? "")?.[1]);
    if (seconds < MAX_DATE_SECONDS) return new Date(seconds * 1000);
    throw this.#fault("the commit has no valid time");
  }

  /** Parses `count` paths. An unquoted last path extends to the end of the line. */
  #paths(text: string, count: number): string[] {
    const paths: string[] = [];
    for (let i = 1, rest = text; i <= count; i++) {
      const quoted = /^"(?:[^"\\]|\\[0-3][0-7]{2}|\\[abfnrtv"\\])*"/.exec(rest)?.[0];
      const plain = i < count ? /^[^ "][^ ]*/ : /^(?!").*/;
      const path = quoted ?? plain.exec(rest)?.[0];
      const end = i < count ? " " : "";
      if (!path || !rest.startsWith(end, path.length)) break;
      if (i === count && path.length < rest.length) break;
      paths.push(utf8(quoted === undefined ? path : unquote(quoted)));
      rest = rest.slice(path.length + 1);
    }
    if (paths.length < count || paths.some((path) => path === "" || path.includes("\0"))) {
      throw this.#fault("a path is invalid");
    }
    return paths;
  }

  #fault(problem: string): ParameterError {
    const name = this.#oid === undefined ? "" : ` (${this.#oid})`;
    const commit = this.#commits === 0 ? "" : `, commit ${this.#commits}${name}`;
    const where = `byte ${this.#reader.offset}${commit}`;
    return new ParameterError("stream", `cannot be read at ${where}: ${problem}`, {
      query: this.#query,
    });
  }
}

/** Returns the time with milliseconds if `configExport` wrote the message. */
function exactTime(time: Date, message: Uint8Array | undefined): Date {
  const end = Buffer.from(message?.subarray(-100) ?? []).toString("latin1");
  const exact = new Date(/\nNetRaven-Version: \d+ (\S+)\n$/.exec(end)?.[1] ?? NaN);
  return Math.floor(exact.getTime() / 1000) === time.getTime() / 1000 ? exact : time;
}

/** Splits a line after its first word. */
function split(line: string): [string, string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}

function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Decodes a C string literal. */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(
    /\\(?:([0-7]{3})|(.))/g,
    (_, octal: string | undefined, letter: string) =>
      octal === undefined
        ? ESCAPES[letter] ?? letter
        : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Decodes UTF-8 from a string with one character for each byte. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
