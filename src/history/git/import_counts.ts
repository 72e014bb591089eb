/** How far an import has come, and whom it tells. */
import type { ConfigImportResult, ImportProgress } from "./import_result.ts";

/** Paths without a device that are listed. */
const MAX_PATHS = 100;
/** Milliseconds between two calls of `onProgress`. */
const PROGRESS_INTERVAL_MS = 1_000;

/** The counts of one run of `configImport`. */
export class ImportCounts {
  readonly #onProgress: ((progress: ImportProgress) => void) | undefined;
  readonly #counts: { -readonly [Name in keyof ImportProgress]: number } = {
    commits: 0,
    versions: 0,
    known: 0,
    unchanged: 0,
    skipped: 0,
    shifted: 0,
    unknown: 0,
    missing: 0,
  };
  readonly #unknownPaths = new Set<string>();
  #toldAt = performance.now();

  constructor(onProgress: ((progress: ImportProgress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  add(name: keyof ImportProgress): void {
    this.#counts[name]++;
    const now = performance.now();
    if (this.#onProgress === undefined || now < this.#toldAt + PROGRESS_INTERVAL_MS) return;
    this.#toldAt = now;
    this.#onProgress({ ...this.#counts });
  }

  /** A file of no device. */
  addUnknown(path: string): void {
    if (this.#unknownPaths.size < MAX_PATHS) this.#unknownPaths.add(path);
    this.add("unknown");
  }

  /** Reports the last progress, and returns the result. */
  end(devices: number): ConfigImportResult {
    this.#onProgress?.({ ...this.#counts });
    return { ...this.#counts, devices, unknownPaths: [...this.#unknownPaths] };
  }
}
