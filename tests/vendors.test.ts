/** What the devices of many vendors really send, odd bytes and escapes included, from the data beside the project. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  configGet,
  configLatestList,
  configSave,
  connect,
  connectionLogGet,
  connectionLogInsert,
  connectionLogInsertMany,
  connectionLogList,
  type Database,
} from "netraven-db";
import { createDatabase, sharedData } from "./support/database.ts";
import { addDevice, addJob } from "./support/factories.ts";
import { suite } from "./support/suite.ts";

interface Sample {
  readonly name: string;
  readonly text: string;
  readonly size: number;
}

const test = suite("vendors");
const data = sharedData();
let database: Awaited<ReturnType<typeof createDatabase>>;
let db: Database;

/** The files as text: UTF-8 where they are that, else a character a byte; says how many were not. */
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
    database = await createDatabase();
    db = await connect({ url: database.url, pool: { size: 4 }, logging: { level: "silent" } });
  });

  test.after(async () => {
    await db.close();
    await database.drop();
  });

  test("configSave() stores every vendor's configuration, and ConfigGet returns it equal", async () => {
    assert.ok(configurations.length >= 60);
    for (const { name, text, size } of configurations) {
      const { id: deviceId } = await addDevice(db, { hostname: name });

      const saved = await configSave(db, { deviceId, text, metadata: { file: name } });
      const again = await configSave(db, { deviceId, text });

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
