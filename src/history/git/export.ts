/** The export of histories to git. Nothing of it is noted in the database. */
import { Buffer } from "node:buffer";
import { configBytes } from "../text.ts";
import { ParameterError } from "../../errors.ts";
import { configExportList } from "../../generated/config_exports.ts";
import { configLatestList } from "../../generated/device_configurations.ts";
import { deviceGetMany, type DeviceGetManyResult } from "../../generated/devices.ts";
import { pathProblem, writeCommit } from "./write_stream.ts";
import type { CallOptions, Queryable } from "../../query.ts";

/** What `configExport` takes. */
export interface ConfigExportOptions {
  /** The devices; all unless told. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Only devices with one of these tags. */
  readonly tagNames?: readonly string[] | undefined;
  /** The file of a device; its hostname unless told. Each device has its own, always the same. */
  readonly path?: ((device: DeviceGetManyResult) => string) | undefined;
  /** The branch that gets the commits; `main` unless told. */
  readonly branch?: string | undefined;
  /** The last version that was exported: this export goes on after it. */
  readonly after?: ExportCursor | undefined;
  /** True: the branch has commits; where `after` is given, unless told. */
  readonly append?: boolean | undefined;
  /** Milliseconds: versions that are younger are left for later. 0 unless told. */
  readonly minimumAge?: number | undefined;
  /** Told about once a second, and at the end. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
  /** Ends the export; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A place in the order of an export. */
export interface ExportCursor {
  readonly retrievedAt: Date;
  readonly id: number;
}

/** How far an export has come. */
export interface ExportProgress {
  /** Devices that were chosen and have a configuration. */
  readonly devices: number;
  /** Versions that were written. */
  readonly versions: number;
  /** The last one. */
  readonly last: ExportCursor | undefined;
}

/** Devices that are read at once, and texts. */
const DEVICES = 500;
const TEXTS = 4;
/** Commits after which git writes down what it has, so that an export that is ended may go on there. */
const CHECKPOINT = 500;
/** Milliseconds between two calls of `onProgress`. */
const PROGRESS = 1000;
/** More than there are. */
const ALL = 2_147_483_647;

/**
 * Writes histories as `git fast-import` reads them: a commit for each version, oldest first, with the time
 * when it was first read. Files hold the bytes that the device sent. Git knows whole seconds; the last line
 * of each message tells the rest, and which version it is: `NetRaven-Version: 12 2026-11-25T09:00:00.123Z`.
 *
 *     git fast-import --done
 *
 * To go on where another export ended, give `after`, what else was given then, and a `minimumAge` longer
 * than any save takes, such as 300,000: a save that is under way may come to stand before what is written
 * already. So does what is imported later with older times; it takes an export from the beginning.
 * A device that was deleted or renamed since leaves its file.
 *
 * Memory: a few texts, and a name for each device. Holds a connection until the loop ends.
 *
 * @returns The stream, in chunks.
 * @throws {ParameterError} `path`: a device has no path that git takes, or that of another one;
 *   `branch`: this is no name of a branch. Nothing was written.
 * @throws {QueryError | ConnectionError | TimeoutError} from the loop. The stream lacks its last line
 *   then, and git refuses it.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave(db, { deviceId: device.id, text: "hostname example\n" });
 * const path = ({ hostname, tags }) => `${tags[0]}/configs/${hostname}`; // as RANCID has it
 * for await (const chunk of configExport(db, { path })) console.log(chunk.length);
 */
export async function* configExport(
  db: Queryable,
  options: ConfigExportOptions = {},
): AsyncIterableIterator<Uint8Array> {
  const { branch = "main", after, append = after !== undefined, minimumAge, onProgress, signal } =
    options;
  if (!isBranch(branch)) {
    throw new ParameterError("branch", "is no name of a branch", { query: "ConfigExport" });
  }
  const ref = `refs/heads/${branch}`;
  const call: CallOptions = { signal };
  const files = await filesOf(db, options, call);
  let versions = 0;
  let last: ExportCursor | undefined;
  let next = performance.now() + PROGRESS;
  const tell = () => onProgress?.({ devices: files.size, versions, last });
  const params = {
    deviceIds: [...files.keys()],
    afterRetrievedAt: after?.retrievedAt,
    afterId: after?.id,
    minimumAge,
    limit: ALL,
  };
  yield Buffer.from("feature done\n");
  for await (const row of configExportList.stream(params, db, { ...call, batch: TEXTS })) {
    const { id, deviceId, retrievedAt } = row;
    const { hostname, path } = files.get(deviceId)!;
    const subject = `${hostname} version ${id}`.replace(/\p{Cc}/gu, " ");
    yield* writeCommit({
      ref,
      from: append && versions === 0 ? `${ref}^0` : undefined,
      time: retrievedAt,
      message: `${subject}\n\nNetRaven-Version: ${id} ${retrievedAt.toISOString()}\n`,
      path,
      data: configBytes(row),
    });
    versions++;
    last = { retrievedAt, id };
    if (versions % CHECKPOINT === 0) yield Buffer.from("checkpoint\n\n");
    if (performance.now() < next) continue;
    next = performance.now() + PROGRESS;
    tell();
  }
  yield Buffer.from("done\n");
  tell();
}

/** The files of the chosen devices that have a configuration, by device. */
async function filesOf(
  db: Queryable,
  { deviceIds, tagNames, path = ({ hostname }) => hostname }: ConfigExportOptions,
  call: CallOptions,
): Promise<Map<number, { hostname: string; path: string }>> {
  const files = new Map<number, { hostname: string; path: string }>();
  const tree = new Files();
  for (let afterDeviceId = 0;;) {
    const page = { deviceIds, afterDeviceId, limit: DEVICES };
    const latest = await configLatestList.run(page, db, call);
    const ids = latest.map(({ deviceId }) => deviceId);
    for (const device of await deviceGetMany.run({ ids }, db, call)) {
      if (tagNames !== undefined && !device.tags.some((tag) => tagNames.includes(tag))) continue;
      const file = path(device);
      if (typeof file !== "string") throw new TypeError("The path of a device must be a string");
      const problem = pathProblem(file) ?? tree.add(file, device.id);
      if (problem !== undefined) {
        const message = `gives device ${device.id} a path that git does not take: it ${problem}`;
        throw new ParameterError("path", message, { query: "ConfigExport" });
      }
      files.set(device.id, { hostname: device.hostname, path: file });
    }
    if (latest.length < DEVICES) return files;
    afterDeviceId = ids.at(-1)!;
  }
}

/** The files of a tree, so that none is in the way of another. */
class Files {
  readonly #files = new Map<string, number>();
  readonly #folders = new Map<string, number>();

  /** @returns What is wrong with the path; undefined where nothing is. */
  add(path: string, deviceId: number): string | undefined {
    const folders = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
    const other = this.#files.get(path) ?? this.#folders.get(path) ??
      folders.map((folder) => this.#files.get(folder)).find((id) => id !== undefined);
    if (other !== undefined) return `is in the way of the file of device ${other}`;
    this.#files.set(path, deviceId);
    for (const folder of folders) this.#folders.set(folder, deviceId);
    return undefined;
  }
}

/** Whether git takes it: https://git-scm.com/docs/git-check-ref-format */
function isBranch(name: string): boolean {
  return name.isWellFormed() && !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\.$|^-|^@$/u.test(name) &&
    name.split("/").every((part) => /^[^.]/.test(part) && !part.endsWith(".lock"));
}
