/** What a test file tells the runner: one line of JSON, its last, after a mark. */
export interface Summary {
  /** The names of the file's suites, joined by a comma. */
  suite: string;
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  /** How many tests `NETRAVEN_TEST` left out. */
  left: number;
}

/** The start of that line. */
export const SUMMARY_MARK = "@@ ";

/** Stands before what the runner prints whatever comes of the file; before it may stand uvu's dots. */
const FIGURES_MARK = "@# ";

/** Prints what was measured. */
export function tellFigures(text: string): void {
  console.log(FIGURES_MARK + text);
}

/** What a file measured, from all that it printed. */
export function figuresIn(output: string): string[] {
  return output.split("\n")
    .filter((line) => line.includes(FIGURES_MARK))
    .map((line) => line.slice(line.indexOf(FIGURES_MARK) + FIGURES_MARK.length));
}
