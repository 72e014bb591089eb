// Generated from queries/config_lines.sql by make generate. Do not edit.
/**
 * The line index: every line of every configuration, once for each time that it
 * was added, with the version that added it.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigSearch`. */
export interface ConfigSearchParams {
  /** The configurationId of the last row of the previous page. */
  afterConfigurationId?: number | null | undefined;
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** The line of the last row of the previous page. */
  afterLine?: number | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Only lines that were present at or after this time. */
  from?: Date | null | undefined;
  /** True: only lines that are present in latest versions. */
  latest?: boolean | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** The line matches this PostgreSQL regular expression. */
  regex?: string | null | undefined;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
  /** The line contains all of these texts. */
  texts?: readonly string[] | null | undefined;
  /** Only lines that were present before this time. */
  until?: Date | null | undefined;
}

/** A row of `ConfigSearch`. */
export interface ConfigSearchRow {
  /** The version that the line came in with. */
  configurationId: number;
  /** The device of the configuration. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Line number in that version, from 1. */
  line: number;
  /** When the line was added. */
  since: Date;
  /** The line. */
  text: string;
  /** When the line was removed; null if it is still present. */
  until: Date | null;
}

const configSearchIR: QueryIR = {"usedParamSet":{"texts":true,"regex":true,"deviceIds":true,"tagNames":true,"afterDeviceId":true,"afterConfigurationId":true,"limit":true,"latest":true,"from":true,"until":true,"afterLine":true},"params":[{"name":"texts","required":false,"transform":{"type":"scalar"},"locs":[{"a":76,"b":81},{"a":953,"b":958}]},{"name":"regex","required":false,"transform":{"type":"scalar"},"locs":[{"a":105,"b":110},{"a":1015,"b":1020}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":128,"b":137}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":155,"b":163}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":187,"b":200},{"a":1106,"b":1119}]},{"name":"afterConfigurationId","required":false,"transform":{"type":"scalar"},"locs":[{"a":229,"b":249},{"a":1139,"b":1159}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":268,"b":274},{"a":1456,"b":1461}]},{"name":"latest","required":false,"transform":{"type":"scalar"},"locs":[{"a":290,"b":296},{"a":1214,"b":1220}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":327,"b":331},{"a":1317,"b":1321},{"a":1379,"b":1383}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":362,"b":367},{"a":1265,"b":1270},{"a":1297,"b":1302}]},{"name":"afterLine","required":false,"transform":{"type":"scalar"},"locs":[{"a":1179,"b":1188}]}],"statement":"with indexed as materialized (\n  select *\n  from config_lines_matching(\n    :texts::text[],\n    coalesce(:regex::text, ''),\n    :deviceIds::integer[],\n    :tagNames::text[],\n    coalesce(:afterDeviceId::integer, 0),\n    coalesce(:afterConfigurationId::bigint, 0),\n    :limit!::integer,\n    :latest::boolean is not true\n    and :from::timestamptz is null\n    and :until::timestamptz is null\n  )\n  order by device_id, configuration_id, part\n)\nselect\n  found.device_id as \"device_id!\",\n  devices.hostname,\n  found.configuration_id as \"configuration_id!\",\n  found.line as \"line!\",\n  found.text as \"text!\",\n  found.since as \"since!\",\n  found.until\nfrom indexed\njoin config_line_spans as found\n  on found.device_id = indexed.device_id\n  and found.configuration_id = indexed.configuration_id\n  and found.part = indexed.part\njoin devices on devices.id = found.device_id\nwhere\n  found.text like all (\n    array(\n      select like_pattern(word)\n      from unnest(:texts) as words (word)\n    )\n  )\n  and found.text ~ coalesce(:regex, '')\n  and (found.device_id, found.configuration_id, found.line)\n  > (\n    coalesce(:afterDeviceId, 0),\n    coalesce(:afterConfigurationId, 0),\n    coalesce(:afterLine::integer, 0)\n  )\n  and (:latest is not true or found.until is null)\n  and (:until is null or found.since < :until)\n  and (\n    :from is null\n    or found.until is null\n    or found.until > :from\n  )\norder by found.device_id, found.configuration_id, found.line\nlimit :limit"};

