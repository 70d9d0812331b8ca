-- What FETCH wants of one message, as select_message_columns does of many. Locks nothing. With a list of one, PostgreSQL
-- would work nearly twice as long.
-- $1 account, $2 message, $3 envelope, $4 bodystructure, $5 header, $6 recipe: whether each is wanted
select id,
    case when $3 then envelope end as envelope,
    case when $4 then bodystructure end as bodystructure,
    case when $5 then header end as header,
    case when $6 then recipe end as recipe
from aox.messages
where account = $1 and id = $2
