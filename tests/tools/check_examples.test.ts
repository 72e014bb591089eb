/** The check of the documentation's examples finds what does not type-check. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { checkExamples } from "../support/check_examples.ts";
import { suite } from "../support/suite.ts";

const test = suite("check examples");

test("checkExamples() names file and line of what does not type-check", () => {
  const code = [
    'import { deviceGet } from "netraven-db/queries/devices";',
    "const device = await deviceGet.one({ id: 1 }, db);",
    'await jobList.run({ statuses: ["no such status"], limit: 1 }, db);',
    "console.log(device.name);\n",
  ].join("\n");

  const problems = checkExamples([{ file: "src/README.md", line: 10, code }]);

  assert.equal(problems, [
    "src/README.md:12:32: Type '\"no such status\"' is not assignable to type 'JobStatus'.",
    "src/README.md:13:20: Property 'name' does not exist on type 'Device'.",
  ]);
});

test.run();
