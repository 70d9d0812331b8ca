-- What is known of the message $2 of the account $1 itself. Locks nothing.
select a.login, m.octets, m.subject, m.message_id, m.arrived_at
from aox.messages m join aox.accounts a on a.id = m.account
where m.account = $1 and m.id = $2
