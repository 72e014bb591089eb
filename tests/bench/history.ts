/**
 * Stores histories in this layer, in a plain table and in git, runs the same queries on all of them, and
 * prints the results as a line of JSON. `BENCH_HISTORY` contains its `HistoryOptions` as JSON.
 */
import process from "node:process";
import { type Estate, generateFirewalls } from "./history_firewalls.ts";
import { type History, rawBytes } from "./history_data.ts";
import { checkAnswers } from "./history_check.ts";
import { RARE, readFabric } from "./history_fabric.ts";
import { GitHistory } from "./history_git.ts";
import { type Day, LayerHistory, TABLES } from "./history_layer.ts";
import { PlainHistory } from "./history_plain.ts";
import {
  blameQuestions,
  commonQuestions,
  type Kept,
  latestQuestions,
  pageQuestions,
  type Probes,
  type Question,
  rareQuestions,
  regexQuestions,
  type Side,
  timeQuestions,
} from "./history_questions.ts";
import { measureSaves, type SaveEffort, type SaveRates } from "./history_saves.ts";
import { type Ratio, ratioOf, type Taken, takeTurns, type TurnEffort } from "./history_turns.ts";

/** Parameters of the measurement. */
export interface HistoryOptions {
  /** Folder `fabric` of the shared data. */
  readonly fabric: string;
  /** Migrated, empty databases for different numbers of sites, in ascending order. */
  readonly fleets: readonly { readonly sites: number; readonly url: string }[];
  /** Numbers of sites with all queries; the others contribute to the curve only. */
  readonly compared: readonly [number, number];
  readonly firewalls: { readonly estate: Estate; readonly url: string };
  readonly questions: TurnEffort;
  readonly saves: SaveEffort;
  readonly firewallSaves: SaveEffort;
}

/** Size of a history in bytes. */
export interface HistoryBytes {
  readonly name: string;
  readonly devices: number;
  readonly versions: number;
  readonly raw: number;
  readonly ours: number;
  /** Size in this layer, by table with its indexes. */
  readonly tables: readonly { readonly table: string; readonly bytes: number }[];
  readonly plain: number;
  readonly git: number;
  /** Versions loaded per second: by batches, as rows before the index exists, by fast-import. */
  readonly loads: Readonly<Record<Side, number>>;
}

/** Results of a query at a number of versions. */
export interface Asked {
  readonly name: string;
  readonly versions: number;
  readonly taken: Readonly<Partial<Record<Side, Taken>>>;
  /** Ratio of the plain table to this layer. */
  readonly ahead: Ratio | undefined;
}

/** A query at few versions and at many. */
export interface Growth {
  readonly name: string;
  readonly few: Asked;
  readonly many: Asked;
  /** Ratio of the time at many versions to the time at few, for each side. */
  readonly times: Readonly<Partial<Record<Side, Ratio>>>;
}

/** All results. */
export interface HistoryResults {
  readonly bytes: readonly HistoryBytes[];
  readonly growth: readonly Growth[];
  /** Searches for rare texts at every number of versions. */
  readonly curve: readonly Asked[];
  readonly firewalls: readonly Asked[];
  readonly saves: SaveRates[];
  readonly firewallSaves: SaveRates[];
  /** Days of the fabric with changes. */
  readonly days: readonly Day[];
}

const options = JSON.parse(process.env["BENCH_HISTORY"]!) as HistoryOptions;

const FABRIC: Probes = {
  rare: {
    "an address that only one version has": RARE.address,
    "a word that only one version has": RARE.word,
  },
  common: "interface Ethernet",
  regex: "^ntp server vrf MGMT 10\\.255\\.[0-9]+\\.120$",
  regexEach: "^hostname DC[0-9]+-SPINE1$",
  some: "ntp server",
  device: "DC1-SVC3A",
  at: new Date("2023-01-01T00:00:00Z"),
};

function progress(line: string): void {
  console.error(`bench: ${(performance.now() / 1000).toFixed(0).padStart(3)} s: history: ${line}`);
}

async function keep(name: string, url: string, history: History): Promise<[Kept, HistoryBytes]> {
  const { versions, devices } = history;
  const seconds = {} as Record<Side, number>;
  const timed = async <T>(side: Side, load: () => Promise<T>): Promise<T> => {
    progress(`${name}, ${versions.length} versions: ${side}`);
    const started = performance.now();
    const loaded = await load();
    seconds[side] = (performance.now() - started) / 1000;
    return loaded;
  };
  const ours = await timed("ours", () => LayerHistory.load(url, history));
  const plain = await timed("plain", () => PlainHistory.load(url, history));
  const git = await timed("git", () => GitHistory.load(history));
  await plain.sql.unsafe(`vacuum analyze ${[...TABLES, "plain_versions"].join(", ")}`);
  const tables = await ours.bytes();
  const kept = { history, ours, plain, git };
  return [kept, {
    name,
    devices: devices.length,
    versions: versions.length,
    raw: rawBytes(history),
    ours: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    tables,
    plain: await plain.bytes(),
    git: await git.bytes(),
    loads: {
      ours: versions.length / seconds.ours,
      plain: versions.length / seconds.plain,
      git: versions.length / seconds.git,
    },
  }];
}

