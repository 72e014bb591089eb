/** Import from git and export to git, on generated streams: an exported history imports unchanged. */
// Runs on the first server: it tests what becomes of a history, whatever the server's version.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  configBytes,
  configDelete,
  type ConfigExportParams,
  configGet,
  configHistoryList,
  type ConfigImportParams,
  type ConfigImportResult,
  configSave,
  deviceDelete,
  deviceInsert,
  ParameterError,
} from "netraven-db";
import { configExport, type ConfigExportOptions } from "../src/history/git/export.ts";
import { configImport, type ConfigImportOptions } from "../src/history/git/import.ts";
import { type GitEvent, readGitStream } from "../src/history/git/read_stream.ts";
import { quotePath } from "../src/history/git/write_stream.ts";
import { effort, PATIENCE } from "./support/effort.ts";
import { addDevice, clear, count, newAddress } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("git import", { timeout: PATIENCE });
const { db } = await testDatabase(test, { pool: { size: 2 } });

test.before.each(() => clear(db));

/** The fields of a version that git preserves. */
interface Kept {
  /** Milliseconds since 1970. */
  readonly seconds: number;
  readonly bytes: string;
}

/** Returns the versions of a device, oldest first. */
async function versionsOf(deviceId: number): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const { id } of (await configHistoryList.run({ deviceId, limit: 1000 }, db)).reverse()) {
    const row = await configGet.one({ id }, db);
    const seconds = row.retrievedAt.getTime() / 1000;
    kept.push({ seconds, bytes: Buffer.from(configBytes(row)).toString("latin1") });
  }
  return kept;
}

/** Returns every version with its id and all other columns. */
async function everything(): Promise<unknown[]> {
  const { rows } = await db.query(
    "select v::text as row from device_configurations v order by id",
  );
  const states = await db.query("select s::text as row from device_states s order by device_id");
  return [...rows, ...states.rows];
}

/** Splits the stream into chunks of these lengths, in rotation. */
async function* chunks(
  bytes: Uint8Array,
  lengths: readonly number[] = [],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths.length === 0 ? bytes.length : lengths[i % lengths.length]!;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

async function exported(
  { onProgress, signal, ...params }: ConfigExportParams & ConfigExportOptions = {},
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of configExport(params, db, { onProgress, signal })) {
    parts.push(part.slice());
  }
  return Buffer.concat(parts);
}

function importOf(
  stream: string | Uint8Array,
  { onProgress, signal, ...files }: Omit<ConfigImportParams, "stream"> & ConfigImportOptions = {},
  lengths: readonly number[] = [],
): Promise<ConfigImportResult> {
  const bytes = typeof stream === "string" ? Buffer.from(stream, "latin1") : stream;
  return configImport({ stream: chunks(bytes, lengths), ...files }, db, { onProgress, signal });
}

/** All counts are zero except these. */
function counts(given: Partial<ConfigImportResult>): ConfigImportResult {
  return {
    commits: 0,
    versions: 0,
    known: 0,
    unchanged: 0,
    skipped: 0,
    shifted: 0,
    unknown: 0,
    missing: 0,
    devices: 0,
    unknownPaths: [],
    ...given,
  };
}

/** A commit with these lines after its message. Each number is a second later. */
function commit(second: number, ...lines: string[]): string {
  const oid = String(second).padStart(40, "0");
  return [
    "commit refs/heads/main",
    `original-oid ${oid}`,
    "author A <a@example.net> 1 +0000",
    `committer C <c@example.net> ${second} -0130`,
    "data 3",
    "why",
    ...lines,
    "",
    "",
  ].join("\n");
}

function blob(mark: number, text: string): string {
  return `blob\nmark :${mark}\ndata ${Buffer.byteLength(text, "latin1")}\n${text}\n`;
}

function inline(path: string, text: string): string {
  return `M 100644 inline ${path}\ndata ${Buffer.byteLength(text, "latin1")}\n${text}`;
}

const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

