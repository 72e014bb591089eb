/**
 * Maintains the partitions of the logs: `make maintain`, once a day from a timer. With `dry=1`, it only
 * lists its changes. Other work continues meanwhile; the next run continues an interrupted run.
 *
 *     node --import tsx src/tools/maintain.ts [--dry]
 */
import { connect } from "../client.ts";
import { maintain, type MaintenanceProgress } from "../logs/retention.ts";
import { everySecond, type Log, MISUSE, orFailure, runCommand } from "./command.ts";

type Deleted = Extract<MaintenanceProgress, { step: "delete" }>;

const DONE = { make: "Created", detach: "Detached", finalize: "Detached", drop: "Dropped" };

/** Prints every partition, and the number of deleted lines at most once a second. */
function progress(log: Log): (progress: MaintenanceProgress) => void {
  const deleted = everySecond(
    log,
    (done: Deleted) => `${done.lines} lines and ${done.sessions} sessions`,
  );
  return (done) => {
    if (done.step === "delete") deleted(done);
    else log(`${DONE[done.step]} ${done.partition}`);
  };
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[], log: Log = console.log): Promise<number> {
  const dryRun = args[0] === "--dry";
  if (args.length > (dryRun ? 1 : 0)) {
    console.error("Usage: maintain [--dry]");
    return MISUSE;
  }
  return await orFailure(async () => {
    await using db = await connect();
    const onProgress = dryRun ? undefined : progress(log);
    const { made, dropped, left, lines, sessions } = await maintain({ dryRun }, db, { onProgress });
    if (dryRun) {
      for (const partition of made) log(`Would create ${partition}`);
      for (const partition of dropped) log(`Would drop ${partition}`);
    }
    for (const { partition, code } of left) {
      log(`❌ Cannot drop ${partition} yet (${code}); the next run tries again`);
    }
    const [create, drop] = dryRun ? ["Would create", "drop"] : ["Created", "dropped"];
    const rows = `${lines} lines and ${sessions} sessions`;
    const partitions = `${create} ${made.length} partitions, ${drop} ${dropped.length}`;
    log(`✅ ${partitions}, ${dryRun ? "delete" : "deleted"} ${rows}`);
    return left.length === 0 ? 0 : 1;
  });
}

runCommand(import.meta.url, main);
