-- migrate:up

do $$
declare
  line text;
begin
  alter function role_grants() rename to role_grants_of_history;
  comment on function role_grants_of_history is
    'The part of role_grants from before jobs had attempts and schedules, and '
    'logs parts.';

  create function role_grants()
  returns table (grantee text, privileges text, object text)
  language sql immutable
  as $function$
    select grantee, privileges, object
    from role_grants_of_history()
    union all
    values
      -- What was tried stays as it was written; it goes with its job.
      ('netraven_app', 'select, insert', 'table job_attempts'),
      ('netraven_worker', 'select, insert', 'table job_attempts'),
      ('netraven_readonly', 'select', 'table job_attempts'),
      ('netraven_app', 'select, insert, update, delete', 'table schedules'),
      ('netraven_app', 'select, insert, delete', 'table schedule_tags'),
      ('netraven_readonly', 'select', 'table schedules'),
      ('netraven_readonly', 'select', 'table schedule_tags'),
      ('netraven_app', 'select, insert, update', 'table job_log_counts'),
      ('netraven_worker', 'select, insert, update', 'table job_log_counts'),
      ('netraven_readonly', 'select', 'table job_log_counts'),
      ('netraven_app', 'select, insert, update, delete', 'table log_writers'),
      (
        'netraven_worker',
        'select, insert, update, delete',
        'table log_writers'
      ),
      ('netraven_readonly', 'select', 'table log_partitions'),
      ('netraven_app', 'select', 'table log_partitions'),
      ('netraven_worker', 'select', 'table log_partitions')
    union all
    select grantee, 'execute', object
    from
      unnest(array['netraven_app', 'netraven_worker']) as writers (grantee)
      cross join unnest(
        array[
          'function job_logs_add',
          'function connection_logs_add',
          'function log_partition_make'
        ]
      ) as functions (object)
    union all
    values ('netraven_app', 'execute', 'function log_delete')
  $function$;
  comment on function role_grants is
    'What each role may do with which object, apart from the owner, who may '
    'do everything.';

  for line in select apply_roles() loop
    raise notice '%', line;
  end loop;
end
$$;

-- migrate:down

do $$
begin
  drop function role_grants;
  alter function role_grants_of_history() rename to role_grants;
  comment on function role_grants is
    'What each role may do with which object, apart from the owner, who may '
    'do everything.';
end
$$;
