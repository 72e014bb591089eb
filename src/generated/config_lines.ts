// Generated from queries/config_lines.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigTextList`. */
export interface ConfigTextListParams {
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `ConfigTextList`. */
export interface ConfigTextListResult {
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configTextListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":302,"b":311}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":357,"b":373}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":416,"b":423}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":473,"b":479}]}],"statement":"-- The index of lines: each line that ever stood in a configuration, once for\n-- each time it came in, with the version it came in with.\n-- The versions of a device with their texts, oldest first, for its index.\nselect\n  id,\n  retrieved_at,\n  config_data\nfrom device_configurations\nwhere\n  device_id = :deviceId!\n  and (retrieved_at, id)\n  > (\n    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by retrieved_at, id\nlimit :limit!::integer"};

/**
 * The index of lines: each line that ever stood in a configuration, once for
 * each time it came in, with the version it came in with.
 * The versions of a device with their texts, oldest first, for its index.
 *
 * ```sql
 * select
 *   id,
 *   retrieved_at,
 *   config_data
 * from device_configurations
 * where
 *   device_id = :deviceId!
 *   and (retrieved_at, id)
 *   > (
 *     coalesce(:afterRetrievedAt::timestamptz, '-infinity'),
 *     coalesce(:afterId::bigint, 0)
 *   )
 * order by retrieved_at, id
 * limit :limit!::integer
 * ```
 */
export const configTextList: Query<ConfigTextListParams, ConfigTextListResult> = new Query("ConfigTextList", configTextListIR);

/** Parameters of `ConfigIndexClear`. */
export interface ConfigIndexClearParams {
  deviceId: number;
}

/** A row of `ConfigIndexClear`. */
export type ConfigIndexClearResult = void;

const configIndexClearIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":173,"b":182},{"a":245,"b":254},{"a":382,"b":391}]}],"statement":"-- Forgets the index of a device. Only for a transaction that holds\n-- DeviceStateLock and makes it anew.\nwith ended as (\n  delete from config_line_ends\n  where device_id = :deviceId!\n),\nbegun as (\n  delete from config_lines\n  where device_id = :deviceId!\n)\nupdate device_configurations\nset\n  blame = null,\n  previous_id = null,\n  added = null,\n  removed = null\nwhere\n  device_id = :deviceId!\n  and blame is not null"};

/**
 * Forgets the index of a device. Only for a transaction that holds
 * DeviceStateLock and makes it anew.
 *
 * ```sql
 * with ended as (
 *   delete from config_line_ends
 *   where device_id = :deviceId!
 * ),
 * begun as (
 *   delete from config_lines
 *   where device_id = :deviceId!
 * )
 * update device_configurations
 * set
 *   blame = null,
 *   previous_id = null,
 *   added = null,
 *   removed = null
 * where
 *   device_id = :deviceId!
 *   and blame is not null
 * ```
 */
export const configIndexClear: Query<ConfigIndexClearParams, ConfigIndexClearResult> = new Query("ConfigIndexClear", configIndexClearIR);

/** Parameters of `ConfigIndexWrite`. */
export interface ConfigIndexWriteParams {
  added: number;
  blame: Uint8Array;
  endCounts: readonly number[];
  endIds: readonly number[];
  endNumbers: readonly number[];
  id: number;
  lineNumbers: readonly number[];
  lineTexts: readonly string[];
  previousId?: number | null | undefined;
  removed: number;
}

/** A row of `ConfigIndexWrite`. */
export type ConfigIndexWriteResult = void;

