/** The format of a sealed text, called envelope: `nr1.<keyId>.<base64url>`. See `vault.ts`. */

/** The first part of an envelope. */
export const FORMAT = "nr1";

const KEY_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** Equals the check of the domain `sealed_text`. */
const ENVELOPE = /^nr1\.[a-z0-9][a-z0-9_-]{0,62}\.[A-Za-z0-9_-]{38,}$/;

/** Whether a text is a valid key id: at most 63 lower-case letters, digits, `_` and `-`. */
export function isKeyId(keyId: unknown): keyId is string {
  return typeof keyId === "string" && KEY_ID.test(keyId);
}

/** Returns the key that an envelope names; undefined if the text is not an envelope. */
export function keyIdOf(envelope: string): string | undefined {
  const [format, keyId, sealed, more] = envelope.split(".");
  return format === FORMAT && isKeyId(keyId) && sealed && more === undefined ? keyId : undefined;
}

/** Whether a value fits a sealed column: an envelope, or an array of envelopes and nulls. */
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

/** Returns the problem of a value that is not sealed: a server may log the parameters it receives. */
export function sealedProblem(value: unknown): string | undefined {
  if (isSealed(value)) return undefined;
  return "is not sealed: use credentialCreate or credentialSetPassword for a password";
}
