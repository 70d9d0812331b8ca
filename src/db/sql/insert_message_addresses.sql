-- Notes who stands in which field. accounts $1, messages $2, fields $3, positions $4, addresses $5.
insert into aox.message_addresses (account, message, field, position, address)
    select * from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::smallint[], $5::bigint[])
