-- What roles may do that they must not: mail has one way out, whatever the server's role asks for. Locks nothing.
select 'role ' || r.rolname, 'it is a superuser, or passes over the rights of others'
from pg_roles r
where r.rolname in ('aox_server', 'aox_reaper') and (r.rolsuper or r.rolbypassrls or r.rolcreaterole)
union all
select 'role aox_server', 'it is a member of ' || o.rolname
from pg_roles o
where o.rolname in ('aox_owner', 'aox_reaper') and pg_has_role('aox_server', o.oid, 'member')
union all
select 'table ' || c.oid::regclass, 'it belongs to aox_server'
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'aox' and c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = 'aox_server'
union all
select 'table ' || c.oid::regclass, r.name || ' may ' || lower(p.privilege) || ' there'
from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join (values ('aox_server'), ('public')) r (name)
    cross join (values ('DELETE'), ('TRUNCATE'), ('TRIGGER'), ('UPDATE')) p (privilege)
where n.nspname = 'aox' and c.relkind in ('r', 'p')
    and (c.relname ~ '^(messages|mailbox_messages|tombstones|parts|message_addresses|policies|audit.*|bodies(_[0-9]+)?|body_chunks(_[0-9]+)?|body_refs(_[0-9]+)?)$'
         or p.privilege in ('TRUNCATE', 'TRIGGER'))
    and has_table_privilege(r.name, c.oid, p.privilege)
union all
select 'function ' || f.oid::regprocedure, 'it works with its owner''s rights, and does not set where names are looked up'
from pg_proc f join pg_namespace n on n.oid = f.pronamespace
where n.nspname = 'aox' and f.prosecdef
    and not exists (select from unnest(f.proconfig) s (setting) where s.setting like 'search_path=%')
