/**
 * Decrypts the password of credential SECRET_ID in the database SECRET_URL. Writes its heap to
 * `<SECRET_FILE>.sealed` while it holds the Secret, and to `<SECRET_FILE>.revealed` while it holds the text.
 * It gets the password in no other way. `tests/tools/secrecy.test.ts` runs it with --expose-gc.
 */
import process from "node:process";
import { writeHeapSnapshot } from "node:v8";
import { connect, credentialReveal } from "netraven-db";

const { SECRET_URL: url, SECRET_KEY: key, SECRET_ID: id, SECRET_FILE: file } = process.env;
const db = await connect({
  url,
  env: { KEY: key },
  vault: { active: "k1", keys: { k1: { env: "KEY" } } },
  pool: { size: 1 },
});
const credential = await credentialReveal(
  { id: Number(id), by: "holder", reason: "to hold it" },
  db,
);
console.log(String(credential.password), JSON.stringify(credential));
writeHeapSnapshot(`${file}.sealed`);
const held = { text: credential.password.reveal() };
writeHeapSnapshot(`${file}.revealed`);
await db.close();
console.log(held.text.length);
