/** Writes what `git fast-import` reads. https://git-scm.com/docs/git-fast-import#_input_format */
import { Buffer } from "node:buffer";

/** A commit that gives one file its text. */
export interface GitCommit {
  /** The ref, such as `refs/heads/main`. */
  readonly ref: string;
  /** A commit of the repository that it comes after; else the one before it in the stream. */
  readonly from?: string | undefined;
  readonly time: Date;
  readonly message: string;
  readonly path: string;
  readonly data: Uint8Array;
}

const COMMITTER = "NetRaven <netraven@localhost>";

/** The commit as it stands in the stream, in parts. */
export function* writeCommit(
  { ref, from, time, message, path, data }: GitCommit,
): Iterable<Uint8Array> {
  // Git knows no time before 1970.
  const seconds = Math.max(0, Math.floor(time.getTime() / 1000));
  const head = [
    `commit ${ref}`,
    `committer ${COMMITTER} ${seconds} +0000`,
    `data ${Buffer.byteLength(message)}`,
    message,
    ...(from === undefined ? [] : [`from ${from}`]),
    `M 100644 inline ${quotePath(path)}`,
    `data ${data.length}`,
    "",
  ];
  yield Buffer.from(head.join("\n"));
  if (data.length > 0) yield data;
  yield Buffer.from("\n\n");
}

/** A path as git reads it: in quotes, as C writes it, where it is not plain. */
export function quotePath(path: string): string {
  if (/^[\w./@+~-]+$/.test(path)) return path;
  const quoted = Buffer.from(path, "utf8").toString("latin1").replace(
    // deno-lint-ignore no-control-regex
    /["\\\x00-\x1f\x7f-\xff]/g,
    (byte) =>
      byte === '"' || byte === "\\"
        ? `\\${byte}`
        : `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${quoted}"`;
}

/** What the file system of macOS leaves out of names. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** What is wrong with a path for a file in git; undefined where nothing is. */
export function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed()) return "holds half of a surrogate pair";
  if (/[\0\n]/.test(path)) return "holds a line feed or NUL";
  for (const part of path.split("/")) {
    if (part === "") return "has a part without a name";
    if (part === "." || part === "..") return `has a part "${part}"`;
    // Whatever begins so, git or a file system may take for git's own files.
    if (/^(\.git|git~)/i.test(part.replace(IGNORED, ""))) {
      return 'has a part that begins with ".git" or "git~"';
    }
  }
  return undefined;
}
