-- Which annotations of messages that are there have changed after a mod-sequence, removed ones too. $1 account, $2
-- mailbox, $3 the mod-sequence, $4 whose private ones, $5 the mod-sequence up to which it is asked. Locks nothing.
select distinct a.uid, a.entry
from aox.annotations a
where a.account = $1 and a.mailbox = $2 and a.modseq > $3 and a.modseq <= $5 and a.reader in (0, $4)
    and exists (select from aox.mailbox_messages m
                where m.account = a.account and m.mailbox = a.mailbox and m.uid = a.uid)
order by a.uid, a.entry
