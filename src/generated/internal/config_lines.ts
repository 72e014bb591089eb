// Generated from queries/config_lines.sql by make generate. Do not edit.
/**
 * The line index: every line of every configuration, once for each time that it
 * was added, with the version that added it.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { unpackRow } from "../../connection/packed.ts";
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ConfigTextList`. */
export interface ConfigTextListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  deviceId: number;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigTextList`. */
export interface ConfigTextListRow {
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
 * Lists the versions of a device with their texts, oldest first, to index them.
 * Internal: a step of configDelete, configPrune, configBlame and make reindex.
 * Reads.
 */
export const configTextList: Query<ConfigTextListParams, ConfigTextListRow> = new Query("ConfigTextList", configTextListIR, { unpack: unpackRow<ConfigTextListRow>, reads: true });

/** Parameters of `ConfigIndexClear`. */
export interface ConfigIndexClearParams {
  deviceId: number;
}

const configIndexClearIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":67,"b":76},{"a":139,"b":148},{"a":278,"b":287}]}],"statement":"with ended as (\n  delete from config_line_ends\n  where device_id = :deviceId!\n),\nbegun as (\n  delete from config_lines\n  where device_id = :deviceId!\n)\nupdate device_configurations\nset\n  changes = null,\n  previous_id = null,\n  added = null,\n  removed = null\nwhere\n  device_id = :deviceId!\n  and changes is not null"};

/**
 * Clears the line index of a device. Only for a transaction that holds
 * DeviceStateLock and rebuilds the index.
 * Internal: a step of configDelete, configPrune, configBlame and make reindex.
 * Writes config_line_ends, config_lines, device_configurations.
 */
export const configIndexClear: Query<ConfigIndexClearParams, void> = new Query("ConfigIndexClear", configIndexClearIR);

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

const configIndexWriteIR: QueryIR = {"usedParamSet":{"changes":true,"previousId":true,"added":true,"removed":true,"id":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true,"endIds":true,"endNumbers":true},"params":[{"name":"changes","required":true,"transform":{"type":"scalar"},"locs":[{"a":69,"b":77}]},{"name":"previousId","required":false,"transform":{"type":"scalar"},"locs":[{"a":98,"b":108}]},{"name":"added","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":129}]},{"name":"removed","required":true,"transform":{"type":"scalar"},"locs":[{"a":146,"b":154}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":169,"b":172}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":449,"b":461}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":479,"b":491}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":506,"b":516}]},{"name":"endIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":758,"b":765}]},{"name":"endNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":778,"b":789}]}],"statement":"with written as (\n  update device_configurations\n  set\n    changes = :changes!,\n    previous_id = :previousId,\n    added = :added!,\n    removed = :removed!\n  where id = :id!\n  returning id, device_id\n),\nbegun as (\n  insert into config_lines\n    (device_id, configuration_id, part, numbers, lines)\n  select\n    written.device_id,\n    written.id,\n    come.part,\n    come.numbers::int4multirange,\n    come.lines\n  from written\n  cross join unnest(\n    :partNumbers!::integer[],\n    :lineNumbers!::text[],\n    :lineTexts!::text[]\n  ) as come (part, numbers, lines)\n)\ninsert into config_line_ends\n  (device_id, configuration_id, ended_by, numbers)\nselect\n  written.device_id,\n  gone.id,\n  written.id,\n  gone.numbers::int4multirange\nfrom written\ncross join unnest(:endIds!::bigint[], :endNumbers!::text[])\n  as gone (id, numbers)"};

/**
 * Adds a version to the line index. Arrays are matched by position. The
 * versions of a device must be added oldest first.
 * Internal: a step of configDelete, configPrune, configBlame and make reindex.
 * Writes device_configurations, config_lines, config_line_ends.
 */
export const configIndexWrite: Query<ConfigIndexWriteParams, void> = new Query("ConfigIndexWrite", configIndexWriteIR);

/** Parameters of `ConfigLineInsert`. */
export interface ConfigLineInsertParams {
  deviceId: number;
  id: number;
  lineNumbers: readonly string[];
  lineTexts: readonly string[];
  partNumbers: readonly number[];
}

const configLineInsertIR: QueryIR = {"usedParamSet":{"deviceId":true,"id":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":88,"b":97}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":102,"b":105}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":181,"b":193}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":209,"b":221}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":234,"b":244}]}],"statement":"insert into config_lines\n  (device_id, configuration_id, part, numbers, lines)\nselect\n  :deviceId!,\n  :id!,\n  come.part,\n  come.numbers::int4multirange,\n  come.lines\nfrom unnest(\n  :partNumbers!::integer[],\n  :lineNumbers!::text[],\n  :lineTexts!::text[]\n) as come (part, numbers, lines)"};

/**
 * Adds more lines of a version that is already in the line index. A version
 * with too many lines for one statement needs several.
 * Internal: a step of configSave and make reindex.
 * Writes config_lines.
 */
export const configLineInsert: Query<ConfigLineInsertParams, void> = new Query("ConfigLineInsert", configLineInsertIR);

/** Parameters of `ConfigUnpackedList`. */
export interface ConfigUnpackedListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  deviceId: number;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigUnpackedList`. */
export interface ConfigUnpackedListRow {
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string | null;
  /** Identity of the version. */
  id: number;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
}

const configUnpackedListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":81,"b":90}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":133,"b":140}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":172,"b":178}]}],"statement":"select\n  id,\n  config_data,\n  raw\nfrom device_configurations\nwhere\n  device_id = :deviceId!\n  and packed is null\n  and id > coalesce(:afterId::bigint, 0)\norder by id\nlimit :limit!::integer"};

/**
 * Lists the versions of a device that are not compressed yet, oldest first.
 * Internal: a step of make reindex.
 * Reads.
 */
export const configUnpackedList: Query<ConfigUnpackedListParams, ConfigUnpackedListRow> = new Query("ConfigUnpackedList", configUnpackedListIR, { reads: true });

/** Parameters of `ConfigPack`. */
export interface ConfigPackParams {
  id: number;
  packed: Uint8Array;
}

const configPackIR: QueryIR = {"usedParamSet":{"packed":true,"id":true},"params":[{"name":"packed","required":true,"transform":{"type":"scalar"},"locs":[{"a":44,"b":51}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":102,"b":105}]}],"statement":"update device_configurations\nset\n  packed = :packed!,\n  config_data = null,\n  raw = null\nwhere\n  id = :id!\n  and packed is null"};

/**
 * Replaces the text of a version with the bytes from the device, compressed by
 * Brotli.
 * Internal: a step of make reindex.
 * Writes device_configurations.
 */
export const configPack: Query<ConfigPackParams, void> = new Query("ConfigPack", configPackIR);

/** Parameters of `ConfigUnindexedList`. */
export interface ConfigUnindexedListParams {
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigUnindexedList`, `ConfigNoiseList`. */
export interface DeviceId {
  /** The device the configuration was read from. */
  deviceId: number;
}

const configUnindexedListIR: QueryIR = {"usedParamSet":{"afterDeviceId":true,"limit":true},"params":[{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":124,"b":137}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":177,"b":183}]}],"statement":"select distinct device_id\nfrom device_configurations\nwhere\n  (changes is null or packed is null)\n  and device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_id\nlimit :limit!::integer"};

/**
 * Lists devices with a version that is not indexed or not compressed, by id.
 * Internal: a step of make reindex.
 * Reads.
 */
export const configUnindexedList: Query<ConfigUnindexedListParams, DeviceId> = new Query("ConfigUnindexedList", configUnindexedListIR, { reads: true });

/** Parameters of `ConfigPatternCheck`. */
export interface ConfigPatternCheckParams {
  pattern: string;
}

/** A row of `ConfigPatternCheck`. */
export interface ConfigPatternCheckRow {
  matches: boolean;
}

const configPatternCheckIR: QueryIR = {"usedParamSet":{"pattern":true},"params":[{"name":"pattern","required":true,"transform":{"type":"scalar"},"locs":[{"a":12,"b":20}]}],"statement":"select '' ~ :pattern! as \"matches!\""};

/**
 * Checks that a text is a PostgreSQL regular expression. Fails with SQLSTATE
 * 2201B if it is not.
 * Internal: a step of configSave.
 * Reads.
 */
export const configPatternCheck: Query<ConfigPatternCheckParams, ConfigPatternCheckRow> = new Query("ConfigPatternCheck", configPatternCheckIR, { reads: true });
