/** Prints the results of the benchmark. */
import type { Comparison } from "./compare.ts";
import type { Memory } from "./memory.ts";
import type { SettingReads } from "./settings.ts";
import type { VaultRate } from "./vault.ts";

/** A result and its environment. */
export type On<T> = T & { readonly runtime: "Node" | "Deno" };

/** Comparisons, one per line. */
export function comparisonTable(results: readonly On<Comparison>[]): string {
  const head = ["", "ours", "raw", "ratio", "quartiles", "goal", "", "CPU ours", "raw", "rounds"];
  return columns([head, ...results.map(comparisonLine)]);
}

function comparisonLine(result: On<Comparison>): string[] {
  const { name, runtime, ours, raw, ratio, quartiles: [low, high], goal, cpu, rounds } = result;
  return [
    runtime === "Node" ? name : `${name}, ${runtime}`,
    time(ours),
    time(raw),
    ratio.toFixed(3),
    `${low.toFixed(2)} to ${high.toFixed(2)}`,
    goal === undefined ? "" : `≤ ${goal.toFixed(2)}`,
    goal === undefined ? "" : verdict(ratio <= goal),
    cpu === undefined ? "" : time(cpu.ours),
    cpu === undefined ? "" : time(cpu.raw),
    String(rounds),
  ];
}

/** Reads of cached settings, one per line. */
export function settingTable(results: readonly On<SettingReads>[]): string {
  return columns([
    ["", "million/s", "a Map", "goal", ""],
    ...results.map(({ name, runtime, ours, map, goal }) => [
      runtime === "Node" ? name : `${name}, ${runtime}`,
      ours.toFixed(1),
      map.toFixed(1),
      `≥ ${goal}`,
      verdict(ours >= goal),
    ]),
  ]);
}

/** Encryption and decryption, one per line. The processor time determines the rate of a single core. */
export function vaultTable(results: readonly On<VaultRate>[]): string {
  const rate = (perSecond: number) => (perSecond / 1000).toFixed(1);
  return columns([
    [
      "thousand/s",
      "ours",
      "node:crypto",
      "time ratio",
      "quartiles",
      "CPU ours",
      "node:crypto",
      "a core ours",
      "node:crypto",
      "rounds",
    ],
    ...results.map(({ name, runtime, ours, raw, ratio, quartiles: [low, high], cpu, rounds }) => [
      runtime === "Node" ? name : `${name}, ${runtime}`,
      rate(ours),
      rate(raw),
      ratio.toFixed(2),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
      time(cpu.ours),
      time(cpu.raw),
      rate(1000 / cpu.ours),
      rate(1000 / cpu.raw),
      String(rounds),
    ]),
  ]);
}

/** Memory, one line per way to read. */
export function memoryTable(results: readonly Memory[]): string {
  return columns([
    ["memory above the start", "heap", "process", "seconds"],
    ...results.map(({ how, rows, heap, rss, seconds }) => [
      `${how} of ${rows} rows`,
      `${heap.toFixed(1)} MB`,
      `${rss.toFixed(1)} MB`,
      seconds.toFixed(2),
    ]),
  ]);
}

function verdict(met: boolean): string {
  return met ? "met" : "NOT MET";
}

function time(milliseconds: number): string {
  return milliseconds < 10
    ? `${(milliseconds * 1000).toFixed(milliseconds < 0.1 ? 1 : 0)} µs`
    : `${milliseconds.toFixed(1)} ms`;
}

/** Aligns the first column left and the others right. */
function columns(lines: readonly string[][]): string {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line
      .map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))
      .join("  ")
      .trimEnd()
  ).join("\n");
}
