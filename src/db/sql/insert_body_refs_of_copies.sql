-- Notes that messages of an account use bodies, as far as those are kept by themselves. $1 hashes and $2 messages, side
-- by side, $3 account
insert into aox.body_refs (hash, account, message)
select r.hash, $3, r.message
from unnest($1::bytea[], $2::bigint[]) r (hash, message)
where r.hash = any (array(select hash from aox.bodies where hash = any ($1)))
