/** The package for users: packed, installed in an empty folder, type-checked and run. */
// Runs once: it tests a tool of the project.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { build } from "../../src/tools/build.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { suite } from "../support/suite.ts";

const run = promisify(execFile);
const test = suite("package", { timeout: 120_000 });
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string) => join(PROJECT, "node_modules", ".bin", name);
let folder: string;
let app: string;
let database: TestDatabase;

/** The ten lines of the README as a program. */
async function tenLines(): Promise<string> {
  const readme = await readFile(join(PROJECT, "README.md"), "utf8");
  const program = /```ts\n(import \{ connect[\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(program, "the README shows no program that begins with connect");
  return program;
}

test.before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "netraven-package-")));
  app = join(folder, "app");
  const source = join(folder, "source");
  await mkdir(app);
  await mkdir(source);
  for (const file of ["package.json", "README.md", "LICENSE", "db"]) {
    await cp(join(PROJECT, file), join(source, file), { recursive: true });
  }
  await build(join(source, "dist"));
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: source,
  });
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  await run("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    join(folder, stdout.trim().split("\n").at(-1)!),
  ], { cwd: app });
  database = await createDatabase();
});

test.after(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test("the tarball holds the compiled modules, the migrations, and no source", async () => {
  const root = join(app, "node_modules", "netraven-db");

  assert.equal((await readdir(root)).sort(), [
    "LICENSE",
    "README.md",
    "db",
    "dist",
    "package.json",
  ]);
  assert.not((await readdir(join(root, "dist"))).includes("tools"));
});

test("the package brings four dependencies and nothing of pgtyped", async () => {
  const installed = (await readdir(join(app, "node_modules"))).filter((name) =>
    !name.startsWith(".")
  );

  assert.equal(installed.sort(), ["croner", "diff", "netraven-db", "postgres", "yaml"]);
});

test("the ten lines of the README type-check, strictly", async () => {
  await writeFile(join(app, "main.ts"), await tenLines());
  await mkdir(join(app, "node_modules", "@types"), { recursive: true });
  for (const name of ["@types/node", "undici-types"]) {
    await cp(join(PROJECT, "node_modules", name), join(app, "node_modules", name), {
      recursive: true,
    });
  }
  await writeFile(
    join(app, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        module: "nodenext",
        target: "es2022",
        lib: ["es2023", "esnext.disposable"],
        types: ["node"],
        outDir: "out",
      },
      files: ["main.ts"],
    }),
  );

  await run(bin("tsc"), ["-p", app]);
});

test("the ten lines of the README run on Node from the tarball", async () => {
  const { stdout, stderr } = await run(process.execPath, ["out/main.js"], {
    cwd: app,
    env: { ...process.env, DATABASE_URL: database.url },
  });

  assert.match(stdout, /sw1/);
  assert.is(stderr, "");
});

test("the ten lines of the README run on Deno, from the tarball and from the sources", async () => {
  await writeFile(join(app, "deno.json"), '{"nodeModulesDir":"manual"}');

  for (const config of [join(app, "deno.json"), join(PROJECT, "deno.json")]) {
    const own = await createDatabase();
    const { stdout } = await run(
      bin("deno"),
      ["run", "--no-prompt", "--allow-all", "--config", config, join(app, "main.ts")],
      { cwd: app, env: { ...process.env, DATABASE_URL: own.url } },
    );
    assert.match(stdout, /sw1/);
    await own.drop();
  }
});

test("each table's queries can be imported by themselves", async () => {
  const tables = (await readdir(join(PROJECT, "src", "generated")))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.replace(".ts", ""));
  const program = tables.map((table) => `await import("netraven-db/queries/${table}");`).join("\n");
  await writeFile(join(app, "tables.js"), `${program}\nconsole.log("all");`);
  const { exports } = JSON.parse(await readFile(join(PROJECT, "deno.json"), "utf8"));
  const root = await readFile(join(PROJECT, "src", "mod.ts"), "utf8");

  const { stdout } = await run(process.execPath, ["tables.js"], { cwd: app });

  assert.is(stdout.trim(), "all");
  for (const table of tables) {
    assert.is(exports[`./queries/${table}`], `./src/generated/${table}.ts`);
    assert.ok(root.includes(`"./generated/${table}.ts"`), `src/mod.ts lacks ${table}`);
  }
});

test("a program that reads devices loads no history, no cryptography and no cron", async () => {
  const hook =
    "export async function load(url, context, next) { console.error(url); return next(url, context); }";
  await writeFile(
    join(app, "reads.js"),
    `import { register } from "node:module";
    register("data:text/javascript,${encodeURIComponent(hook)}");
    const { connect, deviceList } = await import("netraven-db");
    const db = await connect({ logging: { level: "silent" } });
    console.log((await deviceList.run({ limit: 10 }, db)).length);
    await db.close();`,
  );
  const own = await createDatabase();

  const { stdout, stderr } = await run(process.execPath, ["reads.js"], {
    cwd: app,
    env: { ...process.env, DATABASE_URL: own.url },
  });

  await own.drop();
  assert.is(stdout.trim(), "0");
  assert.match(stderr, /netraven-db\/dist\/core\.js/);
  assert.not.match(
    stderr,
    /dist\/(history|credentials|jobs|logs|vault)_|node_modules\/(croner|diff|yaml)\//,
  );
});

test("importing a query loads neither pgtyped nor yaml", async () => {
  const hook =
    "export async function load(url, context, next) { console.log(url); return next(url, context); }";
  await writeFile(
    join(app, "modules.js"),
    `import { register } from "node:module";
    register("data:text/javascript,${encodeURIComponent(hook)}");
    await import("netraven-db/queries/devices");`,
  );

  const { stdout } = await run(process.execPath, ["modules.js"], { cwd: app });

  assert.match(stdout, /generated\/devices\.js/);
  assert.not.match(stdout, /pgtyped|antlr|node_modules\/(yaml|postgres)\//);
});

test("a query is the same, and its errors are, from the root and from its table's module", async () => {
  await writeFile(
    join(app, "same.js"),
    `import * as root from "netraven-db";
    import { deviceGet } from "netraven-db/queries/devices";
    const db = { query: async () => ({ rows: [], rowCount: 0 }) };
    const error = await deviceGet.one({ id: 1 }, db).catch((error) => error);
    console.log(deviceGet === root.deviceGet, error instanceof root.NotFoundError);`,
  );

  const { stdout } = await run(process.execPath, ["same.js"], { cwd: app });

  assert.is(stdout.trim(), "true true");
});

test("the package has one declaration for each module, and few files to load", async () => {
  const dist = join(app, "node_modules", "netraven-db", "dist");
  const files = await readdir(dist, { recursive: true });
  const sources = (await readdir(join(PROJECT, "src"), { recursive: true }))
    .filter((name) => name.endsWith(".ts") && !name.startsWith("tools"));

  for (const name of sources) {
    assert.ok(files.includes(name.replace(".ts", ".d.ts")), `${name} has no declaration`);
  }
  assert.equal(
    // A late file holds modules that two chapters share.
    files.filter((name) => name.endsWith(".js") && !/\/|^late-/.test(name)).sort(),
    [
      "core.js",
      "credentials_functions.js",
      "history_functions.js",
      "jobs_functions.js",
      "logs_functions.js",
      "mod.js",
      "queries.js",
      "vault_key_ring.js",
      "vault_vault.js",
    ],
  );
});

test.run();
