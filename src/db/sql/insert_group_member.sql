-- Makes a user a member of the group $1. $2 key of the login. No row when there is no such user; false when it was one.
with found as (
    select id from aox.accounts where login_key = $2 and state <> 2 and kind = 0 for key share
), added as (
    insert into aox.group_members (account, group_id) select id, $1 from found
    on conflict do nothing
    returning account
)
select exists (select from added) from found
