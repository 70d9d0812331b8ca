-- Whether an account belongs to a group. $1 account, $2 the group's name in lower case. Locks nothing.
select exists (
    select from aox.group_members m join aox.groups g on g.id = m.group_id
    where m.account = $1 and g.name_key = $2
)
