/** Opens a connection: dials and logs in, in libpq's order of tries. */
import { TLSSocket } from "node:tls";
import { left } from "../deadline.ts";
import { ConnectionError, DatabaseError } from "../errors.ts";
import { logIn, type Session } from "./login.ts";
import {
  isAsStated,
  isStatedLater,
  settingsStatement,
  type SettingsWay,
  startupSettings,
  WAYS,
} from "./session_settings.ts";
import { Connection, type ConnectionOptions, type OnNotify } from "./connection.ts";
import { mayBePlain, openSocket } from "./socket.ts";
import { formatTarget, type Target } from "../config/url.ts";

/** How a server took the settings of a session, so that the next one begins with that. */
const ways = new WeakMap<Target, SettingsWay>();

/**
 * Connects and logs in.
 *
 * @param timeout Milliseconds for all of it.
 * @param onNotify Hears the notifications of the channels that the connection listens on.
 * @throws {ConnectionError | TimeoutError}
 */
export async function openConnection(
  options: ConnectionOptions,
  timeout: number,
  onNotify?: OnNotify,
): Promise<Connection> {
  const until = performance.now() + timeout;
  for (let way = ways.get(options.target) ?? "startup";;) {
    try {
      const connection = await openWith(options, way, until, onNotify);
      ways.set(options.target, way);
      return connection;
    } catch (error) {
      const next = WAYS[WAYS.indexOf(way) + 1];
      if (next === undefined || !refusesSettings(error)) throw error;
      way = next;
    }
  }
}

/** A pooler that knows few settings says 08P01, a server that lacks one or its value these. */
function refusesSettings(error: unknown): boolean {
  return error instanceof DatabaseError && /^(08P01|22023|42704)$/.test(error.sqlState ?? "");
}

async function openWith(
  options: ConnectionOptions,
  way: SettingsWay,
  until: number,
  onNotify: OnNotify | undefined,
): Promise<Connection> {
  const session = await begin(options, way, until);
  checkSettings(session, options.target, way);
  const connection = new Connection(options, session, onNotify);
  try {
    await connection.greet();
    const statement = settingsStatement(way);
    if (statement !== undefined) await connection.command(statement, left(until));
    return connection;
  } catch (error) {
    connection.discard();
    throw error;
  }
}

/** Tries once more where libpq would: with TLS, or without. */
async function begin(
  options: ConnectionOptions,
  way: SettingsWay,
  until: number,
): Promise<Session> {
  const startup = startupSettings(options.target, way);
  let encrypted = false;
  const attempt = async (plain?: boolean) => {
    const dialled = await openSocket(options, left(until), plain);
    encrypted = dialled.socket instanceof TLSSocket;
    return await logIn(dialled, options, startup, until);
  };
  try {
    return await attempt();
  } catch (error) {
    const again = secondTry(options, error, encrypted);
    if (again === undefined) throw error;
    return await attempt(again.plain);
  }
}

/** Refuses a session in which values would be written or read another way. */
function checkSettings({ settings, socket }: Session, target: Target, way: SettingsWay): void {
  for (const [name, value] of settings) {
    if (isAsStated(name, value) || isStatedLater(name, way)) continue;
    socket.destroy();
    const problem = `the session has another ${name} than this layer asked for; ` +
      "a pooler may have dropped it";
    throw new ConnectionError("protocol", `Cannot connect to ${formatTarget(target)}: ${problem}`);
  }
}

/** libpq's second try of `allow` and `prefer`, where the server wants the other way. */
function secondTry(
  options: ConnectionOptions,
  error: unknown,
  encrypted: boolean,
): { plain: boolean } | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  const mode = options.target.sslMode;
  // Where plain is not allowed, the first try was encrypted in either mode.
  if (!mayBePlain(options)) return undefined;
  // Without TLS there is nothing to bind to.
  if (options.target.channelBinding === "require") return undefined;
  const refused = error.sqlState === "28000";
  if (mode === "allow" && refused) return { plain: false };
  if (mode === "prefer" && ((refused && encrypted) || error.reason === "tls")) {
    return { plain: true };
  }
  return undefined;
}
