/** Deleting a version, without a hole in the index of lines. */
import { reindexDevice } from "./config_index.ts";
import type { Session } from "./config_save.ts";
import { NotFoundError } from "./errors.ts";
import { configBlameGet, configVersionDelete } from "./generated/device_configurations.ts";
import { deviceStateLock } from "./generated/device_states.ts";
import type { CallOptions } from "./query.ts";

/**
 * Deletes a version that is not the latest of its device. Lines that came in with it and stand in
 * later ones came in with the next one then.
 *
 * @throws {NotFoundError} there is no such version.
 * @throws {ConstraintError} it is the latest one, which stays while its device does.
 * @throws {ConnectionError | TimeoutError | CommitUnknownError}
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const first = await configSave(db, { deviceId: device.id, text: "hostname a\n" });
 * await configSave(db, { deviceId: device.id, text: "hostname b\n" });
 * await configDelete(db, first.id);
 */
export async function configDelete(
  db: Session,
  id: number,
  options: CallOptions = {},
): Promise<void> {
  await db.transaction(async (tx) => {
    const version = await configBlameGet.first({ id }, tx);
    if (version !== undefined) await deviceStateLock.first({ deviceIds: [version.deviceId] }, tx);
    const deleted = await configVersionDelete.first({ id }, tx);
    if (deleted === undefined) {
      throw new NotFoundError(`Configuration ${id} does not exist`, { query: "ConfigDelete" });
    }
    await reindexDevice(tx, deleted.deviceId);
  }, { ...options, name: "ConfigDelete" });
}
