/** What the histories of the bench are made of, whatever made them. */

/** A device of a history. */
export interface HistoryDevice {
  readonly hostname: string;
  readonly ipAddress: string;
  readonly deviceType: string;
}

/** A version of a device's configuration. */
export interface HistoryVersion {
  /** The place of its device among the history's. */
  readonly device: number;
  readonly at: Date;
  /** Made when it is asked for: all of them together take hundreds of megabytes. */
  text(): string;
}

/** Devices, and their versions, oldest first; one device's have different times. */
export interface History {
  readonly devices: readonly HistoryDevice[];
  readonly versions: readonly HistoryVersion[];
}

/** Bytes of all texts, as they are sent. */
export function rawBytes({ versions }: History): number {
  return versions.reduce((sum, version) => sum + Buffer.byteLength(version.text()), 0);
}
