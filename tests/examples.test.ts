/**
 * Every example of the documentation runs: the `@example` of each docstring and
 * the programs of the README, each on a database of its own.
 */
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import * as netraven from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { suite } from "./support/suite.ts";
import { until } from "./support/until.ts";

const test = suite("examples");
const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = await realpath(await mkdtemp(join(tmpdir(), "netraven-examples-")));

test.after(() => rm(folder, { recursive: true, force: true }));

interface Example {
  readonly where: string;
  readonly code: string;
}

async function examples(): Promise<Example[]> {
  const found: Example[] = [];
  for (const file of (await readdir(join(PROJECT, "src"))).filter((name) => name.endsWith(".ts"))) {
    const text = await readFile(join(PROJECT, "src", file), "utf8");
    for (const match of text.matchAll(/^ *\* @example\n((?: *\*(?: .*)?\n)+?) *\*\//gm)) {
      const line = text.slice(0, match.index).split("\n").length;
      found.push({ where: `src/${file}:${line}`, code: match[1]!.replace(/^ *\* ?/gm, "") });
    }
  }
  const readme = await readFile(join(PROJECT, "README.md"), "utf8");
  for (const match of readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const line = readme.slice(0, match.index).split("\n").length;
    found.push({ where: `README.md:${line}`, code: match[1]! });
  }
  return found;
}

const all = await examples();

test("the documentation has examples", () => {
  assert.ok(all.filter(({ where }) => where.startsWith("src/")).length >= 15);
  assert.ok(all.filter(({ where }) => where.startsWith("README")).length >= 3);
});

for (const [i, { where, code }] of all.entries()) {
  test(`${where} runs`, async () => {
    const database = await createDatabase();
    const db = await netraven.connect({ url: database.url });
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
    const body = code.replace(/^import \{[^}]*\} from "netraven-db";$/gm, "");
    const file = join(folder, `example_${i}.mts`);
    await writeFile(
      file,
      `export async function example(netraven: any, db: any, console: any) {
        const { ${Object.keys(netraven).join(", ")} } = netraven;
        { ${body} }
      }`,
    );
    const { example } = await import(pathToFileURL(file).href);
    const before = process.env["DATABASE_URL"];
    process.env["DATABASE_URL"] = database.url;
    const printed: unknown[] = [];
    try {
      await example(netraven, db, { log: (...values: unknown[]) => printed.push(values) });
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
