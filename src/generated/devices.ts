// Generated from queries/devices.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

type JobStatus = "cancelled" | "failed" | "partial" | "queued" | "running" | "succeeded";

/** Parameters of `DeviceInsert`. */
export interface DeviceInsertParams {
  deviceType: string;
  hostname: string;
  ipAddress: string;
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `DeviceInsert`. */
export interface DeviceInsertResult {
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
  tags: string[];
}

const deviceInsertIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"tagNames":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":96}]},{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"deviceType","required":true,"transform":{"type":"scalar"},"locs":[{"a":112,"b":123}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":260,"b":268},{"a":358,"b":366}]}],"statement":"with inserted as (\n  insert into devices (hostname, ip_address, device_type)\n  values (:hostname!, :ipAddress!, :deviceType!)\n  returning id, hostname, ip_address, device_type, last_seen\n),\ngiven as (\n  select distinct name\n  from inserted\n  cross join unnest(:tagNames::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\ntagged as (\n  insert into device_tags (device_id, tag_id)\n  select\n    inserted.id,\n    wanted.id\n  from inserted\n  cross join wanted\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  array(select name from given order by name) as \"tags!\"\nfrom inserted"};

/**
 * Devices are what NetRaven backs up; with each row come the names of its tags.
 * Makes a device with its tags; tags that do not exist are made.
 * A hostname or address that is taken breaks devices_hostname_key or
 * devices_ip_address_key.
 * Writes devices, tags, device_tags.
 *
 * ```sql
 * with inserted as (
 *   insert into devices (hostname, ip_address, device_type)
 *   values (:hostname!, :ipAddress!, :deviceType!)
 *   returning id, hostname, ip_address, device_type, last_seen
 * ),
 * given as (
 *   select distinct name
 *   from inserted
 *   cross join unnest(:tagNames::text[]) as given (name)
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name = any(:tagNames::text[])
 * ),
 * made as (
 *   insert into tags (name)
 *   select name
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * wanted as (
 *   table known
 *   union all
 *   table made
 * ),
 * tagged as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     inserted.id,
 *     wanted.id
 *   from inserted
 *   cross join wanted
 * )
 * select
 *   id,
 *   hostname,
 *   ip_address,
 *   device_type,
 *   last_seen,
 *   array(select name from given order by name) as "tags!"
 * from inserted
 * ```
 */
export const deviceInsert: Query<DeviceInsertParams, DeviceInsertResult> = new Query("DeviceInsert", deviceInsertIR);

/** Parameters of `DeviceInsertMany`. */
export interface DeviceInsertManyParams {
  deviceTypes: readonly string[];
  hostnames: readonly string[];
  ipAddresses: readonly string[];
  tagNames?: Json | null | undefined;
}

/** A row of `DeviceInsertMany`. */
export interface DeviceInsertManyResult {
  id: number | null;
  index: number;
  outcome: string;
}