/** Few texts, so that they recur; some are not valid text. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom("", "hostname a\n", "hostname a\r\nend", "data 3\nM 1", "\ufeffünï\n\0")
    .map((text) => Uint8Array.from(Buffer.from(text))),
);
const histories = fc.array(
  fc.record({
    hostname: fc.oneof(
      fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,8}$/),
      fc.constantFrom(' s p"q\\ ', "ünï-\u{1f469}", "tab\there", '"', "inline", "\x7f", "a:b"),
    ),
    versions: fc.array(
      fc.record({ after: fc.constantFrom(0, 1, 999, 1000, 1001, 86_400_000), bytes }),
      { maxLength: 6 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

async function addHistory(
  deviceId: number,
  versions: readonly { readonly after: number; readonly bytes: Uint8Array }[],
): Promise<void> {
  let at = Date.UTC(2021, 2, 3);
  for (const { after, bytes } of versions) {
    at += after;
    const save = { deviceId, bytes, retrievedAt: new Date(at), guard: false };
    await configSave(save, db);
  }
}

test("configImport() reads back what configExport() wrote, byte for byte, in whatever chunks", async () => {
  await fc.assert(
    fc.asyncProperty(histories, lengths, async (devices, lengths) => {
      await clear(db);
      const expected = new Map<string, Kept[]>();
      for (const { hostname, versions } of devices) {
        if (expected.has(hostname)) continue;
        const { id } = await addDevice(db, { hostname });
        await addHistory(id, versions);
        expected.set(hostname, await versionsOf(id));
      }
      const stream = await exported();
      await clear(db);
      const ids = new Map<string, number>();
      for (const hostname of expected.keys()) {
        ids.set(hostname, (await addDevice(db, { hostname })).id);
      }

      const imported = await importOf(stream, {}, lengths);

      const total = [...expected.values()].reduce((sum, versions) => sum + versions.length, 0);
      const holders = [...expected.values()].filter((versions) => versions.length > 0).length;
      const done = { commits: total, devices: holders };
      assert.equal(imported, counts({ ...done, versions: total }));
      for (const [hostname, id] of ids) {
        assert.equal(await versionsOf(id), expected.get(hostname));
      }
      const before = await everything();
      assert.equal(await importOf(stream, {}, lengths), counts({ ...done, known: total }));
      assert.equal(await everything(), before);
    }),
    effort(12),
  );
});

test("configImport() takes the milliseconds of an export, and of nobody else", async () => {
  const timeOf = async (seconds: number, message: string) => {
    const stream = `commit refs/heads/main\ncommitter X <x> ${seconds} +0000\n` +
      `data ${message.length}\n${message}\n`;
    for await (const event of readGitStream(chunks(Buffer.from(stream)), "Test")) {
      if (event.kind === "commit") return event.time.toISOString();
    }
  };
  const trailer = "sw1 version 7\n\nNetRaven-Version: 7 2026-11-25T09:00:00.123Z\n";
  const seconds = Date.UTC(2026, 10, 25, 9) / 1000;

  assert.is(await timeOf(seconds, trailer), "2026-11-25T09:00:00.123Z");
  assert.is(await timeOf(seconds + 1, trailer), "2026-11-25T09:00:01.000Z");
  assert.is(await timeOf(seconds, `${trailer}more\n`), "2026-11-25T09:00:00.000Z");
  assert.is(await timeOf(0, "\nNetRaven-Version: 7 yesterday\n"), "1970-01-01T00:00:00.000Z");
});

test("configImport() goes on where it was ended, wherever that was", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(), lengths, async (devices, end, lengths) => {
      await clear(db);
      const names = new Map(devices.map(({ hostname, versions }) => [hostname, versions]));
      for (const [hostname, versions] of names) {
        await addHistory((await addDevice(db, { hostname })).id, versions);
      }
      const stream = await exported();
      const ids = new Map<string, number>();
      const fresh = async () => {
        await clear(db);
        for (const hostname of names.keys()) {
          ids.set(hostname, (await addDevice(db, { hostname })).id);
        }
      };
      const now = async () => await Promise.all([...ids.values()].map(versionsOf));
      await fresh();
      const whole = await importOf(stream);
      const expected = await now();
      await fresh();

      await importOf(stream.subarray(0, end % (stream.length + 1)), {}, lengths).catch((error) => {
        assert.instance(error, ParameterError);
      });
      const half = await count(db, "device_configurations");
      const rest = await importOf(stream, {}, lengths);

      assert.equal(await now(), expected);
      assert.equal([rest.known, rest.known + rest.versions], [half, whole.versions]);
    }),
    effort(12),
  );
});

test("configImport() goes on where a signal ended it, even while it waits for the stream", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const stream = [10, 20, 30].map((second) => commit(second, inline("sw1", `v${second}`))).join("");
  const stop = new AbortController();
  let closed = false;
  async function* endless() {
    try {
      yield Buffer.from(stream);
      setTimeout(() => stop.abort(new Error("enough")), 10);
      await new Promise(() => {});
    } finally {
      closed = true;
    }
  }
  async function* hasty() {
    try {
      yield Buffer.from(stream.slice(0, 20));
      stop.signal.throwIfAborted();
    } finally {
      closed = true;
    }
  }

  const error = await rejection(configImport({ stream: endless() }, db, { signal: stop.signal }));
  const again = await rejection(configImport({ stream: hasty() }, db, { signal: stop.signal }));

  assert.equal([error.message, again.message], ["enough", "enough"]);
  assert.not(closed);
  assert.is((await importOf(stream)).commits, 3);
  assert.equal((await versionsOf(id)).map(({ bytes }) => bytes), ["v10", "v20", "v30"]);
});

test("readGitStream() reads everything that git may write", async () => {
  const oid = "ab".repeat(20);
  const stream = [
    "feature done\n# a comment\nfeature date-format=raw\noption quiet\n",
    blob(1, "one\n"),
    blob(2, ""),
    `blob\noriginal-oid ${oid}\ndata 6\nunused`,
    "blob\nmark :3\ndata 11\ncommit x\n\0\xff",
    "reset refs/heads/main\n",
    "commit refs/heads/main\nmark :4\n",
    `original-oid ${oid}\nauthor A B <> 5 +0000\ncommitter 1 2 <3 4> 1700000000 +0545\n`,
    "gpgsig sha1 openpgp\ndata 3\nM 1\nencoding ISO-8859-1\n",
    "data 21\nM 100644 :1 not/me\n\xe9\n",
    "M 100644 :1 site/sw1\n",
    'M 755 :2 with space and "quote"\n',
    'M 644 :3 "q\\"\\\\\\t\\303\\274"\n',
    `M 160000 ${oid} submodule\nM 120000 :1 link\n`,
    `M 100755 ${oid} elsewhere\n`,
    "M 120000 inline other link\ndata 4\nsite",
    inline("here", "at once\n"),
    "\nN inline :4\ndata 4\nnote\nN :1 :4\n\n",
    "progress half\n",
    "tag v1\nfrom :4\ntagger T <t@example.net> 1 +0000\ndata 2\nv1\n",
    "alias\nmark :7\nto :4\n\n",
    "checkpoint\n\n",
    "commit refs/heads/main\nmark :5\ncommitter  <> 0 -0000\ndata 0\nfrom :4\nmerge :9\nmerge :8\n",
    "R site core\n",
    'C core/sw1 "copy of sw1"\n',
    "R link gone\nD gone\n",
    "\ncommit refs/heads/main\ncommitter X <x> 1 +0000\ndata 0\ndeleteall\n",
    "D nothing\nM 100644 :2 a b\n",
    'R "a b" c d\n',
    "\ndone\nthis is no command any more",
  ].join("");
  const read = async (lengths: readonly number[]) => {
    const events: GitEvent[] = [];
    const bytes = chunks(Buffer.from(stream, "latin1"), lengths);
    for await (const event of readGitStream(bytes, "Test")) events.push(event);
    return events.map((event) =>
      event.kind === "text"
        ? [event.mark, Buffer.from(event.data!).toString("latin1")]
        : event.kind === "commit"
        ? [event.oid, event.time.getTime()]
        : [event.path, event.content]
    );
  };
  const expected = [
    [1, "one\n"],
    [2, ""],
    [3, "commit x\n\0\xff"],
    [oid, 1_700_000_000_000],
    ["site/sw1", 1],
    ['with space and "quote"', 2],
    ['q"\\\tü', 3],
    ["elsewhere", oid],
    [-2, "at once\n"],
    ["here", -2],
    [undefined, 0],
    ["core/sw1", 1],
    ["copy of sw1", 1],
    [undefined, 1000],
    ["a b", 2],
    ["c d", 2],
  ];

  assert.equal(await read([]), expected);
  assert.equal(await read([1]), expected);
  await fc.assert(
    fc.asyncProperty(lengths, async (lengths) => assert.equal(await read(lengths), expected)),
    effort(20),
  );
});

/** No error may show any of this. */
const CANARY = "canary-5c1f";

