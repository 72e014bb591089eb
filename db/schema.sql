-- The schema as the migrations make it. Written by make schema; do not edit.
-- PostgreSQL 15, pg_dump 15.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

--
-- Name: attempt_outcome; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.attempt_outcome AS ENUM (
    'succeeded',
    'partial',
    'failed',
    'cancelled',
    'released',
    'expired'
);

--
-- Name: TYPE attempt_outcome; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.attempt_outcome IS 'An attempt ends as its worker reports, is given back, or outlives its lease.';

--
-- Name: job_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.job_status AS ENUM (
    'queued',
    'running',
    'succeeded',
    'partial',
    'failed',
    'cancelled'
);

--
-- Name: TYPE job_status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.job_status IS 'A job waits, runs, and ends in one of four ways.';

--
-- Name: log_level; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.log_level AS ENUM (
    'debug',
    'info',
    'warning',
    'error',
    'critical'
);

--
-- Name: TYPE log_level; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.log_level IS 'How much a log line matters, in rising order, so that levels compare.';

--
-- Name: sealed_text; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.sealed_text AS text;

--
-- Name: DOMAIN sealed_text; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.sealed_text IS 'An envelope: nr1, the key''s id and the sealed text, joined by dots. Every column of this type is re-sealed when keys rotate.';

--
-- Name: config_line_numbers(int4multirange); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.config_line_numbers(numbers int4multirange) RETURNS SETOF integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select line
    from unnest(numbers) as run
    cross join generate_series(lower(run), upper(run) - 1) as line
    order by line
  $$;

--
-- Name: FUNCTION config_line_numbers(numbers int4multirange); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.config_line_numbers(numbers int4multirange) IS 'The numbers of lines, one by one in their order.';

