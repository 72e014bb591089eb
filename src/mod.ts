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
export type { PoolStats } from "./connection/pool.ts";
export { type TransactionStatus, transactionStatus } from "./connection/transaction_status.ts";
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
export type { Json } from "./json.ts";
export type {
  CallOptions,
  Query,
  Queryable,
  QueryFacts,
  QueryIR,
  QueryOptions,
  StreamOptions,
} from "./query.ts";
export type {
  DatabaseSession,
  JobLogOptions,
  Session,
  SettingReader,
  StandardSchema,
  Transaction,
  TransactionOptions,
} from "./session.ts";

export {
  credentialCreate,
  credentialGuard,
  credentialReveal,
  credentialSetPassword,
  keysCheck,
  keysGenerate,
  keysRetire,
  keysRotate,
  keysStatus,
} from "./credentials/mod.ts";
export type {
  CredentialCreateParams,
  CredentialGuard,
  CredentialRevealParams,
  CredentialSetPasswordParams,
  RevealedCredential,
} from "./credentials/credentials.ts";
export type {
  KeysCheckResult,
  KeysRotateOptions,
  KeysRotateParams,
  KeysRotateResult,
  KeysStatusResult,
  RotationProgress,
  UnopenedValue,
} from "./credentials/key_rotation.ts";
export { type DatabaseVault, type KeyState, vaultOf } from "./credentials/key_states.ts";

export {
  configBlame,
  configDelete,
  configDiff,
  configExport,
  configImport,
  configPrune,
  configPrunePolicy,
  configRelease,
  configSave,
  configSaveMany,
} from "./history/mod.ts";
export type { BlamedLine } from "./history/blame.ts";
export type { ConfigDiff, ConfigDiffParams, DiffOperation } from "./history/diff.ts";
export type {
  ConfigExportOptions,
  ConfigExportParams,
  ExportCursor,
  ExportProgress,
} from "./history/git/export.ts";
export type { ConfigImportOptions, ConfigImportParams } from "./history/git/import.ts";
export type { ConfigImportResult, ImportProgress } from "./history/git/import_result.ts";
export type { QuarantineReason } from "./history/guard.ts";
export type {
  ConfigPruneOptions,
  ConfigPruneParams,
  ConfigPrunePolicy,
  ConfigPruneProgress,
  ConfigPruneResult,
} from "./history/prune.ts";
export type { ConfigReleaseParams } from "./history/release.ts";
export type { ConfigSaveParams, ConfigSaveResult } from "./history/store.ts";
export { configBytes } from "./history/text.ts";

export { type ClaimedJob, jobClaim, type JobClaimParams } from "./jobs/claim.ts";
export { JobFailure, type JobLossReason, JobLost } from "./jobs/outcome.ts";
export { scheduleChange, scheduleCreate, scheduleRunDue } from "./jobs/mod.ts";
export type {
  ScheduleChangeParams,
  ScheduleCreateParams,
  ScheduleRunResult,
  ScheduleTiming,
} from "./jobs/schedule.ts";
export { runScheduler, type Scheduler, type SchedulerParams } from "./jobs/scheduler.ts";
export {
  type JobContext,
  type JobHandler,
  work,
  type Worker,
  type WorkParams,
} from "./jobs/worker.ts";

export { logsDelete, maintain, tail } from "./logs/mod.ts";
export type { LogsDeleteOptions, LogsDeleteParams, LogsDeleteResult } from "./logs/delete.ts";
export { type JobLog, jobLog, type JobLogParams } from "./logs/job_log.ts";
export type {
  MaintenanceOptions,
  MaintenanceParams,
  MaintenanceProgress,
  MaintenanceResult,
} from "./logs/retention.ts";
export type { TailOptions, TailParams } from "./logs/tail.ts";
export { type LogWriterStats, logWriterStats } from "./logs/writer.ts";

export type { SettingChange, SettingEntry, Settings } from "./settings/settings.ts";
export type { Freshness } from "./settings/feed.ts";

export type { QueryStats } from "./telemetry/journal.ts";
export type { Logger, LogLevel } from "./telemetry/logger.ts";
export type {
  AcquireTrace,
  ConnectionTrace,
  QueryTrace,
  TransactionTrace,
} from "./telemetry/trace.ts";

export type { KeySource } from "./vault/key_ring.ts";
export { Secret } from "./vault/secret.ts";
export type { KeyProvider, SealedPlace, Vault } from "./vault/vault.ts";

// Results of exported functions that no exported query declares.
export type { CredentialCreated } from "./generated/internal/credentials.ts";
export type { HeldJob } from "./generated/internal/job_claims.ts";
export type { PrunableVersion } from "./generated/internal/config_prunes.ts";
export type { Schedule } from "./generated/internal/schedules.ts";
// `LogLevel` is the level of the library's own log.
export type { LogLevel as JobLogLevel } from "./generated/job_logs.ts";
export * from "./generated/config_changes.ts";
export * from "./generated/config_lines.ts";
export * from "./generated/config_pins.ts";
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
export * from "./generated/job_attempts.ts";
export * from "./generated/job_claims.ts";
export * from "./generated/job_logs.ts";
export * from "./generated/jobs.ts";
export * from "./generated/log_partitions.ts";
export * from "./generated/schedules.ts";
export * from "./generated/system_settings.ts";
export * from "./generated/tags.ts";