const deviceInsertManyIR: QueryIR = {"usedParamSet":{"hostnames":true,"ipAddresses":true,"deviceTypes":true,"tagNames":true},"params":[{"name":"hostnames","required":true,"transform":{"type":"scalar"},"locs":[{"a":205,"b":215}]},{"name":"ipAddresses","required":true,"transform":{"type":"scalar"},"locs":[{"a":230,"b":242}]},{"name":"deviceTypes","required":true,"transform":{"type":"scalar"},"locs":[{"a":265,"b":277}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":1057,"b":1065}]}],"statement":"with given as (\n  select\n    place::integer - 1 as index,\n    hostname,\n    ip_address,\n    device_type,\n    row_number() over (partition by hostname, ip_address order by place) as copy\n  from unnest(\n    :hostnames!::text[],\n    :ipAddresses!::text[]::inet[],\n    :deviceTypes!::text[]\n  ) with ordinality as given (hostname, ip_address, device_type, place)\n),\ninserted as (\n  insert into devices (hostname, ip_address, device_type)\n  select\n    hostname,\n    ip_address,\n    device_type\n  from given\n  order by hostname, index\n  on conflict do nothing\n  returning id, hostname, ip_address\n),\noutcomes as (\n  select\n    given.index,\n    given.hostname,\n    given.ip_address,\n    given.copy = 1 and inserted.id is not null as created,\n    max(inserted.id) over (partition by given.hostname) as hostname_id,\n    max(inserted.id) over (partition by given.ip_address) as address_id\n  from given\n  left join inserted using (hostname, ip_address)\n),\nlabels as (\n  select distinct\n    outcomes.hostname_id as device_id,\n    label.name\n  from jsonb_array_elements(:tagNames::jsonb)\n    with ordinality as list (names, place)\n  join outcomes on outcomes.index = list.place - 1\n  cross join jsonb_array_elements_text(nullif(list.names, 'null'))\n    as label (name)\n  where outcomes.created\n),\nknown as (\n  select id, name\n  from tags\n  where name in (select name from labels)\n),\nmade as (\n  insert into tags (name)\n  select distinct name\n  from labels\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\ntagged as (\n  insert into device_tags (device_id, tag_id)\n  select\n    labels.device_id,\n    wanted.id\n  from labels\n  join (table known union all table made) as wanted using (name)\n)\nselect\n  outcomes.index as \"index!\",\n  case\n    when outcomes.created then 'created'\n    else 'duplicate'\n  end as \"outcome!\",\n  coalesce(\n    outcomes.hostname_id,\n    by_hostname.id,\n    outcomes.address_id,\n    by_address.id\n  ) as \"id?\"\nfrom outcomes\nleft join devices as by_hostname on by_hostname.hostname = outcomes.hostname\nleft join devices as by_address on by_address.ip_address = outcomes.ip_address\norder by outcomes.index"};

/**
 * Makes many devices in one go and says for each what happened, in the order
 * given. The arrays go together by position; tag names are a JSON array with
 * an array of names, or null, for each device.
 * A device whose hostname or address is taken, in the table or further up in
 * the input, is a duplicate and changes nothing; its id is that of the device
 * that has the hostname, else the address, or null while the transaction that
 * took it is not visible here.
 * Rows go in by hostname, so that two calls at once cannot block each other.
 * Writes devices, tags, device_tags.
 *
 * ```sql
 * with given as (
 *   select
 *     place::integer - 1 as index,
 *     hostname,
 *     ip_address,
 *     device_type,
 *     row_number() over (partition by hostname, ip_address order by place) as copy
 *   from unnest(
 *     :hostnames!::text[],
 *     :ipAddresses!::text[]::inet[],
 *     :deviceTypes!::text[]
 *   ) with ordinality as given (hostname, ip_address, device_type, place)
 * ),
 * inserted as (
 *   insert into devices (hostname, ip_address, device_type)
 *   select
 *     hostname,
 *     ip_address,
 *     device_type
 *   from given
 *   order by hostname, index
 *   on conflict do nothing
 *   returning id, hostname, ip_address
 * ),
 * outcomes as (
 *   select
 *     given.index,
 *     given.hostname,
 *     given.ip_address,
 *     given.copy = 1 and inserted.id is not null as created,
 *     max(inserted.id) over (partition by given.hostname) as hostname_id,
 *     max(inserted.id) over (partition by given.ip_address) as address_id
 *   from given
 *   left join inserted using (hostname, ip_address)
 * ),
 * labels as (
 *   select distinct
 *     outcomes.hostname_id as device_id,
 *     label.name
 *   from jsonb_array_elements(:tagNames::jsonb)
 *     with ordinality as list (names, place)
 *   join outcomes on outcomes.index = list.place - 1
 *   cross join jsonb_array_elements_text(nullif(list.names, 'null'))
 *     as label (name)
 *   where outcomes.created
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name in (select name from labels)
 * ),
 * made as (
 *   insert into tags (name)
 *   select distinct name
 *   from labels
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * tagged as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     labels.device_id,
 *     wanted.id
 *   from labels
 *   join (table known union all table made) as wanted using (name)
 * )
 * select
 *   outcomes.index as "index!",
 *   case
 *     when outcomes.created then 'created'
 *     else 'duplicate'
 *   end as "outcome!",
 *   coalesce(
 *     outcomes.hostname_id,
 *     by_hostname.id,
 *     outcomes.address_id,
 *     by_address.id
 *   ) as "id?"
 * from outcomes
 * left join devices as by_hostname on by_hostname.hostname = outcomes.hostname
 * left join devices as by_address on by_address.ip_address = outcomes.ip_address
 * order by outcomes.index
 * ```
 */
export const deviceInsertMany: Query<DeviceInsertManyParams, DeviceInsertManyResult> = new Query("DeviceInsertMany", deviceInsertManyIR);

/** Parameters of `DeviceUpsert`. */
export interface DeviceUpsertParams {
  deviceType: string;
  hostname: string;
  ipAddress: string;
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `DeviceUpsert`. */
export interface DeviceUpsertResult {
  /** Driver that speaks to the device, such as arista_eos. */
  deviceType: string;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  inserted: boolean;
  /** Management address: one host, IPv4 or IPv6, without a prefix length. */
  ipAddress: string;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
  tags: string[];
}

const deviceUpsertIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"tagNames":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":96}]},{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"deviceType","required":true,"transform":{"type":"scalar"},"locs":[{"a":112,"b":123}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":422,"b":430},{"a":520,"b":528},{"a":864,"b":872},{"a":1432,"b":1440}]}],"statement":"with upserted as (\n  insert into devices (hostname, ip_address, device_type)\n  values (:hostname!, :ipAddress!, :deviceType!)\n  on conflict (hostname) do update set\n    ip_address = excluded.ip_address,\n    device_type = excluded.device_type\n  returning\n    id,\n    hostname,\n    ip_address,\n    device_type,\n    last_seen,\n    xmax = 0 as inserted\n),\ngiven as (\n  select distinct name\n  from upserted\n  cross join unnest(:tagNames::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nremoved as (\n  delete from device_tags\n  using upserted\n  where\n    :tagNames::text[] is not null\n    and device_tags.device_id = upserted.id\n    and device_tags.tag_id not in (select id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    upserted.id,\n    wanted.id\n  from upserted\n  cross join wanted\n  order by wanted.id\n  on conflict do nothing\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  inserted as \"inserted!\",\n  array(\n    select name\n    from given\n    union all\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where\n      :tagNames::text[] is null\n      and device_tags.device_id = upserted.id\n    order by name\n  ) as \"tags!\"\nfrom upserted"};

