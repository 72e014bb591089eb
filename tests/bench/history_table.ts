/** Prints the results of the history for the README. */
import type { Asked, Growth, HistoryBytes, HistoryResults } from "./history.ts";
import type { SaveRate, SaveRates } from "./history_saves.ts";
import type { Ratio, Taken } from "./history_turns.ts";

/** All tables, and the results for the goals. */
export function historyTables(results: HistoryResults): string {
  const { bytes, growth, firewalls, saves, firewallSaves } = results;
  return [
    bytesTable(bytes),
    growthTable(growth),
    firewallTable(firewalls),
    savesTable([["the fabric as many sites", saves], ["firewalls", firewallSaves]]),
    bytes.map(tablesLine).join("\n"),
    historyGoals(results).map(({ goal, found, met }) =>
      `${met ? "met    " : "NOT MET"}  ${goal}: ${found}`
    ).join("\n"),
  ].join("\n\n");
}

/** A goal, its result, and whether the result meets it. */
export interface Goal {
  readonly goal: string;
  readonly found: string;
  readonly met: boolean;
}

/** The goals with the figures of this run. */
export function historyGoals({ bytes, growth, saves }: HistoryResults): Goal[] {
  const goals: Goal[] = [];
  for (const { name, many: { taken: { ours }, ahead } } of growth.slice(0, 2)) {
    const low = ahead!.ratio;
    goals.push({
      goal: `${name}: ≤ 20 ms, and ≥ 10 × faster than a trigram index of texts`,
      found: `${time(ours!.time)}, ${times(low)} faster`,
      met: ours!.time <= 20 && low >= 10,
    });
  }
  for (const { name, ours, raw } of bytes) {
    const most = name === "firewalls" ? 1.2 : 0.4;
    const share = ours / raw;
    goals.push({
      goal: `${name}: bytes, index included, ≤ ${most} of raw`,
      found: share.toFixed(3),
      met: share <= most,
    });
  }
  const { ours, batches } = saves.find(({ changed }) => !changed)!.rates;
  for (const [how, { rate }] of [["one by one", ours], ["in batches", batches]] as const) {
    goals.push({
      goal: `saves of unchanged texts, ${how}: ≥ 1,500/s`,
      found: perSecond(rate),
      met: rate >= 1_500,
    });
  }
  for (const one of growth) {
    goals.push({
      goal: `${one.name}: time grows at most with the answer`,
      found: `time ${ratio(one.times.ours!)}, answer ${times(answerGrowth(one))}`,
      met: growsWithAnswer(one),
    });
  }
  return goals;
}

/** Uses the lower quartile with a tolerance of a tenth, because scatter is no growth. */
function growsWithAnswer(growth: Growth): boolean {
  return growth.times.ours!.quartiles[0] <= 1.1 * answerGrowth(growth);
}

function answerGrowth({ few, many }: Growth): number {
  return many.taken.ours!.answer / few.taken.ours!.answer;
}

function bytesTable(sizes: readonly HistoryBytes[]): string {
  return markdown([
    ["stored, of raw", "versions", "raw", "this layer", "text and trigrams", "git", "goal"],
    ...sizes.map(({ name, versions, raw, ours, plain, git }) => {
      const most = name === "firewalls" ? 1.2 : 0.4;
      return [
        name,
        count(versions),
        `${(raw / 1e6).toFixed(1)} MB`,
        (ours / raw).toFixed(2),
        (plain / raw).toFixed(2),
        (git / raw).toFixed(2),
        `≤ ${most}, ${verdict(ours / raw <= most)}`,
      ];
    }),
  ]);
}

/** Sizes of this layer's tables. */
function tablesLine({ name, raw, tables, loads }: HistoryBytes): string {
  const parts = tables.map(({ table, bytes }) => `${table} ${(bytes / raw).toFixed(3)}`);
  const rates = Object.entries(loads).map(([side, rate]) => `${side} ${perSecond(rate)}`);
  return `${name}: ${parts.join(", ")} of raw; loaded ${rates.join(", ")}`;
}

function growthTable(growth: readonly Growth[]): string {
  const [{ few, many }] = growth as [Growth];
  return markdown([
    [
      `${count(few.versions)} and ${count(many.versions)} versions`,
      "answers",
      "this layer",
      "growth (quartiles)",
      "text and trigrams",
      "git",
    ],
    ...growth.map((one) => {
      const answers = [one.few, one.many].map(({ taken }) => count(taken.ours!.answer));
      return [
        one.name,
        answers[0] === answers[1] ? answers[0]! : answers.join(", "),
        both(one, "ours"),
        `${ratio(one.times.ours!)}, ${verdict(growsWithAnswer(one))}`,
        both(one, "plain"),
        both(one, "git"),
      ];
    }),
  ]);
}

function both({ few, many }: Growth, side: keyof Asked["taken"]): string {
  const [before, after] = [few.taken[side], many.taken[side]];
  return before && after ? `${time(before.time)}, ${time(after.time)}` : "–";
}

function firewallTable(asked: readonly Asked[]): string {
  const cell = (taken: Taken | undefined) => taken === undefined ? "–" : time(taken.time);
  return markdown([
    ["firewalls", "answers", "this layer", "text and trigrams", "git"],
    ...asked.map(({ name, taken: { ours, plain, git } }) => [
      name,
      count(ours!.answer),
      cell(ours),
      cell(plain),
      cell(git),
    ]),
  ]);
}

function savesTable(kinds: readonly (readonly [string, readonly SaveRates[]])[]): string {
  const cell = ({ rate, quartiles: [low, high] }: SaveRate) =>
    `${count(rate)} (${count(low)} to ${count(high)})`;
  return markdown([
    ["saves a second", "one by one, 8 at once", "in batches", "plain table", "git", "WAL a save"],
    ...kinds.flatMap(([name, all]) =>
      all.map(({ changed, rates, wal }) => [
        `${name}, ${changed ? "changed" : "unchanged"}`,
        cell(rates.ours),
        cell(rates.batches),
        cell(rates.plain),
        cell(rates.git),
        wal < 10_000 ? `${count(wal)} bytes` : `${(wal / 1000).toFixed(0)} kB`,
      ])
    ),
  ]);
}

function markdown(lines: readonly (readonly string[])[]): string {
  const [head, ...rest] = lines.map((cells) => `| ${cells.join(" | ")} |`);
  return [head, `|${"---|".repeat(lines[0]!.length)}`, ...rest].join("\n");
}

function verdict(met: boolean): string {
  return met ? "met" : "not met";
}

function ratio({ ratio, quartiles: [low, high] }: Ratio): string {
  return `${times(ratio)} (${short(low)} to ${short(high)})`;
}

function times(number: number): string {
  return `${short(number)} ×`;
}

function short(number: number): string {
  return number < 10 ? number.toFixed(1) : count(number);
}

function count(number: number): string {
  return (number < 10 && !Number.isInteger(number)
    ? Math.round(number * 10) / 10
    : Math.round(number))
    .toLocaleString("en");
}

function perSecond(rate: number): string {
  return `${count(rate)}/s`;
}

function time(milliseconds: number): string {
  if (milliseconds >= 1_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
