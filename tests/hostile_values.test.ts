/** Values, command tags and errors that no PostgreSQL sends cause an error and nothing worse. */
// Runs on the first server: it asks none.
import { Buffer } from "node:buffer";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { connect, ConnectionError, DatabaseError, QueryError } from "netraven-db";
import { complete, frame, int16, row, startFakeServer } from "./support/fake_server.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

const test = suite("hostile values");
const CANARY = "kAnarI3nv0gel";
const BYTEA = 17;
const INT4 = 23;
const JSON_TYPE = 114;
const TEXTS = 1009;
const TIMESTAMPTZ = 1184;
const GOOD: Readonly<Record<number, string>> = {
  [BYTEA]: "\\x00",
  [INT4]: "1",
  [JSON_TYPE]: "{}",
  [TEXTS]: "{}",
  [TIMESTAMPTZ]: "2026-11-23 22:15:39+00",
};

const BAD: readonly (readonly [what: string, type: number, text: string])[] = [
  ["JSON that is cut", JSON_TYPE, `{"a": "${CANARY}`],
  ["empty JSON", JSON_TYPE, ""],
  ["an array whose text has no end", TEXTS, `{"${CANARY}`],
  ["an array without its end", TEXTS, "{{a,b}"],
  ["an array that ends with a backslash", TEXTS, '{"a\\'],
  ["an array that does not begin", TEXTS, CANARY],
  ["an array with more behind it", TEXTS, '{"a"}b'],
  ["an array of bounds alone", TEXTS, "[0:1]"],
  ["an empty array text", TEXTS, ""],
  ["an array a hundred thousand deep", TEXTS, "{".repeat(100_000)],
  ["bytes that are no digits", BYTEA, "\\xzz"],
  ["half a byte", BYTEA, "\\x0"],
  ["empty bytes", BYTEA, ""],
  ["a time that there is not", TIMESTAMPTZ, "2026-99-23 22:15:39+00"],
];

for (const [what, type, text] of BAD) {
  for (const when of ["first", "again"] as const) {
    test(`query() rejects where the server sends ${what}, ${when === "first" ? "at first" : "later"}`, async () => {
      let rows = 0;
      const server = await startFakeServer(({ type: letter }, usual) => {
        if (letter === "D") {
          const column = frame("T", int16(1), "a\0", 0, int16(0), type, int16(-1), -1, int16(0));
          return Buffer.concat([frame("t", int16(0)), column]);
        }
        if (letter !== "E") return usual;
        const bad = rows++ === (when === "first" ? 0 : 1);
        return Buffer.concat([row(bad ? text : GOOD[type]!), complete("SELECT 1")]);
      });
      const db = await connect({
        url: server.url(),
        pool: { size: 1 },
        logging: { level: "silent" },
      });
      try {
        if (when === "again") await db.query("select a");
        const error = await rejection(db.query("select a"));

        assert.instance(error, DatabaseError);
        assert.not.match(inspect(error, { depth: 9, showHidden: true }), new RegExp(CANARY));
        assert.is((await db.query("select a")).rows.length, 1);
      } finally {
        await db.close({ drain: 0 });
        await server.close();
      }
    });
  }
}

test("query() does not stand still at a tag of a hundred thousand digits", async () => {
  const server = await startFakeServer(({ type }, usual) =>
    type === "E" ? complete(`SELECT ${"1".repeat(100_000)}x`) : usual
  );
  const db = await connect({ url: server.url(), pool: { size: 1 }, logging: { level: "silent" } });
  try {
    const error = await rejection(db.query("select a"));

    assert.instance(error, ConnectionError);
    assert.is((error as ConnectionError).reason, "protocol");
  } finally {
    await db.close({ drain: 0 });
    await server.close();
  }
});

test("query() does not stand still at an error that quotes megabytes", async () => {
  const server = await startFakeServer(({ type }, usual) => {
    if (type === "D") {
      return Buffer.concat([frame("t", int16(1), TEXTS), frame("n")]);
    }
    return type === "E"
      ? frame("E", `SERROR\0VERROR\0C22P02\0M${'"'.repeat(20_000_000)}\0\0`)
      : usual;
  });
  const db = await connect({ url: server.url(), pool: { size: 1 }, logging: { level: "silent" } });
  try {
    const started = performance.now();
    const values = [Array.from({ length: 10_000 }, (_, i) => `"value ${i}`)];
    const error = await rejection(db.query("select a from b where c = any ($1)", values));

    assert.instance(error, QueryError);
    assert.ok(performance.now() - started < 10_000);
  } finally {
    await db.close({ drain: 0 });
    await server.close();
  }
});

test.run();
