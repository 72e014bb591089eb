/** Deleting versions, without a hole in the index of lines. */
import { reindexDevice } from "./line_index.ts";
import type { Session } from "./save.ts";
import { NotFoundError } from "../errors.ts";
import { configBlameGet, configVersionDelete } from "../generated/device_configurations.ts";
import { deviceStateLock } from "../generated/device_states.ts";
import type { CallOptions } from "../query.ts";
import type { Transaction } from "../connection/transaction.ts";

/**
 * Deletes a version that is not the latest of its device, nor pinned. Lines that came in with it
 * and stand in later ones came in with the next one then.
 *
 * @throws {NotFoundError} there is no such version.
 * @throws {ConstraintError} it is the latest one, which stays while its device does, or it is pinned.
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
    const deleted = version === undefined
      ? []
      : await deleteVersions(tx, version.deviceId, () => configVersionDelete.run({ id }, tx));
    if (deleted.length === 0) {
      throw new NotFoundError(`Configuration ${id} does not exist`, { query: "ConfigDelete" });
    }
  }, { ...options, name: "ConfigDelete" });
}

/**
 * Deletes versions of a device while nobody else saves it, and makes its index of lines anew.
 *
 * @param act Deletes some, and gives a row for each that it deleted.
 * @returns These rows.
 */
export async function deleteVersions<Row>(
  tx: Transaction,
  deviceId: number,
  act: () => Promise<Row[]>,
): Promise<Row[]> {
  await deviceStateLock.first({ deviceIds: [deviceId] }, tx);
  const deleted = await act();
  if (deleted.length > 0) await reindexDevice(tx, deviceId);
  return deleted;
}
