// Generated from queries/devices.sql by make generate. Do not edit.
/**
 * Devices are the systems that NetRaven backs up. Each row includes the names
 * of its tags.
 *
 * @module
 */
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";
import type { JobStatus } from "./jobs.ts";

/** Parameters of `DeviceInsert`. */
export interface DeviceInsertParams {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** Tags that do not exist are created. */
  tagNames?: readonly string[] | null | undefined;
}

/**
 * A row of `DeviceInsert`, `DeviceGet`, `DeviceGetByHostname`, `DeviceGetByIpAddress`,
 * `DeviceGetMany`, `DeviceListByTag`, `DeviceListWithoutCredential`, `DeviceUpdate`.
 */
export interface Device {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
  /** Names of its tags, sorted. */
  tags: string[];
}

const deviceInsertIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"tagNames":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":96}]},{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"deviceType","required":true,"transform":{"type":"scalar"},"locs":[{"a":112,"b":123}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":223,"b":231}]}],"statement":"with inserted as (\n  insert into devices (hostname, ip_address, device_type)\n  values (:hostname!, :ipAddress!, :deviceType!)\n  returning id, hostname, ip_address, device_type, last_seen\n),\nwanted as (\n  select tags_ensure(:tagNames::text[]) as tag\n  from inserted\n),\ntagged as (\n  insert into device_tags (device_id, tag_id)\n  select\n    inserted.id,\n    (wanted.tag).id\n  from inserted\n  cross join wanted\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  array(select (tag).name from wanted order by 1) as \"tags!\"\nfrom inserted"};

/**
 * Creates a device with its tags, creating tags that do not exist. A hostname
 * or address that is taken violates devices_hostname_key or
 * devices_ip_address_key.
 * Writes devices, tags, device_tags.
 */
export const deviceInsert: Query<DeviceInsertParams, Device> = new Query("DeviceInsert", deviceInsertIR);

/** Parameters of `DeviceInsertMany`. */
export interface DeviceInsertManyParams {
  deviceTypes: readonly string[];
  hostnames: readonly string[];
  ipAddresses: readonly string[];
  /** JSON array with an array of names, or null, for each device. */
  tagNames?: Json | null | undefined;
}

/** A row of `DeviceInsertMany`. */
export interface DeviceInsertManyRow {
  id: number | null;
  /** Position in the input, from 0. */
  index: number;
  outcome: "created" | "duplicate";
}

