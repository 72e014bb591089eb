/** Report of a test file to the runner: one line of JSON after a mark, which is the last line. */
export interface Summary {
  /** Names of the file's suites, separated by commas. */
  suite: string;
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  /** Number of tests that `NETRAVEN_TEST` excluded. */
  left: number;
}

/** Start of that line. */
export const SUMMARY_MARK = "@@ ";

/** Prefix of output that the runner always prints. uvu's dots may precede it. */
const FIGURES_MARK = "@# ";

/** Prints a measurement. */
export function tellFigures(text: string): void {
  console.log(FIGURES_MARK + text);
}

/** Returns the measurements in the output of a file. */
export function figuresIn(output: string): string[] {
  return output.split("\n")
    .filter((line) => line.includes(FIGURES_MARK))
    .map((line) => line.slice(line.indexOf(FIGURES_MARK) + FIGURES_MARK.length));
}
