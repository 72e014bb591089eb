// Generated from queries/system_settings.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `SettingInsertDefaults`. */
export interface SettingInsertDefaultsParams {
  defaults: Json;
}

/** A row of `SettingInsertDefaults`. */
export interface SettingInsertDefaultsResult {
  inserted: boolean;
  key: string;
}

const settingInsertDefaultsIR: QueryIR = {"usedParamSet":{"defaults":true},"params":[{"name":"defaults","required":true,"transform":{"type":"scalar"},"locs":[{"a":54,"b":63}]}],"statement":"with given as (\n  select key, value\n  from jsonb_each(:defaults!::jsonb)\n),\ninserted as (\n  insert into system_settings (key, value)\n  select key, value\n  from given\n  order by key\n  on conflict (key) do nothing\n  returning key\n)\nselect\n  key as \"key!\",\n  key in (select key from inserted) as \"inserted!\"\nfrom given\norder by key"};

/**
 * Settings are one JSON value a key, with a version that grows over all keys.
 * Takes a JSON object and stores each key that does not exist yet; tells for
 * each key whether it was inserted.
 * Writes system_settings.
 *
 * ```sql
 * with given as (
 *   select key, value
 *   from jsonb_each(:defaults!::jsonb)
 * ),
 * inserted as (
 *   insert into system_settings (key, value)
 *   select key, value
 *   from given
 *   order by key
 *   on conflict (key) do nothing
 *   returning key
 * )
 * select
 *   key as "key!",
 *   key in (select key from inserted) as "inserted!"
 * from given
 * order by key
 * ```
 */
export const settingInsertDefaults: Query<SettingInsertDefaultsParams, SettingInsertDefaultsResult> = new Query("SettingInsertDefaults", settingInsertDefaultsIR);

/** Parameters of `SettingGet`. */
export interface SettingGetParams {
  key: string;
}

