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