const configIndexWriteIR: QueryIR = {"usedParamSet":{"blame":true,"previousId":true,"added":true,"removed":true,"id":true,"lineNumbers":true,"lineTexts":true,"endIds":true,"endNumbers":true,"endCounts":true},"params":[{"name":"blame","required":true,"transform":{"type":"scalar"},"locs":[{"a":182,"b":188}]},{"name":"previousId","required":false,"transform":{"type":"scalar"},"locs":[{"a":209,"b":219}]},{"name":"added","required":true,"transform":{"type":"scalar"},"locs":[{"a":234,"b":240}]},{"name":"removed","required":true,"transform":{"type":"scalar"},"locs":[{"a":257,"b":265}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":280,"b":283}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":510,"b":522}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":536,"b":546}]},{"name":"endIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":786,"b":793}]},{"name":"endNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":808,"b":819}]},{"name":"endCounts","required":true,"transform":{"type":"scalar"},"locs":[{"a":835,"b":845}]}],"statement":"-- Adds a version to the index; the arrays go together by position. The versions\n-- of a device come oldest first.\nwith written as (\n  update device_configurations\n  set\n    blame = :blame!,\n    previous_id = :previousId,\n    added = :added!,\n    removed = :removed!\n  where id = :id!\n  returning id, device_id\n),\nbegun as (\n  insert into config_lines (device_id, configuration_id, line, lines)\n  select\n    written.device_id,\n    written.id,\n    given.line,\n    given.lines\n  from written\n  cross join unnest(:lineNumbers!::integer[], :lineTexts!::text[])\n    as given (line, lines)\n)\ninsert into config_line_ends\n  (device_id, configuration_id, line, lines, ended_by)\nselect\n  written.device_id,\n  given.id,\n  given.line,\n  given.lines,\n  written.id\nfrom written\ncross join unnest(\n  :endIds!::bigint[],\n  :endNumbers!::integer[],\n  :endCounts!::integer[]\n) as given (id, line, lines)"};

/**
 * Adds a version to the index; the arrays go together by position. The versions
 * of a device come oldest first.
 *
 * ```sql
 * with written as (
 *   update device_configurations
 *   set
 *     blame = :blame!,
 *     previous_id = :previousId,
 *     added = :added!,
 *     removed = :removed!
 *   where id = :id!
 *   returning id, device_id
 * ),
 * begun as (
 *   insert into config_lines (device_id, configuration_id, line, lines)
 *   select
 *     written.device_id,
 *     written.id,
 *     given.line,
 *     given.lines
 *   from written
 *   cross join unnest(:lineNumbers!::integer[], :lineTexts!::text[])
 *     as given (line, lines)
 * )
 * insert into config_line_ends
 *   (device_id, configuration_id, line, lines, ended_by)
 * select
 *   written.device_id,
 *   given.id,
 *   given.line,
 *   given.lines,
 *   written.id
 * from written
 * cross join unnest(
 *   :endIds!::bigint[],
 *   :endNumbers!::integer[],
 *   :endCounts!::integer[]
 * ) as given (id, line, lines)
 * ```
 */
export const configIndexWrite: Query<ConfigIndexWriteParams, ConfigIndexWriteResult> = new Query("ConfigIndexWrite", configIndexWriteIR);

/** Parameters of `ConfigLineInsert`. */
export interface ConfigLineInsertParams {
  deviceId: number;
  id: number;
  lineNumbers: readonly number[];
  lineTexts: readonly string[];
}

/** A row of `ConfigLineInsert`. */
export type ConfigLineInsertResult = void;

const configLineInsertIR: QueryIR = {"usedParamSet":{"deviceId":true,"id":true,"lineNumbers":true,"lineTexts":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":205,"b":214}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":219,"b":222}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":265,"b":277}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":291,"b":301}]}],"statement":"-- Adds lines that came in with a version that is in the index already: what is\n-- too much for one statement comes in several.\ninsert into config_lines (device_id, configuration_id, line, lines)\nselect\n  :deviceId!,\n  :id!,\n  given.line,\n  given.lines\nfrom unnest(:lineNumbers!::integer[], :lineTexts!::text[])\n  as given (line, lines)"};

/**
 * Adds lines that came in with a version that is in the index already: what is
 * too much for one statement comes in several.
 *
 * ```sql
 * insert into config_lines (device_id, configuration_id, line, lines)
 * select
 *   :deviceId!,
 *   :id!,
 *   given.line,
 *   given.lines
 * from unnest(:lineNumbers!::integer[], :lineTexts!::text[])
 *   as given (line, lines)
 * ```
 */
export const configLineInsert: Query<ConfigLineInsertParams, ConfigLineInsertResult> = new Query("ConfigLineInsert", configLineInsertIR);

