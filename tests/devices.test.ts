/** Devices: creating, finding, listing, changing and deleting them. */
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  connectionLogInsert,
  ConstraintError,
  credentialTagAdd,
  deviceCount,
  deviceCountByType,
  type DeviceCountParams,
  deviceDelete,
  deviceGet,
  deviceGetByHostname,
  deviceGetByIpAddress,
  deviceGetMany,
  deviceInsert,
  deviceInsertMany,
  deviceList,
  deviceListByTag,
  type DeviceListRow,
  deviceListStale,
  type DeviceListStaleRow,
  deviceListWithoutCredential,
  deviceSeen,
  deviceUpdate,
  deviceUpsert,
  jobLogInsert,
  ParameterError,
  tagGetByName,
  tagInsert,
} from "netraven-db";
import {
  addConfig,
  addCredential,
  addDevice,
  addJob,
  clear,
  count,
  databaseNow,
  fields,
  newAddress,
} from "./support/factories.ts";
import { suite } from "./support/suite.ts";
import { testDatabase } from "./support/test_database.ts";
import { rejection } from "./support/until.ts";

const test = suite("devices");
const { db } = await testDatabase(test, { pool: { size: 8 } });

test.before.each(() => clear(db));

const DEVICE = ["deviceType", "hostname", "id", "ipAddress", "lastSeen", "tags"];
const EARLIER = new Date("2020-02-03T04:05:06.789Z");

/** Returns the violated constraint: name, kind, table, columns. */
async function broken(work: Promise<unknown>): Promise<unknown[]> {
  const error = await rejection(work);
  assert.instance(error, ConstraintError);
  const { constraint, kind, table, columns } = error as ConstraintError;
  return [constraint, kind, table, ...columns];
}

async function setLastSeen(id: number, at: Date): Promise<void> {
  await db.query("update devices set last_seen = $2 where id = $1", [id, at]);
}

async function lastSeen(id: number): Promise<Date | null> {
  return (await deviceGet.one({ id }, db)).lastSeen;
}

async function list(filters: DeviceCountParams): Promise<string[]> {
  const rows = await deviceList.run({ ...filters, limit: 1000 }, db);
  return rows.map(({ hostname }) => hostname);
}

// --- Creating

test("DeviceInsert makes a device with its tags, each once, by name", async () => {
  await tagInsert.run({ name: "dc1", type: "site" }, db);
  const ipAddress = newAddress();

  const made = await deviceInsert.one({
    hostname: "sw1",
    ipAddress,
    deviceType: "arista_eos",
    tagNames: ["leaf", "dc1", "leaf"],
  }, db);

  assert.equal(fields(made), DEVICE);
  assert.equal(made, {
    id: made.id,
    hostname: "sw1",
    ipAddress,
    deviceType: "arista_eos",
    lastSeen: null,
    tags: ["dc1", "leaf"],
  });
  assert.equal(await deviceGet.one({ id: made.id }, db), made);
  assert.is((await tagGetByName.one({ name: "dc1" }, db)).type, "site");
  assert.is((await tagGetByName.one({ name: "leaf" }, db)).type, "custom");
});

test("DeviceInsert makes a device without tags, and takes IPv6 and odd names", async () => {
  const hostname = `sw'1" \\ %_ ü 👩‍💻`;

  const made = await addDevice(db, { hostname, ipAddress: "2001:DB8:0::1", tagNames: null });

  assert.is(made.hostname, hostname);
  assert.is(made.ipAddress, "2001:db8::1");
  assert.equal(made.tags, []);
});

test("DeviceInsert tells a taken hostname from a taken address, and leaks neither", async () => {
  const { hostname, ipAddress } = await addDevice(db, { hostname: "sw-taken" });

  const name = await rejection(addDevice(db, { hostname, tagNames: ["new"] }));
  const address = await broken(addDevice(db, { ipAddress }));

  assert.instance(name, ConstraintError);
  const { constraint, kind, table, columns } = name as ConstraintError;
  assert.equal(
    [constraint, kind, table, ...columns],
    ["devices_hostname_key", "unique", "devices", "hostname"],
  );
  assert.equal(address, ["devices_ip_address_key", "unique", "devices", "ip_address"]);
  assert.not.match(inspect(name, { showHidden: true, depth: 5 }), "sw-taken");
  assert.is(await count(db, "devices"), 1);
  assert.is(await tagGetByName.first({ name: "new" }, db), undefined);
});

