/** Deadlines on the monotonic clock, `performance.now()`. */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { TimeoutError } from "./errors.ts";
import type { CallOptions } from "./query.ts";

const NOTHING = () => {};

/** The longest delay that a timer accepts. */
const MAX_TIMER_MS = 2_147_483_647;
/** A timer that fires later than this shows that the event loop was blocked. */
const BLOCKED_LOOP_MS = 20;
/** Time to process data that has already arrived. */
const GRACE_MS = 1;
const BLOCKED_GRACE_MS = 50;

/** Milliseconds until the deadline, at least 1. */
export function left(until: number): number {
  return Math.max(1, until - performance.now());
}

/**
 * Calls `late` after the deadline, once the data that arrived before it is processed: after a
 * blocked event loop, an answer in the socket still counts.
 *
 * @param until The deadline on `performance.now()`; Infinity means none.
 * @param options `holds`: whether the timer keeps the process alive. Defaults to true.
 * @returns A function that cancels the wait.
 */
export function atDeadline(
  until: number,
  late: () => void,
  { holds = true }: { holds?: boolean } = {},
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const wait = (call: () => void, time: number) => {
    timer = setTimeout(call, time);
    if (!holds) timer.unref();
  };
  const end = () => {
    if (!stopped) late();
  };
  // Node polls its sockets between timers and immediates.
  const pollSockets = () => void setImmediate(end);
  const tick = () => {
    const time = until - performance.now();
    if (time > 0) wait(tick, Math.min(Math.ceil(time), MAX_TIMER_MS));
    else wait(pollSockets, -time > BLOCKED_LOOP_MS ? BLOCKED_GRACE_MS : GRACE_MS);
  };
  if (until !== Infinity) tick();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Returns a function that makes the options of a call's next step: all steps share the timeout. */
export function budget({ signal, timeout }: CallOptions): () => CallOptions {
  if (timeout === undefined) return () => ({ signal });
  const until = performance.now() + timeout;
  return () => ({ signal, timeout: left(until) });
}

/**
 * Ends one caller's wait at its signal or timeout (milliseconds). The shared load continues.
 *
 * @param failure Begins the TimeoutError's message, such as `The settings were not read`.
 */
export function within<T>(
  load: Promise<T>,
  failure: string,
  { signal, timeout }: CallOptions = {},
): Promise<T> {
  if (signal === undefined && timeout === undefined) return load;
  return new Promise((resolve, reject) => {
    const late = () => {
      const message = `${failure} within ${Math.round(timeout ?? 0)} ms`;
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
