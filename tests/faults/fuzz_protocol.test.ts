/**
 * A real session with a change in the server's messages: a byte or a message is lost, repeated, moved,
 * truncated or replaced. Nothing crashes, freezes or exceeds its deadline, and all answers before the
 * change are right.
 */
import { Buffer } from "node:buffer";
import { createHmac, pbkdf2Sync } from "node:crypto";
import * as net from "node:net";
import { clearInterval, setInterval } from "node:timers";
import process from "node:process";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { connect, type Database, DatabaseError } from "netraven-db";
import { createDatabase } from "../support/database.ts";
import { LONG, PATIENCE } from "../support/effort.ts";
import {
  type FakeServer,
  frame,
  NOTICE,
  NOTIFICATION,
  READY,
  refusal,
  type Said,
  SETTING,
  startFakeServer,
  WELCOME,
} from "../support/fake_server.ts";
import { suite } from "../support/suite.ts";
import { tellFigures } from "../support/summary.ts";

const test = suite("fuzz: protocol", { timeout: PATIENCE });
const MUTATIONS = LONG ? 20_000 : 400;
const AT_ONCE = LONG ? 64 : 16;
const DEADLINE = 400;
/** Milliseconds that a busy machine may add to a deadline and to a turn of the event loop. */
const SLACK = 10_000;
const PASSWORD = "secret";

/** Answers of the server to each message that requests one: Sync, Flush or a simple query. */
type Recording = readonly Buffer[];

/** A call of the session. */
type Call = (db: Database) => Promise<unknown>;

const read = (n: number): Call => (db) =>
  db.query(
    "select i as number, repeat('x', i % 50) as text, nullif(i % 3, 0) as none from generate_series(1, $1::integer) as i",
    [n],
  );
const CALLS: readonly Call[] = [
  (db) => db.query("select 1 as one"),
  (db) => db.query("select 1 as one"),
  read(1),
  read(3),
  read(400),
  (db) =>
    db.query("select $1::jsonb as value, $2::text[] as list", [{ a: [1, null] }, ["a", null]]),
  (db) => db.query("select $1::jsonb as value, $2::text[] as list", [{ b: "c" }, []]),
  (db) => db.query("select * from nowhere"),
  (db) => db.query("insert into notes values ($1)", [1]),
  (db) => db.query("insert into notes values ($1)", [2]),
  (db) => db.query("insert into notes values ($1)", [1]),
  (db) =>
    db.transaction(async (tx) => {
      await tx.query("insert into notes values ($1)", [3]);
      // The transaction id is known after it, so its query does not depend on timing.
      await tx.query("select 1 as one");
      await tx.query("insert into notes values ($1)", [4]);
      return (await tx.query("select id from notes order by id")).rows;
    }),
  (db) => db.query("select id from notes where id = $1", ["x"]),
  async (db) => {
    const rows = [];
    for await (const one of db.stream("select * from generate_series(1, 12)", [], { batch: 5 })) {
      rows.push(one);
    }
    return rows;
  },
  (db) => db.query(""),
  (db) => db.query("select repeat('y', 70000) as long"),
  (db) => db.query("select repeat('y', 70000) as long"),
  read(2),
];

/** Comparable result of a call. */
async function outcomeOf(call: Call, db: Database): Promise<string> {
  try {
    return JSON.stringify(await call(db));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const shown = inspect(error, { depth: 9, showHidden: true });
    assert.not.match(shown, new RegExp(PASSWORD));
    return `${error.name} ${error.code} ${error.sqlState}`;
  }
}

