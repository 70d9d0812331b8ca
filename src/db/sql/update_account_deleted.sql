-- Ends an account, so that nobody logs in and its login is free. $1 key of the login, $2 now.
update aox.accounts set state = 2, deleted_at = $2, dismissals = dismissals + 1 where login_key = $1 and state <> 2 and kind = 0 returning id
