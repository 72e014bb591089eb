/**
 * Logging in to a real server by each method that the layer supports, with each kind of certificate and
 * password, and the settings of the new session.
 */
import * as net from "node:net";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { connect, ConnectionError, type Database } from "netraven-db";
import { openConnection } from "../src/connection/open_connection.ts";
import { parseDatabaseUrl } from "../src/config/url.ts";
import { effort } from "./support/effort.ts";
import { startServer, type TestServer, whyNoCertificates } from "./support/server.ts";
import type { Certificate } from "./support/server_command.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("login methods", { timeout: 120_000 });
const PASSWORD = "pass/word é";
const noCertificates = await whyNoCertificates();
const noSocket = whyNoSocket();

/** Servers of failed tests. */
const closePoolers = new Set<() => Promise<void>>();
let server: TestServer;
let admin: Database;

/** The database selects the method, so roles need only a name. */
const HBA = [
  "local peering all peer map=here",
  "local all all scram-sha-256",
  "host trusting all 127.0.0.1/32 trust",
  "host clear all 127.0.0.1/32 password",
  "host hashed all 127.0.0.1/32 md5",
  "host closed all 127.0.0.1/32 reject",
  "hostssl encrypted all 127.0.0.1/32 scram-sha-256",
  "hostnossl encrypted all 127.0.0.1/32 reject",
  "hostnossl plain all 127.0.0.1/32 scram-sha-256",
  "hostssl plain all 127.0.0.1/32 reject",
];
const DATABASES = ["peering", "trusting", "clear", "hashed", "closed", "encrypted", "plain"];

/** Settings of the server that no session should have. */
const SERVER_SETTINGS = {
  bytea_output: "escape",
  client_connection_check_interval: "0",
  default_transaction_deferrable: "on",
  jit: "on",
  lc_monetary: "C.UTF-8",
  xmloption: "document",
};

/** Settings of every session. */
const STATED = {
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  array_nulls: "on",
  bytea_output: "hex",
  client_connection_check_interval: "5s",
  client_encoding: "UTF8",
  client_min_messages: "error",
  default_transaction_deferrable: "off",
  default_transaction_isolation: "read committed",
  extra_float_digits: "1",
  gin_fuzzy_search_limit: "0",
  jit: "off",
  lc_monetary: "C",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  xmlbinary: "base64",
  xmloption: "content",
} as const;

/** Settings of a role or a database. */
const CONTRARY: Readonly<Record<string, string>> = {
  DateStyle: "German, DMY",
  IntervalStyle: "iso_8601",
  TimeZone: "Asia/Tokyo",
  array_nulls: "off",
  bytea_output: "escape",
  client_encoding: "LATIN1",
  client_min_messages: "debug5",
  default_transaction_isolation: "serializable",
  extra_float_digits: "0",
  gin_fuzzy_search_limit: "5",
  standard_conforming_strings: "off",
  transform_null_equals: "on",
  xmlbinary: "hex",
};

test.before(async () => {
  server = await startServer({
    hba: HBA,
    // The user who runs the tests may log in as this role.
    ident: ["here /^.*$ methods"],
    socket: true,
    settings: { ...SERVER_SETTINGS, max_connections: "50" },
  });
  admin = await connect({ url: server.superuserUrl, logging: { level: "silent" } });
  for (const name of DATABASES) await admin.query(`create database ${name}`);
  await createRole("methods", PASSWORD);
  await createRole("unmapped", PASSWORD);
  await createRole("no_login", PASSWORD, "nologin");
  await createRole("prepared", "not yet");
  await createRole("pooled", PASSWORD);
  for (const [name, value] of Object.entries(CONTRARY)) {
    if (/DateStyle|TimeZone|encoding|strings/.test(name)) continue;
    await admin.query(`alter role pooled set ${name} = '${value}'`);
  }
  await admin.transaction(async (transaction) => {
    await transaction.query("set local password_encryption = 'md5'");
    await transaction.query(`create role old_fashioned login password '${PASSWORD}'`);
  });
});

test.after(async () => {
  for (const close of closePoolers) await close();
  await admin?.close();
  await server?.remove();
});

async function createRole(name: string, password: string, options = "login"): Promise<void> {
  await admin.query(`create role ${name} ${options} password '${password.replaceAll("'", "''")}'`);
}

/** Address and role of a login. */
interface Place {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly parameters?: string;
  /** Folder of a Unix socket, instead of 127.0.0.1. */
  readonly folder?: string | undefined;
  readonly port?: number;
}

