// Generated from queries/device_configurations.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigVerify`. */
export interface ConfigVerifyParams {
  contentHash: Uint8Array;
  deviceId: number;
}

/** A row of `ConfigVerify`. */
export interface ConfigVerifyResult {
  /** The latest configuration; null before the first. */
  id: number;
}

const configVerifyIR: QueryIR = {"usedParamSet":{"deviceId":true,"contentHash":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":157,"b":166}]},{"name":"contentHash","required":true,"transform":{"type":"scalar"},"locs":[{"a":189,"b":201}]}],"statement":"update device_states\nset\n  verified_at = greatest(verified_at, date_trunc('milliseconds', now())),\n  verified_count = verified_count + 1\nwhere\n  device_id = :deviceId!\n  and content_hash = :contentHash!\nreturning configuration_id as \"id!\""};

/**
 * Configurations are versions: a row is written when a device's text changes.
 * Notes that a device was read just now and sent its latest text again. Returns
 * the id of that version; no row if the text is another one.
 * Writes device_states.
 *
 * ```sql
 * update device_states
 * set
 *   verified_at = greatest(verified_at, date_trunc('milliseconds', now())),
 *   verified_count = verified_count + 1
 * where
 *   device_id = :deviceId!
 *   and content_hash = :contentHash!
 * returning configuration_id as "id!"
 * ```
 */
export const configVerify: Query<ConfigVerifyParams, ConfigVerifyResult> = new Query("ConfigVerify", configVerifyIR);

/** Parameters of `ConfigVerifyMany`. */
export interface ConfigVerifyManyParams {
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
}

/** A row of `ConfigVerifyMany`. */
export interface ConfigVerifyManyResult {
  /** Identity of the device. */
  deviceId: number;
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** The latest configuration; null before the first. */
  verifiedId: number | null;
}

const configVerifyManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"contentHashes":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":63,"b":73}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":101}]}],"statement":"with given as (\n  select device_id, content_hash\n  from unnest(:deviceIds!::integer[], :contentHashes!::bytea[])\n    as given (device_id, content_hash)\n),\nlocked as (\n  select\n    device_states.device_id,\n    device_states.content_hash\n  from device_states\n  join given using (device_id, content_hash)\n  order by device_states.device_id\n  for no key update of device_states\n),\nverified as (\n  update device_states\n  set\n    verified_at = greatest(verified_at, date_trunc('milliseconds', now())),\n    verified_count = verified_count + 1\n  from locked\n  where\n    device_states.device_id = locked.device_id\n    and device_states.content_hash = locked.content_hash\n  returning device_states.device_id, device_states.configuration_id\n)\nselect\n  devices.id as device_id,\n  devices.device_type,\n  verified.configuration_id as \"verified_id?\"\nfrom given\njoin devices on devices.id = given.device_id\nleft join verified on verified.device_id = given.device_id"};

/**
 * Notes of devices that they were read just now and sent their latest text
 * again; the arrays go together by position, a device stands there once.
 * Returns each device that exists with its type, and the id of its latest
 * version where it is that text.
 * Writes device_states.
 *
 * ```sql
 * with given as (
 *   select device_id, content_hash
 *   from unnest(:deviceIds!::integer[], :contentHashes!::bytea[])
 *     as given (device_id, content_hash)
 * ),
 * -- In one order, so that two who verify the same devices wait, and no more.
 * locked as (
 *   select
 *     device_states.device_id,
 *     device_states.content_hash
 *   from device_states
 *   join given using (device_id, content_hash)
 *   order by device_states.device_id
 *   for no key update of device_states
 * ),
 * verified as (
 *   update device_states
 *   set
 *     verified_at = greatest(verified_at, date_trunc('milliseconds', now())),
 *     verified_count = verified_count + 1
 *   from locked
 *   where
 *     device_states.device_id = locked.device_id
 *     and device_states.content_hash = locked.content_hash
 *   returning device_states.device_id, device_states.configuration_id
 * )
 * select
 *   devices.id as device_id,
 *   devices.device_type,
 *   verified.configuration_id as "verified_id?"
 * from given
 * join devices on devices.id = given.device_id
 * left join verified on verified.device_id = given.device_id
 * ```
 */
export const configVerifyMany: Query<ConfigVerifyManyParams, ConfigVerifyManyResult> = new Query("ConfigVerifyMany", configVerifyManyIR);

/** Parameters of `ConfigBaseList`. */
export interface ConfigBaseListParams {
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  endMarkers: readonly string[];
  flappingSeconds: number;
  lastLines: readonly string[];
}

/** A row of `ConfigBaseList`. */
export interface ConfigBaseListResult {
  changes: Uint8Array[];
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  deviceId: number;
  ended: boolean | null;
  /** Identity of the version. */
  id: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  returns: number;
  /** How many bytes the device sent. */
  size: number | null;
  versionIds: number[];
}

