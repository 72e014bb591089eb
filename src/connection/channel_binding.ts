/**
 * Computes the certificate hash that binds a login to the server's certificate: `tls-server-end-point`
 * of RFC 5929. A man in the middle with another certificate cannot forward the proof.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** The hash algorithm of a certificate's signature, by object identifier. */
const HASHES: Readonly<Record<string, string>> = {
  // RSA: 1.2.840.113549.1.1.x. MD5 and SHA-1 are replaced by SHA-256, as the RFC asks.
  "2a864886f70d010104": "sha256",
  "2a864886f70d010105": "sha256",
  "2a864886f70d01010e": "sha224",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  // ECDSA: 1.2.840.10045.4.x
  "2a8648ce3d0401": "sha256",
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};
/** RSASSA-PSS names its hash algorithm among its parameters: 2.16.840.1.101.3.4.2.x. */
const PSS = "2a864886f70d01010a";
const PSS_HASHES: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256", // SHA-1: 1.3.14.3.2.26
  "608648016503040204": "sha224",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

/** Returns the hash of the server's certificate; undefined if its signature names no hash, as Ed25519. */
export function certificateHash(socket: TLSSocket): Uint8Array | undefined {
  const raw: unknown = socket.getPeerCertificate(true)?.raw;
  if (!(raw instanceof Uint8Array)) return undefined;
  const certificate = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const hash = hashOf(certificate);
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/** Returns the hash algorithm. A certificate is a sequence of the signed part, the algorithm, and the signature. */
export function hashOf(certificate: Buffer): string | undefined {
  const whole = element(certificate, 0);
  const signed = whole && element(certificate, whole.from);
  const algorithm = signed && element(certificate, signed.until);
  const identifier = algorithm && identifierAt(certificate, algorithm.from);
  if (identifier === undefined) return undefined;
  if (identifier.name !== PSS) return HASHES[identifier.name];
  // The parameter with tag 0 is the hash. If it is absent, the hash is SHA-1, which SHA-256 replaces.
  const parameters = element(certificate, identifier.until);
  const first = parameters && element(certificate, parameters.from);
  if (first?.tag !== 0xa0) return "sha256";
  const hash = element(certificate, first.from);
  return PSS_HASHES[(hash && identifierAt(certificate, hash.from)?.name) ?? ""];
}

/** Reads an object identifier in hexadecimal, and the offset of its end. */
function identifierAt(data: Buffer, at: number): { name: string; until: number } | undefined {
  const found = element(data, at);
  if (found?.tag !== 0x06) return undefined;
  return { name: data.toString("hex", found.from, found.until), until: found.until };
}

/** Reads one element of DER: its tag, and the offsets of its content. */
function element(
  data: Buffer,
  at: number,
): { tag: number; from: number; until: number } | undefined {
  const tag = data[at];
  let length = data[at + 1];
  let from = at + 2;
  if (tag === undefined || length === undefined) return undefined;
  if (length >= 0x80) {
    const bytes = length & 0x7f;
    if (bytes < 1 || bytes > 4 || from + bytes > data.length) return undefined;
    length = data.readUIntBE(from, bytes);
    from += bytes;
  }
  const until = from + length;
  return until <= data.length ? { tag, from, until } : undefined;
}
