/**
 * Privileges: all of them according to the server, and the refusals and daily work of each role. The file
 * has a separate server, because roles belong to a whole server.
 */
// Runs on Node: it tests the rights that the server grants, whoever asks.
import * as assert from "uvu/assert";
import {
  ConfigError,
  configSave,
  connect,
  connectionLogInsert,
  connectionLogList,
  credentialAttemptRecord,
  credentialCreate,
  credentialList,
  credentialMatch,
  credentialReveal,
  credentialRevealList,
  credentialSetPassword,
  type Database,
  type DatabaseError,
  deviceDelete,
  deviceInsert,
  deviceList,
  deviceSeen,
  jobAttemptList,
  jobCancel,
  jobGet,
  jobInsert,
  jobInsertMany,
  jobLogInsert,
  jobLogList,
  jobLogListByDevice,
  jobReap,
  keysCheck,
  keysRetire,
  keysRotate,
  keysStatus,
  logsDelete,
  maintain,
  QueryError,
  work,
} from "netraven-db";
import {
  credentialInsert,
  credentialReseal,
  credentialResealList,
  credentialSecretGet,
} from "../src/generated/internal/credentials.ts";
import {
  encryptionKeyInsert,
  encryptionKeyList,
  encryptionKeyRetire,
} from "../src/generated/internal/encryption_keys.ts";
import { loadConfig } from "../src/config/load.ts";
import { applyRoles } from "../src/tools/migrations/roles.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { callOf, everyQuery } from "./support/every_query.ts";
import { newAddress } from "./support/factories.ts";
import { testKeys } from "./support/keys.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { suite } from "./support/suite.ts";
import { rejection, until } from "./support/until.ts";

const test = suite("roles", { timeout: 120_000 });

const CLIENTS = ["netraven_app", "netraven_worker", "netraven_readonly", "netraven_rotator"];
type Client = "app" | "worker" | "readonly" | "rotator";

/** By verb: the whole table, or these of its columns. An absent verb is refused. */
interface Rights {
  readonly select?: true | string;
  readonly insert?: true;
  readonly update?: true | string;
  readonly delete?: true;
}

const READ: Rights = { select: true };
const ADD: Rights = { select: true, insert: true };
const ALL: Rights = { select: true, insert: true, update: true, delete: true };
const COUNTS = "last_used success_rate succeeded failed";
const BOOKS = { app: READ, worker: READ, readonly: READ, rotator: READ };

/** Every table of the schema. An absent role has no privileges on it. */
const MATRIX: Record<string, { readonly [client in Client]?: Rights }> = {
  tags: { app: ALL, worker: READ, readonly: READ },
  devices: { app: ALL, worker: { select: true, update: "last_seen" }, readonly: READ },
  device_tags: { app: ALL, worker: READ, readonly: READ },
  credentials: {
    app: { ...ALL, update: `username password priority ${COUNTS}` },
    worker: { select: true, update: COUNTS },
    readonly: { select: `id uuid username priority key_id key_live ${COUNTS}` },
    rotator: { select: "id uuid key_id key_live password", update: "password" },
  },
  credential_tags: { app: ALL, worker: READ, readonly: READ },
  credential_attempts: {
    app: ALL,
    worker: { select: true, insert: true, update: true },
    readonly: READ,
  },
  credential_reveals: { app: ADD, worker: ADD, readonly: READ },
  encryption_keys: {
    app: ADD,
    worker: ADD,
    readonly: { select: "key_id created_at retired_at live" },
    rotator: { ...ADD, update: "retired_at" },
  },
  system_settings: { app: ALL, worker: READ, readonly: READ },
  jobs: { app: ALL, worker: { select: true, update: true }, readonly: READ },
  job_attempts: { app: ADD, worker: ADD, readonly: READ },
  schedules: { app: ALL, readonly: READ },
  schedule_tags: { app: { ...ADD, delete: true }, readonly: READ },
  device_configurations: {
    app: ALL,
    worker: {
      ...ADD,
      update: "verified_at verified_count valid_until previous_id added removed changes",
    },
    readonly: READ,
  },
  device_states: {
    app: ALL,
    worker: {
      ...ADD,
      update: "content_hash configuration_id retrieved_at verified_at verified_count",
    },
    readonly: READ,
  },
  config_lines: { app: ALL, worker: { ...ADD, delete: true }, readonly: READ },
  config_line_ends: { app: ALL, worker: { ...ADD, delete: true }, readonly: READ },
  config_versions: { app: READ, worker: READ, readonly: READ },
  config_line_spans: { app: READ, worker: READ, readonly: READ },
  config_pins: { app: ALL, worker: READ, readonly: READ },
  config_quarantine: {
    app: ALL,
    worker: { ...ADD, update: "reasons verified_at verified_count", delete: true },
    readonly: READ,
  },
  job_logs: { app: ADD, worker: ADD, readonly: READ },
  connection_logs: { app: ADD, worker: ADD, readonly: READ },
  job_log_counts: {
    app: { ...ADD, update: true },
    worker: { ...ADD, update: true },
    readonly: READ,
  },
  log_writers: { app: ALL, worker: ALL },
  log_partitions: { app: READ, worker: READ, readonly: READ },
  schema_migrations: BOOKS,
  schema_checksums: BOOKS,
};

