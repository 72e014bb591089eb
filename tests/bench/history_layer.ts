/** A history in this layer, and its queries. */
import {
  configAbsentSearch,
  configAsOfGet,
  configAsOfList,
  type ConfigAsOfListRow,
  configBlame,
  configCalendarList,
  configHistoryList,
  configSaveMany,
  configSearch,
  type ConfigSearchRow,
  connect,
  type Database,
  DatabaseError,
  deviceInsertMany,
} from "netraven-db";
import type { History, HistoryVersion } from "./history_data.ts";

/** Tables and indexes of a history. */
export const TABLES = [
  "device_configurations",
  "config_lines",
  "config_line_ends",
  "device_states",
] as const;

/** More rows than any answer has. */
const ALL = 10_000_000;
/** Characters of a batch during the load. */
const BATCH = 4_000_000;
/** Autovacuum starts at this ratio of dead to live rows; each version leaves a dead row. */
const DEAD = 0.2;

/** A day, such as `2024-02-29`, and its number of versions. */
export interface Day {
  readonly day: string;
  readonly changes: number;
}

/** Filters of a search. */
export interface SearchScope {
  readonly limit?: number;
  readonly latest?: boolean;
  readonly deviceIds?: number[];
  /** Returns all rows after this device only. */
  readonly afterDeviceId?: number | undefined;
}

/** A history in this layer. */
export class LayerHistory {
  readonly db: Database;
  /** Device ids by index in the history. */
  readonly deviceIds: readonly number[];

  private constructor(db: Database, deviceIds: readonly number[]) {
    this.db = db;
    this.deviceIds = deviceIds;
  }

  /** Saves all versions, oldest first, in a migrated database. */
  static async load(url: string, history: History): Promise<LayerHistory> {
    const db = await connect({
      url,
      pool: { size: 8 },
      timeouts: { statement: 300_000 },
      logging: { level: "silent" },
    });
    try {
      const outcomes = await deviceInsertMany.run({
        hostnames: history.devices.map(({ hostname }) => hostname),
        ipAddresses: history.devices.map(({ ipAddress }) => ipAddress),
        deviceTypes: history.devices.map(({ deviceType }) => deviceType),
        tagNames: history.devices.map(() => []),
      }, db);
      const layer = new LayerHistory(db, outcomes.map(({ id }) => id!));
      await layer.#save(history);
      return layer;
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  /**
   * Saves two halves concurrently, because a batch waits for its process half of the time. Years of changes
   * pass in minutes, too fast for autovacuum, so the load runs the vacuums that it would have run.
   */
  async #save({ versions }: History): Promise<void> {
    for (
      let from = 0, to = 64;
      from < versions.length;
      [from, to] = [to, Math.ceil(to * (1 + DEAD))]
    ) {
      const part = versions.slice(from, to);
      await Promise.all([0, 1].map(async (half) => {
        for (const batch of batches(part.filter(({ device }) => device % 2 === half))) {
          await this.#saveBatch(batch);
        }
      }));
      await this.db.query("vacuum device_configurations, device_states");
    }
  }

  async #saveBatch(batch: readonly HistoryVersion[]): Promise<void> {
    const outcomes = await configSaveMany(
      batch.map(({ device, at, text }) => ({
        deviceId: this.deviceIds[device]!,
        text: text(),
        retrievedAt: at,
        guard: false,
      })),
      this.db,
    );
    const failure = outcomes.find((outcome) => outcome instanceof DatabaseError);
    if (failure !== undefined) throw failure;
  }

  /** Size of each table with its indexes in bytes. */
  async bytes(): Promise<{ readonly table: string; readonly bytes: number }[]> {
    const { rows } = await this.db.query<{ table: string; bytes: number }>(
      `
      select name as table, pg_total_relation_size(name::regclass) as bytes
      from unnest($1::text[]) as name`,
      [TABLES],
    );
    return rows;
  }

  async search(text: string, scope: SearchScope = {}): Promise<ConfigSearchRow[]> {
    return await configSearch.run({ texts: [text], ...parameters(scope) }, this.db);
  }

  async regexSearch(regex: string, scope: SearchScope = {}): Promise<ConfigSearchRow[]> {
    return await configSearch.run({ regex, ...parameters(scope) }, this.db);
  }

  /** Devices whose latest version does not contain the text. */
  async absent(text: string): Promise<number[]> {
    const rows = await configAbsentSearch.run({ text, limit: ALL }, this.db);
    return rows.map(({ id }) => id);
  }

  async blame(configurationId: number): Promise<unknown[]> {
    return await configBlame({ id: configurationId }, this.db);
  }

  /** Times and ids of a device's versions, newest first. */
  async historyOf(device: number): Promise<{ id: number; retrievedAt: Date }[]> {
    return await configHistoryList.run({ deviceId: this.deviceIds[device]!, limit: 100 }, this.db);
  }

  async textAsOf(device: number, at: Date): Promise<string | undefined> {
    const deviceId = this.deviceIds[device]!;
    return (await configAsOfGet.first({ deviceId, at }, this.db))?.configData;
  }

  /** Version of each device that was valid at a time, without its text. */
  async asOf(at: Date): Promise<ConfigAsOfListRow[]> {
    return await configAsOfList.run({ at, limit: ALL }, this.db);
  }

  /** UTC days with versions, and their number, including first versions. */
  async days(): Promise<Day[]> {
    const whole = { from: new Date("2000-01-01Z"), until: new Date("2100-01-01Z"), zone: "UTC" };
    const days = await configCalendarList.run(whole, this.db);
    return days.map(({ day, changes, firstRead }) => ({ day, changes: changes + firstRead }));
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

function parameters({ limit = ALL, afterDeviceId, ...scope }: SearchScope) {
  if (afterDeviceId === undefined) return { limit, ...scope };
  const end = { afterConfigurationId: Number.MAX_SAFE_INTEGER, afterLine: 2 ** 31 - 1 };
  return { limit, ...scope, afterDeviceId, ...end };
}

function* batches(versions: readonly HistoryVersion[]): Iterable<HistoryVersion[]> {
  let batch: HistoryVersion[] = [];
  let size = 0;
  for (const version of versions) {
    batch.push(version);
    size += version.text().length;
    if (size > BATCH) {
      yield batch;
      batch = [];
      size = 0;
    }
  }
  if (batch.length > 0) yield batch;
}
