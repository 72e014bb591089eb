/**
 * Every example of the documentation runs: the `@example` of each docstring and
 * the programs of the README, each on a database of its own.
 */
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
  assert.ok(all.filter(({ where }) => where.startsWith("src/")).length >= 15);
  assert.ok(all.filter(({ where }) => where.startsWith("README")).length >= 3);
});

for (const [i, { where, code }] of all.entries()) {
  test(`${where} runs`, async () => {
    const database = await createDatabase();
    const db = await netraven.connect({ url: database.url, keys: testKeys(["example"]) });
    // What a reader would have around it: the names of the package, and a fleet of one.
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
