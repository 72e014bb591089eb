/**
 * Keeps the logs in shape: `make maintain`, from a timer once a day; with `dry=1` it says what it would
 * do. Others may work meanwhile; a run that was ended is taken up by the next one.
 *
 *     node --import tsx src/tools/maintain.ts [--dry]
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { connect } from "../client.ts";
import { DatabaseError } from "../errors.ts";
import type { MaintainProgress } from "../logs/retention.ts";

type Log = (line: string) => void;

const DONE = { make: "Made", detach: "Detached", finalize: "Detached", drop: "Dropped" };
/** Milliseconds between two lines of progress. */
const PROGRESS = 1000;

/** A line for each part; for lines that go one by one at most every second. */
function progress(log: Log): (progress: MaintainProgress) => void {
  let next = performance.now() + PROGRESS;
  return (done) => {
    if (done.step !== "delete") return log(`${DONE[done.step]} ${done.partition}`);
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS;
    log(`${done.lines} lines and ${done.sessions} sessions`);
  };
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[], log: Log = console.log): Promise<number> {
  const dryRun = args[0] === "--dry";
  if (args.length > (dryRun ? 1 : 0)) {
    console.error("Usage: maintain [--dry]");
    return 2;
  }
  try {
    await using db = await connect();
    const onProgress = dryRun ? undefined : progress(log);
    const { made, dropped, left, lines, sessions } = await db.maintain({ dryRun, onProgress });
    if (dryRun) {
      for (const partition of made) log(`Would make ${partition}`);
      for (const partition of dropped) log(`Would drop ${partition}`);
    }
    for (const { partition, code } of left) {
      log(`❌ ${partition} could not be dropped yet (${code}); the next run tries again`);
    }
    const [making, dropping] = dryRun ? ["Would make", "drop"] : ["Made", "dropped"];
    const what = `${lines} lines and ${sessions} sessions`;
    const parts = `${making} ${made.length} parts, ${dropping} ${dropped.length}`;
    log(`✅ ${parts}, ${dryRun ? "delete" : "deleted"} ${what}`);
    return left.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const noTable = error.sqlState === "42P01" || error.sqlState === "42883";
    console.error(noTable ? "❌ The schema is missing; run: make migrate" : `❌ ${error.message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2));
}
