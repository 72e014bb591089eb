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
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configTextListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":107,"b":116}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":162,"b":178}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":221,"b":228}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":278,"b":284}]}],"statement":"select\n  id,\n  retrieved_at,\n  config_data,\n  raw,\n  packed\nfrom device_configurations\nwhere\n  device_id = :deviceId!\n  and (retrieved_at, id)\n  > (\n    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by retrieved_at, id\nlimit :limit!::integer"};

/**
 * The index of lines: each line that ever stood in a configuration, once for
 * each time it came in, with the version it came in with.
 * The versions of a device with their texts, oldest first, for its index.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   retrieved_at,
 *   config_data,
 *   raw,
 *   packed
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
export const configTextList: Query<ConfigTextListParams, ConfigTextListResult> = new Query("ConfigTextList", configTextListIR, { packed: true, reads: true });

/** Parameters of `ConfigIndexClear`. */
export interface ConfigIndexClearParams {
  deviceId: number;
}

/** A row of `ConfigIndexClear`. */
export type ConfigIndexClearResult = void;

const configIndexClearIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":67,"b":76},{"a":139,"b":148},{"a":278,"b":287}]}],"statement":"with ended as (\n  delete from config_line_ends\n  where device_id = :deviceId!\n),\nbegun as (\n  delete from config_lines\n  where device_id = :deviceId!\n)\nupdate device_configurations\nset\n  changes = null,\n  previous_id = null,\n  added = null,\n  removed = null\nwhere\n  device_id = :deviceId!\n  and changes is not null"};

/**
 * Forgets the index of a device. Only for a transaction that holds
 * DeviceStateLock and makes it anew.
 * Writes config_line_ends, config_lines, device_configurations.
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
 *   changes = null,
 *   previous_id = null,
 *   added = null,
 *   removed = null
 * where
 *   device_id = :deviceId!
 *   and changes is not null
 * ```
 */
export const configIndexClear: Query<ConfigIndexClearParams, ConfigIndexClearResult> = new Query("ConfigIndexClear", configIndexClearIR);

/** Parameters of `ConfigIndexWrite`. */
export interface ConfigIndexWriteParams {
  added: number;
  changes: Uint8Array;
  endIds: readonly number[];
  endNumbers: readonly string[];
  id: number;
  lineNumbers: readonly string[];
  lineTexts: readonly string[];
  partNumbers: readonly number[];
  previousId?: number | null | undefined;
  removed: number;
}

/** A row of `ConfigIndexWrite`. */
export type ConfigIndexWriteResult = void;

const configIndexWriteIR: QueryIR = {"usedParamSet":{"changes":true,"previousId":true,"added":true,"removed":true,"id":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true,"endIds":true,"endNumbers":true},"params":[{"name":"changes","required":true,"transform":{"type":"scalar"},"locs":[{"a":69,"b":77}]},{"name":"previousId","required":false,"transform":{"type":"scalar"},"locs":[{"a":98,"b":108}]},{"name":"added","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":129}]},{"name":"removed","required":true,"transform":{"type":"scalar"},"locs":[{"a":146,"b":154}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":169,"b":172}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":449,"b":461}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":479,"b":491}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":506,"b":516}]},{"name":"endIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":758,"b":765}]},{"name":"endNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":778,"b":789}]}],"statement":"with written as (\n  update device_configurations\n  set\n    changes = :changes!,\n    previous_id = :previousId,\n    added = :added!,\n    removed = :removed!\n  where id = :id!\n  returning id, device_id\n),\nbegun as (\n  insert into config_lines\n    (device_id, configuration_id, part, numbers, lines)\n  select\n    written.device_id,\n    written.id,\n    come.part,\n    come.numbers::int4multirange,\n    come.lines\n  from written\n  cross join unnest(\n    :partNumbers!::integer[],\n    :lineNumbers!::text[],\n    :lineTexts!::text[]\n  ) as come (part, numbers, lines)\n)\ninsert into config_line_ends\n  (device_id, configuration_id, ended_by, numbers)\nselect\n  written.device_id,\n  gone.id,\n  written.id,\n  gone.numbers::int4multirange\nfrom written\ncross join unnest(:endIds!::bigint[], :endNumbers!::text[])\n  as gone (id, numbers)"};

