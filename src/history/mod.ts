/** The public functions of this folder. The first call loads their implementation. */
import type * as Functions from "./functions.ts";

let loaded: Promise<typeof Functions> | undefined;
const load = () => loaded ??= import("./functions.ts");

/**
 * Stores a configuration as a new version, unless it equals the latest version of its device.
 *
 * Concurrent saves of one device are serialized and never store equal versions in a row. A difference
 * in volatile lines, which match the system setting `config_noise_<device type>`, creates no version.
 * A configuration that looks incomplete, according to the settings `config_guard_…` and
 * `config_end_<device type>`, is quarantined: see `quarantined`.
 *
 * @param db A database, or a transaction to join.
 * @throws {ParameterError} the text contains a lone surrogate; text and bytes are both present or both
 *   absent; `retrievedAt` is before the latest version's.
 * @throws {NotFoundError} the device does not exist.
 * @throws {ConfigError} a setting is invalid.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} call it again: if the first call has
 *   stored the configuration, the second one finds it unchanged.
 * @example
 * const device = await deviceInsert.one({ hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" }, db);
 * const saved = await configSave({ deviceId: device.id, text: "hostname sw1\n" }, db);
 * console.log(saved.id, saved.changed, saved.previousId);
 */
export const configSave: typeof Functions.configSave = async (...args) =>
  (await load()).configSave(...args);

/**
 * Stores the configurations of many devices in batches of at most 200 devices or eight million
 * characters. A batch takes one round trip for all unchanged configurations and a few more for all
 * others. Each batch is a transaction and stays stored if a later one fails. Several entries of one
 * device are saved in order.
 *
 * @returns For each entry, at the same index, the result of `configSave` or the error that it would
 *   throw.
 * @throws {ConfigError | ConnectionError | TimeoutError | CommitUnknownError} as `configSave`.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const outcomes = await configSaveMany([
 *   { deviceId: device.id, text: "hostname example\n" },
 *   { deviceId: -1, text: "hostname nobody\n" },
 * ], db);
 * for (const outcome of outcomes) {
 *   console.log(outcome instanceof DatabaseError ? outcome.message : outcome.changed);
 * }
 */
export const configSaveMany: typeof Functions.configSaveMany = async (...args) =>
  (await load()).configSaveMany(...args);

/**
 * Compares two versions, of one device or of two.
 *
 * @param params `idA`: the older version; `idB`: the newer one.
 * @throws {NotFoundError} one of the versions does not exist.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const first = await configSave({ deviceId: device.id, text: "hostname a\n" }, db);
 * const second = await configSave({ deviceId: device.id, text: "hostname b\n" }, db);
 * const diff = await configDiff({ idA: first.id, idB: second.id }, db);
 * console.log(diff.added, diff.removed, await diff.unified());
 */
export const configDiff: typeof Functions.configDiff = async (...args) =>
  (await load()).configDiff(...args);

/**
 * Returns the lines of a version, each with the version that added it.
 *
 * @param params `id`: the version.
 * @throws {NotFoundError} the version does not exist.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave({ deviceId: device.id, text: "hostname example\nntp server 192.0.2.1\n" }, db);
 * const { id } = await configSave({ deviceId: device.id, text: "hostname example\nntp server 192.0.2.2\n" }, db);
 * for (const { line, text, since } of await configBlame({ id }, db)) console.log(line, text, since);
 */
export const configBlame: typeof Functions.configBlame = async (...args) =>
  (await load()).configBlame(...args);

/**
 * Makes a quarantined configuration the latest version of its device. It keeps its id and its times.
 * The field `quarantine` of its metadata records the reasons and who released it.
 *
 * @param params `id`: from `configSave` with `quarantined`, or from `configQuarantineList`; `by`:
 *   person who decided.
 * @throws {NotFoundError} the configuration is not in quarantine.
 * @throws {ConflictError} the device has sent its latest version again since, so this configuration
 *   cannot become the latest: discard it with `configQuarantineDrop`.
 * @throws {ParameterError} `by` is missing or empty.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const saved = await configSave({ deviceId: device.id, text: "" }, db);
 * if (saved.quarantined) console.log(saved.quarantined); // ["empty"]
 * await configRelease({ id: saved.id, by: "alice" }, db);
 * console.log((await configLatestGet.one({ deviceId: device.id }, db)).id === saved.id);
 */
export const configRelease: typeof Functions.configRelease = async (...args) =>
  (await load()).configRelease(...args);

/**
 * Deletes a version that is neither the latest of its device nor pinned. Lines that it had added
 * and that later versions contain count as added by the next version.
 *
 * @throws {NotFoundError} the version does not exist.
 * @throws {ConstraintError} the version is pinned, or the latest of its device, which only the deletion
 *   of the device removes.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const first = await configSave({ deviceId: device.id, text: "hostname a\n" }, db);
 * await configSave({ deviceId: device.id, text: "hostname b\n" }, db);
 * await configDelete({ id: first.id }, db);
 */
export const configDelete: typeof Functions.configDelete = async (...args) =>
  (await load()).configDelete(...args);