function urlOf(
  {
    user = "methods",
    password = PASSWORD,
    database = "postgres",
    parameters = "",
    folder,
    port = server.port,
  }: Place,
): string {
  const host = folder === undefined ? "127.0.0.1" : "";
  const query = [folder === undefined ? "" : `host=${folder}`, parameters].filter((part) => part);
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}` +
    (query.length === 0 ? "" : `?${query.join("&")}`);
}

/** Logs in, and returns the role and whether the connection uses TLS. */
async function logIn(place: Place): Promise<{ user: string; encrypted: boolean }> {
  const db = await connect({ url: urlOf(place), logging: { level: "silent" }, pool: { size: 1 } });
  try {
    const { rows } = await db.query<{ user: string; encrypted: boolean }>(
      'select current_user::text as "user", ssl as encrypted from pg_stat_ssl ' +
        "where pid = pg_backend_pid()",
    );
    return rows[0]!;
  } finally {
    await db.close();
  }
}

/** Returns the error of a login. */
async function refusal(place: Place): Promise<ConnectionError> {
  const error = await rejection(logIn(place));
  assert.instance(error, ConnectionError, error.message);
  assert.not.match(error.message, PASSWORD);
  return error as ConnectionError;
}

const IN_PLAIN = { user: "methods", encrypted: false };
const ENCRYPTED = { user: "methods", encrypted: true };

// --- Methods

for (
  const [method, place] of [
    ["SCRAM", { database: "plain" }],
    ["SCRAM without the server's channel binding", { parameters: "channel_binding=disable" }],
    ["trust", { database: "trusting", password: "" }],
    ["clear text", { database: "clear" }],
    ["SCRAM where pg_hba.conf says md5", { database: "hashed" }],
  ] as const
) {
  test(`connect() logs in by ${method}, when there is no TLS`, async () => {
    const parameters = "parameters" in place
      ? `sslmode=disable&${place.parameters}`
      : "sslmode=disable";

    assert.equal(await logIn({ ...place, parameters }), IN_PLAIN);
    assert.equal(
      await logIn({ ...place, parameters: parameters.replace("disable", "prefer") }),
      IN_PLAIN,
    );
  });
}

test("connect() logs in by MD5, when the role's password is kept so", async () => {
  const { rows } = await admin.query(
    "select left(rolpassword, 3) as kept from pg_authid where rolname = 'old_fashioned'",
  );
  const place = { user: "old_fashioned", database: "hashed", parameters: "sslmode=disable" };

  const session = await logIn(place);
  const wrong = await refusal({ ...place, password: "wrong" });

  assert.equal(rows, [{ kept: "md5" }]);
  assert.is(session.user, "old_fashioned");
  assert.is(wrong.reason, "authentication");
  assert.is(wrong.sqlState, "28P01");
});

/** Why this process may open no Unix socket: Deno requires a permission for each path. */
function whyNoSocket(): string | undefined {
  try {
    net.connect("/nowhere/.s.PGSQL.5432").on("error", () => {}).destroy();
    return undefined;
  } catch (error) {
    return (error as Error).message.split(",")[0];
  }
}

if (noSocket === undefined) {
  test("connect() logs in over a Unix socket, by SCRAM and as the system's user", async () => {
    const folder = server.socketFolder;

    const byPassword = await logIn({ folder });
    const asUser = await logIn({ folder, database: "peering", password: "" });
    const unmapped = await refusal({ folder, database: "peering", user: "unmapped" });
    const wrong = await refusal({ folder, password: "wrong" });
    const bound = await refusal({ folder, parameters: "channel_binding=require" });

    assert.equal([byPassword, asUser], [IN_PLAIN, IN_PLAIN]);
    assert.equal([unmapped.reason, unmapped.sqlState], ["authentication", "28000"]);
    assert.equal([wrong.reason, wrong.sqlState], ["authentication", "28P01"]);
    assert.is(bound.reason, "untrusted");
    assert.match(bound.message, /the connection has no TLS.*channel_binding=require/);
  });
} else {
  test("connect() says that it may not open a Unix socket, when that is so", async () => {
    const error = await refusal({ folder: server.socketFolder });

    assert.is(error.reason, "forbidden");
    assert.match(error.message, /may not open the connection/);
  });
}

// --- Refusals

for (
  const [what, place, reason, sqlState] of [
    ["the password is wrong", { password: "wrong" }, "authentication", "28P01"],
    ["there is no password", { password: "" }, "authentication", "28P01"],
    [
      "the password in clear text is wrong",
      { database: "clear", password: "wrong" },
      "authentication",
      "28P01",
    ],
    ["the role does not exist", { user: "nobody_here" }, "authentication", "28P01"],
    ["the role may not log in", { user: "no_login" }, "authentication", "28000"],
    ["pg_hba.conf rejects the role", { database: "closed" }, "authentication", "28000"],
    ["the database does not exist", { database: "nowhere" }, "missing_database", "3D000"],
  ] as const
) {
  test(`connect() is told once that ${what}`, async () => {
    const pooler = await startPooler();
    const { port } = pooler;

    const errors = [
      await refusal({ ...place, parameters: "sslmode=disable", port }),
      await refusal({ ...place, parameters: "sslmode=prefer", port }),
    ];

    for (const error of errors) {
      assert.equal([error.reason, error.sqlState], [reason, sqlState]);
      assert.match(error.message, /^Cannot connect to \w+@127\.0\.0\.1:\d+\/\w+: [a-z]/);
    }
    assert.is(pooler.accepted(), 2);
    await pooler.close();
  });
}

test("connect() refuses every login without channel binding, when channel_binding=require and there is no TLS", async () => {
  for (const sslmode of ["disable", "prefer"]) {
    const parameters = `sslmode=${sslmode}&channel_binding=require`;
    for (const database of ["postgres", "trusting", "clear", "hashed"]) {
      const error = await refusal({ database, parameters });

      assert.is(error.reason, "untrusted", `${sslmode} ${database}`);
      assert.match(error.message, /channel_binding=require needs it/);
    }
  }
});

// --- TLS

const CERTIFICATES: readonly Certificate[] = [
  "rsa-sha256",
  "rsa-sha512",
  "rsa-pss",
  "ecdsa-sha384",
];

for (const kind of CERTIFICATES) {
  const name = `connect() binds the login to the server's certificate, when that is ${kind}`;
  if (noCertificates !== undefined) {
    test.skip(name, noCertificates);
    continue;
  }

  test(name, async () => {
    await server.certify(kind);

    for (const binding of ["require", "prefer", "disable"]) {
      for (const sslmode of ["require", "prefer"]) {
        const parameters = `sslmode=${sslmode}&channel_binding=${binding}`;
        assert.equal(await logIn({ parameters }), ENCRYPTED, parameters);
      }
    }
    assert.equal(await logIn({ database: "encrypted" }), ENCRYPTED);
    const wrong = await refusal({ password: "wrong", parameters: "channel_binding=require" });
    assert.equal([wrong.reason, wrong.sqlState], ["authentication", "28P01"]);
  });
}

