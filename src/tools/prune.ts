/**
 * Deletes the versions of configurations that the system settings do not keep: `make prune`. With
 * `dry=1`, it only lists them. Other work continues meanwhile; the next run continues an interrupted
 * run.
 *
 *     node --import tsx src/tools/prune.ts [--dry]
 */
import { connect } from "../client.ts";
import { configPrune, configPrunePolicy, type ConfigPruneProgress } from "../history/prune.ts";
import { everySecond, type Log, MISUSE, orFailure, runCommand } from "./command.ts";

/** Keeping everything is a choice, not a failure. */
const NO_POLICY =
  `No retention policy is set: all versions are kept. Set one or more of these system settings:
  config_keep_last    keeps the last versions of each device: their number
  config_keep_days    keeps the versions that were valid in the last days: their number
  config_keep_months  keeps the last version of each month: the number of months, or true for all`;

/** Prints a line for each device. */
function plan(log: Log): (progress: ConfigPruneProgress) => void {
  return ({ removed }) => {
    const bytes = removed.reduce((sum, { size }) => sum + size, 0);
    log(`${removed[0]?.hostname}: ${removed.length} versions, ${bytes} bytes`);
  };
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[], log: Log = console.log): Promise<number> {
  const dryRun = args[0] === "--dry";
  if (args.length > (dryRun ? 1 : 0)) {
    console.error("Usage: prune [--dry]");
    return MISUSE;
  }
  return await orFailure(async () => {
    await using db = await connect();
    const policy = await configPrunePolicy(db);
    if (policy === undefined) {
      log(NO_POLICY);
      return 0;
    }
    const onProgress = dryRun
      ? plan(log)
      : everySecond(log, ({ versions, devices }: ConfigPruneProgress) =>
        `${versions} versions of ${devices} devices`);
    const { versions, devices, bytes } = await configPrune({ ...policy, dryRun }, db, {
      onProgress,
    });
    const done = dryRun ? "Would delete" : "Deleted";
    log(`✅ ${done} ${versions} versions of ${devices} devices, ${bytes} bytes`);
    return 0;
  });
}

runCommand(import.meta.url, main);
