/** What the system settings say about saving: which lines are noise, and what is no whole configuration. */
import { ConfigError, QueryError } from "../errors.ts";
import { configPatternCheck } from "../generated/config_lines.ts";
import type { CallOptions } from "../query.ts";
import type { Session } from "./save.ts";
import { isCount, settingOr } from "../settings/schema.ts";
import type { StandardSchema } from "../settings/settings.ts";

/** What holds for the devices of a type. */
export interface SavePolicy {
  /** A regular expression for lines that change by themselves; null for none. */
  readonly noise: string | null;
  /** A regular expression for the last line of a whole configuration; null for any. */
  readonly endMarker: string | null;
  /** Of the size of the version before, the least part that is not suspicious; 0 for any. */
  readonly leastShare: number;
  /** A text that came back so often within so many seconds flaps; 0 times for never. */
  readonly flappingTimes: number;
  readonly flappingSeconds: number;
}

/** Expressions that PostgreSQL took. */
const known = new Set<string>();
/** So many of them: settings are few. */
const MOST_KNOWN = 1_000;

const patterns = settingOr<readonly string[]>(
  [],
  (value) => Array.isArray(value) && value.every((pattern) => typeof pattern === "string"),
);
const pattern = settingOr<string | null>(null, (value) => typeof value === "string");
const share = settingOr(0, (value) => typeof value === "number" && value >= 0 && value <= 1);
const whole = settingOr(0, isCount);

/**
 * Reads the settings for a type of device.
 *
 * @throws {ConfigError} a setting is not what it has to be, with its key.
 */
export async function savePolicy(
  db: Session,
  deviceType: string,
  options: CallOptions,
): Promise<SavePolicy> {
  const get = <T>(key: string, schema: StandardSchema<T>) => db.settings.get(key, schema, options);
  const noiseKey = `config_noise_${deviceType}`;
  const endKey = `config_end_${deviceType}`;
  const lines = await get(noiseKey, patterns);
  const noise = lines.length === 0 ? null : lines.map((line) => `(?:${line})`).join("|");
  const endMarker = await get(endKey, pattern);
  await checkPattern(db, noiseKey, noise, options);
  await checkPattern(db, endKey, endMarker, options);
  return {
    noise,
    endMarker,
    leastShare: await get("config_guard_least_share", share),
    flappingTimes: await get("config_guard_flapping_times", whole),
    flappingSeconds: await get("config_guard_flapping_seconds", whole),
  };
}

/** Before it is used where an error would undo other work. */
async function checkPattern(
  db: Session,
  key: string,
  pattern: string | null,
  options: CallOptions,
): Promise<void> {
  if (pattern === null || known.has(pattern)) return;
  try {
    // By itself, so that a transaction of the caller's goes on.
    await db.transaction((tx) => configPatternCheck.run({ pattern }, tx), options);
  } catch (error) {
    if (!(error instanceof QueryError && error.sqlState === "2201B")) throw error;
    const message = "The value is no regular expression of PostgreSQL";
    throw new ConfigError(message, { path: `settings.${key}` });
  }
  if (known.size === MOST_KNOWN) known.clear();
  known.add(pattern);
}
