/** The settings cache: environment overrides database overrides YAML, and staleness is bounded. */
// Runs on the first server: it tests the cache, whatever the server's version.
import process from "node:process";
import * as assert from "uvu/assert";
import {
  ConfigError,
  ConflictError,
  connect,
  type Database,
  ParameterError,
  type StandardSchema,
} from "netraven-db";
import { settingUpsert } from "../src/generated/internal/system_settings.ts";
import { loadConfig } from "../src/config/load.ts";
import { openConnection } from "../src/connection/open_connection.ts";
import { SettingsFeed } from "../src/settings/feed.ts";
import type { Connection } from "../src/connection/connection.ts";
import { createDatabase } from "./support/database.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("settings");
let database: Awaited<ReturnType<typeof createDatabase>>;
/** Two processes, from the view of the database. */
let here: Database;
let there: Database;

test.before(async () => {
  database = await createDatabase();
});

test.before.each(async () => {
  const options = {
    url: database.url,
    pool: { size: 2 },
    logging: { level: "silent" },
    settings: { from_yaml: 1, in_both: "yaml", list: [1, { deep: true }] },
  } as const;
  here = await connect(options);
  there = await connect(options);
  await here.query("delete from system_settings");
});

test.after.each(async () => {
  await here.close();
  await there.close();
});

test.after(async () => {
  await database.drop();
});

function listening(db: Database): Promise<void> {
  return until("it listens", () => db.settings.freshness().mode === "listening");
}

test("get() prefers the row to YAML and gives undefined for neither", async () => {
  await here.settings.set("in_both", "row");

  assert.is(await here.settings.get("from_yaml"), 1);
  assert.is(await here.settings.get("in_both"), "row");
  assert.is(await here.settings.get("nowhere"), undefined);
});

test("get() prefers the environment to the row, as JSON where it reads as such", async () => {
  await here.settings.set("in_both", "row");
  const values: [string, unknown][] = [["42", 42], ["true", true], ["plain text", "plain text"], [
    '{"a":[1]}',
    { a: [1] },
  ], ["", ""]];

  for (const [text, value] of values) {
    process.env["NETRAVEN_SETTING_IN_BOTH"] = text;
    const db = await connect({ url: database.url, logging: { level: "silent" } });
    assert.equal(await db.settings.get("in_both"), value);
    await db.close();
  }
  delete process.env["NETRAVEN_SETTING_IN_BOTH"];

  assert.is(await here.settings.get("in_both"), "row");
});

test("get() reads all rows once, however many ask at first", async () => {
  await there.settings.set("a", 1);
  const lines: string[] = [];
  const note = (line: string) => lines.push(line);
  const fresh = await connect({
    url: database.url,
    logging: { level: "debug" },
    logger: { debug: note, info: note, warn: note, error: note },
  });

  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => fresh.settings.get(i % 2 ? "a" : "nowhere")),
  );
  const reads = lines.filter((line) => /^Setting(List|GetMany|Get):/.test(line));

  assert.equal([...new Set(answers)], [undefined, 1]);
  assert.is(reads.length, 1, reads.join("\n"));
  await fresh.close();
});

test("get() costs no round trip and the same promise once warm", async () => {
  await here.settings.set("a", 1);
  await here.settings.get("a");
  await listening(here);
  await until("it is warm", async () => {
    await here.settings.get("a");
    return here.settings.get("a") === here.settings.get("a");
  });

  // A read that asks the server would wait, because the only other connection is busy.
  let free = 0;
  const enough = new AbortController();
  const busy = [1, 2].map(() =>
    rejection(here.query("select pg_sleep(60)", [], { signal: enough.signal }))
      .finally(() => free++)
  );
  for (let i = 0; i < 1000; i++) assert.is(await here.settings.get("a"), 1);

  assert.is(free, 0, "a read waited for a connection");
  enough.abort();
  await Promise.all(busy);
});

test("get() gives frozen values", async () => {
  await here.settings.set("object", { list: [{ deep: 1 }] });
  const object = await here.settings.get("object") as { list: { deep: number }[] };
  const yaml = await here.settings.get("list") as unknown[];

  assert.throws(() => {
    object.list[0]!.deep = 2;
  }, TypeError);
  assert.throws(() => yaml.push(1), TypeError);
});

test("get() sees another process's write soon, and never an older one after it", async () => {
  await there.settings.set("a", 0);
  await here.settings.get("a");
  await listening(here);

  let seen = 0;
  for (let value = 1; value <= 50; value++) {
    await there.settings.set("a", value);
    await until(`${value} is seen`, async () => {
      const now = await here.settings.get("a") as number;
      assert.ok(now >= seen, `went back from ${seen} to ${now}`);
      seen = now;
      return now === value;
    }, 2000);
  }
});

