-- Makes a deleted account be there again as it was; its login must be free. $1 account
with kept as (
    delete from aox.taken_along where account = $1 and relation = 'accounts' and mailbox is null returning content
)
update aox.accounts
set state = coalesce((select (content -> 'state')::smallint from kept limit 1), 0), deleted_at = null
where id = $1 and state = 2
