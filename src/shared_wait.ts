/** Work that several callers wait for, each as long as it likes. */
import { atDeadline } from "./deadline.ts";
import { TimeoutError } from "./errors.ts";
import type { CallOptions } from "./query.ts";

const NOTHING = () => {};

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
    const stopWaiting = timeout === undefined
      ? NOTHING
      : atDeadline(performance.now() + timeout, late);
    const end = (settle: () => void) => {
      stopWaiting();
      signal?.removeEventListener("abort", abort);
      settle();
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    load.then((value) => end(() => resolve(value)), (error) => end(() => reject(error)));
  });
}
