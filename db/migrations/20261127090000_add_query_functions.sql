-- migrate:up

-- Who may do what is in db/roles.sql.
drop function apply_roles;
drop function role_grants;
drop function role_grants_of_history;

create function tags_ensure(names text[], types text[] default null)
returns setof tags
language sql
rows 10
as $function$
  with given as (
    select
      name,
      min(type) as type
    from unnest(names, types) as given (name, type)
    group by name
  ),
  known as (
    select id, name, type
    from tags
    where name = any(names)
  ),
  made as (
    insert into tags (name, type)
    select
      name,
      coalesce(type, 'custom')
    from given
    where name not in (select name from known)
    -- In order, so that two calls at once cannot block each other.
    order by name
    on conflict (name) do update set type = tags.type
    returning id, name, type
  )
  table known
  union all
  table made
$function$;

comment on function tags_ensure is
  'Creates the tags that do not exist and returns all named tags. Types are '
  'matched to names by position, custom if null or absent; an existing tag '
  'keeps its type.';

-- One row each, as a set: so the planner puts them in their place in a query.
create function device_tag_names(of_device integer)
returns setof text[]
language sql stable
rows 1
as $function$
  select
    array(
      select tags.name
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where device_tags.device_id = of_device
      order by tags.name
    )
$function$;

comment on function device_tag_names is
  'Names of the tags of a device, sorted: one row, with an empty array if '
  'there are none.';

create function credential_tag_names(of_credential integer)
returns setof text[]
language sql stable
rows 1
as $function$
  select
    array(
      select tags.name
      from credential_tags
      join tags on tags.id = credential_tags.tag_id
      where credential_tags.credential_id = of_credential
      order by tags.name
    )
$function$;

comment on function credential_tag_names is
  'Names of the tags of a credential, sorted: one row, with an empty array if '
  'there are none.';

create function schedule_tag_names(of_schedule integer)
returns setof text[]
language sql stable
rows 1
as $function$
  select
    array(
      select tags.name
      from schedule_tags
      join tags on tags.id = schedule_tags.tag_id
      where schedule_tags.schedule_id = of_schedule
      order by tags.name
    )
$function$;

comment on function schedule_tag_names is
  'Names of the tags of a schedule, sorted: one row, with an empty array if '
  'there are none.';

create function devices_tagged(names text[])
returns table (device_id integer)
language sql stable
as $function$
  select device_tags.device_id
  from tags
  join device_tags on device_tags.tag_id = tags.id
  where tags.name = any(names)
$function$;

comment on function devices_tagged is
  'Devices with at least one of the tags, one row for each of these tags that '
  'a device has.';

create view config_versions
with (security_invoker = true)
as
select
  version.id,
  version.device_id,
  version.retrieved_at,
  coalesce(state.verified_at, version.verified_at) as verified_at,
  coalesce(state.verified_count, version.verified_count) as verified_count,
  version.valid_until,
  version.content_hash,
  version.metadata,
  version.previous_id,
  version.added,
  version.removed,
  version.size,
  state.configuration_id is not null as is_latest,
  version.config_data,
  version.raw,
  version.packed
from device_configurations as version
left join device_states as state
  on state.device_id = version.device_id
  and state.configuration_id = version.id;

comment on view config_versions is
  'Versions of configurations. device_states supplies verified_at and '
  'verified_count of the latest version of a device.';
comment on column config_versions.id is
  'Identity of the version.';
comment on column config_versions.device_id is
  'The device the configuration was read from.';
comment on column config_versions.retrieved_at is
  'When this text was first read; never decreases from one version of a device '
  'to the next.';
comment on column config_versions.verified_at is
  'When this text was last read.';
comment on column config_versions.verified_count is
  'Number of times that this text was read.';
comment on column config_versions.valid_until is
  'When the next version was first read; null for the latest. It stays when '
  'that version is pruned, so there can be gaps but no overlaps.';
comment on column config_versions.content_hash is
  'SHA-256 of the bytes from the device, 32 bytes.';
comment on column config_versions.metadata is
  'Notes of the caller about this version: a JSON object, empty by default.';
comment on column config_versions.previous_id is
  'Version that added and removed are counted against; null for the first '
  'version and while this one is not indexed.';
comment on column config_versions.added is
  'Number of lines that the previous version lacks; null while not indexed.';
comment on column config_versions.removed is
  'Number of lines that only the previous version has; null while not indexed.';
comment on column config_versions.size is
  'Size of the bytes from the device.';
