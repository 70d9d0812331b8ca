-- What people call a user. $1 key of the login, $2 name, or null.
update aox.accounts set display_name = $2 where login_key = $1 and state <> 2 and kind = 0
