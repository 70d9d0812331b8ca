-- The lists of a block of the text index.
-- $1 account, $2 block, $3 to $5 lists, words and columns, side by side
insert into aox.text_lists (account, block, list, words, columns)
select $1, $2, l.list, l.words, l.columns
from unnest($3::smallint[], $4::bytea[], $5::bytea[]) l (list, words, columns)
