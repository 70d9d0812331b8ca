-- Takes a policy back. $1 its id, $2 who does it. True when it was there.
select aox.remove_policy($1, $2)
