/** Rows for tests. Each factory takes only the values that the test is about; all others are unique defaults. */
import { Buffer } from "node:buffer";
import {
  configSave,
  type ConfigSaveResult,
  type Database,
  type Device,
  deviceInsert,
  type DeviceInsertParams,
  jobInsert,
  type JobInsertRow,
  type Queryable,
  type Session,
} from "netraven-db";
import {
  type CredentialCreated,
  credentialInsert,
  type CredentialInsertParams,
} from "../../src/generated/internal/credentials.ts";
import { encryptionKeyInsert } from "../../src/generated/internal/encryption_keys.ts";
import { until } from "./until.ts";

/** Number of created rows in this process. */
let made = 0;

/** A unique address. */
export function newAddress(): string {
  made++;
  return `10.${made >> 16 & 255}.${made >> 8 & 255}.${made & 255}`;
}

/** A device of type `arista_eos` without tags. */
export function addDevice(
  db: Queryable,
  given: Partial<DeviceInsertParams> = {},
): Promise<Device> {
  const ipAddress = newAddress();
  const made = { hostname: `device-${ipAddress}`, ipAddress, deviceType: "arista_eos" };
  return deviceInsert.one({ ...made, ...given }, db);
}

/** Has the format of a ciphertext, but no key decrypts it. Needs the row of `addKey`. */
export function envelope(text = "x"): string {
  return `nr1.factory.${Buffer.from(text.padEnd(40)).toString("base64url")}`;
}

/** Registers the key that `envelope` names. */
export async function addKey(db: Queryable): Promise<void> {
  await encryptionKeyInsert.run({ keyIds: ["factory"], checkValues: ["none"] }, db);
}

/** A credential without tags, with the default priority and a password that no key decrypts. */
export async function addCredential(
  db: Queryable,
  given: Partial<CredentialInsertParams> = {},
): Promise<CredentialCreated> {
  made++;
  await addKey(db);
  const uuid = crypto.randomUUID();
  const password = envelope(String(made));
  return await credentialInsert.one({ uuid, username: `user-${made}`, password, ...given }, db);
}

/** A queued job. Defaults to a new device. */
export async function addJob(
  db: Queryable,
  given: { deviceId?: number; scheduledFor?: Date } = {},
): Promise<JobInsertRow> {
  const deviceId = given.deviceId ?? (await addDevice(db)).id;
  return await jobInsert.one({ ...given, deviceId }, db);
}

/** A new version of a device's configuration. */
export function addConfig(
  db: Session,
  deviceId: number,
  given: { text?: string; retrievedAt?: Date } = {},
): Promise<ConfigSaveResult> {
  made++;
  return configSave({ deviceId, text: `! version ${made}\n`, ...given }, db);
}

/**
 * Empties every table except `encryption_keys`, which a process reads once. Identities continue, so that no
 * test depends on their values.
 */
export async function clear(db: Database): Promise<void> {
  for (
    const table of [
      "devices",
      "schedules",
      "credentials",
      "credential_reveals",
      "tags",
      "job_logs",
      "connection_logs",
      "log_writers",
    ]
  ) {
    await db.query(`delete from ${table}`);
  }
  const { rows } = await db.query<{ key: string }>("delete from system_settings returning key");
  for (const { key } of rows) {
    // The cache hears of it a moment later, and must not hand the next test what this one had set.
    await until(`${key} is forgotten`, async () => await db.settings.get(key) === undefined);
  }
}

/** Number of rows in a table. */
export async function count(db: Queryable, table: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*) as count from ${table}`);
  return rows[0]?.count ?? 0;
}

/** The row's fields, sorted. */
export function fields(row: object | undefined): string[] {
  return Object.keys(row ?? {}).sort();
}

/** The database's time in milliseconds. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>("select date_trunc('milliseconds', now()) as now");
  return rows[0]!.now;
}