/**
 * Makes the device of this hostname, or brings its address and type up to date.
 * Tag names replace its tags when given. An address that another device has
 * breaks devices_ip_address_key; so may, once, a call that makes the device
 * while another call is making it.
 * A row that was just inserted has no xmax: nobody has locked or updated it.
 * Writes devices, tags, device_tags.
 *
 * ```sql
 * with upserted as (
 *   insert into devices (hostname, ip_address, device_type)
 *   values (:hostname!, :ipAddress!, :deviceType!)
 *   on conflict (hostname) do update set
 *     ip_address = excluded.ip_address,
 *     device_type = excluded.device_type
 *   returning
 *     id,
 *     hostname,
 *     ip_address,
 *     device_type,
 *     last_seen,
 *     xmax = 0 as inserted
 * ),
 * given as (
 *   select distinct name
 *   from upserted
 *   cross join unnest(:tagNames::text[]) as given (name)
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name = any(:tagNames::text[])
 * ),
 * made as (
 *   insert into tags (name)
 *   select name
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * wanted as (
 *   table known
 *   union all
 *   table made
 * ),
 * removed as (
 *   delete from device_tags
 *   using upserted
 *   where
 *     :tagNames::text[] is not null
 *     and device_tags.device_id = upserted.id
 *     and device_tags.tag_id not in (select id from wanted)
 * ),
 * added as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     upserted.id,
 *     wanted.id
 *   from upserted
 *   cross join wanted
 *   order by wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id,
 *   hostname,
 *   ip_address,
 *   device_type,
 *   last_seen,
 *   inserted as "inserted!",
 *   array(
 *     select name
 *     from given
 *     union all
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where
 *       :tagNames::text[] is null
 *       and device_tags.device_id = upserted.id
 *     order by name
 *   ) as "tags!"
 * from upserted
 * ```
 */
export const deviceUpsert: Query<DeviceUpsertParams, DeviceUpsertResult> = new Query("DeviceUpsert", deviceUpsertIR);

/** Parameters of `DeviceGet`. */
export interface DeviceGetParams {
  id: number;
}

