/**
 * Connects with each URL of TLS_PROBE, a JSON list, and prints the results as
 * JSON. `tests/tools/tls.test.ts` runs it on both runtimes.
 */
import process from "node:process";
import { connect, type ConnectionError, type DatabaseError } from "netraven-db";

const outcomes: string[] = [];
for (const url of JSON.parse(process.env["TLS_PROBE"] ?? "[]") as string[]) {
  try {
    const db = await connect({ url, timeouts: { acquire: 1500 } });
    const { rows } = await db.query<{ ssl: boolean }>(
      "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
    );
    await db.close();
    outcomes.push(rows[0]?.ssl ? "encrypted" : "plain");
  } catch (error) {
    outcomes.push((error as ConnectionError).reason ?? (error as DatabaseError).code);
  }
}
console.log(JSON.stringify(outcomes));
