-- Who may do what: a line for each table and role. `make migrate`, `make
-- rollback` and `make roles` take everything away from public and these roles,
-- and then run this file in the same transaction: a line that goes is a right
-- that goes. They make the roles first; a role that they may not make is left
-- out with its lines. Every role may connect, and use the schema.
-- The owner, netraven_migrator, may do everything. Nobody else may truncate a
-- table, refer to one, or put a trigger on one.

-- netraven_app is the API and the scheduler, netraven_worker takes jobs and
-- logs in to devices, netraven_readonly is for people and reports, and
-- netraven_rotator seals passwords with another key.

grant select, insert, update, delete on tags to netraven_app;
grant select on tags to netraven_worker;
grant select on tags to netraven_readonly;

-- The column also lets CredentialAttemptRecord lock the devices it writes about.
grant select, insert, update, delete on devices to netraven_app;
grant select, update (last_seen) on devices to netraven_worker;
grant select on devices to netraven_readonly;

grant select, insert, update, delete on device_tags to netraven_app;
grant select on device_tags to netraven_worker;
grant select on device_tags to netraven_readonly;

-- Nobody changes whose row a sealed password is: id and uuid stay.
-- netraven_readonly sees no sealed password, netraven_rotator no username to
-- log in with.
grant select, insert, delete on credentials to netraven_app;
grant update (username, password, priority) on credentials to netraven_app;
grant update (last_used, success_rate, succeeded, failed) on credentials
  to netraven_app;
grant select on credentials to netraven_worker;
grant update (last_used, success_rate, succeeded, failed) on credentials
  to netraven_worker;
grant select (id, uuid, username, priority, key_id, key_live) on credentials
  to netraven_readonly;
grant select (last_used, success_rate, succeeded, failed) on credentials
  to netraven_readonly;
grant select (id, uuid, key_id, key_live, password) on credentials
  to netraven_rotator;
grant update (password) on credentials to netraven_rotator;

grant select, insert, update, delete on credential_tags to netraven_app;
grant select on credential_tags to netraven_worker;
grant select on credential_tags to netraven_readonly;

grant select, insert, update, delete on credential_attempts to netraven_app;
grant select, insert, update on credential_attempts to netraven_worker;
grant select on credential_attempts to netraven_readonly;

-- What is noted here stays as it was written.
grant select, insert on credential_reveals to netraven_app;
grant select, insert on credential_reveals to netraven_worker;
grant select on credential_reveals to netraven_readonly;

-- check_value is for those who hold keys.
grant select, insert on encryption_keys to netraven_app;
grant select, insert on encryption_keys to netraven_worker;
grant select (key_id, created_at, retired_at, live) on encryption_keys
  to netraven_readonly;
grant select, insert, update (retired_at) on encryption_keys
  to netraven_rotator;

-- The trigger that gives a setting its version runs as whoever writes it.
grant select, insert, update, delete on system_settings to netraven_app;
grant usage on sequence system_settings_version_seq to netraven_app;
grant select on system_settings to netraven_worker;
grant select on system_settings to netraven_readonly;

grant select, insert, update, delete on jobs to netraven_app;
grant select, update on jobs to netraven_worker;
grant select on jobs to netraven_readonly;

-- What was tried stays as it was written; it goes with its job.
grant select, insert on job_attempts to netraven_app;
grant select, insert on job_attempts to netraven_worker;
grant select on job_attempts to netraven_readonly;

grant select, insert, update, delete on schedules to netraven_app;
grant select on schedules to netraven_readonly;

grant select, insert, delete on schedule_tags to netraven_app;
grant select on schedule_tags to netraven_readonly;

-- A configuration that is released keeps the id that it had in quarantine.
grant select, insert, update, delete on device_configurations to netraven_app;
grant usage on sequence device_configurations_id_seq to netraven_app;
grant select, insert on device_configurations to netraven_worker;
grant update (verified_at, verified_count, valid_until, previous_id)
  on device_configurations to netraven_worker;
grant update (added, removed, changes) on device_configurations
  to netraven_worker;
grant usage on sequence device_configurations_id_seq to netraven_worker;
grant select on device_configurations to netraven_readonly;

grant select on config_versions to netraven_app;
grant select on config_versions to netraven_worker;
grant select on config_versions to netraven_readonly;

