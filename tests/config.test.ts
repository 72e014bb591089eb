// Runs on the first server: it asks none.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { type Config, type ConfigOptions, loadConfig } from "../src/config/load.ts";
import { ConfigError } from "../src/errors.ts";
import { formatTarget } from "../src/config/url.ts";
import { suite } from "./support/suite.ts";

const test = suite("config");

const URL = "postgres://anna:secret@db.example.com/net";
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** Creates a separate folder for each test that writes a configuration. */
const folders: string[] = [];

async function folderWith(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "netraven-config-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Default lifetime of connections. */
const LIVES = { idleTimeout: 180_000, maxLifetime: 1_800_000 };

test.after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function load(yaml: string | Uint8Array, options: ConfigOptions = {}): Promise<Config> {
  const directory = await folderWith({ "dev.yaml": yaml });
  return await loadConfig({ env: {}, directory, ...options });
}

async function refusal(loading: Promise<Config>): Promise<ConfigError> {
  try {
    await loading;
  } catch (error) {
    assert.instance(error, ConfigError);
    return error as ConfigError;
  }
  throw new Error("The configuration was taken");
}

/** YAML with a URL, followed by the given lines. */
function withUrl(yaml: string): string {
  return `database:\n  url: ${URL}\n${yaml}`;
}

test("loadConfig() reads every key, when the file has them all", async () => {
  const directory = await folderWith({
    "certs/ca.pem": PEM,
    "prod.yaml": `
database:
  url: postgres://netraven:secret@db.example.com:6543/netraven?sslmode=verify-full
  server: bundled
  pool: { size: 3, queue: 4, idle_timeout_ms: 5000, max_lifetime_ms: 6000 }
  timeouts: { connect_ms: 5, acquire_ms: 6, statement_ms: 7, transaction_ms: 8 }
  tls: { ca: certs/ca.pem, plaintext_hosts: [db, "\${OTHER}"] }
logging: { level: warn, slow_query_ms: 9 }
settings:
  log_retention_days: 30
`,
  });

  const env = { OTHER: "db.internal" };
  const config = await loadConfig({ env, directory, environment: "prod" });

  assert.is(config.environment, "prod");
  assert.equal(config.database.plaintextHosts, ["db", "db.internal"]);
  assert.is(config.file, join(directory, "prod.yaml"));
  assert.is(formatTarget(config.database.target), "netraven@db.example.com:6543/netraven");
  assert.is(config.database.target.password(), "secret");
  assert.is(config.database.server, "bundled");
  assert.is(config.database.ca, PEM);
  assert.equal(config.database.pool, { size: 3, queue: 4, idleTimeout: 5_000, maxLifetime: 6_000 });
  assert.equal(config.database.timeouts, { connect: 5, acquire: 6, statement: 7, transaction: 8 });
  assert.equal(config.logging, { level: "warn", slowQuery: 9 });
  assert.equal(config.settings, { log_retention_days: 30 });
});

test("loadConfig() fills in defaults, when the file has only a URL", async () => {
  const config = await load(withUrl(""));

  assert.is(config.environment, "dev");
  assert.is(config.database.server, "external");
  assert.is(config.database.ca, undefined);
  assert.equal(config.database.pool, { size: 10, queue: 10_000, ...LIVES });
  assert.equal(config.database.timeouts, {
    connect: 5_000,
    acquire: 10_000,
    statement: 30_000,
    transaction: 60_000,
  });
  assert.equal(config.logging, { level: "info", slowQuery: 1_000 });
  assert.equal(config.settings, {});
});

test("loadConfig() loads the environments that the project has", async () => {
  const directory = join("config", "environments");

  const dev = await loadConfig({ env: {}, directory });
  const ours = await loadConfig({
    env: { NETRAVEN_ENV: "test", TEST_DATABASE_URL: URL },
    directory,
  });
  const prod = await loadConfig({
    env: {
      NETRAVEN_ENV: "prod",
      NETRAVEN_DB_USER: "u",
      NETRAVEN_DB_PASSWORD: "p%40",
      NETRAVEN_DB_HOST: "h",
    },
    directory,
  });

  assert.is(formatTarget(dev.database.target), "netraven_app@localhost:5432/netraven");
  assert.is(dev.database.target.password(), "netraven");
  assert.is(
    formatTarget((await dev.database.migration()).target),
    "netraven_migrator@localhost:5432/netraven",
  );
  assert.is(dev.database.server, "bundled");
  assert.is(dev.settings.log_retention_days, 30);
  assert.is(formatTarget(ours.database.target), "anna@db.example.com:5432/net");
  assert.is(formatTarget(prod.database.target), "u@h:5432/netraven");
  assert.is(prod.database.target.password(), "p@");
  assert.is(prod.database.target.sslMode, "verify-full");
});

test("loadConfig() reads config/environments/dev.yaml, when nothing is named", async () => {
  const config = await loadConfig({ env: {} });

  assert.is(config.file, join("config", "environments", "dev.yaml"));
});

test("loadConfig() reads the process's environment, when no other is given", async () => {
  process.env.NETRAVEN_SETTING_CONFIG_TEST = "7";
  const config = await loadConfig({ url: URL });

  assert.is(config.settingOverride("config.test"), "7");
  delete process.env.NETRAVEN_SETTING_CONFIG_TEST;
  assert.is(config.settingOverride("config.test"), undefined);
});

// --- Which URL, which file

test("loadConfig() prefers options.url, then DATABASE_URL, then the file", async () => {
  const directory = await folderWith({
    "dev.yaml": "database:\n  url: postgres://u@file\n  server: bundled\n",
  });
  const env = { DATABASE_URL: "postgres://u@variable" };

  const option = await loadConfig({ env, directory, url: "postgres://u@option" });
  const variable = await loadConfig({ env, directory });
  const file = await loadConfig({ env: {}, directory });

  assert.equal([option, variable, file].map((config) => config.database.target.host), [
    "option",
    "variable",
    "file",
  ]);
  assert.equal([option, variable, file].map((config) => config.database.server), [
    "external",
    "external",
    "bundled",
  ]);
});

test("migration() is the owner's URL: of DATABASE_MIGRATION_URL, DATABASE_URL, the file, or the one there is", async () => {
  const directory = await folderWith({
    "dev.yaml": "database:\n  url: postgres://u@file\n  migration_url: postgres://o@file\n",
    "one.yaml": "database:\n  url: postgres://u@file\n",
  });
  const both = {
    DATABASE_URL: "postgres://u@variable",
    DATABASE_MIGRATION_URL: "postgres://o@variable",
  };
  const { DATABASE_URL, DATABASE_MIGRATION_URL } = both;
  const owner = async (options: ConfigOptions) => {
    const { target } = await (await loadConfig({ directory, ...options })).database.migration();
    return `${target.user}@${target.host}`;
  };

  assert.is(await owner({ env: both, url: "postgres://u@option" }), "u@option");
  assert.is(await owner({ env: both }), "o@variable");
  assert.is(await owner({ env: { DATABASE_MIGRATION_URL } }), "o@variable");
  assert.is(await owner({ env: { DATABASE_URL } }), "u@variable");
  assert.is(await owner({ env: {} }), "o@file");
  assert.is(await owner({ env: {}, environment: "one" }), "u@file");
});

test("migration() has the certificates of its own URL", async () => {
  const directory = await folderWith({ "ca.pem": PEM });
  const own = `postgres://o@h?sslmode=verify-full&sslrootcert=${join(directory, "ca.pem")}`;

  const { database } = await loadConfig({
    env: { DATABASE_URL: URL, DATABASE_MIGRATION_URL: own },
  });

  assert.is(database.ca, undefined);
  assert.is((await database.migration()).ca, PEM);
});

test("loadConfig() does not look at DATABASE_MIGRATION_URL, until migration() is called", async () => {
  const asked: string[] = [];
  const env = new Proxy({ DATABASE_URL: URL } as Record<string, string>, {
    get: (target, name) => (asked.push(String(name)), target[String(name)]),
  });
  const { database } = await loadConfig({ env });
  const before = asked.includes("DATABASE_MIGRATION_URL");

  await database.migration();

  assert.equal([before, asked.includes("DATABASE_MIGRATION_URL")], [false, true]);
});

test("migration() names the place of a wrong URL and not the URL", async () => {
  const wrong = "postgres://o:secret@@h";
  const { database } = await load(withUrl(`  migration_url: ${wrong}`));
  const variable = await loadConfig({ env: { DATABASE_MIGRATION_URL: wrong }, url: undefined });

  const errors: ConfigError[] = [];
  for (const config of [database, variable.database]) {
    await config.migration().catch((error: ConfigError) => errors.push(error));
  }

  assert.equal(errors.map(({ path }) => path), [
    "database.migration_url",
    "DATABASE_MIGRATION_URL",
  ]);
  assert.not.match(inspect(errors), "secret");
});

test("loadConfig() keeps the file's other keys, when DATABASE_URL replaces its URL", async () => {
  const directory = await folderWith({
    "dev.yaml":
      "database:\n  url: ${NOT_SET}\n  pool: { size: 3 }\nlogging: { level: error }\nsettings: { a: 1 }\n",
  });

  const config = await loadConfig({ env: { DATABASE_URL: URL }, directory });

  assert.is(config.database.pool.size, 3);
  assert.is(config.logging.level, "error");
  assert.equal(config.settings, { a: 1 });
});

test("loadConfig() reads no file and asks for no folder, when only a URL is given", async () => {
  const asked: string[] = [];
  const env = new Proxy({}, { get: (_, name) => void asked.push(String(name)) });

  const config = await loadConfig({ url: URL, env });

  assert.is(config.file, undefined);
  assert.is(config.environment, "dev");
  assert.equal(config.settings, {});
  assert.equal(asked, ["NETRAVEN_ENV"]);
});

test("loadConfig() reads the file too, when a URL and an environment or a folder are given", async () => {
  const directory = await folderWith({ "dev.yaml": withUrl("settings: { a: 1 }") });

  const named = await loadConfig({ url: "postgres://u@h", directory, env: {} });
  const error = await refusal(loadConfig({ url: "postgres://u@h", environment: "gone", env: {} }));

  assert.is(named.database.target.host, "h");
  assert.equal(named.settings, { a: 1 });
  assert.match(error.message, /environment "gone" is missing/);
});

test("loadConfig() needs no file, when DATABASE_URL is set and nobody named one", async () => {
  const directory = await folderWith({});
  const before = process.cwd();
  process.chdir(directory);
  try {
    const config = await loadConfig({ env: { DATABASE_URL: URL } });
    const unset = await refusal(loadConfig({ env: {} }));
    const named = await refusal(loadConfig({ env: { DATABASE_URL: URL, NETRAVEN_ENV: "dev" } }));

    assert.is(config.file, undefined);
    assert.is(config.database.target.host, "db.example.com");
    assert.match(
      unset.message,
      /^config.environments.dev\.yaml: .* is missing: the folder .*DATABASE_URL/,
    );
    assert.match(named.message, /is missing/);
  } finally {
    process.chdir(before);
  }
});

test("loadConfig() takes environment and folder from options, then from the environment", async () => {
  const first = await folderWith({
    "one.yaml": withUrl("settings: { from: first one }"),
    "two.yaml": withUrl("settings: { from: first two }"),
  });
  const second = await folderWith({ "one.yaml": withUrl("settings: { from: second one }") });
  const env = { NETRAVEN_ENV: "one", NETRAVEN_CONFIG_DIR: first };

  assert.is((await loadConfig({ env })).settings.from, "first one");
  assert.is((await loadConfig({ env, environment: "two" })).settings.from, "first two");
  assert.is((await loadConfig({ env, directory: second })).settings.from, "second one");
});

test("loadConfig() lists the environments there are, when the one named is missing", async () => {
  const directory = await folderWith({
    "dev.yaml": "",
    "prod.yaml": "",
    "notes.txt": "",
    "X.yaml": "",
  });

  const error = await refusal(loadConfig({ env: {}, directory, environment: "staging" }));

  assert.is(error.file, join(directory, "staging.yaml"));
  assert.match(
    error.message,
    /^\/.*staging\.yaml: The file of the environment "staging" is missing: .* has dev, prod;/,
  );
});

test("loadConfig() refuses the name of an environment, when it could lead elsewhere", async () => {
  for (const name of ["../x", "", "Prod", "a/b", "1", "a.b", "a\0", "-", "é", "x".repeat(99)]) {
    const option = await refusal(loadConfig({ env: {}, environment: name }));
    const variable = await refusal(loadConfig({ env: { NETRAVEN_ENV: name } }));

    assert.match(option.message, /^environment: The environment's name is invalid/);
    assert.match(variable.message, /^NETRAVEN_ENV: The environment's name is invalid/);
  }
});

test("loadConfig() refuses an empty variable instead of taking it for unset", async () => {
  const url = await refusal(loadConfig({ env: { DATABASE_URL: "" } }));
  const folder = await refusal(loadConfig({ env: { NETRAVEN_CONFIG_DIR: "" } }));

  assert.match(url.message, /^DATABASE_URL: The URL is empty: write postgres:\/\//);
  assert.match(folder.message, /^NETRAVEN_CONFIG_DIR: The folder.s name is empty/);
});

test("loadConfig() names the variable and Deno's flag, when a variable may not be read", async () => {
  const env = new Proxy({}, {
    get(_, name) {
      throw new Error(`Requires env access to ${String(name)}`);
    },
  });

  const error = await refusal(loadConfig({ env }));

  assert.is(error.path, "DATABASE_URL");
  assert.match(
    error.message,
    /Cannot read the environment variable DATABASE_URL: .*--allow-env=DATABASE_URL/,
  );
});

test("loadConfig() says where a bad URL came from", async () => {
  const file = await refusal(load("# one\ndatabase:\n  url: mysql://u:p@h/d\n"));
  const variable = await refusal(
    loadConfig({ env: { DATABASE_URL: "postgresql+psycopg2://u:p@h/d" } }),
  );
  const option = await refusal(loadConfig({ env: {}, url: "postgres://h/d" }));

  assert.match(
    file.message,
    /dev\.yaml:3: database\.url: The URL's scheme is not PostgreSQL's: write postgres:\/\//,
  );
  assert.equal([file.path, file.line], ["database.url", 3]);
  assert.match(variable.message, /^DATABASE_URL: .*write postgres:\/\/ instead$/);
  assert.match(option.message, /^url: The URL names no user/);
});

// --- ${VAR}

test("loadConfig() puts variables into texts, when they are set", async () => {
  const yaml = [
    "database:",
    "  url: postgres://${USER_}:${PW}@h/d",
    "logging: { level: '${LEVEL}' }",
    "settings:",
    '  list: ["${PW}", "a${PW}b${PW}"]',
    "  block: |",
    "    ${PW}",
    "  escaped: $${PW} costs $5 $PW $$",
    "  ${PW}: key",
  ].join("\n");

  const config = await load(yaml, { env: { USER_: "u", PW: "p%40", LEVEL: "debug" } });

  assert.is(config.database.target.password(), "p@");
  assert.is(config.logging.level, "debug");
  assert.equal(config.settings, {
    list: ["p%40", "ap%40bp%40"],
    block: "p%40\n",
    escaped: "${PW} costs $5 $PW $$",
    "${PW}": "key",
  });
});

test("loadConfig() takes a variable's text as it is, when it looks like YAML or another variable", async () => {
  const config = await load(withUrl("settings: { a: '${A}' }"), {
    env: { A: "${B}\n}: [", B: "b" },
  });

  assert.is(config.settings.a, "${B}\n}: [");
});

test("loadConfig() names variable, key path and line, when one is not set", async () => {
  const url = await refusal(load("database:\n  url: ${DB_URL}\n"));
  const nested = await refusal(load(withUrl("settings:\n  a:\n    - b\n    - c: ${NOT_SET}\n")));
  const inherited = await refusal(load("database:\n  url: ${constructor}\n"));

  assert.match(
    url.message,
    /dev\.yaml:2: database\.url: The environment variable DB_URL is not set: .*\$\$\{/,
  );
  assert.match(
    nested.message,
    /dev\.yaml:6: settings\.a\[1\]\.c: The environment variable NOT_SET is not set/,
  );
  assert.match(inherited.message, /variable constructor is not set/);
});

test("loadConfig() refuses a variable that is not written well", async () => {
  for (const text of ["${}", "${A-B}", "${A:-x}", "${A", "${1A}"]) {
    const error = await refusal(load(withUrl(`settings: { a: "${text}" }`), { env: { A: "a" } }));

    assert.match(error.message, /:3: settings\.a: A "\$\{" has no name/);
  }
});

test("loadConfig() says that a variable must be percent-encoded, when the URL with it is bad", async () => {
  const error = await refusal(
    load("database:\n  url: postgres://u:${PW}@h/d\n", { env: { PW: "p@ss/word" } }),
  );

  assert.match(
    error.message,
    /"@" more than once.*; the value of a \$\{VAR\} in a URL must already be percent-encoded$/,
  );
  assert.not.match(error.message, /p@ss|ss.word/);
});

// --- Allowed content of the file

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["is empty", "", /dev\.yaml:1: The file is empty/],
  ["is only white space", " \r\n\n", /:1: The file is empty/],
  ["is only comments", "# a\n# b\n", /:1: The file holds only comments/],
  ["is a list", "- a\n", /:1: The file is a list: write a map/],
  ["is text", "postgres://u:p@h/d\n", /:1: The file is text: write a map/],
  ["is null", "~\n", /:1: The file is nothing/],
  ["has no database", "settings: { a: 1 }\n", /dev\.yaml: database\.url: The key is missing/],
  ["has no URL", "database: { server: bundled }\n", /dev\.yaml: database\.url: The key is missing/],
  [
    "has an empty section",
    "settings: {}\ndatabase:\n",
    /:2: database: The value is nothing: write a map/,
  ],
  ["has empty settings", withUrl("settings:\n"), /:3: settings: The value is nothing/],
  ["has a list of settings", withUrl("settings: [a]"), /:3: settings: The value is a list/],
  [
    "has text for a section",
    withUrl("logging: info"),
    /:3: logging: The value is text: write a map/,
  ],
  [
    "has an unknown section",
    withUrl("setting: {}"),
    /:3: setting: The key is unknown: did you mean "settings"\?/,
  ],
  [
    "has an unknown key",
    withUrl("  pool:\n    sise: 1\n"),
    /:4: database\.pool\.sise: The key is unknown: did you mean "size"\? The known keys are size, queue, idle_timeout_ms, max_lifetime_ms$/,
  ],
  [
    "has a key without its unit",
    withUrl("  timeouts: { connect: 1 }"),
    /did you mean "connect_ms"\?/,
  ],
  [
    "has a key that is like none",
    withUrl("  frobnicate: 1\n"),
    /:3: database\.frobnicate: The key is unknown: the known keys are url, migration_url, server, pool, timeouts, limits, allow_cleartext_password, tls$/,
  ],
  ["has an inherited key", withUrl("constructor: 1"), /:3: constructor: The key is unknown/],
  ["has __proto__ as a key", withUrl("__proto__: 1"), /:3: __proto__: The key is unknown/],
  [
    "has a number as URL",
    "database:\n  url: 5\n",
    /:2: database\.url: The value is a number: write text/,
  ],
  [
    "has no value as URL",
    "database:\n  url:\n",
    /:2: database\.url: The value is nothing: write text/,
  ],
  [
    "has text as number",
    withUrl('  pool: { size: "10" }'),
    /:3: database\.pool\.size: The value is text: write a whole/,
  ],
  ["has a boolean as number", withUrl("  pool: { size: yes }"), /size: The value is text/],
  ["has true as number", withUrl("  pool: { size: true }"), /size: The value is true or false/],
  [
    "has a fraction",
    withUrl("  pool: { size: 1.5 }"),
    /size: The number is not allowed: write a whole number from 1 to 1000/,
  ],
  ["has a pool of 0", withUrl("  pool: { size: 0 }"), /size: The number is not allowed/],
  ["has a pool of 1001", withUrl("  pool: { size: 1001 }"), /size: The number is not allowed/],
  ["has a negative queue", withUrl("  pool: { queue: -1 }"), /queue: The number is not allowed/],
  [
    "has no deadline",
    withUrl("  timeouts: { statement_ms: 0 }"),
    /statement_ms: The number is not allowed/,
  ],
  [
    "has an endless deadline",
    withUrl("  timeouts: { statement_ms: .inf }"),
    /statement_ms: The number is not allowed/,
  ],
  [
    "has a timer's overflow",
    withUrl("  timeouts: { acquire_ms: 2147483648 }"),
    /acquire_ms: The number is not allowed/,
  ],
  [
    "has an unknown server",
    withUrl("  server: docker"),
    /:3: database\.server: The value is unknown: write one of bundled, external$/,
  ],
  [
    "has an unknown level",
    withUrl("logging: { level: verbose }"),
    /level: The value is unknown: write one of debug, info, warn, error, silent$/,
  ],
  [
    "has an infinite setting",
    withUrl("settings: { a: .inf }"),
    /settings\.a: The number is not finite/,
  ],
  [
    "has a setting that is no number",
    withUrl("settings: { a: [.nan] }"),
    /settings\.a\[0\]: The number is not finite/,
  ],
  [
    "has a number that would be rounded",
    withUrl("settings: { a: 9007199254740993 }"),
    /settings\.a: The number is too large/,
  ],
  ["has an empty setting's key", withUrl('settings: { "": 1 }'), /:3: settings: A key is not text/],
  [
    "has a number as key",
    withUrl("settings:\n  1: a\n"),
    /:4: settings: A key is not text: write it in quotes/,
  ],
  ["has a list as key", withUrl("settings:\n  ? [a]\n  : b\n"), /:4: settings: A key is not text/],
  ["has a key twice", withUrl(`  url: ${URL}\n`), /:3: database\.url: The key is written twice/],
  [
    "has a setting twice",
    withUrl("settings: { a: { b: 1,\n b: 2 } }"),
    /:4: settings\.a\.b: The key is written twice/,
  ],
  [
    "has a section twice",
    withUrl("logging: {}\nlogging: {}\n"),
    /:4: logging: The key is written twice/,
  ],
  ["has bad indentation", withUrl(" logging:\n"), /:3: The indentation is wrong/],
  ["has a tab", "database:\n\turl: x\n", /:2: The line is indented by a tab/],
  [
    "has an open quote",
    withUrl('settings: { a: "b }\n'),
    /:\d: (?:A quote, bracket|The indentation)/,
  ],
  ["has an open bracket", withUrl("settings: [a\n"), /:\d: (?:A quote, bracket|The indentation)/],
  [
    "has a reserved character",
    withUrl("settings: { a: @b }\n"),
    /:3: A text begins with a character that YAML reserves/,
  ],
  ["has a bad escape", withUrl('settings: { a: "\\q" }\n'), /:3: A backslash in double quotes/],
  [
    "has no space after a colon",
    `database:\n  url:${URL}\n  server: bundled\n`,
    /:2: A key has no end: write a colon and a space/,
  ],
  ["has a URL as key", `database: {url:${URL}}\n`, /:1: database\.\(a key\): The key is unknown/],
  ["has two documents", withUrl("---\na: 1\n"), /:3: The file holds more than one document/],
  [
    "has a tag",
    withUrl("settings: { a: !!str 1 }"),
    /:3: settings\.a: Tags \(!\) are not supported/,
  ],
  ["has a tag of its own", withUrl("settings: { a: !secret b }"), /:3: settings\.a: Tags/],
  ["has a tagged section", withUrl("settings: !!map {}"), /:3: settings: Tags/],
  ["has a tagged key", withUrl("settings: { !!str a: 1 }"), /:3: settings: A key is not text/],
  ["has a YAML directive", `%YAML 1.1\n---\n${withUrl("")}`, /Directives are not supported/],
  [
    "has a TAG directive",
    `%TAG !e! tag:x,2000:\n---\n${withUrl("")}`,
    /Directives are not supported/,
  ],
  [
    "has a merge key",
    withUrl("settings:\n  a: &a { b: 1 }\n  c:\n    <<: *a\n"),
    /:6: settings\.c: Merge keys \(<<\) are not supported/,
  ],
  [
    "has an alias without an anchor",
    withUrl("settings: { a: *a }"),
    /:3: settings\.a: The alias \(\*\) has no anchor/,
  ],
  [
    "has an alias of itself",
    withUrl("settings: { a: &a [*a] }"),
    /settings\.a.*nested more than 50 levels deep/,
  ],
  [
    "is nested too deeply",
    withUrl(`settings: { a: ${"[".repeat(60)}${"]".repeat(60)} }`),
    /nested more than 50 levels deep/,
  ],
  [
    "is nested absurdly",
    withUrl(`settings: { a: ${"[".repeat(5000)}${"]".repeat(5000)} }`),
    /nested too deeply/,
  ],
  ["is huge", withUrl(`# ${"x".repeat(1_000_000)}`), /The file is larger than 1 MB/],
];
for (const [what, yaml, message] of REFUSED) {
  test(`loadConfig() refuses a file, when it ${what}`, async () => {
    const error = await refusal(load(yaml));

    assert.match(error.message, message);
    assert.match(error.file ?? "", /dev\.yaml$/);
    assert.not.match(error.message, /secret/);
  });
}

test("loadConfig() refuses an alias bomb at once", async () => {
  const bomb = Array.from(
    { length: 30 },
    (_, level) =>
      `  l${level}: &l${level} [${level === 0 ? "x" : `*l${level - 1}, *l${level - 1}`}]`,
  );
  const start = performance.now();

  const error = await refusal(load(withUrl(`settings:\n${bomb.join("\n")}\n`)));

  assert.match(error.message, /aliases \(\*\) more than 100 times/);
  assert.ok(performance.now() - start < 5_000);
});

test("loadConfig() takes anchors and aliases, when they are few", async () => {
  const config = await load(
    withUrl("  pool: { size: &n 3, queue: *n }\nsettings: { a: &a { b: [1] }, c: *a }"),
  );

  assert.equal(config.database.pool, { size: 3, queue: 3, ...LIVES });
  assert.equal(config.settings, { a: { b: [1] }, c: { b: [1] } });
});

test("loadConfig() takes the file, when it has a byte order mark, CRLF or document markers", async () => {
  const plain = withUrl("settings: { a: b }\n");

  for (const yaml of [`\uFEFF${plain}`, plain.replaceAll("\n", "\r\n"), `---\n${plain}...\n`]) {
    const config = await load(yaml);
    assert.is(formatTarget(config.database.target), "anna@db.example.com:5432/net");
    assert.equal(config.settings, { a: "b" });
  }
});

test("loadConfig() refuses the file, when it is not UTF-8", async () => {
  const latin = Uint8Array.from([...withUrl("# "), "\xE9"].map((letter) => letter.charCodeAt(0)));

  assert.match((await refusal(load(latin))).message, /dev\.yaml: The file is not UTF-8/);
});

test("loadConfig() refuses the file, when it is a folder", async () => {
  const directory = await folderWith({ "dev.yaml/x": "" });

  const error = await refusal(loadConfig({ env: {}, directory }));

  assert.match(error.message, /dev\.yaml: Cannot read the file: it is a folder$/);
});

test("loadConfig() reads settings as JSON, when YAML would know more kinds", async () => {
  const config = await load(withUrl(`settings:
  day: 2020-01-31
  yes: yes
  "on": on
  octal: 010
  "null": null
  nested: { a: [1, -2.5, true, "x", {}] }
  "a.b c": 1
  __proto__: { polluted: true }
`));

  assert.equal(Object.entries(config.settings), [
    ["day", "2020-01-31"],
    ["yes", "yes"],
    ["on", "on"],
    ["octal", 10],
    ["null", null],
    ["nested", { a: [1, -2.5, true, "x", {}] }],
    ["a.b c", 1],
    ["__proto__", { polluted: true }],
  ]);
  assert.is(({} as { polluted?: boolean }).polluted, undefined);
});

test("loadConfig() freezes what it returns", async () => {
  const config = await load(withUrl("settings: { a: { b: [1] } }"));

  const parts = [config, config.database, config.database.pool, config.database.timeouts];
  parts.push(config.logging as never, config.settings as never, config.settings.a as never);
  parts.push((config.settings.a as { b: unknown }).b as never);
  for (const part of parts) assert.ok(Object.isFrozen(part));
});

// --- Options

test("loadConfig() prefers options to the file, key by key", async () => {
  const yaml = withUrl(
    "  pool: { size: 1, queue: 2 }\nsettings: { a: 1, b: 2 }\nlogging: { level: warn, slow_query_ms: 5 }",
  );

  const config = await load(yaml, {
    pool: { size: 7 },
    timeouts: { statement: 8 },
    logging: { level: "debug" },
    settings: { b: { c: "${NOT_A_VARIABLE}" } },
  });

  assert.equal(config.database.pool, { size: 7, queue: 2, ...LIVES });
  assert.is(config.database.timeouts.statement, 8);
  assert.is(config.database.timeouts.transaction, 60_000);
  assert.equal(config.logging, { level: "debug", slowQuery: 5 });
  assert.equal(config.settings, { a: 1, b: { c: "${NOT_A_VARIABLE}" } });
});

test("loadConfig() takes the connect deadline from options, then the URL, then the file", async () => {
  const yaml =
    "database:\n  url: postgres://u@h?connect_timeout=2\n  timeouts: { connect_ms: 3 }\n";

  assert.is((await load(yaml, { timeouts: { connect: 1 } })).database.timeouts.connect, 1);
  assert.is((await load(yaml)).database.timeouts.connect, 2_000);
  assert.is((await load(yaml.replace("?connect_timeout=2", ""))).database.timeouts.connect, 3);
});

// The YAML library overflows the stack, which ended Node, though not at the first attempt.
test("loadConfig() refuses deep nesting and lives on, however often it is asked to", async () => {
  const levels = 2000;
  const deep = [
    "[".repeat(levels),
    "{a: ".repeat(levels),
    "- ".repeat(levels),
    "? ".repeat(levels),
    Array.from({ length: levels / 4 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
  ];
  for (let i = 0; i < 20; i++) {
    for (const yaml of deep) {
      const { message } = await refusal(load(yaml));

      assert.match(message, /is nested too deeply/);
    }
  }
});

const BAD_OPTIONS: readonly (readonly [unknown, RegExp])[] = [
  [{ pool: { size: 0 } }, /^pool\.size: The number is not allowed/],
  [{ pool: { size: "5" } }, /^pool\.size: The value is text/],
  [{ pool: { siz: 5 } }, /^pool\.siz: The key is unknown: did you mean "size"/],
  [{ pool: 5 }, /^pool: The value is a number: write a map/],
  [{ timeouts: { connect: NaN } }, /^timeouts\.connect: The number is not allowed/],
  [{ timeouts: { statement: Infinity } }, /^timeouts\.statement: The number is not allowed/],
  [{ logging: { level: "loud" } }, /^logging\.level: The value is unknown/],
  [{ settings: { a: { b: NaN } } }, /^settings\.a\.b: The number is not finite/],
  [{ settings: { a: new Date() } }, /^settings\.a: The value cannot be represented in JSON/],
  [{ settings: { a: 1n } }, /^settings\.a: The value cannot be represented in JSON/],
  [{ settings: { a: () => 1 } }, /^settings\.a: The value cannot be represented in JSON/],
  [{ settings: { "": 1 } }, /^settings: A setting's key is empty/],
  [{ settings: [] }, /^settings: The value is a list: write a map/],
  [{ tls: { ca: "ca.pem" } }, /^tls\.ca: The text contains no certificate/],
  [{ directory: "" }, /^directory: The folder.s name is empty/],
];
for (const [options, message] of BAD_OPTIONS) {
  test(`loadConfig() refuses options, when they are ${inspect(options)}`, async () => {
    const error = await refusal(load(withUrl(""), options as ConfigOptions));

    assert.match(error.message, message);
    assert.is(error.file, undefined);
  });
}

test("loadConfig() refuses settings that hold themselves", async () => {
  const settings: Record<string, unknown> = {};
  settings.self = settings;

  const error = await refusal(loadConfig({ url: URL, env: {}, settings: settings as never }));

  assert.match(error.message, /nested more than 50 levels deep, or contains itself/);
});

// --- Certificates

test("loadConfig() takes the certificates from options, then the URL, then the file", async () => {
  const other = PEM.replace("MIIB", "MIIC");
  const directory = await folderWith({
    "ca.pem": PEM,
    "other.pem": other,
    "dev.yaml": "database:\n  url: postgres://u@h?sslmode=verify-full\n  tls: { ca: ./ca.pem }\n",
  });
  const url = `postgres://u@h?sslmode=require&sslrootcert=${
    encodeURIComponent(join(directory, "other.pem"))
  }`;

  const file = await loadConfig({ env: {}, directory });
  const inUrl = await loadConfig({ env: { DATABASE_URL: url }, directory });
  const option = await loadConfig({ env: { DATABASE_URL: url }, directory, tls: { ca: PEM } });
  const system = await loadConfig({
    env: { DATABASE_URL: "postgres://u@h?sslrootcert=system" },
    directory,
  });

  assert.is(file.database.ca, PEM);
  assert.is(inUrl.database.ca, other);
  assert.is(option.database.ca, PEM);
  assert.is(system.database.ca, undefined);
});

test("loadConfig() refuses certificates, when their file is missing, a folder or holds none", async () => {
  const files = {
    "key.pem": "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    "sub/x": "",
  };
  const cases = [
    ["gone.pem", /:3: database\.tls\.ca: The certificate file is missing/],
    ["sub", /:3: database\.tls\.ca: Cannot read the certificate file: it is a folder/],
    ["key.pem", /:3: database\.tls\.ca: The text contains no certificate/],
  ] as const;

  for (const [name, message] of cases) {
    const yaml = `database:\n  url: postgres://u@h?sslmode=verify-full\n  tls: { ca: ${name} }\n`;
    const directory = await folderWith({ ...files, "dev.yaml": yaml });
    const error = await refusal(loadConfig({ env: {}, directory }));
    assert.match(error.message, message);
    assert.not.match(error.message, /secret/);
  }
  const url = await refusal(
    loadConfig({ env: {}, url: "postgres://u@h?sslmode=require&sslrootcert=gone.pem" }),
  );
  assert.match(url.message, /^url: sslrootcert: The certificate file is missing/);
});

test("loadConfig() refuses certificates, when the URL would go on without TLS", async () => {
  for (const mode of ["allow", "prefer"]) {
    const error = await refusal(
      loadConfig({ env: {}, url: `postgres://u@h?sslmode=${mode}`, tls: { ca: PEM } }),
    );
    assert.match(
      error.message,
      /^url: The certificate authority has no effect, .* add sslmode=verify-full/,
    );
  }
  const plain = await loadConfig({
    env: {},
    url: "postgres://u@h?sslmode=disable",
    tls: { ca: PEM },
  });
  assert.is(plain.database.ca, PEM);
});

// --- Overrides of settings

test("settingOverride() looks up one variable, when a key has odd characters", async () => {
  const env = {
    NETRAVEN_SETTING_LOG_RETENTION_DAYS: "60",
    NETRAVEN_SETTING_A_B_C__D: "[1]",
    NETRAVEN_SETTING_EMPTY: "",
  };
  const config = await loadConfig({ url: URL, env });

  assert.is(config.settingOverride("log_retention_days"), "60");
  assert.is(config.settingOverride("a.b-c é".replace(" é", "😀_d")), "[1]");
  assert.is(config.settingOverride("empty"), "");
  assert.is(config.settingOverride("other"), undefined);
});

// --- Secrecy

/** Matches no key name, so no error shows it as one. No five of its characters appear anywhere by chance. */
const CANARY = "Zq7!Xk9!Wv2!Jb5";

function leak(value: unknown): string | undefined {
  const shown = [
    inspect(value, { depth: 9, showHidden: true }),
    JSON.stringify(value),
    JSON.stringify(value, Object.getOwnPropertyNames(Object(value))),
    value instanceof Error ? `${value.message} ${value.stack} ${value.cause}` : "",
  ].join(" ");
  for (let start = 0; start + 5 <= CANARY.length; start += 1) {
    const part = CANARY.slice(start, start + 5);
    if (shown.includes(part)) return part;
  }
  return undefined;
}

test("loadConfig() shows the password nowhere, when the configuration is printed", async () => {
  const config = await load(`database:\n  url: postgres://u:${CANARY}@h/d\n`);

  assert.is(config.database.target.password(), CANARY);
  assert.is(leak(config), undefined);
});

test("loadConfig() keeps the YAML parser from printing the file, when its tracing is on", async () => {
  const printed: unknown[] = [];
  const { log, dir } = console;
  console.log = console.dir = (...values: unknown[]) => void printed.push(...values);
  process.env.LOG_TOKENS = "1";
  process.env.LOG_STREAM = "stdout";
  try {
    await load(withUrl(""));
    assert.equal([process.env.LOG_TOKENS, process.env.LOG_STREAM], ["1", "stdout"]);
  } finally {
    console.log = log;
    console.dir = dir;
    delete process.env.LOG_TOKENS;
    delete process.env.LOG_STREAM;
  }

  assert.equal(printed, []);
});

test("loadConfig() reads or refuses without showing a value, when a file was garbled", async () => {
  // Repeatable in every run (mulberry32).
  let state = 3;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const yaml = `database:
  url: postgres://anna:${CANARY}@db.example.com:5432/net?sslmode=require
  server: external
  pool: { size: 10, queue: 100 }
logging:
  level: info
settings:
  password: "${CANARY}"
  list: [1, "${CANARY}", { a: ${CANARY} }]
`;
  const pieces = [
    ..."\n\t :#'\"[]{},&*!|>%@`?-$~\\/=\0",
    "\n  ",
    ": ",
    "${",
    "<<: ",
    "- ",
    "---\n",
    "!!",
    "\uD800",
    "5",
  ];
  const directory = await folderWith({});
  let refused = 0;

  for (let round = 0; round < 600; round += 1) {
    let text = yaml;
    for (let edits = 1 + Math.floor(next() * 2); edits > 0; edits -= 1) {
      const at = Math.floor(next() * (text.length + 1));
      text = text.slice(0, at) + pick(pieces) + text.slice(at + pick([0, 0, 1, 4]));
    }
    await writeFile(join(directory, "dev.yaml"), text);
    try {
      const { database } = await loadConfig({ env: {}, directory });
      if (database.target.password().includes(CANARY)) assert.is(leak(database), undefined, text);
    } catch (error) {
      refused += 1;
      assert.instance(error, ConfigError, text);
      assert.is(leak(error), undefined, text);
    }
  }
  assert.ok(refused > 150, `${refused} refused`);
});

test.run();
