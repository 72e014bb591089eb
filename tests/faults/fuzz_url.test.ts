/**
 * Property-based tests of the connection URL: the parsed values equal the written ones, or a ConfigError
 * shows nothing of the URL.
 */
// Runs on the first server: it asks none.
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { ConfigError } from "../../src/errors.ts";
import { formatTarget, parseDatabaseUrl, type Target } from "../../src/config/url.ts";
import { effort, PATIENCE } from "../support/effort.ts";
import { suite } from "../support/suite.ts";

const test = suite("fuzz: url", { timeout: PATIENCE });

/**
 * A repetitive password, so that some of it survives a few changed characters. An error may show names
 * that look like parameters; the password never does, so it appears in no error by chance.
 */
const PASSWORD = "s3cr3t!".repeat(5);
const PIECE = "3t!s3";

/** Returns the target or the ConfigError. Any other error fails the test. */
function parse(url: string): Target | ConfigError {
  try {
    return parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** Every printable form of a value. */
function shown(value: unknown): string {
  const error = value instanceof Error ? `${value.message} ${value.stack}` : "";
  return `${error} ${inspect(value, { depth: 9, showHidden: true })} ${JSON.stringify(value)}`;
}

/** The invariant for any text: a usable, printable target, or an error that shows nothing. */
function holds(url: string): void {
  const outcome = parse(url);
  if (outcome instanceof ConfigError) {
    assert.is(outcome.code, "CONFIG");
    assert.is.not(outcome.message, "");
    return;
  }
  for (const part of [outcome.user, outcome.database, outcome.host, outcome.password()]) {
    assert.type(part, "string");
    assert.ok(part.isWellFormed() && !part.includes("\0"), "what the protocol cannot carry");
  }
  assert.ok(outcome.user !== "" && outcome.database !== "" && outcome.host !== "");
  assert.ok(Number.isInteger(outcome.port) && outcome.port >= 1 && outcome.port <= 65535);
  assert.not.match(formatTarget(outcome), /[\r\n]/);
}

// --- Valid URLs

/** Content between the delimiters of the URL: any text that PostgreSQL accepts. */
const name = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  fc.stringMatching(/^[@:\/?#[\]%&=+,;$ '"\\-]{1,12}$/),
  fc.constantFrom(
    "%",
    "%2",
    "%41",
    "a@b",
    "a/b",
    "a:b",
    "a?b=c",
    "#",
    "[::1]",
    "\u{10FFFF}",
    "\u200b",
  ),
).filter((text) => text.isWellFormed() && !text.includes("\0"));

const label = fc.stringMatching(/^[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,10}[a-zA-Z0-9_])?$/);
const hostname = fc.tuple(
  fc.array(label, { maxLength: 3 }),
  // The last label distinguishes a name from an address.
  fc.stringMatching(/^[a-zA-Z](?:[a-zA-Z0-9-]{0,8}[a-zA-Z])?$/),
  fc.constantFrom("", "."),
).map(([labels, last, dot]) => [...labels, last].join(".") + dot);

/** A target, and its notation in a URL. */
const place = fc.oneof(
  hostname.map((host) => ({ host, written: host, parameter: undefined })),
  fc.ipV4().map((host) => ({ host, written: host, parameter: undefined })),
  fc.ipV6().map((host) => ({ host, written: `[${host}]`, parameter: undefined })),
  fc.ipV6().map((host) => ({ host, written: "", parameter: host })),
  name.map((text) => ({ host: `/${text}`, written: "", parameter: `/${text}` }))
    .filter(({ host }) => !host.includes(",")),
);

const parts = fc.record({
  scheme: fc.constantFrom("postgres", "postgresql", "Postgres", "POSTGRESQL"),
  user: name,
  password: fc.option(fc.oneof(fc.constant(""), name), { nil: undefined }),
  place,
  port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
  database: fc.option(name, { nil: undefined }),
  applicationName: fc.option(name, { nil: undefined }),
  connectTimeout: fc.option(fc.integer({ min: 1, max: 3600 }), { nil: undefined }),
  sslMode: fc.option(
    fc.constantFrom("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    { nil: undefined },
  ),
  lowerCase: fc.boolean(),
  everything: fc.boolean(),
});

/** Percent-encodes the necessary bytes or every byte, in upper or lower case. */
function written(
  text: string,
  { lowerCase, everything }: { lowerCase: boolean; everything: boolean },
) {
  const encoded = everything
    ? [...new TextEncoder().encode(text)]
      .map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")
    : encodeURIComponent(text);
  return lowerCase ? encoded.replace(/%../g, (escape) => escape.toLowerCase()) : encoded;
}

test("parseDatabaseUrl() gives every part as it was put in, when the URL is valid", () => {
  fc.assert(
    fc.property(parts, (given) => {
      const { user, password, place, port, database, applicationName, connectTimeout } = given;
      const parameters = Object.entries({
        host: place.parameter,
        application_name: applicationName,
        connect_timeout: connectTimeout,
        sslmode: given.sslMode,
      }).filter(([, value]) => value !== undefined)
        .map(([key, value]) => `${key}=${written(String(value), given)}`).join("&");
      const url = `${given.scheme}://${written(user, given)}` +
        (password === undefined ? "" : `:${written(password, given)}`) +
        `@${place.written}${port === undefined ? "" : `:${port}`}` +
        (database === undefined ? "" : `/${written(database, given)}`) +
        (parameters === "" ? "" : `?${parameters}`);

      const target = parseDatabaseUrl(url);

      assert.equal({ ...target, password: target.password() }, {
        host: place.host,
        port: port ?? 5432,
        user,
        password: password ?? "",
        database: database ?? user,
        applicationName,
        connectTimeout: connectTimeout === undefined ? undefined : connectTimeout * 1000,
        sslMode: given.sslMode ?? "prefer",
        sslRootCert: undefined,
        channelBinding: "prefer",
      });
      holds(url);
    }),
    effort(1000),
  );
});

// --- Damaged URLs

const URLS = [
  `postgres://anna:${PASSWORD}@db.example.com:6543/netraven?sslmode=verify-full&application_name=a%20b`,
  `postgresql://anna:${PASSWORD}@[2001:db8::1]:5432/netraven`,
  `postgres://anna:${PASSWORD}@10.0.0.1/netraven?connect_timeout=5`,
  `postgres://anna:${PASSWORD}@/netraven?host=/run/postgresql`,
  `postgres://${PASSWORD}:anna@localhost`,
  `postgres://anna:${encodeURIComponent(PASSWORD)}%40@localhost/`,
];
/** Delimiters, and some invalid characters. */
const marks = fc.constantFrom(
  ...[
    "@",
    ":",
    "/",
    "//",
    "?",
    "&",
    "=",
    "#",
    "%",
    "%00",
    "%ff",
    "%ed%a0%80",
    "[",
    "]",
    ",",
    "\\",
    ";",
  ],
  ...[" ", "\t", "\n", "\r\n", "\0", "\u00a0", "\u200b", "\ufeff", "\ud800", "\udfff", "é", "👩‍💻"],
  ...["host=", "sslmode=", "?a=b", "postgres://", "jdbc:", "::1", "0x7f.1", "99999", "-1", "", "z"],
);
/** Replaces some characters at a position, which is given as a fraction of the text's length. */
const change = fc.record({ at: fc.nat(999), instead: fc.nat(3), text: marks });

const damaged = fc.tuple(
  fc.constantFrom(...URLS),
  fc.array(change, { minLength: 1, maxLength: 4 }),
).map(([url, changes]) =>
  changes.reduce((text, { at, instead, text: piece }) => {
    const place = Math.floor(text.length * at / 1000);
    return text.slice(0, place) + piece + text.slice(place + instead);
  }, url)
);

test("parseDatabaseUrl() takes or refuses a damaged URL and never shows its password", () => {
  fc.assert(
    fc.property(damaged, (url) => {
      holds(url);
      const outcome = parse(url);
      if (outcome instanceof ConfigError) {
        assert.not.match(shown(outcome), PIECE);
      } else if (outcome.password().includes(PIECE)) {
        // Content in another component of the URL is not a password any more.
        const { user, host, database, applicationName, sslRootCert } = outcome;
        const rest = [user, host, database, applicationName, sslRootCert].join(" ");
        if (!rest.includes(PIECE)) assert.not.match(shown(outcome), PIECE);
      }
    }),
    effort(4000),
  );
});

test("parseDatabaseUrl() takes or refuses any text at all", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    // Malformed UTF-16.
    fc.array(fc.nat(0xffff), { maxLength: 100 }).map((codes) => String.fromCharCode(...codes)),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.tuple(
      fc.constantFrom("postgres://", "postgresql://a@", "postgres://a:b@", "postgres://a@h?", ""),
      fc.array(fc.oneof(marks, fc.string({ maxLength: 5 })), { maxLength: 30 }),
    ).map(([start, rest]) => start + rest.join("")),
  );
  fc.assert(fc.property(text, holds), effort(3000));
});

test("parseDatabaseUrl() takes or refuses a text that repeats one piece very often", () => {
  // Quadratic time in the length would not end within the file's timeout.
  const starts = ["", "postgres://", "postgres://a:b@", "postgres://a:b@h?", "jdbc:postgres+"];
  const times = 200_000;
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      marks,
      (start, piece) => holds(start + piece.repeat(times)),
    ),
    effort(40),
  );
});

test("parseDatabaseUrl() refuses what is no text", () => {
  for (const value of [undefined, null, 1, {}, [], Symbol("url"), new URL("postgres://a@b")]) {
    assert.instance(parse(value as string), ConfigError);
  }
});

test.run();
