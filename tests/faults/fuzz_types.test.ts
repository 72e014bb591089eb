/** Property-based tests of every parameter type: a value returns equal, or is refused. */
// Runs on the first server: it tests how values are written and read.
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { DatabaseError, ParameterError } from "netraven-db";
import { effort, LONG, PATIENCE } from "../support/effort.ts";
import { describeAll, type Field } from "../support/every_query.ts";
import { CANARY, CANARY_NUMBER, FITTING, ODD, type Odd } from "../support/odd_values.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("fuzz: types", { timeout: PATIENCE });
const { db } = await testDatabase(test, { pool: { size: 1 } });
/** The types of all parameters of all queries, each with its array, and a few for other SQL. */
let types: Pick<Field, "type" | "labels">[];

test.before(async () => {
  const found = new Map<string, readonly string[]>(
    Object.keys(FITTING).map((type) => [type, []]),
  );
  for (const { fields } of await describeAll(db)) {
    for (const { type, labels } of fields) found.set(type.replace("[]", ""), labels);
  }
  types = [...found].map(([type, labels]) => ({ type, labels }));
});

function valuesOf({ type, labels }: Pick<Field, "type" | "labels">): fc.Arbitrary<unknown> {
  const known = labels.length > 0 ? fc.constantFrom(...labels) : FITTING[type];
  assert.ok(known, `There are no values for the type ${type}`);
  return known!;
}

/** Converts the result to a list of numbers, as bytes are compared. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Uint8Array ? [...value] : value;
}

async function echo(type: string, value: unknown): Promise<unknown> {
  const { rows } = await db.query<{ value: unknown }>(`select $1::${type} as value`, [value]);
  return rows[0]?.value;
}

test("query() returns values of every type that a query takes as they were given", async () => {
  for (const given of types) {
    await fc.assert(
      fc.asyncProperty(valuesOf(given), async (value) => {
        assert.equal(plain(await echo(given.type, value)), plain(value), given.type);
      }),
      effort(30),
    );
  }
});

test("query() returns arrays of every type as they were given, NULL elements included", async () => {
  for (const given of types) {
    // An array of an enum is passed as text, as the queries do.
    if (given.labels.length > 0) continue;
    const values = fc.array(fc.option(valuesOf(given), { freq: 5 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        assert.equal(plain(await echo(`${given.type}[]`, value)), plain(value), given.type);
      }),
      effort(20),
    );
  }
});

test("query() returns arrays in arrays as they were given, or refuses them", async () => {
  const element = fc.option(fc.constantFrom("", "a", "NULL", '"', "{", ","), { freq: 4 });
  const lists = fc.letrec((tie) => ({
    list: fc.array(fc.oneof({ maxDepth: 3 }, element, tie("list")), { maxLength: 3 }),
  })).list;
  await fc.assert(
    fc.asyncProperty(lists, async (value) => {
      const outcome = await echo("text[]", value).catch((error) => error);

      if (outcome instanceof Error) assert.instance(outcome, DatabaseError);
      else assert.equal(outcome, value);
    }),
    effort(100),
  );
});

test("query() returns an odd value as it was given or refuses it, of every type", async () => {
  // All arrays share the same encoder.
  const arrays = LONG ? types.map(({ type }) => `${type}[]`) : ["text[]", "integer[]", "jsonb[]"];
  for (const type of [...types.map(({ type }) => type), ...arrays]) {
    for (const odd of ODD) {
      // For the first value the driver asks the server for the type; for the second the type is known.
      for (const time of ["first", "second"]) {
        const text = `select $1::${type} as value, '${odd.what}' as odd`;
        const outcome = await db.query(text, [odd.make()]).catch((error) => error);

        judge(outcome, odd, `${odd.what} as ${type}, ${time} time`);
      }
    }
    assert.equal((await db.query("select 1 as n")).rows, [{ n: 1 }]);
  }
  assert.is(db.stats().discarded, 0);
});

function judge(outcome: unknown, odd: Odd, what: string): void {
  if (odd.unfit) assert.instance(outcome, ParameterError, `${what}: it was taken`);
  if (!(outcome instanceof Error)) return;
  assert.instance(outcome, DatabaseError, `${what}: ${outcome.message}`);
  if (outcome instanceof ParameterError) assert.is(outcome.field, "$1", what);
  const shown = `${outcome.stack} ${inspect(outcome, { depth: 9, showHidden: true })}`;
  assert.not.match(shown, CANARY, what);
  assert.not.match(shown, String(CANARY_NUMBER), what);
}

test.run();
