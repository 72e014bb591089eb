/** Schedules: their due times and their jobs, which they create once. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  connect,
  ConstraintError,
  deviceDelete,
  deviceTagAdd,
  jobClaim,
  jobLatestByDevice,
  jobList,
  jobStats,
  NotFoundError,
  ParameterError,
  runScheduler,
  scheduleChange,
  scheduleCreate,
  type ScheduleCreateParams,
  scheduleDelete,
  scheduleGet,
  scheduleList,
  scheduleRunDue,
  tagEnsure,
  work,
} from "netraven-db";
import { effort } from "./support/effort.ts";
import { addDevice, addJob, clear, databaseNow } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("schedules");
const HOUR = 3_600_000;
const { db, database } = await testDatabase(test, { pool: { size: 4 } });

test.before.each(() => clear(db));

async function jobDevices(): Promise<number[]> {
  const jobs = await jobList.run({ limit: 1_000 }, db);
  return jobs.map(({ deviceId }) => deviceId).sort((a, b) => a - b);
}

/** Simulates that this number of milliseconds has passed. */
async function pass(milliseconds: number): Promise<void> {
  await db.query(
    "update schedules set next_run_at = next_run_at - make_interval(secs => $1::float8)",
    [milliseconds / 1000],
  );
}

test("An interval is due at once, and goes on from the time that was due", async () => {
  const { id: deviceId } = await addDevice(db);
  const now = await databaseNow(db);
  const made = await scheduleCreate({ name: "hourly", everySeconds: 3600, deviceId }, db);
  assert.ok(made.nextRunAt >= now && made.nextRunAt <= await databaseNow(db));

  assert.equal(await scheduleRunDue(db), [{ id: made.id, jobs: 1, enabled: true }]);
  assert.equal(await scheduleRunDue(db), []);

  const { nextRunAt, lastRunAt } = await scheduleGet.one({ id: made.id }, db);
  assert.is(nextRunAt.getTime(), made.nextRunAt.getTime() + HOUR);
  assert.ok(lastRunAt! >= made.nextRunAt);
  assert.equal(await jobDevices(), [deviceId]);
});

test("A cron expression is read in its time zone, over a change of the clocks as well", async () => {
  const { id: deviceId } = await addDevice(db);
  const timing = { cron: "30 2 * * *", timeZone: "Europe/Vienna" };
  const { id, nextRunAt } = await scheduleCreate({ name: "night", ...timing, deviceId }, db);
  const local = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Vienna",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  assert.is(local.format(nextRunAt), "02:30");
  const away = nextRunAt.getTime() - (await databaseNow(db)).getTime();
  assert.ok(away > 0 && away <= 25 * HOUR);

  await scheduleChange({ id, cron: "0 12 1 1 *", timeZone: "Asia/Kathmandu" }, db);
  const changed = await scheduleGet.one({ id }, db);
  assert.match(changed.nextRunAt.toISOString(), /^20\d\d-01-01T06:15:00\.000Z$/);
});

test("Runs that were missed are one, and the interval keeps its beat", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 60, max: 90_000 }),
      fc.integer({ min: 0, max: 2_000_000 }),
      async (everySeconds, late) => {
        await clear(db);
        const { id: deviceId } = await addDevice(db);
        const { id } = await scheduleCreate({ name: "beat", everySeconds, deviceId }, db);
        await pass(late * 1000);
        const due = (await scheduleGet.one({ id }, db)).nextRunAt.getTime();

        assert.equal(await scheduleRunDue(db), [{ id, jobs: 1, enabled: true }]);

        const { nextRunAt, now } = await scheduleGet.one({ id }, db);
        const next = nextRunAt.getTime();
        assert.is((next - due) % (everySeconds * 1000), 0);
        assert.ok(next > now.getTime() - 60_000 && next <= now.getTime() + everySeconds * 1000);
        assert.is((await jobDevices()).length, 1);
      },
    ),
    effort(15),
  );
});

