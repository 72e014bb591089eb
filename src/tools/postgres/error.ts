import { DatabaseError } from "../../errors.ts";

/** A server of ours cannot be started, stopped or found; the message says what to do. */
export class ServerError extends DatabaseError {
  override readonly name = "ServerError";
  declare readonly code: "SERVER" | "PORT_TAKEN";
  constructor(message: string, code: "SERVER" | "PORT_TAKEN" = "SERVER") {
    super(code, message);
  }
}
