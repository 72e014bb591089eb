/**
 * No password shows. One passes through every operation, every refusal and every fault, on a server that
 * logs all input; then the test searches all output for it. A control password proves that the search works
 * in each place.
 */
// Runs on the first server: it tests what the process gives away.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Buffer } from "node:buffer";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { format, inspect } from "node:util";
import { deserialize, serialize } from "node:v8";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import postgres from "postgres";
import * as assert from "uvu/assert";
import {
  connect,
  type ConnectOptions,
  credentialCreate,
  credentialDelete,
  credentialReveal,
  credentialSetPassword,
  type Database,
  type DatabaseError,
  keysCheck,
  keysRetire,
  keysRotate,
  keysStatus,
  Secret,
  vaultOf,
} from "netraven-db";
import { Vault } from "../src/vault/vault.ts";
import { credentialInsert, credentialPasswordSet } from "../src/generated/internal/credentials.ts";
import { keyRing } from "../src/vault/key_ring.ts";
import { SEALED_COLUMNS } from "../src/credentials/key_rotation.ts";
import { Canary, Haul, shown } from "./support/canary.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { describeAll } from "./support/every_query.ts";
import { testKeys } from "./support/keys.ts";
import { type Proxy, startProxy } from "./support/proxy.ts";
import { misuse, open, outcome, refusal, useCredentials, WHO } from "./support/secrecy.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { suite } from "./support/suite.ts";
import { until } from "./support/until.ts";

const test = suite("secrecy");
const TEMPLATE = "netraven_secrecy";
/** Everything that a server can log, with all parameters. */
const LOUD = {
  log_statement: "all",
  log_min_duration_statement: "0",
  log_min_messages: "debug2",
  log_min_error_statement: "debug5",
  log_parameter_max_length: "-1",
  log_parameter_max_length_on_error: "-1",
  log_error_verbosity: "verbose",
  log_connections: "on",
  log_disconnections: "on",
  log_lock_waits: "on",
  deadlock_timeout: "50ms",
  track_activity_query_size: "1MB",
};
const EXTENSIONS = {
  shared_preload_libraries: "pg_stat_statements,auto_explain",
  "pg_stat_statements.track": "all",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_verbose": "on",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_parameter_max_length": "-1",
};
const CHANNELS = ["query", "transaction", "acquire", "connection"].map((name) =>
  `netraven-db:${name}`
);

const canary = new Canary();
/** The control: it appears where the password must not. */
const control = new Canary();
/** A key of 32 bytes, which must not show either. */
const key = new Canary(`key-${new Canary().core}-end`);
/** Output that the running test has collected. */
let haul = new Haul();

let server: TestServer;
let hasExtensions = true;
let database: TestDatabase;
/** The superuser, whose statements are not logged. */
let root: postgres.Sql;
let watching: { stop(): Promise<void> };
let unpatch: () => void;
let db: Database;

const tell = (what: string, outcome: unknown) => haul.show(what, outcome);
const note = (message: unknown, name: unknown) => haul.show(`the channel ${String(name)}`, message);

function ring(...names: [string, ...string[]]) {
  return testKeys(names, { k1: Buffer.from(key.text) });
}

/** Logs every statement, because each counts as slow. */
function openVictim(options: ConnectOptions = {}): Promise<Database> {
  const say = (message: string) => haul.add("the log lines", message);
  return connect({
    url: `${database.url}?application_name=victim`,
    pool: { size: 4 },
    logging: { level: "debug", slowQuery: 0 },
    logger: { debug: say, info: say, warn: say, error: say },
    keys: ring("k1"),
    ...options,
  });
}

test.before(async () => {
  unpatch = watchOutput();
  server = await startServer({ settings: { ...LOUD, ...EXTENSIONS }, template: TEMPLATE })
    .catch(() => {
      hasExtensions = false;
      return startServer({ settings: LOUD, template: TEMPLATE });
    });
  database = await createDatabase({ url: server.url, template: TEMPLATE });
  const url = new URL(server.superuserUrl);
  url.pathname = `/${database.name}`;
  root = postgres(url.href, {
    max: 4,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      log_statement: "none",
      log_min_duration_statement: "-1",
      log_min_messages: "panic",
      ...(hasExtensions ? { "auto_explain.log_min_duration": "-1" } : {}),
    } as Record<string, string>,
  });
  if (hasExtensions) await root`create extension pg_stat_statements`;
  CHANNELS.forEach((channel) => subscribe(channel, note));
  watching = watchActivity();
  db = await openVictim();
});

