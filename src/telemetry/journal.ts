/**
 * What is told of queries and transactions when they end: a message on a
 * diagnostics channel, a log line, a sum by name. Names, durations and codes;
 * never a value.
 */
import type { LoggingConfig } from "../config/load.ts";
import { levelled, type Logger } from "./logger.ts";
import { type QueryTrace, traces, type TransactionTrace } from "./trace.ts";

/** All calls of one query since the start. */
export interface QueryStats {
  /** The generated query's name; `unnamed` for statements without one. */
  readonly name: string;
  readonly calls: number;
  /** Calls that ended with an error. */
  readonly failed: number;
  /** Milliseconds, without the wait for a connection. */
  readonly mean: number;
  /** Milliseconds of the slowest call. */
  readonly longest: number;
}

interface Sum {
  calls: number;
  failed: number;
  total: number;
  longest: number;
}

/** Names that are kept apart; whoever makes up names as they go fills no memory. */
const MAX_NAMES = 1_000;
const OTHERS = "others";
const UNNAMED = "unnamed";

/** The journal of one `Database`. */
export class Journal {
  /** With everything below its level left out. */
  readonly logger: Logger;
  readonly #slow: number;
  readonly #debug: boolean;
  readonly #sums = new Map<string, Sum>();

  constructor(logger: Logger, { level, slowQuery }: LoggingConfig) {
    this.logger = levelled(logger, level);
    this.#slow = slowQuery;
    this.#debug = level === "debug";
  }

  /**
   * A statement was answered, or failed.
   *
   * @param duration Milliseconds.
   * @param rows Found or changed; undefined where it failed.
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

  /** A transaction ended. */
  transaction(trace: TransactionTrace): void {
    if (traces.transaction.hasSubscribers) traces.transaction.publish(trace);
  }

  /** The queries whose slowest call took longest, at most ten, slowest first. */
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
