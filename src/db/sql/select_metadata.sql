-- Entries that somebody asks for, and those below them, with their values where these are not too long. $1 account and
-- $2 mailbox of what all share, $3 account of what is private to $4, $5 entries, $6 how many levels below them at most,
-- $7 octets of a value at most. Locks nothing.
select m.entry, octet_length(m.value), case when octet_length(m.value) <= $7 then m.value end
from aox.metadata m
where ((m.account = $1 and m.mailbox = $2 and m.reader = 0) or (m.account = $3 and m.mailbox = $2 and m.reader = $4))
    and m.value is not null
    and exists (
        select from unnest($5::text[]) w (entry)
        where m.entry = w.entry
            or $6 > 0 and starts_with(m.entry, w.entry || '/')
                and ($6 > 1 or strpos(substr(m.entry, length(w.entry) + 2), '/') = 0)
    )
order by m.entry
