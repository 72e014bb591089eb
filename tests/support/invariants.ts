/**
 * Invariants after every fault: no wait exceeds its deadline, acknowledged writes are stored, rejected ones
 * are not, no statement ran twice, no session leaks, and every connection works. The suite itself detects
 * unhandled errors.
 */
import * as assert from "uvu/assert";
import {
  CommitUnknownError,
  connect,
  ConnectionError,
  type ConnectOptions,
  type Database,
  TimeoutError,
} from "netraven-db";
import { createDatabase, type Place } from "./database.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { until } from "./until.ts";

/** Where the writes of a call may be, depending on its result. */
type Fate = "stored" | "not stored" | "unknown";

/** Figures of a load for a report. */
export interface Figures {
  readonly answered: number;
  readonly rejected: number;
  /** Calls that ended after their deadline. */
  readonly late: number;
  /** Calls that have not ended. */
  readonly pending: number;
}

/** Tolerance beyond a deadline in milliseconds, because a busy event loop delays its own timers. */
const SLACK = 15_000;

/** Every call of a test: its deadline, its result and its writes. */
export class Calls {
  readonly #pending = new Set<{ readonly what: string; readonly until: number }>();
  readonly #late: string[] = [];
  readonly #fates = new Map<number, Fate>();
  readonly #rejections = new Map<string, number>();
  #answered = 0;
  #rejected = 0;

  /** Number of rejections by error, such as `QueryError 53100` and `ConnectionError lost`. */
  get rejections(): ReadonlyMap<string, number> {
    return this.#rejections;
  }

  get figures(): Figures {
    return {
      answered: this.#answered,
      rejected: this.#rejected,
      late: this.#late.length,
      pending: this.#pending.size,
    };
  }

  /**
   * Makes a call and records whether it ends in time.
   *
   * @param deadline Maximum duration in milliseconds.
   * @returns Its result; never rejects.
   */
  async run<T>(
    what: string,
    deadline: number,
    work: () => Promise<T>,
  ): Promise<PromiseSettledResult<T>> {
    const call = { what, until: performance.now() + deadline };
    this.#pending.add(call);
    const [end] = await Promise.allSettled([(async () => work())()]);
    this.#pending.delete(call);
    const over = performance.now() - call.until;
    if (over > SLACK) this.#late.push(`${what}: ${Math.round(over)} ms beyond ${deadline} ms`);
    if (end.status === "fulfilled") this.#answered++;
    else this.#reject(end.reason);
    return end;
  }

