-- How many rows the tables have that a site may ask about, as PostgreSQL estimates, and how large they are. A table that
-- was not looked at yet has -1 in the catalog, and after a crash nothing in the statistics. Locks nothing.
select n.name, coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)), 0)::bigint,
    coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from (values (1, 'users', 'accounts'), (2, 'mailboxes', 'mailboxes'), (3, 'aliases', 'aliases'), (4, 'groups', 'groups'),
             (5, 'messages', 'messages'), (6, 'messages_in_mailboxes', 'mailbox_messages'),
             (7, 'deleted_messages', 'tombstones'), (8, 'parts', 'parts'), (9, 'bodies', 'bodies'),
             (10, 'body_chunks', 'body_chunks'), (11, 'addresses', 'addresses'), (12, 'logins', 'logins'))
        n (position, name, relation)
    cross join lateral (
        select to_regclass('aox.' || n.relation)::oid as relation
        union
        select p.relid::oid from pg_partition_tree(to_regclass('aox.' || n.relation)) p
    ) t
    join pg_class c on c.oid = t.relation and c.relkind = 'r'
group by n.position, n.name
order by n.position
