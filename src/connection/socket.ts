/**
 * Opens a TCP or Unix socket to the server, with TLS if requested. The layer itself
 * dials, so that a connection has one owner, a deadline, libpq's `sslmode`, and an
 * error with advice.
 */
import * as net from "node:net";
import * as tls from "node:tls";
import { atDeadline } from "../deadline.ts";
import { ConnectionError, type ConnectionReason, TimeoutError } from "../errors.ts";
import { formatTarget, type Target } from "../config/url.ts";

/** The server's address, and the trusted certificates. */
export interface Address {
  readonly target: Target;
  /** The trusted authorities as PEM text. Defaults to the runtime's list. */
  readonly ca: string | undefined;
  /** Remote hosts to which unencrypted connections are allowed. */
  readonly plaintextHosts?: readonly string[];
}

/** A socket before its login. */
export interface Dialled {
  readonly socket: net.Socket;
  /** Whether the server's identity is certain: its certificate was verified, or it is on this machine. */
  readonly trusted: boolean;
}

const KEEP_ALIVE_MS = 60_000;
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/**
 * Connects, with TLS if the target's `sslmode` requests it. Unencrypted connections stay on this
 * machine, or go to a host that the configuration names.
 *
 * @param timeout Milliseconds until a TimeoutError.
 * @param plain Skips TLS. Defaults to true for `sslmode=disable` and, where allowed, `allow`.
 * @throws {ConnectionError} unknown host, refused, unreachable, TLS, untrusted.
 * @throws {TimeoutError} kind `connect`.
 */
export async function openSocket(
  address: Address,
  timeout: number,
  plain: boolean = startsPlain(address),
): Promise<Dialled> {
  const { target, ca } = address;
  if (plain && !mayBePlain(address)) throw unencrypted(target);
  let socket: net.Socket | undefined;
  let arrived: () => void = () => {};
  const expired = new Promise<never>((_, reject) => {
    arrived = atDeadline(performance.now() + timeout, () => {
      socket?.destroy();
      const waited = Math.round(timeout);
      const message = `Cannot connect to ${formatTarget(target)}: no answer within ${waited} ms`;
      reject(new TimeoutError("connect", message));
    });
  });
  try {
    socket = dial(target);
    await Promise.race([expired, once(socket, "connect", target)]);
    // Unix sockets never leave the machine; libpq does not encrypt them either.
    const local = isLocal(target.host);
    if (plain || target.host.startsWith("/")) return { socket, trusted: local };
    const checks = checksOf(target, ca);
    socket = await Promise.race([expired, secure(socket, { target, ca }, checks)]);
    if (!(socket instanceof tls.TLSSocket) && !mayBePlain(address)) throw unencrypted(target);
    return { socket, trusted: local || (checks !== "nothing" && socket instanceof tls.TLSSocket) };
  } catch (error) {
    socket?.destroy();
    throw error;
  } finally {
    arrived();
  }
}

/** Whether the configuration allows an unencrypted connection to the target. */
export function mayBePlain({ target: { host }, plaintextHosts = [] }: Address): boolean {
  return isLocal(host) || plaintextHosts.includes(host);
}

/** `disable` never encrypts. `allow` first tries an unencrypted connection, if the configuration allows it. */
function startsPlain(address: Address): boolean {
  const { sslMode } = address.target;
  return sslMode === "disable" || (sslMode === "allow" && mayBePlain(address));
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("/") ||
    (net.isIPv4(host) && host.startsWith("127."));
}

/** The checks of the server's certificate. */
type Checks = "name" | "chain" | "nothing";

function checksOf(target: Target, ca: string | undefined): Checks {
  if (target.sslMode === "verify-full" || target.sslRootCert === "system") return "name";
  const chain = target.sslMode === "verify-ca" ||
    (target.sslMode === "require" && ca !== undefined);
  return chain ? "chain" : "nothing";
}

function dial(target: Target): net.Socket {
  let socket: net.Socket;
  try {
    socket = target.host.startsWith("/")
      ? net.connect(`${target.host}/.s.PGSQL.${target.port}`)
      : net.connect({ host: target.host, port: target.port });
  } catch (error) {
    // Deno throws at once if it may not open a Unix socket.
    throw explain(error as NodeJS.ErrnoException, target);
  }
  socket.setNoDelay(true);
  // Firewalls drop idle connections.
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // A socket without a listener would end the process when it fails.
  socket.on("error", () => {});
  return socket;
}

