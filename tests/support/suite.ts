/**
 * uvu, made honest. uvu alone is green when a hook throws, when something that is no Error is
 * thrown, when a file forgets `.run()` and when nothing ran at all; it has no timeout. Here each of
 * these is red, on Node and on Deno alike. A file ends with one line for the runner:
 *
 *     @@ {"suite":"config","passed":3,"failed":0,"skipped":[{"name":"…","reason":"…"}]}
 *
 * `NETRAVEN_TEST=<part of a name>` runs only the tests whose name holds it.
 */
import process from "node:process";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { inspect } from "node:util";
import { suite as uvuSuite } from "uvu";
import { compare } from "uvu/diff";
import { type Summary, SUMMARY_MARK } from "./summary.ts";

type Body = () => unknown;

/** Adds a hook; `each` adds one that runs around every test. */
interface Hook {
  (body: Body): void;
  each(body: Body): void;
}

/** Adds a test; its members add hooks and skipped tests, and run it all. */
export interface Suite {
  (name: string, body: Body): void;
  /** Lists the test as skipped, with the reason that the runner prints. */
  skip(name: string, reason: string): void;
  before: Hook;
  after: Hook;
  /** Hands the tests to uvu. To be called once, at the end of the file. */
  run(): void;
}

/** How long a test, or a hook, may take, in milliseconds, unless its suite says otherwise. */
const DEFAULT_TIMEOUT = 60_000;
/** How long the file may take to end after its last test, in milliseconds, before an open handle is to blame. */
const GRACE = 2_000;

const pattern = process.env["NETRAVEN_TEST"] ?? "";
const summary: Summary = { suite: "", passed: 0, failed: 0, skipped: [], left: 0 };
const suites: { name: string; state: "new" | "running" | "done" }[] = [];
/** Fails the test that is running now; undefined between tests. */
let failRunning: ((error: unknown) => void) | undefined;

/**
 * Starts a suite.
 * @param name stands before each failure.
 * @param options `timeout`: the longest a test or a hook may take, in milliseconds (60,000).
 */
export function suite(name: string, options: { timeout?: number } = {}): Suite {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  const tests = new Map<string, Body>();
  const before: Body[] = [];
  const after: Body[] = [];
  const beforeEach: Body[] = [];
  const afterEach: Body[] = [];
  const self: (typeof suites)[number] = { name, state: "new" };
  suites.push(self);
  summary.suite = suites.map((suite) => suite.name).join(", ");

  let prepared: Promise<void> | undefined;
  function prepare(): Promise<void> {
    return prepared ??= runAll(before, "The before() hook");
  }

  async function runAll(hooks: Body[], what: string): Promise<void> {
    for (const hook of hooks) await within(timeout, what, hook);
  }

  async function runTest(body: Body): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (what: string, step: Body) => {
      try {
        await within(timeout, what, step);
      } catch (error) {
        failures.push(error);
      }
    };

    await prepare().catch((error) => failures.push(error));
    for (const hook of beforeEach) {
      if (failures.length === 0) await attempt("The before.each() hook", hook);
    }
    if (failures.length === 0) await attempt("The test", body);
    for (const hook of afterEach) await attempt("The after.each() hook", hook);

    if (failures.length === 0) {
      summary.passed++;
    } else {
      summary.failed++;
      throw printable(failures[0]);
    }
  }

  function add(testName: string, body: Body): void {
    if (tests.has(testName)) throw new Error(`Two tests of "${name}" are called "${testName}"`);
    tests.set(testName, body);
  }

  function skip(testName: string, reason: string): void {
    if (!testName.includes(pattern)) return;
    summary.skipped.push({ name: testName, reason });
  }

  function run(): void {
    if (self.state !== "new") throw new Error(`Suite "${name}" is run twice`);
    self.state = "running";
    const inner = uvuSuite(name);
    for (const [testName, body] of tests) {
      if (testName.includes(pattern)) inner(testName, () => runTest(body));
      else summary.left++;
    }
    inner.after(async () => {
      // Nothing was prepared when no test ran: then there is nothing to undo.
      if (prepared) await runAll(after, "The after() hook").catch((error) => fail(name, error));
      self.state = "done";
      watchForOpenHandles();
    });
    inner.run();
  }

  return Object.assign(add, {
    skip,
    run,
    before: hookInto(before, beforeEach),
    after: hookInto(after, afterEach),
  });
}

