/** The log of a job while the server or the network is down: lines wait, are stored once, and stay bounded. */
// Runs on the first server: it tests the client behind a network that fails.
import * as assert from "uvu/assert";
import {
  type ConnectOptions,
  jobLog,
  type JobLogLine,
  jobLogList,
  type Logger,
  logWriterStats,
} from "netraven-db";
import { addJob } from "../support/factories.ts";
import { openScene, type Scene } from "../support/invariants.ts";
import { suite } from "../support/suite.ts";
import { until } from "../support/until.ts";

const test = suite("job log under faults");
let scene: Scene | undefined;

test.after.each(async () => {
  scene?.proxy.pass();
  await scene?.proxy.listen();
  await scene?.close();
  scene = undefined;
});

async function open(options: ConnectOptions = {}): Promise<Scene> {
  return scene = await openScene({
    pool: { size: 2 },
    timeouts: { connect: 500, acquire: 500, statement: 500, transaction: 1_000 },
    ...options,
  });
}

async function stored({ witness }: Scene, jobId: number): Promise<JobLogLine[]> {
  return await jobLogList.run({ jobId, limit: 100_000 }, witness);
}

function numbers(length: number): string[] {
  return Array.from({ length }, (_, i) => String(i));
}

test("Lines wait while nobody answers, and are stored in their order when somebody does", async () => {
  const scene = await open();
  const { id } = await addJob(scene.witness);
  const log = jobLog({ jobId: id }, scene.db);
  log.info("0");
  await log.flush();

  await scene.proxy.refuse();
  scene.proxy.reset();
  for (const number of numbers(1_000).slice(1)) log.info(number);
  await log.flush({ timeout: 700 });
  const meanwhile = await stored(scene, id);
  await scene.proxy.listen();

  await until("all are stored", () => logWriterStats(scene.db).waiting === 0);
  assert.is(meanwhile.length, 1);
  const lines = await stored(scene, id);
  assert.equal(lines.map(({ message }) => message), numbers(1_000));
  assert.equal(logWriterStats(scene.db).dropped, 0);
});

test("Each line is stored once, in its order, while answers are lost again and again", async () => {
  const scene = await open({ jobLog: { delay: 1 } });
  const jobs = [await addJob(scene.witness), await addJob(scene.witness)];
  const logs = jobs.map(({ id }) => jobLog({ jobId: id }, scene.db));
  const all = numbers(4_000);

  for (const number of all) {
    for (const log of logs) log.info(number);
    if (Number(number) % 400 !== 0) continue;
    // In the middle of an answer or of a request.
    scene.proxy.cutAfter(Number(number) % 800 === 0 ? 20 : 0);
    await logs[0]!.flush({ timeout: 300 });
    scene.proxy.reset();
  }

  await until("all are stored", () => logWriterStats(scene.db).waiting === 0);
  for (const { id } of jobs) {
    const lines = await stored(scene, id);
    assert.equal(lines.map(({ message }) => message), all);
  }
});

test("Where no more fit, lines of the lowest levels are dropped, and the log says how many", async () => {
  const bytes = 100_000;
  const scene = await open({ jobLog: { bytes } });
  const { id } = await addJob(scene.witness);
  const log = jobLog({ jobId: id }, scene.db);
  scene.proxy.stall();

  let most = 0;
  for (const number of numbers(5_000)) {
    log.debug(number);
    if (Number(number) % 100 === 0) log.error(`error ${number}`);
    most = Math.max(most, logWriterStats(scene.db).bytes);
  }
  scene.proxy.pass();
  scene.proxy.reset();
  await until("what is left is stored", () => logWriterStats(scene.db).waiting === 0);

  assert.ok(most <= bytes, `${most}`);
  const lines = await stored(scene, id);
  const of = (wanted: string) => lines.filter(({ level }) => level === wanted);
  assert.is(of("error").length, 50);
  const told = of("warning").map(({ message }) => {
    const [, lines] = /^The log writer dropped (\d+) lines here: \1 debug$/.exec(message) ?? [];
    assert.ok(lines, message);
    return Number(lines);
  });
  const dropped = told.reduce((sum, count) => sum + count, 0);
  assert.ok(dropped > 1_000);
  assert.is(logWriterStats(scene.db).dropped, dropped);
  assert.is(of("debug").length + dropped, 5_000);
});

test("Told to block, promises wait until there is room, and nothing is dropped", async () => {
  const scene = await open({ jobLog: { bytes: 10_000, full: "block" } });
  const { id } = await addJob(scene.witness);
  const log = jobLog({ jobId: id }, scene.db);
  await scene.proxy.refuse();
  scene.proxy.reset();

  let written = 0;
  const writing = (async () => {
    for (const number of numbers(1_000)) {
      await log.info(number);
      written++;
    }
  })();
  await until("it waits", () => logWriterStats(scene.db).bytes > 10_000);
  await scene.db.query("select", [], { timeout: 300 }).catch(() => {});
  const blocked = written;
  await scene.proxy.listen();
  await writing;
  await log.flush();

  assert.ok(blocked > 50 && blocked < 200, `${blocked}`);
  assert.equal((await stored(scene, id)).map(({ message }) => message), numbers(1_000));
  assert.is(logWriterStats(scene.db).dropped, 0);
});

test("close() ends in time where lines cannot be stored, and says how many", async () => {
  const said: string[] = [];
  const tell = (line: string) => void said.push(line);
  const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell };
  const scene = await open({ logger, logging: { level: "error" } });
  const { id } = await addJob(scene.witness);
  await scene.proxy.refuse();
  scene.proxy.reset();
  for (const number of numbers(10)) jobLog({ jobId: id }, scene.db).info(number);

  const started = performance.now();
  await scene.db.close({ drain: 100 });

  assert.ok(performance.now() - started < 10_000);
  assert.equal(said, ["The log writer could not store 10 lines of job logs"]);
});

test.run();