const TEMPLATE = "netraven_roles";
const SEALED = `nr1.k1.${"A".repeat(38)}`;
const RESEALED = `nr1.k2.${"B".repeat(38)}`;
let server: TestServer;
let owner: Database;
let superuser: Database;
let as: Record<Client, Database>;
/** Two more databases of the server, each a clone of the migrated one. */
let clones: TestDatabase[];

test.before(async () => {
  server = await startServer({ template: TEMPLATE, roles: true });
  // Runs before any session connects to the template.
  clones = await cloneTwice(server.urls["netraven_migrator"]!);
  owner = await open(server.urls["netraven_migrator"]!);
  const { pathname } = new URL(server.urls["netraven_migrator"]!);
  superuser = await open(Object.assign(new URL(server.superuserUrl), { pathname }).href);
  const [app, worker, readonly, rotator] = await Promise.all(
    CLIENTS.map((role) => open(server.urls[role]!)),
  ) as [Database, Database, Database, Database];
  as = { app, worker, readonly, rotator };
  await encryptionKeyInsert.run({ keyIds: ["k1", "k2"], checkValues: ["one", "two"] }, app);
});

test.after(async () => {
  await Promise.all([owner, superuser, ...Object.values(as)].map((db) => db.close()));
  await server.remove();
});

function open(url: string): Promise<Database> {
  return connect({ url, pool: { size: 2 }, logging: { level: "silent" } });
}

async function cloneTwice(url: string): Promise<TestDatabase[]> {
  const place = { url, template: TEMPLATE };
  return [await createDatabase(place), await createDatabase(place)];
}

/** Returns the first column of the rows. */
async function list(db: Database, text: string): Promise<unknown[]> {
  const { rows } = await db.query<Record<string, unknown>>(text);
  return rows.map((row) => Object.values(row)[0]);
}

async function addDevice(): Promise<number> {
  const ipAddress = newAddress();
  const given = { hostname: `sw-${ipAddress}`, ipAddress, deviceType: "arista_eos" };
  return (await deviceInsert.one({ ...given, tagNames: ["lab"] }, as.app)).id;
}

async function addCredential(password = SEALED): Promise<number> {
  const given = { uuid: crypto.randomUUID(), username: "admin", password, tagNames: ["lab"] };
  return (await credentialInsert.one(given, as.app)).id;
}

/** Returns the privileges in this database and the settings of each role, sorted. */
function rightsAndSettings(db: Database): Promise<unknown[]> {
  return list(
    db,
    `select concat_ws(' ', 'relation', oid::regclass, relacl) as line
    from pg_class where relnamespace = 'public'::regnamespace
    union all
    select concat_ws(' ', 'column', attrelid::regclass, attname, attacl)
    from pg_attribute where attacl is not null and attrelid >= 16384
    union all
    select concat_ws(' ', 'routine', oid::regprocedure, proacl)
    from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select concat_ws(' ', 'schema', nspname, nspacl) from pg_namespace where nspname = 'public'
    union all
    select concat_ws(' ', 'database', datacl) from pg_database where datname = current_database()
    union all
    select concat_ws(' ', 'default', defaclobjtype, defaclacl) from pg_default_acl
    union all
    select concat_ws(' ', rolname, rolsuper, rolinherit, rolcanlogin, rolconfig) from pg_roles
    order by line`,
  );
}

