/**
 * Removes the versions of configurations that the system settings do not keep: `make prune`; with
 * `dry=1` it says which ones would go. Others may work meanwhile; a run that was ended is taken up by
 * the next one.
 *
 *     node --import tsx src/tools/prune.ts [--dry]
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { connect } from "../client.ts";
import { configPrune, configPrunePolicy, type ConfigPruneProgress } from "../history/prune.ts";
import { DatabaseError } from "../errors.ts";

type Log = (line: string) => void;

/** Milliseconds between two lines of progress. */
const PROGRESS = 1000;
/** To keep everything is a choice, so this is no failure. */
const NO_POLICY =
  `No retention is set: everything is kept. Set one of these system settings, or more:
  config_keep_last    so many last versions of each device
  config_keep_days    what was valid within so many days
  config_keep_months  the last version of each month, for so many months; true for all months`;

/** A line at most every second. */
function progress(log: Log): (progress: ConfigPruneProgress) => void {
  let next = performance.now() + PROGRESS;
  return ({ versions, devices }) => {
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS;
    log(`${versions} versions of ${devices} devices`);
  };
}

/** A line a device. */
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
    return 2;
  }
  try {
    await using db = await connect();
    const policy = await configPrunePolicy(db);
    if (policy === undefined) {
      log(NO_POLICY);
      return 0;
    }
    const onProgress = dryRun ? plan(log) : progress(log);
    const { versions, devices, bytes } = await configPrune(db, policy, { dryRun, onProgress });
    const done = dryRun ? "Would remove" : "Removed";
    log(`✅ ${done} ${versions} versions of ${devices} devices, ${bytes} bytes`);
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const noTable = error.sqlState === "42P01";
    console.error(noTable ? "❌ The schema is missing; run: make migrate" : `❌ ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2));
}
