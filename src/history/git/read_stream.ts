/**
 * Reads what `git fast-export` writes, or anything else that `git fast-import` would read: the texts and
 * the files of each commit, as they come. https://git-scm.com/docs/git-fast-import#_input_format
 */
import { Buffer } from "node:buffer";
import { ParameterError } from "../../errors.ts";

/** Where a file's text is: the mark of a text of the stream, or the object id of a blob that is not in it. */
export type GitContent = number | string;

/** What a stream tells, in its order. */
export type GitEvent =
  /** A text, ahead of the files that have it; undefined where it is larger than `LARGEST`. */
  | { readonly kind: "text"; readonly mark: number; readonly data: Uint8Array | undefined }
  /** A commit begins; its object id where the stream tells it. */
  | { readonly kind: "commit"; readonly oid: string | undefined; readonly time: Date }
  /** A file has another text since this commit, or a new path. */
  | { readonly kind: "file"; readonly path: string; readonly content: GitContent };

/** Bytes of a text that is read; a larger one is passed over. */
export const LARGEST = 32 * 1024 * 1024;
/** Bytes of a line: two paths of 4,096 bytes, each byte escaped, and more. */
const LONGEST_LINE = 64 * 1024;
/** Seconds where a Date ends. */
const END_OF_TIME = 8.64e12;
const LF = 0x0a;

/** Takes lines and counted bytes off a stream, whatever chunks it comes in. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #fault: (problem: string) => Error;
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  /** Bytes of the chunks before this one. */
  #before = 0;

  /** @param fault Makes the error for a stream that cannot be read on. */
  constructor(stream: AsyncIterable<Uint8Array>, fault: (problem: string) => Error) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#fault = fault;
  }

  /** Bytes that were taken. */
  get offset(): number {
    return this.#before + this.#at;
  }

  /** A line without its line feed, a character for each byte; undefined at the end. */
  async line(): Promise<string | undefined> {
    let line = "";
    while (this.#at < this.#chunk.length || await this.#more()) {
      const end = this.#chunk.indexOf(LF, this.#at);
      const part = this.#chunk.subarray(this.#at, end < 0 ? this.#chunk.length : end);
      if (line.length + part.length > LONGEST_LINE) throw this.#fault("a line is too long");
      line += Buffer.from(part.buffer, part.byteOffset, part.length).toString("latin1");
      this.#at += part.length;
      if (end < 0) continue;
      this.#at++;
      return line;
    }
    if (line !== "") throw this.#fault("it ends within a line");
    return undefined;
  }

  /** So many bytes. They are copied: a chunk may be used again by who made it. */
  async bytes(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#parts(count)) parts.push(part.slice());
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Passes over so many bytes. */
  async skip(count: number): Promise<void> {
    for await (const _ of this.#parts(count));
  }

  /** Passes over a line feed, if it comes next. */
  async skipLineFeed(): Promise<void> {
    if (this.#at === this.#chunk.length && !await this.#more()) return;
    if (this.#chunk[this.#at] === LF) this.#at++;
  }

  /** Tells the stream that no more is wanted. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async *#parts(count: number): AsyncIterable<Uint8Array> {
    while (count > 0) {
      if (this.#at === this.#chunk.length && !await this.#more()) {
        throw this.#fault("it ends within a text");
      }
      const part = this.#chunk.subarray(this.#at, this.#at + count);
      this.#at += part.length;
      count -= part.length;
      yield part;
    }
  }

  /** Goes on to the next chunk that is not empty; false where there is none. */
  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError("The stream must yield bytes: each chunk a Uint8Array");
      }
      this.#before += this.#chunk.length;
      this.#chunk = value;
      this.#at = 0;
      if (value.length > 0) return true;
    }
  }
}

/**
 * The files of a commit's tree, so that a renamed or copied one is found. It is known while each
 * commit follows the one before it in the stream.
 */
class Tree {
  /** Undefined while it is not known. A file that is no text, such as a link, has no content. */
  #files: Map<string, GitContent | undefined> | undefined = new Map();
  /** The commit that it is of, and the branch. */
  #mark: string | undefined;
  #branch: string | undefined;
  readonly #branches = new Set<string>();

  /** A commit begins on what `from` says, else on what its branch has come to. */
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

  /** A branch is somewhere else from now on; without `from` it has no commit. */
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

