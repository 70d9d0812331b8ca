-- What the store holds, out of the counters that the mailboxes keep. Locks nothing.
select (select coalesce(max(revision), 0) from aox.schema_revisions), current_setting('server_version'),
    (select count(*) from aox.accounts where state <> 2 and kind = 0), m.mailboxes, m.messages, m.octets,
    pg_database_size(current_database()),
    pg_total_relation_size('aox.text_blocks') + pg_total_relation_size('aox.text_lists')
        + pg_total_relation_size('aox.text_mailboxes')
from (select count(*) as mailboxes, coalesce(sum(messages), 0)::bigint as messages,
             coalesce(sum(octets), 0)::bigint as octets
      from aox.mailboxes where deleted_at is null) m
