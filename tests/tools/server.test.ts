/** The servers of make and of the tests. Each one belongs to a test and has a separate folder. */
// Runs once: it tests a tool of the project.
import * as assert from "uvu/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { refuseOtherLogins } from "../../src/tools/dev_server.ts";
import {
  hasAddress,
  serverStatus,
  startServer,
  stopServer,
} from "../../src/tools/postgres/server.ts";
import { serverAccount } from "../../src/tools/postgres/account.ts";
import {
  findBundledServer,
  reachableBinaries,
  restoreLinks,
} from "../../src/tools/postgres/binaries.ts";
import { makeData } from "../../src/tools/postgres/data.ts";
import { ServerError } from "../../src/tools/postgres/error.ts";
import { freePort, startThrowaway, temporaryFolder } from "../../src/tools/postgres/throwaway.ts";
import { parseDatabaseUrl } from "../../src/config/url.ts";
import { NODE_ARGS } from "../support/compiled/node.ts";
import { suite } from "../support/suite.ts";
import { rejection, until } from "../support/until.ts";

const test = suite("server");
const account = await serverAccount([]);
const { bin } = await reachableBinaries(findBundledServer(), account, console.error);
const login = { user: "o'neil", password: `it's "a" \\ new\nline $1` };
let folder = "";
let dataDir = "";
let port = 0;

test.before(async () => {
  folder = await temporaryFolder(account);
  dataDir = join(folder, "data");
  port = await freePort();
  await makeData({ dataDir, bin, account, login, throwaway: true });
});

test.after.each(async () => {
  await stopServer(dataDir);
});

test.after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Starts the server of the file's data folder. */
function start(listen = ["127.0.0.1"]): ReturnType<typeof startServer> {
  return startServer({ dataDir, bin, account, port, listen, logFile: join(folder, "log") });
}

