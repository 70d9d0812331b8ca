-- A message that lacks one of some parts, if there is any. $1 account, $2 mailbox, $3 uids, $4 sections. Locks nothing.
select s.section, m.uid
from unnest($3::bigint[]) w (uid)
    join aox.mailbox_messages m on m.account = $1 and m.mailbox = $2 and m.uid = w.uid
    cross join unnest($4::text[]) s (section)
where not exists (select from aox.parts p where p.account = $1 and p.message = m.message and p.section = s.section)
limit 1