/**
 * Removes the versions that no rule keeps. Remaining versions keep their end times, so gaps stay
 * visible, and the line index is rebuilt from them. Quarantined configurations are not versions and
 * stay until a person decides.
 *
 * Each batch of a device is a separate transaction, which locks the device and evaluates the rules
 * again. Other processes can work meanwhile, and no pin is lost: a version that is being pinned stays
 * until the next run. After an interruption the completed transactions stay, and the next run
 * continues.
 *
 * @param db A database, or a transaction to join.
 * @throws {ParameterError} the policy has no rule, or a rule is not a whole number from 1. Nothing was
 *   removed.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} run it again.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * for (const name of ["a", "b", "c"]) await configSave({ deviceId: device.id, text: `hostname ${name}\n` }, db);
 * const policy = { keepLast: 2 };
 * const { versions, bytes } = await configPrune({ ...policy, dryRun: true }, db);
 * console.log(versions, bytes); // 1, 11
 * await configPrune(policy, db, { onProgress: ({ removed }) => console.log(removed[0]?.hostname, removed.length) });
 */
export const configPrune: typeof Functions.configPrune = async (...args) =>
  (await load()).configPrune(...args);

/**
 * Reads the retention policy for `configPrune` from the system settings `config_keep_last`,
 * `config_keep_days` and `config_keep_months`. The value true of the last one keeps all months.
 *
 * @returns The policy; undefined if no setting is set, which keeps all versions.
 * @throws {ConfigError} a setting is not a whole number from 1; `path` names its key.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * await db.settings.set("config_keep_days", 90);
 * await db.settings.set("config_keep_months", 24);
 * const policy = await configPrunePolicy(db);
 * if (policy) console.log(await configPrune({ ...policy, dryRun: true }, db));
 */
export const configPrunePolicy: typeof Functions.configPrunePolicy = async (...args) =>
  (await load()).configPrunePolicy(...args);

/**
 * Imports histories from a git repository. Every committed text of a file becomes a version of its
 * device with the time of the commit. This command writes the stream:
 *
 *     git fast-export --show-original-ids --date-order --reencode=no --use-done-feature HEAD
 *
 * A file belongs to the device whose hostname is the file name, in any folder: `<hostname>` and
 * `<group>/<hostname>` of Oxidized, `<group>/configs/<hostname>` of RANCID. The result lists the paths
 * of unknown devices. If several files belong to one device, their texts alternate: choose one with
 * `device`. The import ignores the deletion of files, links and submodules.
 *
 * Many transactions save the texts in the order of the stream and without the sanity check. After an
 * interruption run the import again; a repeated import changes nothing.
 *
 * Memory: the texts of one commit and of about 100 versions, and some dozen bytes for every text of the
 * repository. With `--no-data` and `blob`: the texts of about 100 versions, at most 8 MB and one text.
 * Only `blob` finds a text that returns but is in no version, because no device had it before.
 *
 * @param params `stream`: the output of `git fast-export`.
 * @param db A database, or a transaction to join.
 * @throws {ParameterError} field `stream`: the stream is not from git, or truncated. Saved versions stay.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError} saved versions stay: run it again.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave({ deviceId: device.id, text: "hostname example\n" }, db);
 * const other = await deviceInsert.one({ hostname: "copy", ipAddress: "192.0.2.2", deviceType: "arista_eos" }, db);
 * // The output of a git process works as well.
 * const stream = configExport({ deviceIds: [device.id] }, db);
 * const { versions, unknownPaths } = await configImport({ stream, device: () => other.id }, db);
 * console.log(versions, unknownPaths); // 1, []
 */
export const configImport: typeof Functions.configImport = async (...args) =>
  (await load()).configImport(...args);

/**
 * Exports histories as a stream for `git fast-import`: one commit for each version, oldest first, with the
 * time when it was first read. Files contain the bytes that the device sent. Because git stores whole
 * seconds, the last line of each message contains the version and the exact time:
 * `NetRaven-Version: 12 2026-11-25T09:00:00.123Z`.
 *
 *     git fast-import --done
 *
 * To continue an earlier export, pass `after`, the same other parameters, and a `minimumAge` longer than
 * any save takes, such as 300,000: a save in progress may still commit a version that is older than the
 * last exported one. Versions that are imported later with older times need a full export. The file of a
 * deleted or renamed device stays in the repository.
 *
 * Memory: a few texts, and a name for each device. The export holds a connection until the loop ends.
 *
 * @returns The stream, in chunks.
 * @throws {ParameterError} `path`: the path of a device is invalid in git, or conflicts with another
 *   device's; `branch`: the branch name is invalid. Nothing was written.
 * @throws {QueryError | ConnectionError | TimeoutError} from the loop. Git rejects the stream then,
 *   because it lacks its last line.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * await configSave({ deviceId: device.id, text: "hostname example\n" }, db);
 * const params = {
 *   // The layout of RANCID.
 *   path: ({ hostname, tags }: { hostname: string; tags: string[] }) => `${tags[0]}/configs/${hostname}`,
 * };
 * for await (const chunk of configExport(params, db)) console.log(chunk.length);
 */
export const configExport: typeof Functions.configExport = async function* (...args) {
  yield* (await load()).configExport(...args);
};
