/** A real fabric of 16 switches with four years of changes, from the data beside the project. */
// Runs once: it tests a large history, and the files of its parts run everywhere.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  configAbsentSearch,
  configAsOfGet,
  configBlame,
  configGet,
  configHistoryList,
  configLatestGet,
  configLatestList,
  configSave,
  configSearch,
  type ConfigVersionSummary,
  deviceCount,
  deviceDelete,
  deviceInsertMany,
  deviceList,
  tagEnsure,
  tagList,
} from "netraven-db";
import { linesOf } from "../src/history/text.ts";
import { sharedData } from "./support/database.ts";
import { count } from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";

interface Switch {
  readonly hostname: string;
  readonly ip_address: string;
  readonly device_type: string;
  readonly tags: readonly { readonly name: string; readonly type: string }[];
  readonly versions: number;
}

interface Version {
  readonly hostname: string;
  readonly retrievedAt: Date;
  readonly text: string;
  /** Set by the save. */
  id?: number;
}

const test = suite("fabric");
const data = sharedData();
const { db } = await testDatabase(test, { pool: { size: 4 } });
let switches: Switch[];
/** All versions, oldest first. Times of one device are distinct. */
let versions: Version[];
const deviceIds = new Map<string, number>();

/** `20201127T080502Z.cfg` */
function timeOf(file: string): Date {
  const time = file.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.cfg$/, "$1-$2-$3T$4:$5:$6Z");
  return new Date(time);
}

async function read(folder: string): Promise<void> {
  switches = JSON.parse(await readFile(join(folder, "inventory.json"), "utf8"));
  versions = [];
  for (const { hostname } of switches) {
    for (const file of await readdir(join(folder, "configs", hostname))) {
      const bytes = await readFile(join(folder, "configs", hostname, file));
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      versions.push({ hostname, retrievedAt: timeOf(file), text });
    }
  }
  versions.sort((a, b) => +a.retrievedAt - +b.retrievedAt);
}

/** The versions of one device, oldest first. */
function versionsOf(hostname: string): Version[] {
  return versions.filter((version) => version.hostname === hostname);
}

/** Returns the version that was valid at a time. */
function asOf(hostname: string, at: Date): Version | undefined {
  return versionsOf(hostname).findLast(({ retrievedAt }) => retrievedAt <= at);
}