test("a stream that is cut off or is none of git's is a ParameterError that tells where, and no more", async () => {
  await addDevice(db, { hostname: "sw1" });
  const stream = Buffer.from(
    [
      "feature done\n",
      blob(1, CANARY),
      commit(1, "M 100644 :1 sw1", `M 100644 :1 ${CANARY}`, inline(`"${CANARY}\\n"`, CANARY)),
      commit(2, `D ${CANARY}`, inline("sw1", `${CANARY} 2`)),
      "done\n",
    ].join(""),
    "latin1",
  );
  const check = (error: Error) => {
    assert.instance(error, ParameterError);
    assert.is((error as ParameterError).field, "stream");
    assert.match(error.message, /^Parameter "stream" of ConfigImport cannot be read at byte \d+/);
    assert.not.match(error.message + JSON.stringify(error), CANARY);
  };

  await fc.assert(
    fc.asyncProperty(fc.nat(stream.length - 6), lengths, async (end, lengths) => {
      check(await rejection(importOf(stream.subarray(0, end + 1), {}, lengths)));
    }),
    effort(50),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(stream.length - 1),
      fc.uint8Array({ maxLength: 3 }),
      async (at, put) => {
        const broken = Buffer.concat([stream.subarray(0, at), put, stream.subarray(at + 1)]);
        await importOf(broken).catch(check);
      },
    ),
    effort(100),
  );
  const head = commit(1).trimEnd() + "\n";
  for (
    const wrong of [
      "what is this\n",
      "blob\nmark :1\ndata <<END\nx\nEND\n",
      "blob\nmark :1\ndata -1\n",
      "blob\nmark 1\ndata 0\n",
      "commit refs/heads/main\ndata 0\n",
      "commit refs/heads/main\ncommitter X <x> yesterday +0000\ndata 0\n",
      "commit refs/heads/main\ncommitter X <x> 99999999999999 +0000\ndata 0\n",
      "commit refs/heads/main\noriginal-oid xyz\ncommitter X <x> 1 +0000\ndata 0\n",
      "feature date-format=rfc2822\n",
      `${head}M 100644 :1\n`,
      `${head}M 100644 :1 ""\n`,
      `${head}M 100644 :1 \n`,
      `${head}M 040000 ${"ab".repeat(20)} folder\n`,
      `${head}M 100644 abc sw1\n`,
      `${head}M 100644 :1 "sw1\n`,
      `${head}M 100644 :1 "sw1\\x"\n`,
      `${head}M 100644 :1 "sw1" more\n`,
      `${head}M 100644 :1 "a\\000b"\n`,
      `${head}R one\n`,
      `${head}\nfrom :1\n`,
      `commit refs/heads/main\ncommitter X <x> 1 +0000\ndata 0\nfrom :7\nR one two\n`,
      `x${"y".repeat(100_000)}`,
    ]
  ) {
    check(await rejection(importOf(wrong)));
  }
  const error = await rejection(importOf(commit(7, "M 100644 zzz sw1")));
  assert.match(
    error.message,
    ` at byte ${commit(7, "M 100644 zzz sw1").length - 1}, commit 1 (${
      "7".padStart(40, "0")
    }): the object id is invalid`,
  );
  assert.instance(
    await rejection(configImport({
      stream: (async function* () {
        yield "text" as unknown as Uint8Array;
      })(),
    }, db)),
    TypeError,
  );
});

