// Generated from queries/device_configurations.sql by make generate. Do not edit.
/**
 * Configurations are versions: a row is added when the text of a device
 * changes.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { unpackRow } from "../../connection/packed.ts";
import type { Json } from "../../json.ts";
import { Query, type QueryIR } from "../../query.ts";
import type { ConfigVersion } from "../device_configurations.ts";
import type { DeviceId } from "./config_lines.ts";
import type { Id } from "./config_prunes.ts";

/** Parameters of `ConfigVerify`. */
export interface ConfigVerifyParams {
  contentHash: Uint8Array;
  deviceId: number;
}

const configVerifyIR: QueryIR = {"usedParamSet":{"deviceId":true,"contentHash":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":157,"b":166}]},{"name":"contentHash","required":true,"transform":{"type":"scalar"},"locs":[{"a":189,"b":201}]}],"statement":"update device_states\nset\n  verified_at = greatest(verified_at, date_trunc('milliseconds', now())),\n  verified_count = verified_count + 1\nwhere\n  device_id = :deviceId!\n  and content_hash = :contentHash!\nreturning configuration_id as \"id!\""};

/**
 * Records that a device was read just now and sent its latest text again.
 * Returns the id of that version, or no row if the text is different.
 * Internal: a step of configSave.
 * Writes device_states.
 */
export const configVerify: Query<ConfigVerifyParams, Id> = new Query("ConfigVerify", configVerifyIR);

/** Parameters of `ConfigVerifyMany`. */
export interface ConfigVerifyManyParams {
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
}

/** A row of `ConfigVerifyMany`. */
export interface ConfigVerifyManyRow {
  /** Identity of the device. */
  deviceId: number;
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** The latest configuration; null before the first. */
  verifiedId: number | null;
}

const configVerifyManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"contentHashes":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":63,"b":73}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":101}]}],"statement":"with given as (\n  select device_id, content_hash\n  from unnest(:deviceIds!::integer[], :contentHashes!::bytea[])\n    as given (device_id, content_hash)\n),\nlocked as (\n  select\n    device_states.device_id,\n    device_states.content_hash\n  from device_states\n  join given using (device_id, content_hash)\n  order by device_states.device_id\n  for no key update of device_states\n),\nverified as (\n  update device_states\n  set\n    verified_at = greatest(verified_at, date_trunc('milliseconds', now())),\n    verified_count = verified_count + 1\n  from locked\n  where\n    device_states.device_id = locked.device_id\n    and device_states.content_hash = locked.content_hash\n  returning device_states.device_id, device_states.configuration_id\n)\nselect\n  devices.id as device_id,\n  devices.device_type,\n  verified.configuration_id as \"verified_id?\"\nfrom given\njoin devices on devices.id = given.device_id\nleft join verified on verified.device_id = given.device_id"};

/**
 * Records that devices were read just now and sent their latest texts again.
 * Arrays are matched by position; each device appears once. Returns each device
 * that exists with its type, and the id of its latest version if that has the
 * text.
 * Internal: a step of configSave.
 * Writes device_states.
 */
export const configVerifyMany: Query<ConfigVerifyManyParams, ConfigVerifyManyRow> = new Query("ConfigVerifyMany", configVerifyManyIR);

/** Parameters of `ConfigBaseList`. */
export interface ConfigBaseListParams {
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  /** Regular expression for the last line; null allows any. */
  endMarkers: readonly (string | null)[];
  /** Period in which equal texts are counted, in seconds. */
  flappingSeconds: number;
  /** Last line of each new text. */
  lastLines: readonly string[];
}

/** A row of `ConfigBaseList`. */
export interface ConfigBaseListRow {
  /** Changes of each of these versions; null if it is not indexed. */
  changes: (Uint8Array | null)[];
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  deviceId: number;
  /** Whether the last line matches the end marker; null if there is none. */
  ended: boolean | null;
  /** Identity of the version. */
  id: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** How often the same text was stored in the period. */
  returns: number;
  /** How many bytes the device sent. */
  size: number | null;
  /** Versions of the device, oldest first. */
  versionIds: number[];
}

