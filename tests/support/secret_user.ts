/**
 * Uses credentials in every way, prints all results, and ends with an uncaught error.
 * `tests/tools/secrecy.test.ts` runs it on both runtimes.
 *
 * SECRET_URL is the database, SECRET_PASSWORD the password, SECRET_KEY the key. With SECRET_LEAK it prints
 * the password once.
 */
import process from "node:process";
import { inspect } from "node:util";
import { connect, credentialCreate } from "netraven-db";
import { Canary } from "./canary.ts";
import { misuse, useCredentials } from "./secrecy.ts";

const { SECRET_URL: url, SECRET_PASSWORD: text, SECRET_KEY: key, SECRET_LEAK: leak } = process.env;
const canary = new Canary(text);

function print(what: string, outcome: unknown): void {
  console.log(what, outcome);
  console.error(`${what}: ${outcome}`);
  console.info("%s %o %O %j", outcome, outcome, outcome, outcome);
  console.warn(inspect(outcome, { depth: Infinity, showHidden: true }));
  try {
    console.debug(JSON.stringify(outcome));
  } catch {
    // This database has none.
  }
  if (outcome instanceof Error) console.log(outcome.stack, Object.entries(outcome));
}

const db = await connect({
  url,
  env: { KEY: key },
  vault: { active: "k1", keys: { k1: { env: "KEY" } } },
  // Some are slow, some are not.
  logging: { level: "debug", slowQuery: 2 },
});
const [id] = await useCredentials(db, canary, print);
await misuse(db, canary, id!, print);
if (leak) console.log(canary.text);
console.log("done");
await db.close();
// Uncaught, so the runtime prints it.
void credentialCreate({ username: "u", password: `${canary.text}\0` }, db);
