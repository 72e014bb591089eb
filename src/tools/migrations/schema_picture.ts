/**
 * The part of `db/README.md` that is generated: a picture of the tables and their relations, which
 * GitHub draws, and what each table holds. Read from the catalogue of a migrated database.
 */
import type { ToolConnection } from "../connection.ts";

/** A table, without its partitions. */
interface Table {
  readonly name: string;
  readonly comment: string;
  /** The columns of its keys, in the order of the table. */
  readonly columns: readonly string[];
  readonly types: readonly string[];
  /** Whether each is part of the primary key, and of a foreign key. */
  readonly primary: readonly boolean[];
  readonly foreign: readonly boolean[];
}

/** A foreign key. */
interface Relation {
  readonly child: string;
  readonly parent: string;
  readonly columns: string;
  /** A row of the child may refer to no parent. */
  readonly optional: boolean;
  /** At most one row of the child refers to each parent. */
  readonly single: boolean;
}

const BEGIN = "<!-- Written by make schema from the catalogue; do not edit. -->";
const END = "<!-- The end of what make schema writes. -->";

/**
 * Draws the tables of the schema `public`, but not those of the migrator.
 *
 * @returns Markdown: a mermaid diagram, and a table of what each table holds.
 */
export async function drawSchema(connection: ToolConnection): Promise<string> {
  const tables = await connection.ask<Table>(TABLES);
  const relations = await connection.ask<Relation>(RELATIONS);
  return [
    "```mermaid",
    "erDiagram",
    ...tables.flatMap(drawTable),
    ...relations.map(drawRelation),
    "```",
    "",
    "| table | what it holds |",
    "|---|---|",
    ...tables.map(({ name, comment }) => `| \`${name}\` | ${comment.replaceAll("|", "\\|")} |`),
  ].join("\n");
}

/**
 * Puts a picture into a document, in the place of the one before.
 *
 * @returns The document; undefined where it has no place for a picture.
 */
export function placePicture(document: string, picture: string): string | undefined {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) return undefined;
  return `${document.slice(0, begin)}${BEGIN}\n\n${picture}\n\n${document.slice(end)}`;
}

function drawTable({ name, columns, types, primary, foreign }: Table): string[] {
  const lines = columns.map((column, i) => {
    const keys = [...(primary[i] ? ["PK"] : []), ...(foreign[i] ? ["FK"] : [])];
    return `    ${types[i]!.replaceAll(" ", "_")} ${column} ${keys.join(", ")}`;
  });
  return [`  ${name} {`, ...lines, "  }"];
}

function drawRelation({ child, parent, columns, optional, single }: Relation): string {
  const line = `${optional ? "|o" : "||"}--${single ? "o|" : "o{"}`;
  return `  ${parent} ${line} ${child} : "${columns}"`;
}

const TABLES = `
with keys as (
  select
    conrelid,
    column_number,
    bool_or(contype = 'p') as is_primary,
    bool_or(contype = 'f') as is_foreign
  from pg_constraint
  cross join unnest(conkey) as key (column_number)
  where contype in ('p', 'f')
  group by conrelid, column_number
)
select
  relname::text as name,
  coalesce(obj_description(pg_class.oid, 'pg_class'), '') as comment,
  array_remove(array_agg(attname::text order by attnum), null) as columns,
  array_agg(format_type(atttypid, null) order by attnum) as types,
  array_agg(is_primary order by attnum) as primary,
  array_agg(is_foreign order by attnum) as foreign
from pg_class
left join keys on keys.conrelid = pg_class.oid
left join pg_attribute on attrelid = pg_class.oid and attnum = column_number
where
  relnamespace = 'public'::regnamespace
  and relkind in ('r', 'p')
  and not relispartition
  and relname not in ('schema_migrations', 'schema_checksums')
group by pg_class.oid, relname
order by relname`;

const RELATIONS = `
select
  child.relname::text as child,
  parent.relname::text as parent,
  (
    select string_agg(attname, ', ' order by place)
    from unnest(conkey) with ordinality as key (column_number, place)
    join pg_attribute on attrelid = conrelid and attnum = column_number
  ) as columns,
  exists (
    select
    from pg_attribute
    where attrelid = conrelid and attnum = any(conkey) and not attnotnull
  ) as optional,
  exists (
    select
    from pg_index
    where
      indrelid = conrelid
      and indisunique
      and indpred is null
      and indexprs is null
      and (indkey::smallint[])[0:indnkeyatts - 1] <@ conkey
  ) as single
from pg_constraint
join pg_class as child on child.oid = conrelid
join pg_class as parent on parent.oid = confrelid
where
  contype = 'f'
  and child.relnamespace = 'public'::regnamespace
  and not child.relispartition
  and conparentid = 0
order by parent.relname, child.relname, conname`;