const deviceInsertManyIR: QueryIR = {"usedParamSet":{"hostnames":true,"ipAddresses":true,"deviceTypes":true,"tagNames":true},"params":[{"name":"hostnames","required":true,"transform":{"type":"scalar"},"locs":[{"a":205,"b":215}]},{"name":"ipAddresses","required":true,"transform":{"type":"scalar"},"locs":[{"a":230,"b":242}]},{"name":"deviceTypes","required":true,"transform":{"type":"scalar"},"locs":[{"a":265,"b":277}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":1057,"b":1065}]}],"statement":"with given as (\n  select\n    place::integer - 1 as index,\n    hostname,\n    ip_address,\n    device_type,\n    row_number() over (partition by hostname, ip_address order by place) as copy\n  from unnest(\n    :hostnames!::text[],\n    :ipAddresses!::text[]::inet[],\n    :deviceTypes!::text[]\n  ) with ordinality as given (hostname, ip_address, device_type, place)\n),\ninserted as (\n  insert into devices (hostname, ip_address, device_type)\n  select\n    hostname,\n    ip_address,\n    device_type\n  from given\n  order by hostname, index\n  on conflict do nothing\n  returning id, hostname, ip_address\n),\noutcomes as (\n  select\n    given.index,\n    given.hostname,\n    given.ip_address,\n    given.copy = 1 and inserted.id is not null as created,\n    max(inserted.id) over (partition by given.hostname) as hostname_id,\n    max(inserted.id) over (partition by given.ip_address) as address_id\n  from given\n  left join inserted using (hostname, ip_address)\n),\nlabels as (\n  select distinct\n    outcomes.hostname_id as device_id,\n    label.name\n  from jsonb_array_elements(:tagNames::jsonb)\n    with ordinality as list (names, place)\n  join outcomes on outcomes.index = list.place - 1\n  cross join jsonb_array_elements_text(nullif(list.names, 'null'))\n    as label (name)\n  where outcomes.created\n),\nwanted as (\n  select tags_ensure(array(select name from labels)) as tag\n),\ntagged as (\n  insert into device_tags (device_id, tag_id)\n  select\n    labels.device_id,\n    (wanted.tag).id\n  from labels\n  join wanted on (wanted.tag).name = labels.name\n)\nselect\n  outcomes.index as \"index!\",\n  case\n    when outcomes.created then 'created'\n    else 'duplicate'\n  end as \"outcome!\",\n  coalesce(\n    outcomes.hostname_id,\n    by_hostname.id,\n    outcomes.address_id,\n    by_address.id\n  ) as \"id?\"\nfrom outcomes\nleft join devices as by_hostname on by_hostname.hostname = outcomes.hostname\nleft join devices as by_address on by_address.ip_address = outcomes.ip_address\norder by outcomes.index"};

/**
 * Creates many devices and returns the outcome for each, in the given order.
 * Arrays are matched by position.
 * A device is a duplicate if its hostname or address is taken, in the table or
 * earlier in the input. A duplicate changes nothing. Its id is that of the
 * device with the hostname, else with the address, or null while the
 * transaction that took it is not visible.
 * Rows are inserted by hostname, so that concurrent calls cannot deadlock.
 * Writes devices, tags, device_tags.
 */
export const deviceInsertMany: Query<DeviceInsertManyParams, DeviceInsertManyRow> = new Query("DeviceInsertMany", deviceInsertManyIR);

/** Parameters of `DeviceUpsert`. */
export interface DeviceUpsertParams {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** Replaces its tags. Defaults to the current tags. */
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `DeviceUpsert`. */
export interface DeviceUpsertRow {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  /** Whether this call created the device. */
  inserted: boolean;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
  /** Names of its tags, sorted. */
  tags: string[];
}

const deviceUpsertIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"tagNames":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":96}]},{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"deviceType","required":true,"transform":{"type":"scalar"},"locs":[{"a":112,"b":123}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":385,"b":393},{"a":498,"b":506},{"a":928,"b":936}]}],"statement":"with upserted as (\n  insert into devices (hostname, ip_address, device_type)\n  values (:hostname!, :ipAddress!, :deviceType!)\n  on conflict (hostname) do update set\n    ip_address = excluded.ip_address,\n    device_type = excluded.device_type\n  returning\n    id,\n    hostname,\n    ip_address,\n    device_type,\n    last_seen,\n    xmax = 0 as inserted\n),\nwanted as (\n  select tags_ensure(:tagNames::text[]) as tag\n  from upserted\n),\nremoved as (\n  delete from device_tags\n  using upserted\n  where\n    :tagNames::text[] is not null\n    and device_tags.device_id = upserted.id\n    and device_tags.tag_id not in (select (tag).id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    upserted.id,\n    (wanted.tag).id\n  from upserted\n  cross join wanted\n  order by 2\n  on conflict do nothing\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  inserted as \"inserted!\",\n  case\n    when :tagNames::text[] is null then names\n    else array(select (tag).name from wanted order by 1)\n  end as \"tags!\"\nfrom upserted\ncross join device_tag_names(id) as names"};

/**
 * Creates the device with this hostname, or updates its address and type. An
 * address of another device violates devices_ip_address_key. So may, once, a
 * call that creates a device while another call is creating it.
 * A row that was just inserted has xmax 0: no transaction has locked or updated
 * it.
 * Writes devices, tags, device_tags.
 */
