/**
 * What holds after every fault, whatever it was: nothing waits past its deadline, what was acknowledged
 * is stored, what was refused is not, no statement ran twice, no session is left over, and every connection
 * works. That nothing fails unheard is the suite's to see.
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

/** Where a call's writes may be, by how the call ended. */
type Fate = "stored" | "not stored" | "unknown";

/** What a load did, in figures for a report. */
export interface Figures {
  readonly answered: number;
  readonly rejected: number;
  /** Calls that ended later than their deadline allows. */
  readonly late: number;
  /** Calls that have not ended. */
  readonly pending: number;
}

/** The busy loop that starves its own timers is not the layer's fault: milliseconds beyond a deadline. */
const SLACK = 5_000;

/** Every call of a test: when it had to end, how it ended, and what it wrote. */
export class Calls {
  readonly #pending = new Set<{ readonly what: string; readonly until: number }>();
  readonly #late: string[] = [];
  readonly #fates = new Map<number, Fate>();
  readonly #rejections = new Map<string, number>();
  #answered = 0;
  #rejected = 0;

  /** How often calls were rejected with what, such as `QueryError 53100` and `ConnectionError lost`. */
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
   * Makes a call and sees that it ends in time.
   *
   * @param deadline Milliseconds after which it must have ended.
   * @returns How it ended; never rejects.
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
   * The same, for a call that writes the row of this id.
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

  /** Forgets what was written, for a table that was emptied. */
  forget(): void {
    this.#fates.clear();
  }

  /** The ids whose call ended so. */
  ids(fate: Fate): number[] {
    return [...this.#fates].filter(([, of]) => of === fate).map(([id]) => id);
  }

  /** Fails when a call is, or was, late. */
  assertInTime(): void {
    const now = performance.now();
    const hung = [...this.#pending].filter((call) => now > call.until + SLACK);
    assert.equal(hung.map(({ what }) => what), [], "still waiting beyond their deadline");
    assert.equal(this.#late, [], "ended beyond their deadline");
  }

  /**
   * Fails when the table does not hold what the calls were told.
   *
   * @param stored The id of every row; an id that is in it twice was written twice.
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
  // A transaction that has not come to its commit is not stored, whatever of it was sent.
  if (commit) return "not stored";
  const sent = (error instanceof ConnectionError || error instanceof TimeoutError) && error.sent;
  // An abort gives the caller's own reason, which says nothing.
  const own = !(error instanceof Error) || !("code" in error) || typeof error.code !== "string";
  return sent || own ? "unknown" : "not stored";
}

/** Where a scene is, if not on the runner's server. */
export interface SceneOptions {
  readonly place?: Place | undefined;
  /** Lets `db` reach the server without the proxy, as where the server itself is what fails. */
  readonly direct?: boolean | undefined;
}

/** A database behind a proxy, and somebody who sees it from the side. */
export interface Scene {
  /** Reaches the server through the proxy, unless the scene is direct. */
  readonly db: Database;
  /** The URL that `db` has. */
  readonly url: string;
  readonly proxy: Proxy;
  /** Reaches the server directly. */
  readonly witness: Database;
  /** The calls that are watched. */
  readonly calls: Calls;
  /** The server's sessions of `db`. */
  sessions(): Promise<Session[]>;
  /** The ids in the table `written (id integer)`, which has no key: a second run would show. */
  written(): Promise<number[]>;
  /**
   * Ends the fault and fails unless everything holds: calls ended in time, every connection answers in
   * order, the table holds what the calls were told, and no session is left over.
   */
  assertRecovered(): Promise<void>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

/** A session as the server sees it; a proxy's link knows its port. */
export interface Session {
  readonly pid: number;
  readonly clientPort: number;
  readonly state: string;
  readonly query: string;
}

/**
 * Makes a database with the table `written`, a proxy before it, and a client through the proxy.
 *
 * @param options What the client's pool and deadlines are; it logs nothing.
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
    // The witness may have lost its connections to the fault as well, and may not have noticed.
    await until("the witness is back", () => witness.ping().then(() => true, () => false));
    const { max } = db.stats();
    const asked = Array.from({ length: max * 3 }, (_, i) => i);
    const answers = await Promise.all(
      asked.map((i) => db.query<{ i: number }>("select $1::integer as i", [i])),
    );
    assert.equal(answers.map(({ rows }) => rows[0]?.i), asked, "every connection works");
    // The settings look at their table by themselves, now and then: that ends, what is held does not.
    await until("nothing is held", () => db.stats().busy === 0 && db.stats().waiting === 0);
    const { size } = db.stats();
    assert.ok(size <= max, `${size} connections where ${max} are allowed`);
    // One more for the settings' listener. A backend that was cut off in a statement ends by itself.
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
