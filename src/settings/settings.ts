/**
 * The system settings: the environment overrides the database, which overrides the
 * YAML file. The cache reads all rows once; later reads look into a Map. `feed.ts`
 * reports changes.
 */
import { ConfigError, ConflictError, ParameterError } from "../errors.ts";
import {
  settingDelete,
  settingGetMany,
  settingUpsert,
} from "../generated/internal/system_settings.ts";
import { settingList } from "../generated/system_settings.ts";
import type { Json } from "../json.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { CallOptions, Queryable } from "../query.ts";
import type { SettingReader, StandardSchema } from "../session.ts";
import { type Freshness, SettingsFeed } from "./feed.ts";
import { within } from "../deadline.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";

/** A setting, with the source of its value. */
export interface SettingEntry {
  readonly key: string;
  /** Frozen. */
  readonly value: Json;
  readonly source: "environment" | "database" | "default";
  /** The row's version; undefined if the database has no row. */
  readonly version: number | undefined;
  readonly description: string | undefined;
}

/** A change that `onChange` reports. */
export interface SettingChange {
  readonly key: string;
  /** The new value; undefined if the setting no longer exists. */
  readonly value: Json | undefined;
}

interface Sources {
  readonly defaults: Readonly<Record<string, Json>>;
  readonly override: (key: string) => string | undefined;
  readonly listen: (onNotify: OnNotify) => Promise<Connection>;
  readonly logger: Logger;
}

interface Row {
  readonly key: string;
  readonly value: Json;
  readonly version: number;
  readonly description: string | null;
}

const NOTHING = () => {};
/** Begins the message of a timeout. */
const READ_FAILURE = "The settings were not read";

/** The settings of one `Database`: `db.settings`. */
export class Settings implements SettingReader {
  readonly #db: Queryable;
  readonly #sources: Sources;
  /** Current values, as promises so that a read allocates nothing. */
  readonly #ready = new Map<string, Promise<Json | undefined>>();
  readonly #rows = new Map<string, Row>();
  readonly #watchers = new Set<(change: SettingChange) => void>();
  /** Keys to read again. `#allStale` marks all keys. */
  #stale = new Set<string>();
  #allStale = true;
  /** The stale keys that the current load reads: their values are not known yet. */
  #inFlight: { readonly keys: ReadonlySet<string>; readonly all: boolean } | undefined;
  #loaded = false;
  #loading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  readonly #feed: SettingsFeed;

  /** `connect` creates the settings. */
  constructor(db: Queryable, sources: Sources) {
    this.#db = db;
    this.#sources = sources;
    this.#feed = new SettingsFeed(db, sources.listen, sources.logger, {
      changed: (key) => key === undefined ? this.#dropAll() : this.#drop(key),
      known: () => ({
        count: this.#rows.size,
        version: Math.max(0, ...[...this.#rows.values()].map(({ version }) => version)),
      }),
    });
  }