test("DeviceInsert tells each check by its name", async () => {
  const checks = [
    [{ ipAddress: "10.0.0.0/8" }, "ip_address_is_one_host"],
    [{ ipAddress: "2001:db8::/64" }, "ip_address_is_one_host"],
    [{ hostname: "" }, "hostname_has_1_to_255_characters"],
    [{ hostname: "x".repeat(256) }, "hostname_has_1_to_255_characters"],
    [{ deviceType: "" }, "device_type_has_1_to_255_characters"],
    [{ tagNames: [""] }, "name_has_1_to_255_characters"],
  ] as const;
  for (const [given, constraint] of checks) {
    const [name, kind] = await broken(addDevice(db, given));

    assert.equal([name, kind], [constraint, "check"]);
  }
  assert.is(await count(db, "devices"), 0);
});

test("DeviceInsert refuses what is no address, and a NUL character by the field's name", async () => {
  const noAddress = await rejection(addDevice(db, { ipAddress: "10.0.0.256" }));
  const nul = await rejection(addDevice(db, { hostname: "sw\u00001" }));

  assert.instance(noAddress, ParameterError);
  assert.is((noAddress as ParameterError).field, "ipAddress");
  assert.is((noAddress as ParameterError).sqlState, "22P02");
  assert.instance(nul, ParameterError);
  assert.is((nul as ParameterError).field, "hostname");
});

test("DeviceInsertMany names the field and the row of what is no address", async () => {
  const given = {
    hostnames: ["a", "b", "c"],
    ipAddresses: ["10.0.0.1", "10.0.0.300", "10.0.0.2"],
    deviceTypes: ["x", "x", "x"],
  };

  for (
    const run of [
      () => db.transaction((tx) => deviceInsertMany.run(given, tx)),
      () => deviceInsertMany.run(given, db),
    ]
  ) {
    const error = await rejection(run()) as ParameterError;

    assert.instance(error, ParameterError);
    assert.is(error.field, "ipAddresses");
    assert.is(error.index, 1);
    assert.is(
      error.message,
      'Parameter "ipAddresses" (element 1) of DeviceInsertMany does not match the syntax of its type',
    );
  }
  assert.is(await count(db, "devices"), 0);
});

test("DeviceInsertMany does nothing for zero rows", async () => {
  const none = { hostnames: [], ipAddresses: [], deviceTypes: [] };

  assert.equal(await deviceInsertMany.run(none, db), []);
  assert.equal(await deviceInsertMany.run({ ...none, tagNames: [] }, db), []);
});

