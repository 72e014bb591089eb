/** The layer's log. Messages never hold a value, a row or a password. */

/** The levels, from the most verbose to none. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** The lowest level that is logged; `silent` logs nothing. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Any logger with these four methods: `console`, pino, winston… */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const NOTHING = () => {};

/** Returns a logger that drops messages below `level`. */
export function levelled(logger: Logger, level: LogLevel): Logger {
  const from = LOG_LEVELS.indexOf(level);
  const at = (name: "debug" | "info" | "warn" | "error") =>
    LOG_LEVELS.indexOf(name) >= from ? (message: string) => logger[name](message) : NOTHING;
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
