/** Where servers keep their data for the length of a run: in memory, a clone takes a fifth of the time. */
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { freemem } from "node:os";

const FOLDER = "/dev/shm";
/** What the servers of a run may come to take, in bytes. */
const ENOUGH = 4 * 2 ** 30;

/** The folder in memory for temporary files; undefined where there is none, or too little room. */
export async function memoryFolder(): Promise<string | undefined> {
  try {
    await access(FOLDER, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(FOLDER);
    return Math.min(bavail * bsize, freemem()) > ENOUGH ? FOLDER : undefined;
  } catch {
    return undefined;
  }
}
