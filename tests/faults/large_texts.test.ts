/** Texts far larger than those of any device are stored and read completely. */
// Runs on the first server: it tests the client, whatever the server's version.
import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import { configGet, configLatestGet, configSave, configSearch } from "netraven-db";
import { addDevice } from "../support/factories.ts";
import { suite } from "../support/suite.ts";
import { testDatabase } from "../support/test_database.ts";

const test = suite("large texts", { timeout: 120_000 });
const MEGABYTE = 1_000_000;
const { db } = await testDatabase(test, {
  pool: { size: 1 },
  // A busy machine may need more time.
  timeouts: { statement: 100_000, transaction: 100_000 },
});

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Distinct lines, with characters of one to four bytes and characters that need escaping. */
function mixedText(bytes: number): string {
  const line = `interface Gi1/0 'é' "€" 👩‍💻 \\ \t$1 {,}\r\n`;
  const size = new TextEncoder().encode(line).length + 8;
  const lines = Array.from(
    { length: Math.ceil(bytes / size) },
    (_, i) => `${i}`.padStart(8, "0") + line,
  );
  return lines.join("");
}

test("query() sends 20 MB of many characters whole", async () => {
  const text = mixedText(20 * MEGABYTE);

  const { rows } = await db.query(
    "select length($1::text) as length, encode(sha256(convert_to($1, 'UTF8')), 'hex') as hash",
    [text],
  );

  assert.equal(rows, [{ length: lengthOf(text), hash: hashOf(text) }]);
});

test("query() sends 100 MB whole", async () => {
  // One repeated character, which every step handles fastest.
  const text = "x".repeat(100 * MEGABYTE);

  const { rows } = await db.query("select length($1::text) as length", [text]);

  assert.equal(rows, [{ length: text.length }]);
});

for (
  const [what, make] of [
    ["20 MB of many characters", () => mixedText(20 * MEGABYTE)],
    ["100 MB", () => "x".repeat(100 * MEGABYTE)],
  ] as const
) {
  test(`configSave() stores ${what}, and configLatestGet gives them back`, async () => {
    const text = make();
    const { id: deviceId } = await addDevice(db);

    const { changed } = await configSave({ deviceId, text }, db);
    const latest = await configLatestGet.one({ deviceId }, db);

    assert.ok(changed);
    assert.is(latest.configData.length, text.length);
    // The stored hash belongs to the sent text.
    assert.is(hashOf(latest.configData), Buffer.from(latest.contentHash).toString("hex"));
    assert.is(db.stats().discarded, 0);
  });
}

test("configSave() stores 500,000 lines, finds one of them, and reads them back equal", async () => {
  const { id: deviceId } = await addDevice(db);
  const lines: string[] = [];
  for (let i = 0; i < 500_000; i++) {
    lines.push(`set interface ${(i * 2654435761 >>> 0).toString(36)} über ${i}`);
  }
  const text = lines.join("\n");
  assert.ok(text.length > 15_000_000);

  const saved = await configSave({ deviceId, text }, db);
  const again = await configSave({ deviceId, text }, db);

  const row = await configGet.one({ id: saved.id }, db);
  assert.ok(row.configData === text);
  assert.not(again.changed);
  assert.is(saved.added, 500_000);
  const [hit] = await configSearch.run({ texts: [lines[333_333]!], limit: 10 }, db);
  assert.is(hit?.line, 333_334);
});

/** Length in code points, as the server counts. */
function lengthOf(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800) pairs++;
  }
  return text.length - pairs;
}

test.run();
