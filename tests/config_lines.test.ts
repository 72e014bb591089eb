/** The line index: a search finds exactly the lines that the texts contain, in every version and at every time. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  configAbsentSearch,
  configBlame,
  configDelete,
  configDiff,
  configGet,
  configHistoryList,
  configLineList,
  configSave,
  configSearch,
  type ConfigSearchRow,
  ConstraintError,
  deviceTagAdd,
  NotFoundError,
  QueryError,
  TimeoutError,
} from "netraven-db";
import { linesOf } from "../src/history/text.ts";
import { decodeChanges, encodeChanges } from "../src/history/line_changes.ts";
import { diffLines } from "../src/history/line_diff.ts";
import { reindex } from "../src/tools/reindex.ts";
import { effort, PATIENCE } from "./support/effort.ts";
import { addDevice, clear } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("config lines", { timeout: PATIENCE });
const { db } = await testDatabase(test, { pool: { size: 2 } });

test.before.each(() => clear(db));

/** Few lines, so that they recur; some contain characters that a pattern could misread. */
const line = fc.constantFrom(
  "!",
  "",
  "hostname sw1",
  "ntp server 10.1.1.1",
  "ntp server 10.1.1.12",
  "no service password-encryption",
  "service password-encryption",
  "interface GigabitEthernet0/1",
  " description 100% _under_ a\\b",
  "\tünïcode 👩‍💻",
);
const text = fc.array(line, { maxLength: 12 }).chain((lines) =>
  fc.constantFrom("\n", "\r\n").chain((end) =>
    fc.constantFrom("", end).map((last) => lines.join(end) + last)
  )
);
const history = fc.array(text, { minLength: 1, maxLength: 6 });

interface Version {
  readonly id: number;
  readonly at: Date;
  readonly lines: readonly string[];
}

function plain(text: string): string[] {
  return linesOf(text).map((line) => line.replace(/\r$/, ""));
}

/** Saves texts a day apart and returns the created versions. */
async function save(deviceId: number, texts: readonly string[]): Promise<Version[]> {
  const versions: Version[] = [];
  for (const [day, text] of texts.entries()) {
    const at = new Date(Date.UTC(2026, 0, 1 + day));
    const { id, changed } = await configSave({ deviceId, text, retrievedAt: at, guard: false }, db);
    if (changed) versions.push({ id, at, lines: plain(text) });
  }
  return versions;
}

async function searchAll(text: string, more = {}): Promise<ConfigSearchRow[]> {
  return await searchPages(3, { texts: [text], ...more });
}

async function searchPages(limit: number, wanted: object): Promise<ConfigSearchRow[]> {
  const all: ConfigSearchRow[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? {} : {
      afterDeviceId: last.deviceId,
      afterConfigurationId: last.configurationId,
      afterLine: last.line,
    };
    const page = await configSearch.run({ ...wanted, ...after, limit }, db);
    all.push(...page);
    if (page.length < limit) return all;
  }
}

/** Returns the number of lines that contain the text in each version, by the index. */
function standing(hits: readonly ConfigSearchRow[], versions: readonly Version[]): string[][] {
  return versions.map(({ at }) =>
    hits.filter(({ since, until }) => since <= at && (until === null || at < until))
      .map(({ text }) => text).sort()
  );
}

test("ConfigSearch finds in every version exactly the lines that hold the text", async () => {
  const needles = fc.constantFrom(
    "!",
    "ntp",
    "10.1.1.1",
    "100% _under",
    "a\\b",
    "ünï",
    "word-enc",
    "o",
  );
  await fc.assert(
    fc.asyncProperty(history, history, needles, async (texts, others, needle) => {
      await clear(db);
      const devices = [await addDevice(db), await addDevice(db)];
      const saved = [
        await save(devices[0]!.id, texts),
        await save(devices[1]!.id, others),
      ];
      for (const [i, { id: deviceId }] of devices.entries()) {
        const hits = await searchAll(needle, { deviceIds: [deviceId] });
        const expected = saved[i]!.map(({ lines }) =>
          lines.filter((line) => line.includes(needle)).sort()
        );
        assert.equal(standing(hits, saved[i]!), expected);
        for (const hit of hits) {
          const version = saved[i]!.find(({ id }) => id === hit.configurationId)!;
          assert.is(version.lines[hit.line - 1], hit.text);
          assert.equal(hit.since, version.at);
        }
        const latest = await searchAll(needle, { deviceIds: [deviceId], latest: true });
        assert.equal(latest.map(({ text }) => text).sort(), expected.at(-1));
      }
      const absent = await configAbsentSearch.run({ text: needle, limit: 10 }, db);
      const lacking = devices.filter((_, i) =>
        !saved[i]!.at(-1)!.lines.some((line) => line.includes(needle))
      );
      assert.equal(absent.map(({ id }) => id).sort(), lacking.map(({ id }) => id).sort());
    }),
    effort(25),
  );
});

