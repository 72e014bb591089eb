/** Reads environment variables by name, as Deno's permissions ask. */
import { ConfigError } from "../errors.ts";

/** The value of an environment variable; undefined where it is unset. */
export type Variable = (name: string) => string | undefined;

/**
 * A look into an environment that never enumerates it.
 *
 * @throws {ConfigError} from the look, where the process may not read the variable.
 */
export function variablesOf(env: Readonly<Record<string, string | undefined>>): Variable {
  return (name) => {
    let value: unknown;
    try {
      value = env[name];
    } catch {
      // Deno gives permissions by name and throws for the others.
      throw new ConfigError(
        `Cannot read the environment variable ${name}: the process may not (on Deno, allow --allow-env=${name})`,
        { path: name },
      );
    }
    // "constructor" and the like are found on every object.
    return typeof value === "string" ? value : undefined;
  };
}
