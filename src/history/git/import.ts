/**
 * The import of histories from git. It keeps no notes: it finds the versions that the database has
 * already by time and hash, so that a second run goes on where the first one ended.
 */
import { createHash } from "node:crypto";
import { configSaveMany } from "../save.ts";
import type { Session } from "../../session.ts";
import { DatabaseError, NotFoundError, ParameterError } from "../../errors.ts";
import {
  configImportKnownList,
  type ConfigImportKnownListRow,
} from "../../generated/internal/config_exports.ts";
import { ImportCounts } from "./import_counts.ts";
import { type ImportDevice, ImportDevices, type ImportText } from "./import_devices.ts";
import type { ConfigImportResult, ImportProgress } from "./import_result.ts";
import { ImportTexts } from "./import_texts.ts";
import { type GitContent, readGitStream } from "./read_stream.ts";
import type { Json } from "../../json.ts";
import type { CallOptions } from "../../query.ts";

/** Parameters of `configImport`. */
export interface ConfigImportParams {
  /** The output of `git fast-export`. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Returns the id of a file's device. Defaults to the device whose hostname is the file's name. */
  readonly device?:
    | ((path: string) => number | undefined | Promise<number | undefined>)
    | undefined;
  /** Returns the bytes of a blob by its object id, for a stream of `git fast-export --no-data`. */
  readonly blob?: ((oid: string) => Promise<Uint8Array | undefined>) | undefined;
}

/** Options of `configImport`. */
export interface ConfigImportOptions {
  /** Called about once a second, and at the end. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Ends the import; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Files that are read before their devices are looked up. */
const BATCH_FILES = 500;
/** Versions, or bytes of texts, that are saved together. */
const BATCH_VERSIONS = 100;
const BATCH_BYTES = 8_000_000;

/** A file of a commit. */
interface File {
  readonly path: string;
  readonly content: GitContent;
  readonly commit: string | undefined;
  readonly time: Date;
}

/** A file with its device and its bytes. */
interface DeviceFile extends File {
  readonly device: ImportDevice;
  readonly bytes: Uint8Array;
}

/** A file whose text differs from what its device had before. */
interface Change extends DeviceFile {
  readonly digest: Uint8Array;
  readonly text: ImportText;
  /** The time of the commit, or of an earlier commit with a later time. */
  readonly at: Date;
}

/** Does what `configImport` of `history/mod.ts` says. */
export async function configImport(
  { stream, ...files }: ConfigImportParams,
  db: Session,
  options: ConfigImportOptions = {},
): Promise<ConfigImportResult> {
  return await new Import(db, files, options).run(stream);
}

/** One run of `configImport`. */
class Import {
  readonly #db: Session;
  readonly #call: CallOptions;
  readonly #texts: ImportTexts;
  readonly #devices: ImportDevices;
  readonly #counts: ImportCounts;
  /** Files that were read and are not saved yet. */
  #files: File[] = [];

  constructor(
    db: Session,
    { device, blob }: Omit<ConfigImportParams, "stream">,
    { onProgress, signal }: ConfigImportOptions,
  ) {
    this.#db = db;
    this.#call = { signal };
    this.#texts = new ImportTexts(db, this.#call, blob);
    this.#devices = new ImportDevices(db, this.#call, device);
    this.#counts = new ImportCounts(onProgress);
  }

  async run(stream: AsyncIterable<Uint8Array>): Promise<ConfigImportResult> {
    const { signal } = this.#call;
    signal?.throwIfAborted();
    let commit: { oid: string | undefined; time: Date } | undefined;
    const bytes = signal === undefined ? stream : abortable(stream, signal);
    for await (const event of readGitStream(bytes, "ConfigImport")) {
      if (event.kind === "text") {
        if (event.data !== undefined) this.#texts.add(event.mark, event.data);
      } else if (event.kind === "commit") {
        commit = event;
        this.#counts.add("commits");
        this.#texts.beginCommit();
      } else if (commit !== undefined) {
        await this.#add({ ...event, commit: commit.oid, time: commit.time });
      }
    }
    await this.#flush();
    return this.#counts.end(this.#devices.withFiles());
  }

  async #add(file: File): Promise<void> {
    this.#files.push(file);
    this.#texts.use(file.content);
    if (this.#files.length >= BATCH_FILES || this.#texts.bytesInUse >= BATCH_BYTES) {
      await this.#flush();
    }
  }

  /** Saves the files that were read so far. */
  async #flush(): Promise<void> {
    const files = this.#files;
    this.#files = [];
    await this.#devices.find(files.map(({ path }) => path));
    let taken: DeviceFile[] = [];
    let size = 0;
    for (const file of files) {
      const device = this.#devices.of(file.path);
      if (device === undefined) {
        this.#counts.addUnknown(file.path);
        continue;
      }
      const bytes = await this.#texts.bytesOf(file.content);
      if (bytes === undefined) {
        this.#counts.add("missing");
        continue;
      }
      taken.push({ ...file, device, bytes });
      size += bytes.length;
      if (taken.length < BATCH_VERSIONS && size < BATCH_BYTES) continue;
      await this.#take(taken);
      taken = [];
      size = 0;
    }
    await this.#take(taken);
    this.#texts.forgetUsed();
  }

  /** Saves the files whose text is new, in the order of the stream. */
  async #take(files: readonly DeviceFile[]): Promise<void> {
    const changes: Change[] = [];
    const texts = files.map((file) => {
      const digest = createHash("sha256").update(file.bytes).digest();
      const hash = digest.toString("hex");
      const { device, time } = file;
      if (device.last?.hash === hash) {
        this.#counts.add("unchanged");
        return device.last;
      }
      const text: ImportText = { hash };
      device.last = text;
      if (time < device.at) this.#counts.add("shifted");
      else device.at = time;
      changes.push({ ...file, digest, text, at: device.at });
      return text;
    });
    await this.#saveAll(await this.#newOf(changes));
    for (const [i, { content }] of files.entries()) this.#texts.stored(content, texts[i]?.id);
  }

  /** The changes that are to be saved. */
  async #newOf(changes: readonly Change[]): Promise<Change[]> {
    const known = await this.#knownOf(changes);
    return changes.filter((change) => {
      const { device, text, at } = change;
      const match = known.get(change)?.find(({ id, begun }) => !begun || id > device.knownId);
      if (match !== undefined) {
        this.#counts.add("known");
        device.knownId = Math.max(device.knownId, match.id);
        text.id = match.id;
        return false;
      }
      if (device.begin !== undefined && at < device.begin) {
        this.#counts.add("skipped");
        return false;
      }
      if (device.stored?.hash === text.hash) {
        this.#counts.add("unchanged");
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
  ): Promise<Map<Change, ConfigImportKnownListRow[]>> {
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
    const known = new Map<Change, ConfigImportKnownListRow[]>();
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
      const round = new Map<ImportDevice, Change>();
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
    for (const [i, result] of (await configSaveMany(saves, this.#db, this.#call)).entries()) {
      const { text, device, path } = changes[i]!;
      if (!(result instanceof DatabaseError)) {
        text.id = result.id;
        this.#counts.add(result.changed ? "versions" : "unchanged");
      } else if (result instanceof ParameterError && result.field === "retrievedAt") {
        // Somebody else saved a newer text meanwhile.
        this.#counts.add("skipped");
        device.stored = undefined;
      } else if (result instanceof NotFoundError) {
        // Somebody deleted the device meanwhile.
        this.#counts.addUnknown(path);
      } else {
        failure ??= result;
      }
    }
    if (failure !== undefined) throw failure;
  }
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
