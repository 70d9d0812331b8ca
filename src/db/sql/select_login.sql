-- The account that a login opens, what its passwords are verified against, and whether it may act for others. $1 login in
-- lower case, $2 the group of those who may, in lower case. Locks nothing.
select a.id, a.login, a.state = 1 as disabled, c.argon2id, c.scram_sha_256, c.scram_sha_1,
    array(select t.id from aox.credentials t where t.account = a.id and t.name is not null order by t.id) as token_ids,
    array(select t.token_sha_256 from aox.credentials t where t.account = a.id and t.name is not null order by t.id) as tokens,
    $2 <> '' and exists(
        select from aox.groups g join aox.group_members m on m.group_id = g.id
        where g.name_key = $2 and m.account = a.id
    ) as administrator
from aox.accounts a
    left join aox.credentials c on c.account = a.id and c.name is null
where a.login_key = $1 and a.state <> 2