const configBaseListIR: QueryIR = {"usedParamSet":{"flappingSeconds":true,"deviceIds":true,"contentHashes":true,"lastLines":true,"endMarkers":true},"params":[{"name":"flappingSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":754,"b":770}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":879,"b":889}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":907,"b":921}]},{"name":"lastLines","required":true,"transform":{"type":"scalar"},"locs":[{"a":937,"b":947}]},{"name":"endMarkers","required":true,"transform":{"type":"scalar"},"locs":[{"a":962,"b":973}]}],"statement":"select\n  given.device_id as \"device_id!\",\n  latest.id as \"id?\",\n  latest.size as \"size?\",\n  latest.config_data,\n  latest.raw,\n  latest.packed,\n  array(\n    select version.id\n    from device_configurations as version\n    where version.device_id = given.device_id\n    order by version.retrieved_at, version.id\n  ) as \"version_ids!\",\n  array(\n    select version.changes\n    from device_configurations as version\n    where version.device_id = given.device_id\n    order by version.retrieved_at, version.id\n  ) as \"changes!\",\n  given.last_line ~ given.end_marker as \"ended?\",\n  (\n    select count(*)\n    from device_configurations as former\n    where\n      former.device_id = given.device_id\n      and former.retrieved_at\n      > now() - make_interval(secs => :flappingSeconds!::integer)\n      and former.content_hash = given.content_hash\n  )::integer as \"returns!\"\nfrom\n  unnest(\n    :deviceIds!::integer[],\n    :contentHashes!::bytea[],\n    :lastLines!::text[],\n    :endMarkers!::text[]\n  ) as given (device_id, content_hash, last_line, end_marker)\n  left join device_states on device_states.device_id = given.device_id\n  left join device_configurations as latest\n    on latest.id = device_states.configuration_id"};

/**
 * What must be known of devices before their next version is stored; the arrays
 * go together by position. Only for a transaction that holds their states.
 * Tells of the latest version its text, and what each version changed; of what
 * came whether its last line is an end, and how often the same text came back
 * within the seconds.
 * Reads.
 *
 * ```sql
 * select
 *   given.device_id as "device_id!",
 *   latest.id as "id?",
 *   latest.size as "size?",
 *   latest.config_data,
 *   latest.raw,
 *   latest.packed,
 *   array(
 *     select version.id
 *     from device_configurations as version
 *     where version.device_id = given.device_id
 *     order by version.retrieved_at, version.id
 *   ) as "version_ids!",
 *   array(
 *     select version.changes
 *     from device_configurations as version
 *     where version.device_id = given.device_id
 *     order by version.retrieved_at, version.id
 *   ) as "changes!",
 *   given.last_line ~ given.end_marker as "ended?",
 *   (
 *     select count(*)
 *     from device_configurations as former
 *     where
 *       former.device_id = given.device_id
 *       and former.retrieved_at
 *       > now() - make_interval(secs => :flappingSeconds!::integer)
 *       and former.content_hash = given.content_hash
 *   )::integer as "returns!"
 * from
 *   unnest(
 *     :deviceIds!::integer[],
 *     :contentHashes!::bytea[],
 *     :lastLines!::text[],
 *     :endMarkers!::text[]
 *   ) as given (device_id, content_hash, last_line, end_marker)
 *   left join device_states on device_states.device_id = given.device_id
 *   left join device_configurations as latest
 *     on latest.id = device_states.configuration_id
 * ```
 */
export const configBaseList: Query<ConfigBaseListParams, ConfigBaseListResult> = new Query("ConfigBaseList", configBaseListIR, { packed: true, reads: true });

/** Parameters of `ConfigNoiseList`. */
export interface ConfigNoiseListParams {
  deviceIds: readonly number[];
  noises: readonly string[];
  textsAfter: readonly string[];
  textsBefore: readonly string[];
}

/** A row of `ConfigNoiseList`. */
export interface ConfigNoiseListResult {
  deviceId: number;
}

const configNoiseListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"textsBefore":true,"textsAfter":true,"noises":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":58,"b":68}]},{"name":"textsBefore","required":true,"transform":{"type":"scalar"},"locs":[{"a":86,"b":98}]},{"name":"textsAfter","required":true,"transform":{"type":"scalar"},"locs":[{"a":113,"b":124}]},{"name":"noises","required":true,"transform":{"type":"scalar"},"locs":[{"a":139,"b":146}]}],"statement":"select given.device_id as \"device_id!\"\nfrom\n  unnest(\n    :deviceIds!::integer[],\n    :textsBefore!::text[],\n    :textsAfter!::text[],\n    :noises!::text[]\n  ) as given (device_id, text_before, text_after, noise)\nwhere\n  array(\n    select line\n    from string_to_table(given.text_before, chr(10))\n      with ordinality as lines (line, place)\n    where rtrim(line, chr(13)) !~ given.noise\n    order by place\n  )\n  = array(\n    select line\n    from string_to_table(given.text_after, chr(10))\n      with ordinality as lines (line, place)\n    where rtrim(line, chr(13)) !~ given.noise\n    order by place\n  )"};

