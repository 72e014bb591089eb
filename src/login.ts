/**
 * Dials and logs in, in libpq's order of tries, and says what is wrong where
 * that fails.
 */
import { ConnectionError, TimeoutError } from "./errors.ts";
import { type OnNotify, Slot, type SlotOptions } from "./slot.ts";
import { type Dialled, mayBePlain, openSocket } from "./socket.ts";
import { isServerError, startupError } from "./sqlstate.ts";
import { formatTarget } from "./url.ts";

/**
 * What every session is told. JIT, where PostgreSQL was built with it, spends
 * seconds on compiling what runs for milliseconds. A statement whose client is
 * gone ends within seconds; a server on Windows cannot look for that.
 */
const SESSION = `select
  set_config('jit', 'off', false),
  set_config('client_connection_check_interval', '5s', false)`;
const SESSION_ON_WINDOWS = "select set_config('jit', 'off', false)";

/**
 * Connects and logs in.
 *
 * @param timeout Milliseconds for all of it.
 * @param onNotify Hears the notifications of the channels that the slot listens on.
 * @throws {ConnectionError | TimeoutError}
 */
export async function openSlot(
  options: SlotOptions,
  timeout: number,
  onNotify?: OnNotify,
): Promise<Slot> {
  const until = performance.now() + timeout;
  try {
    return await login(options, await openSocket(options, timeout), until, onNotify);
  } catch (error) {
    const again = secondTry(options, error);
    if (again === undefined) throw error;
    const left = Math.max(1, until - performance.now());
    return await login(options, await openSocket(options, left, again.plain), until, onNotify);
  }
}

async function login(
  options: SlotOptions,
  dialled: Dialled,
  until: number,
  onNotify: OnNotify | undefined,
): Promise<Slot> {
  const timeout = Math.max(1, until - performance.now());
  const slot = new Slot(options, dialled, onNotify);
  try {
    // The driver logs in when it has a statement.
    await slot.send(SESSION, [], {}, timeout, true).catch(async (error) => {
      const refused = isServerError(error) && error.severity === "ERROR";
      if (!refused) throw error;
      await slot.send(SESSION_ON_WINDOWS, [], {}, timeout, true);
    });
    return slot;
  } catch (error) {
    slot.discard();
    throw explain(error, formatTarget(options.target), timeout);
  }
}

function explain(error: unknown, where: string, timeout: number): ConnectionError | TimeoutError {
  if (error instanceof TimeoutError) {
    const message = `Cannot connect to ${where}: no answer within ${Math.round(timeout)} ms`;
    return new TimeoutError("connect", message);
  }
  // The guard of the login has said what is wrong.
  if (error instanceof ConnectionError && error.reason !== "lost") return error;
  if (isServerError(error)) return startupError(error, where);
  if (error instanceof Error && (error as { code?: unknown }).code === "SASL_SIGNATURE_MISMATCH") {
    const problem = "the server does not know the password either; it may be an impostor";
    return new ConnectionError("authentication", `Cannot connect to ${where}: ${problem}`);
  }
  const problem = "the connection was closed before the session began";
  return new ConnectionError("lost", `Cannot connect to ${where}: ${problem}`);
}

/** libpq's second try of `allow` and `prefer`, where the server wants the other way. */
function secondTry(options: SlotOptions, error: unknown): { plain: boolean } | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  const mode = options.target.sslMode;
  // Where plain is not allowed, the first try was encrypted in either mode.
  if (!mayBePlain(options)) return undefined;
  const refused = error.sqlState === "28000";
  if (mode === "allow" && refused) return { plain: false };
  if (mode === "prefer" && (refused || error.reason === "tls")) return { plain: true };
  return undefined;
}