test("what was saved before a stream breaks stays", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const nobody = Array.from({ length: 600 }, (_, i) => inline(`nobody${i}`, ""));
  const stream = commit(1, inline("sw1", "a")) + commit(2, inline("sw1", "b")) +
    commit(3, ...nobody) + commit(4, inline("sw1", "c"));

  const error = await rejection(importOf(`${stream}what is this\n`));
  const half = await versionsOf(id);
  const { known, versions } = await importOf(stream);

  assert.instance(error, ParameterError);
  assert.equal(half.map(({ bytes }) => bytes), ["a", "b"]);
  assert.equal([known, versions], [2, 1]);
});

test("configImport() gives a commit that is older than the one before it the time of that one", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const other = await addDevice(db, { hostname: "sw2" });
  const stream = commit(100, inline("sw1", "a")) + commit(50, inline("site/sw1", "b")) +
    commit(60, inline("sw2", "c")) + commit(200, inline("sw1", "d"));

  const imported = await importOf(stream);

  assert.equal(imported, counts({ commits: 4, versions: 4, shifted: 1, devices: 2 }));
  assert.equal(await versionsOf(id), [
    { seconds: 100, bytes: "a" },
    { seconds: 100, bytes: "b" },
    { seconds: 200, bytes: "d" },
  ]);
  assert.equal(await versionsOf(other.id), [{ seconds: 60, bytes: "c" }]);
  const again = await importOf(stream);
  assert.equal(again, counts({ commits: 4, known: 4, shifted: 1, devices: 2 }));
});

