/**
 * Derives from the text of a statement whether it certainly only reads, whether it begins or ends a
 * transaction, and whether it changes its session. A query of `queries/` declares that it reads;
 * this file is for the caller's own SQL.
 */

/** The traits of a statement. */
export interface StatementTraits {
  /** The statement certainly changes nothing. A wrong false prevents a retry, or costs a query for the transaction's id. */
  readonly reads: boolean;
  /** The command that begins or ends a transaction, such as `begin`. */
  readonly control: string | undefined;
  /** The statement leaves settings, locks or objects in its session. */
  readonly stateful: boolean;
}

/** Maximum cached texts: generated texts must not fill the memory. */
const MAX_TEXTS = 1_000;
const known = new Map<string, StatementTraits>();

/** Returns the traits of a text, from a cache if possible. */
export function traitsOf(text: string): StatementTraits {
  let traits = known.get(text);
  if (traits === undefined) {
    traits = analyse(text);
    if (known.size >= MAX_TEXTS) known.clear();
    known.set(text, traits);
  }
  return traits;
}

function analyse(text: string): StatementTraits {
  const words = bareWords(text);
  return {
    reads: readsOnly(words.replace(/"[^"]*"/g, '""')),
    control: controlOf(words),
    stateful: STATEFUL.test(words) || (/^(set|reset)\b/.test(words) && !HARMLESS_SET.test(words)),
  };
}

/** Excludes two-word commands that do not begin or end this transaction, such as `commit prepared`. */
const CONTROL =
  /^(begin|start transaction|commit(?! prepared)|end|abort|rollback(?! (?:work |transaction )?to\b| prepared)|prepare transaction)\b/;

function controlOf(words: string): string | undefined {
  return CONTROL.exec(words)?.[1];
}

const STATEFUL =
  /^(listen|unlisten|prepare(?! transaction)|deallocate|discard|load)\b|^declare\b.*\bwith hold\b|\b(temp|temporary|pg_temp|set_config|setseed|pg_try_advisory_lock|pg_advisory_lock|pg_try_advisory_lock_shared|pg_advisory_lock_shared|pg_advisory_unlock|pg_advisory_unlock_all|pg_advisory_unlock_shared|dblink_connect|lo_open)\b/;
/** Settings that end with the transaction. */
const HARMLESS_SET = /^set (local|transaction|constraints)\b/;

const WRITING =
  /\b(insert|update|delete|merge|truncate|into|call|do|lock|for (?:no key )?update|for (?:key )?share)\b/;
const READING = /^(select|with|values|table|show)\b/;
/** The words that may precede a parenthesis in a read-only statement: SQL keywords, types and functions. */
const PURE: ReadonlySet<string> = new Set(
  `all and any array as asc between bigint bit boolean by case cast char character coalesce collate
  conflict cross cube current_date current_time current_timestamp date desc distinct double else
  end except exists extract false fetch filter first from full greatest group grouping having
  ilike in inner intersect interval is isnull json jsonb join lateral least left like limit
  localtime localtimestamp materialized natural next not notnull null nullif numeric decimal
  offset on only or order ordinality outer over overlay partition position precision range real
  recursive right rollup rows row select set sets similar some substring symmetric table
  tablesample text then time timestamp timestamptz treat trim true union unique using values
  varchar when where window with within without xmlelement zone
  abs age any_value array_agg array_append array_cat array_length array_position array_remove
  array_to_json array_to_string ascii avg bit_length bool_and bool_or btrim cardinality ceil
  ceiling char_length chr clock_timestamp concat concat_ws convert_from convert_to corr count
  cume_dist current_database current_schema current_setting current_user date_bin date_part
  date_trunc decode dense_rank encode every first_value floor format format_type
  generate_series gen_random_uuid has_column_privilege has_table_privilege host
  inet initcap json_agg json_array_elements json_array_length json_build_array
  json_build_object json_each json_object_agg jsonb_agg jsonb_array_elements
  jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
  jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object_agg jsonb_object_keys
  jsonb_path_exists jsonb_path_query jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof
  json_typeof lag last_value lead left length ln log lower lpad ltrim make_date make_interval
  make_timestamp make_timestamptz masklen max md5 min mod mode now nth_value ntile num_nonnulls
  num_nulls nullif octet_length percent_rank percentile_cont percentile_disc pg_backend_pid
  pg_column_size pg_current_wal_lsn pg_current_xact_id_if_assigned pg_database_size
  pg_get_constraintdef pg_get_functiondef pg_get_indexdef pg_get_viewdef pg_indexes_size
  pg_is_in_recovery pg_last_wal_replay_lsn pg_listening_channels pg_postmaster_start_time
  pg_relation_size pg_size_pretty pg_sleep pg_snapshot_xmin pg_table_size pg_total_relation_size
  pg_typeof pg_xact_status power quote_ident quote_literal quote_nullable random rank regexp_count
  regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr repeat replace reverse right round row_number row_to_json
  rpad rtrim sha224 sha256 sha384 sha512 sign split_part sqrt starts_with statement_timestamp
  stddev string_agg string_to_array string_to_table strpos sum to_char to_date to_hex to_json
  to_jsonb to_number to_regclass to_timestamp transaction_timestamp translate trunc unnest upper
  variance version width_bucket`.split(/\s+/),
);

/** Names before a list of columns, which are not function calls. */
const NAMED_LIST = /\b(with recursive|with|as) [\w$"]+ ?\(/g;
const FURTHER_QUERY = /, [\w$"]+ ?\([\w$", ]*\) as (not materialized |materialized )?\(/g;

/** Whether a statement only reads. An unknown function may do anything. */
function readsOnly(words: string): boolean {
  if (!READING.test(words) || WRITING.test(words)) return false;
  const calls = words.replace(FURTHER_QUERY, " and (").replace(NAMED_LIST, "and (");
  for (const [, name] of calls.matchAll(/([\w$".]+) ?\(/g)) {
    if (!PURE.has(name!.replace(/^pg_catalog\./, ""))) return false;
  }
  return true;
}

/** Text that begins neither a comment nor a quoted part. */
const PLAIN = /[^\-/"'$]+/y;

/**
 * Returns the text in lower case without comments, with every literal as `''`, and with single
 * spaces: words, quoted names and signs remain.
 */
function bareWords(text: string): string {
  let words = "";
  for (let at = 0; at < text.length;) {
    PLAIN.lastIndex = at;
    const plain = PLAIN.exec(text)?.[0];
    if (plain !== undefined) {
      words += plain;
      at += plain.length;
      continue;
    }
    const [part, more] = partAt(text, at);
    words += part;
    at = more;
  }
  return words.replace(/\s+/g, " ").replace(/^[ ;]+/, "").toLowerCase();
}

/** Returns the replacement of the part that begins at `at`, and the offset of the next part. */
function partAt(text: string, at: number): [part: string, next: number] {
  const two = text.slice(at, at + 2);
  if (two === "--") {
    const end = text.indexOf("\n", at);
    return [" ", end < 0 ? text.length : end];
  }
  if (two === "/*") return [" ", endOfComment(text, at)];
  const char = text[at]!;
  if (char === '"') {
    const end = endOfQuoted(text, at, '"', false);
    return [text.slice(at, end), end];
  }
  if (char === "'") {
    const escapes = /(?:^|[^\w$])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
    return ["''", endOfQuoted(text, at, "'", escapes)];
  }
  const tag = char === "$" && !/[\w$]/.test(text[at - 1] ?? " ")
    ? /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text.slice(at, at + 70))?.[0]
    : undefined;
  if (tag !== undefined) {
    const end = text.indexOf(tag, at + tag.length);
    return ["''", end < 0 ? text.length : end + tag.length];
  }
  return [char, at + 1];
}

/** Returns the end of a comment. PostgreSQL's comments may be nested. */
function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length - 1; at++) {
    const two = text.slice(at, at + 2);
    if (two !== "/*" && two !== "*/") continue;
    depth += two === "/*" ? 1 : -1;
    at++;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Returns the end of a quoted part. A doubled quote continues it; so does a quote after an escaping backslash. */
function endOfQuoted(text: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    if (escapes && text[at] === "\\") at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return text.length;
}