async function discard({ ours, plain, git }: Kept): Promise<void> {
  await Promise.all([ours.close(), plain.close(), git.remove()]);
}

/** Measures a query at several numbers of versions in alternation. */
async function ask(
  histories: readonly Kept[],
  questions: readonly Question[],
): Promise<Asked[]> {
  const works = Object.fromEntries(
    questions.flatMap((question, i) =>
      Object.entries(question.works).map(([side, work]) => [`${i} ${side}`, work] as const)
    ),
  );
  const taken = await takeTurns(works, options.questions);
  return questions.map((question, i) => {
    const sides: Partial<Record<Side, Taken>> = {};
    for (const side of ["ours", "plain", "git"] as const) {
      const one = taken[`${i} ${side}`];
      if (one !== undefined) sides[side] = one;
    }
    const { ours, plain } = sides;
    return {
      name: question.name,
      versions: histories[i]!.history.versions.length,
      taken: sides,
      ahead: ours && plain && ratioOf(plain, ours),
    };
  });
}

async function growthOf(few: Kept, many: Kept): Promise<Growth[]> {
  const growth: Growth[] = [];
  const all = async (kept: Kept) => [
    ...rareQuestions(kept, FABRIC),
    ...commonQuestions(kept, FABRIC),
    ...pageQuestions(kept, FABRIC),
    ...regexQuestions(kept, FABRIC),
    ...latestQuestions(kept, FABRIC),
    ...await blameQuestions(kept, FABRIC),
    ...timeQuestions(kept, FABRIC),
  ];
  const questions = await all(many);
  for (const [i, question] of (await all(few)).entries()) {
    progress(question.name);
    const [fewAsked, manyAsked] = await ask([few, many], [question, questions[i]!]);
    const times: Partial<Record<Side, Ratio>> = {};
    for (const side of ["ours", "plain", "git"] as const) {
      const [before, after] = [fewAsked!.taken[side], manyAsked!.taken[side]];
      if (before !== undefined && after !== undefined) times[side] = ratioOf(after, before);
    }
    growth.push({ name: question.name, few: fewAsked!, many: manyAsked!, times });
  }
  return growth;
}

/** Measures searches for rare texts at every number of versions in alternation. */
async function curveOf(fleets: readonly Kept[]): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const i of Object.keys(Object.values(FABRIC.rare)).map(Number)) {
    progress(`${Object.keys(FABRIC.rare)[i]}, at every size`);
    asked.push(...await ask(fleets, fleets.map((kept) => rareQuestions(kept, FABRIC)[i]!)));
  }
  return asked;
}

/** Search terms for the firewalls, from a version in the middle. */
function firewallProbes({ devices, versions }: History): Probes {
  const device = devices.length - 1;
  const own = versions.filter((version) => version.device === device);
  const middle = own[Math.floor(own.length / 2)]!;
  const before = new Set(own[own.indexOf(middle) - 1]!.text().split("\n"));
  const came = middle.text().split("\n").filter((line) =>
    line.includes("set uuid") && !before.has(line)
  );
  const uuid = came[0]!.replace(/^.* /, "");
  return {
    rare: { "a UUID that came in once": uuid },
    common: "set srcaddr",
    regex: `^ *set uuid ${uuid.slice(0, 13)}`,
    regexEach: '^ *set hostname "fw-',
    some: "user-499",
    device: devices[device]!.hostname,
    at: middle.at,
  };
}

async function main(): Promise<HistoryResults> {
  const bytes: HistoryBytes[] = [];
  const fleets = new Map<number, Kept>();
  let estate: Kept | undefined;
  try {
    for (const { sites, url } of options.fleets) {
      const name = sites === 1 ? "the fabric" : `the fabric as ${sites} sites`;
      const [kept, size] = await keep(name, url, await readFabric(options.fabric, sites));
      fleets.set(sites, kept);
      bytes.push(size);
    }
    const generated = generateFirewalls(options.firewalls.estate);
    const [kept, size] = await keep("firewalls", options.firewalls.url, generated);
    estate = kept;
    bytes.push(size);

    const probes = firewallProbes(generated);
    const [few, many] = options.compared.map((sites) => fleets.get(sites)!) as [Kept, Kept];
    progress("comparing answers");
    for (const compared of [few, many]) await checkAnswers(compared, FABRIC);
    await checkAnswers(estate, probes);

    const growth = await growthOf(few, many);
    const curve = await curveOf([...fleets.values()]);
    progress("firewalls");
    const firewalls: Asked[] = [];
    for (
      const question of [
        ...rareQuestions(estate, probes),
        ...commonQuestions(estate, probes),
        ...regexQuestions(estate, probes).slice(0, 1),
        ...await blameQuestions(estate, probes),
      ]
    ) firewalls.push(...await ask([estate], [question]));
    const days = await [...fleets.values()][0]!.ours.days();
    progress("saves");
    const saves = await measureSaves(many, options.saves);
    progress("saves of firewalls");
    const firewallSaves = await measureSaves(estate, options.firewallSaves);
    return { bytes, growth, curve, firewalls, saves, firewallSaves, days };
  } finally {
    for (const kept of [...fleets.values(), ...estate === undefined ? [] : [estate]]) {
      await discard(kept);
    }
  }
}

console.log(JSON.stringify(await main()));
