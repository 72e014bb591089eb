/** Benchmark data: a medium fleet with all that `DeviceList` shows. */
import postgres from "postgres";

/** Number of devices, with ids from 1. */
export const DEVICES = 5_000;
/** Lines in the log of job 1. */
export const LOG_ROWS = 100_000;
/** A setting to read. */
export const SETTING = "log_retention_days";

// Every second number is far from the device's other tags, so that a device has three tags.
const FLEET = `
insert into tags (name, type)
select 'tag-' || n, 'site'
from generate_series(1, 20) as n;

insert into devices (hostname, ip_address, device_type, last_seen)
select
  'switch-' || lpad(n::text, 5, '0'),
  '10.0.0.0'::inet + n,
  (array['arista_eos', 'cisco_ios', 'juniper_junos'])[n % 3 + 1],
  date_trunc('milliseconds', now())
from generate_series(1, ${DEVICES}) as n;

insert into device_tags (device_id, tag_id)
select
  devices.id,
  (devices.id + step) % 20 + 1
from devices
cross join unnest(array[0, 7, 13]) as step;

insert into encryption_keys (key_id, check_value) values ('bench', 'none');

insert into credentials (uuid, username, password, priority)
select gen_random_uuid(), 'backup-' || n, 'nr1.bench.' || repeat('A', 60), n
from generate_series(1, 50) as n;

insert into credential_tags (credential_id, tag_id)
select credentials.id, (credentials.id + step) % 20 + 1
from credentials
cross join unnest(array[0, 10]) as step;

insert into jobs (device_id, status, completed_at)
select id, 'succeeded', now()
from devices
order by id;

insert into device_configurations (device_id, config_data, size, content_hash)
select
  id,
  text,
  octet_length(text),
  sha256(hostname::bytea)
from devices
cross join lateral (
  select 'hostname ' || hostname || repeat(E'\\ninterface Ethernet1', 200) as text
) as given
order by id;

insert into device_states
  (device_id, content_hash, configuration_id, retrieved_at, verified_at, job_id)
select
  configurations.device_id,
  configurations.content_hash,
  configurations.id,
  configurations.retrieved_at,
  configurations.verified_at,
  jobs.id
from device_configurations as configurations
join jobs using (device_id);

select log_partition_make('job_logs', '2026-01-01T00:00:00Z');

insert into job_logs (job_id, device_id, message, level, "timestamp")
select
  (select min(id) from jobs),
  (select min(device_id) from jobs),
  'Interface Ethernet' || n || ' went up after the configuration was read',
  'info',
  '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 millisecond'
from generate_series(1, ${LOG_ROWS}) as n;

insert into system_settings (key, value)
values ('${SETTING}', '90');`;

/** Fills a migrated database. */
export async function load(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(FLEET);
    // Runs alone, because several statements together form a transaction, where it is not allowed.
    await sql.unsafe("vacuum analyze");
  } finally {
    await sql.end();
  }
}
