/** A server of ours cannot be started, stopped or found; the message says what to do. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: "SERVER" | "PORT_TAKEN";
  constructor(message: string, code: "SERVER" | "PORT_TAKEN" = "SERVER") {
    super(message);
    this.code = code;
  }
}