/**
 * Adds a version to the index; the arrays go together by position. The versions
 * of a device come oldest first.
 * Writes device_configurations, config_lines, config_line_ends.
 *
 * ```sql
 * with written as (
 *   update device_configurations
 *   set
 *     changes = :changes!,
 *     previous_id = :previousId,
 *     added = :added!,
 *     removed = :removed!
 *   where id = :id!
 *   returning id, device_id
 * ),
 * begun as (
 *   insert into config_lines
 *     (device_id, configuration_id, part, numbers, lines)
 *   select
 *     written.device_id,
 *     written.id,
 *     come.part,
 *     come.numbers::int4multirange,
 *     come.lines
 *   from written
 *   cross join unnest(
 *     :partNumbers!::integer[],
 *     :lineNumbers!::text[],
 *     :lineTexts!::text[]
 *   ) as come (part, numbers, lines)
 * )
 * insert into config_line_ends
 *   (device_id, configuration_id, ended_by, numbers)
 * select
 *   written.device_id,
 *   gone.id,
 *   written.id,
 *   gone.numbers::int4multirange
 * from written
 * cross join unnest(:endIds!::bigint[], :endNumbers!::text[])
 *   as gone (id, numbers)
 * ```
 */
export const configIndexWrite: Query<ConfigIndexWriteParams, ConfigIndexWriteResult> = new Query("ConfigIndexWrite", configIndexWriteIR);

/** Parameters of `ConfigLineInsert`. */
export interface ConfigLineInsertParams {
  deviceId: number;
  id: number;
  lineNumbers: readonly string[];
  lineTexts: readonly string[];
  partNumbers: readonly number[];
}

/** A row of `ConfigLineInsert`. */
export type ConfigLineInsertResult = void;

const configLineInsertIR: QueryIR = {"usedParamSet":{"deviceId":true,"id":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":88,"b":97}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":102,"b":105}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":181,"b":193}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":209,"b":221}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":234,"b":244}]}],"statement":"insert into config_lines\n  (device_id, configuration_id, part, numbers, lines)\nselect\n  :deviceId!,\n  :id!,\n  come.part,\n  come.numbers::int4multirange,\n  come.lines\nfrom unnest(\n  :partNumbers!::integer[],\n  :lineNumbers!::text[],\n  :lineTexts!::text[]\n) as come (part, numbers, lines)"};

/**
 * Adds lines that came in with a version that is in the index already: what is
 * too much for one statement comes in several.
 * Writes config_lines.
 *
 * ```sql
 * insert into config_lines
 *   (device_id, configuration_id, part, numbers, lines)
 * select
 *   :deviceId!,
 *   :id!,
 *   come.part,
 *   come.numbers::int4multirange,
 *   come.lines
 * from unnest(
 *   :partNumbers!::integer[],
 *   :lineNumbers!::text[],
 *   :lineTexts!::text[]
 * ) as come (part, numbers, lines)
 * ```
 */
export const configLineInsert: Query<ConfigLineInsertParams, ConfigLineInsertResult> = new Query("ConfigLineInsert", configLineInsertIR);

/** Parameters of `ConfigUnpackedList`. */
export interface ConfigUnpackedListParams {
  afterId?: number | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `ConfigUnpackedList`. */
export interface ConfigUnpackedListResult {
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string | null;
  /** Identity of the version. */
  id: number;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
}

const configUnpackedListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":81,"b":90}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":133,"b":140}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":172,"b":178}]}],"statement":"select\n  id,\n  config_data,\n  raw\nfrom device_configurations\nwhere\n  device_id = :deviceId!\n  and packed is null\n  and id > coalesce(:afterId::bigint, 0)\norder by id\nlimit :limit!::integer"};