/** A row of `DeviceGet`. */
export interface DeviceGetResult {
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
  tags: string[];
}

const deviceGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":319,"b":322}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere devices.id = :id!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where devices.id = :id!
 * ```
 */
export const deviceGet: Query<DeviceGetParams, DeviceGetResult> = new Query("DeviceGet", deviceGetIR, { reads: true });

/** Parameters of `DeviceGetByHostname`. */
export interface DeviceGetByHostnameParams {
  hostname: string;
}

/** A row of `DeviceGetByHostname`. */
export interface DeviceGetByHostnameResult {
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
  tags: string[];
}

const deviceGetByHostnameIR: QueryIR = {"usedParamSet":{"hostname":true},"params":[{"name":"hostname","required":true,"transform":{"type":"scalar"},"locs":[{"a":325,"b":334}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere devices.hostname = :hostname!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where devices.hostname = :hostname!
 * ```
 */
export const deviceGetByHostname: Query<DeviceGetByHostnameParams, DeviceGetByHostnameResult> = new Query("DeviceGetByHostname", deviceGetByHostnameIR, { reads: true });

/** Parameters of `DeviceGetByIpAddress`. */
export interface DeviceGetByIpAddressParams {
  ipAddress: string;
}

/** A row of `DeviceGetByIpAddress`. */
export interface DeviceGetByIpAddressResult {
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
  tags: string[];
}

const deviceGetByIpAddressIR: QueryIR = {"usedParamSet":{"ipAddress":true},"params":[{"name":"ipAddress","required":true,"transform":{"type":"scalar"},"locs":[{"a":327,"b":337}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere devices.ip_address = :ipAddress!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where devices.ip_address = :ipAddress!
 * ```
 */
export const deviceGetByIpAddress: Query<DeviceGetByIpAddressParams, DeviceGetByIpAddressResult> = new Query("DeviceGetByIpAddress", deviceGetByIpAddressIR, { reads: true });

/** Parameters of `DeviceGetMany`. */
export interface DeviceGetManyParams {
  ids: readonly number[];
}

/** A row of `DeviceGetMany`. */
export interface DeviceGetManyResult {
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
  tags: string[];
}

const deviceGetManyIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":323,"b":327}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere devices.id = any(:ids!::integer[])\norder by devices.id"};

/**
 * The devices that exist, by id.
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where devices.id = any(:ids!::integer[])
 * order by devices.id
 * ```
 */
export const deviceGetMany: Query<DeviceGetManyParams, DeviceGetManyResult> = new Query("DeviceGetMany", deviceGetManyIR, { reads: true });

/** Parameters of `DeviceList`. */
export interface DeviceListParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  allTags?: readonly string[] | null | undefined;
  anyTags?: readonly string[] | null | undefined;
  deviceType?: string | null | undefined;
  hostname?: string | null | undefined;
  limit: number;
  network?: string | null | undefined;
  q?: string | null | undefined;
}

/** A row of `DeviceList`. */
export interface DeviceListResult {
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
  tags: string[];
}

const deviceListIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":175,"b":183}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":196,"b":203}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":216,"b":226}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":239,"b":246}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":261,"b":268}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":283,"b":284}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":366,"b":379}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":402,"b":409}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":473,"b":479}]}],"statement":"with page as materialized (\n  select\n    devices.id,\n    devices.hostname,\n    devices.ip_address,\n    devices.device_type,\n    devices.last_seen\n  from devices_matching(\n    :hostname::text,\n    :network::inet,\n    :deviceType::text,\n    :anyTags::text[],\n    :allTags::text[],\n    :q::text\n  ) as devices\n  where\n    (devices.hostname, devices.id)\n    > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\n  order by devices.hostname, devices.id\n  limit :limit!::integer\n),\nmatches as (\n  select distinct\n    page.id as device_id,\n    credential_tags.credential_id\n  from page\n  join device_tags on device_tags.device_id = page.id\n  join credential_tags on credential_tags.tag_id = device_tags.tag_id\n),\ncounts as (\n  select\n    device_id,\n    count(*)::integer as credentials\n  from matches\n  group by device_id\n)\nselect\n  page.id as \"id!\",\n  page.hostname as \"hostname!\",\n  page.ip_address as \"ip_address!\",\n  page.device_type as \"device_type!\",\n  page.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = page.id\n    order by tags.name\n  ) as \"tags!\",\n  coalesce(counts.credentials, 0) as \"credential_count!\",\n  device_states.configuration_id as \"latest_configuration_id?\",\n  device_states.retrieved_at as \"latest_retrieved_at?\",\n  device_states.verified_at as \"latest_verified_at?\",\n  jobs.status as \"latest_job_status?\"\nfrom page\nleft join counts on counts.device_id = page.id\nleft join device_states on device_states.device_id = page.id\nleft join jobs on jobs.id = device_states.job_id\norder by page.hostname, page.id"};