/**
 * Lists lines that contain all given texts and match a regular expression, by
 * device, version and line, each with the version that added it. Either
 * condition may be omitted. A line that was removed and added again appears
 * once for each time. The search is case-sensitive. It covers the whole
 * history, the latest versions, or a time range.
 * Reads.
 */
export const configSearch: Query<ConfigSearchParams, ConfigSearchRow> = new Query("ConfigSearch", configSearchIR, { reads: true });

/** Parameters of `ConfigAbsentSearch`. */
export interface ConfigAbsentSearchParams {
  /** The hostname of the last row of the previous page. */
  afterHostname?: string | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
  /** Text that no line contains, case-sensitive. */
  text: string;
}

/** A row of `ConfigAbsentSearch`. */
export interface ConfigAbsentSearchRow {
  /** The latest configuration; null before the first. */
  configurationId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
}

const configAbsentSearchIR: QueryIR = {"usedParamSet":{"text":true,"tagNames":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"text","required":true,"transform":{"type":"scalar"},"locs":[{"a":142,"b":147},{"a":417,"b":422}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":749,"b":757},{"a":826,"b":834}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":893,"b":906}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":929,"b":936}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":996,"b":1002}]}],"statement":"with indexed as materialized (\n  select\n    device_id,\n    configuration_id,\n    part\n  from config_lines\n  where\n    lines like like_pattern(:text!)\n),\nhaving_it as (\n  select distinct found.device_id\n  from indexed\n  join config_line_spans as found\n    on found.device_id = indexed.device_id\n    and found.configuration_id = indexed.configuration_id\n    and found.part = indexed.part\n  where\n    strpos(found.text, :text!) > 0\n    and found.until is null\n)\nselect\n  devices.id,\n  devices.hostname,\n  device_states.configuration_id as \"configuration_id!\"\nfrom device_states\njoin devices on devices.id = device_states.device_id\nwhere\n  device_states.configuration_id is not null\n  and devices.id not in (select device_id from having_it)\n  and (\n    :tagNames::text[] is null\n    or devices.id in (select * from devices_tagged(:tagNames))\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Lists devices whose latest configuration has no line that contains the text,
 * by hostname. Devices without a configuration are excluded.
 * Reads.
 */
export const configAbsentSearch: Query<ConfigAbsentSearchParams, ConfigAbsentSearchRow> = new Query("ConfigAbsentSearch", configAbsentSearchIR, { reads: true });

/** Parameters of `ConfigLineList`. */
export interface ConfigLineListParams {
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Complete text of the line. */
  line: string;
}

/** A row of `ConfigLineList`. */
export interface ConfigLineListRow {
  /** Identity of the device. */
  deviceId: number;
  /** When the line was first added. */
  firstStoodAt: Date;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** When the line was last removed; null if it is still present. */
  lastStoodAt: Date | null;
  /** How often the line was added. */
  times: number;
}

const configLineListIR: QueryIR = {"usedParamSet":{"line":true,"deviceIds":true,"afterDeviceId":true,"limit":true},"params":[{"name":"line","required":true,"transform":{"type":"scalar"},"locs":[{"a":142,"b":147},{"a":731,"b":736}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":159,"b":168},{"a":208,"b":217}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":250,"b":263}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":784,"b":790}]}],"statement":"with indexed as materialized (\n  select\n    device_id,\n    configuration_id,\n    part\n  from config_lines\n  where\n    lines like like_pattern(:line!)\n    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\n    and device_id > coalesce(:afterDeviceId::integer, 0)\n)\nselect\n  devices.id as device_id,\n  devices.hostname,\n  min(found.since) as \"first_stood_at!\",\n  nullif(max(coalesce(found.until, 'infinity')), 'infinity')\n    as \"last_stood_at?\",\n  count(*)::integer as \"times!\"\nfrom indexed\njoin config_line_spans as found\n  on found.device_id = indexed.device_id\n  and found.configuration_id = indexed.configuration_id\n  and found.part = indexed.part\njoin devices on devices.id = found.device_id\nwhere found.text = :line!\ngroup by devices.id\norder by devices.id\nlimit :limit!::integer"};

/**
 * Lists the devices that ever had a line, by device.
 * Reads.
 */
export const configLineList: Query<ConfigLineListParams, ConfigLineListRow> = new Query("ConfigLineList", configLineListIR, { reads: true });
