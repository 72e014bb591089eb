// Generated from queries/credentials.sql by make generate. Do not edit.
/**
 * Credentials are logins. Only CredentialSecretGet and CredentialResealList
 * return an encrypted password.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialGet`. */
export interface CredentialGetParams {
  /** Identity of the credential. */
  id: number;
}

/** A row of `CredentialGet`. */
export interface Credential {
  /** How many attempts on devices failed. */
  failed: number;
  /** Identity of the credential. */
  id: number;
  /**
   * Key that the password is sealed with, read from its envelope; null for a password from before
   * there were keys, which nothing opens.
   */
  keyId: string | null;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** How many attempts on devices succeeded. */
  succeeded: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Names of its tags, sorted. */
  tags: string[];
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":331,"b":334}]}],"statement":"select\n  credentials.id,\n  credentials.uuid,\n  credentials.key_id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  credentials.succeeded,\n  credentials.failed,\n  names as \"tags!\"\nfrom credentials\ncross join credential_tag_names(credentials.id) as names\nwhere credentials.id = :id!"};

/** Reads. */
export const credentialGet: Query<CredentialGetParams, Credential> = new Query("CredentialGet", credentialGetIR, { reads: true });

/** Parameters of `CredentialList`. */
export interface CredentialListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The priority of the last row of the previous page. */
  afterPriority?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `CredentialList`. */
export interface CredentialListRow {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Names of its tags, sorted. */
  tags: string[];
  /** Name to log in with. */
  username: string;
}

const credentialListIR: QueryIR = {"usedParamSet":{"afterPriority":true,"afterId":true,"limit":true},"params":[{"name":"afterPriority","required":false,"transform":{"type":"scalar"},"locs":[{"a":285,"b":298}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":337,"b":344}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":415,"b":421}]}],"statement":"select\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  names as \"tags!\"\nfrom credentials\ncross join credential_tag_names(credentials.id) as names\nwhere\n  (credentials.priority, credentials.id)\n  > (\n    coalesce(:afterPriority::integer, -2147483648),\n    coalesce(:afterId::integer, 0)\n  )\norder by credentials.priority, credentials.id\nlimit :limit!::integer"};

/**
 * Lists credentials by priority, lowest number first.
 * Reads.
 */
export const credentialList: Query<CredentialListParams, CredentialListRow> = new Query("CredentialList", credentialListIR, { reads: true });

/** Parameters of `CredentialMatch`. */
export interface CredentialMatchParams {
  deviceId: number;
  /** Consecutive failures that lock a credential out. Defaults to 3; 0 disables lockouts. */
  lockoutFailures?: number | null | undefined;
  /** Duration of a lockout in seconds. Defaults to 900. */
  lockoutSeconds?: number | null | undefined;
}

