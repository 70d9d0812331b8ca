-- Disables a user, or not. $1 key of the login, $2 whether disabled. Returns the account, and what it was before.
with old as (
    select id, login, state from aox.accounts where login_key = $1 and state <> 2 and kind = 0 for update
)
update aox.accounts a set state = case when $2::boolean then 1 else 0 end,
    dismissals = a.dismissals + case when $2::boolean and old.state = 0 then 1 else 0 end
from old
where a.id = old.id
returning old.id, old.login, old.state = 1
