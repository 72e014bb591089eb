/** Deletes versions and keeps the line index consistent. */
import { reindexDevice } from "./line_index.ts";
import type { Session, Transaction } from "../session.ts";
import { NotFoundError } from "../errors.ts";
import {
  configBlameGet,
  configVersionDelete,
} from "../generated/internal/device_configurations.ts";
import { deviceStateLock } from "../generated/internal/device_states.ts";
import type { CallOptions } from "../query.ts";

/** Implements `configDelete` of `history/mod.ts`. */
export async function configDelete(
  { id }: { readonly id: number },
  db: Session,
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
 * Deletes versions of a device under its lock, and rebuilds its line index.
 *
 * @param act Deletes versions and returns a row for each.
 * @returns The rows of `act`.
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
