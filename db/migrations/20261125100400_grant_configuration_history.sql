-- migrate:up

do $$
declare
  line text;
begin
  create or replace function role_grants()
  returns table (grantee text, privileges text, object text)
  language sql immutable
  as $function$
    select grantee, privileges, objects.object
    from (
      values
        -- The API and the scheduler. Whose row a sealed password is stays as it
        -- was made, so no update of id and uuid.
        (
          'netraven_app',
          'select, insert, update, delete',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends',
            'table config_pins',
            'table config_quarantine'
          ]
        ),
        (
          'netraven_app',
          'select, insert, delete, update (username, password, priority, '
          'last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- What is logged stays as it was written. Logs go with their device or
        -- job, for a cascade runs as the owner; JobLogDelete and
        -- ConnectionLogDelete are the owner's.
        (
          'netraven_app',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        -- The trigger that gives a setting its version runs as who writes it.
        -- A released configuration keeps the id it had in quarantine.
        (
          'netraven_app',
          'usage',
          array[
            'sequence system_settings_version_seq',
            'sequence device_configurations_id_seq'
          ]
        ),
        (
          'netraven_worker',
          'usage',
          array['sequence device_configurations_id_seq']
        ),
        (
          'netraven_app',
          'select',
          array['table config_line_spans']
        ),
        (
          'netraven_worker',
          'select',
          array['table config_line_spans', 'table config_pins']
        ),
        -- Workers take jobs, log in to devices, and store what these send.
        (
          'netraven_worker',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credentials',
            'table credential_tags',
            'table system_settings'
          ]
        ),
        (
          'netraven_worker',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        (
          'netraven_worker',
          'select, insert, update',
          array['table credential_attempts']
        ),
        ('netraven_worker', 'select, update', array['table jobs']),
        (
          'netraven_worker',
          'select, insert, update (content_hash, configuration_id, '
          'retrieved_at, verified_at, verified_count)',
          array['table device_states']
        ),
        (
          'netraven_worker',
          'select, insert, update (verified_at, verified_count, valid_until, '
          'previous_id, added, removed, changes)',
          array['table device_configurations']
        ),
        (
          'netraven_worker',
          'select, insert, delete, update (reasons, verified_at, '
          'verified_count)',
          array['table config_quarantine']
        ),
        (
          'netraven_worker',
          'select, insert, delete',
          array['table config_lines', 'table config_line_ends']
        ),
        (
          'netraven_worker',
          'update (last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- Also lets CredentialAttemptRecord lock the devices it writes about.
        ('netraven_worker', 'update (last_seen)', array['table devices']),
        -- People and reports: all but what is sealed.
        (
          'netraven_readonly',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table credential_reveals',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends',
            'table config_line_spans',
            'table config_pins',
            'table config_quarantine',
            'table job_logs',
            'table connection_logs'
          ]
        ),
        (
          'netraven_readonly',
          'select (id, username, priority, last_used, success_rate, uuid, '
          'succeeded, failed, key_id, key_live)',
          array['table credentials']
        ),
        (
          'netraven_readonly',
          'select (key_id, created_at, retired_at, live)',
          array['table encryption_keys']
        ),
        -- The rotation of keys: passwords as they are sealed, and no name to
        -- log in with.
        (
          'netraven_rotator',
          'select (id, uuid, key_id, key_live, password), update (password)',
          array['table credentials']
        ),
        (
          'netraven_rotator',
          'select, insert, update (retired_at)',
          array['table encryption_keys']
        )
    ) as listed (grantee, privileges, objects)
    cross join unnest(listed.objects) as objects (object)
    union all
    select grantee, 'execute', object
    from
      unnest(
        array['netraven_app', 'netraven_worker', 'netraven_readonly']
      ) as callers (grantee)
      cross join unnest(
        array['function devices_matching', 'function config_line_numbers']
      ) as functions (object)
    -- The tables of the migration tool, for the connection probe.
    union all
    select grantee, 'select', object
    from
      unnest(
        array[
          'netraven_app',
          'netraven_worker',
          'netraven_readonly',
          'netraven_rotator'
        ]
      ) as probers (grantee)
      cross join unnest(
        array['table schema_migrations', 'table schema_checksums']
      ) as books (object)
  $function$;

  for line in select apply_roles() loop
    raise notice '%', line;
  end loop;
end
$$;

-- migrate:down

-- The rights are given where the columns are again that they name: at the end of
-- the way back, in bound_configuration_versions.
do $$
begin
  create or replace function role_grants()
  returns table (grantee text, privileges text, object text)
  language sql immutable
  as $function$
    select grantee, privileges, objects.object
    from (
      values
        -- The API and the scheduler. Whose row a sealed password is stays as it
        -- was made, so no update of id and uuid.
        (
          'netraven_app',
          'select, insert, update, delete',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends'
          ]
        ),
        (
          'netraven_app',
          'select, insert, delete, update (username, password, priority, '
          'last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- What is logged stays as it was written. Logs go with their device or
        -- job, for a cascade runs as the owner; JobLogDelete and
        -- ConnectionLogDelete are the owner's.
        (
          'netraven_app',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        -- The trigger that gives a setting its version runs as who writes it.
        (
          'netraven_app',
          'usage',
          array['sequence system_settings_version_seq']
        ),
        -- Workers take jobs, log in to devices, and store what these send.
        (
          'netraven_worker',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credentials',
            'table credential_tags',
            'table system_settings'
          ]
        ),
        (
          'netraven_worker',
          'select, insert',
          array[
            'table job_logs',
            'table connection_logs',
            'table credential_reveals',
            'table encryption_keys'
          ]
        ),
        (
          'netraven_worker',
          'select, insert, update',
          array['table credential_attempts']
        ),
        ('netraven_worker', 'select, update', array['table jobs']),
        (
          'netraven_worker',
          'select, insert, update (content_hash, configuration_id, '
          'retrieved_at, verified_at)',
          array['table device_states']
        ),
        (
          'netraven_worker',
          'select, insert, update (verified_at, added, removed, blame)',
          array['table device_configurations']
        ),
        (
          'netraven_worker',
          'select, insert, delete',
          array['table config_lines', 'table config_line_ends']
        ),
        (
          'netraven_worker',
          'update (last_used, success_rate, succeeded, failed)',
          array['table credentials']
        ),
        -- Also lets CredentialAttemptRecord lock the devices it writes about.
        ('netraven_worker', 'update (last_seen)', array['table devices']),
        -- People and reports: all but what is sealed.
        (
          'netraven_readonly',
          'select',
          array[
            'table tags',
            'table devices',
            'table device_tags',
            'table credential_tags',
            'table credential_attempts',
            'table credential_reveals',
            'table system_settings',
            'table jobs',
            'table device_configurations',
            'table device_states',
            'table config_lines',
            'table config_line_ends',
            'table job_logs',
            'table connection_logs'
          ]
        ),
        (
          'netraven_readonly',
          'select (id, username, priority, last_used, success_rate, uuid, '
          'succeeded, failed, key_id, key_live)',
          array['table credentials']
        ),
        (
          'netraven_readonly',
          'select (key_id, created_at, retired_at, live)',
          array['table encryption_keys']
        ),
        -- The rotation of keys: passwords as they are sealed, and no name to
        -- log in with.
        (
          'netraven_rotator',
          'select (id, uuid, key_id, key_live, password), update (password)',
          array['table credentials']
        ),
        (
          'netraven_rotator',
          'select, insert, update (retired_at)',
          array['table encryption_keys']
        )
    ) as listed (grantee, privileges, objects)
    cross join unnest(listed.objects) as objects (object)
    union all
    select grantee, 'execute', 'function devices_matching'
    from unnest(
      array['netraven_app', 'netraven_worker', 'netraven_readonly']
    ) as callers (grantee)
    -- The tables of the migration tool, for the connection probe.
    union all
    select grantee, 'select', object
    from
      unnest(
        array[
          'netraven_app',
          'netraven_worker',
          'netraven_readonly',
          'netraven_rotator'
        ]
      ) as probers (grantee)
      cross join unnest(
        array['table schema_migrations', 'table schema_checksums']
      ) as books (object)
  $function$;
end
$$;
