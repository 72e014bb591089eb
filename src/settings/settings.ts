/**
 * The system settings: environment over database over YAML. All rows are read
 * once; after that a read costs a look into a Map. `settings_feed.ts` tells what
 * has changed.
 */
import { ConfigError, ConflictError, ParameterError } from "../errors.ts";
import {
  settingDelete,
  settingGetMany,
  settingList,
  settingUpsert,
} from "../generated/system_settings.ts";
import type { Json } from "../json.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { CallOptions, Queryable } from "../query.ts";
import { type Freshness, SettingsFeed } from "./feed.ts";
import { within } from "../shared_wait.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";

/** A schema of any library that speaks Standard Schema (valibot, zod, arktype…), https://standardschema.dev. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] };

/** A setting and where its value comes from. */
export interface SettingEntry {
  readonly key: string;
  /** Frozen. */
  readonly value: Json;
  readonly source: "environment" | "database" | "default";
  /** The row's version; undefined where there is no row. */
  readonly version: number | undefined;
  readonly description: string | undefined;
}

/** What `onChange` tells. */
export interface SettingChange {
  readonly key: string;
  /** The value that holds now; undefined when there is none any more. */
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
/** What a wait is for. */
const READ = "The settings were not read";

/** The settings of one `Database`: `db.settings`. */
export class Settings {
  readonly #db: Queryable;
  readonly #sources: Sources;
  /** Values that are current, as promises so that a read allocates nothing. */
  readonly #ready = new Map<string, Promise<Json | undefined>>();
  readonly #rows = new Map<string, Row>();
  readonly #watchers = new Set<(change: SettingChange) => void>();
  /** Keys to read again; `#allStale` stands for all of them. */
  #stale = new Set<string>();
  #allStale = true;
  /** The same of the load under way: what it reads is not known yet. */
  #underWay: { readonly keys: ReadonlySet<string>; readonly all: boolean } | undefined;
  #loaded = false;
  #loading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  readonly #feed: SettingsFeed;

  /** Made by `connect`. */
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
   * A setting's value. The first call reads all rows; later ones cost no round trip.
   *
   * @param schema Checks and types the value: any Standard Schema.
   * @returns The frozen value; undefined where neither environment, database nor YAML has the key.
   * @throws {ConfigError} the value does not fit the schema.
   * @param options End this wait alone; the load that others share goes on.
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
    const value = ready ?? within(this.#read(key), READ, options);
    return schema === undefined ? value : check(key, value, schema);
  }

  /**
   * Stores a value. Every process drops the old one at once.
   *
   * @param options `ifVersion` writes only over that version; 0 only where there is no row.
   * @returns The row's new version.
   * @throws {ConflictError} the row has another version by now.
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
   * Removes the row; environment and YAML still count.
   *
   * @param options `ifVersion` removes only that version.
   * @returns Whether there was a row.
   * @throws {ConflictError} the row has another version by now.
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
   * Every setting of database and YAML, with environment over both, by key.
   *
   * @throws {ConnectionError | TimeoutError} the first read failed.
   * @example
   * for (const { key, value, source } of await db.settings.entries()) console.log(key, value, source);
   */
  async entries(options?: CallOptions): Promise<SettingEntry[]> {
    await within(this.#current(() => this.#isStale()), READ, options);
    const keys = new Set([...Object.keys(this.#sources.defaults), ...this.#rows.keys()]);
    return [...keys].sort().flatMap((key) => this.#resolve(key) ?? []);
  }

  /**
   * Calls back after a setting's row has changed, here or elsewhere.
   *
   * @returns Ends it.
   * @example
   * const stop = db.settings.onChange(({ key, value }) => console.log(key, value));
   * stop();
   */
  onChange(callback: (change: SettingChange) => void): () => void {
    const watcher = (change: SettingChange) => callback(change);
    this.#watchers.add(watcher);
    // Only what is known can be seen to change.
    this.#sync().catch(NOTHING);
    return () => this.#watchers.delete(watcher);
  }

  /** How fresh the cache is. */
  freshness(): Freshness {
    return this.#feed.freshness();
  }

  /** Ends listening. The database's `close` calls it. */
  async close(): Promise<void> {
    await this.#feed.close();
  }

  /**
   * The same inside a transaction, which may hold the last connection there is: what is not known
   * at once is read through it, as it sees it, all rows with the first key.
   *
   * @param db The transaction.
   */
  within(db: Queryable): Pick<Settings, "get"> {
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
    return { get: get as Settings["get"] };
  }

  async #read(key: string): Promise<Json | undefined> {
    await this.#current(() => this.#isStale(key));
    const value = this.#resolve(key)?.value;
    if (!this.#isStale(key)) this.#ready.set(key, Promise.resolve(value));
    return value;
  }

  /** Whether a key, or any, is to be read again. */
  #isStale(key?: string): boolean {
    const has = (keys: ReadonlySet<string>) => key === undefined ? keys.size > 0 : keys.has(key);
    const { keys, all } = this.#underWay ?? { keys: new Set<string>(), all: false };
    return this.#allStale || all || has(this.#stale) || has(keys);
  }

  /**
   * Loads until nothing asked for is stale. A load that begins after the call
   * gives a value that was current during it, so that two are enough even while
   * a burst of writes makes the key stale again and again.
   */
  async #current(stale: () => boolean): Promise<void> {
    for (let loads = 0; loads < 2 && stale(); loads++) {
      try {
        await this.#sync();
      } catch (error) {
        // What is known outlasts a server that is away; `freshness` says how old it is.
        if (!this.#loaded) throw error;
        return;
      }
    }
  }

  /** One load at a time, so that a later one never brings an older value. */
  #sync(): Promise<void> {
    this.#feed.start();
    if (this.#loading === undefined) {
      this.#loading = this.#load().finally(() => this.#loading = undefined);
      return this.#loading;
    }
    // Before the first load has ended there is nothing that could be stale.
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
    this.#underWay = { keys, all };
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
      this.#underWay = undefined;
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
    if (!first) this.#tell(changed);
  }

  #tell(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#resolve(key);
      if (entry?.source === "environment") continue;
      for (const watcher of this.#watchers) {
        try {
          watcher({ key, value: entry?.value });
        } catch {
          this.#sources.logger.error(`A callback of settings.onChange threw, for "${key}"`);
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

/** The environment knows only text: JSON where it reads as such. */
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
  return new ConflictError(`Setting "${key}" has been changed meanwhile: read it again`);
}
