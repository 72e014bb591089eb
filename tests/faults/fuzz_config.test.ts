/**
 * Property-based tests of the YAML file: the loaded configuration equals the written one, or a ConfigError
 * names the file without its content.
 */
// Runs on the first server: it asks none.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { type Config, type ConfigOptions, loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import { effort, PATIENCE } from "../support/effort.ts";
import { suite } from "../support/suite.ts";

const test = suite("fuzz: config", { timeout: PATIENCE });

/**
 * A repetitive password, so that some of it survives a few changed characters. An error may show names
 * that look like keys; the password never does, so it appears in no error by chance.
 */
const PASSWORD = "s3cr3t!".repeat(5);
const PIECE = "3t!s3";
const URL = `postgres://anna:${PASSWORD}@db.example.com:6543/netraven?sslmode=verify-full`;

let folder: string;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "netraven-fuzz-"));
});

test.after(() => rm(folder, { recursive: true }));

/** Returns the configuration or the ConfigError. Any other error fails the test. */
async function load(
  content: string | Uint8Array,
  options: ConfigOptions = {},
): Promise<Config | ConfigError> {
  await writeFile(join(folder, "fuzz.yaml"), content);
  try {
    return await loadConfig({ directory: folder, environment: "fuzz", env: {}, ...options });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** Every printable form of a value. */
function shown(value: unknown): string {
  const error = value instanceof Error ? `${value.message} ${value.stack}` : "";
  return `${error} ${inspect(value, { depth: 99, showHidden: true })} ${JSON.stringify(value)}`;
}

/** The invariant for any file: a complete configuration, or an error that shows a position and no content. */
async function holds(content: string | Uint8Array): Promise<Config | ConfigError> {
  const outcome = await load(content);
  if (outcome instanceof ConfigError) {
    assert.is(outcome.file, join(folder, "fuzz.yaml"));
    assert.ok(outcome.message.startsWith(`${outcome.file}:`), "the message does not name the file");
    const lines = typeof content === "string" ? content.split(/\r\n|\r|\n/).length : Infinity;
    assert.ok((outcome.line ?? 1) >= 1 && (outcome.line ?? 1) <= lines, `line ${outcome.line}`);
    assert.not.match(shown(outcome), PIECE);
    return outcome;
  }
  const { pool, timeouts, target } = outcome.database;
  for (const number of [...Object.values(pool), ...Object.values(timeouts), target.port]) {
    assert.ok(Number.isInteger(number) && number >= 0, "a number that is none");
  }
  assert.is(Object.getPrototypeOf(outcome.settings), Object.prototype);
  assert.ok(Object.isFrozen(outcome.settings));
  return outcome;
}

// --- Valid files

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const milliseconds = fc.integer({ min: 1, max: 2_147_483_647 });

/** Possible strings in YAML, with a literal "${" that names no variable. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.constantFrom(
    "yes",
    "null",
    "~",
    "1e3",
    "0x1f",
    "- a",
    "a: b",
    "#",
    "*a",
    "&a",
    "!b",
    "<<",
    "",
  ),
  fc.constantFrom(
    "${",
    "$${",
    "${A}",
    "$",
    "}",
    "line\nline\n",
    " \t",
    "\u2028",
    "\u0001",
    "'",
    '"',
  ),
  fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "toString", "\u{10FFFF}", "%TAG"),
);
const { tree: json } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    fc.oneof(
      text,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      // Rejected because YAML would not preserve it exactly.
      fc.double({ noNaN: true, noDefaultInfinity: true })
        .filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number)),
    ),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.array(fc.tuple(text.filter((key) => key !== "" && key !== "<<"), tie("tree")), {
      maxLength: 4,
    })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));
const settings = fc.array(fc.tuple(text.filter((key) => key !== "" && key !== "<<"), json), {
  maxLength: 6,
})
  .map((entries) => Object.fromEntries(entries) as Record<string, unknown>);

const content = fc.record({
  database: fc.record({
    url: fc.constant(URL),
    server: fc.constantFrom("bundled", "external"),
    pool: optional(fc.record({
      size: fc.integer({ min: 1, max: 1000 }),
      queue: fc.integer({ min: 0, max: 1_000_000 }),
    }, { requiredKeys: [] })),
    timeouts: optional(fc.record({
      connect_ms: milliseconds,
      acquire_ms: milliseconds,
      statement_ms: milliseconds,
      transaction_ms: milliseconds,
    }, { requiredKeys: [] })),
  }, { requiredKeys: ["url"] }),
  logging: fc.record({
    level: fc.constantFrom("debug", "info", "warn", "error", "silent"),
    slow_query_ms: fc.integer({ min: 0, max: 2_147_483_647 }),
  }, { requiredKeys: [] }),
  settings,
}, { requiredKeys: ["database"] });

const layout = fc.record({
  indent: fc.constantFrom(2, 4),
  defaultStringType: fc.constantFrom(
    "PLAIN" as const,
    "QUOTE_DOUBLE" as const,
    "QUOTE_SINGLE" as const,
  ),
  collectionStyle: fc.constantFrom("any" as const, "flow" as const),
});

type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never;

/** Escapes `${` so that it is literal. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, escaped(part)]));
}

function yamlOf(value: unknown, style: Layout): string {
  return stringify(value, { ...style, lineWidth: 0, version: "1.2", aliasDuplicateObjects: false });
}

test("loadConfig() gives what was written, when the file is valid", async () => {
  await fc.assert(
    fc.asyncProperty(content, layout, async (given, style) => {
      const { database, logging } = given;
      const outcome = await holds(
        yamlOf({ ...given, settings: escaped(given.settings ?? {}) }, style),
      );

      if (outcome instanceof ConfigError) throw outcome;
      assert.is(outcome.database.target.password(), PASSWORD);
      assert.is(outcome.database.server, database.server ?? "external");
      assert.equal(outcome.database.pool, {
        size: 10,
        queue: 10_000,
        idleTimeout: 180_000,
        maxLifetime: 1_800_000,
        ...database.pool,
      });
      const { connect_ms, acquire_ms, statement_ms, transaction_ms } = database.timeouts ?? {};
      assert.equal(outcome.database.timeouts, {
        connect: connect_ms ?? 5_000,
        acquire: acquire_ms ?? 10_000,
        statement: statement_ms ?? 30_000,
        transaction: transaction_ms ?? 60_000,
      });
      assert.equal(outcome.logging, {
        level: logging?.level ?? "info",
        slowQuery: logging?.slow_query_ms ?? 1_000,
      });
      // Compares text, which shows a key `__proto__` but no prototype.
      assert.is(JSON.stringify(outcome.settings), JSON.stringify(given.settings ?? {}));
      assert.not.match(shown(outcome), PIECE);
    }),
    effort(60),
  );
});

// --- Invalid files

const VALID = `# what an environment is
database:
  url: ${URL}
  server: external
  pool: { size: 10, queue: 10000 }
  timeouts: { connect_ms: 5000, acquire_ms: 10000, statement_ms: 30000, transaction_ms: 60000 }
logging: { level: info, slow_query_ms: 1000 }
settings:
  log_retention_days: 30
  text: |
    several
    lines
  list: [1, "two", { three: null }]
  named: &name ${PASSWORD}
  again: *name
`;
const marks = fc.constantFrom(
  ...[
    "\n",
    "\n  ",
    "\n\n",
    "\r",
    "\t",
    " ",
    "  ",
    ":",
    ": ",
    "- ",
    "? ",
    "#",
    " #",
    ",",
    "|",
    ">",
    "%",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "*name",
    "<<: ",
    "!!str ",
    "!x ",
    "---\n",
    "...\n",
    "'",
    '"',
    "\\",
  ],
  ...[
    "\0",
    "\u0001",
    "\u00a0",
    "\ufeff",
    "\u2028",
    "\ud800",
    "é",
    "👩‍💻",
    "${",
    "${HOME}",
    "$${",
    "$",
  ],
  ...[
    "__proto__: 1\n",
    "constructor",
    "settings:\n",
    "database:\n",
    "\nurl: x\n",
    "null",
    "~",
    ".nan",
    ".inf",
  ],
  ...[
    "1e999",
    "99999999999999999999",
    "0x",
    "-1",
    "1.5",
    "%YAML 1.1\n---\n",
    "%TAG ! x\n---\n",
    "",
    "z",
  ],
);
/** Replaces some characters at a position, which is given as a fraction of the text's length. */
const change = fc.record({ at: fc.nat(999), instead: fc.nat(4), text: marks });
/** Moves, repeats or removes a line. */
const shift = fc.record({
  from: fc.nat(999),
  to: fc.nat(999),
  keep: fc.boolean(),
  drop: fc.boolean(),
});

const damaged = fc.tuple(
  fc.array(shift, { maxLength: 2 }),
  fc.array(change, { minLength: 1, maxLength: 4 }),
).map(([shifts, changes]) => {
  const lines = VALID.split("\n");
  for (const { from, to, keep, drop } of shifts) {
    const place = Math.floor(lines.length * from / 1000);
    const [line] = keep ? lines.slice(place, place + 1) : lines.splice(place, 1);
    if (!drop) lines.splice(Math.floor(lines.length * to / 1000), 0, line!);
  }
  return changes.reduce((text, { at, instead, text: piece }) => {
    const place = Math.floor(text.length * at / 1000);
    return text.slice(0, place) + piece + text.slice(place + instead);
  }, lines.join("\n"));
});

test("loadConfig() takes or refuses a damaged file and never shows the password", async () => {
  await fc.assert(fc.asyncProperty(damaged, async (yaml) => void await holds(yaml)), effort(100));
});

test("loadConfig() takes or refuses any text and any bytes at all", async () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.oneof(marks, fc.string({ maxLength: 5 })), { maxLength: 40 })
      .map((pieces) => pieces.join("")),
    fc.tuple(
      fc.constantFrom(`database:\n  url: ${URL}\n`, "settings:\n  ", "? ", "&a "),
      fc.string(),
    )
      .map(([start, rest]) => start + rest),
    fc.json({ maxDepth: 4 }),
  );
  await fc.assert(fc.asyncProperty(anything, async (yaml) => void await holds(yaml)), effort(100));
});

