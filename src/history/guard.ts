/** What looks like no whole configuration. */
import type { SavePolicy } from "./policy.ts";

/**
 * Why a configuration waits for a person: it holds nothing but white space; it is much smaller than
 * the version before; its last line is not the end that its type of device writes; the device goes to
 * and fro between texts.
 */
export type QuarantineReason = "empty" | "shrunk" | "no_end_marker" | "flapping";

/**
 * Judges a text that is about to become a version.
 *
 * @param given Its size in bytes.
 * @param base What the database knows: the size of the version before, whether the last line is
 *   an end (null where any line is), and how often the text came back lately.
 */
export function suspicions(
  given: { readonly text: string; readonly size: number },
  base: {
    readonly size: number | null;
    readonly ended: boolean | null;
    readonly returns: number;
  },
  policy: Pick<SavePolicy, "leastShare" | "flappingTimes">,
): QuarantineReason[] {
  const reasons: QuarantineReason[] = [];
  if (!/\S/.test(given.text)) reasons.push("empty");
  if (given.size < (base.size ?? 0) * policy.leastShare) reasons.push("shrunk");
  if (base.ended === false) reasons.push("no_end_marker");
  if (policy.flappingTimes > 0 && base.returns >= policy.flappingTimes) reasons.push("flapping");
  return reasons;
}
