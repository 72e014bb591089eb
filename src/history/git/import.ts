/**
 * The import of histories from git. Nothing of it is noted anywhere: what the database has already is
 * found by time and hash, so an import that was ended is run again and goes on.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { configSaveMany, type Session } from "../save.ts";
import { configBytes } from "../text.ts";
import { DatabaseError, NotFoundError, ParameterError } from "../../errors.ts";
import {
  configImportDeviceList,
  type ConfigImportDeviceListResult,
  configImportKnownList,
  type ConfigImportKnownListResult,
} from "../../generated/config_exports.ts";
import { configGet } from "../../generated/device_configurations.ts";
import { type GitContent, LARGEST, readGitStream } from "./read_stream.ts";
import type { Json } from "../../json.ts";
import type { CallOptions } from "../../query.ts";

/** What `configImport` takes. */
export interface ConfigImportOptions {
  /** The device that a file is of; unless told, the one whose hostname is the file's name. */
  readonly device?:
    | ((path: string) => number | undefined | Promise<number | undefined>)
    | undefined;
  /** Gives the bytes of a blob by its object id, for a stream of `git fast-export --no-data`. */
  readonly blob?: ((oid: string) => Promise<Uint8Array | undefined>) | undefined;
  /** Told about once a second, and at the end. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Ends the import; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How far an import has come, and what became of the files that it read. */
export interface ImportProgress {
  /** Commits that were read. */
  readonly commits: number;
  /** Versions that were saved. */
  readonly versions: number;
  /** Files whose device had that text at that time already: of an import before this one, say. */
  readonly known: number;
  /** Files with the text that their device had in the commit before. */
  readonly unchanged: number;
  /** Files older than what their device had when the import began; a history grows at its end only. */
  readonly skipped: number;
  /** Files of a commit that is older than one before it: they get the time of that one. */
  readonly shifted: number;
  /** Files of no device. */
  readonly unknown: number;
  /** Files whose text could not be had: of more than 32 MB, or see `configImport`. */
  readonly missing: number;
}

/** What `configImport` did. */
export interface Imported extends ImportProgress {
  /** Devices with a file in the stream. */
  readonly devices: number;
  /** Paths that are of no device, at most a hundred. */
  readonly unknownPaths: readonly string[];
}

/** Files that are looked at together, and versions that are saved together. */
const FILES = 500;
const VERSIONS = 100;
/** Bytes of texts from which on they are saved. */
const BYTES = 8_000_000;
const PATHS = 100;
/** Milliseconds between two calls of `onProgress`. */
const PROGRESS = 1000;

/** A text of a device, and the version that has it, where there is one. */
interface Text {
  readonly hash: string;
  id?: number;
}

/** A device that a file of the stream is of. */
interface Device {
  readonly id: number;
  /** The time of its latest version when the import began. */
  readonly begin: Date | undefined;
  /** What its latest version has now. */
  stored: Text | undefined;
  /** What it had in the stream just before, and when that came. */
  last: Text | undefined;
  at: Date;
  /** The last version that was there already. */
  knownId: number;
}

/** A file of a commit. */
interface File {
  readonly path: string;
  readonly content: GitContent;
  readonly commit: string | undefined;
  readonly time: Date;
}

/** A file with its device and its bytes. */
interface DeviceFile extends File {
  readonly device: Device;
  readonly bytes: Uint8Array;
}

/** One that is not what its device had before. */
interface Change extends DeviceFile {
  readonly digest: Uint8Array;
  readonly text: Text;
  /** The time of the commit, or of a later one that came before it. */
  readonly at: Date;
}

/**
 * Imports histories from a git repository: each text that a file ever had becomes a version of its device,
 * with the time of its commit. The stream is what this writes:
 *
 *     git fast-export --show-original-ids --date-order --reencode=no --use-done-feature HEAD
 *
 * A file is of the device whose hostname is the file's name, in whatever folder: `<hostname>` and
 * `<group>/<hostname>` of Oxidized, `<group>/configs/<hostname>` of RANCID. Other files are passed over and
 * listed. Where several files are of one device, their texts take turns: choose by `device`. A deleted
 * file leaves the history as it is; links and submodules are passed over.
 *
 * Texts are saved as they come, in many transactions, and without the guard: history is taken as it is.
 * An import that was ended is simply run again; the same import twice changes nothing.
 *
 * Memory: the texts of one commit and of about 100 versions, and some dozen bytes for each text that there
 * is. With `--no-data` and `blob` only those of 100 versions, of 8 MB or one more. It also finds what the
 * stream gives but once: a text that comes back and is in no version, since it was of no device before.
 *
 * @param db A database, or a transaction that the whole import shall be part of.
 * @param stream The output of `git fast-export`.
 * @throws {ParameterError} field `stream`: it is none of git's, or cut off. What was saved stays.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} What was saved stays: run it again.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave(db, { deviceId: device.id, text: "hostname example\n" });
 * const other = await deviceInsert.one({ hostname: "copy", ipAddress: "192.0.2.2", deviceType: "arista_eos" }, db);
 * // As well: the output of a process that runs git.
 * const stream = configExport(db, { deviceIds: [device.id] });
 * const { versions, unknownPaths } = await configImport(db, stream, { device: () => other.id });
 * console.log(versions, unknownPaths); // 1, []
 */
export async function configImport(
  db: Session,
  stream: AsyncIterable<Uint8Array>,
  options: ConfigImportOptions = {},
): Promise<Imported> {
  return await new Import(db, options).run(stream);
}

class Import {
  readonly #db: Session;
  readonly #options: ConfigImportOptions;
  readonly #call: CallOptions;
  readonly #counts = {
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
  readonly #devices = new Map<number, Device>();
  readonly #deviceOf = new Map<string, Device | undefined>();
  /** Texts that no commit had yet, or only the one that is being read; and those of the commits before. */
  readonly #texts = new Map<number, Uint8Array>();
  readonly #used = new Set<number>();
  readonly #over = new Set<number>();
  /** The version that has a text, to read it again where it comes back. */
  readonly #versionOf = new Map<number, number>();
  #files: File[] = [];
  #bytes = 0;
  #told = performance.now();