export const deviceUpsert: Query<DeviceUpsertParams, DeviceUpsertRow> = new Query("DeviceUpsert", deviceUpsertIR);

/** Parameters of `DeviceGet`. */
export interface DeviceGetParams {
  /** Identity of the device. */
  id: number;
}

const deviceGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":207,"b":210}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nwhere devices.id = :id!"};

/** Reads. */
export const deviceGet: Query<DeviceGetParams, Device> = new Query("DeviceGet", deviceGetIR, { reads: true });

/** Parameters of `DeviceGetByHostname`. */
export interface DeviceGetByHostnameParams {
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
}

const deviceGetByHostnameIR: QueryIR = {"usedParamSet":{"hostname":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":213,"b":222}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nwhere devices.hostname = :hostname!"};

/** Reads. */
export const deviceGetByHostname: Query<DeviceGetByHostnameParams, Device> = new Query("DeviceGetByHostname", deviceGetByHostnameIR, { reads: true });

/** Parameters of `DeviceGetByIpAddress`. */
export interface DeviceGetByIpAddressParams {
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
}

const deviceGetByIpAddressIR: QueryIR = {"usedParamSet":{"ipAddress":true},"params":[{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":215,"b":225}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nwhere devices.ip_address = :ipAddress!"};

/** Reads. */
export const deviceGetByIpAddress: Query<DeviceGetByIpAddressParams, Device> = new Query("DeviceGetByIpAddress", deviceGetByIpAddressIR, { reads: true });

/** Parameters of `DeviceGetMany`. */
export interface DeviceGetManyParams {
  ids: readonly number[];
}

const deviceGetManyIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":211,"b":215}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nwhere devices.id = any(:ids!::integer[])\norder by devices.id"};

/**
 * Lists the devices that exist, by id.
 * Reads.
 */
export const deviceGetMany: Query<DeviceGetManyParams, Device> = new Query("DeviceGetMany", deviceGetManyIR, { reads: true });

/** Parameters of `DeviceList`. */
export interface DeviceListParams {
  /** The hostname of the last row of the previous page. */
  afterHostname?: string | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The device carries all of these tags. */
  allTags?: readonly string[] | null | undefined;
  /** The device carries one of these tags. */
  anyTags?: readonly string[] | null | undefined;
  /** Exact device type. */
  deviceType?: string | null | undefined;
  /** Part of the hostname, case-insensitive. */
  hostname?: string | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Network that contains the address, such as 10.0.0.0/8. */
  network?: string | null | undefined;
  /** Part of the hostname, type or address, case-insensitive. */
  q?: string | null | undefined;
}

/** A row of `DeviceList`. */
export interface DeviceListRow {
  /** Number of credentials that share a tag with it. */
  credentialCount: number;
  deviceType: string;
  hostname: string;
  id: number;
  ipAddress: string;
  lastSeen: Date | null;
  /** The latest configuration; null before the first. */
  latestConfigurationId: number | null;
  /** Where the job stands. */
  latestJobStatus: JobStatus | null;
  /** When the latest configuration was first read; null before the first. */
  latestRetrievedAt: Date | null;
  /** When the latest configuration was last read; null before the first. */
  latestVerifiedAt: Date | null;
  /** Names of its tags, sorted. */
  tags: string[];
}

const deviceListIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":175,"b":183}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":196,"b":203}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":216,"b":226}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":239,"b":246}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":261,"b":268}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":283,"b":284}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":366,"b":379}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":402,"b":409}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":473,"b":479}]}],"statement":"with page as materialized (\n  select\n    devices.id,\n    devices.hostname,\n    devices.ip_address,\n    devices.device_type,\n    devices.last_seen\n  from devices_matching(\n    :hostname::text,\n    :network::inet,\n    :deviceType::text,\n    :anyTags::text[],\n    :allTags::text[],\n    :q::text\n  ) as devices\n  where\n    (devices.hostname, devices.id)\n    > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\n  order by devices.hostname, devices.id\n  limit :limit!::integer\n),\nmatches as (\n  select distinct\n    page.id as device_id,\n    credential_tags.credential_id\n  from page\n  join device_tags on device_tags.device_id = page.id\n  join credential_tags on credential_tags.tag_id = device_tags.tag_id\n),\ncounts as (\n  select\n    device_id,\n    count(*)::integer as credentials\n  from matches\n  group by device_id\n)\nselect\n  page.id as \"id!\",\n  page.hostname as \"hostname!\",\n  page.ip_address as \"ip_address!\",\n  page.device_type as \"device_type!\",\n  page.last_seen,\n  names as \"tags!\",\n  coalesce(counts.credentials, 0) as \"credential_count!\",\n  device_states.configuration_id as \"latest_configuration_id?\",\n  device_states.retrieved_at as \"latest_retrieved_at?\",\n  device_states.verified_at as \"latest_verified_at?\",\n  jobs.status as \"latest_job_status?\"\nfrom page\ncross join device_tag_names(page.id) as names\nleft join counts on counts.device_id = page.id\nleft join device_states on device_states.device_id = page.id\nleft join jobs on jobs.id = device_states.job_id\norder by page.hostname, page.id"};