/**
 * Devices by hostname, each with its tags, the number of credentials that
 * share a tag with it, its latest configuration and the status of its latest
 * job. All filters are optional: part of the hostname, a network, a type, any
 * of some tags, all of some tags, and text that stands in hostname, type or
 * address. Letters A to Z match in either case.
 * Reads.
 *
 * ```sql
 * with page as materialized (
 *   select
 *     devices.id,
 *     devices.hostname,
 *     devices.ip_address,
 *     devices.device_type,
 *     devices.last_seen
 *   from devices_matching(
 *     :hostname::text,
 *     :network::inet,
 *     :deviceType::text,
 *     :anyTags::text[],
 *     :allTags::text[],
 *     :q::text
 *   ) as devices
 *   where
 *     (devices.hostname, devices.id)
 *     > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 *   order by devices.hostname, devices.id
 *   limit :limit!::integer
 * ),
 * matches as (
 *   select distinct
 *     page.id as device_id,
 *     credential_tags.credential_id
 *   from page
 *   join device_tags on device_tags.device_id = page.id
 *   join credential_tags on credential_tags.tag_id = device_tags.tag_id
 * ),
 * counts as (
 *   select
 *     device_id,
 *     count(*)::integer as credentials
 *   from matches
 *   group by device_id
 * )
 * select
 *   page.id as "id!",
 *   page.hostname as "hostname!",
 *   page.ip_address as "ip_address!",
 *   page.device_type as "device_type!",
 *   page.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = page.id
 *     order by tags.name
 *   ) as "tags!",
 *   coalesce(counts.credentials, 0) as "credential_count!",
 *   device_states.configuration_id as "latest_configuration_id?",
 *   device_states.retrieved_at as "latest_retrieved_at?",
 *   device_states.verified_at as "latest_verified_at?",
 *   jobs.status as "latest_job_status?"
 * from page
 * left join counts on counts.device_id = page.id
 * left join device_states on device_states.device_id = page.id
 * left join jobs on jobs.id = device_states.job_id
 * order by page.hostname, page.id
 * ```
 */
export const deviceList: Query<DeviceListParams, DeviceListResult> = new Query("DeviceList", deviceListIR, { reads: true });

/** Parameters of `DeviceCount`. */
export interface DeviceCountParams {
  allTags?: readonly string[] | null | undefined;
  anyTags?: readonly string[] | null | undefined;
  deviceType?: string | null | undefined;
  hostname?: string | null | undefined;
  network?: string | null | undefined;
  q?: string | null | undefined;
}

/** A row of `DeviceCount`. */
export interface DeviceCountResult {
  count: number;
}

const deviceCountIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":62,"b":70}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":81,"b":88}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":99,"b":109}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":120,"b":127}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":140,"b":147}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":160,"b":161}]}],"statement":"select count(*)::integer as \"count!\"\nfrom devices_matching(\n  :hostname::text,\n  :network::inet,\n  :deviceType::text,\n  :anyTags::text[],\n  :allTags::text[],\n  :q::text\n)"};

/**
 * How many devices DeviceList would list with these filters.
 * Reads.
 *
 * ```sql
 * select count(*)::integer as "count!"
 * from devices_matching(
 *   :hostname::text,
 *   :network::inet,
 *   :deviceType::text,
 *   :anyTags::text[],
 *   :allTags::text[],
 *   :q::text
 * )
 * ```
 */
export const deviceCount: Query<DeviceCountParams, DeviceCountResult> = new Query("DeviceCount", deviceCountIR, { reads: true });

