/** The log that the handler of a job writes. */
import { type Level, LEVELS } from "./buffer.ts";
import { type LogWriter, logWriterOf } from "./writer.ts";
import type { Session } from "../session.ts";
import { Redaction } from "./redaction.ts";
import type { Secret } from "../vault/secret.ts";

const MAX_LINE_CHARACTERS = 65_536;
const FLUSH_TIMEOUT_MS = 5_000;

/** Parameters of `jobLog`. */
export interface JobLogParams {
  readonly jobId: number;
  /** Secrets to redact in every line, such as the password of the job's credential. */
  readonly secrets?: readonly (string | Secret)[] | undefined;
}

/**
 * Opens the log of a job for callers that do not use `work`. A dedicated connection stores the lines
 * in batches; the option `jobLog` of `connect` limits the lines that wait.
 *
 * @throws {ConnectionError} the database is closed.
 * @example
 * const log = jobLog({ jobId: 7, secrets: ["swordfish"] }, db);
 * log.info("Logged in");
 * await log.flush();
 */
export function jobLog({ jobId, secrets = [] }: JobLogParams, db: Session): JobLog {
  return new JobLog(logWriterOf(db), jobId, secrets);
}

/**
 * Log of a job. Lines are stored soon and in order, outside the caller's transactions, with the time
 * of the call. The methods never throw. Their promises need no `await`, except for backpressure with
 * the option `full: "block"` of `connect`: then each promise waits until the queue has room.
 */
export class JobLog {
  readonly #writer: LogWriter;
  readonly #jobId: number;
  readonly #redaction: Redaction;
  #flushed = true;

  /** `jobLog` and `work` create instances. */
  constructor(writer: LogWriter, jobId: number, secrets: readonly (string | Secret)[]) {
    this.#writer = writer;
    this.#jobId = jobId;
    this.#redaction = new Redaction(secrets);
  }

  debug(message: string): Promise<void> {
    return this.write("debug", message);
  }

  info(message: string): Promise<void> {
    return this.write("info", message);
  }

  warning(message: string): Promise<void> {
    return this.write("warning", message);
  }

  error(message: string): Promise<void> {
    return this.write("error", message);
  }

  critical(message: string): Promise<void> {
    return this.write("critical", message);
  }

  /** Writes a line. Characters that PostgreSQL refuses, such as NUL, become U+FFFD. */
  write(level: Level, message: string): Promise<void> {
    const given = this.redact(String(message)).toWellFormed();
    const text = given.includes("\0") ? given.replaceAll("\0", "\u{FFFD}") : given;
    const cut = text.length > MAX_LINE_CHARACTERS ? truncated(text) : text;
    this.#flushed = false;
    return this.#writer.write(this.#jobId, Math.max(0, LEVELS.indexOf(level)), cut);
  }

  /**
   * Redacts these secrets in every later line.
   *
   * @example
   * const log = jobLog({ jobId: 7 }, db);
   * log.hide("swordfish");
   * log.info("Logged in with swordfish"); // Logged in with [redacted]
   */
  hide(...secrets: readonly (string | Secret)[]): void {
    this.#redaction.add(...secrets);
  }

  /** Returns the text with its secrets redacted, for use outside this log. */
  redact(text: string): string {
    return this.#redaction.apply(text);
  }

  /** Waits until the lines of this log are stored, at most `timeout` milliseconds. Defaults to 5,000. */
  async flush({ timeout = FLUSH_TIMEOUT_MS }: { timeout?: number } = {}): Promise<void> {
    if (this.#flushed) return;
    this.#flushed = true;
    await this.#writer.flush(timeout);
  }
}

function truncated(text: string): string {
  const more = text.length - MAX_LINE_CHARACTERS;
  return `${text.slice(0, MAX_LINE_CHARACTERS).toWellFormed()}… (${more} characters more)`;
}
