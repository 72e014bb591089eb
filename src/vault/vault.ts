/**
 * Seals (encrypts) texts for columns and opens (decrypts) them: AES-256-GCM by WebCrypto,
 * with a random nonce of 96 bits for each text. An envelope, the sealed text, is
 *
 *     nr1.<keyId>.<base64url(nonce ‖ ciphertext ‖ tag)>
 *
 * The additional data `nr1.<keyId>.<table>.<column>.<uuid of the row>` binds an envelope to its
 * place: an envelope that was moved to another row or column, or relabelled with another key,
 * does not open. The format is frozen: `tests/vault.test.ts` holds test vectors.
 */
import { Buffer } from "node:buffer";
import { FORMAT, isKeyId, keyIdOf } from "./envelope.ts";
import { VaultError } from "../errors.ts";
import { Secret } from "./secret.ts";

/** A source of keys: the configured key ring, or a key management service. */
export interface KeyProvider {
  /** The key that seals. */
  readonly active: string;
  /** Every key that opens, including the active key. */
  readonly keyIds: readonly string[];
  /** Returns the key's 32 bytes. The vault calls it once per key and passes its errors to the caller. */
  key(keyId: string): Promise<Uint8Array>;
}

/** The place that an envelope is bound to: a column of one row. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  /** The row's uuid. The client makes it, and it never changes. */
  readonly uuid: string;
  /** The place's name in messages, such as `credential 7`. Defaults to the column. */
  readonly label?: string;
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME = /^[a-z_][a-z0-9_]*$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const encoder = new TextEncoder();

/** Seals and opens with loaded keys. */
export class Vault {
  /** The key that seals. */
  readonly active: string;
  readonly #keys: ReadonlyMap<string, Key>;

  private constructor(active: string, keys: ReadonlyMap<string, Key>) {
    this.active = active;
    this.#keys = keys;
  }

  /**
   * Loads every key of the provider.
   *
   * @throws {VaultError} a key does not have 32 bytes, a key id is invalid, or the active key is
   *   missing.
   * @throws the provider's errors.
   * @example
   * const vault = await vaultOf(db).load(); // which calls this
   * const place = { table: "credentials", column: "password", uuid: crypto.randomUUID() };
   * const envelope = await vault.seal(place, "swordfish");
   * const secret = await vault.open(place, envelope);
   * console.log(secret.reveal()); // swordfish
   */
  static async load(provider: KeyProvider): Promise<Vault> {
    const keys = new Map<string, Key>();
    for (const keyId of provider.keyIds) {
      if (!isKeyId(keyId)) {
        throw new VaultError(
          "bad_key",
          "A key's name is invalid: write lower-case letters, digits, hyphens and underscores",
        );
      }
      const bytes = await provider.key(keyId);
      // WebCrypto would silently use 16 bytes for AES-128.
      if (!(bytes instanceof Uint8Array) || bytes.byteLength !== KEY_BYTES) {
        throw new VaultError("bad_key", `Key "${keyId}" does not have exactly ${KEY_BYTES} bytes`);
      }
      const raw = new Uint8Array(bytes);
      keys.set(
        keyId,
        await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
      );
      raw.fill(0);
    }
    if (!keys.has(provider.active)) {
      throw new VaultError("bad_key", "The key ring does not contain the active key");
    }
    return new Vault(provider.active, keys);
  }

  /** The ids of the loaded keys. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /** Whether the key is loaded. */
  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /**
   * Seals a text for a place.
   *
   * @param keyId A loaded key. Defaults to the active key.
   * @returns The envelope.
   * @throws {ParameterError} the text holds a NUL character or a lone surrogate.
   * @throws {TypeError} the place is invalid.
   */
  async seal(place: SealedPlace, text: string | Secret, keyId = this.active): Promise<string> {
    const secret = text instanceof Secret ? text : new Secret(text);
    const key = this.#key(keyId, `Cannot seal ${nameOf(place)}`);
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(gcm(place, keyId, iv), key, secret.bytes());
    const body = Buffer.concat([iv, new Uint8Array(sealed)]);
    return `${FORMAT}.${keyId}.${body.toString("base64url")}`;
  }

  /**
   * Opens an envelope at its place.
   *
   * @throws {VaultError} reason `missing_keys`: the key is not loaded; `not_sealed`: the text is not an
   *   envelope; `does_not_open`: the envelope was changed, moved, or sealed with another key of that name.
   * @throws {TypeError} the place is invalid.
   */
  async open(place: SealedPlace, envelope: string): Promise<Secret> {
    const failure = `Cannot open ${nameOf(place)}`;
    const keyId = keyIdOf(envelope);
    if (keyId === undefined) {
      throw new VaultError("not_sealed", `${failure}: the text is not sealed; set it again`);
    }
    const key = this.#key(keyId, failure);
    const text = envelope.slice(FORMAT.length + keyId.length + 2);
    const body = Buffer.from(text, "base64url");
    const problem = new VaultError(
      "does_not_open",
      `${failure}: the sealed text was changed or moved, or another key is called "${keyId}"`,
      [{ keyId }],
    );
    // Buffer accepts several spellings of the same bytes; the vault accepts one.
    const whole = body.length >= NONCE_BYTES + TAG_BYTES && body.toString("base64url") === text;
    if (!whole) throw problem;
    const algorithm = gcm(place, keyId, new Uint8Array(body.subarray(0, NONCE_BYTES)));
    const sealed = new Uint8Array(body.subarray(NONCE_BYTES));
    const opened = await crypto.subtle.decrypt(algorithm, key, sealed).catch(() => {
      throw problem;
    });
    return new Secret(new Uint8Array(opened));
  }

  #key(keyId: string, failure: string): Key {
    const key = this.#keys.get(keyId);
    if (key !== undefined) return key;
    throw new VaultError("missing_keys", `${failure}: key "${keyId}" is not loaded`, [{ keyId }]);
  }
}

function nameOf({ table, column, label }: SealedPlace): string {
  return label ?? `${table}.${column}`;
}

function gcm({ table, column, uuid }: SealedPlace, keyId: string, iv: Uint8Array<ArrayBuffer>) {
  // No part contains the dot that joins them.
  if (!NAME.test(table) || !NAME.test(column) || !UUID.test(uuid)) {
    throw new TypeError(
      "A sealed place must be a table, a column and the row's uuid, in lower case",
    );
  }
  const bound = encoder.encode([FORMAT, keyId, table, column, uuid].join("."));
  return { name: "AES-GCM", iv, additionalData: bound, tagLength: 8 * TAG_BYTES };
}
