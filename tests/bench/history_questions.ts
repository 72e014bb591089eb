/** The queries of the history benchmark, for every side. */
import type { History } from "./history_data.ts";
import type { GitHistory } from "./history_git.ts";
import type { Day, LayerHistory } from "./history_layer.ts";
import type { PlainHistory } from "./history_plain.ts";
import type { Work } from "./history_turns.ts";

/** The sides: this layer, a plain table, git. */
export type Side = "ours" | "plain" | "git";

/** The same history in each of them. */
export interface Kept {
  readonly history: History;
  readonly ours: LayerHistory;
  readonly plain: PlainHistory;
  readonly git: GitHistory;
}

/** Search terms for a history. */
export interface Probes {
  /** Names of texts that occur in one version only. */
  readonly rare: Readonly<Record<string, string>>;
  /** A text of many lines. */
  readonly common: string;
  /** A regular expression that matches one line of one version. */
  readonly regex: string;
  /** Matches a line of each site. */
  readonly regexEach: string;
  /** A text that some latest versions contain. */
  readonly some: string;
  /** Hostname of the device with a version of about a thousand lines. */
  readonly device: string;
  readonly at: Date;
}

/** A query, and its implementation for each side. */
export interface Question {
  readonly name: string;
  readonly works: Readonly<Partial<Record<Side, Work>>>;
}

/** Lines that occur in one version only. */
export function rareQuestions({ ours, plain, git }: Kept, { rare }: Probes): Question[] {
  return Object.entries(rare).map(([name, text]) => ({
    name,
    works: {
      ours: async () => (await ours.search(text)).length,
      plain: async () => (await plain.search(text)).length,
      git: async () => (await git.changesOfCount(text)).length,
    },
  }));
}

/** Lines that occur in many versions. */
export function commonQuestions({ ours, plain, git }: Kept, { common }: Probes): Question[] {
  return [{
    name: `every line with \`${common}\``,
    works: {
      ours: async () => (await ours.search(common)).length,
      plain: async () => (await plain.search(common)).length,
      git: async () => (await git.changesOfLines(common)).length,
    },
  }];
}

/** Pages of a large answer. */
export function pageQuestions(kept: Kept, probes: Probes): Question[] {
  const { history: { devices }, ours, plain } = kept;
  const { common } = probes;
  const device = placeOf(kept, probes);
  const deep = Math.floor(devices.length * 0.9);
  const deepId = ours.deviceIds[deep]!;
  return [{
    name: "the first 100 of them",
    works: {
      ours: async () => (await ours.search(common, { limit: 100 })).length,
      plain: async () => (await plain.page(common)).length,
    },
  }, {
    name: "100 of them behind nine tenths of the devices",
    works: {
      ours: async () => (await ours.search(common, { limit: 100, afterDeviceId: deepId })).length,
      plain: async () => (await plain.page(common, deep)).length,
    },
  }, {
    name: "those of one device",
    works: {
      ours: async () =>
        (await ours.search(common, { deviceIds: [ours.deviceIds[device]!] })).length,
      plain: async () => (await plain.searchDevice(common, device)).length,
    },
  }];
}

/** Regular expressions. */
export function regexQuestions({ ours, plain, git }: Kept, probes: Probes): Question[] {
  const questions = [["that one line matches", probes.regex], [
    "that a line of each site matches",
    probes.regexEach,
  ]] as const;
  return questions.map(([what, regex]) => ({
    name: `a regular expression ${what}`,
    works: {
      ours: async () => (await ours.regexSearch(regex)).length,
      plain: async () => (await plain.regexSearch(regex)).length,
      git: async () => (await git.changesOfLines(regex)).length,
    },
  }));
}

/** The current fleet. */
export function latestQuestions({ ours, plain, git }: Kept, { some }: Probes): Question[] {
  return [{
    name: `latest lines with \`${some}\``,
    works: {
      ours: async () => (await ours.search(some, { latest: true })).length,
      plain: async () => (await plain.latestLines(some)).length,
      git: async () => (await git.latestLines(some)).length,
    },
  }, {
    name: "devices whose latest version lacks it",
    works: {
      ours: async () => (await ours.absent(some)).length,
      plain: async () => (await plain.absent(some)).length,
      git: async () => (await git.latestWithout(some)).length,
    },
  }];
}

/** Origins of the lines of a version. */
export async function blameQuestions(kept: Kept, probes: Probes): Promise<Question[]> {
  const { ours, git } = kept;
  const device = placeOf(kept, probes);
  const [latest] = await ours.historyOf(device);
  const lines = (await ours.blame(latest!.id)).length;
  return [{
    name: `blame of a version of ${lines.toLocaleString("en")} lines`,
    works: {
      ours: async () => (await ours.blame(latest!.id)).length,
      git: async () => (await git.blame(device)).length,
    },
  }];
}

/** The fleet and its devices at a time. */
export function timeQuestions(kept: Kept, probes: Probes): Question[] {
  const { ours, plain, git } = kept;
  const { at } = probes;
  const device = placeOf(kept, probes);
  return [{
    name: "the fleet as of a time",
    works: {
      ours: async () => (await ours.asOf(at)).length,
      plain: async () => (await plain.asOf(at)).length,
      git: async () => (await git.asOf(at)).length,
    },
  }, {
    name: "a text as of a time",
    works: {
      ours: async () => (await ours.textAsOf(device, at))?.length ?? 0,
      plain: async () => (await plain.textAsOf(device, at))?.length ?? 0,
      git: async () => (await git.textAsOf(device, at)).length,
    },
  }, {
    name: "the versions of a device",
    works: {
      ours: async () => (await ours.historyOf(device)).length,
      plain: async () => (await plain.historyOf(device)).length,
      git: async () => (await git.historyOf(device)).length,
    },
  }, {
    name: "how many changes each day had",
    works: {
      ours: async () => sum(await ours.days()),
      plain: async () => sum(await plain.days()),
      git: async () => (await git.days()).length,
    },
  }];
}

/** Index of the device that the search terms name. */
export function placeOf({ history: { devices } }: Kept, probes: Probes): number {
  return devices.findIndex(({ hostname }) => hostname === probes.device);
}

function sum(days: readonly Day[]): number {
  return days.reduce((all, { changes }) => all + changes, 0);
}