if (noCertificates === undefined) {
  test("connect() logs in by each method over TLS, and refuses those without channel binding on request", async () => {
    await server.certify("rsa-sha256");

    for (const database of ["trusting", "clear", "hashed"]) {
      const parameters = "sslmode=require";
      const user = database === "hashed" ? "old_fashioned" : "methods";

      const session = await logIn({ user, database, parameters });
      const refused = await refusal({
        user,
        database,
        parameters: `${parameters}&channel_binding=require`,
      });

      assert.equal(session, { user, encrypted: true }, database);
      assert.is(refused.reason, "untrusted", database);
      assert.match(refused.message, /does not offer SCRAM-SHA-256-PLUS.*channel_binding=require/);
    }
  });

  test("connect() goes the other way as libpq does, when pg_hba.conf wants that", async () => {
    await server.certify("rsa-sha256");

    assert.equal(await logIn({ database: "plain", parameters: "sslmode=prefer" }), IN_PLAIN);
    assert.equal(await logIn({ database: "encrypted", parameters: "sslmode=allow" }), ENCRYPTED);
    const required = await refusal({ database: "plain", parameters: "sslmode=require" });
    const disabled = await refusal({ database: "encrypted", parameters: "sslmode=disable" });
    assert.equal([required.sqlState, disabled.sqlState], ["28000", "28000"]);
  });

  test("connect() logs in without channel binding, when the server's certificate is ed25519 and names no hash", async () => {
    await server.certify("ed25519");

    for (const binding of ["prefer", "disable"]) {
      const parameters = `sslmode=require&channel_binding=${binding}`;
      assert.equal(await logIn({ parameters }), ENCRYPTED);
    }
    const required = await refusal({ parameters: "sslmode=require&channel_binding=require" });
    assert.is(required.reason, "untrusted");
    assert.match(required.message, /certificate has no hash to bind to.*channel_binding=require/);
  });
} else {
  test.skip("connect() logs in over TLS by each method, and as libpq does", noCertificates);
}

// --- Passwords

