-- The accounts, with the addresses that lead to them and what their mailboxes hold. Locks nothing.
select a.login, a.state = 1, a.created_at,
    array(select distinct l.localpart || '@' || l.domain from aox.aliases l where l.account = a.id order by 1),
    coalesce(m.messages, 0)::bigint, coalesce(m.octets, 0)::bigint
from aox.accounts a
    left join (select account, sum(messages) as messages, sum(octets) as octets
               from aox.mailboxes where deleted_at is null group by account) m on m.account = a.id
where a.state <> 2
order by a.login_key
