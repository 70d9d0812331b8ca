-- Deletes a quota, and what was counted for it. $1 kind, $2 account, $3 group, $4 domain: the one that its kind needs.
with ended as (
    delete from aox.quotas
    where kind = $1 and account is not distinct from $2 and group_id is not distinct from $3
        and domain is not distinct from $4
    returning id
), uncounted as (
    delete from aox.quota_shares where quota in (select id from ended)
)
select id from ended
