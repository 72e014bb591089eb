/**
 * A full disk: under the data, statements fail one by one; under the WAL, the server itself fails. The
 * tests need root and small disks, and are skipped elsewhere.
 */
// Runs once: `server.test.ts` tests on both runtimes what a lost connection means.
import * as assert from "uvu/assert";
import { connect } from "netraven-db";
import { LONG } from "../support/effort.ts";
import { openScene, type Scene } from "../support/invariants.ts";
import { startLoad } from "../support/load.ts";
import { startServer, type TestServer, whyNoDisks } from "../support/server.ts";
import { suite } from "../support/suite.ts";
import { tellFigures } from "../support/summary.ts";
import { until } from "../support/until.ts";

const test = suite("disk full", { timeout: LONG ? 560_000 : 280_000 });
const OPTIONS = {
  pool: { size: 8 },
  timeouts: { connect: 5_000, acquire: 15_000, statement: 10_000, transaction: 20_000 },
};
/** Maximum duration of a call with these timeouts: a wait and a statement. */
const PATIENCE = 26_000;
const DISK_FULL = "53100";
const ROUNDS = LONG ? 5 : 1;
/** Megabytes of the small disks. The disk of the WAL holds two segments but not three. */
const DATA_SIZE = 24;
const WAL_SIZE = 40;

/** One statement as the superuser, in the database `postgres`. */
async function asSuperuser(server: TestServer, statement: string): Promise<void> {
  const db = await connect({ url: server.superuserUrl, logging: { level: "silent" } });
  try {
    await db.query(statement);
  } finally {
    await db.close();
  }
}

function tell(what: string, { calls, db }: Scene): void {
  const { answered, rejected, late, pending } = calls.figures;
  const reasons = [...calls.rejections].map(([reason, times]) => `${times} ${reason}`).join(", ");
  tellFigures(
    `${what}: ${answered} answered, ${rejected} rejected (${reasons}), ` +
      `${calls.ids("stored").length} acknowledged rows found, ` +
      `${calls.ids("unknown").length} of unknown outcome, ` +
      `${db.stats().discarded} connections replaced, ${late + pending} hung`,
  );
}

async function fillData(): Promise<void> {
  const server = await startServer({ disks: { data: DATA_SIZE } });
  await asSuperuser(server, `create tablespace small location '${server.dataDisk}'`);
  await asSuperuser(server, "grant create on tablespace small to public");
  const place = { url: server.url, tablespace: "small" };
  const scene = await openScene(OPTIONS, { place, direct: true });
  const { db, calls, witness } = scene;
  await witness.query("create table ballast (padding text not null)");
  await witness.query("alter table ballast alter padding set storage plain");
  const load = await startLoad(scene, { deadline: PATIENCE });

  for (let round = 0; round < ROUNDS; round++) {
    const { rejected } = calls.figures;
    // The load fills the last pages of its tables, and then fails as well.
    await until("the disk is full", async () => {
      const error = await witness.query(
        "insert into ballast select repeat('x', 7000) from generate_series(1, 20)",
      ).then(() => undefined, (error) => error);
      assert.ok(error === undefined || error.sqlState === DISK_FULL, String(error));
      return error !== undefined && calls.figures.rejected > rejected + 100;
    }, 120_000);
    const read = await db.query<{ rows: number }>("select count(*) as rows from written");
    await server.grow("data", DATA_SIZE + 16 * (round + 1));
    const id = -1 - round;
    const again = await calls.write(
      id,
      PATIENCE,
      () => db.query("insert into written values ($1)", [id]),
    );

    assert.ok(read.rows[0]!.rows > 0, "reads go on");
    assert.is(again.status, "fulfilled", "writes work again");
  }
  await load.end();

  assert.equal([...calls.rejections.keys()], [`QueryError ${DISK_FULL}`]);
  assert.is(db.stats().discarded, 0, "no connection was lost by it");
  await scene.assertRecovered();
  await load.assertWhole();
  tell("data", scene);
  await scene.close();
  await server.remove();
}

/** Writes a megabyte of WAL with each statement, of both kinds, until it is stopped. */
function fillLog({ db, calls }: Scene, firstId: number): { end(): Promise<number> } {
  const padding = "pg_logical_emit_message(true, 'ballast', repeat('x', 1000000))";
  let running = true;
  let id = firstId;
  const filling = (async () => {
    for (; running; id++) {
      if (id % 2 === 0) {
        const text =
          `with padding as (select ${padding}) insert into written select $1::integer from padding`;
        await calls.write(id, PATIENCE, () => db.query(text, [id]));
      } else {
        await calls.write(id, PATIENCE, () =>
          db.transaction(async (tx) => {
            await tx.query("insert into written values ($1)", [id]);
            await tx.query(`select ${padding}`);
          }), { commit: true });
      }
    }
  })();
  return {
    async end() {
      running = false;
      await filling;
      return id;
    },
  };
}

async function fillWal(): Promise<void> {
  const server = await startServer({
    disks: { wal: WAL_SIZE },
    // Nothing frees space meanwhile.
    settings: { max_wal_size: "4GB", checkpoint_timeout: "1h" },
  });
  const scene = await openScene(OPTIONS, { place: { url: server.url }, direct: true });
  const { db, calls } = scene;
  const times = async (said: RegExp) => (await server.log()).match(said)?.length ?? 0;
  const load = await startLoad(scene, { deadline: PATIENCE });

  let id = -1_000_000;
  let size = WAL_SIZE;
  for (let round = 1; round <= ROUNDS; round++) {
    const filling = fillLog(scene, id);
    // The server panics, and its recovery has no space either, so it ends.
    const down = /shutting down due to startup process failure/g;
    await until("the server is down", async () => await times(down) >= round, 120_000);
    await server.grow("wal", size += 48);
    await server.start();
    id = await filling.end();
    const { answered } = calls.figures;
    await until("the load is served", () => calls.figures.answered > answered + 300);
  }
  await load.end();

  const typed = /^(ConnectionError|CommitUnknownError|QueryError 53100|TimeoutError)/;
  assert.equal([...calls.rejections.keys()].filter((name) => !typed.test(name)), []);
  assert.ok(db.stats().discarded >= OPTIONS.pool.size, "the connections were lost");
  await scene.assertRecovered();
  await load.assertWhole();
  tell(`log, ${await times(/PANIC:.*No space left on device/g)} panics`, scene);
  await scene.close();
  await server.remove();
}

const why = await whyNoDisks();
for (
  const [name, body] of [
    [
      "query() and transaction() fail with 53100 and reads go on, when the data's disk is full",
      fillData,
    ],
    [
      "query() and transaction() lose nothing and go on, when the disk of the server's log is full",
      fillWal,
    ],
  ] as const
) {
  if (why === undefined) test(name, body);
  else test.skip(name, why);
}

test.run();
