/** Retention: which versions are kept, and the removal of all others, device by device. */
import { deleteVersions } from "./delete.ts";
import type { Session } from "./save.ts";
import { ParameterError } from "../errors.ts";
import {
  configPruneDelete,
  configPruneList,
  type ConfigPruneListParams,
  type ConfigPruneListResult,
  configPruneLock,
} from "../generated/config_prunes.ts";
import type { CallOptions } from "../query.ts";
import { settingOr } from "../settings/schema.ts";
import type { StandardSchema } from "../settings/settings.ts";
import type { Transaction } from "../connection/transaction.ts";

/**
 * What is kept: a version stays when one rule at least keeps it. The latest version of a device
 * stays always, and so does a pinned one. A rule that is not given keeps nothing.
 */
export interface ConfigPrunePolicy {
  /** So many last versions of each device, the latest among them. */
  readonly keepLast?: number | undefined;
  /** Versions that were valid at any time within so many days of 24 hours. */
  readonly keepDays?: number | undefined;
  /**
   * The last version that began in each month (UTC), when it was valid in this month or one of so many
   * before it; with true, however long ago that was.
   */
  readonly keepMonthly?: number | true | undefined;
}

/** What `configPrune` takes. */
export interface ConfigPruneOptions {
  /** True: nothing is removed; says what would be. */
  readonly dryRun?: boolean | undefined;
  /** Only of these devices. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Only of devices that have one of these tags at least. */
  readonly tagNames?: readonly string[] | undefined;
  /** Versions that are removed in one transaction, at most; 5,000 unless told. */
  readonly batch?: number | undefined;
  /** Is told after every transaction; in a dry run of every device. */
  readonly onProgress?: ((progress: ConfigPruneProgress) => void) | undefined;
  /** Ends it; what is removed stays removed. */
  readonly signal?: AbortSignal | undefined;
}

/** What `configPrune` removed, or would remove. */
export interface ConfigPruned {
  /** Devices that had something to remove. */
  readonly devices: number;
  readonly versions: number;
  /** What the devices had sent, in bytes; the database holds it compressed. */
  readonly bytes: number;
}

/** How far it has come. */
export interface ConfigPruneProgress extends ConfigPruned {
  /** What has just been removed, or would be, oldest first; all of it of one device. */
  readonly removed: readonly ConfigPruneListResult[];
}

/** What `ConfigPruneList` takes of rules and devices. */
type Filters = Pick<
  ConfigPruneListParams,
  "keepLast" | "keepDays" | "keepMonths" | "deviceIds" | "tagNames"
>;

/** The rules, each with the most that it takes: times must be such as the database knows. */
const MOST = { keepLast: 1_000_000, keepDays: 1_000_000, keepMonthly: 10_000 } as const;
type Rule = keyof typeof MOST;
/**
 * More than most devices have to remove at once: the index is made anew after each batch, from all that
 * is left of the device, which takes far longer than to remove thousands.
 */
const BATCH = 5_000;
/** More than there are. */
const ALL = 2_147_483_647;
/** The longest that one transaction may take, in milliseconds: some devices keep thousands of versions. */
const DEVICE = 600_000;

/**
 * Removes the versions that no rule keeps. What is left says what it said before: a version keeps the
 * time when it ended, so that a gap is seen, and the index of lines tells of what is left alone. What
 * is in quarantine is no version, and stays until a person decides.
 *
 * Each device is a transaction of its own, judged again while nobody can save it, so that others may
 * work meanwhile and no pin is lost: a version that somebody is pinning just now stays for the next
 * run. What a run removed before it was ended, in whatever way, is removed as a whole; the next run
 * does the rest.
 *
 * @param db A database, or a transaction that it all shall be part of.
 * @throws {ParameterError} there is no rule, or one is no whole number from 1; nothing was removed.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} run it again.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * for (const name of ["a", "b", "c"]) await configSave(db, { deviceId: device.id, text: `hostname ${name}\n` });
 * const policy = { keepLast: 2 };
 * const { versions, bytes } = await configPrune(db, policy, { dryRun: true });
 * console.log(versions, bytes); // 1, 11
 * await configPrune(db, policy, { onProgress: ({ removed }) => console.log(removed[0]?.hostname, removed.length) });
 */
