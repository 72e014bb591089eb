/**
 * Every query with arbitrary parameters: it returns rows, or an error names the invalid parameter without
 * its value. The connection survives.
 */
// Runs on Node: it tests the SQL, and `fuzz_types.test.ts` how each runtime writes a value.
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  connect,
  ConnectionError,
  type Database,
  DatabaseError,
  ParameterError,
  type Queryable,
  TimeoutError,
  type Transaction,
} from "netraven-db";
import { createDatabase } from "../support/database.ts";
import { effort, PATIENCE } from "../support/effort.ts";
import {
  describeAll,
  type Described,
  everyQuery,
  type Field,
  type LooseQuery,
} from "../support/every_query.ts";
import { addFleet } from "../support/fleet.ts";
import { CANARY, CANARY_NUMBER, fitting, Odd, odd } from "../support/odd_values.ts";
import { suite } from "../support/suite.ts";

const test = suite("fuzz: queries", { timeout: PATIENCE });
let database: Awaited<ReturnType<typeof createDatabase>>;
let described: Described[];
/** One pool for each test, with one connection, because a connection is replaced after a thousand different texts. */
let db: Database;

test.before(async () => {
  database = await createDatabase();
  const first = await open();
  await addFleet(first);
  described = await describeAll(first);
  await first.close();
});

test.before.each(async () => void (db = await open()));

test.after.each(() => db.close());

test.after(() => database.drop());

function open(): Promise<Database> {
  return connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
}

const HOW = ["run", "first", "one", "stream"] as const;
type How = typeof HOW[number];

/** Value of a parameter in a call; undefined if it is absent. */
type Given = Record<string, { readonly value: unknown } | Odd | undefined>;

interface Call {
  readonly given: Given;
  readonly how: How;
  /** Sends a text that the server has not seen, so its types are unknown. */
  readonly fresh: boolean;
}

function calls(fields: readonly Field[]): fc.Arbitrary<Call> {
  const given = Object.fromEntries(fields.map((field) => {
    const usual = fitting(field).map((value) => ({ value }));
    return [
      field.name,
      fc.oneof({ weight: 5, arbitrary: usual }, { weight: 3, arbitrary: odd }, {
        weight: 1,
        arbitrary: fc.constant(undefined),
      }),
    ];
  }));
  return fc.record({
    given: fc.record(given) as fc.Arbitrary<Given>,
    how: fc.constantFrom<How>(...HOW, "run", "run"),
    fresh: fc.boolean(),
  });
}

let texts = 0;

/** Makes each statement a new one. */
function fresh(tx: Transaction): Queryable {
  return {
    query: (text, values, options) => tx.query(`${text} -- ${++texts}`, values, options),
    stream: (text, values, options) => tx.stream(`${text} -- ${++texts}`, values, options),
  };
}

/** Calls the query and returns the error, if there is one. An error other than DatabaseError fails the test. */
async function outcomeOf(
  query: LooseQuery,
  { given, how }: Call,
  tx: Queryable,
): Promise<DatabaseError | undefined> {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const params = Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Odd ? value.make() : value!.value]),
  );
  try {
    if (how !== "stream") await query[how](params, tx);
    else for await (const row of query.stream(params, tx)) assert.type(row, "object");
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
}

/** The invariant for any error. */
function judge(error: DatabaseError, { query, fields }: Described, { given }: Call): void {
  const shown = [
    error.message,
    error.stack,
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
  ].join(" ");
  assert.not.match(shown, CANARY);
  assert.not.match(shown, String(CANARY_NUMBER));
  assert.is(error.query, query.name);
  assert.not.instance(error, ConnectionError, "the connection was given up");
  assert.not.instance(error, TimeoutError);
  if (!(error instanceof ParameterError)) return;
  const field = fields.find(({ name }) => name === error.field);
  assert.ok(field, `there is no field "${error.field}"`);
  // The server refuses as well: any text may be an invalid address, and any number too large.
  if (error.sqlState !== undefined) return;
  const value = given[error.field];
  const missing = value === undefined || !(value instanceof Odd) && value.value === null;
  if (missing) assert.ok(field?.required, `${error.field} may be left out`);
  else assert.instance(value, Odd, `${error.field} was refused, and fits`);
}

/** Makes one call in a transaction that is rolled back, and checks the connection afterwards. */
async function holds(one: Described, call: Call, session: unknown): Promise<void> {
  const undo = new Error("undo");
  try {
    await db.transaction(async (tx) => {
      const error = await outcomeOf(one.query, call, call.fresh ? fresh(tx) : tx);

      if (error !== undefined) judge(error, one, call);
      const unfit = Object.values(call.given).some((value) => value instanceof Odd && value.unfit);
      // A cursor rejects statements other than `select` before it checks parameters.
      if (unfit && call.how !== "stream") assert.instance(error, ParameterError, "it was taken");
      // A statement that the server never received has not harmed the transaction.
      if (error?.sqlState === undefined) assert.equal(await sessionOf(tx), session);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  assert.equal(await sessionOf(db), session, "the connection is another one");
}

async function sessionOf(db: Queryable): Promise<unknown> {
  return (await db.query("select pg_backend_pid()")).rows;
}

for (const query of everyQuery()) {
  test(`${query.name} gives rows or says what is wrong, whatever it is given`, async () => {
    const one = described.find((one) => one.query === query)!;

    await fc.assert(
      fc.asyncProperty(calls(one.fields), async (call) => {
        const { discarded } = db.stats();
        await holds(one, call, await sessionOf(db));
        assert.is(db.stats().discarded, discarded);
      }),
      effort(10),
    );
  });
}

test.run();