test("A schedule for tags makes a job for each device that has one of them, and one alone", async () => {
  const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(() => addDevice(db)));
  await deviceTagAdd.run({ deviceIds: [a!.id, b!.id], tagNames: ["core"] }, db);
  await deviceTagAdd.run({ deviceIds: [b!.id, c!.id], tagNames: ["edge"] }, db);
  await scheduleCreate({ name: "both", everySeconds: 60, tagNames: ["core", "edge"] }, db);
  await scheduleCreate({ name: "core", everySeconds: 60, tagNames: ["core"], priority: 5 }, db);

  const ran = await scheduleRunDue(db);

  assert.equal(await jobDevices(), [a!.id, b!.id, c!.id].sort((x, y) => x - y));
  assert.is(ran.reduce((sum, { jobs }) => sum + jobs, 0), 3);
  const jobs = await jobClaim({ worker: "w", limit: 10, lease: 60_000 }, db);
  const urgent = jobs.filter(({ priority }) => priority === 5).map(({ deviceId }) => deviceId);
  assert.equal(urgent.sort(), [a!.id, b!.id].sort());
  assert.not.ok((await jobDevices()).includes(d!.id));
});

test("A device that has a job waiting gets no other; one that runs may", async () => {
  const waits = await addJob(db);
  await scheduleCreate({ name: "x", everySeconds: 60, deviceId: waits.deviceId }, db);
  assert.equal((await scheduleRunDue(db)).map(({ jobs }) => jobs), [0]);
  await jobClaim({ worker: "w", limit: 1, lease: 60_000 }, db);
  await pass(60_000);
  assert.equal((await scheduleRunDue(db)).map(({ jobs }) => jobs), [1]);
});

test("Schedules of two types make a job of each for a device", async () => {
  const { id: deviceId } = await addDevice(db);
  const made = [];
  for (const [name, jobType] of [["a", "backup"], ["b", "discovery"], ["c", "discovery"]]) {
    made.push(await scheduleCreate({ name: name!, jobType, everySeconds: 3600, deviceId }, db));
  }

  await scheduleRunDue(db);

  assert.equal(made.map(({ jobType }) => jobType), ["backup", "discovery", "discovery"]);
  const jobs = await jobList.run({ limit: 10 }, db);
  assert.equal(jobs.map(({ jobType }) => jobType).sort(), ["backup", "discovery"]);
  const latest = Math.max(...jobs.map(({ id }) => id));
  assert.is((await jobLatestByDevice.one({ deviceIds: [deviceId] }, db)).id, latest);
  const changed = await scheduleChange({ id: made[0]!.id, jobType: "audit" }, db);
  assert.is(changed.jobType, "audit");
});

test("Each run is made once, however many processes look at the same moment", async () => {
  const others = await Promise.all(
    [1, 2, 3].map(() =>
      connect({ url: database.url, pool: { size: 2 }, logging: { level: "silent" } })
    ),
  );
  const devices = await Promise.all(Array.from({ length: 30 }, () => addDevice(db)));
  for (const { id: deviceId } of devices) {
    await scheduleCreate({ name: `device ${deviceId}`, everySeconds: 60, deviceId }, db);
  }
  for (let round = 1; round <= 5; round++) {
    const ran = (await Promise.all(
      [db, ...others].flatMap((one) => [scheduleRunDue(one), scheduleRunDue(one)]),
    )).flat();
    assert.is(ran.reduce((sum, { jobs }) => sum + jobs, 0), devices.length);
    assert.is(new Set(ran.map(({ id }) => id)).size, ran.length);
    await db.query("update jobs set status = 'cancelled', completed_at = now()");
    await pass(60_000);
  }
  assert.is((await jobDevices()).length, devices.length * 5);
  await Promise.all(others.map((other) => other.close()));
});

test("A schedule that is disabled makes none, and does not make up for what it missed", async () => {
  const { id: deviceId } = await addDevice(db);
  const { id } = await scheduleCreate({ name: "x", everySeconds: 3600, deviceId }, db);
  await scheduleChange({ id, enabled: false }, db);
  await pass(10 * HOUR);
  assert.equal(await scheduleRunDue(db), []);

  const { nextRunAt } = await scheduleChange({ id, enabled: true }, db);

  assert.equal(await scheduleRunDue(db), []);
  assert.ok(nextRunAt > await databaseNow(db));
});

