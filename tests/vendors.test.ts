/** Real output of devices of many vendors, with odd bytes and escapes, from the data beside the project. */
// Runs on the first server: it tests what is made of odd bytes.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  configGet,
  configLatestList,
  configSave,
  connectionLogGet,
  connectionLogInsert,
  connectionLogInsertMany,
  connectionLogList,
} from "netraven-db";
import { sharedData } from "./support/database.ts";
import { addDevice, addJob } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";

interface Sample {
  readonly name: string;
  readonly text: string;
  readonly size: number;
}

const test = suite("vendors");
const data = sharedData();
const { db } = await testDatabase(test, { pool: { size: 4 } });

/** Reads the files as UTF-8 if valid, else one character a byte, and counts the latter. */
async function samples(folder: string, ending: string): Promise<Sample[]> {
  const found: Sample[] = [];
  let others = 0;
  for (const name of (await readdir(folder)).sort()) {
    if (!name.endsWith(ending)) continue;
    const bytes = await readFile(join(folder, name));
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      text = bytes.toString("latin1");
      others++;
    }
    found.push({ name, text, size: new TextEncoder().encode(text).length });
  }
  console.log(`${found.length} files ${ending}, ${others} of them not UTF-8`);
  return found;
}

function addTests(folder: string): void {
  let configurations: Sample[];
  let sessions: Sample[];

  test.before(async () => {
    configurations = await samples(join(folder, "vendors"), ".txt");
    sessions = await samples(join(folder, "vendors", "sessions"), ".yaml");
  });

  test("configSave() stores every vendor's configuration, and ConfigGet returns it equal", async () => {
    assert.ok(configurations.length >= 60);
    for (const { name, text, size } of configurations) {
      const { id: deviceId } = await addDevice(db, { hostname: name });

      const saved = await configSave({ deviceId, text, metadata: { file: name } }, db);
      const again = await configSave({ deviceId, text }, db);

      const row = await configGet.one({ id: saved.id }, db);
      const [listed] = await configLatestList.run({ deviceIds: [deviceId], limit: 1 }, db);
      assert.ok(row.configData === text, name);
      assert.equal(row.metadata, { file: name });
      assert.equal([saved.changed, again.changed], [true, false], name);
      assert.is(listed?.size, size);
    }
  });

  test("ConnectionLogInsert stores every session, and ConnectionLogGet returns it equal", async () => {
    const { id: jobId, deviceId } = await addJob(db);
    assert.ok(sessions.length >= 15);
    for (const { name, text, size } of sessions) {
      const stored = await connectionLogInsert.one({ jobId, deviceId, log: text }, db);

      const row = await connectionLogGet.one(stored, db);
      assert.ok(row.log === text, name);
      assert.is(stored.size, size);
    }
  });

  test("ConnectionLogInsertMany stores all sessions in one call, and none is mixed up", async () => {
    const { id: jobId, deviceId } = await addJob(db);

    await connectionLogInsertMany.run({
      jobIds: sessions.map(() => jobId),
      deviceIds: sessions.map(() => deviceId),
      logs: sessions.map(({ text }) => text),
    }, db);

    const rows = await connectionLogList.run({ deviceId, limit: 1000 }, db);
    const texts = [];
    for (const row of rows.reverse()) texts.push((await connectionLogGet.one(row, db)).log);
    assert.is(texts.length, sessions.length);
    texts.forEach((text, i) => assert.ok(text === sessions[i]?.text, sessions[i]?.name));
  });
}

if (data === undefined) {
  test.skip("Every vendor's files are stored and read back", "there is no ../shared/data");
} else {
  addTests(data);
}

test.run();
