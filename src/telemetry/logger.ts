/** Where the layer's own words go. Never a value, a row or a password. */

import type { LogLevel } from "../config/schema.ts";

/** Any object with these four methods: `console`, pino, winston… */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const NOTHING = () => {};

/** The logger with everything below `level` left out. */
export function levelled(logger: Logger, level: LogLevel): Logger {
  const order: LogLevel[] = ["debug", "info", "warn", "error", "silent"];
  const from = order.indexOf(level);
  const at = (name: "debug" | "info" | "warn" | "error") =>
    order.indexOf(name) >= from ? (message: string) => logger[name](message) : NOTHING;
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