/** Parameters of `ConfigUnindexedList`. */
export interface ConfigUnindexedListParams {
  afterDeviceId?: number | null | undefined;
  limit: number;
}

/** A row of `ConfigUnindexedList`. */
export interface ConfigUnindexedListResult {
  /** The device the configuration was read from. */
  deviceId: number;
}

const configUnindexedListIR: QueryIR = {"usedParamSet":{"afterDeviceId":true,"limit":true},"params":[{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":156,"b":169}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":209,"b":215}]}],"statement":"-- Devices with a version that is not indexed, by id.\nselect distinct device_id\nfrom device_configurations\nwhere\n  blame is null\n  and device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_id\nlimit :limit!::integer"};

/**
 * Devices with a version that is not indexed, by id.
 *
 * ```sql
 * select distinct device_id
 * from device_configurations
 * where
 *   blame is null
 *   and device_id > coalesce(:afterDeviceId::integer, 0)
 * order by device_id
 * limit :limit!::integer
 * ```
 */
export const configUnindexedList: Query<ConfigUnindexedListParams, ConfigUnindexedListResult> = new Query("ConfigUnindexedList", configUnindexedListIR);

/** Parameters of `ConfigSearch`. */
export interface ConfigSearchParams {
  afterConfigurationId?: number | null | undefined;
  afterDeviceId?: number | null | undefined;
  afterLine?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  latest?: boolean | null | undefined;
  limit: number;
  text: string;
}

/** A row of `ConfigSearch`. */
export interface ConfigSearchResult {
  /** The version that the lines came in with. */
  configurationId: number;
  /** The device of the configuration. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  line: number;
  /** When this text was first read; within a device it never goes back. */
  since: Date;
  text: string;
  /** When this text was first read; within a device it never goes back. */
  until: Date | null;
}

const configSearchIR: QueryIR = {"usedParamSet":{"text":true,"deviceIds":true,"afterDeviceId":true,"afterConfigurationId":true,"afterLine":true,"latest":true,"limit":true},"params":[{"name":"text","required":true,"transform":{"type":"scalar"},"locs":[{"a":674,"b":679},{"a":746,"b":751}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":774,"b":783},{"a":842,"b":851}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1666,"b":1679}]},{"name":"afterConfigurationId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1708,"b":1728}]},{"name":"afterLine","required":false,"transform":{"type":"scalar"},"locs":[{"a":1756,"b":1765}]},{"name":"latest","required":false,"transform":{"type":"scalar"},"locs":[{"a":1791,"b":1797}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1925,"b":1931}]}],"statement":"-- Lines that hold a text, over all history, in the order of device, version and\n-- line: each with the version that it came in with, its number there, since\n-- when it stood, and until when; no end where it stands in the latest version.\n-- A line that came back is there once more. Letters count by their case.\nwith found as (\n  select\n    config_lines.device_id,\n    config_lines.configuration_id,\n    config_lines.line + split.place::integer - 1 as line,\n    split.line_text\n  from config_lines\n  cross join lateral string_to_table(config_lines.lines, chr(10))\n    with ordinality as split (line_text, place)\n  where\n    config_lines.lines\n    like '%' || regexp_replace(:text!, '([\\\\%_])', '\\\\\\1', 'g') || '%'\n    and strpos(split.line_text, :text!) > 0\n    and (\n      :deviceIds::integer[] is null\n      or config_lines.device_id = any(:deviceIds)\n    )\n)\nselect\n  found.device_id as \"device_id!\",\n  devices.hostname,\n  found.configuration_id as \"configuration_id!\",\n  found.line as \"line!\",\n  found.line_text as \"text!\",\n  device_configurations.retrieved_at as \"since!\",\n  ending.retrieved_at as \"until?\"\nfrom found\njoin devices on devices.id = found.device_id\njoin device_configurations\n  on device_configurations.id = found.configuration_id\nleft join config_line_ends\n  on config_line_ends.device_id = found.device_id\n  and config_line_ends.configuration_id = found.configuration_id\n  and config_line_ends.line <= found.line\n  and config_line_ends.line + config_line_ends.lines > found.line\nleft join device_configurations as ending\n  on ending.id = config_line_ends.ended_by\nwhere\n  (found.device_id, found.configuration_id, found.line)\n  > (\n    coalesce(:afterDeviceId::integer, 0),\n    coalesce(:afterConfigurationId::bigint, 0),\n    coalesce(:afterLine::integer, 0)\n  )\n  and (:latest::boolean is not true or config_line_ends.ended_by is null)\norder by found.device_id, found.configuration_id, found.line\nlimit :limit!::integer"};