/** A row of `CredentialMatch`. */
export interface CredentialMatchRow {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Names of the tags that it shares with the device. */
  matchingTags: string[];
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialMatchIR: QueryIR = {"usedParamSet":{"deviceId":true,"lockoutFailures":true,"lockoutSeconds":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":403,"b":412},{"a":521,"b":530}]},{"name":"lockoutFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":657,"b":672}]},{"name":"lockoutSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":781,"b":795}]}],"statement":"select\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom device_tags\njoin tags on tags.id = device_tags.tag_id\njoin credential_tags on credential_tags.tag_id = tags.id\njoin credentials on credentials.id = credential_tags.credential_id\nwhere\n  device_tags.device_id = :deviceId!\n  and not exists (\n    select\n    from credential_attempts\n    where\n      credential_attempts.device_id = :deviceId!\n      and credential_attempts.credential_id = credentials.id\n      and credential_attempts.failures\n      >= nullif(coalesce(:lockoutFailures::integer, 3), 0)\n      and credential_attempts.attempted_at\n      > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))\n  )\ngroup by credentials.id\norder by\n  credentials.priority,\n  credentials.success_rate desc,\n  credentials.last_used desc nulls last,\n  credentials.id"};

/**
 * Lists the credentials that share a tag with the device, best first, each with
 * the shared tags. After too many consecutive failures on the device a
 * credential is excluded for a while; credentialGuard reads both limits from
 * the settings.
 * Reads.
 */
export const credentialMatch: Query<CredentialMatchParams, CredentialMatchRow> = new Query("CredentialMatch", credentialMatchIR, { reads: true });

/** Parameters of `CredentialMatchMany`. */
export interface CredentialMatchManyParams {
  deviceIds: readonly number[];
  /** Consecutive failures that lock a credential out. Defaults to 3; 0 disables lockouts. */
  lockoutFailures?: number | null | undefined;
  /** Duration of a lockout in seconds. Defaults to 900. */
  lockoutSeconds?: number | null | undefined;
  /** Maximum credentials for each device. */
  perDevice: number;
}

/** A row of `CredentialMatchMany`. */
export interface CredentialMatchManyRow {
  /** The device that carries the tag. */
  deviceId: number;
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Names of the tags that it shares with the device. */
  matchingTags: string[];
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /** 1 for the best credential of the device. */
  rank: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialMatchManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"lockoutFailures":true,"lockoutSeconds":true,"perDevice":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":110,"b":120},{"a":1238,"b":1248}]},{"name":"lockoutFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":170,"b":185}]},{"name":"lockoutSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":270,"b":284}]},{"name":"perDevice","required":true,"transform":{"type":"scalar"},"locs":[{"a":1283,"b":1293},{"a":2131,"b":2141}]}],"statement":"with locked_out as (\n  select device_id, credential_id\n  from credential_attempts\n  where\n    device_id = any(:deviceIds!::integer[])\n    and failures >= nullif(coalesce(:lockoutFailures::integer, 3), 0)\n    and attempted_at\n    > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))\n),\nmost as (\n  select coalesce(max(credentials), 0) as locked_out\n  from (\n    select count(*) as credentials\n    from locked_out\n    group by device_id\n  ) as counted\n),\nplaced as (\n  select\n    id,\n    row_number() over (\n      order by priority, success_rate desc, last_used desc nulls last, id\n    ) as place\n  from credentials\n),\nbest as (\n  select\n    credential_tags.tag_id,\n    placed.id as credential_id,\n    placed.place,\n    row_number() over (\n      partition by credential_tags.tag_id\n      order by placed.place\n    ) as rank\n  from placed\n  join credential_tags on credential_tags.credential_id = placed.id\n),\nranked as (\n  select\n    device_tags.device_id,\n    best.credential_id,\n    row_number() over (\n      partition by device_tags.device_id\n      order by best.place\n    )::integer as rank\n  from device_tags\n  join best on best.tag_id = device_tags.tag_id\n  cross join most\n  where\n    device_tags.device_id = any(:deviceIds!::integer[])\n    and best.rank <= :perDevice!::integer + most.locked_out\n    and not exists (\n      select\n      from locked_out\n      where\n        locked_out.device_id = device_tags.device_id\n        and locked_out.credential_id = best.credential_id\n    )\n  group by device_tags.device_id, best.credential_id, best.place\n)\nselect\n  ranked.device_id,\n  ranked.rank as \"rank!\",\n  credentials.id,\n  credentials.username,\n  credentials.priority,\n  credentials.last_used,\n  credentials.success_rate,\n  array_agg(tags.name order by tags.name) as \"matching_tags!\"\nfrom ranked\njoin credentials on credentials.id = ranked.credential_id\njoin device_tags on device_tags.device_id = ranked.device_id\njoin credential_tags\n  on credential_tags.credential_id = ranked.credential_id\n  and credential_tags.tag_id = device_tags.tag_id\njoin tags on tags.id = device_tags.tag_id\nwhere ranked.rank <= :perDevice!::integer\ngroup by ranked.device_id, ranked.rank, credentials.id\norder by ranked.device_id, ranked.rank"};

/**
 * Lists the best credentials for each of many devices, ranked from 1; see
 * CredentialMatch. A device without a matching credential has no row.
 * The order is the same for every device, so the best credentials of a device
 * are among the best of its tags. Each tag therefore supplies only perDevice
 * credentials, plus the maximum number that is locked out on one of the
 * devices.
 * Reads.
 */