const configBaseListIR: QueryIR = {"usedParamSet":{"flappingSeconds":true,"deviceIds":true,"contentHashes":true,"lastLines":true,"endMarkers":true},"params":[{"name":"flappingSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":754,"b":770}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":879,"b":889}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":907,"b":921}]},{"name":"lastLines","required":true,"transform":{"type":"scalar"},"locs":[{"a":937,"b":947}]},{"name":"endMarkers","required":true,"transform":{"type":"scalar"},"locs":[{"a":962,"b":973}]}],"statement":"select\n  given.device_id as \"device_id!\",\n  latest.id as \"id?\",\n  latest.size as \"size?\",\n  latest.config_data,\n  latest.raw,\n  latest.packed,\n  array(\n    select version.id\n    from device_configurations as version\n    where version.device_id = given.device_id\n    order by version.retrieved_at, version.id\n  ) as \"version_ids!\",\n  array(\n    select version.changes\n    from device_configurations as version\n    where version.device_id = given.device_id\n    order by version.retrieved_at, version.id\n  ) as \"changes!\",\n  given.last_line ~ given.end_marker as \"ended?\",\n  (\n    select count(*)\n    from device_configurations as former\n    where\n      former.device_id = given.device_id\n      and former.retrieved_at\n      > now() - make_interval(secs => :flappingSeconds!::integer)\n      and former.content_hash = given.content_hash\n  )::integer as \"returns!\"\nfrom\n  unnest(\n    :deviceIds!::integer[],\n    :contentHashes!::bytea[],\n    :lastLines!::text[],\n    :endMarkers!::text[]\n  ) as given (device_id, content_hash, last_line, end_marker)\n  left join device_states on device_states.device_id = given.device_id\n  left join device_configurations as latest\n    on latest.id = device_states.configuration_id"};

/**
 * Returns what a save needs to know about devices before it stores new
 * versions: the latest version with its text, the changes of each version, and
 * two checks of the new text. Arrays are matched by position. Only for a
 * transaction that holds the device states.
 * Internal: a step of configSave.
 * Reads.
 */
export const configBaseList: Query<ConfigBaseListParams, ConfigBaseListRow> = new Query("ConfigBaseList", configBaseListIR, { unpack: unpackRow<ConfigBaseListRow>, reads: true });

/** Parameters of `ConfigNoiseList`. */
export interface ConfigNoiseListParams {
  deviceIds: readonly number[];
  /** Regular expression for ignored lines, for each device. */
  noises: readonly string[];
  textsAfter: readonly string[];
  textsBefore: readonly string[];
}

const configNoiseListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"textsBefore":true,"textsAfter":true,"noises":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":58,"b":68}]},{"name":"textsBefore","required":true,"transform":{"type":"scalar"},"locs":[{"a":86,"b":98}]},{"name":"textsAfter","required":true,"transform":{"type":"scalar"},"locs":[{"a":113,"b":124}]},{"name":"noises","required":true,"transform":{"type":"scalar"},"locs":[{"a":139,"b":146}]}],"statement":"select given.device_id as \"device_id!\"\nfrom\n  unnest(\n    :deviceIds!::integer[],\n    :textsBefore!::text[],\n    :textsAfter!::text[],\n    :noises!::text[]\n  ) as given (device_id, text_before, text_after, noise)\nwhere\n  array(\n    select line\n    from string_to_table(given.text_before, chr(10))\n      with ordinality as lines (line, place)\n    where rtrim(line, chr(13)) !~ given.noise\n    order by place\n  )\n  = array(\n    select line\n    from string_to_table(given.text_after, chr(10))\n      with ordinality as lines (line, place)\n    where rtrim(line, chr(13)) !~ given.noise\n    order by place\n  )"};

