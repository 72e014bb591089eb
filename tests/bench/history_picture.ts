/** Draws the results for the history: the changes of the fabric by day, and two curves. */
import type { HistoryResults } from "./history.ts";
import type { Side } from "./history_questions.ts";

const WIDTH = 760;
const INK = "#24292f";
const FAINT = "#6e7781";
const GRID = "#d8dee4";
const COLOURS: Readonly<Record<Side | "raw", string>> = {
  ours: "#0969da",
  plain: "#bc4c00",
  git: "#6f42c1",
  raw: "#6e7781",
};
const NAMES: Readonly<Record<Side | "raw", string>> = {
  ours: "this layer",
  plain: "texts, trigram index",
  git: "git",
  raw: "raw texts",
};
/** Colours of days without changes, and with a minimum number of changes. */
const LEVELS = [
  { least: 0, colour: "#ebedf0" },
  { least: 1, colour: "#9be9a8" },
  { least: 4, colour: "#40c463" },
  { least: 8, colour: "#30a14e" },
  { least: 12, colour: "#216e39" },
];

const DAY = 24 * 60 * 60 * 1000;
const CELL = { size: 10, step: 12.6 };
const STRIPS = { count: 4, top: 62, left: 64, height: 112 };
const PLOT = { top: 552, height: 210, width: 262, lefts: [70, 452] } as const;
const HEIGHT = PLOT.top + PLOT.height + 76;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Writes the picture. The same figures produce the same picture. */
export function drawHistory(results: HistoryResults): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11" fill="${INK}">`,
    "<title>The history of a fabric: its changes by day, and what it costs to keep and to search</title>",
    // Light in dark surroundings as well, so that the colours look as intended.
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#ffffff"/>`,
    ...calendar(results.days),
    ...curves(results),
    "</svg>",
    "",
  ].join("\n");
}

/** Weeks from left to right, Mondays at the top, in strips below one another. */
function calendar(days: HistoryResults["days"]): string[] {
  const changes = new Map(days.map(({ day, changes }) => [Date.parse(day), changes]));
  const [first, last] = [days[0]!, days.at(-1)!].map(({ day }) => Date.parse(day));
  const monday = first! - ((new Date(first!).getUTCDay() + 6) % 7) * DAY;
  const weeks = Math.ceil((last! + DAY - monday) / (7 * DAY));
  const perStrip = Math.ceil(weeks / STRIPS.count);
  const total = days.reduce((sum, { changes }) => sum + changes, 0);

  const cells = LEVELS.map(() => "");
  const lines = [
    text(24, 30, `${total.toLocaleString("en")} versions of 16 switches, day by day`, {
      size: 14,
      weight: "bold",
    }),
  ];
  for (let week = 0; week < weeks; week++) {
    const strip = Math.floor(week / perStrip);
    const x = STRIPS.left + (week % perStrip) * CELL.step;
    const top = STRIPS.top + strip * STRIPS.height;
    const begin = monday + week * 7 * DAY;
    for (let day = 0; day < 7; day++) {
      const at = begin + day * DAY;
      if (at < first! || at > last!) continue;
      const level = LEVELS.findLastIndex(({ least }) => (changes.get(at) ?? 0) >= least);
      cells[level] += `M${round(x)} ${round(top + day * CELL.step)}h10v10h-10z`;
    }
    // The name of a month is above the week with its first day; the first strip begins with one.
    const days = Array.from({ length: 7 }, (_, day) => new Date(begin + day * DAY));
    const month = days.find((day) => day.getUTCDate() === 1);
    if (month === undefined) continue;
    const name = MONTHS[month.getUTCMonth()]!;
    const year = month.getUTCMonth() === 0 ? ` ${month.getUTCFullYear()}` : "";
    lines.push(text(x, top - 6, name + year, { fill: FAINT, size: 10 }));
  }
  for (let strip = 0; strip < STRIPS.count; strip++) {
    for (const [day, name] of [[0, "Mon"], [2, "Wed"], [4, "Fri"]] as const) {
      const y = STRIPS.top + strip * STRIPS.height + day * CELL.step + 9;
      lines.push(text(STRIPS.left - 8, y, name, { fill: FAINT, size: 10, anchor: "end" }));
    }
  }
  lines.push(...cells.map((path, i) => `<path fill="${LEVELS[i]!.colour}" d="${path}"/>`));
  return [...lines, ...calendarLegend()];
}