/**
 * The versions of a device that are not packed yet, oldest first.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   config_data,
 *   raw
 * from device_configurations
 * where
 *   device_id = :deviceId!
 *   and packed is null
 *   and id > coalesce(:afterId::bigint, 0)
 * order by id
 * limit :limit!::integer
 * ```
 */
export const configUnpackedList: Query<ConfigUnpackedListParams, ConfigUnpackedListResult> = new Query("ConfigUnpackedList", configUnpackedListIR, { reads: true });

/** Parameters of `ConfigPack`. */
export interface ConfigPackParams {
  id: number;
  packed: Uint8Array;
}

/** A row of `ConfigPack`. */
export type ConfigPackResult = void;

const configPackIR: QueryIR = {"usedParamSet":{"packed":true,"id":true},"params":[{"name":"packed","required":true,"transform":{"type":"scalar"},"locs":[{"a":44,"b":51}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":102,"b":105}]}],"statement":"update device_configurations\nset\n  packed = :packed!,\n  config_data = null,\n  raw = null\nwhere\n  id = :id!\n  and packed is null"};

/**
 * Puts what the device sent, compressed by Brotli, in place of the text.
 * Writes device_configurations.
 *
 * ```sql
 * update device_configurations
 * set
 *   packed = :packed!,
 *   config_data = null,
 *   raw = null
 * where
 *   id = :id!
 *   and packed is null
 * ```
 */
export const configPack: Query<ConfigPackParams, ConfigPackResult> = new Query("ConfigPack", configPackIR);

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

const configUnindexedListIR: QueryIR = {"usedParamSet":{"afterDeviceId":true,"limit":true},"params":[{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":124,"b":137}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":177,"b":183}]}],"statement":"select distinct device_id\nfrom device_configurations\nwhere\n  (changes is null or packed is null)\n  and device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_id\nlimit :limit!::integer"};

/**
 * Devices with a version that is not indexed or not packed, by id.
 * Reads.
 *
 * ```sql
 * select distinct device_id
 * from device_configurations
 * where
 *   (changes is null or packed is null)
 *   and device_id > coalesce(:afterDeviceId::integer, 0)
 * order by device_id
 * limit :limit!::integer
 * ```
 */
export const configUnindexedList: Query<ConfigUnindexedListParams, ConfigUnindexedListResult> = new Query("ConfigUnindexedList", configUnindexedListIR, { reads: true });

/** Parameters of `ConfigSearch`. */
export interface ConfigSearchParams {
  afterConfigurationId?: number | null | undefined;
  afterDeviceId?: number | null | undefined;
  afterLine?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  latest?: boolean | null | undefined;
  limit: number;
  regex?: string | null | undefined;
  since?: Date | null | undefined;
  tagNames?: readonly string[] | null | undefined;
  texts?: readonly string[] | null | undefined;
  until?: Date | null | undefined;
}

/** A row of `ConfigSearch`. */
export interface ConfigSearchResult {
  /** The version that the line came in with. */
  configurationId: number;
  /** The device of the configuration. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Its number in that version, from 1. */
  line: number;
  /** When that version was first read. */
  since: Date;
  /** The line. */
  text: string;
  /** When the first version without the line was read; null while it stands. */
  until: Date | null;
}

const configSearchIR: QueryIR = {"usedParamSet":{"regex":true,"latest":true,"since":true,"until":true,"limit":true,"afterDeviceId":true,"afterConfigurationId":true,"texts":true,"deviceIds":true,"tagNames":true,"afterLine":true},"params":[{"name":"regex","required":false,"transform":{"type":"scalar"},"locs":[{"a":198,"b":203},{"a":247,"b":252}]},{"name":"latest","required":false,"transform":{"type":"scalar"},"locs":[{"a":312,"b":318},{"a":4892,"b":4898}]},{"name":"since","required":false,"transform":{"type":"scalar"},"locs":[{"a":353,"b":358},{"a":5017,"b":5022},{"a":5093,"b":5098}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":393,"b":398},{"a":4952,"b":4957},{"a":4997,"b":5002}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":444,"b":450},{"a":905,"b":910},{"a":2685,"b":2690},{"a":5171,"b":5177}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":567,"b":580},{"a":988,"b":1001},{"a":1866,"b":1879},{"a":2801,"b":2814},{"a":3974,"b":3987},{"a":4767,"b":4780}]},{"name":"afterConfigurationId","required":false,"transform":{"type":"scalar"},"locs":[{"a":619,"b":639},{"a":1910,"b":1930},{"a":2851,"b":2871},{"a":4018,"b":4038},{"a":4809,"b":4829}]},{"name":"texts","required":false,"transform":{"type":"scalar"},"locs":[{"a":787,"b":792}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":935,"b":944},{"a":1025,"b":1034},{"a":1067,"b":1076},{"a":3617,"b":3626},{"a":3666,"b":3675}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":1096,"b":1104},{"a":1281,"b":1289},{"a":3695,"b":3703},{"a":3887,"b":3895}]},{"name":"afterLine","required":false,"transform":{"type":"scalar"},"locs":[{"a":4857,"b":4866}]}],"statement":"with given as (\n  select\n    coalesce(array_agg(pattern), '{}') as patterns,\n    coalesce(\n      (array_agg(pattern order by char_length(pattern) desc))[1],\n      '%'\n    ) as longest,\n    coalesce(:regex::text, '') as regex,\n    count(*) = 1 and :regex::text is null as is_one_text,\n    case\n      when\n        :latest::boolean is not true\n        and :since::timestamptz is null\n        and :until::timestamptz is null\n        then\n          :limit!::integer + (\n            select count(*)\n            from config_lines\n            where\n              device_id = :afterDeviceId\n              and configuration_id = :afterConfigurationId\n          )\n    end as most_rows\n  from (\n    select\n      '%' || regexp_replace(text, '([\\\\%_])', '\\\\\\1', 'g') || '%' as pattern\n    from unnest(:texts::text[]) as word (text)\n  ) as word\n),\nfirst_devices as materialized (\n  select id\n  from devices\n  where\n    (:limit <= 1000 or cardinality(:deviceIds::integer[]) <= 20)\n    and id >= coalesce(:afterDeviceId::integer, 0)\n    and (:deviceIds::integer[] is null or id = any(:deviceIds))\n    and (\n      :tagNames::text[] is null\n      or id in (\n        select device_tags.device_id\n        from device_tags\n        join tags on tags.id = device_tags.tag_id\n        where tags.name = any(:tagNames)\n      )\n    )\n  order by id\n  limit 21\n),\nfirst_rows as materialized (\n  select\n    config_lines.device_id,\n    config_lines.configuration_id,\n    config_lines.part,\n    config_lines.lines,\n    sum(octet_length(config_lines.lines)) over (\n      order by\n        config_lines.device_id,\n        config_lines.configuration_id,\n        config_lines.part\n    ) as octets\n  from (select id from first_devices limit 20) as device\n  join config_lines on config_lines.device_id = device.id\n  where\n    (config_lines.device_id, config_lines.configuration_id)\n    >= (\n      coalesce(:afterDeviceId::integer, 0),\n      coalesce(:afterConfigurationId::bigint, 0)\n    )\n),\nwalked as materialized (\n  select\n    device_id,\n    configuration_id,\n    part,\n    (\n      select count(*)\n      from string_to_table(lines, chr(10)) as split (line)\n      where\n        line like all ((select patterns from given)::text[])\n        and line ~ (select regex from given)\n    ) as found\n  from first_rows\n  where\n    octets <= 1000000\n    and lines like (select longest from given)\n    and lines ~ (select '(?n)' || regex from given)\n),\nwalk as materialized (\n  select\n    (\n      (select count(*) between 1 and 20 from first_devices)\n      and (select coalesce(max(octets), 0) <= 1000000 from first_rows)\n    )\n    or coalesce(\n      (select most_rows is not null from given)\n      and (\n        select sum(found) >= :limit\n        from walked\n        where\n          (device_id, configuration_id)\n          > (\n            coalesce(:afterDeviceId::integer, 0),\n            coalesce(:afterConfigurationId::bigint, 0)\n          )\n      ),\n      false\n    ) as was_enough\n),\nindexed as materialized (\n  select\n    device_id,\n    configuration_id,\n    part\n  from walked\n  where\n    (select was_enough from walk)\n    and found > 0\n  union all\n  select\n    device_id,\n    configuration_id,\n    part\n  from config_lines\n  where\n    not (select was_enough from walk)\n    and lines like (select longest from given)\n    and lines ~ (select '(?n)' || regex from given)\n    and (\n      (select is_one_text from given)\n      or exists (\n        select\n        from string_to_table(lines, chr(10)) as split (line)\n        where\n          line like all ((select patterns from given)::text[])\n          and line ~ (select regex from given)\n      )\n    )\n    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\n    and (\n      :tagNames::text[] is null\n      or device_id in (\n        select device_tags.device_id\n        from device_tags\n        join tags on tags.id = device_tags.tag_id\n        where tags.name = any(:tagNames)\n      )\n    )\n    and (device_id, configuration_id)\n    >= (\n      coalesce(:afterDeviceId::integer, 0),\n      coalesce(:afterConfigurationId::bigint, 0)\n    )\n  order by\n    device_id,\n    configuration_id,\n    part\n  limit (select most_rows from given)\n)\nselect\n  found.device_id as \"device_id!\",\n  devices.hostname,\n  found.configuration_id as \"configuration_id!\",\n  found.line as \"line!\",\n  found.text as \"text!\",\n  found.since as \"since!\",\n  found.until\nfrom indexed\njoin config_line_spans as found\n  on found.device_id = indexed.device_id\n  and found.configuration_id = indexed.configuration_id\n  and found.part = indexed.part\njoin devices on devices.id = found.device_id\nwhere\n  found.text like all ((select patterns from given)::text[])\n  and found.text ~ (select regex from given)\n  and (found.device_id, found.configuration_id, found.line)\n  > (\n    coalesce(:afterDeviceId::integer, 0),\n    coalesce(:afterConfigurationId::bigint, 0),\n    coalesce(:afterLine::integer, 0)\n  )\n  and (:latest::boolean is not true or found.until is null)\n  and (:until::timestamptz is null or found.since < :until)\n  and (\n    :since::timestamptz is null\n    or found.until is null\n    or found.until > :since\n  )\norder by found.device_id, found.configuration_id, found.line\nlimit :limit!::integer"};

/**
 * Lines that hold all of some texts and match a regular expression, or either,
 * in the order of device, version and line: each with the version that it came
 * in with, its number there, since when it stood, and until when; no end where
 * it stands in the latest version. A line that came back is there once more.
 * Letters count by their case.
 * Over all history, or the latest versions, or what stood at some time from
 * since to until; of all devices, some, or those with one of the tags.
 * Reads.
 *
 * ```sql
 * with given as (
 *   select
 *     coalesce(array_agg(pattern), '{}') as patterns,
 *     -- The index looks for one text: the longest has the most trigrams.
 *     coalesce(
 *       (array_agg(pattern order by char_length(pattern) desc))[1],
 *       '%'
 *     ) as longest,
 *     coalesce(:regex::text, '') as regex,
 *     count(*) = 1 and :regex::text is null as is_one_text,
 *     -- Where no line is left out for its time, every row that is found has one,
 *     -- but those of the version where the page before ended.
 *     case
 *       when
 *         :latest::boolean is not true
 *         and :since::timestamptz is null
 *         and :until::timestamptz is null
 *         then
 *           :limit!::integer + (
 *             select count(*)
 *             from config_lines
 *             where
 *               device_id = :afterDeviceId
 *               and configuration_id = :afterConfigurationId
 *           )
 *     end as most_rows
 *   from (
 *     select
 *       '%' || regexp_replace(text, '([\\%_])', '\\\1', 'g') || '%' as pattern
 *     from unnest(:texts::text[]) as word (text)
 *   ) as word
 * ),
 * -- A page of what is on many lines, and the lines of few devices, are soon found
 * -- in the order of the key: all others by their trigrams.
 * first_devices as materialized (
 *   select id
 *   from devices
 *   where
 *     (:limit <= 1000 or cardinality(:deviceIds::integer[]) <= 20)
 *     and id >= coalesce(:afterDeviceId::integer, 0)
 *     and (:deviceIds::integer[] is null or id = any(:deviceIds))
 *     and (
 *       :tagNames::text[] is null
 *       or id in (
 *         select device_tags.device_id
 *         from device_tags
 *         join tags on tags.id = device_tags.tag_id
 *         where tags.name = any(:tagNames)
 *       )
 *     )
 *   order by id
 *   limit 21
 * ),
 * first_rows as materialized (
 *   select
 *     config_lines.device_id,
 *     config_lines.configuration_id,
 *     config_lines.part,
 *     config_lines.lines,
 *     sum(octet_length(config_lines.lines)) over (
 *       order by
 *         config_lines.device_id,
 *         config_lines.configuration_id,
 *         config_lines.part
 *     ) as octets
 *   from (select id from first_devices limit 20) as device
 *   join config_lines on config_lines.device_id = device.id
 *   where
 *     (config_lines.device_id, config_lines.configuration_id)
 *     >= (
 *       coalesce(:afterDeviceId::integer, 0),
 *       coalesce(:afterConfigurationId::bigint, 0)
 *     )
 * ),
 * walked as materialized (
 *   select
 *     device_id,
 *     configuration_id,
 *     part,
 *     (
 *       select count(*)
 *       from string_to_table(lines, chr(10)) as split (line)
 *       where
 *         line like all ((select patterns from given)::text[])
 *         and line ~ (select regex from given)
 *     ) as found
 *   from first_rows
 *   where
 *     octets <= 1000000
 *     and lines like (select longest from given)
 *     -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
 *     and lines ~ (select '(?n)' || regex from given)
 * ),
 * walk as materialized (
 *   select
 *     (
 *       (select count(*) between 1 and 20 from first_devices)
 *       and (select coalesce(max(octets), 0) <= 1000000 from first_rows)
 *     )
 *     or coalesce(
 *       (select most_rows is not null from given)
 *       and (
 *         select sum(found) >= :limit
 *         from walked
 *         where
 *           (device_id, configuration_id)
 *           > (
 *             coalesce(:afterDeviceId::integer, 0),
 *             coalesce(:afterConfigurationId::bigint, 0)
 *           )
 *       ),
 *       false
 *     ) as was_enough
 * ),
 * indexed as materialized (
 *   select
 *     device_id,
 *     configuration_id,
 *     part
 *   from walked
 *   where
 *     (select was_enough from walk)
 *     and found > 0
 *   union all
 *   select
 *     device_id,
 *     configuration_id,
 *     part
 *   from config_lines
 *   where
 *     not (select was_enough from walk)
 *     and lines like (select longest from given)
 *     and lines ~ (select '(?n)' || regex from given)
 *     and (
 *       (select is_one_text from given)
 *       or exists (
 *         select
 *         from string_to_table(lines, chr(10)) as split (line)
 *         where
 *           line like all ((select patterns from given)::text[])
 *           and line ~ (select regex from given)
 *       )
 *     )
 *     and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
 *     and (
 *       :tagNames::text[] is null
 *       or device_id in (
 *         select device_tags.device_id
 *         from device_tags
 *         join tags on tags.id = device_tags.tag_id
 *         where tags.name = any(:tagNames)
 *       )
 *     )
 *     and (device_id, configuration_id)
 *     >= (
 *       coalesce(:afterDeviceId::integer, 0),
 *       coalesce(:afterConfigurationId::bigint, 0)
 *     )
 *   order by
 *     device_id,
 *     configuration_id,
 *     part
 *   limit (select most_rows from given)
 * )
 * select
 *   found.device_id as "device_id!",
 *   devices.hostname,
 *   found.configuration_id as "configuration_id!",
 *   found.line as "line!",
 *   found.text as "text!",
 *   found.since as "since!",
 *   found.until
 * from indexed
 * join config_line_spans as found
 *   on found.device_id = indexed.device_id
 *   and found.configuration_id = indexed.configuration_id
 *   and found.part = indexed.part
 * join devices on devices.id = found.device_id
 * where
 *   found.text like all ((select patterns from given)::text[])
 *   and found.text ~ (select regex from given)
 *   and (found.device_id, found.configuration_id, found.line)
 *   > (
 *     coalesce(:afterDeviceId::integer, 0),
 *     coalesce(:afterConfigurationId::bigint, 0),
 *     coalesce(:afterLine::integer, 0)
 *   )
 *   and (:latest::boolean is not true or found.until is null)
 *   and (:until::timestamptz is null or found.since < :until)
 *   and (
 *     :since::timestamptz is null
 *     or found.until is null
 *     or found.until > :since
 *   )
 * order by found.device_id, found.configuration_id, found.line
 * limit :limit!::integer
 * ```
 */
export const configSearch: Query<ConfigSearchParams, ConfigSearchResult> = new Query("ConfigSearch", configSearchIR, { reads: true });

/** Parameters of `ConfigAbsentSearch`. */
export interface ConfigAbsentSearchParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  limit: number;
  tagNames?: readonly string[] | null | undefined;
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

const configAbsentSearchIR: QueryIR = {"usedParamSet":{"text":true,"tagNames":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"text","required":true,"transform":{"type":"scalar"},"locs":[{"a":155,"b":160},{"a":462,"b":467}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":794,"b":802},{"a":977,"b":985}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":1049,"b":1062}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1085,"b":1092}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1152,"b":1158}]}],"statement":"with indexed as materialized (\n  select\n    device_id,\n    configuration_id,\n    part\n  from config_lines\n  where\n    lines\n    like '%' || regexp_replace(:text!, '([\\\\%_])', '\\\\\\1', 'g') || '%'\n),\nhaving_it as (\n  select distinct found.device_id\n  from indexed\n  join config_line_spans as found\n    on found.device_id = indexed.device_id\n    and found.configuration_id = indexed.configuration_id\n    and found.part = indexed.part\n  where\n    strpos(found.text, :text!) > 0\n    and found.until is null\n)\nselect\n  devices.id,\n  devices.hostname,\n  device_states.configuration_id as \"configuration_id!\"\nfrom device_states\njoin devices on devices.id = device_states.device_id\nwhere\n  device_states.configuration_id is not null\n  and devices.id not in (select device_id from having_it)\n  and (\n    :tagNames::text[] is null\n    or devices.id in (\n      select device_tags.device_id\n      from device_tags\n      join tags on tags.id = device_tags.tag_id\n      where tags.name = any(:tagNames)\n    )\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices whose latest configuration has no line that holds the text, by
 * hostname: of all, or of those with one of the tags. Devices without a
 * configuration are not among them.
 * Reads.
 *
 * ```sql
 * with indexed as materialized (
 *   select
 *     device_id,
 *     configuration_id,
 *     part
 *   from config_lines
 *   where
 *     lines
 *     like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
 * ),
 * having_it as (
 *   select distinct found.device_id
 *   from indexed
 *   join config_line_spans as found
 *     on found.device_id = indexed.device_id
 *     and found.configuration_id = indexed.configuration_id
 *     and found.part = indexed.part
 *   where
 *     strpos(found.text, :text!) > 0
 *     and found.until is null
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
 *   and (
 *     :tagNames::text[] is null
 *     or devices.id in (
 *       select device_tags.device_id
 *       from device_tags
 *       join tags on tags.id = device_tags.tag_id
 *       where tags.name = any(:tagNames)
 *     )
 *   )
 *   and (devices.hostname, devices.id)
 *   > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 * order by devices.hostname, devices.id
 * limit :limit!::integer
 * ```
 */
