/** Removes the versions that the retention policy does not keep, device by device. */
import { deleteVersions } from "./delete.ts";
import type { Session, StandardSchema, Transaction } from "../session.ts";
import { ParameterError } from "../errors.ts";
import {
  configPruneDelete,
  configPruneList,
  type ConfigPruneListParams,
  configPruneLock,
  type PrunableVersion,
} from "../generated/internal/config_prunes.ts";
import type { CallOptions } from "../query.ts";
import { settingOr } from "../settings/schema.ts";

/**
 * Retention policy. A version stays if at least one rule keeps it. The latest version of a device and
 * pinned versions always stay. An absent rule keeps nothing.
 */
export interface ConfigPrunePolicy {
  /** Number of versions to keep for each device, including the latest. */
  readonly keepLast?: number | undefined;
  /** Keeps versions that were valid at any time in this number of 24-hour days. */
  readonly keepDays?: number | undefined;
  /**
   * Keeps the last version that began in each month (UTC), if it was valid in the current month or in
   * this number of months before it; true keeps all months.
   */
  readonly keepMonthly?: number | true | undefined;
}

/** Parameters of `configPrune`: the policy and the devices. */
export interface ConfigPruneParams extends ConfigPrunePolicy {
  /** True to report the versions without removing them. */
  readonly dryRun?: boolean | undefined;
  /** Prunes only these devices. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Prunes only devices with at least one of these tags. */
  readonly tagNames?: readonly string[] | undefined;
  /** Maximum number of versions that one transaction removes. Defaults to 5,000. */
  readonly batch?: number | undefined;
}

/** Options of `configPrune`. */
export interface ConfigPruneOptions {
  /** Called after every transaction; in a dry run after every device. */
  readonly onProgress?: ((progress: ConfigPruneProgress) => void) | undefined;
  /** Ends the run. Removed versions stay removed. */
  readonly signal?: AbortSignal | undefined;
}

/** Result of `configPrune`, or the planned removal of a dry run. */
export interface ConfigPruneResult {
  /** Number of devices with removed versions. */
  readonly devices: number;
  /** Number of removed versions. */
  readonly versions: number;
  /** Size of the removed configurations in bytes, before the compression in the database. */
  readonly bytes: number;
}

/** Progress of `configPrune`. */
export interface ConfigPruneProgress extends ConfigPruneResult {
  /** Versions of the last step, all of one device, oldest first. */
  readonly removed: readonly PrunableVersion[];
}

/** Rules and devices, as parameters of `ConfigPruneList`. */
type Filters = Pick<
  ConfigPruneListParams,
  "keepLast" | "keepDays" | "keepMonths" | "deviceIds" | "tagNames"
>;

/** Maximum value of each rule, which keeps times in the range of PostgreSQL. */
const MAX_RULE_VALUES = { keepLast: 1_000_000, keepDays: 1_000_000, keepMonthly: 10_000 } as const;
type Rule = keyof typeof MAX_RULE_VALUES;
/**
 * Most devices need one batch. Each batch rebuilds the line index from all remaining versions of the
 * device, which takes far longer than the removal of thousands.
 */
const PRUNE_BATCH_VERSIONS = 5_000;
const MAX_ROWS = 2_147_483_647;
/** Timeout of one transaction, because some devices keep thousands of versions. */
const PRUNE_TIMEOUT_MS = 600_000;

/** Implements `configPrune` of `history/mod.ts`. */
export async function configPrune(
  { dryRun = false, deviceIds, tagNames, batch = PRUNE_BATCH_VERSIONS, ...policy }:
    ConfigPruneParams,
  db: Session,
  { onProgress, signal }: ConfigPruneOptions = {},
): Promise<ConfigPruneResult> {
  if (!isWhole(batch, PRUNE_BATCH_VERSIONS)) throw invalid("batch", PRUNE_BATCH_VERSIONS);
  const filters = { ...rulesOf(policy), deviceIds, tagNames };
  const batches = dryRun ? list(db, filters, signal) : remove(db, filters, batch, signal);
  let [devices, versions, bytes] = [0, 0, 0];
  let deviceId: number | undefined;
  for await (const removed of batches) {
    if (removed.length === 0) continue;
    if (removed[0]!.deviceId !== deviceId) devices++;
    deviceId = removed[0]!.deviceId;
    versions += removed.length;
    bytes += removed.reduce((sum, { size }) => sum + size, 0);
    onProgress?.({ devices, versions, bytes, removed });
  }
  return { devices, versions, bytes };
}