test("configImport() tells the same texts of one second apart by their order", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const texts = ["a", "b", "a", "b", "a"];
  const stream = texts.map((text) => commit(9, inline("sw1", text)));

  for (let length = 1; length <= texts.length; length++) {
    const { known, versions } = await importOf(stream.slice(0, length).join(""));
    assert.equal([known, versions], [length - 1, 1]);
  }

  assert.equal((await versionsOf(id)).map(({ bytes }) => bytes), texts);
});

test("configImport() adds to what a device has, at its end only", async () => {
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  for (const [text, second] of [["a", 100], ["b", 200]] as const) {
    await configSave({ deviceId, text, retrievedAt: new Date(second * 1000) }, db);
  }
  const before = await everything();
  const old = commit(50, inline("sw1", "o")) + // older than anything
    commit(150, inline("sw1", "a")) + // as it was then
    commit(160, inline("sw1", "x")) + // as it was not
    commit(210, inline("sw1", "b")); // as it still is

  assert.equal(
    await importOf(old),
    counts({ commits: 4, known: 1, skipped: 2, unchanged: 1, devices: 1 }),
  );
  assert.equal(await everything(), before);
  assert.is((await importOf(old + commit(220, inline("sw1", "c")))).versions, 1);
  assert.equal((await versionsOf(deviceId)).map(({ bytes }) => bytes), ["a", "b", "c"]);
});

