/** Cases in which uvu passes wrongly must fail here, on both runtimes. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { suite } from "../support/suite.ts";
import { type Summary, SUMMARY_MARK } from "../support/summary.ts";

const test = suite("suite");
const project = fileURLToPath(new URL("../..", import.meta.url));
const deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
const runtimes: Record<string, string[]> = {
  node: [process.execPath, ...NODE_ARGS],
  deno: [deno, "run", "--no-prompt", "--cached-only", "--config=deno.json", "--allow-env"],
};
let folder = "";

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "netraven-suite-"));
});

test.after(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  code: number | null;
  output: string;
  summary: Summary | undefined;
}

/** Runs a small test file; `test` is its suite, with a timeout of 200 ms. */
async function run(runtime: string, body: string, pattern = ""): Promise<Run> {
  const file = join(folder, `${runtime}.mjs`);
  const suiteUrl = new URL("../support/suite.ts", import.meta.url).href;
  const assertUrl = pathToFileURL(createRequire(import.meta.url).resolve("uvu/assert")).href;
  await writeFile(
    file,
    [
      `import * as assert from ${JSON.stringify(assertUrl)};`,
      `import { suite } from ${JSON.stringify(suiteUrl)};`,
      `const test = suite("little", { timeout: 200 });`,
      `void assert;`,
      body,
    ].join("\n"),
  );
  const [program, ...args] = runtimes[runtime]!;
  const child = spawnSync(program!, [...args, file], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, NETRAVEN_TEST: pattern, NO_COLOR: "1" },
  });
  const line = child.stdout.trimEnd().split("\n").at(-1) ?? "";
  const summary = line.startsWith(SUMMARY_MARK)
    ? JSON.parse(line.slice(SUMMARY_MARK.length))
    : undefined;
  return { code: child.status, output: child.stdout + child.stderr, summary };
}

const OK = `test("works", () => {});`;
/** Name, text and expected output. */
const RED: readonly (readonly [string, string, RegExp])[] = [
  ["a failed assertion", `test("fails", () => assert.is(1, 2)); test.run();`, /"fails"/],
  ["a thrown string", `test("fails", () => { throw "oh"; }); test.run();`, /no Error: 'oh'/],
  ["a thrown nothing", `test("fails", () => { throw undefined; }); test.run();`, /no Error: undef/],
  [
    "a rejected promise",
    `test("fails", () => Promise.reject(null)); test.run();`,
    /no Error: null/,
  ],
  [
    "values that uvu cannot print",
    `const odd = { toJSON() { throw new Error("no") } };
     test("fails", () => assert.equal({ odd, a: 1 }, { odd, a: 2 })); test.run();`,
    /"fails"/,
  ],
  ["a before() that throws", `test.before(() => { throw 1; }); ${OK} test.run();`, /"works"/],
  [
    "a before.each() that throws",
    `test.before.each(() => { throw 1; }); ${OK} test.run();`,
    /"works"/,
  ],
  [
    "an after.each() that throws",
    `test.after.each(() => { throw 1; }); ${OK} test.run();`,
    /"works"/,
  ],
  [
    "an after() that throws",
    `test.after(() => { throw new Error("a"); }); ${OK} test.run();`,
    /Error: a/,
  ],
  [
    "a hook that hangs",
    `test.before(() => new Promise(() => {})); ${OK} test.run();`,
    /before\(\) hook took/,
  ],
  [
    "a test that hangs",
    `test("hangs", () => new Promise(() => {})); test.run();`,
    /took longer than 200 ms/,
  ],
  [
    "an error in a timer",
    `test("strays", async () => {
       setTimeout(() => { throw new Error("stray"); }, 5);
       await new Promise((resolve) => setTimeout(resolve, 100));
     });
     test.run();`,
    /"strays"[^]*stray/,
  ],
  [
    "a rejection nobody hears",
    `test("strays", () => { Promise.reject(new Error("x")); }); test.run();`,
    /"strays"/,
  ],
  ["a file without .run()", OK, /lacks its \.run\(\)/],
  [
    "a second suite without .run()",
    `${OK} test.run(); suite("forgotten")("x", () => {});`,
    /forgotten/,
  ],
  ["a file without a test", `test.run();`, /There is no test/],
  ["an error while the file loads", `${OK} test.run(); throw new Error("loading");`, /loading/],
  [
    "an error before the file has its tests, while something is open",
    `setInterval(() => {}, 1000); await Promise.reject(new Error("early")); ${OK} test.run();`,
    /early/,
  ],
  [
    "an exit in the middle",
    `test("ends", async () => process.exit(0)); test.run();`,
    /ended before the tests/,
  ],
  ["two tests of one name", `${OK} ${OK} test.run();`, /Two tests/],
  [
    "an open handle",
    `${OK} test.after(() => { setInterval(() => {}, 1000); }); test.run();`,
    /still open/,
  ],
];

for (const runtime of Object.keys(runtimes)) {
  for (const [what, body, says] of RED) {
    test(`suite() is red for ${what}, on ${runtime}`, async () => {
      const { code, output, summary } = await run(runtime, body);

      assert.is.not(code, 0, output);
      assert.match(output, says);
      assert.ok((summary?.failed ?? 1) > 0, output);
    });
  }

  test(`suite() counts what passed and what was skipped, on ${runtime}`, async () => {
    const body =
      `${OK} test("too", async () => {}); test.skip("later", "no data here"); test.run();`;

    const { code, output, summary } = await run(runtime, body);

    assert.is(code, 0, output);
    assert.equal(summary, {
      suite: "little",
      passed: 2,
      failed: 0,
      skipped: [{ name: "later", reason: "no data here" }],
      left: 0,
    });
  });

  test(`suite() runs the tests that NETRAVEN_TEST names, on ${runtime}`, async () => {
    const body = `${OK} test("other", () => { throw new Error("ran"); }); test.run();`;

    const { code, summary } = await run(runtime, body, "work");

    assert.is(code, 0);
    assert.equal(summary && [summary.passed, summary.left], [1, 1]);
  });

  test(`suite() is red when NETRAVEN_TEST names none of its tests, on ${runtime}`, async () => {
    const { code, output } = await run(runtime, `${OK} test.run();`, "nothing");

    assert.is(code, 1);
    assert.match(output, /No test has a name with "nothing"/);
  });

  test(`suite() runs what ends the file last, and even when no test ran, on ${runtime}`, async () => {
    const body = `test.atEnd(() => console.log("the end")); ${OK}
      test.after(() => console.log("after")); test.run();`;

    const whole = await run(runtime, body);
    const none = await run(runtime, body, "nothing");

    assert.match(whole.output, /after\nthe end/);
    assert.match(none.output, /the end/);
  });

  test(`suite() is red when what ends the file throws, on ${runtime}`, async () => {
    const body = `test.atEnd(() => { throw new Error("stays"); }); ${OK} test.run();`;

    const { code, output } = await run(runtime, body);

    assert.is(code, 1);
    assert.match(output, /Error: stays/);
  });

  test(`suite() runs each hook once for all, or around each test, on ${runtime}`, async () => {
    const body = `const seen = [];
      test.before(() => seen.push("b")); test.after(() => console.log("seen " + seen.join("")));
      test.before.each(() => seen.push("(")); test.after.each(() => seen.push(")"));
      test("one", () => { seen.push("1"); }); test("two", () => { seen.push("2"); }); test.run();`;

    const { output } = await run(runtime, body);

    assert.match(output, "seen b(1)(2)");
  });
}

test.run();
