/**
 * The types that queries share: row types, by the name in the contracts, and enums. Each is
 * declared once, in the module of its table.
 */
import { columnName } from "../../connection/column_name.ts";
import { paramsOf, typed, type TypedField } from "./fields.ts";
import { at, type KnownQuery, modulePathOf } from "./known.ts";
import { unpacked } from "./packed.ts";
import { type Field, pascal } from "./read.ts";

/** The row type of queries. */
export interface RowType {
  readonly name: string;
  /** The module that declares it. */
  readonly module: string;
  readonly fields: readonly TypedField[];
  /** The names of the queries that return it. */
  readonly queries: readonly string[];
}

/** An enum of the database. */
export interface EnumType {
  readonly name: string;
  /** `job_status` */
  readonly inDatabase: string;
  readonly module: string;
  /** Its labels, as a union. */
  readonly union: string;
}

/** The shared types. */
export interface SharedTypes {
  /** The row types by the query's name, without queries that have no columns. */
  readonly rows: ReadonlyMap<string, RowType>;
  /** The enums by the type's name. */
  readonly enums: ReadonlyMap<string, EnumType>;
}

/**
 * @param unions The labels of every enum, by its name in the database.
 * @returns The types, and a line for each problem.
 */
export function shareTypes(
  queries: readonly KnownQuery[],
  unions: ReadonlyMap<string, string>,
): { types: SharedTypes; problems: string[] } {
  const problems: string[] = [];
  const rows = new Map<string, RowType>();
  const shapes = groupBy(queries.filter(({ parts }) => parts.row.length > 0), shapeOf);
  for (const group of shapes.values()) {
    problems.push(...inspectGroup(group));
    const fields = columnsOf(group, (problem) => problems.push(problem));
    const name = nameOf(group) ?? `${group[0]!.query.name}Row`;
    const module = homeOf(name, group);
    const row = { name, module, fields, queries: group.map(({ query }) => query.name) };
    for (const { query } of group) rows.set(query.name, row);
  }
  problems.push(...inspectNames([...shapes.values()], unions));

  const enums = new Map<string, EnumType>();
  for (const [inDatabase, union] of unions) {
    const name = pascal(inDatabase);
    const users = queries.filter((known) => usesEnum(known, name, unions));
    if (users.length > 0) enums.set(name, { name, inDatabase, union, module: homeOf(name, users) });
  }
  return { types: { rows, enums }, problems };
}

/** Returns the columns of a type, with the notes of any of its queries. */
function columnsOf(
  group: readonly KnownQuery[],
  complain: (problem: string) => void,
): TypedField[] {
  return unpacked(group[0]!.parts.row).map((field) => {
    const name = columnName(field.name);
    const notes = group.flatMap((known) =>
      known.contract.columns.filter((note) => note.name === name).map((note) => ({ known, note }))
    );
    const [first, second] = notes;
    if (second !== undefined) {
      complain(`${at(second.known)}: ${at(first!.known)} already documents ".${name}" of the type`);
    }
    const comments = new Set(
      group.flatMap(({ parts }) =>
        parts.row.find((column) => columnName(column.name) === name)?.comment || []
      ),
    );
    const comment = comments.size === 1 ? [...comments][0]! : "";
    // PostgreSQL's arrays may hold nulls, unless the contract excludes them.
    return typed(field, first?.note, first?.note.doc || comment, true);
  });
}

/** Returns the same text for rows with the same fields, in any order. */
function shapeOf({ parts }: KnownQuery): string {
  return fieldLines(parts.row).join("\n");
}

function fieldLines(row: readonly Field[]): string[] {
  return unpacked(row).map(({ name, type }) =>
    `${columnName(name)}: ${type.base}${type.isArray ? "[]" : ""}${
      type.isNullable ? " | null" : ""
    }`
  ).sort();
}

function nameOf(group: readonly KnownQuery[]): string | undefined {
  return group.find(({ contract }) => contract.returns !== undefined)?.contract.returns;
}

function inspectGroup(group: readonly KnownQuery[]): string[] {
  const namer = group.find(({ contract }) => contract.returns !== undefined);
  return group.flatMap((known, i) => {
    const { returns } = known.contract;
    if (namer === undefined) {
      return i === 0
        ? []
        : [`${at(known)}: ${at(group[0]!)} has the same rows: name them in both, "Returns …."`];
    }
    if (returns === namer.contract.returns) return [];
    return [
      `${at(known)}: ${at(namer)} has the same rows: write "Returns ${namer.contract.returns}."`,
    ];
  });
}

function inspectNames(
  groups: readonly (readonly KnownQuery[])[],
  unions: ReadonlyMap<string, string>,
): string[] {
  const problems: string[] = [];
  const all = groups.flat();
  const taken = new Set([
    ...["Json", "Query", "QueryIR"],
    ...all.flatMap(({ query }) => [`${query.name}Params`, `${query.name}Row`]),
    ...[...unions.keys()].map(pascal),
  ]);
  for (const [name, group] of groupBy(all, ({ contract }) => contract.returns)) {
    if (name === undefined) continue;
    if (taken.has(name)) problems.push(`${at(group[0]!)}: another type has the name "${name}"`);
    const [first] = group;
    for (const known of group) {
      if (shapeOf(known) === shapeOf(first!)) continue;
      const own = fieldLines(known.parts.row);
      const others = fieldLines(first!.parts.row);
      const differing = [
        ...own.filter((line) => !others.includes(line)).map((line) => `it has ${line}`),
        ...others.filter((line) => !own.includes(line)).map((line) => `it lacks ${line}`),
      ];
      problems.push(
        `${at(known)}: its rows differ from ${name} of ${at(first!)}: ${differing.join(", ")}`,
      );
    }
  }
  return problems;
}

/**
 * Returns the module that declares a type. Of the modules that use it: a public module before an
 * internal one, then the module whose table begins the type's name, else the first.
 */
function homeOf(name: string, users: readonly KnownQuery[]): string {
  const exported = users.filter(({ contract }) => !contract.isInternal);
  const candidates = exported.length > 0 ? exported : users;
  const begins = ({ file }: KnownQuery) => {
    const singular = pascal(file.stem.replace(/s$/, ""));
    return name.startsWith(singular) ? singular.length : 0;
  };
  return modulePathOf(candidates.reduce((best, one) => begins(one) > begins(best) ? one : best));
}

function usesEnum(
  known: KnownQuery,
  name: string,
  unions: ReadonlyMap<string, string>,
): boolean {
  return [...paramsOf(known, unions), ...known.parts.row].some(({ type }) =>
    type.base.split(/\W+/).includes(name)
  );
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
