/**
 * A worker under load: transactions of two rows each until SIGTERM, then a graceful stop. Prints
 * `began <id>` before each and `stored <id>` after its commit. `tests/tools/graceful_stop.test.ts` runs it
 * on both runtimes.
 */
import process from "node:process";
import { connect, ConnectionError } from "netraven-db";

const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  pool: { size: 4 },
  logging: { level: "silent" },
});
let stopping = false;
process.on("SIGTERM", () => {
  stopping = true;
  void db.close({ drain: 20_000 }).then(() => console.log("closed"));
});

let next = 0;
await Promise.all(Array.from({ length: 16 }, async () => {
  while (!stopping) {
    const id = next++;
    console.log(`began ${id}`);
    try {
      await db.transaction(async (tx) => {
        await tx.query("insert into written values ($1)", [id]);
        await tx.query("insert into written values ($1)", [id]);
      });
      console.log(`stored ${id}`);
    } catch (error) {
      if (!(error instanceof ConnectionError && error.reason === "closed")) throw error;
      console.log(`refused ${id}`);
    }
  }
}));
