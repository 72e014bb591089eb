/** Some rows in every table, so that queries find, change and delete something. */
import {
  connectionLogInsert,
  credentialTagAdd,
  type Database,
  deviceTagAdd,
  jobLogInsert,
  tagEnsure,
} from "netraven-db";
import { settingUpsert } from "../../src/generated/internal/system_settings.ts";
import { addConfig, addCredential, addDevice, addJob } from "./factories.ts";

/** Creates three of each; in an empty database their ids are 1, 2 and 3. */
export async function addFleet(db: Database): Promise<void> {
  const names = ["core", "edge", "lab"];
  await tagEnsure.run({ names }, db);
  for (const [i, name] of names.entries()) {
    const device = await addDevice(db, { hostname: `${name}1` });
    const credential = await addCredential(db);
    await deviceTagAdd.run({ deviceIds: [device.id], tagNames: names.slice(i) }, db);
    await credentialTagAdd.run({ credentialIds: [credential.id], tagNames: [name] }, db);
    const job = await addJob(db, { deviceId: device.id });
    await jobLogInsert.run({ jobId: job.id, message: `backup of ${name}1` }, db);
    await connectionLogInsert.run({ jobId: job.id, deviceId: device.id, log: "show run" }, db);
    await addConfig(db, device.id);
    await addConfig(db, device.id);
    await settingUpsert.run({ key: name, value: i }, db);
  }
}
