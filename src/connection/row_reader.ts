/** Reads the rows of a prepared statement by a plan that is made once. */
import type { Buffer } from "node:buffer";
import { DecodeError, decoders } from "./codec.ts";
import { checkRow, type Column, HEADER } from "./messages.ts";
import type { RowTaker } from "./protocol.ts";

/** Reads one value from the bytes between `from` and `end`. */
type ReadValue = (data: Buffer, from: number, end: number) => unknown;

/** The names and decoders of a statement's columns. */
export interface RowPlan {
  readonly names: readonly string[];
  readonly readers: readonly ReadValue[];
}

/**
 * Makes the plan for these columns.
 *
 * @param nameOf Converts a column's name to the field's name.
 */
export function rowPlan(columns: readonly Column[], nameOf: (column: string) => string): RowPlan {
  return {
    names: columns.map(({ name }) => nameOf(name)),
    readers: columns.map(({ type }) => readerOf(type)),
  };
}

const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
/** Maximum digits of integers that are always exact in JavaScript. */
const SAFE_DIGITS = 15;
const MINUS = 0x2d;
const ZERO = 0x30;

function readerOf(type: number): ReadValue {
  const decode = decoders.get(type);
  if (decode === undefined) return readText;
  if (type === INT2 || type === INT4 || type === INT8) {
    return (data, from, end) =>
      end - from <= SAFE_DIGITS ? readInteger(data, from, end) : decode(readText(data, from, end));
  }
  return (data, from, end) => decode(readText(data, from, end));
}

function readText(data: Buffer, from: number, end: number): string {
  return data.toString("utf8", from, end);
}

function readInteger(data: Buffer, from: number, end: number): number {
  const negative = data[from] === MINUS;
  const start = negative ? from + 1 : from;
  let value = start === end ? NaN : 0;
  for (let at = start; at < end; at++) {
    const digit = data[at]! - ZERO;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : NaN;
  }
  if (Number.isNaN(value)) throw new DecodeError("An integer of the database cannot be read");
  return negative ? -value : value;
}

/** Reads the rows of one answer. */
export class RowReader implements RowTaker {
  readonly rows: Record<string, unknown>[] = [];
  /** The first error of a value. */
  failure: DecodeError | undefined;
  readonly #plan: RowPlan | undefined;

  constructor(plan: RowPlan | undefined) {
    this.#plan = plan;
  }

  get columns(): number | undefined {
    return this.#plan?.names.length;
  }

  take(data: Buffer, start: number, end: number): void {
    const { names, readers } = this.#plan!;
    checkRow(data, start, end, names.length);
    if (this.failure !== undefined) return;
    const row: Record<string, unknown> = {};
    let at = start + HEADER + 2;
    try {
      for (let i = 0; i < names.length; i++) {
        const length = (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) |
          data[at + 3]!;
        at += 4;
        if (length < 0) row[names[i]!] = null;
        else {
          row[names[i]!] = readers[i]!(data, at, at + length);
          at += length;
        }
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.failure = error;
    }
    this.rows.push(row);
  }
}
