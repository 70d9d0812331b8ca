-- The B-trees of all tables. Locks nothing.
select format('%I.%I', n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
where n.nspname = 'aox' and c.relkind = 'i' and m.amname = 'btree'
order by c.relpages desc, 1
