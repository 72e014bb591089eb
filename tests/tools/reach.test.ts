/** What a test file says of where it runs is what the runner makes of it. */
// Runs once: it tests the tests.
import * as assert from "uvu/assert";
import { reachOf } from "../support/reach.ts";
import { suite } from "../support/suite.ts";

const test = suite("reach");
const FILE = "tests/devices.test.ts";
const TOOL = "tests/tools/check.test.ts";
const EVERYWHERE = { everyServer: true, everyRuntime: true };

test("reachOf() lets a file run everywhere that says nothing, and a tool's on Node", () => {
  assert.equal(reachOf(FILE, "/** Devices. */\n"), EVERYWHERE);
  assert.equal(reachOf(TOOL, "/** Check. */\n"), { everyServer: true, everyRuntime: false });
});

test("reachOf() reads each of the three lines", () => {
  const reach = (line: string) => reachOf(FILE, `/** Devices. */\n${line}\nimport "x";\n`);

  assert.equal(reach("// Runs on the first server: it asks none."), {
    everyServer: false,
    everyRuntime: true,
  });
  assert.equal(reach("// Runs on Node: it tests the server."), {
    everyServer: true,
    everyRuntime: false,
  });
  assert.equal(reach("// Runs once: it tests a tool."), {
    everyServer: false,
    everyRuntime: false,
  });
});

test("reachOf() is not led by other comments", () => {
  assert.equal(reachOf(FILE, "  // Runs once: indented\n/** Runs once: x */\n"), EVERYWHERE);
});

for (
  const text of [
    "// Runs once",
    "// Runs once:",
    "// Runs on Deno: it tests Deno.",
    "// Runs once: a tool.\n// Runs on Node: a tool.",
  ]
) {
  test(`reachOf() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => reachOf(FILE, text), /Cannot tell where tests\/devices\.test\.ts runs/);
  });
}

test.run();