async function secure(
  socket: net.Socket,
  { target, ca }: Address,
  checks: Checks,
): Promise<net.Socket> {
  socket.write(SSL_REQUEST);
  const answer = await once(socket, "data", target) as Uint8Array;
  // Further bytes come from an attacker: the server sends one byte before the handshake.
  if (answer.length !== 1) throw tlsError(target, "the server sent data before the handshake");
  if (answer[0] !== 0x53 && answer[0] !== 0x4e) {
    throw tlsError(target, "the server does not speak PostgreSQL's protocol");
  }
  if (answer[0] === 0x4e) {
    if (target.sslMode === "prefer" || target.sslMode === "allow") return socket;
    throw tlsError(
      target,
      `the server does not offer TLS, and sslmode=${target.sslMode} requires it`,
    );
  }
  const secured = tls.connect({
    socket,
    // TLS checks the dialled name; an IP address sends no SNI.
    host: target.host,
    ...(net.isIP(target.host) ? {} : { servername: target.host }),
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: checks !== "nothing",
    ...(checks === "name" ? {} : { checkServerIdentity: () => undefined }),
  });
  secured.on("error", () => {});
  await once(secured, "secureConnect", target);
  return secured;
}

/** Returns the event's first value. Rejects if the socket fails or closes first. */
function once(socket: net.Socket, event: string, target: Target): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (value: unknown) => {
      forget();
      resolve(value);
    };
    const failed = (error: NodeJS.ErrnoException) => {
      forget();
      reject(explain(error, target));
    };
    const closed = () => failed(new Error("closed"));
    const forget = () => {
      socket.off(event, done);
      socket.off("error", failed);
      socket.off("close", closed);
    };
    socket.on(event, done);
    socket.on("error", failed);
    socket.on("close", closed);
  });
}

function explain(error: NodeJS.ErrnoException, target: Target): ConnectionError {
  const where = `Cannot connect to ${formatTarget(target)}`;
  const code = error.code ?? (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0]?.code ??
    "";
  const [reason, message]: [ConnectionReason, string] =
    code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EAI_NODATA" || code === "EAI_NONAME"
      ? ["unknown_host", "the host name is unknown; check the URL and the name server"]
      : code === "ECONNREFUSED"
      ? ["refused", "the port refuses connections; is the server running?"]
      : code === "ENOENT"
      ? ["refused", "the socket does not exist; is the server running?"]
      : code === "EACCES" || code === "EPERM" || /NotCapable|PermissionDenied/.test(error.name)
      ? ["forbidden", "this process may not open the connection (on Deno, see --allow-net)"]
      : code === "ECONNRESET" || code === "EPIPE" || error.message === "closed"
      ? ["lost", "the connection was closed before the session began"]
      : /^(E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|EADDRNOTAVAIL)$/.test(code)
      ? ["unreachable", "the network cannot reach the host"]
      : /CERT|SSL|TLS|SELF_SIGNED|ISSUER|ALTNAME/i.test(`${code} ${error.message}`)
      ? ["tls", certificateProblem(code, error.message)]
      : ["unreachable", code || "the connection failed"];
  return new ConnectionError(reason, `${where}: ${message}`);
}

function certificateProblem(code: string, message: string): string {
  const said = `${code} ${message}`;
  if (/ALTNAME|NotValidForName|not valid for name/i.test(said)) {
    return "the server's certificate has another name; check the host in the URL";
  }
  if (/EXPIRED/i.test(said)) return "the server's certificate has expired";
  return "the server's certificate is not trusted; set database.tls.ca to its authority";
}

function unencrypted(target: Target): ConnectionError {
  const problem = "the connection would not be encrypted, and the server is not on this machine; " +
    "add sslmode=verify-full to the URL, or the host to database.tls.plaintext_hosts";
  return new ConnectionError("untrusted", `Cannot connect to ${formatTarget(target)}: ${problem}`);
}

function tlsError(target: Target, problem: string): ConnectionError {
  return new ConnectionError("tls", `Cannot connect to ${formatTarget(target)}: ${problem}`);
}