test.after(async () => {
  await watching.stop();
  CHANNELS.forEach((channel) => unsubscribe(channel, note));
  await db.close();
  await root.end();
  await database.drop();
  await server.remove();
  unpatch();
});

test.before.each(() => {
  haul = new Haul();
});

test.after.each(() => {
  assert.equal(haul.hits(canary), [], "the password shows");
  assert.equal(haul.hits(key), [], "the key shows");
});

/** Records and prints the output of the process. */
function watchOutput(): () => void {
  const undo: (() => void)[] = [];
  const watch = (of: object, name: string, place: string) => {
    const target = of as Record<string, (...args: unknown[]) => unknown>;
    const original = target[name]!;
    target[name] = (...args) => {
      haul.add(place, format(...args));
      for (const arg of args) shown(arg).forEach((text) => haul.add(place, text));
      return original.apply(of, args);
    };
    undo.push(() => target[name] = original);
  };
  for (const name of ["debug", "log", "info", "warn", "error", "trace", "dir", "table"]) {
    watch(console, name, "the console");
  }
  watch(process.stdout, "write", "stdout");
  watch(process.stderr, "write", "stderr");
  return () => undo.forEach((work) => work());
}

/** Polls the server's sessions. */
function watchActivity(): { stop(): Promise<void> } {
  let stopped = false;
  const watch = async () => {
    while (!stopped) {
      const rows = await root<{ text: string }[]>`
        select distinct
          concat_ws(' ', usename, application_name, state, wait_event, query) as text
        from pg_stat_activity`;
      for (const { text } of rows) haul.add("pg_stat_activity", text);
      await sleep(5);
    }
  };
  const watched = watch();
  return {
    async stop() {
      stopped = true;
      await watched;
    },
  };
}

/** All recorded input of the server, and a dump of the database. */
async function collectFromServer(into: Haul): Promise<void> {
  into.add("the server's log", await server.log());
  if (hasExtensions) {
    const rows = await root<{ text: string }[]>`select s::text as text from pg_stat_statements s`;
    rows.forEach(({ text }) => into.add("pg_stat_statements", text));
  }
  // Each connection lists its own.
  await Promise.all(Array.from({ length: 4 }, () =>
    db.transaction(async (tx) => {
      await tx.query("select pg_sleep(0.02)");
      const { rows } = await tx.query<{ text: string }>(
        "select p::text as text from pg_prepared_statements p",
      );
      rows.forEach(({ text }) => into.add("pg_prepared_statements", text));
    })));
  const tables = await root<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v')`;
  for (const { name } of tables) {
    const rows = await root.unsafe(`select t::text as text from ${name} t`);
    rows.forEach(({ text }) => into.add(`a dump of ${name}`, text));
  }
}

test("the search finds a password in whatever form", () => {
  const { text } = control;
  const bytes = Buffer.from(text);
  const leaks: Record<string, string> = {
    "text": `x${text}x`,
    "JSON": JSON.stringify({ a: JSON.stringify([text]) }),
    "SQL": `'${text.replaceAll("'", "''")}'`,
    "URL": `postgres://u:${encodeURIComponent(text)}@h/`,
    "capitals": text.toUpperCase(),
    "backwards": [...text].reverse().join(""),
    "hex": bytes.toString("hex"),
    "hex of PostgreSQL": `\\x${bytes.toString("hex").toUpperCase()}`,
    "UTF-16": Buffer.from(text, "utf16le").toString("hex"),
    "UTF-16 read as Latin-1": Buffer.from(text, "utf16le").toString("latin1"),
    "a Buffer": inspect(bytes),
    "bytes": inspect(new Uint8Array(bytes)),
    "bytes as JSON": JSON.stringify(new Uint8Array(bytes)),
    "bytes as JSON in lines": JSON.stringify({ a: [...bytes] }, undefined, 2),
    "a list": String([...bytes]),
    "every sign escaped": [...bytes].map((byte) => `%${byte.toString(16)}`).join(""),
  };
  for (const before of ["", "a", "ab", "abc"]) {
    const moved = Buffer.from(before + text);
    leaks[`base64 after "${before}"`] = moved.toString("base64");
    leaks[`base64url after "${before}"`] = moved.toString("base64url");
  }

  const missed = Object.keys(leaks).filter((name) => control.formsIn(leaks[name]!).length === 0);

  assert.equal(missed, []);
  assert.equal(canary.formsIn(Object.values(leaks).join("\n")), []);
});

