// Generated from queries/credentials.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialInsert`. */
export interface CredentialInsertParams {
  password: string;
  priority?: number | null | undefined;
  tagNames?: readonly string[] | null | undefined;
  username: string;
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
}

const credentialInsertIR: QueryIR = {"usedParamSet":{"username":true,"password":true,"priority":true,"tagNames":true},"params":[{"name":"username","required":true,"transform":{"type":"scalar"},"locs":[{"a":235,"b":244}]},{"name":"password","required":true,"transform":{"type":"scalar"},"locs":[{"a":247,"b":256}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":268,"b":276}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":427,"b":435},{"a":525,"b":533}]}],"statement":"-- Credentials are logins; only CredentialSecretGet returns a sealed password.\n-- Makes a credential with its tags; tags that do not exist are made.\nwith inserted as (\n  insert into credentials (username, password, priority)\n  values (:username!, :password!, coalesce(:priority::integer, 100))\n  returning id, username, priority, last_used, success_rate\n),\ngiven as (\n  select distinct name\n  from inserted\n  cross join unnest(:tagNames::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\ntagged as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    inserted.id,\n    wanted.id\n  from inserted\n  cross join wanted\n)\nselect\n  id,\n  username,\n  priority,\n  last_used,\n  success_rate,\n  array(select name from given order by name) as \"tags!\"\nfrom inserted"};

/**
 * Credentials are logins; only CredentialSecretGet returns a sealed password.
 * Makes a credential with its tags; tags that do not exist are made.
 *
 * ```sql
 * with inserted as (
 *   insert into credentials (username, password, priority)
 *   values (:username!, :password!, coalesce(:priority::integer, 100))
 *   returning id, username, priority, last_used, success_rate
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

const credentialGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":366,"b":369}]}],"statement":"select\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where credential_tags.credential_id = credentials.id\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere credentials.id = :id!"};

/**
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
 * where credentials.id = :id!
 * ```
 */
export const credentialGet: Query<CredentialGetParams, CredentialGetResult> = new Query("CredentialGet", credentialGetIR);

/** Parameters of `CredentialSecretGet`. */
export interface CredentialSecretGetParams {
  id: number;
}

/** A row of `CredentialSecretGet`. */
export interface CredentialSecretGetResult {
  /** Identity of the credential. */
  id: number;
  /** Sealed password; only CredentialSecretGet returns it. */
  password: string;
  /** Name to log in with. */
  username: string;
}

const credentialSecretGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":111,"b":114}]}],"statement":"-- The sealed password, for the moment of use.\nselect\n  id,\n  username,\n  password\nfrom credentials\nwhere id = :id!"};

