-- Reserves a block of a thousand message ids: the value n means n to n + 999.
select nextval('aox.message_ids')