/**
 * Lines that hold a text, over all history, in the order of device, version and
 * line: each with the version that it came in with, its number there, since
 * when it stood, and until when; no end where it stands in the latest version.
 * A line that came back is there once more. Letters count by their case.
 *
 * ```sql
 * with found as (
 *   select
 *     config_lines.device_id,
 *     config_lines.configuration_id,
 *     config_lines.line + split.place::integer - 1 as line,
 *     split.line_text
 *   from config_lines
 *   cross join lateral string_to_table(config_lines.lines, chr(10))
 *     with ordinality as split (line_text, place)
 *   where
 *     config_lines.lines
 *     like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
 *     and strpos(split.line_text, :text!) > 0
 *     and (
 *       :deviceIds::integer[] is null
 *       or config_lines.device_id = any(:deviceIds)
 *     )
 * )
 * select
 *   found.device_id as "device_id!",
 *   devices.hostname,
 *   found.configuration_id as "configuration_id!",
 *   found.line as "line!",
 *   found.line_text as "text!",
 *   device_configurations.retrieved_at as "since!",
 *   ending.retrieved_at as "until?"
 * from found
 * join devices on devices.id = found.device_id
 * join device_configurations
 *   on device_configurations.id = found.configuration_id
 * left join config_line_ends
 *   on config_line_ends.device_id = found.device_id
 *   and config_line_ends.configuration_id = found.configuration_id
 *   and config_line_ends.line <= found.line
 *   and config_line_ends.line + config_line_ends.lines > found.line
 * left join device_configurations as ending
 *   on ending.id = config_line_ends.ended_by
 * where
 *   (found.device_id, found.configuration_id, found.line)
 *   > (
 *     coalesce(:afterDeviceId::integer, 0),
 *     coalesce(:afterConfigurationId::bigint, 0),
 *     coalesce(:afterLine::integer, 0)
 *   )
 *   and (:latest::boolean is not true or config_line_ends.ended_by is null)
 * order by found.device_id, found.configuration_id, found.line
 * limit :limit!::integer
 * ```
 */
export const configSearch: Query<ConfigSearchParams, ConfigSearchResult> = new Query("ConfigSearch", configSearchIR);

/** Parameters of `ConfigRegexSearch`. */
export interface ConfigRegexSearchParams {
  afterConfigurationId?: number | null | undefined;
  afterDeviceId?: number | null | undefined;
  afterLine?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  latest?: boolean | null | undefined;
  limit: number;
  regex: string;
}

/** A row of `ConfigRegexSearch`. */
export interface ConfigRegexSearchResult {
  /** The version that the lines came in with. */
  configurationId: number;
  /** The device of the configuration. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  line: number;
  /** When this text was first read; within a device it never goes back. */
  since: Date;
  text: string;
  /** When this text was first read; within a device it never goes back. */
  until: Date | null;
}