function calendarLegend(): string[] {
  return LEVELS.flatMap(({ least, colour }, i) => {
    const next = LEVELS[i + 1];
    const label = least === 0 ? "none" : next === undefined ? `${least} or more` : least + 1 ===
        next.least
      ? String(least)
      : `${least}–${next.least - 1}`;
    const x = 440 + i * 56;
    return [
      `<rect x="${x}" y="21" width="10" height="10" fill="${colour}"/>`,
      text(x + 14, 30, label, { fill: FAINT, size: 10 }),
    ];
  });
}

/** A line of a plot: numbers of versions and the values for them. */
interface Curve {
  readonly of: Side | "raw";
  readonly points: readonly (readonly [number, number])[];
}

function curves({ curve, bytes }: HistoryResults): string[] {
  const name = curve[0]!.name;
  const asked = curve.filter((one) => one.name === name);
  const searches = (["git", "plain", "ours"] as const).map((side): Curve => ({
    of: side,
    points: asked.map(({ versions, taken }) => [versions, taken[side]!.time]),
  }));
  const fabrics = bytes.filter(({ name }) => name !== "firewalls");
  const sizes = (["raw", "plain", "ours", "git"] as const).map((of): Curve => ({
    of,
    points: fabrics.map((one) => [one.versions, one[of] / 1e6]),
  }));
  const [left, right] = PLOT.lefts;
  return [
    ...plot(left, `Finding ${name}`, searches, milliseconds),
    ...plot(right, "Bytes stored, indexes included", sizes, (value) => `${plainly(value)} MB`),
  ];
}

/** Both axes are logarithmic, so that linear growth rises by 45 degrees. */
function plot(
  left: number,
  title: string,
  lines: readonly Curve[],
  unit: (value: number) => string,
): string[] {
  const { top, width, height } = PLOT;
  const versions = lines[0]!.points.map(([x]) => x);
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const [from, to] = [Math.log10(versions[0]!), Math.log10(versions.at(-1)!)];
  const xOf = (value: number) => left + (Math.log10(value) - from) / (to - from) * width;
  const yOf = (value: number) => top + (high - Math.log10(value)) / (high - low) * height;

  const parts = [text(left - 46, top - 38, title, { size: 14, weight: "bold" })];
  for (let power = low; power <= high; power++) {
    const y = yOf(10 ** power);
    parts.push(line(left, y, left + width, y, GRID));
    parts.push(text(left - 6, y + 4, unit(10 ** power), { fill: FAINT, size: 10, anchor: "end" }));
  }
  for (const count of versions) {
    const x = xOf(count);
    const label = count.toLocaleString("en");
    parts.push(line(x, top + height, x, top + height + 4, FAINT));
    parts.push(text(x, top + height + 17, label, { fill: FAINT, size: 10, anchor: "middle" }));
  }
  parts.push(
    text(left + width / 2, top + height + 34, "versions", { fill: FAINT, anchor: "middle" }),
  );
  for (const { of, points } of lines) {
    const places = points.map(([x, y]) => `${round(xOf(x))},${round(yOf(y))}`);
    const colour = COLOURS[of];
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.join(" ")}"/>`,
      ...places.map((place) => {
        const [x, y] = place.split(",");
        return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
      }),
    );
  }
  // From the top, each label at least its height below the previous one.
  let free = top - 20;
  for (const { of, points } of lines.toSorted((a, b) => lastOf(b) - lastOf(a))) {
    free = Math.max(free, yOf(points.at(-1)![1]) + 4);
    const label = unit(points.at(-1)![1]);
    parts.push(text(left + width + 7, free, label, { fill: COLOURS[of], size: 10 }));
    free += 11;
  }
  let x = left - 46;
  for (const { of } of lines) {
    parts.push(line(x, top - 16, x + 14, top - 16, COLOURS[of], 2));
    parts.push(text(x + 18, top - 12, NAMES[of], { size: 10 }));
    x += 26 + NAMES[of].length * 5.2;
  }
  return parts;
}

function lastOf({ points }: Curve): number {
  return points.at(-1)![1];
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  const places = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`;
  return `<line ${places} stroke="${stroke}" stroke-width="${width}"/>`;
}

function text(
  x: number,
  y: number,
  words: string,
  { fill, size, anchor, weight }: {
    fill?: string;
    size?: number;
    anchor?: "middle" | "end";
    weight?: "bold";
  } = {},
): string {
  const attributes = Object.entries({
    x: round(x),
    y: round(y),
    fill,
    "font-size": size,
    "text-anchor": anchor,
    "font-weight": weight,
  }).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}="${value}"`);
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text${attributes.join("")}>${escaped}</text>`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function milliseconds(value: number): string {
  return value >= 1_000 ? `${plainly(value / 1000)} s` : `${plainly(value)} ms`;
}

function plainly(value: number): string {
  return Number(value.toPrecision(value >= 100 ? 3 : 2)).toLocaleString("en");
}
