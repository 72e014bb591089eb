/** Preamble of most test files: a separate database and a connection to it. */
import { connect, type ConnectOptions, type Database } from "netraven-db";
import { createDatabase, type TestDatabase } from "./database.ts";
import type { Suite } from "./suite.ts";

/**
 * Clones the migrated template and connects, without a log. Both end with the suite, even if no test ran.
 *
 * @param options Further options of the connection.
 */
export async function testDatabase(
  test: Suite,
  options: Omit<ConnectOptions, "url"> = {},
): Promise<{ db: Database; database: TestDatabase }> {
  const database = await createDatabase();
  try {
    const db = await connect({ url: database.url, logging: { level: "silent" }, ...options });
    test.atEnd(async () => {
      try {
        await db.close();
      } finally {
        await database.drop();
      }
    });
    return { db, database };
  } catch (error) {
    await database.drop();
    throw error;
  }
}