  /** Takes away a file, or all of a folder. */
  delete(path: string): void {
    if (this.#files === undefined || this.#files.delete(path)) return;
    for (const [below] of this.#below(path)) this.#files.delete(below);
  }

  /**
   * Copies a file, or all of a folder; with `away` it is gone from where it was.
   *
   * @returns What is there now; undefined where the tree is not known.
   */
  copy(
    from: string,
    to: string,
    away: boolean,
  ): readonly (readonly [string, GitContent | undefined])[] | undefined {
    if (this.#files === undefined) return undefined;
    const copied =
      (this.#files.has(from) ? [[from, this.#files.get(from)] as const] : this.#below(from)).map((
        [path, content],
      ) => [to + path.slice(from.length), content] as const);
    if (away) this.delete(from);
    this.delete(to);
    for (const [path, content] of copied) this.#files.set(path, content);
    return copied;
  }

  #below(folder: string): [string, GitContent | undefined][] {
    return [...this.#files ?? []].filter(([path]) => path.startsWith(`${folder}/`));
  }
}

/**
 * Reads a stream to its end.
 *
 * @param query Who reads it, for errors.
 * @throws {ParameterError} the stream is not one of git's, or is cut off; it says where, and nothing of
 *   what stands there.
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
  /** A line that was looked at and not taken. */
  #ahead: string | undefined;
  #commits = 0;
  #oid: string | undefined;
  /** Texts that stand where they are used have marks of their own, below zero. */
  #inline = 0;

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
        if (endsWithDone) throw this.#fault("it ends without its last line, done");
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
          if (/^date-format(?!=raw)/.test(rest)) throw this.#fault("its times are not raw");
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
          throw this.#fault("a command is not known");
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
    if (oid !== undefined && !isObjectId(oid)) throw this.#fault("an object id is none");
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

  /** What the commit does to files; the first other line belongs to what comes after it. */
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
        this.#ahead = line;
        return;
      }
    }
  }

  async *#modify(rest: string): AsyncGenerator<GitEvent, void> {
    const [mode, afterMode] = split(rest);
    const [given, afterContent] = split(afterMode);
    const path = this.#paths(afterContent, 1)[0]!;
    // Links and other repositories are no configurations; a folder has to be told file by file.
    const isFile = /^(100)?(644|755)$/.test(mode);
    if (!isFile && !/^1[26]0000$/.test(mode)) throw this.#fault("a file has a mode that is none");
    let content: GitContent;
    if (given === "inline") {
      content = --this.#inline;
      if (isFile) yield { kind: "text", mark: content, data: await this.#data() };
      else await this.#skipData();
    } else if (given.startsWith(":")) {
      content = this.#mark(given);
    } else {
      if (!isObjectId(given)) throw this.#fault("an object id is none");
      content = given;
    }
    this.#tree.set(path, isFile ? content : undefined);
    if (isFile) yield { kind: "file", path, content };
  }

  *#move(rest: string, away: boolean): Generator<GitEvent, void> {
    const [from = "", to = ""] = this.#paths(rest, 2);
    const files = this.#tree.copy(from, to, away);
    if (files === undefined) {
      throw this.#fault(
        "it renames or copies what is not known: let git write it without -M and -C",
      );
    }
    for (const [path, content] of files) {
      if (content !== undefined) yield { kind: "file", path, content };
    }
  }

  /** The next line that is no comment. */
  async #line(): Promise<string | undefined> {
    let line = this.#ahead;
    this.#ahead = undefined;
    while (line === undefined || line.startsWith("#")) {
      line = await this.#reader.line();
      if (line === undefined) return undefined;
    }
    return line;
  }

  /** What stands after the name, if the next line begins with it. */
  async #field(name: string): Promise<string | undefined> {
    const line = await this.#line();
    if (line?.startsWith(`${name} `)) return line.slice(name.length + 1);
    this.#ahead = line;
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
    throw this.#fault("a text has no length");
  }

  #mark(given: string): number {
    if (/^:\d{1,15}$/.test(given)) return Number(given.slice(1));
    throw this.#fault("a mark is none");
  }

  /** `Name <mail> 1700000000 +0100`: the seconds count from 1970 in UTC, whatever the time zone. */
  #time(given: string | undefined): Date {
    const seconds = Number(/ (\d{1,15}) [+-]\d{1,6}$/.exec(given ?? "")?.[1]);
    if (seconds < END_OF_TIME) return new Date(seconds * 1000);
    throw this.#fault("a commit has no time");
  }

  /** So many paths; the last one reaches to the end of the line, unless it is quoted. */
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
      throw this.#fault("a path is none");
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

/** To the millisecond, where it was `configExport` that wrote the message. */
function exactTime(time: Date, message: Uint8Array | undefined): Date {
  const end = Buffer.from(message?.subarray(-100) ?? []).toString("latin1");
  const exact = new Date(/\nNetRaven-Version: \d+ (\S+)\n$/.exec(end)?.[1] ?? NaN);
  return Math.floor(exact.getTime() / 1000) === time.getTime() / 1000 ? exact : time;
}

/** The first word of a line, and what comes after it. */
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

/** What stands between the quotes, as C writes it. */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(
    /\\(?:([0-7]{3})|(.))/g,
    (_, octal: string | undefined, letter: string) =>
      octal === undefined
        ? ESCAPES[letter] ?? letter
        : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** A character for each byte, as the text that the bytes are in UTF-8. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
