-- migrate:up

do $$
begin
  create view config_line_spans
  with (security_invoker = true)
  as
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.line + split.place::integer - 1 as line,
    split.line_text as text,
    config_lines.lines as indexed,
    begun.retrieved_at as since,
    ended.retrieved_at as until
  from config_lines
  cross join lateral string_to_table(config_lines.lines, chr(10))
    with ordinality as split (line_text, place)
  join device_configurations as begun
    on begun.id = config_lines.configuration_id
  left join config_line_ends
    on config_line_ends.device_id = config_lines.device_id
    and config_line_ends.configuration_id = config_lines.configuration_id
    and config_line_ends.line <= config_lines.line + split.place::integer - 1
    and config_line_ends.line + config_line_ends.lines
    > config_lines.line + split.place::integer - 1
  left join device_configurations as ended
    on ended.id = config_line_ends.ended_by;

  comment on view config_line_spans is
    'Every line that ever stood in a configuration, once for each time it came '
    'in. A search asks twice: indexed for the rows of config_lines, by its '
    'trigrams, and text for the lines in them.';
  comment on column config_line_spans.device_id is
    'The device of the configuration.';
  comment on column config_line_spans.configuration_id is
    'The version that the line came in with.';
  comment on column config_line_spans.line is
    'Its number in that version, from 1.';
  comment on column config_line_spans.text is
    'The line.';
  comment on column config_line_spans.indexed is
    'The lines that are indexed in one row with it, joined by line feeds.';
  comment on column config_line_spans.since is
    'When that version was first read.';
  comment on column config_line_spans.until is
    'When the first version without the line was read; null while it stands.';
end
$$;

-- migrate:down

drop view config_line_spans;
