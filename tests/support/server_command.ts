/** What a test asks of `server_service.ts`, and what it is told. */
import type { ShutdownMode } from "../../src/tools/postgres/throwaway.ts";

/** What of a server may stand on a small disk of its own: a place for a tablespace, or `pg_wal`. */
export type Disk = "data" | "wal";

/** How a server's own certificate is signed; Ed25519 names no hash. */
export type Certificate = "rsa-sha256" | "rsa-sha512" | "rsa-pss" | "ecdsa-sha384" | "ed25519";

/** How a server starts. */
export interface ServerOptions {
  /** Settings, which beat those of throwaways. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Also makes the template database of this name, with the schema. */
  readonly template?: string;
  /** The template is `netraven_migrator`'s, who makes the other roles; `Started.urls` are those of the template. */
  readonly roles?: boolean;
  /** Megabytes of each. Only root can have them: see `whyNoDisks`. */
  readonly disks?: { readonly [disk in Disk]?: number };
  /** Lines of pg_hba.conf, before those that are there. */
  readonly hba?: readonly string[];
  /** Lines of pg_ident.conf. */
  readonly ident?: readonly string[];
  /** Whether it listens in `Started.socketFolder`, too. */
  readonly socket?: boolean;
}

/** A server that runs. */
export interface Started {
  readonly id: string;
  /** Database `postgres`, as a role that may create databases and is no superuser. */
  readonly url: string;
  /** The same as the superuser. */
  readonly superuserUrl: string;
  /** By role, where roles were asked for. */
  readonly urls: Readonly<Record<string, string>>;
  readonly port: number;
  /** The postmaster; another one after a restart. */
  readonly pid: number;
  /** Such as `18.4`. */
  readonly version: string;
  /** The empty folder for a tablespace on the small disk for data, where one was asked for. */
  readonly dataDisk: string | undefined;
  /** The folder of its Unix socket, where one was asked for. */
  readonly socketFolder: string | undefined;
}

/** The body of a request. */
export type Command =
  | ({ readonly do: "start" } & ServerOptions)
  | { readonly do: "whyNoDisks" }
  | { readonly do: "whyNoCertificates" }
  | { readonly do: "certify"; readonly id: string; readonly certificate: Certificate }
  | { readonly do: "crash" | "restart" | "log" | "remove"; readonly id: string }
  | { readonly do: "shutdown"; readonly id: string; readonly mode: ShutdownMode }
  | { readonly do: "freeze" | "thaw" | "kill"; readonly id: string; readonly pid: number }
  | {
    readonly do: "grow";
    readonly id: string;
    readonly disk: Disk;
    readonly megabytes: number;
  };
