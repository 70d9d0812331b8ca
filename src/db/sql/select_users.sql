-- The users, with their addresses and what their mailboxes hold. Locks nothing.
select a.login, a.state = 1, a.created_at,
    array(select l.localpart from aox.aliases l where l.account = a.id and l.own order by l.created_at, l.domain, l.localpart),
    array(select l.domain from aox.aliases l where l.account = a.id and l.own order by l.created_at, l.domain, l.localpart),
    coalesce(m.messages, 0)::bigint, coalesce(m.octets, 0)::bigint, a.display_name, null::timestamptz
from aox.accounts a
    left join (select account, sum(messages) as messages, sum(octets) as octets
               from aox.mailboxes where deleted_at is null group by account) m on m.account = a.id
where a.state <> 2 and a.kind = 0
order by a.login_key
