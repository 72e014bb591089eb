-- migrate:up

do $$
declare
  line text;
begin
  -- A migration that adds a table, sequence or function puts another list in
  -- place of this one, and calls apply_roles. Nobody may truncate, refer to a
  -- table of ours, or put a trigger on one.
  create function role_grants()
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

  comment on function role_grants is
    'What each role may do with which object, apart from the owner, who may '
    'do everything.';

  -- Roles belong to all databases of a server, and other databases may be at
  -- this at the same moment: a step that another one was quicker with is
  -- tried again, after waiting for that one's end.
  create function apply_roles() returns setof text
  language plpgsql
  set search_path = public, pg_temp
  as $function$
  declare
    wanted constant text[] := array[
      'netraven_migrator',
      'netraven_app',
      'netraven_worker',
      'netraven_readonly',
      'netraven_rotator'
    ];
    clients constant text[] := wanted[2:];
    me constant text := current_user;
    may_make constant boolean := (
      select rolsuper or rolcreaterole
      from pg_roles
      where rolname = me
    );
    -- The clients that exist, as a list for a statement.
    grantees text;
    missing text;
    statement text;
  begin
    if
      not may_make
      and not exists (select from pg_roles where rolname = any(clients))
    then
      return next format(
        'The roles are missing and %I may not make them: all stays with %I',
        me,
        me
      );
      return;
    end if;

    for missing in
      select name
      from unnest(wanted) with ordinality as listed (name, place)
      where not exists (select from pg_roles where rolname = name)
      order by place
    loop
      if not may_make then
        return next format(
          'The role %I is missing and %I may not make it: create role %I login',
          missing,
          me,
          missing
        );
        continue;
      end if;
      begin
        -- No secret stands in a migration: who runs the server sets it.
        execute format('create role %I login', missing);
        return next format('Made the role %I, without a password', missing);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end loop;

    -- The client ends a statement after 30 s and a transaction after 60 s,
    -- unless told, and says more then than the server can: the server is to be
    -- the second, for clients that are gone or have no deadline. A lock ends
    -- sooner than a statement, so that it is seen which of the two it was.
    -- A migration may take its time, but not keep others waiting behind a lock.
    -- Times that are set already are somebody's choice; the path is not.
    for statement in
      select
        format(
          'alter role %I set %I to %s',
          settings.role,
          settings.name,
          settings.value
        )
      from (
        select
          role,
          'search_path' as name,
          'public, pg_temp' as value
        from unnest(wanted) as roles (role)
        union all
        select
          limits.role,
          given.name,
          quote_literal(given.value)
        from (
          values
            ('netraven_migrator', '0', '5s', '5min'),
            ('netraven_app', '1min', '10s', '1min'),
            ('netraven_worker', '1min', '10s', '1min'),
            ('netraven_readonly', '30s', '5s', '1min'),
            ('netraven_rotator', '1min', '10s', '1min')
        ) as limits (role, statement, lock, idle)
        cross join lateral (
          values
            ('statement_timeout', limits.statement),
            ('lock_timeout', limits.lock),
            ('idle_in_transaction_session_timeout', limits.idle)
        ) as given (name, value)
      ) as settings
      join pg_roles on pg_roles.rolname = settings.role
      where
        not exists (
          select
          from unnest(pg_roles.rolconfig) as present (setting)
          where
            setting = settings.name || '=' || settings.value
            or settings.name <> 'search_path'
            and starts_with(setting, settings.name || '=')
        )
      order by array_position(wanted, settings.role), settings.name
    loop
      for attempt in 1..20 loop
        begin
          execute statement;
          exit;
        exception
          -- Somebody else made the role.
          when insufficient_privilege then
            return next format(
              '%I may not, and somebody else has to: %s',
              me,
              statement
            );
            exit;
          -- "Tuple concurrently updated" has no code of its own.
          when internal_error or unique_violation then
            if attempt = 20 then raise; end if;
        end;
      end loop;
    end loop;

    select string_agg(quote_ident(rolname), ', ' order by rolname)
    into grantees
    from pg_roles
    where rolname = any(clients);

    -- First nobody may do anything, then each what the list says. Only with
    -- what is ours: not with what an extension brought.
    for statement in
      select
        format(
          'revoke all on table %s from public, %s',
          oid::regclass,
          grantees
        )
      from pg_class
      where
        relnamespace = 'public'::regnamespace
        and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and pg_has_role(relowner, 'usage')
        and (
          relacl is not null
          or exists (
            select
            from pg_attribute
            where attrelid = pg_class.oid and attacl is not null
          )
        )
        and not exists (
          select
          from pg_depend
          where
            classid = 'pg_class'::regclass
            and objid = pg_class.oid
            and deptype = 'e'
        )
      union all
      select
        format(
          'revoke all on routine %s from public, %s',
          oid::regprocedure,
          grantees
        )
      from pg_proc
      where
        pronamespace = 'public'::regnamespace
        and pg_has_role(proowner, 'usage')
        and not exists (
          select
          from pg_depend
          where
            classid = 'pg_proc'::regclass
            and objid = pg_proc.oid
            and deptype = 'e'
        )
      union all
      select format('revoke all on schema public from public, %s', grantees)
      from pg_namespace
      where
        nspname = 'public'
        and pg_has_role(nspowner, 'usage')
      union all
      select
        format(
          'revoke all on database %I from public, %s',
          datname,
          grantees
        )
      from pg_database
      where
        datname = current_database()
        and pg_has_role(datdba, 'usage')
    loop
      execute statement;
    end loop;

    for statement in
      select format('grant %s on %s to %I', privileges, object, grantee)
      from role_grants()
      join pg_roles on pg_roles.rolname = grantee
      where
        starts_with(object, 'function ')
        or to_regclass(split_part(object, ' ', 2)) is not null
      union all
      select format('grant usage on schema public to %s', grantees)
      from pg_namespace
      where
        nspname = 'public'
        and pg_has_role(nspowner, 'usage')
      union all
      select format('grant connect on database %I to %s', datname, grantees)
      from pg_database
      where
        datname = current_database()
        and pg_has_role(datdba, 'usage')
    loop
      execute statement;
    end loop;
  end
  $function$;

  comment on function apply_roles is
    'Makes the roles that are missing, where the caller may, and gives each '
    'its settings and, in this database, what role_grants lists and nothing '
    'else. Returns what is left for somebody to do, a line a row; a second '
    'call changes nothing. Where there are no roles and the caller cannot make '
    'them, everything stays as it is.';

  for line in select apply_roles() loop
    raise notice '%', line;
  end loop;