test("What cannot be due is refused by name, and nothing is stored", async () => {
  const { id: deviceId } = await addDevice(db);
  await tagEnsure.run({ names: ["core"] }, db);
  const name = "x";
  const cases: [ScheduleCreateParams, string][] = [
    [{ name, deviceId, cron: "61 * * * *" }, "cron"],
    [{ name, deviceId, cron: "* * * * * *" }, "cron"],
    [{ name, deviceId, cron: "" }, "cron"],
    [{ name, deviceId, cron: "0 0 30 2 *" }, "cron"],
    [{ name, deviceId }, "cron"],
    [{ name, deviceId, cron: "@daily", everySeconds: 60 }, "cron"],
    [{ name, deviceId, everySeconds: 0 }, "everySeconds"],
    [{ name, deviceId, everySeconds: 1.5 }, "everySeconds"],
    [{ name, deviceId, cron: "@daily", timeZone: "Mars/Olympus" }, "timeZone"],
    [{ name, everySeconds: 60 }, "tagNames"],
    [{ name, everySeconds: 60, deviceId, tagNames: ["core"] }, "tagNames"],
  ];
  for (const [given, field] of cases) {
    const error = await rejection(scheduleCreate(given, db));
    assert.instance(error, ParameterError, JSON.stringify(given));
    assert.is((error as ParameterError).field, field, JSON.stringify(given));
  }
  const missing = scheduleCreate({ name, everySeconds: 60, tagNames: ["core", "none"] }, db);
  assert.instance(await rejection(missing), NotFoundError);
  assert.instance(
    await rejection(scheduleCreate({ name, everySeconds: 60, deviceId: 2 ** 31 - 1 }, db)),
    ConstraintError,
  );
  assert.equal(await scheduleList.run({ limit: 10 }, db), []);
});

test("A schedule without a next time is disabled once it was run, and the others go on", async () => {
  const [a, b] = [await addDevice(db), await addDevice(db)];
  const broken = await scheduleCreate({ name: "a", cron: "@daily", deviceId: a.id }, db);
  await db.query("update schedules set cron = 'nonsense', next_run_at = now()");
  const good = await scheduleCreate({ name: "b", everySeconds: 60, deviceId: b.id }, db);

  const ran = await scheduleRunDue(db);

  assert.equal(ran, [{ id: broken.id, jobs: 1, enabled: false }, {
    id: good.id,
    jobs: 1,
    enabled: true,
  }]);
  assert.is((await scheduleGet.one({ id: broken.id }, db)).enabled, false);
});

test("Schedules are listed with their tags, changed, and deleted; one goes with its device", async () => {
  const { id: deviceId } = await addDevice(db);
  await tagEnsure.run({ names: ["core", "edge"] }, db);
  const tags = await scheduleCreate({
    name: "b",
    cron: "@hourly",
    tagNames: ["edge", "core"],
  }, db);
  await scheduleCreate({ name: "a", everySeconds: 60, deviceId }, db);
  const [first, second] = await scheduleList.run({ limit: 10 }, db);
  assert.equal([first?.name, first?.tagNames, second?.tagNames], ["a", [], ["core", "edge"]]);
  assert.equal((await scheduleList.run({ limit: 10, afterName: "a" }, db)).length, 1);

  const changed = await scheduleChange(
    { id: tags.id, everySeconds: 90, name: "c", priority: 3 },
    db,
  );
  assert.equal(
    [changed.name, changed.cron, changed.everySeconds, changed.priority],
    ["c", null, 90, 3],
  );
  assert.instance(
    await rejection(scheduleChange({ id: 2 ** 31 - 1, priority: 1 }, db)),
    NotFoundError,
  );

  await deviceDelete.run({ id: deviceId }, db);
  await scheduleDelete.one({ id: tags.id }, db);
  assert.equal(await scheduleList.run({ limit: 10 }, db), []);
});

test("schedule() makes jobs as they are due, and its worker does them", async () => {
  const { id: deviceId } = await addDevice(db);
  await scheduleCreate({ name: "often", everySeconds: 1, deviceId }, db);
  const scheduler = runScheduler({ poll: 50 }, db);
  let done = 0;
  const worker = work({ poll: 60_000 }, () => {
    done++;
    return Promise.resolve();
  }, db);

  await until("it ran again", () => done >= 2);

  await scheduler.stop();
  await worker.stop();
  const { succeeded, due, running, successRate, medianSeconds } = await jobStats.one(
    { from: new Date(0) },
    db,
  );
  assert.ok(succeeded >= 2);
  assert.equal([due, running, successRate], [0, 0, 1]);
  assert.ok(medianSeconds! >= 0 && medianSeconds! < 30);
  assert.throws(() => runScheduler({ poll: 0 }, db), /poll/);
});

test.run();
