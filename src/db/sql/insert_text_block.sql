-- A new block of the text index.
-- $1 account, $2 edition, $3 number of messages, $4 octets of its lists, $5 and $6 first and last message, $7 members
insert into aox.text_blocks (account, edition, messages, octets, message_first, message_last, members)
values ($1, $2, $3, $4, $5, $6, $7)
returning block