export const credentialMatchMany: Query<CredentialMatchManyParams, CredentialMatchManyRow> = new Query("CredentialMatchMany", credentialMatchManyIR, { reads: true });

/** Parameters of `CredentialDependents`. */
export interface CredentialDependentsParams {
  /** The hostname of the last row of the previous page. */
  afterHostname?: string | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Identity of the device. */
  id: number;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `CredentialDependents`. */
export interface CredentialDependentsRow {
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
}

const credentialDependentsIR: QueryIR = {"usedParamSet":{"id":true,"afterHostname":true,"afterId":true,"limit":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":245,"b":248},{"a":472,"b":475}]},{"name":"afterHostname","required":false,"transform":{"type":"scalar"},"locs":[{"a":540,"b":553}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":576,"b":583}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":643,"b":649}]}],"statement":"select\n  devices.id,\n  devices.hostname\nfrom devices\nwhere\n  devices.id in (\n    select device_tags.device_id\n    from credential_tags\n    join device_tags on device_tags.tag_id = credential_tags.tag_id\n    where credential_tags.credential_id = :id!\n  )\n  and not exists (\n    select\n    from device_tags\n    where\n      device_tags.device_id = devices.id\n      and device_tags.tag_id in (\n        select tag_id\n        from credential_tags\n        where credential_id <> :id!\n      )\n  )\n  and (devices.hostname, devices.id)\n  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))\norder by devices.hostname, devices.id\nlimit :limit!::integer"};

/**
 * Lists the devices that only this credential opens, by hostname. Check them
 * before you delete the credential.
 * Reads.
 */
export const credentialDependents: Query<CredentialDependentsParams, CredentialDependentsRow> = new Query("CredentialDependents", credentialDependentsIR, { reads: true });

/** Parameters of `CredentialUpdate`. */
export interface CredentialUpdateParams {
  /** Identity of the credential. */
  id: number;
  /** Lower numbers are tried first. Defaults to the current priority. */
  priority?: number | null | undefined;
  /** Defaults to the current username. */
  username?: string | null | undefined;
}

/** A row of `CredentialUpdate`, `CredentialPasswordSet`, `CredentialDelete`. */
export interface CredentialSummary {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Name to log in with. */
  username: string;
}

const credentialUpdateIR: QueryIR = {"usedParamSet":{"username":true,"priority":true,"id":true},"params":[{"name":"username","required":false,"transform":{"type":"scalar"},"locs":[{"a":45,"b":53}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":89,"b":97}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":121,"b":124}]}],"statement":"update credentials\nset\n  username = coalesce(:username, username),\n  priority = coalesce(:priority, priority)\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * Changes the given fields and keeps the others. CredentialPasswordSet changes
 * the password. Only CredentialAttemptRecord changes the counts, success_rate
 * and last_used.
 * Writes credentials.
 */
export const credentialUpdate: Query<CredentialUpdateParams, CredentialSummary> = new Query("CredentialUpdate", credentialUpdateIR);

/** Parameters of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordParams {
  /** When each attempt was made. */
  attemptedAt: readonly Date[];
  credentialIds: readonly number[];
  /** Device of each attempt; null if it is not known. */
  deviceIds?: readonly (number | null)[] | null | undefined;
  /** Whether each attempt succeeded. */
  succeeded: readonly boolean[];
}

/** A row of `CredentialAttemptRecord`. */
export interface CredentialAttemptRecordRow {
  /** How many attempts on devices failed. */
  failed: number;
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** How many attempts on devices succeeded. */
  succeeded: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
}

