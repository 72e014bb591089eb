/** Continuous work, so that a fault meets every kind of call in every state. */
import * as assert from "uvu/assert";
import type { Database } from "netraven-db";
import type { Scene } from "./invariants.ts";

/** A running load. */
export interface Load {
  /** Stops making calls and waits for the running ones. */
  end(): Promise<void>;
  /** Fails if only one of the two steps of a transaction is present. */
  assertWhole(): Promise<void>;
}

/** Concurrency and parameters of the calls. */
export interface LoadOptions {
  /** Number of concurrent calls. Defaults to 32. */
  readonly callers?: number;
  /** Maximum duration of a call in milliseconds. */
  readonly deadline: number;
  /** First id. Two loads of a scene must not share ids. */
  readonly from?: number;
}

/** Starts reads, writes and transactions in turn, each with a separate id. */
export async function startLoad(scene: Scene, options: LoadOptions): Promise<Load> {
  const { db, calls, witness } = scene;
  const { callers = 32, deadline, from = 0 } = options;
  await witness.query("create table if not exists halves (id integer not null)");
  let running = true;
  let next = from;
  const loading = Promise.all(Array.from({ length: callers }, async () => {
    while (running) {
      const id = next++;
      const kind = id % 3;
      const end = await (kind === 0
        ? calls.run("read", deadline, () =>
          read(db, id))
        : kind === 1
        ? calls.write(id, deadline, () => insert(db, id))
        : calls.write(id, deadline, () => insertInTwoSteps(db, id), { commit: true }));
      // A failed test closes the database. Without a pause the rejected load would block everything else.
      if (end.status === "rejected" && end.reason?.reason === "closed") return;
    }
  }));
  return {
    async end() {
      running = false;
      await loading;
    },
    async assertWhole() {
      const { rows } = await witness.query(
        "(select id from halves except all select id from written where id % 3 = 2) union all (select id from written where id % 3 = 2 except all select id from halves)",
      );
      assert.equal(rows, [], "half transactions");
    },
  };
}

async function read(db: Database, id: number): Promise<void> {
  const { rows } = await db.query<{ i: number }>("select $1::integer as i", [id]);
  assert.equal(rows, [{ i: id }]);
}

async function insert(db: Database, id: number): Promise<void> {
  const { rowCount } = await db.query("insert into written values ($1)", [id]);
  assert.is(rowCount, 1);
}

async function insertInTwoSteps(db: Database, id: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query("insert into written values ($1)", [id]);
    await tx.query("insert into halves values ($1)", [id]);
  });
}
