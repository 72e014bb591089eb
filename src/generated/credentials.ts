// Generated from queries/credentials.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialInsert`. */
export interface CredentialInsertParams {
  password: string;
  priority?: number | null | undefined;
  tagNames?: readonly string[] | null | undefined;
  username: string;
  uuid: string;
}

/** A row of `CredentialInsert`. */
export interface CredentialInsertResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  tags: string[];
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialInsertIR: QueryIR = {"usedParamSet":{"uuid":true,"username":true,"password":true,"priority":true,"tagNames":true},"params":[{"name":"uuid","required":true,"transform":{"type":"scalar"},"locs":[{"a":97,"b":102}]},{"name":"username","required":true,"transform":{"type":"scalar"},"locs":[{"a":109,"b":118}]},{"name":"password","required":true,"transform":{"type":"scalar"},"locs":[{"a":125,"b":134}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":156,"b":164}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":324,"b":332},{"a":422,"b":430}]}],"statement":"with inserted as (\n  insert into credentials (uuid, username, password, priority)\n  values (\n    :uuid!,\n    :username!,\n    :password!::text,\n    coalesce(:priority::integer, 100)\n  )\n  returning id, uuid, username, priority, last_used, success_rate\n),\ngiven as (\n  select distinct name\n  from inserted\n  cross join unnest(:tagNames::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\ntagged as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    inserted.id,\n    wanted.id\n  from inserted\n  cross join wanted\n)\nselect\n  id,\n  uuid,\n  username,\n  priority,\n  last_used,\n  success_rate,\n  array(select name from given order by name) as \"tags!\"\nfrom inserted"};

/**
 * Credentials are logins; only CredentialSecretGet and CredentialResealList
 * return a sealed password.
 * Makes a credential with its tags; tags that do not exist are made. The
 * password comes sealed for the uuid, as credentialCreate does it.
 * Writes credentials, tags, credential_tags.
 *
 * ```sql
 * with inserted as (
 *   insert into credentials (uuid, username, password, priority)
 *   values (
 *     :uuid!,
 *     :username!,
 *     :password!::text,
 *     coalesce(:priority::integer, 100)
 *   )
 *   returning id, uuid, username, priority, last_used, success_rate
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
 *   insert into credential_tags (credential_id, tag_id)
 *   select
 *     inserted.id,
 *     wanted.id
 *   from inserted
 *   cross join wanted
 * )
 * select
 *   id,
 *   uuid,
 *   username,
 *   priority,
 *   last_used,
 *   success_rate,
 *   array(select name from given order by name) as "tags!"
 * from inserted
 * ```
 */
export const credentialInsert: Query<CredentialInsertParams, CredentialInsertResult> = new Query("CredentialInsert", credentialInsertIR);

/** Parameters of `CredentialGet`. */
export interface CredentialGetParams {
  id: number;
}