comment on column config_versions.is_latest is
  'Whether it is the latest version of its device.';
comment on column config_versions.config_data is
  'The text as the device sent it, or a readable form of raw if that is not '
  'text.';
comment on column config_versions.raw is
  'The bytes as the device sent them; null if they are the text in UTF-8.';
comment on column config_versions.packed is
  'The bytes as the device sent them, compressed by Brotli; config_data and '
  'raw are then null. Null in versions that were stored before this column '
  'existed.';

create function jobs_take(
  worker text,
  token uuid,
  lease_seconds double precision,
  most integer
)
returns setof jobs
language plpgsql
as $function$
  #variable_conflict use_column
begin
  return query
  with due as materialized (
    select
      id,
      device_id,
      priority,
      scheduled_for
    from jobs
    where
      status = 'queued'
      -- Rounded as the column is: what is due now is not due in a moment.
      and scheduled_for <= now()::timestamptz(3)
      and not exists (
        select
        from jobs as running
        where
          running.device_id = jobs.device_id
          and running.status = 'running'
        -- Each device is looked up: a join would compare each with all that run.
        offset 0
      )
    order by priority desc, scheduled_for, id
    -- Selected: a plan for this one limit would look better than one for all,
    -- and be made at each call.
    limit (select most)
    for no key update skip locked
  )
  update jobs
  set
    status = 'running',
    claimed_by = worker,
    claim_token = token,
    lease_until = now() + make_interval(secs => lease_seconds),
    started_at = date_trunc('milliseconds', now()),
    attempt = attempt + 1
  where
    -- An array, not a join: a limit that is not known yet looks like many rows,
    -- and the planner would read the whole table for them.
    id = any(
      array(
        select distinct on (device_id) id
        from due
        order by device_id, priority desc, scheduled_for, id
      )
    )
  returning jobs.*;
end
$function$;

comment on function jobs_take is
  'Hands due jobs to a worker, up to a maximum, under one claim token: highest '
  'priority first, then by time. A device with a running job gets no other. '
  'Jobs that another worker is claiming are skipped, not waited for.';

create function jobs_judge(
  ids integer[],
  claim_tokens uuid[],
  outcomes text[],
  error_classes text[],
  error_messages text[],
  retry_seconds double precision[]
)
returns table (
  place bigint,
  id integer,
  answer text,
  status job_status,
  attempt integer,
  worker text,
  started_at timestamptz,
  outcome attempt_outcome,
  error_class text,
  error_message text,
  next_status job_status,
  next_at timestamptz
)
language plpgsql
as $function$
  #variable_conflict use_column
begin
  return query
  select
    given.place,
    given.id,
    case
      when job.claim_token = given.claim_token and job.status = 'running'
        then 'accepted'
      when job.claim_token = given.claim_token then 'repeated'
      else 'stale'
    end,
    job.status,
    job.attempt,
    job.claimed_by,
    job.started_at::timestamptz,
    given.outcome::attempt_outcome,
    given.error_class,
    given.error_message,
    case
      when given.outcome = 'released'
        and job.cancel_requested_at is not null
        then 'cancelled'
      when given.outcome = 'released'
        then 'queued'
      when given.outcome = 'failed'
        and given.retry_seconds is not null
        and job.failures + 1 < job.max_attempts
        and job.cancel_requested_at is null
        then 'queued'
      else given.outcome
    end::job_status,
    now() + make_interval(secs => coalesce(given.retry_seconds, 0))
  from (
    select *
    from unnest(
      -- Selected: so many seem to be given at each call, and one plan serves all.
      (select ids),
      claim_tokens,
      outcomes,
      error_classes,
      error_messages,
      retry_seconds
    ) with ordinality as listed (
      id,
      claim_token,
      outcome,
      error_class,
      error_message,
      retry_seconds,
      place
    )
    -- The order in which jobs are locked, here and elsewhere.
    order by id
    offset 0
  ) as given
  -- Each job is looked up, and judged as it is once it is locked.
  left join lateral (
    select *
    from jobs
    where jobs.id = given.id
    for no key update
  ) as job on true;
end
$function$;

comment on function jobs_judge is
  'Locks jobs until the transaction ends. Returns for each outcome that a '
  'worker reports whether it is accepted, and the next status of the job. '
  'Arrays are matched by position.';

