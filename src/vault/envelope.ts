/** What a sealed text looks like, without the keys: `nr1.<keyId>.<base64url>`. See `vault.ts`. */

/** The first part of an envelope. */
export const FORMAT = "nr1";

const KEY_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** As the domain `sealed_text` checks it. */
const ENVELOPE = /^nr1\.[a-z0-9][a-z0-9_-]{0,62}\.[A-Za-z0-9_-]{38,}$/;

/** Whether a key may be called so: lower-case letters, digits, `_` and `-`, at most 63. */
export function isKeyId(keyId: unknown): keyId is string {
  return typeof keyId === "string" && KEY_ID.test(keyId);
}

/** The key that an envelope names; undefined for a text that is no envelope. */
export function keyIdOf(envelope: string): string | undefined {
  const [format, keyId, sealed, more] = envelope.split(".");
  return format === FORMAT && isKeyId(keyId) && sealed && more === undefined ? keyId : undefined;
}

/** Whether it may stand in a sealed column: an envelope, or an array of envelopes and nulls. */
export function isSealed(value: unknown): boolean {
  if (typeof value === "string") return ENVELOPE.test(value);
  try {
    return Array.isArray(value) &&
      value.every((element) => element === null || isSealed(element));
  } catch {
    // A getter of the caller's threw.
    return false;
  }
}
