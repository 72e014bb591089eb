/** The same by the bare driver. */
import process from "node:process";
import postgres from "postgres";

const sql = postgres(process.env["BENCH_URL"]!, {
  // Without it, a connection saves a round trip and gives arrays as text.
  fetch_types: process.env["BENCH_FETCH_TYPES"] !== "no",
});
const [device] = await sql.unsafe(process.env["BENCH_SQL"]!, [1], { prepare: true });
if (device?.["hostname"] !== "switch-00001") throw new Error("The device was not read");
await sql.end();