/** Parameters of `DeviceCountByType`. */
export interface DeviceCountByTypeParams {
  allTags?: readonly string[] | null | undefined;
  anyTags?: readonly string[] | null | undefined;
  deviceType?: string | null | undefined;
  hostname?: string | null | undefined;
  network?: string | null | undefined;
  q?: string | null | undefined;
}

/** A row of `DeviceCountByType`. */
export interface DeviceCountByTypeResult {
  count: number;
  deviceType: string;
}

const deviceCountByTypeIR: QueryIR = {"usedParamSet":{"hostname":true,"network":true,"deviceType":true,"anyTags":true,"allTags":true,"q":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":97,"b":105}]},{"name":"network","required":false,"transform":{"type":"scalar"},"locs":[{"a":116,"b":123}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":134,"b":144}]},{"name":"anyTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":155,"b":162}]},{"name":"allTags","required":false,"transform":{"type":"scalar"},"locs":[{"a":175,"b":182}]},{"name":"q","required":false,"transform":{"type":"scalar"},"locs":[{"a":195,"b":196}]}],"statement":"select\n  device_type as \"device_type!\",\n  count(*)::integer as \"count!\"\nfrom devices_matching(\n  :hostname::text,\n  :network::inet,\n  :deviceType::text,\n  :anyTags::text[],\n  :allTags::text[],\n  :q::text\n)\ngroup by device_type\norder by device_type"};

/**
 * The same by type.
 * Reads.
 *
 * ```sql
 * select
 *   device_type as "device_type!",
 *   count(*)::integer as "count!"
 * from devices_matching(
 *   :hostname::text,
 *   :network::inet,
 *   :deviceType::text,
 *   :anyTags::text[],
 *   :allTags::text[],
 *   :q::text
 * )
 * group by device_type
 * order by device_type
 * ```
 */
export const deviceCountByType: Query<DeviceCountByTypeParams, DeviceCountByTypeResult> = new Query("DeviceCountByType", deviceCountByTypeIR, { reads: true });

/** Parameters of `DeviceListByTag`. */
export interface DeviceListByTagParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  limit: number;
  tagName: string;
}

/** A row of `DeviceListByTag`. */
export interface DeviceListByTagResult {
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
  tags: string[];
}

