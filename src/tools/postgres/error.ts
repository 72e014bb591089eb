import { DatabaseError } from "../../errors.ts";

/** A local server cannot be started, stopped or found. The message has advice. */
export class ServerError extends DatabaseError {
  override readonly name = "ServerError";
  declare readonly code: "SERVER" | "PORT_TAKEN";
  constructor(message: string, code: "SERVER" | "PORT_TAKEN" = "SERVER") {
    super(code, message);
  }
}