test("configImport() finds a text that comes back, and says where there is none", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const { id: other } = await addDevice(db, { hostname: "sw2" });
  const stream = blob(1, "a") + blob(2, "b") + blob(3, "later") +
    commit(1, "M 100644 :1 sw1", "M 100644 :1 sw2") +
    commit(2, "M 100644 :2 sw1", "M 100644 :2 nobody") +
    commit(3, "M 100644 :1 sw1") +
    commit(4, ...Array.from({ length: 600 }, (_, i) => `M 100644 :2 nobody${i}`)) +
    commit(5, "M 100644 :2 sw1") +
    commit(6, "M 100644 :1 sw1", "M 100644 :3 sw2") +
    commit(7, "M 100644 :9 sw1", "M 100644 :3 sw2") +
    commit(8, "M 100644 :3 sw1");

  const imported = await importOf(stream);

  assert.equal((await versionsOf(id)).map(({ bytes }) => bytes), [
    "a",
    "b",
    "a",
    "b",
    "a",
    "later",
  ]);
  assert.equal((await versionsOf(other)).map(({ bytes }) => bytes), ["a", "later"]);
  assert.equal([imported.missing, imported.unchanged, imported.unknown], [1, 1, 601]);
  assert.is(imported.unknownPaths.length, 100);
  assert.is(imported.unknownPaths[0], "nobody");
});

test("configImport() takes texts by their object ids where the stream has none", async () => {
  const { id } = await addDevice(db, { hostname: "sw1" });
  const texts = new Map(
    [["a", "one"], ["b", "two"]].map(([letter, text]) =>
      [letter!.repeat(40), Buffer.from(text!)] as const
    ),
  );
  const stream = commit(1, `M 100644 ${"a".repeat(40)} sw1`) +
    commit(2, `M 100644 ${"b".repeat(40)} sw1`) + commit(3, `M 100644 ${"a".repeat(40)} sw1`) +
    commit(4, `M 100644 ${"c".repeat(40)} sw1`);

  const { versions, missing } = await importOf(stream, { blob: async (oid) => texts.get(oid) });

  assert.equal([versions, missing], [3, 1]);
  assert.equal((await versionsOf(id)).map(({ bytes }) => bytes), ["one", "two", "one"]);
  assert.is((await importOf(stream)).missing, 4);
  const [version] = await configHistoryList.run({ deviceId: id, limit: 1 }, db);
  assert.equal(version?.metadata, { git: { commit: "3".padStart(40, "0"), path: "sw1" } });
});

test("configImport() asks once for the device of each path", async () => {
  const { id } = await addDevice(db);
  const asked: string[] = [];
  const device = async (path: string) => {
    asked.push(path);
    return path.startsWith("running/") ? id : path === "lost" ? -1 : undefined;
  };
  const stream = commit(1, inline("running/sw1", "a")) + commit(2, inline("startup/sw1", "b")) +
    commit(3, inline("running/sw1", "c")) + commit(4, inline("lost", "d"));

  const { versions, unknown, unknownPaths } = await importOf(stream, { device });

  assert.equal([versions, unknown, unknownPaths], [2, 2, ["startup/sw1", "lost"]]);
  assert.equal(asked, ["running/sw1", "startup/sw1", "lost"]);
});

test("configImport() gives way to others who save or delete a device meanwhile", async () => {
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  const { id: gone } = await addDevice(db, { hostname: "sw2" });
  const { id } = await addDevice(db, { hostname: "sw3" });
  const blob = async (oid: string) => {
    if (oid.startsWith("a")) {
      await configSave({ deviceId, text: "newer" }, db);
      await deviceDelete.one({ id: gone }, db);
    }
    return Buffer.from(oid);
  };
  const files = ["sw1", "sw2", "sw3"].map((name, i) => `M 100644 ${"abc"[i]!.repeat(40)} ${name}`);

  const { versions, skipped, unknownPaths } = await importOf(commit(1, ...files), { blob });

  assert.equal([versions, skipped, unknownPaths], [1, 1, ["sw2"]]);
  assert.equal((await versionsOf(deviceId)).map(({ bytes }) => bytes), ["newer"]);
  assert.is((await versionsOf(id)).length, 1);
});

test("configImport() can be part of a transaction, and be undone with it", async () => {
  await addDevice(db, { hostname: "sw1" });
  const stream = commit(1, inline("sw1", "a")) + commit(2, inline("sw1", "b"));

  const undone = await rejection(db.transaction(async (tx) => {
    const { versions } = await configImport({ stream: chunks(Buffer.from(stream)) }, tx);
    throw new Error(`${versions} versions`);
  }));

  assert.is(undone.message, "2 versions");
  assert.is(await count(db, "device_configurations"), 0);
});