  constructor(db: Session, options: ConfigImportOptions) {
    this.#db = db;
    this.#options = options;
    this.#call = { signal: options.signal };
  }

  async run(stream: AsyncIterable<Uint8Array>): Promise<Imported> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    let commit: { oid: string | undefined; time: Date } | undefined;
    const bytes = signal === undefined ? stream : abortable(stream, signal);
    for await (const event of readGitStream(bytes, "ConfigImport")) {
      if (event.kind === "text") {
        if (event.data !== undefined) this.#texts.set(event.mark, event.data);
      } else if (event.kind === "commit") {
        commit = event;
        this.#counts.commits++;
        for (const mark of this.#used) this.#over.add(mark);
        this.#used.clear();
        this.#tell();
      } else if (commit !== undefined) {
        await this.#add({ ...event, commit: commit.oid, time: commit.time });
      }
    }
    await this.#flush();
    this.#options.onProgress?.({ ...this.#counts });
    const devices = [...this.#devices.values()].filter(({ last }) => last !== undefined).length;
    return { ...this.#counts, devices, unknownPaths: [...this.#unknownPaths] };
  }

  async #add(file: File): Promise<void> {
    const { content } = file;
    this.#files.push(file);
    if (typeof content === "number") {
      this.#used.add(content);
      this.#bytes += this.#texts.get(content)?.length ?? 0;
    }
    if (this.#files.length >= FILES || this.#bytes >= BYTES) await this.#flush();
  }

  /** Saves what was read so far. */
  async #flush(): Promise<void> {
    const files = this.#files;
    this.#files = [];
    this.#bytes = 0;
    await this.#findDevices(files.map(({ path }) => path));
    let taken: DeviceFile[] = [];
    let size = 0;
    for (const file of files) {
      const device = this.#deviceOf.get(file.path);
      if (device === undefined) {
        this.#passOver(file.path);
        continue;
      }
      const bytes = await this.#bytesOf(file.content);
      if (bytes === undefined) {
        this.#counts.missing++;
        continue;
      }
      taken.push({ ...file, device, bytes });
      size += bytes.length;
      if (taken.length < VERSIONS && size < BYTES) continue;
      await this.#take(taken);
      taken = [];
      size = 0;
    }
    await this.#take(taken);
    for (const mark of this.#over) {
      if (!this.#used.has(mark)) this.#texts.delete(mark);
    }
    this.#over.clear();
  }

  #passOver(path: string): void {
    this.#counts.unknown++;
    if (this.#unknownPaths.size < PATHS) this.#unknownPaths.add(path);
  }

  /** Looks up the devices of the paths that are new, all at once. */
  async #findDevices(paths: readonly string[]): Promise<void> {
    const fresh = [...new Set(paths)].filter((path) => !this.#deviceOf.has(path));
    const { device } = this.#options;
    const keys = new Map<string, number | string | undefined>();
    for (const path of fresh) {
      keys.set(path, device === undefined ? path.split("/").at(-1) : await device(path));
    }
    const wanted = new Set(keys.values());
    const hostnames = [...wanted].filter((key) => typeof key === "string");
    const ids = [...wanted].filter((key) => typeof key === "number");
    const found = new Map<number | string, Device>();
    const rows = wanted.size === 0
      ? []
      : await configImportDeviceList.run({ hostnames, ids }, this.#db, this.#call);
    for (const row of rows) {
      const device = this.#devices.get(row.id) ?? deviceOf(row);
      this.#devices.set(row.id, device);
      found.set(row.hostname, device).set(row.id, device);
    }
    for (const [path, key] of keys) {
      this.#deviceOf.set(path, key === undefined ? undefined : found.get(key));
    }
  }

  /** The text of a file, if it can be had. */
  async #bytesOf(content: GitContent): Promise<Uint8Array | undefined> {
    if (typeof content === "string") {
      const bytes = await this.#options.blob?.(content);
      return bytes !== undefined && bytes.length <= LARGEST ? bytes : undefined;
    }
    const held = this.#texts.get(content);
    if (held !== undefined) return held;
    const id = this.#versionOf.get(content);
    const version = id === undefined
      ? undefined
      : await configGet.first({ id }, this.#db, this.#call);
    return version && configBytes(version);
  }

  /** Saves what of the files is new, in the order of the stream. */
  async #take(files: readonly DeviceFile[]): Promise<void> {
    const changes: Change[] = [];
    const texts = files.map((file) => {
      const digest = createHash("sha256").update(file.bytes).digest();
      const hash = digest.toString("hex");
      const { device, time } = file;
      if (device.last?.hash === hash) {
        this.#counts.unchanged++;
        return device.last;
      }
      const text: Text = { hash };
      device.last = text;
      if (time < device.at) this.#counts.shifted++;
      else device.at = time;
      changes.push({ ...file, digest, text, at: device.at });
      return text;
    });
    await this.#saveAll(await this.#newOf(changes));
    for (const [i, { content }] of files.entries()) {
      const id = texts[i]?.id;
      if (typeof content === "number" && id !== undefined) this.#versionOf.set(content, id);
    }
  }

  /** The changes that are to be saved. */
  async #newOf(changes: readonly Change[]): Promise<Change[]> {
    const known = await this.#knownOf(changes);
    return changes.filter((change) => {
      const { device, text, at } = change;
      const match = known.get(change)?.find(({ id, begun }) => !begun || id > device.knownId);
      if (match !== undefined) {
        this.#counts.known++;
        device.knownId = Math.max(device.knownId, match.id);
        text.id = match.id;
        return false;
      }
      if (device.begin !== undefined && at < device.begin) {
        this.#counts.skipped++;
        return false;
      }
      if (device.stored?.hash === text.hash) {
        this.#counts.unchanged++;
        Object.assign(text, device.stored);
        return false;
      }
      device.stored = text;
      return true;
    });
  }

  /** For each change the versions that may be it, oldest first. */
  async #knownOf(
    changes: readonly Change[],
  ): Promise<Map<Change, ConfigImportKnownListResult[]>> {
    const asked = changes.filter(({ device, at }) =>
      device.begin !== undefined && at <= device.begin
    );
    const rows = asked.length === 0 ? [] : await configImportKnownList.run(
      {
        deviceIds: asked.map(({ device }) => device.id),
        contentHashes: asked.map(({ digest }) => digest),
        times: asked.map(({ at }) => at),
      },
      this.#db,
      this.#call,
    );
    const known = new Map<Change, ConfigImportKnownListResult[]>();
    for (const row of rows) {
      const change = asked[row.index]!;
      const before = known.get(change);
      if (before === undefined) known.set(change, [row]);
      else before.push(row);
    }
    return known;
  }