test("DeviceInsertMany tells for each row whether it was made, with the id that counts", async () => {
  const old = await addDevice(db, { hostname: "old", ipAddress: "10.9.0.1" });
  const rows = [
    ["b", "10.9.1.1", "created"],
    ["old", "10.9.1.2", "duplicate"], // the hostname is in the table
    ["a", "10.9.1.3", "created"],
    ["c", "10.9.0.1", "duplicate"], // the address is in the table
    ["b", "10.9.1.1", "duplicate"], // both are further up
    ["b", "10.9.1.4", "duplicate"], // the hostname is further up
    ["d", "10.9.1.3", "duplicate"], // the address is further up
    ["e", "10.9.1.5", "created"],
  ] as const;

  const outcomes = await deviceInsertMany.run({
    hostnames: rows.map(([hostname]) => hostname),
    ipAddresses: rows.map(([, ipAddress]) => ipAddress),
    deviceTypes: rows.map((_, i) => `type-${i}`),
  }, db);

  const idOf = async (hostname: string) => (await deviceGetByHostname.one({ hostname }, db)).id;
  const [a, b, e] = [await idOf("a"), await idOf("b"), await idOf("e")];
  assert.equal(outcomes.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(outcomes.map(({ outcome }) => outcome), rows.map(([, , outcome]) => outcome));
  assert.equal(outcomes.map(({ id }) => id), [b, old.id, a, old.id, b, b, a, e]);
  assert.equal(await list({}), ["a", "b", "e", "old"]);
  assert.is((await deviceGet.one({ id: b }, db)).deviceType, "type-0");
  assert.is((await deviceGet.one({ id: old.id }, db)).deviceType, "arista_eos");
});

test("DeviceInsertMany gives new devices their tags, and duplicates none", async () => {
  await addDevice(db, { hostname: "old", tagNames: ["kept"] });
  await tagInsert.run({ name: "dc1", type: "site" }, db);

  await deviceInsertMany.run({
    hostnames: ["a", "old", "b", "c", "a"],
    ipAddresses: ["10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.1"],
    deviceTypes: ["t", "t", "t", "t", "t"],
    tagNames: [["leaf", "dc1", "leaf"], ["lost"], null, ["leaf"], ["lost"]],
  }, db);

  const tags = (await deviceList.run({ limit: 10 }, db)).map((row) => [row.hostname, ...row.tags]);
  assert.equal(tags, [["a", "dc1", "leaf"], ["b"], ["c", "leaf"], ["old", "kept"]]);
  assert.is(await tagGetByName.first({ name: "lost" }, db), undefined);
  assert.is((await tagGetByName.one({ name: "dc1" }, db)).type, "site");
});

test("DeviceInsertMany stores nothing when one row breaks a check", async () => {
  const [constraint] = await broken(deviceInsertMany.run({
    hostnames: ["a", ""],
    ipAddresses: [newAddress(), newAddress()],
    deviceTypes: ["t", "t"],
    tagNames: [["new"], null],
  }, db));

  assert.is(constraint, "hostname_has_1_to_255_characters");
  assert.is(await count(db, "devices"), 0);
  assert.is(await count(db, "tags"), 0);
});

test("DeviceInsertMany keeps ids and rows together over 5,000 devices", async () => {
  const numbers = Array.from({ length: 5000 }, (_, i) => i);
  // The order differs from the order of their names.
  const hostnames = numbers.map((i) => `sw-${(i * 7919) % 5000}`);
  const ipAddresses = numbers.map(newAddress);

  const outcomes = await deviceInsertMany.run({
    hostnames,
    ipAddresses,
    deviceTypes: numbers.map(() => "t"),
    tagNames: numbers.map((i) => [`even-${i % 2 === 0}`]),
  }, db);

  const made = await deviceGetMany.run({ ids: outcomes.map(({ id }) => id!) }, db);
  const byId = new Map(made.map((device) => [device.id, device]));
  assert.is(made.length, 5000);
  outcomes.forEach(({ id, index, outcome }) => {
    const device = byId.get(id!);
    assert.is(outcome, "created");
    assert.is(device?.hostname, hostnames[index]);
    assert.is(device?.ipAddress, ipAddresses[index]);
    assert.equal(device?.tags, [`even-${index % 2 === 0}`]);
  });
});

test("DeviceInsertMany makes each device once when callers bring the same ones at once", async () => {
  for (let round = 0; round < 10; round++) {
    const names = Array.from({ length: 30 }, (_, i) => `r${round}-${i}`);
    const call = (hostnames: string[]) =>
      deviceInsertMany.run({
        hostnames,
        ipAddresses: hostnames.map((name) => `10.200.${round}.${name.split("-")[1]}`),
        deviceTypes: hostnames.map(() => "t"),
        tagNames: hostnames.map((name) => [`tag-${name}`, `tag-${round}`]),
      }, db);
    const orders = [names, names.toReversed(), names.slice(15).concat(names.slice(0, 15)), names];

    const results = await Promise.all(orders.map(call));

    const created = results.flat().filter(({ outcome }) => outcome === "created");
    assert.is(created.length, 30);
    assert.is(new Set(created.map(({ id }) => id)).size, 30);
  }
  assert.is(await count(db, "devices"), 300);
  assert.is(await count(db, "device_tags"), 600);
});

test("DeviceUpsert makes the device, then brings it up to date, and says which", async () => {
  const first = await deviceUpsert.one({
    hostname: "sw1",
    ipAddress: "10.9.0.1",
    deviceType: "cisco_ios",
    tagNames: ["b", "a"],
  }, db);
  await setLastSeen(first.id, EARLIER);
  const second = await deviceUpsert.one({
    hostname: "sw1",
    ipAddress: "10.9.0.2",
    deviceType: "arista_eos",
  }, db);
  const third = await deviceUpsert.one({
    hostname: "sw1",
    ipAddress: "10.9.0.2",
    deviceType: "arista_eos",
    tagNames: ["c", "b"],
  }, db);
  const last = await deviceUpsert.one({
    hostname: "sw1",
    ipAddress: "10.9.0.2",
    deviceType: "arista_eos",
    tagNames: [],
  }, db);

  assert.equal([first.inserted, second.inserted, third.inserted], [true, false, false]);
  assert.equal([first.tags, second.tags, third.tags, last.tags], [
    ["a", "b"],
    ["a", "b"],
    ["b", "c"],
    [],
  ]);
  const { inserted: _, ...device } = last;
  assert.equal(device, {
    id: first.id,
    hostname: "sw1",
    ipAddress: "10.9.0.2",
    deviceType: "arista_eos",
    lastSeen: EARLIER,
    tags: [],
  });
  assert.equal(await deviceGet.one({ id: first.id }, db), device);
});

test("DeviceUpsert refuses the address of another device", async () => {
  const { ipAddress } = await addDevice(db);
  await addDevice(db, { hostname: "sw1" });

  const rule = await broken(
    deviceUpsert.run({ hostname: "sw1", ipAddress, deviceType: "t" }, db),
  );

  assert.equal(rule, ["devices_ip_address_key", "unique", "devices", "ip_address"]);
});

test("DeviceUpsert makes one device for many callers at once", async () => {
  for (let round = 0; round < 10; round++) {
    const calls = Array.from({ length: 8 }, () => ({
      hostname: `sw${round}`,
      ipAddress: newAddress(),
      deviceType: "t",
    }));

    const results = await Promise.all(calls.map((call) => deviceUpsert.one(call, db)));

    assert.is(results.filter(({ inserted }) => inserted).length, 1);
    assert.is(new Set(results.map(({ id }) => id)).size, 1);
  }
});

// --- Getting

test("DeviceGet, by id, hostname or address, finds the device with its tags, or nothing", async () => {
  const device = await addDevice(db, {
    hostname: "sw1",
    ipAddress: "2001:db8::a",
    tagNames: ["b", "a"],
  });
  await addDevice(db, { tagNames: ["a", "c"] });

  assert.equal(await deviceGet.one({ id: device.id }, db), device);
  assert.equal(await deviceGetByHostname.one({ hostname: "sw1" }, db), device);
  assert.equal(await deviceGetByIpAddress.one({ ipAddress: "2001:DB8:0:0::A" }, db), device);
  assert.is(await deviceGet.first({ id: -1 }, db), undefined);
  assert.is(await deviceGetByHostname.first({ hostname: "SW1" }, db), undefined);
  assert.is(await deviceGetByIpAddress.first({ ipAddress: "2001:db8::b" }, db), undefined);
});

test("DeviceGetMany finds the devices that exist, each once, by id", async () => {
  const a = await addDevice(db, { tagNames: ["x"] });
  const b = await addDevice(db);
  await addDevice(db);

  assert.equal(await deviceGetMany.run({ ids: [b.id, -1, a.id, b.id] }, db), [a, b]);
  assert.equal(await deviceGetMany.run({ ids: [] }, db), []);
});

// --- Listing

test("DeviceList returns no text, no password, and all that a list shows", async () => {
  const device = await addDevice(db, { hostname: "sw1", tagNames: ["b", "a"] });
  await addCredential(db, { tagNames: ["a"] });
  await addConfig(db, device.id);
  const latest = await addConfig(db, device.id, { text: "hostname sw1\n" });
  await addJob(db, { deviceId: device.id });
  const job = await addJob(db, { deviceId: device.id });
  await db.query(
    "update jobs set status = 'failed', completed_at = now() where id = $1",
    [job.id],
  );
  const times = await db.query<{ retrievedAt: Date }>(
    "select retrieved_at from device_configurations where id = $1",
    [latest.id],
  );
  await db.query("update device_states set verified_at = '2099-01-01Z'");

  const row = await deviceList.one({ limit: 10 }, db);

  assert.equal(row, {
    ...device,
    credentialCount: 1,
    latestConfigurationId: latest.id,
    latestRetrievedAt: times.rows[0]!.retrievedAt,
    latestVerifiedAt: new Date("2099-01-01Z"),
    latestJobStatus: "failed",
  });
});

test("DeviceList shows a device without configuration, job, tag and credential", async () => {
  const device = await addDevice(db);

  assert.equal(await deviceList.one({ limit: 10 }, db), {
    ...device,
    credentialCount: 0,
    latestConfigurationId: null,
    latestRetrievedAt: null,
    latestVerifiedAt: null,
    latestJobStatus: null,
  });
});

test("DeviceList counts a credential once, however many tags it shares", async () => {
  await addDevice(db, { hostname: "both", tagNames: ["a", "b"] });
  await addDevice(db, { hostname: "one", tagNames: ["a"] });
  await addDevice(db, { hostname: "other", tagNames: ["c"] });
  await addCredential(db, { tagNames: ["a", "b"] });
  await addCredential(db, { tagNames: ["b", "x"] });
  await addCredential(db, { tagNames: ["a"] });

  const rows = await deviceList.run({ limit: 10 }, db);

  assert.equal(rows.map((row) => [row.hostname, row.credentialCount]), [
    ["both", 3],
    ["one", 2],
    ["other", 0],
  ]);
});

test("DeviceList pages over 250 devices, each exactly once, by hostname and byte", async () => {
  const names = Array.from({ length: 250 }, (_, i) => `${"aBzÄ_-"[i % 6]}sw-${i % 7}-${i}`);
  await deviceInsertMany.run({
    hostnames: names,
    ipAddresses: names.map(newAddress),
    deviceTypes: names.map(() => "t"),
  }, db);
  const encoder = new TextEncoder();
  const hex = (name: string) => encoder.encode(name).reduce((all, b) => all + b.toString(16), "");
  const sorted = names.toSorted((a, b) => hex(a) < hex(b) ? -1 : 1);

  for (const limit of [1, 7, 100, 250, 1000]) {
    const seen: string[] = [];
    let last: DeviceListRow | undefined;
    for (;;) {
      const after = { afterHostname: last?.hostname, afterId: last?.id };
      const page = await deviceList.run({ ...after, limit }, db);
      seen.push(...page.map(({ hostname }) => hostname));
      assert.ok(page.length <= limit);
      if (page.length < limit) break;
      last = page.at(-1);
    }

    assert.equal(seen, sorted);
  }
});

test("DeviceList neither repeats nor loses a row when others come and go between pages", async () => {
  for (const hostname of ["b", "d", "f", "h"]) await addDevice(db, { hostname });

  const [, last] = await deviceList.run({ limit: 2 }, db);
  await addDevice(db, { hostname: "a" });
  await deviceDelete.one({ id: last!.id }, db);
  await addDevice(db, { hostname: "e" });
  const after = { afterHostname: last!.hostname, afterId: last!.id };
  const page = await deviceList.run({ ...after, limit: 10 }, db);

  assert.equal(page.map(({ hostname }) => hostname), ["e", "f", "h"]);
});

/** [filters, matching hostnames] over the fleet below. */
const FILTERS: [DeviceCountParams, string[]][] = [
  [{}, ["100%_real", "DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1", "it's\\\"odd"]],
  [{ hostname: "LEAF" }, ["DC1-leaf1", "dc1-leaf2", "dc2_leaf1"]],
  [{ hostname: "dc1-" }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1"]],
  [{ hostname: "c" }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1"]],
  [{ hostname: "%" }, ["100%_real"]],
  [{ hostname: "_" }, ["100%_real", "dc2_leaf1"]],
  [{ hostname: "d%1" }, []],
  [{ hostname: "dc1_leaf" }, []],
  [{ hostname: "'" }, ["it's\\\"odd"]],
  [{ hostname: '"' }, ["it's\\\"odd"]],
  [{ hostname: "\\" }, ["it's\\\"odd"]],
  [{ hostname: "'; drop table devices; --" }, []],
  [{ hostname: ".*" }, []],
  [{ network: "10.1.0.0/16" }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1"]],
  [{ network: "10.0.0.0/8" }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1"]],
  [{ network: "10.1.0.2" }, ["dc1-leaf2"]],
  [{ network: "0.0.0.0/0" }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1", "it's\\\"odd"]],
  [{ network: "2001:db8::/32" }, ["100%_real"]],
  [{ network: "192.168.0.0/16" }, []],
  [{ deviceType: "cisco_ios" }, ["100%_real", "dc1-spine1"]],
  [{ deviceType: "cisco" }, []],
  [{ anyTags: ["leaf"] }, ["DC1-leaf1", "dc1-leaf2", "dc2_leaf1"]],
  [{ anyTags: ["spine", "dc2"] }, ["dc1-spine1", "dc2_leaf1"]],
  [{ anyTags: ["dc1", "leaf"] }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1"]],
  [{ anyTags: ["nowhere"] }, []],
  [{ anyTags: [] }, []],
  [{ allTags: ["dc1", "leaf"] }, ["DC1-leaf1", "dc1-leaf2"]],
  [{ allTags: ["dc1", "leaf", "dc1"] }, ["DC1-leaf1", "dc1-leaf2"]],
  [{ allTags: ["dc1"] }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1"]],
  [{ allTags: ["dc1", "nowhere"] }, []],
  [{ allTags: ["dc1", "dc2"] }, []],
  [{ allTags: [] }, [
    "100%_real",
    "DC1-leaf1",
    "dc1-leaf2",
    "dc1-spine1",
    "dc2_leaf1",
    "it's\\\"odd",
  ]],
  [{ anyTags: ["spine", "lab"], allTags: ["dc1"] }, ["dc1-leaf2", "dc1-spine1"]],
  [{ q: "SPINE" }, ["dc1-spine1"]],
  [{ q: "ios" }, ["100%_real", "dc1-spine1"]],
  [{ q: "10.1.0." }, ["DC1-leaf1", "dc1-leaf2", "dc1-spine1"]],
  [{ q: "DB8::" }, ["100%_real"]],
  [{ q: "1" }, ["100%_real", "DC1-leaf1", "dc1-leaf2", "dc1-spine1", "dc2_leaf1", "it's\\\"odd"]],
  [{ q: "%" }, ["100%_real"]],
  [{ q: "/32" }, []],
  [
    {
      hostname: "leaf",
      network: "10.1.0.0/16",
      deviceType: "arista_eos",
      anyTags: ["lab", "edge"],
      allTags: ["dc1", "leaf"],
      q: ".0.2",
    },
    ["dc1-leaf2"],
  ],
  [{ hostname: "leaf", network: "10.1.0.0/16", deviceType: "cisco_ios" }, []],
];

async function addFleet(): Promise<void> {
  const eos = "arista_eos";
  const ios = "cisco_ios";
  const fleet: [string, string, string, string[]][] = [
    ["dc2_leaf1", "10.2.0.1", eos, ["dc2", "leaf"]],
    ["dc1-spine1", "10.1.0.3", ios, ["dc1", "spine"]],
    ["DC1-leaf1", "10.1.0.1", eos, ["dc1", "leaf"]],
    ["dc1-leaf2", "10.1.0.2", eos, ["dc1", "leaf", "lab"]],
    ["100%_real", "2001:db8::1", ios, []],
    ["it's\\\"odd", "172.16.0.1", "juniper_junos", []],
  ];
  await deviceInsertMany.run({
    hostnames: fleet.map(([hostname]) => hostname),
    ipAddresses: fleet.map(([, address]) => address),
    deviceTypes: fleet.map(([, , type]) => type),
    tagNames: fleet.map(([, , , tags]) => tags),
  }, db);
}

test("DeviceList takes each filter literally, and all together", async () => {
  await addFleet();

  for (const [filters, expected] of FILTERS) {
    assert.equal(await list(filters), expected, inspect(filters));
  }
});

test("DeviceCount and DeviceCountByType agree with DeviceList for every filter", async () => {
  await addFleet();

  for (const [filters] of FILTERS) {
    const rows = await deviceList.run({ ...filters, limit: 1000 }, db);
    const types = rows.map(({ deviceType }) => deviceType);
    const byType = [...new Set(types)].sort().map((deviceType) => ({
      deviceType,
      count: types.filter((type) => type === deviceType).length,
    }));

    assert.equal(await deviceCount.one(filters, db), { count: rows.length }, inspect(filters));
    assert.equal(await deviceCountByType.run(filters, db), byType, inspect(filters));
  }
});

test("DeviceList refuses a network that is none", async () => {
  const error = await rejection(list({ network: "10.1" }));

  assert.instance(error, ParameterError);
  assert.is((error as ParameterError).field, "network");
});

test("DeviceListByTag pages over the devices that carry the tag", async () => {
  for (const hostname of ["d", "a", "c", "b"]) {
    await addDevice(db, { hostname, tagNames: ["leaf", "dc1"] });
  }
  await addDevice(db, { tagNames: ["dc1"] });

  const first = await deviceListByTag.run({ tagName: "leaf", limit: 3 }, db);
  const last = first.at(-1)!;
  const after = { afterHostname: last.hostname, afterId: last.id };
  const rest = await deviceListByTag.run({ tagName: "leaf", ...after, limit: 3 }, db);

  assert.equal([...first, ...rest].map(({ hostname }) => hostname), ["a", "b", "c", "d"]);
  assert.equal(fields(last), DEVICE);
  assert.equal(last.tags, ["dc1", "leaf"]);
  assert.equal(await deviceListByTag.run({ tagName: "LEAF", limit: 3 }, db), []);
});

test("DeviceListWithoutCredential pages over the devices that no credential opens", async () => {
  await addDevice(db, { hostname: "c", tagNames: ["alone"] });
  await addDevice(db, { hostname: "a" });
  await addDevice(db, { hostname: "b", tagNames: ["alone", "shared"] });
  await addDevice(db, { hostname: "d", tagNames: ["other"] });
  const credential = await addCredential(db, { tagNames: ["shared", "unused"] });

  const first = await deviceListWithoutCredential.run({ limit: 2 }, db);
  const last = first.at(-1)!;
  const after = { afterHostname: last.hostname, afterId: last.id };
  const rest = await deviceListWithoutCredential.run({ ...after, limit: 2 }, db);
  await credentialTagAdd.run({ credentialIds: [credential.id], tagNames: ["alone"] }, db);
  const later = await deviceListWithoutCredential.run({ limit: 10 }, db);

  assert.equal([...first, ...rest].map(({ hostname }) => hostname), ["a", "c", "d"]);
  assert.equal(fields(last), DEVICE);
  assert.equal(last.tags, ["alone"]);
  assert.equal(later.map(({ hostname }) => hostname), ["a", "d"]);
});

test("DeviceListStale gives the never backed up first, then the longest unverified", async () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
  const add = async (hostname: string, verifiedAt?: Date) => {
    const { id } = await addDevice(db, { hostname, tagNames: ["t"] });
    if (verifiedAt === undefined) return;
    await addConfig(db, id);
    await db.query("update device_states set verified_at = $2 where device_id = $1", [
      id,
      verifiedAt,
    ]);
  };
  await add("fresh", at(9));
  await add("tie1", at(3));
  await add("never1");
  await add("tie2", at(3));
  await add("oldest", at(1));
  await add("tie3", at(3));
  await add("never2");
  // A device with a job but no configuration was never backed up either.
  await addJob(db, { deviceId: (await addDevice(db, { hostname: "never3" })).id });
  await add("limit", at(8));

  for (const limit of [1, 2, 3, 100]) {
    const seen: string[] = [];
    let last: DeviceListStaleRow | undefined;
    for (;;) {
      const after = { afterVerifiedAt: last?.verifiedAt, afterId: last?.id };
      const page = await deviceListStale.run({ verifiedBefore: at(8), ...after, limit }, db);
      seen.push(...page.map(({ hostname }) => hostname));
      if (page.length < limit) break;
      last = page.at(-1);
    }

    assert.equal(seen, ["never1", "never2", "never3", "oldest", "tie1", "tie2", "tie3"]);
  }
  const [first] = await deviceListStale.run({ verifiedBefore: at(8), limit: 1 }, db);
  assert.equal(fields(first), [...DEVICE, "verifiedAt"]);
  assert.equal(first?.tags, ["t"]);
});

// --- Changing

test("DeviceUpdate changes what is given and leaves the rest, last_seen above all", async () => {
  const device = await addDevice(db, { tagNames: ["a", "b"] });
  const other = await addDevice(db);
  const { id } = device;
  await setLastSeen(id, EARLIER);
  const before = { ...device, lastSeen: EARLIER };
  const steps = [
    [{}, {}],
    [{ hostname: null, ipAddress: null, deviceType: null, tagNames: null }, {}],
    [{ hostname: "new" }, { hostname: "new" }],
    [{ ipAddress: "10.250.0.1" }, { ipAddress: "10.250.0.1" }],
    [{ deviceType: "cisco_ios" }, { deviceType: "cisco_ios" }],
    [{ tagNames: ["c", "b", "c"] }, { tags: ["b", "c"] }],
    [{ tagNames: [] }, { tags: [] }],
    [{ hostname: "all", deviceType: "t", tagNames: ["z"] }, {
      hostname: "all",
      deviceType: "t",
      tags: ["z"],
    }],
  ] as const;

  let expected: object = before;
  for (const [change, effect] of steps) {
    const updated = await deviceUpdate.one({ id, ...change }, db);

    expected = { ...expected, ...effect };
    assert.equal(updated, expected, inspect(change));
    assert.equal(await deviceGet.one({ id }, db), expected);
  }
  assert.equal(await deviceGet.one({ id: other.id }, db), other);
});

test("DeviceUpdate tells what it breaks, and finds no row for an unknown id", async () => {
  const { id } = await addDevice(db);
  const other = await addDevice(db);

  const name = await broken(deviceUpdate.run({ id, hostname: other.hostname }, db));
  const address = await broken(deviceUpdate.run({ id, ipAddress: other.ipAddress }, db));
  const unknown = await deviceUpdate.run({ id: -1, hostname: "x", tagNames: ["new"] }, db);

  assert.equal(name, ["devices_hostname_key", "unique", "devices", "hostname"]);
  assert.equal(address, ["devices_ip_address_key", "unique", "devices", "ip_address"]);
  assert.equal(unknown, []);
  assert.is(await tagGetByName.first({ name: "new" }, db), undefined);
});

test("DeviceSeen moves last_seen of the devices named to the database's time", async () => {
  const a = await addDevice(db);
  const b = await addDevice(db);
  const other = await addDevice(db);
  await setLastSeen(b.id, EARLIER);
  const before = await databaseNow(db);

  const seen = await deviceSeen.run({ ids: [b.id, a.id, a.id, -1] }, db);

  const after = await databaseNow(db);
  assert.equal(seen.map(({ id }) => id).sort((x, y) => x - y), [a.id, b.id]);
  for (const { id, lastSeen: at } of seen) {
    assert.ok(at! >= before && at! <= after);
    assert.equal(await lastSeen(id), at);
  }
  assert.is(await lastSeen(other.id), null);
  assert.equal(await deviceSeen.run({ ids: [] }, db), []);
});

test("DeviceSeen never goes back", async () => {
  const { id } = await addDevice(db);
  const future = new Date("2099-01-01T00:00:00.000Z");
  await setLastSeen(id, future);

  const seen = await deviceSeen.run({ ids: [id] }, db);

  assert.equal(seen, []);
  assert.equal(await lastSeen(id), future);
});

test("DeviceSeen alone moves last_seen: saving, queueing and tagging do not", async () => {
  const { id } = await addDevice(db);

  await addConfig(db, id);
  await addJob(db, { deviceId: id });
  await deviceUpdate.run({ id, deviceType: "t", tagNames: ["a"] }, db);

  assert.is(await lastSeen(id), null);
});

// --- Deleting

test("DeviceDelete deletes the device with all that is its own but its logs, and nothing else", async () => {
  const furnish = async () => {
    const { id } = await addDevice(db, { tagNames: ["leaf"] });
    await addConfig(db, id);
    await addConfig(db, id);
    const job = await addJob(db, { deviceId: id });
    await jobLogInsert.run({ jobId: job.id, message: "line" }, db);
    await connectionLogInsert.run({ jobId: job.id, deviceId: id, log: "session" }, db);
    return id;
  };
  const kept = await furnish();
  const id = await furnish();
  const before = await deviceGet.one({ id }, db);

  const deleted = await deviceDelete.one({ id }, db);

  const { tags: _, ...row } = before;
  assert.equal(deleted, row);
  const left = await Promise.all([
    "devices",
    "device_tags",
    "device_states",
    "device_configurations",
    "jobs",
    "job_logs",
    "connection_logs",
  ].map((table) => count(db, table)));
  assert.equal(left, [1, 1, 1, 2, 1, 2, 2]);
  assert.is((await deviceList.one({ limit: 10 }, db)).id, kept);
  assert.ok(await tagGetByName.first({ name: "leaf" }, db));
  assert.equal(await deviceDelete.run({ id }, db), []);
});

test.run();
