/**
 * Generates firewalls with mostly unique lines: blocks like those of FortiOS, with addresses, UUIDs and
 * hashes. The result is the same every time.
 */
import type { History, HistoryDevice, HistoryVersion } from "./history_data.ts";

/** Size of the estate. */
export interface Estate {
  readonly firewalls: number;
  readonly versions: number;
  /** Approximate lines of the smallest and of the largest firewall; the others are evenly distributed. */
  readonly lines: readonly [number, number];
  /** Fraction of the blocks that a version changes, adds and removes in total. */
  readonly change: number;
}

const FIRST = Date.UTC(2024, 0, 1);
const DAY = 24 * 60 * 60 * 1000;

/** Random numbers from 0 to below 1, repeatable by seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Generates the estate. */
export function generateFirewalls({ firewalls, versions: count, lines, change }: Estate): History {
  const devices: HistoryDevice[] = [];
  const versions: HistoryVersion[] = [];
  for (let device = 0; device < firewalls; device++) {
    const next = random(device + 1);
    devices.push({
      hostname: `fw-${device + 1}`,
      ipAddress: `198.18.0.${device + 1}`,
      deviceType: "fortinet",
    });
    const share = firewalls === 1 ? 1 : device / (firewalls - 1);
    const wanted = lines[0] + (lines[1] - lines[0]) * share;
    let id = 0;
    let blocks = Array.from({ length: Math.round(wanted / BLOCK_LINES) }, () => block(++id, next));
    for (let version = 0; version < count; version++) {
      if (version > 0) {
        blocks = blocks.flatMap((kept) => {
          const chance = next() / change;
          if (chance > 1) return [kept];
          if (chance < 0.2) return [];
          return chance < 0.4 ? [kept, block(++id, next)] : [edited(kept, next)];
        });
      }
      const text = whole(devices[device]!.hostname, blocks);
      versions.push({
        device,
        at: new Date(FIRST + version * DAY + device * 60_000),
        text: () => text,
      });
    }
  }
  versions.sort((a, b) => +a.at - +b.at);
  return { devices, versions };
}

function hex(length: number, next: () => number): string {
  let digits = "";
  while (digits.length < length) digits += Math.floor(next() * 16).toString(16);
  return digits;
}

function uuid(next: () => number): string {
  return [8, 4, 4, 4, 12].map((length) => hex(length, next)).join("-");
}

function address(next: () => number): string {
  return `10.${[0, 0, 0].map(() => Math.floor(next() * 256)).join(".")}`;
}

/** Mean number of lines of a block. */
const BLOCK_LINES = 7;

/** An address object, a rule or a user. Each line except the first and the last is unique. */
function block(id: number, next: () => number): string[] {
  const kind = next();
  if (kind < 0.4) {
    return [
      `    edit "host-${id}-${hex(6, next)}"`,
      `        set uuid ${uuid(next)}`,
      `        set subnet ${address(next)} 255.255.255.255`,
      `        set comment "asset ${hex(10, next)}"`,
      "    next",
    ];
  }
  if (kind < 0.9) {
    return [
      `    edit ${id}`,
      `        set name "rule-${id}-${hex(8, next)}"`,
      `        set uuid ${uuid(next)}`,
      `        set srcaddr "host-${Math.floor(next() * id)}-${hex(6, next)}"`,
      `        set dstaddr "host-${Math.floor(next() * id)}-${hex(6, next)}"`,
      `        set service "tcp-${Math.floor(next() * 65536)}"`,
      `        set comments "ticket ${hex(8, next)} by user-${Math.floor(next() * 500)}"`,
      "        set action accept",
      "    next",
    ];
  }
  return [
    `    edit "user-${id}"`,
    `        set passwd ENC ${hex(64, next)}`,
    `        set email-to "user-${hex(6, next)}@example.com"`,
    "    next",
  ];
}

/** Replaces one line of a block. */
function edited(lines: string[], next: () => number): string[] {
  return lines.with(2, `        set comment "changed ${hex(16, next)}"`);
}

function whole(hostname: string, blocks: readonly string[][]): string {
  return [
    "config system global",
    `    set hostname "${hostname}"`,
    "end",
    "config firewall policy",
    ...blocks.flat(),
    "end",
    "",
  ].join("\n");
}
