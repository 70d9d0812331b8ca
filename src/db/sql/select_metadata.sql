-- Entries that somebody asks for, and those below them, with their values where these are not too long. $1 account and
-- $2 mailbox of what all share, $3 account of what is private to $4, $5 entries, $6 how many levels below them at most,
-- $7 octets of a value at most. What a mailbox is for is an entry of its owner (RFC 6154 §4). Locks nothing.
select m.entry, octet_length(m.value), case when octet_length(m.value) <= $7 then m.value end
from (
    select entry, value
    from aox.metadata
    where ((account = $1 and mailbox = $2 and reader = 0) or (account = $3 and mailbox = $2 and reader = $4))
        and entry <> '/private/specialuse'
    union all
    select '/private/specialuse', convert_to(chr(92) || initcap(special_use), 'UTF8')
    from aox.mailboxes
    where account = $1 and id = $2 and account = $4
) m
where m.value is not null
    and exists (
        select from unnest($5::text[]) w (entry)
        where m.entry = w.entry
            or $6 > 0 and starts_with(m.entry, w.entry || '/')
                and ($6 > 1 or strpos(substr(m.entry, length(w.entry) + 2), '/') = 0)
    )
order by m.entry
