/** Deadlines, by `performance.now()`. */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";

/** The most milliseconds that a timer takes. */
const MAX_TIMER_MS = 2_147_483_647;
/** A timer that is so late tells that the event loop stood still. */
const STANDSTILL_MS = 20;
/** Time for what has arrived to be heard. */
const GRACE_MS = 1;
const STANDSTILL_GRACE_MS = 50;

/** Milliseconds until the deadline, at least 1. */
export function left(until: number): number {
  return Math.max(1, until - performance.now());
}

/**
 * Calls back once the deadline is over, and what had arrived by then has been heard: an event
 * loop that stood still gives up no answer that lies in the socket.
 *
 * @param until `performance.now()` at the deadline; Infinity never comes.
 * @param options `holds`: whether the wait keeps the process running; true unless told.
 * @returns Ends the wait.
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
  // Node looks at its sockets between a timer and what is due at once.
  const listen = () => void setImmediate(end);
  const ring = () => {
    const time = until - performance.now();
    if (time > 0) wait(ring, Math.min(Math.ceil(time), MAX_TIMER_MS));
    else wait(listen, -time > STANDSTILL_MS ? STANDSTILL_GRACE_MS : GRACE_MS);
  };
  if (until !== Infinity) ring();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