test("onProgress is told at the end", async () => {
  await addDevice(db, { hostname: "sw1" });
  const told: unknown[] = [];
  const onProgress = (progress: unknown) => told.push(progress);

  const { devices: _, unknownPaths: __, ...progress } = await importOf(
    commit(1, inline("sw1", "a")),
    { onProgress },
  );
  await exported({ onProgress });

  const { id } = (await db.query<{ id: number }>("select id from device_configurations")).rows[0]!;
  const last = { retrievedAt: new Date(1000), id };
  assert.equal(told, [progress, { devices: 1, versions: 1, last }]);
});

/** Returns the paths of the files of a stream, in order. */
function pathsOf(stream: Buffer): string[] {
  return [...stream.toString("latin1").matchAll(/^M 100644 inline (.*)$/gm)].map(([, path]) =>
    path!
  );
}

test("configExport() writes the devices that are chosen, each version once", async () => {
  const add = async (hostname: string, tagNames: string[]) => {
    const ipAddress = newAddress();
    const device = { hostname, ipAddress, deviceType: "arista_eos", tagNames };
    const { id } = await deviceInsert.one(device, db);
    await configSave({ deviceId: id, text: hostname }, db);
    return id;
  };
  const a = await add("a", ["core"]);
  const b = await add("b", ["edge", "berlin"]);
  await add("c", []);
  await addDevice(db, { hostname: "without" });

  assert.equal(pathsOf(await exported()), ["a", "b", "c"]);
  assert.equal(pathsOf(await exported({ deviceIds: [b, a] })), ["a", "b"]);
  assert.equal(pathsOf(await exported({ tagNames: ["berlin", "core"] })), ["a", "b"]);
  assert.equal(pathsOf(await exported({ tagNames: ["core"], deviceIds: [b] })), []);
  assert.equal(pathsOf(await exported({ deviceIds: [] })), []);
  const path = ({ hostname, tags }: { hostname: string; tags: readonly string[] }) =>
    `${tags[0] ?? "none"}/configs/${hostname}`;
  const rancid = ["core/configs/a", "berlin/configs/b", "none/configs/c"];
  assert.equal(pathsOf(await exported({ path })), rancid);
  assert.is(String(await exported({ minimumAge: 60_000 })), "feature done\ndone\n");
});

test("configExport() goes on after a version, on a branch", async () => {
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  const at = [1500, 1500, 2000].map((ms) => new Date(ms));
  const ids: number[] = [];
  for (const retrievedAt of at) {
    const save = { deviceId, text: `${ids.length}`, retrievedAt, guard: false };
    ids.push((await configSave(save, db)).id);
  }
  const after = { retrievedAt: at[0]!, id: ids[0]! };

  const stream = String(await exported({ after, branch: "net/raven" }));

  assert.is(
    stream,
    `feature done
commit refs/heads/net/raven
committer NetRaven <netraven@localhost> 1 +0000
data ${58 + 2 * String(ids[1]).length}
sw1 version ${ids[1]}

NetRaven-Version: ${ids[1]} 1970-01-01T00:00:01.500Z

from refs/heads/net/raven^0
M 100644 inline sw1
data 1
1

commit refs/heads/net/raven
committer NetRaven <netraven@localhost> 2 +0000
data ${58 + 2 * String(ids[2]).length}
sw1 version ${ids[2]}

NetRaven-Version: ${ids[2]} 1970-01-01T00:00:02.000Z

M 100644 inline sw1
data 1
2

done
`,
  );
  assert.not.match(String(await exported({ after, append: false })), "from ");
});