const PASSWORDS: Readonly<Record<string, string>> = {
  "a composed accent": "caf\u00e9",
  "a decomposed accent": "cafe\u0301",
  "a no-break space": "pass\u00a0word",
  "a lone no-break space": "\u00a0",
  "a lone space": " ",
  "spaces at both ends": " pass word ",
  "a soft hyphen": "pass\u00adword",
  "a lone soft hyphen": "\u00ad",
  "a space without width": "pass\u200bword",
  "a joiner without width": "pass\u200dword",
  "a ligature": "\ufb01nance",
  "full-width letters": "\uff30\uff41\uff53\uff53",
  "half-width katakana": "\uff8a\uff9f\uff7d",
  "a fraction and a number in a circle": "\u00bd\u2460",
  "an emoji": "\u{1f600}word",
  "an emoji and a ligature": "\u{1f600}\ufb01",
  "a sign newer than Unicode 3.2": "\u20b9100",
  "a letter newer than Unicode 3.2 and a no-break space": "stra\u1e9ee\u00a0word",
  "a superscript letter newer than Unicode 3.2": "\u1d43word",
  "a control character": "pass\u0007word",
  "a control character and a ligature": "\ufb01\u0007",
  "a tabulator and a line break": "a\tb\nc\ufb01",
  "Hebrew": "\u05e9\u05dc\u05d5\u05dd",
  "Hebrew and a soft hyphen": "\u05e9\u05dc\u00ad\u05d5\u05dd",
  "Hebrew with points and a soft hyphen": "\u05e9\u05b8\u05dc\u00ad\u05d5\u05dd",
  "Hebrew and a digit": "\u05e9\u05dc1\u00ad",
  "Hebrew and Latin": "\u05e9\u05dcabc\u05dd",
  "Hebrew, Latin and a soft hyphen": "\u05e9\u05dcabc\u00ad\u05dd",
  "Arabic and a ligature": "\u0633\ufefb\u0645",
  "Arabic digits, a comma and a soft hyphen": "\u0660\u060c\u00ad\u0661",
  "Chinese": "\u5bc6\u7801",
  "a compatibility ideograph": "\uf900\ufa30",
  "Devanagari": "\u092a\u093e\u0938\u0935\u0930\u094d\u0921",
  "a quote, a backslash and a percent sign": "a'b\\c%d",
  "a comma and an equals sign": "a,b=c,d",
  "a character of private use": "\ue000\ufb01",
  "a tone mark that is forbidden": "a\u0340",
  "a thousand letters": "\u00e9".repeat(1000),
};

async function logInWith(password: string): Promise<void> {
  await admin.query(`alter role prepared password '${password.replaceAll("'", "''")}'`);
  const target = parseDatabaseUrl(urlOf({ user: "prepared", password }));
  const connection = await openConnection({ target, ca: undefined }, 30_000);
  await connection.end();
}

for (const [what, password] of Object.entries(PASSWORDS)) {
  test(`connect() logs in, when the password holds ${what}`, async () => {
    await logInWith(password);
  });
}

test("connect() logs in with the password in another form, when both mean the same", async () => {
  await admin.query("alter role prepared password 'caf\u00e9 \ufb01n'");

  for (
    const password of ["caf\u00e9 \ufb01n", "cafe\u0301 \ufb01n", "caf\u00e9\u00a0f\u00adi\u200dn"]
  ) {
    const { user } = await logIn({ user: "prepared", password });
    assert.is(user, "prepared");
  }
});

test("connect() logs in with whatever the server took for a password", async () => {
  const letters = fc.oneof(
    fc.constantFrom(
      ..."a1 \u00a0\u00ad\u00e9\u0301\ufb01\uff21\u05d0\u05d1\u0628\u0640\u20b9\u1e9e\u1d43",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ).filter((letter) => letter !== "\0" && letter.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: letters, minLength: 1, maxLength: 8 }), logInWith),
    effort(40),
  );
});

// --- The session

