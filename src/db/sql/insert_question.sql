-- Asks the other servers something. $1 what, as JSON
insert into aox.questions (what) values ($1::text::jsonb) returning id