create function credential_attempts_given(
  credential_ids integer[],
  outcomes boolean[],
  times timestamptz[],
  device_ids integer[]
)
returns table (
  credential_id integer,
  device_id integer,
  succeeded boolean,
  attempted_at timestamptz,
  later_attempts bigint,
  success_since boolean
)
language sql stable
as $function$
  select
    given.credential_id,
    given.device_id,
    given.succeeded,
    least(given.attempted_at, date_trunc('milliseconds', now())),
    row_number() over (
      partition by given.credential_id
      order by given.attempted_at desc, given.place desc
    ) - 1,
    bool_or(given.succeeded) over (
      partition by given.device_id, given.credential_id
      order by given.attempted_at desc, given.place desc
    )
  from unnest(credential_ids, outcomes, times, device_ids) with ordinality
    as given (credential_id, succeeded, attempted_at, device_id, place)
  where given.succeeded is not null
$function$;

comment on function credential_attempts_given is
  'Attempts, from arrays matched by position: each with the number of later '
  'attempts with its credential, and whether it or a later one on its device '
  'succeeded. A time in the future counts as now.';

create function like_pattern(part text)
returns text
language sql immutable
as $function$
  select '%' || regexp_replace(part, '([\\%_])', '\\\1', 'g') || '%'
$function$;

comment on function like_pattern is
  'Pattern of LIKE that matches all texts that contain this one.';

create function config_lines_matching(
  texts text[],
  regex text,
  device_ids integer[],
  tag_names text[],
  after_device_id integer,
  after_configuration_id bigint,
  page integer,
  of_all_times boolean
)
returns table (device_id integer, configuration_id bigint, part integer)
language plpgsql stable
-- Few, so that ConfigSearch looks each of them up by its key.
rows 10
as $function$
  #variable_conflict use_column
declare
  patterns constant text[] := array(
    select like_pattern(text)
    from unnest(texts) as word (text)
  );
  -- The index looks for one text: the longest has the most trigrams.
  longest constant text := coalesce(
    (
      select pattern
      from unnest(patterns) as word (pattern)
      order by char_length(pattern) desc
      limit 1
    ),
    '%'
  );
  -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
  in_lines constant text := '(?n)' || regex;
  is_one_text constant boolean := cardinality(patterns) = 1 and regex = '';
  most_rows bigint;
  first_devices integer[];
  found_devices integer[];
  found_configurations bigint[];
  found_parts integer[];
  was_enough boolean;
begin
  -- Where no line is left out for its time, every row that is found has one,
  -- but those of the version where the page before ended.
  if of_all_times then
    most_rows := page + (
      select count(*)
      from config_lines
      where
        device_id = after_device_id
        and configuration_id = after_configuration_id
    );
  end if;

  -- A page of what is on many lines, and the lines of few devices, are soon
  -- found in the order of the key: all others by their trigrams.
  if page <= 1000 or cardinality(device_ids) <= 20 then
    first_devices := array(
      select id
      from devices
      where
        id >= after_device_id
        and (device_ids is null or id = any(device_ids))
        and (
          tag_names is null
          or id in (select * from devices_tagged(tag_names))
        )
      order by id
      limit 21
    );
    with first_rows as materialized (
      select
        config_lines.device_id,
        config_lines.configuration_id,
        config_lines.part,
        config_lines.lines,
        sum(octet_length(config_lines.lines)) over (
          order by
            config_lines.device_id,
            config_lines.configuration_id,
            config_lines.part
        ) as octets
      from unnest(first_devices[1:20]) as device (id)
      join config_lines on config_lines.device_id = device.id
      where
        (config_lines.device_id, config_lines.configuration_id)
        >= (after_device_id, after_configuration_id)
    ),
    walked as materialized (
      select
        device_id,
        configuration_id,
        part,
        (
          select count(*)
          from string_to_table(lines, chr(10)) as split (line)
          where
            line like all (patterns)
            and line ~ regex
        ) as matches
      from first_rows
      where
        octets <= 1000000
        and lines like longest
        and lines ~ in_lines
    )
    select
      array_agg(device_id order by device_id, configuration_id, part)
        filter (where matches > 0),
      array_agg(configuration_id order by device_id, configuration_id, part)
        filter (where matches > 0),
      array_agg(part order by device_id, configuration_id, part)
        filter (where matches > 0),
      cardinality(first_devices) between 1 and 20
      and (select coalesce(max(octets), 0) <= 1000000 from first_rows)
      or most_rows is not null
      and coalesce(
        sum(matches) filter (
          where
            (device_id, configuration_id)
            > (after_device_id, after_configuration_id)
        ),
        0
      ) >= page
    into found_devices, found_configurations, found_parts, was_enough
    from walked;
    if was_enough then
      return query
      select *
      from unnest(found_devices, found_configurations, found_parts)
      limit most_rows;
      return;
    end if;
  end if;

  return query
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    lines like longest
    and lines ~ in_lines
    and (
      is_one_text
      or exists (
        select
        from string_to_table(lines, chr(10)) as split (line)
        where
          line like all (patterns)
          and line ~ regex
      )
    )
    and (device_ids is null or device_id = any(device_ids))
    and (
      tag_names is null
      or device_id in (select * from devices_tagged(tag_names))
    )
    and (device_id, configuration_id)
    >= (after_device_id, after_configuration_id)
  order by
    device_id,
    configuration_id,
    part
  limit most_rows;
