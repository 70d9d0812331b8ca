-- Renames a user. $1 key of the login, $2 new login, $3 its key. Returns the old login.
with old as (
    select id, login from aox.accounts where login_key = $1 and state <> 2 and kind = 0 for update
)
update aox.accounts a set login = $2, login_key = $3 from old where a.id = old.id returning old.login
