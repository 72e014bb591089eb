/** Reads the folder of migrations, and checks that dbmate will read it correctly. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MigrationError } from "./error.ts";

/** `db/migrations` of this package. */
export const MIGRATIONS: string = fileURLToPath(new URL("../../../db/migrations", import.meta.url));

/** One file of the folder. */
export interface MigrationFile {
  /** The digits before the first underscore, UTC: `20260102030405`. */
  readonly version: string;
  /** The file name after the version: `create_devices`. */
  readonly name: string;
  /** The file's name, such as `20260102030405_create_devices.sql`. */
  readonly file: string;
  /** The content, with line feeds as line ends. */
  readonly text: string;
  /** SHA-256 of `text` in hexadecimal, independent of the checkout's line ends. */
  readonly checksum: string;
  /** Whether each direction runs in a transaction. */
  readonly transaction: { readonly up: boolean; readonly down: boolean };
  /** The SQL of each direction. */
  readonly sql: { readonly up: string; readonly down: string };
}

const NAME = /^(\d{14})_([a-z][a-z0-9_]*)\.sql$/;
const BLOCK = /^--\s*migrate:(up|down)\b(.*)$/gm;

/**
 * Reads and checks every `.sql` file of the folder, oldest first.
 *
 * @throws {MigrationError} code `FILE`: the message names the file.
 */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new MigrationError(
      "FILE",
      `Cannot read the folder of migrations "${folder}": ${error.code}`,
    );
  });
  const files: MigrationFile[] = [];
  for (const file of entries.filter((name) => name.toLowerCase().endsWith(".sql")).sort()) {
    const migration = parseMigration(file, await readFile(join(folder, file), "utf8"));
    const last = files.at(-1);
    if (last?.version === migration.version) {
      throw bad(file, `has the same version as "${last.file}"; rename the newer file`);
    }
    files.push(migration);
  }
  return files;
}

function parseMigration(file: string, content: string): MigrationFile {
  const [, version, name] = NAME.exec(file) ?? [];
  if (version === undefined || name === undefined) {
    throw bad(
      file,
      "is not named <14 digits>_<verb_noun>.sql; `make migration name=…` makes such a name",
    );
  }
  const text = content.replace(/\r\n/g, "\n");
  const blocks = [...text.matchAll(BLOCK)];
  for (const direction of ["up", "down"] as const) {
    const count = blocks.filter((block) => block[1] === direction).length;
    if (count === 0) throw bad(file, `has no "-- migrate:${direction}" line`);
    if (count > 1) throw bad(file, `has ${count} "-- migrate:${direction}" lines; one is allowed`);
  }
  const [up, down] = blocks;
  if (up?.[1] !== "up") throw bad(file, 'has "-- migrate:down" before "-- migrate:up"');
  if (/^(?!\s*(--|$))/m.test(text.slice(0, up.index))) {
    throw bad(file, 'has a statement before "-- migrate:up"');
  }
  return {
    version,
    name,
    file,
    text,
    checksum: createHash("sha256").update(text).digest("hex"),
    transaction: { up: inTransaction(up[2]), down: inTransaction(down?.[2]) },
    sql: { up: text.slice(up.index, down?.index), down: text.slice(down?.index) },
  };
}

function inTransaction(options: string | undefined): boolean {
  return !/\btransaction:false\b/.test(options ?? "");
}

function bad(file: string, problem: string): MigrationError {
  return new MigrationError("FILE", `Migration "${file}" ${problem}`);
}

const SKELETON = `-- migrate:up
-- One aggregate per file. Lowercase, two spaces, one clause per line; every reference
-- has "on delete"; every table and every column has a comment.


-- migrate:down
-- Reverts exactly the statements above, in reverse order.

`;

/**
 * Writes an empty migration, newer than every other.
 *
 * @param name The migration's name, verb first: `add_site`.
 * @returns The path of the new file.
 * @throws {TypeError} the name is not in lower case with underscores.
 */
export async function newMigration(name: string, folder: string = MIGRATIONS): Promise<string> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new TypeError(`Name "${name}" is not in lower case with underscores, such as add_site`);
  }
  await mkdir(folder, { recursive: true });
  const now = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const last = (await readMigrations(folder)).at(-1)?.version ?? "0";
  const version = now > last ? now : String(Number(last) + 1);
  const path = join(folder, `${version}_${name}.sql`);
  await writeFile(path, SKELETON, { flag: "wx" });
  return path;
}