/**
 * Lists devices by hostname, each with its tags, the number of credentials that
 * share a tag with it, its latest configuration and the status of its latest
 * job. All filters are optional. The letters A to Z match in upper and lower
 * case.
 * Reads.
 */
export const deviceList: Query<DeviceListParams, DeviceListRow> = new Query("DeviceList", deviceListIR, { reads: true });

/** Parameters of `DeviceCount`. */
export interface DeviceCountParams {
  /** The device carries all of these tags. */
  allTags?: readonly string[] | null | undefined;
  /** The device carries one of these tags. */
  anyTags?: readonly string[] | null | undefined;
  /** Exact device type. */
  deviceType?: string | null | undefined;
  /** Part of the hostname, case-insensitive. */
  hostname?: string | null | undefined;
  /** Network that contains the address, such as 10.0.0.0/8. */
  network?: string | null | undefined;
  /** Part of the hostname, type or address, case-insensitive. */
  q?: string | null | undefined;
}

/** A row of `DeviceCount`. */
export interface DeviceCountRow {
  count: number;
}

const deviceCountIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":62,"b":70}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":81,"b":88}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":120,"b":127}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":140,"b":147}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":160,"b":161}]}],"statement":"select count(*)::integer as \"count!\"\nfrom devices_matching(\n  :hostname::text,\n  :network::inet,\n  :deviceType::text,\n  :anyTags::text[],\n  :allTags::text[],\n  :q::text\n)"};

/**
 * Counts the devices that DeviceList lists with these filters.
 * Reads.
 */
export const deviceCount: Query<DeviceCountParams, DeviceCountRow> = new Query("DeviceCount", deviceCountIR, { reads: true });

/** Parameters of `DeviceCountByType`. */
export interface DeviceCountByTypeParams {
  /** The device carries all of these tags. */
  allTags?: readonly string[] | null | undefined;
  /** The device carries one of these tags. */
  anyTags?: readonly string[] | null | undefined;
  /** Exact device type. */
  deviceType?: string | null | undefined;
  /** Part of the hostname, case-insensitive. */
  hostname?: string | null | undefined;
  /** Network that contains the address, such as 10.0.0.0/8. */
  network?: string | null | undefined;
  /** Part of the hostname, type or address, case-insensitive. */
  q?: string | null | undefined;
}

/** A row of `DeviceCountByType`. */
export interface DeviceCountByTypeRow {
  count: number;
  deviceType: string;
}

const deviceCountByTypeIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":97,"b":105}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":116,"b":123}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":134,"b":144}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":155,"b":162}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":175,"b":182}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":195,"b":196}]}],"statement":"select\n  device_type as \"device_type!\",\n  count(*)::integer as \"count!\"\nfrom devices_matching(\n  :hostname::text,\n  :network::inet,\n  :deviceType::text,\n  :anyTags::text[],\n  :allTags::text[],\n  :q::text\n)\ngroup by device_type\norder by device_type"};

/**
 * Counts the devices that DeviceList lists with these filters, by type.
 * Reads.
 */
export const deviceCountByType: Query<DeviceCountByTypeParams, DeviceCountByTypeRow> = new Query("DeviceCountByType", deviceCountByTypeIR, { reads: true });

/** Parameters of `DeviceListByTag`. */
export interface DeviceListByTagParams {
  /** The hostname of the last row of the previous page. */
  afterHostname?: string | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  tagName: string;
}

const deviceListByTagIR: QueryIR = {"usedParamSet":{"tagName":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"tagName","required":true,"transform":{"type":"scalar"},"locs":[{"a":308,"b":316}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":369,"b":382}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":405,"b":412}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":472,"b":478}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom tags\njoin device_tags as carried on carried.tag_id = tags.id\njoin devices on devices.id = carried.device_id\ncross join device_tag_names(devices.id) as names\nwhere\n  tags.name = :tagName!\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Lists devices that carry the tag, by hostname.
 * Reads.
 */
export const deviceListByTag: Query<DeviceListByTagParams, Device> = new Query("DeviceListByTag", deviceListByTagIR, { reads: true });

/** Parameters of `DeviceListWithoutCredential`. */
export interface DeviceListWithoutCredentialParams {
  /** The hostname of the last row of the previous page. */
  afterHostname?: string | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

const deviceListWithoutCredentialIR: QueryIR = {"usedParamSet":{"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":416,"b":429}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":452,"b":459}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":519,"b":525}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nwhere\n  not exists (\n    select\n    from device_tags\n    where\n      device_tags.device_id = devices.id\n      and device_tags.tag_id in (select tag_id from credential_tags)\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Lists devices that share no tag with any credential, by hostname.
 * Reads.
 */
export const deviceListWithoutCredential: Query<DeviceListWithoutCredentialParams, Device> = new Query("DeviceListWithoutCredential", deviceListWithoutCredentialIR, { reads: true });

/** Parameters of `DeviceListStale`. */
export interface DeviceListStaleParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The verifiedAt of the last row of the previous page. */
  afterVerifiedAt?: Date | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Lists devices not verified since this time. */
  verifiedBefore: Date;
}

/** A row of `DeviceListStale`. */
export interface DeviceListStaleRow {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
  /** Names of its tags, sorted. */
  tags: string[];
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date | null;
}

const deviceListStaleIR: QueryIR = {"usedParamSet":{"verifiedBefore":true,"afterVerifiedAt":true,"afterId":true,"limit":true},"params":[{"name":"verifiedBefore","required":true,"transform":{"type":"scalar"},"locs":[{"a":382,"b":397}]},{"name":"afterVerifiedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":504,"b":519}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":562,"b":569}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":653,"b":659}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  names as \"tags!\",\n  device_states.verified_at as \"verified_at?\"\nfrom devices\ncross join device_tag_names(devices.id) as names\nleft join device_states on device_states.device_id = devices.id\nwhere\n  (\n    device_states.verified_at is null\n    or device_states.verified_at < :verifiedBefore!::timestamptz\n  )\n  and (coalesce(device_states.verified_at, '-infinity'), devices.id)\n  > (\n    coalesce(:afterVerifiedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::integer, 0)\n  )\norder by device_states.verified_at nulls first, devices.id\nlimit :limit!::integer"};

/**
 * Lists devices that were never backed up or not verified since a time: the
 * never backed up first, then the longest unverified.
 * Reads.
 */
export const deviceListStale: Query<DeviceListStaleParams, DeviceListStaleRow> = new Query("DeviceListStale", deviceListStaleIR, { reads: true });

/** Parameters of `DeviceUpdate`. */
export interface DeviceUpdateParams {
  /** Defaults to the current type. */
  deviceType?: string | null | undefined;
  /** Defaults to the current hostname. */
  hostname?: string | null | undefined;
  /** Identity of the device. */
  id: number;
  /** Defaults to the current address. */
  ipAddress?: string | null | undefined;
  /** Replaces its tags. Defaults to the current tags. */
  tagNames?: readonly string[] | null | undefined;
}

const deviceUpdateIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"id":true,"tagNames":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":65,"b":73}]},{"name":"ipAddress","required":false,"transform":{"type":"scalar"},"locs":[{"a":113,"b":122}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":165,"b":175}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":204,"b":207}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":306,"b":314},{"a":417,"b":425},{"a":817,"b":825}]}],"statement":"with updated as (\n  update devices\n  set\n    hostname = coalesce(:hostname, hostname),\n    ip_address = coalesce(:ipAddress, ip_address),\n    device_type = coalesce(:deviceType, device_type)\n  where id = :id!\n  returning id, hostname, ip_address, device_type, last_seen\n),\nwanted as (\n  select tags_ensure(:tagNames::text[]) as tag\n  from updated\n),\nremoved as (\n  delete from device_tags\n  using updated\n  where\n    :tagNames::text[] is not null\n    and device_tags.device_id = updated.id\n    and device_tags.tag_id not in (select (tag).id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    updated.id,\n    (wanted.tag).id\n  from updated\n  cross join wanted\n  order by 2\n  on conflict do nothing\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  case\n    when :tagNames::text[] is null then names\n    else array(select (tag).name from wanted order by 1)\n  end as \"tags!\"\nfrom updated\ncross join device_tag_names(id) as names"};