/** A row of `SettingGet`. */
export interface SettingGetResult {
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

/**
 * Reads.
 *
 * ```sql
 * select key, value, description, version, updated_at
 * from system_settings
 * where key = :key!
 * ```
 */
export const settingGet: Query<SettingGetParams, SettingGetResult> = new Query("SettingGet", settingGetIR, { reads: true });

/** Parameters of `SettingGetMany`. */
export interface SettingGetManyParams {
  keys: readonly string[];
}

/** A row of `SettingGetMany`. */
export interface SettingGetManyResult {
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

const settingGetManyIR: QueryIR = {"usedParamSet":{"keys":true},"params":[{"name":"keys","required":true,"transform":{"type":"scalar"},"locs":[{"a":89,"b":94}]}],"statement":"select key, value, description, version, updated_at\nfrom system_settings\nwhere key = any(:keys!::text[])\norder by key"};

/**
 * The settings that exist, by key.
 * Reads.
 *
 * ```sql
 * select key, value, description, version, updated_at
 * from system_settings
 * where key = any(:keys!::text[])
 * order by key
 * ```
 */
export const settingGetMany: Query<SettingGetManyParams, SettingGetManyResult> = new Query("SettingGetMany", settingGetManyIR, { reads: true });

/** Parameters of `SettingList`. */
export interface SettingListParams {
  afterKey?: string | null | undefined;
  limit?: number | null | undefined;
  prefix?: string | null | undefined;
}

/** A row of `SettingList`. */
export interface SettingListResult {
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

const settingListIR: QueryIR = {"usedParamSet":{"prefix":true,"afterKey":true,"limit":true},"params":[{"name":"prefix","required":false,"transform":{"type":"scalar"},"locs":[{"a":107,"b":113}]},{"name":"afterKey","required":false,"transform":{"type":"scalar"},"locs":[{"a":148,"b":156}]},{"name":"limit","required":false,"transform":{"type":"scalar"},"locs":[{"a":188,"b":193}]}],"statement":"select key, value, description, version, updated_at\nfrom system_settings\nwhere\n  starts_with(key, coalesce(:prefix::text, ''))\n  and key > coalesce(:afterKey::text, '')\norder by key\nlimit :limit::integer"};

/**
 * Settings by key, those that begin with the prefix or all; without a limit
 * all rows. The key is unique, so it alone is the cursor.
 * Reads.
 *
 * ```sql
 * select key, value, description, version, updated_at
 * from system_settings
 * where
 *   starts_with(key, coalesce(:prefix::text, ''))
 *   and key > coalesce(:afterKey::text, '')
 * order by key
 * limit :limit::integer
 * ```
 */
export const settingList: Query<SettingListParams, SettingListResult> = new Query("SettingList", settingListIR, { reads: true });

/** Parameters of `SettingVersionGet`. */
export type SettingVersionGetParams = void;

/** A row of `SettingVersionGet`. */
export interface SettingVersionGetResult {
  count: number;
  version: number;
}

const settingVersionGetIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"select\n  count(*)::integer as \"count!\",\n  coalesce(max(version), 0) as \"version!\"\nfrom system_settings"};

/**
 * Number of settings and highest version. One of them changes with every
 * write: versions become visible in their order, and a delete lowers the count.
 * Reads.
 *
 * ```sql
 * select
 *   count(*)::integer as "count!",
 *   coalesce(max(version), 0) as "version!"
 * from system_settings
 * ```
 */
export const settingVersionGet: Query<SettingVersionGetParams, SettingVersionGetResult> = new Query("SettingVersionGet", settingVersionGetIR, { reads: true });

/** Parameters of `SettingUpsert`. */
export interface SettingUpsertParams {
  description?: string | null | undefined;
  ifVersion?: number | null | undefined;
  key: string;
  value?: Json | null | undefined;
}

/** A row of `SettingUpsert`. */
export interface SettingUpsertResult {
  description: string | null;
  key: string;
  updatedAt: Date;
  value: Json;
  version: number;
}

const settingUpsertIR: QueryIR = {"usedParamSet":{"value":true,"description":true,"key":true,"ifVersion":true},"params":[{"name":"value","required":false,"transform":{"type":"scalar"},"locs":[{"a":70,"b":75},{"a":372,"b":377}]},{"name":"description","required":false,"transform":{"type":"scalar"},"locs":[{"a":121,"b":132},{"a":400,"b":411}]},{"name":"key","required":true,"transform":{"type":"scalar"},"locs":[{"a":166,"b":170},{"a":352,"b":356}]},{"name":"ifVersion","required":false,"transform":{"type":"scalar"},"locs":[{"a":190,"b":199},{"a":430,"b":439},{"a":605,"b":614}]}],"statement":"with updated as (\n  update system_settings\n  set\n    value = coalesce(:value::jsonb, 'null'),\n    description = coalesce(:description, description)\n  where\n    key = :key!\n    and version = :ifVersion::bigint\n  returning key, value, description, version, updated_at\n),\nupserted as (\n  insert into system_settings (key, value, description)\n  select\n    :key!,\n    coalesce(:value::jsonb, 'null'),\n    :description\n  where coalesce(:ifVersion::bigint, 0) = 0\n  on conflict (key) do update set\n    value = excluded.value,\n    description = coalesce(excluded.description, system_settings.description)\n  where :ifVersion::bigint is null\n  returning key, value, description, version, updated_at\n)\nselect\n  key as \"key!\",\n  value as \"value!\",\n  description,\n  version as \"version!\",\n  updated_at as \"updated_at!\"\nfrom (table updated union all table upserted) as written"};

/**
 * Writes a setting. With a version it is written only while it still has that
 * version, or, with version 0, only while it does not exist; otherwise no row
 * comes back. A value of null stores the JSON null; a description of null
 * keeps the one there is.
 * Writes system_settings.
 *
 * ```sql
 * with updated as (
 *   update system_settings
 *   set
 *     value = coalesce(:value::jsonb, 'null'),
 *     description = coalesce(:description, description)
 *   where
 *     key = :key!
 *     and version = :ifVersion::bigint
 *   returning key, value, description, version, updated_at
 * ),
 * upserted as (
 *   insert into system_settings (key, value, description)
 *   select
 *     :key!,
 *     coalesce(:value::jsonb, 'null'),
 *     :description
 *   where coalesce(:ifVersion::bigint, 0) = 0
 *   on conflict (key) do update set
 *     value = excluded.value,
 *     description = coalesce(excluded.description, system_settings.description)
 *   where :ifVersion::bigint is null
 *   returning key, value, description, version, updated_at
 * )
 * select
 *   key as "key!",
 *   value as "value!",
 *   description,
 *   version as "version!",
 *   updated_at as "updated_at!"
 * from (table updated union all table upserted) as written
 * ```
 */
export const settingUpsert: Query<SettingUpsertParams, SettingUpsertResult> = new Query("SettingUpsert", settingUpsertIR);

/** Parameters of `SettingDelete`. */
export interface SettingDeleteParams {
  ifVersion?: number | null | undefined;
  key: string;
}

/** A row of `SettingDelete`. */
export interface SettingDeleteResult {
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

const settingDeleteIR: QueryIR = {"usedParamSet":{"key":true,"ifVersion":true},"params":[{"name":"key","required":true,"transform":{"type":"scalar"},"locs":[{"a":42,"b":46}]},{"name":"ifVersion","required":false,"transform":{"type":"scalar"},"locs":[{"a":55,"b":64},{"a":95,"b":104}]}],"statement":"delete from system_settings\nwhere\n  key = :key!\n  and (:ifVersion::bigint is null or version = :ifVersion)\nreturning key, value, description, version, updated_at"};

/**
 * With a version: only while the setting still has it.
 * Writes system_settings.
 *
 * ```sql
 * delete from system_settings
 * where
 *   key = :key!
 *   and (:ifVersion::bigint is null or version = :ifVersion)
 * returning key, value, description, version, updated_at
 * ```
 */
export const settingDelete: Query<SettingDeleteParams, SettingDeleteResult> = new Query("SettingDelete", settingDeleteIR);
