/** Work that several callers wait for, each as long as it likes. */
import { clearTimeout, setTimeout as after } from "node:timers";
import { TimeoutError } from "./errors.ts";
import type { CallOptions } from "./query.ts";

/**
 * Ends one caller's wait at its signal or timeout (milliseconds); the load goes on.
 *
 * @param what What has not happened then, such as `The settings were not read`.
 */
export function within<T>(
  load: Promise<T>,
  what: string,
  { signal, timeout }: CallOptions = {},
): Promise<T> {
  if (signal === undefined && timeout === undefined) return load;
  return new Promise((resolve, reject) => {
    const late = () => {
      const message = `${what} within ${Math.round(timeout ?? 0)} ms`;
      end(() => reject(new TimeoutError("statement", message)));
    };
    const abort = () => end(() => reject(signal?.reason));
    const timer = timeout === undefined ? undefined : after(late, timeout);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      settle();
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    load.then((value) => end(() => resolve(value)), (error) => end(() => reject(error)));
  });
}