  /** Saves the changes: the first of each device together, then the second, and so on. */
  async #saveAll(changes: readonly Change[]): Promise<void> {
    for (let left = changes; left.length > 0;) {
      const round = new Map<Device, Change>();
      for (const change of left) {
        if (!round.has(change.device)) round.set(change.device, change);
      }
      await this.#save([...round.values()]);
      left = left.filter((change) => round.get(change.device) !== change);
    }
  }

  async #save(changes: readonly Change[]): Promise<void> {
    const saves = changes.map(({ device, bytes, at, commit, path }) => {
      const git: Json = commit === undefined ? { path } : { commit, path };
      // History is taken as it is.
      return { deviceId: device.id, bytes, retrievedAt: at, metadata: { git }, guard: false };
    });
    let failure: DatabaseError | undefined;
    for (const [i, result] of (await configSaveMany(this.#db, saves, this.#call)).entries()) {
      const { text, device, path } = changes[i]!;
      if (!(result instanceof DatabaseError)) {
        text.id = result.id;
        this.#counts[result.changed ? "versions" : "unchanged"]++;
      } else if (result instanceof ParameterError && result.field === "retrievedAt") {
        // Somebody else saved a newer text meanwhile.
        this.#counts.skipped++;
        device.stored = undefined;
      } else if (result instanceof NotFoundError) {
        // Somebody deleted the device meanwhile.
        this.#passOver(path);
      } else {
        failure ??= result;
      }
    }
    if (failure !== undefined) throw failure;
    this.#tell();
  }

  #tell(): void {
    const now = performance.now();
    if (this.#options.onProgress === undefined || now < this.#told + PROGRESS) return;
    this.#told = now;
    this.#options.onProgress({ ...this.#counts });
  }
}

function deviceOf(
  { id, configurationId, retrievedAt, contentHash }: ConfigImportDeviceListResult,
): Device {
  const stored = configurationId === null || contentHash === null
    ? undefined
    : { id: configurationId, hash: Buffer.from(contentHash).toString("hex") };
  const begin = retrievedAt ?? undefined;
  return { id, begin, stored, last: undefined, at: new Date(0), knownId: 0 };
}

/** The chunks of a stream, until the signal: the next one may never come. */
async function* abortable<T>(
  stream: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const chunks = stream[Symbol.asyncIterator]();
  const next = () =>
    new Promise<IteratorResult<T>>((resolve, reject) => {
      const stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop);
      void chunks.next().then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", stop));
    });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await next();
      if (done) return;
      yield value;
    }
  } finally {
    const closed = Promise.resolve(chunks.return?.()).catch(() => {});
    if (!signal.aborted) await closed;
  }
}
