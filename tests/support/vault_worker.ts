/**
 * Creates, changes and reveals credentials until SIGTERM, with the keys of its environment, the first of which
 * is active. Reveals its own and other processes' credentials, and ends at the first password that does not
 * decrypt. Prints `ready`, and at the end how much it did. `tests/tools/key_rotation.test.ts` runs it on
 * both runtimes.
 */
import process from "node:process";
import {
  connect,
  credentialCreate,
  credentialList,
  credentialReveal,
  credentialSetPassword,
} from "netraven-db";
import { testKeys } from "./keys.ts";

const [active = "", ...older] = (process.env["TEST_WORKER_KEYS"] ?? "").split(",");
const name = process.env["TEST_WORKER_NAME"] ?? "worker";
const db = await connect({
  url: process.env["TEST_WORKER_URL"],
  keys: testKeys([active, ...older]),
  pool: { size: 3 },
  logging: { level: "silent" },
});
let stopping = false;
process.on("SIGTERM", () => stopping = true);

const done = { created: 0, changed: 0, revealed: 0 };
const start = await credentialList.run({ limit: 1000 }, db);
const all = start.map(({ id, username }) => ({ id, username }));

async function look({ id, username }: { id: number; username: string }) {
  const { password } = await credentialReveal({ id, by: name, reason: "a look" }, db);
  if (!password.reveal().startsWith(`${username} `)) throw new Error(`${username} is another's`);
  done.revealed++;
}

console.log("ready");
while (!stopping) {
  const any = all[Math.floor(Math.random() * all.length)];
  if (any !== undefined) {
    await look(any);
    if (Math.random() < 0.5) {
      await credentialSetPassword({
        id: any.id,
        password: `${any.username} ${crypto.randomUUID()}`,
      }, db);
      done.changed++;
      await look(any);
    }
  }
  if (all.length < 1000 && Math.random() < 0.3) {
    const username = `${name}-${crypto.randomUUID()}`;
    const made = await credentialCreate({ username, password: `${username} new` }, db);
    all.push({ id: made.id, username });
    done.created++;
  }
}
await db.close();
console.log(JSON.stringify(done));