/** The tests build on one another: load, save, read, delete. */
function addTests(folder: string): void {
  test.before(async () => {
    await read(join(folder, "fabric"));
  });

  test("DeviceInsertMany loads 16 switches with the tags of the inventory", async () => {
    const tags = switches.flatMap((device) => device.tags);
    await tagEnsure.run({
      names: tags.map(({ name }) => name),
      types: tags.map(({ type }) => type),
    }, db);

    const outcomes = await deviceInsertMany.run({
      hostnames: switches.map(({ hostname }) => hostname),
      ipAddresses: switches.map((device) => device.ip_address),
      deviceTypes: switches.map((device) => device.device_type),
      tagNames: switches.map((device) => device.tags.map(({ name }) => name)),
    }, db);

    assert.is(switches.length, 16);
    assert.ok(outcomes.every(({ outcome }) => outcome === "created"));
    switches.forEach(({ hostname }, i) => deviceIds.set(hostname, outcomes[i]!.id!));
    const types = new Map(tags.map(({ name, type }) => [name, type]));
    for (const tag of await tagList.run({ limit: 100 }, db)) {
      const carriers = switches.filter((device) =>
        device.tags.some(({ name }) => name === tag.name)
      );
      assert.equal([tag.type, tag.deviceCount], [types.get(tag.name), carriers.length]);
    }
  });

  test("configSave() saves all 764 versions in the order of their times", async () => {
    assert.is(versions.length, 764);
    const previous = new Map<string, number>();
    for (const version of versions) {
      const { hostname, text, retrievedAt } = version;
      const saved = await configSave({ deviceId: deviceIds.get(hostname)!, text, retrievedAt }, db);

      assert.ok(saved.changed);
      assert.is(saved.previousId, previous.get(hostname) ?? null);
      previous.set(hostname, version.id = saved.id);
    }
    assert.is(await count(db, "device_configurations"), 764);
  });

  test("configSave() makes no version of a text that is the latest already", async () => {
    for (const { hostname } of switches) {
      const latest = versionsOf(hostname).at(-1)!;

      const saved = await configSave({ deviceId: deviceIds.get(hostname)!, text: latest.text }, db);

      const counts = { added: 0, removed: 0, quarantined: null };
      assert.equal(saved, { id: latest.id!, changed: false, previousId: latest.id!, ...counts });
    }
    assert.is(await count(db, "device_configurations"), 764);
  });

  test("ConfigGet reads each of the 764 versions back byte for byte", async () => {
    for (const { id, hostname, text, retrievedAt } of versions) {
      const row = await configGet.one({ id: id! }, db);

      assert.ok(row.configData === text, `${hostname} ${retrievedAt.toISOString()}`);
      assert.equal([row.deviceId, +row.retrievedAt], [deviceIds.get(hostname), +retrievedAt]);
    }
  });

  test("ConfigSearch finds in every version what stands there, and ConfigAbsentSearch what does not", async () => {
    for (
      const text of ["10.255.0.", "Ethernet49", "no service", "ntp server", "neighbor 10.255.1.1"]
    ) {
      for (const { hostname } of switches) {
        const ids = [deviceIds.get(hostname)!];
        const hits = await configSearch.run({ texts: [text], deviceIds: ids, limit: 100_000 }, db);
        for (const version of versionsOf(hostname)) {
          const lines = version.text.split("\n").filter((line) => line.includes(text)).sort();
          const found = hits.filter(({ since, until }) =>
            since <= version.retrievedAt && (until === null || version.retrievedAt < until)
          ).map((hit) => hit.text).sort();
          assert.equal(found, lines, `${text} in ${hostname}`);
        }
      }
      const lacking = switches.filter(({ hostname }) =>
        !versionsOf(hostname).at(-1)!.text.includes(text)
      );
      const absent = await configAbsentSearch.run({ text, limit: 100 }, db);
      assert.equal(
        absent.map(({ hostname }) => hostname),
        lacking.map(({ hostname }) => hostname).sort(),
        text,
      );
    }
  });

  test("configBlame() tells of the lines of each latest version since when they stand", async () => {
    for (const { hostname } of switches) {
      const all = versionsOf(hostname);
      const latest = all.at(-1)!;

      const blamed = await configBlame({ id: latest.id! }, db);

      assert.equal(blamed.map(({ text }) => text), linesOf(latest.text));
      for (const { text, configurationId, since } of blamed) {
        const place = all.findIndex(({ id }) => id === configurationId);
        assert.equal(since, all[place]!.retrievedAt);
        for (const version of all.slice(place)) {
          assert.ok(linesOf(version.text).includes(text), `${text} of ${hostname}`);
        }
      }
    }
  });

  test("DeviceList lists the fabric with the latest configuration of each switch", async () => {
    const rows = await deviceList.run({ limit: 100 }, db);

    assert.equal(rows.map(({ hostname }) => hostname), switches.map((s) => s.hostname).sort());
    for (const row of rows) {
      const device = switches.find(({ hostname }) => hostname === row.hostname)!;
      const latest = versionsOf(row.hostname).at(-1)!;
      assert.equal(row.tags, device.tags.map(({ name }) => name).sort());
      assert.equal([row.ipAddress, row.deviceType], [device.ip_address, device.device_type]);
      assert.is(row.latestConfigurationId, latest.id);
      assert.equal(row.latestRetrievedAt, latest.retrievedAt);
      assert.ok(row.latestVerifiedAt! > latest.retrievedAt);
    }
  });

  test("DeviceList finds switches by name, role and network", async () => {
    const roles = new Set(switches.flatMap((device) => device.tags.map(({ name }) => name)));
    for (const role of roles) {
      const carriers = switches.filter(({ tags }) => tags.some(({ name }) => name === role));
      assert.equal(await deviceCount.one({ allTags: [role] }, db), { count: carriers.length });
    }
    const spines = await deviceList.run({ q: "spine", network: "192.168.0.0/16", limit: 100 }, db);
    assert.equal(
      spines.map(({ hostname }) => hostname),
      ["DC1-SPINE1", "DC1-SPINE2", "DC1-SPINE3", "DC1-SPINE4"],
    );
  });

  test("ConfigHistoryList pages over each switch's history, newest first, with the sizes", async () => {
    for (const { hostname, versions: number } of switches) {
      const deviceId = deviceIds.get(hostname)!;
      const seen: ConfigVersionSummary[] = [];
      for (;;) {
        const last = seen.at(-1);
        const after = { afterRetrievedAt: last?.retrievedAt, afterId: last?.id };
        const page = await configHistoryList.run({ deviceId, ...after, limit: 10 }, db);
        seen.push(...page);
        if (page.length < 10) break;
      }

      const expected = versionsOf(hostname).reverse();
      assert.is(seen.length, number);
      assert.equal(seen.map(({ id }) => id), expected.map(({ id }) => id));
      const sizes = expected.map(({ text }) => new TextEncoder().encode(text).length);
      assert.equal(seen.map(({ size }) => size), sizes);
    }
  });

  test("ConfigAsOfGet gives each switch's text at any time", async () => {
    for (const { hostname } of switches) {
      const deviceId = deviceIds.get(hostname)!;
      const [first, second] = versionsOf(hostname);
      const times = ["2020-01-01Z", "2021-06-01Z", "2022-06-01Z", "2023-06-01Z", "2030-01-01Z"];
      const around = [first!, second!].flatMap(({ retrievedAt }) =>
        [-1, 0, 1].map((by) => new Date(+retrievedAt + by))
      );
      for (const at of [...times.map((time) => new Date(time)), ...around]) {
        const row = await configAsOfGet.first({ deviceId, at }, db);

        const expected = asOf(hostname, at);
        assert.is(row?.id, expected?.id, `${hostname} ${at.toISOString()}`);
        assert.ok(row?.configData === expected?.text);
      }
    }
  });

  test("ConfigLatestGet and ConfigLatestList agree on what is the latest", async () => {
    const rows = await configLatestList.run({ limit: 100 }, db);

    assert.is(rows.length, 16);
    for (const row of rows) {
      const { configData, raw: _, ...rest } = await configLatestGet.one(
        { deviceId: row.deviceId },
        db,
      );
      const { size, ...listed } = row;
      assert.equal(listed, rest);
      assert.is(size, new TextEncoder().encode(configData).length);
    }
  });

  test("DeviceDelete deletes each switch with its history alone", async () => {
    let left = 764;
    for (const { hostname } of switches) {
      await deviceDelete.one({ id: deviceIds.get(hostname)! }, db);

      left -= versionsOf(hostname).length;
      assert.is(await count(db, "device_configurations"), left);
    }
    assert.is(left, 0);
    assert.is(await count(db, "device_states"), 0);
  });
}

if (data === undefined) {
  test.skip("The fabric is loaded, saved, read, paged and deleted", "there is no ../shared/data");
} else {
  addTests(data);
}

test.run();
