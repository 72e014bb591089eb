/**
 * Where a test file runs. It runs on every server and on every runtime, unless it says in one line, with
 * the reason, that this would tell nothing more:
 *
 *     // Runs on the first server: it asks none.
 *     // Runs on Node: it tests what the server does, whoever asks.
 *     // Runs once: it tests a tool of the project.
 *
 * `Runs once` is both. Files in `tests/tools/` start programs, which Deno's tests may not: they run on
 * Node without saying so.
 */

/** Where a file runs. */
export interface Reach {
  readonly everyServer: boolean;
  readonly everyRuntime: boolean;
}

/**
 * Reads it.
 *
 * @param path From the project's folder on.
 * @throws {Error} where the line says something else, or stands there twice.
 */
export function reachOf(path: string, text: string): Reach {
  const lines = text.match(/^\/\/ Runs\b.*$/gm) ?? [];
  const where = /^\/\/ Runs (once|on Node|on the first server): \S/.exec(lines[0] ?? "")?.[1];
  if (lines.length > 1 || (lines.length === 1 && where === undefined)) {
    throw new Error(`Cannot tell where ${path} runs: "${lines.join('", "')}"`);
  }
  const isTool = path.startsWith("tests/tools/");
  return {
    everyServer: where === undefined || where === "on Node",
    everyRuntime: !isTool && (where === undefined || where === "on the first server"),
  };
}