/** A row of `CredentialGet`. */
export interface CredentialGetResult {
  /** How many attempts on devices failed. */
  failed: number;
  /** Identity of the credential. */
  id: number;
  /** Key that the password is sealed with, read from its envelope; null for a password from before there were keys, which nothing opens. */
  keyId: string | null;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** How many attempts on devices succeeded. */
  succeeded: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  tags: string[];
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":455,"b":458}]}],"statement":"select\n  credentials.id,\n  credentials.uuid,\n  credentials.key_id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  credentials.succeeded,\n  credentials.failed,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where credential_tags.credential_id = credentials.id\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere credentials.id = :id!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   credentials.id,
 *   credentials.uuid,
 *   credentials.key_id,
 *   credentials.username,
 *   credentials.priority,
 *   credentials.last_used,
 *   credentials.success_rate,
 *   credentials.succeeded,
 *   credentials.failed,
 *   array(
 *     select tags.name
 *     from credential_tags
 *     join tags on tags.id = credential_tags.tag_id
 *     where credential_tags.credential_id = credentials.id
 *     order by tags.name
 *   ) as "tags!"
 * from credentials
 * where credentials.id = :id!
 * ```
 */
export const credentialGet: Query<CredentialGetParams, CredentialGetResult> = new Query("CredentialGet", credentialGetIR, { reads: true });

/** Parameters of `CredentialSecretGet`. */
export interface CredentialSecretGetParams {
  by: string;
  id: number;
  reason: string;
}

/** A row of `CredentialSecretGet`. */
export interface CredentialSecretGetResult {
  /** Identity of the credential. */
  id: number;
  /** Key that the password is sealed with, read from its envelope; null for a password from before there were keys, which nothing opens. */
  keyId: string | null;
  password: string;
  /** Identity of the entry; a higher one was made later. */
  revealId: number;
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialSecretGetIR: QueryIR = {"usedParamSet":{"id":true,"by":true,"reason":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":97,"b":100}]},{"name":"by","required":true,"transform":{"type":"scalar"},"locs":[{"a":231,"b":234}]},{"name":"reason","required":true,"transform":{"type":"scalar"},"locs":[{"a":241,"b":248}]}],"statement":"with revealed as (\n  select id, uuid, username, password, key_id\n  from credentials\n  where id = :id!\n),\nnoted as (\n  insert into credential_reveals (credential_id, username, revealed_by, reason)\n  select\n    id,\n    username,\n    :by!,\n    :reason!\n  from revealed\n  returning id\n)\nselect\n  revealed.id,\n  revealed.uuid,\n  revealed.username,\n  revealed.password::text as \"password!\",\n  revealed.key_id,\n  noted.id as reveal_id\nfrom revealed\ncross join noted"};

/**
 * The sealed password, for the moment of use; notes who asked for it, and why.
 * The key is null for a password from before there were keys.
 * Writes credential_reveals.
 *
 * ```sql
 * with revealed as (
 *   select id, uuid, username, password, key_id
 *   from credentials
 *   where id = :id!
 * ),
 * noted as (
 *   insert into credential_reveals (credential_id, username, revealed_by, reason)
 *   select
 *     id,
 *     username,
 *     :by!,
 *     :reason!
 *   from revealed
 *   returning id
 * )
 * select
 *   revealed.id,
 *   revealed.uuid,
 *   revealed.username,
 *   revealed.password::text as "password!",
 *   revealed.key_id,
 *   noted.id as reveal_id
 * from revealed
 * cross join noted
 * ```
 */
export const credentialSecretGet: Query<CredentialSecretGetParams, CredentialSecretGetResult> = new Query("CredentialSecretGet", credentialSecretGetIR);

/** Parameters of `CredentialList`. */
export interface CredentialListParams {
  afterId?: number | null | undefined;
  afterPriority?: number | null | undefined;
  limit: number;
}

/** A row of `CredentialList`. */
export interface CredentialListResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  tags: string[];
  /** Name to log in with. */
  username: string;
}

const credentialListIR: QueryIR = {"usedParamSet":{"afterPriority":true,"afterId":true,"limit":true},"params":[{"name":"afterPriority","required":false,"transform":{"type":"scalar"},"locs":[{"a":409,"b":422}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":461,"b":468}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":539,"b":545}]}],"statement":"select\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where credential_tags.credential_id = credentials.id\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere\n  (credentials.priority, credentials.id)\n  > (\n    coalesce(:afterPriority::integer, -2147483648),\n    coalesce(:afterId::integer, 0)\n  )\norder by credentials.priority, credentials.id\nlimit :limit!::integer"};

/**
 * Credentials in the order of trying.
 * Reads.
 *
 * ```sql
 * select
 *   credentials.id,
 *   credentials.username,
 *   credentials.priority,
 *   credentials.last_used,
 *   credentials.success_rate,
 *   array(
 *     select tags.name
 *     from credential_tags
 *     join tags on tags.id = credential_tags.tag_id
 *     where credential_tags.credential_id = credentials.id
 *     order by tags.name
 *   ) as "tags!"
 * from credentials
 * where
 *   (credentials.priority, credentials.id)
 *   > (
 *     coalesce(:afterPriority::integer, -2147483648),
 *     coalesce(:afterId::integer, 0)
 *   )
 * order by credentials.priority, credentials.id
 * limit :limit!::integer
 * ```
 */
export const credentialList: Query<CredentialListParams, CredentialListResult> = new Query("CredentialList", credentialListIR, { reads: true });

/** Parameters of `CredentialMatch`. */
export interface CredentialMatchParams {
  deviceId: number;
  lockoutFailures?: number | null | undefined;
  lockoutSeconds?: number | null | undefined;
}

/** A row of `CredentialMatch`. */
export interface CredentialMatchResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  matchingTags: string[];
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialMatchIR: QueryIR = {"usedParamSet":{"deviceId":true,"lockoutFailures":true,"lockoutSeconds":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":403,"b":412},{"a":521,"b":530}]},{"name":"lockoutFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":657,"b":672}]},{"name":"lockoutSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":781,"b":795}]}],"statement":"select\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom device_tags\njoin tags on tags.id = device_tags.tag_id\njoin credential_tags on credential_tags.tag_id = tags.id\njoin credentials on credentials.id = credential_tags.credential_id\nwhere\n  device_tags.device_id = :deviceId!\n  and not exists (\n    select\n    from credential_attempts\n    where\n      credential_attempts.device_id = :deviceId!\n      and credential_attempts.credential_id = credentials.id\n      and credential_attempts.failures\n      >= nullif(coalesce(:lockoutFailures::integer, 3), 0)\n      and credential_attempts.attempted_at\n      > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))\n  )\ngroup by credentials.id\norder by\n  credentials.priority,\n  credentials.success_rate desc,\n  credentials.last_used desc nulls last,\n  credentials.id"};

/**
 * The credentials that share a tag with the device, best first, each with the
 * tags that they share. One that failed there so many times in a row, 3 unless
 * told, is left out for so many seconds after the last time, 900 unless told;
 * credentialGuard reads both from the settings. With 0 failures none is.
 * Reads.
 *
 * ```sql
 * select
 *   credentials.id,
 *   credentials.username,
 *   credentials.priority,
 *   credentials.last_used,
 *   credentials.success_rate,
 *   array_agg(tags.name order by tags.name) as "matching_tags!"
 * from device_tags
 * join tags on tags.id = device_tags.tag_id
 * join credential_tags on credential_tags.tag_id = tags.id
 * join credentials on credentials.id = credential_tags.credential_id
 * where
 *   device_tags.device_id = :deviceId!
 *   and not exists (
 *     select
 *     from credential_attempts
 *     where
 *       credential_attempts.device_id = :deviceId!
 *       and credential_attempts.credential_id = credentials.id
 *       and credential_attempts.failures
 *       >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
 *       and credential_attempts.attempted_at
 *       > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
 *   )
 * group by credentials.id
 * order by
 *   credentials.priority,
 *   credentials.success_rate desc,
 *   credentials.last_used desc nulls last,
 *   credentials.id
 * ```
 */
export const credentialMatch: Query<CredentialMatchParams, CredentialMatchResult> = new Query("CredentialMatch", credentialMatchIR, { reads: true });

/** Parameters of `CredentialMatchMany`. */
export interface CredentialMatchManyParams {
  deviceIds: readonly number[];
  lockoutFailures?: number | null | undefined;
  lockoutSeconds?: number | null | undefined;
  perDevice: number;
}

/** A row of `CredentialMatchMany`. */
export interface CredentialMatchManyResult {
  /** The device that carries the tag. */
  deviceId: number;
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  matchingTags: string[];
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  rank: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialMatchManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"lockoutFailures":true,"lockoutSeconds":true,"perDevice":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":110,"b":120},{"a":1238,"b":1248}]},{"name":"lockoutFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":170,"b":185}]},{"name":"lockoutSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":270,"b":284}]},{"name":"perDevice","required":true,"transform":{"type":"scalar"},"locs":[{"a":1283,"b":1293},{"a":2131,"b":2141}]}],"statement":"with locked_out as (\n  select device_id, credential_id\n  from credential_attempts\n  where\n    device_id = any(:deviceIds!::integer[])\n    and failures >= nullif(coalesce(:lockoutFailures::integer, 3), 0)\n    and attempted_at\n    > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))\n),\nmost as (\n  select coalesce(max(credentials), 0) as locked_out\n  from (\n    select count(*) as credentials\n    from locked_out\n    group by device_id\n  ) as counted\n),\nplaced as (\n  select\n    id,\n    row_number() over (\n      order by priority, success_rate desc, last_used desc nulls last, id\n    ) as place\n  from credentials\n),\nbest as (\n  select\n    credential_tags.tag_id,\n    placed.id as credential_id,\n    placed.place,\n    row_number() over (\n      partition by credential_tags.tag_id\n      order by placed.place\n    ) as rank\n  from placed\n  join credential_tags on credential_tags.credential_id = placed.id\n),\nranked as (\n  select\n    device_tags.device_id,\n    best.credential_id,\n    row_number() over (\n      partition by device_tags.device_id\n      order by best.place\n    )::integer as rank\n  from device_tags\n  join best on best.tag_id = device_tags.tag_id\n  cross join most\n  where\n    device_tags.device_id = any(:deviceIds!::integer[])\n    and best.rank <= :perDevice!::integer + most.locked_out\n    and not exists (\n      select\n      from locked_out\n      where\n        locked_out.device_id = device_tags.device_id\n        and locked_out.credential_id = best.credential_id\n    )\n  group by device_tags.device_id, best.credential_id, best.place\n)\nselect\n  ranked.device_id,\n  ranked.rank as \"rank!\",\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom ranked\njoin credentials on credentials.id = ranked.credential_id\njoin device_tags on device_tags.device_id = ranked.device_id\njoin credential_tags\n  on credential_tags.credential_id = ranked.credential_id\n  and credential_tags.tag_id = device_tags.tag_id\njoin tags on tags.id = device_tags.tag_id\nwhere ranked.rank <= :perDevice!::integer\ngroup by ranked.device_id, ranked.rank, credentials.id\norder by ranked.device_id, ranked.rank"};

/**
 * The same for many devices: at most so many credentials for each, ranked
 * from 1. A device that no credential matches has no row.
 * The order is the same for every device, so the best of a device are among
 * the best of its tags, and no tag needs to give more than a device can take,
 * and as many more as are locked out on one of them.
 * Reads.
 *
 * ```sql
 * with locked_out as (
 *   select device_id, credential_id
 *   from credential_attempts
 *   where
 *     device_id = any(:deviceIds!::integer[])
 *     and failures >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
 *     and attempted_at
 *     > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
 * ),
 * most as (
 *   select coalesce(max(credentials), 0) as locked_out
 *   from (
 *     select count(*) as credentials
 *     from locked_out
 *     group by device_id
 *   ) as counted
 * ),
 * placed as (
 *   select
 *     id,
 *     row_number() over (
 *       order by priority, success_rate desc, last_used desc nulls last, id
 *     ) as place
 *   from credentials
 * ),
 * best as (
 *   select
 *     credential_tags.tag_id,
 *     placed.id as credential_id,
 *     placed.place,
 *     row_number() over (
 *       partition by credential_tags.tag_id
 *       order by placed.place
 *     ) as rank
 *   from placed
 *   join credential_tags on credential_tags.credential_id = placed.id
 * ),
 * ranked as (
 *   select
 *     device_tags.device_id,
 *     best.credential_id,
 *     row_number() over (
 *       partition by device_tags.device_id
 *       order by best.place
 *     )::integer as rank
 *   from device_tags
 *   join best on best.tag_id = device_tags.tag_id
 *   cross join most
 *   where
 *     device_tags.device_id = any(:deviceIds!::integer[])
 *     and best.rank <= :perDevice!::integer + most.locked_out
 *     and not exists (
 *       select
 *       from locked_out
 *       where
 *         locked_out.device_id = device_tags.device_id
 *         and locked_out.credential_id = best.credential_id
 *     )
 *   group by device_tags.device_id, best.credential_id, best.place
 * )
 * select
 *   ranked.device_id,
 *   ranked.rank as "rank!",
 *   credentials.id,
 *   credentials.username,
 *   credentials.priority,
 *   credentials.last_used,
 *   credentials.success_rate,
 *   array_agg(tags.name order by tags.name) as "matching_tags!"
 * from ranked
 * join credentials on credentials.id = ranked.credential_id
 * join device_tags on device_tags.device_id = ranked.device_id
 * join credential_tags
 *   on credential_tags.credential_id = ranked.credential_id
 *   and credential_tags.tag_id = device_tags.tag_id
 * join tags on tags.id = device_tags.tag_id
 * where ranked.rank <= :perDevice!::integer
 * group by ranked.device_id, ranked.rank, credentials.id
 * order by ranked.device_id, ranked.rank
 * ```
 */
export const credentialMatchMany: Query<CredentialMatchManyParams, CredentialMatchManyResult> = new Query("CredentialMatchMany", credentialMatchManyIR, { reads: true });

/** Parameters of `CredentialDependents`. */
export interface CredentialDependentsParams {
  afterHostname?: string | null | undefined;
  afterId?: number | null | undefined;
  id: number;
  limit: number;
}

/** A row of `CredentialDependents`. */
export interface CredentialDependentsResult {
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
}

const credentialDependentsIR: QueryIR = {"usedParamSet":{"id":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":245,"b":248},{"a":472,"b":475}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":540,"b":553}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":576,"b":583}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":643,"b":649}]}],"statement":"select\n  devices.id,\n  devices.hostname\nfrom devices\nwhere\n  devices.id in (\n    select device_tags.device_id\n    from credential_tags\n    join device_tags on device_tags.tag_id = credential_tags.tag_id\n    where credential_tags.credential_id = :id!\n  )\n  and not exists (\n    select\n    from device_tags\n    where\n      device_tags.device_id = devices.id\n      and device_tags.tag_id in (\n        select tag_id\n        from credential_tags\n        where credential_id <> :id!\n      )\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices that only this credential opens, by hostname: ask before deleting.
 * Reads.
 *
 * ```sql
 * select
 *   devices.id,
 *   devices.hostname
 * from devices
 * where
 *   devices.id in (
 *     select device_tags.device_id
 *     from credential_tags
 *     join device_tags on device_tags.tag_id = credential_tags.tag_id
 *     where credential_tags.credential_id = :id!
 *   )
 *   and not exists (
 *     select
 *     from device_tags
 *     where
 *       device_tags.device_id = devices.id
 *       and device_tags.tag_id in (
 *         select tag_id
 *         from credential_tags
 *         where credential_id <> :id!
 *       )
 *   )
 *   and (devices.hostname, devices.id)
 *   > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
 * order by devices.hostname, devices.id
 * limit :limit!::integer
 * ```
 */
export const credentialDependents: Query<CredentialDependentsParams, CredentialDependentsResult> = new Query("CredentialDependents", credentialDependentsIR, { reads: true });

/** Parameters of `CredentialUpdate`. */
export interface CredentialUpdateParams {
  id: number;
  priority?: number | null | undefined;
  username?: string | null | undefined;
}

/** A row of `CredentialUpdate`. */
export interface CredentialUpdateResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialUpdateIR: QueryIR = {"usedParamSet":{"username":true,"priority":true,"id":true},"params":[{"name":"username","required":false,"transform":{"type":"scalar"},"locs":[{"a":45,"b":53}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":89,"b":97}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":121,"b":124}]}],"statement":"update credentials\nset\n  username = coalesce(:username, username),\n  priority = coalesce(:priority, priority)\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * Changes what is given and leaves the rest; for the password there is
 * CredentialPasswordSet. Only CredentialAttemptRecord moves the counts, the
 * success_rate and last_used.
 * Writes credentials.
 *
 * ```sql
 * update credentials
 * set
 *   username = coalesce(:username, username),
 *   priority = coalesce(:priority, priority)
 * where id = :id!
 * returning id, username, priority, last_used, success_rate
 * ```
 */
export const credentialUpdate: Query<CredentialUpdateParams, CredentialUpdateResult> = new Query("CredentialUpdate", credentialUpdateIR);

/** Parameters of `CredentialPasswordSet`. */
export interface CredentialPasswordSetParams {
  id: number;
  password: string;
}

/** A row of `CredentialPasswordSet`. */
export interface CredentialPasswordSetResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialPasswordSetIR: QueryIR = {"usedParamSet":{"password":true,"id":true},"params":[{"name":"password","required":true,"transform":{"type":"scalar"},"locs":[{"a":56,"b":65}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":86,"b":89}]}],"statement":"with changed as (\n  update credentials\n  set password = :password!::text\n  where id = :id!\n  returning id, username, priority, last_used, success_rate\n),\nforgotten as (\n  delete from credential_attempts\n  where credential_id in (select id from changed)\n)\nselect id, username, priority, last_used, success_rate\nfrom changed"};

/**
 * Replaces the sealed password, as credentialSetPassword does it. A new
 * password may be tried at once where the old one had failed too often.
 * Writes credentials, credential_attempts.
 *
 * ```sql
 * with changed as (
 *   update credentials
 *   set password = :password!::text
 *   where id = :id!
 *   returning id, username, priority, last_used, success_rate
 * ),
 * forgotten as (
 *   delete from credential_attempts
 *   where credential_id in (select id from changed)
 * )
 * select id, username, priority, last_used, success_rate
 * from changed
 * ```
 */
export const credentialPasswordSet: Query<CredentialPasswordSetParams, CredentialPasswordSetResult> = new Query("CredentialPasswordSet", credentialPasswordSetIR);

/** Parameters of `CredentialUnsealedList`. */
export interface CredentialUnsealedListParams {
  afterId?: number | null | undefined;
  limit: number;
}

/** A row of `CredentialUnsealedList`. */
export interface CredentialUnsealedListResult {
  /** Identity of the credential. */
  id: number;
}

const credentialUnsealedListIR: QueryIR = {"usedParamSet":{"afterId":true,"limit":true},"params":[{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":70,"b":77}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":110,"b":116}]}],"statement":"select id\nfrom credentials\nwhere\n  key_id is null\n  and id > coalesce(:afterId::integer, 0)\norder by id\nlimit :limit!::integer"};

/**
 * Credentials with a password from before there were keys, which nothing
 * opens: each needs a new one.
 * Reads.
 *
 * ```sql
 * select id
 * from credentials
 * where
 *   key_id is null
 *   and id > coalesce(:afterId::integer, 0)
 * order by id
 * limit :limit!::integer
 * ```
 */
export const credentialUnsealedList: Query<CredentialUnsealedListParams, CredentialUnsealedListResult> = new Query("CredentialUnsealedList", credentialUnsealedListIR, { reads: true });

/** Parameters of `CredentialResealList`. */
export interface CredentialResealListParams {
  afterId?: number | null | undefined;
  keyId: string;
  limit: number;
}

/** A row of `CredentialResealList`. */
export interface CredentialResealListResult {
  /** Identity of the credential. */
  id: number;
  /** Key that the password is sealed with, read from its envelope; null for a password from before there were keys, which nothing opens. */
  keyId: string;
  sealed: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialResealListIR: QueryIR = {"usedParamSet":{"keyId":true,"afterId":true,"limit":true},"params":[{"name":"keyId","required":true,"transform":{"type":"scalar"},"locs":[{"a":109,"b":115}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":137,"b":144}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":177,"b":183}]}],"statement":"select\n  id,\n  uuid,\n  key_id as \"key_id!\",\n  password::text as \"sealed!\"\nfrom credentials\nwhere\n  key_id <> :keyId!\n  and id > coalesce(:afterId::integer, 0)\norder by id\nlimit :limit!::integer"};

/**
 * For the rotation of keys: sealed passwords that another key than this one
 * sealed, by id, with what they are bound to.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   uuid,
 *   key_id as "key_id!",
 *   password::text as "sealed!"
 * from credentials
 * where
 *   key_id <> :keyId!
 *   and id > coalesce(:afterId::integer, 0)
 * order by id
 * limit :limit!::integer
 * ```
 */
export const credentialResealList: Query<CredentialResealListParams, CredentialResealListResult> = new Query("CredentialResealList", credentialResealListIR, { reads: true });

/** Parameters of `CredentialReseal`. */
export interface CredentialResealParams {
  ids: readonly number[];
  resealed: readonly string[];
  sealed: readonly string[];
}

/** A row of `CredentialReseal`. */
export interface CredentialResealResult {
  /** Identity of the credential. */
  id: number;
}

const credentialResealIR: QueryIR = {"usedParamSet":{"ids":true,"sealed":true,"resealed":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":60,"b":64},{"a":215,"b":219}]},{"name":"sealed","required":true,"transform":{"type":"scalar"},"locs":[{"a":78,"b":85}]},{"name":"resealed","required":true,"transform":{"type":"scalar"},"locs":[{"a":96,"b":105}]}],"statement":"with given as (\n  select id, sealed, resealed\n  from unnest(:ids!::integer[], :sealed!::text[], :resealed!::text[])\n    as given (id, sealed, resealed)\n),\nlocked as (\n  select id\n  from credentials\n  where id = any(:ids!::integer[])\n  order by id\n  for no key update skip locked\n)\nupdate credentials\nset password = given.resealed\nfrom given\njoin locked on locked.id = given.id\nwhere\n  credentials.id = given.id\n  and credentials.password = given.sealed\nreturning credentials.id"};

/**
 * Puts in what was sealed anew, where the password is still the one that was
 * read; the arrays go together by position. Returns the credentials that were
 * changed: others have been changed meanwhile, or are locked, and come again.
 * Writes credentials.
 *
 * ```sql
 * with given as (
 *   select id, sealed, resealed
 *   from unnest(:ids!::integer[], :sealed!::text[], :resealed!::text[])
 *     as given (id, sealed, resealed)
 * ),
 * locked as (
 *   select id
 *   from credentials
 *   where id = any(:ids!::integer[])
 *   order by id
 *   for no key update skip locked
 * )
 * update credentials
 * set password = given.resealed
 * from given
 * join locked on locked.id = given.id
 * where
 *   credentials.id = given.id
 *   and credentials.password = given.sealed
 * returning credentials.id
 * ```
 */
export const credentialReseal: Query<CredentialResealParams, CredentialResealResult> = new Query("CredentialReseal", credentialResealIR);

/** Parameters of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordParams {
  attemptedAt: readonly Date[];
  credentialIds: readonly number[];
  deviceIds?: readonly number[] | null | undefined;
  succeeded: readonly boolean[];
}

/** A row of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordResult {
  /** How many attempts on devices failed. */
  failed: number;
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** How many attempts on devices succeeded. */
  succeeded: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
}

const credentialAttemptRecordIR: QueryIR = {"usedParamSet":{"credentialIds":true,"succeeded":true,"attemptedAt":true,"deviceIds":true},"params":[{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":255,"b":269},{"a":1003,"b":1017}]},{"name":"succeeded","required":true,"transform":{"type":"scalar"},"locs":[{"a":287,"b":297}]},{"name":"attemptedAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":315,"b":327}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":349,"b":358},{"a":1125,"b":1134}]}],"statement":"with attempts as (\n  select\n    credential_id,\n    device_id,\n    succeeded,\n    attempted_at,\n    place,\n    row_number() over (\n      partition by credential_id\n      order by attempted_at desc, place desc\n    ) - 1 as later_attempts\n  from unnest(\n    :credentialIds!::integer[],\n    :succeeded!::boolean[],\n    :attemptedAt!::timestamptz[],\n    :deviceIds::integer[]\n  ) with ordinality\n    as attempts (credential_id, succeeded, attempted_at, device_id, place)\n  where succeeded is not null\n),\nfolded as (\n  select\n    credential_id,\n    count(*) filter (where succeeded) as succeeded,\n    count(*) filter (where not succeeded) as failed,\n    power(0.9::double precision, least(count(*), 500)) as kept,\n    sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))\n      filter (where succeeded) as gained,\n    least(max(attempted_at), date_trunc('milliseconds', now())) as last_used\n  from attempts\n  group by credential_id\n),\nlocked as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n  order by id\n  for no key update\n),\npresent as (\n  select id\n  from devices\n  where id = any(:deviceIds::integer[])\n  order by id\n  for key share\n),\nfollowed as (\n  select\n    device_id,\n    credential_id,\n    succeeded,\n    attempted_at,\n    bool_or(succeeded) over (\n      partition by device_id, credential_id\n      order by attempted_at desc, place desc\n    ) as success_since\n  from attempts\n),\non_devices as (\n  select\n    followed.device_id,\n    followed.credential_id,\n    bool_or(followed.succeeded) as succeeded,\n    count(*) filter (where not followed.success_since) as failures,\n    least(\n      max(followed.attempted_at),\n      date_trunc('milliseconds', now())\n    ) as attempted_at\n  from followed\n  join present on present.id = followed.device_id\n  join locked on locked.id = followed.credential_id\n  group by followed.device_id, followed.credential_id\n),\nnoted as (\n  insert into credential_attempts as known\n    (device_id, credential_id, failures, attempted_at)\n  select device_id, credential_id, failures, attempted_at\n  from on_devices\n  where not succeeded\n  order by credential_id, device_id\n  on conflict (device_id, credential_id) do update\n  set\n    failures = known.failures + excluded.failures,\n    attempted_at = greatest(known.attempted_at, excluded.attempted_at)\n),\ncleared as (\n  insert into credential_attempts as known\n    (device_id, credential_id, failures, attempted_at)\n  select device_id, credential_id, failures, attempted_at\n  from on_devices\n  where succeeded\n  order by credential_id, device_id\n  on conflict (device_id, credential_id) do update\n  set\n    failures = excluded.failures,\n    attempted_at = excluded.attempted_at\n  where known.attempted_at <= excluded.attempted_at\n)\nupdate credentials\nset\n  succeeded = credentials.succeeded + folded.succeeded,\n  failed = credentials.failed + folded.failed,\n  success_rate = least(\n    1,\n    case\n      when credentials.success_rate < 1e-12 then 0\n      else credentials.success_rate * folded.kept\n    end + coalesce(folded.gained, 0)\n  ),\n  last_used = greatest(credentials.last_used, folded.last_used)\nfrom locked\njoin folded on folded.credential_id = locked.id\nwhere credentials.id = locked.id\nreturning\n  credentials.id,\n  credentials.success_rate,\n  credentials.last_used,\n  credentials.succeeded,\n  credentials.failed"};