/** Runs one statement at a URL, or as a role on the file's server. */
async function ask(
  to: string | { user: string; password: string; host?: string; port?: number },
  statement: string,
): Promise<Record<string, unknown>[]> {
  const options = { max: 1, connect_timeout: 3, onnotice: () => {} };
  const sql = typeof to === "string"
    ? postgres(to, options)
    : postgres({ host: "127.0.0.1", port, database: "postgres", ...to, ...options });
  try {
    return [...await sql.unsafe(statement)];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Runs a script in another process, with the exports of the server modules as `server`. */
function runScript(script: string): ChildProcess {
  const code =
    ["server", "data", "throwaway"].map((name, i) =>
      `import * as part${i} from ${
        JSON.stringify(new URL(`../../src/tools/postgres/${name}.ts`, import.meta.url).href)
      };\n`
    ).join("") + `const server = { ...part0, ...part1, ...part2 };\n${script}`;
  return spawn(process.execPath, [...NODE_ARGS, "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.on("data", (chunk) => text += chunk);
  await new Promise((resolve) => child.once("close", resolve));
  return text.trim();
}

test("startThrowaway() gives a role that may create databases and is no superuser", async () => {
  const server = await startThrowaway({ settings: { work_mem: "5MB" } });
  try {
    const [row] = await ask(
      server.url,
      `select rolcreatedb, rolsuper, current_setting('timezone') as zone,
        current_setting('work_mem') as work_mem, current_setting('server_encoding') as encoding
      from pg_roles where rolname = current_user`,
    );
    const [root] = await ask(server.superuserUrl, "select lower('ÄÖ') as text");

    assert.equal(row, {
      rolcreatedb: true,
      rolsuper: false,
      zone: "Asia/Kathmandu",
      work_mem: "5MB",
      encoding: "UTF8",
    });
    assert.equal(root, { text: "äö" });
    assert.is.not((await stat(server.dataDir)).uid, 0);
  } finally {
    await server.stop();
  }

  assert.equal(await serverStatus(server.dataDir), { state: "stopped" });
  assert.not(existsSync(dirname(server.dataDir)));
});

test("startThrowaway() keeps what was acknowledged, when it crashes and starts again", async () => {
  const server = await startThrowaway();
  try {
    await ask(server.superuserUrl, "create table kept as select 1 as one");
    const { pid } = server;

    await server.crash();
    await server.start();

    assert.is.not(server.pid, pid);
    assert.equal(await ask(server.superuserUrl, "select one from kept"), [{ one: 1 }]);
  } finally {
    await server.stop();
  }
});

test("startThrowaway() leaves nothing, when its process is killed", async () => {
  const child = runScript(`
    const throwaway = await server.startThrowaway();
    console.log(throwaway.dataDir);
    setInterval(() => {}, 1000);`);
  const orphan = await new Promise<string>((resolve) =>
    child.stdout!.once("data", (chunk) => resolve(String(chunk).trim()))
  );
  assert.is((await serverStatus(orphan)).state, "running");

  child.kill("SIGKILL");

  await until("the server and its folder are gone", () => !existsSync(dirname(orphan)));
  assert.equal(await serverStatus(orphan), { state: "stopped" });
});

test("startServer() runs one server, when it is called twice", async () => {
  const first = await start();
  const second = await start();

  assert.is(first.started, true);
  assert.equal(second, { ...first, started: false, state: "running" });
  assert.equal(await serverStatus(dataDir), { state: "running", pid: first.pid, port });
});

test("startServer() asks for the right password, whatever signs it has", async () => {
  await start();

  const right = await ask(login, "select 1 as one");
  const wrong = await rejection(ask({ ...login, password: "guess" }, "select 1"));
  const none = await rejection(ask({ ...login, password: "" }, "select 1"));
  const root = await rejection(ask({ user: "postgres", password: "postgres" }, "select 1"));

  assert.equal(right, [{ one: 1 }]);
  assert.equal([wrong, none, root].map((error) => (error as { code?: string }).code), [
    "28P01",
    "28P01",
    "28P01",
  ]);
});

const outside = Object.values(networkInterfaces()).flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;
if (outside === undefined) {
  test.skip("startServer() does not listen outside", "this machine has no other address");
} else {
  test("startServer() does not listen outside of the given addresses", async () => {
    await start();

    const error = await rejection(ask({ ...login, host: outside }, "select 1"));

    assert.is((error as { code?: string }).code, "ECONNREFUSED");
  });
}

test("startServer() names the port, when another program has it", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  try {
    const error = await rejection(start());

    assert.instance(error, ServerError);
    assert.is((error as ServerError).code, "PORT_TAKEN");
    assert.match(
      (error as ServerError).message,
      new RegExp(`program uses port ${port} on 127.0.0.1`),
    );
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

if (!await hasAddress("::1")) {
  test.skip("startServer() refuses a port that is half taken", "this machine has no IPv6 loopback");
} else {
  test("startServer() refuses a port that is half taken", async () => {
    // The server alone would start on the other address, and "localhost" would resolve to either.
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, "::1", resolve));
    try {
      const error = await rejection(start(["127.0.0.1", "::1"]));

      assert.match((error as ServerError).message, new RegExp(`program uses port ${port} on ::1`));
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
}

test("startServer() starts again, when the server was killed", async () => {
  const { pid } = await start();

  process.kill(pid, "SIGKILL");
  await until("it is gone", async () => (await serverStatus(dataDir)).state === "stopped");
  const again = await start();

  assert.is(again.started, true);
  assert.equal(await ask(login, "select 1 as one"), [{ one: 1 }]);
});

test("startServer() is not misled, when another process has the number in postmaster.pid", async () => {
  // Under the server's own account, the server itself would treat it as another server.
  const stranger = spawn("sleep", ["60"], { ...account, cwd: "/", stdio: "ignore" });
  const lines = [stranger.pid, dataDir, 1, port, "", "127.0.0.1", "", "ready", ""];
  await writeFile(join(dataDir, "postmaster.pid"), lines.join("\n"));
  try {
    const before = await serverStatus(dataDir);
    const { started } = await start();
    await stopServer(dataDir);

    assert.equal(before, { state: "stopped" });
    assert.is(started, true);
    assert.is(stranger.exitCode ?? stranger.signalCode, null);
  } finally {
    stranger.kill("SIGKILL");
  }
});

test("makeData() and startServer() come to one server, when several start at once", async () => {
  const place = { dataDir: join(folder, "race"), bin, account, login, throwaway: true };
  const how = {
    ...place,
    port: await freePort(),
    listen: ["127.0.0.1"],
    logFile: join(folder, "r"),
  };
  const script = `
    const made = await server.makeData(${JSON.stringify(place)});
    const { pid, started } = await server.startServer(${JSON.stringify(how)});
    console.log(JSON.stringify({ made, pid, started }));`;
  try {
    const outputs = await Promise.all([1, 2, 3].map(() => outputOf(runScript(script))));

    const answers = outputs.map((text) => JSON.parse(text));
    assert.is(answers.filter(({ made }) => made).length, 1);
    assert.is(answers.filter(({ started }) => started).length, 1);
    assert.is(new Set(answers.map(({ pid }) => pid)).size, 1);
    assert.equal((await readdir(folder)).filter((name) => name.includes(".init-")), []);
  } finally {
    await stopServer(place.dataDir);
  }
});

test("makeData() makes a client that its login may set up, and that may nothing", async () => {
  const client = { user: "netraven's app", password: "it's \\ too" };
  const place = { dataDir: join(folder, "client"), bin, account, login, client, throwaway: true };
  const clientPort = await freePort();
  const logFile = join(folder, "client.log");
  try {
    await makeData(place);
    await startServer({ ...place, port: clientPort, listen: ["127.0.0.1"], logFile });
    const at = { host: "127.0.0.1", port: clientPort, database: "postgres" };

    await ask({ ...login, ...at }, `alter role "netraven's app" set lock_timeout to '7s'`);
    const [shown] = await ask(
      { ...client, ...at },
      "select current_setting('lock_timeout') as lock",
    );
    const roles = await ask(
      { ...login, ...at },
      `select rolname, rolsuper, rolcreatedb, rolcreaterole from pg_roles
      where rolname !~ '^p' order by rolname`,
    );
    const error = await rejection(
      ask({ ...login, ...at }, `set role "netraven's app"`),
    );

    assert.equal(shown, { lock: "7s" });
    assert.equal(roles.map((role) => ({ ...role })), [
      { rolname: client.user, rolsuper: false, rolcreatedb: false, rolcreaterole: false },
      { rolname: login.user, rolsuper: false, rolcreatedb: true, rolcreaterole: true },
    ]);
    assert.is((error as { code?: string }).code, "42501");
  } finally {
    await stopServer(place.dataDir);
  }
});

test("refuseOtherLogins() says what to do, when the data is from before the configured roles", async () => {
  await start();
  const at = `127.0.0.1:${port}/not_made_yet`;
  const known = parseDatabaseUrl(
    `postgres://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${at}`,
  );
  const unknown = parseDatabaseUrl(`postgres://netraven_app:netraven@${at}`);

  await refuseOtherLogins([known], { dataDir });
  const error = await rejection(refuseOtherLogins([known, unknown], { dataDir }));

  assert.instance(error, ServerError);
  assert.match(error.message, /has no role netraven_app .* make reset deletes the data/);
  assert.is(error.message.split("\n").length, 1);
});

test("makeData() removes what a killed initdb left, and nothing of a living one", async () => {
  const dead = spawn("true");
  await new Promise((resolve) => dead.once("exit", resolve));
  const leftover = `${dataDir}.init-${dead.pid}`;
  const living = `${dataDir}.init-${process.ppid}`;
  await mkdir(leftover);
  await mkdir(living);

  const made = await makeData({ dataDir, bin, account, login });

  assert.is(made, false);
  assert.equal([existsSync(leftover), existsSync(living)], [false, true]);
});

test("makeData() refuses a folder that holds something else", async () => {
  const other = join(folder, "other");
  await mkdir(other);
  await writeFile(join(other, "letter.txt"), "Dear all");

  const error = await rejection(makeData({ dataDir: other, bin, account, login, throwaway: true }));

  assert.instance(error, ServerError);
  assert.match((error as ServerError).message, /neither empty nor a data folder of PostgreSQL/);
  assert.equal(await readdir(other), ["letter.txt"]);
});

test("restoreLinks() makes the library links that npm left out", async () => {
  const copy = join(folder, "package");
  await cp(join(bin, "../pg-symlinks.json"), join(copy, "native/pg-symlinks.json"));
  await cp(join(bin, "../lib"), join(copy, "native/lib"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !/\/(postgresql|pkgconfig)$|\.a$/.test(source),
  });
  const [first] = JSON.parse(await readFile(join(copy, "native/pg-symlinks.json"), "utf8"));
  const link = join(copy, first.target);
  await unlink(link);

  restoreLinks(copy);
  restoreLinks(copy);

  assert.ok((await stat(link)).isFile());
});

test.run();