test("get() sees its own process's write at once", async () => {
  for (let value = 0; value < 50; value++) {
    await here.settings.set("a", value);
    assert.is(await here.settings.get("a"), value);
  }
});

test("get() ends on the last of a burst of writes by several", async () => {
  await here.settings.get("a");
  await listening(here);

  await Promise.all([here, there].map(async (db, i) => {
    for (let n = 0; n < 200; n++) await db.settings.set("a", `${i}.${n}`);
  }));
  await there.settings.set("a", "last");

  await until("the last is seen", async () => await here.settings.get("a") === "last");
});

test("get() is unchanged by a write that was rolled back", async () => {
  await here.settings.set("a", "kept");
  await here.settings.get("a");

  await rejection(there.transaction(async (tx) => {
    await settingUpsert.run({ key: "a", value: "lost" }, tx);
    throw new Error("undo");
  }));

  await there.settings.set("marker", 1);
  await until("the marker is seen", async () => await here.settings.get("marker") === 1);
  assert.is(await here.settings.get("a"), "kept");
});

test("get() makes good what was written while its listener was dead", async () => {
  await here.settings.set("a", "before");
  await here.settings.get("a");
  await listening(here);
  const listener =
    "select pid from pg_stat_activity where datname = current_database() and query like '%listen%' and pid <> pg_backend_pid()";

  // The cache misses the second write, because it does not listen yet.
  await there.query(`select pg_terminate_backend(pid) from (${listener}) as listeners`);
  await there.query(
    "insert into system_settings (key, value) values ('a', '\"gap\"') on conflict (key) do update set value = excluded.value",
  );

  await until("the gap is made good", async () => await here.settings.get("a") === "gap", 8000);
  await listening(here);
});

test("get() hears of a write after whatever else was said on its channel", async () => {
  await there.settings.get("a");
  await listening(there);
  for (const payload of ["null", "7", "[]", '"a"', "{", "", '{"key":null}', '{"greeting":{}}']) {
    await here.query("select pg_notify('netraven_settings', $1)", [payload]);
  }
  await here.settings.set("a", "said last");

  await until("it is known", async () => await there.settings.get("a") === "said last");
  assert.is(there.settings.freshness().mode, "listening");
});

test("get() checks and types with a Standard Schema", async () => {
  const days: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof value === "number" && value > 0
          ? { value }
          : { issues: [{ message: `no days: ${String(value)}` }] },
    },
  };
  await here.settings.set("days", 30);
  const value: number = await here.settings.get("days", days);
  await here.settings.set("days", "secret text");
  const error = await rejection(here.settings.get("days", days));

  assert.is(value, 30);
  assert.instance(error, ConfigError);
  assert.match(error.message, /settings\.days/);
  assert.not.match(error.message, /secret/);
});

test("set() refuses a version that is not the row's, and says so", async () => {
  const { version } = await here.settings.set("a", 1);
  const next = await there.settings.set("a", 2, { ifVersion: version });
  const stale = await rejection(here.settings.set("a", 3, { ifVersion: version }));
  const exists = await rejection(here.settings.set("a", 3, { ifVersion: 0 }));
  const missing = await rejection(here.settings.set("b", 3, { ifVersion: 7 }));
  await here.settings.set("b", 3, { ifVersion: 0 });

  assert.ok(next.version > version);
  for (const error of [stale, exists, missing]) assert.instance(error, ConflictError);
  assert.is(await here.settings.get("a"), 2);
  assert.is(await here.settings.get("b"), 3);
});

