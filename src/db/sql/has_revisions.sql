-- Whether anything of ours has been created here yet. A role that may not see the schema sees that it is there.
select exists (select from pg_namespace n join pg_class c on c.relnamespace = n.oid
               where n.nspname = 'aox' and c.relname = 'schema_revisions')
