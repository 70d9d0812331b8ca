-- Answers a question, unless nobody wants to know any more. $1 the question, $2 the server that answers, $3 the answer, as JSON
insert into aox.answers (question, server, answer)
select q.id, $2, $3::text::jsonb from aox.questions q where q.id = $1
on conflict do nothing