/**
 * Devices whose text after differs from that before in nothing but lines that
 * the pattern of noise matches; the arrays go together by position.
 * Reads.
 *
 * ```sql
 * select given.device_id as "device_id!"
 * from
 *   unnest(
 *     :deviceIds!::integer[],
 *     :textsBefore!::text[],
 *     :textsAfter!::text[],
 *     :noises!::text[]
 *   ) as given (device_id, text_before, text_after, noise)
 * where
 *   array(
 *     select line
 *     from string_to_table(given.text_before, chr(10))
 *       with ordinality as lines (line, place)
 *     where rtrim(line, chr(13)) !~ given.noise
 *     order by place
 *   )
 *   = array(
 *     select line
 *     from string_to_table(given.text_after, chr(10))
 *       with ordinality as lines (line, place)
 *     where rtrim(line, chr(13)) !~ given.noise
 *     order by place
 *   )
 * ```
 */
export const configNoiseList: Query<ConfigNoiseListParams, ConfigNoiseListResult> = new Query("ConfigNoiseList", configNoiseListIR, { reads: true });

/** Parameters of `ConfigInsert`. */
export interface ConfigInsertParams {
  added: readonly number[];
  changes: readonly Uint8Array[];
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  endDeviceIds: readonly number[];
  endIds: readonly number[];
  endNumbers: readonly string[];
  ids: readonly number[];
  lineNumbers: readonly string[];
  lineTexts: readonly string[];
  metadatas: readonly Json[];
  packed: readonly Uint8Array[];
  partDeviceIds: readonly number[];
  partNumbers: readonly number[];
  removed: readonly number[];
  retrievedAts: readonly Date[];
  sizes: readonly number[];
  verifiedAts: readonly Date[];
  verifiedCounts: readonly number[];
}

