/** One deadline for a call of several steps. */
import type { CallOptions } from "./query.ts";

/** The options of each step of a call whose timeout is for all of them. */
export function budget({ signal, timeout }: CallOptions): () => CallOptions {
  if (timeout === undefined) return () => ({ signal });
  const until = performance.now() + timeout;
  return () => ({ signal, timeout: Math.max(1, until - performance.now()) });
}
