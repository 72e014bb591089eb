// Generated from queries/system_settings.sql by make generate. Do not edit.
/**
 * Settings are JSON values by key. Versions increase across all keys.
 *
 * @module
 */
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `SettingInsertDefaults`. */
export interface SettingInsertDefaultsParams {
  /** Object with a value for each key. */
  defaults: Json;
}

/** A row of `SettingInsertDefaults`. */
export interface SettingInsertDefaultsRow {
  /** False: the key existed and was not changed. */
  inserted: boolean;
  key: string;
}

const settingInsertDefaultsIR: QueryIR = {"usedParamSet":{"defaults":true},"params":[{"name":"defaults","required":true,"transform":{"type":"scalar"},"locs":[{"a":54,"b":63}]}],"statement":"with given as (\n  select key, value\n  from jsonb_each(:defaults!::jsonb)\n),\ninserted as (\n  insert into system_settings (key, value)\n  select key, value\n  from given\n  order by key\n  on conflict (key) do nothing\n  returning key\n)\nselect\n  key as \"key!\",\n  key in (select key from inserted) as \"inserted!\"\nfrom given\norder by key"};

/**
 * Stores each key of a JSON object that does not exist yet. Returns for each
 * key whether it was inserted.
 * Writes system_settings.
 */
export const settingInsertDefaults: Query<SettingInsertDefaultsParams, SettingInsertDefaultsRow> = new Query("SettingInsertDefaults", settingInsertDefaultsIR);

/** Parameters of `SettingGet`. */
export interface SettingGetParams {
  /** Name of the setting, such as log_retention_days; unique, case counts. */
  key: string;
}

/** A row of `SettingGet`, `SettingGetMany`, `SettingList`, `SettingUpsert`, `SettingDelete`. */
export interface Setting {
  /** What the setting does, for people; null when nobody said. */
  description: string | null;
  /** Name of the setting, such as log_retention_days; unique, case counts. */
  key: string;
  /** When the setting was last written. */
  updatedAt: Date;
  /** Any JSON value, the JSON null included. */
  value: Json;
  /** Set at every write, higher than that of any write to any key before it. */
  version: number;
}

const settingGetIR: QueryIR = {"usedParamSet":{"key":true},"params":[{"name":"key","required":true,"transform":{"type":"scalar"},"locs":[{"a":85,"b":89}]}],"statement":"select key, value, description, version, updated_at\nfrom system_settings\nwhere key = :key!"};

/** Reads. */
export const settingGet: Query<SettingGetParams, Setting> = new Query("SettingGet", settingGetIR, { reads: true });

/** Parameters of `SettingList`. */
export interface SettingListParams {
  /** The key of the last row of the previous page. */
  afterKey?: string | null | undefined;
  /** Maximum rows to return. Defaults to all. */
  limit?: number | null | undefined;
  /** Only keys that begin with this text. */
  prefix?: string | null | undefined;
}

const settingListIR: QueryIR = {"usedParamSet":{"prefix":true,"afterKey":true,"limit":true},"params":[{"name":"prefix","required":false,"transform":{"type":"scalar"},"locs":[{"a":107,"b":113}]},{"name":"afterKey","required":false,"transform":{"type":"scalar"},"locs":[{"a":148,"b":156}]},{"name":"limit","required":false,"transform":{"type":"scalar"},"locs":[{"a":188,"b":193}]}],"statement":"select key, value, description, version, updated_at\nfrom system_settings\nwhere\n  starts_with(key, coalesce(:prefix::text, ''))\n  and key > coalesce(:afterKey::text, '')\norder by key\nlimit :limit::integer"};

/**
 * Lists settings by key. The key is unique, so it alone is the cursor.
 * Reads.
 */
export const settingList: Query<SettingListParams, Setting> = new Query("SettingList", settingListIR, { reads: true });