/**
 * Lists devices whose texts before and after differ only in ignored lines.
 * Arrays are matched by position.
 * Internal: a step of configSave.
 * Reads.
 */
export const configNoiseList: Query<ConfigNoiseListParams, DeviceId> = new Query("ConfigNoiseList", configNoiseListIR, { reads: true });

/** Parameters of `ConfigInsert`. */
export interface ConfigInsertParams {
  added: readonly number[];
  changes: readonly Uint8Array[];
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  endDeviceIds: readonly number[];
  endIds: readonly number[];
  endNumbers: readonly string[];
  /** A new id if null. */
  ids: readonly (number | null)[];
  lineNumbers: readonly string[];
  lineTexts: readonly string[];
  /** Empty if null. */
  metadatas: readonly (Json | null)[];
  /** Texts, compressed by Brotli. */
  packed: readonly Uint8Array[];
  partDeviceIds: readonly number[];
  partNumbers: readonly number[];
  removed: readonly number[];
  /** Now if null. */
  retrievedAts: readonly (Date | null)[];
  /** Sizes of the texts in bytes. */
  sizes: readonly number[];
  /** Same as retrievedAts if null. */
  verifiedAts: readonly (Date | null)[];
  /** 1 if null. */
  verifiedCounts: readonly (number | null)[];
}

/** A row of `ConfigInsert`. */
export interface ConfigInsertRow {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /**
   * The version that added and removed count from; null for the first one and while it is not
   * indexed.
   */
  previousId: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configInsertIR: QueryIR = {"usedParamSet":{"deviceIds":true,"ids":true,"packed":true,"sizes":true,"contentHashes":true,"metadatas":true,"retrievedAts":true,"verifiedAts":true,"verifiedCounts":true,"changes":true,"added":true,"removed":true,"partDeviceIds":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true,"endDeviceIds":true,"endIds":true,"endNumbers":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":46,"b":56}]},{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":70,"b":74}]},{"name":"packed","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":94}]},{"name":"sizes","required":true,"transform":{"type":"scalar"},"locs":[{"a":110,"b":116}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":130,"b":144}]},{"name":"metadatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":156,"b":166}]},{"name":"retrievedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":182,"b":195}]},{"name":"verifiedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":213,"b":225}]},{"name":"verifiedCounts","required":true,"transform":{"type":"scalar"},"locs":[{"a":247,"b":262}]},{"name":"changes","required":true,"transform":{"type":"scalar"},"locs":[{"a":276,"b":284}]},{"name":"added","required":true,"transform":{"type":"scalar"},"locs":[{"a":296,"b":302}]},{"name":"removed","required":true,"transform":{"type":"scalar"},"locs":[{"a":320,"b":328}]},{"name":"partDeviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":2652,"b":2666}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":2680,"b":2692}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":2710,"b":2722}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":2733,"b":2743}]},{"name":"endDeviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":3021,"b":3034}]},{"name":"endIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":3048,"b":3055}]},{"name":"endNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":3068,"b":3079}]}],"statement":"with given as (\n  select *\n  from unnest(\n    :deviceIds!::integer[], :ids!::bigint[], :packed!::bytea[],\n    :sizes!::integer[], :contentHashes!::bytea[], :metadatas!::jsonb[],\n    :retrievedAts!::timestamptz[], :verifiedAts!::timestamptz[],\n    :verifiedCounts!::integer[], :changes!::bytea[], :added!::integer[],\n    :removed!::integer[]\n  ) as given (\n    device_id, id, packed, size, content_hash, metadata, retrieved_at,\n    verified_at, verified_count, changes, added, removed\n  )\n),\nlatest as (\n  select\n    state.device_id,\n    state.configuration_id,\n    state.verified_at,\n    state.verified_count,\n    coalesce(\n      given.retrieved_at,\n      greatest(state.retrieved_at, date_trunc('milliseconds', now()))\n    ) as next_at\n  from device_states as state\n  join given on given.device_id = state.device_id\n  where\n    given.retrieved_at is null\n    or state.retrieved_at is null\n    or state.retrieved_at <= given.retrieved_at\n),\nsuperseded as (\n  update device_configurations\n  set\n    verified_at = latest.verified_at,\n    verified_count = latest.verified_count,\n    valid_until = latest.next_at\n  from latest\n  where device_configurations.id = latest.configuration_id\n  returning device_configurations.device_id\n),\ninserted as (\n  insert into device_configurations (\n    id, device_id, packed, size, content_hash, metadata, retrieved_at,\n    verified_at, previous_id, added, removed, changes\n  )\n  overriding system value\n  select\n    coalesce(given.id, nextval('device_configurations_id_seq')),\n    device_id, given.packed, given.size, given.content_hash,\n    coalesce(given.metadata, '{}'), latest.next_at,\n    coalesce(given.verified_at, latest.next_at),\n    latest.configuration_id, given.added, given.removed, given.changes\n  from latest\n  join given using (device_id)\n  left join superseded using (device_id)\n  returning id, device_id, content_hash, retrieved_at, verified_at, previous_id\n),\nmoved as (\n  update device_states\n  set\n    content_hash = inserted.content_hash,\n    configuration_id = inserted.id,\n    retrieved_at = inserted.retrieved_at,\n    verified_at = inserted.verified_at,\n    verified_count = coalesce(given.verified_count, 1)\n  from inserted\n  join given using (device_id)\n  where device_states.device_id = inserted.device_id\n),\nfreed as (\n  delete from config_quarantine\n  using inserted\n  where\n    config_quarantine.device_id = inserted.device_id\n    and config_quarantine.content_hash = inserted.content_hash\n),\nbegun as (\n  insert into config_lines (device_id, configuration_id, part, numbers, lines)\n  select device_id, inserted.id, part, numbers::int4multirange, lines\n  from inserted\n  join unnest(\n    :partDeviceIds!::integer[], :partNumbers!::integer[],\n    :lineNumbers!::text[], :lineTexts!::text[]\n  ) as come (device_id, part, numbers, lines) using (device_id)\n),\nended as (\n  insert into config_line_ends\n    (device_id, configuration_id, ended_by, numbers)\n  select device_id, gone.id, inserted.id, gone.numbers::int4multirange\n  from inserted\n  join unnest(\n    :endDeviceIds!::integer[], :endIds!::bigint[], :endNumbers!::text[]\n  ) as gone (device_id, id, numbers) using (device_id)\n)\nselect id, device_id, retrieved_at, previous_id\nfrom inserted"};