// --- The matrix

test("a role may do with tables and columns what the matrix says, and public nothing", async () => {
  const columns = await owner.query<{ table: string; columns: string[] }>(
    `select relname::text as "table", array_agg(attname::text order by attnum) as columns
    from pg_class
    join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
    group by relname`,
  );
  const expected: string[] = [];
  for (const { table, columns: names } of columns.rows) {
    for (const client of ["app", "worker", "readonly", "rotator"] as const) {
      for (const [verb, right] of Object.entries(MATRIX[table]?.[client] ?? {})) {
        const line = `netraven_${client} ${verb} ${table}`;
        if (right === true) expected.push(line);
        if (verb === "delete") continue;
        const which = right === true ? names : right.split(" ");
        expected.push(...which.map((column: string) => `${line}.${column}`));
      }
    }
  }

  const found = await list(
    owner,
    `with roles (role) as (
      select unnest(array['public', '${CLIENTS.join("', '")}'])
    ),
    tables as (
      select oid, relname from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
    )
    select concat(role, ' ', verb, ' ', relname)
    from roles
    cross join tables
    cross join unnest(
      array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
    ) as verbs (verb)
    where has_table_privilege(role, tables.oid, verb)
    union all
    select concat(role, ' ', verb, ' ', relname, '.', attname)
    from roles
    cross join tables
    join pg_attribute on attrelid = tables.oid and attnum > 0 and not attisdropped
    cross join unnest(array['select', 'insert', 'update', 'references']) as verbs (verb)
    where has_column_privilege(role, tables.oid, attnum, verb)`,
  );

  assert.equal(found.toSorted(), expected.toSorted());
  assert.equal(
    columns.rows.map(({ table }) => table).toSorted(),
    Object.keys(MATRIX).toSorted(),
  );
});

test("a role may do nothing else in the database, and public nothing at all", async () => {
  const found = await list(
    owner,
    `with roles (role) as (
      select unnest(array['public', '${CLIENTS.join("', '")}'])
    )
    select concat(role, ' ', verb, ' ', relname)
    from roles
    cross join pg_class
    cross join unnest(array['usage', 'select', 'update']) as verbs (verb)
    where
      relnamespace = 'public'::regnamespace and relkind = 'S'
      -- Anything may come first in a where: no question about what is no sequence.
      and case when relkind = 'S' then has_sequence_privilege(role, pg_class.oid, verb) end
    union all
    select concat(role, ' execute ', proname)
    from roles
    cross join pg_proc
    where
      pronamespace = 'public'::regnamespace and has_function_privilege(role, pg_proc.oid, 'execute')
      -- An extension's own functions keep their rights.
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    union all
    select concat(role, ' ', verb, ' schema')
    from roles
    cross join unnest(array['usage', 'create']) as verbs (verb)
    where has_schema_privilege(role, 'public', verb)
    union all
    select concat(role, ' ', verb, ' database')
    from roles
    cross join unnest(array['connect', 'temporary', 'create']) as verbs (verb)
    where has_database_privilege(role, current_database(), verb)`,
  );

  assert.equal(
    found.toSorted(),
    [
      ...CLIENTS.flatMap((role) => [`${role} connect database`, `${role} usage schema`]),
      ...[
        "devices_matching",
        "config_line_numbers",
        "devices_tagged",
        "like_pattern",
        "config_lines_matching",
        "device_tag_names",
        "credential_tag_names",
      ].flatMap((name) => [
        `netraven_app execute ${name}`,
        `netraven_worker execute ${name}`,
        `netraven_readonly execute ${name}`,
      ]),
      ...[
        "job_logs_add",
        "connection_logs_add",
        "log_partition_make",
        "jobs_take",
        "jobs_judge",
        "credential_attempts_given",
      ].flatMap((name) => [
        `netraven_app execute ${name}`,
        `netraven_worker execute ${name}`,
      ]),
      "netraven_app execute log_delete",
      "netraven_app execute tags_ensure",
      "netraven_app execute schedule_tag_names",
      "netraven_readonly execute schedule_tag_names",
      "netraven_app usage system_settings_version_seq",
      "netraven_app usage device_configurations_id_seq",
      "netraven_worker usage device_configurations_id_seq",
    ].toSorted(),
  );
});