/**
 * The sealed password, for the moment of use.
 *
 * ```sql
 * select
 *   id,
 *   username,
 *   password
 * from credentials
 * where id = :id!
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

const credentialListIR: QueryIR = {"usedParamSet":{"afterPriority":true,"afterId":true,"limit":true},"params":[{"name":"afterPriority","required":false,"transform":{"type":"scalar"},"locs":[{"a":448,"b":461}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":500,"b":507}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":578,"b":584}]}],"statement":"-- Credentials in the order of trying.\nselect\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where credential_tags.credential_id = credentials.id\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere\n  (credentials.priority, credentials.id)\n  > (\n    coalesce(:afterPriority::integer, -2147483648),\n    coalesce(:afterId::integer, 0)\n  )\norder by credentials.priority, credentials.id\nlimit :limit!::integer"};

/**
 * Credentials in the order of trying.
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
export const credentialList: Query<CredentialListParams, CredentialListResult> = new Query("CredentialList", credentialListIR);

/** Parameters of `CredentialMatch`. */
export interface CredentialMatchParams {
  deviceId: number;
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

const credentialMatchIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":505,"b":514}]}],"statement":"-- The credentials that share a tag with the device, best first, each with the\n-- tags that they share.\nselect\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom device_tags\njoin tags on tags.id = device_tags.tag_id\njoin credential_tags on credential_tags.tag_id = tags.id\njoin credentials on credentials.id = credential_tags.credential_id\nwhere device_tags.device_id = :deviceId!\ngroup by credentials.id\norder by\n  credentials.priority,\n  credentials.success_rate desc,\n  credentials.last_used desc nulls last,\n  credentials.id"};

/**
 * The credentials that share a tag with the device, best first, each with the
 * tags that they share.
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
 * where device_tags.device_id = :deviceId!
 * group by credentials.id
 * order by
 *   credentials.priority,
 *   credentials.success_rate desc,
 *   credentials.last_used desc nulls last,
 *   credentials.id
 * ```
 */
export const credentialMatch: Query<CredentialMatchParams, CredentialMatchResult> = new Query("CredentialMatch", credentialMatchIR);

/** Parameters of `CredentialMatchMany`. */
export interface CredentialMatchManyParams {
  deviceIds: readonly number[];
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

const credentialMatchManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"perDevice":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":1042,"b":1052}]},{"name":"perDevice","required":true,"transform":{"type":"scalar"},"locs":[{"a":1087,"b":1097},{"a":1732,"b":1742}]}],"statement":"-- The same for many devices: at most so many credentials for each, ranked\n-- from 1. A device that no credential matches has no row.\n-- The order is the same for every device, so the best of a device are among\n-- the best of its tags, and no tag needs to give more than a device can take.\nwith placed as (\n  select\n    id,\n    row_number() over (\n      order by priority, success_rate desc, last_used desc nulls last, id\n    ) as place\n  from credentials\n),\nbest as (\n  select\n    credential_tags.tag_id,\n    placed.id as credential_id,\n    placed.place,\n    row_number() over (\n      partition by credential_tags.tag_id\n      order by placed.place\n    ) as rank\n  from placed\n  join credential_tags on credential_tags.credential_id = placed.id\n),\nranked as (\n  select\n    device_tags.device_id,\n    best.credential_id,\n    row_number() over (\n      partition by device_tags.device_id\n      order by best.place\n    )::integer as rank\n  from device_tags\n  join best on best.tag_id = device_tags.tag_id\n  where\n    device_tags.device_id = any(:deviceIds!::integer[])\n    and best.rank <= :perDevice!::integer\n  group by device_tags.device_id, best.credential_id, best.place\n)\nselect\n  ranked.device_id,\n  ranked.rank as \"rank!\",\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom ranked\njoin credentials on credentials.id = ranked.credential_id\njoin device_tags on device_tags.device_id = ranked.device_id\njoin credential_tags\n  on credential_tags.credential_id = ranked.credential_id\n  and credential_tags.tag_id = device_tags.tag_id\njoin tags on tags.id = device_tags.tag_id\nwhere ranked.rank <= :perDevice!::integer\ngroup by ranked.device_id, ranked.rank, credentials.id\norder by ranked.device_id, ranked.rank"};

/**
 * The same for many devices: at most so many credentials for each, ranked
 * from 1. A device that no credential matches has no row.
 * The order is the same for every device, so the best of a device are among
 * the best of its tags, and no tag needs to give more than a device can take.
 *
 * ```sql
 * with placed as (
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
 *   where
 *     device_tags.device_id = any(:deviceIds!::integer[])
 *     and best.rank <= :perDevice!::integer
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
export const credentialMatchMany: Query<CredentialMatchManyParams, CredentialMatchManyResult> = new Query("CredentialMatchMany", credentialMatchManyIR);

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

const credentialDependentsIR: QueryIR = {"usedParamSet":{"id":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":323,"b":326},{"a":550,"b":553}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":618,"b":631}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":654,"b":661}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":721,"b":727}]}],"statement":"-- Devices that only this credential opens, by hostname: ask before deleting.\nselect\n  devices.id,\n  devices.hostname\nfrom devices\nwhere\n  devices.id in (\n    select device_tags.device_id\n    from credential_tags\n    join device_tags on device_tags.tag_id = credential_tags.tag_id\n    where credential_tags.credential_id = :id!\n  )\n  and not exists (\n    select\n    from device_tags\n    where\n      device_tags.device_id = devices.id\n      and device_tags.tag_id in (\n        select tag_id\n        from credential_tags\n        where credential_id <> :id!\n      )\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Devices that only this credential opens, by hostname: ask before deleting.
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
export const credentialDependents: Query<CredentialDependentsParams, CredentialDependentsResult> = new Query("CredentialDependents", credentialDependentsIR);

/** Parameters of `CredentialUpdate`. */
export interface CredentialUpdateParams {
  id: number;
  password?: string | null | undefined;
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

const credentialUpdateIR: QueryIR = {"usedParamSet":{"username":true,"password":true,"priority":true,"id":true},"params":[{"name":"username","required":false,"transform":{"type":"scalar"},"locs":[{"a":184,"b":192}]},{"name":"password","required":false,"transform":{"type":"scalar"},"locs":[{"a":228,"b":236}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":272,"b":280}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":304,"b":307}]}],"statement":"-- Changes what is given and leaves the rest; the password comes sealed.\n-- Only CredentialAttemptRecord moves success_rate and last_used.\nupdate credentials\nset\n  username = coalesce(:username, username),\n  password = coalesce(:password, password),\n  priority = coalesce(:priority, priority)\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * Changes what is given and leaves the rest; the password comes sealed.
 * Only CredentialAttemptRecord moves success_rate and last_used.
 *
 * ```sql
 * update credentials
 * set
 *   username = coalesce(:username, username),
 *   password = coalesce(:password, password),
 *   priority = coalesce(:priority, priority)
 * where id = :id!
 * returning id, username, priority, last_used, success_rate
 * ```
 */
export const credentialUpdate: Query<CredentialUpdateParams, CredentialUpdateResult> = new Query("CredentialUpdate", credentialUpdateIR);

/** Parameters of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordParams {
  attemptedAt: readonly Date[];
  credentialIds: readonly number[];
  succeeded: readonly boolean[];
}

/** A row of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordResult {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth. */
  successRate: number;
}

const credentialAttemptRecordIR: QueryIR = {"usedParamSet":{"credentialIds":true,"succeeded":true,"attemptedAt":true},"params":[{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":832,"b":846},{"a":1437,"b":1451}]},{"name":"succeeded","required":true,"transform":{"type":"scalar"},"locs":[{"a":864,"b":874}]},{"name":"attemptedAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":892,"b":904}]}],"statement":"-- Takes in the outcomes of many attempts, in the order of their times, as\n-- success_rate * 0.9 + 0.1 for a success and * 0.9 for a failure. The arrays\n-- go together by position; returns the credentials that exist.\n-- One update of the current row folds all attempts in, so none is lost\n-- to a writer at the same time. Rows are locked by id first and waited for:\n-- two calls at once cannot block each other, and skipping would lose attempts.\n-- A time in the future counts as now. A rate below a millionth of a millionth\n-- is 0, and powers end at 500: smaller numbers underflow, which is an error.\nwith attempts as (\n  select\n    credential_id,\n    succeeded,\n    attempted_at,\n    row_number() over (\n      partition by credential_id\n      order by attempted_at desc, place desc\n    ) - 1 as later_attempts\n  from unnest(\n    :credentialIds!::integer[],\n    :succeeded!::boolean[],\n    :attemptedAt!::timestamptz[]\n  ) with ordinality\n    as attempts (credential_id, succeeded, attempted_at, place)\n  where succeeded is not null\n),\nfolded as (\n  select\n    credential_id,\n    power(0.9::double precision, least(count(*), 500)) as kept,\n    sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))\n      filter (where succeeded) as gained,\n    least(max(attempted_at), date_trunc('milliseconds', now())) as last_used\n  from attempts\n  group by credential_id\n),\nlocked as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n  order by id\n  for no key update\n)\nupdate credentials\nset\n  success_rate = least(\n    1,\n    case\n      when credentials.success_rate < 1e-12 then 0\n      else credentials.success_rate * folded.kept\n    end + coalesce(folded.gained, 0)\n  ),\n  last_used = greatest(credentials.last_used, folded.last_used)\nfrom locked\njoin folded on folded.credential_id = locked.id\nwhere credentials.id = locked.id\nreturning\n  credentials.id,\n  credentials.success_rate,\n  credentials.last_used"};

/**
 * Takes in the outcomes of many attempts, in the order of their times, as
 * success_rate * 0.9 + 0.1 for a success and * 0.9 for a failure. The arrays
 * go together by position; returns the credentials that exist.
 * One update of the current row folds all attempts in, so none is lost
 * to a writer at the same time. Rows are locked by id first and waited for:
 * two calls at once cannot block each other, and skipping would lose attempts.
 * A time in the future counts as now. A rate below a millionth of a millionth
 * is 0, and powers end at 500: smaller numbers underflow, which is an error.
 *
 * ```sql
 * with attempts as (
 *   select
 *     credential_id,
 *     succeeded,
 *     attempted_at,
 *     row_number() over (
 *       partition by credential_id
 *       order by attempted_at desc, place desc
 *     ) - 1 as later_attempts
 *   from unnest(
 *     :credentialIds!::integer[],
 *     :succeeded!::boolean[],
 *     :attemptedAt!::timestamptz[]
 *   ) with ordinality
 *     as attempts (credential_id, succeeded, attempted_at, place)
 *   where succeeded is not null
 * ),
 * folded as (
 *   select
 *     credential_id,
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
 * )
 * update credentials
 * set
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
 *   credentials.last_used
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

const credentialDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":106,"b":109}]}],"statement":"-- CredentialDependents tells first which devices will have none left.\ndelete from credentials\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * CredentialDependents tells first which devices will have none left.
 *
 * ```sql
 * delete from credentials
 * where id = :id!
 * returning id, username, priority, last_used, success_rate
 * ```
 */
export const credentialDelete: Query<CredentialDeleteParams, CredentialDeleteResult> = new Query("CredentialDelete", credentialDeleteIR);
