/** No print shows a secret, and only `reveal` returns its text. */
// Runs on the first server: it asks none.
import process from "node:process";
import { format, inspect } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { ParameterError, Secret } from "netraven-db";
import { effort } from "./support/effort.ts";
import { text } from "./support/odd_values.ts";
import { suite } from "./support/suite.ts";

const test = suite("secret");
const CANARY = "canary-swordfish";

/** Every way to print a value, by its name. */
function prints(secret: Secret): Record<string, string> {
  const holder = { list: [secret], map: new Map([["password", secret]]), secret };
  const deno = (globalThis as { Deno?: { inspect(value: unknown, options: object): string } }).Deno;
  return {
    template: `${secret}`,
    joined: "password: " + secret,
    string: String(secret),
    toString: secret.toString(),
    json: JSON.stringify(holder),
    pretty: JSON.stringify({ secret }, undefined, 2),
    keys: JSON.stringify([Object.entries(secret), { ...secret }, Reflect.ownKeys(secret).length]),
    inspect: inspect(secret),
    deep: inspect(holder, { depth: Infinity, showHidden: true, getters: true }),
    bare: inspect(secret, { customInspect: false, showHidden: true, depth: Infinity }),
    format: format("%s %o %O %j %d", secret, secret, secret, secret, secret),
    clone: inspect(structuredClone({ ...secret })),
    error: inspect(Object.assign(new Error(`cannot log in with ${secret}`), { secret })),
    deno: deno?.inspect(holder, { depth: 100, showHidden: true }) ?? "",
  };
}

test("Secret shows in no print", () => {
  const secret = new Secret(CANARY);

  for (const [name, print] of Object.entries(prints(secret))) {
    assert.not.match(print, CANARY, name);
    assert.not.match(print, "99, 97, 110, 97, 114, 121", `the bytes, in ${name}`);
  }
  const { template, json, inspect: inspected, string, format: formatted } = prints(secret);
  for (const print of [template, string, inspected]) assert.is(print, "[redacted]");
  assert.match(json!, '"secret":"[redacted]"');
  assert.match(formatted!, "[redacted]");
});

test("Secret shows in no line of the console", () => {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  const { log } = console;
  process.stdout.write = ((line: string) => lines.push(line) > 0) as typeof process.stdout.write;
  console.log = (...values: unknown[]) => lines.push(format(...values));
  try {
    console.log(new Secret(CANARY), { secret: new Secret(CANARY) });
  } finally {
    process.stdout.write = write;
    console.log = log;
  }

  assert.match(lines.join(), "[redacted]");
  assert.not.match(lines.join(), CANARY);
});

test("Secret.reveal() gives what it was made of, whatever the text", () => {
  for (const odd of ["", "\ufeffswordfish", "pässwörd 👩‍💻 ' \" \\ \r\n"]) {
    assert.is(new Secret(odd).reveal(), odd);
  }
  fc.assert(
    fc.property(text, (given) => {
      const secret = new Secret(given);
      assert.is(secret.reveal(), given);
      assert.equal(secret.bytes(), new TextEncoder().encode(given));
    }),
    effort(200),
  );
});

test("Secret refuses what cannot be kept as it is, and does not repeat it", () => {
  for (const given of [`${CANARY}\ud800`, `${CANARY}\0`, undefined, null, 7, [CANARY]]) {
    try {
      new Secret(given as string);
    } catch (error) {
      assert.instance(error, ParameterError);
      assert.not.match(inspect(error, { showHidden: true }), CANARY);
      continue;
    }
    throw new Error("it was taken");
  }
});

test.run();