test("configBlame() says of every line since when it has stood", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (texts) => {
      const { id: deviceId } = await addDevice(db);
      const versions = await save(deviceId, texts);
      for (const [i, { id, lines }] of versions.entries()) {
        const blamed = await configBlame({ id }, db);

        assert.equal(blamed.map(({ text }) => text.replace(/\r$/, "")), lines);
        assert.equal(blamed.map(({ line }) => line), lines.map((_, i) => i + 1));
        for (const { configurationId, since, text } of blamed) {
          const place = versions.findIndex((version) => version.id === configurationId);
          assert.ok(place >= 0 && place <= i);
          assert.equal(since, versions[place]!.at);
          // The line was present all the time.
          for (const { lines } of versions.slice(place, i)) {
            assert.ok(lines.includes(text.replace(/\r$/, "")));
          }
        }
      }
    }),
    effort(25),
  );
});

test("reindex makes the same index from the texts, and so does a save after none", async () => {
  const { id: deviceId } = await addDevice(db);
  await save(deviceId, ["a\nb\nc\n", "a\nx\nc\n", "a\nb\nc\nd\n"]);
  const whole = async () => ({
    lines: (await db.query("select * from config_lines order by 1, 2, 3")).rows,
    ends: (await db.query("select * from config_line_ends order by 1, 2, 3")).rows,
    versions: (await db.query(
      "select id, previous_id, added, removed, changes from device_configurations order by id",
    ))
      .rows,
  });
  const before = await whole();
  const forget = async () => {
    await db.query("delete from config_lines");
    await db.query("delete from config_line_ends");
    await db.query(
      "update device_configurations set changes = null, previous_id = null, added = null, removed = null",
    );
  };

  assert.equal(await reindex(db), { devices: 0, versions: 0 });
  assert.equal(await reindex(db, { all: true }), { devices: 1, versions: 3 });
  assert.equal(await whole(), before);
  await forget();
  assert.equal(await reindex(db), { devices: 1, versions: 3 });
  assert.equal(await whole(), before);

  await forget();
  const saved = await configSave({ deviceId, text: "a\nb\nc\ne\n" }, db);
  assert.equal([saved.added, saved.removed], [1, 1]);
  assert.equal((await searchAll("b")).length, 2);
  await forget();
  assert.is((await configBlame({ id: saved.id }, db)).length, 4);
  assert.equal((await searchAll("e", { latest: true })).map(({ line }) => line), [4]);
});

test("configSave() counts the lines that came and went", async () => {
  const { id: deviceId } = await addDevice(db);
  const counts = async (text: string) => {
    const { added, removed } = await configSave({ deviceId, text, guard: false }, db);
    return [added, removed];
  };

  assert.equal(await counts("a\nb\nc\n"), [3, 0]);
  assert.equal(await counts("a\nb\nc\n"), [0, 0]);
  assert.equal(await counts("a\nx\ny\nc\n"), [2, 1]);
  assert.equal(await counts(""), [0, 4]);
  const [latest, , first] = await configHistoryList.run({ deviceId, limit: 10 }, db);
  assert.equal([latest?.added, latest?.removed, first?.added], [0, 4, 3]);
});

test("ConfigSearch finds lines that an expression matches, from their beginning to their end", async () => {
  const { id: deviceId } = await addDevice(db);
  await save(deviceId, [
    "interface Ethernet1\n no shutdown\ninterface Ethernet22\nntp server 10.1.1.1\n",
  ]);
  const find = async (regex: string) =>
    (await configSearch.run({ regex, limit: 10 }, db)).map(({ line }) => line);

  assert.equal(await find("^interface Ethernet\\d$"), [1]);
  assert.equal(await find("Ethernet\\d+"), [1, 3]);
  assert.equal(await find("^ no .*down$"), [2]);
  assert.equal(await find("10\\.1\\.1\\.\\d"), [4]);
  assert.equal(await find("shutdown.interface"), []);
  const error = await rejection(find("(unclosed"));
  assert.instance(error, QueryError);
  assert.is((error as QueryError).sqlState, "2201B");
});