test("the search finds a password in every place where one passed", async () => {
  const { text } = control;
  const own = await openVictim();
  console.log(new Map([["control", text]]));
  await own.query(`select pg_sleep(0.05) /* ${text} */`);
  await outcome("an error", tell, () => Promise.reject(new Error("x", { cause: { text } })));
  tell("a Secret that was opened", new Secret(text).reveal());
  await own.query("insert into tags (name) values ($1)", [text]);
  await own.transaction(async (tx) => {
    await tx.query("select 1", [], { name: text });
  }, { name: text });
  // The two places that no name of a caller reaches.
  note({ event: text }, "netraven-db:connection");
  process.stdout.write(`\n${text}\n`);
  process.stderr.write(`\n${text}\n`);
  await own.close();
  await db.query(`select 1 /* ${text} */`);
  const found = new Haul();
  await collectFromServer(found);

  const places = [...haul.hits(control), ...found.hits(control)].map((hit) => hit.split(":")[0]);
  const expected = [
    "the console",
    "stdout",
    "stderr",
    "the log lines",
    "an error",
    "a Secret that was opened",
    "the channel netraven-db",
    "pg_stat_activity",
    "the server's log",
    "a dump of tags",
    "pg_prepared_statements",
    ...(hasExtensions ? ["pg_stat_statements"] : []),
  ];
  for (const place of expected) assert.ok(places.includes(place), `not found in ${place}`);
  for (const channel of CHANNELS) {
    assert.not.equal(control.formsIn(haul.of(`the channel ${channel}`)), [], channel);
  }
  const log = found.of("the server's log");
  assert.match(log, /parameters: \$1 = '/i, "the log has no parameters");
  // The server logs parameters since version 16.
  const plan = parseInt(server.version) < 16 ? /plan:\n/ : /Query Parameters: \$1 = '/;
  if (hasExtensions) assert.match(log, plan, "auto_explain is silent");
});

/** Content of a message to another thread. */
function sent(value: unknown): unknown {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const received = receiveMessageOnPort(port2);
  port1.close();
  return received;
}

test("Secret shows its text in no print, copy or comparison", async () => {
  const secret = new Secret(canary.text);
  const inOthers = [
    { password: secret },
    [secret],
    [[[[[secret]]]]],
    new Map([["password", secret]]),
    new Set([secret]),
    new Error("x", { cause: secret }),
    Object.assign(new Error("x"), { secret }),
    new AggregateError([secret]),
    { ...secret },
    Object.assign({}, secret),
    Object.entries(secret),
    Object.getOwnPropertyDescriptors(secret),
    structuredClone(secret),
    deserialize(serialize(secret)),
    Promise.resolve(secret),
    new Proxy(secret, {}),
    Object.create(secret),
    [secret].sort(),
    [secret, secret].join(),
    secret.valueOf(),
    secret.toLocaleString(),
    sent(secret),
  ];
  tell("a Secret", secret);
  inOthers.forEach((value) => tell("a Secret in something", value));
  for (const print of [console.log, console.error, console.dir, console.table]) print(secret);
  console.log("%s %o %O %j %d %i %f %c", secret, secret, secret, secret, secret, secret, secret);
  console.log(inOthers);
  const texts = [
    `${secret}`,
    "" + (secret as unknown as string),
    String(secret),
    JSON.stringify(secret),
    JSON.stringify({ secret }, undefined, 2),
    ...["%s", "%o", "%O", "%j", "%d", "%i", "%f"].map((sign) => format(sign, secret)),
    new URLSearchParams({ secret: secret as unknown as string }).toString(),
    encodeURIComponent(secret as unknown as string),
    btoa(secret as unknown as string),
  ];
  texts.forEach((text) => haul.add("a Secret's print", text));

  // This is an error as well: the bytes are not text.
  await refusal("no UTF-8", tell, () => {
    new Secret(Buffer.concat([Buffer.from(canary.text), Buffer.from([255])])).reveal();
  });
  assert.is(texts[0], "[redacted]");
  assert.is(texts[3], '"[redacted]"');
  assert.ok(secret.reveal() === canary.text);
});

test("no operation shows the password", async () => {
  const ids = await useCredentials(db, canary, tell);

  for (const id of ids) await open(db, id, canary, tell);
  for (const id of ids) await credentialDelete.one({ id }, db);
  await refusal("a deleted one", tell, () => credentialReveal({ id: ids[0]!, ...WHO }, db));
  await refusal(
    "a deleted one",
    tell,
    () => credentialSetPassword({ id: ids[0]!, password: canary.text }, db),
  );
});

test("no refusal shows the password", async () => {
  const { id } = await credentialCreate({ username: "u", password: canary.text }, db);

  await misuse(db, canary, id, tell);

  await open(db, id, canary, tell);
  const row = await (await vaultOf(db).ready()).seal(
    { table: "credentials", column: "password", uuid: crypto.randomUUID() },
    canary.text,
  );
  const uuid = crypto.randomUUID();
  await credentialInsert.one({ uuid, username: "twice", password: row }, db);
  await refusal(
    "a duplicate",
    tell,
    () => credentialInsert.one({ uuid, username: "twice", password: row }, db),
  );
});

test("every query that writes a sealed column takes envelopes alone", async () => {
  const described = await describeAll(db);
  for (const { table, column } of SEALED_COLUMNS) {
    const writes = new RegExp(
      `insert into ${table}\\s*\\([^)]*\\b${column}\\b|update ${table}\\s+set[^;]*\\b${column} =`,
    );
    const writers = described.filter(({ text }) => writes.test(text.replace(/--.*/g, "")));

    assert.ok(writers.length >= 3, `${table}.${column}: ${writers.length}`);
    for (const { query, fields } of writers) {
      assert.ok(fields.some(({ sealed }) => sealed), `${query.name} takes plain text`);
    }
  }
});

test("keys that do not fit do not show, and nor does what they sealed", async () => {
  const { id } = await credentialCreate({ username: "u", password: canary.text }, db);
  const wrong = { k1: new TextEncoder().encode("another key of exactly 32 bytes!") };
  const rings: [string, ConnectOptions["keys"]][] = [
    ["a wrong key", testKeys(["k1"], wrong)],
    ["a missing key", testKeys(["k2"])],
    ["a short key", testKeys(["k1"], { k1: Buffer.from(key.text.slice(1)) })],
    ["a bad name", testKeys([canary.text])],
    ["a bad name", {
      active: "k1",
      keyIds: ["k1", canary.text],
      key: () => Promise.resolve(Buffer.from(key.text)),
    }],
    ["no key", undefined],
    ["a failing provider", {
      active: "k1",
      keyIds: ["k1"],
      key: () => Promise.reject(new Error("the service is away")),
    }],
  ];
  for (const [what, keys] of rings) {
    const other = await openVictim({ keys });
    for (
      const work of [
        credentialReveal({ id, ...WHO }, other),
        credentialSetPassword({ id, password: canary.text }, other),
        keysRotate({}, other),
      ]
    ) {
      await refusal(what, tell, () => work);
    }
    await refusal(
      what,
      tell,
      () => credentialCreate({ username: "u", password: canary.text }, other),
    );
    await outcome(what, tell, () => keysCheck(other));
    await outcome(what, tell, () => keysStatus(other));
    await other.close();
  }
  for (const value of [canary.text, `${key.text}!`, Buffer.from(canary.text).toString("base64")]) {
    const provider = keyRing({
      active: "k1",
      sources: { k1: { env: "K1" } },
      variable: () => value,
    });
    await refusal("a variable that holds no key", tell, () => Vault.load(provider));
    const vault = { active: "k1", keys: { k1: { env: "K1" } } };
    const other = await openVictim({ keys: undefined, vault, env: { K1: value } });
    await refusal(
      "a variable that holds no key",
      tell,
      () => credentialReveal({ id, ...WHO }, other),
    );
    await other.close();
  }
  const env = { K1: Buffer.from(key.text).toString("base64") };
  const other = await openVictim({
    keys: undefined,
    vault: { active: "k1", keys: { k1: { env: "K1" } } },
    env,
  });
  await open(other, id, canary, tell);
  tell("a database with a key ring", other);
  await other.close();
});

test("rows that were changed or moved do not show the password", async () => {
  const [a, b] = await Promise.all(
    ["a", "b"].map((username) => credentialCreate({ username, password: canary.text }, db)),
  );
  const set = (id: number, expression: string) =>
    root.unsafe(`update credentials set password = ${expression} where id = ${id}`);
  await set(b!.id, `(select password from credentials where id = ${a!.id})`);
  await refusal("a moved one", tell, () => credentialReveal({ id: b!.id, ...WHO }, db));
  await set(a!.id, "left(password, -1) || 'A'");
  await outcome("a changed one", tell, () => credentialReveal({ id: a!.id, ...WHO }, db));
  await set(a!.id, "left(password, 30) || repeat('A', 60)");
  await refusal("a changed one", tell, () => credentialReveal({ id: a!.id, ...WHO }, db));
  await outcome("keysCheck()", tell, () => keysCheck(db));

  const next = await openVictim({ keys: ring("k2", "k1") });
  const rotated = await keysRotate({ batch: 2 }, next, {
    onProgress: (progress) => tell("progress", progress),
  });
  tell("keysRotate()", rotated);
  assert.ok(rotated.unopened.length >= 2 && rotated.rotated >= 1);
  await refusal("a key in use", tell, () => keysRetire({ keyId: "k1" }, next));
  for (const { id } of rotated.unopened) await credentialDelete.one({ id }, next);
  await outcome("keysRetire()", tell, () => keysRetire({ keyId: "k1" }, next));
  await refusal(
    "a retired key",
    tell,
    () => credentialCreate({ username: "u", password: canary.text }, db),
  );
  await next.close();
  await root`update encryption_keys set retired_at = null`;
  const back = await openVictim({ keys: ring("k1", "k2") });
  await keysRotate({}, back);
  await keysRetire({ keyId: "k2" }, back);
  await back.close();
});

/** Errors and results of each call, with the password in it. */
async function useOnce(of: Database, id: number, round: number): Promise<void> {
  const password = canary.text;
  const timeout = { timeout: 3_000 };
  await outcome(
    "under faults",
    tell,
    () =>
      round % 4 === 0
        ? credentialSetPassword({ id, password }, of, timeout)
        : round % 4 === 1
        ? credentialReveal({ id, ...WHO }, of, timeout)
        : round % 4 === 2
        ? credentialCreate({ username: "storm", password }, of, timeout)
        : of.transaction(async (tx) => {
          await credentialSetPassword({ id, password }, tx);
          await credentialCreate({ username: "storm", password }, tx);
        }, timeout),
  );
}

/** Runs callers without pause until the faults are over. Returns the number of failed calls. */
async function underFaults(of: Database, faults: () => Promise<void>): Promise<number> {
  const { id } = await credentialCreate({ username: "load", password: canary.text }, db);
  let running = true;
  let round = 0;
  const before = of.stats().discarded;
  const load = Array.from({ length: 8 }, async () => {
    while (running) await useOnce(of, id, round++);
  });
  await faults();
  running = false;
  await Promise.all(load);
  await open(db, id, canary, tell);
  return of.stats().discarded - before;
}

/** A database behind a proxy. */
async function behindProxy(work: (db: Database, proxy: Proxy) => Promise<void>): Promise<void> {
  const proxy = await startProxy(database.url);
  const victim = await openVictim({
    url: proxy.url("victim"),
    timeouts: { connect: 1_000, acquire: 2_000, statement: 1_000, transaction: 3_000 },
  });
  try {
    await work(victim, proxy);
  } finally {
    await victim.close({ drain: 0 });
    await proxy.close();
  }
}

test("a storm of resets does not show the password", async () => {
  await behindProxy(async (victim, proxy) => {
    const lost = await underFaults(victim, async () => {
      for (let storm = 0; storm < 8; storm++) {
        await sleep(60);
        proxy.reset();
      }
    });
    assert.ok(lost > 0, "no connection was lost");
  });
});

test("killed sessions do not show the password", async () => {
  const victim = await openVictim({ url: `${database.url}?application_name=killed` });
  const lost = await underFaults(victim, async () => {
    for (let kill = 0; kill < 8; kill++) {
      await sleep(60);
      await root`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed'`;
    }
  });
  assert.ok(lost > 0, "no connection was lost");
  await victim.close();
});

test("lost answers and a silent network do not show the password", async () => {
  await behindProxy(async (victim, proxy) => {
    const password = canary.text;
    const { id } = await credentialCreate({ username: "u", password }, victim);
    for (const bytes of [0, 1, 7, 40, 120, 300]) {
      for (
        const work of [
          () => credentialReveal({ id, ...WHO }, victim),
          () => credentialSetPassword({ id, password }, victim),
          () => credentialCreate({ username: "u", password }, victim),
        ]
      ) {
        await victim.ping();
        proxy.cutAfter(bytes);
        await outcome("an answer that was cut", tell, work);
        proxy.pass();
      }
    }
    for (const what of ["answer", "commit"] as const) {
      proxy.loseCommit(what);
      await refusal(
        "a lost commit",
        tell,
        () => victim.transaction((tx) => credentialSetPassword({ id, password }, tx)),
      );
      proxy.pass();
    }
    proxy.stall();
    const timeout = { timeout: 150 };
    await Promise.all([
      refusal("a silent network", tell, () => credentialReveal({ id, ...WHO }, victim, timeout)),
      refusal(
        "a silent network",
        tell,
        () => credentialSetPassword({ id, password }, victim, timeout),
      ),
      refusal(
        "a silent network",
        tell,
        () => credentialCreate({ username: "u", password }, victim, timeout),
      ),
    ]);
    proxy.pass();
    await proxy.refuse();
    proxy.reset();
    await refusal(
      "a server that is away",
      tell,
      () => credentialCreate({ username: "u", password }, victim, { timeout: 300 }),
    );
  });
});

test("locks, timeouts, deadlocks and aborts do not show the password", async () => {
  const password = canary.text;
  const victim = await openVictim({ pool: { size: 2 } });
  const [a, b] = await Promise.all(
    ["a", "b"].map((username) => credentialCreate({ username, password }, victim)),
  );
  const isWaiting = async () => {
    const rows = await root`select from pg_stat_activity where wait_event_type = 'Lock'`;
    return rows.length > 0;
  };
  const locked = async (work: () => Promise<void>) => {
    await root.begin(async (sql) => {
      await sql`select from credentials where id = ${a!.id} for update`;
      await work();
    });
  };

  await locked(async () => {
    const timeout = { timeout: 150 };
    const names = { lock_timeout: "100ms", statement_timeout: "100ms" };
    await refusal(
      "a deadline",
      tell,
      () => credentialSetPassword({ id: a!.id, password }, victim, timeout),
    );
    for (const [name, value] of Object.entries(names)) {
      await refusal(`the server's ${name}`, tell, () =>
        victim.transaction(async (tx) => {
          await tx.query(`set local ${name} = '${value}'`);
          await credentialSetPassword({ id: a!.id, password }, tx);
        }));
    }
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = refusal(
      "an abort",
      tell,
      () => credentialSetPassword({ id: a!.id, password }, victim, { signal }),
    );
    await until("it waits for the lock", isWaiting);
    controller.abort();
    await aborted;
    await until("the server has stopped it", async () => !await isWaiting());
    const canceled = refusal(
      "a cancel",
      tell,
      () => credentialSetPassword({ id: a!.id, password }, victim),
    );
    await until("it waits for the lock", isWaiting);
    await root`select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`;
    await canceled;

    const holders = ["first", "second"].map((name) =>
      outcome(
        "a holder of the pool",
        tell,
        () =>
          victim.transaction((tx) => credentialSetPassword({ id: a!.id, password }, tx), {
            name,
            timeout: 2_000,
          }),
      )
    );
    await until("the pool is exhausted", () => victim.stats().busy === 2);
    await refusal(
      "an exhausted pool",
      tell,
      () => credentialCreate({ username: "u", password }, victim, { timeout: 50 }),
    );
    await until("it waits for the lock", isWaiting);
    await victim.close({ drain: 50 });
    await Promise.all(holders);
    await refusal(
      "a closed database",
      tell,
      () => credentialCreate({ username: "u", password }, victim),
    );
  });

  const both = async (first: number, second: number) => {
    await db.transaction(async (tx) => {
      await credentialSetPassword({ id: first, password }, tx);
      begun++;
      await until("both have begun", () => begun === 2);
      await credentialSetPassword({ id: second, password }, tx);
    });
  };
  let begun = 0;
  const ends = await Promise.all([
    outcome("a deadlock", tell, () => both(a!.id, b!.id)),
    outcome("a deadlock", tell, () => both(b!.id, a!.id)),
  ]);
  assert.ok(ends.some((end) => (end as DatabaseError)?.sqlState === "40P01"), "no deadlock");
  await outcome(
    "a read-only transaction",
    tell,
    () =>
      db.transaction((tx) => credentialSetPassword({ id: a!.id, password }, tx), {
        readOnly: true,
      }),
  );
  const conflict = await outcome("a conflict", tell, () =>
    db.transaction(async (tx) => {
      await tx.query("select count(*) from credentials");
      await credentialSetPassword({ id: a!.id, password }, db);
      await credentialSetPassword({ id: a!.id, password }, tx);
    }, { isolation: "serializable" }));
  assert.is((conflict as DatabaseError).sqlState, "40001");
  assert.match(haul.of("pg_stat_activity"), /update credentials\s+set password = \$1/);
});

test("a password from before there were keys shows in no error and not in the server's log", async () => {
  const legacy = new Canary();
  const { id } = await credentialCreate({ username: "old", password: "new" }, db);
  await root.begin(async (sql) => {
    await sql`alter domain sealed_text drop constraint sealed_text_is_an_envelope`;
    await sql`update credentials set password = ${legacy.text}::text where id = ${id}`;
    await sql.unsafe(
      `alter domain sealed_text add constraint sealed_text_is_an_envelope
       check (value ~ '^nr1\\.[a-z0-9][a-z0-9_-]{0,62}\\.[A-Za-z0-9_-]{38,}$') not valid`,
    );
  });

  const error = await refusal("an unsealed one", tell, () => credentialReveal({ id, ...WHO }, db));
  await outcome("keysStatus()", tell, () => keysStatus(db));
  await outcome("keysCheck()", tell, () => keysCheck(db));
  await outcome("keysRotate()", tell, () => keysRotate({}, db));
  await refusal(
    "of the old one",
    tell,
    () => credentialPasswordSet.one({ id, password: legacy.text }, db),
  );

  assert.is((error as { reason?: string }).reason, "not_sealed");
  assert.equal(haul.hits(legacy), []);
  assert.equal(legacy.formsIn(await server.log()), []);
  await credentialSetPassword({ id, password: canary.text }, db);
  await open(db, id, canary, tell);
});

test("a password in SQL of the caller's own is refused, and only the server's log shows it", async () => {
  const stray = new Canary();
  const insert = "insert into credentials (uuid, username, password) values ($1, 'u', $2)";
  const statements: readonly [string, unknown[]][] = [
    [insert, [crypto.randomUUID(), stray.text]],
    ["update credentials set password = $1", [stray.text]],
    ["select ($1::text)::integer", [stray.text]],
    ["select ($1::text)::jsonb", [stray.text]],
    ["insert into tags (name) values ($1), ($1)", [stray.text]],
    [`select 1 as "a" from tags where name = '${stray.core}'::integer::text`, []],
    [`selec '${stray.core}'`, []],
  ];

  for (const [sql, values] of statements) {
    await refusal("SQL of the caller's own", tell, () => db.query(sql, values));
    await refusal("in a transaction", tell, () => db.transaction((tx) => tx.query(sql, values)));
  }

  const places = haul.hits(stray).filter((hit) => !hit.startsWith("pg_stat_activity"));
  assert.equal(places, []);
  // Only the caller knows that this is a password.
  assert.not.equal(stray.formsIn(await server.log()), []);
});

test("the server's log, its statistics and a dump do not hold the password", async () => {
  const { id, uuid } = await credentialCreate({ username: "last", password: canary.text }, db);
  await credentialReveal({ id, ...WHO }, db);
  const found = new Haul();
  await collectFromServer(found);

  assert.equal(found.hits(canary), []);
  assert.equal(found.hits(key), []);
  // The search covered the sent values.
  const [row] = await root`select password::text as sealed from credentials where id = ${id}`;
  const log = found.of("the server's log");
  assert.ok(log.includes(row!["sealed"]) && log.includes(uuid), "the envelope is not in the log");
  assert.ok(found.of("a dump of credentials").includes(row!["sealed"]));
  assert.match(haul.of("the log lines"), /CredentialSecretGet: 1 row/);
});

test.run();