test("set() lets one of many writers of the same version win", async () => {
  const { version } = await here.settings.set("a", "start");

  const outcomes = await Promise.allSettled(
    Array.from(
      { length: 10 },
      (_, i) => [here, there][i % 2]!.settings.set("a", i, { ifVersion: version }),
    ),
  );

  assert.is(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

test("set() stores every JSON value, null included, and refuses undefined", async () => {
  for (const value of [null, false, 0, "", "null", [], {}, { a: null }]) {
    await here.settings.set("a", value);
    assert.equal(await here.settings.get("a"), value);
  }
  const error = await rejection(here.settings.set("a", undefined as unknown as null));

  assert.instance(error, ParameterError);
});

test("delete() brings YAML back and tells whether there was a row", async () => {
  await here.settings.set("in_both", "row");

  assert.is(await here.settings.delete("in_both"), true);
  assert.is(await here.settings.delete("in_both"), false);
  assert.is(await here.settings.get("in_both"), "yaml");
});

test("delete() reaches other processes", async () => {
  await here.settings.set("in_both", "row");
  await there.settings.get("in_both");
  await listening(there);

  await here.settings.delete("in_both");

  await until("YAML is back there", async () => await there.settings.get("in_both") === "yaml");
});

test("entries() lists every setting with its source", async () => {
  await here.settings.set("in_both", "row", { description: "what it does" });
  await here.settings.set("row_only", [1]);

  const entries = await here.settings.entries();

  assert.equal(
    entries.map(({ key, value, source, description }) => ({ key, value, source, description })),
    [
      { key: "from_yaml", value: 1, source: "default", description: undefined },
      { key: "in_both", value: "row", source: "database", description: "what it does" },
      { key: "list", value: [1, { deep: true }], source: "default", description: undefined },
      { key: "row_only", value: [1], source: "database", description: undefined },
    ],
  );
});

test("onChange() tells of writes and deletes elsewhere, until it is ended", async () => {
  const seen: unknown[] = [];
  const stop = here.settings.onChange((change) => seen.push(change));
  here.settings.onChange(() => {
    throw new Error("a callback that throws");
  });
  await listening(here);

  await there.settings.set("a", 1);
  await until("the write is told", () => seen.length === 1);
  await there.settings.delete("a");
  await until("the delete is told", () => seen.length === 2);
  stop();
  await there.settings.set("b", 1);
  await until("the write is seen", async () => await here.settings.get("b") === 1);

  assert.equal(seen, [{ key: "a", value: 1 }, { key: "a", value: undefined }]);
});

test("get() asks for the versions where notifications do not arrive", async () => {
  // As behind a transaction pooler: LISTEN succeeds, but no notification arrives.
  const deaf = await createDatabase();
  const setup = await connect({ url: deaf.url });
  await setup.query("create schema deaf");
  await setup.query(
    "create function deaf.pg_notify(text, text) returns void language sql as 'select'",
  );
  await setup.query(`alter database ${deaf.name} set search_path = deaf, pg_catalog, public`);
  await setup.close();
  const [reader, writer] = await Promise.all(
    [1, 2].map(() => connect({ url: deaf.url, logging: { level: "silent" } })),
  );

  await writer!.settings.set("a", 1);
  assert.is(await reader!.settings.get("a"), 1);
  await until("a write is seen", async () => {
    await writer!.query("update system_settings set value = '2'");
    return await reader!.settings.get("a") === 2;
  });
  await until("a delete is seen", async () => {
    await writer!.query("delete from system_settings");
    return await reader!.settings.get("a") === undefined;
  });

  const { mode, age } = reader!.settings.freshness();
  assert.is(mode, "polling");
  assert.ok(age < 20_000);
  await Promise.all([reader!.close(), writer!.close()]);
  await deaf.drop();
});

test("get() keeps answering from memory when the server is away", async () => {
  await here.settings.set("a", 1);
  await here.settings.get("a");
  await listening(here);
  await here.close();

  assert.is(await here.settings.get("a"), 1);
});

test("a listener that is lost while it greets itself is no sign of a pooler: the next one listens", async () => {
  const config = (await loadConfig({ url: database.url })).database;
  const listeners: Connection[] = [];
  const greeter = Object.create(here, {
    query: {
      value: async (...[text, values, options]: Parameters<Database["query"]>) => {
        // Nobody receives the greeting of the first one.
        if (options?.name !== "SettingGreeting" || listeners.length > 1) {
          return await here.query(text, values, options);
        }
        listeners[0]!.discard();
        return { rows: [], rowCount: 0 };
      },
    },
  }) as Database;
  const warnings: string[] = [];
  const logger = { ...console, warn: (line: string) => warnings.push(line) };
  const feed = new SettingsFeed(
    greeter,
    async (onNotify) => {
      const connection = await openConnection(config, 5_000, onNotify);
      listeners.push(connection);
      return connection;
    },
    logger,
    { changed: () => {}, known: () => ({ count: 0, version: 0 }) },
  );

  feed.start();
  try {
    await until("it listens", () => feed.freshness().mode === "listening", 20_000);
  } finally {
    await feed.close();
  }

  assert.equal(warnings, []);
  assert.is(listeners.length, 2);
});

test("A transaction reads the settings through itself, where it holds the only connection", async () => {
  await using one = await connect({
    url: database.url,
    pool: { size: 1 },
    timeouts: { acquire: 1000 },
    logging: { level: "silent" },
  });
  await one.transaction(async (tx) => {
    await settingUpsert.run({ key: "seen_inside", value: [1] }, tx);

    assert.equal(await tx.settings.get("seen_inside"), [1]);
    assert.is(await tx.settings.get("not_there"), undefined);
    await tx.transaction(async (part) => {
      assert.equal(await part.settings.get("seen_inside"), [1]);
    });
  });
  assert.equal(await one.settings.get("seen_inside"), [1]);
});

test.run();