/** A row of `ConfigInsert`. */
export interface ConfigInsertResult {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configInsertIR: QueryIR = {"usedParamSet":{"deviceIds":true,"ids":true,"packed":true,"sizes":true,"contentHashes":true,"metadatas":true,"retrievedAts":true,"verifiedAts":true,"verifiedCounts":true,"changes":true,"added":true,"removed":true,"partDeviceIds":true,"partNumbers":true,"lineNumbers":true,"lineTexts":true,"endDeviceIds":true,"endIds":true,"endNumbers":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":52,"b":62}]},{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":82,"b":86}]},{"name":"packed","required":true,"transform":{"type":"scalar"},"locs":[{"a":105,"b":112}]},{"name":"sizes","required":true,"transform":{"type":"scalar"},"locs":[{"a":130,"b":136}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":156,"b":170}]},{"name":"metadatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":188,"b":198}]},{"name":"retrievedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":216,"b":229}]},{"name":"verifiedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":253,"b":265}]},{"name":"verifiedCounts","required":true,"transform":{"type":"scalar"},"locs":[{"a":289,"b":304}]},{"name":"changes","required":true,"transform":{"type":"scalar"},"locs":[{"a":324,"b":332}]},{"name":"added","required":true,"transform":{"type":"scalar"},"locs":[{"a":350,"b":356}]},{"name":"removed","required":true,"transform":{"type":"scalar"},"locs":[{"a":376,"b":384}]},{"name":"partDeviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":3039,"b":3053}]},{"name":"partNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":3073,"b":3085}]},{"name":"lineNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":3105,"b":3117}]},{"name":"lineTexts","required":true,"transform":{"type":"scalar"},"locs":[{"a":3134,"b":3144}]},{"name":"endDeviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":3478,"b":3491}]},{"name":"endIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":3511,"b":3518}]},{"name":"endNumbers","required":true,"transform":{"type":"scalar"},"locs":[{"a":3537,"b":3548}]}],"statement":"with given as (\n  select *\n  from\n    unnest(\n      :deviceIds!::integer[],\n      :ids!::bigint[],\n      :packed!::bytea[],\n      :sizes!::integer[],\n      :contentHashes!::bytea[],\n      :metadatas!::jsonb[],\n      :retrievedAts!::timestamptz[],\n      :verifiedAts!::timestamptz[],\n      :verifiedCounts!::integer[],\n      :changes!::bytea[],\n      :added!::integer[],\n      :removed!::integer[]\n    ) as given (\n      device_id,\n      id,\n      packed,\n      size,\n      content_hash,\n      metadata,\n      retrieved_at,\n      verified_at,\n      verified_count,\n      changes,\n      added,\n      removed\n    )\n),\nlatest as (\n  select\n    device_states.device_id,\n    device_states.configuration_id,\n    device_states.verified_at,\n    device_states.verified_count,\n    coalesce(\n      given.retrieved_at,\n      greatest(\n        device_states.retrieved_at,\n        date_trunc('milliseconds', now())\n      )\n    ) as next_at\n  from device_states\n  join given on given.device_id = device_states.device_id\n  where\n    given.retrieved_at is null\n    or device_states.retrieved_at is null\n    or device_states.retrieved_at <= given.retrieved_at\n),\nsuperseded as (\n  update device_configurations\n  set\n    verified_at = latest.verified_at,\n    verified_count = latest.verified_count,\n    valid_until = latest.next_at\n  from latest\n  where device_configurations.id = latest.configuration_id\n  returning device_configurations.device_id\n),\ninserted as (\n  insert into device_configurations (\n    id,\n    device_id,\n    packed,\n    size,\n    content_hash,\n    metadata,\n    retrieved_at,\n    verified_at,\n    previous_id,\n    added,\n    removed,\n    changes\n  )\n  overriding system value\n  select\n    coalesce(given.id, nextval('device_configurations_id_seq')),\n    latest.device_id,\n    given.packed,\n    given.size,\n    given.content_hash,\n    coalesce(given.metadata, '{}'),\n    latest.next_at,\n    coalesce(given.verified_at, latest.next_at),\n    latest.configuration_id,\n    given.added,\n    given.removed,\n    given.changes\n  from latest\n  join given on given.device_id = latest.device_id\n  left join superseded on superseded.device_id = latest.device_id\n  returning\n    id, device_id, content_hash, retrieved_at, verified_at, previous_id\n),\nmoved as (\n  update device_states\n  set\n    content_hash = inserted.content_hash,\n    configuration_id = inserted.id,\n    retrieved_at = inserted.retrieved_at,\n    verified_at = inserted.verified_at,\n    verified_count = coalesce(given.verified_count, 1)\n  from inserted\n  join given on given.device_id = inserted.device_id\n  where device_states.device_id = inserted.device_id\n),\nfreed as (\n  delete from config_quarantine\n  using inserted\n  where\n    config_quarantine.device_id = inserted.device_id\n    and config_quarantine.content_hash = inserted.content_hash\n),\nbegun as (\n  insert into config_lines\n    (device_id, configuration_id, part, numbers, lines)\n  select\n    inserted.device_id,\n    inserted.id,\n    come.part,\n    come.numbers::int4multirange,\n    come.lines\n  from\n    unnest(\n      :partDeviceIds!::integer[],\n      :partNumbers!::integer[],\n      :lineNumbers!::text[],\n      :lineTexts!::text[]\n    ) as come (device_id, part, numbers, lines)\n    join inserted on inserted.device_id = come.device_id\n),\nended as (\n  insert into config_line_ends\n    (device_id, configuration_id, ended_by, numbers)\n  select\n    inserted.device_id,\n    gone.id,\n    inserted.id,\n    gone.numbers::int4multirange\n  from\n    unnest(\n      :endDeviceIds!::integer[],\n      :endIds!::bigint[],\n      :endNumbers!::text[]\n    ) as gone (device_id, id, numbers)\n    join inserted on inserted.device_id = gone.device_id\n)\nselect\n  id,\n  device_id,\n  retrieved_at,\n  previous_id\nfrom inserted"};

/**
 * Stores new latest versions with their index; the arrays go together by
 * position, a device stands there once. Sets for good when the versions before
 * them were last verified, and moves the states on to the new ones. What was in
 * quarantine with the same text is there no more. Only for a transaction that
 * holds the states and found another hash there.
 * The time is now, or that of the version before if that is later: the
 * transaction may have begun before the other one committed. For an import it
 * may be given; versions come oldest first then, and no row comes back for one
 * that is older than the latest.
 * Writes device_configurations, device_states, config_quarantine, config_lines,
 * config_line_ends.
 *
 * ```sql
 * with given as (
 *   select *
 *   from
 *     unnest(
 *       :deviceIds!::integer[],
 *       :ids!::bigint[],
 *       :packed!::bytea[],
 *       :sizes!::integer[],
 *       :contentHashes!::bytea[],
 *       :metadatas!::jsonb[],
 *       :retrievedAts!::timestamptz[],
 *       :verifiedAts!::timestamptz[],
 *       :verifiedCounts!::integer[],
 *       :changes!::bytea[],
 *       :added!::integer[],
 *       :removed!::integer[]
 *     ) as given (
 *       device_id,
 *       id,
 *       packed,
 *       size,
 *       content_hash,
 *       metadata,
 *       retrieved_at,
 *       verified_at,
 *       verified_count,
 *       changes,
 *       added,
 *       removed
 *     )
 * ),
 * latest as (
 *   select
 *     device_states.device_id,
 *     device_states.configuration_id,
 *     device_states.verified_at,
 *     device_states.verified_count,
 *     coalesce(
 *       given.retrieved_at,
 *       greatest(
 *         device_states.retrieved_at,
 *         date_trunc('milliseconds', now())
 *       )
 *     ) as next_at
 *   from device_states
 *   join given on given.device_id = device_states.device_id
 *   where
 *     given.retrieved_at is null
 *     or device_states.retrieved_at is null
 *     or device_states.retrieved_at <= given.retrieved_at
 * ),
 * superseded as (
 *   update device_configurations
 *   set
 *     verified_at = latest.verified_at,
 *     verified_count = latest.verified_count,
 *     valid_until = latest.next_at
 *   from latest
 *   where device_configurations.id = latest.configuration_id
 *   returning device_configurations.device_id
 * ),
 * inserted as (
 *   insert into device_configurations (
 *     id,
 *     device_id,
 *     packed,
 *     size,
 *     content_hash,
 *     metadata,
 *     retrieved_at,
 *     verified_at,
 *     previous_id,
 *     added,
 *     removed,
 *     changes
 *   )
 *   overriding system value
 *   select
 *     coalesce(given.id, nextval('device_configurations_id_seq')),
 *     latest.device_id,
 *     given.packed,
 *     given.size,
 *     given.content_hash,
 *     coalesce(given.metadata, '{}'),
 *     latest.next_at,
 *     coalesce(given.verified_at, latest.next_at),
 *     latest.configuration_id,
 *     given.added,
 *     given.removed,
 *     given.changes
 *   from latest
 *   join given on given.device_id = latest.device_id
 *   -- Only after the version before has ended: they must not overlap.
 *   left join superseded on superseded.device_id = latest.device_id
 *   returning
 *     id, device_id, content_hash, retrieved_at, verified_at, previous_id
 * ),
 * moved as (
 *   update device_states
 *   set
 *     content_hash = inserted.content_hash,
 *     configuration_id = inserted.id,
 *     retrieved_at = inserted.retrieved_at,
 *     verified_at = inserted.verified_at,
 *     verified_count = coalesce(given.verified_count, 1)
 *   from inserted
 *   join given on given.device_id = inserted.device_id
 *   where device_states.device_id = inserted.device_id
 * ),
 * freed as (
 *   delete from config_quarantine
 *   using inserted
 *   where
 *     config_quarantine.device_id = inserted.device_id
 *     and config_quarantine.content_hash = inserted.content_hash
 * ),
 * begun as (
 *   insert into config_lines
 *     (device_id, configuration_id, part, numbers, lines)
 *   select
 *     inserted.device_id,
 *     inserted.id,
 *     come.part,
 *     come.numbers::int4multirange,
 *     come.lines
 *   from
 *     unnest(
 *       :partDeviceIds!::integer[],
 *       :partNumbers!::integer[],
 *       :lineNumbers!::text[],
 *       :lineTexts!::text[]
 *     ) as come (device_id, part, numbers, lines)
 *     join inserted on inserted.device_id = come.device_id
 * ),
 * ended as (
 *   insert into config_line_ends
 *     (device_id, configuration_id, ended_by, numbers)
 *   select
 *     inserted.device_id,
 *     gone.id,
 *     inserted.id,
 *     gone.numbers::int4multirange
 *   from
 *     unnest(
 *       :endDeviceIds!::integer[],
 *       :endIds!::bigint[],
 *       :endNumbers!::text[]
 *     ) as gone (device_id, id, numbers)
 *     join inserted on inserted.device_id = gone.device_id
 * )
 * select
 *   id,
 *   device_id,
 *   retrieved_at,
 *   previous_id
 * from inserted
 * ```
 */
export const configInsert: Query<ConfigInsertParams, ConfigInsertResult> = new Query("ConfigInsert", configInsertIR);

/** Parameters of `ConfigGet`. */
export interface ConfigGetParams {
  id: number;
}

/** A row of `ConfigGet`. */
export interface ConfigGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":843,"b":846}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw,\n  device_configurations.packed\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere device_configurations.id = :id!"};

/**
 * One version with its text.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw,
 *   device_configurations.packed
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where device_configurations.id = :id!
 * ```
 */
export const configGet: Query<ConfigGetParams, ConfigGetResult> = new Query("ConfigGet", configGetIR, { packed: true, reads: true });

/** Parameters of `ConfigPairGet`. */
export interface ConfigPairGetParams {
  idA: number;
  idB: number;
}

/** A row of `ConfigPairGet`. */
export interface ConfigPairGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configPairGetIR: QueryIR = {"usedParamSet":{"idA":true,"idB":true},"params":[{"name":"idA","required":true,"transform":{"type":"scalar"},"locs":[{"a":650,"b":654}]},{"name":"idB","required":true,"transform":{"type":"scalar"},"locs":[{"a":665,"b":669}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw,\n  device_configurations.packed\nfrom unnest(array[:idA!::bigint, :idB!::bigint])\n  with ordinality as wanted (id, place)\njoin device_configurations on device_configurations.id = wanted.id\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\norder by wanted.place"};

/**
 * Two versions with their texts, in the order asked for.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw,
 *   device_configurations.packed
 * from unnest(array[:idA!::bigint, :idB!::bigint])
 *   with ordinality as wanted (id, place)
 * join device_configurations on device_configurations.id = wanted.id
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * order by wanted.place
 * ```
 */
export const configPairGet: Query<ConfigPairGetParams, ConfigPairGetResult> = new Query("ConfigPairGet", configPairGetIR, { packed: true, reads: true });

/** Parameters of `ConfigLatestGet`. */
export interface ConfigLatestGetParams {
  deviceId: number;
}

/** A row of `ConfigLatestGet`. */
export interface ConfigLatestGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date;
  /** How often the latest configuration was read; 0 before the first. */
  verifiedCount: number;
}

const configLatestGetIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":656,"b":665}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  device_states.verified_at as \"verified_at!\",\n  device_states.verified_count as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw,\n  device_configurations.packed\nfrom device_states\njoin device_configurations\n  on device_configurations.id = device_states.configuration_id\nwhere device_states.device_id = :deviceId!"};

/**
 * The latest version of a device, with its text.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   device_states.verified_at as "verified_at!",
 *   device_states.verified_count as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw,
 *   device_configurations.packed
 * from device_states
 * join device_configurations
 *   on device_configurations.id = device_states.configuration_id
 * where device_states.device_id = :deviceId!
 * ```
 */
export const configLatestGet: Query<ConfigLatestGetParams, ConfigLatestGetResult> = new Query("ConfigLatestGet", configLatestGetIR, { packed: true, reads: true });

/** Parameters of `ConfigAsOfGet`. */
export interface ConfigAsOfGetParams {
  at: Date;
  deviceId: number;
}

/** A row of `ConfigAsOfGet`. */
export interface ConfigAsOfGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configAsOfGetIR: QueryIR = {"usedParamSet":{"deviceId":true,"at":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":852,"b":861}]},{"name":"at","required":true,"transform":{"type":"scalar"},"locs":[{"a":907,"b":910}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw,\n  device_configurations.packed\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere\n  device_configurations.device_id = :deviceId!\n  and device_configurations.retrieved_at <= :at!\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit 1"};

/**
 * The version of a device that was valid at a time, with its text; no row if
 * its first one is later.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw,
 *   device_configurations.packed
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where
 *   device_configurations.device_id = :deviceId!
 *   and device_configurations.retrieved_at <= :at!
 * order by
 *   device_configurations.retrieved_at desc,
 *   device_configurations.id desc
 * limit 1
 * ```
 */
export const configAsOfGet: Query<ConfigAsOfGetParams, ConfigAsOfGetResult> = new Query("ConfigAsOfGet", configAsOfGetIR, { packed: true, reads: true });

/** Parameters of `ConfigAsOfList`. */
export interface ConfigAsOfListParams {
  afterDeviceId?: number | null | undefined;
  at: Date;
  limit: number;
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `ConfigAsOfList`. */
export interface ConfigAsOfListResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
}

const configAsOfListIR: QueryIR = {"usedParamSet":{"at":true,"afterDeviceId":true,"tagNames":true,"limit":true},"params":[{"name":"at","required":true,"transform":{"type":"scalar"},"locs":[{"a":782,"b":785}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":943,"b":956}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":983,"b":991},{"a":1179,"b":1187}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1239,"b":1245}]}],"statement":"select\n  version.id,\n  version.device_id,\n  devices.hostname,\n  version.retrieved_at,\n  case\n    when version.id = device_states.configuration_id\n      then device_states.verified_at\n    else version.verified_at\n  end as \"verified_at!\",\n  version.valid_until,\n  version.content_hash,\n  version.metadata,\n  version.previous_id,\n  version.added,\n  version.removed,\n  version.size\nfrom device_states\njoin devices on devices.id = device_states.device_id\ncross join lateral (\n  select\n    id,\n    device_id,\n    retrieved_at,\n    verified_at,\n    valid_until,\n    content_hash,\n    metadata,\n    previous_id,\n    added,\n    removed,\n    size\n  from device_configurations\n  where\n    device_configurations.device_id = device_states.device_id\n    and device_configurations.retrieved_at <= :at!\n  order by\n    device_configurations.retrieved_at desc,\n    device_configurations.id desc\n  limit 1\n) as version\nwhere\n  device_states.device_id > coalesce(:afterDeviceId::integer, 0)\n  and (\n    :tagNames::text[] is null\n    or device_states.device_id in (\n      select device_tags.device_id\n      from device_tags\n      join tags on tags.id = device_tags.tag_id\n      where tags.name = any(:tagNames)\n    )\n  )\norder by device_states.device_id\nlimit :limit!::integer"};

/**
 * What was valid at a time over the fleet, by device, without the texts; size in
 * bytes: of all devices, or of those with one of the tags. A version whose
 * valid_until is before that time is the last known of a time whose versions
 * were pruned.
 * Reads.
 *
 * ```sql
 * select
 *   version.id,
 *   version.device_id,
 *   devices.hostname,
 *   version.retrieved_at,
 *   case
 *     when version.id = device_states.configuration_id
 *       then device_states.verified_at
 *     else version.verified_at
 *   end as "verified_at!",
 *   version.valid_until,
 *   version.content_hash,
 *   version.metadata,
 *   version.previous_id,
 *   version.added,
 *   version.removed,
 *   version.size
 * from device_states
 * join devices on devices.id = device_states.device_id
 * cross join lateral (
 *   select
 *     id,
 *     device_id,
 *     retrieved_at,
 *     verified_at,
 *     valid_until,
 *     content_hash,
 *     metadata,
 *     previous_id,
 *     added,
 *     removed,
 *     size
 *   from device_configurations
 *   where
 *     device_configurations.device_id = device_states.device_id
 *     and device_configurations.retrieved_at <= :at!
 *   order by
 *     device_configurations.retrieved_at desc,
 *     device_configurations.id desc
 *   limit 1
 * ) as version
 * where
 *   device_states.device_id > coalesce(:afterDeviceId::integer, 0)
 *   and (
 *     :tagNames::text[] is null
 *     or device_states.device_id in (
 *       select device_tags.device_id
 *       from device_tags
 *       join tags on tags.id = device_tags.tag_id
 *       where tags.name = any(:tagNames)
 *     )
 *   )
 * order by device_states.device_id
 * limit :limit!::integer
 * ```
 */
export const configAsOfList: Query<ConfigAsOfListParams, ConfigAsOfListResult> = new Query("ConfigAsOfList", configAsOfListIR, { reads: true });

/** Parameters of `ConfigLatestList`. */
export interface ConfigLatestListParams {
  afterDeviceId?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  limit: number;
}

/** A row of `ConfigLatestList`. */
export interface ConfigLatestListResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date;
  /** How often the latest configuration was read; 0 before the first. */
  verifiedCount: number;
}

const configLatestListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterDeviceId":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":570,"b":579},{"a":637,"b":646}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":694,"b":707}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":761,"b":767}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  device_states.verified_at as \"verified_at!\",\n  device_states.verified_count as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.size\nfrom device_states\njoin device_configurations\n  on device_configurations.id = device_states.configuration_id\nwhere\n  (\n    :deviceIds::integer[] is null\n    or device_states.device_id = any(:deviceIds)\n  )\n  and device_states.device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_states.device_id\nlimit :limit!::integer"};

