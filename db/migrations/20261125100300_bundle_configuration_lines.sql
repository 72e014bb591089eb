-- migrate:up

-- One row a version instead of one a run of lines. What each version changed is
-- not known of versions that are there: the next save of a device, or make
-- reindex, finds it out.
do $$
begin
  create function config_line_numbers(numbers int4multirange)
  returns setof integer
  language sql
  immutable
  strict
  parallel safe
  as $function$
    select line
    from unnest(numbers) as run
    cross join generate_series(lower(run), upper(run) - 1) as line
    order by line
  $function$;

  comment on function config_line_numbers is
    'The numbers of lines, one by one in their order.';

  alter table device_configurations
    drop column blame,
    add column changes bytea;

  comment on column device_configurations.changes is
    'Which lines are the same as in the version before, which are gone, which '
    'are new, as src/history/line_changes.ts writes it; null while the version is not '
    'indexed.';

  alter table config_lines rename to config_lines_by_run;
  alter table config_lines_by_run rename constraint config_lines_pkey
    to config_lines_by_run_pkey;
  drop index config_lines_lines_idx;

  create table config_lines (
    device_id integer not null references devices on delete cascade,
    configuration_id bigint not null,
    part integer not null,
    numbers int4multirange not null,
    lines text not null,
    primary key (device_id, configuration_id, part)
  );

  insert into config_lines
    (device_id, configuration_id, part, numbers, lines)
  select
    device_id,
    configuration_id,
    row_number() over (
      partition by device_id, configuration_id
      order by line
    ),
    int4multirange(
      int4range(
        line,
        line + 1 + length(lines) - length(replace(lines, chr(10), ''))
      )
    ),
    lines
  from config_lines_by_run;

  drop table config_lines_by_run;

  -- Serves the searches. Without a list of what is pending, which every search
  -- would read through.
  create index config_lines_lines_idx
    on config_lines using gin (lines gin_trgm_ops) with (fastupdate = off);

  comment on table config_lines is
    'Index of every line that ever stood in a configuration, once for each time '
    'it came in; made anew from the texts by make reindex.';
  comment on column config_lines.device_id is
    'The device of the configuration.';
  comment on column config_lines.configuration_id is
    'The version that the lines came in with.';
  comment on column config_lines.part is
    'From 1: many lines are in several rows.';
  comment on column config_lines.numbers is
    'The numbers of the lines in that version, from 1.';
  comment on column config_lines.lines is
    'The lines, joined by line feeds.';

  alter table config_line_ends rename to config_line_ends_by_run;
  alter table config_line_ends_by_run rename constraint config_line_ends_pkey
    to config_line_ends_by_run_pkey;

  create table config_line_ends (
    device_id integer not null references devices on delete cascade,
    configuration_id bigint not null,
    ended_by bigint not null,
    numbers int4multirange not null,
    primary key (device_id, configuration_id, ended_by)
  );

  insert into config_line_ends
    (device_id, configuration_id, ended_by, numbers)
  select
    device_id,
    configuration_id,
    ended_by,
    range_agg(int4range(line, line + lines))
  from config_line_ends_by_run
  group by device_id, configuration_id, ended_by;

  drop table config_line_ends_by_run;

  comment on table config_line_ends is
    'Index of the lines that stand in the latest configurations no more; made '
    'anew from the texts by make reindex.';
  comment on column config_line_ends.device_id is
    'The device of the configuration.';
  comment on column config_line_ends.configuration_id is
    'The version that the lines came in with.';
  comment on column config_line_ends.ended_by is
    'The first version that lacks them.';
  comment on column config_line_ends.numbers is
    'Their numbers in the version that they came in with.';

  create view config_line_spans
  with (security_invoker = true)
  as
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part,
    split.line,
    -- No text has no lines, but one empty line is one.
    coalesce(split.text, '') as text,
    begun.retrieved_at as since,
    ended.retrieved_at as until
  from config_lines
  join device_configurations as begun
    on begun.id = config_lines.configuration_id
  cross join lateral rows from (
    string_to_table(config_lines.lines, chr(10)),
    config_line_numbers(config_lines.numbers)
  ) as split (text, line)
  -- It ends once. The limit keeps the time of every end from being looked up
  -- before the line is known.
  left join lateral (
    select version.retrieved_at
    from config_line_ends
    join device_configurations as version
      on version.id = config_line_ends.ended_by
    where
      config_line_ends.device_id = config_lines.device_id
      and config_line_ends.configuration_id = config_lines.configuration_id
      and config_line_ends.numbers @> split.line
    limit 1
  ) as ended on true;

  comment on view config_line_spans is
    'Every line that ever stood in a configuration, once for each time it came '
    'in. A search asks config_lines for its rows, by their trigrams, and this '
    'for the lines in them.';
  comment on column config_line_spans.device_id is
    'The device of the configuration.';
  comment on column config_line_spans.configuration_id is
    'The version that the line came in with.';
  comment on column config_line_spans.part is
    'The row of config_lines that it is in.';
  comment on column config_line_spans.line is
    'Its number in that version, from 1.';
  comment on column config_line_spans.text is
    'The line.';
  comment on column config_line_spans.since is
    'When that version was first read.';
  comment on column config_line_spans.until is
    'When the first version without the line was read; null while it stands.';
end
$$;

-- migrate:down

-- The index of lines is empty then: make reindex.
do $$
begin
  drop view config_line_spans;
  drop table config_line_ends;
  drop table config_lines;
  drop function config_line_numbers;

  alter table device_configurations
    drop column changes,
    add column blame bytea;

  comment on column device_configurations.blame is
    'Where each line came in, as src/history/line_origins.ts writes it; null while the version '
    'is not indexed.';

  create table config_lines (
    device_id integer not null references devices on delete cascade,
    configuration_id bigint not null,
    line integer not null,
    lines text not null,
    primary key (device_id, configuration_id, line)
  );
  create index config_lines_lines_idx
    on config_lines using gin (lines gin_trgm_ops) with (fastupdate = off);

  comment on table config_lines is
    'Index of every line that ever stood in a configuration, once for each time '
    'it came in; made anew from the texts by make reindex.';
  comment on column config_lines.device_id is
    'The device of the configuration.';
  comment on column config_lines.configuration_id is
    'The version that the lines came in with.';
  comment on column config_lines.line is
    'Number of the first of them in that version, from 1.';
  comment on column config_lines.lines is
    'Lines that follow one another there, joined by line feeds.';

  create table config_line_ends (
    device_id integer not null references devices on delete cascade,
    configuration_id bigint not null,
    line integer not null,
    lines integer not null,
    ended_by bigint not null,
    primary key (device_id, configuration_id, line)
  );

  comment on table config_line_ends is
    'Index of the lines that stand in the latest configurations no more; made '
    'anew from the texts by make reindex.';
  comment on column config_line_ends.device_id is
    'The device of the configuration.';
  comment on column config_line_ends.configuration_id is
    'The version that the lines came in with.';
  comment on column config_line_ends.line is
    'Number of the first of them in that version, from 1.';
  comment on column config_line_ends.lines is
    'How many lines.';
  comment on column config_line_ends.ended_by is
    'The first version that lacks them.';
end
$$;