/**
 * Changes the given fields and keeps the others. Tags that do not exist are
 * created. Only DeviceSeen changes last_seen.
 * Writes devices, tags, device_tags.
 */
export const deviceUpdate: Query<DeviceUpdateParams, Device> = new Query("DeviceUpdate", deviceUpdateIR);

/** Parameters of `DeviceSeen`. */
export interface DeviceSeenParams {
  ids: readonly number[];
}

/** A row of `DeviceSeen`. */
export interface DeviceSeenRow {
  /** Identity of the device. */
  id: number;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
}

const deviceSeenIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":82,"b":86}]}],"statement":"update devices\nset last_seen = date_trunc('milliseconds', now())\nwhere\n  id = any(:ids!::integer[])\n  and (last_seen is null or last_seen < date_trunc('milliseconds', now()))\nreturning id, last_seen"};

/**
 * Records that the devices were reached just now. Returns the devices whose
 * last_seen changed; it never decreases.
 * Writes devices.
 */
export const deviceSeen: Query<DeviceSeenParams, DeviceSeenRow> = new Query("DeviceSeen", deviceSeenIR);

/** Parameters of `DeviceDelete`. */
export interface DeviceDeleteParams {
  /** Identity of the device. */
  id: number;
}

/** A row of `DeviceDelete`. */
export interface DeviceDeleteRow {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
}

const deviceDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":89,"b":92},{"a":149,"b":152}]}],"statement":"with state as materialized (\n  select device_id\n  from device_states\n  where device_id = :id!\n  for no key update\n)\ndelete from devices\nwhere\n  id = :id!\n  and (select count(*) from state) >= 0\nreturning id, hostname, ip_address, device_type, last_seen"};

/**
 * Deletes a device with its configurations and jobs. Its logs stay; logsDelete
 * deletes them.
 * Locks the device state first, and waits for it, as saves and JobInsert do: in
 * another order they could deadlock.
 * Writes devices.
 */
export const deviceDelete: Query<DeviceDeleteParams, DeviceDeleteRow> = new Query("DeviceDelete", deviceDeleteIR);
