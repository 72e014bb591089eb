/** The same process with the bare driver. */
import process from "node:process";
import postgres from "postgres";

const sql = postgres(process.env["BENCH_URL"]!, {
  // "no" saves a round trip per connection, and arrays arrive as text.
  fetch_types: process.env["BENCH_FETCH_TYPES"] !== "no",
});
const [device] = await sql.unsafe(process.env["BENCH_SQL"]!, [1], { prepare: true });
if (device?.["hostname"] !== "switch-00001") throw new Error("The device was not read");
await sql.end();
