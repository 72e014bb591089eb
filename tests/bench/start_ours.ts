/** A short process: connects, reads a device, ends. The benchmark measures its whole duration. */
import process from "node:process";
import { connect, deviceGet } from "netraven-db";

const db = await connect({ url: process.env["BENCH_URL"] });
const device = await deviceGet.first({ id: 1 }, db);
if (device?.tags.length !== 3) throw new Error("The device was not read");
await db.close();
