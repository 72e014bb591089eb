/** Waits for conditions instead of sleeping. */

/**
 * Polls until the answer is true.
 *
 * @param timeout Milliseconds until it throws.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeout = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`Still not so after ${timeout} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Returns the rejection of a promise; throws if it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("It resolved, and should have rejected");
}