test("netraven_migrator owns all, and no role is more than its rights", async () => {
  const owners = await list(
    owner,
    `select distinct pg_get_userbyid(relowner)::text from pg_class
    where relnamespace = 'public'::regnamespace
    union select distinct pg_get_userbyid(proowner)::text from pg_proc
    where pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')`,
  );
  const special = await list(
    owner,
    `select rolname::text from pg_roles
    where rolname = any('{${CLIENTS}}')
      and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls
        or exists (select from pg_auth_members where member = pg_roles.oid))`,
  );

  assert.equal(owners, ["netraven_migrator"]);
  assert.equal(special, []);
});

test("every role has its search path and its timeouts", async () => {
  const names = "statement_timeout lock_timeout idle_in_transaction_session_timeout".split(" ");
  const found: Record<string, unknown> = {};
  for (const [role, db] of Object.entries({ migrator: owner, ...as })) {
    const paths = await list(db, "select current_setting('search_path')");
    assert.equal(paths, ["public, pg_temp"], role);
    found[role] = (await list(
      db,
      `select current_setting(name) from unnest('{${names}}'::text[]) as names (name)`,
    )).join(" ");
  }

  assert.equal(found, {
    migrator: "0 5s 5min",
    app: "1min 10s 1min",
    worker: "1min 10s 1min",
    readonly: "30s 5s 1min",
    rotator: "1min 10s 1min",
  });
});

// --- At work

/** Returns the names of the queries that the role may not run. The server checks privileges before it plans. */
async function refusedQueries(db: Database): Promise<string[]> {
  const refused: string[] = [];
  for (const [i, query] of everyQuery().entries()) {
    const { text, names } = await callOf(query);
    const values = names.map(() => "null").join(", ");
    try {
      await db.transaction(async (tx) => {
        await tx.query(`prepare query_${i} as ${text}`);
        await tx.query(`explain execute query_${i}${values === "" ? "" : `(${values})`}`);
      });
    } catch (error) {
      if ((error as DatabaseError).sqlState !== "42501") throw error;
      refused.push(query.name);
    }
  }
  return refused.toSorted();
}

test("netraven_app may run every query but those that change logs and retire keys", async () => {
  const db = await connect({
    url: server.urls["netraven_app"]!,
    pool: { size: 1 },
    logging: { level: "silent" },
  });
  const refused = await refusedQueries(db);
  await db.close();

  assert.equal(refused, [
    "ConnectionLogDelete",
    "ConnectionLogExpireByType",
    "EncryptionKeyRetire",
    "JobLogDelete",
    "JobLogExpireByLevel",
    "JobLogExpireByType",
    "LogPartitionMake",
  ]);
});

test("netraven_app makes devices, credentials, jobs and settings, and deletes a device and its logs", async () => {
  const deviceId = await addDevice();
  const credentialId = await addCredential();
  const { id: jobId } = await jobInsert.one({ deviceId }, as.app);
  await jobLogInsert.one({ jobId, message: "Connected" }, as.app);
  await connectionLogInsert.one({ jobId, deviceId, log: "sw1#" }, as.app);
  await configSave({ deviceId, text: "hostname sw1\n" }, as.app);
  const failed = {
    credentialIds: [credentialId],
    deviceIds: [deviceId],
    succeeded: [false],
    attemptedAt: [new Date()],
  };
  await credentialAttemptRecord.one(failed, as.app);
  const { version } = await as.app.settings.set("log_retention_days", 7);
  const matches = await credentialMatch.run({ deviceId }, as.app);
  const listed = await deviceList.run({ limit: 100 }, as.app);

  const kept = await rejection(logsDelete({ deviceId }, as.app));
  await deviceDelete.one({ id: deviceId }, as.app);
  const gone = await logsDelete({ deviceId }, as.app);

  assert.is((kept as QueryError).sqlState, "55006");
  assert.equal(gone, { lines: 1, sessions: 1 });
  assert.ok(version > 0);
  assert.ok(matches.some(({ id }) => id === credentialId));
  assert.ok(listed.some(({ id, latestJobStatus }) => id === deviceId && latestJobStatus));
  assert.equal(await jobLogListByDevice.run({ deviceId, limit: 1 }, as.app), []);
  assert.equal(await connectionLogList.run({ deviceId, limit: 1 }, as.app), []);
  assert.equal(
    await list(owner, `select from credential_attempts where device_id = ${deviceId}`),
    [],
  );
});