const deviceListByTagIR: QueryIR = {"usedParamSet":{"tagName":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"tagName","required":true,"transform":{"type":"scalar"},"locs":[{"a":420,"b":428}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":481,"b":494}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":517,"b":524}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":584,"b":590}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom tags\njoin device_tags as carried on carried.tag_id = tags.id\njoin devices on devices.id = carried.device_id\nwhere\n  tags.name = :tagName!\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices that carry the tag, by hostname.
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from tags
 * join device_tags as carried on carried.tag_id = tags.id
 * join devices on devices.id = carried.device_id
 * where
 *   tags.name = :tagName!
 *   and (devices.hostname, devices.id)
 *   > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 * order by devices.hostname, devices.id
 * limit :limit!::integer
 * ```
 */
export const deviceListByTag: Query<DeviceListByTagParams, DeviceListByTagResult> = new Query("DeviceListByTag", deviceListByTagIR, { reads: true });

/** Parameters of `DeviceListWithoutCredential`. */
export interface DeviceListWithoutCredentialParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  limit: number;
}

/** A row of `DeviceListWithoutCredential`. */
export interface DeviceListWithoutCredentialResult {
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
  tags: string[];
}

const deviceListWithoutCredentialIR: QueryIR = {"usedParamSet":{"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":528,"b":541}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":564,"b":571}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":631,"b":637}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere\n  not exists (\n    select\n    from device_tags\n    where\n      device_tags.device_id = devices.id\n      and device_tags.tag_id in (select tag_id from credential_tags)\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices that no credential shares a tag with, by hostname.
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where
 *   not exists (
 *     select
 *     from device_tags
 *     where
 *       device_tags.device_id = devices.id
 *       and device_tags.tag_id in (select tag_id from credential_tags)
 *   )
 *   and (devices.hostname, devices.id)
 *   > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 * order by devices.hostname, devices.id
 * limit :limit!::integer
 * ```
 */
export const deviceListWithoutCredential: Query<DeviceListWithoutCredentialParams, DeviceListWithoutCredentialResult> = new Query("DeviceListWithoutCredential", deviceListWithoutCredentialIR, { reads: true });

/** Parameters of `DeviceListStale`. */
export interface DeviceListStaleParams {
  afterId?: number | null | undefined;
  afterVerifiedAt?: Date | null | undefined;
  limit: number;
  verifiedBefore: Date;
}

/** A row of `DeviceListStale`. */
export interface DeviceListStaleResult {
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
  tags: string[];
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date | null;
}

const deviceListStaleIR: QueryIR = {"usedParamSet":{"verifiedBefore":true,"afterVerifiedAt":true,"afterId":true,"limit":true},"params":[{"name":"verifiedBefore","required":true,"transform":{"type":"scalar"},"locs":[{"a":494,"b":509}]},{"name":"afterVerifiedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":616,"b":631}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":674,"b":681}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":765,"b":771}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  devices.ip_address,\n  devices.device_type,\n  devices.last_seen,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = devices.id\n    order by tags.name\n  ) as \"tags!\",\n  device_states.verified_at as \"verified_at?\"\nfrom devices\nleft join device_states on device_states.device_id = devices.id\nwhere\n  (\n    device_states.verified_at is null\n    or device_states.verified_at < :verifiedBefore!::timestamptz\n  )\n  and (coalesce(device_states.verified_at, '-infinity'), devices.id)\n  > (\n    coalesce(:afterVerifiedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::integer, 0)\n  )\norder by device_states.verified_at nulls first, devices.id\nlimit :limit!::integer"};

/**
 * Devices that were never backed up, or not verified since the time given; the
 * never backed up first, then the longest unverified.
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname,
 *   devices.ip_address,
 *   devices.device_type,
 *   devices.last_seen,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = devices.id
 *     order by tags.name
 *   ) as "tags!",
 *   device_states.verified_at as "verified_at?"
 * from devices
 * left join device_states on device_states.device_id = devices.id
 * where
 *   (
 *     device_states.verified_at is null
 *     or device_states.verified_at < :verifiedBefore!::timestamptz
 *   )
 *   and (coalesce(device_states.verified_at, '-infinity'), devices.id)
 *   > (
 *     coalesce(:afterVerifiedAt::timestamptz, '-infinity'),
 *     coalesce(:afterId::integer, 0)
 *   )
 * order by device_states.verified_at nulls first, devices.id
 * limit :limit!::integer
 * ```
 */
export const deviceListStale: Query<DeviceListStaleParams, DeviceListStaleResult> = new Query("DeviceListStale", deviceListStaleIR, { reads: true });

/** Parameters of `DeviceUpdate`. */
export interface DeviceUpdateParams {
  deviceType?: string | null | undefined;
  hostname?: string | null | undefined;
  id: number;
  ipAddress?: string | null | undefined;
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `DeviceUpdate`. */
export interface DeviceUpdateResult {
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
  tags: string[];
}

const deviceUpdateIR: QueryIR = {"usedParamSet":{"hostname":true,"ipAddress":true,"deviceType":true,"id":true,"tagNames":true},"params":[{"name":"hostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":65,"b":73}]},{"name":"ipAddress","required":false,"transform":{"type":"scalar"},"locs":[{"a":113,"b":122}]},{"name":"deviceType","required":false,"transform":{"type":"scalar"},"locs":[{"a":165,"b":175}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":204,"b":207}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":342,"b":350},{"a":440,"b":448},{"a":783,"b":791},{"a":1321,"b":1329}]}],"statement":"with updated as (\n  update devices\n  set\n    hostname = coalesce(:hostname, hostname),\n    ip_address = coalesce(:ipAddress, ip_address),\n    device_type = coalesce(:deviceType, device_type)\n  where id = :id!\n  returning id, hostname, ip_address, device_type, last_seen\n),\ngiven as (\n  select distinct name\n  from updated\n  cross join unnest(:tagNames::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nremoved as (\n  delete from device_tags\n  using updated\n  where\n    :tagNames::text[] is not null\n    and device_tags.device_id = updated.id\n    and device_tags.tag_id not in (select id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    updated.id,\n    wanted.id\n  from updated\n  cross join wanted\n  order by wanted.id\n  on conflict do nothing\n)\nselect\n  id,\n  hostname,\n  ip_address,\n  device_type,\n  last_seen,\n  array(\n    select name\n    from given\n    union all\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where\n      :tagNames::text[] is null\n      and device_tags.device_id = updated.id\n    order by name\n  ) as \"tags!\"\nfrom updated"};