--
-- Name: config_lines_matching(text[], text, integer[], text[], integer, bigint, integer, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.config_lines_matching(texts text[], regex text, device_ids integer[], tag_names text[], after_device_id integer, after_configuration_id bigint, page integer, of_all_times boolean) RETURNS TABLE(device_id integer, configuration_id bigint, part integer)
    LANGUAGE plpgsql STABLE ROWS 10
    AS $_$
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
$_$;

--
-- Name: FUNCTION config_lines_matching(texts text[], regex text, device_ids integer[], tag_names text[], after_device_id integer, after_configuration_id bigint, page integer, of_all_times boolean); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.config_lines_matching(texts text[], regex text, device_ids integer[], tag_names text[], after_device_id integer, after_configuration_id bigint, page integer, of_all_times boolean) IS 'Rows of config_lines with a line that contains all the texts and matches the regular expression, in key order, from one version on: all rows or, if of_all_times, as many as a page of lines needs.';

--
-- Name: connection_logs_add(integer[], integer[], text[], timestamp with time zone[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.connection_logs_add(job_ids integer[], device_ids integer[], logs text[], times timestamp with time zone[], OUT stored integer, OUT last_id bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
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
  $$;

--
-- Name: FUNCTION connection_logs_add(job_ids integer[], device_ids integer[], logs text[], times timestamp with time zone[], OUT stored integer, OUT last_id bigint); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.connection_logs_add(job_ids integer[], device_ids integer[], logs text[], times timestamp with time zone[], OUT stored integer, OUT last_id bigint) IS 'Stores sessions, all or none, and makes the parts that are missing.';

--
-- Name: credential_attempts_given(integer[], boolean[], timestamp with time zone[], integer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.credential_attempts_given(credential_ids integer[], outcomes boolean[], times timestamp with time zone[], device_ids integer[]) RETURNS TABLE(credential_id integer, device_id integer, succeeded boolean, attempted_at timestamp with time zone, later_attempts bigint, success_since boolean)
    LANGUAGE sql STABLE
    AS $$
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
$$;

--
-- Name: FUNCTION credential_attempts_given(credential_ids integer[], outcomes boolean[], times timestamp with time zone[], device_ids integer[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.credential_attempts_given(credential_ids integer[], outcomes boolean[], times timestamp with time zone[], device_ids integer[]) IS 'Attempts, from arrays matched by position: each with the number of later attempts with its credential, and whether it or a later one on its device succeeded. A time in the future counts as now.';

--
-- Name: credential_tag_names(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.credential_tag_names(of_credential integer) RETURNS SETOF text[]
    LANGUAGE sql STABLE ROWS 1
    AS $$
  select
    array(
      select tags.name
      from credential_tags
      join tags on tags.id = credential_tags.tag_id
      where credential_tags.credential_id = of_credential
      order by tags.name
    )
$$;

--
-- Name: FUNCTION credential_tag_names(of_credential integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.credential_tag_names(of_credential integer) IS 'Names of the tags of a credential, sorted: one row, with an empty array if there are none.';

--
-- Name: device_tag_names(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.device_tag_names(of_device integer) RETURNS SETOF text[]
    LANGUAGE sql STABLE ROWS 1
    AS $$
  select
    array(
      select tags.name
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where device_tags.device_id = of_device
      order by tags.name
    )
$$;

--
-- Name: FUNCTION device_tag_names(of_device integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.device_tag_names(of_device integer) IS 'Names of the tags of a device, sorted: one row, with an empty array if there are none.';

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: devices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.devices (
    id integer NOT NULL,
    hostname text NOT NULL COLLATE pg_catalog."C",
    ip_address inet NOT NULL,
    device_type text NOT NULL COLLATE pg_catalog."C",
    last_seen timestamp(3) with time zone,
    CONSTRAINT device_type_has_1_to_255_characters CHECK (((char_length(device_type) >= 1) AND (char_length(device_type) <= 255))),
    CONSTRAINT hostname_has_1_to_255_characters CHECK (((char_length(hostname) >= 1) AND (char_length(hostname) <= 255))),
    CONSTRAINT ip_address_is_one_host CHECK ((masklen(ip_address) = masklen((host(ip_address))::inet)))
)
WITH (fillfactor='80');

--
-- Name: TABLE devices; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.devices IS 'The network devices whose configurations are backed up.';

--
-- Name: COLUMN devices.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.devices.id IS 'Identity of the device.';

--
-- Name: COLUMN devices.hostname; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.devices.hostname IS 'Name of the device; unique, case counts, sorted by byte.';

--
-- Name: COLUMN devices.ip_address; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.devices.ip_address IS 'Management address: one host, IPv4 or IPv6, without a prefix length.';

--
-- Name: COLUMN devices.device_type; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.devices.device_type IS 'Driver that speaks to the device, such as arista_eos.';

--
-- Name: COLUMN devices.last_seen; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.devices.last_seen IS 'When a worker last reached the device; null when none ever did.';

--
-- Name: devices_matching(text, inet, text, text[], text[], text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.devices_matching(hostname_part text, network inet, type text, any_tags text[], all_tags text[], q text) RETURNS SETOF public.devices
    LANGUAGE sql STABLE
    AS $$
  select devices.*
  from devices
  where
    (
      hostname_part is null
      or strpos(lower(hostname), lower(hostname_part collate "C")) > 0
    )
    and (network is null or ip_address <<= network)
    and (type is null or device_type = type)
    and (
      any_tags is null
      or id in (
        select device_tags.device_id
        from tags
        join device_tags on device_tags.tag_id = tags.id
        where tags.name = any(any_tags)
      )
    )
    and (
      coalesce(cardinality(all_tags), 0) = 0
      or id in (
        select device_tags.device_id
        from tags
        join device_tags on device_tags.tag_id = tags.id
        where tags.name = any(all_tags)
        group by device_tags.device_id
        having
          count(*) = (
            select count(distinct name)
            from unnest(all_tags) as wanted (name)
          )
      )
    )
    and (
      q is null
      or strpos(lower(hostname), lower(q collate "C")) > 0
      or strpos(lower(device_type), lower(q collate "C")) > 0
      or strpos(host(ip_address), lower(q collate "C")) > 0
    )
$$;

--
-- Name: FUNCTION devices_matching(hostname_part text, network inet, type text, any_tags text[], all_tags text[], q text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.devices_matching(hostname_part text, network inet, type text, any_tags text[], all_tags text[], q text) IS 'Devices that pass every filter; a filter that is null lets all pass. Letters A to Z match in either case.';

--
-- Name: devices_tagged(text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.devices_tagged(names text[]) RETURNS TABLE(device_id integer)
    LANGUAGE sql STABLE
    AS $$
  select device_tags.device_id
  from tags
  join device_tags on device_tags.tag_id = tags.id
  where tags.name = any(names)
$$;

--
-- Name: FUNCTION devices_tagged(names text[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.devices_tagged(names text[]) IS 'Devices with at least one of the tags, one row for each of these tags that a device has.';

--
-- Name: job_logs_add(integer[], public.log_level[], text[], timestamp with time zone[], boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.job_logs_add(job_ids integer[], levels public.log_level[], messages text[], times timestamp with time zone[], skip_missing boolean, OUT stored integer, OUT last_id bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
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
  $$;

--
-- Name: FUNCTION job_logs_add(job_ids integer[], levels public.log_level[], messages text[], times timestamp with time zone[], skip_missing boolean, OUT stored integer, OUT last_id bigint); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.job_logs_add(job_ids integer[], levels public.log_level[], messages text[], times timestamp with time zone[], skip_missing boolean, OUT stored integer, OUT last_id bigint) IS 'Stores lines of jobs, counts them, and makes the parts that are missing. All or none where a job is not there, or without those of such jobs.';

--
-- Name: jobs_judge(integer[], uuid[], text[], text[], text[], double precision[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.jobs_judge(ids integer[], claim_tokens uuid[], outcomes text[], error_classes text[], error_messages text[], retry_seconds double precision[]) RETURNS TABLE(place bigint, id integer, answer text, status public.job_status, attempt integer, worker text, started_at timestamp with time zone, outcome public.attempt_outcome, error_class text, error_message text, next_status public.job_status, next_at timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
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
$$;

--
-- Name: FUNCTION jobs_judge(ids integer[], claim_tokens uuid[], outcomes text[], error_classes text[], error_messages text[], retry_seconds double precision[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.jobs_judge(ids integer[], claim_tokens uuid[], outcomes text[], error_classes text[], error_messages text[], retry_seconds double precision[]) IS 'Locks jobs until the transaction ends. Returns for each outcome that a worker reports whether it is accepted, and the next status of the job. Arrays are matched by position.';

--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    id integer NOT NULL,
    device_id integer NOT NULL,
    status public.job_status DEFAULT 'queued'::public.job_status NOT NULL,
    scheduled_for timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    started_at timestamp(3) with time zone,
    completed_at timestamp(3) with time zone,
    claimed_by text,
    claim_token uuid,
    lease_until timestamp(3) with time zone,
    attempt integer DEFAULT 0 NOT NULL,
    job_type text DEFAULT 'backup'::text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 3 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    cancel_requested_at timestamp(3) with time zone,
    error_class text,
    error_message text,
    CONSTRAINT attempt_is_not_negative CHECK ((attempt >= 0)),
    CONSTRAINT claimed_when_running CHECK (((status <> 'running'::public.job_status) OR (num_nulls(started_at, claimed_by, claim_token, lease_until) = 0))),
    CONSTRAINT completed_when_finished CHECK (((status = ANY (ARRAY['succeeded'::public.job_status, 'partial'::public.job_status, 'failed'::public.job_status, 'cancelled'::public.job_status])) = (completed_at IS NOT NULL))),
    CONSTRAINT failures_are_not_too_many CHECK (((failures >= 0) AND (failures <= max_attempts))),
    CONSTRAINT job_type_is_a_word CHECK ((job_type ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0))
)
WITH (fillfactor='85');

--
-- Name: TABLE jobs; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.jobs IS 'Work to do, such as backups: one run on one device each.';

--
-- Name: COLUMN jobs.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.id IS 'Identity of the job; a higher one was made later.';

--
-- Name: COLUMN jobs.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.device_id IS 'The device to work on.';

--
-- Name: COLUMN jobs.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.status IS 'Where the job stands.';

--
-- Name: COLUMN jobs.scheduled_for; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.scheduled_for IS 'The job may start from this time on.';

--
-- Name: COLUMN jobs.started_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.started_at IS 'When the current or last attempt began; null before the first.';

--
-- Name: COLUMN jobs.completed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.completed_at IS 'When the job ended, whichever way; null while it has not.';

--
-- Name: COLUMN jobs.claimed_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.claimed_by IS 'Worker that holds or last held the job; null before the first claim.';

--
-- Name: COLUMN jobs.claim_token; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.claim_token IS 'Secret of the current claim, made by the worker, whose reports count only with it, or of the one that ended the job; null while no claim counts.';

--
-- Name: COLUMN jobs.lease_until; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.lease_until IS 'The claim may be taken away from this time on; null while no claim counts.';

--
-- Name: COLUMN jobs.attempt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.attempt IS 'How often the job was claimed; 0 before the first time.';

--
-- Name: COLUMN jobs.job_type; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.job_type IS 'What kind of work, such as backup.';

--
-- Name: COLUMN jobs.priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.priority IS 'Of the jobs that are due, those of a higher one start first.';

--
-- Name: COLUMN jobs.max_attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.max_attempts IS 'So many attempts may fail or outlive their lease: then the job has failed.';

--
-- Name: COLUMN jobs.failures; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.failures IS 'How many attempts did.';

--
-- Name: COLUMN jobs.cancel_requested_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.cancel_requested_at IS 'When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat.';

--
-- Name: COLUMN jobs.error_class; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.error_class IS 'What kind of thing went wrong at the last attempt that its worker ended, such as ConnectionError; null where nothing did.';

--
-- Name: COLUMN jobs.error_message; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.jobs.error_message IS 'What went wrong then, in words.';

--
-- Name: jobs_take(text, uuid, double precision, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.jobs_take(worker text, token uuid, lease_seconds double precision, most integer) RETURNS SETOF public.jobs
    LANGUAGE plpgsql
    AS $$
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
$$;

--
-- Name: FUNCTION jobs_take(worker text, token uuid, lease_seconds double precision, most integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.jobs_take(worker text, token uuid, lease_seconds double precision, most integer) IS 'Hands due jobs to a worker, up to a maximum, under one claim token: highest priority first, then by time. A device with a running job gets no other. Jobs that another worker is claiming are skipped, not waited for.';

--
-- Name: like_pattern(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.like_pattern(part text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select '%' || regexp_replace(part, '([\\%_])', '\\\1', 'g') || '%'
$$;

--
-- Name: FUNCTION like_pattern(part text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.like_pattern(part text) IS 'Pattern of LIKE that matches all texts that contain this one.';

--
-- Name: log_delete(integer, integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_delete(of_device integer, of_job integer, most integer, OUT lines integer, OUT sessions integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
  $$;

--
-- Name: FUNCTION log_delete(of_device integer, of_job integer, most integer, OUT lines integer, OUT sessions integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_delete(of_device integer, of_job integer, most integer, OUT lines integer, OUT sessions integer) IS 'Deletes some of the logs of a device or a job that is gone. As the owner: nobody else deletes logs.';

--
-- Name: log_partition_drop(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_partition_drop(part text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
  $$;

--
-- Name: FUNCTION log_partition_drop(part text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_partition_drop(part text) IS 'Drops a part that is detached, or says that there is none.';

--
-- Name: log_partition_make(text, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_partition_make(parent text, at timestamp with time zone, period text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
  $$;

--
-- Name: FUNCTION log_partition_make(parent text, at timestamp with time zone, period text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_partition_make(parent text, at timestamp with time zone, period text) IS 'Makes the part of job_logs or connection_logs that a time belongs to, a week or a month long, unless it is there: null. As the owner, for whoever may write logs.';

--
-- Name: log_partitions_make(text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_partitions_make(period text, ahead integer) RETURNS SETOF text
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
  $$;

--
-- Name: FUNCTION log_partitions_make(period text, ahead integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_partitions_make(period text, ahead integer) IS 'Makes the parts of both tables from now on for so many periods, week or month, one after the other; returns the names of those that were missing.';

--
-- Name: schedule_tag_names(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.schedule_tag_names(of_schedule integer) RETURNS SETOF text[]
    LANGUAGE sql STABLE ROWS 1
    AS $$
  select
    array(
      select tags.name
      from schedule_tags
      join tags on tags.id = schedule_tags.tag_id
      where schedule_tags.schedule_id = of_schedule
      order by tags.name
    )
$$;

--
-- Name: FUNCTION schedule_tag_names(of_schedule integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.schedule_tag_names(of_schedule integer) IS 'Names of the tags of a schedule, sorted: one row, with an empty array if there are none.';

--
-- Name: system_settings_notify(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.system_settings_notify() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  changed system_settings := coalesce(new, old);
begin
  if tg_op = 'DELETE' then
    changed.version := nextval('system_settings_version_seq');
  end if;
  perform pg_notify(
    'netraven_settings',
    json_build_object('key', changed.key, 'version', changed.version)::text
  );
  return null;
end
$$;

--
-- Name: FUNCTION system_settings_notify(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.system_settings_notify() IS 'Tells the listeners on netraven_settings which key changed, at commit.';

--
-- Name: system_settings_stamp(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.system_settings_stamp() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.version := nextval('system_settings_version_seq');
  new.updated_at := date_trunc('milliseconds', now());
  return new;
end
$$;

--
-- Name: FUNCTION system_settings_stamp(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.system_settings_stamp() IS 'Gives a setting that is written its version and time.';

--
-- Name: system_settings_take_turn(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.system_settings_take_turn() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended('netraven.system_settings', 0)
  );
  return null;
end
$$;

--
-- Name: FUNCTION system_settings_take_turn(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.system_settings_take_turn() IS 'Lets one transaction at a time write settings.';

--
-- Name: tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tags (
    id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    type text DEFAULT 'custom'::text NOT NULL,
    CONSTRAINT name_has_1_to_255_characters CHECK (((char_length(name) >= 1) AND (char_length(name) <= 255)))
);

--
-- Name: TABLE tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.tags IS 'Labels; a credential may open the devices it shares a tag with.';

--
-- Name: COLUMN tags.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tags.id IS 'Identity of the tag.';

--
-- Name: COLUMN tags.name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tags.name IS 'What people call the tag; unique, case counts.';

--
-- Name: COLUMN tags.type; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tags.type IS 'What kind of label it is, such as site or role; custom when nobody said.';

--
-- Name: tags_ensure(text[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tags_ensure(names text[], types text[] DEFAULT NULL::text[]) RETURNS SETOF public.tags
    LANGUAGE sql ROWS 10
    AS $$
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
$$;

--
-- Name: FUNCTION tags_ensure(names text[], types text[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.tags_ensure(names text[], types text[]) IS 'Creates the tags that do not exist and returns all named tags. Types are matched to names by position, custom if null or absent; an existing tag keeps its type.';

--
-- Name: config_line_ends; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.config_line_ends (
    device_id integer NOT NULL,
    configuration_id bigint NOT NULL,
    ended_by bigint NOT NULL,
    numbers int4multirange NOT NULL
);

--
-- Name: TABLE config_line_ends; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.config_line_ends IS 'Index of the lines that stand in the latest configurations no more; made anew from the texts by make reindex.';

--
-- Name: COLUMN config_line_ends.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_ends.device_id IS 'The device of the configuration.';

--
-- Name: COLUMN config_line_ends.configuration_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_ends.configuration_id IS 'The version that the lines came in with.';

--
-- Name: COLUMN config_line_ends.ended_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_ends.ended_by IS 'The first version that lacks them.';

--
-- Name: COLUMN config_line_ends.numbers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_ends.numbers IS 'Their numbers in the version that they came in with.';

--
-- Name: config_lines; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.config_lines (
    device_id integer NOT NULL,
    configuration_id bigint NOT NULL,
    part integer NOT NULL,
    numbers int4multirange NOT NULL,
    lines text NOT NULL
);

--
-- Name: TABLE config_lines; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.config_lines IS 'Index of every line that ever stood in a configuration, once for each time it came in; made anew from the texts by make reindex.';

--
-- Name: COLUMN config_lines.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_lines.device_id IS 'The device of the configuration.';

--
-- Name: COLUMN config_lines.configuration_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_lines.configuration_id IS 'The version that the lines came in with.';

--
-- Name: COLUMN config_lines.part; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_lines.part IS 'From 1: many lines are in several rows.';

--
-- Name: COLUMN config_lines.numbers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_lines.numbers IS 'The numbers of the lines in that version, from 1.';

--
-- Name: COLUMN config_lines.lines; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_lines.lines IS 'The lines, joined by line feeds.';

--
-- Name: device_configurations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_configurations (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    config_data text,
    retrieved_at timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    verified_at timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    content_hash bytea NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    raw bytea,
    added integer,
    removed integer,
    valid_until timestamp(3) with time zone,
    previous_id bigint,
    verified_count integer DEFAULT 1 NOT NULL,
    packed bytea,
    size integer NOT NULL,
    changes bytea
)
WITH (autovacuum_vacuum_scale_factor='0.02');
ALTER TABLE ONLY public.device_configurations ALTER COLUMN packed SET STORAGE EXTERNAL;

--
-- Name: TABLE device_configurations; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.device_configurations IS 'Every version of every configuration; a row is written when a text changes.';

--
-- Name: COLUMN device_configurations.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.id IS 'Identity of the version.';

--
-- Name: COLUMN device_configurations.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.device_id IS 'The device the configuration was read from.';

--
-- Name: COLUMN device_configurations.config_data; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.config_data IS 'The text as the device sent it; where that was no text, a readable form of raw.';

--
-- Name: COLUMN device_configurations.retrieved_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.retrieved_at IS 'When this text was first read; within a device it never goes back.';

--
-- Name: COLUMN device_configurations.verified_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.verified_at IS 'When this text was last read, set for good when the next version comes; for the latest version device_states.verified_at counts.';

--
-- Name: COLUMN device_configurations.content_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.content_hash IS 'SHA-256 of what the device sent, 32 bytes.';

--
-- Name: COLUMN device_configurations.metadata; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.metadata IS 'What the caller noted about this version: a JSON object, empty by default.';

--
-- Name: COLUMN device_configurations.raw; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.raw IS 'The bytes as the device sent them; null when they are the text in UTF-8.';

--
-- Name: COLUMN device_configurations.added; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.added IS 'Lines that the version before lacks; null while it is not indexed.';

--
-- Name: COLUMN device_configurations.removed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.removed IS 'Lines that only the version before has; null while it is not indexed.';

--
-- Name: COLUMN device_configurations.valid_until; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.valid_until IS 'When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap.';

--
-- Name: COLUMN device_configurations.previous_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.previous_id IS 'The version that added and removed count from; null for the first one and while it is not indexed.';

--
-- Name: COLUMN device_configurations.verified_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.verified_count IS 'How often this text was read, set for good when the next version comes; for the latest version device_states.verified_count counts.';

--
-- Name: COLUMN device_configurations.packed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.packed IS 'The bytes as the device sent them, compressed by Brotli; config_data and raw are null then. Null in a version from before this column.';

--
-- Name: COLUMN device_configurations.size; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.size IS 'How many bytes the device sent.';

--
-- Name: COLUMN device_configurations.changes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_configurations.changes IS 'Which lines are the same as in the version before, which are gone, which are new, as src/history/line_changes.ts writes it; null while the version is not indexed.';

--
-- Name: config_line_spans; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.config_line_spans WITH (security_invoker='true') AS
 SELECT config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part,
    split.line,
    COALESCE(split.text, ''::text) AS text,
    begun.retrieved_at AS since,
    ended.retrieved_at AS until
   FROM (((public.config_lines
     JOIN public.device_configurations begun ON ((begun.id = config_lines.configuration_id)))
     CROSS JOIN LATERAL ROWS FROM(string_to_table(config_lines.lines, chr(10)), public.config_line_numbers(config_lines.numbers)) split(text, line))
     LEFT JOIN LATERAL ( SELECT version.retrieved_at
           FROM (public.config_line_ends
             JOIN public.device_configurations version ON ((version.id = config_line_ends.ended_by)))
          WHERE ((config_line_ends.device_id = config_lines.device_id) AND (config_line_ends.configuration_id = config_lines.configuration_id) AND (config_line_ends.numbers @> split.line))
         LIMIT 1) ended ON (true));

--
-- Name: VIEW config_line_spans; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON VIEW public.config_line_spans IS 'Every line that ever stood in a configuration, once for each time it came in. A search asks config_lines for its rows, by their trigrams, and this for the lines in them.';

--
-- Name: COLUMN config_line_spans.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.device_id IS 'The device of the configuration.';

--
-- Name: COLUMN config_line_spans.configuration_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.configuration_id IS 'The version that the line came in with.';

--
-- Name: COLUMN config_line_spans.part; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.part IS 'The row of config_lines that it is in.';

--
-- Name: COLUMN config_line_spans.line; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.line IS 'Its number in that version, from 1.';

--
-- Name: COLUMN config_line_spans.text; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.text IS 'The line.';

--
-- Name: COLUMN config_line_spans.since; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.since IS 'When that version was first read.';

--
-- Name: COLUMN config_line_spans.until; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_line_spans.until IS 'When the first version without the line was read; null while it stands.';

--
-- Name: config_pins; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.config_pins (
    device_id integer NOT NULL,
    configuration_id bigint NOT NULL,
    label text NOT NULL,
    note text,
    pinned_by text NOT NULL,
    pinned_at timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    CONSTRAINT label_has_1_to_100_characters CHECK (((char_length(label) >= 1) AND (char_length(label) <= 100)))
);

--
-- Name: TABLE config_pins; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.config_pins IS 'Versions that are kept, each under one label or several.';

--
-- Name: COLUMN config_pins.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.device_id IS 'The device of the version.';

--
-- Name: COLUMN config_pins.configuration_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.configuration_id IS 'The version that is kept.';

--
-- Name: COLUMN config_pins.label; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.label IS 'Why it is kept, such as golden or restored.';

--
-- Name: COLUMN config_pins.note; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.note IS 'What else there is to say; null when nobody did.';

--
-- Name: COLUMN config_pins.pinned_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.pinned_by IS 'Who pinned it.';

--
-- Name: COLUMN config_pins.pinned_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_pins.pinned_at IS 'When it was pinned first.';

--
-- Name: device_configurations_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.device_configurations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.device_configurations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: config_quarantine; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.config_quarantine (
    id bigint DEFAULT nextval('public.device_configurations_id_seq'::regclass) NOT NULL,
    device_id integer NOT NULL,
    content_hash bytea NOT NULL,
    reasons text[] NOT NULL,
    retrieved_at timestamp(3) with time zone NOT NULL,
    verified_at timestamp(3) with time zone NOT NULL,
    verified_count integer DEFAULT 1 NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    config_data text NOT NULL,
    raw bytea
);

--
-- Name: TABLE config_quarantine; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.config_quarantine IS 'What devices sent that may be no whole configuration, until a person releases it into the history or drops it.';

--
-- Name: COLUMN config_quarantine.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.id IS 'Identity; no version has it until this one is released.';

--
-- Name: COLUMN config_quarantine.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.device_id IS 'The device that sent it.';

--
-- Name: COLUMN config_quarantine.content_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.content_hash IS 'SHA-256 of what the device sent, 32 bytes.';

--
-- Name: COLUMN config_quarantine.reasons; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.reasons IS 'What is wrong with it: empty, shrunk, no_end_marker, flapping.';

--
-- Name: COLUMN config_quarantine.retrieved_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.retrieved_at IS 'When this text was first read.';

--
-- Name: COLUMN config_quarantine.verified_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.verified_at IS 'When this text was last read.';

--
-- Name: COLUMN config_quarantine.verified_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.verified_count IS 'How often this text was read.';

--
-- Name: COLUMN config_quarantine.metadata; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.metadata IS 'What the caller noted about it when it was first read: a JSON object, empty by default.';

--
-- Name: COLUMN config_quarantine.config_data; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.config_data IS 'The text as the device sent it; where that was no text, a readable form of raw.';

--
-- Name: COLUMN config_quarantine.raw; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_quarantine.raw IS 'The bytes as the device sent them; null when they are the text in UTF-8.';

--
-- Name: device_states; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_states (
    device_id integer NOT NULL,
    content_hash bytea,
    configuration_id bigint,
    retrieved_at timestamp(3) with time zone,
    verified_at timestamp(3) with time zone,
    job_id integer,
    verified_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT configuration_is_known_in_full_or_not_at_all CHECK ((num_nulls(content_hash, configuration_id, retrieved_at, verified_at) = ANY (ARRAY[0, 4]))),
    CONSTRAINT content_hash_has_32_bytes CHECK ((octet_length(content_hash) = 32))
)
WITH (fillfactor='50');

--
-- Name: TABLE device_states; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.device_states IS 'What changes at every contact with a device: one narrow row each, absent until the first job or configuration.';

--
-- Name: COLUMN device_states.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.device_id IS 'The device this is the state of.';

--
-- Name: COLUMN device_states.content_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.content_hash IS 'SHA-256 of the latest configuration, 32 bytes; null before the first.';

--
-- Name: COLUMN device_states.configuration_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.configuration_id IS 'The latest configuration; null before the first.';

--
-- Name: COLUMN device_states.retrieved_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.retrieved_at IS 'When the latest configuration was first read; null before the first.';

--
-- Name: COLUMN device_states.verified_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.verified_at IS 'When the latest configuration was last read; null before the first.';

--
-- Name: COLUMN device_states.job_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.job_id IS 'The job that was made last for the device; null when it has none.';

--
-- Name: COLUMN device_states.verified_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_states.verified_count IS 'How often the latest configuration was read; 0 before the first.';

--
-- Name: config_versions; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.config_versions WITH (security_invoker='true') AS
 SELECT version.id,
    version.device_id,
    version.retrieved_at,
    COALESCE(state.verified_at, version.verified_at) AS verified_at,
    COALESCE(state.verified_count, version.verified_count) AS verified_count,
    version.valid_until,
    version.content_hash,
    version.metadata,
    version.previous_id,
    version.added,
    version.removed,
    version.size,
    (state.configuration_id IS NOT NULL) AS is_latest,
    version.config_data,
    version.raw,
    version.packed
   FROM (public.device_configurations version
     LEFT JOIN public.device_states state ON (((state.device_id = version.device_id) AND (state.configuration_id = version.id))));

--
-- Name: VIEW config_versions; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON VIEW public.config_versions IS 'Versions of configurations. device_states supplies verified_at and verified_count of the latest version of a device.';

--
-- Name: COLUMN config_versions.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.id IS 'Identity of the version.';

--
-- Name: COLUMN config_versions.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.device_id IS 'The device the configuration was read from.';

--
-- Name: COLUMN config_versions.retrieved_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.retrieved_at IS 'When this text was first read; never decreases from one version of a device to the next.';

--
-- Name: COLUMN config_versions.verified_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.verified_at IS 'When this text was last read.';

--
-- Name: COLUMN config_versions.verified_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.verified_count IS 'Number of times that this text was read.';

--
-- Name: COLUMN config_versions.valid_until; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.valid_until IS 'When the next version was first read; null for the latest. It stays when that version is pruned, so there can be gaps but no overlaps.';

--
-- Name: COLUMN config_versions.content_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.content_hash IS 'SHA-256 of the bytes from the device, 32 bytes.';

--
-- Name: COLUMN config_versions.metadata; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.metadata IS 'Notes of the caller about this version: a JSON object, empty by default.';

--
-- Name: COLUMN config_versions.previous_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.previous_id IS 'Version that added and removed are counted against; null for the first version and while this one is not indexed.';

--
-- Name: COLUMN config_versions.added; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.added IS 'Number of lines that the previous version lacks; null while not indexed.';

--
-- Name: COLUMN config_versions.removed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.removed IS 'Number of lines that only the previous version has; null while not indexed.';

--
-- Name: COLUMN config_versions.size; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.size IS 'Size of the bytes from the device.';

--
-- Name: COLUMN config_versions.is_latest; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.is_latest IS 'Whether it is the latest version of its device.';

--
-- Name: COLUMN config_versions.config_data; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.config_data IS 'The text as the device sent it, or a readable form of raw if that is not text.';

--
-- Name: COLUMN config_versions.raw; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.raw IS 'The bytes as the device sent them; null if they are the text in UTF-8.';

--
-- Name: COLUMN config_versions.packed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.config_versions.packed IS 'The bytes as the device sent them, compressed by Brotli; config_data and raw are then null. Null in versions that were stored before this column existed.';

--
-- Name: connection_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.connection_logs (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    device_id integer NOT NULL,
    log text NOT NULL,
    "timestamp" timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL
)
PARTITION BY RANGE ("timestamp");
ALTER TABLE ONLY public.connection_logs ALTER COLUMN log SET COMPRESSION lz4;

--
-- Name: TABLE connection_logs; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.connection_logs IS 'What was said on the line between a worker and a device, a session a row; a part a week or month.';

--
-- Name: COLUMN connection_logs.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.connection_logs.id IS 'Identity of the session; orders sessions of the same time.';

--
-- Name: COLUMN connection_logs.job_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.connection_logs.job_id IS 'The job that held the session; it may be gone.';

--
-- Name: COLUMN connection_logs.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.connection_logs.device_id IS 'The device at the other end; it may be gone.';

--
-- Name: COLUMN connection_logs.log; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.connection_logs.log IS 'The whole session as text, compressed by lz4 where the server has it.';

--
-- Name: COLUMN connection_logs."timestamp"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.connection_logs."timestamp" IS 'When the session was recorded.';

--
-- Name: connection_logs_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.connection_logs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.connection_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: credential_attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credential_attempts (
    device_id integer NOT NULL,
    credential_id integer NOT NULL,
    failures integer NOT NULL,
    attempted_at timestamp(3) with time zone NOT NULL,
    CONSTRAINT failures_is_not_negative CHECK ((failures >= 0))
)
WITH (fillfactor='70');

--
-- Name: TABLE credential_attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.credential_attempts IS 'How the last attempts with a credential on a device went: too many failures in a row keep it from being tried there for a while.';

--
-- Name: COLUMN credential_attempts.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_attempts.device_id IS 'The device that was tried.';

--
-- Name: COLUMN credential_attempts.credential_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_attempts.credential_id IS 'The credential it was tried with.';

--
-- Name: COLUMN credential_attempts.failures; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_attempts.failures IS 'Failures in a row up to the last attempt; 0 when that succeeded.';

--
-- Name: COLUMN credential_attempts.attempted_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_attempts.attempted_at IS 'When the last attempt was made.';

--
-- Name: credential_reveals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credential_reveals (
    id bigint NOT NULL,
    credential_id integer NOT NULL,
    username text NOT NULL,
    revealed_by text NOT NULL,
    reason text NOT NULL,
    revealed_at timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    CONSTRAINT reason_is_not_empty CHECK ((reason <> ''::text)),
    CONSTRAINT revealed_by_is_not_empty CHECK ((revealed_by <> ''::text))
);

--
-- Name: TABLE credential_reveals; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.credential_reveals IS 'Who asked for a password in the clear, when and why; rows are only added.';

--
-- Name: COLUMN credential_reveals.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.id IS 'Identity of the entry; a higher one was made later.';

--
-- Name: COLUMN credential_reveals.credential_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.credential_id IS 'The credential whose password was asked for; it may be gone by now.';

--
-- Name: COLUMN credential_reveals.username; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.username IS 'The credential''s name to log in with, as it was then.';

--
-- Name: COLUMN credential_reveals.revealed_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.revealed_by IS 'Who asked: a person or a service.';

--
-- Name: COLUMN credential_reveals.reason; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.reason IS 'Why, in the words of who asked.';

--
-- Name: COLUMN credential_reveals.revealed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_reveals.revealed_at IS 'When.';

--
-- Name: credential_reveals_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.credential_reveals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.credential_reveals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: credential_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credential_tags (
    credential_id integer NOT NULL,
    tag_id integer NOT NULL
);

--
-- Name: TABLE credential_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.credential_tags IS 'Which credential carries which tag.';

--
-- Name: COLUMN credential_tags.credential_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_tags.credential_id IS 'The credential that carries the tag.';

--
-- Name: COLUMN credential_tags.tag_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credential_tags.tag_id IS 'The tag that is carried.';

--
-- Name: credentials; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credentials (
    id integer NOT NULL,
    username text NOT NULL,
    password public.sealed_text NOT NULL,
    priority integer DEFAULT 100 NOT NULL,
    last_used timestamp(3) with time zone,
    success_rate double precision DEFAULT 1 NOT NULL,
    uuid uuid NOT NULL,
    succeeded bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    key_id text GENERATED ALWAYS AS ("substring"((password)::text, '^nr1\.([a-z0-9_-]+)\.'::text)) STORED COLLATE pg_catalog."C",
    key_live boolean GENERATED ALWAYS AS (true) STORED NOT NULL
)
WITH (fillfactor='70');

--
-- Name: TABLE credentials; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.credentials IS 'Logins for devices; a device may be tried with those that share a tag.';

--
-- Name: COLUMN credentials.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.id IS 'Identity of the credential.';

--
-- Name: COLUMN credentials.username; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.username IS 'Name to log in with.';

--
-- Name: COLUMN credentials.password; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.password IS 'Sealed password; only CredentialSecretGet and the rotation of keys read it.';

--
-- Name: COLUMN credentials.priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.priority IS 'Place in the order of trying; lower is tried first.';

--
-- Name: COLUMN credentials.last_used; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.last_used IS 'When it was last tried on a device; null when it never was.';

--
-- Name: COLUMN credentials.success_rate; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.success_rate IS 'Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a tenth.';

--
-- Name: COLUMN credentials.uuid; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.uuid IS 'Identity that the sealed password is bound to, made by the client; never changes.';

--
-- Name: COLUMN credentials.succeeded; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.succeeded IS 'How many attempts on devices succeeded.';

--
-- Name: COLUMN credentials.failed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.failed IS 'How many attempts on devices failed.';

--
-- Name: COLUMN credentials.key_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.key_id IS 'Key that the password is sealed with, read from its envelope; null for a password from before there were keys, which nothing opens.';

--
-- Name: COLUMN credentials.key_live; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.credentials.key_live IS 'Always true: makes the reference one to a key that is not retired.';

--
-- Name: credentials_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.credentials ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.credentials_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: device_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_tags (
    device_id integer NOT NULL,
    tag_id integer NOT NULL
);

--
-- Name: TABLE device_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.device_tags IS 'Which device carries which tag.';

--
-- Name: COLUMN device_tags.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_tags.device_id IS 'The device that carries the tag.';

--
-- Name: COLUMN device_tags.tag_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.device_tags.tag_id IS 'The tag that is carried.';

--
-- Name: devices_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.devices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.devices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: encryption_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.encryption_keys (
    key_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    retired_at timestamp(3) with time zone,
    check_value text NOT NULL,
    live boolean GENERATED ALWAYS AS ((retired_at IS NULL)) STORED NOT NULL,
    CONSTRAINT key_id_has_1_to_63_characters CHECK (((char_length(key_id) >= 1) AND (char_length(key_id) <= 63))),
    CONSTRAINT retired_after_created CHECK ((retired_at >= created_at))
);

--
-- Name: TABLE encryption_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.encryption_keys IS 'The keys that sealed columns were or are sealed with; never the keys themselves.';

--
-- Name: COLUMN encryption_keys.key_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.encryption_keys.key_id IS 'Name of the key, as in the key ring and in every envelope.';

--
-- Name: COLUMN encryption_keys.created_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.encryption_keys.created_at IS 'When a process first came with the key.';

--
-- Name: COLUMN encryption_keys.retired_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.encryption_keys.retired_at IS 'When the key was given up; null while rows may be sealed with it.';

--
-- Name: COLUMN encryption_keys.check_value; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.encryption_keys.check_value IS 'A known text sealed with the key: tells another key of the same name.';

--
-- Name: COLUMN encryption_keys.live; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.encryption_keys.live IS 'Whether the key is not retired.';

--
-- Name: job_attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_attempts (
    job_id integer NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    started_at timestamp(3) with time zone NOT NULL,
    completed_at timestamp(3) with time zone NOT NULL,
    outcome public.attempt_outcome NOT NULL,
    error_class text,
    error_message text
);

--
-- Name: TABLE job_attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.job_attempts IS 'Attempts that have ended, and did not end their job; the last one is in jobs.';

--
-- Name: COLUMN job_attempts.job_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.job_id IS 'The job.';

--
-- Name: COLUMN job_attempts.attempt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.attempt IS 'Which of its attempts, from 1.';

--
-- Name: COLUMN job_attempts.worker; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.worker IS 'Who made it.';

--
-- Name: COLUMN job_attempts.started_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.started_at IS 'When it began.';

--
-- Name: COLUMN job_attempts.completed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.completed_at IS 'When it ended, or was found to have outlived its lease.';

--
-- Name: COLUMN job_attempts.outcome; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.outcome IS 'How it ended: failed, given back, or by its lease.';

--
-- Name: COLUMN job_attempts.error_class; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.error_class IS 'What kind of thing went wrong, such as ConnectionError; null where nothing.';

--
-- Name: COLUMN job_attempts.error_message; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_attempts.error_message IS 'What went wrong, in words.';

--
-- Name: job_log_counts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_log_counts (
    job_id integer NOT NULL,
    level public.log_level NOT NULL,
    lines integer NOT NULL,
    first_at timestamp(3) with time zone NOT NULL,
    last_at timestamp(3) with time zone NOT NULL
)
WITH (fillfactor='80');

--
-- Name: TABLE job_log_counts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.job_log_counts IS 'How many lines a job has reported, by level; also those that retention has removed since.';

--
-- Name: COLUMN job_log_counts.job_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_log_counts.job_id IS 'The job.';

--
-- Name: COLUMN job_log_counts.level; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_log_counts.level IS 'The level.';

--
-- Name: COLUMN job_log_counts.lines; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_log_counts.lines IS 'So many.';

--
-- Name: COLUMN job_log_counts.first_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_log_counts.first_at IS 'When the first was reported.';

--
-- Name: COLUMN job_log_counts.last_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_log_counts.last_at IS 'When the last was reported.';

--
-- Name: job_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_logs (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    message text NOT NULL,
    level public.log_level DEFAULT 'info'::public.log_level NOT NULL,
    "timestamp" timestamp(3) with time zone DEFAULT date_trunc('milliseconds'::text, now()) NOT NULL,
    device_id integer NOT NULL
)
PARTITION BY RANGE ("timestamp");

--
-- Name: TABLE job_logs; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.job_logs IS 'What a job reported while it ran, a line a row; a part a week or month.';

--
-- Name: COLUMN job_logs.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs.id IS 'Identity of the line; orders lines of the same time.';

--
-- Name: COLUMN job_logs.job_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs.job_id IS 'The job that reported; it may be gone.';

--
-- Name: COLUMN job_logs.message; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs.message IS 'The line.';

--
-- Name: COLUMN job_logs.level; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs.level IS 'How much the line matters.';

--
-- Name: COLUMN job_logs."timestamp"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs."timestamp" IS 'When the line was reported.';

--
-- Name: COLUMN job_logs.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.job_logs.device_id IS 'The device of the job; it may be gone.';

--
-- Name: job_logs_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.job_logs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: jobs_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: log_partitions; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.log_partitions AS
 SELECT (parent.relname)::text AS table_name,
    (child.relname)::text AS partition_name,
        CASE
            WHEN pg_inherits.inhdetachpending THEN 'detaching'::text
            WHEN (pg_inherits.inhrelid IS NULL) THEN 'detached'::text
            ELSE 'attached'::text
        END AS state,
    (replace(bound.bound[1], 'MINVALUE'::text, '-infinity'::text))::timestamp with time zone AS from_at,
    (bound.bound[2])::timestamp with time zone AS until_at
   FROM (((pg_class parent
     JOIN pg_class child ON (((child.relnamespace = parent.relnamespace) AND (child.relkind = 'r'::"char") AND (child.relname ~ (('^'::text || (parent.relname)::text) || '_(whole|\d{8})$'::text)))))
     LEFT JOIN pg_inherits ON (((pg_inherits.inhrelid = child.oid) AND (pg_inherits.inhparent = parent.oid))))
     LEFT JOIN LATERAL regexp_match(pg_get_expr(child.relpartbound, child.oid), 'FROM \(''?([^'')]*)''?\) TO \(''([^'')]*)''\)'::text) bound(bound) ON (true))
  WHERE ((parent.relnamespace = ('public'::regnamespace)::oid) AND (parent.relname = ANY (ARRAY['job_logs'::name, 'connection_logs'::name])));

--
-- Name: VIEW log_partitions; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON VIEW public.log_partitions IS 'The parts of job_logs and connection_logs.';

--
-- Name: COLUMN log_partitions.table_name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_partitions.table_name IS 'The table it is a part of.';

--
-- Name: COLUMN log_partitions.partition_name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_partitions.partition_name IS 'Its own name: the table and the day it begins.';

--
-- Name: COLUMN log_partitions.state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_partitions.state IS 'attached; or on the way out: detaching, or detached, which waits to be dropped.';

--
-- Name: COLUMN log_partitions.from_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_partitions.from_at IS 'The first time that may stand in it; null once it is detached.';

--
-- Name: COLUMN log_partitions.until_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_partitions.until_at IS 'The first time that may not; null once it is detached.';

--
-- Name: log_writers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_writers (
    id uuid NOT NULL,
    batch integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    written_at timestamp(3) with time zone NOT NULL
)
WITH (fillfactor='50');

--
-- Name: TABLE log_writers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.log_writers IS 'Processes that write job logs in batches: a batch that was stored is not stored again, where only its answer was lost.';

--
-- Name: COLUMN log_writers.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_writers.id IS 'Identity of the writer, made by itself.';

--
-- Name: COLUMN log_writers.batch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_writers.batch IS 'Number of its last batch.';

--
-- Name: COLUMN log_writers.started_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_writers.started_at IS 'By the clock here: when its own began to count. Its lines are as old as their count says, so that they keep their order whatever way they took.';

--
-- Name: COLUMN log_writers.written_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_writers.written_at IS 'When its last batch was stored.';

--
-- Name: schedule_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schedule_tags (
    schedule_id integer NOT NULL,
    tag_id integer NOT NULL
);

--
-- Name: TABLE schedule_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.schedule_tags IS 'The tags of schedules: a device with any of them is in.';

--
-- Name: COLUMN schedule_tags.schedule_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedule_tags.schedule_id IS 'The schedule.';

--
-- Name: COLUMN schedule_tags.tag_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedule_tags.tag_id IS 'The tag.';

--
-- Name: schedules; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schedules (
    id integer NOT NULL,
    name text NOT NULL,
    cron text,
    every_seconds integer,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    device_id integer,
    job_type text DEFAULT 'backup'::text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    next_run_at timestamp(3) with time zone NOT NULL,
    last_run_at timestamp(3) with time zone,
    CONSTRAINT cron_or_interval CHECK ((num_nonnulls(cron, every_seconds) = 1)),
    CONSTRAINT interval_is_positive CHECK ((every_seconds > 0)),
    CONSTRAINT job_type_is_a_word CHECK ((job_type ~ '^[a-z][a-z0-9_]*$'::text))
);

--
-- Name: TABLE schedules; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.schedules IS 'Jobs that are made again and again: of a device, or of those with tags.';

--
-- Name: COLUMN schedules.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.id IS 'Identity of the schedule.';

--
-- Name: COLUMN schedules.name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.name IS 'What people call it; unique, case counts.';

--
-- Name: COLUMN schedules.cron; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.cron IS 'When, as five fields of cron; null where it has an interval.';

--
-- Name: COLUMN schedules.every_seconds; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.every_seconds IS 'How often, in seconds; null where it has a cron expression.';

--
-- Name: COLUMN schedules.time_zone; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.time_zone IS 'The IANA time zone that the cron expression is read in.';

--
-- Name: COLUMN schedules.device_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.device_id IS 'The device; null where it is for tags.';

--
-- Name: COLUMN schedules.job_type; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.job_type IS 'The type of its jobs.';

--
-- Name: COLUMN schedules.priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.priority IS 'The priority of its jobs.';

--
-- Name: COLUMN schedules.enabled; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.enabled IS 'Whether it makes jobs.';

--
-- Name: COLUMN schedules.next_run_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.next_run_at IS 'When it is due. Who moves it on makes the jobs, so that they are made once.';

--
-- Name: COLUMN schedules.last_run_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schedules.last_run_at IS 'When it last made jobs; null before the first time.';

--
-- Name: schedules_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.schedules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: schema_checksums; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_checksums (
    version character varying NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE schema_checksums; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.schema_checksums IS 'What each applied migration looked like, so that a later edit of its file is found.';

--
-- Name: COLUMN schema_checksums.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_checksums.version IS 'As in schema_migrations; a row without its counterpart there means nothing.';

--
-- Name: COLUMN schema_checksums.name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_checksums.name IS 'What stands after the version in the file name.';

--
-- Name: COLUMN schema_checksums.checksum; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_checksums.checksum IS 'SHA-256 of the file with plain line ends, in hexadecimal.';

--
-- Name: COLUMN schema_checksums.applied_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_checksums.applied_at IS 'When it was applied, or first seen where something else had applied it.';

--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);

--
-- Name: TABLE schema_migrations; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.schema_migrations IS 'The migrations that are applied; dbmate writes it.';

--
-- Name: COLUMN schema_migrations.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migrations.version IS 'The digits at the start of the file name, a time in UTC.';

--
-- Name: system_settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.system_settings (
    id integer NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    value jsonb NOT NULL,
    description text,
    version bigint NOT NULL,
    updated_at timestamp(3) with time zone NOT NULL,
    CONSTRAINT key_has_1_to_255_characters CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255)))
);

--
-- Name: TABLE system_settings; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.system_settings IS 'Settings of the whole system; processes cache them and are told of changes.';

--
-- Name: COLUMN system_settings.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.id IS 'Identity of the setting.';

--
-- Name: COLUMN system_settings.key; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.key IS 'Name of the setting, such as log_retention_days; unique, case counts.';

--
-- Name: COLUMN system_settings.value; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.value IS 'Any JSON value, the JSON null included.';

--
-- Name: COLUMN system_settings.description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.description IS 'What the setting does, for people; null when nobody said.';

--
-- Name: COLUMN system_settings.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.version IS 'Set at every write, higher than that of any write to any key before it.';

--
-- Name: COLUMN system_settings.updated_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.system_settings.updated_at IS 'When the setting was last written.';

--
-- Name: system_settings_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.system_settings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.system_settings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: system_settings_version_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.system_settings_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

--
-- Name: system_settings_version_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.system_settings_version_seq OWNED BY public.system_settings.version;

--
-- Name: SEQUENCE system_settings_version_seq; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON SEQUENCE public.system_settings_version_seq IS 'Versions of all settings together; never the same one twice.';

--
-- Name: tags_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.tags ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tags_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: config_line_ends config_line_ends_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_line_ends
    ADD CONSTRAINT config_line_ends_pkey PRIMARY KEY (device_id, configuration_id, ended_by);

--
-- Name: config_lines config_lines_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_lines
    ADD CONSTRAINT config_lines_pkey PRIMARY KEY (device_id, configuration_id, part);

--
-- Name: config_pins config_pins_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_pins
    ADD CONSTRAINT config_pins_pkey PRIMARY KEY (device_id, configuration_id, label);

--
-- Name: config_quarantine config_quarantine_device_id_content_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_quarantine
    ADD CONSTRAINT config_quarantine_device_id_content_hash_key UNIQUE (device_id, content_hash);

--
-- Name: config_quarantine config_quarantine_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_quarantine
    ADD CONSTRAINT config_quarantine_pkey PRIMARY KEY (id);

--
-- Name: connection_logs connection_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connection_logs
    ADD CONSTRAINT connection_logs_pkey PRIMARY KEY (device_id, "timestamp", id);

--
-- Name: credential_attempts credential_attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_attempts
    ADD CONSTRAINT credential_attempts_pkey PRIMARY KEY (device_id, credential_id);

--
-- Name: credential_reveals credential_reveals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_reveals
    ADD CONSTRAINT credential_reveals_pkey PRIMARY KEY (id);

--
-- Name: credential_tags credential_tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_tags
    ADD CONSTRAINT credential_tags_pkey PRIMARY KEY (credential_id, tag_id);

--
-- Name: credentials credentials_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (id);

--
-- Name: credentials credentials_uuid_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_uuid_key UNIQUE (uuid);

--
-- Name: device_configurations device_configurations_device_id_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_configurations
    ADD CONSTRAINT device_configurations_device_id_id_key UNIQUE (device_id, id);

--
-- Name: device_configurations device_configurations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_configurations
    ADD CONSTRAINT device_configurations_pkey PRIMARY KEY (id);

--
-- Name: device_configurations device_configurations_stand_one_after_another; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_configurations
    ADD CONSTRAINT device_configurations_stand_one_after_another EXCLUDE USING gist (device_id WITH =, tstzrange(retrieved_at, valid_until) WITH &&);

--
-- Name: device_states device_states_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_pkey PRIMARY KEY (device_id);

--
-- Name: device_tags device_tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_tags
    ADD CONSTRAINT device_tags_pkey PRIMARY KEY (device_id, tag_id);

--
-- Name: devices devices_hostname_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_hostname_key UNIQUE (hostname);

--
-- Name: devices devices_ip_address_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_ip_address_key UNIQUE (ip_address);

--
-- Name: devices devices_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

--
-- Name: encryption_keys encryption_keys_key_id_live_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encryption_keys
    ADD CONSTRAINT encryption_keys_key_id_live_key UNIQUE (key_id, live);

--
-- Name: encryption_keys encryption_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encryption_keys
    ADD CONSTRAINT encryption_keys_pkey PRIMARY KEY (key_id);

--
-- Name: job_attempts job_attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT job_attempts_pkey PRIMARY KEY (job_id, attempt);

--
-- Name: job_log_counts job_log_counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_log_counts
    ADD CONSTRAINT job_log_counts_pkey PRIMARY KEY (job_id, level);

--
-- Name: job_logs job_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_logs
    ADD CONSTRAINT job_logs_pkey PRIMARY KEY ("timestamp", id);

--
-- Name: jobs jobs_device_id_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_device_id_id_key UNIQUE (device_id, id);

--
-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

--
-- Name: log_writers log_writers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_writers
    ADD CONSTRAINT log_writers_pkey PRIMARY KEY (id);

--
-- Name: schedule_tags schedule_tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedule_tags
    ADD CONSTRAINT schedule_tags_pkey PRIMARY KEY (schedule_id, tag_id);

--
-- Name: schedules schedules_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_name_key UNIQUE (name);

--
-- Name: schedules schedules_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (id);

--
-- Name: schema_checksums schema_checksums_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_checksums
    ADD CONSTRAINT schema_checksums_pkey PRIMARY KEY (version);

--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

--
-- Name: sealed_text sealed_text_is_an_envelope; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER DOMAIN public.sealed_text
    ADD CONSTRAINT sealed_text_is_an_envelope CHECK ((VALUE ~ '^nr1\.[a-z0-9][a-z0-9_-]{0,62}\.[A-Za-z0-9_-]{38,}$'::text)) NOT VALID;

--
-- Name: system_settings system_settings_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.system_settings
    ADD CONSTRAINT system_settings_key_key UNIQUE (key);

--
-- Name: system_settings system_settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.system_settings
    ADD CONSTRAINT system_settings_pkey PRIMARY KEY (id);

--
-- Name: tags tags_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_name_key UNIQUE (name);

--
-- Name: tags tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

--
-- Name: config_lines_lines_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX config_lines_lines_idx ON public.config_lines USING gin (lines public.gin_trgm_ops) WITH (fastupdate=off);

--
-- Name: connection_logs_job_id_timestamp_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connection_logs_job_id_timestamp_id_idx ON ONLY public.connection_logs USING btree (job_id, "timestamp", id);

--
-- Name: credential_attempts_credential_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX credential_attempts_credential_id_idx ON public.credential_attempts USING btree (credential_id);

--
-- Name: credential_reveals_credential_id_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX credential_reveals_credential_id_id_idx ON public.credential_reveals USING btree (credential_id, id);

--
-- Name: credential_tags_tag_id_credential_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX credential_tags_tag_id_credential_id_idx ON public.credential_tags USING btree (tag_id, credential_id);

--
-- Name: credentials_key_id_key_live_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX credentials_key_id_key_live_id_idx ON public.credentials USING btree (key_id, key_live, id);

--
-- Name: device_configurations_device_id_retrieved_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX device_configurations_device_id_retrieved_at_id_idx ON public.device_configurations USING btree (device_id, retrieved_at, id);

--
-- Name: device_configurations_retrieved_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX device_configurations_retrieved_at_id_idx ON public.device_configurations USING btree (retrieved_at, id);

--
-- Name: device_tags_tag_id_device_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX device_tags_tag_id_device_id_idx ON public.device_tags USING btree (tag_id, device_id);

--
-- Name: job_logs_device_id_job_id_timestamp_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_logs_device_id_job_id_timestamp_id_idx ON ONLY public.job_logs USING btree (device_id, job_id, "timestamp", id);

--
-- Name: job_logs_warnings_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_logs_warnings_idx ON ONLY public.job_logs USING btree ("timestamp", id) WHERE (level >= 'warning'::public.log_level);

--
-- Name: jobs_due_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_due_idx ON public.jobs USING btree (priority DESC, scheduled_for, id) WHERE (status = 'queued'::public.job_status);

--
-- Name: jobs_one_runs_per_device; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX jobs_one_runs_per_device ON public.jobs USING btree (device_id) WHERE (status = 'running'::public.job_status);

--
-- Name: jobs_scheduled_for_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_scheduled_for_id_idx ON public.jobs USING btree (scheduled_for, id);

--
-- Name: schedule_tags_tag_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX schedule_tags_tag_id_idx ON public.schedule_tags USING btree (tag_id);

--
-- Name: schedules_device_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX schedules_device_id_idx ON public.schedules USING btree (device_id);

--
-- Name: system_settings system_settings_notify; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER system_settings_notify AFTER INSERT OR DELETE OR UPDATE ON public.system_settings FOR EACH ROW EXECUTE FUNCTION public.system_settings_notify();

--
-- Name: system_settings system_settings_stamp; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER system_settings_stamp BEFORE INSERT OR UPDATE ON public.system_settings FOR EACH ROW EXECUTE FUNCTION public.system_settings_stamp();

--
-- Name: system_settings system_settings_take_turn; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER system_settings_take_turn BEFORE INSERT OR DELETE OR UPDATE ON public.system_settings FOR EACH STATEMENT EXECUTE FUNCTION public.system_settings_take_turn();

--
-- Name: config_line_ends config_line_ends_device_id_fkey1; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_line_ends
    ADD CONSTRAINT config_line_ends_device_id_fkey1 FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: config_lines config_lines_device_id_fkey1; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_lines
    ADD CONSTRAINT config_lines_device_id_fkey1 FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: config_pins config_pins_device_id_configuration_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_pins
    ADD CONSTRAINT config_pins_device_id_configuration_id_fkey FOREIGN KEY (device_id, configuration_id) REFERENCES public.device_configurations(device_id, id);

--
-- Name: config_pins config_pins_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_pins
    ADD CONSTRAINT config_pins_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: config_quarantine config_quarantine_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.config_quarantine
    ADD CONSTRAINT config_quarantine_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: credential_attempts credential_attempts_credential_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_attempts
    ADD CONSTRAINT credential_attempts_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES public.credentials(id) ON DELETE CASCADE;

--
-- Name: credential_attempts credential_attempts_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_attempts
    ADD CONSTRAINT credential_attempts_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: credential_tags credential_tags_credential_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_tags
    ADD CONSTRAINT credential_tags_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES public.credentials(id) ON DELETE CASCADE;

--
-- Name: credential_tags credential_tags_tag_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credential_tags
    ADD CONSTRAINT credential_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;

--
-- Name: credentials credentials_key_id_key_live_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_key_id_key_live_fkey FOREIGN KEY (key_id, key_live) REFERENCES public.encryption_keys(key_id, live);

--
-- Name: device_configurations device_configurations_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_configurations
    ADD CONSTRAINT device_configurations_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: device_states device_states_device_id_configuration_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_device_id_configuration_id_fkey FOREIGN KEY (device_id, configuration_id) REFERENCES public.device_configurations(device_id, id);

--
-- Name: device_states device_states_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: device_states device_states_device_id_job_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_states
    ADD CONSTRAINT device_states_device_id_job_id_fkey FOREIGN KEY (device_id, job_id) REFERENCES public.jobs(device_id, id) ON DELETE SET NULL (job_id);

--
-- Name: device_tags device_tags_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_tags
    ADD CONSTRAINT device_tags_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: device_tags device_tags_tag_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_tags
    ADD CONSTRAINT device_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;

--
-- Name: job_attempts job_attempts_job_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT job_attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

--
-- Name: job_log_counts job_log_counts_job_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_log_counts
    ADD CONSTRAINT job_log_counts_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

--
-- Name: jobs jobs_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- Name: schedule_tags schedule_tags_schedule_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedule_tags
    ADD CONSTRAINT schedule_tags_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES public.schedules(id) ON DELETE CASCADE;

--
-- Name: schedule_tags schedule_tags_tag_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedule_tags
    ADD CONSTRAINT schedule_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;

--
-- Name: schedules schedules_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id) ON DELETE CASCADE;

--
-- PostgreSQL database dump complete
--

--
-- Dbmate schema migrations
--

INSERT INTO public.schema_migrations (version) VALUES
    ('20261101090000'),
    ('20261101090100'),
    ('20261101090200'),
    ('20261101090300'),
    ('20261101090400'),
    ('20261101090500'),
    ('20261101090600'),
    ('20261125090000'),
    ('20261125090100'),
    ('20261125090200'),
    ('20261125090300'),
    ('20261125090350'),
    ('20261125090400'),
    ('20261125100000'),
    ('20261125100050'),
    ('20261125100100'),
    ('20261125100200'),
    ('20261125100300'),
    ('20261125100400'),
    ('20261126090000'),
    ('20261126090100'),
    ('20261126090200'),
    ('20261126090300'),
    ('20261126090400'),
    ('20261127090000');