test("netraven_worker logs in to a device and stores what it sends", async () => {
  const deviceId = await addDevice();
  const credentialId = await addCredential();
  const { id: jobId } = await jobInsert.one({ deviceId }, as.app);
  const outcome = (succeeded: boolean) => ({
    credentialIds: [credentialId],
    deviceIds: [deviceId],
    succeeded: [succeeded],
    attemptedAt: [new Date()],
  });

  const matches = await credentialMatch.run({ deviceId }, as.worker);
  const asked = { id: credentialId, by: "worker-1", reason: "backup" };
  const secret = await credentialSecretGet.one(asked, as.worker);
  await credentialAttemptRecord.one(outcome(false), as.worker);
  const { succeeded } = await credentialAttemptRecord.one(outcome(true), as.worker);
  await jobLogInsert.one({ jobId, message: "Connected" }, as.worker);
  await connectionLogInsert.one({ jobId, deviceId, log: "sw1#" }, as.worker);
  const first = await configSave({ deviceId, text: "hostname sw1\n" }, as.worker);
  const second = await configSave({ deviceId, text: "hostname sw2\n" }, as.worker);
  const third = await configSave({ deviceId, text: "hostname sw2\n" }, as.worker);
  await deviceSeen.run({ ids: [deviceId] }, as.worker);
  await as.worker.settings.get("log_retention_days");

  assert.ok(matches.some(({ id }) => id === credentialId));
  assert.is(secret.password, SEALED);
  assert.is(succeeded, 1);
  assert.equal([first.changed, second.changed, third.changed], [true, true, false]);
  const [reveal] = await credentialRevealList.run({ credentialId, limit: 1 }, as.readonly);
  assert.is(reveal?.revealedBy, "worker-1");
});

test("netraven_worker works on jobs: one that ends well, one that fails first, one that is cancelled", async () => {
  const deviceIds = [await addDevice(), await addDevice(), await addDevice()];
  const jobs = await jobInsertMany.run({ deviceIds }, as.app);
  const [good, bad, cancelled] = jobs.map(({ id }) => id!);
  const options = { lease: 600, poll: 50, backoff: 1 };
  const worker = work(options, async (job, { signal, log }) => {
    log.info(`attempt ${job.attempt}`);
    if (job.id === bad && job.attempt === 1) throw new Error("once");
    if (job.id === cancelled) {
      await until("it is told", () => signal.aborted, 10_000);
      throw signal.reason;
    }
  }, as.worker);
  await jobReap.run({ backoffSeconds: 1, maxBackoffSeconds: 1, limit: 1 }, as.worker);
  await until("the last one runs", async () => {
    const job = await jobGet.one({ id: cancelled! }, as.readonly);
    return job.status === "running";
  });

  await jobCancel.run({ ids: [cancelled!] }, as.app);

  const expected = [[good, "succeeded"], [bad, "succeeded"], [cancelled, "cancelled"]] as const;
  for (const [id, status] of expected) {
    await until(
      `job ${id} ${status}`,
      async () => (await jobGet.one({ id: id! }, as.readonly)).status === status,
    );
  }
  await worker.stop();
  const attempts = await jobAttemptList.run({ jobId: bad!, limit: 10 }, as.readonly);
  assert.equal(attempts.map(({ outcome }) => outcome), ["failed", "succeeded"]);
  const lines = await jobLogList.run({ jobId: bad!, limit: 10 }, as.readonly);
  assert.equal(lines.map(({ message }) => message), ["attempt 1", "attempt 2"]);
});

