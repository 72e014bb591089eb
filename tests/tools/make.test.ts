/** Each tool starts as make starts it, from its source; the other files run what was compiled of it. */
// Runs once: it tests tools of the project.
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("make", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const { database } = await testDatabase(test);
const folder = await mkdtemp(join(tmpdir(), "netraven-make-"));
await writeFile(
  join(folder, "dev.yaml"),
  "vault: { active: made, keys: { made: { file: keys/made } } }\n",
);
test.atEnd(() => rm(folder, { recursive: true }));

/** What each tool is given, in an order in which each finds what it needs. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  keys: ["generate"],
  check: [],
  migrate: ["status"],
  roles: [],
  seed: [],
  reindex: [],
  prune: ["--dry"],
  maintain: ["--dry"],
  git: ["export", join(folder, "made.git")],
};
/** `make ok` itself runs two of these; `server.test.ts` tests what the third does. */
const OTHERS = ["build", "dev_server", "generate"];

test("every tool that make calls is here", async () => {
  const makefile = await readFile(join(PROJECT, "Makefile"), "utf8");
  const called = [...makefile.matchAll(/src\/tools\/(\w+)\.ts/g)].map(([, tool]) => tool!);

  assert.equal([...new Set(called)].sort(), [...Object.keys(TOOLS), ...OTHERS].sort());
});

for (const [tool, args] of Object.entries(TOOLS)) {
  test(`${tool} runs as make calls it`, async () => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", `src/tools/${tool}.ts`, ...args],
      {
        cwd: PROJECT,
        env: { ...process.env, DATABASE_URL: database.url, NETRAVEN_CONFIG_DIR: folder },
      },
    );
    let output = "";
    child.stdout.on("data", (text) => output += text);
    child.stderr.on("data", (text) => output += text);
    const code = await new Promise((resolve) => child.once("close", resolve));

    assert.is(code, 0, output);
    assert.is.not(output, "");
  });
}

test.run();
