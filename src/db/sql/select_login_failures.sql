-- What has failed before, and whether a user has logged in from a place. $1 subjects, $2 login in lower case, $3 place.
-- Locks nothing.
select f.subject, f.count, f.last_at,
    exists(
        select from aox.accounts a join aox.login_places p on p.account = a.id
        where a.login_key = $2 and a.state <> 2 and p.place = $3
    ) as known_place
from aox.login_failures f
where f.subject = any ($1)