/**
 * Changes what is given and leaves the rest; tag names replace the device's
 * tags, and those that do not exist are made. Only DeviceSeen moves last_seen.
 * Writes devices, tags, device_tags.
 *
 * ```sql
 * with updated as (
 *   update devices
 *   set
 *     hostname = coalesce(:hostname, hostname),
 *     ip_address = coalesce(:ipAddress, ip_address),
 *     device_type = coalesce(:deviceType, device_type)
 *   where id = :id!
 *   returning id, hostname, ip_address, device_type, last_seen
 * ),
 * given as (
 *   select distinct name
 *   from updated
 *   cross join unnest(:tagNames::text[]) as given (name)
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name = any(:tagNames::text[])
 * ),
 * made as (
 *   insert into tags (name)
 *   select name
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * wanted as (
 *   table known
 *   union all
 *   table made
 * ),
 * removed as (
 *   delete from device_tags
 *   using updated
 *   where
 *     :tagNames::text[] is not null
 *     and device_tags.device_id = updated.id
 *     and device_tags.tag_id not in (select id from wanted)
 * ),
 * added as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     updated.id,
 *     wanted.id
 *   from updated
 *   cross join wanted
 *   order by wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id,
 *   hostname,
 *   ip_address,
 *   device_type,
 *   last_seen,
 *   array(
 *     select name
 *     from given
 *     union all
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where
 *       :tagNames::text[] is null
 *       and device_tags.device_id = updated.id
 *     order by name
 *   ) as "tags!"
 * from updated
 * ```
 */
export const deviceUpdate: Query<DeviceUpdateParams, DeviceUpdateResult> = new Query("DeviceUpdate", deviceUpdateIR);

/** Parameters of `DeviceSeen`. */
export interface DeviceSeenParams {
  ids: readonly number[];
}

/** A row of `DeviceSeen`. */
export interface DeviceSeenResult {
  /** Identity of the device. */
  id: number;
  /** When a worker last reached the device; null when none ever did. */
  lastSeen: Date | null;
}

const deviceSeenIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":82,"b":86}]}],"statement":"update devices\nset last_seen = date_trunc('milliseconds', now())\nwhere\n  id = any(:ids!::integer[])\n  and (last_seen is null or last_seen < date_trunc('milliseconds', now()))\nreturning id, last_seen"};

/**
 * Notes that the devices were reached just now. Returns those whose last_seen
 * moved; it never goes back.
 * Writes devices.
 *
 * ```sql
 * update devices
 * set last_seen = date_trunc('milliseconds', now())
 * where
 *   id = any(:ids!::integer[])
 *   and (last_seen is null or last_seen < date_trunc('milliseconds', now()))
 * returning id, last_seen
 * ```
 */
export const deviceSeen: Query<DeviceSeenParams, DeviceSeenResult> = new Query("DeviceSeen", deviceSeenIR);

/** Parameters of `DeviceDelete`. */
export interface DeviceDeleteParams {
  id: number;
}

/** A row of `DeviceDelete`. */
export interface DeviceDeleteResult {
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
 * Deletes the device with its configurations and jobs; its logs stay, see
 * logsDelete.
 * Its state is locked first, and waited for, as savers and JobInsert do: in the
 * other order the deletion and they would block each other.
 * Writes devices.
 *
 * ```sql
 * with state as materialized (
 *   select device_id
 *   from device_states
 *   where device_id = :id!
 *   for no key update
 * )
 * delete from devices
 * where
 *   id = :id!
 *   and (select count(*) from state) >= 0
 * returning id, hostname, ip_address, device_type, last_seen
 * ```
 */
export const deviceDelete: Query<DeviceDeleteParams, DeviceDeleteResult> = new Query("DeviceDelete", deviceDeleteIR);