grant select, insert, update, delete on device_states to netraven_app;
grant select, insert on device_states to netraven_worker;
grant update (content_hash, configuration_id, retrieved_at) on device_states
  to netraven_worker;
grant update (verified_at, verified_count) on device_states
  to netraven_worker;
grant select on device_states to netraven_readonly;

grant select, insert, update, delete on config_lines to netraven_app;
grant select, insert, delete on config_lines to netraven_worker;
grant select on config_lines to netraven_readonly;

grant select, insert, update, delete on config_line_ends to netraven_app;
grant select, insert, delete on config_line_ends to netraven_worker;
grant select on config_line_ends to netraven_readonly;

grant select on config_line_spans to netraven_app;
grant select on config_line_spans to netraven_worker;
grant select on config_line_spans to netraven_readonly;

grant select, insert, update, delete on config_pins to netraven_app;
grant select on config_pins to netraven_worker;
grant select on config_pins to netraven_readonly;

grant select, insert, update, delete on config_quarantine to netraven_app;
grant select, insert, delete on config_quarantine to netraven_worker;
grant update (reasons, verified_at, verified_count) on config_quarantine
  to netraven_worker;
grant select on config_quarantine to netraven_readonly;

-- What is logged stays as it was written. To delete logs is the owner's, but
-- for those of a device or a job that is gone: log_delete runs as the owner.
grant select, insert on job_logs to netraven_app;
grant select, insert on job_logs to netraven_worker;
grant select on job_logs to netraven_readonly;

grant select, insert on connection_logs to netraven_app;
grant select, insert on connection_logs to netraven_worker;
grant select on connection_logs to netraven_readonly;

grant select, insert, update on job_log_counts to netraven_app;
grant select, insert, update on job_log_counts to netraven_worker;
grant select on job_log_counts to netraven_readonly;

grant select, insert, update, delete on log_writers to netraven_app;
grant select, insert, update, delete on log_writers to netraven_worker;

grant select on log_partitions to netraven_app;
grant select on log_partitions to netraven_worker;
grant select on log_partitions to netraven_readonly;

grant execute on function jobs_take to netraven_app;
grant execute on function jobs_take to netraven_worker;
grant execute on function jobs_judge to netraven_app;
grant execute on function jobs_judge to netraven_worker;
grant execute on function job_logs_add to netraven_app;
grant execute on function job_logs_add to netraven_worker;
grant execute on function connection_logs_add to netraven_app;
grant execute on function connection_logs_add to netraven_worker;
grant execute on function log_partition_make to netraven_app;
grant execute on function log_partition_make to netraven_worker;
grant execute on function log_delete to netraven_app;

grant execute on function devices_matching to netraven_app;
grant execute on function devices_matching to netraven_worker;
grant execute on function devices_matching to netraven_readonly;
grant execute on function credential_attempts_given to netraven_app;
grant execute on function credential_attempts_given to netraven_worker;
grant execute on function like_pattern to netraven_app;
grant execute on function like_pattern to netraven_worker;
grant execute on function like_pattern to netraven_readonly;
grant execute on function config_lines_matching to netraven_app;
grant execute on function config_lines_matching to netraven_worker;
grant execute on function config_lines_matching to netraven_readonly;
grant execute on function config_line_numbers to netraven_app;
grant execute on function config_line_numbers to netraven_worker;
grant execute on function config_line_numbers to netraven_readonly;

grant execute on function tags_ensure to netraven_app;
grant execute on function device_tag_names to netraven_app;
grant execute on function device_tag_names to netraven_worker;
grant execute on function device_tag_names to netraven_readonly;
grant execute on function devices_tagged to netraven_app;
grant execute on function devices_tagged to netraven_worker;
grant execute on function devices_tagged to netraven_readonly;
grant execute on function credential_tag_names to netraven_app;
grant execute on function credential_tag_names to netraven_worker;
grant execute on function credential_tag_names to netraven_readonly;
grant execute on function schedule_tag_names to netraven_app;
grant execute on function schedule_tag_names to netraven_readonly;

-- The tables of the migration tool, for `make check`.
grant select on schema_migrations to netraven_app;
grant select on schema_migrations to netraven_worker;
grant select on schema_migrations to netraven_readonly;
grant select on schema_migrations to netraven_rotator;
grant select on schema_checksums to netraven_app;
grant select on schema_checksums to netraven_worker;
grant select on schema_checksums to netraven_readonly;
grant select on schema_checksums to netraven_rotator;
