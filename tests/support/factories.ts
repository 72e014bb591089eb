/** Rows for tests. Each factory takes only what the test is about; the rest is made up and unique. */
import { Buffer } from "node:buffer";
import {
  configSave,
  type ConfigSaved,
  credentialInsert,
  type CredentialInsertParams,
  type CredentialInsertResult,
  deviceInsert,
  type DeviceInsertParams,
  type DeviceInsertResult,
  encryptionKeyInsert,
  jobInsert,
  type JobInsertResult,
  type Queryable,
  type Session,
} from "netraven-db";

/** Counts what was made in this process. */
let made = 0;

/** An address that no other call gives. */
export function newAddress(): string {
  made++;
  return `10.${made >> 16 & 255}.${made >> 8 & 255}.${made & 255}`;
}

/** A device of type `arista_eos` without tags. */
export function addDevice(
  db: Queryable,
  given: Partial<DeviceInsertParams> = {},
): Promise<DeviceInsertResult> {
  const ipAddress = newAddress();
  const made = { hostname: `device-${ipAddress}`, ipAddress, deviceType: "arista_eos" };
  return deviceInsert.one({ ...made, ...given }, db);
}

/** What an envelope looks like; no key opens it. Needs the row of `addKey`. */
export function envelope(text = "x"): string {
  return `nr1.factory.${Buffer.from(text.padEnd(40)).toString("base64url")}`;
}

/** Notes the key that `envelope` names. */
export async function addKey(db: Queryable): Promise<void> {
  await encryptionKeyInsert.run({ keyIds: ["factory"], checkValues: ["none"] }, db);
}

/** A credential without tags, with the default priority, whose password no key opens. */
export async function addCredential(
  db: Queryable,
  given: Partial<CredentialInsertParams> = {},
): Promise<CredentialInsertResult> {
  made++;
  await addKey(db);
  const uuid = crypto.randomUUID();
  const password = envelope(String(made));
  return await credentialInsert.one({ uuid, username: `user-${made}`, password, ...given }, db);
}

/** A queued job, of a new device unless told. */
export async function addJob(
  db: Queryable,
  given: { deviceId?: number; scheduledFor?: Date } = {},
): Promise<JobInsertResult> {
  const deviceId = given.deviceId ?? (await addDevice(db)).id;
  return await jobInsert.one({ ...given, deviceId }, db);
}

/** A new version of the device's configuration. */
export function addConfig(
  db: Session,
  deviceId: number,
  given: { text?: string; retrievedAt?: Date } = {},
): Promise<ConfigSaved> {
  made++;
  return configSave(db, { deviceId, text: `! version ${made}\n`, ...given });
}

/**
 * Empties every table but `encryption_keys`, which a process looks at once. Identities go on, so
 * that no test leans on their values.
 */
export async function clear(db: Queryable): Promise<void> {
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
      "system_settings",
    ]
  ) {
    await db.query(`delete from ${table}`);
  }
}

/** How many rows a table has. */
export async function count(db: Queryable, table: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*) as count from ${table}`);
  return rows[0]?.count ?? 0;
}

/** The row's fields, sorted: all that left the database. */
export function fields(row: object | undefined): string[] {
  return Object.keys(row ?? {}).sort();
}

/** The time on the database's clock, to the millisecond. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>("select date_trunc('milliseconds', now()) as now");
  return rows[0]!.now;
}