/** Runs the session on a real server and records the server's messages. */
async function record(): Promise<{ recording: Recording; outcomes: string[] }> {
  const database = await createDatabase();
  const owner = await connect({ url: database.url });
  await owner.query("create table notes (id integer primary key)");
  await owner.close();
  const turns: Buffer[] = [];
  const url = new URL(database.url);
  const real = { host: url.hostname, port: Number(url.port) };
  const proxy = net.createServer((client) => {
    const server = net.connect(real);
    let said: Buffer = Buffer.alloc(0);
    let heard: Buffer = Buffer.alloc(0);
    let started = false;
    /** Pending answers of the server. The client sends nothing before they arrive, so answers do not mix. */
    let asked: Question | undefined;
    for (const socket of [client, server]) socket.on("error", () => {});
    const pass = () => {
      while (asked === undefined) {
        // The startup message has no letter.
        const head = started ? 1 : 0;
        if (said.length < head + 4) break;
        const end = head + said.readUInt32BE(head);
        if (said.length < end) break;
        if (started) {
          asked = question(String.fromCharCode(said[0]!), said.subarray(5, end));
          if (asked?.counts) turns.push(Buffer.alloc(0));
        }
        started = true;
        server.write(said.subarray(0, end));
        said = said.subarray(end);
      }
    };
    client.on("data", (chunk: Uint8Array) => {
      said = Buffer.concat([said, chunk]);
      pass();
    });
    server.on("data", (chunk: Uint8Array) => {
      client.write(chunk);
      heard = Buffer.concat([heard, chunk]);
      if (asked?.counts) turns[turns.length - 1] = Buffer.concat([turns.at(-1)!, chunk]);
      while (heard.length > 4 && heard.length > heard.readUInt32BE(1)) {
        if (asked?.end.includes(String.fromCharCode(heard[0]!))) asked = undefined;
        heard = heard.subarray(1 + heard.readUInt32BE(1));
      }
      pass();
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  url.port = String((proxy.address() as net.AddressInfo).port);
  url.searchParams.set("sslmode", "disable");
  const db = await connect({
    url: url.href,
    pool: { size: 1 },
    logging: { level: "silent" },
  });
  const outcomes: string[] = [];
  try {
    for (const call of CALLS) outcomes.push(await outcomeOf(call, db));
    return { recording: [...turns], outcomes };
  } finally {
    await db.close();
    await new Promise((resolve) => proxy.close(resolve));
    await database.drop();
  }
}

/** A message that requests an answer. */
interface Question {
  /** Letters of the messages that end its answer. */
  readonly end: string;
  /** Whether it is a turn of the session, and not the pool's probe after a pause. */
  readonly counts: boolean;
}

function question(type: string, body: Uint8Array): Question | undefined {
  // A Flush follows a Describe.
  if (type === "H") return { end: "TnE", counts: true };
  if (type === "S") return { end: "Z", counts: true };
  return type === "Q" ? { end: "Z", counts: body.length > 1 } : undefined;
}

// --- Mutations

let state = Number(process.env["TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const seed = state;

/** Seeded random numbers from 0 to 1 (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function below(limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(from: readonly T[]): T {
  return from[below(from.length)]!;
}

function messagesOf(turn: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < turn.length;) {
    const end = at + 1 + turn.readUInt32BE(at + 1);
    messages.push(turn.subarray(at, end));
    at = end;
  }
  return messages;
}

const TYPES = "RKSZTDC12tnIsEANGHWdc3vV!\0";

/** One change of a turn. `harmless` changes have no effect on the client. */
function mutate(turn: Buffer, other: Buffer): { turn: Buffer; harmless: boolean } {
  const at = below(turn.length + 1);
  const [before, after] = [turn.subarray(0, at), turn.subarray(at)];
  const messages = messagesOf(turn);
  const i = below(messages.length);
  const chosen = messages[i] ?? READY;
  const strange = messagesOf(other);
  const splice = (count: number, ...more: Buffer[]) => {
    messages.splice(i, count, ...more);
    return Buffer.concat(messages);
  };
  const changed = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(chosen);
    change(copy);
    return splice(1, copy);
  };
  const harm = (turn: Buffer) => ({ turn, harmless: false });
  switch (below(14)) {
    case 0:
      return harm(Buffer.concat([before, after.subarray(1)]));
    case 1:
      return harm(Buffer.concat([before, Buffer.of(below(256)), after.subarray(1)]));
    case 2:
      return harm(Buffer.concat([before, Buffer.of(below(256)), after]));
    case 3:
      return harm(Buffer.concat([before, after.subarray(0, 1), after]));
    case 4:
      return harm(splice(1));
    case 5:
      return harm(splice(0, chosen));
    case 6:
      return harm(splice(2, ...[messages[i + 1], chosen].filter((one) => one !== undefined)));
    case 7:
      return harm(changed((copy) => copy[0] = pick([...TYPES]).charCodeAt(0)));
    case 8:
      return harm(
        changed((copy) => copy.writeUInt32BE(pick([0, 3, 4, 5, 1e9, 2 ** 32 - 1, below(99)]), 1)),
      );
    case 9:
      return harm(splice(1, chosen.subarray(0, below(chosen.length))));
    case 10:
      return harm(splice(below(2), pick(strange.length > 0 ? strange : [READY])));
    case 11:
      return harm(splice(0, pick([refusal("42P01"), refusal("57P01", "FATAL"), refusal("0A000")])));
    case 12:
      return harm(splice(below(2), frame(pick([..."RKvGHWd"]), below(12), "x\0")));
    default:
      return { turn: splice(0, pick([NOTICE, SETTING, NOTIFICATION])), harmless: true };
  }
}

// --- The login

/** The messages of a server that knows the password. */
function scramStep(step: number, said: readonly Said[]): Buffer {
  if (step === 0) return frame("R", 10, "SCRAM-SHA-256\0\0");
  const salt = Buffer.from("salt");
  const bare = /n=.*/.exec(said[1]!.body.toString("latin1"))?.[0] ?? "";
  const first = `${/r=.*/.exec(bare)?.[0] ?? "r="}more,s=${salt.toString("base64")},i=64`;
  if (step === 1) return frame("R", 11, first);
  const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const salted = pbkdf2Sync(PASSWORD, salt, 64, 32, "sha256");
  const withoutProof = said[2]!.body.toString("latin1").replace(/,p=.*/, "");
  const signature = hmac(hmac(salted, "Server Key"), `${bare},${first},${withoutProof}`);
  return Buffer.concat([frame("R", 12, `v=${signature.toString("base64")}`), WELCOME]);
}

/** The change of one run. */
interface Plan {
  /** The turn of the session, or -1 for the login. */
  readonly turn: number;
  readonly scram: boolean;
  /** The step of the login. */
  readonly step: number;
}

test(`connect() and query() end in time, whatever is changed in what a server says (seed ${seed})`, async () => {
  const { recording, outcomes } = await record();
  const plans = new Map<string, Plan>();
  const progress = new Map<net.Socket, { turn: number; said: Said[]; plan: Plan }>();
  const used = new Set<string>();
  let harmless = false;
  const server: FakeServer = await startFakeServer((said, usual, socket) => {
    if (said.type === "") {
      const name = /application_name\0([^\0]*)/.exec(said.body.toString("latin1"))?.[1] ?? "";
      const plan = plans.get(name);
      // Refuses a second connection, which would begin the session anew in its middle.
      if (plan === undefined || used.has(name)) return void socket.destroy();
      used.add(name);
      progress.set(socket, { turn: 0, said: [], plan });
      socket.on("close", () => progress.delete(socket));
    }
    const session = progress.get(socket);
    if (session === undefined) return undefined;
    const { plan } = session;
    if (said.type === "" || said.type === "p") {
      session.said.push(said);
      const step = session.said.length - 1;
      const right = plan.scram ? scramStep(step, session.said) : usual;
      return plan.turn < 0 && plan.step === step ? mutate(right, WELCOME).turn : right;
    }
    const asked = question(said.type, said.body);
    if (asked === undefined) return undefined;
    if (!asked.counts) return usual;
    const turn = session.turn++;
    const right = recording[turn] ?? READY;
    if (turn !== plan.turn) return right;
    const mutation = mutate(right, pick(recording));
    if (mutation.harmless) harmless = true;
    return mutation.turn;
  });

  let longest = 0;
  let last = performance.now();
  const clock = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 20);
  let late = 0;
  let wrong = 0;
  let slow = 0;
  let answered = 0;

  const run = async (name: string) => {
    const login = random() < 0.2;
    const plan = {
      turn: login ? -1 : below(recording.length),
      scram: login && random() < 0.7,
      step: below(3),
    };
    plans.set(name, plan);
    const timely = async <T>(work: Promise<T>): Promise<T> => {
      const started = performance.now();
      try {
        return await work;
      } finally {
        if (performance.now() - started > 4 * DEADLINE + SLACK) late++;
      }
    };
    let db: Database;
    try {
      db = await timely(connect({
        url: server.url(name),
        pool: { size: 1 },
        timeouts: {
          connect: DEADLINE,
          acquire: DEADLINE,
          statement: DEADLINE,
          transaction: 2 * DEADLINE,
        },
        logging: { level: "silent" },
      }));
    } catch (error) {
      assert.instance(error, DatabaseError);
      return;
    }
    for (const [i, call] of CALLS.entries()) {
      const outcome = await timely(outcomeOf(call, db));
      const session = [...progress.values()].find((one) => one.plan === plan);
      // After the change, or the end of the connection, the results are undefined.
      if (session === undefined || (plan.turn >= 0 && session.turn > plan.turn)) break;
      answered++;
      if (plan.turn < 0 || outcome === outcomes[i]) continue;
      if (outcome.startsWith("TimeoutError")) slow++;
      else wrong++;
    }
    await timely(db.close({ drain: 0 }));
    plans.delete(name);
  };

  let next = 0;
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < MUTATIONS) await run(`run-${next++}`);
    }));
  } finally {
    clearInterval(clock);
    await server.close();
  }

  assert.is(late, 0, `${late} calls ended late`);
  assert.is(wrong, 0, `${wrong} answers from before the change are wrong`);
  // A busy machine may miss such a short deadline occasionally.
  assert.ok(slow < answered / 20, `${slow} answers from before the change did not come in time`);
  assert.ok(longest < SLACK, `the event loop stood still for ${longest} ms`);
  assert.ok(harmless);
  assert.ok(answered > MUTATIONS);
  tellFigures(
    `${MUTATIONS} mutations: ${answered} answers from before them, all right; 0 crashes, 0 late; ` +
      `the longest turn of the event loop ${Math.round(longest)} ms`,
  );
});

test.run();
