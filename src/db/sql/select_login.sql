-- The account that a login opens, and what its password is verified against. $1 login in lower case. Locks nothing.
select a.id, a.login, a.state = 1 as disabled, c.argon2id
from aox.accounts a
    join aox.credentials c on c.account = a.id and c.name is null
where a.login_key = $1 and a.state <> 2