function hookInto(once: Body[], each: Body[]): Hook {
  return Object.assign((body: Body) => void once.push(body), {
    each: (body: Body) => void each.push(body),
  });
}

/** Runs one test or hook: fails when it takes too long, or when something fails unheard meanwhile. */
async function within(timeout: number, what: string, body: Body): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    failRunning = reject;
    const error = new Error(`${what} took longer than ${timeout} ms`);
    timer = setTimeout(() => reject(error), timeout);
  });
  try {
    await Promise.race([Promise.resolve().then(body), stopped]);
    // What a callback of the last tick throws still belongs to this test.
    await Promise.race([new Promise((resolve) => setImmediate(resolve)), stopped]);
  } finally {
    failRunning = undefined;
    clearTimeout(timer);
  }
}

/** uvu prints `name`, `message` and `stack`, and compares; it falls over where these are odd. */
function printable(thrown: unknown): Error {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") {
    return new Error(`Something was thrown that is no Error: ${inspect(thrown)}`);
  }
  if (thrown.cause !== undefined) thrown.stack += `\n    Cause: ${inspect(thrown.cause)}`;
  const { actual, expected } = thrown as { actual?: unknown; expected?: unknown };
  try {
    if (thrown.name.startsWith("AssertionError")) compare(actual, expected);
    return thrown;
  } catch {
    const values = `${inspect(actual)} is not ${inspect(expected)}`;
    const replaced = new Error(`${thrown.message}: ${values}`);
    replaced.stack = thrown.stack;
    return replaced;
  }
}

/** Counts a failure that belongs to no single test. */
function fail(where: string, error: unknown): void {
  summary.failed++;
  const text = error instanceof Error
    ? error.stack ?? error.message
    : typeof error === "string"
    ? error
    : inspect(error);
  console.error(`\n   FAIL  ${where}\n    ${text}\n`);
}

/** Ends a file that does not end by itself after its last test, and says what holds it. */
function watchForOpenHandles(): void {
  if (suites.some((suite) => suite.state === "running")) return;
  const timer = setTimeout(() => {
    if (suites.some((suite) => suite.state === "running")) return;
    // Deno cannot tell; Node lists what is open, its own standard streams included.
    const open = process.getActiveResourcesInfo?.().filter((name) => name !== "TTYWrap") ?? [];
    const list = open.length > 0 ? `: ${[...new Set(open)].join(", ")}` : "";
    fail(summary.suite, `Something is still open ${GRACE} ms after the last test${list}`);
    process.exit();
  }, GRACE);
  timer.unref();
}

function onStray(error: unknown): void {
  if (failRunning) failRunning(error);
  else fail("outside of a test", error);
}

process.on("uncaughtException", onStray);
process.on("unhandledRejection", onStray);

process.on("exit", (code: number) => {
  for (const { name, state } of suites) {
    if (state === "new") fail(name, "The suite was never run: the file lacks its .run()");
    if (state === "running") fail(name, "The process ended before the tests did");
  }
  if (summary.passed + summary.failed + summary.skipped.length === 0) {
    if (summary.left > 0) console.error(`No test has a name with "${pattern}"`);
    else fail(summary.suite, "There is no test");
    process.exitCode = 1;
  }
  if (summary.failed > 0) process.exitCode = 1;
  else process.exitCode ??= code;
  console.log(SUMMARY_MARK + JSON.stringify(summary));
});
