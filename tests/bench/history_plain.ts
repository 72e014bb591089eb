/**
 * The same history in the obvious schema: one table with the text of each version, and a trigram index. The
 * index is built after all rows exist, which produces its best form.
 */
import type postgres from "postgres";
import type { History } from "./history_data.ts";
import type { Day } from "./history_layer.ts";
import { openRaw } from "./raw.ts";

/** Rows and approximate characters of a statement that fills the table. */
const BATCH = { rows: 200, size: 8_000_000 };

/** A line of a device, with its first and its last version. */
export interface PlainLine {
  readonly device: number;
  readonly line: string;
  readonly since: Date;
  readonly last: Date;
}

/** A history in a plain table. */
export class PlainHistory {
  readonly sql: postgres.Sql;

  private constructor(sql: postgres.Sql) {
    this.sql = sql;
  }

  static async load(url: string, { versions }: History): Promise<PlainHistory> {
    const plain = new PlainHistory(openRaw(url, { max: 8 }));
    try {
      await plain.#create();
      let rows: { device: number; at: Date; text: string }[] = [];
      let size = 0;
      for (const { device, at, text } of versions) {
        rows.push({ device, at, text: text() });
        size += rows.at(-1)!.text.length;
        if (rows.length < BATCH.rows && size < BATCH.size) continue;
        await plain.#insert(rows);
        rows = [];
        size = 0;
      }
      await plain.#insert(rows);
      await plain.#index();
      return plain;
    } catch (error) {
      await plain.close();
      throw error;
    }
  }

  async #create(): Promise<void> {
    await this.sql.unsafe(`
      create table plain_versions (
        id bigint generated always as identity primary key,
        device integer not null,
        retrieved_at timestamptz(3) not null,
        verified_at timestamptz(3) not null,
        config_text text not null
      )`);
  }

  async #insert(rows: readonly { device: number; at: Date; text: string }[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#all(
      `
      insert into plain_versions (device, retrieved_at, verified_at, config_text)
      select device, at, at, config_text
      from unnest($1::integer[], $2::timestamptz[], $3::text[]) as given (device, at, config_text)`,
      [
        rows.map(({ device }) => device),
        rows.map(({ at }) => at.toISOString()),
        rows.map(({ text }) => text),
      ],
    );
  }

  async #index(): Promise<void> {
    await this.sql.begin(async (sql) => {
      await sql.unsafe("set local maintenance_work_mem = '512MB'");
      await sql.unsafe("create index on plain_versions (device, retrieved_at)");
      await sql.unsafe(
        "create index on plain_versions using gin (config_text gin_trgm_ops)",
      );
    });
  }

  /** Size of the table with its indexes in bytes. */
  async bytes(): Promise<number> {
    const [row] = await this.#all("select pg_total_relation_size('plain_versions') as bytes");
    return row!["bytes"];
  }

  /** Lines that contain the text, over all history. */
  async search(text: string): Promise<PlainLine[]> {
    return await this.#distinct("config_text like $1 and line like $1", [holding(text)]);
  }

  async searchDevice(text: string, device: number): Promise<PlainLine[]> {
    const where = "config_text like $1 and line like $1 and device = $2";
    return await this.#distinct(where, [holding(text), device]);
  }

  async regexSearch(regex: string): Promise<PlainLine[]> {
    return await this.#distinct("config_text ~ ('(?n)' || $1) and line ~ $1", [regex]);
  }

  /** A hundred lines by device and version, each once for each version that contains it. */
  async page(text: string, afterDevice = -1): Promise<unknown[]> {
    return await this.#all(
      `
      select device, retrieved_at, line
      from plain_versions
      cross join lateral string_to_table(config_text, chr(10)) as line
      where config_text like $1 and line like $1 and device > $2
      order by device, retrieved_at
      limit 100`,
      [holding(text), afterDevice],
    );
  }

  async latestLines(text: string): Promise<{ device: number; line: string }[]> {
    return await this.#all(
      `
      select device, line
      from plain_versions
      cross join lateral string_to_table(config_text, chr(10)) as line
      where
        config_text like $1
        and line like $1
        and not exists (
          select from plain_versions as later
          where
            later.device = plain_versions.device
            and later.retrieved_at > plain_versions.retrieved_at
        )
      order by device`,
      [holding(text)],
    );
  }

  async absent(text: string): Promise<number[]> {
    const rows = await this.#all(
      `
      select device
      from (
        select distinct on (device) device, config_text
        from plain_versions
        order by device, retrieved_at desc
      ) as latest
      where config_text not like $1
      order by device`,
      [holding(text)],
    );
    return rows.map((row) => row["device"]);
  }

  async historyOf(device: number): Promise<{ retrievedAt: Date; size: number }[]> {
    return await this.#all(
      `
      select id, retrieved_at, octet_length(config_text) as size
      from plain_versions
      where device = $1
      order by retrieved_at desc
      limit 100`,
      [device],
    );
  }

  async textAsOf(device: number, at: Date): Promise<string | undefined> {
    const [row] = await this.#all(
      `
      select config_text
      from plain_versions
      where device = $1 and retrieved_at <= $2
      order by retrieved_at desc
      limit 1`,
      [device, at.toISOString()],
    );
    return row?.["configText"];
  }

  async asOf(at: Date): Promise<{ device: number; retrievedAt: Date }[]> {
    return await this.#all(
      `
      select distinct on (device) device, retrieved_at
      from plain_versions
      where retrieved_at <= $1
      order by device, retrieved_at desc`,
      [at.toISOString()],
    );
  }

  async days(): Promise<Day[]> {
    return await this.#all(`
      select
        to_char(retrieved_at at time zone 'UTC', 'YYYY-MM-DD') as day,
        count(*) as changes
      from plain_versions
      group by 1
      order by 1`);
  }

  /** Records that a device sent its latest text again. */
  async verify(device: number, text: string): Promise<boolean> {
    const rows = await this.#all(
      `
      update plain_versions
      set verified_at = now()
      where
        id = (
          select id
          from plain_versions
          where device = $1
          order by retrieved_at desc
          limit 1
        )
        and config_text = $2
      returning id`,
      [device, text],
    );
    return rows.length === 1;
  }

  async insert(device: number, text: string): Promise<void> {
    await this.#all(
      `
      insert into plain_versions (device, retrieved_at, verified_at, config_text)
      values ($1, now(), now(), $2)`,
      [device, text],
    );
  }

  async close(): Promise<void> {
    await this.sql.end();
  }

  async #distinct(where: string, values: readonly unknown[]): Promise<PlainLine[]> {
    return await this.#all(
      `
      select device, line, min(retrieved_at) as since, max(retrieved_at) as last
      from plain_versions
      cross join lateral string_to_table(config_text, chr(10)) as line
      where ${where}
      group by device, line
      order by device, line`,
      values,
    );
  }

  async #all<Row = postgres.Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return [...await this.sql.unsafe(text, values as string[], { prepare: true })] as Row[];
  }
}

/** Returns the `like` pattern for texts that contain the text. */
function holding(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}
