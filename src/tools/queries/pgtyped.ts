/** Runs pgtyped's command line, which always exits with 0, and reads its output for errors. */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "../../config/url.ts";
import { queryAt, type QueryFile } from "./files.ts";

/** `config/pgtyped.json` of this package. */
export const CONFIG: string = fileURLToPath(
  new URL("../../../config/pgtyped.json", import.meta.url),
);

const PGTYPED_TIMEOUT_MS = 180_000;

/** The result of pgtyped. */
export interface PgtypedResult {
  /** The text of each module, by the stem of its query file. */
  readonly modules: ReadonlyMap<string, string>;
  /** A line for each query that failed. */
  readonly problems: readonly string[];
}

/**
 * Runs pgtyped over the files.
 *
 * @param work An empty folder for pgtyped's configuration, input and output.
 */
export async function runPgtyped(
  files: readonly QueryFile[],
  target: Target,
  work: string,
  config: string = CONFIG,
): Promise<PgtypedResult> {
  let settings: { transforms: object[] };
  try {
    settings = JSON.parse(await readFile(config, "utf8"));
  } catch (error) {
    const problem = `${config} is not JSON: ${(error as Error).message}`;
    return { modules: new Map(), problems: [problem] };
  }
  const folder = join(work, "queries");
  await mkdir(folder);
  for (const { file, text } of files) await writeFile(join(folder, file), text);
  const path = join(work, "pgtyped.json");
  await writeFile(
    path,
    JSON.stringify({
      ...settings,
      srcDir: folder,
      transforms: settings.transforms?.map((transform) => ({
        ...transform,
        emitTemplate: join(work, "{{name}}.ts"),
      })),
      // The client's rule renames the columns.
      camelCaseColumnNames: false,
      // Only one worker keeps the order of the files in its error messages.
      maxWorkerThreads: 1,
      failOnError: true,
    }),
  );
  const { output, complaints } = await run(path, folder, target);

  const modules = new Map<string, string>();
  const problems = [...readParseErrors(output, files), ...readQueryErrors(complaints, files)];
  for (const { file, stem } of files) {
    const module = await readFile(join(work, `${stem}.ts`), "utf8").catch(() => undefined);
    if (module !== undefined) modules.set(stem, module);
    else if (!problems.some((line) => line.startsWith(`${file}:`))) {
      problems.push(`${file}: pgtyped wrote no module: ${excerpt(complaints)}`);
    }
  }
  return { modules, problems };
}

/** Returns the relevant lines instead of a stack. */
function excerpt(complaints: string): string {
  const lines = complaints.trim().split("\n");
  const from = lines.findIndex((line) => /Error: |failed/i.test(line));
  return lines.slice(Math.max(0, from), Math.max(0, from) + 2).join(" ").trim() ||
    "it printed nothing";
}

async function run(
  config: string,
  cwd: string,
  target: Target,
): Promise<{ output: string; complaints: string }> {
  const cli = fileURLToPath(import.meta.resolve("@pgtyped/cli/index.js"));
  const child = spawn(process.execPath, [cli, "--config", config], {
    cwd,
    // Bare variables such as URI, FILE and WATCH act as pgtyped's flags.
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PGHOST: target.host,
      PGPORT: String(target.port),
      PGUSER: target.user,
      PGPASSWORD: target.password(),
      PGDATABASE: target.database,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PGTYPED_TIMEOUT_MS,
  });
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints += text);
  await new Promise<void>((resolve) => {
    child.on("error", (error) => complaints += error.message);
    child.on("close", (_, signal) => {
      if (signal !== null) complaints += `The signal ${signal} ended pgtyped`;
      resolve();
    });
  });
  return { output, complaints };
}

/** Reads parse errors, which show the file's text with line numbers instead of its name. */
function readParseErrors(output: string, files: readonly QueryFile[]): string[] {
  const blocks = output.matchAll(
    /^Parsed file:\n([\s\S]*?)\n(Errors|Warnings):\n((?:- .*(?:\n|$))+)/gm,
  );
  return [...blocks].flatMap(([, listing = "", , notes = ""]) => {
    const text = listing.replace(/^\d+ [|>] /gm, "");
    const file = files.find((candidate) => candidate.text.trimEnd() === text.trimEnd());
    return [...notes.matchAll(/^- \((\d+):(\d+)\) (.*)/gm)].map(([, line, , note = ""]) => {
      const query = queryAt(file?.names ?? [], Number(line));
      const rule =
        "Outside of statements, only the file's head and /* @name … */ are allowed, and each statement ends with one semicolon";
      return `${file?.file ?? "unknown file"}:${line}: ${query}: ${
        note.replaceAll("\\n", " ")
      }. ${rule}`;
    });
  });
}

/** Reads query errors: first the server's message, then pgtyped's message with the names. */
function readQueryErrors(complaints: string, files: readonly QueryFile[]): string[] {
  const details = [...complaints.matchAll(/^Error in query\. Details: \{[\s\S]*?^\}/gm)].map((
    [text],
  ) =>
    /^ {2}message: (["'`])([\s\S]*?)\1,?$/m.exec(text)?.[2]?.replaceAll("\\'", "'") ?? "unknown"
  );
  const failures = complaints.matchAll(/^Error processing (\S+): (.*)/gm);
  return [...failures].map(([, file, message = ""]) => {
    const query = /^Query "(\w+)" is invalid/.exec(message)?.[1];
    if (query === undefined) return `${file}: ${message}`;
    const { names = [] } = files.find((candidate) => candidate.file === file) ?? {};
    const line = names.find(({ name }) => name === query)?.line;
    return `${file}:${line}: ${query}: ${details.shift()}`;
  });
}
