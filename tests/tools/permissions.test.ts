/** The library runs on Deno with the permissions in the README, and needs each of them. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { keysGenerate } from "netraven-db";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { LIBRARY_PERMISSIONS } from "../support/permissions.ts";
import { suite } from "../support/suite.ts";

const test = suite("permissions");
const project = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
let database: TestDatabase;
let folder = "";

test.before(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), "netraven-permissions-"));
  const root = new URL("../../src/mod.ts", import.meta.url).href;
  await writeFile(
    join(folder, "main.ts"),
    `import { connect, credentialCreate, deviceInsert } from ${JSON.stringify(root)};
    await using db = await connect();
    const device = { hostname: crypto.randomUUID(), ipAddress: "10.0.0.1", deviceType: "arista_eos" };
    await db.transaction(async (tx) => {
      await deviceInsert.one(device, tx);
    });
    await db.settings.get("log_retention_days");
    await credentialCreate({ username: "u", password: "p" }, db);
    console.log("done");`,
  );
  await mkdir(join(folder, "config/environments"), { recursive: true });
  const vault = "vault: { active: dev, keys: { dev: { file: ../../.data/keys/dev } } }";
  await writeFile(join(folder, "config/environments/dev.yaml"), `${vault}\n`);
  await keysGenerate({ file: join(folder, ".data/keys/dev") });
});

test.after(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

/** Runs the small program and returns its output. */
function run(permissions: readonly string[]): string {
  const args = [
    "run",
    "--no-prompt",
    "--cached-only",
    `--config=${join(project, "deno.json")}`,
    ...permissions,
  ];
  const child = spawnSync(deno, [...args, join(folder, "main.ts")], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  return child.stdout + child.stderr;
}

/** Returns the list without one flag, or without one name of a flag. */
const fewer = LIBRARY_PERMISSIONS.flatMap((flag) => {
  const [name, values = ""] = flag.split("=");
  const names = values.split(",");
  return names.map((gone) => {
    const rest = names.filter((value) => value !== gone).join(",");
    const others = LIBRARY_PERMISSIONS.filter((other) => other !== flag);
    return { gone: `${name}=${gone}`, list: rest === "" ? others : [...others, `${name}=${rest}`] };
  });
});

test("LIBRARY_PERMISSIONS lets a program connect, write and read settings", () => {
  assert.is(run(LIBRARY_PERMISSIONS).trim(), "done");
});

for (const { gone, list } of fewer) {
  test(`LIBRARY_PERMISSIONS needs ${gone}`, () => {
    const output = run(list);

    assert.not.match(output, /^done$/m);
    assert.match(output, /NotCapable|permission denied|Cannot connect/);
  });
}

test.run();
