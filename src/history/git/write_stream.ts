/** Writes streams for `git fast-import`. https://git-scm.com/docs/git-fast-import#_input_format */
import { Buffer } from "node:buffer";

/** A commit that changes one file. */
export interface GitCommit {
  /** The ref, such as `refs/heads/main`. */
  readonly ref: string;
  /** Parent commit in the repository. Defaults to the previous commit of the stream. */
  readonly from?: string | undefined;
  readonly time: Date;
  readonly message: string;
  readonly path: string;
  readonly data: Uint8Array;
}

const COMMITTER = "NetRaven <netraven@localhost>";

/** Formats a commit, in chunks. */
export function* writeCommit(
  { ref, from, time, message, path, data }: GitCommit,
): Iterable<Uint8Array> {
  // Git has no times before 1970.
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

/** Formats a path for git, as a C string literal if it contains special characters. */
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

/** Characters that the file system of macOS ignores in names. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Returns the problem of a path for a file in git; undefined if there is none. */
export function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed()) return "contains a lone surrogate";
  if (/[\0\n]/.test(path)) return "contains a line feed or NUL";
  for (const component of path.split("/")) {
    if (component === "") return "has an empty component";
    if (component === "." || component === "..") return `has a component "${component}"`;
    // Git or a file system may treat such names as git's own files.
    if (/^(\.git|git~)/i.test(component.replace(IGNORED, ""))) {
      return 'has a component that begins with ".git" or "git~"';
    }
  }
  return undefined;
}