/**
 * The latest versions of the devices without their text, by device; size in
 * bytes. Without device ids: of all.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   device_states.verified_at as "verified_at!",
 *   device_states.verified_count as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.size
 * from device_states
 * join device_configurations
 *   on device_configurations.id = device_states.configuration_id
 * where
 *   (
 *     :deviceIds::integer[] is null
 *     or device_states.device_id = any(:deviceIds)
 *   )
 *   and device_states.device_id > coalesce(:afterDeviceId::integer, 0)
 * order by device_states.device_id
 * limit :limit!::integer
 * ```
 */
export const configLatestList: Query<ConfigLatestListParams, ConfigLatestListResult> = new Query("ConfigLatestList", configLatestListIR, { reads: true });

/** Parameters of `ConfigHistoryList`. */
export interface ConfigHistoryListParams {
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `ConfigHistoryList`. */
export interface ConfigHistoryListResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configHistoryListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":784,"b":793}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":883,"b":899}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":941,"b":948}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1074,"b":1080}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.size\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere\n  device_configurations.device_id = :deviceId!\n  and (device_configurations.retrieved_at, device_configurations.id)\n  < (\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit :limit!::integer"};

/**
 * The versions of a device without their text, newest first; size in bytes.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.size
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where
 *   device_configurations.device_id = :deviceId!
 *   and (device_configurations.retrieved_at, device_configurations.id)
 *   < (
 *     coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by
 *   device_configurations.retrieved_at desc,
 *   device_configurations.id desc
 * limit :limit!::integer
 * ```
 */