/**
 * Stores new latest versions with their line index. Arrays are matched by
 * position; each device appears once. Sets the final verified_at and
 * verified_count of the previous versions, updates the device states, and
 * removes the same texts from the quarantine. Only for a transaction that holds
 * the device states and found another hash there.
 * retrieved_at is now, or that of the previous version if that is later: this
 * transaction may have begun before the other one committed. An import may set
 * it. Versions must then come oldest first, and a version that is older than
 * the latest returns no row.
 * Internal: a step of configSave.
 * Writes device_configurations, device_states, config_quarantine, config_lines,
 * config_line_ends.
 */
export const configInsert: Query<ConfigInsertParams, ConfigInsertRow> = new Query("ConfigInsert", configInsertIR);

/** Parameters of `ConfigPairGet`. */
export interface ConfigPairGetParams {
  idA: number;
  idB: number;
}

const configPairGetIR: QueryIR = {"usedParamSet":{"idA":true,"idB":true},"params":[{"name":"idA","required":true,"transform":{"type":"scalar"},"locs":[{"a":431,"b":435}]},{"name":"idB","required":true,"transform":{"type":"scalar"},"locs":[{"a":446,"b":450}]}],"statement":"select\n  version.id as \"id!\",\n  version.device_id as \"device_id!\",\n  version.retrieved_at as \"retrieved_at!\",\n  version.verified_at as \"verified_at!\",\n  version.verified_count as \"verified_count!\",\n  version.valid_until,\n  version.content_hash as \"content_hash!\",\n  version.metadata as \"metadata!\",\n  version.previous_id,\n  version.added,\n  version.removed,\n  version.config_data,\n  version.raw,\n  version.packed\nfrom unnest(array[:idA!::bigint, :idB!::bigint])\n  with ordinality as wanted (id, place)\njoin config_versions as version on version.id = wanted.id\norder by wanted.place"};

