/**
 * Checks the server's messages before any other code sees them: a state machine derives from the
 * client's messages which message may come next. It passes whole messages on, and nothing after a
 * message that violates the protocol.
 */
import { Buffer } from "node:buffer";
import {
  checkNotice,
  checkRow,
  type Column,
  commandTag,
  errorResponse,
  expectLength,
  HEADER,
  message,
  nameOf,
  notification,
  parameterStatus,
  parameterTypes,
  ProtocolError,
  readyStatus,
  rowDescription,
  SERVER,
  type TransactionStatus,
} from "./messages.ts";
import type { ServerError } from "./sqlstate.ts";

/** The server's answer to all messages up to a Sync, or to a simple query. */
export interface Outcome {
  /** The session's transaction status. */
  readonly status: TransactionStatus;
  readonly error: ServerError | undefined;
  /** Whether the server bound the parameters and made a plan: then an error came from the execution. */
  readonly bound: boolean;
  /** The command tag, such as `INSERT 0 1`; empty if there is none. */
  readonly tag: string;
  /** The statement's description, if the client asked for it. */
  readonly described: Described | undefined;
}

/** The server's description of a statement. */
export interface Described {
  /** The statement's name on the server; empty for an unnamed statement. */
  readonly name: string;
  /** The types of the parameters. */
  readonly types: readonly number[];
  /** The result's columns; undefined if the statement returns no rows. */
  readonly columns: readonly Column[] | undefined;
}

/** Takes the rows of a statement that the layer itself sent, not the driver. */
export interface RowTaker {
  /** Number of columns of each row; undefined if the statement returns no rows. */
  readonly columns: number | undefined;
  /** @throws {ProtocolError} the row from `start` to `end` does not fit its columns. */
  take(data: Buffer, start: number, end: number): void;
}

/** Callbacks of the reader. */
export interface ProtocolEvents {
  /** Whole messages for the driver. Errors come without the server's text. */
  messages(data: Buffer): void;
  /** A ReadyForQuery arrived; its bytes are in the next `messages`. */
  ready(outcome: Outcome): void;
  /** The server ended the session, or sent an error that answers no message. */
  farewell(error: ServerError): void;
  /** The server started a COPY, which this layer does not support. */
  copy(): void;
  setting(name: string, value: string): void;
  notified(channel: string, payload: string): void;
  /** The server violated the protocol. The reader ignores all later bytes. */
  broken(error: ProtocolError): void;
}

/** The expected answers, each by the type of the client's message. */
const PARSE = 0x50;
const DESCRIBE = 0x44;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const FLUSH = 0x48;
const SYNC = 0x53;
const QUERY = 0x51;
const TERMINATE = 0x58;
/** Expects the second answer to Describe. */
const COLUMNS = 1;
/** Expects the end of a simple query after an error. */
const READY = 2;
/** Expect the answers to the Bind and the Sync that the layer itself sent. */
const OWN_BIND = 3;
const OWN_SYNC = 4;

const NO_COLUMNS = -1;
/** Maximum bytes of a message: PostgreSQL allocates at most a gigabyte. */
const MAX_MESSAGE_BYTES = 0x4000_0000;
/** Maximum bytes of messages whose length depends only on the number of columns or parameters. */
const MAX_SHORT_MESSAGE_BYTES = 0x10_0000;
const LONG: ReadonlySet<number> = new Set([
  SERVER.dataRow,
  SERVER.errorResponse,
  SERVER.noticeResponse,
]);

/** Maximum notices between two answers. A caller's statement may raise some. */
const MAX_NOTICES = 100_000;

/** Replaces every error for the driver, which needs only the fact of the error. */
const PLAIN_ERROR = message("E", Buffer.from("SERROR\0CXX000\0M\0\0"));

/** Reads one session after its first ReadyForQuery. */
export class ProtocolReader {
  readonly #events: ProtocolEvents;
  /** The start of a message that has not arrived completely. */
  #chunks: Buffer[] = [];
  #held = 0;
  /** Length of that message; 0 if it is not known yet. */
  #wanted = 0;
  #broken = false;
  /** Reports the end, after the driver has received the earlier messages. */
  #reportEnd: (() => void) | undefined;

  /** The expected answers, from `#next` on. */
  #expected: number[] = [];
  #next = 0;
  /** After an error, the server answers no message before the Sync. */
  #skipping = false;
  /** Number of columns of the described statements, by name. */
  readonly #described = new Map<string, number>();
  /** The statements of the unanswered Describes and Binds. */
  readonly #names: string[] = [];
  /** Takers of the rows of the layer's own unanswered statements. */
  readonly #takers: RowTaker[] = [];
  #taker: RowTaker | undefined;
  #columns = NO_COLUMNS;

  #error: ServerError | undefined;
  #bound = false;
  #completed = false;
  #notices = 0;
  #tag = "";
  #describing: { name: string; types: readonly number[] } | undefined;
  #describedNow: Described | undefined;

