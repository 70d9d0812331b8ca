-- Gives out the number of a change of an account's metadata, and lets all servers hear of it. $1 account. Locks the row
-- of that number.
select aox.next_metadata_version($1)