export const configHistoryList: Query<ConfigHistoryListParams, ConfigHistoryListResult> = new Query("ConfigHistoryList", configHistoryListIR, { reads: true });

/** Parameters of `ConfigPreviousGet`. */
export interface ConfigPreviousGetParams {
  id: number;
}

/** A row of `ConfigPreviousGet`. */
export interface ConfigPreviousGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configPreviousGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":852,"b":855}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.size\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\njoin device_configurations as given\n  on given.device_id = device_configurations.device_id\nwhere\n  given.id = :id!\n  and (device_configurations.retrieved_at, device_configurations.id)\n  < (given.retrieved_at, given.id)\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit 1"};

/**
 * The version before one, without its text; no row for the first.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.size
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * join device_configurations as given
 *   on given.device_id = device_configurations.device_id
 * where
 *   given.id = :id!
 *   and (device_configurations.retrieved_at, device_configurations.id)
 *   < (given.retrieved_at, given.id)
 * order by
 *   device_configurations.retrieved_at desc,
 *   device_configurations.id desc
 * limit 1
 * ```
 */
export const configPreviousGet: Query<ConfigPreviousGetParams, ConfigPreviousGetResult> = new Query("ConfigPreviousGet", configPreviousGetIR, { reads: true });

/** Parameters of `ConfigNextGet`. */
export interface ConfigNextGetParams {
  id: number;
}