  constructor(events: ProtocolEvents) {
    this.#events = events;
  }

  /** Whether the server owes an answer. */
  get busy(): boolean {
    return this.#next < this.#expected.length;
  }

  /** Records the messages that the client sends: whole messages. */
  wrote(data: Buffer): void {
    for (let at = 0; at < data.length; at += 1 + data.readUInt32BE(at + 1)) {
      const type = data[at]!;
      switch (type) {
        case FLUSH:
        case TERMINATE:
          break;
        case DESCRIBE:
          this.#names.push(nameAt(data, at + HEADER + 1));
          this.#expected.push(type, COLUMNS);
          break;
        case BIND:
          // The portal's name is empty; the statement's follows.
          this.#names.push(nameAt(data, at + HEADER + 1));
          this.#expected.push(type);
          break;
        default:
          this.#expected.push(type);
      }
    }
    if (this.#skipping) this.#skip();
  }

  /** Records that the layer itself sends Bind, Execute and Sync. */
  wroteOwn(taker: RowTaker): void {
    this.#takers.push(taker);
    this.#expected.push(OWN_BIND, EXECUTE, OWN_SYNC);
  }

  /** Takes the server's bytes in chunks of any size. */
  feed(chunk: Buffer): void {
    if (this.#broken) return;
    let data = chunk;
    if (this.#held > 0) {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#wanted) return;
      data = Buffer.concat(this.#chunks, this.#held);
      this.#chunks = [];
      this.#held = 0;
    }
    this.#wanted = 0;
    try {
      this.#read(data);
    } catch (error) {
      this.#broken = true;
      const problem = error instanceof ProtocolError
        ? error
        : new ProtocolError("sent an unreadable message");
      this.#events.broken(problem);
    }
  }

  #read(data: Buffer): void {
    const size = data.length;
    let at = 0;
    /** Offset of the first byte that the driver has not received yet. */
    let from = 0;
    try {
      while (size - at >= HEADER) {
        const type = data[at]!;
        const length = data.readUInt32BE(at + 1);
        const longest = LONG.has(type) ? MAX_MESSAGE_BYTES : MAX_SHORT_MESSAGE_BYTES;
        if (length < 4 || length > longest) {
          throw new ProtocolError(`sent ${nameOf(type)} with an impossible length`);
        }
        const end = at + 1 + length;
        if (end > size) {
          this.#wanted = end - at;
          break;
        }
        if (type === SERVER.dataRow) {
          if (this.#row(data, at, end)) {
            if (from < at) this.#events.messages(data.subarray(from, at));
            from = end;
          }
        } else {
          const frame = data.subarray(at, end);
          const given = this.#take(type, frame);
          if (this.#broken) break;
          if (given !== frame) {
            if (from < at) this.#events.messages(data.subarray(from, at));
            if (given !== undefined) this.#events.messages(given);
            from = end;
          }
        }
        at = end;
      }
    } finally {
      // The messages before the violation are valid.
      if (from < at) {
        this.#events.messages(from === 0 && at === size ? data : data.subarray(from, at));
      }
    }
    if (this.#broken) return this.#reportEnd?.();
    if (at === size) return;
    this.#chunks = [data.subarray(at)];
    this.#held = size - at;
    this.#wanted ||= HEADER;
  }

  /** Takes a row. Returns whether the row belongs to the layer, not to the driver. */
  #row(data: Buffer, at: number, end: number): boolean {
    const due = this.#expected[this.#next];
    if ((due !== EXECUTE && due !== QUERY) || this.#columns === NO_COLUMNS) {
      throw misplaced(SERVER.dataRow);
    }
    if (this.#taker === undefined) checkRow(data, at, end, this.#columns);
    else this.#taker.take(data, at, end);
    return this.#taker !== undefined;
  }

  /** Takes any message except a row. Returns the message for the driver, if there is one. */
  #take(type: number, frame: Buffer): Buffer | undefined {
    switch (type) {
      case SERVER.noticeResponse:
        checkNotice(frame);
        if (++this.#notices > MAX_NOTICES) throw new ProtocolError("sent too many notices");
        return undefined;
      case SERVER.parameterStatus: {
        const { name, value } = parameterStatus(frame);
        this.#events.setting(name, value);
        return undefined;
      }
      case SERVER.notificationResponse: {
        const { channel, payload } = notification(frame);
        this.#events.notified(channel, payload);
        return undefined;
      }
      case SERVER.errorResponse: {
        const own = this.#own;
        this.#refused(errorResponse(frame));
        return own ? undefined : PLAIN_ERROR;
      }
      default: {
        const own = this.#own;
        this.#answer(type, frame);
        return own ? undefined : frame;
      }
    }
  }

  /** Whether the next message answers a message that the layer itself sent. */
  get #own(): boolean {
    const due = this.#expected[this.#next];
    return this.#taker !== undefined || due === OWN_BIND || due === OWN_SYNC;
  }

  #refused(error: ServerError): void {
    // One error ends an answer. The Sync may fail, since it checks deferred constraints.
    if (!this.busy || error.severity !== "ERROR" || this.#error !== undefined) {
      return this.#end(() => this.#events.farewell(error));
    }
    this.#error = error;
    const due = this.#expected[this.#next];
    if (due === QUERY) this.#expected[this.#next] = READY;
    else if (due !== SYNC && due !== OWN_SYNC) {
      this.#skipping = true;
      this.#skip();
    }
  }

  #end(report: () => void): void {
    this.#broken = true;
    this.#reportEnd = report;
  }

  /** Skips all expected answers before the Sync, which may not have been sent yet. */
  #skip(): void {
    for (; this.#next < this.#expected.length; this.#next++) {
      const due = this.#expected[this.#next];
      if (due === SYNC || due === OWN_SYNC) {
        this.#skipping = false;
        return;
      }
      if (due === DESCRIBE || due === BIND) this.#names.shift();
      else if (due === OWN_BIND) this.#takers.shift();
    }
  }

