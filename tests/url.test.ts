// Runs on the first server: it asks none.
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { ConfigError } from "../src/errors.ts";
import {
  type ChannelBindingMode,
  formatTarget,
  parseDatabaseUrl,
  type SslMode,
} from "../src/config/url.ts";
import { suite } from "./support/suite.ts";

const test = suite("url");

/** No message contains three consecutive characters of it by chance. */
const CANARY = "Zq7Xk9Wv2Jb5Y";

function refusal(url: string): ConfigError {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    assert.instance(error, ConfigError);
    return error as ConfigError;
  }
  throw new Error("The URL was taken");
}

function refuses(url: string, message: RegExp): void {
  assert.match(refusal(url).message, message);
}

/** Returns the longest part of the canary, from three characters, that any printable form of a value shows. */
function leak(value: unknown): string | undefined {
  const shown = [
    inspect(value, { depth: 9, showHidden: true }),
    JSON.stringify(value),
    JSON.stringify(value, Object.getOwnPropertyNames(Object(value))),
    value instanceof Error ? `${value.message} ${value.stack} ${value.cause}` : "",
  ].join(" ");
  for (let length = CANARY.length; length >= 3; length -= 1) {
    for (let start = 0; start + length <= CANARY.length; start += 1) {
      const part = CANARY.slice(start, start + length);
      if (shown.includes(part)) return part;
    }
  }
  return undefined;
}

