/** Exports histories to git. The database keeps no record of an export. */
import { Buffer } from "node:buffer";
import { configBytes } from "../text.ts";
import { ParameterError } from "../../errors.ts";
import { configLatestList } from "../../generated/device_configurations.ts";
import { type Device, deviceGetMany } from "../../generated/devices.ts";
import { configExportList } from "../../generated/internal/config_exports.ts";
import { pathProblem, writeCommit } from "./write_stream.ts";
import type { CallOptions, Queryable } from "../../query.ts";

/** Parameters of `configExport`. */
export interface ConfigExportParams {
  /** Devices to export. Defaults to all. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Exports only devices with one of these tags. */
  readonly tagNames?: readonly string[] | undefined;
  /** Returns the unique, constant file path of a device. Defaults to its hostname. */
  readonly path?: ((device: Device) => string) | undefined;
  /** Branch of the commits. Defaults to `main`. */
  readonly branch?: string | undefined;
  /** Last version of an earlier export, which this export continues. */
  readonly after?: ExportCursor | undefined;
  /** True if the branch has commits. Defaults to true with `after`, else to false. */
  readonly append?: boolean | undefined;
  /** Minimum age of the exported versions, in milliseconds. Defaults to 0. */
  readonly minimumAge?: number | undefined;
}

/** Options of `configExport`. */
export interface ConfigExportOptions {
  /** Called about once a second, and at the end. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
  /** Ends the export, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Position in the order of an export. */
export interface ExportCursor {
  readonly retrievedAt: Date;
  readonly id: number;
}

/** Progress of an export. */
export interface ExportProgress {
  /** Number of exported devices, which have a configuration. */
  readonly devices: number;
  /** Number of versions written so far. */
  readonly versions: number;
  /** Last version written. */
  readonly last: ExportCursor | undefined;
}

const PAGE_DEVICES = 500;
const PAGE_TEXTS = 4;
/** After this number of commits git stores its state, from which an interrupted export can continue. */
const CHECKPOINT_COMMITS = 500;
const PROGRESS_INTERVAL_MS = 1000;
const MAX_ROWS = 2_147_483_647;

/** Implements `configExport` of `history/mod.ts`. */
export async function* configExport(
  params: ConfigExportParams,
  db: Queryable,
  { onProgress, signal }: ConfigExportOptions = {},
): AsyncIterableIterator<Uint8Array> {
  const { branch = "main", after, append = after !== undefined, minimumAge } = params;
  if (!isBranch(branch)) {
    throw new ParameterError("branch", "must be a valid branch name", { query: "ConfigExport" });
  }
  const ref = `refs/heads/${branch}`;
  const call: CallOptions = { signal };
  const files = await filesOf(db, params, call);
  let versions = 0;
  let last: ExportCursor | undefined;
  let nextReport = performance.now() + PROGRESS_INTERVAL_MS;
  const report = () => onProgress?.({ devices: files.size, versions, last });
  const page = {
    deviceIds: [...files.keys()],
    afterRetrievedAt: after?.retrievedAt,
    afterId: after?.id,
    minimumAge,
    limit: MAX_ROWS,
  };
  yield Buffer.from("feature done\n");
  for await (const row of configExportList.stream(page, db, { ...call, batch: PAGE_TEXTS })) {
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
    if (versions % CHECKPOINT_COMMITS === 0) yield Buffer.from("checkpoint\n\n");
    if (performance.now() < nextReport) continue;
    nextReport = performance.now() + PROGRESS_INTERVAL_MS;
    report();
  }
  yield Buffer.from("done\n");
  report();
}

/** Returns the files of the selected devices with a configuration, by device id. */
async function filesOf(
  db: Queryable,
  { deviceIds, tagNames, path = ({ hostname }) => hostname }: ConfigExportParams,
  call: CallOptions,
): Promise<Map<number, { hostname: string; path: string }>> {
  const files = new Map<number, { hostname: string; path: string }>();
  const tree = new FileTree();
  for (let afterDeviceId = 0;;) {
    const page = { deviceIds, afterDeviceId, limit: PAGE_DEVICES };
    const latest = await configLatestList.run(page, db, call);
    const ids = latest.map(({ deviceId }) => deviceId);
    for (const device of await deviceGetMany.run({ ids }, db, call)) {
      if (tagNames !== undefined && !device.tags.some((tag) => tagNames.includes(tag))) continue;
      const file = path(device);
      if (typeof file !== "string") throw new TypeError("The function path must return a string");
      const problem = pathProblem(file) ?? tree.add(file, device.id);
      if (problem !== undefined) {
        const message = `returns an invalid path for device ${device.id}: it ${problem}`;
        throw new ParameterError("path", message, { query: "ConfigExport" });
      }
      files.set(device.id, { hostname: device.hostname, path: file });
    }
    if (latest.length < PAGE_DEVICES) return files;
    afterDeviceId = ids.at(-1)!;
  }
}

/** Paths of a tree, without conflicts between files and folders. */
class FileTree {
  readonly #files = new Map<string, number>();
  readonly #folders = new Map<string, number>();

  /** Adds a file. Returns the problem of the path; undefined if there is none. */
  add(path: string, deviceId: number): string | undefined {
    const folders = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
    const other = this.#files.get(path) ?? this.#folders.get(path) ??
      folders.map((folder) => this.#files.get(folder)).find((id) => id !== undefined);
    if (other !== undefined) return `conflicts with the file of device ${other}`;
    this.#files.set(path, deviceId);
    for (const folder of folders) this.#folders.set(folder, deviceId);
    return undefined;
  }
}

/** Checks the rules of https://git-scm.com/docs/git-check-ref-format. */
function isBranch(name: string): boolean {
  return name.isWellFormed() && !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\.$|^-|^@$/u.test(name) &&
    name.split("/").every((part) => /^[^.]/.test(part) && !part.endsWith(".lock"));
}
