/** A network that drops every connection again and again, under load. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { Database } from "netraven-db";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";

const test = suite("reset storm");
const CALLERS = 32;
const DEADLINE = 5_000;

/** Reads, writes and transactions in turn, each with an id of its own, while `running` says so. */
async function load({ db, calls }: Scene, running: () => boolean): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (running()) {
      const id = next++;
      const kind = id % 3;
      if (kind === 0) await calls.run("read", DEADLINE, () => read(db, id));
      else if (kind === 1) await calls.write(id, DEADLINE, () => insert(db, id));
      else await calls.write(id, DEADLINE, () => insertInTwoSteps(db, id), { commit: true });
    }
  }));
}

async function read(db: Database, id: number): Promise<void> {
  const { rows } = await db.query<{ i: number }>("select $1::integer as i", [id]);
  assert.equal(rows, [{ i: id }]);
}

async function insert(db: Database, id: number): Promise<void> {
  const { rowCount } = await db.query("insert into written values ($1)", [id]);
  assert.is(rowCount, 1);
}

/** The marker of the first step is its id's negative, so that half a transaction would show. */
async function insertInTwoSteps(db: Database, id: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query("insert into written values ($1)", [id]);
    await tx.query("insert into halves values ($1)", [id]);
  });
}

test("the pool answers or rejects in time in a storm of resets, and loses nothing", async () => {
  const scene = await openScene({
    pool: { size: 8 },
    timeouts: { connect: 2_000, acquire: 4_000, statement: 4_000, transaction: 5_000 },
  });
  const { db, proxy, calls, witness } = scene;
  await witness.query("create table halves (id integer not null)");

  let running = true;
  const loading = load(scene, () => running);
  let cut = 0;
  for (const end = performance.now() + 5_000; performance.now() < end;) {
    await sleep(300);
    cut += proxy.reset();
  }
  running = false;
  await loading;

  await scene.assertRecovered();
  const { rows } = await witness.query(
    "select id from halves except all select id from written where id % 3 = 2 union all (select id from written where id % 3 = 2 except all select id from halves)",
  );
  assert.equal(rows, [], "half transactions");
  const { answered, rejected } = calls.figures;
  console.log(
    `${answered} answered, ${rejected} rejected, ${cut} connections cut, ` +
      `${db.stats().discarded} slots replaced, ${
        calls.ids("stored").length
      } acknowledged rows found, ` +
      `${calls.ids("unknown").length} of unknown outcome`,
  );
  // A storm, and work in it, however busy the machine. Many are cut before they are slots.
  assert.ok(answered > 20, `only ${answered} answered`);
  assert.ok(cut > 20 && db.stats().discarded > 5, `only ${cut} cut`);
  await scene.close();
});

test.run();