end
$$;

-- migrate:down

-- The roles stay, with their settings: other databases of the server may use
-- them, and they may do nothing in this one.
do $$
declare
  grantees text;
  statement text;
begin
  drop function apply_roles;
  drop function role_grants;

  select string_agg(quote_ident(rolname), ', ' order by rolname)
  into grantees
  from pg_roles
  where
    rolname in (
      'netraven_app',
      'netraven_worker',
      'netraven_readonly',
      'netraven_rotator'
    );
  if grantees is null then return; end if;

  -- And public has again what PostgreSQL gives to it.
  for statement in
    select format('revoke all on table public.%I from %s', relname, grantees)
    from pg_class
    where
      relnamespace = 'public'::regnamespace
      and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and pg_has_role(relowner, 'usage')
      and (
        relacl is not null
        or exists (
          select
          from pg_attribute
          where attrelid = pg_class.oid and attacl is not null
        )
      )
    union all
    select format(given.statement, pg_proc.oid::regprocedure, grantees)
    from pg_proc
    cross join (
      values
        ('revoke all on routine %s from %s'),
        ('grant execute on routine %s to public')
    ) as given (statement)
    where
      pronamespace = 'public'::regnamespace
      and pg_has_role(proowner, 'usage')
    union all
    select format(given.statement, grantees)
    from pg_namespace
    cross join (
      values
        ('revoke all on schema public from %s'),
        ('grant usage on schema public to public')
    ) as given (statement)
    where
      nspname = 'public'
      and pg_has_role(nspowner, 'usage')
    union all
    select format(given.statement, datname, grantees)
    from pg_database
    cross join (
      values
        ('revoke all on database %I from %s'),
        ('grant connect, temporary on database %I to public')
    ) as given (statement)
    where
      datname = current_database()
      and pg_has_role(datdba, 'usage')
  loop
    execute statement;
  end loop;
end
$$;