test("maintain() is the owner's: others make what is missing, and may remove nothing", async () => {
  const { id: jobId } = await jobInsert.one({ deviceId: await addDevice() }, as.app);
  const timestamp = new Date(Date.now() - 300 * 86_400_000);
  await jobLogInsert.run({ jobId, message: "old", timestamp }, as.worker);
  await as.app.settings.set("log_retention_days", 30);

  const error = await rejection(maintain({}, as.app));
  const { dropped, left } = await maintain({}, owner);

  assert.instance(error, ConfigError);
  assert.match(error.message, "DATABASE_MIGRATION_URL");
  assert.equal([dropped.length, left.length], [1, 0]);
  await as.app.settings.delete("log_retention_days");
});

test("netraven_readonly lists everything, and sees no sealed password", async () => {
  await addDevice();
  await addCredential();

  const devices = await deviceList.run({ limit: 1 }, as.readonly);
  const credentials = await credentialList.run({ limit: 1 }, as.readonly);
  const asked = { id: credentials[0]!.id, by: "somebody", reason: "curious" };
  const secret = await rejection(credentialSecretGet.run(asked, as.readonly));

  assert.equal([devices.length, credentials.length], [1, 1]);
  assert.is((secret as DatabaseError).sqlState, "42501");
});

test("netraven_rotator seals passwords anew, and retires a key", async () => {
  const id = await addCredential();

  const found = await credentialResealList.run({ keyId: "k2", limit: 1000 }, as.rotator);
  const resealed = await credentialReseal.run({
    ids: found.map(({ id }) => id),
    sealed: found.map(({ sealed }) => sealed),
    resealed: found.map(() => RESEALED),
  }, as.rotator);
  await encryptionKeyInsert.run({ keyIds: ["k0"], checkValues: ["zero"] }, as.rotator);
  const retired = await encryptionKeyRetire.one({ keyId: "k0" }, as.rotator);
  const keys = await encryptionKeyList.run(undefined, as.rotator);

  assert.ok(resealed.some((row) => row.id === id));
  assert.is(retired.keyId, "k0");
  assert.ok(keys.some(({ keyId, credentials }) => keyId === "k2" && credentials > 0));
});

test("passwords and keys go through the roles: made, revealed, rotated and retired", async () => {
  const login = (client: string, ...keyIds: [string, ...string[]]) => {
    const pathname = `/${clones[0]!.name}`;
    const { href: url } = Object.assign(new URL(server.urls[`netraven_${client}`]!), { pathname });
    const quiet = { pool: { size: 2 }, logging: { level: "silent" } } as const;
    return connect({ url, keys: testKeys(keyIds), ...quiet });
  };
  const who = { by: "test", reason: "test" };
  await using app = await login("app", "old");
  const { id } = await credentialCreate({ username: "admin", password: "swordfish" }, app);
  await credentialSetPassword({ id, password: "trout" }, app);
  await using worker = await login("worker", "old");
  assert.is((await credentialReveal({ id, ...who }, worker)).password.reveal(), "trout");

  await using rotator = await login("rotator", "new", "old");
  const { rotated } = await keysRotate({}, rotator);
  const checked = await keysCheck(rotator);
  await keysRetire({ keyId: "old" }, rotator);
  const { keys } = await keysStatus(rotator);

  assert.equal([rotated, checked.opened, checked.problem], [1, 1, undefined]);
  assert.equal(keys.map(({ keyId, rows }) => [keyId, rows]).sort(), [["new", 1], ["old", 0]]);
  await using later = await login("app", "new");
  assert.is((await credentialReveal({ id, ...who }, later)).password.reveal(), "trout");
  await using readonly = await login("readonly", "new");
  assert.instance(await rejection(credentialReveal({ id, ...who }, readonly)), QueryError);
});

