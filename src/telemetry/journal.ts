/**
 * Records each query and transaction when it ends: a message on a diagnostics
 * channel, a log line, and statistics by name. Records hold names, durations and
 * codes, never a value.
 */
import { levelled, type Logger, type LogLevel } from "./logger.ts";
import { type QueryTrace, traces, type TransactionTrace } from "./trace.ts";

/** Statistics of one query's calls since the start. */
export interface QueryStats {
  /** The generated query's name; `unnamed` for statements without one. */
  readonly name: string;
  readonly calls: number;
  /** Calls that ended with an error. */
  readonly failed: number;
  /** Mean duration in milliseconds, without the wait for a connection. */
  readonly mean: number;
  /** Duration of the slowest call in milliseconds. */
  readonly longest: number;
}

interface Sum {
  calls: number;
  failed: number;
  total: number;
  longest: number;
}

/** Maximum names with statistics of their own: invented names must not fill the memory. */
const MAX_NAMES = 1_000;
const OTHERS = "others";
const UNNAMED = "unnamed";

/** The journal of one `Database`. */
export class Journal {
  /** Drops messages below the configured level. */
  readonly logger: Logger;
  readonly #slow: number;
  readonly #debug: boolean;
  readonly #sums = new Map<string, Sum>();

  /** @param options `slowQuery`: milliseconds after which a query is logged as slow. */
  constructor(
    logger: Logger,
    { level, slowQuery }: { readonly level: LogLevel; readonly slowQuery: number },
  ) {
    this.logger = levelled(logger, level);
    this.#slow = slowQuery;
    this.#debug = level === "debug";
  }

  /**
   * Records a statement that succeeded or failed.
   *
   * @param duration Milliseconds.
   * @param rows Rows found or changed; undefined if the statement failed.
   * @param error The error's code.
   */
  query(
    name: string | undefined,
    duration: number,
    rows: number | undefined,
    error: string | undefined,
  ): void {
    const sum = this.#sumOf(name ?? UNNAMED);
    sum.calls++;
    sum.total += duration;
    if (error !== undefined) sum.failed++;
    if (duration > sum.longest) sum.longest = duration;
    if (traces.query.hasSubscribers) {
      const trace: QueryTrace = { name, duration, rows, error };
      traces.query.publish(trace);
    }
    const slow = duration >= this.#slow;
    if (!slow && !this.#debug) return;
    const outcome = rows === undefined ? "failed" : `${rows} ${rows === 1 ? "row" : "rows"}`;
    const line = `${name ?? "unnamed query"}: ${outcome} in ${duration.toFixed(2)} ms`;
    if (slow) this.logger.warn(`Slow query: ${line}`);
    else this.logger.debug(line);
  }

  /** Records a transaction that ended. */
  transaction(trace: TransactionTrace): void {
    if (traces.transaction.hasSubscribers) traces.transaction.publish(trace);
  }

  /** Returns at most ten queries, sorted by their slowest call, slowest first. */
  slowest(): QueryStats[] {
    return [...this.#sums]
      .sort(([, a], [, b]) => b.longest - a.longest)
      .slice(0, 10)
      .map(([name, { calls, failed, total, longest }]) => ({
        name,
        calls,
        failed,
        mean: total / calls,
        longest,
      }));
  }

  #sumOf(name: string): Sum {
    const known = this.#sums.get(name);
    if (known !== undefined) return known;
    if (this.#sums.size >= MAX_NAMES && name !== OTHERS) return this.#sumOf(OTHERS);
    const sum: Sum = { calls: 0, failed: 0, total: 0, longest: 0 };
    this.#sums.set(name, sum);
    return sum;
  }
}
