-- migrate:up

do $$
begin
  create extension if not exists pg_trgm;

  alter table device_configurations
    add column raw bytea,
    add column added integer,
    add column removed integer,
    add column blame bytea;

  comment on column device_configurations.config_data is
    'The text as the device sent it; where that was no text, a readable form '
    'of raw.';
  comment on column device_configurations.content_hash is
    'SHA-256 of what the device sent, 32 bytes.';
  comment on column device_configurations.raw is
    'The bytes as the device sent them; null when they are the text in UTF-8.';
  comment on column device_configurations.added is
    'Lines that the version before lacks; null while it is not indexed.';
  comment on column device_configurations.removed is
    'Lines that only the version before has; null while it is not indexed.';
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
  -- Serves ConfigSearch, ConfigRegexSearch and ConfigAbsentSearch. Without a
  -- list of what is pending, which every search would read through.
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

-- migrate:down

do $$
begin
  drop table config_line_ends;
  drop table config_lines;
  alter table device_configurations
    drop column blame,
    drop column removed,
    drop column added,
    drop column raw;
  comment on column device_configurations.config_data is
    'The text as the device sent it.';
  comment on column device_configurations.content_hash is
    'SHA-256 of the text in UTF-8, 32 bytes.';
  drop extension pg_trgm;
end
$$;