/** Yields the versions to remove, one device at a time. */
async function* list(
  db: Session,
  filters: Filters,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<PrunableVersion[]> {
  let device: PrunableVersion[] = [];
  for await (const row of configPruneList.stream({ ...filters, limit: MAX_ROWS }, db, { signal })) {
    if (device.length > 0 && row.deviceId !== device[0]!.deviceId) {
      yield device;
      device = [];
    }
    device.push(row);
  }
  if (device.length > 0) yield device;
}

/** Removes versions and yields those of each transaction. */
async function* remove(
  db: Session,
  filters: Filters,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<PrunableVersion[]> {
  const deviceIds: number[] = [];
  // Reads the whole list first, so that no cursor is open during the removal.
  for await (const [first] of list(db, filters, signal)) deviceIds.push(first!.deviceId);
  for (const deviceId of deviceIds) {
    let page: PrunableVersion[];
    let last: PrunableVersion | undefined;
    do {
      signal?.throwIfAborted();
      page = [];
      const act = async (tx: Transaction) => {
        // Somebody may have saved the device or pinned a version since the list was read.
        const params = { ...filters, deviceId, ...after(last), limit };
        page = await configPruneList.run(params, tx);
        const locked = await configPruneLock.run({ ids: idsOf(page) }, tx);
        const deleted = await configPruneDelete.run({ ids: idsOf(locked) }, tx);
        const gone = new Set(idsOf(deleted));
        return page.filter(({ id }) => gone.has(id));
      };
      yield await db.transaction(
        (tx) => deleteVersions(tx, deviceId, () => act(tx)),
        { name: "ConfigPrune", timeout: PRUNE_TIMEOUT_MS, signal },
      );
      last = page.at(-1);
    } while (page.length === limit);
  }
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}

function after(last: PrunableVersion | undefined) {
  return {
    afterDeviceId: last?.deviceId,
    afterRetrievedAt: last?.retrievedAt,
    afterId: last?.id,
  };
}

/** Converts a policy to parameters of `ConfigPruneList`. */
function rulesOf(policy: ConfigPrunePolicy): Filters {
  let rules = 0;
  for (const [rule, value] of Object.entries(policy)) {
    // Rejects misplaced options and misspelled rules.
    if (!Object.hasOwn(MAX_RULE_VALUES, rule)) {
      throw new ParameterError(rule, "is not a rule of a retention policy", {
        query: "ConfigPrune",
      });
    }
    if (value === undefined) continue;
    if (!isRule(rule as Rule, value)) throw invalid(rule, MAX_RULE_VALUES[rule as Rule]);
    rules++;
  }
  if (rules === 0) {
    const problem = "must have a rule: keepLast, keepDays or keepMonthly";
    throw new ParameterError("policy", problem, { query: "ConfigPrune" });
  }
  const { keepLast, keepDays, keepMonthly } = policy;
  return {
    keepLast,
    keepDays,
    keepMonths: keepMonthly === true ? MAX_RULE_VALUES.keepMonthly : keepMonthly,
  };
}

function isRule(rule: Rule, value: unknown): boolean {
  return (rule === "keepMonthly" && value === true) || isWhole(value, MAX_RULE_VALUES[rule]);
}

function isWhole(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

function invalid(field: string, max: number): ParameterError {
  const or = field === "keepMonthly" ? "true or " : "";
  const problem = `must be ${or}a whole number from 1 to ${max.toLocaleString("en")}`;
  return new ParameterError(field, problem, { query: "ConfigPrune" });
}

/** Implements `configPrunePolicy` of `history/mod.ts`. */
export async function configPrunePolicy(
  { settings }: Pick<Session, "settings">,
  options: CallOptions = {},
): Promise<ConfigPrunePolicy | undefined> {
  const policy: ConfigPrunePolicy = {
    keepLast: await settings.get("config_keep_last", ruleOrNone("keepLast"), options),
    keepDays: await settings.get("config_keep_days", ruleOrNone("keepDays"), options),
    keepMonthly: await settings.get("config_keep_months", ruleOrNone("keepMonthly"), options),
  };
  return Object.values(policy).every((value) => value === undefined) ? undefined : policy;
}

/** Schema of a setting that holds the value of a rule; undefined if it is not set. */
function ruleOrNone<R extends Rule>(rule: R): StandardSchema<ConfigPrunePolicy[R]> {
  return settingOr<ConfigPrunePolicy[R]>(undefined, (value) => isRule(rule, value));
}