test("loadConfig() takes or refuses valid YAML of any shape", async () => {
  const key = fc.oneof(
    text,
    fc.constantFrom(
      "database",
      "url",
      "pool",
      "size",
      "timeouts",
      "tls",
      "ca",
      "logging",
      "level",
      "settings",
    ),
  );
  const { shape } = fc.letrec((tie) => ({
    shape: fc.oneof(
      { depthSize: "medium", maxDepth: 6 },
      fc.oneof(text, fc.constant(URL), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie("shape"), { maxLength: 3 }),
      fc.array(fc.tuple(key, tie("shape")), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(shape, layout, async (value, style) => void await holds(yamlOf(value, style))),
    effort(60),
  );
});

test("loadConfig() takes or refuses what is nested very deeply, or repeated very often", async () => {
  const start = `database: { url: "${URL}" }\n`;
  // Quadratic time in the size would not end within the file's timeout.
  const pieces = fc.constantFrom(
    ...[
      "[",
      "{",
      "{a: ",
      "[{",
      "- ",
      "? ",
      "a: ",
      "&a ",
      "*a ",
      "!t ",
      '"',
      "'",
      "|\n ",
      "#",
      "\n",
      "  ",
      ":",
    ],
    ...[
      "${",
      "a: b\n",
      "a: [\n",
      "- a\n",
      "? a\n",
      "\t",
      "---\n",
      "%A\n",
      "x",
      "é",
      "*a,",
      "a,",
      "<<: *a\n",
    ],
  );
  const times = fc.constantFrom(10, 49, 50, 51, 1_000, 10_000);
  await fc.assert(
    fc.asyncProperty(
      pieces,
      times,
      fc.constantFrom("", `${start}settings: `, `${start}settings:\n `),
      async (piece, count, before) => void await holds(before + piece.repeat(count)),
    ),
    effort(30),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 120 }), fc.boolean(), async (depth, lists) => {
      const value = lists
        ? "[".repeat(depth) + "]".repeat(depth)
        : "{a: ".repeat(depth) + "1" + "}".repeat(depth);
      const outcome = await holds(`${start}settings: { deep: ${value} }\n`);
      if (outcome instanceof ConfigError) assert.match(outcome.message, "nested");
      // Accepted files are complete.
      else assert.is(JSON.stringify(outcome.settings["deep"]).match(/[[{]/g)?.length, depth);
      // The innermost map contains a value, which is a level as well.
      assert.is(outcome instanceof ConfigError, depth > (lists ? 49 : 48), `depth ${depth}`);
    }),
    effort(30),
  );
});

test("loadConfig() takes aliases up to its limit and refuses those that multiply or hold themselves", async () => {
  const start = `database: { url: "${URL}" }\nsettings:\n`;
  await fc.assert(
    fc.asyncProperty(fc.nat(150), async (count) => {
      const outcome = await holds(`${start}  a: &a { x: [1] }\n  b: [${"*a, ".repeat(count)}]\n`);

      assert.is(outcome instanceof ConfigError, count > 100);
      if (outcome instanceof ConfigError) return;
      assert.equal(outcome.settings["b"], Array.from({ length: count }, () => ({ x: [1] })));
    }),
    effort(20),
  );
  const bombs = [
    // The "billion laughs" attack.
    Array.from(
      { length: 12 },
      (_, i) => `  l${i}: &l${i} [${i === 0 ? "ha" : Array(9).fill(`*l${i - 1}`).join(", ")}]\n`,
    ).join(""),
    "  a: &a [*a]\n",
    "  a: &a { b: *a }\n",
    "  a: &a [*b]\n  b: &b [*a]\n",
    "  a: *later\n  later: &later 1\n",
    "  ? &a [x]\n  : *a\n",
    "  <<: &a { b: 1 }\n",
    "  *a : 1\n",
  ];
  for (const bomb of bombs) assert.instance(await holds(start + bomb), ConfigError, bomb);
});

test("loadConfig() keeps odd keys as keys and refuses one that stands twice", async () => {
  const start = `database: { url: "${URL}" }\nsettings:\n`;
  await fc.assert(
    fc.asyncProperty(text.filter((key) => key !== "" && key !== "<<"), async (key) => {
      const written = JSON.stringify(key);
      const once = await holds(`${start}  ${written}: { polluted: true }\n`);

      if (once instanceof ConfigError) throw once;
      assert.equal(Object.keys(once.settings), [key]);
      assert.is(({} as { polluted?: boolean }).polluted, undefined);

      const twice = await holds(`${start}  ${written}: 1\n  ${written}: 2\n`);
      assert.instance(twice, ConfigError);
      assert.match((twice as ConfigError).message, "twice");
      // A value may turn into a key.
      for (const secret of [`url:${URL}`, PASSWORD + key, key + PASSWORD]) {
        const unknown = await holds(`${start}  a: 1\n${JSON.stringify(secret)}: 1\n`);
        assert.instance(unknown, ConfigError);
        assert.match((unknown as ConfigError).message, "unknown");
      }
    }),
    effort(60),
  );
});

test("loadConfig() puts variables in as they are, and never shows one", async () => {
  const value = fc.oneof(
    text,
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constant("${SECRET}"),
  );
  await fc.assert(
    fc.asyncProperty(value, async (given) => {
      const env = { SECRET: PASSWORD, OTHER: given };
      const yaml = "database: { url: 'postgres://anna:${SECRET}@localhost' }\n";
      const outcome = await load(`${yaml}settings: { a: '<\${OTHER}>' }\n`, { env });

      if (outcome instanceof ConfigError) throw outcome;
      assert.is(outcome.settings["a"], `<${given}>`);
      assert.is(outcome.database.target.password(), PASSWORD);

      const wrong = [
        "logging: { level: '${SECRET}' }\n",
        "database: { url: '${SECRET}' }\n",
        "database: { url: 'postgres://${SECRET}:${OTHER}' }\n",
        "database: { url: 'postgres://a:${SECRET}@b:${SECRET}/' }\n",
        "database: { url: 'postgres://a@localhost?sslmode=${SECRET}' }\n",
        "database: { url: 'postgres://a@localhost?sslmode=verify-full', tls: { ca: '/no/${SECRET}' } }\n",
      ];
      for (const line of wrong) {
        const refused = await load(line.startsWith("database") ? line : yaml + line, { env });
        assert.instance(refused, ConfigError, line);
        assert.not.match(shown(refused), PIECE);
      }
    }),
    effort(40),
  );
});

test.run();
