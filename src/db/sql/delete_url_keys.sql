-- Takes all keys of a user away. $1 account
delete from aox.url_keys where account = $1