/** Numbers in [0, 1), repeatable in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T>(next: () => number, from: readonly T[]): T {
  return from[Math.floor(next() * from.length)]!;
}

test("parseDatabaseUrl() reads every part, when all are there", () => {
  const target = parseDatabaseUrl(
    "postgresql://anna:pa%40ss@db.example.com:6543/net%20raven?sslmode=verify-ca&sslrootcert=%2Fetc%2Fca.pem" +
      "&application_name=a%26b&connect_timeout=7&channel_binding=require",
  );

  assert.equal({ ...target, password: target.password() }, {
    host: "db.example.com",
    port: 6543,
    user: "anna",
    database: "net raven",
    applicationName: "a&b",
    connectTimeout: 7000,
    sslMode: "verify-ca",
    sslRootCert: "/etc/ca.pem",
    channelBinding: "require",
    password: "pa@ss",
  });
});

test("parseDatabaseUrl() fills in defaults, when only user and host are there", () => {
  const target = parseDatabaseUrl("postgres://anna@localhost");

  assert.equal({ ...target, password: target.password() }, {
    host: "localhost",
    port: 5432,
    user: "anna",
    database: "anna",
    applicationName: undefined,
    connectTimeout: undefined,
    sslMode: "prefer",
    sslRootCert: undefined,
    channelBinding: "prefer",
    password: "",
  });
});

const HOSTS: readonly (readonly [string, string])[] = [
  ["localhost", "localhost"],
  ["db_1", "db_1"],
  ["db.example.com.", "db.example.com."],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["127.0.0.1", "127.0.0.1"],
  ["[::1]", "::1"],
  ["[2001:db8::ffff:192.0.2.1]", "2001:db8::ffff:192.0.2.1"],
  ["%2Fvar%2Frun%2Fpostgresql", "/var/run/postgresql"],
];
for (const [written, host] of HOSTS) {
  test(`parseDatabaseUrl() takes the host ${written}, when a port follows or not`, () => {
    const bare = parseDatabaseUrl(`postgres://u:p@${written}/d`);
    const withPort = parseDatabaseUrl(`postgres://u:p@${written}:1/d`);

    assert.is(bare.host, host);
    assert.is(bare.port, 5432);
    assert.is(withPort.host, host);
    assert.is(withPort.port, 1);
  });
}

test("parseDatabaseUrl() takes the host from its parameter, when the host's place is empty", () => {
  const folder = parseDatabaseUrl("postgres://u@:5433/d?host=/var/run/postgresql");
  const name = parseDatabaseUrl("postgres://u@/d?host=db.example.com");
  const address = parseDatabaseUrl("postgres://u@/d?host=::1");

  assert.is(folder.host, "/var/run/postgresql");
  assert.is(folder.port, 5433);
  assert.is(name.host, "db.example.com");
  assert.is(address.host, "::1");
});

test("parseDatabaseUrl() splits user and password at the first colon, when the password holds more", () => {
  const target = parseDatabaseUrl("postgres://u:a:b:c@h/d");

  assert.is(target.user, "u");
  assert.is(target.password(), "a:b:c");
});

test("parseDatabaseUrl() keeps a plus sign, when it stands in user, password or parameter", () => {
  const target = parseDatabaseUrl("postgres://a+b:c+d@h/e+f?application_name=g+h");

  assert.equal([target.user, target.password(), target.database, target.applicationName], [
    "a+b",
    "c+d",
    "e+f",
    "g+h",
  ]);
});

test("parseDatabaseUrl() takes each sslmode of libpq and no other", () => {
  const modes: SslMode[] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

  for (const mode of modes) {
    assert.is(parseDatabaseUrl(`postgres://u@h/d?sslmode=${mode}`).sslMode, mode);
  }
  refuses("postgres://u@h/d?sslmode=no-verify", /"sslmode" is not one of disable, .*verify-full$/);
  refuses("postgres://u@h/d?sslmode=REQUIRE", /"sslmode" is not one of/);
});

test("parseDatabaseUrl() takes each channel_binding of libpq and no other", () => {
  const modes: ChannelBindingMode[] = ["disable", "prefer", "require"];

  for (const mode of modes) {
    const target = parseDatabaseUrl(`postgres://u@h/d?channel_binding=${mode}`);
    assert.is(target.channelBinding, mode);
  }
  for (const mode of ["allow", "Require", "require%20", "1"]) {
    const url = `postgres://u@h/d?channel_binding=${mode}`;
    refuses(url, /"channel_binding" is not one of prefer, require, disable$/);
  }
  refuses("postgres://u@h/d?channel_binding=", /"channel_binding" is empty/);
  refuses("postgres://u@h/d?channel_binding", /parameter 1 has no value/);
  refuses(
    "postgres://u@h/d?channel_binding=require&channel_binding=disable",
    /"channel_binding" is written twice/,
  );
});

test("parseDatabaseUrl() takes channel_binding beside every sslmode", () => {
  for (const mode of ["disable", "prefer", "verify-full"]) {
    const target = parseDatabaseUrl(`postgres://u@h/d?sslmode=${mode}&channel_binding=require`);

    assert.equal([target.sslMode, target.channelBinding], [mode, "require"]);
  }
});

test("parseDatabaseUrl() keeps sslmode=require as it is, when a root certificate is given", () => {
  const target = parseDatabaseUrl("postgres://u@h/d?sslmode=require&sslrootcert=ca.pem");

  assert.is(target.sslMode, "require");
  assert.is(target.sslRootCert, "ca.pem");
});

test("parseDatabaseUrl() asks for verify-full, when the system's certificates are trusted", () => {
  const target = parseDatabaseUrl("postgres://u@h/d?sslrootcert=system");

  assert.is(target.sslMode, "verify-full");
  refuses("postgres://u@h/d?sslrootcert=system&sslmode=require", /write sslmode=verify-full$/);
});

const SCHEMES: readonly (readonly [string, RegExp])[] = [
  ["", /^The URL is empty: write postgres:\/\/user:password@host:5432\/database$/],
  [" \n", /^The URL is empty/],
  ["postgresql+psycopg2://u:p@h/d", /another library's driver: write postgres:\/\/ instead$/],
  ["postgresql+asyncpg://u:p@h/d", /another library's driver: write postgres:\/\/ instead$/],
  ["jdbc:postgresql://h/d?user=u", /another library's driver: write postgres:\/\/ instead$/],
  ["mysql://u:p@h/d", /not PostgreSQL's: write postgres:\/\//],
  ["https://h/d", /not PostgreSQL's: write postgres:\/\//],
  ["postgres:/u:p@h/d", /lacks a "\/\/" after its scheme: write postgres:\/\/$/],
  ["postgres:u", /lacks a "\/\/" after its scheme/],
  ["u:p@h/d", /no scheme: begin it with postgres:\/\//],
  ["localhost", /no scheme/],
  ["host=localhost user=u password=p", /no scheme/],
  ["//u:p@h/d", /no scheme/],
];
for (const [url, message] of SCHEMES) {
  test(`parseDatabaseUrl() says which scheme to write, when it is given ${JSON.stringify(url)}`, () => {
    refuses(url, message);
  });
}

test("parseDatabaseUrl() takes the scheme in capitals", () => {
  assert.is(parseDatabaseUrl("POSTGRES://u@h").host, "h");
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["postgres://", /names no user: write postgres:\/\/user:password@/],
  ["postgres://h/d", /names no user/],
  ["postgres://@h/d", /names no user/],
  ["postgres://:p@h/d", /names no user/],
  ["postgres:///d?host=/tmp", /names no user/],
  ["postgres://u@", /names no host/],
  ["postgres://u@/d", /names no host/],
  ["postgres://u@:5432/d", /names no host/],
  ["postgres://u@h1,h2/d", /several hosts/],
  ["postgres://u@h1:1,h2:2/d", /several hosts/],
  ["postgres://u@/d?host=h1,h2", /several hosts/],
  ["postgres://u@h1%2Ch2/d", /several hosts/],
  ["postgres://u@h/d?host=h", /names a host and has the parameter "host"/],
  ["postgres://u@h:/d", /port is not a number from 1 to 65535/],
  ["postgres://u@h:0/d", /port is not/],
  ["postgres://u@h:65536/d", /port is not/],
  ["postgres://u@h:1e3/d", /port is not/],
  ["postgres://u@h:-1/d", /port is not/],
  ["postgres://u@h:５/d", /port is not/],
  ["postgres://u@[::1]5432/d", /port is not/],
  ["postgres://u@::1/d", /IPv6 address in brackets/],
  ["postgres://u@[::1/d", /IPv6 address in brackets/],
  ["postgres://u@[h]/d", /brackets do not contain an IPv6 address/],
  ["postgres://u@[]/d", /brackets do not contain an IPv6 address/],
  ["postgres://u@[127.0.0.1]/d", /brackets do not contain an IPv6 address/],
  ["postgres://u@[fe80::1%25eth0]/d", /has a zone/],
  ["postgres://u@[fe80::1%eth0]/d", /has a zone/],
  ["postgres://u@127.1/d", /not an IPv4 address/],
  ["postgres://u@256.0.0.1/d", /not an IPv4 address/],
  ["postgres://u@010.0.0.1/d", /not an IPv4 address/],
  ["postgres://u@2130706433/d", /not an IPv4 address/],
  ["postgres://u@0x7f000001/d", /not an IPv4 address/],
  ["postgres://u@h..x/d", /not a name, an address or an absolute folder/],
  ["postgres://u@-h/d", /not a name, an address/],
  ["postgres://u@bücher.example/d", /others as xn--/],
  ["postgres://u@h%20x/d", /not a name, an address/],
  ["postgres://u@%40abstract/d", /not a name, an address/],
  ["postgres://u@h%zz/d", /URL's host is not validly percent-encoded/],
  ["postgres://u%zz:p@h/d", /URL's user is not validly percent-encoded/],
  ["postgres://u:50%@h/d", /URL's password is not validly percent-encoded: write a "%" as %25/],
  ["postgres://u:%ff@h/d", /URL's password is not validly percent-encoded/],
  ["postgres://u:p@h/%d", /URL's database is not validly percent-encoded/],
  [
    "postgres://u@h/d?application_name=%",
    /parameter "application_name" is not validly percent-encoded/,
  ],
  ["postgres://u%00:p@h/d", /URL's user holds a NUL/],
  ["postgres://u:p%00@h/d", /URL's password holds a NUL/],
  ["postgres://u:p@h/d%00", /URL's database holds a NUL/],
  ["postgres://u@%2Ftmp%00/d", /URL's host holds a NUL/],
  ["postgres://u@h/a/b", /database name holds a "\/"/],
  ["postgres://u@h/d#x", /"#": percent-encode it in a name or a password as %23/],
  [" postgres://u@h/d", /begins or ends with white space/],
  ["postgres://u@h/d\n", /begins or ends with white space/],
  ["\uFEFFpostgres://u@h/d", /begins or ends with white space/],
  ["postgres://u:p q@h/d", /white space, a control or an invisible character/],
  ["postgres://u:p\0q@h/d", /white space, a control or an invisible character/],
  ["postgres://u@h/d\u200B", /white space, a control or an invisible character/],
  ["postgres://u:\uD800@h/d", /white space, a control or an invisible character/],
  ["postgres://u:p@ss@h/d", /"@" more than once: percent-encode .* as %40/],
  ["postgres://u:p/ss@h/d", /"\/" or "\?" before its "@": percent-encode .* as %2F and %3F/],
  ["postgres://u:p?ss@h/d", /"\/" or "\?" before its "@"/],
  ["postgres://u:p#ss@h/d", /percent-encode it in a name or a password as %23/],
  [
    "postgres://u@h/d?schema=x",
    /parameter "schema" is unknown: the known ones are application_name, .*sslrootcert$/,
  ],
  [
    "postgres://u@h/d?password=x",
    /parameter "password" is unknown.*write it as in postgres:\/\//,
  ],
  ["postgres://u@h/d?x%41=1", /URL's parameter 1 is unknown/],
  ["postgres://u@h/d?toString=1", /parameter "toString" is unknown/],
  ["postgres://u@h/d?SSLMODE=require", /parameter "SSLMODE" is unknown/],
  ["postgres://u@h/d?sslmode", /parameter 1 has no value/],
  ["postgres://u@h/d?sslmode=require&", /parameter 2 has no value/],
  ["postgres://u@h/d?sslmode=", /parameter "sslmode" is empty/],
  ["postgres://u@h/d?sslmode=require&sslmode=require", /parameter "sslmode" is written twice/],
  [
    "postgres://u@h/d?connect_timeout=0",
    /"connect_timeout" is not a whole number of seconds from 1 to 3600/,
  ],
  ["postgres://u@h/d?connect_timeout=1.5", /"connect_timeout" is not/],
  ["postgres://u@h/d?connect_timeout=3601", /"connect_timeout" is not/],
];
for (const [url, message] of WRONG) {
  test(`parseDatabaseUrl() refuses, when it is given ${JSON.stringify(url)}`, () => {
    refuses(url, message);
  });
}

test("parseDatabaseUrl() refuses what is no text", () => {
  for (const value of [undefined, null, 5, {}, new URL("postgres://u@h/d")]) {
    refuses(value as string, /^The URL is empty/);
  }
});

test("parseDatabaseUrl() gives a target that shows no password, when it is printed, copied or changed", () => {
  const target = parseDatabaseUrl(`postgres://u:${CANARY}@h/d`);

  assert.is(target.password(), CANARY);
  assert.is(leak(target), undefined);
  assert.is(leak({ ...target }), undefined);
  assert.is(leak(String(target.password)), undefined);
  assert.is(leak(formatTarget(target)), undefined);
  assert.throws(() => Object.assign(target, { host: "elsewhere" }), TypeError);
});

test("parseDatabaseUrl() repeats no part of a URL, when a password has landed in another place", () => {
  const urls = [
    `postgres://user:pa/${CANARY}@host/db`,
    `postgres://user:pa?${CANARY}@host/db`,
    `postgres://user:pa#${CANARY}@host/db`,
    `postgres://user:pa@${CANARY}@host/db`,
    `postgres://user:${CANARY}`,
    `postgres://user:${CANARY}/db`,
    `postgres://user@host:${CANARY}/db`,
    `postgres://user@${CANARY}:x:y/db`,
    `postgres://user@!${CANARY}/db`,
    `postgres://user@[${CANARY}]/db`,
    `postgres://user@host/x/${CANARY}`,
    `postgres://user@host/db?${CANARY}`,
    `postgres://user@host/db?${CANARY}=1`,
    `postgres://user@host/db?sslmode=${CANARY}`,
    `postgres://user@host/db?connect_timeout=${CANARY}`,
    `postgres://user@host/db?channel_binding=${CANARY}`,
    `postgres://user@host/db?password=${CANARY}`,
    `postgres://user@host/db?password=a&${CANARY.replace(/\d/g, "")}=`,
    `postgres://user:%zz${CANARY}@host/db`,
    `postgres://user:${CANARY}%00@host/db`,
    `${CANARY}://user@host/db`,
    `postgresql+${CANARY}://user@host/db`,
    `user:${CANARY}@host/db`,
    ` postgres://user:${CANARY}@host/db`,
  ];

  for (const url of urls) assert.is(leak(refusal(url)), undefined, url);
});

test("parseDatabaseUrl() gives back any user, password and database, when they were percent-encoded", () => {
  const next = random(1);
  const characters = [
    ..."aZ09 @:/?#[]%&=+,;!$'()*~\"\\\t\n\u007F",
    "ä",
    "ß",
    "字",
    "😀",
    "\u200D",
    "\uFEFF",
    "%41",
  ];
  const word = () =>
    Array.from({ length: 1 + Math.floor(next() * 12) }, () => pick(next, characters)).join("");

  for (let round = 0; round < 2_000; round += 1) {
    const [user, password, database] = [word(), word(), word()];
    const target = parseDatabaseUrl(
      `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h/${
        encodeURIComponent(database)
      }`,
    );
    assert.is(target.user, user);
    assert.is(target.password(), password);
    assert.is(target.database, database);
    assert.not.match(formatTarget(target), /[\s\p{Cc}]/u);
  }
});

test("parseDatabaseUrl() reads or refuses without showing the password, when a URL was garbled", () => {
  const next = random(2);
  const urls = [
    `postgres://anna:${CANARY}@db.example.com:5432/net?sslmode=require`,
    `postgresql://anna:pa%40${CANARY}@[::1]/net`,
    `postgres://anna:${CANARY}@/net?host=/tmp&application_name=x`,
  ];
  const pieces = [
    ..."@:/?#[]%&=,.+ \n\0az09",
    "postgres://",
    "host=",
    "&password=",
    "%zz",
    "%40",
    "😀",
    "\uD800",
  ];
  let refused = 0;

  for (let round = 0; round < 4_000; round += 1) {
    let url = pick(next, urls);
    for (let edits = 1 + Math.floor(next() * 2); edits > 0; edits -= 1) {
      const at = Math.floor(next() * (url.length + 1));
      const length = pick(next, [0, 0, 1, 1, 3]);
      url = url.slice(0, at) + (next() < 0.8 ? pick(next, pieces) : "") + url.slice(at + length);
    }
    try {
      const target = parseDatabaseUrl(url);
      if (target.password().includes(CANARY)) assert.is(leak(target), undefined, url);
      formatTarget(target);
    } catch (error) {
      refused += 1;
      assert.instance(error, ConfigError, url);
      assert.is(leak(error), undefined, url);
    }
  }
  assert.ok(refused > 1_000, `${refused} refused`);
});

test("formatTarget() writes user, host, port and database", () => {
  const shown = (url: string) => formatTarget(parseDatabaseUrl(url));

  assert.is(
    shown("postgres://netraven:secret@localhost/netraven"),
    "netraven@localhost:5432/netraven",
  );
  assert.is(shown("postgres://u:p@[::1]:1/d"), "u@[::1]:1/d");
  assert.is(shown("postgres://u@/d?host=/tmp"), "u@/tmp:5432/d");
});

test("formatTarget() stays on one line, when a name holds line breaks or invisible characters", () => {
  const target = parseDatabaseUrl("postgres://u%0Aroot@h/d%1B%5B31m%E2%80%AE");

  assert.is(formatTarget(target), "u%0Aroot@h:5432/d%1B[31m%E2%80%AE");
});

test.run();
