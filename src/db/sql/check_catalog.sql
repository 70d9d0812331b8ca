-- Constraints that were not validated, indexes that PostgreSQL does not use, and triggers that are switched off. Locks
-- nothing.
select 'table ' || c.conrelid::regclass, 'its constraint ' || c.conname || ' was not validated'
from pg_constraint c join pg_namespace n on n.oid = c.connamespace
where n.nspname = 'aox' and not c.convalidated
union all
select 'index ' || i.indexrelid::regclass, case when i.indisvalid then 'it is not ready' else 'it is not valid' end
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'aox' and not (i.indisvalid and i.indisready and i.indislive)
union all
select 'table ' || t.tgrelid::regclass, 'its trigger ' || t.tgname || ' is switched off'
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'aox' and t.tgenabled = 'D'
