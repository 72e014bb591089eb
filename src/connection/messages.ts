/**
 * Writes and reads the bodies of PostgreSQL's messages. A message that is too short,
 * too long or lacks its zero byte is a ProtocolError. No error of this file contains
 * a text of the server.
 */
import { Buffer } from "node:buffer";
import type { ServerError } from "./sqlstate.ts";

/** The server violated the protocol. The message continues a sentence that begins with "the server". */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** `untrusted`: the server behaves like an impostor. */
  readonly reason: "protocol" | "untrusted";
  constructor(message: string, reason: "protocol" | "untrusted" = "protocol") {
    super(message);
    this.reason = reason;
  }
}

/** The transaction status of a session, from ReadyForQuery. */
export type TransactionStatus = "idle" | "in transaction" | "failed";

/** The types of the server's messages: the first byte of each. */
export const SERVER = {
  authentication: 0x52,
  backendKeyData: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyBothResponse: 0x57,
  copyInResponse: 0x47,
  copyOutResponse: 0x48,
  dataRow: 0x44,
  emptyQueryResponse: 0x49,
  errorResponse: 0x45,
  negotiateProtocolVersion: 0x76,
  noData: 0x6e,
  noticeResponse: 0x4e,
  notificationResponse: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(SERVER).map(([name, type]) => [type, name[0]!.toUpperCase() + name.slice(1)]),
);

