-- migrate:up

create type log_level as enum (
  'debug',
  'info',
  'warning',
  'error',
  'critical'
);

comment on type log_level is
  'How much a log line matters, in rising order, so that levels compare.';

-- Both keys begin with what the rows are read by and hold the time, so that
-- the tables can be partitioned and distributed without a rewrite.
create table job_logs (
  id bigint generated always as identity,
  job_id integer not null references jobs on delete cascade,
  message text not null,
  level log_level not null default 'info',
  "timestamp" timestamptz(3) not null
    default date_trunc('milliseconds', now()),
  -- Serves JobLogList, JobLogTail and the cascade of JobDelete.
  primary key (job_id, "timestamp", id)
);

comment on table job_logs is
  'What a job reported while it ran, a line a row.';
comment on column job_logs.id is
  'Identity of the line; orders lines of the same time.';
comment on column job_logs.job_id is
  'The job that reported.';
comment on column job_logs.message is
  'The line.';
comment on column job_logs.level is
  'How much the line matters.';
comment on column job_logs."timestamp" is
  'When the line was reported.';

create table connection_logs (
  id bigint generated always as identity,
  job_id integer not null references jobs on delete cascade,
  device_id integer not null references devices on delete cascade,
  log text not null,
  "timestamp" timestamptz(3) not null
    default date_trunc('milliseconds', now()),
  -- Serves ConnectionLogList, ConnectionLogGet and the cascade of DeviceDelete.
  primary key (device_id, "timestamp", id)
);

-- Serves ConnectionLogListByJob and the cascade of JobDelete.
create index connection_logs_job_id_timestamp_id_idx
  on connection_logs (job_id, "timestamp", id);

comment on table connection_logs is
  'What was said on the line between a worker and a device, a session a row.';
comment on column connection_logs.id is
  'Identity of the session; orders sessions of the same time.';
comment on column connection_logs.job_id is
  'The job that held the session.';
comment on column connection_logs.device_id is
  'The device at the other end.';
comment on column connection_logs.log is
  'The whole session as text.';
comment on column connection_logs."timestamp" is
  'When the session was recorded.';

-- migrate:down

drop table connection_logs;
drop table job_logs;
drop type log_level;
