/**
 * Adds a small demonstration fleet: `make seed`. An existing device, tag or credential
 * stays unchanged, so a second run changes nothing.
 */
import process from "node:process";
import { connect, type Database } from "../client.ts";
import { loadConfig } from "../config/load.ts";
import { configSave } from "../history/save.ts";
import { credentialCreate } from "../credentials/credentials.ts";
import { connectionLogInsertMany } from "../generated/connection_logs.ts";
import { credentialList } from "../generated/credentials.ts";
import { deviceInsertMany, deviceSeen } from "../generated/devices.ts";
import { jobLogInsertMany, type LogLevel } from "../generated/job_logs.ts";
import { jobInsertMany } from "../generated/jobs.ts";
import { tagEnsure } from "../generated/tags.ts";
import type { Transaction } from "../session.ts";
import { makeMissingKeys } from "./keys.ts";
import { orFailure, runCommand } from "./command.ts";

/** The number of new rows of each kind. */
export interface SeedResult {
  readonly devices: number;
  readonly configurations: number;
  readonly jobs: number;
  readonly credentials: number;
}

interface DemoDevice {
  readonly hostname: string;
  readonly ipAddress: string;
  readonly deviceType: string;
  readonly tags: readonly string[];
}

const SITES = ["demo-amsterdam", "demo-berlin"];
const ROLES = ["demo-spine", "demo-leaf", "demo-firewall"];
const DAY_MS = 24 * 60 * 60 * 1000;

/** Demonstration credentials, valid on no device. */
const CREDENTIALS = [
  { username: "demo-admin", password: "demo-1", priority: 10, tagNames: SITES },
  { username: "demo-backup", password: "demo-2", priority: 20, tagNames: ["demo-leaf"] },
  {
    username: "demo-firewall",
    password: "demo-3",
    priority: 30,
    tagNames: ["demo-firewall"],
  },
];

/** Returns twelve devices with addresses reserved for documentation. */
function fleet(): DemoDevice[] {
  const types: Record<string, [number, string]> = {
    "demo-spine": [2, "arista_eos"],
    "demo-leaf": [3, "arista_eos"],
    "demo-firewall": [1, "fortinet"],
  };
  const devices: DemoDevice[] = [];
  for (const site of SITES) {
    for (const role of ROLES) {
      const [number, deviceType] = types[role]!;
      for (let i = 1; i <= number; i++) {
        const ipAddress = `192.0.2.${devices.length + 1}`;
        const hostname = `${site}-${role.slice("demo-".length)}${i}`;
        devices.push({ hostname, ipAddress, deviceType, tags: [site, role] });
      }
    }
  }
  return devices;
}

/** Returns a device's configuration. Version 2 has one more line. */
function configuration({ hostname, ipAddress }: DemoDevice, version: 1 | 2): string {
  const lines = [
    `hostname ${hostname}`,
    "!",
    "ntp server 192.0.2.250",
    ...(version === 1 ? [] : ["ntp server 192.0.2.251"]),
    "!",
    "interface Management1",
    `   ip address ${ipAddress}/24`,
    "!",
    "end",
  ];
  return lines.join("\n") + "\n";
}

/** Adds the missing rows in one transaction. */
export async function seed(db: Database): Promise<SeedResult> {
  return await db.transaction(async (tx) => {
    const names = [...SITES, ...ROLES];
    const types = names.map((name) => SITES.includes(name) ? "site" : "role");
    await tagEnsure.run({ names, types }, tx);
    const credentials = await addCredentials(tx);
    const made = await addDevices(tx);
    for (const { id, device } of made) {
      const first = { deviceId: id, text: configuration(device, 1) };
      await configSave({ ...first, retrievedAt: new Date(Date.now() - 7 * DAY_MS) }, tx);
      await configSave({ deviceId: id, text: configuration(device, 2) }, tx);
    }
    const jobs = await addJobs(tx, made);
    return { devices: made.length, configurations: 2 * made.length, jobs, credentials };
  });
}

async function addCredentials(tx: Transaction): Promise<number> {
  const there = new Set<string>();
  for await (const { username } of credentialList.stream({ limit: 1_000_000 }, tx)) {
    there.add(username);
  }
  const missing = CREDENTIALS.filter(({ username }) => !there.has(username));
  for (const credential of missing) await credentialCreate(credential, tx);
  return missing.length;
}

/** Adds the missing devices. Returns them with their ids. */
async function addDevices(tx: Transaction): Promise<{ id: number; device: DemoDevice }[]> {
  const devices = fleet();
  const outcomes = await deviceInsertMany.run({
    hostnames: devices.map(({ hostname }) => hostname),
    ipAddresses: devices.map(({ ipAddress }) => ipAddress),
    deviceTypes: devices.map(({ deviceType }) => deviceType),
    tagNames: devices.map(({ tags }) => tags),
  }, tx);
  return outcomes.flatMap(({ outcome, id, index }) => {
    const device = devices[index];
    return outcome === "created" && id !== null && device !== undefined ? [{ id, device }] : [];
  });
}

/** Adds a job for each device, with its log and its connection log. */
async function addJobs(
  tx: Transaction,
  made: readonly { id: number; device: DemoDevice }[],
): Promise<number> {
  const deviceIds = made.map(({ id }) => id);
  const jobs = await jobInsertMany.run({ deviceIds }, tx);
  const jobIds = jobs.flatMap(({ id }) => id === null ? [] : [id]);
  const lines: readonly (readonly [LogLevel, string])[] = [
    ["info", "Connected"],
    ["debug", "Sent: show running-config"],
    ["info", "Saved"],
  ];
  await jobLogInsertMany.run({
    jobIds: jobIds.flatMap((id) => lines.map(() => id)),
    levels: jobIds.flatMap(() => lines.map(([level]) => level)),
    messages: jobIds.flatMap(() => lines.map(([, message]) => message)),
  }, tx);
  await connectionLogInsertMany.run({
    jobIds,
    deviceIds,
    logs: made.map(({ device }) => `${device.hostname}# show running-config\n`),
  }, tx);
  await deviceSeen.run({ ids: deviceIds }, tx);
  return jobIds.length;
}

/** Seeds the configured database. Returns the exit code. */
async function main(): Promise<number> {
  if (process.env["NETRAVEN_ENV"] === "prod") {
    console.error("The demonstration fleet is not for production: unset NETRAVEN_ENV");
    return 1;
  }
  return await orFailure(async () => {
    await makeMissingKeys(await loadConfig(), (line) => console.log(line));
    await using db = await connect();
    const made = await seed(db);
    const counts = Object.entries(made).map(([name, number]) => `${name}: ${number}`).join(", ");
    console.log(
      made.devices + made.credentials === 0
        ? "✅ The demonstration fleet already exists"
        : `✅ Added to the demonstration fleet: ${counts}`,
    );
    return 0;
  });
}

runCommand(import.meta.url, main);