/** Returns a message's name with its article, such as `a ReadyForQuery`. */
export function nameOf(type: number): string {
  const name = NAMES.get(type) ?? "message of an unknown type";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

/** Bytes of a message's header: the type, and a length that includes itself. */
export const HEADER = 5;

/** Writes a message of the client: its type, its length, its body. */
export function message(type: string, body: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(HEADER + body.length);
  all[0] = type.charCodeAt(0);
  all.writeUInt32BE(4 + body.length, 1);
  all.set(body, HEADER);
  return all;
}

/** Writes a text with its terminating zero byte. */
export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/** Writes the startup message, which has no type. */
export function startupMessage(settings: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}\0${value}\0`).join("");
  const body = Buffer.from(`\0\0\0\0\0\x03\0\0${pairs}\0`);
  body.writeUInt32BE(body.length, 0);
  return body;
}

/** Returns the offset of the zero byte of the text that begins at `from`. */
function endOfText(frame: Buffer, from: number): number {
  const end = frame.indexOf(0, from);
  if (end < 0) throw new ProtocolError("sent an unterminated text");
  return end;
}

/** Reads the text at `at.byte`, and moves `at.byte` behind it. */
function takeText(frame: Buffer, at: { byte: number }): string {
  const end = endOfText(frame, at.byte);
  const text = frame.toString("utf8", at.byte, end);
  at.byte = end + 1;
  return text;
}

function expectEnd(frame: Buffer, at: number): void {
  if (at !== frame.length) throw new ProtocolError(`sent ${nameOf(frame[0]!)} with a wrong length`);
}

/** Refuses a message whose body has another length. */
export function expectLength(frame: Buffer, body: number): void {
  expectEnd(frame, HEADER + body);
}

/** Reads the status of a ReadyForQuery. */
export function readyStatus(frame: Buffer): TransactionStatus {
  expectLength(frame, 1);
  const letter = frame[HEADER];
  if (letter === 0x49) return "idle";
  if (letter === 0x54) return "in transaction";
  if (letter === 0x45) return "failed";
  throw new ProtocolError("sent an unknown transaction status");
}

/** Reads the code and the data of an authentication message. */
export function authentication(frame: Buffer): { code: number; data: Buffer } {
  if (frame.length < HEADER + 4) {
    throw new ProtocolError("sent an Authentication with a wrong length");
  }
  return { code: frame.readUInt32BE(HEADER), data: frame.subarray(HEADER + 4) };
}

/** Reads the process id and the secret of a session, for a cancel request. */
export function backendKey(frame: Buffer): { pid: number; secret: number } {
  expectLength(frame, 8);
  return { pid: frame.readUInt32BE(HEADER), secret: frame.readUInt32BE(HEADER + 4) };
}

/** Reads a setting that the server reports. */
export function parameterStatus(frame: Buffer): { name: string; value: string } {
  const at = { byte: HEADER };
  const name = takeText(frame, at);
  const value = takeText(frame, at);
  expectEnd(frame, at.byte);
  return { name, value };
}

/** Reads a notification. */
export function notification(frame: Buffer): { channel: string; payload: string } {
  if (frame.length < HEADER + 4) throw new ProtocolError("sent a notification with a wrong length");
  const at = { byte: HEADER + 4 };
  const channel = takeText(frame, at);
  const payload = takeText(frame, at);
  expectEnd(frame, at.byte);
  return { channel, payload };
}

/** The fields of an ErrorResponse that this layer uses, by their type. */
const ERROR_FIELDS: Readonly<Record<number, keyof ServerError>> = {
  0x56: "severity", // V, never translated
  0x43: "code", // C
  0x4d: "message", // M
  0x44: "detail", // D
  0x57: "where", // W
  0x74: "table_name", // t
  0x63: "column_name", // c
  0x6e: "constraint_name", // n
  0x52: "routine", // R
};

/** Maximum fields of an error or a notice. PostgreSQL defines 18. */
const MAX_FIELDS = 50;

/** Reads an ErrorResponse. */
export function errorResponse(frame: Buffer): ServerError {
  const fields: { -readonly [field in keyof ServerError]?: string } = {};
  const at = { byte: HEADER };
  let severity: string | undefined;
  for (let count = 0;; count++) {
    if (count > MAX_FIELDS) throw new ProtocolError("sent an error with too many fields");
    const letter = frame[at.byte++];
    if (letter === undefined) throw new ProtocolError("sent an unterminated error");
    if (letter === 0) break;
    const text = takeText(frame, at);
    const field = ERROR_FIELDS[letter];
    if (field !== undefined) fields[field] = text;
    if (letter === 0x53) severity = text;
  }
  expectEnd(frame, at.byte);
  const { code } = fields;
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) {
    throw new ProtocolError("sent an error without an SQLSTATE");
  }
  return { ...fields, code, severity: fields.severity ?? severity ?? "ERROR" };
}

/** Checks a NoticeResponse. The layer ignores its content. */
export function checkNotice(frame: Buffer): void {
  let at = HEADER;
  for (let count = 0; frame[at] !== 0; count++) {
    if (count > MAX_FIELDS) throw new ProtocolError("sent a notice with too many fields");
    at = endOfText(frame, at + 1) + 1;
  }
  expectEnd(frame, at + 1);
}

/** Maximum bytes of a command tag. PostgreSQL writes at most 64. */
const MAX_TAG_BYTES = 128;

/** Reads the command tag, such as `INSERT 0 1`. */
export function commandTag(frame: Buffer): string {
  if (frame.length > MAX_TAG_BYTES) throw new ProtocolError("sent a command tag that is too long");
  expectEnd(frame, endOfText(frame, HEADER) + 1);
  return frame.toString("latin1", HEADER, frame.length - 1);
}

/** Reads the types of a statement's parameters. */
export function parameterTypes(frame: Buffer): number[] {
  const count = countAt(frame);
  expectLength(frame, 2 + 4 * count);
  const types: number[] = [];
  for (let i = 0; i < count; i++) types.push(frame.readUInt32BE(HEADER + 2 + 4 * i));
  return types;
}

/** A column of a result. */
export interface Column {
  readonly name: string;
  /** The type's OID. */
  readonly type: number;
}

/** Reads the columns of a RowDescription. */
export function rowDescription(frame: Buffer): Column[] {
  const count = countAt(frame);
  const at = { byte: HEADER + 2 };
  const columns: Column[] = [];
  for (let i = 0; i < count; i++) {
    const name = takeText(frame, at);
    if (at.byte + 18 > frame.length) {
      throw new ProtocolError("sent a RowDescription with a wrong length");
    }
    columns.push({ name, type: frame.readUInt32BE(at.byte + 6) });
    at.byte += 18;
  }
  expectEnd(frame, at.byte);
  return columns;
}

/**
 * Writes the messages that run a prepared statement: Bind, with text format for parameters and
 * results, Execute and Sync.
 *
 * @param statement The statement's name on the server, in ASCII.
 */
export function executeMessages(statement: string, parameters: readonly (string | null)[]): Buffer {
  const lengths = parameters.map((text) => text === null ? 0 : Buffer.byteLength(text));
  // Length, empty portal, name, and the counts of formats, parameters and result formats.
  const bind = 4 + 1 + statement.length + 1 + 2 + 2 + 2 +
    lengths.reduce((sum, length) => sum + 4 + length, 0);
  const data = Buffer.allocUnsafe(1 + bind + EXECUTE_SYNC.length);
  data[0] = 0x42;
  data.writeUInt32BE(bind, 1);
  data[5] = 0;
  let at = 6 + data.write(statement, 6, "latin1");
  data[at] = data[at + 1] = data[at + 2] = 0;
  at = data.writeUInt16BE(parameters.length, at + 3);
  for (let i = 0; i < parameters.length; i++) {
    const text = parameters[i]!;
    at = data.writeInt32BE(text === null ? -1 : lengths[i]!, at);
    if (text !== null) at += data.write(text, at);
  }
  data[at] = data[at + 1] = 0;
  data.set(EXECUTE_SYNC, at + 2);
  return data;
}

/** Executes the unnamed portal, for all rows. */
const EXECUTE_SYNC = Buffer.concat([message("E", Buffer.alloc(5)), message("S", Buffer.alloc(0))]);

/** Checks that a DataRow has the given number of columns and that they fill the message. */
export function checkRow(frame: Buffer, start: number, end: number, columns: number): void {
  let at = start + HEADER;
  if (end - at >= 2 && ((frame[at]! << 8) | frame[at + 1]!) === columns) {
    at += 2;
    for (let i = 0; i < columns && at + 4 <= end; i++) {
      const length = (frame[at]! << 24) | (frame[at + 1]! << 16) | (frame[at + 2]! << 8) |
        frame[at + 3]!;
      at += 4;
      if (length > 0) at += length;
      else if (length < -1) break;
      if (i === columns - 1 && at === end) return;
    }
    if (columns === 0 && at === end) return;
  }
  throw new ProtocolError("sent a row that does not fit its columns");
}

function countAt(frame: Buffer): number {
  if (frame.length < HEADER + 2) {
    throw new ProtocolError(`sent ${nameOf(frame[0]!)} with a wrong length`);
  }
  return frame.readUInt16BE(HEADER);
}
