-- Has all clients of an account sent away, because a password of it is no longer good. $1 key of the login. Returns the account.
update aox.accounts set dismissals = dismissals + 1 where login_key = $1 and state <> 2 and kind = 0 returning id