const configRegexSearchIR: QueryIR = {"usedParamSet":{"regex":true,"deviceIds":true,"afterDeviceId":true,"afterConfigurationId":true,"afterLine":true,"latest":true,"limit":true},"params":[{"name":"regex","required":true,"transform":{"type":"scalar"},"locs":[{"a":488,"b":494},{"a":523,"b":529}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":547,"b":556},{"a":615,"b":624}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1439,"b":1452}]},{"name":"afterConfigurationId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1481,"b":1501}]},{"name":"afterLine","required":false,"transform":{"type":"scalar"},"locs":[{"a":1529,"b":1538}]},{"name":"latest","required":false,"transform":{"type":"scalar"},"locs":[{"a":1564,"b":1570}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1698,"b":1704}]}],"statement":"-- The same for lines that a regular expression of PostgreSQL matches.\nwith found as (\n  select\n    config_lines.device_id,\n    config_lines.configuration_id,\n    config_lines.line + split.place::integer - 1 as line,\n    split.line_text\n  from config_lines\n  cross join lateral string_to_table(config_lines.lines, chr(10))\n    with ordinality as split (line_text, place)\n  where\n    -- With (?n), ^ and $ are the ends of a line, and . is no line feed.\n    config_lines.lines ~ ('(?n)' || :regex!)\n    and split.line_text ~ :regex!\n    and (\n      :deviceIds::integer[] is null\n      or config_lines.device_id = any(:deviceIds)\n    )\n)\nselect\n  found.device_id as \"device_id!\",\n  devices.hostname,\n  found.configuration_id as \"configuration_id!\",\n  found.line as \"line!\",\n  found.line_text as \"text!\",\n  device_configurations.retrieved_at as \"since!\",\n  ending.retrieved_at as \"until?\"\nfrom found\njoin devices on devices.id = found.device_id\njoin device_configurations\n  on device_configurations.id = found.configuration_id\nleft join config_line_ends\n  on config_line_ends.device_id = found.device_id\n  and config_line_ends.configuration_id = found.configuration_id\n  and config_line_ends.line <= found.line\n  and config_line_ends.line + config_line_ends.lines > found.line\nleft join device_configurations as ending\n  on ending.id = config_line_ends.ended_by\nwhere\n  (found.device_id, found.configuration_id, found.line)\n  > (\n    coalesce(:afterDeviceId::integer, 0),\n    coalesce(:afterConfigurationId::bigint, 0),\n    coalesce(:afterLine::integer, 0)\n  )\n  and (:latest::boolean is not true or config_line_ends.ended_by is null)\norder by found.device_id, found.configuration_id, found.line\nlimit :limit!::integer"};

/**
 * The same for lines that a regular expression of PostgreSQL matches.
 *
 * ```sql
 * with found as (
 *   select
 *     config_lines.device_id,
 *     config_lines.configuration_id,
 *     config_lines.line + split.place::integer - 1 as line,
 *     split.line_text
 *   from config_lines
 *   cross join lateral string_to_table(config_lines.lines, chr(10))
 *     with ordinality as split (line_text, place)
 *   where
 *     -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
 *     config_lines.lines ~ ('(?n)' || :regex!)
 *     and split.line_text ~ :regex!
 *     and (
 *       :deviceIds::integer[] is null
 *       or config_lines.device_id = any(:deviceIds)
 *     )
 * )
 * select
 *   found.device_id as "device_id!",
 *   devices.hostname,
 *   found.configuration_id as "configuration_id!",
 *   found.line as "line!",
 *   found.line_text as "text!",
 *   device_configurations.retrieved_at as "since!",
 *   ending.retrieved_at as "until?"
 * from found
 * join devices on devices.id = found.device_id
 * join device_configurations
 *   on device_configurations.id = found.configuration_id
 * left join config_line_ends
 *   on config_line_ends.device_id = found.device_id
 *   and config_line_ends.configuration_id = found.configuration_id
 *   and config_line_ends.line <= found.line
 *   and config_line_ends.line + config_line_ends.lines > found.line
 * left join device_configurations as ending
 *   on ending.id = config_line_ends.ended_by
 * where
 *   (found.device_id, found.configuration_id, found.line)
 *   > (
 *     coalesce(:afterDeviceId::integer, 0),
 *     coalesce(:afterConfigurationId::bigint, 0),
 *     coalesce(:afterLine::integer, 0)
 *   )
 *   and (:latest::boolean is not true or config_line_ends.ended_by is null)
 * order by found.device_id, found.configuration_id, found.line
 * limit :limit!::integer
 * ```
 */
export const configRegexSearch: Query<ConfigRegexSearchParams, ConfigRegexSearchResult> = new Query("ConfigRegexSearch", configRegexSearchIR);

/** Parameters of `ConfigAbsentSearch`. */
export interface ConfigAbsentSearchParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  limit: number;
  text: string;
}