/**
 * Takes in the outcomes of many attempts, in the order of their times: counts
 * them, and moves success_rate, to rate * 0.9 + 0.1 for a success and to
 * rate * 0.9 for a failure. The arrays go together by position; with devices
 * it also counts the failures in a row of each credential on each device, for
 * CredentialMatch. Returns the credentials that exist.
 * One update of the current row folds all attempts in, so none is lost
 * to a writer at the same time. Rows are locked by id first and waited for:
 * two calls at once cannot block each other, and skipping would lose attempts.
 * A time in the future counts as now. A rate below a millionth of a millionth
 * is 0, and powers end at 500: smaller numbers underflow, which is an error.
 * Writes credential_attempts, credentials.
 *
 * ```sql
 * with attempts as (
 *   select
 *     credential_id,
 *     device_id,
 *     succeeded,
 *     attempted_at,
 *     place,
 *     row_number() over (
 *       partition by credential_id
 *       order by attempted_at desc, place desc
 *     ) - 1 as later_attempts
 *   from unnest(
 *     :credentialIds!::integer[],
 *     :succeeded!::boolean[],
 *     :attemptedAt!::timestamptz[],
 *     :deviceIds::integer[]
 *   ) with ordinality
 *     as attempts (credential_id, succeeded, attempted_at, device_id, place)
 *   where succeeded is not null
 * ),
 * folded as (
 *   select
 *     credential_id,
 *     count(*) filter (where succeeded) as succeeded,
 *     count(*) filter (where not succeeded) as failed,
 *     power(0.9::double precision, least(count(*), 500)) as kept,
 *     sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))
 *       filter (where succeeded) as gained,
 *     least(max(attempted_at), date_trunc('milliseconds', now())) as last_used
 *   from attempts
 *   group by credential_id
 * ),
 * locked as (
 *   select id
 *   from credentials
 *   where id = any(:credentialIds!::integer[])
 *   order by id
 *   for no key update
 * ),
 * present as (
 *   select id
 *   from devices
 *   where id = any(:deviceIds::integer[])
 *   order by id
 *   for key share
 * ),
 * followed as (
 *   select
 *     device_id,
 *     credential_id,
 *     succeeded,
 *     attempted_at,
 *     bool_or(succeeded) over (
 *       partition by device_id, credential_id
 *       order by attempted_at desc, place desc
 *     ) as success_since
 *   from attempts
 * ),
 * on_devices as (
 *   select
 *     followed.device_id,
 *     followed.credential_id,
 *     bool_or(followed.succeeded) as succeeded,
 *     count(*) filter (where not followed.success_since) as failures,
 *     least(
 *       max(followed.attempted_at),
 *       date_trunc('milliseconds', now())
 *     ) as attempted_at
 *   from followed
 *   join present on present.id = followed.device_id
 *   join locked on locked.id = followed.credential_id
 *   group by followed.device_id, followed.credential_id
 * ),
 * noted as (
 *   insert into credential_attempts as known
 *     (device_id, credential_id, failures, attempted_at)
 *   select device_id, credential_id, failures, attempted_at
 *   from on_devices
 *   where not succeeded
 *   order by credential_id, device_id
 *   on conflict (device_id, credential_id) do update
 *   set
 *     failures = known.failures + excluded.failures,
 *     attempted_at = greatest(known.attempted_at, excluded.attempted_at)
 * ),
 * cleared as (
 *   insert into credential_attempts as known
 *     (device_id, credential_id, failures, attempted_at)
 *   select device_id, credential_id, failures, attempted_at
 *   from on_devices
 *   where succeeded
 *   order by credential_id, device_id
 *   on conflict (device_id, credential_id) do update
 *   set
 *     failures = excluded.failures,
 *     attempted_at = excluded.attempted_at
 *   where known.attempted_at <= excluded.attempted_at
 * )
 * update credentials
 * set
 *   succeeded = credentials.succeeded + folded.succeeded,
 *   failed = credentials.failed + folded.failed,
 *   success_rate = least(
 *     1,
 *     case
 *       when credentials.success_rate < 1e-12 then 0
 *       else credentials.success_rate * folded.kept
 *     end + coalesce(folded.gained, 0)
 *   ),
 *   last_used = greatest(credentials.last_used, folded.last_used)
 * from locked
 * join folded on folded.credential_id = locked.id
 * where credentials.id = locked.id
 * returning
 *   credentials.id,
 *   credentials.success_rate,
 *   credentials.last_used,
 *   credentials.succeeded,
 *   credentials.failed
 * ```
 */
export const credentialAttemptRecord: Query<CredentialAttemptRecordParams, CredentialAttemptRecordResult> = new Query("CredentialAttemptRecord", credentialAttemptRecordIR);

/** Parameters of `CredentialDelete`. */
export interface CredentialDeleteParams {
  id: number;
}

/** A row of `CredentialDelete`. */
export interface CredentialDeleteResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":35,"b":38}]}],"statement":"delete from credentials\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * CredentialDependents tells first which devices will have none left.
 * Writes credentials.
 *
 * ```sql
 * delete from credentials
 * where id = :id!
 * returning id, username, priority, last_used, success_rate
 * ```
 */
export const credentialDelete: Query<CredentialDeleteParams, CredentialDeleteResult> = new Query("CredentialDelete", credentialDeleteIR);
