/** Requests of tests to `server_service.ts`, and its answers. */
import type { ShutdownMode } from "../../src/tools/postgres/throwaway.ts";

/** What a small disk may contain: a tablespace or `pg_wal`. */
export type Disk = "data" | "wal";

/** Signature algorithm of a server's certificate; Ed25519 names no hash. */
export type Certificate = "rsa-sha256" | "rsa-sha512" | "rsa-pss" | "ecdsa-sha384" | "ed25519";

/** Start parameters of a server. */
export interface ServerOptions {
  /** Settings, which override those of throwaway servers. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Name of a template database with the schema to create. */
  readonly template?: string;
  /** True if `netraven_migrator` owns the template and creates the other roles; `Started.urls` name the template. */
  readonly roles?: boolean;
  /** Megabytes of each disk. Needs root: see `whyNoDisks`. */
  readonly disks?: { readonly [disk in Disk]?: number };
  /** Lines of pg_hba.conf before the existing ones. */
  readonly hba?: readonly string[];
  /** Lines of pg_ident.conf. */
  readonly ident?: readonly string[];
  /** Whether it also listens in `Started.socketFolder`. */
  readonly socket?: boolean;
}

/** A running server. */
export interface Started {
  readonly id: string;
  /** Database `postgres`, as a role with CREATEDB that is not a superuser. */
  readonly url: string;
  /** The same as the superuser. */
  readonly superuserUrl: string;
  /** URLs by role, if roles were requested. */
  readonly urls: Readonly<Record<string, string>>;
  readonly port: number;
  /** Process id of the postmaster, which changes with a restart. */
  readonly pid: number;
  /** Version, such as `18.4`. */
  readonly version: string;
  /** Empty folder for a tablespace on the small data disk, if requested. */
  readonly dataDisk: string | undefined;
  /** Folder of its Unix socket, if requested. */
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
