/** Checks whether a configuration looks incomplete. */
import type { SavePolicy } from "./policy.ts";

/**
 * Why a configuration is quarantined: it is blank; it is much smaller than the previous version; its
 * last line does not match the end marker of the device type; the device alternates between
 * configurations.
 */
export type QuarantineReason = "empty" | "shrunk" | "no_end_marker" | "flapping";

/**
 * Returns the reasons to quarantine a configuration instead of storing it as a version.
 *
 * @param given The configuration and its size in bytes.
 * @param base Facts from the database: the size of the previous version in bytes, whether the last
 *   line matches the end marker (null without a marker), and how often the configuration returned lately.
 */
export function suspicions(
  given: { readonly text: string; readonly size: number },
  base: {
    readonly size: number | null;
    readonly ended: boolean | null;
    readonly returns: number;
  },
  policy: Pick<SavePolicy, "minShare" | "flappingTimes">,
): QuarantineReason[] {
  const reasons: QuarantineReason[] = [];
  if (!/\S/.test(given.text)) reasons.push("empty");
  if (given.size < (base.size ?? 0) * policy.minShare) reasons.push("shrunk");
  if (base.ended === false) reasons.push("no_end_marker");
  if (policy.flappingTimes > 0 && base.returns >= policy.flappingTimes) reasons.push("flapping");
  return reasons;
}