/** A row of `ConfigNextGet`. */
export interface ConfigNextGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configNextGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":852,"b":855}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  coalesce(\n    device_states.verified_count,\n    device_configurations.verified_count\n  ) as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.size\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\njoin device_configurations as given\n  on given.device_id = device_configurations.device_id\nwhere\n  given.id = :id!\n  and (device_configurations.retrieved_at, device_configurations.id)\n  > (given.retrieved_at, given.id)\norder by\n  device_configurations.retrieved_at,\n  device_configurations.id\nlimit 1"};

/**
 * The version after one, without its text; no row for the latest.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   coalesce(
 *     device_states.verified_count,
 *     device_configurations.verified_count
 *   ) as "verified_count!",
 *   device_configurations.valid_until,
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.size
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * join device_configurations as given
 *   on given.device_id = device_configurations.device_id
 * where
 *   given.id = :id!
 *   and (device_configurations.retrieved_at, device_configurations.id)
 *   > (given.retrieved_at, given.id)
 * order by
 *   device_configurations.retrieved_at,
 *   device_configurations.id
 * limit 1
 * ```
 */
export const configNextGet: Query<ConfigNextGetParams, ConfigNextGetResult> = new Query("ConfigNextGet", configNextGetIR, { reads: true });

/** Parameters of `ConfigBlameGet`. */
export interface ConfigBlameGetParams {
  id: number;
}

