/** Opens a connection: dials and logs in, with libpq's order of attempts. */
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

/** The way in which each server accepted the session's settings: the next session tries it first. */
const ways = new WeakMap<Target, SettingsWay>();

/**
 * Connects and logs in.
 *
 * @param timeout Milliseconds for dialling and login.
 * @param onNotify Called for each notification on the connection's channels.
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

/** A pooler refuses unknown settings with 08P01, a server with 22023 or 42704. */
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

/** Begins a session. Like libpq, makes a second attempt with or without TLS. */
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

/** Refuses a session whose settings change how values are encoded. */
function checkSettings({ settings, socket }: Session, target: Target, way: SettingsWay): void {
  for (const [name, value] of settings) {
    if (isAsStated(name, value) || isStatedLater(name, way)) continue;
    socket.destroy();
    const problem = `the session ignores the requested setting ${name}; ` +
      "a pooler may have dropped it";
    throw new ConnectionError("protocol", `Cannot connect to ${formatTarget(target)}: ${problem}`);
  }
}

/** Returns libpq's second attempt for `allow` and `prefer`; undefined if there is none. */
function secondTry(
  options: ConnectionOptions,
  error: unknown,
  encrypted: boolean,
): { plain: boolean } | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  const mode = options.target.sslMode;
  // If unencrypted connections are not allowed, the first attempt was encrypted in either mode.
  if (!mayBePlain(options)) return undefined;
  // Without TLS, channel binding is impossible.
  if (options.target.channelBinding === "require") return undefined;
  const refused = error.sqlState === "28000";
  if (mode === "allow" && refused) return { plain: false };
  if (mode === "prefer" && ((refused && encrypted) || error.reason === "tls")) {
    return { plain: true };
  }
  return undefined;
}
