/** The log of one job, as its handler writes it. */
import { type Level, LEVELS } from "./buffer.ts";
import type { LogSink } from "./writer.ts";
import { Redaction } from "./redaction.ts";
import type { Secret } from "../vault/secret.ts";

/** The most characters of a line. */
const LINE = 65_536;
/** Milliseconds that a flush waits unless told. */
const FLUSH = 5_000;

/**
 * Takes lines of a job. They are stored soon, in their order, whatever becomes of the caller's
 * transactions; the time of a line is when it was written here. Nothing is thrown, and nothing has to
 * be awaited, unless `connect` was told to block: then each promise waits until there is room.
 */
export class JobLog {
  readonly #sink: LogSink;
  readonly #jobId: number;
  readonly #redaction: Redaction;
  #flushed = true;

  /** Made by `db.jobLog`, and for each handler of `db.work`. */
  constructor(sink: LogSink, jobId: number, secrets: readonly (string | Secret)[]) {
    this.#sink = sink;
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

  /** A line of a level. What PostgreSQL takes as no text, such as NUL, becomes U+FFFD. */
  write(level: Level, message: string): Promise<void> {
    const given = this.redact(String(message)).toWellFormed();
    const text = given.includes("\0") ? given.replaceAll("\0", "\u{FFFD}") : given;
    const cut = text.length > LINE
      ? `${text.slice(0, LINE).toWellFormed()}… (${text.length - LINE} characters more)`
      : text;
    this.#flushed = false;
    return this.#sink.write(this.#jobId, Math.max(0, LEVELS.indexOf(level)), cut);
  }

  /**
   * Hides secrets in every line from now on.
   *
   * @example
   * const log = db.jobLog({ id: 7 });
   * log.hide("swordfish");
   * log.info("Logged in with swordfish"); // Logged in with [redacted]
   */
  hide(...secrets: readonly (string | Secret)[]): void {
    this.#redaction.add(...secrets);
  }

  /** A text without the secrets, for what goes elsewhere, such as a session. */
  redact(text: string): string {
    return this.#redaction.apply(text);
  }

  /** Settles when what was written here is stored, or after `timeout` milliseconds (5,000). */
  async flush({ timeout = FLUSH }: { timeout?: number } = {}): Promise<void> {
    if (this.#flushed) return;
    this.#flushed = true;
    await this.#sink.flush(timeout);
  }
}
