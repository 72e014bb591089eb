/** Types of the benchmark's histories, independent of their origin. */

/** A device of a history. */
export interface HistoryDevice {
  readonly hostname: string;
  readonly ipAddress: string;
  readonly deviceType: string;
}

/** A version of a device's configuration. */
export interface HistoryVersion {
  /** Index of its device in the history. */
  readonly device: number;
  readonly at: Date;
  /** Generated on demand: all texts together take hundreds of megabytes. */
  text(): string;
}

/** Devices and their versions, oldest first. Times of one device are distinct. */
export interface History {
  readonly devices: readonly HistoryDevice[];
  readonly versions: readonly HistoryVersion[];
}

/** Total size of the texts in bytes, uncompressed. */
export function rawBytes({ versions }: History): number {
  return versions.reduce((sum, version) => sum + Buffer.byteLength(version.text()), 0);
}