  #reject(error: unknown): void {
    this.#rejected++;
    const what = nameOf(error);
    this.#rejections.set(what, (this.#rejections.get(what) ?? 0) + 1);
  }

  /**
   * Makes a call that writes the row of this id.
   *
   * @param commit Whether it is a transaction: then only a CommitUnknownError leaves its outcome open.
   */
  async write<T>(
    id: number,
    deadline: number,
    work: () => Promise<T>,
    { commit = false }: { commit?: boolean } = {},
  ): Promise<PromiseSettledResult<T>> {
    const end = await this.run(`write ${id}`, deadline, work);
    this.#fates.set(id, end.status === "fulfilled" ? "stored" : fateOf(end.reason, commit));
    return end;
  }

  /** Forgets all writes, for an emptied table. */
  forget(): void {
    this.#fates.clear();
  }

  /** Returns the ids of calls with this result. */
  ids(fate: Fate): number[] {
    return [...this.#fates].filter(([, of]) => of === fate).map(([id]) => id);
  }

  /** Fails if a call is or was late. */
  assertInTime(): void {
    const now = performance.now();
    const hung = [...this.#pending].filter((call) => now > call.until + SLACK);
    assert.equal(hung.map(({ what }) => what), [], "still waiting beyond their deadline");
    assert.equal(this.#late, [], "ended beyond their deadline");
  }

  /**
   * Fails if the table contradicts the results of the calls.
   *
   * @param stored The id of every row. A repeated id was written twice.
   */
  assertStored(stored: readonly number[]): void {
    const there = new Set(stored);
    const lost = this.ids("stored").filter((id) => !there.has(id));
    const undead = this.ids("not stored").filter((id) => there.has(id));
    const strange = stored.filter((id) => !this.#fates.has(id));
    const once = new Set<number>();
    const twice = stored.filter((id) => once.has(id) || !once.add(id));
    assert.equal(lost, [], "acknowledged and lost");
    assert.equal(undead, [], "said not to be stored, and stored");
    assert.equal(strange, [], "written by no call");
    assert.equal(twice, [], "written twice");
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "no Error";
  const { reason, kind, sqlState } = error as {
    reason?: unknown;
    kind?: unknown;
    sqlState?: unknown;
  };
  return [error.name, reason ?? kind, sqlState].filter((part) => typeof part === "string").join(
    " ",
  );
}

function fateOf(error: unknown, commit: boolean): Fate {
  if (error instanceof CommitUnknownError) return "unknown";
  // A transaction without a commit is not stored, whatever was sent.
  if (commit) return "not stored";
  const sent = (error instanceof ConnectionError || error instanceof TimeoutError) && error.sent;
  // An abort rejects with the caller's own reason, which is no evidence.
  const own = !(error instanceof Error) || !("code" in error) || typeof error.code !== "string";
  return sent || own ? "unknown" : "not stored";
}

/** Location of a scene that does not use the runner's server. */
export interface SceneOptions {
  readonly place?: Place | undefined;
  /** Lets `db` bypass the proxy, for faults of the server itself. */
  readonly direct?: boolean | undefined;
}

/** A database behind a proxy, with an independent observer. */
export interface Scene {
  /** Connects through the proxy, unless the scene is direct. */
  readonly db: Database;
  /** URL of `db`. */
  readonly url: string;
  readonly proxy: Proxy;
  /** Connects to the server directly. */
  readonly witness: Database;
  /** The recorded calls. */
  readonly calls: Calls;
  /** Returns the server's sessions of `db`. */
  sessions(): Promise<Session[]>;
  /** Returns the ids of the table `written (id integer)`, which has no key and so shows repeated writes. */
  written(): Promise<number[]>;
  /**
   * Ends the fault and checks the invariants: calls ended in time, every connection answers in order, the
   * table matches the results of the calls, and no session leaks.
   */
  assertRecovered(): Promise<void>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

/** A session in the server's view. A proxy's link knows its port. */
export interface Session {
  readonly pid: number;
  readonly clientPort: number;
  readonly state: string;
  readonly query: string;
}

/**
 * Creates a database with the table `written`, a proxy before it, and a client through the proxy.
 *
 * @param options Pool and deadlines of the client, which logs nothing.
 */
export async function openScene(
  options: ConnectOptions = {},
  { place, direct = false }: SceneOptions = {},
): Promise<Scene> {
  const database = await createDatabase(place);
  const witness = await connect({
    url: `${database.url}?application_name=witness`,
    pool: { size: 2 },
    logging: { level: "silent" },
  });
  await witness.query("create table written (id integer not null)");
  const proxy = await startProxy(database.url);
  const url = direct ? `${database.url}?application_name=victim` : proxy.url("victim");
  const db = await connect({ url, logging: { level: "silent" }, ...options });
  const calls = new Calls();

  const sessions = async () => {
    const { rows } = await witness.query<Session>(
      "select pid, client_port, state, query from pg_stat_activity where datname = current_database() and application_name = 'victim'",
    );
    return rows;
  };
  const written = async () => {
    const { rows } = await witness.query<{ id: number }>("select id from written order by id");
    return rows.map(({ id }) => id);
  };
  const assertRecovered = async () => {
    proxy.pass();
    await proxy.listen();
    calls.assertInTime();
    // The observer may have lost its connections to the fault without noticing.
    await until("the witness is back", () => witness.ping().then(() => true, () => false));
    const { max } = db.stats();
    const asked = Array.from({ length: max * 3 }, (_, i) => i);
    const answers = await Promise.all(
      asked.map((i) => db.query<{ i: number }>("select $1::integer as i", [i])),
    );
    assert.equal(answers.map(({ rows }) => rows[0]?.i), asked, "every connection works");
    // The settings poll their table now and then, which is temporary; a leaked connection stays.
    await until("nothing is held", () => db.stats().busy === 0 && db.stats().waiting === 0);
    const { size } = db.stats();
    assert.ok(size <= max, `${size} connections where ${max} are allowed`);
    // One more for the settings' listener. A disconnected backend ends after its statement.
    await until("no session is left over", async () => (await sessions()).length <= max + 1);
    // No session is left that could still write.
    await until(
      "nothing runs any more",
      async () => (await sessions()).every(({ state }) => state === "idle"),
    );
    calls.assertStored(await written());
  };
  const close = async () => {
    proxy.pass();
    await db.close();
    await until("no session is left", async () => (await sessions()).length === 0);
    await proxy.close();
    await witness.close();
    await database.drop();
  };
  return { db, url, proxy, witness, calls, sessions, written, assertRecovered, close };
}
