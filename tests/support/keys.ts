/** Keys for tests: the same name yields the same 32 bytes in every process. */
import type { KeyProvider } from "netraven-db";

/** The bytes of a test's key. */
export async function keyBytes(name: string): Promise<Uint8Array> {
  const text = new TextEncoder().encode(`a key for tests: ${name}`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", text));
}

/**
 * A ring of test keys with the first one active.
 *
 * @param bytes Other bytes for a key, by its name.
 */
export function testKeys(
  [active, ...older]: readonly [string, ...string[]],
  bytes: Readonly<Record<string, Uint8Array>> = {},
): KeyProvider {
  return {
    active,
    keyIds: [active, ...older],
    key: async (keyId) => bytes[keyId] ?? await keyBytes(keyId),
  };
}