export const configAbsentSearch: Query<ConfigAbsentSearchParams, ConfigAbsentSearchResult> = new Query("ConfigAbsentSearch", configAbsentSearchIR, { reads: true });

/** Parameters of `ConfigLineList`. */
export interface ConfigLineListParams {
  afterDeviceId?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  limit: number;
  line: string;
}

/** A row of `ConfigLineList`. */
export interface ConfigLineListResult {
  /** Identity of the device. */
  deviceId: number;
  firstStoodAt: Date;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  lastStoodAt: Date | null;
  times: number;
}

const configLineListIR: QueryIR = {"usedParamSet":{"line":true,"deviceIds":true,"afterDeviceId":true,"limit":true},"params":[{"name":"line","required":true,"transform":{"type":"scalar"},"locs":[{"a":155,"b":160},{"a":776,"b":781}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":204,"b":213},{"a":253,"b":262}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":295,"b":308}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":829,"b":835}]}],"statement":"with indexed as materialized (\n  select\n    device_id,\n    configuration_id,\n    part\n  from config_lines\n  where\n    lines\n    like '%' || regexp_replace(:line!, '([\\\\%_])', '\\\\\\1', 'g') || '%'\n    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\n    and device_id > coalesce(:afterDeviceId::integer, 0)\n)\nselect\n  devices.id as device_id,\n  devices.hostname,\n  min(found.since) as \"first_stood_at!\",\n  nullif(max(coalesce(found.until, 'infinity')), 'infinity')\n    as \"last_stood_at?\",\n  count(*)::integer as \"times!\"\nfrom indexed\njoin config_line_spans as found\n  on found.device_id = indexed.device_id\n  and found.configuration_id = indexed.configuration_id\n  and found.part = indexed.part\njoin devices on devices.id = found.device_id\nwhere found.text = :line!\ngroup by devices.id\norder by devices.id\nlimit :limit!::integer"};

/**
 * For one whole line, the devices that it ever stood on, by device: when it
 * first came in, when it was last seen to be gone, or null where it stands, and
 * how often it came in.
 * Reads.
 *
 * ```sql
 * with indexed as materialized (
 *   select
 *     device_id,
 *     configuration_id,
 *     part
 *   from config_lines
 *   where
 *     lines
 *     like '%' || regexp_replace(:line!, '([\\%_])', '\\\1', 'g') || '%'
 *     and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
 *     and device_id > coalesce(:afterDeviceId::integer, 0)
 * )
 * select
 *   devices.id as device_id,
 *   devices.hostname,
 *   min(found.since) as "first_stood_at!",
 *   nullif(max(coalesce(found.until, 'infinity')), 'infinity')
 *     as "last_stood_at?",
 *   count(*)::integer as "times!"
 * from indexed
 * join config_line_spans as found
 *   on found.device_id = indexed.device_id
 *   and found.configuration_id = indexed.configuration_id
 *   and found.part = indexed.part
 * join devices on devices.id = found.device_id
 * where found.text = :line!
 * group by devices.id
 * order by devices.id
 * limit :limit!::integer
 * ```
 */
export const configLineList: Query<ConfigLineListParams, ConfigLineListResult> = new Query("ConfigLineList", configLineListIR, { reads: true });

/** Parameters of `ConfigPatternCheck`. */
export interface ConfigPatternCheckParams {
  pattern: string;
}

/** A row of `ConfigPatternCheck`. */
export interface ConfigPatternCheckResult {
  matches: boolean;
}

const configPatternCheckIR: QueryIR = {"usedParamSet":{"pattern":true},"params":[{"name":"pattern","required":true,"transform":{"type":"scalar"},"locs":[{"a":12,"b":20}]}],"statement":"select '' ~ :pattern! as \"matches!\""};

/**
 * Whether a text is a regular expression of PostgreSQL: if not, this fails with
 * SQLSTATE 2201B.
 * Reads.
 *
 * ```sql
 * select '' ~ :pattern! as "matches!"
 * ```
 */
export const configPatternCheck: Query<ConfigPatternCheckParams, ConfigPatternCheckResult> = new Query("ConfigPatternCheck", configPatternCheckIR, { reads: true });