test("configExport() refuses paths and branches that git does not take, before anything is written", async () => {
  const { id } = await addDevice(db, { hostname: "a" });
  const { id: other } = await addDevice(db, { hostname: "b" });
  for (const deviceId of [id, other]) await configSave({ deviceId, text: "x" }, db);

  const refused = [
    ...["", "/a", "a/", "a//b", ".", "../a", "a/../b", "a/./b", "a\nb", "a\0b", "\ud800"],
    ...[".git", ".GIT/config", "a/.git", "a/.gitmodules", "git~1/x", ".g\u200cit/x"],
  ];
  for (const path of refused) {
    const error = await rejection(
      exported({ path: ({ hostname }) => hostname === "b" ? path : "a" }),
    );
    assert.instance(error, ParameterError, JSON.stringify(path));
    const message = `"path" of ConfigExport returns an invalid path for device ${other}`;
    assert.match(error.message, message);
  }
  for (const [first, second] of [["a", "a"], ["a", "a/b"], ["a/b/c", "a"], ["a/b/c", "a/b"]]) {
    const path = ({ hostname }: { hostname: string }) => hostname === "a" ? first! : second!;
    const error = await rejection(exported({ path }));
    assert.match(error.message, `it conflicts with the file of device ${id}`);
  }
  const fine = ["x..y", ".github~", "a b", "-", "\\", "ä/ö", ".hidden"];
  for (const path of fine.filter((path) => !path.startsWith(".git"))) {
    assert.is((await rejection(exported({ path: () => path })) as ParameterError).field, "path");
    assert.equal(pathsOf(await exported({ path: () => path, deviceIds: [id] })).length, 1);
  }
  const wrong = exported({ path: () => undefined as unknown as string });
  assert.instance(await rejection(wrong), TypeError);
  for (
    const branch of ["", "-x", "a b", "a..b", "a.lock", "/a", "a/", "a//b", "a\n", "@", "a^0", ".a"]
  ) {
    const error = await rejection(exported({ branch }));
    assert.is((error as ParameterError).field, "branch", branch);
  }
});

test("configExport() leaves no connection in use when its reader leaves, or a signal ends it", async () => {
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  for (let i = 0; i < 20; i++) await configSave({ deviceId, text: `${i}`, guard: false }, db);
  const stop = new AbortController();

  for await (const _ of configExport({}, db)) break;
  let read = 0;
  const error = await rejection((async () => {
    for await (const _ of configExport({}, db, { signal: stop.signal })) {
      if (++read === 10) stop.abort(new Error("enough"));
    }
  })());

  assert.is(error.message, "enough");
  assert.is(db.stats().busy, 0);
});

test("a version that was deleted leaves two commits with one text, which come in as one version", async () => {
  const { id: deviceId } = await addDevice(db, { hostname: "sw1" });
  const ids: number[] = [];
  for (const [i, text] of ["a", "b", "a"].entries()) {
    const save = { deviceId, text, retrievedAt: new Date(1000 * i), guard: false };
    ids.push((await configSave(save, db)).id);
  }
  await configDelete({ id: ids[1]! }, db);
  const stream = await exported();
  await clear(db);
  const { id } = await addDevice(db, { hostname: "sw1" });

  const imported = await importOf(stream);

  assert.equal(imported, counts({ commits: 2, versions: 1, unchanged: 1, devices: 1 }));
  assert.equal(await versionsOf(id), [{ seconds: 0, bytes: "a" }]);
});

test("quotePath() writes what readGitStream() reads", async () => {
  const character = fc.constantFrom(
    ...["a", "M", " ", '"', "\\", "/", "\n", "\t", "\x01", "\x7f", "é", "\u200b", "\u{1f469}", "0"],
  );
  const path = fc.array(character, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(path, path, async (path, other) => {
      const bytes = Buffer.from(
        commit(1, `M 100644 :1 ${quotePath(path)}`, `C ${quotePath(path)} ${quotePath(other)}`),
      );
      const paths: string[] = [];
      for await (const event of readGitStream(chunks(bytes), "Test")) {
        if (event.kind === "file") paths.push(event.path);
      }
      assert.equal(paths, [path, other]);
    }),
    effort(100),
  );
});

test.run();
