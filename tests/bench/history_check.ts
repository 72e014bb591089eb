/** Checks that all sides return the same answers before the measurement. */
import type { Day } from "./history_layer.ts";
import { type Kept, placeOf, type Probes } from "./history_questions.ts";

/**
 * Compares the facts that both tables store, and the counts from git.
 * @throws {Error} two answers differ.
 */
export async function checkAnswers(kept: Kept, probes: Probes): Promise<void> {
  const { history, ours, plain, git } = kept;
  const device = placeOf(kept, probes);
  const places = new Map(ours.deviceIds.map((id, place) => [id, place]));

  // This layer has one answer for each period of a line; the plain table has one from the first to the last.
  const spans = (rows: Awaited<ReturnType<typeof ours.search>>) => {
    const first = new Map<string, Date>();
    for (const { deviceId, text, since } of rows) {
      const key = `${places.get(deviceId)}\t${text}`;
      if (since < (first.get(key) ?? new Date(8.64e15))) first.set(key, since);
    }
    return [...first].map(([key, since]) => `${key}\t${since.toISOString()}`);
  };
  const lines = (rows: Awaited<ReturnType<typeof plain.search>>) =>
    rows.map(({ device, line, since }) => `${device}\t${line}\t${since.toISOString()}`);

  for (const text of [...Object.values(probes.rare), probes.common]) {
    same(text, spans(await ours.search(text)), lines(await plain.search(text)));
  }
  for (const regex of [probes.regex, probes.regexEach]) {
    same(regex, spans(await ours.regexSearch(regex)), lines(await plain.regexSearch(regex)));
  }
  same(
    "one device",
    spans(await ours.search(probes.common, { deviceIds: [ours.deviceIds[device]!] })),
    lines(await plain.searchDevice(probes.common, device)),
  );

  const { some, at } = probes;
  const latest = await ours.search(some, { latest: true });
  same(
    "latest",
    latest.map(({ deviceId, text }) => `${places.get(deviceId)}\t${text}`),
    (await plain.latestLines(some)).map(({ device, line }) => `${device}\t${line}`),
  );
  const absent = (await ours.absent(some)).map((id) => String(places.get(id)));
  same("absent", absent, (await plain.absent(some)).map(String));
  const asOf = await ours.asOf(at);
  same(
    "as of",
    asOf.map(({ deviceId, retrievedAt }) => `${places.get(deviceId)}\t${+retrievedAt}`),
    (await plain.asOf(at)).map(({ device, retrievedAt }) => `${device}\t${+retrievedAt}`),
  );
  const versions = await ours.historyOf(device);
  same(
    "versions",
    versions.map(({ retrievedAt }) => String(+retrievedAt)),
    (await plain.historyOf(device)).map(({ retrievedAt }) => String(+retrievedAt)),
  );
  const days = await ours.days();
  const told = ({ day, changes }: Day) => `${day}\t${changes}`;
  same("days", days.map(told), (await plain.days()).map(told));
  const text = await ours.textAsOf(device, at);
  same("text", [text ?? ""], [await plain.textAsOf(device, at) ?? ""]);
  same("text", [text ?? ""], [await git.textAsOf(device, at)]);

  const counts: [string, number, number][] = [
    ["latest", latest.length, (await git.latestLines(some)).length],
    ["absent", absent.length, (await git.latestWithout(some)).length],
    ["as of", asOf.length, (await git.asOf(at)).length],
    ["versions", versions.length, (await git.historyOf(device)).length],
    ["days", history.versions.length, (await git.days()).length],
    ["blame", (await ours.blame(versions[0]!.id)).length, (await git.blame(device)).length],
  ];
  for (const rare of Object.values(probes.rare)) {
    // It was added and removed, unless the first or the latest version contains it.
    const events = (await ours.search(rare)).reduce((all, { until }) => all + (until ? 2 : 1), 0);
    counts.push([rare, events, (await git.changesOfCount(rare)).length]);
  }
  for (const [what, one, other] of counts) {
    if (one !== other) throw new Error(`${what}: ${one} answers here, ${other} of git`);
  }
}

function same(what: string, one: readonly string[], other: readonly string[]): void {
  const [a, b] = [one.toSorted(), other.toSorted()];
  const at = a.findIndex((fact, i) => fact !== b[i]);
  if (at >= 0 || a.length !== b.length) {
    throw new Error(
      `${what}: ${a.length} answers here, ${b.length} there; ${a[at]} here is ${b[at]} there`,
    );
  }
}
