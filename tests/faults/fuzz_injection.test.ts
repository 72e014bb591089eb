/**
 * SQL injection through every text parameter: the query behaves as with a harmless text of the same length,
 * and all tables and rows remain.
 */
// Runs once: it tests the SQL, and `fuzz_types.test.ts` how each runtime writes a value.
import * as assert from "uvu/assert";
import { DatabaseError, type Queryable } from "netraven-db";
import { LONG, PATIENCE } from "../support/effort.ts";
import { describeAll, type Described, everyQuery, type Field } from "../support/every_query.ts";
import { envelope } from "../support/factories.ts";
import { addFleet } from "../support/fleet.ts";
import { INJECTIONS } from "../support/odd_values.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("fuzz: injection", { timeout: PATIENCE });
const INVALID_REGEX = "2201B";
const { db } = await testDatabase(test, { pool: { size: 1 } });
let described: Described[];
let whole: unknown;

test.before(async () => {
  await addFleet(db);
  described = await describeAll(db);
  whole = await contents(db);
});

test.after(async () => {
  assert.equal(await contents(db), whole);
});

/** Snapshot of the database: every object of the schema, and the rows of each table or their number. */
async function contents(db: Queryable, of: "rows" | "number" = "rows"): Promise<unknown> {
  const { rows: objects } = await db.query<{ name: string; kind: string }>(`
    select relname::text as name, relkind::text as kind
    from pg_class
    where relnamespace = 'public'::regnamespace
    union all
    select proname::text, 'function' from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select nspname::text, 'schema' from pg_namespace where nspname !~ '^pg_'
    order by kind, name`);
  const inside = objects.filter(({ kind }) => kind === "r").map(({ name }) => {
    const what = of === "number"
      ? "count(*)"
      : `md5(string_agg(${name}::text, '|' order by ${name}::text))`;
    return `(select ${what} from ${name}) as ${name}`;
  });
  const { rows } = await db.query(`select ${inside.join(", ")}`);
  return { objects, rows };
}

/** A value that finds or creates something. */
function usual({ name, type, labels, sealed }: Field): unknown {
  const values: Readonly<Record<string, unknown>> = {
    "integer": name === "limit" ? 10 : 2,
    "smallint": 2,
    "double precision": 2,
    "bigint": 2,
    "boolean": true,
    "text": "plain",
    "inet": "10.99.0.1",
    "uuid": "00112233-4455-6677-8899-aabbccddeeff",
    "timestamp with time zone": new Date("2026-01-01T00:00:00.000Z"),
    "jsonb": {},
    "bytea": new Uint8Array(32),
  };
  const element = type.replace("[]", "");
  const value = sealed ? envelope() : labels[0] ?? values[element];
  assert.ok(value !== undefined, `There is no value for the type ${type}`);
  return element === type ? value : [value];
}

/** Converts the text to a value of the type; undefined if the type accepts none. */
function textual({ name, type, labels, sealed }: Field, text: string): unknown {
  // A constraint accepts a single word only.
  if (sealed || name === "jobType") return undefined;
  if (type === "jsonb") return { [text]: text };
  const element = type.replace("[]", "");
  const takes = ["text", "inet", "uuid", "timestamp with time zone"].includes(element) ||
    labels.length > 0;
  if (!takes) return undefined;
  return element === type ? text : [text];
}

/** Runs the query and rolls it back. Returns its rows or the error's code, and the state before the rollback. */
async function effect({ query }: Described, params: Record<string, unknown>): Promise<unknown> {
  const undo = new Error("undo");
  let seen: unknown;
  try {
    await db.transaction(async (tx) => {
      const rows = await query.run(params, tx);
      seen = { rows: rows.length, contents: await contents(tx, "number") };
      throw undo;
    });
  } catch (error) {
    if (error === undo) return seen;
    assert.instance(error, DatabaseError);
    const { code, sqlState } = error as DatabaseError;
    return { code, sqlState };
  }
}

for (const [place, query] of everyQuery().entries()) {
  test(`${query.name} takes SQL in its texts as text`, async () => {
    const one = described.find((one) => one.query === query)!;
    const takers = one.fields.filter((field) => textual(field, "") !== undefined);
    const usuals = Object.fromEntries(one.fields.map((field) => [field.name, usual(field)]));
    // Tests each parameter alone, and all parameters that accept any text together.
    const free = takers.filter(({ type }) => type === "text" || type === "text[]");
    const chosen = [...takers.map((field) => [field]), free].filter((fields) => fields.length > 0);
    for (const [turn, fields] of chosen.entries()) {
      const all = [...INJECTIONS, INJECTIONS.slice(0, 8).join("\n")];
      const few = [all[(place + turn) % all.length]!, all.at(-1)!];
      for (const injection of LONG ? all : few) {
        const given = (text: string) => ({
          ...usuals,
          ...Object.fromEntries(fields.map((field) => [field.name, textual(field, text)])),
        });

        const harmless = await effect(one, given("x".repeat(injection.length)));
        const harmful = await effect(one, given(injection));

        // The text may be an invalid regular expression, and sorts differently from another one.
        if ((harmful as { sqlState?: string }).sqlState === INVALID_REGEX) continue;
        if (fields.some(({ name }) => name.startsWith("after"))) {
          for (const outcome of [harmful, harmless]) delete (outcome as { rows?: number }).rows;
        }
        assert.equal(harmful, harmless, `${fields.map(({ name }) => name)}: ${injection}`);
      }
    }
    assert.equal(await contents(db), whole);
  });
}

test.run();