/** A row of `ConfigAbsentSearch`. */
export interface ConfigAbsentSearchResult {
  /** The latest configuration; null before the first. */
  configurationId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
}

const configAbsentSearchIR: QueryIR = {"usedParamSet":{"text":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"text","required":true,"transform":{"type":"scalar"},"locs":[{"a":724,"b":729},{"a":796,"b":801}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":1181,"b":1194}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1217,"b":1224}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1284,"b":1290}]}],"statement":"-- Devices whose latest configuration has no line that holds the text, by\n-- hostname. Devices without a configuration are not among them.\nwith having_it as (\n  select distinct config_lines.device_id\n  from config_lines\n  cross join lateral string_to_table(config_lines.lines, chr(10))\n    with ordinality as split (line_text, place)\n  left join config_line_ends\n    on config_line_ends.device_id = config_lines.device_id\n    and config_line_ends.configuration_id = config_lines.configuration_id\n    and config_line_ends.line <= config_lines.line + split.place - 1\n    and config_line_ends.line + config_line_ends.lines\n    > config_lines.line + split.place - 1\n  where\n    config_lines.lines\n    like '%' || regexp_replace(:text!, '([\\\\%_])', '\\\\\\1', 'g') || '%'\n    and strpos(split.line_text, :text!) > 0\n    and config_line_ends.ended_by is null\n)\nselect\n  devices.id,\n  devices.hostname,\n  device_states.configuration_id as \"configuration_id!\"\nfrom device_states\njoin devices on devices.id = device_states.device_id\nwhere\n  device_states.configuration_id is not null\n  and devices.id not in (select device_id from having_it)\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices whose latest configuration has no line that holds the text, by
 * hostname. Devices without a configuration are not among them.
 *
 * ```sql
 * with having_it as (
 *   select distinct config_lines.device_id
 *   from config_lines
 *   cross join lateral string_to_table(config_lines.lines, chr(10))
 *     with ordinality as split (line_text, place)
 *   left join config_line_ends
 *     on config_line_ends.device_id = config_lines.device_id
 *     and config_line_ends.configuration_id = config_lines.configuration_id
 *     and config_line_ends.line <= config_lines.line + split.place - 1
 *     and config_line_ends.line + config_line_ends.lines
 *     > config_lines.line + split.place - 1
 *   where
 *     config_lines.lines
 *     like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
 *     and strpos(split.line_text, :text!) > 0
 *     and config_line_ends.ended_by is null
 * )
 * select
 *   devices.id,
 *   devices.hostname,
 *   device_states.configuration_id as "configuration_id!"
 * from device_states
 * join devices on devices.id = device_states.device_id
 * where
 *   device_states.configuration_id is not null
 *   and devices.id not in (select device_id from having_it)
 *   and (devices.hostname, devices.id)
 *   > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 * order by devices.hostname, devices.id
 * limit :limit!::integer
 * ```
 */
export const configAbsentSearch: Query<ConfigAbsentSearchParams, ConfigAbsentSearchResult> = new Query("ConfigAbsentSearch", configAbsentSearchIR);

/** Parameters of `ConfigPatternCheck`. */
export interface ConfigPatternCheckParams {
  pattern: string;
}

/** A row of `ConfigPatternCheck`. */
export interface ConfigPatternCheckResult {
  matches: boolean;
}

const configPatternCheckIR: QueryIR = {"usedParamSet":{"pattern":true},"params":[{"name":"pattern","required":true,"transform":{"type":"scalar"},"locs":[{"a":112,"b":120}]}],"statement":"-- Whether a text is a regular expression of PostgreSQL: if not, this fails with\n-- SQLSTATE 2201B.\nselect '' ~ :pattern! as \"matches!\""};

/**
 * Whether a text is a regular expression of PostgreSQL: if not, this fails with
 * SQLSTATE 2201B.
 *
 * ```sql
 * select '' ~ :pattern! as "matches!"
 * ```
 */
export const configPatternCheck: Query<ConfigPatternCheckParams, ConfigPatternCheckResult> = new Query("ConfigPatternCheck", configPatternCheckIR);