  #answer(type: number, frame: Buffer): void {
    const due = this.#expected[this.#next];
    switch (due) {
      case PARSE:
        expectType(type, SERVER.parseComplete, frame);
        break;
      case DESCRIBE:
        if (type !== SERVER.parameterDescription) throw misplaced(type);
        this.#describing = { name: this.#names.shift()!, types: parameterTypes(frame) };
        break;
      case COLUMNS: {
        const columns = columnsOf(type, frame);
        this.#describedNow = { ...this.#describing!, columns };
        this.#described.set(this.#describing!.name, columns?.length ?? NO_COLUMNS);
        break;
      }
      case BIND:
        expectType(type, SERVER.bindComplete, frame);
        this.#bound = true;
        this.#columns = this.#described.get(this.#names.shift()!) ?? NO_COLUMNS;
        break;
      case OWN_BIND:
        expectType(type, SERVER.bindComplete, frame);
        this.#bound = true;
        this.#taker = this.#takers.shift()!;
        this.#columns = this.#taker.columns ?? NO_COLUMNS;
        break;
      case CLOSE:
        expectType(type, SERVER.closeComplete, frame);
        break;
      case EXECUTE:
        this.#result(type, frame);
        break;
      case QUERY:
        return this.#query(type, frame);
      case SYNC:
      case OWN_SYNC:
      case READY:
        return this.#ready(type, frame);
      default:
        throw misplaced(type);
    }
    this.#next++;
  }

  /** Takes an answer to a simple query, which may hold several statements with different columns. */
  #query(type: number, frame: Buffer): void {
    if (type === SERVER.rowDescription && this.#columns === NO_COLUMNS) {
      this.#columns = rowDescription(frame).length;
    } else if (type === SERVER.readyForQuery && this.#completed && this.#columns === NO_COLUMNS) {
      this.#ready(type, frame);
    } else {
      this.#result(type, frame);
      this.#columns = NO_COLUMNS;
    }
  }

  /** Takes the end of a statement's rows. */
  #result(type: number, frame: Buffer): void {
    if (type === SERVER.commandComplete) this.#tag = commandTag(frame);
    else if (type === SERVER.emptyQueryResponse) expectLength(frame, 0);
    else {
      const copies = type === SERVER.copyInResponse || type === SERVER.copyOutResponse ||
        type === SERVER.copyBothResponse;
      if (!copies) throw misplaced(type);
      return this.#end(() => this.#events.copy());
    }
    this.#completed = true;
  }

  #ready(type: number, frame: Buffer): void {
    if (type !== SERVER.readyForQuery) throw misplaced(type);
    const outcome: Outcome = {
      status: readyStatus(frame),
      error: this.#error,
      bound: this.#bound,
      tag: this.#tag,
      described: this.#describedNow,
    };
    this.#next++;
    if (!this.busy) {
      this.#expected = [];
      this.#next = 0;
    }
    this.#error = undefined;
    this.#bound = false;
    this.#completed = false;
    this.#notices = 0;
    this.#tag = "";
    this.#describedNow = undefined;
    this.#taker = undefined;
    this.#columns = NO_COLUMNS;
    this.#events.ready(outcome);
  }
}

function columnsOf(type: number, frame: Buffer): readonly Column[] | undefined {
  if (type === SERVER.rowDescription) return rowDescription(frame);
  expectType(type, SERVER.noData, frame);
  return undefined;
}

function expectType(type: number, expected: number, frame: Buffer): void {
  if (type !== expected) throw misplaced(type);
  expectLength(frame, 0);
}

function misplaced(type: number): ProtocolError {
  return new ProtocolError(`sent ${nameOf(type)} out of order`);
}

/** Reads a name that ends with a zero byte. */
function nameAt(data: Buffer, from: number): string {
  return data.toString("latin1", from, data.indexOf(0, from));
}
