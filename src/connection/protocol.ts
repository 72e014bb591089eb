/**
 * Reads what a server says before anything else does: one state machine that knows, from what
 * the client wrote, which message may come next. It hands whole messages on, and nothing after
 * one that the protocol does not allow.
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

/** What a server answered to everything up to a Sync, or to a simple query. */
export interface Outcome {
  /** Where the session stands now. */
  readonly status: TransactionStatus;
  readonly error: ServerError | undefined;
  /** Whether the parameters were taken and a plan was made: an error came while it ran. */
  readonly bound: boolean;
  /** The command tag, such as `INSERT 0 1`; empty where there is none. */
  readonly tag: string;
  /** The statement, where the server was asked about it. */
  readonly described: Described | undefined;
}

/** What a server tells of a statement. */
export interface Described {
  /** Its name there; empty where it is not kept. */
  readonly name: string;
  /** The types of its parameters. */
  readonly types: readonly number[];
  /** Undefined where it gives no rows. */
  readonly columns: readonly Column[] | undefined;
}

/** Takes the rows of a statement that the layer sent by itself, and not the driver. */
export interface RowTaker {
  /** How many columns each row has; undefined where there are no rows. */
  readonly columns: number | undefined;
  /** @throws {ProtocolError} the row from `start` to `end` does not fit its columns. */
  take(data: Buffer, start: number, end: number): void;
}

/** Who is told of what. */
export interface ProtocolEvents {
  /** Whole messages for the driver. Errors come without what a server says in them. */
  messages(data: Buffer): void;
  /** A ReadyForQuery came; its bytes are in the next `messages`. */
  ready(outcome: Outcome): void;
  /** The server ends the session, or says an error that answers nothing. */
  farewell(error: ServerError): void;
  /** The server wants to copy rows, which this layer does not. */
  copy(): void;
  setting(name: string, value: string): void;
  notified(channel: string, payload: string): void;
  /** The server broke the protocol; nothing of what follows is read. */
  broken(error: ProtocolError): void;
}

/** What must come next. A letter of the client's stands for what answers it. */
const PARSE = 0x50;
const DESCRIBE = 0x44;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const FLUSH = 0x48;
const SYNC = 0x53;
const QUERY = 0x51;
const TERMINATE = 0x58;
/** The second answer to Describe. */
const COLUMNS = 1;
/** The end of a simple query, after an error in it. */
const READY = 2;
/** Bind and Sync of what the layer sent by itself. */
const OWN_BIND = 3;
const OWN_SYNC = 4;

const NO_COLUMNS = -1;
/** PostgreSQL allocates a gigabyte at most for a value or a message. */
const MAX_LENGTH = 0x4000_0000;
/** What is bounded by the number of columns or parameters. */
const MAX_SHORT_LENGTH = 0x10_0000;
const LONG: ReadonlySet<number> = new Set([
  SERVER.dataRow,
  SERVER.errorResponse,
  SERVER.noticeResponse,
]);

/** Between two answers. A session asks for none, and a statement of a caller's may raise some. */
const MAX_NOTICES = 100_000;

/** In place of every error: the driver reads no more of it than that it is one. */
const PLAIN_ERROR = message("E", Buffer.from("SERROR\0CXX000\0M\0\0"));

/** The reader of one session, from its first ReadyForQuery on. */
export class ProtocolReader {
  readonly #events: ProtocolEvents;
  /** The start of a message whose end has not come. */
  #pieces: Buffer[] = [];
  #held = 0;
  /** How long it will be; 0 as long as that is not known. */
  #wanted = 0;
  #broken = false;
  /** Tells of the end, once the driver has what came before it. */
  #tellEnd: (() => void) | undefined;

  /** What must come, from `#next` on. */
  #expected: number[] = [];
  #next = 0;
  /** What follows an error up to the Sync is not answered. */
  #skipping = false;
  /** Columns of the statements that were described, by their name. */
  readonly #described = new Map<string, number>();
  /** The statements of the Describes and Binds that are not answered yet. */
  readonly #names: string[] = [];
  /** Who takes the rows of the layer's own statements that are not answered yet. */
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

  /** Whether an answer is due. */
  get busy(): boolean {
    return this.#next < this.#expected.length;
  }

  /** Notes what the client sends: whole messages. */
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

  /** Notes that the layer itself sends Bind, Execute and Sync. */
  wroteOwn(taker: RowTaker): void {
    this.#takers.push(taker);
    this.#expected.push(OWN_BIND, EXECUTE, OWN_SYNC);
  }

  /** Takes what came, in pieces of any size. */
  feed(chunk: Buffer): void {
    if (this.#broken) return;
    let data = chunk;
    if (this.#held > 0) {
      this.#pieces.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#wanted) return;
      data = Buffer.concat(this.#pieces, this.#held);
      this.#pieces = [];
      this.#held = 0;
    }
    this.#wanted = 0;
    try {
      this.#read(data);
    } catch (error) {
      this.#broken = true;
      const problem = error instanceof ProtocolError
        ? error
        : new ProtocolError("sent a message that cannot be read");
      this.#events.broken(problem);
    }
  }

  #read(data: Buffer): void {
    const size = data.length;
    let at = 0;
    /** Where what the driver has not been given yet begins. */
    let from = 0;
    try {
      while (size - at >= HEADER) {
        const type = data[at]!;
        const length = data.readUInt32BE(at + 1);
        const longest = LONG.has(type) ? MAX_LENGTH : MAX_SHORT_LENGTH;
        if (length < 4 || length > longest) {
          throw new ProtocolError(`sent ${nameOf(type)} of an impossible length`);
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
      // What came before the fault is right.
      if (from < at) {
        this.#events.messages(from === 0 && at === size ? data : data.subarray(from, at));
      }
    }
    if (this.#broken) return this.#tellEnd?.();
    if (at === size) return;
    this.#pieces = [data.subarray(at)];
    this.#held = size - at;
    this.#wanted ||= HEADER;
  }

  /** Takes a row. Returns whether it was the layer's own, and not the driver's. */
  #row(data: Buffer, at: number, end: number): boolean {
    const due = this.#expected[this.#next];
    if ((due !== EXECUTE && due !== QUERY) || this.#columns === NO_COLUMNS) {
      throw misplaced(SERVER.dataRow);
    }
    if (this.#taker === undefined) checkRow(data, at, end, this.#columns);
    else this.#taker.take(data, at, end);
    return this.#taker !== undefined;
  }

  /** Takes anything but a row. Returns what the driver is to have of it. */
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

  /** Whether what comes next answers what the layer sent by itself. */
  get #own(): boolean {
    const due = this.#expected[this.#next];
    return this.#taker !== undefined || due === OWN_BIND || due === OWN_SYNC;
  }

  #refused(error: ServerError): void {
    // One error ends an answer. It may be the Sync that fails: deferred constraints are checked then.
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

  #end(tell: () => void): void {
    this.#broken = true;
    this.#tellEnd = tell;
  }

  /** Nothing is answered any more before the Sync, which may not have been sent yet. */
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

  /** A simple query may hold several statements, each with columns of its own. */
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

  /** The end of a statement's rows. */
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
  return new ProtocolError(`sent ${nameOf(type)} where none may come`);
}

/** The name that ends with a zero byte. */
function nameAt(data: Buffer, from: number): string {
  return data.toString("latin1", from, data.indexOf(0, from));
}