const ANYBODY: Client[] = ["app", "worker", "readonly", "rotator"];
const REFUSED: [clients: Client[], statement: string][] = [
  ...["job_logs", "connection_logs", "credential_reveals"].flatMap((
    table,
  ): [Client[], string][] => [
    [ANYBODY, `update ${table} set id = default`],
    [ANYBODY, `delete from ${table}`],
    [ANYBODY, `truncate ${table}`],
  ]),
  [ANYBODY, "update credentials set uuid = gen_random_uuid()"],
  [["worker", "readonly"], "update credentials set password = password"],
  [["readonly"], "select password from credentials"],
  [["readonly"], "select * from credentials"],
  [["readonly"], "select credentials::text from credentials"],
  [["readonly"], "select id from credentials where password like 'nr1.k1.%'"],
  [["readonly"], "select check_value from encryption_keys"],
  [["readonly"], "insert into tags (name) values ('x')"],
  [["rotator"], "select username from credentials"],
  [["rotator"], "insert into credential_reveals default values"],
  [["worker"], "delete from credential_attempts"],
  [["worker"], "delete from jobs"],
  [["worker"], "update devices set hostname = 'x'"],
  [["worker"], "update device_configurations set config_data = ''"],
  [["worker"], "update system_settings set value = '1'"],
  [["app", "worker", "readonly"], "update encryption_keys set retired_at = now()"],
  [ANYBODY, "delete from encryption_keys"],
  [ANYBODY, "delete from schema_migrations"],
  [ANYBODY, "create table public.mine (id integer)"],
  [ANYBODY, "create temporary table mine (id integer)"],
  [ANYBODY, "create schema mine"],
  [ANYBODY, "create function public.mine() returns integer language sql as 'select 1'"],
  [ANYBODY, "alter table tags add column mine integer"],
  [ANYBODY, "drop table tags"],
  [ANYBODY, "set role netraven_migrator"],
  [ANYBODY, "alter role netraven_app superuser"],
];
for (const [clients, statement] of REFUSED) {
  test(`${clients.join(", ")} may not: ${statement}`, async () => {
    for (const client of clients) {
      const error = await rejection(as[client].query(statement));

      assert.is((error as DatabaseError).sqlState, "42501", `${client}: ${error.message}`);
    }
  });
}

test("somebody else's role has no way in", async () => {
  await superuser.query("create role stranger login password 'stranger'");
  const url = Object.assign(new URL(server.urls["netraven_app"]!), {
    username: "stranger",
    password: "stranger",
  });

  const db = await rejection(
    open(url.href).then((db) => db.query("select").finally(() => db.close())),
  );

  assert.is((db as DatabaseError).sqlState, "42501");
  await superuser.query("drop role stranger");
});

// --- Repetition

/** Applies the roles again as the owner, and returns the output lines. */
async function giveRights(url: string): Promise<string[]> {
  const lines: string[] = [];
  await applyRoles((await loadConfig({ url })).database, (line) => lines.push(line));
  return lines;
}

test("applyRoles() changes nothing, when it runs a second time", async () => {
  const before = await rightsAndSettings(owner);
  const stamps = `select xmin::text from pg_db_role_setting order by setrole`;
  const settings = await list(owner, stamps);

  const lines = await giveRights(server.urls["netraven_migrator"]!);

  assert.equal(lines, []);
  assert.equal(await rightsAndSettings(owner), before);
  assert.equal(await list(owner, stamps), settings, "no row of the whole server was written");
});

test("applyRoles() brings back what somebody changed, and leaves the times that somebody chose", async () => {
  const before = await rightsAndSettings(owner);
  await superuser.query("grant select (password), update on credentials to netraven_readonly");
  await superuser.query("grant all on job_logs to public");
  await superuser.query("revoke select on jobs from netraven_worker");
  await superuser.query("alter role netraven_app set search_path to pg_temp, public");
  await superuser.query("alter role netraven_app set statement_timeout to '5min'");

  await giveRights(server.urls["netraven_migrator"]!);

  const [config] = await list(
    owner,
    "select rolconfig from pg_roles where rolname = 'netraven_app'",
  ) as string[][];
  assert.ok(config?.includes("search_path=public, pg_temp"));
  assert.ok(config?.includes("statement_timeout=5min"));
  await superuser.query("alter role netraven_app set statement_timeout to '1min'");
  assert.equal(await rightsAndSettings(owner), before);
});

