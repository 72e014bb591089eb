/** Runs a tool of make in the test's own process. */
import process from "node:process";

/** The `main` of a tool. */
export type Tool = (args: readonly string[], log: (line: string) => void) => Promise<number>;

/**
 * Runs it to its end.
 *
 * @param given Additional environment variables.
 * @returns Its exit code and its output.
 */
export async function runTool(
  main: Tool,
  given: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  const { env } = process;
  const { error, log } = console;
  const lines: string[] = [];
  const tell = (line: string) => void lines.push(line);
  process.env = { ...env, ...given };
  console.error = tell;
  console.log = tell;
  try {
    return { code: await main(args, tell), output: lines.join("\n") };
  } finally {
    process.env = env;
    console.error = error;
    console.log = log;
  }
}