const credentialAttemptRecordIR: QueryIR = {"usedParamSet":{"credentialIds":true,"succeeded":true,"attemptedAt":true,"deviceIds":true},"params":[{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":68,"b":82},{"a":653,"b":667}]},{"name":"succeeded","required":true,"transform":{"type":"scalar"},"locs":[{"a":100,"b":110}]},{"name":"attemptedAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":128,"b":140}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":162,"b":171},{"a":775,"b":784}]}],"statement":"with attempts as (\n  select *\n  from credential_attempts_given(\n    :credentialIds!::integer[],\n    :succeeded!::boolean[],\n    :attemptedAt!::timestamptz[],\n    :deviceIds::integer[]\n  )\n),\nfolded as (\n  select\n    credential_id,\n    count(*) filter (where succeeded) as succeeded,\n    count(*) filter (where not succeeded) as failed,\n    power(0.9::double precision, least(count(*), 500)) as kept,\n    sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))\n      filter (where succeeded) as gained,\n    max(attempted_at) as last_used\n  from attempts\n  group by credential_id\n),\nlocked as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n  order by id\n  for no key update\n),\npresent as (\n  select id\n  from devices\n  where id = any(:deviceIds::integer[])\n  order by id\n  for key share\n),\non_devices as (\n  select\n    attempts.device_id,\n    attempts.credential_id,\n    bool_or(attempts.succeeded) as succeeded,\n    count(*) filter (where not attempts.success_since) as failures,\n    max(attempts.attempted_at) as attempted_at\n  from attempts\n  join present on present.id = attempts.device_id\n  join locked on locked.id = attempts.credential_id\n  group by attempts.device_id, attempts.credential_id\n),\nnoted as (\n  insert into credential_attempts as known\n    (device_id, credential_id, failures, attempted_at)\n  select device_id, credential_id, failures, attempted_at\n  from on_devices\n  where not succeeded\n  order by credential_id, device_id\n  on conflict (device_id, credential_id) do update\n  set\n    failures = known.failures + excluded.failures,\n    attempted_at = greatest(known.attempted_at, excluded.attempted_at)\n),\ncleared as (\n  insert into credential_attempts as known\n    (device_id, credential_id, failures, attempted_at)\n  select device_id, credential_id, failures, attempted_at\n  from on_devices\n  where succeeded\n  order by credential_id, device_id\n  on conflict (device_id, credential_id) do update\n  set\n    failures = excluded.failures,\n    attempted_at = excluded.attempted_at\n  where known.attempted_at <= excluded.attempted_at\n)\nupdate credentials\nset\n  succeeded = credentials.succeeded + folded.succeeded,\n  failed = credentials.failed + folded.failed,\n  success_rate = least(\n    1,\n    case\n      when credentials.success_rate < 1e-12 then 0\n      else credentials.success_rate * folded.kept\n    end + coalesce(folded.gained, 0)\n  ),\n  last_used = greatest(credentials.last_used, folded.last_used)\nfrom locked\njoin folded on folded.credential_id = locked.id\nwhere credentials.id = locked.id\nreturning\n  credentials.id,\n  credentials.success_rate,\n  credentials.last_used,\n  credentials.succeeded,\n  credentials.failed"};

/**
 * Records the outcomes of many attempts, in the order of their times: counts
 * them and changes success_rate. A success makes it rate * 0.9 + 0.1, a failure
 * rate * 0.9. Arrays are matched by position. With devices it also counts the
 * consecutive failures of each credential on each device, for CredentialMatch.
 * Returns the credentials that exist.
 * One update of the current row applies all attempts, so that concurrent
 * writers lose none. Rows are locked by id first, and waited for: concurrent
 * calls cannot deadlock, and skipping rows would lose attempts. A time in the
 * future counts as now. A rate below 1e-12 counts as 0, and exponents are
 * limited to 500: smaller numbers would underflow, which is an error.
 * Writes credential_attempts, credentials.
 */
export const credentialAttemptRecord: Query<CredentialAttemptRecordParams, CredentialAttemptRecordRow> = new Query("CredentialAttemptRecord", credentialAttemptRecordIR);

/** Parameters of `CredentialDelete`. */
export interface CredentialDeleteParams {
  /** Identity of the credential. */
  id: number;
}

const credentialDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":35,"b":38}]}],"statement":"delete from credentials\nwhere id = :id!\nreturning id, username, priority, last_used, success_rate"};

/**
 * Deletes a credential. CredentialDependents lists the devices that only it
 * opens.
 * Writes credentials.
 */
export const credentialDelete: Query<CredentialDeleteParams, CredentialSummary> = new Query("CredentialDelete", credentialDeleteIR);
