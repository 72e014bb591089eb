/** Protocol violations of a server end the connection and nothing else. */
import { Buffer } from "node:buffer";
import { inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { connect, ConnectionError, ConstraintError, type Database } from "netraven-db";
import { type Outcome, ProtocolReader } from "../src/connection/protocol.ts";
import { createDatabase } from "./support/database.ts";
import { effort } from "./support/effort.ts";
import {
  columns,
  complete,
  type FakeServer,
  frame,
  int16,
  NOTICE,
  NOTIFICATION,
  READY,
  refusal,
  row,
  SETTING,
  startFakeServer,
} from "./support/fake_server.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("protocol");
const CANARY = "kAnarI3nv0gel";
const DEADLINES = { connect: 5_000, acquire: 5_000, statement: 5_000, transaction: 5_000 };

/** A reader and its events. */
function listen() {
  const told = {
    messages: Buffer.alloc(0),
    outcomes: [] as Outcome[],
    ends: [] as string[],
    settings: [] as string[],
    notified: [] as string[],
  };
  const reader = new ProtocolReader({
    messages: (data) => told.messages = Buffer.concat([told.messages, data]),
    ready: (outcome) => told.outcomes.push(outcome),
    farewell: ({ code }) => told.ends.push(`farewell ${code}`),
    copy: () => told.ends.push("copy"),
    setting: (name, value) => told.settings.push(`${name}=${value}`),
    notified: (channel, payload) => told.notified.push(`${channel}: ${payload}`),
    broken: (error) => told.ends.push(`broken: ${error.message}`),
  });
  return { reader, told };
}

/** The messages of the driver that describe and run a statement. */
const PARSE = frame("P", "s1\0select $1\0", int16(0));
const DESCRIBE = frame("D", "Ss1\0");
const BIND = frame("B", "\0s1\0", int16(0), int16(0), int16(0));
const EXECUTE = frame("E", "\0", 0);
const SYNC = frame("S");
const WHOLE = Buffer.concat([PARSE, DESCRIBE, BIND, EXECUTE, SYNC]);
const TYPES = frame("t", int16(1), 23);
const COLUMNS = columns("int_one", "text");
const ANSWER: readonly Buffer[] = [
  frame("1"),
  TYPES,
  COLUMNS,
  frame("2"),
  row("1", "one"),
  row(null, ""),
  complete("SELECT 2"),
  READY,
];
const QUERY = frame("Q", "select 1\0");
const SIMPLE: readonly Buffer[] = [
  columns("a"),
  row("1"),
  complete("SELECT 1"),
  columns("b", "c"),
  complete("SELECT 0"),
  complete("CREATE TABLE"),
  READY,
];

/** One of each message of a server, and one with an unknown letter. */
const EVERY: Readonly<Record<string, Buffer>> = {
  "Authentication": frame("R", 3),
  "BackendKeyData": frame("K", 1, 2),
  "BindComplete": frame("2"),
  "CloseComplete": frame("3"),
  "CommandComplete": complete("SELECT 1"),
  "CopyData": frame("d", "x"),
  "CopyDone": frame("c"),
  "DataRow": row("1", "one"),
  "EmptyQueryResponse": frame("I"),
  "FunctionCallResponse": frame("V", -1),
  "NegotiateProtocolVersion": frame("v", 0, 0),
  "NoData": frame("n"),
  "ParameterDescription": TYPES,
  "ParseComplete": frame("1"),
  "PortalSuspended": frame("s"),
  "ReadyForQuery": READY,
  "RowDescription": COLUMNS,
  "an unknown letter": frame("!", "x"),
};

/** Allowed messages after this number of messages of `ANSWER`, besides the right one. */
const ALSO: readonly string[][] = [
  [],
  [],
  ["NoData"],
  [],
  ["CommandComplete", "EmptyQueryResponse"],
  ["CommandComplete", "EmptyQueryResponse"],
  ["DataRow", "EmptyQueryResponse"],
  [],
];

test("ProtocolReader takes the one message that may come, and no other, in every state", () => {
  for (let state = 0; state <= ANSWER.length; state++) {
    for (const [name, message] of Object.entries(EVERY)) {
      const { reader, told } = listen();
      reader.wrote(WHOLE);
      for (const right of ANSWER.slice(0, state)) reader.feed(right);

      reader.feed(message);

      const right = state < ANSWER.length && message[0] === ANSWER[state]![0];
      const allowed = right || (ALSO[state]?.includes(name) ?? false);
      assert.is(told.ends.length, allowed ? 0 : 1, `${name} after ${state} messages: ${told.ends}`);
      if (!allowed) assert.match(told.ends[0]!, /^broken: sent/);
    }
  }
});

test("ProtocolReader takes notices, settings and notifications in every state", () => {
  for (let state = 0; state <= ANSWER.length; state++) {
    const { reader, told } = listen();
    reader.wrote(WHOLE);
    for (const right of ANSWER.slice(0, state)) reader.feed(right);
    for (const message of [NOTICE, SETTING, NOTIFICATION]) reader.feed(message);
    for (const right of ANSWER.slice(state)) reader.feed(right);

    assert.equal(told.ends, []);
    assert.equal(told.outcomes.length, 1);
    assert.equal(told.settings, ["application_name=x"]);
    assert.equal(told.notified, ["channel: payload"]);
    assert.equal(told.messages, Buffer.concat([...ANSWER]));
  }
});

test("ProtocolReader tells the same, however what comes is cut", () => {
  const said = Buffer.concat([
    ...ANSWER,
    NOTICE,
    ...ANSWER.slice(3, 7),
    refusal("23505"),
    READY,
    ...SIMPLE,
  ]);
  const run = (cuts: readonly number[]) => {
    const { reader, told } = listen();
    reader.wrote(WHOLE);
    // The answer to a known statement that fails at its commit.
    reader.wrote(Buffer.concat([BIND, EXECUTE, SYNC]));
    reader.wrote(QUERY);
    let from = 0;
    for (const cut of [...cuts, said.length]) {
      reader.feed(said.subarray(from, cut));
      from = cut;
    }
    return told;
  };
  const whole = run([]);
  assert.equal(whole.ends, []);
  assert.equal(whole.outcomes.map(({ tag, bound }) => [tag, bound]), [
    ["SELECT 2", true],
    ["SELECT 2", true],
    ["CREATE TABLE", false],
  ]);
  assert.is(whole.outcomes[1]!.error?.code, "23505");
  assert.equal(whole.outcomes[0]!.described, {
    name: "s1",
    types: [23],
    columns: [{ name: "int_one", type: 23 }, { name: "text", type: 25 }],
  });

  fc.assert(
    fc.property(fc.array(fc.nat(said.length)), (places) => {
      assert.equal(run(places.sort((a, b) => a - b)), whole);
    }),
    effort(100),
  );
  assert.equal(run(Array.from({ length: said.length }, (_, i) => i)), whole);
});

test("ProtocolReader answers with the error alone, wherever it comes before the Sync", () => {
  for (let state = 0; state < ANSWER.length; state++) {
    for (const late of state < 7 ? [false, true] : [false]) {
      const { reader, told } = listen();
      // The driver sends Sync after the error, while it waits for the types.
      reader.wrote(late ? WHOLE.subarray(0, -SYNC.length) : WHOLE);
      for (const right of ANSWER.slice(0, state)) reader.feed(right);
      reader.feed(refusal("42P01"));
      if (late) reader.wrote(SYNC);
      reader.feed(READY);
      reader.wrote(WHOLE);
      for (const right of ANSWER) reader.feed(right);

      assert.equal(told.ends, [], `after ${state}, ${late}`);
      assert.equal(told.outcomes.map(({ error }) => error?.code), ["42P01", undefined]);
      assert.is(told.outcomes[0]!.bound, state > 3);
    }
  }
});

test("ProtocolReader hears a farewell, asked or unasked, and hands on nothing after it", () => {
  for (let state = 0; state <= ANSWER.length; state++) {
    const { reader, told } = listen();
    reader.wrote(WHOLE);
    reader.feed(
      Buffer.concat([...ANSWER.slice(0, state), refusal("57P01", "FATAL"), NOTIFICATION]),
    );

    assert.equal(told.ends, ["farewell 57P01"]);
    assert.equal(told.notified, []);
    assert.equal(told.messages, Buffer.concat(ANSWER.slice(0, state)));
  }
});

test("ProtocolReader refuses messages that are too short, too long or not what they say", () => {
  const header = (type: string, length: number) =>
    Buffer.concat([Buffer.from(type), Buffer.from(Uint32Array.of(length).buffer).reverse()]);
  const cases: [string, Buffer][] = [
    ...[0, 1, 3, 0x4000_0001, 0xffff_ffff].map((length): [string, Buffer] => [
      `length ${length}`,
      header("D", length),
    ]),
    ["a long RowDescription", header("T", 0x10_0001)],
    ["a row with too few columns", row("1")],
    ["a row with too many columns", row("1", "2", "3")],
    ["a row that is cut", frame("D", int16(2), 1, "a", 5, "b")],
    ["a row with more than its columns", frame("D", int16(2), 1, "a", 1, "bc")],
    ["a row with a length of -2", frame("D", int16(2), 1, "a", -2)],
    ["a row without its count", frame("D", "x")],
    ["a tag without its end", frame("C", "SELECT 1")],
    ["a tag with more behind it", frame("C", "SELECT 1\0x")],
    ["a setting of one text", frame("S", "name\0")],
    ["a notification without its end", frame("A", 1, "channel\0payload")],
    ["a notification of nothing", frame("A")],
    ["an error without an SQLSTATE", frame("E", "SERROR\0Mx\0\0")],
    ["an error without its end", frame("E", "SERROR\0C42P01\0")],
    ["an error of nothing", frame("E")],
    ["a notice without its end", frame("N", "Mx")],
    ["an empty notice with more behind it", frame("N", "\0x")],
  ];
  for (const [what, message] of cases) {
    const { reader, told } = listen();
    reader.wrote(WHOLE);
    for (const right of ANSWER.slice(0, 4)) reader.feed(right);
    reader.feed(Buffer.concat([row("2", "two"), message, row("3", "three")]));

    assert.is(told.ends.length, 1, what);
    assert.match(told.ends[0]!, /^broken: sent/, what);
    const before = Buffer.concat([...ANSWER.slice(0, 4), row("2", "two")]);
    assert.equal(told.messages, before, what);
  }
  for (
    const [what, message] of [
      ["a RowDescription without its zero byte", frame("T", int16(1), "abc")],
      ["a RowDescription that is cut", Buffer.from(COLUMNS.subarray(0, -1))],
      ["a status that does not exist", frame("Z", "X")],
      ["a status of nothing", frame("Z")],
    ] as const
  ) {
    const { reader, told } = listen();
    reader.wrote(message[0] === 0x54 ? WHOLE : SYNC);
    for (const right of message[0] === 0x54 ? ANSWER.slice(0, 2) : []) reader.feed(right);
    message.writeUInt32BE(message.length - 1, 1);
    reader.feed(message);

    assert.match(String(told.ends), /^broken: /, what);
  }
});

test("ProtocolReader counts notices, and takes no flood of them", () => {
  const { reader, told } = listen();
  const many = Buffer.concat(Array<Buffer>(50_000).fill(NOTICE));
  for (let round = 0; round < 3; round++) {
    reader.wrote(QUERY);
    for (const right of [many, ...SIMPLE]) reader.feed(right);
  }
  assert.equal(told.ends, []);
  for (let round = 0; round < 3; round++) reader.feed(many);

  assert.equal(told.ends, ["broken: sent too many notices"]);
});

test("ProtocolReader tells of a copy before the driver hears of it", () => {
  for (const type of ["G", "H", "W"]) {
    const { reader, told } = listen();
    reader.wrote(QUERY);
    reader.feed(Buffer.concat([frame(type, "\0", int16(0)), frame("d", "x")]));

    assert.equal(told.ends, ["copy"]);
    assert.is(told.messages.length, 0);
  }
});

/** A reader of the layer's own statements, and the rows that it received. */
function listenOwn() {
  const { reader, told } = listen();
  const rows: string[] = [];
  const send = (name: string, columns: number | undefined) =>
    reader.wroteOwn({
      columns,
      take: (data, start, end) => rows.push(`${name}: ${data.toString("latin1", start + 11, end)}`),
    });
  return { reader, told, rows, send };
}

/** The answer to a statement of the layer itself. */
const OWN: readonly Buffer[] = [frame("2"), row("a"), row("b"), complete("SELECT 2"), READY];

test("ProtocolReader keeps what answers the layer's own statements from the driver", () => {
  const { reader, told, rows, send } = listenOwn();
  reader.wrote(WHOLE);
  send("own", 1);
  reader.wrote(WHOLE);
  reader.feed(Buffer.concat([...ANSWER, ...OWN, ...ANSWER]));

  assert.equal(told.ends, []);
  assert.equal(rows, ["own: a", "own: b"]);
  assert.equal(told.outcomes.map(({ bound, tag, described }) => [bound, tag, described?.name]), [
    [true, "SELECT 2", "s1"],
    [true, "SELECT 2", undefined],
    [true, "SELECT 2", "s1"],
  ]);
  assert.equal(told.messages, Buffer.concat([...ANSWER, ...ANSWER]));
  assert.is(reader.busy, false);
});

test("ProtocolReader gives the rows of each of the layer's own statements to its taker, whichever fails", () => {
  for (let state = 0; state < OWN.length; state++) {
    const { reader, told, rows, send } = listenOwn();
    send("first", 1);
    send("second", 1);
    reader.feed(Buffer.concat([...OWN.slice(0, state), refusal("23505"), READY, ...OWN]));

    assert.equal(told.ends, []);
    assert.equal(told.outcomes.map(({ error }) => error?.code), ["23505", undefined]);
    assert.is(told.outcomes[0]!.bound, state > 0);
    assert.equal(rows.filter((row) => row.startsWith("second")), ["second: a", "second: b"]);
    assert.is(told.messages.length, 0);
  }
});

test("ProtocolReader takes the one message that may answer the layer's own statement", () => {
  for (let state = 0; state <= OWN.length; state++) {
    for (const [name, message] of Object.entries(EVERY)) {
      const { reader, told, send } = listenOwn();
      send("own", 1);
      reader.feed(Buffer.concat(OWN.slice(0, state)));
      reader.feed(message);

      const allowed = state >= 1 && state <= 3
        ? ["CommandComplete", "DataRow", "EmptyQueryResponse"].includes(name)
        : message[0] === OWN[state]?.[0];
      assert.is(told.ends.length, allowed ? 0 : 1, `${name} after ${state} messages: ${told.ends}`);
    }
  }
});

test("ProtocolReader takes no row where the layer's own statement gives none", () => {
  const { reader, told, rows, send } = listenOwn();
  send("own", undefined);
  reader.feed(Buffer.concat(OWN));

  assert.equal(told.ends, ["broken: sent a DataRow out of order"]);
  assert.equal(rows, []);
});

test("ProtocolReader reads nothing after a fault, however it comes", () => {
  for (const fault of [frame("!"), refusal("57P01", "FATAL"), frame("G", "\0", int16(0))]) {
    const { reader, told } = listen();
    reader.wrote(QUERY);
    reader.feed(fault);
    reader.feed(Buffer.concat([...SIMPLE, SETTING, NOTIFICATION]));

    assert.is(told.ends.length, 1);
    assert.is(told.messages.length, 0);
    assert.equal([told.outcomes, told.settings, told.notified], [[], [], []]);
  }
});

test("ProtocolReader hears a farewell where an error answers nothing, or comes after another one", () => {
  const unasked = listen();
  unasked.reader.feed(refusal("42P01"));
  assert.equal(unasked.told.ends, ["farewell 42P01"]);

  const twice = listen();
  twice.reader.wrote(WHOLE);
  twice.reader.feed(Buffer.concat([refusal("42P01"), refusal("42703")]));
  assert.equal(twice.told.ends, ["farewell 42703"]);
});

test("ProtocolReader tells the driver of an error without what a server says in it", () => {
  const { reader, told } = listen();
  reader.wrote(WHOLE);
  reader.feed(frame("E", `SERROR\0VERROR\0C42P01\0M${CANARY}\0D${CANARY}\0W${CANARY}\0\0`));
  reader.feed(READY);

  assert.is(told.outcomes[0]!.error?.message, CANARY);
  assert.not.match(told.messages.toString("latin1"), CANARY);
  assert.match(told.messages.toString("latin1"), /^E.*Z/s);
});

test("ProtocolReader knows the columns of each statement after another one has failed", () => {
  for (let state = 0; state < 7; state++) {
    const { reader, told } = listen();
    reader.wrote(WHOLE);
    reader.wrote(Buffer.from(WHOLE.toString("latin1").replaceAll("s1", "s2"), "latin1"));
    const other = [frame("1"), TYPES, columns("a"), frame("2"), row("1"), complete("SELECT 1")];
    reader.feed(Buffer.concat([...ANSWER.slice(0, state), refusal("42P01"), READY]));
    reader.feed(Buffer.concat([...other, READY]));

    assert.equal(told.ends, [], `after ${state} messages`);
    assert.is(told.outcomes[1]!.described?.name, "s2");
    assert.is(told.outcomes[1]!.described?.columns?.length, 1);
  }
});

// --- Over a connection

async function open(server: FakeServer): Promise<Database> {
  return await connect({
    url: server.url(),
    pool: { size: 1 },
    timeouts: DEADLINES,
    logging: { level: "silent" },
  });
}

/** Forbidden messages of a server, as an answer or unasked. */
const WRONG: [what: string, said: Buffer][] = [
  ...Object.entries(EVERY).filter(([name]) => !/^(DataRow|CommandComplete|EmptyQuery)/.test(name)),
  ["a RowDescription without its zero byte", frame("T", int16(1), "abc")],
  ["a NotificationResponse without its zero byte", frame("A", 1, "chan")],
  ["a row of another width", row("1")],
  ["text of another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
];

for (const [what, said] of WRONG) {
  test(`query() rejects, and the next one works, where the server answers with ${what}`, async () => {
    let wrong = true;
    const server = await startFakeServer(({ type }, usual) => {
      if (type !== "E" || !wrong) return usual;
      wrong = false;
      return said;
    });
    const db = await open(server);
    try {
      const error = await rejection(db.query("select $1::integer as one, 'one' as text", [1]));

      assert.instance(error, ConnectionError);
      assert.is((error as ConnectionError).reason, "protocol");
      assert.is((error as ConnectionError).sent, true);
      const next = await db.query("select $1::integer as one, 'one' as text", [1]);
      assert.equal(next.rows, [{ intOne: 1, text: "one" }]);
    } finally {
      await db.close({ drain: 0 });
      await server.close();
    }
  });

  test(`query() works on another connection where the server said ${what} unasked`, async () => {
    const server = await startFakeServer();
    const db = await open(server);
    try {
      await db.query("select 1");
      for (const socket of server.sockets) socket.write(said);
      await until("the connection is gone", () => db.stats().discarded === 1);

      assert.is((await db.query("select 1")).rowCount, 1);
      assert.is(server.accepted, 2);
    } finally {
      await db.close({ drain: 0 });
      await server.close();
    }
  });
}

for (
  const [what, behind] of [
    ["garbage", Buffer.from("!!!!!!!!!!")],
    ["a farewell", refusal("57P01", "FATAL")],
  ] as const
) {
  test(`query() has its answer where ${what} comes with it`, async () => {
    let first = true;
    const server = await startFakeServer(({ type }, usual) => {
      if (type !== "S" || !first) return usual;
      first = false;
      return Buffer.concat([usual, behind]);
    });
    const db = await open(server);
    try {
      for (let i = 0; i < 3; i++) {
        const { rows } = await db.query("select 1 as one, 'one' as text");
        assert.equal(rows, [{ intOne: 1, text: "one" }]);
      }
      assert.is(server.accepted, 2);
    } finally {
      await db.close({ drain: 0 });
      await server.close();
    }
  });
}

for (const type of ["G", "H", "W"]) {
  test(`query() rejects, and the next one works, where the server begins a copy (${type})`, async () => {
    let wrong = true;
    const server = await startFakeServer(({ type: letter }, usual) => {
      if (letter !== "E" || !wrong) return usual;
      wrong = false;
      return Buffer.concat([frame(type, "\0", int16(0)), frame("d", CANARY), frame("c")]);
    });
    const db = await open(server);
    try {
      const error = await rejection(db.query("select 1 as one"));

      assert.instance(error, ConnectionError);
      assert.is((error as ConnectionError).reason, "protocol");
      assert.match(error.message, /COPY is not supported/);
      assert.is((await db.query("select 1 as one")).rowCount, 1);
    } finally {
      await db.close({ drain: 0 });
      await server.close();
    }
  });
}

test("query() repeats nothing of what a server says", async () => {
  const server = await startFakeServer(({ type }, usual) =>
    type === "E"
      ? frame("E", `SERROR\0VERROR\0C22P02\0M${CANARY}\0D${CANARY}\0W${CANARY}\0R${CANARY}\0\0`)
      : usual
  );
  const db = await open(server);
  try {
    for (let i = 0; i < 2; i++) {
      const error = await rejection(db.query("select 1"));
      assert.not.match(inspect(error, { depth: 9, showHidden: true }), new RegExp(CANARY));
    }
  } finally {
    await db.close({ drain: 0 });
    await server.close();
  }
});

// --- A real server

let database: Awaited<ReturnType<typeof createDatabase>>;

test.before(async () => {
  database = await createDatabase();
});

test.after(() => database.drop());

test("query() refuses a copy, alone and in a transaction, and the pool goes on", async () => {
  const db = await connect({
    url: database.url,
    pool: { size: 1 },
    timeouts: DEADLINES,
    logging: { level: "silent" },
  });
  try {
    for (const text of ["copy tags from stdin", "copy tags to stdout"]) {
      for (
        const run of [
          () => db.query(text),
          () => db.transaction((tx) => tx.query(text)),
        ]
      ) {
        assert.match((await rejection(run())).message, /COPY is not supported/);
        assert.equal((await db.query("select 1 as one")).rows, [{ one: 1 }]);
      }
    }
  } finally {
    await db.close();
  }
});

test("query() takes every kind of statement, the first time and again", async () => {
  const db = await connect({ url: database.url, pool: { size: 1 }, logging: { level: "silent" } });
  try {
    await db.query("create procedure nothing() language sql as ''");
    const pid = async () =>
      (await db.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;
    const before = await pid();
    const counts: [text: string, rowCount: number, values?: unknown[]][] = [
      ["select 1 where false", 0],
      ["", 0],
      ["-- nothing", 0],
      ["values (1), (2)", 2],
      ["table tags", 0],
      ["show server_version", 1],
      ["explain select 1", 1],
      ["create table if not exists things (id integer unique deferrable initially deferred)", 0],
      ["insert into things select generate_series(1, $1::integer)", 3, [3]],
      ["update things set id = id + 10 where id > $1", 2, [1]],
      ["delete from things", 3],
      ["do $$ begin raise notice 'hello'; end $$", 0],
      ["call nothing()", 0],
      ["notify somebody, 'hello'", 0],
      ["truncate things", 0],
      ["select null::integer as a, null::text[] as b", 1],
    ];
    for (let round = 0; round < 3; round++) {
      for (const [text, rowCount, values] of counts) {
        assert.is((await db.query(text, values)).rowCount, rowCount, text);
      }
    }
    // The server checks the constraint at the commit of the statement.
    for (let round = 0; round < 3; round++) {
      const error = await rejection(db.query("insert into things values (1), (1)"));
      assert.instance(error, ConstraintError);
    }
    assert.is(await pid(), before);
  } finally {
    await db.close();
  }
});

test.run();