test("applyRoles() takes away what a new function, table or view gives by default", async () => {
  const before = await rightsAndSettings(owner);
  await owner.query("create function forgotten() returns integer language sql as 'select 1'");
  await owner.query("create table forgotten ()");
  await owner.query("grant select on forgotten to netraven_readonly");

  await giveRights(server.urls["netraven_migrator"]!);

  const function_ = await rejection(as.readonly.query("select forgotten()"));
  const table = await rejection(as.readonly.query("select from forgotten"));
  await owner.query("drop function forgotten");
  await owner.query("drop table forgotten");
  assert.is((function_ as DatabaseError).sqlState, "42501");
  assert.is((table as DatabaseError).sqlState, "42501");
  assert.equal(await rightsAndSettings(owner), before);
});

/** The first database changes a role and commits when the second one, which applies the roles, waits for it. */
async function race(
  databases: readonly TestDatabase[],
  watcher: Database,
  statement: string,
): Promise<string[]> {
  const first = await open(databases[0]!.url);
  let other: Promise<string[]> | undefined;
  await first.transaction(async (tx) => {
    await tx.query(statement);
    other = giveRights(databases[1]!.url);
    other.catch(() => {});
    await until("the other one waits", async () =>
      (await list(
        watcher,
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ '^(create|alter) role'",
      )).length > 0);
  });
  const lines = await other!;
  await first.close();
  return lines;
}

for (
  const [what, statement] of [
    ["has no settings", "alter role netraven_app reset all"],
    ["lacks one", "alter role netraven_app reset lock_timeout"],
  ] as [string, string][]
) {
  test(`applyRoles() succeeds in two databases at once, when a role ${what}`, async () => {
    const configs = "select rolconfig from pg_roles order by rolname";
    const sorted = (found: unknown[]) =>
      found.map((config) => (config as string[] | null)?.toSorted());
    const before = await list(owner, configs);
    await superuser.query(statement);

    const lines = await race(
      clones,
      superuser,
      "alter role netraven_app set lock_timeout to '10s'",
    );

    assert.equal(lines, []);
    assert.equal(sorted(await list(owner, configs)), sorted(before));
  });
}

// --- One role alone

test("a role that may not make roles migrates and works alone, until somebody makes them", async () => {
  const alone = await startServer({ template: TEMPLATE });
  const two = await cloneTwice(alone.url);
  const url = Object.assign(new URL(alone.url), { pathname: `/${TEMPLATE}` }).href;
  const root = await open(alone.superuserUrl);
  const db = await open(url);
  try {
    const before = await rightsAndSettings(db);
    const lines = await giveRights(url);
    const after = await rightsAndSettings(db);
    const made = await deviceInsert.one(
      { hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" },
      db,
    );

    assert.equal(lines, [
      "The roles are missing and netraven_test may not create them: netraven_test keeps all privileges",
    ]);
    assert.equal(after, before);
    assert.not.match(before.join("\n"), "netraven_app");

    // An administrator creates two of them.
    await root.query("create role netraven_app login password 'app'");
    await root.query("create role netraven_worker login password 'worker'");
    const left = await giveRights(url);
    const app = await open(
      Object.assign(new URL(url), { username: "netraven_app", password: "app" }).href,
    );
    const listed = await deviceList.run({ limit: 10 }, app);
    const refused = await rejection(app.query("delete from job_logs"));
    await app.close();

    assert.equal(listed.map(({ id }) => id), [made.id]);
    assert.is((refused as DatabaseError).sqlState, "42501");
    assert.ok(left.includes(
      "The role netraven_rotator is missing and netraven_test may not create it; run: create role netraven_rotator login",
    ));
    assert.ok(left.includes(
      "netraven_test lacks the privilege; run as an administrator: alter role netraven_app set lock_timeout to '10s'",
    ));
    assert.is(left.length, 3 + 2 * 4);

    // From now on it may create the others, in two databases at once.
    await root.query("alter role netraven_test createrole");
    const others = await race(two, root, "create role netraven_rotator login");

    assert.not.match(others.join("\n"), "is missing");
    assert.is(
      (await list(root, "select from pg_roles where rolname ~ '^netraven_(?!test)'")).length,
      5,
    );
  } finally {
    await db.close();
    await root.close();
    await alone.remove();
  }
});

test.run();