/**
 * Returns two versions with their texts, in the given order.
 * Internal: a step of configDiff.
 * Reads.
 */
export const configPairGet: Query<ConfigPairGetParams, ConfigVersion> = new Query("ConfigPairGet", configPairGetIR, { unpack: unpackRow<ConfigVersion>, reads: true });

/** Parameters of `ConfigBlameGet`. */
export interface ConfigBlameGetParams {
  /** Identity of the version. */
  id: number;
}

/** A row of `ConfigBlameGet`. */
export interface ConfigBlameGetRow {
  /** Changes of each of these versions; null if it is not indexed. */
  changes: (Uint8Array | null)[];
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** Versions up to this one, oldest first. */
  versionIds: number[];
}

const configBlameGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":735,"b":738}]}],"statement":"select\n  blamed.id,\n  blamed.device_id,\n  blamed.retrieved_at,\n  blamed.config_data,\n  blamed.raw,\n  blamed.packed,\n  array(\n    select version.id\n    from device_configurations as version\n    where\n      version.device_id = blamed.device_id\n      and (version.retrieved_at, version.id)\n      <= (blamed.retrieved_at, blamed.id)\n    order by version.retrieved_at, version.id\n  ) as \"version_ids!\",\n  array(\n    select version.changes\n    from device_configurations as version\n    where\n      version.device_id = blamed.device_id\n      and (version.retrieved_at, version.id)\n      <= (blamed.retrieved_at, blamed.id)\n    order by version.retrieved_at, version.id\n  ) as \"changes!\"\nfrom device_configurations as blamed\nwhere blamed.id = :id!"};

/**
 * Returns a version with its text, and the changes of all versions of its
 * device up to it. src/history/line_origins.ts uses them to find where each
 * line was added.
 * Internal: a step of configBlame and configDelete.
 * Reads.
 */
export const configBlameGet: Query<ConfigBlameGetParams, ConfigBlameGetRow> = new Query("ConfigBlameGet", configBlameGetIR, { unpack: unpackRow<ConfigBlameGetRow>, reads: true });

/** Parameters of `ConfigTimeList`. */
export interface ConfigTimeListParams {
  ids: readonly number[];
}

/** A row of `ConfigTimeList`. */
export interface ConfigTimeListRow {
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configTimeListIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":66,"b":70}]}],"statement":"select id, retrieved_at\nfrom device_configurations\nwhere id = any(:ids!::bigint[])\norder by id"};

/**
 * Lists when versions were first read, by id.
 * Internal: a step of configBlame.
 * Reads.
 */
export const configTimeList: Query<ConfigTimeListParams, ConfigTimeListRow> = new Query("ConfigTimeList", configTimeListIR, { reads: true });

/** Parameters of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteParams {
  /** Identity of the version. */
  id: number;
}

/** A row of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteRow {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configVersionDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":45,"b":48}]}],"statement":"delete from device_configurations\nwhere id = :id!\nreturning id, device_id, retrieved_at"};

/**
 * Deletes a version; configDelete also updates the line index. The latest
 * version cannot be deleted while its device exists: that violates
 * device_states_device_id_configuration_id_fkey.
 * Internal: a step of configDelete.
 * Writes device_configurations.
 */
export const configVersionDelete: Query<ConfigVersionDeleteParams, ConfigVersionDeleteRow> = new Query("ConfigVersionDelete", configVersionDeleteIR);
