/**
 * Seals texts for columns and opens them: AES-256-GCM by WebCrypto, a fresh random
 * nonce of 96 bits each. An envelope is
 *
 *     nr1.<keyId>.<base64url(nonce ‖ ciphertext ‖ tag)>
 *
 * and is bound to its place: the additional data is
 * `nr1.<keyId>.<table>.<column>.<uuid of the row>`, so that an envelope that was moved
 * to another row or column, or relabelled with another key, does not open.
 * The format is frozen: `tests/vault.test.ts` holds vectors of it.
 */
import { Buffer } from "node:buffer";
import { FORMAT, isKeyId, keyIdOf } from "./envelope.ts";
import { VaultError } from "../errors.ts";
import { Secret } from "./secret.ts";

/** Where keys come from: the configuration's key ring, or a key management service. */
export interface KeyProvider {
  /** The key that seals. */
  readonly active: string;
  /** Every key that opens, the active one among them. */
  readonly keyIds: readonly string[];
  /** The key's 32 bytes; asked for once. What it throws reaches whoever needed the key. */
  key(keyId: string): Promise<Uint8Array>;
}

/** What an envelope is bound to. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  /** Of the row, made by the client; it never changes. */
  readonly uuid: string;
  /** What messages call it, such as `credential 7`; the column unless told. */
  readonly label?: string;
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME = /^[a-z_][a-z0-9_]*$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const encoder = new TextEncoder();

/** Keys, ready to seal and to open. */
export class Vault {
  /** The key that seals. */
  readonly active: string;
  readonly #keys: ReadonlyMap<string, Key>;

  private constructor(active: string, keys: ReadonlyMap<string, Key>) {
    this.active = active;
    this.#keys = keys;
  }

  /**
   * Takes every key of the provider.
   *
   * @throws {VaultError} a key has not exactly 32 bytes, or a name that no key may have; the
   *   active one is not among them.
   * @throws what the provider throws.
   * @example
   * const provider = { active: "k1", keyIds: ["k1"], key: async () => crypto.getRandomValues(new Uint8Array(32)) };
   * const vault = await Vault.load(provider);
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
          "A key has an unusable name: write lower-case letters, digits, hyphens and underscores",
        );
      }
      const bytes = await provider.key(keyId);
      // WebCrypto would take 16 bytes for AES-128 without a word.
      if (!(bytes instanceof Uint8Array) || bytes.byteLength !== KEY_BYTES) {
        throw new VaultError("bad_key", `Key "${keyId}" has not exactly ${KEY_BYTES} bytes`);
      }
      const raw = new Uint8Array(bytes);
      keys.set(
        keyId,
        await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
      );
      raw.fill(0);
    }
    if (!keys.has(provider.active)) {
      throw new VaultError("bad_key", "The active key is not among the keys of the ring");
    }
    return new Vault(provider.active, keys);
  }

  /** The keys that are loaded. */
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
   * @param keyId Another loaded key than the active one.
   * @returns The envelope.
   * @throws {ParameterError} the text holds a NUL character or a lone surrogate.
   * @throws {TypeError} the place is none.
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
   * Opens an envelope where it belongs.
   *
   * @throws {VaultError} reason `missing_keys`: its key is not loaded; `not_sealed`: it is no
   *   envelope; `does_not_open`: it was changed, moved, or sealed with another key of that name.
   * @throws {TypeError} the place is none.
   */
  async open(place: SealedPlace, envelope: string): Promise<Secret> {
    const what = `Cannot open ${nameOf(place)}`;
    const keyId = keyIdOf(envelope);
    if (keyId === undefined) {
      throw new VaultError("not_sealed", `${what}: no key of this layer sealed it; set it again`);
    }
    const key = this.#key(keyId, what);
    const text = envelope.slice(FORMAT.length + keyId.length + 2);
    const body = Buffer.from(text, "base64url");
    const problem = new VaultError(
      "does_not_open",
      `${what}: it was changed or moved after it had been sealed, or another key is called "${keyId}"`,
      [{ keyId }],
    );
    // One spelling only: Buffer reads many.
    const whole = body.length >= NONCE_BYTES + TAG_BYTES && body.toString("base64url") === text;
    if (!whole) throw problem;
    const algorithm = gcm(place, keyId, new Uint8Array(body.subarray(0, NONCE_BYTES)));
    const sealed = new Uint8Array(body.subarray(NONCE_BYTES));
    const opened = await crypto.subtle.decrypt(algorithm, key, sealed).catch(() => {
      throw problem;
    });
    return new Secret(new Uint8Array(opened));
  }

  #key(keyId: string, what: string): Key {
    const key = this.#keys.get(keyId);
    if (key !== undefined) return key;
    throw new VaultError("missing_keys", `${what}: key "${keyId}" is not loaded`, [{ keyId }]);
  }
}

function nameOf({ table, column, label }: SealedPlace): string {
  return label ?? `${table}.${column}`;
}

function gcm({ table, column, uuid }: SealedPlace, keyId: string, iv: Uint8Array<ArrayBuffer>) {
  // None of the parts can hold the dot that joins them.
  if (!NAME.test(table) || !NAME.test(column) || !UUID.test(uuid)) {
    throw new TypeError("A sealed place is a table, a column and the row's uuid, in lower case");
  }
  const bound = encoder.encode([FORMAT, keyId, table, column, uuid].join("."));
  return { name: "AES-GCM", iv, additionalData: bound, tagLength: 8 * TAG_BYTES };
}