test("A search in a time range finds what stood at some time in it, whatever the pages", async () => {
  const days = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }));
  await fc.assert(
    fc.asyncProperty(history, days, async (texts, [from, length]) => {
      await clear(db);
      const { id } = await addDevice(db);
      const versions = await save(id, texts);
      const since = new Date(Date.UTC(2026, 0, from, 12));
      const until = new Date(since.getTime() + length * 86_400_000);

      const hits = await searchAll("o", { from: since, until });

      const stood = versions.filter(({ at }, i) =>
        at < until && (versions[i + 1] === undefined || versions[i + 1]!.at > since)
      );
      const expected = new Set(stood.flatMap(({ lines }) => lines.filter((l) => l.includes("o"))));
      assert.equal(new Set(hits.map(({ text }) => text)), expected);
      for (const { since: begun, until: ended } of hits) {
        assert.ok(begun < until && (ended === null || ended > since));
      }
    }),
    effort(20),
  );
});

test("ConfigSearch finds the lines that hold all of the texts, in any order", async () => {
  const { id: deviceId } = await addDevice(db);
  await save(deviceId, [
    "ip route 10.0.0.0/8 null0\nroute\nip host a\nno ip route 10.0.0.0/8\nip\nroute ip\n",
    "ip route 10.0.0.0/8 null0\nip 100%\n",
  ]);
  const find = async (texts: string[], more = {}) =>
    (await configSearch.run({ texts, ...more, limit: 10 }, db)).map(({ line }) => line);

  assert.equal(await find(["route", "ip"]), [1, 4, 6]);
  assert.equal(await find(["10.0", "ip", "no"]), [4]);
  assert.equal(await find(["ip", "0%"]), [2]);
  assert.equal(await find(["ip", "route"], { latest: true }), [1]);
  assert.equal(await find(["host", "route"]), []);
  assert.equal(await find(["a\nno"]), []);
  assert.equal(await find(["route"], { regex: "^[in]" }), [1, 4]);
  assert.equal(await find(["ip", "route"], { regex: "^no" }), [4]);
  assert.equal(await find([]), [1, 2, 3, 4, 5, 6, 2]);
});

test("ConfigSearch goes on where the page before ended, and look at the devices asked for", async () => {
  const devices = [await addDevice(db), await addDevice(db), await addDevice(db)];
  await deviceTagAdd.run({ deviceIds: [devices[1]!.id], tagNames: ["core"] }, db);
  for (const { id } of devices) {
    await save(id, ["ntp a\nvlan 1\nntp b\n", "ntp a\nvlan 1\nntp b\nntp c\n"]);
  }
  const page = (last: ConfigSearchRow | undefined) =>
    last === undefined ? {} : {
      afterDeviceId: last.deviceId,
      afterConfigurationId: last.configurationId,
      afterLine: last.line,
    };
  const searches = [
    (more: object) => configSearch.run({ texts: ["ntp"], limit: 2, ...more }, db),
    (more: object) => configSearch.run({ texts: ["tp", "n"], limit: 2, ...more }, db),
    (more: object) => configSearch.run({ regex: "^ntp .$", limit: 2, ...more }, db),
  ];
  for (const search of searches) {
    const all: ConfigSearchRow[] = [];
    for (let rows = await search({}); rows.length > 0; rows = await search(page(all.at(-1)))) {
      all.push(...rows);
    }
    const [a, b, c] = devices.map(({ id }) => id);
    assert.equal(all.map(({ deviceId }) => deviceId), [a, a, a, b, b, b, c, c, c]);
    assert.equal(all.slice(0, 3).map(({ text }) => text), ["ntp a", "ntp b", "ntp c"]);
    const some = await search({ deviceIds: [b, c], limit: 9 });
    assert.equal(some, all.slice(3));
    assert.equal(await search({ tagNames: ["core", "none"], limit: 9 }), all.slice(3, 6));
  }
  const absent = await configAbsentSearch.run({ text: "ntp d", tagNames: ["core"], limit: 9 }, db);
  assert.equal(absent.map(({ id }) => id), [devices[1]!.id]);
});

