/** The request that ends the statement of a connection, sent over a connection of its own. */
import { clearTimeout, setTimeout } from "node:timers";
import type { Session } from "./login.ts";
import { type Address, openSocket } from "./socket.ts";

const CANCEL_TIMEOUT_MS = 5_000;
const REQUEST_BYTES = 16;
const CANCEL_REQUEST_CODE = 80_877_102;

/** @param key The key of the connection, which the server gave at the login. */
export async function sendCancel(
  { pid, secret }: NonNullable<Session["key"]>,
  address: Address,
): Promise<void> {
  const request = new DataView(new ArrayBuffer(REQUEST_BYTES));
  request.setInt32(0, REQUEST_BYTES);
  request.setInt32(4, CANCEL_REQUEST_CODE);
  request.setInt32(8, pid);
  request.setInt32(12, secret);
  const { socket } = await openSocket(address, CANCEL_TIMEOUT_MS);
  const timer = setTimeout(() => socket.destroy(), CANCEL_TIMEOUT_MS);
  socket.on("close", () => clearTimeout(timer));
  socket.end(new Uint8Array(request.buffer));
  // The server answers a cancel request by closing.
  socket.resume();
}
