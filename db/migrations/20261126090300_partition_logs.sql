-- migrate:up

-- Parts are made when the first line of their time comes, or ahead by
-- maintenance: nothing here depends on the day. No reference to jobs and
-- devices: attaching and dropping a part that has one would lock these, and logs
-- outlive what they tell of.
do $$
declare
  old text;
  boundary timestamptz;
begin
  alter table job_logs rename to job_logs_whole;
  alter table job_logs_whole
    rename constraint job_logs_pkey to job_logs_whole_pkey;
  alter table job_logs_whole add column device_id integer;
  update job_logs_whole
  set device_id = jobs.device_id
  from jobs
  where jobs.id = job_logs_whole.job_id;
  alter table job_logs_whole
    alter column device_id set not null,
    alter column id drop identity,
    drop constraint job_logs_whole_pkey,
    add primary key ("timestamp", id),
    drop constraint job_logs_job_id_fkey;
  alter table connection_logs rename to connection_logs_whole;
  alter table connection_logs_whole
    rename constraint connection_logs_pkey to connection_logs_whole_pkey;
  alter index connection_logs_job_id_timestamp_id_idx
    rename to connection_logs_whole_job_id_timestamp_id_idx;
  alter table connection_logs_whole
    alter column id drop identity,
    drop constraint connection_logs_job_id_fkey,
    drop constraint connection_logs_device_id_fkey;

  create table job_logs (
    id bigint generated always as identity,
    job_id integer not null,
    message text not null,
    level log_level not null default 'info',
    "timestamp" timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    device_id integer not null,
    -- Serves JobLogListByTime and JobLogExpireByLevel.
    primary key ("timestamp", id)
  )
  partition by range ("timestamp");

  -- Serves JobLogList, JobLogTail, JobLogListByDevice and JobLogExpireByType: one
  -- index less to write than with one for jobs and one for devices.
  create index job_logs_device_id_job_id_timestamp_id_idx
    on job_logs (device_id, job_id, "timestamp", id);

  -- Serves JobLogWarningList.
  create index job_logs_warnings_idx
    on job_logs ("timestamp", id)
    where level >= 'warning';

  comment on table job_logs is
    'What a job reported while it ran, a line a row; a part a week or month.';
  comment on column job_logs.id is
    'Identity of the line; orders lines of the same time.';
  comment on column job_logs.job_id is
    'The job that reported; it may be gone.';
  comment on column job_logs.message is
    'The line.';
  comment on column job_logs.level is
    'How much the line matters.';
  comment on column job_logs."timestamp" is
    'When the line was reported.';
  comment on column job_logs.device_id is
    'The device of the job; it may be gone.';

  create table connection_logs (
    id bigint generated always as identity,
    job_id integer not null,
    device_id integer not null,
    log text not null,
    "timestamp" timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    -- Serves ConnectionLogList, ConnectionLogGet and LogDelete.
    primary key (device_id, "timestamp", id)
  )
  partition by range ("timestamp");

  -- Serves ConnectionLogListByJob and ConnectionLogExpireByType.
  create index connection_logs_job_id_timestamp_id_idx
    on connection_logs (job_id, "timestamp", id);

  comment on table connection_logs is
    'What was said on the line between a worker and a device, a session a row; '
    'a part a week or month.';
  comment on column connection_logs.id is
    'Identity of the session; orders sessions of the same time.';
  comment on column connection_logs.job_id is
    'The job that held the session; it may be gone.';
  comment on column connection_logs.device_id is
    'The device at the other end; it may be gone.';
  comment on column connection_logs.log is
    'The whole session as text, compressed by lz4 where the server has it.';
  comment on column connection_logs."timestamp" is
    'When the session was recorded.';

  if exists (
    select
    from pg_settings
    where
      name = 'default_toast_compression'
      and 'lz4' = any(enumvals)
  ) then
    alter table connection_logs alter column log set compression lz4;
  end if;

  -- What is there becomes the first part as it is: no line is copied.
  foreach old in array array['job_logs', 'connection_logs'] loop
    execute format('select max("timestamp") from %I', old || '_whole')
    into boundary;
    if boundary is null then
      execute format('drop table %I', old || '_whole');
      continue;
    end if;
    boundary := date_trunc(
      'week',
      greatest(boundary, now()) + interval '7 days',
      'UTC'
    );
    execute format(
      'alter table %I attach partition %I for values from (minvalue) to (%L)',
      old,
      old || '_whole',
      boundary
    );
    execute format(
      'select setval(pg_get_serial_sequence(%L, ''id''), max(id)) from %I',
      old,
      old
    );
  end loop;

  create view log_partitions as
  select
    parent.relname::text as table_name,
    child.relname::text as partition_name,
    case
      when inhdetachpending then 'detaching'
      when inhrelid is null then 'detached'
      else 'attached'
    end as state,
    replace(bound[1], 'MINVALUE', '-infinity')::timestamptz as from_at,
    bound[2]::timestamptz as until_at
  from pg_class as parent
  join pg_class as child
    on child.relnamespace = parent.relnamespace
    and child.relkind = 'r'
    and child.relname ~ ('^' || parent.relname || '_(whole|\d{8})$')
  left join pg_inherits
    on inhrelid = child.oid
    and inhparent = parent.oid
  left join lateral regexp_match(
    pg_get_expr(child.relpartbound, child.oid),
    'FROM \(''?([^'')]*)''?\) TO \(''([^'')]*)''\)'
  ) as bound on true
  where
    parent.relnamespace = 'public'::regnamespace
    and parent.relname in ('job_logs', 'connection_logs');

  comment on view log_partitions is
    'The parts of job_logs and connection_logs.';
  comment on column log_partitions.table_name is
    'The table it is a part of.';
  comment on column log_partitions.partition_name is
    'Its own name: the table and the day it begins.';
  comment on column log_partitions.state is
    'attached; or on the way out: detaching, or detached, which waits to be '
    'dropped.';
  comment on column log_partitions.from_at is
    'The first time that may stand in it; null once it is detached.';
  comment on column log_partitions.until_at is
    'The first time that may not; null once it is detached.';

  create function log_partition_make(
    parent text,
    at timestamptz,
    period text default null
  )
  returns text
  language plpgsql
  security definer
  set search_path = public, pg_temp
  as $function$
  declare
    first_at timestamptz;
    end_at timestamptz;
    part text;
  begin
    if parent not in ('job_logs', 'connection_logs') then
      raise invalid_parameter_value
        using message = 'Only job_logs and connection_logs have parts';
    end if;
    if at is null
      or at < now() - interval '10 years'
      or at > now() + interval '400 days'
    then
      raise check_violation using
        message = 'The time of a log is not within ten years before now and '
          '400 days after',
        table = parent,
        constraint = 'log_time_is_plausible';
    end if;
    -- Stops other makers, and nobody who reads or writes.
    execute format('lock table %I in share update exclusive mode', parent);
    if exists (
      select
      from log_partitions as parts
      where
        parts.table_name = parent
        and parts.from_at <= at
        and parts.until_at > at
    ) then
      -- Whoever comes here may have missed a part that is there: a session that
      -- looks at the parts in the moment in which another is attached takes the
      -- news of it for seen. This tells all sessions again.
      execute format(
        'alter table only %I alter column "timestamp" set statistics -1',
        parent
      );
      return null;
    end if;
    -- Unless told as long as the newest one.
    period := coalesce(
      period,
      (
        select
          case
            when parts.until_at - parts.from_at > interval '7 days' then 'month'
          end
        from log_partitions as parts
        where
          parts.table_name = parent
          and parts.from_at > '-infinity'
        order by parts.from_at desc
        limit 1
      ),
      'week'
    );
    first_at := date_trunc(period, at, 'UTC');
    end_at := (
      first_at at time zone 'UTC' + ('1 ' || period)::interval
    ) at time zone 'UTC';
    -- Where the period was another one before, up to what is there.
    select
      coalesce(
        max(parts.until_at) filter (where parts.until_at <= at),
        first_at
      ),
      coalesce(
        min(parts.from_at) filter (where parts.from_at > at),
        end_at
      )
    into first_at, end_at
    from log_partitions as parts
    where
      parts.table_name = parent
      and parts.until_at > first_at
      and parts.from_at < end_at;
    part := parent || '_' || to_char(first_at at time zone 'UTC', 'YYYYMMDD');
    if to_regclass(part) is not null then
      raise object_in_use using
        message = format('%s is about to be dropped: run make maintain', part);
    end if;
    execute format(
      'create table %I (like %I including all excluding identity)',
      part,
      parent
    );
    execute format(
      'comment on table %I is %L',
      part,
      'A part of ' || parent || '.'
    );
    execute format(
      'alter table %I attach partition %I for values from (%L) to (%L)',
      parent,
      part,
      first_at,
      end_at
    );
    return part;
  end
  $function$;

  comment on function log_partition_make is
    'Makes the part of job_logs or connection_logs that a time belongs to, a '
    'week or a month long, unless it is there: null. As the owner, for whoever '
    'may write logs.';

  create function log_partitions_make(period text, ahead integer)
  returns setof text
  language plpgsql
  set search_path = public, pg_temp
  as $function$
  declare
    parent text;
    at timestamptz;
    made text;
  begin
    foreach parent in array array['job_logs', 'connection_logs'] loop
      at := now();
      while at <= now() + ahead * ('1 ' || period)::interval loop
        made := log_partition_make(parent, at, period);
        if made is not null then return next made; end if;
        select until_at
        into at
        from log_partitions
        where
          table_name = parent
          and from_at <= at
          and until_at > at;
      end loop;
    end loop;
  end
  $function$;

  comment on function log_partitions_make is
    'Makes the parts of both tables from now on for so many periods, week or '
    'month, one after the other; returns the names of those that were missing.';

  create function log_partition_drop(part text)
  returns boolean
  language plpgsql
  set search_path = public, pg_temp
  as $function$
  declare
    parent text;
  begin
    select table_name
    into parent
    from log_partitions
    where
      partition_name = part
      and state = 'detached';
    if parent is null then return false; end if;
    -- Stops other makers: nobody may make it anew meanwhile.
    execute format('lock table %I in share update exclusive mode', parent);
    if not exists (
      select
      from log_partitions
      where
        partition_name = part
        and state = 'detached'
    ) then
      return false;
    end if;
    execute format('drop table %I', part);
    return true;
  end
  $function$;

  comment on function log_partition_drop is
    'Drops a part that is detached, or says that there is none.';

  create table job_log_counts (
    job_id integer not null references jobs on delete cascade,
    level log_level not null,
    lines integer not null,
    first_at timestamptz(3) not null,
    last_at timestamptz(3) not null,
    primary key (job_id, level)
  )
  with (fillfactor = 80);

  comment on table job_log_counts is
    'How many lines a job has reported, by level; also those that retention '
    'has removed since.';
  comment on column job_log_counts.job_id is
    'The job.';
  comment on column job_log_counts.level is
    'The level.';
  comment on column job_log_counts.lines is
    'So many.';
  comment on column job_log_counts.first_at is
    'When the first was reported.';
  comment on column job_log_counts.last_at is
    'When the last was reported.';

  insert into job_log_counts (job_id, level, lines, first_at, last_at)
  select
    job_id,
    level,
    count(*),
    min("timestamp"),
    max("timestamp")
  from job_logs
  group by job_id, level;

  create table log_writers (
    id uuid primary key,
    batch integer not null,
    started_at timestamptz not null,
    written_at timestamptz(3) not null
  )
  with (fillfactor = 50);

  comment on table log_writers is
    'Processes that write job logs in batches: a batch that was stored is not '
    'stored again, where only its answer was lost.';
  comment on column log_writers.id is
    'Identity of the writer, made by itself.';
  comment on column log_writers.batch is
    'Number of its last batch.';
  comment on column log_writers.started_at is
    'By the clock here: when its own began to count. Its lines are as old as '
    'their count says, so that they keep their order whatever way they took.';
  comment on column log_writers.written_at is
    'When its last batch was stored.';

  create function job_logs_add(
    job_ids integer[],
    levels log_level[],
    messages text[],
    times timestamptz[],
    skip_missing boolean,
    out stored integer,
    out last_id bigint
  )
  language plpgsql
  as $function$
  declare
    violated text;
    tries integer := 0;
    devices text;
  begin
    loop
      begin
        with inserted as (
          insert into job_logs (job_id, device_id, level, message, "timestamp")
          select
            given.job_id,
            jobs.device_id,
            coalesce(given.level, 'info'),
            given.message,
            coalesce(given.reported_at, now())
          from unnest(job_ids, levels, messages, times) with ordinality
            as given (job_id, level, message, reported_at, place)
          join jobs on jobs.id = given.job_id
          order by given.place
          returning id
        )
        select count(*), max(id)
        into stored, last_id
        from inserted;
        exit;
      exception
        when check_violation then
          get stacked diagnostics violated = constraint_name;
          -- No part is there for one of the times.
          if violated <> '' or tries = 3 then raise; end if;
      end;
      tries := tries + 1;
      perform log_partition_make('job_logs', day)
      from (
        select distinct date_trunc('day', coalesce(moment, now()), 'UTC') as day
        from unnest(job_ids, times) as given (id, moment)
        order by day
      ) as days;
    end loop;
    if stored < cardinality(job_ids) and not skip_missing then
      raise foreign_key_violation using
        message = 'A job is not there that lines are said to be of',
        table = 'job_logs',
        constraint = 'job_logs_job_id_fkey';
    end if;
    with counted as (
      insert into job_log_counts as known
        (job_id, level, lines, first_at, last_at)
      select
        given.job_id,
        given.level,
        given.lines,
        given.first_at,
        given.last_at
      from (
        select
          job_id,
          coalesce(level, 'info') as level,
          count(*) as lines,
          min(coalesce(reported_at, now())) as first_at,
          max(coalesce(reported_at, now())) as last_at
        from unnest(job_ids, levels, times)
          as given (job_id, level, reported_at)
        group by 1, 2
      ) as given
      join jobs on jobs.id = given.job_id
      -- In one order: two that count the same jobs wait, and do not deadlock.
      order by given.job_id, given.level
      on conflict (job_id, level) do update
      set
        lines = known.lines + excluded.lines,
        first_at = least(known.first_at, excluded.first_at),
        last_at = greatest(known.last_at, excluded.last_at)
      returning job_id
    )
    select string_agg(distinct jobs.device_id::text, ',')
    into devices
    from counted
    join jobs on jobs.id = counted.job_id;
    -- Wakes those that read the lines of these devices as they come.
    if stored > 0 then
      perform pg_notify(
        'netraven_job_logs',
        case when length(devices) < 7000 then devices else '' end
      );
    end if;
  end
  $function$;

  comment on function job_logs_add is
    'Stores lines of jobs, counts them, and makes the parts that are missing. '
    'All or none where a job is not there, or without those of such jobs.';

  create function connection_logs_add(
    job_ids integer[],
    device_ids integer[],
    logs text[],
    times timestamptz[],
    out stored integer,
    out last_id bigint
  )
  language plpgsql
  as $function$
  declare
    violated text;
    tries integer := 0;
  begin
    loop
      begin
        with inserted as (
          insert into connection_logs (job_id, device_id, log, "timestamp")
          select
            given.job_id,
            given.device_id,
            given.log,
            coalesce(given.recorded_at, now())
          from unnest(job_ids, device_ids, logs, times) with ordinality
            as given (job_id, device_id, log, recorded_at, place)
          join jobs on jobs.id = given.job_id
          join devices on devices.id = given.device_id
          order by given.place
          returning id
        )
        select count(*), max(id)
        into stored, last_id
        from inserted;
        exit;
      exception
        when check_violation then
          get stacked diagnostics violated = constraint_name;
          if violated <> '' or tries = 3 then raise; end if;
      end;
      tries := tries + 1;
      perform log_partition_make('connection_logs', day)
      from (
        select distinct date_trunc('day', coalesce(moment, now()), 'UTC') as day
        from unnest(job_ids, times) as given (id, moment)
        order by day
      ) as days;
    end loop;
    if stored < cardinality(job_ids) then
      violated := case
        when exists (
          select
          from unnest(job_ids) as given (id)
          where not exists (select from jobs where jobs.id = given.id)
        ) then 'job'
        else 'device'
      end;
      raise foreign_key_violation using
        message = format(
          'A %s is not there that a session is said to be of',
          violated
        ),
        table = 'connection_logs',
        constraint = format('connection_logs_%s_id_fkey', violated);
    end if;
  end
  $function$;

  comment on function connection_logs_add is
    'Stores sessions, all or none, and makes the parts that are missing.';

  create function log_delete(
    of_device integer,
    of_job integer,
    most integer,
    out lines integer,
    out sessions integer
  )
  language plpgsql
  security definer
  set search_path = public, pg_temp
  as $function$
  begin
    if exists (
      select
      from jobs
      where
        device_id = of_device
        and id = coalesce(of_job, id)
    ) or (of_job is null and exists (select from devices where id = of_device))
    then
      raise object_in_use
        using message = 'The logs of what is there stay: delete that first';
    end if;
    with doomed as materialized (
      select "timestamp", id
      from job_logs
      where
        device_id = of_device
        and (of_job is null or job_id = of_job)
      limit most
    )
    delete from job_logs
    using doomed
    where
      job_logs."timestamp" = doomed."timestamp"
      and job_logs.id = doomed.id;
    get diagnostics lines = row_count;
    with doomed as materialized (
      select "timestamp", id
      from connection_logs
      where
        device_id = of_device
        and (of_job is null or job_id = of_job)
      limit most
    )
    delete from connection_logs
    using doomed
    where
      connection_logs.device_id = of_device
      and connection_logs."timestamp" = doomed."timestamp"
      and connection_logs.id = doomed.id;
    get diagnostics sessions = row_count;
  end
  $function$;

  comment on function log_delete is
    'Deletes some of the logs of a device or a job that is gone. As the owner: '
    'nobody else deletes logs.';