test("ConfigSearch finds the same in pages of any length, over many devices and few", async () => {
  // The query scans 20 versions before it uses the trigrams; for a page of 2,000 it uses them at once.
  const all = await Promise.all(Array.from({ length: 25 }, () => addDevice(db)));
  const [few, most, more] = [3, 20, 21].map((count) => all.slice(-count).map(({ id }) => id));
  await deviceTagAdd.run({ deviceIds: more!, tagNames: ["more"] }, db);
  const searches = [
    { wanted: { texts: ["ntp"] }, holds: (line: string) => line.includes("ntp") },
    { wanted: { texts: ["word", "no"] }, holds: (line: string) => /no.*word/.test(line) },
    { wanted: { regex: "^.tp .*1$" }, holds: (line: string) => /^.tp .*1$/.test(line) },
    { wanted: { texts: ["e"], regex: "^s" }, holds: (line: string) => /^s.*e/.test(line) },
  ];
  const scopes = [
    { scope: {}, ids: all.map(({ id }) => id) },
    { scope: { deviceIds: few! }, ids: few! },
    { scope: { deviceIds: most! }, ids: most! },
    { scope: { deviceIds: more! }, ids: more! },
    { scope: { tagNames: ["more"] }, ids: more! },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 25, maxLength: 25 }), async (texts) => {
      for (const [i, { id }] of all.entries()) await save(id, [texts[i]!]);
      for (const { wanted, holds } of searches) {
        for (const { scope, ids } of scopes) {
          const latest = { ...wanted, ...scope, latest: true };
          const found = await configSearch.run({ ...latest, limit: 2_000 }, db);
          const stand = all.flatMap(({ id }, i) =>
            ids.includes(id) ? plain(texts[i]!).filter(holds) : []
          );
          assert.equal(found.map(({ text }) => text).sort(), stand.sort());
          assert.equal(await searchPages(7, latest), found);

          const ever = { ...wanted, ...scope };
          const everFound = await configSearch.run({ ...ever, limit: 2_000 }, db);
          assert.equal(await searchPages(2, ever), everFound);
          assert.equal(await searchPages(50, ever), everFound);
        }
      }
    }),
    effort(3),
  );
});

test("ConfigSearch does not count what the page before had for the one after", async () => {
  const devices = await Promise.all(Array.from({ length: 21 }, () => addDevice(db)));
  // Rows of one statement have ids in any order; pages are ordered by id.
  const ids = devices.map(({ id }) => id).sort((a, b) => a - b);
  const [first, last] = [ids[0]!, ids.at(-1)!];
  await save(first, ["vlan 1\nvlan 2\nvlan 3\nvlan 4\n"]);
  await save(last, ["vlan 5\n"]);

  const found = await searchPages(3, { texts: ["vlan"] });

  assert.equal(found.map(({ text }) => text), [1, 2, 3, 4, 5].map((i) => `vlan ${i}`));
});

test("ConfigLineList tells over the fleet when a line first and last stood", async () => {
  const [a, b, c] = [await addDevice(db), await addDevice(db), await addDevice(db)];
  await save(a.id, ["x\nline\n", "x\n", "x\nline\n", "y\n"]);
  await save(b.id, ["x\n", "x\nline\n"]);
  await save(c.id, ["x\nline 2\n", "a line\n"]);
  const day = (day: number) => new Date(Date.UTC(2026, 0, day));

  const rows = await configLineList.run({ line: "line", limit: 10 }, db);

  assert.equal(rows, [
    { deviceId: a.id, hostname: a.hostname, firstStoodAt: day(1), lastStoodAt: day(4), times: 2 },
    { deviceId: b.id, hostname: b.hostname, firstStoodAt: day(2), lastStoodAt: null, times: 1 },
  ]);
  const next = await configLineList.run({ line: "line", afterDeviceId: a.id, limit: 10 }, db);
  assert.equal(next, rows.slice(1));
  const one = await configLineList.run({ line: "line", deviceIds: [a.id], limit: 10 }, db);
  assert.equal(one, rows.slice(0, 1));
});

test("A pattern that is too much ends with an error, and keeps no server busy", async () => {
  const { id: deviceId } = await addDevice(db);
  const text = `${"ab".repeat(5_000)}\n`.repeat(50);
  await configSave({ deviceId, text }, db);
  const search = (regex: string, timeout: number) =>
    configSearch.run({ regex, limit: 10 }, db, { timeout });

  const huge = await rejection(search("(x{1,255}){1,255}y", 20_000));
  const slow = await rejection(search("^(.+)(.+)(.+)\\1\\2\\3$", 300));

  assert.instance(huge, QueryError);
  assert.is((huge as QueryError).sqlState, "2201B");
  assert.instance(slow, TimeoutError);
  await until("the server has stopped", async () => {
    const { rows } = await db.query(
      "select from pg_stat_activity where datname = current_database() and state = 'active' and query like '%regex%' and pid <> pg_backend_pid()",
    );
    return rows.length === 0;
  });
});

