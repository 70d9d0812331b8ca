-- Whom a quota root means; no row when there is no such user, group or domain. Locks nothing.
-- $1 its kind, $2 a login, a group or a domain in lower case
select id as account, null::bigint as group_id, null::text as domain
from aox.accounts where $1::smallint = 1 and login_key = $2 and state <> 2
union all
select null, id, null from aox.groups where $1::smallint = 2 and name_key = $2
union all
select null, null, name from aox.domains where $1::smallint = 3 and name = $2
union all
select null, null, null where $1::smallint = 0
