/**
 * The contract of a query: the `--` lines under its `@name`. The order is: prose, lines on
 * parameters and columns, the row type, the functions that use the query, its effect on the tables:
 *
 *     -- Hands due jobs to a worker, oldest first.
 *     -- :limit At most so many jobs.
 *     -- :errors[?] One for each; null for none.
 *     -- .answer One of: accepted, stale.
 *     -- .tags[!] By name.
 *     -- Returns HeldJob.
 *     -- Internal: a step of jobClaim.
 *     -- Writes jobs.
 */

/** A contract's line on a parameter or a column. */
export interface Note {
  readonly name: string;
  /** The documentation; empty if the line has only a mark. */
  readonly doc: string;
  /** Whether the elements of an array may be null; undefined if the line has no mark. */
  readonly nullableElements: boolean | undefined;
  /** The allowed texts; empty if any text is allowed. */
  readonly labels: readonly string[];
}

/** A parsed contract. */
export interface Contract {
  /** The text for people: the prose, the functions that use the query, its effect on the tables. */
  readonly text: readonly string[];
  readonly params: readonly Note[];
  readonly columns: readonly Note[];
  /** The name of the row type. */
  readonly returns: string | undefined;
  /** Whether the query is a step of other functions, which the package does not export. */
  readonly isInternal: boolean;
  /** Whether the query changes nothing and may run again. */
  readonly reads: boolean;
}

const READS = "Reads.";
/** Begins the declaration; a long list of tables continues in the next lines. */
const DECLARES = /^(Reads\.$|Writes [a-z_]+(,|\.$))/;
/** The whole declaration. A query that writes nothing names its other effects. */
const DECLARATION =
  /^(Reads|Writes ((?!nothing\b)[a-z_]+(, [a-z_]+)*|nothing(?=,)(, locks [a-z_]+)*(, notifies)?))\.$/;
const NOTE = /^([:.])([A-Za-z]\w*)(\[[?!]\])?(?: +(.*))?$/;
const LABELS = /^One of: ([a-z_]+(?:, [a-z_]+)*)\.(?: +|$)/;
const RETURNS = /^Returns ([A-Z]\w*)\.$/;
const INTERNAL = /^Internal: a step of (?! ).+\.$/;

/**
 * @param lines The comment, without its dashes.
 * @returns The contract, and a line for each problem.
 */
export function readContract(
  lines: readonly string[],
): { contract: Contract; problems: string[] } {
  const problems = inspectDeclaration(lines);
  const start = lines.findIndex((line) => DECLARES.test(line));
  const body = joined(start === -1 ? lines : lines.slice(0, start));
  const declaration = start === -1 ? [] : lines.slice(start);

  const text: string[] = [];
  const notes: (Note & { readonly sign: string })[] = [];
  const returns: string[] = [];
  const internal: string[] = [];
  for (const line of body) {
    const note = readNote(line);
    const list = note
      ? notes
      : RETURNS.test(line)
      ? returns
      : INTERNAL.test(line)
      ? internal
      : text;
    // The kinds of lines have a fixed order.
    const later = [text, notes, returns, internal].slice(
      [text, notes, returns, internal].indexOf(list as never) + 1,
    );
    if (later.some((kind) => kind.length > 0)) {
      problems.push(
        `"${line}" comes too late in its contract: the order is prose, parameters, "Returns", "Internal"`,
      );
    }
    if (/^Internal\b/.test(line) && list === text) {
      problems.push(
        'its contract does not name the function that uses it: "Internal: a step of jobClaim."',
      );
    }
    if (note) notes.push(note);
    else (list as string[]).push(line);
  }
  if (returns.length > 1) problems.push("its contract names its row type more than once");
  if (internal.length > 1) problems.push('its contract has more than one line "Internal"');
  for (const [i, { sign, name }] of notes.entries()) {
    const isTwice = notes.slice(0, i).some((other) => other.sign === sign && other.name === name);
    if (isTwice) problems.push(`its contract has more than one line on "${sign}${name}"`);
  }
  return {
    contract: {
      text: [...text, ...internal, ...declaration],
      params: notes.filter(({ sign }) => sign === ":"),
      columns: notes.filter(({ sign }) => sign === "."),
      returns: returns[0] && RETURNS.exec(returns[0])?.[1],
      isInternal: internal.length > 0,
      reads: declaration.at(-1) === READS,
    },
    problems,
  };
}

/** Joins indented lines to the line on a parameter or a column before them. */
function joined(lines: readonly string[]): string[] {
  const all: string[] = [];
  for (const line of lines) {
    const before = all.at(-1);
    if (/^ {2}\S/.test(line) && before !== undefined && NOTE.test(before)) {
      all[all.length - 1] = `${before} ${line.trim()}`;
    } else all.push(line);
  }
  return all;
}

function readNote(line: string): (Note & { readonly sign: string }) | undefined {
  const [, sign, name, mark, text = ""] = NOTE.exec(line) ?? [];
  if (sign === undefined || name === undefined) return undefined;
  return {
    sign,
    name,
    doc: text.replace(LABELS, ""),
    nullableElements: mark === undefined ? undefined : mark === "[?]",
    labels: LABELS.exec(text)?.[1]?.split(", ") ?? [],
  };
}

function inspectDeclaration(lines: readonly string[]): string[] {
  const [start, another] = [...lines.keys()].filter((i) => DECLARES.test(lines[i]!));
  const wanted = `"${READS}" or "Writes table, table."`;
  if (start === undefined) {
    return [`its contract does not say whether the query writes: end it with ${wanted}`];
  }
  if (another !== undefined) return ["its contract says more than once whether the query writes"];
  const declaration = lines.slice(start).join(" ");
  return DECLARATION.test(declaration)
    ? []
    : [`its contract does not end with ${wanted}, but with "${declaration}"`];
}

/** Text outside of commands: comments, strings and quoted names. */
const QUOTED = /--.*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$/g;
const WRITES =
  /\b(insert|update|delete|merge|into|lock|for\s+(key\s+)?share|pg_notify|nextval|setval|pg_(try_)?advisory_\w+)\b/i;

/** Whether the statement's text contains no write. The bodies of functions are not checked. */
export function maySayReads(statement: string): boolean {
  return !WRITES.test(statement.replace(QUOTED, " "));
}
