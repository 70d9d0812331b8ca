-- Ends bodies that nobody uses any more. $1 the digest behind which it begins, $2 how many are looked at.
select looked, ended, ended_octets, last_hash from aox.end_bodies($1, $2)