end
$function$;

comment on function config_lines_matching is
  'Rows of config_lines with a line that contains all the texts and matches '
  'the regular expression, in key order, from one version on: all rows or, if '
  'of_all_times, as many as a page of lines needs.';

-- migrate:down

drop function config_lines_matching;
drop function like_pattern;
drop function credential_attempts_given;
drop function jobs_judge;
drop function jobs_take;
drop view config_versions;
drop function devices_tagged;
drop function schedule_tag_names;
drop function credential_tag_names;
drop function device_tag_names;
drop function tags_ensure;

create function role_grants_of_history()
returns table (grantee text, privileges text, object text)
language sql immutable
as $function$
    select grantee, privileges, objects.object
    from (
      values
        -- The API and the scheduler. Whose row a sealed password is stays as it
        -- was made, so no update of id and uuid.
        (
          'netraven_app',
          'select, insert, update, delete',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends',
            'table config_pins',
            'table config_quarantine'
          ]
        ),
        (
          'netraven_app',
          'select, insert, delete, update (username, password, priority, '
          'last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- What is logged stays as it was written. Logs go with their device or
        -- job, for a cascade runs as the owner; JobLogDelete and
        -- ConnectionLogDelete are the owner's.
        (
          'netraven_app',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        -- The trigger that gives a setting its version runs as who writes it.
        -- A released configuration keeps the id it had in quarantine.
        (
          'netraven_app',
          'usage',
          array[
            'sequence system_settings_version_seq',
            'sequence device_configurations_id_seq'
          ]
        ),
        (
          'netraven_worker',
          'usage',
          array['sequence device_configurations_id_seq']
        ),
        (
          'netraven_app',
          'select',
          array['table config_line_spans']
        ),
        (
          'netraven_worker',
          'select',
          array['table config_line_spans', 'table config_pins']
        ),
        -- Workers take jobs, log in to devices, and store what these send.
        (
          'netraven_worker',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credentials',
            'table credential_tags',
            'table system_settings'
          ]
        ),
        (
          'netraven_worker',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        (
          'netraven_worker',
          'select, insert, update',
          array['table credential_attempts']
        ),
        ('netraven_worker', 'select, update', array['table jobs']),
        (
          'netraven_worker',
          'select, insert, update (content_hash, configuration_id, '
          'retrieved_at, verified_at, verified_count)',
          array['table device_states']
        ),
        (
          'netraven_worker',
          'select, insert, update (verified_at, verified_count, valid_until, '
          'previous_id, added, removed, changes)',
          array['table device_configurations']
        ),
        (
          'netraven_worker',
          'select, insert, delete, update (reasons, verified_at, '
          'verified_count)',
          array['table config_quarantine']
        ),
        (
          'netraven_worker',
          'select, insert, delete',
          array['table config_lines', 'table config_line_ends']
        ),
        (
          'netraven_worker',
          'update (last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- Also lets CredentialAttemptRecord lock the devices it writes about.
        ('netraven_worker', 'update (last_seen)', array['table devices']),
        -- People and reports: all but what is sealed.
        (
          'netraven_readonly',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table credential_reveals',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends',
            'table config_line_spans',
            'table config_pins',
            'table config_quarantine',
            'table job_logs',
            'table connection_logs'
          ]
        ),
        (
          'netraven_readonly',
          'select (id, username, priority, last_used, success_rate, uuid, '
          'succeeded, failed, key_id, key_live)',
          array['table credentials']
        ),
        (
          'netraven_readonly',
          'select (key_id, created_at, retired_at, live)',
          array['table encryption_keys']
        ),
        -- The rotation of keys: passwords as they are sealed, and no name to
        -- log in with.
        (
          'netraven_rotator',
          'select (id, uuid, key_id, key_live, password), update (password)',
          array['table credentials']
        ),
        (
          'netraven_rotator',
          'select, insert, update (retired_at)',
          array['table encryption_keys']
        )
    ) as listed (grantee, privileges, objects)
    cross join unnest(listed.objects) as objects (object)
    union all
    select grantee, 'execute', object
    from
      unnest(
        array['netraven_app', 'netraven_worker', 'netraven_readonly']
      ) as callers (grantee)
      cross join unnest(
        array['function devices_matching', 'function config_line_numbers']
      ) as functions (object)
    -- The tables of the migration tool, for the connection probe.
    union all
    select grantee, 'select', object
    from
      unnest(
        array[
          'netraven_app',
          'netraven_worker',
          'netraven_readonly',
          'netraven_rotator'
        ]
      ) as probers (grantee)
      cross join unnest(
        array['table schema_migrations', 'table schema_checksums']
      ) as books (object)
  $function$;

comment on function role_grants_of_history is
  'The part of role_grants from before jobs had attempts and schedules, and '
  'logs parts.';

create function role_grants()
returns table (grantee text, privileges text, object text)
language sql immutable
as $function$
    select grantee, privileges, object
    from role_grants_of_history()
    union all
    values
      -- What was tried stays as it was written; it goes with its job.
      ('netraven_app', 'select, insert', 'table job_attempts'),
      ('netraven_worker', 'select, insert', 'table job_attempts'),
      ('netraven_readonly', 'select', 'table job_attempts'),
      ('netraven_app', 'select, insert, update, delete', 'table schedules'),
      ('netraven_app', 'select, insert, delete', 'table schedule_tags'),
      ('netraven_readonly', 'select', 'table schedules'),
      ('netraven_readonly', 'select', 'table schedule_tags'),
      ('netraven_app', 'select, insert, update', 'table job_log_counts'),
      ('netraven_worker', 'select, insert, update', 'table job_log_counts'),
      ('netraven_readonly', 'select', 'table job_log_counts'),
      ('netraven_app', 'select, insert, update, delete', 'table log_writers'),
      (
        'netraven_worker',
        'select, insert, update, delete',
        'table log_writers'
      ),
      ('netraven_readonly', 'select', 'table log_partitions'),
      ('netraven_app', 'select', 'table log_partitions'),
      ('netraven_worker', 'select', 'table log_partitions')
    union all
    select grantee, 'execute', object
    from
      unnest(array['netraven_app', 'netraven_worker']) as writers (grantee)
      cross join unnest(
        array[
          'function job_logs_add',
          'function connection_logs_add',
          'function log_partition_make'
        ]
      ) as functions (object)
    union all
    values ('netraven_app', 'execute', 'function log_delete')
  $function$;
comment on function role_grants is
  'What each role may do with which object, apart from the owner, who may '
  'do everything.';

-- Roles belong to all databases of a server, and other databases may be at
-- this at the same moment: a step that another one was quicker with is
-- tried again, after waiting for that one's end.
create function apply_roles() returns setof text
language plpgsql
set search_path = public, pg_temp
as $function$
  declare
    wanted constant text[] := array[
      'netraven_migrator',
      'netraven_app',
      'netraven_worker',
      'netraven_readonly',
      'netraven_rotator'
    ];
    clients constant text[] := wanted[2:];
    me constant text := current_user;
    may_make constant boolean := (
      select rolsuper or rolcreaterole
      from pg_roles
      where rolname = me
    );
    -- The clients that exist, as a list for a statement.
    grantees text;
    missing text;
    statement text;
  begin
    if
      not may_make
      and not exists (select from pg_roles where rolname = any(clients))
    then
      return next format(
        'The roles are missing and %I may not make them: all stays with %I',
        me,
        me
      );
      return;
    end if;

    for missing in
      select name
      from unnest(wanted) with ordinality as listed (name, place)
      where not exists (select from pg_roles where rolname = name)
      order by place
    loop
      if not may_make then
        return next format(
          'The role %I is missing and %I may not make it: create role %I login',
          missing,
          me,
          missing
        );
        continue;
      end if;
      begin
        -- No secret stands in a migration: who runs the server sets it.
        execute format('create role %I login', missing);
        return next format('Made the role %I, without a password', missing);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end loop;

    -- The client ends a statement after 30 s and a transaction after 60 s,
    -- unless told, and says more then than the server can: the server is to be
    -- the second, for clients that are gone or have no deadline. A lock ends
    -- sooner than a statement, so that it is seen which of the two it was.
    -- A migration may take its time, but not keep others waiting behind a lock.
    -- Times that are set already are somebody's choice; the path is not.
    for statement in
      select
        format(
          'alter role %I set %I to %s',
          settings.role,
          settings.name,
          settings.value
        )
      from (
        select
          role,
          'search_path' as name,
          'public, pg_temp' as value
        from unnest(wanted) as roles (role)
        union all
        select
          limits.role,
          given.name,
          quote_literal(given.value)
        from (
          values
            ('netraven_migrator', '0', '5s', '5min'),
            ('netraven_app', '1min', '10s', '1min'),
            ('netraven_worker', '1min', '10s', '1min'),
            ('netraven_readonly', '30s', '5s', '1min'),
            ('netraven_rotator', '1min', '10s', '1min')
        ) as limits (role, statement, lock, idle)
        cross join lateral (
          values
            ('statement_timeout', limits.statement),
            ('lock_timeout', limits.lock),
            ('idle_in_transaction_session_timeout', limits.idle)
        ) as given (name, value)
      ) as settings
      join pg_roles on pg_roles.rolname = settings.role
      where
        not exists (
          select
          from unnest(pg_roles.rolconfig) as present (setting)
          where
            setting = settings.name || '=' || settings.value
            or settings.name <> 'search_path'
            and starts_with(setting, settings.name || '=')
        )
      order by array_position(wanted, settings.role), settings.name
    loop
      for attempt in 1..20 loop
        begin
          execute statement;
          exit;
        exception
          -- Somebody else made the role.
          when insufficient_privilege then
            return next format(
              '%I may not, and somebody else has to: %s',
              me,
              statement
            );
            exit;
          -- "Tuple concurrently updated" has no code of its own.
          when internal_error or unique_violation then
            if attempt = 20 then raise; end if;
        end;
      end loop;
    end loop;

    select string_agg(quote_ident(rolname), ', ' order by rolname)
    into grantees
    from pg_roles
    where rolname = any(clients);

    -- First nobody may do anything, then each what the list says. Only with
    -- what is ours: not with what an extension brought.
    for statement in
      select
        format(
          'revoke all on table %s from public, %s',
          oid::regclass,
          grantees
        )
      from pg_class
      where
        relnamespace = 'public'::regnamespace
        and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and pg_has_role(relowner, 'usage')
        and (
          relacl is not null
          or exists (
            select
            from pg_attribute
            where attrelid = pg_class.oid and attacl is not null
          )
        )
        and not exists (
          select
          from pg_depend
          where
            classid = 'pg_class'::regclass
            and objid = pg_class.oid
            and deptype = 'e'
        )
      union all
      select
        format(
          'revoke all on routine %s from public, %s',
          oid::regprocedure,
          grantees
        )
      from pg_proc
      where
        pronamespace = 'public'::regnamespace
        and pg_has_role(proowner, 'usage')
        and not exists (
          select
          from pg_depend
          where
            classid = 'pg_proc'::regclass
            and objid = pg_proc.oid
            and deptype = 'e'
        )
      union all
      select format('revoke all on schema public from public, %s', grantees)
      from pg_namespace
      where
        nspname = 'public'
        and pg_has_role(nspowner, 'usage')
      union all
      select
        format(
          'revoke all on database %I from public, %s',
          datname,
          grantees
        )
      from pg_database
      where
        datname = current_database()
        and pg_has_role(datdba, 'usage')
    loop
      execute statement;
    end loop;

    for statement in
      select format('grant %s on %s to %I', privileges, object, grantee)
      from role_grants()
      join pg_roles on pg_roles.rolname = grantee
      where
        starts_with(object, 'function ')
        or to_regclass(split_part(object, ' ', 2)) is not null
      union all
      select format('grant usage on schema public to %s', grantees)
      from pg_namespace
      where
        nspname = 'public'
        and pg_has_role(nspowner, 'usage')
      union all
      select format('grant connect on database %I to %s', datname, grantees)
      from pg_database
      where
        datname = current_database()
        and pg_has_role(datdba, 'usage')
    loop
      execute statement;
    end loop;
  end
  $function$;

comment on function apply_roles is
  'Makes the roles that are missing, where the caller may, and gives each '
  'its settings and, in this database, what role_grants lists and nothing '
  'else. Returns what is left for somebody to do, a line a row; a second '
  'call changes nothing. Where there are no roles and the caller cannot make '
  'them, everything stays as it is.';
