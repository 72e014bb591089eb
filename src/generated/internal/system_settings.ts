// Generated from queries/system_settings.sql by make generate. Do not edit.
/**
 * Settings are JSON values by key. Versions increase across all keys.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import type { Json } from "../../json.ts";
import { Query, type QueryIR } from "../../query.ts";
import type { Setting } from "../system_settings.ts";

/** Parameters of `SettingGetMany`. */
export interface SettingGetManyParams {
  keys: readonly string[];
}

const settingGetManyIR: QueryIR = {"usedParamSet":{"keys":true},"params":[{"name":"keys","required":true,"transform":{"type":"scalar"},"locs":[{"a":89,"b":94}]}],"statement":"select key, value, description, version, updated_at\nfrom system_settings\nwhere key = any(:keys!::text[])\norder by key"};

/**
 * Lists the settings that exist, by key.
 * Internal: a step of db.settings.
 * Reads.
 */
export const settingGetMany: Query<SettingGetManyParams, Setting> = new Query("SettingGetMany", settingGetManyIR, { reads: true });

/** A row of `SettingVersionGet`. */
export interface SettingVersionGetRow {
  count: number;
  version: number;
}

const settingVersionGetIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"select\n  count(*)::integer as \"count!\",\n  coalesce(max(version), 0) as \"version!\"\nfrom system_settings"};

/**
 * Returns the number of settings and the highest version. Every write changes
 * one of the two: versions become visible in their order, and a delete lowers
 * the number.
 * Internal: a step of db.settings.
 * Reads.
 */
export const settingVersionGet: Query<void, SettingVersionGetRow> = new Query("SettingVersionGet", settingVersionGetIR, { reads: true });

/** Parameters of `SettingUpsert`. */
export interface SettingUpsertParams {
  /** Defaults to the current description. */
  description?: string | null | undefined;
  /** Writes only over this version; 0: only if the setting does not exist. Defaults to any. */
  ifVersion?: number | null | undefined;
  key: string;
  value?: Json | null | undefined;
}

const settingUpsertIR: QueryIR = {"usedParamSet":{"value":true,"description":true,"key":true,"ifVersion":true},"params":[{"name":"value","required":false,"transform":{"type":"scalar"},"locs":[{"a":70,"b":75},{"a":372,"b":377}]},{"name":"description","required":false,"transform":{"type":"scalar"},"locs":[{"a":121,"b":132},{"a":400,"b":411}]},{"name":"key","required":true,"transform":{"type":"scalar"},"locs":[{"a":166,"b":170},{"a":352,"b":356}]},{"name":"ifVersion","required":false,"transform":{"type":"scalar"},"locs":[{"a":190,"b":199},{"a":430,"b":439},{"a":605,"b":614}]}],"statement":"with updated as (\n  update system_settings\n  set\n    value = coalesce(:value::jsonb, 'null'),\n    description = coalesce(:description, description)\n  where\n    key = :key!\n    and version = :ifVersion::bigint\n  returning key, value, description, version, updated_at\n),\nupserted as (\n  insert into system_settings (key, value, description)\n  select\n    :key!,\n    coalesce(:value::jsonb, 'null'),\n    :description\n  where coalesce(:ifVersion::bigint, 0) = 0\n  on conflict (key) do update set\n    value = excluded.value,\n    description = coalesce(excluded.description, system_settings.description)\n  where :ifVersion::bigint is null\n  returning key, value, description, version, updated_at\n)\nselect\n  key as \"key!\",\n  value as \"value!\",\n  description,\n  version as \"version!\",\n  updated_at as \"updated_at!\"\nfrom (table updated union all table upserted) as written"};

/**
 * Writes a setting. Returns no row if the setting does not have version
 * ifVersion. A null value stores the JSON null.
 * Internal: a step of db.settings.set.
 * Writes system_settings.
 */
export const settingUpsert: Query<SettingUpsertParams, Setting> = new Query("SettingUpsert", settingUpsertIR);

/** Parameters of `SettingDelete`. */
export interface SettingDeleteParams {
  /** Deletes only this version. Defaults to any. */
  ifVersion?: number | null | undefined;
  /** Name of the setting, such as log_retention_days; unique, case counts. */
  key: string;
}

const settingDeleteIR: QueryIR = {"usedParamSet":{"key":true,"ifVersion":true},"params":[{"name":"key","required":true,"transform":{"type":"scalar"},"locs":[{"a":42,"b":46}]},{"name":"ifVersion","required":false,"transform":{"type":"scalar"},"locs":[{"a":55,"b":64},{"a":95,"b":104}]}],"statement":"delete from system_settings\nwhere\n  key = :key!\n  and (:ifVersion::bigint is null or version = :ifVersion)\nreturning key, value, description, version, updated_at"};

/**
 * Deletes a setting.
 * Internal: a step of db.settings.delete.
 * Writes system_settings.
 */
export const settingDelete: Query<SettingDeleteParams, Setting> = new Query("SettingDelete", settingDeleteIR);
