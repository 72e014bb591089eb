/** The devices that the files of an import belong to. */
import { Buffer } from "node:buffer";
import {
  configImportDeviceList,
  type ConfigImportDeviceListRow,
} from "../../generated/internal/config_exports.ts";
import type { CallOptions, Queryable } from "../../query.ts";

/** A text of a device, and the version that has it, if there is one. */
export interface ImportText {
  readonly hash: string;
  id?: number;
}

/** A device that a file of the stream belongs to. */
export interface ImportDevice {
  readonly id: number;
  /** The time of its latest version when the import began. */
  readonly begin: Date | undefined;
  /** The text of its latest version now. */
  stored: ImportText | undefined;
  /** The text that it had last in the stream, and when that came. */
  last: ImportText | undefined;
  at: Date;
  /** The last version that existed before the import. */
  knownId: number;
}

/** Gives a path its device: the id, the hostname, or undefined for none. */
type DeviceOf = (path: string) => number | undefined | Promise<number | undefined>;

/** The devices of one run of `configImport`. */
export class ImportDevices {
  readonly #db: Queryable;
  readonly #call: CallOptions;
  readonly #deviceOf: DeviceOf | undefined;
  readonly #byId = new Map<number, ImportDevice>();
  readonly #byPath = new Map<string, ImportDevice | undefined>();

  constructor(db: Queryable, call: CallOptions, deviceOf: DeviceOf | undefined) {
    this.#db = db;
    this.#call = call;
    this.#deviceOf = deviceOf;
  }

  /** Looks up the devices of the paths that are new, all at once. */
  async find(paths: readonly string[]): Promise<void> {
    const fresh = [...new Set(paths)].filter((path) => !this.#byPath.has(path));
    const keys = new Map<string, number | string | undefined>();
    for (const path of fresh) {
      const key = this.#deviceOf === undefined ? path.split("/").at(-1) : this.#deviceOf(path);
      keys.set(path, await key);
    }
    const wanted = new Set(keys.values());
    const hostnames = [...wanted].filter((key) => typeof key === "string");
    const ids = [...wanted].filter((key) => typeof key === "number");
    const found = new Map<number | string, ImportDevice>();
    const rows = wanted.size === 0
      ? []
      : await configImportDeviceList.run({ hostnames, ids }, this.#db, this.#call);
    for (const row of rows) {
      const device = this.#byId.get(row.id) ?? deviceFrom(row);
      this.#byId.set(row.id, device);
      found.set(row.hostname, device).set(row.id, device);
    }
    for (const [path, key] of keys) {
      this.#byPath.set(path, key === undefined ? undefined : found.get(key));
    }
  }

  /** The device of a path that was looked up; undefined if it has none. */
  of(path: string): ImportDevice | undefined {
    return this.#byPath.get(path);
  }

  /** How many devices had a file in the stream. */
  withFiles(): number {
    return [...this.#byId.values()].filter(({ last }) => last !== undefined).length;
  }
}

function deviceFrom(
  { id, configurationId, retrievedAt, contentHash }: ConfigImportDeviceListRow,
): ImportDevice {
  const stored = configurationId === null || contentHash === null
    ? undefined
    : { id: configurationId, hash: Buffer.from(contentHash).toString("hex") };
  const begin = retrievedAt ?? undefined;
  return { id, begin, stored, last: undefined, at: new Date(0), knownId: 0 };
}
