-- Gives copies of messages the annotations of what they were copied from. Side by side: $3 uids in the account $1 and its
-- mailbox $2, $6 uids in the account $4 and its mailbox $5; $7 whether those go along that all share, $8 whose private ones
-- do, $9 whether all do, $10 the mod-sequence.
insert into aox.annotations (account, mailbox, uid, reader, entry, value, modseq)
select $4, $5, n.target, a.reader, a.entry, a.value, $10
from unnest($3::bigint[], $6::bigint[]) n (source, target)
    join aox.annotations a on a.account = $1 and a.mailbox = $2 and a.uid = n.source
where a.value is not null and ($9 or case a.reader when 0 then $7 else a.reader = $8 end)