export async function configPrune(
  db: Session,
  policy: ConfigPrunePolicy,
  options: ConfigPruneOptions = {},
): Promise<ConfigPruned> {
  const { dryRun = false, deviceIds, tagNames, batch = BATCH, onProgress, signal } = options;
  if (!isWhole(batch, BATCH)) throw unfit("batch", BATCH);
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

/** What would go, a device at a time. */
async function* list(
  db: Session,
  filters: Filters,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<ConfigPruneListResult[]> {
  let device: ConfigPruneListResult[] = [];
  for await (const row of configPruneList.stream({ ...filters, limit: ALL }, db, { signal })) {
    if (device.length > 0 && row.deviceId !== device[0]!.deviceId) {
      yield device;
      device = [];
    }
    device.push(row);
  }
  if (device.length > 0) yield device;
}

/** Removes what goes; gives what each transaction removed. */
async function* remove(
  db: Session,
  filters: Filters,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<ConfigPruneListResult[]> {
  const deviceIds: number[] = [];
  // To its end first: no cursor stands open while devices are at work.
  for await (const [first] of list(db, filters, signal)) deviceIds.push(first!.deviceId);
  for (const deviceId of deviceIds) {
    let page: ConfigPruneListResult[];
    let last: ConfigPruneListResult | undefined;
    do {
      signal?.throwIfAborted();
      page = [];
      const act = async (tx: Transaction) => {
        // Asked again: since the first look somebody may have saved the device, or pinned a version.
        const asked = { ...filters, deviceId, ...after(last), limit };
        page = await configPruneList.run(asked, tx);
        const locked = await configPruneLock.run({ ids: idsOf(page) }, tx);
        const deleted = await configPruneDelete.run({ ids: idsOf(locked) }, tx);
        const gone = new Set(idsOf(deleted));
        return page.filter(({ id }) => gone.has(id));
      };
      yield await db.transaction(
        (tx) => deleteVersions(tx, deviceId, () => act(tx)),
        { name: "ConfigPrune", timeout: DEVICE, signal },
      );
      last = page.at(-1);
    } while (page.length === limit);
  }
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}

function after(last: ConfigPruneListResult | undefined) {
  return {
    afterDeviceId: last?.deviceId,
    afterRetrievedAt: last?.retrievedAt,
    afterId: last?.id,
  };
}

/** What a policy says, as `ConfigPruneList` takes it. */
function rulesOf(policy: ConfigPrunePolicy): Filters {
  let rules = 0;
  for (const [rule, value] of Object.entries(policy)) {
    // An option that is in the wrong place, or a rule with a slip in it, must not go unseen.
    if (!Object.hasOwn(MOST, rule)) {
      throw new ParameterError(rule, "is no rule of a policy", { query: "ConfigPrune" });
    }
    if (value === undefined) continue;
    if (!isRule(rule as Rule, value)) throw unfit(rule, MOST[rule as Rule]);
    rules++;
  }
  if (rules === 0) {
    const none = "has no rule: give keepLast, keepDays or keepMonthly";
    throw new ParameterError("policy", none, { query: "ConfigPrune" });
  }
  const { keepLast, keepDays, keepMonthly } = policy;
  return { keepLast, keepDays, keepMonths: keepMonthly === true ? MOST.keepMonthly : keepMonthly };
}

function isRule(rule: Rule, value: unknown): boolean {
  return (rule === "keepMonthly" && value === true) || isWhole(value, MOST[rule]);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function unfit(field: string, most: number): ParameterError {
  const or = field === "keepMonthly" ? "true or " : "";
  const problem = `must be ${or}a whole number from 1 to ${most.toLocaleString("en")}`;
  return new ParameterError(field, problem, { query: "ConfigPrune" });
}

/**
 * What the system settings `config_keep_last`, `config_keep_days` and `config_keep_months` say, for
 * `configPrune`; true in the last is for all months.
 *
 * @returns Undefined where none of them is set: everything is kept then.
 * @throws {ConfigError} a setting is no whole number from 1, with its key.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * await db.settings.set("config_keep_days", 90);
 * await db.settings.set("config_keep_months", 24);
 * const policy = await configPrunePolicy(db);
 * if (policy) console.log(await configPrune(db, policy, { dryRun: true }));
 */
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

/** A value that the rule takes; undefined for none. */
function ruleOrNone<R extends Rule>(rule: R): StandardSchema<ConfigPrunePolicy[R]> {
  return settingOr<ConfigPrunePolicy[R]>(undefined, (value) => isRule(rule, value));
}