  /**
   * Returns a setting's value. The first call reads all rows; later calls cost no round trip.
   *
   * @param schema Checks and types the value: any Standard Schema.
   * @param options End only this caller's wait. The load that callers share continues.
   * @returns The frozen value; undefined if neither environment, database nor YAML has the key.
   * @throws {ConfigError} the value does not fit the schema.
   * @throws {ConnectionError | TimeoutError} the first read failed.
   * @example
   * const days = await db.settings.get("log_retention_days");
   */
  get(key: string, schema?: undefined, options?: CallOptions): Promise<Json | undefined>;
  get<Output>(
    key: string,
    schema: StandardSchema<Output>,
    options?: CallOptions,
  ): Promise<Output>;
  get(key: string, schema?: StandardSchema<unknown>, options?: CallOptions): Promise<unknown> {
    const ready = this.#ready.get(key);
    const value = ready ?? within(this.#read(key), READ_FAILURE, options);
    return schema === undefined ? value : check(key, value, schema);
  }

  /**
   * Stores a value. Every listening process drops the old value at once.
   *
   * @param options `ifVersion` replaces only that version of the row; 0 only creates a row.
   * @returns The row's new version.
   * @throws {ConflictError} the row has another version.
   * @throws {ParameterError | ConnectionError | TimeoutError}
   * @example
   * const { version } = await db.settings.set("log_retention_days", 90);
   * await db.settings.set("log_retention_days", 60, { ifVersion: version });
   */
  async set(
    key: string,
    value: Json,
    options: CallOptions & { ifVersion?: number; description?: string } = {},
  ): Promise<{ version: number }> {
    if (value === undefined) throw new ParameterError("value", "is missing");
    const { ifVersion, description, ...call } = options;
    try {
      const [row] = await settingUpsert.run({ key, value, description, ifVersion }, this.#db, call);
      if (row === undefined) throw conflict(key);
      return { version: row.version };
    } finally {
      this.#drop(key);
    }
  }

  /**
   * Deletes the row. Values of the environment and the YAML file remain.
   *
   * @param options `ifVersion` deletes only that version of the row.
   * @returns Whether the row existed.
   * @throws {ConflictError} the row has another version.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * await db.settings.delete("log_retention_days");
   */
  async delete(key: string, options: CallOptions & { ifVersion?: number } = {}): Promise<boolean> {
    const { ifVersion, ...call } = options;
    try {
      const removed = await settingDelete.run({ key, ifVersion }, this.#db, call);
      if (removed.length === 0 && ifVersion !== undefined) throw conflict(key);
      return removed.length > 0;
    } finally {
      this.#drop(key);
    }
  }

  /**
   * Returns every setting of the database and the YAML file, sorted by key. The environment overrides both.
   *
   * @throws {ConnectionError | TimeoutError} the first read failed.
   * @example
   * for (const { key, value, source } of await db.settings.entries()) console.log(key, value, source);
   */
  async entries(options?: CallOptions): Promise<SettingEntry[]> {
    await within(this.#current(() => this.#isStale()), READ_FAILURE, options);
    const keys = new Set([...Object.keys(this.#sources.defaults), ...this.#rows.keys()]);
    return [...keys].sort().flatMap((key) => this.#resolve(key) ?? []);
  }

  /**
   * Calls back after any process has changed a setting's row.
   *
   * @returns A function that removes the callback.
   * @example
   * const stop = db.settings.onChange(({ key, value }) => console.log(key, value));
   * stop();
   */
  onChange(callback: (change: SettingChange) => void): () => void {
    const watcher = (change: SettingChange) => callback(change);
    this.#watchers.add(watcher);
    // A change shows only against known values.
    this.#sync().catch(NOTHING);
    return () => this.#watchers.delete(watcher);
  }

  /** Returns the freshness of the cache. */
  freshness(): Freshness {
    return this.#feed.freshness();
  }

  /** Stops listening. The database's `close` calls it. */
  async close(): Promise<void> {
    await this.#feed.close();
  }

  /**
   * Returns a reader for a transaction, which may hold the pool's last connection. The reader takes
   * cached values and reads others through the transaction: all rows at the first such key.
   *
   * @param db The transaction.
   */
  within(db: Queryable): SettingReader {
    let loading: Promise<Map<string, Row>> | undefined;
    const load = async (options: CallOptions | undefined) => {
      const rows = await settingList.run({}, db, options);
      return new Map(rows.map((row) => [row.key, { ...row, value: freeze(row.value) }]));
    };
    const read = async (key: string, options: CallOptions | undefined) => {
      loading ??= load(options).catch((error) => {
        loading = undefined;
        throw error;
      });
      return this.#resolve(key, await loading)?.value;
    };
    const get = <Output>(key: string, schema?: StandardSchema<Output>, options?: CallOptions) => {
      const value = this.#ready.get(key) ?? read(key, options);
      return schema === undefined ? value : check(key, value, schema);
    };
    return { get: get as SettingReader["get"] };
  }

  async #read(key: string): Promise<Json | undefined> {
    await this.#current(() => this.#isStale(key));
    const value = this.#resolve(key)?.value;
    if (!this.#isStale(key)) this.#ready.set(key, Promise.resolve(value));
    return value;
  }

  /** Whether a key is stale; without a key, whether any key is. */
  #isStale(key?: string): boolean {
    const has = (keys: ReadonlySet<string>) => key === undefined ? keys.size > 0 : keys.has(key);
    const { keys, all } = this.#inFlight ?? { keys: new Set<string>(), all: false };
    return this.#allStale || all || has(this.#stale) || has(keys);
  }

  /**
   * Loads until the requested keys are current. A load that begins after the call
   * returns a value that was current during the call, so two loads are enough even
   * while a burst of writes makes the key stale again and again.
   */
  async #current(stale: () => boolean): Promise<void> {
    for (let loads = 0; loads < 2 && stale(); loads++) {
      try {
        await this.#sync();
      } catch (error) {
        // Known values outlast an unreachable server; `freshness` reports their age.
        if (!this.#loaded) throw error;
        return;
      }
    }
  }

  /** Runs one load at a time, so that no load overwrites a newer value with an older one. */
  #sync(): Promise<void> {
    this.#feed.start();
    if (this.#loading === undefined) {
      this.#loading = this.#load().finally(() => this.#loading = undefined);
      return this.#loading;
    }
    // Before the first load has ended, no value can be stale.
    if (!this.#loaded) return this.#loading;
    this.#following ??= this.#loading.catch(NOTHING).then(() => {
      this.#following = undefined;
      return this.#sync();
    });
    return this.#following;
  }

  async #load(): Promise<void> {
    const all = this.#allStale;
    const keys = this.#stale;
    if (!all && keys.size === 0) return;
    this.#allStale = false;
    this.#stale = new Set();
    this.#inFlight = { keys, all };
    let rows: Row[];
    try {
      rows = all
        ? await settingList.run({}, this.#db)
        : await settingGetMany.run({ keys: [...keys] }, this.#db);
    } catch (error) {
      this.#allStale ||= all;
      for (const key of keys) this.#stale.add(key);
      throw error;
    } finally {
      this.#inFlight = undefined;
    }
    const seen = new Set(rows.map(({ key }) => key));
    const changed: string[] = [];
    for (const row of rows) {
      const known = this.#rows.get(row.key);
      if (known?.version === row.version) continue;
      this.#rows.set(row.key, { ...row, value: freeze(row.value) });
      changed.push(row.key);
    }
    for (const key of all ? [...this.#rows.keys()] : keys) {
      if (!seen.has(key) && this.#rows.delete(key)) changed.push(key);
    }
    for (const key of changed) this.#ready.delete(key);
    const first = !this.#loaded;
    this.#loaded = true;
    if (!first) this.#report(changed);
  }

  #report(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#resolve(key);
      if (entry?.source === "environment") continue;
      for (const watcher of this.#watchers) {
        try {
          watcher({ key, value: entry?.value });
        } catch {
          this.#sources.logger.error(`A callback of settings.onChange threw an error for "${key}"`);
        }
      }
    }
  }

  #resolve(key: string, rows: ReadonlyMap<string, Row> = this.#rows): SettingEntry | undefined {
    const row = rows.get(key);
    const { defaults } = this.#sources;
    const rest = { key, version: row?.version, description: row?.description ?? undefined };
    const override = this.#sources.override(key);
    if (override !== undefined) {
      return { ...rest, value: freeze(parse(override)), source: "environment" };
    }
    if (row !== undefined) return { ...rest, value: row.value, source: "database" };
    if (!Object.hasOwn(defaults, key)) return undefined;
    return { ...rest, value: freeze(defaults[key] as Json), source: "default" };
  }

  #drop(key: string): void {
    this.#ready.delete(key);
    this.#stale.add(key);
    if (this.#watchers.size > 0) this.#sync().catch(NOTHING);
  }

  #dropAll(): void {
    this.#ready.clear();
    this.#allStale = true;
    this.#sync().catch(NOTHING);
  }
}

async function check(
  key: string,
  value: Promise<unknown>,
  schema: StandardSchema<unknown>,
): Promise<unknown> {
  const result = await schema["~standard"].validate(await value);
  // The issues' own messages quote the value.
  if (result.issues !== undefined) {
    throw new ConfigError("The value does not fit the schema", { path: `settings.${key}` });
  }
  return result.value;
}

/** Parses the text of an environment variable as JSON; invalid JSON stays text. */
function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function freeze(value: Json): Json {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

function conflict(key: string): ConflictError {
  return new ConflictError(`Setting "${key}" has another version: read it again`);
}