/** A row of `ConfigBlameGet`. */
export interface ConfigBlameGetResult {
  changes: Uint8Array[];
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
  versionIds: number[];
}

const configBlameGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":735,"b":738}]}],"statement":"select\n  blamed.id,\n  blamed.device_id,\n  blamed.retrieved_at,\n  blamed.config_data,\n  blamed.raw,\n  blamed.packed,\n  array(\n    select version.id\n    from device_configurations as version\n    where\n      version.device_id = blamed.device_id\n      and (version.retrieved_at, version.id)\n      <= (blamed.retrieved_at, blamed.id)\n    order by version.retrieved_at, version.id\n  ) as \"version_ids!\",\n  array(\n    select version.changes\n    from device_configurations as version\n    where\n      version.device_id = blamed.device_id\n      and (version.retrieved_at, version.id)\n      <= (blamed.retrieved_at, blamed.id)\n    order by version.retrieved_at, version.id\n  ) as \"changes!\"\nfrom device_configurations as blamed\nwhere blamed.id = :id!"};

/**
 * A version with its text, and the versions of its device up to it, oldest
 * first, with what each changed: src/blame.ts finds in it where lines came in.
 * Reads.
 *
 * ```sql
 * select
 *   blamed.id,
 *   blamed.device_id,
 *   blamed.retrieved_at,
 *   blamed.config_data,
 *   blamed.raw,
 *   blamed.packed,
 *   array(
 *     select version.id
 *     from device_configurations as version
 *     where
 *       version.device_id = blamed.device_id
 *       and (version.retrieved_at, version.id)
 *       <= (blamed.retrieved_at, blamed.id)
 *     order by version.retrieved_at, version.id
 *   ) as "version_ids!",
 *   array(
 *     select version.changes
 *     from device_configurations as version
 *     where
 *       version.device_id = blamed.device_id
 *       and (version.retrieved_at, version.id)
 *       <= (blamed.retrieved_at, blamed.id)
 *     order by version.retrieved_at, version.id
 *   ) as "changes!"
 * from device_configurations as blamed
 * where blamed.id = :id!
 * ```
 */
export const configBlameGet: Query<ConfigBlameGetParams, ConfigBlameGetResult> = new Query("ConfigBlameGet", configBlameGetIR, { packed: true, reads: true });

/** Parameters of `ConfigTimeList`. */
export interface ConfigTimeListParams {
  ids: readonly number[];
}

/** A row of `ConfigTimeList`. */
export interface ConfigTimeListResult {
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configTimeListIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":66,"b":70}]}],"statement":"select id, retrieved_at\nfrom device_configurations\nwhere id = any(:ids!::bigint[])\norder by id"};

/**
 * When versions were first read, by id.
 * Reads.
 *
 * ```sql
 * select id, retrieved_at
 * from device_configurations
 * where id = any(:ids!::bigint[])
 * order by id
 * ```
 */
export const configTimeList: Query<ConfigTimeListParams, ConfigTimeListResult> = new Query("ConfigTimeList", configTimeListIR, { reads: true });

/** Parameters of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteParams {
  id: number;
}

/** A row of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteResult {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configVersionDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":45,"b":48}]}],"statement":"delete from device_configurations\nwhere id = :id!\nreturning id, device_id, retrieved_at"};

/**
 * Deletes a version; configDelete mends the index of lines as well. The latest
 * one stays while its device does: to delete it breaks
 * device_states_device_id_configuration_id_fkey.
 * Writes device_configurations.
 *
 * ```sql
 * delete from device_configurations
 * where id = :id!
 * returning id, device_id, retrieved_at
 * ```
 */
export const configVersionDelete: Query<ConfigVersionDeleteParams, ConfigVersionDeleteResult> = new Query("ConfigVersionDelete", configVersionDeleteIR);
