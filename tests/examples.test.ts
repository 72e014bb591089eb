/**
 * Runs every example of the documentation: the `@example` of each docstring and the programs of every
 * README, each on a separate database. `make lint` checks their types.
 */
// Runs on the first server: it tests the client, whatever the server's version.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import * as netraven from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { examples, loadExample } from "./support/examples.ts";
import { testKeys } from "./support/keys.ts";
import { suite } from "./support/suite.ts";
import { until } from "./support/until.ts";

const test = suite("examples");
const folder = await realpath(await mkdtemp(join(tmpdir(), "netraven-examples-")));

test.after(() => rm(folder, { recursive: true, force: true }));

const all = await examples();

test("the documentation has examples", () => {
  assert.ok(all.filter(({ file }) => file.startsWith("src/")).length >= 50);
  assert.ok(all.filter(({ file }) => file.endsWith("README.md")).length >= 10);
});

for (const [i, { file, line, code }] of all.entries()) {
  test(`${file}:${line} runs`, async () => {
    const database = await createDatabase();
    const db = await netraven.connect({ url: database.url, keys: testKeys(["example"]) });
    // The context of a reader: the names of the package, and a fleet with one device.
    await netraven.deviceInsert.one(
      {
        hostname: "example",
        ipAddress: "192.0.2.1",
        deviceType: "arista_eos",
        tagNames: ["example"],
      },
      db,
    );
    const example = await loadExample(code, join(folder, `example_${i}.mts`));
    const before = process.env["DATABASE_URL"];
    process.env["DATABASE_URL"] = database.url;
    const printed: unknown[] = [];
    const tell = (...values: unknown[]) => printed.push(values);
    try {
      await example(db, { log: tell, debug: tell, info: tell, warn: tell, error: tell });
      await until("it leaves no connection in use", () => db.stats().busy === 0);
    } finally {
      if (before === undefined) delete process.env["DATABASE_URL"];
      else process.env["DATABASE_URL"] = before;
      await db.close();
      await database.drop();
    }
  });
}

test.run();
