/** A tool that make calls, run in the test's own process. */
import process from "node:process";

/** The `main` of a tool. */
export type Tool = (args: readonly string[], log: (line: string) => void) => Promise<number>;

/**
 * Runs it to its end.
 *
 * @param given What it finds in its environment beside what is there.
 * @returns Its exit code, and what it prints on either output.
 */
export async function runTool(
  main: Tool,
  given: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  const { env } = process;
  const { error } = console;
  const lines: string[] = [];
  const tell = (line: string) => void lines.push(line);
  process.env = { ...env, ...given };
  console.error = tell;
  try {
    return { code: await main(args, tell), output: lines.join("\n") };
  } finally {
    process.env = env;
    console.error = error;
  }
}
