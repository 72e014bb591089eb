/** The sessions that functions of this layer run on, and the objects that a database owns. */
import type { Config } from "./config/load.ts";
import type { CallOptions, Queryable } from "./query.ts";
import type { Json } from "./json.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { KeyProvider } from "./vault/vault.ts";

/** A schema of any library with Standard Schema (valibot, zod, arktype…), https://standardschema.dev. */
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

/** Reads system settings. */
export interface SettingReader {
  get(key: string, schema?: undefined, options?: CallOptions): Promise<Json | undefined>;
  get<Output>(
    key: string,
    schema: StandardSchema<Output>,
    options?: CallOptions,
  ): Promise<Output>;
}

/** Options of `transaction`. */
export interface TransactionOptions extends CallOptions {
  /** The name in traces and in the message of an exhausted pool, such as `ConfigSave`. */
  readonly name?: string | undefined;
  readonly isolation?: "read committed" | "repeatable read" | "serializable" | undefined;
  readonly readOnly?: boolean | undefined;
  /**
   * Maximum retries of the whole callback after a serialization failure, a deadlock or a changed
   * plan. Defaults to 0: only the caller knows whether the callback may run twice.
   */
  readonly retry?: number | undefined;
}

/** A database or one of its transactions. */
export interface Session extends Queryable {
  /** The system settings. A transaction itself reads settings that the database has not cached. */
  readonly settings: SettingReader;
  /** Runs the callback in a transaction; inside a transaction, in a savepoint. */
  transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Returns the database's only object of a kind. The first call makes the object; the database
   * shares it with its transactions and closes it if it is an `Attachment`.
   *
   * @param make Makes the object. The function's identity is the kind.
   * @throws {ConnectionError} the database is closed.
   */
  attached<T extends object>(make: (core: Core) => T): T;
}

/**
 * The handle that a transaction's callback gets. Its `transaction` method runs a savepoint: if that
 * callback rejects, the layer rolls back to the savepoint, and the transaction may continue.
 */
export interface Transaction extends Session {
  transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** A database, not one of its transactions. */
export interface DatabaseSession extends Session {
  readonly settings: SettingReader & {
    /** Returns every setting of the database and the YAML file. */
    entries(options?: CallOptions): Promise<readonly { readonly key: string }[]>;
  };
  ready(options?: CallOptions): Promise<void>;
}

/** An object that lives as long as a database, such as its workers. */
export interface Attachment {
  /** Ends the object's work within `drain` milliseconds. The database still runs its statements. */
  stop?(drain: number): Promise<void>;
  /** Releases the object's resources while the database closes its connections. */
  close?(drain: number): Promise<void>;
}

/** The parts of a database that attachments use. */
export interface Core {
  readonly db: DatabaseSession;
  readonly config: Config;
  readonly logger: Logger;
  /** The option `keys` of `connect`. */
  readonly keys: KeyProvider | undefined;
  /** The option `jobLog` of `connect`. */
  readonly jobLog: JobLogOptions | undefined;
  /** Makes a subscription that listens on a channel over a connection outside the pool. */
  listener(channel: string, events: ChannelEvents): Subscription;
  /** Makes a connection outside the pool, which may log in as another user. */
  beside(database?: Partial<Config["database"]>): BesideConnection;
}

/** Limits of the buffer for job log lines. */
export interface JobLogOptions {
  /** Maximum bytes of buffered lines. Defaults to 16 MiB. */
  readonly bytes?: number | undefined;
  /**
   * Behaviour at that maximum. `drop`, the default, drops the oldest lines of the lowest levels and
   * writes their number to the job's log. `block` delays the promises of new lines until there is
   * room; at twice the bytes, it drops lines whose callers do not wait.
   */
  readonly full?: "drop" | "block" | undefined;
  /** Milliseconds that the first line of a batch waits for others. Defaults to 100. */
  readonly delay?: number | undefined;
}

/** Callbacks of a subscription. */
export interface ChannelEvents {
  /** Called for each notification. */
  readonly heard: (payload: string) => void;
  /** Called when listening begins. Earlier notifications are lost. */
  readonly listens: () => void;
}

/** Listens on one channel. */
export interface Subscription {
  /** Listens until `close`, or until the server proves unable to deliver notifications. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** One connection outside the pool, which the first statement opens. */
export interface BesideConnection extends Queryable, AsyncDisposable {
  ready(options?: CallOptions): Promise<void>;
  transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  close(options?: { drain?: number }): Promise<void>;
}
