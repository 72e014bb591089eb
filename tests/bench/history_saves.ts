/** Rate of saves per second of each side, for changed and for unchanged configurations. */
import { configSave, configSaveMany, DatabaseError } from "netraven-db";
import { median, quantile } from "./compare.ts";
import type { HistoryVersion } from "./history_data.ts";
import type { Kept } from "./history_questions.ts";

/** Ways to save. */
export type SaveSide = "ours" | "batches" | "plain" | "git";

/** Saves per second: the median and the quartiles of the rounds. */
export interface SaveRate {
  readonly rate: number;
  readonly quartiles: readonly [number, number];
}

/** Rates of every way. */
export interface SaveRates {
  readonly changed: boolean;
  readonly rates: Readonly<Record<SaveSide, SaveRate>>;
  readonly rounds: number;
  /** WAL bytes of a single save, without full-page images. */
  readonly wal: number;
}

/** Duration of the measurement. */
export interface SaveEffort {
  readonly rounds: number;
  /** Milliseconds of a turn, which completes its last save. */
  readonly turn: number;
  /** Milliseconds of the first turn, which does not count because connections plan their statements. */
  readonly warmUp: number;
}

/** Number of concurrent savers, each with a connection. */
const AT_ONCE = 8;
/** Devices of a batch. */
const BATCH = 100;
/** Changed lines of a changed text: the median of real changes. */
const CHANGED_LINES = 2;

/** A device that is saved repeatedly. */
interface Saved {
  readonly device: number;
  readonly version: HistoryVersion;
  readonly lines: readonly string[];
  /** Latest text by way. */
  readonly latest: Record<SaveSide, string>;
}

/** Measures both kinds of saves for all sides in alternation. It adds versions to the histories. */
export async function measureSaves(kept: Kept, effort: SaveEffort): Promise<SaveRates[]> {
  await kept.git.checkOut();
  const devices = kept.history.devices.map((_, device): Saved => {
    const version = kept.history.versions.findLast((version) => version.device === device)!;
    const text = version.text();
    const latest = { ours: text, batches: text, plain: text, git: text };
    return { device, version, lines: text.split("\n"), latest };
  });
  const rates = [];
  for (const changed of [false, true]) {
    rates.push(await new Saver(kept, devices, changed).measure(effort));
  }
  return rates;
}

class Saver {
  readonly #kept: Kept;
  readonly #devices: readonly Saved[];
  readonly #changed: boolean;
  #edits = 0;
  #next = 0;

  constructor(kept: Kept, devices: readonly Saved[], changed: boolean) {
    this.#kept = kept;
    this.#devices = devices;
    this.#changed = changed;
  }

  async measure({ rounds, turn, warmUp }: SaveEffort): Promise<SaveRates> {
    const sides: readonly SaveSide[] = ["ours", "batches", "plain", "git"];
    const rates: Record<SaveSide, number[]> = { ours: [], batches: [], plain: [], git: [] };
    const wal: number[] = [];
    for (let round = -1; round < rounds; round++) {
      for (let i = 0; i < sides.length; i++) {
        const side = sides[(i + round + 1) % sides.length]!;
        const before = await this.#walPosition();
        const started = performance.now();
        const count = await this.#save(side, started + (round < 0 ? warmUp : turn));
        const seconds = (performance.now() - started) / 1000;
        if (round < 0) continue;
        rates[side].push(count / seconds);
        if (side === "ours") wal.push((await this.#walPosition() - before) / count);
      }
    }
    const rate = (numbers: readonly number[]): SaveRate => ({
      rate: median(numbers),
      quartiles: [quantile(numbers, 0.25), quantile(numbers, 0.75)],
    });
    return {
      changed: this.#changed,
      rates: {
        ours: rate(rates.ours),
        batches: rate(rates.batches),
        plain: rate(rates.plain),
        git: rate(rates.git),
      },
      rounds,
      wal: median(wal),
    };
  }

  /** Saves until the time is over. Returns the number of saves. */
  async #save(side: SaveSide, end: number): Promise<number> {
    const { ours, plain, git } = this.#kept;
    const idOf = ({ device }: Saved) => ours.deviceIds[device]!;
    switch (side) {
      case "ours":
        return await atOnce(AT_ONCE, end, async () => {
          const { saved, text } = this.#nextSave(side);
          this.#expect((await configSave({ deviceId: idOf(saved), text }, ours.db)).changed);
          return 1;
        });
      case "batches":
        return await atOnce(2, end, async () => {
          const batch = Array.from({ length: Math.min(BATCH, this.#devices.length / 2) }, () => {
            const { saved, text } = this.#nextSave(side);
            return { deviceId: idOf(saved), text };
          });
          for (const outcome of await configSaveMany(batch, ours.db)) {
            if (outcome instanceof DatabaseError) throw outcome;
            this.#expect(outcome.changed);
          }
          return batch.length;
        });
      case "plain":
        return await atOnce(AT_ONCE, end, async () => {
          const { saved: { device }, text } = this.#nextSave(side);
          const same = await plain.verify(device, text);
          if (!same) await plain.insert(device, text);
          this.#expect(!same);
          return 1;
        });
      case "git":
        // A working tree allows one writer.
        return await atOnce(1, end, async () => {
          const { saved, text } = this.#nextSave(side);
          this.#expect(await git.save(saved.version, text));
          return 1;
        });
    }
  }

  #nextSave(side: SaveSide): { saved: Saved; text: string } {
    const saved = this.#devices[this.#next++ % this.#devices.length]!;
    if (this.#changed) saved.latest[side] = this.#edit(saved);
    return { saved, text: saved.latest[side] };
  }

  /** Returns the text with a few new lines. */
  #edit({ lines }: Saved): string {
    const edited = [...lines];
    const edit = ++this.#edits;
    for (let i = 0; i < CHANGED_LINES; i++) {
      const at = (edit * 7919 + i * 31) % (lines.length - 1);
      edited[at] = `   description change ${edit} of ${i}`;
    }
    return edited.join("\n");
  }

  #expect(changed: boolean): void {
    if (changed !== this.#changed) throw new Error("A save found another text than was expected");
  }

  async #walPosition(): Promise<number> {
    const { rows } = await this.#kept.ours.db.query<{ position: number }>(
      "select (pg_current_wal_insert_lsn() - '0/0')::float8 as position",
    );
    return rows[0]!.position;
  }
}

/** Works concurrently until the time is over. Returns the sum of the results. */
async function atOnce(workers: number, end: number, work: () => Promise<number>): Promise<number> {
  let sum = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (performance.now() < end) {
      const saved = await work();
      sum += saved;
    }
  }));
  return sum;
}