end
$$;

-- migrate:down

-- One table each again; lines of what is gone cannot come back.
do $$
begin
  drop function log_delete;
  drop function connection_logs_add;
  drop function job_logs_add;
  drop table log_writers;
  drop table job_log_counts;
  drop function log_partition_drop;
  drop function log_partitions_make;
  drop function log_partition_make;
  drop view log_partitions;

  alter table job_logs rename to job_logs_parted;
  alter table job_logs_parted
    rename constraint job_logs_pkey to job_logs_parted_pkey;
  alter table job_logs_parted alter column id drop identity;
  alter table connection_logs rename to connection_logs_parted;
  alter table connection_logs_parted
    rename constraint connection_logs_pkey to connection_logs_parted_pkey;
  alter table connection_logs_parted alter column id drop identity;
  alter index connection_logs_job_id_timestamp_id_idx
    rename to connection_logs_parted_job_id_timestamp_id_idx;

  create table job_logs (
    id bigint generated always as identity,
    job_id integer not null references jobs on delete cascade,
    message text not null,
    level log_level not null default 'info',
    "timestamp" timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    primary key (job_id, "timestamp", id)
  );

  comment on table job_logs is
    'What a job reported while it ran, a line a row.';
  comment on column job_logs.id is
    'Identity of the line; orders lines of the same time.';
  comment on column job_logs.job_id is
    'The job that reported.';
  comment on column job_logs.message is
    'The line.';
  comment on column job_logs.level is
    'How much the line matters.';
  comment on column job_logs."timestamp" is
    'When the line was reported.';

  insert into job_logs (id, job_id, message, level, "timestamp")
  overriding system value
  select id, job_id, message, level, "timestamp"
  from job_logs_parted
  where exists (select from jobs where jobs.id = job_id);

  create table connection_logs (
    id bigint generated always as identity,
    job_id integer not null references jobs on delete cascade,
    device_id integer not null references devices on delete cascade,
    log text not null,
    "timestamp" timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    primary key (device_id, "timestamp", id)
  );

  create index connection_logs_job_id_timestamp_id_idx
    on connection_logs (job_id, "timestamp", id);

  comment on table connection_logs is
    'What was said on the line between a worker and a device, a session a row.';
  comment on column connection_logs.id is
    'Identity of the session; orders sessions of the same time.';
  comment on column connection_logs.job_id is
    'The job that held the session.';
  comment on column connection_logs.device_id is
    'The device at the other end.';
  comment on column connection_logs.log is
    'The whole session as text.';
  comment on column connection_logs."timestamp" is
    'When the session was recorded.';

  insert into connection_logs (id, job_id, device_id, log, "timestamp")
  overriding system value
  select id, job_id, device_id, log, "timestamp"
  from connection_logs_parted
  where
    exists (select from jobs where jobs.id = job_id)
    and exists (select from devices where devices.id = device_id);

  perform setval(pg_get_serial_sequence('job_logs', 'id'), max(id))
  from job_logs_parted
  having max(id) is not null;
  perform setval(pg_get_serial_sequence('connection_logs', 'id'), max(id))
  from connection_logs_parted
  having max(id) is not null;

  drop table job_logs_parted;
  drop table connection_logs_parted;
end
$$;
