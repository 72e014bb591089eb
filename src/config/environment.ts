/** Reads environment variables one by one by name, because Deno grants permissions by name. */
import { ConfigError } from "../errors.ts";

/** Returns the value of an environment variable; undefined if it is not set. */
export type Variable = (name: string) => string | undefined;

/**
 * Returns a function that reads variables and never enumerates the environment.
 *
 * @throws {ConfigError} from that function: the process may not read the variable.
 */
export function variablesOf(env: Readonly<Record<string, string | undefined>>): Variable {
  return (name) => {
    let value: unknown;
    try {
      value = env[name];
    } catch {
      // Deno grants permissions by name and throws for other variables.
      throw new ConfigError(
        `Cannot read the environment variable ${name}: permission denied (on Deno, allow --allow-env=${name})`,
        { path: name },
      );
    }
    // Every object has inherited properties such as "constructor".
    return typeof value === "string" ? value : undefined;
  };
}
