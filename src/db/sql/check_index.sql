-- Compares the index $1 with its table; an error says what is wrong. It is read as any reader does.
select bt_index_check($1::text::regclass)
