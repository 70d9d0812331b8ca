-- Which of these bodies are stored already. Locks nothing. hashes $1.
select hash from aox.bodies where hash = any ($1)
