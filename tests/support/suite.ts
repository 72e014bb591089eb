/**
 * A strict uvu. uvu alone passes if a hook throws, if something other than an Error is thrown, if a file
 * forgets `.run()` and if no test ran; it has no timeout. Here each of these fails, on Node and on Deno. A
 * file ends with one line for the runner:
 *
 *     @@ {"suite":"config","passed":3,"failed":0,"skipped":[{"name":"…","reason":"…"}]}
 *
 * `NETRAVEN_TEST=<part of a name>` runs only the tests whose name contains it.
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
  /** Lists the test as skipped, with the reason for the runner's output. */
  skip(name: string, reason: string): void;
  before: Hook;
  after: Hook;
  /** Adds a cleanup for the file's setup. It runs last, even if no test ran. */
  atEnd(body: Body): void;
  /** Runs the tests. Call it once, at the end of the file. */
  run(): void;
}

/** Default timeout of a test or a hook, in milliseconds. */
const DEFAULT_TIMEOUT = 120_000;
/** Maximum time in milliseconds from the last test to the end of the file, before an open handle is suspected. */
const GRACE = 2_000;

const pattern = process.env["NETRAVEN_TEST"] ?? "";
const summary: Summary = { suite: "", passed: 0, failed: 0, skipped: [], left: 0 };
const suites: { name: string; state: "new" | "running" | "done" }[] = [];
/** Fails the running test; undefined between tests. */
let failRunning: ((error: unknown) => void) | undefined;

/**
 * Starts a suite.
 * @param name Prefix of each failure.
 * @param options `timeout`: maximum duration of a test or a hook, in milliseconds. Defaults to 120,000.
 */
export function suite(name: string, options: { timeout?: number } = {}): Suite {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  const tests = new Map<string, Body>();
  const before: Body[] = [];
  const after: Body[] = [];
  const beforeEach: Body[] = [];
  const afterEach: Body[] = [];
  const atEnd: Body[] = [];
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
      // Without tests no setup ran, so there is nothing to undo.
      if (prepared) await runAll(after, "The after() hook").catch((error) => fail(name, error));
      await runAll(atEnd, "The atEnd() hook").catch((error) => fail(name, error));
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
    atEnd: (body: Body) => void atEnd.push(body),
  });
}

function hookInto(once: Body[], each: Body[]): Hook {
  return Object.assign((body: Body) => void once.push(body), {
    each: (body: Body) => void each.push(body),
  });
}

/** Runs one test or hook. Fails on a timeout and on unhandled errors. */
async function within(timeout: number, what: string, body: Body): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    failRunning = reject;
    const error = new Error(`${what} took longer than ${timeout} ms`);
    timer = setTimeout(() => reject(error), timeout);
  });
  try {
    await Promise.race([Promise.resolve().then(body), stopped]);
    // An error in a callback of the last tick still belongs to this test.
    await Promise.race([new Promise((resolve) => setImmediate(resolve)), stopped]);
  } finally {
    failRunning = undefined;
    clearTimeout(timer);
  }
}

/** uvu prints and compares `name`, `message` and `stack`, and crashes if these are odd. */
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

/** Counts a failure outside the tests. */
function fail(where: string, error: unknown): void {
  summary.failed++;
  const text = error instanceof Error
    ? error.stack ?? error.message
    : typeof error === "string"
    ? error
    : inspect(error);
  console.error(`\n   FAIL  ${where}\n    ${text}\n`);
}

/** Ends a file that does not end after its last test, and lists the open handles. */
function watchForOpenHandles(): void {
  if (suites.some((suite) => suite.state === "running")) return;
  const timer = setTimeout(() => {
    if (suites.some((suite) => suite.state === "running")) return;
    // Deno cannot list handles; Node's list includes its standard streams.
    const open = process.getActiveResourcesInfo?.().filter((name) => name !== "TTYWrap") ?? [];
    const list = open.length > 0 ? `: ${[...new Set(open)].join(", ")}` : "";
    fail(summary.suite, `Something is still open ${GRACE} ms after the last test${list}`);
    process.exit();
  }, GRACE);
  timer.unref();
}

function onStray(error: unknown): void {
  if (failRunning) return failRunning(error);
  fail("outside of a test", error);
  // The file itself has thrown: its tests never start, and its open resources would hold the process.
  if (suites.every((suite) => suite.state === "new")) process.exit();
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
