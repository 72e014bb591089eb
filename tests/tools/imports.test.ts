/** Imports between the rooms of `src/` run in one direction, without cycles. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";

const test = suite("imports");
const SRC = fileURLToPath(new URL("../../src", import.meta.url));

/** From the bottom up: a file imports from its own line and the lines above. */
const FLOORS = [
  ["errors.ts", "json.ts"],
  ["query.ts", "nap.ts"],
  ["deadline.ts"],
  ["telemetry", "vault"],
  ["config"],
  ["session.ts"],
  ["connection"],
  ["generated"],
  ["settings"],
  ["credentials", "history", "logs"],
  ["jobs"],
  ["client.ts"],
  ["mod.ts"],
  ["tools"],
];
/** `mod.ts` loads these rooms at its start. */
const EARLY = [
  "credentials/key_states.ts",
  "credentials/mod.ts",
  "history/mod.ts",
  "history/text.ts",
  "vault/envelope.ts",
  "vault/secret.ts",
  "vault/text.ts",
];
/** Only the users of these rooms load them, never `connect` or a query. */
const LATE = ["credentials", "history", "jobs", "logs"];

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => normalize(name));

interface Import {
  readonly file: string;
  readonly from: string;
  /** `type`: erased at run time. `late`: an `import()`, loaded on demand. */
  readonly kind: "static" | "type" | "late";
}

function importsOf(file: string): Import[] {
  // Comments contain examples, and examples contain imports.
  const text = readFileSync(join(SRC, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found: Import[] = [];
  const add = (from: string, kind: Import["kind"]) => {
    if (from.startsWith(".")) found.push({ file, from: join(dirname(file), from), kind });
  };
  for (const [, what, from] of text.matchAll(/^(?:import|export)\s([^;]*?)\sfrom "([^"]+)";/gm)) {
    const names = /^\{([\s\S]*)\}$/.exec(what!)?.[1]?.split(",").filter((name) => name.trim());
    const types = what!.startsWith("type ") ||
      names?.every((name) => name.trim().startsWith("type ")) === true;
    add(from!, types ? "type" : "static");
  }
  for (const [, from] of text.matchAll(/\bimport\("([^"]+)"\)/g)) add(from!, "late");
  return found;
}

const imports = files.flatMap(importsOf);

function roomOf(file: string): string {
  return file.split("/")[0]!;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
}

test("every file of src has its floor, and every import leads to a file", () => {
  assert.equal(files.filter((file) => floorOf(file) < 0), []);
  assert.equal(imports.filter(({ from }) => !files.includes(from)), []);
  assert.ok(imports.length > files.length);
});

test("imports run one way: to the same room, or to a lower floor", () => {
  const upwards = imports.filter(({ file, from }) =>
    roomOf(file) !== roomOf(from) && floorOf(from) >= floorOf(file)
  );
  assert.equal(upwards.map(({ file, from }) => `${file} imports ${from}`), []);
});

test("no import runs in a circle, not even of types", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const { from } of imports.filter((one) => one.file === file)) {
      visit(from, [...path, file]);
    }
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  assert.equal(circles, []);
});

test("connect() and a query load nothing of the rooms that not everybody needs", () => {
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { from, kind } of imports.filter((one) => one.file === file)) {
      if (kind === "static") load(from);
    }
  };
  load("client.ts");
  load("generated/devices.ts");
  assert.equal([...loaded].filter((file) => LATE.includes(roomOf(file))), []);

  load("mod.ts");
  const early = [...loaded].filter((file) => /^(history|vault|credentials)\//.test(file));
  assert.equal(early.sort(), EARLY);
});

test.run();