async function settingsOf(db: Database): Promise<Record<string, string>> {
  const names = Object.keys(STATED);
  const { rows } = await db.query<{ name: string; value: string }>(
    "select name, current_setting(name) as value from unnest($1::text[]) as name",
    [names],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

async function checkValues(db: Database): Promise<void> {
  const { rows: [row] } = await db.query(
    `select
      '\\x00ff41'::bytea as bytes,
      0.1::float8 + 0.2::float8 as sum,
      '2026-07-01 12:34:56.789+02'::timestamptz as at,
      '2026-02-01'::date::text as day,
      interval '1 day 2 hours'::text as span,
      $1::text[] as texts,
      '{null,"null"}'::text[] as nulls,
      null::integer = null as unknown,
      '\\n' as backslash,
      'é€😀' as letters`,
    [[null, "NULL", "a"]],
  );
  assert.equal({ ...row, bytes: [...(row as { bytes: Uint8Array }).bytes] }, {
    bytes: [0, 255, 65],
    sum: 0.30000000000000004,
    at: new Date("2026-07-01T10:34:56.789Z"),
    day: "2026-02-01",
    span: "1 day 02:00:00",
    texts: [null, "NULL", "a"],
    nulls: [null, "null"],
    unknown: null,
    backslash: "\\n",
    letters: "é€😀",
  });
}

for (
  const [whose, alter] of [
    ["role", "alter role contrary"],
    ["database", "alter database plain"],
    ["role in the database", "alter role contrary in database plain"],
  ] as const
) {
  test(`connect() has the settings that it states, when the ${whose} has others`, async () => {
    await admin.query("drop role if exists contrary");
    await createRole("contrary", PASSWORD);
    for (const [name, value] of Object.entries(CONTRARY)) {
      await admin.query(`${alter} set ${name} = ${name === "DateStyle" ? value : `'${value}'`}`);
    }
    const place = { user: "contrary", database: "plain", parameters: "sslmode=disable" };
    const db = await connect({ url: urlOf(place), logging: { level: "silent" } });

    const settings = await settingsOf(db);

    assert.equal(settings, STATED);
    await checkValues(db);
    await db.close();
    await admin.query("alter database plain reset all");
  });
}

/** A pooler that refuses a startup message, or a statement, with one of these names. */
async function startPooler(startup?: string, statement?: string) {
  const pairs = new Set<net.Socket>();
  const refused = { startups: 0, statements: 0 };
  let accepted = 0;
  const listener = net.createServer((client) => {
    const upstream = net.connect({ host: "127.0.0.1", port: server.port });
    let began = false;
    accepted++;
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      pairs.add(from);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
    }
    upstream.on("data", (chunk) => client.write(chunk));
    client.on("data", (chunk) => {
      const text = new TextDecoder("latin1").decode(chunk);
      if (!began && startup !== undefined && text.includes(`\0${startup}\0`)) {
        refused.startups++;
        client.end(refusalMessage("FATAL", "08P01"));
      } else if (statement !== undefined && text.startsWith("Q") && text.includes(statement)) {
        refused.statements++;
        client.write(refusalMessage("ERROR", "22023"));
        client.write(Uint8Array.of(0x5a, 0, 0, 0, 5, 0x49));
      } else upstream.write(chunk);
      began = true;
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as net.AddressInfo;
  const close = async () => {
    closePoolers.delete(close);
    pairs.forEach((socket) => socket.destroy());
    await new Promise((resolve) => listener.close(resolve));
  };
  closePoolers.add(close);
  return { port, refused, accepted: () => accepted, close };
}

function refusalMessage(severity: string, code: string): Uint8Array {
  const body = new TextEncoder().encode(`S${severity}\0V${severity}\0C${code}\0Mno\0\0`);
  const message = new Uint8Array(5 + body.length);
  message[0] = 0x45;
  new DataView(message.buffer).setUint32(1, 4 + body.length);
  message.set(body, 5);
  return message;
}

test("connect() states the settings by a statement, when a pooler refuses them in the startup message", async () => {
  const pooler = await startPooler("jit");
  const place = { user: "pooled", port: pooler.port, parameters: "sslmode=disable" };
  const db = await connect({ url: urlOf(place), logging: { level: "silent" } });

  const settings = await settingsOf(db);
  await checkValues(db);
  await Promise.all([1, 2, 3].map(() => db.query("select pg_sleep(0.1)")));

  assert.equal(settings, STATED);
  // The first connection detected the pooler; the others began with the statement.
  assert.is(pooler.refused.startups, 1);
  assert.ok(db.stats().size > 1);
  await db.close();
  await pooler.close();
});

test("connect() goes without the check of the client, when a server refuses that, too", async () => {
  const pooler = await startPooler("jit", "client_connection_check_interval");
  const place = { user: "pooled", port: pooler.port, parameters: "sslmode=disable" };
  const db = await connect({ url: urlOf(place), logging: { level: "silent" } });

  const settings = await settingsOf(db);

  assert.equal(settings, { ...STATED, client_connection_check_interval: "0" });
  await checkValues(db);
  assert.equal(pooler.refused, { startups: 1, statements: 1 });
  await db.close();
  await pooler.close();
});

test("connect() says what the server said, when a pooler refuses whatever way it is asked", async () => {
  const pooler = await startPooler("TimeZone");
  const place = { port: pooler.port, parameters: "sslmode=disable" };

  const error = await refusal(place);

  assert.equal([error.reason, error.sqlState], ["protocol", "08P01"]);
  assert.is(pooler.refused.startups, 3);
  await pooler.close();
});

test.run();
