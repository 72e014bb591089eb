/**
 * NetRaven's PostgreSQL layer: connect, run the queries of `queries/`, save
 * configurations, read settings.
 *
 * @module
 */
export {
  type CloseOptions,
  connect,
  type ConnectOptions,
  type Database,
  type DatabaseStats,
} from "./client.ts";
export type { ConfigOptions } from "./config/load.ts";
export type { LogLevel } from "./config/schema.ts";
export { type BlamedLine, configBlame } from "./history/blame.ts";
export { configDelete } from "./history/delete.ts";
export { type ConfigDiff, configDiff, type DiffOperation } from "./history/diff.ts";
export type { QuarantineReason } from "./history/guard.ts";
export {
  configPrune,
  type ConfigPruned,
  type ConfigPruneOptions,
  type ConfigPrunePolicy,
  configPrunePolicy,
  type ConfigPruneProgress,
} from "./history/prune.ts";
export { configRelease } from "./history/release.ts";
export {
  type ConfigSave,
  configSave,
  type ConfigSaved,
  configSaveMany,
  type Session,
} from "./history/save.ts";
export { configBytes } from "./history/text.ts";
export {
  type CredentialCreate,
  credentialCreate,
  type CredentialGuard,
  credentialGuard,
  credentialReveal,
  credentialSetPassword,
  type RevealedCredential,
  type RevealNote,
  type VaultSession,
} from "./credentials/credentials.ts";
export {
  CommitUnknownError,
  ConfigError,
  ConflictError,
  ConnectionError,
  type ConnectionReason,
  ConstraintError,
  type ConstraintKind,
  DatabaseError,
  NotFoundError,
  ParameterError,
  QueryError,
  TimeoutError,
  type TimeoutKind,
  VaultError,
  type VaultKey,
  type VaultReason,
} from "./errors.ts";
export type { QueryStats } from "./telemetry/journal.ts";
export {
  configExport,
  type ConfigExportOptions,
  type ExportCursor,
  type ExportProgress,
} from "./history/git/export.ts";
export {
  configImport,
  type ConfigImportOptions,
  type Imported,
  type ImportProgress,
} from "./history/git/import.ts";
export { type ClaimedJob, type JobClaim, jobClaim } from "./jobs/claim.ts";
export { JobLog } from "./logs/job_log.ts";
export { JobFailure, type JobLossReason, JobLost } from "./jobs/outcome.ts";
export type { Json } from "./json.ts";
export { keysGenerate, type KeySource } from "./vault/key_ring.ts";
export {
  keysCheck,
  type KeysChecked,
  keysRetire,
  keysRotate,
  type KeysRotated,
  type KeysRotateOptions,
  type KeysStatus,
  keysStatus,
  type RotationProgress,
  type Unopened,
} from "./credentials/key_rotation.ts";
export type { DatabaseVault, KeyState } from "./vault/key_states.ts";
export type { Maintained, MaintainOptions, MaintainProgress } from "./logs/retention.ts";
export type { JobLogOptions, JobLogStats } from "./logs/writer.ts";
export type { JobLogLine, TailOptions } from "./logs/tail.ts";
export type { Logger } from "./telemetry/logger.ts";
export { type LogsDelete, logsDelete, type LogsDeleted } from "./logs/delete.ts";
export type {
  CallOptions,
  Query,
  Queryable,
  QueryIR,
  QueryOptions,
  StreamOptions,
} from "./query.ts";
export {
  type ScheduleChange,
  scheduleChange,
  type ScheduleCreate,
  scheduleCreate,
  type ScheduleRan,
  scheduleRunDue,
  type ScheduleTiming,
} from "./jobs/schedule.ts";
export type { Scheduler, SchedulerOptions } from "./jobs/scheduler.ts";
export { Secret } from "./vault/secret.ts";
export type { SettingChange, SettingEntry, Settings, StandardSchema } from "./settings/settings.ts";
export type { Freshness } from "./settings/feed.ts";
export type { PoolStats } from "./connection/pool.ts";
export type {
  AcquireTrace,
  ConnectionTrace,
  QueryTrace,
  TransactionTrace,
} from "./telemetry/trace.ts";
export type { Transaction, TransactionOptions } from "./connection/transaction.ts";
export type { JobContext, JobHandler, Worker, WorkOptions } from "./jobs/worker.ts";
export { type KeyProvider, type SealedPlace, Vault } from "./vault/vault.ts";

export * from "./generated/config_changes.ts";
export * from "./generated/config_exports.ts";
export * from "./generated/config_lines.ts";
export * from "./generated/config_pins.ts";
export * from "./generated/config_prunes.ts";
export * from "./generated/config_quarantine.ts";
export * from "./generated/connection_logs.ts";
export * from "./generated/credential_attempts.ts";
export * from "./generated/credential_reveals.ts";
export * from "./generated/credential_tags.ts";
export * from "./generated/credentials.ts";
export * from "./generated/device_configurations.ts";
export * from "./generated/device_states.ts";
export * from "./generated/device_tags.ts";
export * from "./generated/devices.ts";
export * from "./generated/encryption_keys.ts";
export * from "./generated/job_attempts.ts";
export * from "./generated/job_claims.ts";
export * from "./generated/job_logs.ts";
export * from "./generated/jobs.ts";
export * from "./generated/log_partitions.ts";
export * from "./generated/schedules.ts";
export * from "./generated/system_settings.ts";
export * from "./generated/tags.ts";
