/** Work without pause, so that a fault meets every kind of call at every moment of its life. */
import * as assert from "uvu/assert";
import type { Database } from "netraven-db";
import type { Scene } from "./invariants.ts";

/** A load that runs. */
export interface Load {
  /** Stops making calls, and waits for those under way. */
  end(): Promise<void>;
  /** Fails when the two steps of a transaction are not both there, or both not there. */
  assertWhole(): Promise<void>;
}

/** How many calls at once, and what each is given. */
export interface LoadOptions {
  /** 32 unless told. */
  readonly callers?: number;
  /** Milliseconds after which a call must have ended, whatever it met. */
  readonly deadline: number;
  /** The first id; a second load of a scene must not use those of the first. */
  readonly from?: number;
}

/** Starts reads, writes and transactions in turn, each with an id of its own. */
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
      // A failed test closes the database; refused at once, the load would let nothing else run.
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
