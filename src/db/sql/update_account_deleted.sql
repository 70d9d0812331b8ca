-- Ends an account, so that nobody logs in and its login is free; keeps what it was before. $1 key of the login, $2 now.
with before as (
    select id, jsonb_build_object('state', state) as content from aox.accounts
    where login_key = $1 and state <> 2 and kind = 0
    for update
), kept as (
    insert into aox.taken_along (account, relation, content) select id, 'accounts', content from before
)
update aox.accounts a set state = 2, deleted_at = $2, dismissals = a.dismissals + 1
from before
where a.id = before.id
returning a.id
