-- Which of the accounts $1 may be used, and how often their clients were sent away. Locks nothing.
select id, state = 0, dismissals from aox.accounts where id = any ($1)
