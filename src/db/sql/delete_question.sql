-- Forgets a question, and those whose askers were killed. $1 the question
delete from aox.questions where id = $1 or asked_at < now() - interval '1 hour'
