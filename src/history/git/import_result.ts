/** Results of an import. */

/** How far an import has come, and how many files ended in which way. */
export interface ImportProgress {
  /** Commits that were read. */
  readonly commits: number;
  /** Versions that were saved. */
  readonly versions: number;
  /** Files whose device had that text at that time already, for example from an earlier import. */
  readonly known: number;
  /** Files with the text that their device had in the previous commit. */
  readonly unchanged: number;
  /** Files older than the latest version that their device had when the import began: a history grows at its end only. */
  readonly skipped: number;
  /** Files of a commit with an earlier time than the commit before it, whose time they get. */
  readonly shifted: number;
  /** Files without a device. */
  readonly unknown: number;
  /** Files whose text cannot be read: larger than 32 MB, or see `configImport`. */
  readonly missing: number;
}

/** Result of `configImport`. */
export interface ConfigImportResult extends ImportProgress {
  /** Devices with a file in the stream. */
  readonly devices: number;
  /** Paths without a device, at most a hundred. */
  readonly unknownPaths: readonly string[];
}
