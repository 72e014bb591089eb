/** Reads the system settings for saving: ignore patterns and the limits of the sanity check. */
import { ConfigError, QueryError } from "../errors.ts";
import { configPatternCheck } from "../generated/internal/config_lines.ts";
import type { CallOptions } from "../query.ts";
import type { Session, StandardSchema } from "../session.ts";
import { isCount, settingOr } from "../settings/schema.ts";

/** Policy for the devices of one type. */
export interface SavePolicy {
  /** Regular expression of volatile lines to ignore; null for none. */
  readonly noise: string | null;
  /** Regular expression that the last line of a complete configuration matches; null for any. */
  readonly endMarker: string | null;
  /** Minimum size that is not suspicious, as a fraction of the previous version's; 0 for any. */
  readonly minShare: number;
  /** Number of returns to a configuration that count as flapping; 0 disables the check. */
  readonly flappingTimes: number;
  /** Time window of these returns, in seconds. */
  readonly flappingSeconds: number;
}

/** Cache of regular expressions that PostgreSQL accepts. */
const validPatterns = new Set<string>();
const MAX_VALID_PATTERNS = 1_000;

const patterns = settingOr<readonly string[]>(
  [],
  (value) => Array.isArray(value) && value.every((pattern) => typeof pattern === "string"),
);
const pattern = settingOr<string | null>(null, (value) => typeof value === "string");
const share = settingOr(0, (value) => typeof value === "number" && value >= 0 && value <= 1);
const whole = settingOr(0, isCount);

/**
 * Reads the policy for a device type.
 *
 * @throws {ConfigError} a setting is invalid; `path` names its key.
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
    minShare: await get("config_guard_min_share", share),
    flappingTimes: await get("config_guard_flapping_times", whole),
    flappingSeconds: await get("config_guard_flapping_seconds", whole),
  };
}

/** Checks an expression in advance, because an error in the save would roll other saves back. */
async function checkPattern(
  db: Session,
  key: string,
  pattern: string | null,
  options: CallOptions,
): Promise<void> {
  if (pattern === null || validPatterns.has(pattern)) return;
  try {
    // A separate transaction or a savepoint keeps the caller's transaction usable after an error.
    await db.transaction((tx) => configPatternCheck.run({ pattern }, tx), options);
  } catch (error) {
    if (!(error instanceof QueryError && error.sqlState === "2201B")) throw error;
    const message = "The value must be a PostgreSQL regular expression";
    throw new ConfigError(message, { path: `settings.${key}` });
  }
  if (validPatterns.size === MAX_VALID_PATTERNS) validPatterns.clear();
  validPatterns.add(pattern);
}