test("configDelete() leaves an index without the version, and the latest one in its place", async () => {
  const { id: deviceId } = await addDevice(db);
  const versions = await save(deviceId, ["a\n", "a\nb\n", "a\nb\nc\n"]);

  await configDelete({ id: versions[1]!.id }, db);

  const [hit] = await searchAll("b");
  assert.equal([hit?.configurationId, hit?.line, hit?.until], [versions[2]!.id, 2, null]);
  const [latest, first] = await configHistoryList.run({ deviceId, limit: 10 }, db);
  assert.equal([latest?.added, latest?.removed, first?.added], [2, 0, 1]);
  assert.instance(await rejection(configDelete({ id: versions[1]!.id }, db)), NotFoundError);
  assert.instance(await rejection(configDelete({ id: versions[2]!.id }, db)), ConstraintError);
  assert.is((await searchAll("a")).length, 1);
});

test("configDiff() tells what became of each line, and writes it as patch reads it", async () => {
  const { id: deviceId } = await addDevice(db);
  const [a, b] = await save(deviceId, ["one\ntwo\nthree\n", "one\n2\nthree\nfour\n"]);

  const diff = await configDiff({ idA: a!.id, idB: b!.id }, db);

  assert.equal(diff.operations, [
    { kind: "same", lines: ["one"], lineA: 1, lineB: 1 },
    { kind: "removed", lines: ["two"], lineA: 2, lineB: 2 },
    { kind: "added", lines: ["2"], lineA: 3, lineB: 2 },
    { kind: "same", lines: ["three"], lineA: 3, lineB: 3 },
    { kind: "added", lines: ["four"], lineA: 4, lineB: 4 },
  ]);
  assert.equal([diff.added, diff.removed], [2, 1]);
  assert.match(await diff.unified(), `--- configuration ${a!.id}\t2026-01-01T00:00:00.000Z`);
  assert.match(await diff.unified(), " one\n-two\n+2\n three\n+four\n");
  assert.is(await (await configDiff({ idA: a!.id, idB: a!.id }, db)).unified(), "");
  assert.instance(await rejection(configDiff({ idA: a!.id, idB: -1 }, db)), NotFoundError);
});

test("diffLines() leads from one text to the other, however they differ", async () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(lines, lines, async (before, after) => {
      let [atA, atB] = [0, 0];
      for (const { kind, count } of await diffLines(before, after)) {
        if (kind === "same") {
          assert.equal(before.slice(atA, atA + count), after.slice(atB, atB + count));
        }
        if (kind !== "added") atA += count;
        if (kind !== "removed") atB += count;
      }
      assert.equal([atA, atB], [before.length, after.length]);
    }),
    effort(500),
  );
  const many = (n: number, name: string) => Array.from({ length: n }, (_, i) => `${name} ${i}`);
  const changes = await diffLines([...many(9, "x"), ...many(30_000, "a")], [
    ...many(9, "x"),
    ...many(30_000, "b"),
  ]);
  assert.equal(changes, [
    { kind: "same", count: 9 },
    { kind: "removed", count: 30_000 },
    { kind: "added", count: 30_000 },
  ]);
});

test("decodeChanges() gives back what encodeChanges() wrote", () => {
  const change = fc.record({
    kind: fc.constantFrom("same" as const, "removed" as const, "added" as const),
    count: fc.integer({ min: 1, max: 2 ** 40 }),
  });
  fc.assert(
    fc.property(fc.array(change), (given) => {
      assert.equal(decodeChanges(encodeChanges(given)), given.map((change) => ({ ...change })));
    }),
    effort(200),
  );
});

test("a configuration that is no text is kept byte for byte, and can be searched", async () => {
  const { id: deviceId } = await addDevice(db);
  const bytes = new TextEncoder().encode("hostname sw1\r\nbanner \0 motd\r\n");
  const odd = Uint8Array.from([...bytes, 0xff, 0xfe, 0x0a]);

  const saved = await configSave({ deviceId, bytes: odd }, db);
  const again = await configSave({ deviceId, bytes: odd }, db);

  assert.is(again.changed, false);
  const version = await configGet.one({ id: saved.id }, db);
  assert.equal(version.raw, odd);
  assert.is(version.configData, "hostname sw1\r\nbanner \u2400 motd\r\n\ufffd\ufffd\n");
  assert.equal((await searchAll("banner")).map(({ text, line }) => [line, text]), [[
    2,
    "banner \u2400 motd",
  ]]);
  const plain = await configSave({
    deviceId,
    bytes: new TextEncoder().encode("hostname sw1\r\n"),
  }, db);
  assert.is((await configGet.one({ id: plain.id }, db)).raw, null);
});

test.run();
